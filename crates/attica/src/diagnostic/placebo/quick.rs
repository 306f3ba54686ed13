//! A two-way fixed-effects coefficient and its clustered t for any assignment of the treatment,
//! without running the regression again.
//!
//! Frisch-Waugh-Lovell, with `e` the outcome and `Q` the orthonormalised controls, both after unit
//! and period effects and `e` after `Q` too: for a treatment `D` with residual `D~` on the effects,
//! `q = Q'D`, `b = e'D / (D'D~ - q'q)`. Numerator and `q` are sums over the rows that are treated.
//! `D~ = D - mean_i D - (l_t - mean_i l)`, where the period effects `l` solve a system of `periods`
//! equations; on a balanced panel they are the share treated in each period, and stay the same for
//! all draws that keep the dates. The score of unit i, `sum_t d (e - b d)` with `d = D~ - Qq`, is a
//! quadratic form in `(q, l)` whose coefficients are sums over the unit's rows, taken once.

use super::effects::PeriodEffects;
use crate::absorb::Absorber;
use crate::design::{Codes, Effect};
use crate::diagnostic::Rows;
use crate::message::Result;

/// Which variance the t statistic of a draw has.
#[derive(Clone, Debug, PartialEq)]
pub enum Variance {
    /// Equal variances; residual degrees of freedom `N - K`.
    Iid {
        /// `N - K`.
        df_residual: f64,
    },
    /// CRV1 with clusters that units are nested in.
    Clustered {
        /// Cluster of each unit, `0..clusters`.
        of_unit: Vec<u32>,
        /// Number of clusters.
        clusters: usize,
        /// Small-sample factor that multiplies the sandwich.
        factor: f64,
    },
}

/// A treatment assigned to units: a path over the periods for each treated unit, 0 for the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    /// (unit, index of its path), each unit at most once.
    pub treated: Vec<(u32, u32)>,
}

/// The coefficient of one assignment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// Coefficient.
    pub estimate: f64,
    /// Its standard error; none when the residual is exactly zero.
    pub std_error: Option<f64>,
}

impl Draw {
    /// The t statistic.
    pub fn statistic(&self) -> Option<f64> {
        self.std_error.map(|se| self.estimate / se)
    }
}

/// A regression ready to be evaluated at any treatment that is constant in unit-period cells.
pub struct QuickFit {
    units: usize,
    periods: usize,
    /// Controls that are linearly independent given the effects.
    controls: usize,
    effects: PeriodEffects,
    /// All units have the same weight in each period: the period effects of an assignment then
    /// depend only on how many units have each path.
    uniform: bool,
    /// `w, w e, w Q_1, .. w Q_K` of the unit-period cells, each a table of periods by units.
    cells: Vec<f64>,
    /// Coefficients of the score's quadratic form that no draw changes, form by form over units:
    /// `sum_t w e Q_k` for each k, then `sum_t w Q_j Q_k` for j <= k (doubled off the diagonal).
    forms: Vec<f64>,
    /// `e'e`.
    total: f64,
    /// Distinct treatment paths, `periods` values each.
    paths: Vec<Vec<f64>>,
    variance: Variance,
}

/// What a thread keeps between draws: room for the sums, and the period effects with all that
/// follows from them, which are taken anew only when they change.
#[derive(Default)]
pub struct Scratch {
    counts: Vec<u32>,
    known: Vec<u32>,
    fresh: bool,
    right: Vec<f64>,
    /// Period effects of the assignment.
    level: Vec<f64>,
    /// Per unit: weighted mean of the period effects.
    mean_level: Vec<f64>,
    /// Per unit: `sum_t w l e`.
    level_e: Vec<f64>,
    /// Per unit: `sum_t w (l - mean_i l)^2`.
    level_level: Vec<f64>,
    /// Control by control over units: `sum_t w l Q_k`.
    level_q: Vec<f64>,
    /// Sums over the treated rows of each treated unit: `(D w, D w e, D w Q_1, ...)`.
    sums: Vec<f64>,
    q: Vec<f64>,
    scores: Vec<f64>,
    clusters: Vec<f64>,
}

impl QuickFit {
    /// Takes the effects out of outcome and controls and sums what draws will need.
    ///
    /// `paths` are the treatment paths that assignments point to, `rows.periods` values each.
    /// Controls that are collinear given the effects change nothing and are left aside.
    ///
    /// # Errors
    /// `E702` when the effects cannot be taken out.
    pub fn new(rows: Rows<'_>, paths: Vec<Vec<f64>>, variance: Variance) -> Result<Self> {
        let Rows { unit, units, period, periods, outcome, controls, weights } = rows;
        let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
        let mut cell_weight = vec![0.0; units * periods];
        for (row, (&i, &t)) in unit.iter().zip(period).enumerate() {
            cell_weight[i as usize * periods + t as usize] += weight(row);
        }
        let effects = PeriodEffects::new(&cell_weight, periods);
        let inner = |a: &[f64], b: &[f64]| -> f64 { (0..a.len()).map(|row| weight(row) * a[row] * b[row]).sum() };

        let mut residuals: Vec<Vec<f64>> = controls.iter().chain([&outcome]).map(|x| x.to_vec()).collect();
        let absorbed = [effect(unit, units), effect(period, periods)];
        let mut views: Vec<&mut [f64]> = residuals.iter_mut().map(Vec::as_mut_slice).collect();
        Absorber::new(&absorbed, weights).remove(&mut views)?;
        let mut e = residuals.pop().unwrap_or_default();
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for (mut column, control) in residuals.into_iter().zip(controls) {
            let length = inner(control, control).sqrt();
            orthogonalise(&mut column, &basis, inner);
            let left = inner(&column, &column).sqrt();
            if left > length * 1e-9 {
                for x in &mut column {
                    *x /= left;
                }
                basis.push(column);
            }
        }
        orthogonalise(&mut e, &basis, inner);

        let k = basis.len();
        let width = 2 + k;
        let mut cells = vec![0.0; units * periods * width];
        let mut forms = vec![0.0; (k + k * (k + 1) / 2) * units];
        for (row, (&i, &t)) in unit.iter().zip(period).enumerate() {
            let (i, w) = (i as usize, weight(row));
            let mut add = |column: usize, value: f64| cells[(column * periods + t as usize) * units + i] += value;
            add(0, w);
            add(1, w * e[row]);
            let mut form = k;
            for (a, column) in basis.iter().enumerate() {
                let wq = w * column[row];
                add(2 + a, wq);
                forms[a * units + i] += wq * e[row];
                for (b, other) in basis.iter().enumerate().skip(a) {
                    forms[form * units + i] += if a == b { 1.0 } else { 2.0 } * wq * other[row];
                    form += 1;
                }
            }
        }
        let uniform = cell_weight.chunks_exact(periods.max(1)).all(|w| w == &cell_weight[..periods]);
        let total = inner(&e, &e);
        Ok(Self { units, periods, controls: k, effects, uniform, cells, forms, total, paths, variance })
    }

    /// The treatment paths that assignments point to.
    pub fn paths(&self) -> &[Vec<f64>] {
        &self.paths
    }

    /// Working space for [`QuickFit::fit`], one for each thread; never shared between regressions.
    pub fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    /// Coefficient and standard error under `assignment`; none when effects and controls span the
    /// treatment.
    pub fn fit(&self, assignment: &Assignment, scratch: &mut Scratch) -> Option<Draw> {
        let (k, width) = (self.controls, 2 + self.controls);
        self.treated_sums(assignment, scratch);
        self.set_levels(assignment, scratch);

        scratch.q.clear();
        scratch.q.resize(k, 0.0);
        let (mut numerator, mut own, mut between) = (0.0, 0.0, 0.0);
        for (&(i, path), sums) in assignment.treated.iter().zip(scratch.sums.chunks_exact(width + 2)) {
            let (i, path) = (i as usize, &self.paths[path as usize]);
            numerator += sums[1];
            for (q, sum) in scratch.q.iter_mut().zip(&sums[2..]) {
                *q += sum;
            }
            // D'D~ in two parts: within the unit, and what the period effects take of it.
            own += sums[width];
            let with_level: f64 =
                path.iter().zip(&scratch.level).enumerate().map(|(t, (d, l))| self.cell(0, t, i) * d * l).sum();
            between += with_level - sums[0] * scratch.mean_level[i];
        }
        let squared: f64 = scratch.q.iter().map(|q| q * q).sum();
        let denominator = own - between - squared;
        if denominator.is_nan() || denominator <= own * 1e-10 {
            return None;
        }
        let estimate = numerator / denominator;
        let variance = match &self.variance {
            Variance::Iid { df_residual } => {
                (self.total - estimate * estimate * denominator) / df_residual / denominator
            }
            Variance::Clustered { of_unit, clusters, factor } => {
                self.scores(assignment, estimate, scratch);
                scratch.clusters.clear();
                scratch.clusters.resize(*clusters, 0.0);
                for (score, &g) in scratch.scores.iter().zip(of_unit) {
                    scratch.clusters[g as usize] += score;
                }
                factor * scratch.clusters.iter().map(|s| s * s).sum::<f64>() / (denominator * denominator)
            }
        };
        let std_error = (variance > 0.0).then(|| variance.sqrt());
        Some(Draw { estimate, std_error })
    }

    /// For each treated unit the sums over its rows of `D` times each cell column, then
    /// `sum_t w (D - mean_i D)^2`, then the mean of D.
    fn treated_sums(&self, assignment: &Assignment, scratch: &mut Scratch) {
        let width = 2 + self.controls;
        scratch.sums.clear();
        scratch.sums.resize(assignment.treated.len() * (width + 2), 0.0);
        for (&(i, path), sums) in assignment.treated.iter().zip(scratch.sums.chunks_exact_mut(width + 2)) {
            let mut square = 0.0;
            for (t, &d) in self.paths[path as usize].iter().enumerate().filter(|(_, d)| **d != 0.0) {
                for (column, sum) in sums[..width].iter_mut().enumerate() {
                    *sum += d * self.cell(column, t, i as usize);
                }
                square += d * d * self.cell(0, t, i as usize);
            }
            let total = self.effects.unit_weight[i as usize];
            let mean = if total > 0.0 { sums[0] / total } else { 0.0 };
            sums[width] = square - sums[0] * mean;
            sums[width + 1] = mean;
        }
    }

    /// The period effects of the assignment, and per unit what the scores need of them.
    fn set_levels(&self, assignment: &Assignment, scratch: &mut Scratch) {
        let (periods, width, units) = (self.periods, 2 + self.controls, self.units);
        scratch.right.clear();
        scratch.right.resize(periods, 0.0);
        if self.uniform {
            scratch.counts.clear();
            scratch.counts.resize(self.paths.len(), 0);
            for &(_, path) in &assignment.treated {
                scratch.counts[path as usize] += 1;
            }
            if scratch.fresh && scratch.counts == scratch.known {
                return;
            }
            scratch.known.clone_from(&scratch.counts);
            scratch.fresh = true;
            for (path, &count) in self.paths.iter().zip(&scratch.counts).filter(|(_, count)| **count > 0) {
                let sum: f64 = path.iter().enumerate().map(|(t, d)| d * self.cell(0, t, 0)).sum();
                let mean = sum / self.effects.unit_weight[0];
                for (t, (right, d)) in scratch.right.iter_mut().zip(path).enumerate() {
                    *right += f64::from(count) * self.cell(0, t, 0) * (d - mean);
                }
            }
        } else {
            for (&(i, path), sums) in assignment.treated.iter().zip(scratch.sums.chunks_exact(width + 2)) {
                let mean = sums[width + 1];
                for (t, (right, d)) in scratch.right.iter_mut().zip(&self.paths[path as usize]).enumerate() {
                    *right += self.cell(0, t, i as usize) * (d - mean);
                }
            }
        }
        scratch.level.resize(periods, 0.0);
        self.effects.solve(&scratch.right, &mut scratch.level);
        let Scratch { level, mean_level, level_e, level_level, level_q, .. } = scratch;
        for room in [&mut *mean_level, level_e, level_level] {
            room.resize(units, 0.0);
        }
        level_q.resize(units * self.controls, 0.0);
        self.over_periods(0, mean_level, |t| level[t]);
        self.over_periods(0, level_level, |t| level[t] * level[t]);
        self.over_periods(1, level_e, |t| level[t]);
        for (k, sums) in level_q.chunks_exact_mut(units.max(1)).enumerate() {
            self.over_periods(2 + k, sums, |t| level[t]);
        }
        for ((mean, square), total) in mean_level.iter_mut().zip(level_level).zip(&self.effects.unit_weight) {
            let sum = *mean;
            *mean = if *total > 0.0 { sum / total } else { 0.0 };
            *square -= sum * *mean;
        }
    }

    /// `sum_t factor(t) * cell` of every unit, for one column of the cells.
    fn over_periods(&self, column: usize, sums: &mut [f64], factor: impl Fn(usize) -> f64) {
        sums.fill(0.0);
        let cells = &self.cells[column * self.periods * self.units..][..self.periods * self.units];
        for (t, cells) in cells.chunks_exact(self.units.max(1)).enumerate() {
            let factor = factor(t);
            for (sum, cell) in sums.iter_mut().zip(cells) {
                *sum += factor * cell;
            }
        }
    }

    /// One column of a cell.
    fn cell(&self, column: usize, period: usize, unit: usize) -> f64 {
        self.cells[(column * self.periods + period) * self.units + unit]
    }

    /// `sum_t w d (e - b d)` of every unit, `d = D~ - Qq`.
    fn scores(&self, assignment: &Assignment, b: f64, scratch: &mut Scratch) {
        let (k, units, width) = (self.controls, self.units, 2 + self.controls);
        let Scratch { scores, q, level, mean_level, level_e, level_level, level_q, sums, .. } = scratch;
        // As if nobody were treated: d = -(l - mean_i l) - Qq.
        scores.clear();
        scores.extend(level_e.iter().zip(level_level.iter()).map(|(le, ll)| -le - b * ll));
        let add = |scores: &mut [f64], form: &[f64], by: f64| {
            for (score, f) in scores.iter_mut().zip(form) {
                *score += by * f;
            }
        };
        let mut form = k;
        for j in 0..k {
            add(scores, &level_q[j * units..][..units], -2.0 * b * q[j]);
            add(scores, &self.forms[j * units..][..units], -q[j]);
            for l in j..k {
                add(scores, &self.forms[form * units..][..units], -b * q[j] * q[l]);
                form += 1;
            }
        }
        // What the treated units' own D adds.
        for (&(i, path), sums) in assignment.treated.iter().zip(sums.chunks_exact(width + 2)) {
            let i = i as usize;
            let path = &self.paths[path as usize];
            let with_level: f64 =
                path.iter().zip(level.iter()).enumerate().map(|(t, (d, l))| self.cell(0, t, i) * d * l).sum();
            let with_controls: f64 = q.iter().zip(&sums[2..]).map(|(q, s)| q * s).sum();
            let squares = sums[width] - 2.0 * (with_level - sums[0] * mean_level[i]) - 2.0 * with_controls;
            scores[i] += sums[1] - b * squares;
        }
    }
}

fn effect(codes: &[u32], levels: usize) -> Effect {
    let by = Codes { name: String::new(), codes: codes.to_vec().into(), levels };
    Effect { by, slopes: Vec::new(), intercept: true }
}

/// Takes the orthonormal columns of `basis` out of `column`; twice, for orthogonality to the last digit.
fn orthogonalise(column: &mut [f64], basis: &[Vec<f64>], inner: impl Fn(&[f64], &[f64]) -> f64) {
    for _ in 0..2 {
        for other in basis {
            let projection = inner(column, other);
            for (x, o) in column.iter_mut().zip(other) {
                *x -= projection * o;
            }
        }
    }
}
