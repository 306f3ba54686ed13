//! From text to [`StudyFile`]: every problem of form, with its line and column, before stopping.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use attica::estimator::options::Options;
use attica::message::{Place, Problem, Warning};
use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::walk::Walk;
use super::{StudyFile, VERSION, schema, validate};

/// A study file as it stands, with the place of every key, so that later problems can point at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StudySource {
    /// File as the user named it.
    pub name: String,
    /// Its text.
    pub text: String,
    spans: BTreeMap<Vec<String>, Range<usize>>,
}

impl StudySource {
    /// Place of the value at `path` (`["event_study", "window"]`), or of the nearest table around it.
    pub fn place(&self, path: &[&str]) -> Place {
        let path: Vec<String> = path.iter().map(|&key| key.to_owned()).collect();
        let span = (0..=path.len()).rev().find_map(|n| self.spans.get(&path[..n]));
        self.place_of(span.cloned().unwrap_or(0..0))
    }

    /// A problem with the value at `path`.
    pub fn problem(&self, id: &str, path: &[&str], message: impl Into<String>) -> Problem {
        Problem::new(id, message).at(self.place(path))
    }

    /// Line, column and first line of the text in `span`.
    pub(super) fn place_of(&self, span: Range<usize>) -> Place {
        let start = span.start.min(self.text.len());
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let value = self.text.get(span).and_then(|t| t.lines().next()).filter(|t| !t.is_empty());
        Place {
            file: Some(self.name.clone()),
            line: Some(before.matches('\n').count() as u64 + 1),
            character: Some(before[line_start..].chars().count() as u64 + 1),
            value: value.map(str::to_owned),
            ..Place::default()
        }
    }
}

/// Keys that have a new name; the old one is read and warned of.
const RENAMED: [(&[&str], &str, &str); 4] = [
    (&[], "treatment", "policy"),
    (&["policy"], "group", "treated"),
    (&["policy"], "start", "from"),
    (&["report"], "star", "stars"),
];

/// Reads and checks a study file.
///
/// # Errors
/// `E521` when it cannot be opened, `E501` when it is not UTF-8, and all that [`parse`] finds.
pub fn load(path: &Path) -> Result<(StudyFile, StudySource, Vec<Warning>), Vec<Problem>> {
    parse(&path.display().to_string(), &text(path, "the study file").map_err(|problem| vec![problem])?)
}

/// The text of a file that a person wrote, without a byte order mark; `whole` is what messages call it.
///
/// # Errors
/// `E521` when it cannot be opened, `E501` when it is not UTF-8.
pub(crate) fn text(path: &Path, whole: &str) -> Result<String, Problem> {
    let place = Place { file: Some(path.display().to_string()), ..Place::default() };
    let bytes = std::fs::read(path)
        .map_err(|error| Problem::new("E521", format!("cannot read {whole}: {error}")).at(place.clone()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::new("E501", format!("{whole} is not UTF-8 (byte {at})")).fix("save it as UTF-8").at(place)
    })?;
    Ok(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned))
}

/// Reads and checks the text of a study file called `name`.
///
/// # Errors
/// All of `E601` (unknown key), `E602` (wrong type, or not TOML), `E605` (roles overlap), `E607` (impossible window
/// or reference) and `E608` (newer version), each with line and column.
pub fn parse(name: &str, text: &str) -> Result<(StudyFile, StudySource, Vec<Warning>), Vec<Problem>> {
    let mut source = StudySource { name: name.to_owned(), text: text.to_owned(), spans: BTreeMap::new() };
    let mut table = toml(text, &source)?;
    newer(&table, &source)?;
    let warnings = rename(table.get_mut(), &source);
    collect_spans(table.get_ref(), &mut Vec::new(), &mut source.spans);
    let file: StudyFile = checked(table, &schema(), &source, "the study file")?;
    let file = file.with_default_steps();
    let problems = validate::without_data(&file, &source);
    if problems.is_empty() { Ok((file, source, warnings)) } else { Err(problems) }
}

/// Reads the keys of `[estimators]` from `text`, which `name` calls by name.
///
/// # Errors
/// All of `E601` and `E602`, each with line and column.
pub fn options(name: &str, text: &str) -> Result<Options, Vec<Problem>> {
    let source = StudySource { name: name.to_owned(), text: text.to_owned(), spans: BTreeMap::new() };
    checked(toml(text, &source)?, &schemars::schema_for!(Options).to_value(), &source, name)
}

/// Reads a text that has a schema of its own, and the place of every key in it; `whole` is what messages call it.
///
/// # Errors
/// All of `E601` and `E602`, each with line and column.
pub(crate) fn of_schema<T: DeserializeOwned>(
    name: &str,
    text: &str,
    schema: &Value,
    whole: &str,
) -> Result<(T, StudySource), Vec<Problem>> {
    let mut source = StudySource { name: name.to_owned(), text: text.to_owned(), spans: BTreeMap::new() };
    let table = toml(text, &source)?;
    collect_spans(table.get_ref(), &mut Vec::new(), &mut source.spans);
    let file = checked(table, schema, &source, whole)?;
    Ok((file, source))
}

/// The tables of a text, or all that is no TOML in it.
fn toml<'t>(text: &'t str, source: &StudySource) -> Result<Spanned<DeTable<'t>>, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table);
    }
    let problem = |error: &toml::de::Error| {
        Problem::new("E602", format!("this is not TOML: {}", error.message()))
            .at(source.place_of(error.span().unwrap_or(0..0)))
    };
    Err(errors.iter().map(problem).collect())
}

/// A table that fits `schema`, or all that does not; `whole` is what messages call it.
fn checked<T: DeserializeOwned>(
    table: Spanned<DeTable<'_>>,
    schema: &Value,
    source: &StudySource,
    whole: &str,
) -> Result<T, Vec<Problem>> {
    let mut walk = Walk::new(schema, source, whole);
    walk.table(table.get_ref());
    let problems = walk.finish();
    if !problems.is_empty() {
        return Err(problems);
    }
    T::deserialize(toml::de::Deserializer::from(table)).map_err(|error| {
        vec![Problem::new("E602", error.message().to_owned()).at(source.place_of(error.span().unwrap_or(0..0)))]
    })
}

fn newer(table: &Spanned<DeTable<'_>>, source: &StudySource) -> Result<(), Vec<Problem>> {
    let Some(value) = table.get_ref().get("version") else { return Ok(()) };
    let version = value.get_ref().as_integer().and_then(|i| i.as_str().parse::<u32>().ok());
    match version {
        Some(version) if version > VERSION => Err(vec![
            Problem::new(
                "E608",
                format!("the study file has version {version}; this program reads versions up to {VERSION}"),
            )
            .fix("use a newer Attica")
            .at(source.place_of(value.span())),
        ]),
        _ => Ok(()),
    }
}

fn rename(table: &mut DeTable<'_>, source: &StudySource) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (path, old, new) in RENAMED {
        let mut at = Some(&mut *table);
        for key in path {
            at = at.and_then(|t| t.get_mut(*key)).and_then(|v| match v.get_mut() {
                DeValue::Table(table) => Some(table),
                _ => None,
            });
        }
        let Some(at) = at else { continue };
        if at.contains_key(new) {
            continue;
        }
        if let Some((key, value)) = at.remove_entry(old) {
            let line = source.place_of(key.span()).line.unwrap_or(0);
            let mut key = key;
            *key.get_mut() = new.into();
            at.insert(key, value);
            warnings.push(Warning::new(
                "W609",
                format!("{}:{line}: the key \"{old}\" is now called \"{new}\"; the old name still works", source.name),
                format!("{}:{line}：键 \"{old}\" 已更名为 \"{new}\"；旧名仍可使用", source.name),
            ));
        }
    }
    warnings
}

fn collect_spans(table: &DeTable<'_>, path: &mut Vec<String>, spans: &mut BTreeMap<Vec<String>, Range<usize>>) {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        collect_value(value, key.span(), path, spans);
        path.pop();
    }
}

fn collect_value(
    value: &Spanned<DeValue<'_>>,
    heading: Range<usize>,
    path: &mut Vec<String>,
    spans: &mut BTreeMap<Vec<String>, Range<usize>>,
) {
    match value.get_ref() {
        DeValue::Table(table) => {
            spans.insert(path.clone(), heading);
            collect_spans(table, path, spans);
        }
        DeValue::Array(items) => {
            spans.insert(path.clone(), value.span());
            for (i, item) in items.iter().enumerate() {
                path.push(i.to_string());
                collect_value(item, item.span(), path, spans);
                path.pop();
            }
        }
        _ => {
            spans.insert(path.clone(), value.span());
        }
    }
}
