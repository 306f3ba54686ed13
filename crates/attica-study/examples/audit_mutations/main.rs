//! How much the audit catches: truthful papers with one cell changed, against enumeration. Writes the table of `docs/audit.md`.
#![allow(clippy::print_stdout, missing_docs)]

mod compare;
mod model;
mod oracle;
mod papers;

use attica::audit::finding::Rule;
use compare::{Counts, compare};

/// Simulated papers, and how often each of their cells is changed.
const PAPERS: u64 = 200;
const TIMES: usize = 3;

fn main() -> std::io::Result<()> {
    let start = std::time::Instant::now();
    let counts = compare(PAPERS, TIMES);
    for line in counts.false_alarms.iter().chain(&counts.disagreements).take(40) {
        println!("{line}");
    }
    let text = table(&counts);
    println!("{text}\n{:.1} s", start.elapsed().as_secs_f64());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit.md");
    let page = std::fs::read_to_string(path)?;
    let mark = "<!-- examples/audit_mutations -->\n";
    let parts: Vec<&str> = page.split(mark).collect();
    if let [before, _, after] = parts[..] {
        std::fs::write(path, format!("{before}{mark}{text}{mark}{after}"))?;
    }
    Ok(())
}

fn table(counts: &Counts) -> String {
    let Counts { papers, cells, changed, refused, broken, .. } = counts;
    let warned = |rule: &Rule| counts.warned.iter().find(|(r, _)| r == rule).map_or(0, |(_, n)| *n);
    let rows: String = counts.by_rule.iter().fold(String::new(), |all, (rule, covered, caught)| {
        all + &format!("| {rule:?} | {} | {covered} | {caught} |\n", warned(rule))
    });
    format!(
        "{papers} truthful papers with {cells} printed cells: {} say FAIL. Each cell changed {TIMES} times (one digit, the sign, the stars, a word): {changed} \
         papers, of which {broken} break a rule by enumeration; {refused} more are refused by the reader. The audit and the enumeration disagree in {}.\n\n\
         | | truthful papers with a WARN | changed papers that break it | of these FAIL |\n|---|---|---|---|\n{rows}",
        counts.false_alarms.len(),
        counts.disagreements.len(),
    )
}
