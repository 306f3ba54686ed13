//! Placebo tests of the five kinds.

use attica::design::Design;
use attica::diagnostic::placebo::{Kind, Options, earlier, placebo, possible_shifts};
use attica::fit::Fit;
use attica::message::{Problem, Result, Warning};
use attica::text::Text;

use super::regression::{Spec, name};
use super::{Found, Study};
use crate::results::{Content, Placebo, Placebos};
use crate::studyfile::PlaceboKind;

pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.placebo.clone().unwrap_or_default();
    let main = study.main()?;
    let (design, fit) = study.fit(&main)?;
    let mut kinds = Vec::new();
    let mut failed = Vec::new();
    for kind in asked.kinds {
        let drawn = |kind| drawn(study, &design, &fit, kind, asked.draws);
        let found = match kind {
            PlaceboKind::Unit => drawn(Kind::Unit),
            PlaceboKind::Cohort => drawn(Kind::Cohort),
            PlaceboKind::Mixed => drawn(Kind::Mixed),
            PlaceboKind::Time => moved_back(study, &design, &fit, &main, &asked.shifts),
            PlaceboKind::Outcome => outcomes(study, &fit, &main, &asked.outcomes),
        };
        match found {
            Ok(found) => kinds.push(found),
            Err(problem) => failed.push(Content::Failed(problem)),
        }
    }
    let mut contents = Vec::new();
    if !kinds.is_empty() {
        contents.push(Content::Placebo(Placebos { kinds, methods: methods() }));
    }
    contents.extend(failed);
    Ok(contents)
}

/// Random reassignments.
fn drawn(study: Study<'_>, design: &Design, fit: &Fit, kind: Kind, draws: usize) -> Result<Placebo> {
    let options = Options { kind, draws, seed: study.file.seed, strata: None };
    let found = placebo(design, fit, study.policy(), &options)?;
    let ever = study.data.treatment.ever().filter(|ever| *ever).count();
    let units = study.data.panel.units.len();
    let description = match kind {
        Kind::Unit => Text::new(
            format!("{ever} of {units} units are drawn without replacement and given the true dates"),
            format!("从{units}个个体中不放回抽取{ever}个作为伪处理组，政策时点保持不变"),
        ),
        Kind::Cohort => Text::new(
            format!("the whole vector of adoption dates is permuted over the {units} units, so that cohort sizes stay"),
            format!("在{units}个个体间置换全部政策时点，各队列规模保持不变"),
        ),
        Kind::Mixed => Text::new(
            format!("{ever} of {units} units are drawn, and adoption dates with them"),
            format!("同时随机抽取{ever}个个体与政策时点（共{units}个个体）"),
        ),
    };
    Ok(Placebo {
        kind: kind.name().to_owned(),
        description,
        estimate: found.estimate,
        statistic: Some(found.statistic),
        draws: found.draws,
        t: found.t,
        p: found.p,
        exact: found.exact,
        p_two_sided: Some(found.by_estimate.two_sided),
        p_left: Some(found.by_estimate.left),
        p_right: Some(found.by_estimate.right),
        p_two_sided_t: Some(found.by_t.two_sided),
        p_mc_error: Some(found.by_estimate.monte_carlo_error),
        fits: Vec::new(),
        warnings: found.warnings,
    })
}

/// A kind that consists of fits: no draws, hence no permutation p-values.
fn of_fits(study: Study<'_>, fit: &Fit, kind: &str, description: Text) -> Result<Placebo> {
    let policy = study.policy();
    let term = fit.terms().into_iter().find(|t| t.term == policy);
    let term =
        term.ok_or_else(|| Problem::new("E206", format!("\"{policy}\" has no coefficient in the main model")))?;
    Ok(Placebo {
        kind: kind.to_owned(),
        description,
        estimate: term.estimate,
        statistic: Some(term.statistic),
        draws: Vec::new(),
        t: Vec::new(),
        p: Vec::new(),
        exact: false,
        p_two_sided: None,
        p_left: None,
        p_right: None,
        p_two_sided_t: None,
        p_mc_error: None,
        fits: Vec::new(),
        warnings: Vec::new(),
    })
}

/// The policy moved back, in the rows that are not truly treated.
fn moved_back(study: Study<'_>, design: &Design, fit: &Fit, main: &Spec, shifts: &[u32]) -> Result<Placebo> {
    let possible = possible_shifts(design, study.policy())?;
    if possible.is_empty() {
        return Err(Problem::new("E607", "adoption cannot be moved back: there are too few periods before it")
            .fix("leave the placebo kind `time` out"));
    }
    let asked = if shifts.is_empty() { possible.clone() } else { shifts.to_vec() };
    let description = Text::new(
        "adoption is moved back and the truly treated rows are left out; an effect of the false date speaks against the design",
        "将政策时点前移并剔除真实处理观测；若伪时点仍有效应，则研究设计存疑",
    );
    let mut found = of_fits(study, fit, "time", description)?;
    for periods in asked {
        let record = earlier(design, study.policy(), periods).and_then(|moved| study.fit_design(&moved, main));
        let noun = if periods == 1 { "period" } else { "periods" };
        let head = Text::new(format!("{periods} {noun} earlier"), format!("提前{periods}期"));
        match record {
            Ok(fit) => found.fits.push((head, fit.record())),
            Err(problem) => found.warnings.push(Warning::new(
                &problem.id,
                format!("{periods} period(s) earlier: {}", problem.message),
                format!("提前{periods}期：{}", problem.text().zh),
            )),
        }
    }
    Ok(found)
}

/// Outcomes that the policy cannot move.
fn outcomes(study: Study<'_>, fit: &Fit, main: &Spec, names: &[String]) -> Result<Placebo> {
    let description = Text::new("outcomes that the policy cannot move", "以政策不应影响的变量作为被解释变量");
    let mut found = of_fits(study, fit, "outcome", description)?;
    for outcome in names {
        let spec = Spec { outcome: name(outcome), ..main.clone() };
        let (_, fit) = study.fit(&spec)?;
        found.fits.push((Text::same(outcome), fit.record()));
    }
    Ok(found)
}

fn methods() -> Text {
    Text::new(
        "Each draw assigns the policy at random and estimates the same model. The p-value is (1 + draws at least as \
         extreme) / (draws + 1); when no more assignments exist than draws were asked for, all of them are listed.",
        "每次抽样随机分配政策并估计同一模型；p值为（1 + 不弱于真实估计的次数）/（次数 + 1）；当可能的分配方案不超过抽样次数时逐一列举。",
    )
}
