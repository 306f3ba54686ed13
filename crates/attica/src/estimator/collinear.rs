//! Controls that add nothing to the others anywhere in the sample: they leave before an estimate, named. Those that
//! only some rows cannot tell apart stay, for an estimator must say what that means for its effects.

use super::staggered::Staggered;
use super::within::{ByUnit, Within};
use crate::math::triangle::least_squares;
use crate::message::Warning;

impl Staggered {
    /// Leaves out controls that unit and period effects and the controls before them make up in all rows: no
    /// prediction depends on them (`W306`).
    pub fn leave_out_absorbed(&mut self) {
        if self.design.regressors.is_empty() {
            return;
        }
        let rows = self.rows();
        let (by_unit, used) = (ByUnit::new(&self.unit, self.units), vec![true; rows.len()]);
        let fit = Within::fit(&rows, &used, &[], 0, &by_unit);
        let absorbed = (0..rows.x.len()).filter(|&k| !fit.is_kept(fit.covariate(k))).collect();
        self.leave_out(
            absorbed,
            "unit and period effects or other controls absorb it",
            "被个体、时期固定效应或其他控制变量吸收",
        );
    }

    /// Leaves out controls that within every period are a constant or a combination of the controls before them
    /// (`W306`).
    pub fn leave_out_combined(&mut self) {
        if self.design.regressors.is_empty() {
            return;
        }
        let norm = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
        let scale: Vec<f64> = self.design.regressors.iter().map(|(_, values)| norm(values)).collect();
        let columns: Vec<Vec<f64>> =
            self.design.regressors.iter().map(|(_, values)| self.less_period_means(values)).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let found = least_squares(&columns, &self.design.outcome.1, None, &scale);
        let combined = found.collinear.iter().map(|collinear| collinear.column).collect();
        self.leave_out(
            combined,
            "within periods it is a combination of the other controls",
            "在各时期内是其他控制变量的线性组合",
        );
    }

    fn less_period_means(&self, values: &[f64]) -> Vec<f64> {
        let (mut sums, mut rows) = (vec![0.0; self.times.len()], vec![0.0; self.times.len()]);
        for (&time, value) in self.time.iter().zip(values) {
            sums[time as usize] += value;
            rows[time as usize] += 1.0;
        }
        self.time.iter().zip(values).map(|(&time, value)| value - sums[time as usize] / rows[time as usize]).collect()
    }

    fn leave_out(&mut self, columns: Vec<usize>, why: &str, zh: &str) {
        for &column in columns.iter().rev() {
            let (name, _) = self.design.regressors.remove(column);
            self.warnings.push(Warning::new(
                "W306",
                format!("\"{name}\" is left out: {why}"),
                format!("“{name}”被剔除：{zh}"),
            ));
        }
    }
}
