//! Are the instruments strong?

use nalgebra::{DMatrix, SymmetricEigen};

use super::given::{Given, Stage};
use super::record::{EffectiveF, FirstStage, RankF};
use crate::fit::{Fit, Term, wald};
use crate::math::cross::weighted_dot;
use crate::math::distribution::chi2_sf;
use crate::message::Result;
use crate::text::Text;
use crate::vcov::Vcov;

/// The first stage of `endogenous` as it is shown.
///
/// # Errors
/// `E607` when the instruments' coefficients have no variance.
pub(super) fn first_stage(given: &Given<'_>, stage: &Stage, endogenous: &str) -> Result<FirstStage> {
    let Fit { names, weights, .. } = given.reduced;
    let exogenous = (0..names.len()).filter(|at| !given.instruments.contains(at));
    let term = |at: usize| {
        Term::new(&names[at], stage.coefficients[at], stage.covariance[(at, at)], given.df(), given.reduced.level)
    };
    let slopes = given.of(&stage.coefficients);
    let explained = (&given.cross * &slopes).dot(&slopes);
    let weights = weights.as_ref().map(|w| &w.values[..]);
    let unexplained = weighted_dot(&stage.residuals, &stage.residuals, weights);
    let hypothesis =
        Text::new(format!("the instruments do not move {endogenous}"), format!("工具变量不影响{endogenous}"));
    Ok(FirstStage {
        endogenous: endogenous.to_owned(),
        terms: given.instruments.iter().copied().chain(exogenous).map(term).collect(),
        partial_r2: explained / (explained + unexplained),
        f: wald(&slopes, &given.block(&stage.covariance), given.df(), hypothesis)?,
    })
}

/// The rank test of Kleibergen and Paap (2006) that the coefficients of the instruments in the first stages have rank one
/// less than there are endogenous regressors; under iid errors it is that of Cragg and Donald (1993). With `columns` the
/// endogenous regressors, v the combination of them that the instruments explain least (Z'WZ and the residuals' cross-products
/// as norms), and M spanning what is orthogonal to the coefficients of the others, the statistic is
/// `(M'c)'(M'V M)^-1 (M'c)`, c and V the coefficients and covariance of the regression of `columns v`. It is divided by
/// the number of instruments, as `ivreg2` does (Baum, Schaffer and Stillman 2007).
///
/// # Errors
/// Those of the covariance in use.
pub(super) fn rank(given: &Given<'_>, stages: &[Stage], columns: &[&[f64]]) -> Result<Option<RankF>> {
    let p = stages.len();
    let weights = given.reduced.weights.as_ref().map(|w| &w.values[..]);
    let slopes = DMatrix::from_columns(&stages.iter().map(|s| given.of(&s.coefficients)).collect::<Vec<_>>());
    let explained = slopes.transpose() * &given.cross * &slopes;
    let unexplained = DMatrix::from_fn(p, p, |i, j| weighted_dot(&stages[i].residuals, &stages[j].residuals, weights));
    let Some(directions) = by_strength(&explained, &unexplained) else { return Ok(None) };
    let weakest = directions.column(0);
    let mut combined = vec![0.0; columns[0].len()];
    for (x, v) in columns.iter().zip(&weakest) {
        combined.iter_mut().zip(*x).for_each(|(sum, x)| *sum += v * x);
    }
    let stage = given.regress(&combined)?;
    let orthogonal = orthogonal_to(&(&slopes * directions.columns(1, p - 1)));
    let value = orthogonal.transpose() * given.of(&stage.coefficients);
    let variance = orthogonal.transpose() * given.block(&stage.covariance) * &orthogonal;
    let Some(factor) = variance.cholesky() else { return Ok(None) };
    let kind = if given.reduced.inference.vcov == Vcov::Iid { "Cragg-Donald" } else { "Kleibergen-Paap" };
    let statistic = value.dot(&factor.solve(&value)) / given.count() as f64;
    Ok(Some(RankF { kind: kind.to_owned(), statistic }))
}

/// Combinations v, as columns, with `v'E v / v'U v` ascending.
fn by_strength(explained: &DMatrix<f64>, unexplained: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let root = unexplained.clone().cholesky()?.l().try_inverse()?;
    let eigen = SymmetricEigen::new(&root * explained * root.transpose());
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[a].total_cmp(&eigen.eigenvalues[b]));
    Some(root.transpose() * eigen.eigenvectors.select_columns(&order))
}

/// An orthonormal basis of what is orthogonal to the columns of `of`.
fn orthogonal_to(of: &DMatrix<f64>) -> DMatrix<f64> {
    let (rows, columns) = of.shape();
    if columns == 0 {
        return DMatrix::identity(rows, rows);
    }
    let q = of.clone().qr().q();
    let rest = DMatrix::identity(rows, rows) - &q * q.transpose();
    let eigen = SymmetricEigen::new(rest);
    let outside: Vec<usize> = (0..rows).filter(|&at| eigen.eigenvalues[at] > 0.5).collect();
    eigen.eigenvectors.select_columns(&outside)
}

/// `pi'Q pi / tr(V Q)` of a first stage, and the simplified critical values, which need the first stage alone and are no
/// smaller than the exact ones (Montiel Olea and Pflueger 2013, section 3; Patnaik's approximation).
pub(super) fn effective_f(given: &Given<'_>, stage: &Stage) -> EffectiveF {
    let slopes = given.of(&stage.coefficients);
    let lower = given.cross.clone().cholesky().map_or_else(|| given.cross.clone(), |factor| factor.l());
    let w = lower.transpose() * given.block(&stage.covariance) * &lower;
    let (trace, squares) = (w.trace(), w.norm_squared());
    let largest = SymmetricEigen::new(w).eigenvalues.max();
    let critical = |bias: f64| {
        let x = 1.0 / bias;
        let df = trace * trace * (1.0 + 2.0 * x) / (squares + 2.0 * x * trace * largest);
        noncentral_quantile(0.95, df, df * x) / df
    };
    EffectiveF {
        statistic: slopes.dot(&(&given.cross * &slopes)) / trace,
        critical_5: critical(0.05),
        critical_10: critical(0.10),
        critical_20: critical(0.20),
    }
}

/// x with P(X <= x) = p for a noncentral chi-squared X: a Poisson mixture of central ones, by bisection.
fn noncentral_quantile(p: f64, df: f64, shift: f64) -> f64 {
    let half = 0.5 * shift;
    // Terms beyond twelve standard deviations of the Poisson distribution are below rounding.
    let reach = 12.0 * half.sqrt() + 20.0;
    let terms = ((half - reach).max(0.0) as u32)..=((half + reach) as u32);
    let weight = |j: f64| (j * half.ln() - half - libm::lgamma(j + 1.0)).exp();
    let above =
        |x: f64| -> f64 { terms.clone().map(|j| weight(f64::from(j)) * chi2_sf(x, df + 2.0 * f64::from(j))).sum() };
    let (mut low, mut high) = (0.0, df + shift + 20.0 * (2.0 * (df + 2.0 * shift)).sqrt());
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if above(middle) > 1.0 - p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_are_those_of_the_paper() {
        // Montiel Olea and Pflueger (2013), table 1: one effective degree of freedom, 5 % level, bias 5, 10 and 20 %.
        for (bias, critical) in [(0.05, 37.42), (0.10, 23.11), (0.20, 15.06)] {
            assert!((noncentral_quantile(0.95, 1.0, 1.0 / bias) - critical).abs() < 0.005);
        }
    }

    #[test]
    fn what_is_orthogonal_is_orthonormal_and_complete() {
        let of = DMatrix::from_row_slice(4, 2, &[1.0, 2.0, 0.0, 1.0, -1.0, 3.0, 2.0, 0.5]);
        let rest = orthogonal_to(&of);
        assert_eq!(rest.shape(), (4, 2));
        assert!((rest.transpose() * &of).norm() < 1e-14);
        assert!((rest.transpose() * &rest - DMatrix::identity(2, 2)).norm() < 1e-14);
    }
}
