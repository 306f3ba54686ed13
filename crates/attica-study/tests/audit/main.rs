//! The audit of a published paper, number by number.
#![allow(clippy::unwrap_used)]

#[path = "../../examples/audit_mutations/compare.rs"]
mod compare;
#[path = "../../examples/audit_mutations/model.rs"]
mod model;
#[path = "../../examples/audit_mutations/oracle.rs"]
mod oracle;
#[path = "../../examples/audit_mutations/papers.rs"]
mod papers;

mod numbers;
mod reading;

use std::path::{Path, PathBuf};

use attica::audit::finding::{Finding, Quantity, Rule, Verdict};
use attica::audit::summary::summary;
use attica_study::audit;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/audit-of-the-paper/paper.toml")
}

/// Findings of one rule at a place that contains `place`.
fn at<'f>(findings: &'f [Finding], rule: Rule, place: &str) -> Vec<&'f Finding> {
    findings.iter().filter(|f| f.rule == rule && f.place.en.contains(place)).collect()
}

/// The only such finding, with this verdict and these words.
fn says<'f>(findings: &'f [Finding], rule: Rule, place: &str, verdict: Verdict, words: &[&str]) -> &'f Finding {
    let found = at(findings, rule, place);
    let [one] = found[..] else { panic!("{} findings of {rule:?} at {place}", found.len()) };
    assert_eq!(one.verdict, verdict, "{rule:?} {place}: {}", one.message.en);
    for word in words {
        assert!(one.message.en.contains(word), "{rule:?} {place} does not say {word}: {}", one.message.en);
    }
    one
}

#[test]
fn the_worked_case_finds_what_was_computed_by_hand() {
    let findings = attica::audit::audit(&audit::load(&example()).unwrap().paper);
    let says = |rule, place: &str, verdict, words: &[&str]| says(&findings, rule, place, verdict, words);
    // Counts.
    says(Rule::A1, "panel", Verdict::Pass, &["285 × 11 = 3135"]);
    says(Rule::A1, "section 4.3", Verdict::Info, &["2821.5 rows", "256.5 units"]);
    says(Rule::A14, "years", Verdict::Fail, &["2009-2022", "285 × 11 = 3135", "285 × 14 = 3990"]);
    says(Rule::A14, "periods", Verdict::Warn, &["11", "10"]);
    says(Rule::A14, "treated units", Verdict::Fail, &["16", "53", "41"]);
    says(Rule::A14, "regions", Verdict::Warn, &["four", "five"]);
    says(Rule::A14, "IDS", Verdict::Warn, &["secondary over tertiary"]);
    says(Rule::A3, "DID", Verdict::Pass, &["450, 451 or 452 ones"]);
    says(Rule::A4, "NHS", Verdict::Untestable, &["8.677", "4 decimals"]);
    says(
        Rule::A5,
        "DID",
        Verdict::Fail,
        &[
            "53 from 2011 gives 477 (mean 0.152, standard deviation 0.359)",
            "53 from 2012 gives 424 (mean 0.135, standard deviation 0.342)",
            "41 units in every period = 451 rows",
            "50 from 2011 = 450 rows",
            "26 from 2011 + 27 from 2012 = 450 rows",
            "40 from 2011 + 13 from 2013 = 451 rows",
        ],
    );
    // Stars: 14 coefficients, 11 certain, two weak, one tight.
    let stars = at(&findings, Rule::A2, "");
    assert_eq!(stars.len(), 14);
    assert_eq!(stars.iter().filter(|f| f.share.unwrap() > 0.9999).count(), 11);
    for place in ["Table 2 (3) NHS", "Table 2 (4) NHS"] {
        let weak = says(Rule::A2, place, Verdict::Pass, &["[1.00, 5.00]", "28 %"]);
        assert!((weak.share.unwrap() - 0.27).abs() < 0.01);
    }
    let tight = says(
        Rule::A2,
        "Table 2 (4) LGDP",
        Verdict::Tight,
        &["[1.57, 2.60]", "0.071 %", "t(284) (2.593)", "t = 2.00 (p = 0.046) earns two stars"],
    );
    assert!((tight.share.unwrap() - 0.0007).abs() < 5e-5);
    let witness = &tight.witness.as_ref().unwrap().values;
    let value = |what| witness.iter().find(|v| v.what == what).unwrap().value.unwrap();
    let (b, s) = (value(Quantity::Coefficient), value(Quantity::StandardError));
    assert!(format!("{b:.3}") == "0.006" && format!("{s:.3}") == "0.003" && b / s > 2.5758, "{b} {s}");
    // R² and t.
    says(Rule::A6, "Table 2", Verdict::Pass, &["0.174, 0.484, 0.679, 0.684"]);
    says(Rule::A7, "LGDP", Verdict::Warn, &["[41.2, 41.4]", "2838 degrees", "[4.7, 7.0]", "5.9–8.8 times", "√T = 3.3"]);
    says(Rule::A7, "NHS", Verdict::Warn, &["[41.4, 41.7]", "[1.0, 5.0]", "≥ 8.3"]);
    says(Rule::A7, "LTEP", Verdict::Pass, &["[5.99, 7.34]", "[3.7, 13]"]);
    // Constants.
    says(Rule::A8, "Table 3 (1)", Verdict::Pass, &["0.084 + 0.022 × 0.144 = 0.0872"]);
    says(Rule::A8, "Table 3 (2)", Verdict::Pass, &["0.019 + 0.012 × 0.144 = 0.0207"]);
    let errors: Vec<&Finding> =
        at(&findings, Rule::A8, "Table 3").into_iter().filter(|f| f.place.en == "Table 3").collect();
    assert_eq!((errors.len(), errors[0].verdict), (1, Verdict::Warn));
    for word in ["0.107", "0.052 in all", "0.223", "0.068 in all", "0.00058", "0.00029"] {
        assert!(errors[0].message.en.contains(word), "{}", errors[0].message.en);
    }
    // What follows for controls, R² and the design.
    says(Rule::A9, "LGDP", Verdict::Info, &["0.059", "[0, 0.12]"]);
    says(Rule::A9, "NHS", Verdict::Warn, &["2.0", "[1.2, 3.3]"]);
    says(Rule::A10, "Table 2", Verdict::Warn, &["column (1)", "0.0082, printed 0.004", "column (4)", "does not label"]);
    says(Rule::A11, "(1)→(3) DID", Verdict::Info, &["at least 1.55", "36 %"]);
    for (name, bound) in [("NPRO", "0.210"), ("IDS", "0.282"), ("NIP", "0.143")] {
        says(Rule::A12, name, Verdict::Pass, &[bound]);
    }
    says(Rule::A15, "design", Verdict::Warn, &["2 periods before 2011", "1 lead can be tested"]);
    assert_eq!(
        summary(&findings).en,
        "14 stars: 11 ok, 2 weak, 1 tight · counts: 3 FAIL, 3 WARN · R²–t: 2 WARN · bounds: ok · design: 4 WARN · \
         nothing here proves which number is wrong"
    );
    let grave = |f: &&Finding| matches!(f.verdict, Verdict::Fail | Verdict::Tight | Verdict::Warn);
    assert!(findings.iter().filter(grave).all(|f| f.causes.is_some() && f.witness.is_some()));
    // Neutral words throughout.
    for finding in &findings {
        let words = format!("{finding:?}").to_lowercase();
        assert!(!["fraud", "fabricat", "manipul", "suspic", "造假", "伪造"].iter().any(|word| words.contains(word)));
    }
}
