//! The normal equations in periods, levels and covariates, of what unit means leave of them.

use super::{Factor, PARTIAL, UNITS, Within, add, blocks};

pub(super) struct Sums {
    pub(super) cross: Vec<f64>,
    pub(super) moment: Vec<f64>,
    /// Squares of the columns before unit means left.
    pub(super) raw: Vec<f64>,
}

impl Within<'_> {
    pub(super) fn unit_means(&self) -> (Vec<f64>, Vec<f64>) {
        let k = self.rows.x.len();
        let parts = blocks(self.rows.units, UNITS, |units| {
            let (mut total, mut means) = (vec![0.0; units.len()], vec![0.0; units.len() * (k + 1)]);
            for (unit, (total, means)) in units.zip(total.iter_mut().zip(means.chunks_exact_mut(k + 1))) {
                for row in self.used_rows(unit) {
                    let w = self.rows.weight(row);
                    *total += w;
                    means[0] += w * self.rows.y[row];
                    for (mean, (_, x)) in means[1..].iter_mut().zip(self.rows.x) {
                        *mean += w * x[row];
                    }
                }
                if *total > 0.0 {
                    for mean in means {
                        *mean /= *total;
                    }
                }
            }
            (total, means)
        });
        let (mut total, mut means) = (Vec::with_capacity(self.rows.units), Vec::new());
        for (t, m) in parts {
            total.extend(t);
            means.extend(m);
        }
        (total, means)
    }

    /// Cross-products and moments of what unit means leave of periods, levels, covariates and outcome.
    pub(super) fn sums(&self) -> Sums {
        let size = self.size();
        let parts = (PARTIAL / (size * size).max(1)).clamp(1, 16);
        let units = self.standing();
        let mut all = blocks(units, units.div_ceil(parts).max(UNITS), |units| self.sums_of(units)).into_iter();
        let zero = || Sums { cross: vec![0.0; size * size], moment: vec![0.0; size], raw: vec![0.0; size] };
        let mut sums = all.next().unwrap_or_else(zero);
        for part in all {
            add(&mut sums.cross, &part.cross);
            add(&mut sums.moment, &part.moment);
            add(&mut sums.raw, &part.raw);
        }
        sums
    }

    fn sums_of(&self, units: std::ops::Range<usize>) -> Sums {
        let (size, covariates) = (self.size(), self.rows.x.len());
        let (mut cross, mut raw) = (vec![0.0; size * size], vec![0.0; size]);
        let mut moment = vec![0.0; size];
        // Weight of each dummy within the unit at hand, and which of them occur.
        let (mut held, mut touched): (Vec<f64>, Vec<usize>) = (vec![0.0; self.covariate(0)], Vec::new());
        let mut x = vec![0.0; covariates];
        for i in units {
            let (unit, times) = self.stands_for(i);
            for (place, row) in self.by_unit.of(unit).enumerate().filter(|(_, row)| self.used[*row]) {
                let w = times * self.rows.weight(row);
                let y = self.outcome(i, place, row);
                x.iter_mut().enumerate().for_each(|(k, x)| *x = self.deviation(k, row));
                let time = self.rows.time[row] as usize;
                for j in self.dummies(row) {
                    if held[j] == 0.0 {
                        touched.push(j);
                    }
                    held[j] += w;
                    raw[j] += w;
                    moment[j] += w * y;
                    cross[j * size + j] += w;
                    if j != time {
                        cross[j * size + time] += w;
                    }
                    for (k, x) in x.iter().enumerate() {
                        cross[self.covariate(k) * size + j] += w * x;
                    }
                }
                for (k, xk) in x.iter().enumerate() {
                    let j = self.covariate(k);
                    raw[j] += w * self.rows.x[k].1[row] * self.rows.x[k].1[row];
                    moment[j] += w * xk * y;
                    for (l, xl) in x[..=k].iter().enumerate() {
                        cross[j * size + self.covariate(l)] += w * xk * xl;
                    }
                }
            }
            if !touched.is_sorted() {
                touched.sort_unstable();
            }
            for (at, &j) in touched.iter().enumerate() {
                let share = held[j] / (times * self.total[unit]);
                let row = &mut cross[j * size..=j * size + j];
                for &k in &touched[..=at] {
                    row[k] -= share * held[k];
                }
            }
            touched.drain(..).for_each(|j| held[j] = 0.0);
        }
        Sums { cross, moment, raw }
    }

    /// The factor: a covariate is judged by what unit means leave of it, and is none where that is rounding.
    pub(super) fn factored(&self, cross: &[f64], raw: &[f64]) -> Factor {
        let size = self.size();
        let scale: Vec<f64> = (0..size)
            .map(|j| {
                let own = cross[j * size + j];
                if j < self.covariate(0) {
                    raw[j]
                } else if own > 1e-20 * raw[j] {
                    own
                } else {
                    f64::INFINITY
                }
            })
            .collect();
        Factor::new(cross, size, &scale)
    }
}
