//! Many regressions: which have no estimate, one table of the others, and each warning once.

use attica::fit::Term;
use attica::formula::SingleFormula;
use attica::message::{Problem, Warning};
use attica::text::Text;

use super::Estimate;
use super::regression::{Failed, One, sample};
use crate::commands::{aligned, cells};
use crate::say::Failure;

/// Labels that are listed before dots stand for the rest.
const LISTED: usize = 5;

/// What the table leaves out.
const MORE: &str = "--json has R2, absorbed effects, rows left out, tests and all else of each regression";

/// Regressions with an estimate, then those without.
type Sorted<T> = (Vec<T>, Vec<Failed>);

/// A sample without an estimate does not cost the others theirs.
///
/// # Errors
/// The problems, each once, where no regression has an estimate; the first one that is about the request and not about
/// the data of a sample.
pub(super) fn sorted(
    singles: &[SingleFormula],
    all: Vec<Estimate>,
) -> Result<Sorted<(One, Option<super::Fitted>)>, Failure> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for (single, estimate) in singles.iter().zip(all) {
        match estimate {
            Ok(estimate) => found.push(estimate),
            Err(failure) if is_of_the_request(&failure.problems) => return Err(failure),
            Err(failure) => failures.push((single, failure)),
        }
    }
    if found.is_empty() && !failures.is_empty() {
        return Err(together(failures.into_iter().map(|(_, failure)| failure)));
    }
    let failed = failures.into_iter().flat_map(|(single, failure)| {
        let one = |problem| Failed { formula: single.to_string(), problem, sample: sample(single) };
        failure.problems.into_iter().map(one)
    });
    Ok((found, failed.collect()))
}

/// Unknown columns, wrong calls and clashing roles; a level that a sample lacks is no such thing.
fn is_of_the_request(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.id.starts_with("E6") && problem.id != "E607")
}

/// One failure for all: the first problem of each id.
fn together(failures: impl Iterator<Item = Failure>) -> Failure {
    let mut failures = failures;
    let Some(mut first) = failures.next() else { return Failure::input(Vec::new()) };
    for problem in failures.flat_map(|failure| failure.problems) {
        if first.problems.iter().all(|known| known.id != problem.id) {
            first.problems.push(problem);
        }
    }
    first
}

/// `W713`: regressions without an estimate, one warning per reason.
pub(super) fn without_estimate(failed: &[Failed], all: usize) -> Vec<Warning> {
    let mut reasons: Vec<(&Failed, Vec<&str>)> = Vec::new();
    for one in failed {
        let label = one.sample.as_deref().unwrap_or(&one.formula);
        match reasons.iter_mut().find(|(first, _)| first.problem.id == one.problem.id) {
            Some((_, labels)) => labels.push(label),
            None => reasons.push((one, vec![label])),
        }
    }
    let warning = |(first, labels): (&Failed, Vec<&str>)| {
        let (count, dots) = (labels.len(), if labels.len() > LISTED { ", .." } else { "" });
        let listed = labels[..count.min(LISTED)].join(", ") + dots;
        let (id, why) = (&first.problem.id, first.problem.text());
        Warning::new(
            "W713",
            format!("{count} of {all} regressions have no estimate ({listed}): {id} {}", why.en),
            format!("{all}个回归中有{count}个没有估计结果（{listed}）：{id} {}", why.zh),
        )
    };
    reasons.into_iter().map(warning).collect()
}

/// A row for each regression and coefficient.
pub(super) fn table(formula: &str, models: &[One]) -> String {
    let Some(first) = models.first() else { return String::new() };
    let alike = models.iter().all(|model| whole(model) == whole(first));
    let drawn = models.iter().any(|model| model.fit.terms.iter().any(|term| term.wild.is_some()));
    let statistic = if first.fit.se_card.df.is_some() { "t" } else { "z" };
    let mut head = vec!["", "", "estimate", "std. error", statistic, "p", "low", "high"];
    head.extend(drawn.then_some("wild p"));
    head.extend(["N", "clusters"]);
    let mut rows = vec![head.into_iter().map(str::to_owned).collect()];
    for model in models {
        let label = match &model.sample {
            _ if !alike => &model.formula,
            Some(sample) => sample,
            None => "all rows",
        };
        rows.extend(model.fit.terms.iter().chain(&model.lincom).map(|term| row(label, term, model, drawn)));
    }
    let percent = format!("{:.0} %", 100.0 * first.fit.level);
    let title = format!("{}; standard errors {}", first.fit.model, first.fit.vcov);
    format!(
        "\n{formula}\n{} regressions; {title}; {percent} confidence intervals\n\n{}\n{MORE}\n",
        models.len(),
        aligned(&rows).join("\n")
    )
}

fn row(label: &str, term: &Term, model: &One, drawn: bool) -> Vec<String> {
    let mut row = vec![label.to_owned(), term.term.clone()];
    row.extend(cells(term));
    if drawn {
        row.push(term.wild.as_ref().map_or_else(|| "-".to_owned(), |test| format!("{:.4}", test.p_value)));
    }
    row.push(model.fit.n_obs.to_string());
    row.push(model.fit.n_clusters.map_or_else(|| "-".to_owned(), |clusters| clusters.to_string()));
    row
}

/// The formula without its sample.
fn whole(model: &One) -> &str {
    let sample = model.sample.as_ref().map_or(0, |sample| ", ".len() + sample.len());
    &model.formula[..model.formula.len() - sample]
}

/// Each kind of warning once, with the number of regressions that have it.
pub(super) fn warnings(models: &[One]) -> Vec<Warning> {
    let mut kinds: Vec<(&Warning, usize, bool)> = Vec::new();
    for model in models {
        let mut seen: Vec<&str> = Vec::new();
        for warning in &model.fit.warnings {
            let is_first = !seen.contains(&warning.id.as_str());
            seen.push(&warning.id);
            match kinds.iter_mut().find(|(known, ..)| known.id == warning.id) {
                Some((known, count, alike)) => {
                    *count += usize::from(is_first);
                    *alike &= known.text == warning.text;
                }
                None => kinds.push((warning, 1, true)),
            }
        }
    }
    let all = models.len();
    let counted = |(warning, count, alike): (&Warning, usize, bool)| {
        let Text { en, zh } = &warning.text;
        let first = if alike {
            ["", ""]
        } else {
            [", the first of them; --json has all", "，此为其中第一条，全部见 --json"]
        };
        Warning::new(
            &warning.id,
            format!("{en} ({count} of {all} regressions{})", first[0]),
            format!("{zh}（{all}个回归中的{count}个{}）", first[1]),
        )
    };
    kinds.into_iter().map(counted).collect()
}
