//! Difference-in-differences on matched samples: all matched rows, rows on common support, and weighted.

use attica::design::WeightKind;
use attica::frame::Column;
use attica::ledger::Reason;
use attica::matching::panel::{Candidate, Candidates, PanelMatch, Question, Timing};
use attica::matching::{Method, Status};
use attica::math::density::density;
use attica::message::{Problem, Result};
use attica::text::Text;
use rayon::prelude::*;

use super::regression::Spec;
use super::{Found, Study};
use crate::results::{Content, Densities, Match, Matching, Model, Models, ScoreModel, TimedMatches, UnitWeight};
use crate::studyfile::{self, MatchTiming};

/// What tables call the column of weights.
const WEIGHT: &str = "matching weight";

pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.matching.clone().unwrap_or_default();
    let main = study.main()?;
    let names = asked.covariates(study.file);
    let numbers = |name: &String| Ok((name.clone(), study.data.frame.numbers(name)?.to_vec()));
    let covariates: Vec<(String, Vec<f64>)> = names.iter().map(numbers).collect::<Result<_>>()?;
    let timings = asked.timings();
    let of = |&(name, timing): &(MatchTiming, Timing)| {
        let anticipation = study.file.estimators.anticipation as u32;
        let question = Question {
            panel: &study.data.panel,
            treatment: &study.data.treatment.values,
            covariates: &covariates,
            timing,
            anticipation: anticipation.max(study.file.policy.anticipation),
        };
        let tail = if timings.len() > 1 { short(name) } else { Text::default() };
        let step = Step { study, asked: &asked, main: &main, tail };
        step.timed(name, question)
    };
    let found: Vec<(Option<TimedMatches>, Vec<Model>)> = timings.par_iter().map(of).collect();
    let first = study.model(&Spec { head: Text::new("Baseline", "基准"), ..main.clone() });
    let (mut timings, mut models) = (Vec::new(), vec![first]);
    for (timed, columns) in found {
        timings.extend(timed);
        models.extend(columns);
    }
    let table = Models {
        id: "matching".to_owned(),
        title: Text::new("Difference-in-differences on matched samples", "匹配样本的双重差分估计（PSM-DID）"),
        models,
        show: vec![study.policy().to_owned()],
        tests: Vec::new(),
        methods: methods(study),
        cautions: Vec::new(),
    };
    let details = (!timings.is_empty()).then(|| Content::Matching(Matching { covariates: names.to_vec(), timings }));
    Ok(std::iter::once(Content::Models(table)).chain(details).collect())
}

/// Name of the weights in regressions and notes, and what a reader calls it: with the study's own weights, it is their product.
pub(crate) fn weight_name(file: &studyfile::StudyFile) -> (String, Text) {
    let plain = Text::new("matching weight", "匹配权重");
    match &file.model.weights {
        None => (WEIGHT.to_owned(), plain),
        Some(own) => {
            let label = file.labels.get(&own.column).map_or_else(|| Text::same(&own.column), studyfile::Words::text);
            let label = Text::new(format!("{} × {}", plain.en, label.en), format!("{}×{}", plain.zh, label.zh));
            (format!("{WEIGHT} × {}", own.column), label)
        }
    }
}

/// What all matches of one timing share.
struct Step<'a> {
    study: Study<'a>,
    asked: &'a studyfile::Matching,
    main: &'a Spec,
    /// What heads add where there are several timings.
    tail: Text,
}

impl Step<'_> {
    /// The candidates of `question` with every match, and a column of the table for each regression.
    fn timed(&self, name: MatchTiming, question: Question<'_>) -> (Option<TimedMatches>, Vec<Model>) {
        let candidates = match Candidates::new(question) {
            Ok(candidates) => candidates,
            Err(problem) => return (None, vec![self.failed(&long(name, None), problem)]),
        };
        let matched = |method: &Method| (*method, candidates.matched(*method, self.asked.common));
        let matched: Vec<(Method, Result<PanelMatch>)> = self.asked.methods().par_iter().map(matched).collect();
        // Support is the scores', whatever is done with them then.
        let by_score =
            |(method, found): &(Method, Result<PanelMatch>)| found.clone().ok().filter(|_| method.by_score());
        let support = matched.iter().find_map(by_score).filter(|_| self.asked.common);
        let one = |(method, found): &(Method, Result<PanelMatch>)| match found {
            Ok(found) => (Some(self.summary(&candidates, *method, found)), self.columns(*method, found)),
            Err(problem) => (None, vec![self.failed(&label(*method), problem.clone())]),
        };
        let found: Vec<(Option<Match>, Vec<Model>)> = matched.par_iter().map(one).collect();
        let treated = candidates.all.iter().filter(|candidate| candidate.treated).count();
        let mut models: Vec<Model> = support.map(|found| self.support(&found)).into_iter().collect();
        let mut matches = Vec::new();
        for (one, columns) in found {
            matches.extend(one);
            models.extend(columns);
        }
        let score = candidates.score.as_ref().ok().map(|score| ScoreModel {
            terms: score.terms.clone(),
            omitted: score.omitted.clone(),
            pseudo_r2: score.pseudo_r2,
        });
        let timed = TimedMatches {
            timing: name,
            label: long(name, candidates.base),
            base: candidates.base,
            treated,
            controls: candidates.all.len() - treated,
            ledger: candidates.ledger.clone(),
            score,
            density: densities(&candidates.all, None),
            matches,
        };
        (Some(timed), models)
    }

    fn summary(&self, candidates: &Candidates<'_>, method: Method, found: &PanelMatch) -> Match {
        let all = &candidates.all;
        let used =
            |treated: bool| all.iter().zip(&found.weights).filter(move |(c, w)| c.treated == treated && **w > 0.0);
        let count = |status: Status| found.status.iter().filter(|own| **own == status).count();
        let panel = &self.study.data.panel;
        let weight = |(candidate, weight): (&Candidate, &f64)| UnitWeight {
            unit: panel.units[panel.unit[candidate.row as usize] as usize].clone(),
            treated: candidate.treated,
            score: candidate.score,
            weight: *weight,
        };
        let weighed = all.iter().zip(&found.weights).filter(|(_, w)| candidates.base.is_some() && **w > 0.0);
        Match {
            method,
            label: label(method),
            treated: used(true).count(),
            controls: used(false).count(),
            effective_controls: found.effective_controls,
            off_support: (method.by_score() && self.asked.common).then(|| count(Status::OffSupport)),
            no_match: count(Status::NoMatch),
            ledger: found.ledger.clone(),
            balance: found.balance.clone(),
            density: densities(all, Some(&found.weights)),
            weights: weighed.map(weight).collect(),
            warnings: found.warnings.clone(),
        }
    }

    /// The regression on all candidates but treated ones whose score no control reaches.
    fn support(&self, found: &PanelMatch) -> Model {
        let reason = Reason::excluded("off common support, or no candidate", "不在共同支撑域，或不是匹配候选");
        let spec = self.spec(&Text::new("Common support", "共同支撑"), &Text::default());
        self.study.model(&Spec { subset: Some((reason, found.row_support.clone())), ..spec })
    }

    /// The regressions on one match. Entropy balancing gives every control a weight and has nothing but a weighted one.
    fn columns(&self, method: Method, found: &PanelMatch) -> Vec<Model> {
        let rows: Vec<bool> = found.row_weights.iter().map(|w| *w > 0.0).collect();
        let on = |what: Text| Spec {
            subset: Some((Reason::excluded("not matched", "未匹配"), rows.clone())),
            ..self.spec(&label(method), &what)
        };
        let mut columns = Vec::new();
        if !matches!(method, Method::Entropy(_)) {
            columns.push(self.study.model(&on(Text::new("matched", "匹配样本"))));
        }
        columns.push(self.weighted(on(Text::new("weighted", "加权")), &found.row_weights));
        columns
    }

    /// The column of `spec` under matching weights, times the study's own.
    fn weighted(&self, spec: Spec, weights: &[f64]) -> Model {
        let (name, _) = weight_name(self.study.file);
        let own = self.study.weights();
        let frame = own.as_ref().map(|(own, _)| self.study.data.frame.numbers(own)).transpose().and_then(|own| {
            let product = |(row, w): (usize, &f64)| own.map_or(*w, |own| own[row] * w);
            let mut frame = self.study.data.frame.clone();
            frame.set(Column::number(&name, weights.iter().enumerate().map(product).collect()))?;
            Ok(frame)
        });
        // Matching weights are no copies of rows: N stays the number of rows.
        let kind = match own {
            Some((_, WeightKind::Probability)) => WeightKind::Probability,
            _ => WeightKind::Analytic,
        };
        let spec = Spec { weights: Some((name, kind)), ..spec };
        match frame {
            Ok(frame) => self.study.model_in(&frame, &spec),
            Err(problem) => spec.column(Err(problem)),
        }
    }

    fn spec(&self, label: &Text, what: &Text) -> Spec {
        let parts = |of: fn(&Text) -> &str| [&self.tail, what].map(of).into_iter().filter(|part| !part.is_empty());
        let en = parts(|text| &text.en).fold(label.en.clone(), |head, part| format!("{head}, {part}"));
        let zh: Vec<&str> = parts(|text| &text.zh).collect();
        let zh = if zh.is_empty() { label.zh.clone() } else { format!("{}（{}）", label.zh, zh.join("，")) };
        Spec { head: Text::new(en, zh), ..self.main.clone() }
    }

    fn failed(&self, label: &Text, problem: Problem) -> Model {
        self.spec(label, &Text::default()).column(Err(problem))
    }
}

/// Densities of the score under `weights`; none without scores.
fn densities(all: &[Candidate], weights: Option<&[f64]>) -> Option<Densities> {
    let of = |treated: bool| -> Option<Vec<(f64, f64)>> {
        let own: Vec<usize> = (0..all.len()).filter(|&i| all[i].treated == treated).collect();
        let scores: Vec<f64> = own.iter().map(|&i| all[i].score).collect::<Option<_>>()?;
        let weights: Option<Vec<f64>> = weights.map(|weights| own.iter().map(|&i| weights[i]).collect());
        Some(density(&scores, weights.as_deref(), (0.0, 1.0)))
    };
    Some(Densities { treated: of(true)?, controls: of(false)? })
}

/// What tables call a method.
fn label(method: Method) -> Text {
    match method {
        Method::Nearest(how) => Text::new(format!("Nearest 1:{}", how.count), format!("最近邻1:{}", how.count)),
        Method::Radius(radius) => Text::new(format!("Radius {radius}"), format!("半径{radius}")),
        Method::Kernel(width) => Text::new(format!("Kernel {width}"), format!("核匹配{width}")),
        Method::Mahalanobis(how) => {
            Text::new(format!("Mahalanobis 1:{}", how.count), format!("马氏距离1:{}", how.count))
        }
        Method::Entropy(1) => Text::new("Entropy balancing", "熵平衡"),
        Method::Entropy(_) => Text::new("Entropy balancing, variances too", "熵平衡（含方差）"),
    }
}

/// A timing in a head.
fn short(timing: MatchTiming) -> Text {
    match timing {
        MatchTiming::Base => Text::new("base period", "基期"),
        MatchTiming::Yearly => Text::new("period by period", "逐期"),
        MatchTiming::Pooled => Text::new("pooled", "混合"),
    }
}

/// A timing in full.
fn long(timing: MatchTiming, base: Option<f64>) -> Text {
    match (timing, base) {
        (MatchTiming::Base, Some(base)) => Text::new(format!("matched once, in {base}"), format!("{base}年基期匹配")),
        (MatchTiming::Base, None) => Text::new("matched once, before the policy", "基期匹配"),
        (MatchTiming::Yearly, _) => Text::new("matched period by period", "逐期匹配"),
        (MatchTiming::Pooled, _) => Text::new("pooled rows matched", "混合匹配"),
    }
}

fn methods(study: Study<'_>) -> Text {
    let own = if study.file.model.weights.is_some() {
        Text::new(", times the study's own weights", "，并与研究自身的权重相乘")
    } else {
        Text::default()
    };
    Text::new(
        format!(
            "Columns on common support keep all candidates but treated ones whose score no control reaches; matched columns keep the rows with weight \
             and weigh them as the baseline does; weighted columns weigh each treated unit by 1 and each control by the matches that it \
             stands for{}, as analytic weights, whose coefficients are those of frequency weights. Standard errors take the weights as known",
            own.en
        ),
        format!(
            "“共同支撑”列仅剔除得分超出对照组范围的处理个体；“匹配样本”列保留有权重的观测，加权方式与基准相同；“加权”列中处理个体权重为1，\
             对照的权重为其所代表的匹配份额之和{}，按解析权重估计，系数与频数加权一致。标准误将权重视为已知",
            own.zh
        ),
    )
}
