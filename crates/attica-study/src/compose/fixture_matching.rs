//! A matched sample by hand, with a treated unit off support and a method without scores.

use attica::ledger::{Ledger, Reason};
use attica::matching::balance::{Balance, BalanceRow, Overall, Side};
use attica::matching::{Method, Neighbours};
use attica::message::Warning;
use attica::text::Text;

use super::fixture::{fit, model, term};
use crate::results::*;
use crate::studyfile::MatchTiming;

fn side(mean_treated: f64, mean_control: f64, bias: f64, p_value: f64) -> Side {
    Side {
        mean_treated,
        mean_control,
        bias: Some(bias),
        t: Some(bias / 20.0),
        p_value: Some(p_value),
        variance_ratio: Some(1.2),
    }
}

fn balance(after: f64) -> Balance {
    let overall = |bias: f64| Overall {
        mean_bias: Some(bias),
        median_bias: Some(bias),
        rubin_b: Some(bias),
        ..Overall::default()
    };
    let row = |covariate: &str, before: f64, after: f64| BalanceRow {
        covariate: covariate.to_owned(),
        before: side(11.5, 10.0, before, 0.001),
        after: side(11.5, 11.4, after, 0.6),
        reduction: Some(100.0 * (1.0 - after.abs() / before.abs())),
    };
    Balance {
        rows: vec![row("LGDP", 92.4, after), row("NHS", 61.0, -after / 2.0)],
        before: overall(76.7),
        after: overall(after),
    }
}

fn densities(shift: f64) -> Densities {
    let curve =
        |at: f64| (0..=20).map(|i| f64::from(i) / 20.0).map(|x| (x, (-20.0 * (x - at) * (x - at)).exp())).collect();
    Densities { treated: curve(0.6), controls: curve(0.6 - shift) }
}

pub(crate) fn regressions() -> Models {
    let column = |en: &str, zh: &str, estimate: f64| {
        model(Text::new(en, zh), fit("NPRO", vec![term("DID", estimate, 0.004)], 0))
    };
    let mut weighted = column("Nearest 1:2, weighted", "最近邻1:2（加权）", 0.019);
    if let Outcome::Fit(fit) = &mut weighted.fit {
        fit.weights = Some("matching weight (analytic)".to_owned());
    }
    Models {
        id: "matching".to_owned(),
        title: Text::new("Difference-in-differences on matched samples", "匹配样本的双重差分估计（PSM-DID）"),
        models: vec![column("Baseline", "基准", 0.022), column("Common support", "共同支撑", 0.021), weighted],
        show: vec!["DID".to_owned()],
        tests: Vec::new(),
        methods: Text::default(),
        cautions: Vec::new(),
    }
}

pub(crate) fn matching() -> Matching {
    let mut ledger = Ledger::new(285);
    ledger.drop_rows(Reason::Missing("LTEP".to_owned()), 4);
    let mut nearest = ledger.clone();
    nearest.drop_rows(
        Reason::excluded("treated, with a score that no control reaches", "处理组：倾向得分超出对照组范围"),
        5,
    );
    let lost = Warning::new("W860", "5 of 41 treated candidates leave", "41个处理组候选中有5个被剔除");
    let one = |method, label: Text, treated, off_support, ledger: &Ledger, after, density, warnings| Match {
        method,
        label,
        treated,
        controls: 60,
        effective_controls: 41.5,
        off_support,
        no_match: 0,
        ledger: ledger.clone(),
        balance: balance(after),
        density,
        weights: Vec::new(),
        warnings,
    };
    let how = Neighbours { count: 2, ..Neighbours::default() };
    let nearest = one(
        Method::Nearest(how),
        Text::new("Nearest 1:2", "最近邻1:2"),
        36,
        Some(5),
        &nearest,
        7.5,
        Some(densities(0.02)),
        vec![lost],
    );
    let entropy = Text::new("Entropy balancing", "熵平衡");
    let entropy = one(Method::Entropy(1), entropy, 41, None, &ledger, 0.0, None, Vec::new());
    let timed = TimedMatches {
        timing: MatchTiming::Base,
        label: Text::new("matched once, in 2010", "2010年基期匹配"),
        base: Some(2010.0),
        treated: 41,
        controls: 240,
        ledger,
        score: None,
        density: Some(densities(0.3)),
        matches: vec![nearest, entropy],
    };
    Matching { covariates: vec!["LGDP".to_owned(), "NHS".to_owned()], timings: vec![timed] }
}
