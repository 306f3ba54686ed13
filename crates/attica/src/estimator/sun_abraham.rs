//! Sun and Abraham (2021, Journal of Econometrics 225): cohort-specific event-time effects from one
//! saturated two-way regression, averaged by cohort shares. Reference implementation: fixest `sunab`.

use nalgebra::DMatrix;

use super::event::Effect;
use super::staggered::{Staggered, Words};
use super::{About, Data, Estimate, Estimator, Spec};
use crate::fit::{Fit, Term, fit};
use crate::message::{Problem, Result, Warning};
use crate::text::Text;

/// Interaction-weighted effects; cohort shares are taken as known, as fixest does.
pub struct SunAbraham;

/// A cohort in one event time: its regressor's name, and its treated rows (weighted).
struct Cell {
    name: String,
    event: i64,
    share: f64,
    rows: usize,
}

impl Estimator for SunAbraham {
    fn name(&self) -> &'static str {
        "sa"
    }

    fn about(&self) -> About {
        About {
            title: Text::new("Sun–Abraham", "Sun–Abraham估计量"),
            reference: "Sun and Abraham (2021), Journal of Econometrics 225(2)",
            assumptions: vec![
                Text::new(
                    "Parallel trends between each cohort and the never-treated (or the last cohort, where all are treated).",
                    "各处理批次与从未处理组（若全部最终受处理，则与最后一批）平行趋势成立。",
                ),
                Text::new("No anticipation: nothing changes before adoption.", "无预期效应：政策实施前结果不变。"),
            ],
            options: vec![("window", Text::new("first and last event time shown", "展示的首末相对时间"))],
        }
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let (fitted, cells, all_treated) = saturated(&mut sample, spec)?;
        let place = |cell: &Cell| fitted.names.iter().position(|n| *n == cell.name);
        // Weights of one event time over the coefficients that could be estimated.
        let weights = |cells: &[&Cell]| {
            let mut row = vec![0.0; fitted.names.len()];
            let found: Vec<(usize, f64)> = cells.iter().filter_map(|cell| Some((place(cell)?, cell.share))).collect();
            let total: f64 = found.iter().map(|(_, share)| share).sum();
            for (at, share) in &found {
                row[*at] = share / total;
            }
            (!found.is_empty()).then_some(row)
        };
        let (mut effects, mut rows) = (Vec::new(), Vec::new());
        for k in sample.event_times(spec).into_iter().filter(|k| *k != -1) {
            let at: Vec<&Cell> = cells.iter().filter(|cell| cell.event == k).collect();
            if let Some(row) = weights(&at) {
                let estimate = row.iter().zip(&fitted.coefficients).map(|(w, b)| w * b).sum();
                effects.push(Effect { event_time: k, binned: false, estimate, n: at.iter().map(|c| c.rows).sum() });
                rows.push(row);
            }
        }
        let post: Vec<&Cell> = cells.iter().filter(|cell| cell.event >= 0).collect();
        let Some(overall) = weights(&post) else {
            return Err(Problem::new(
                "E206",
                "no cohort has an effect after adoption that unit and period effects leave identified",
            )
            .fix("check that some units are treated later than others, or never"));
        };
        let a = DMatrix::from_fn(rows.len(), fitted.names.len(), |i, j| rows[i][j]);
        let v = &a * &fitted.inference.covariance * a.transpose();
        let covariance = (0..rows.len()).map(|i| (0..rows.len()).map(|j| v[(i, j)]).collect()).collect();
        let words = Words {
            label: self.about().title,
            control_group: if all_treated {
                Text::new("the last cohort, before it is treated", "最后一批处理个体（处理前）")
            } else {
                Text::new("never-treated units", "从未处理的个体")
            },
            base: Text::new(
                "long differences: every effect is compared with event time -1",
                "长差分：各期效应均以相对时间 -1 为基准",
            ),
        };
        let references = Effect { event_time: -1, binned: false, estimate: 0.0, n: sample.rows_at(-1) };
        let study =
            sample.study_with(self.name(), &words, effects, covariance, vec![references], fitted.se_card().df, spec);
        let term = Term { term: spec.treatment.clone(), ..fitted.combination(&spec.treatment, &overall) };
        let record = fitted.record();
        sample.warnings.extend(
            record
                .warnings
                .iter()
                .filter(|w| !sample.design.warnings.contains(w) && !sample.warnings.contains(w))
                .cloned()
                .collect::<Vec<_>>(),
        );
        let ledger = record.ledger.clone();
        let mut answer = sample.estimate(self.name(), words, term, Some(study));
        (answer.n_obs, answer.ledger, answer.fit) = (record.n_obs, ledger, Some(record));
        Ok(answer)
    }
}

/// The regression on every cohort by event time but -1, and whether all units end up treated.
fn saturated(sample: &mut Staggered, spec: &Spec) -> Result<(Fit, Vec<Cell>, bool)> {
    leave_out_without_base(sample);
    let all_treated = (0..sample.unit.len()).all(|r| sample.event_time(r).is_some());
    let dates = (0..sample.unit.len()).filter_map(|r| sample.first[sample.unit[r] as usize]);
    let last = dates.fold(f64::NEG_INFINITY, f64::max);
    if all_treated {
        let before_last = |r: &u32| sample.times[sample.time[*r as usize] as usize] < last;
        let keep: Vec<u32> = (0..sample.unit.len() as u32).filter(before_last).collect();
        let lost = sample.unit.len() - keep.len();
        sample.warnings.push(Warning::new(
            "W204",
            format!("no unit is never treated: the {lost} rows from {last} on, when nobody is left untreated, are left out, and the cohort of {last} is the comparison"),
            format!("没有从未处理的个体：{last}起已无未处理个体，剔除其{lost}个观测；以{last}批次为对照"),
        ));
        sample.keep(&keep);
    }
    let mut cells: Vec<(f64, i64)> = (0..sample.unit.len())
        .filter_map(|r| {
            Some((sample.first[sample.unit[r] as usize].filter(|g| !all_treated || *g < last)?, sample.event_time(r)?))
        })
        .filter(|(_, k)| *k != -1)
        .collect();
    cells.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    cells.dedup();
    let mut design = sample.design.clone();
    let mut found = Vec::with_capacity(cells.len());
    let mut columns = Vec::with_capacity(cells.len());
    for (cohort, event) in cells {
        let holds =
            |r: usize| sample.event_time(r) == Some(event) && sample.first[sample.unit[r] as usize] == Some(cohort);
        let column: Vec<f64> = (0..sample.unit.len()).map(|r| f64::from(u8::from(holds(r)))).collect();
        let share = column.iter().zip(&sample.weight).map(|(c, w)| c * w).sum();
        let name = format!("event::{event}:cohort::{cohort}");
        found.push(Cell { name: name.clone(), event, share, rows: column.iter().filter(|c| **c > 0.0).count() });
        columns.push((name, column));
    }
    columns.append(&mut design.regressors);
    design.regressors = columns;
    Ok((fit(&design, &spec.fit)?, found, all_treated))
}

/// Leaves out the cohorts that have no row in the period before adoption, which their effects are differences from.
fn leave_out_without_base(sample: &mut Staggered) {
    let cohort = |r: usize| sample.first[sample.unit[r] as usize];
    let rows = 0..sample.unit.len();
    let mut based: Vec<f64> = rows.clone().filter(|&r| sample.event_time(r) == Some(-1)).filter_map(cohort).collect();
    based.sort_by(f64::total_cmp);
    based.dedup();
    let mut without: Vec<f64> = rows.clone().filter_map(cohort).filter(|g| !based.contains(g)).collect();
    without.sort_by(f64::total_cmp);
    without.dedup();
    if without.is_empty() {
        return;
    }
    let seen_before = rows.clone().filter(|&r| sample.event_time(r).is_some_and(|k| k < -1)).filter_map(cohort);
    let id = if seen_before.into_iter().any(|g| without.contains(&g)) { "W805" } else { "W203" };
    let keep: Vec<u32> = rows.filter(|&r| cohort(r).is_none_or(|g| based.contains(&g))).map(|r| r as u32).collect();
    let lost = sample.unit.len() - keep.len();
    let listed = without.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    sample.warnings.push(Warning::new(
        id,
        format!("cohorts {listed} have no row in the period before adoption, which effects are differences from; their {lost} rows are left out"),
        format!("批次{listed}在实施前一期没有观测，无法作为差分基准，剔除其{lost}个观测"),
    ));
    sample.keep(&keep);
}
