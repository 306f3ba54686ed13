//! From the paper file to [`Paper`]: pasted tables are read, names resolved, and every problem told with its line.

use std::path::Path;

use attica::audit::paper::{Announced, Cohort, Constant, Kind, Panel, Paper, Policy, Variable, same_name};
use attica::audit::printed::Printed;
use attica::message::{Problem, Warning};

use super::file::{ConstantWord, KindWord, Number, PanelKeys, PaperFile, TableKeys, VariableKeys, schema};
use super::grid;
use super::tables::beside;
use crate::studyfile::parse::{of_schema, text};
use crate::studyfile::{StudySource, Words};

/// What messages call the file.
const WHOLE: &str = "the paper file";

/// A paper, and what its file says about it.
#[derive(Debug)]
pub struct Loaded {
    /// As typed.
    pub file: PaperFile,
    /// As the rules read it.
    pub paper: Paper,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Reads and checks a paper file, or a file of tables alone; tables in files lie beside the paper file.
///
/// # Errors
/// `E521` and `E501` when it cannot be read, and all that [`parse`] finds.
pub fn load(path: &Path) -> Result<Loaded, Vec<Problem>> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if ["csv", "tsv", "txt", "tex", "docx"].contains(&grid::ending(&name).as_str()) {
        return tables_alone(path, &name);
    }
    let text = text(path, WHOLE).map_err(|problem| vec![problem])?;
    parse(&path.display().to_string(), &text, path.parent().unwrap_or(Path::new(".")))
}

/// Reads and checks the text of a paper file called `name`, with tables in files below `folder`.
///
/// # Errors
/// All of `E601` (unknown key), `E602` (wrong value), `E603` (unknown cell) and `E521` (no such file), each with its line.
pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Loaded, Vec<Problem>> {
    let (file, source): (PaperFile, StudySource) = of_schema(name, text, &schema(), WHOLE)?;
    loaded(file, source, folder)
}

fn loaded(file: PaperFile, source: StudySource, folder: &Path) -> Result<Loaded, Vec<Problem>> {
    let mut reading = Reading { source, folder, problems: Vec::new(), warnings: Vec::new() };
    let paper = reading.paper(&file);
    let Reading { problems, warnings, .. } = reading;
    if problems.is_empty() { Ok(Loaded { file, paper, warnings }) } else { Err(problems) }
}

/// Every table of a file, without a word about the sample.
fn tables_alone(path: &Path, name: &str) -> Result<Loaded, Vec<Problem>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut source = StudySource::default();
    source.name = path.display().to_string();
    let bytes = beside(folder, name).map_err(|problem| vec![problem.at(source.place(&[]))])?;
    let count = grid::count(name, &bytes);
    let tables = (1..=count).map(|number| TableKeys {
        label: if count == 1 { String::new() } else { format!("{name} {number}") },
        file: Some(name.to_owned()),
        number: Some(number as u32),
        ..TableKeys::default()
    });
    let file = PaperFile { title: Words::Same(name.to_owned()), tables: tables.collect(), ..PaperFile::default() };
    loaded(file, source, folder)
}

/// A file that is being read, and what is wrong with it so far.
pub(super) struct Reading<'a> {
    pub(super) source: StudySource,
    pub(super) folder: &'a Path,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

impl Reading<'_> {
    pub(super) fn wrong(&mut self, id: &str, path: &[&str], message: impl Into<String>) {
        let problem = self.source.problem(id, path, message);
        self.problems.push(problem);
    }

    fn paper(&mut self, file: &PaperFile) -> Paper {
        let mut paper = Paper { panel: self.panel(&file.panel), ..Paper::default() };
        paper.policy = file.policy.as_ref().map(|_| self.policy(file));
        for (i, keys) in file.tables.iter().enumerate() {
            self.table(i, keys, &file.panel, &mut paper);
        }
        self.known(file, &paper);
        for (name, keys) in &file.variables {
            self.variable(name, keys, &mut paper);
        }
        if let Some(policy) = &file.policy
            && file.variables.get(&policy.variable).is_none_or(|keys| keys.kind.is_none())
            && let Some(variable) = paper.variables.iter_mut().find(|v| same_name(&v.name, &policy.variable))
        {
            variable.kind = Kind::Binary;
        }
        paper.claims = file.claims.iter().enumerate().filter_map(|(i, keys)| self.claim(i, keys, &paper)).collect();
        paper.cuts = file.cuts.iter().enumerate().filter_map(|(i, keys)| self.cut(i, keys)).collect();
        paper
    }

    /// Names that the tables do not have are slips of the pen, unless they bring numbers of their own.
    fn known(&mut self, file: &PaperFile, paper: &Paper) {
        if paper.tables.is_empty() && paper.variables.is_empty() {
            return;
        }
        let columns = paper.tables.iter().flat_map(|t| &t.columns);
        let printed = columns.flat_map(|c| std::iter::once(&c.outcome).chain(c.terms.iter().map(|t| &t.name)));
        let mut names: Vec<&String> = Vec::new();
        for name in paper.variables.iter().map(|v| &v.name).chain(printed).filter(|name| !name.is_empty()) {
            if !names.iter().any(|known| same_name(known, name)) {
                names.push(name);
            }
        }
        let own =
            |keys: &VariableKeys| [&keys.n, &keys.mean, &keys.sd, &keys.min, &keys.max].iter().any(|n| n.is_some());
        names.extend(file.variables.iter().filter(|(_, keys)| own(keys)).map(|(name, _)| name));
        let policy = file.policy.iter().map(|p| (vec!["policy", "variable"], &p.variable));
        let variables = file.variables.keys().map(|name| (vec!["variables", name.as_str()], name));
        let unknown =
            policy.chain(variables).filter(|(_, name)| !name.is_empty() && !names.iter().any(|n| same_name(n, name)));
        for (path, name) in unknown {
            let shown: Vec<&str> = names.iter().take(8).map(|n| n.as_str()).collect();
            let problem = self.source.problem("E603", &path, format!("no table has a variable \"{name}\""));
            self.problems.push(problem.fix(format!("the tables have {}", shown.join(", "))));
        }
    }

    pub(super) fn count(&mut self, number: &Number, path: &[&str]) -> Option<u64> {
        let text = number.text();
        let count = Printed::parse(&text).and_then(|p| p.count()).filter(|n| *n <= 1_000_000_000_000);
        if count.is_none() {
            self.wrong("E602", path, format!("\"{text}\" is no whole number up to 10^12"));
        }
        count
    }

    pub(super) fn printed(&mut self, number: &Number, path: &[&str]) -> Option<Printed> {
        let text = number.text();
        let printed = Printed::parse(&text);
        if printed.is_none() {
            self.wrong("E602", path, format!("\"{text}\" is no printed number"));
        }
        printed
    }

    fn panel(&mut self, keys: &PanelKeys) -> Panel {
        let count =
            |this: &mut Self, key: &str, n: &Option<Number>| n.as_ref().and_then(|n| this.count(n, &["panel", key]));
        let panel = Panel {
            units: count(self, "units", &keys.units),
            first: keys.first,
            last: keys.last,
            observations: count(self, "observations", &keys.observations),
            balanced: keys.balanced,
        };
        let span = |first: i64, last: i64| (0..10_000).contains(&(last.saturating_sub(first)));
        let far = [("first", keys.first), ("last", keys.last)];
        for (key, _) in far.into_iter().filter(|(_, year)| year.is_some_and(|year| year.unsigned_abs() > 1_000_000_000))
        {
            self.wrong("E607", &["panel", key], "a period is a number below 10^9");
        }
        if keys.first.zip(keys.last).is_some_and(|(first, last)| !span(first, last)) {
            self.wrong(
                "E607",
                &["panel", "last"],
                "the last period comes before the first, or thousands of periods after it",
            );
        }
        panel
    }

    fn policy(&mut self, file: &PaperFile) -> Policy {
        let Some(keys) = &file.policy else { return Policy::default() };
        if keys.variable.is_empty() {
            self.wrong("E602", &["policy"], "the policy has no variable: variable = \"DID\"");
        }
        let mut announced = Vec::new();
        for (i, design) in keys.announced.iter().enumerate() {
            let at = i.to_string();
            let mut cohorts = Vec::new();
            for (from, units) in &design.cohorts {
                let path = ["policy", "announced", &at, "cohorts", from];
                match from.parse::<i64>().ok().filter(|from| from.abs() < 1_000_000) {
                    Some(from) => cohorts.extend(self.count(units, &path).map(|units| Cohort { from, units })),
                    None => self.wrong("E602", &path, format!("\"{from}\" is no period: write {{ 2011 = 41 }}")),
                }
            }
            announced.push(Announced { place: design.r#where.clone(), cohorts });
        }
        Policy { variable: keys.variable.clone(), announced }
    }

    fn variable(&mut self, name: &str, keys: &VariableKeys, paper: &mut Paper) {
        let at = |key| ["variables", name, key];
        let index = paper.variables.iter().position(|v| same_name(&v.name, name)).unwrap_or_else(|| {
            paper.variables.push(Variable { name: name.to_owned(), ..Variable::default() });
            paper.variables.len() - 1
        });
        let n = keys.n.as_ref().and_then(|n| self.count(n, &at("n")));
        let [mean, sd, min, max] = [("mean", &keys.mean), ("sd", &keys.sd), ("min", &keys.min), ("max", &keys.max)]
            .map(|(key, number)| number.as_ref().and_then(|number| self.printed(number, &at(key))));
        let variable = &mut paper.variables[index];
        let twice = [
            ("n", n.is_some() && variable.n.is_some()),
            ("mean", mean.is_some() && variable.mean.is_some()),
            ("sd", sd.is_some() && variable.sd.is_some()),
            ("min", min.is_some() && variable.min.is_some()),
            ("max", max.is_some() && variable.max.is_some()),
        ];
        for (key, _) in twice.into_iter().filter(|(_, twice)| *twice) {
            let message =
                format!("{key} of {name} is in a table already; what the text says otherwise belongs in [[claims]]");
            let problem = self.source.problem("E602", &at(key), message);
            self.problems.push(problem);
        }
        variable.n = variable.n.or(n);
        let fill = |slot: &mut Option<Printed>, value: Option<Printed>| {
            if slot.is_none() {
                *slot = value;
            }
        };
        fill(&mut variable.mean, mean);
        fill(&mut variable.sd, sd);
        fill(&mut variable.min, min);
        fill(&mut variable.max, max);
        variable.kind = keys.kind.map_or(variable.kind, |kind| match kind {
            KindWord::Continuous => Kind::Continuous,
            KindWord::Binary => Kind::Binary,
            KindWord::Count => Kind::Count,
        });
        variable.range = keys.range.map(|[low, high]| (low, high));
        variable.constant = keys.constant.map(|word| match word {
            ConstantWord::Time => Constant::Time,
            ConstantWord::Units => Constant::Units,
        });
        if keys.range.is_some_and(|[low, high]| low >= high) {
            self.wrong("E607", &at("range"), "a range runs from a smaller to a larger number");
        }
    }
}
