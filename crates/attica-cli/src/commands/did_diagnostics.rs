//! `attica did --diagnostics`: should the estimate be believed?

use attica::diagnostic::bacon::{Bacon, bacon_of};
use attica::diagnostic::honest::{Breakdown, Coefficients, Interval, Options, Sensitivity, Set, Target, sensitivity};
use attica::diagnostic::pretrend::{Detectable, Equivalence, Pretest, Test, equivalence};
use attica::diagnostic::twfe_weights::{TwfeWeights, twfe_weights};
use attica::estimator::{Data, Spec};
use attica::message::{Problem, Result, Warning};
use attica::text::{Language, Text};
use serde::Serialize;

use super::did::One;
use super::{aligned, short};
use crate::args::Diagnostic;

/// What was found, each where it was asked for.
#[derive(Default, Serialize)]
pub(super) struct Diagnostics {
    /// Two-group comparisons behind the two-way coefficient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bacon: Option<Bacon>,
    /// Weights of the two-way coefficient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<TwfeWeights>,
    /// Robust intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honest: Option<Honest>,
    /// Tests of the leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pretrend: Option<Pretrend>,
    /// Those that have no answer here, and why.
    pub failed: Vec<NoDiagnostic>,
    /// Cautions.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// A diagnostic without an answer.
#[derive(Serialize)]
pub(super) struct NoDiagnostic {
    pub diagnostic: Diagnostic,
    pub problem: Problem,
}

/// Intervals of the effect in the first period of treatment.
#[derive(Serialize)]
pub(super) struct Honest {
    /// Whose event study.
    pub estimator: String,
    /// Which effect.
    pub target: Target,
    /// Estimate under parallel trends.
    pub estimate: f64,
    /// Interval under parallel trends.
    pub original: Interval,
    /// By largest change of slope.
    pub smoothness: Vec<Interval>,
    /// Largest one at which zero is left out.
    pub smoothness_breakdown: Breakdown,
    /// By size relative to the largest violation before.
    pub relative_magnitudes: Vec<RelativeInterval>,
    /// Largest one at which zero is left out.
    pub relative_magnitudes_breakdown: Breakdown,
}

/// An interval by relative size.
#[derive(Serialize)]
pub(super) struct RelativeInterval {
    m_bar: f64,
    conf_low: Option<f64>,
    conf_high: Option<f64>,
    ends: attica::diagnostic::honest::Ends,
}

/// What tests of the leads could have seen.
#[derive(Serialize)]
pub(super) struct Pretrend {
    /// Whose event study.
    pub estimator: String,
    /// Lines detected with 50 and 80 % power, by test.
    pub power: Vec<Detectable>,
    /// Bounds on the leads at the 5 % level.
    pub equivalence: Equivalence,
}

/// Examines what is `asked`.
pub(super) fn examine(asked: &[Diagnostic], data: Data<'_>, spec: &Spec, estimators: &[One]) -> Option<Diagnostics> {
    let mut found = Diagnostics::default();
    for &diagnostic in asked {
        let two_way = || spec.design(data, &[&spec.treatment]);
        let done = match diagnostic {
            Diagnostic::Bacon => {
                two_way().and_then(|design| bacon_of(&design, &spec.treatment)).map(|bacon| found.bacon = Some(bacon))
            }
            Diagnostic::Weights => two_way()
                .and_then(|design| twfe_weights(&design, &spec.treatment))
                .map(|weights| found.weights = Some(weights)),
            Diagnostic::Honest => honest(spec, estimators, &mut found),
            Diagnostic::Pretrend => pretrend(spec, estimators, &mut found),
        };
        if let Err(problem) = done {
            found.failed.push(NoDiagnostic { diagnostic, problem });
        }
    }
    (!asked.is_empty()).then_some(found)
}

/// Coefficients of the first event study.
fn coefficients(spec: &Spec, estimators: &[One], found: &mut Diagnostics) -> Result<(String, Coefficients)> {
    let studies = estimators.iter().find_map(|one| Some((&one.answer, one.event_study.as_ref()?)));
    let Some((answer, study)) = studies else {
        return Err(Problem::new("E607", "no estimator asked has an event study, whose coefficients this needs")
            .fix("ask for one that has: --estimator cs"));
    };
    let (coefficients, warnings) = Coefficients::of(study, answer.leads, spec.options.anticipation, Target::First)?;
    for warning in warnings {
        if !found.warnings.contains(&warning) {
            found.warnings.push(warning);
        }
    }
    Ok((answer.estimator.clone(), coefficients))
}

fn honest(spec: &Spec, estimators: &[One], found: &mut Diagnostics) -> Result<()> {
    let (estimator, coefficients) = coefficients(spec, estimators, found)?;
    let ask =
        |set| sensitivity(&coefficients, &Options { level: spec.fit.level, seed: spec.seed, ..Options::new(set) });
    let (smooth, relative): (Sensitivity, Sensitivity) = (ask(Set::Smoothness)?, ask(Set::RelativeMagnitudes)?);
    found.warnings.extend(smooth.warnings.into_iter().chain(relative.warnings));
    let row = |i: Interval| RelativeInterval { m_bar: i.m, conf_low: i.conf_low, conf_high: i.conf_high, ends: i.ends };
    found.honest = Some(Honest {
        estimator,
        target: Target::First,
        estimate: smooth.estimate,
        original: smooth.original,
        smoothness: smooth.intervals,
        smoothness_breakdown: smooth.breakdown,
        relative_magnitudes: relative.intervals.into_iter().map(row).collect(),
        relative_magnitudes_breakdown: relative.breakdown,
    });
    Ok(())
}

fn pretrend(spec: &Spec, estimators: &[One], found: &mut Diagnostics) -> Result<()> {
    let (estimator, coefficients) = coefficients(spec, estimators, found)?;
    let pretest = Pretest::new(&coefficients, 0.05)?;
    let power = [Test::Individual, Test::Joint]
        .into_iter()
        .flat_map(|test| [0.5, 0.8].map(|target| pretest.detectable(test, target)))
        .collect();
    found.pretrend = Some(Pretrend { estimator, power, equivalence: equivalence(&coefficients, 0.05) });
    Ok(())
}

/// What people read of it.
pub(super) fn page(found: &Diagnostics, language: Language) -> String {
    let say = |en: String, zh: String| Text::new(en, zh).get(language).to_owned();
    let mut lines = Vec::new();
    if let Some(bacon) = &found.bacon {
        let forbidden: f64 = bacon.rows.iter().filter(|row| row.kind.uses_treated()).map(|row| row.weight).sum();
        let (b, share) = (short(bacon.estimate), short(100.0 * forbidden));
        lines.push(say(
            format!("bacon: two-way effects {b}; {share}% of the weight compares with units already treated"),
            format!("bacon：双向固定效应{b}；{share}%的权重以已处理个体为对照"),
        ));
    }
    if let Some(w) = &found.weights {
        let (negative, all) = (w.n_negative, w.n_positive + w.n_negative);
        let (b, sum) = (short(w.estimate), short(w.sum_negative));
        lines.push(say(
            format!("weights: two-way effects {b}; {negative} of {all} treated rows have a negative weight, sum {sum}"),
            format!("weights：双向固定效应{b}；{all}个处理观测中{negative}个权重为负，合计{sum}"),
        ));
    }
    if let Some(h) = &found.honest {
        let name = &h.estimator;
        lines.push(say(
            format!("honest ({name}): effect in the first treated period {}; zero stays outside {} (change of slope) and {} (relative magnitude)", short(h.estimate), until(h.smoothness_breakdown, Language::En), until(h.relative_magnitudes_breakdown, Language::En)),
            format!("honest（{name}）：首个处理期效应{}；零在区间之外的最大偏离：斜率变化{}，相对幅度{}", short(h.estimate), until(h.smoothness_breakdown, Language::Zh), until(h.relative_magnitudes_breakdown, Language::Zh)),
        ));
        let mut rows = vec![["", "M", "low", "high", "Mbar", "low", "high"].map(str::to_owned).to_vec()];
        let end = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
        for (a, b) in h.smoothness.iter().zip(&h.relative_magnitudes) {
            let cells =
                [short(a.m), end(a.conf_low), end(a.conf_high), short(b.m_bar), end(b.conf_low), end(b.conf_high)];
            rows.push(std::iter::once(String::new()).chain(cells).collect());
        }
        lines.extend(aligned(&rows));
    }
    if let Some(p) = &found.pretrend {
        for d in &p.power {
            let test = match d.against.test {
                Test::Individual => Text::new("any lead significant", "任一处理前系数显著"),
                Test::Joint => Text::new("joint test of the leads", "处理前系数联合检验"),
            };
            let (power, slope, bias) = (short(100.0 * d.target), short(d.slope), short(d.against.bias_after_passing));
            lines.push(say(
                format!("pretrend ({}): {} finds a slope of {slope} in {power}% of samples; the others keep a bias of {bias}", p.estimator, test.en),
                format!("pretrend（{}）：{}在{power}%的样本中发现斜率{slope}；未发现者偏误为{bias}", p.estimator, test.zh),
            ));
        }
        let (largest, mean) = (short(p.equivalence.largest), short(p.equivalence.mean));
        lines.push(say(
            format!("pretrend ({}): leads are shown to be below {largest}, their mean below {mean} (5% tests of equivalence)", p.estimator),
            format!("pretrend（{}）：等价检验（5%）表明处理前系数均小于{largest}，均值小于{mean}", p.estimator),
        ));
    }
    for NoDiagnostic { problem, .. } in &found.failed {
        lines.push(problem.to_string());
    }
    format!("\n{}\n", lines.join("\n"))
}

fn until(breakdown: Breakdown, language: Language) -> String {
    match breakdown {
        Breakdown::At(m) => Text::new(format!("until {}", short(m)), short(m)),
        Breakdown::Never => Text::new("at no size", "无"),
        Breakdown::Beyond(m) => Text::new(format!("beyond {}", short(m)), format!("超过{}", short(m))),
    }
    .get(language)
    .to_owned()
}
