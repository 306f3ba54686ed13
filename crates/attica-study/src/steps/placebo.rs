//! Placebo tests of the five kinds, by the main model and by other estimators.

use attica::design::Design;
use attica::diagnostic::placebo::{Kind, earlier, placebo, possible_shifts};
use attica::estimator::twfe::Twfe;
use attica::estimator::{self, Data, Estimator as _};
use attica::fit::{Fit, Term};
use attica::message::{Problem, Result};
use attica::text::Text;

use super::event_study::specs;
use super::regression::{Spec, name};
use super::{Found, Study};
use crate::effects::Overall;
use crate::placebo::{self as tests, Draws};
use crate::results::{Content, NoAnswer, Placebo, Placebos};
use crate::studyfile::{self, PlaceboKind};

pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.placebo.clone().unwrap_or_default();
    let draws = Draws {
        draws: asked.draws,
        seed: asked.seed.unwrap_or(study.file.seed),
        strata: asked.strata.clone(),
        clusters: asked.clusters.clone(),
        meter: study.watch.draws.clone(),
    };
    let data = Data { frame: &study.data.frame, panel: &study.data.panel, adoption: &study.data.treatment.adoption };
    let (_, mut spec) = specs(study, &study.file.event_study.clone().unwrap_or_default())?;
    // Nothing here shows wild p-values.
    spec.fit.wild = None;
    let mut kinds = Vec::new();
    let (mut failed, mut stopped) = (Vec::new(), Vec::new());
    for estimator in estimator::chosen(asked.estimators.as_slice())? {
        let main = if estimator.name() == Twfe.name() { Some(Main::new(study)?) } else { None };
        for &kind in &asked.kinds {
            let found = match &main {
                Some(main) => main.test(kind, &asked, &draws),
                None => tests::test(estimator, data, &spec, kind, &draws, (&asked.shifts, &asked.outcomes)),
            };
            match found {
                Ok(found) => kinds.push(found),
                Err(problem) if main.is_some() => stopped.push(Content::Failed(problem)),
                Err(problem) => {
                    let (estimator, label) = (estimator.name().to_owned(), estimator.about().title);
                    failed.push(NoAnswer { estimator, label, problem });
                }
            }
        }
    }
    if let Some(first) = kinds.iter_mut().find(|kind| !kind.draws.is_empty()) {
        first.warnings.extend(draws.caution(data));
    }
    let mut contents = Vec::new();
    if kinds.len() + failed.len() > 0 {
        contents.push(Content::Placebo(Placebos { kinds, failed, methods: methods() }));
    }
    contents.extend(stopped);
    Ok(contents)
}

/// The main model, with the effects of `[model]`.
struct Main<'a> {
    study: Study<'a>,
    spec: Spec,
    design: Design,
    fit: Fit,
    term: Term,
}

impl<'a> Main<'a> {
    fn new(study: Study<'a>) -> Result<Self> {
        let spec = study.main()?;
        let (design, fit) = study.fit(&spec)?;
        let policy = study.policy();
        let term = fit.terms().into_iter().find(|term| term.term == policy);
        let term =
            term.ok_or_else(|| Problem::new("E206", format!("\"{policy}\" has no coefficient in the main model")))?;
        Ok(Self { study, spec, design, fit, term })
    }

    fn test(&self, kind: PlaceboKind, asked: &studyfile::Placebo, draws: &Draws) -> Result<Placebo> {
        let drawn = |kind: Kind| {
            let options = draws.options(kind, &self.study.data.frame)?;
            Ok(tests::drawn(&Twfe, draws, placebo(&self.design, &self.fit, self.study.policy(), &options)?))
        };
        match kind {
            PlaceboKind::Unit => drawn(Kind::Unit),
            PlaceboKind::Cohort => drawn(Kind::Cohort),
            PlaceboKind::Mixed => drawn(Kind::Mixed),
            PlaceboKind::Time => self.moved_back(&asked.shifts),
            PlaceboKind::Outcome => Ok(self.outcomes(&asked.outcomes)),
        }
    }

    /// A kind that consists of fits.
    fn of_fits(&self, kind: &str, description: Text, fits: Vec<(Text, Result<Fit>)>) -> Placebo {
        let term = Overall::from(&self.term);
        let mut all = tests::empty(&Twfe, kind, description, term.estimate);
        all.statistic = term.statistic;
        for (head, found) in fits {
            match found {
                Ok(fit) => {
                    let policy = self.study.policy();
                    let own = fit.terms().iter().find(|term| term.term == policy).map(Overall::from);
                    all.effects.extend(own.map(|own| (head.clone(), own)));
                    all.fits.push((head, fit.record()));
                }
                Err(problem) => all.warnings.push(tests::without(&head, &problem)),
            }
        }
        all
    }

    /// The policy moved back, in the rows that are not truly treated.
    fn moved_back(&self, shifts: &[u32]) -> Result<Placebo> {
        let (policy, design) = (self.study.policy(), &self.design);
        let asked = tests::periods(shifts, possible_shifts(design, policy)?)?;
        let moved = |&periods: &u32| {
            let fit = earlier(design, policy, periods).and_then(|moved| self.study.fit_design(&moved, &self.spec));
            (tests::earlier(periods), fit)
        };
        Ok(self.of_fits("time", tests::moved(), asked.iter().map(moved).collect()))
    }

    /// Outcomes that the policy cannot move.
    fn outcomes(&self, names: &[String]) -> Placebo {
        let other = |outcome: &String| {
            let spec = Spec { outcome: name(outcome), ..self.spec.clone() };
            (Text::same(outcome), self.study.fit(&spec).map(|(_, fit)| fit))
        };
        self.of_fits("outcome", tests::unaffected(), names.iter().map(other).collect())
    }
}

fn methods() -> Text {
    Text::new(
        "Each draw assigns the policy at random and estimates the same model. The p-value is (1 + draws at least as \
         extreme) / (draws + 1); when no more assignments exist than draws were asked for, all of them are listed, and the \
         p-value is the share of them that is at least as extreme.",
        "每次抽样随机分配政策并估计同一模型；p值为（1 + 不弱于真实估计的次数）/（次数 + 1）；当可能的分配方案不超过抽样次数时逐一列举，p值即其中不弱于真实估计者所占比例。",
    )
}
