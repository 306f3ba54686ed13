//! What scripts in every language begin with.

use super::names::comment;
use super::plan::Plan;
use super::{COEFFICIENT, STAGGERED, STD_ERROR};

/// What the script is, what it needs and what it leaves out, as lines behind `mark`.
pub fn top(plan: &Plan, stem: &str, mark: &str, needs: &str) -> String {
    let mut lines = vec![
        comment(&plan.title.en),
        String::new(),
        format!(
            "Computes the numbers of this study again, from {stem}.csv beside this file, and compares them with those"
        ),
        format!("that Attica {} printed. Ends with an error code when one differs.", comment(&plan.version)),
        format!("Needs: {needs}"),
        format!(
            "Tolerances: coefficients {COEFFICIENT:e} of the larger of coefficient and standard error, standard errors {STD_ERROR:e};"
        ),
        format!("estimators for staggered adoption {STAGGERED:e}."),
    ];
    lines.extend(plan.simulated.iter().map(|text| comment(&text.en)));
    lines.push(String::new());
    lines.push("Columns that the study calls otherwise:".to_owned());
    let renamed = plan.columns.iter().filter(|column| column.name != column.original);
    lines.extend(renamed.map(|column| format!("  {}: {}", column.name, comment(&column.original))));
    lines.push(String::new());
    lines.push("Not reproduced here:".to_owned());
    lines.extend(plan.absent.iter().map(|(what, why)| format!("  {}: {}", comment(what), comment(why))));
    let lines: Vec<String> = lines.iter().map(|line| format!("{mark} {line}").trim_end().to_owned()).collect();
    lines.join("\n") + "\n\n"
}

/// How an event time is compared: `beyond` is -1 for a first bin, 1 for a last one.
pub fn sign(beyond: i8) -> &'static str {
    match beyond {
        0 => "==",
        -1 => "<=",
        _ => ">=",
    }
}
