//! Simplex-constrained ridge weights by Frank-Wolfe steps with exact line search
//! (Arkhangelsky et al. 2021, appendix; reference implementation: R synthdid `sc.weight.fw`).

use nalgebra::{DMatrix, DVector};

/// How far the weights are driven.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// Ridge strength zeta.
    pub zeta: f64,
    /// Centre columns first, so that only shapes are matched and not levels.
    pub intercept: bool,
    /// Stop when the objective falls by less than this, squared.
    pub min_decrease: f64,
    /// Steps of the first pass, whose small weights are set to zero.
    pub first_steps: usize,
    /// Steps of the second pass.
    pub steps: usize,
}

/// Weights `w >= 0`, `sum w = 1` that minimise `zeta^2 |w|^2 + |A w - b|^2 / rows` for `[A b] = y`:
/// a first pass, weights below a quarter of the largest set to zero, and a second pass from there.
pub(super) fn fit(y: &DMatrix<f64>, search: &Search) -> Vec<f64> {
    let problem = Problem::new(y, search);
    let m = problem.a.ncols();
    let rough = problem.descend(DVector::from_element(m, 1.0 / m as f64), search.first_steps);
    let cut = rough.max() / 4.0;
    let sparse = rough.map(|w| if w <= cut { 0.0 } else { w });
    let start = &sparse / sparse.sum();
    problem.descend(start, search.steps).iter().copied().collect()
}

struct Problem {
    a: DMatrix<f64>,
    b: DVector<f64>,
    zeta: f64,
    min_decrease: f64,
}

impl Problem {
    fn new(y: &DMatrix<f64>, search: &Search) -> Self {
        let mut y = y.clone();
        if search.intercept {
            for mut column in y.column_iter_mut() {
                let mean = column.mean();
                column.add_scalar_mut(-mean);
            }
        }
        let m = y.ncols() - 1;
        Self {
            a: y.columns(0, m).into_owned(),
            b: y.column(m).into_owned(),
            zeta: search.zeta,
            min_decrease: search.min_decrease,
        }
    }

    fn descend(&self, start: DVector<f64>, steps: usize) -> DVector<f64> {
        let rows = self.a.nrows() as f64;
        let eta = rows * self.zeta * self.zeta;
        let mut w = start;
        let mut fitted = &self.a * &w;
        let mut last = f64::INFINITY;
        for step in 0..steps {
            let gradient = self.a.tr_mul(&(&fitted - &self.b)) + eta * &w;
            let vertex = gradient.imin();
            let mut direction = -&w;
            direction[vertex] += 1.0;
            if direction.amax() > 0.0 {
                let change = self.a.column(vertex) - &fitted;
                let length = -gradient.dot(&direction) / (change.norm_squared() + eta * direction.norm_squared());
                let length = length.clamp(0.0, 1.0);
                w.axpy(length, &direction, 1.0);
                fitted.axpy(length, &change, 1.0);
            }
            let value = self.zeta * self.zeta * w.norm_squared() + (&fitted - &self.b).norm_squared() / rows;
            if step > 0 && last - value <= self.min_decrease * self.min_decrease {
                break;
            }
            last = value;
        }
        w
    }
}
