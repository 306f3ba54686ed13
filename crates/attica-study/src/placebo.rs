//! Placebo tests of registered estimators, as results: the command and the placebo step share them.

use attica::design::Codes;
use attica::diagnostic::placebo::{self, Kind, Options, assigned_by, estimate_earlier, placebo_of, possible_shifts_of};
use attica::estimator::{Data, Estimate, Estimator, Spec, estimate};
use attica::frame::{Frame, codes};
use attica::message::{Problem, Result, Warning};
use attica::meter::Meter;
use attica::text::Text;

use crate::effects::Overall;
use crate::results::Placebo;
use crate::studyfile::PlaceboKind;

/// How to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    /// Draws; all assignments when there are no more.
    pub draws: usize,
    /// Their seed.
    pub seed: u64,
    /// Column within whose levels units are drawn.
    pub strata: Option<String>,
    /// Column whose levels are drawn as a whole.
    pub clusters: Option<String>,
    /// Counts them as they are made.
    pub meter: Meter,
}

impl Draws {
    /// Draws of `kind`, with the columns of `frame`.
    ///
    /// # Errors
    /// `E603` a column that does not exist.
    pub fn options(&self, kind: Kind, frame: &Frame) -> Result<Options> {
        let codes = |name: &String| {
            let (codes, levels) = codes::codes_of(frame.column(name)?);
            Ok(Codes { name: name.clone(), codes: codes.into(), levels })
        };
        Ok(Options {
            strata: self.strata.as_ref().map(codes).transpose()?,
            clusters: self.clusters.as_ref().map(codes).transpose()?,
            meter: self.meter.clone(),
            ..Options::new(kind, self.draws, self.seed)
        })
    }

    /// `W711`: units are drawn one by one although the policy was visibly assigned to groups of them.
    pub fn caution(&self, data: Data<'_>) -> Option<Warning> {
        let by = assigned_by(data).filter(|_| self.clusters.is_none())?;
        let unit = &data.panel.unit_name;
        Some(Warning::new(
            "W711",
            format!(
                "all {unit} of each treated {by} adopt together, as if the policy was assigned to whole {by}; drawn one by one, units make the p-value too small. Draw whole {by}: clusters = \"{by}\" under [placebo], or --placebo-clusters {by}"
            ),
            format!(
                "每个受处理的{by}内全部{unit}同时受处理，政策似按{by}整体分配；逐个抽取个体会使p值偏小。应整体抽取{by}：在[placebo]中写clusters = \"{by}\"，或使用--placebo-clusters {by}"
            ),
        ))
    }
}

/// A placebo test of `estimator`; `shifts` are the periods of a test in time (all possible when empty), `outcomes` those
/// of a test in outcomes.
///
/// # Errors
/// Those of [`placebo_of`] and of the estimator; `E607` when adoption cannot be moved back.
pub fn test(
    estimator: &dyn Estimator,
    data: Data<'_>,
    spec: &Spec,
    kind: PlaceboKind,
    draws: &Draws,
    (shifts, outcomes): (&[u32], &[String]),
) -> Result<Placebo> {
    let of =
        |kind: Kind| Ok(drawn(estimator, draws, placebo_of(estimator, data, spec, &draws.options(kind, data.frame)?)?));
    match kind {
        PlaceboKind::Unit => of(Kind::Unit),
        PlaceboKind::Cohort => of(Kind::Cohort),
        PlaceboKind::Mixed => of(Kind::Mixed),
        PlaceboKind::Time => {
            let possible = possible_shifts_of(data, spec)?;
            let asked = periods(shifts, possible)?;
            let earlier = |&periods: &u32| (earlier(periods), estimate_earlier(estimator, data, spec, periods));
            let found = asked.iter().map(earlier).collect();
            Ok(effects(estimator, estimate(estimator, data, spec)?, "time", moved(), found))
        }
        PlaceboKind::Outcome => {
            let of = |outcome: &String| {
                let spec = Spec { outcome: outcome.clone(), ..spec.clone() };
                (Text::same(outcome), estimate(estimator, data, &spec))
            };
            let found = outcomes.iter().map(of).collect();
            Ok(effects(estimator, estimate(estimator, data, spec)?, "outcome", unaffected(), found))
        }
    }
}

/// A distribution as results hold it.
pub fn drawn(estimator: &dyn Estimator, draws: &Draws, found: placebo::Placebo) -> Placebo {
    Placebo {
        statistic: found.statistic,
        exact: found.exact,
        possible: found.possible,
        failed: found.failed,
        seed: Some(draws.seed),
        strata: draws.strata.clone(),
        clusters: draws.clusters.clone(),
        p_two_sided: Some(found.by_estimate.two_sided),
        p_left: Some(found.by_estimate.left),
        p_right: Some(found.by_estimate.right),
        p_mc_error: Some(found.by_estimate.monte_carlo_error),
        p_two_sided_t: found.by_t.map(|p| p.two_sided),
        p_left_t: found.by_t.map(|p| p.left),
        p_right_t: found.by_t.map(|p| p.right),
        p_mc_error_t: found.by_t.map(|p| p.monte_carlo_error),
        drawn: found.drawn,
        draws: found.draws,
        t: found.t,
        p: found.p,
        warnings: found.warnings,
        ..empty(estimator, found.kind.name(), said(found.kind, draws, found.drawn_from), found.estimate)
    }
}

/// A kind that consists of estimates: no draws, hence no permutation p-values.
pub fn empty(estimator: &dyn Estimator, kind: &str, description: Text, estimate: f64) -> Placebo {
    Placebo {
        kind: kind.to_owned(),
        estimator: estimator.name().to_owned(),
        label: estimator.about().title,
        description,
        estimate,
        statistic: None,
        drawn: 0,
        draws: Vec::new(),
        t: Vec::new(),
        p: Vec::new(),
        exact: false,
        possible: None,
        failed: 0,
        seed: None,
        strata: None,
        clusters: None,
        p_two_sided: None,
        p_left: None,
        p_right: None,
        p_mc_error: None,
        p_two_sided_t: None,
        p_left_t: None,
        p_right_t: None,
        p_mc_error_t: None,
        effects: Vec::new(),
        fits: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Estimates under their heads; those that there are none of become warnings.
fn effects(
    estimator: &dyn Estimator,
    actual: Estimate,
    kind: &str,
    description: Text,
    found: Vec<(Text, Result<Estimate>)>,
) -> Placebo {
    let actual = Overall::from(&actual.overall);
    let mut all = Placebo { statistic: actual.statistic, ..empty(estimator, kind, description, actual.estimate) };
    for (head, found) in found {
        match found {
            Ok(found) => all.effects.push((head, Overall::from(&found.overall))),
            Err(problem) => {
                let Text { en, zh } = &all.label;
                let named = Text::new(format!("{en}, {}", head.en), format!("{zh}，{}", head.zh));
                all.warnings.push(without(&named, &problem));
            }
        }
    }
    all
}

/// A shift or an outcome without an estimate.
pub fn without(head: &Text, problem: &Problem) -> Warning {
    let why = problem.text();
    Warning::new(&problem.id, format!("{}: {}", head.en, why.en), format!("{}：{}", head.zh, why.zh))
}

/// The periods asked for, or all that are possible.
///
/// # Errors
/// `E607` when none are.
pub fn periods(asked: &[u32], possible: Vec<u32>) -> Result<Vec<u32>> {
    if possible.is_empty() {
        return Err(Problem::new("E607", "adoption cannot be moved back: there are too few periods before it")
            .fix("leave the placebo kind `time` out"));
    }
    Ok(if asked.is_empty() { possible } else { asked.to_vec() })
}

/// Head of a shift.
pub fn earlier(periods: u32) -> Text {
    let noun = if periods == 1 { "period" } else { "periods" };
    Text::new(format!("{periods} {noun} earlier"), format!("提前{periods}期"))
}

/// What a placebo in time is.
pub fn moved() -> Text {
    Text::new(
        "adoption is moved back and the truly treated rows are left out; an effect of the false date speaks against the design",
        "将政策时点前移并剔除真实处理观测；若伪时点仍有效应，则研究设计存疑",
    )
}

/// What a placebo in outcomes is.
pub fn unaffected() -> Text {
    Text::new("outcomes that the policy cannot move", "以政策不应影响的变量作为被解释变量")
}

/// What is drawn, in a sentence.
fn said(kind: Kind, draws: &Draws, [n, treated]: [usize; 2]) -> Text {
    let (what, what_zh) = match &draws.clusters {
        None => ("units".to_owned(), "个体".to_owned()),
        Some(by) => (format!("{by} clusters"), format!("{by}（整群）")),
    };
    let (within, within_zh) = match &draws.strata {
        None => Default::default(),
        Some(by) => (format!(", within each {by}"), format!("各{by}内分别抽取，")),
    };
    match kind {
        Kind::Unit => Text::new(
            format!("{treated} of {n} {what} are drawn without replacement{within} and given the true dates"),
            format!("{within_zh}从{n}个{what_zh}中不放回抽取{treated}个作为伪处理组，政策时点保持不变"),
        ),
        Kind::Cohort => Text::new(
            format!(
                "the whole vector of adoption dates is permuted over the {n} {what}{within}, so that cohort sizes stay"
            ),
            format!("{within_zh}在{n}个{what_zh}间置换全部政策时点，各批次规模保持不变"),
        ),
        Kind::Mixed => Text::new(
            format!("{treated} of {n} {what} are drawn{within}, and adoption dates with them"),
            format!("{within_zh}同时随机抽取{treated}个{what_zh}与政策时点（共{n}个）"),
        ),
    }
}
