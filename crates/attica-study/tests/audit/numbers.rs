//! Laws of numbers against other software, against all samples, and against simulated papers with one cell changed.

use std::path::Path;

use attica::audit::finding::{Rule, Verdict};
use attica_study::audit;

use super::{at, compare};

/// The verdict on one variable of a table of descriptive statistics.
fn verdict(kind: &str, rule: Rule, mean: &str, sd: &str, n: u32) -> Verdict {
    let toml = format!("[variables]\nv = {{ kind = '{kind}' }}\n[[tables]]\ncsv = 'x,N,Mean,SD\nv,{n},{mean},{sd}'\n");
    let toml = toml.replace("csv = 'x", "csv = '''\nx").replace(&format!("{sd}'\n"), &format!("{sd}\n'''\n"));
    let findings = attica::audit::audit(&audit::parse("p.toml", &toml, Path::new(".")).unwrap().paper);
    at(&findings, rule, "v")[0].verdict
}

#[test]
fn binary_and_whole_numbers_as_scrutiny_finds_them() {
    // The R package scrutiny, vignettes on DEBIT (the first seven after Heathers and Brown 2019) and on GRIMMER.
    let debit = [
        ("0.53", "0.50", 1683, true),
        ("0.44", "0.50", 1683, true),
        ("0.77", "0.42", 1683, true),
        ("0.19", "0.35", 1683, false),
        ("0.34", "0.47", 1683, true),
        ("0.93", "0.25", 1683, true),
        ("0.12", "0.33", 1683, true),
        ("0.14", "0.35", 1683, true),
        ("0.15", "0.35", 1683, true),
        ("0.16", "0.35", 1683, false),
        ("0.20", "0.35", 1683, false),
        ("0.35", "0.18", 20, false),
        ("0.26", "0.14", 1000, false),
        ("0.87", "0.15", 1000, false),
        ("0.33", "0.22", 1000, false),
        ("0.30", "0.17", 35, false),
    ];
    for (mean, sd, n, fits) in debit {
        let expected = if fits { Verdict::Pass } else { Verdict::Fail };
        assert_eq!(verdict("binary", Rule::A3, mean, sd, n), expected, "{mean} {sd} {n}");
    }
    let grimmer = [
        ("5.90", "2.19", true),
        ("5.71", "1.42", false),
        ("3.50", "1.81", true),
        ("3.82", "2.43", true),
        ("4.61", "1.92", false),
        ("5.24", "2.51", false),
    ];
    for (mean, sd, fits) in grimmer {
        let expected = if fits { Verdict::Pass } else { Verdict::Fail };
        assert_eq!(verdict("count", Rule::A4, mean, sd, 40), expected, "{mean} {sd}");
    }
}

#[test]
fn no_sample_of_whole_numbers_fails_and_most_pairs_that_none_has_do() {
    // All samples of four whole numbers from 0 to 5, and all pairs of a mean and a standard deviation that could be printed.
    let mut reached = std::collections::BTreeSet::new();
    for code in 0..6_usize.pow(4) {
        let x: Vec<f64> = (0..4).map(|i| (code / 6_usize.pow(i) % 6) as f64).collect();
        let mean = x.iter().sum::<f64>() / 4.0;
        let squares = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        for divisor in [3.0, 4.0] {
            reached.insert((format!("{mean:.2}"), format!("{:.2}", (squares / divisor).sqrt())));
        }
    }
    let (mut impossible, mut missed) = (0, 0);
    for (mean, sd) in &reached {
        assert_eq!(verdict("count", Rule::A4, mean, sd, 4), Verdict::Pass, "{mean} {sd}");
    }
    for mean in ["2.00", "2.25", "2.50", "2.30"] {
        for hundredths in 0..150 {
            let sd = format!("{:.2}", f64::from(hundredths) / 100.0);
            let fails = verdict("count", Rule::A4, mean, &sd, 4) == Verdict::Fail;
            let has = reached.contains(&(mean.to_owned(), sd.clone()));
            assert!(!(fails && has), "{mean} {sd}");
            impossible += usize::from(fails);
            missed += usize::from(!fails && !has);
        }
    }
    // The parity of the sum of squares is necessary, not sufficient: 10 and 32 have no four whole numbers.
    assert!(impossible > 550 && missed <= 5, "{impossible} {missed}");
}

#[test]
fn truthful_papers_pass_and_every_change_that_breaks_a_rule_is_found() {
    // 200 papers, each cell three times: examples/audit_mutations.
    let counts = compare::compare(40, 1);
    assert_eq!(counts.papers, 40);
    assert!(counts.false_alarms.is_empty(), "{:#?}", counts.false_alarms);
    assert!(counts.disagreements.is_empty(), "{:#?}", counts.disagreements);
    assert!(counts.refused * 20 < counts.changed && counts.broken * 2 > counts.changed);
    for (rule, covered, caught) in &counts.by_rule {
        assert!(*covered > 0 && covered == caught, "{rule:?}: {caught} of {covered}");
    }
    assert!(counts.warned.iter().all(|(_, n)| *n <= counts.papers) && counts.cells > 2000);
}

#[test]
fn what_effects_absorb_has_no_coefficient() {
    let toml = "[panel]\nunit = 'city'\n[variables]\nregion = { constant = 'time' }\noil = { constant = 'units' }\n[[tables]]\nlabel = 'T'\n\
                csv = '''\nx,(1),(2),(3)\nregion,0.1 (0.2),0.1 (0.2),\noil,,0.3 (0.1),0.3 (0.1)\nCity FE,Yes,No,No\nYear FE,No,No,Yes\n'''\n";
    let findings = attica::audit::audit(&audit::parse("p.toml", toml, Path::new(".")).unwrap().paper);
    let fails: Vec<&str> =
        findings.iter().filter(|f| f.verdict == Verdict::Fail).map(|f| f.place.en.as_str()).collect();
    assert_eq!(fails, ["T (1) region", "T (3) oil"]);
    assert!(findings.iter().all(|f| f.verdict != Verdict::Fail || f.rule == Rule::A13));
}

#[test]
fn fewer_rows_are_a_contradiction_only_when_the_paper_says_balanced() {
    let verdicts = |said: &str, n: u32| {
        let toml = format!(
            "[panel]\nunits = 20\nfirst = 2001\nlast = 2010\n{said}\n[[tables]]\ncsv = '''\nx,(1),(2)\nD,0.1 (0.2),0.1 (0.2)\nN,200,{n}\n'''\n"
        );
        let findings = attica::audit::audit(&audit::parse("p.toml", &toml, Path::new(".")).unwrap().paper);
        findings.iter().filter(|f| f.rule == Rule::A1).map(|f| f.verdict).min()
    };
    assert_eq!(verdicts("balanced = true", 190), Some(Verdict::Fail));
    assert_eq!(verdicts("", 190), Some(Verdict::Warn));
    assert_eq!(verdicts("balanced = false", 190), Some(Verdict::Pass));
    assert_eq!(verdicts("balanced = false", 201), Some(Verdict::Fail));
}
