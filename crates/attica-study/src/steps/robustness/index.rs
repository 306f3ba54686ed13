//! What the outcome's index adds to the uncertainty of the effect: draws that estimate both again, and the effect on
//! each usual form of the index.

use attica::diagnostic::joint_index::{IndexOutcome, deviation, joint_index};
use attica::frame::transform::percentile;
use attica::frame::{Column, Values, codes};
use attica::message::{Problem, Result};
use attica::text::Text;
use attica::vcov::Vcov;
use rayon::prelude::*;

use crate::results::{IndexDraws, IndexForm, IndexRank, IndexResult, IndexUncertainty};
use crate::run::{build_index, index_options, index_parts};
use crate::steps::Study;
use crate::steps::regression::{Spec, name};
use crate::studyfile::{Index, IndexMethod, IndexNorm, IndexPeriod, Robustness};

/// # Errors
/// `E607` when the outcome is no index; those of the main regression, of the index and of the draws.
pub(super) fn uncertainty(study: Study<'_>, main: &Spec, asked: &Robustness) -> Result<IndexUncertainty> {
    let outcome = study.outcome();
    let Some(index) = study.file.index.get(outcome) else {
        return Err(Problem::new("E607", format!("the outcome \"{outcome}\" is no index of this study"))
            .fix("leave index_bootstrap and index_forms out"));
    };
    let (design, fit) = study.fit(main)?;
    let term = fit.record().terms.into_iter().find(|term| term.term == study.policy());
    let term =
        term.ok_or_else(|| Problem::new("E206", format!("no effect of \"{}\" can be estimated", study.policy())))?;
    let draws = match asked.index_bootstrap {
        None | Some(0) => None,
        Some(draws) => {
            let (frame, panel) = (&study.data.frame, &study.data.panel);
            let (by, clusters) = clusters(study, &main.vcov);
            let parts = index_parts(index, frame)?;
            let options = index_options(index, panel)?;
            let source = IndexOutcome {
                indicators: &parts,
                period: &panel.time,
                options: &options,
                scores: frame.numbers(outcome)?,
                clusters: &clusters,
            };
            let found = joint_index(&design, study.policy(), &source, draws, study.file.seed)?;
            let mut sorted = found.joint.clone();
            sorted.sort_by(f64::total_cmp);
            let tail = 50.0 * (1.0 - fit.level);
            let at = |percent: f64| percentile(&sorted, percent).unwrap_or(found.estimate);
            Some(IndexDraws {
                draws: found.joint.len(),
                failed: found.failed,
                by,
                clusters: found.clusters,
                seed: study.file.seed,
                joint: deviation(&found.joint),
                fixed: deviation(&found.fixed),
                conf_low: at(tail),
                conf_high: at(100.0 - tail),
                effects: found.joint,
            })
        }
    };
    let (forms, failed) = if asked.index_forms { forms(study, main, index)? } else { (Vec::new(), Vec::new()) };
    Ok(IndexUncertainty { index: outcome.to_owned(), level: fit.level, term, draws, forms, failed })
}

/// What is drawn: the cluster variable when there is one that holds whole units, else the unit.
fn clusters(study: Study<'_>, vcov: &Vcov) -> (String, Vec<u32>) {
    let panel = &study.data.panel;
    if let [by] = vcov.clusters()
        && let Some(column) = study.data.frame.get(by)
    {
        let (found, _) = codes::codes_of(column);
        let mut of_unit: Vec<Option<u32>> = vec![None; panel.units.len()];
        let whole = found.iter().zip(panel.unit.iter()).all(|(&code, &unit)| {
            let known = &mut of_unit[unit as usize];
            *known.get_or_insert(code) == code
        });
        if whole && !column.has_missing() {
            return (by.clone(), found);
        }
    }
    (panel.unit_name.clone(), panel.unit.to_vec())
}

type Change = (&'static str, &'static str, fn(&mut Index));

/// The usual other forms of an index.
const FORMS: [Change; 8] = [
    ("entropy weights, TOPSIS", "熵权TOPSIS", |index| index.method = IndexMethod::EntropyTopsis),
    ("entropy weights, weighted sum", "熵值法加权求和", |index| index.method = IndexMethod::Entropy),
    ("equal weights, TOPSIS", "等权TOPSIS", |index| index.method = IndexMethod::Topsis),
    ("first principal component", "第一主成分", |index| index.method = IndexMethod::Pca),
    ("weights of the first period", "以首期数据赋权", |index| index.weights = IndexPeriod::Base),
    ("distances of vector-normalised values", "向量规范化后求距离", |index| index.norm = IndexNorm::Vector),
    ("weights enter distances once", "权重在距离中只计一次", |index| index.weight_once = !index.weight_once),
    ("weights in two levels", "两层赋权", |index| index.two_levels = !index.two_levels),
];

/// Forms with an effect, and those without.
type Forms = (Vec<IndexForm>, Vec<(Text, Problem)>);

/// The effect on the study's own form and on each other that differs from it, and those that have none.
fn forms(study: Study<'_>, main: &Spec, index: &Index) -> Result<Forms> {
    let own = Form::of(study, index)?;
    let mut asked: Vec<(Text, Index)> = Vec::new();
    for (en, zh, change) in FORMS {
        let mut changed = index.clone();
        change(&mut changed);
        let distances = matches!(changed.method, IndexMethod::EntropyTopsis | IndexMethod::Topsis);
        let touches = distances || (changed.norm == index.norm && changed.weight_once == index.weight_once);
        if changed != *index && touches && (changed.two_levels == index.two_levels || index.dimensions.len() > 1) {
            asked.push((Text::new(en, zh), changed));
        }
    }
    let first = own.effect(study, main, Text::new("as in the study", "基准构建方法"), &own)?;
    let found: Vec<Result<IndexForm>> = asked
        .par_iter()
        .map(|(label, index)| Form::of(study, index)?.effect(study, main, label.clone(), &own))
        .collect();
    let mut forms = vec![IndexForm { main: true, ..first }];
    let mut failed = Vec::new();
    for ((label, _), found) in asked.into_iter().zip(found) {
        match found {
            // A form that gives the same scores is the same one.
            Ok(form) if form.rank_correlation >= 1.0 && form.term == forms[0].term => {}
            Ok(form) => forms.push(form),
            Err(problem) => failed.push((label, problem)),
        }
    }
    Ok((forms, failed))
}

/// Scores of one form.
struct Form {
    column: Column,
    ranks: Vec<IndexRank>,
}

impl Form {
    fn of(study: Study<'_>, index: &Index) -> Result<Self> {
        let (column, IndexResult { ranks, .. }) =
            build_index(study.outcome(), index, &study.data.frame, &study.data.panel)?;
        Ok(Self { column, ranks })
    }

    fn effect(&self, study: Study<'_>, main: &Spec, label: Text, own: &Self) -> Result<IndexForm> {
        let mut frame = study.data.frame.clone();
        frame.set(self.column.clone())?;
        let spec = Spec { outcome: name(study.outcome()), ..main.clone() };
        let design = study.design_in(&frame, &study.data.panel, &spec)?;
        let record = study.fit_design(&design, &spec)?.record();
        let term = record.terms.into_iter().find(|term| term.term == study.policy());
        let term =
            term.ok_or_else(|| Problem::new("E206", format!("no effect of \"{}\" can be estimated", study.policy())))?;
        let Values::Number(scores) = &self.column.values else {
            return Err(Problem::new("E301", "the index is no number"));
        };
        let used: Vec<f64> = design.sample.iter().map(|&row| scores[row as usize]).collect();
        let (rank_correlation, largest_shift, unit) = shift(&own.ranks, &self.ranks);
        Ok(IndexForm { label, main: false, term, sd: deviation(&used), rank_correlation, largest_shift, unit })
    }
}

/// Spearman's correlation of two rankings of the same units, and the largest change with its unit.
fn shift(own: &[IndexRank], other: &[IndexRank]) -> (f64, usize, String) {
    let place: std::collections::HashMap<&str, usize> = other.iter().map(|row| (row.unit.as_str(), row.rank)).collect();
    let pairs: Vec<(&str, f64, f64)> = own
        .iter()
        .filter_map(|row| Some((row.unit.as_str(), row.rank as f64, *place.get(row.unit.as_str())? as f64)))
        .collect();
    let n = pairs.len() as f64;
    let mean = |of: fn(&(&str, f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (a, b) = (mean(|pair| pair.1), mean(|pair| pair.2));
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|pair| f(pair.1 - a, pair.2 - b)).sum::<f64>();
    let (both, one, two) = (sum(&|x, y| x * y), sum(&|x, _| x * x), sum(&|_, y| y * y));
    let correlation = if one > 0.0 && two > 0.0 { both / (one * two).sqrt() } else { 1.0 };
    let mut furthest = (0, String::new());
    for (unit, x, y) in pairs {
        let by = (x - y).abs() as usize;
        if by > furthest.0 {
            furthest = (by, unit.to_owned());
        }
    }
    (correlation, furthest.0, furthest.1)
}
