//! The stacked regression: outcome on treated x event time, with effects of both, and controls.
//!
//! Treated x event time saturates the regression, so coefficients are differences of cell means and their
//! scores are residuals: no indicator is ever formed. Only controls need least squares, within cells.

use nalgebra::{DMatrix, RowDVector};

use super::Weights;
use super::experiments::{Experiments, Stacked};
use crate::absorb::Share;
use crate::design::WeightKind;
use crate::estimator::Spec;
use crate::estimator::group_time::{At, Average, Cell};
use crate::estimator::staggered::Staggered;
use crate::math::triangle::least_squares;
use crate::message::{Problem, Result, Warning};
use crate::vcov::Vcov;

/// What the stack says.
pub(super) struct Found {
    /// Effects by event time, the reference left out, with influences of clusters (small-sample factor
    /// included).
    pub effects: Vec<Average>,
    /// The effect on each cohort at each event time; none without corrective weights, for then the effects
    /// by event time are no averages of them.
    pub cells: Vec<Cell>,
    /// Rows of the sample that are in the stack.
    pub used: Vec<u32>,
    /// Rows of the stack.
    pub stack_rows: usize,
    /// Treated rows at the reference.
    pub reference_rows: usize,
    /// Degrees of freedom: clusters less one.
    pub df: f64,
    /// Controls that say nothing within cells.
    pub warnings: Vec<Warning>,
}

/// The data of the regression.
pub(super) struct Regression<'a> {
    sample: &'a Staggered,
    experiments: &'a Experiments<'a>,
    weights: Weights,
    /// Outcome, then controls.
    columns: Vec<&'a [f64]>,
}

/// Cells in pairs, controls before treated: total weight, rows, and the mean of each column.
struct Cells {
    weight: Vec<f64>,
    rows: Vec<usize>,
    means: Vec<Vec<f64>>,
}

/// Coefficients of the controls, zero for those that vary only between cells.
struct Slopes {
    coefficients: Vec<f64>,
    /// `(X'WX)^-1` within cells.
    inverse: DMatrix<f64>,
    kept: usize,
    warnings: Vec<Warning>,
}

/// Scores of clusters: of treated less control means by event time, in the stack and in each
/// sub-experiment, and of the controls' coefficients.
struct Scores {
    stack: Vec<Vec<f64>>,
    experiments: Vec<Vec<f64>>,
    slopes: Vec<Vec<f64>>,
}

impl<'a> Regression<'a> {
    pub fn new(sample: &'a Staggered, experiments: &'a Experiments<'a>, weights: Weights) -> Self {
        let controls = sample.design.regressors.iter().map(|(_, values)| &values[..]);
        let columns = std::iter::once(&sample.design.outcome.1[..]).chain(controls).collect();
        Self { sample, experiments, weights, columns }
    }

    /// # Errors
    /// `E404` with one cluster, `E701` without degrees of freedom.
    pub fn fit(&self, spec: &Spec) -> Result<Found> {
        let (events, low) = (self.experiments.events(), self.experiments.window[0]);
        let base = (self.experiments.reference - low) as usize;
        let own = self.cells();
        let factors = self.control_factors(&own);
        let stack = self.pool(&own, &factors);
        let slopes = self.slopes(&stack, &factors);
        let scores = self.scores(&own, &stack, &factors, &slopes);
        let (used, clusters) = self.used();
        let (factor, df) = self.small_sample(spec, &own, clusters, slopes.kept)?;
        let change = |of: &Cells, at: [usize; 2], by: &[Vec<f64>]| {
            slopes.change(of, at, at.map(|pair| &by[pair][..]), &scores.slopes, factor.sqrt())
        };

        let others = || (0..events).filter(|event| *event != base);
        let effects = others().map(|event| {
            let (estimate, influence) = change(&stack, [event, base], &scores.stack);
            let n = stack.rows[2 * event + 1];
            Average { at: Some(At::EventTime(event as i64 + low)), estimate, influence, n }
        });
        let effects = effects.collect();
        let mut cells = Vec::new();
        for experiment in 0..if self.weights == Weights::Corrective { self.experiments.cohorts.len() } else { 0 } {
            let cohort = self.experiments.cohorts[experiment];
            for event in others() {
                let at = [event, base].map(|event| experiment * events + event);
                let (estimate, influence) = change(&own, at, &scores.experiments);
                let event_time = event as i64 + low;
                cells.push(Cell {
                    group: self.experiments.timeline.time(cohort),
                    time: self.experiments.timeline.time(cohort + event_time),
                    event_time,
                    base: Some(self.experiments.timeline.time(cohort + self.experiments.reference)),
                    estimate,
                    influence,
                    is_reference: false,
                    weight: own.weight[2 * at[0] + 1],
                    weight_influence: None,
                    n_treated: own.rows[2 * at[0] + 1],
                    n_control: Some(own.rows[2 * at[0]]),
                });
            }
        }
        let reference_rows = stack.rows[2 * base + 1];
        let stack_rows = own.rows.iter().sum();
        Ok(Found { effects, cells, used, stack_rows, reference_rows, df, warnings: slopes.warnings })
    }

    fn pair(&self, at: Stacked) -> usize {
        at.experiment * self.experiments.events() + at.event
    }

    /// Cells of all sub-experiments: pair `experiment * events + event`.
    fn cells(&self) -> Cells {
        let size = 2 * self.experiments.cohorts.len() * self.experiments.events();
        let (mut weight, mut rows) = (vec![0.0; size], vec![0; size]);
        let mut means = vec![vec![0.0; size]; self.columns.len()];
        self.experiments.each(self.sample, |at| {
            let (cell, w) = (2 * self.pair(at) + usize::from(at.treated), self.sample.weight[at.row]);
            weight[cell] += w;
            rows[cell] += 1;
            for (sums, column) in means.iter_mut().zip(&self.columns) {
                sums[cell] += w * column[at.row];
            }
        });
        for sums in &mut means {
            sums.iter_mut().zip(&weight).for_each(|(sum, w)| *sum /= w);
        }
        Cells { weight, rows, means }
    }

    /// What controls of each pair are multiplied with: the share of the sub-experiment in the treated over
    /// its share in the controls, at that event time (the authors' `compute_weights`).
    fn control_factors(&self, own: &Cells) -> Vec<f64> {
        let events = self.experiments.events();
        let total = |event: usize, treated: usize| -> f64 {
            own.weight.chunks(2 * events).map(|experiment| experiment[2 * event + treated]).sum()
        };
        let factor = |pair: usize| match self.weights {
            Weights::None => 1.0,
            Weights::Corrective => {
                let event = pair % events;
                (own.weight[2 * pair + 1] / total(event, 1)) / (own.weight[2 * pair] / total(event, 0))
            }
        };
        (0..own.weight.len() / 2).map(factor).collect()
    }

    /// Cells of the stack: pair `event`.
    fn pool(&self, own: &Cells, factors: &[f64]) -> Cells {
        let size = 2 * self.experiments.events();
        let mut stack =
            Cells { weight: vec![0.0; size], rows: vec![0; size], means: vec![vec![0.0; size]; self.columns.len()] };
        for cell in 0..own.weight.len() {
            let (to, w) = (cell % size, own.weight[cell] * if cell % 2 == 0 { factors[cell / 2] } else { 1.0 });
            stack.weight[to] += w;
            stack.rows[to] += own.rows[cell];
            for (sums, means) in stack.means.iter_mut().zip(&own.means) {
                sums[to] += w * means[cell];
            }
        }
        for sums in &mut stack.means {
            sums.iter_mut().zip(&stack.weight).for_each(|(sum, w)| *sum /= w);
        }
        stack
    }

    fn weight(&self, at: Stacked, factors: &[f64]) -> f64 {
        self.sample.weight[at.row] * if at.treated { 1.0 } else { factors[self.pair(at)] }
    }

    fn slopes(&self, stack: &Cells, factors: &[f64]) -> Slopes {
        let k = self.columns.len() - 1;
        let mut none =
            Slopes { coefficients: vec![0.0; k], inverse: DMatrix::zeros(k, k), kept: 0, warnings: Vec::new() };
        if k == 0 {
            return none;
        }
        let (mut within, mut weights) = (vec![Vec::new(); k + 1], Vec::new());
        let mut scale = vec![0.0; k];
        self.experiments.each(self.sample, |at| {
            let (cell, w) = (2 * at.event + usize::from(at.treated), self.weight(at, factors));
            weights.push(w);
            for (j, column) in self.columns.iter().enumerate() {
                within[j].push(column[at.row] - stack.means[j][cell]);
            }
            for (scale, column) in scale.iter_mut().zip(&self.columns[1..]) {
                *scale += w * column[at.row] * column[at.row];
            }
        });
        let scale: Vec<f64> = scale.iter().map(|square| square.sqrt()).collect();
        let views: Vec<&[f64]> = within[1..].iter().map(|column| &column[..]).collect();
        let solution = least_squares(&views, &within[0], Some(&weights), &scale);
        for (i, &a) in solution.kept.iter().enumerate() {
            none.coefficients[a] = solution.coefficients[i];
            for (j, &b) in solution.kept.iter().enumerate() {
                none.inverse[(a, b)] = solution.inverse[(i, j)];
            }
        }
        none.kept = solution.kept.len();
        none.warnings =
            solution.collinear.iter().map(|left| omitted(&self.sample.design.regressors[left.column].0)).collect();
        none
    }

    fn scores(&self, own: &Cells, stack: &Cells, factors: &[f64], slopes: &Slopes) -> Scores {
        let clusters = self.sample.clusters;
        let cells = if self.weights == Weights::Corrective { own.weight.len() / 2 } else { 0 };
        let mut scores = Scores {
            stack: vec![vec![0.0; clusters]; self.experiments.events()],
            experiments: vec![vec![0.0; clusters]; cells],
            slopes: vec![vec![0.0; clusters]; self.columns.len() - 1],
        };
        self.experiments.each(self.sample, |at| {
            let cluster = self.sample.cluster[at.row] as usize;
            let w = self.weight(at, factors);
            let side = usize::from(at.treated);
            let sign = if at.treated { 1.0 } else { -1.0 };
            let cell = 2 * at.event + side;
            let residual = self.residual(at.row, stack, cell, slopes);
            scores.stack[at.event][cluster] += sign * w * residual / stack.weight[cell];
            for (j, score) in scores.slopes.iter_mut().enumerate() {
                score[cluster] += w * (self.columns[j + 1][at.row] - stack.means[j + 1][cell]) * residual;
            }
            let pair = self.pair(at);
            if let Some(score) = scores.experiments.get_mut(pair) {
                let cell = 2 * pair + side;
                let residual = self.residual(at.row, own, cell, slopes);
                score[cluster] += sign * self.sample.weight[at.row] * residual / own.weight[cell];
            }
        });
        scores
    }

    fn residual(&self, row: usize, cells: &Cells, cell: usize, slopes: &Slopes) -> f64 {
        let within = |j: usize| self.columns[j][row] - cells.means[j][cell];
        within(0) - slopes.coefficients.iter().enumerate().map(|(j, b)| b * within(j + 1)).sum::<f64>()
    }

    /// Rows of the sample in the stack, and the number of clusters that they have.
    fn used(&self) -> (Vec<u32>, usize) {
        let (mut used, mut cluster) = (Vec::new(), vec![false; self.sample.clusters]);
        self.experiments.each(self.sample, |at| {
            if used.last() != Some(&(at.row as u32)) {
                used.push(at.row as u32);
                cluster[self.sample.cluster[at.row] as usize] = true;
            }
        });
        (used, cluster.iter().filter(|used| **used).count())
    }

    /// The factor of the covariance under the rule of `spec`, and degrees of freedom. Effects of treated and
    /// of event time count as parameters, as in the authors' call of fixest and reghdfe.
    fn small_sample(&self, spec: &Spec, own: &Cells, clusters: usize, controls: usize) -> Result<(f64, f64)> {
        if clusters < 2 {
            return Err(Problem::new(
                "E404",
                "the stack has one cluster: no variance between clusters can be estimated",
            )
            .fix("cluster by a variable with more levels, or use randomisation inference"));
        }
        let frequency = self.sample.design.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency);
        let n = if frequency { own.weight.iter().sum() } else { own.rows.iter().sum::<usize>() as f64 };
        let events = self.experiments.events();
        let effect = |effect: usize, name: &str, levels: usize, shared: Vec<usize>| Share {
            name: name.to_owned(),
            effect,
            intercept: true,
            levels,
            flat: 0,
            shared,
        };
        let shares = [effect(0, "treated", 2, Vec::new()), effect(1, "event time", events, vec![1])];
        let rule = spec.fit.ssc;
        let coefficients = events - 1 + controls;
        let counted = rule.parameters(coefficients, &shares, Some(&[false, false]));
        let all = rule.parameters(coefficients, &shares, None);
        if n <= all as f64 {
            return Err(Problem::new("E701", format!("{n} stacked rows cannot estimate {all} parameters"))
                .fix("narrow the window, or use fewer controls"));
        }
        let by = Vcov::cluster("cluster");
        let adjusted = rule.adjust(&by, n, counted, all, &[clusters]);
        Ok((adjusted.factor, adjusted.df))
    }
}

impl Slopes {
    /// How the difference between treated and controls changes between the pairs `at` (event time,
    /// reference), net of the controls, and its influence.
    fn change(
        &self,
        cells: &Cells,
        at: [usize; 2],
        scores: [&[f64]; 2],
        slope_scores: &[Vec<f64>],
        scale: f64,
    ) -> (f64, Vec<f64>) {
        let gap = |j: usize, pair: usize| cells.means[j][2 * pair + 1] - cells.means[j][2 * pair];
        let change = |j: usize| gap(j, at[0]) - gap(j, at[1]);
        let controls = RowDVector::from_fn(self.coefficients.len(), |_, j| change(j + 1));
        let net = self.coefficients.iter().enumerate().map(|(j, b)| b * controls[j]).sum::<f64>();
        let by_slope = controls * &self.inverse;
        let influence = |cluster: usize| {
            let slopes: f64 = slope_scores.iter().enumerate().map(|(j, score)| by_slope[j] * score[cluster]).sum();
            scale * (scores[0][cluster] - scores[1][cluster] - slopes)
        };
        (change(0) - net, (0..scores[0].len()).map(influence).collect())
    }
}

fn omitted(name: &str) -> Warning {
    Warning::new(
        "W306",
        format!(
            "\"{name}\" is left out: it does not vary within treated and controls at one event time, beyond other controls"
        ),
        format!("“{name}”被剔除：在同一相对时间的处理组与对照组内，除其他控制变量外无变异"),
    )
}
