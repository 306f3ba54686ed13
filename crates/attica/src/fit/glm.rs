//! Generalised linear models in explicit columns, by iteratively reweighted least squares (McCullagh and
//! Nelder 1989, 2.5): canonical links, so that scores are `(y - mean) x` and quasi-likelihood needs the
//! mean only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::math::cross::{weighted_dot, weighted_mean};
use crate::math::triangle::{Collinear, LeastSquares, least_squares};
use crate::message::{Problem, Result};

/// Steps after which an iteration counts as not converging: Newton's method needs about ten, and under
/// separation every step moves some linear predictor by about one, for ever.
const STEPS: usize = 50;

/// Largest change of a linear predictor that ends the iteration; the error left is its square.
const CONVERGED: f64 = 1e-9;

/// The mean of an outcome as a function of the linear predictor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// The linear predictor itself.
    #[default]
    Linear,
    /// Its exponential: counts and other outcomes that are not negative.
    Poisson,
    /// Its logistic function: shares and outcomes that are 0 or 1.
    Logit,
}

impl Family {
    /// Mean at a linear predictor.
    pub fn mean(self, predictor: f64) -> f64 {
        match self {
            Self::Linear => predictor,
            Self::Poisson => predictor.exp(),
            Self::Logit => 1.0 / (1.0 + (-predictor).exp()),
        }
    }

    /// Derivative of the mean, which under a canonical link is the variance too.
    pub fn slope(self, predictor: f64) -> f64 {
        match self {
            Self::Linear => 1.0,
            Self::Poisson => predictor.exp(),
            Self::Logit => {
                let tail = (-predictor.abs()).exp();
                tail / ((1.0 + tail) * (1.0 + tail))
            }
        }
    }

    /// True for outcomes that the family can have.
    pub fn admits(self, outcome: f64) -> bool {
        match self {
            Self::Linear => true,
            Self::Poisson => outcome >= 0.0,
            Self::Logit => (0.0..=1.0).contains(&outcome),
        }
    }

    /// Linear predictor to start from.
    pub(super) fn start(self, outcome: f64, mean: f64) -> f64 {
        match self {
            Self::Linear => outcome,
            Self::Poisson => (0.5 * (outcome + mean)).ln(),
            Self::Logit => ((outcome + 0.5) / (1.5 - outcome)).ln(),
        }
    }

    /// Minus the log quasi-likelihood of a row, up to a constant.
    pub(super) fn loss(self, outcome: f64, predictor: f64) -> f64 {
        match self {
            Self::Linear => 0.5 * (outcome - predictor).powi(2),
            Self::Poisson => predictor.exp() - outcome * predictor,
            Self::Logit => (-predictor.abs()).exp().ln_1p() + predictor.max(0.0) - outcome * predictor,
        }
    }
}

/// A fitted generalised linear model.
#[derive(Clone, Debug)]
pub struct Glm {
    /// Independent columns, ascending: of dependent ones the first in order stays.
    pub kept: Vec<usize>,
    /// One per kept column.
    pub coefficients: Vec<f64>,
    /// Inverse information `(X' diag(w mean') X)^-1` of the kept columns.
    pub inverse: nalgebra::DMatrix<f64>,
    /// Columns left out, and what they consist of.
    pub collinear: Vec<Collinear>,
    /// Linear predictor of each row.
    pub predictor: Vec<f64>,
    /// Outcome less mean of each row; times weight and column it is the score.
    pub residuals: Vec<f64>,
}

/// Fits `outcome` (n rows) by `columns` (n rows each, a constant among them where one is meant) under
/// positive `weights`.
///
/// # Errors
/// `E701` without rows; `E607` when the family cannot have an outcome; `E702` without convergence: some
/// combination of columns predicts outcomes at the edge of what the family can have perfectly
/// (separation), and estimates do not exist.
pub fn glm(columns: &[&[f64]], outcome: &[f64], weights: Option<&[f64]>, family: Family) -> Result<Glm> {
    if outcome.is_empty() {
        return Err(Problem::new("E701", "no rows are left to fit"));
    }
    let wrong = outcome.iter().filter(|y| !family.admits(**y)).count();
    if wrong > 0 {
        let range = if family == Family::Logit { "from 0 to 1" } else { "not negative" };
        return Err(Problem::new("E607", format!("the outcome is outside the family's range in {wrong} rows"))
            .fix(format!("the outcome must be {range}; otherwise use the linear family")));
    }
    let mean = weighted_mean(outcome, weights);
    let mut predictor: Vec<f64> = outcome.iter().map(|y| family.start(*y, mean)).collect();
    let mut rank = None;
    let mut loss = f64::INFINITY;
    for step in 0..STEPS {
        let solution = reweighted(columns, outcome, weights, family, &predictor);
        if *rank.get_or_insert(solution.kept.len()) != solution.kept.len() {
            break;
        }
        let mut next = vec![0.0; outcome.len()];
        for (&j, b) in solution.kept.iter().zip(&solution.coefficients) {
            for (sum, x) in next.iter_mut().zip(columns[j]) {
                *sum += b * x;
            }
        }
        let change = next.iter().zip(&predictor).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
        if step > 0 && change <= CONVERGED {
            let residuals = outcome.iter().zip(&next).map(|(y, e)| y - family.mean(*e)).collect();
            let LeastSquares { kept, coefficients, inverse, collinear } = solution;
            return Ok(Glm { kept, coefficients, inverse, collinear, predictor: next, residuals });
        }
        // A step that overshoots is halved. The start lies outside the span of the columns and compares with
        // nothing; close to the solution Newton's step is right, and losses differ by rounding only.
        let mut found = losses(outcome, &next, weights, family);
        for _ in 0..30 {
            if step == 0 || change < 1e-4 || found <= loss {
                break;
            }
            for (a, b) in next.iter_mut().zip(&predictor) {
                *a = 0.5 * (*a + b);
            }
            found = losses(outcome, &next, weights, family);
        }
        if !found.is_finite() {
            break;
        }
        (predictor, loss) = (next, found);
    }
    Err(Problem::new(
        "E702",
        "the model did not converge: some group of rows has outcomes at the edge of what the family can have (only zeros, or only ones), so its coefficient is infinite; nothing is estimated",
    )
    .fix("pool small groups, leave covariates out, or use the linear family"))
}

/// One weighted least-squares step from `predictor`.
fn reweighted(
    columns: &[&[f64]],
    outcome: &[f64],
    weights: Option<&[f64]>,
    family: Family,
    predictor: &[f64],
) -> LeastSquares {
    let slopes: Vec<f64> = predictor.iter().map(|e| family.slope(*e)).collect();
    let working: Vec<f64> =
        outcome.iter().zip(predictor).zip(&slopes).map(|((y, e), s)| e + (y - family.mean(*e)) / s).collect();
    let working_weights: Vec<f64> = match weights {
        None => slopes,
        Some(w) => slopes.iter().zip(w).map(|(s, w)| s * w).collect(),
    };
    let scale: Vec<f64> = columns.iter().map(|x| weighted_dot(x, x, Some(&working_weights)).sqrt()).collect();
    least_squares(columns, &working, Some(&working_weights), &scale)
}

fn losses(outcome: &[f64], predictor: &[f64], weights: Option<&[f64]>, family: Family) -> f64 {
    let each: Vec<f64> = outcome.iter().zip(predictor).map(|(y, e)| family.loss(*y, *e)).collect();
    crate::math::cross::weighted_sum(&each, weights)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const FAMILIES: [Family; 3] = [Family::Linear, Family::Poisson, Family::Logit];

    #[test]
    fn saturated_groups_are_fitted_by_their_means() {
        let one = [1.0; 6];
        let group = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let outcome = [0.2, 0.9, 0.1, 0.8, 0.3, 0.7];
        let weights = [1.0, 2.0, 1.0, 1.0, 1.0, 4.0];
        let means = [2.1 / 4.0, 3.9 / 6.0];
        for family in FAMILIES {
            let fit = glm(&[&one, &group], &outcome, Some(&weights), family).unwrap();
            for (row, predictor) in fit.predictor.iter().enumerate() {
                assert!((family.mean(*predictor) - means[row / 3]).abs() < 1e-14, "{family:?}");
            }
            let score: f64 = fit.residuals.iter().zip(&weights).map(|(e, w)| e * w).sum();
            assert!(score.abs() < 1e-13, "{family:?}");
        }
    }

    #[test]
    fn slopes_are_derivatives_and_losses_their_integrals() {
        for family in FAMILIES {
            for at in [-3.0, -0.2, 0.0, 1.7] {
                let h = 1e-5;
                let slope = (family.mean(at + h) - family.mean(at - h)) / (2.0 * h);
                assert!((slope - family.slope(at)).abs() < 1e-8 * slope.abs().max(1.0), "{family:?}");
                let score = (family.loss(0.4, at + h) - family.loss(0.4, at - h)) / (2.0 * h);
                assert!((score - (family.mean(at) - 0.4)).abs() < 1e-8 * score.abs().max(1.0), "{family:?}");
            }
        }
    }

    #[test]
    fn separation_has_no_estimate() {
        let one = [1.0; 6];
        let group = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let outcome = [0.0, 1.0, 1.0, 0.0, 0.0, 0.0];
        for family in [Family::Poisson, Family::Logit] {
            assert_eq!(glm(&[&one, &group], &outcome, None, family).unwrap_err().id, "E702");
        }
        assert_eq!(glm(&[&one], &[0.5, -0.1], None, Family::Poisson).unwrap_err().id, "E607");
        assert_eq!(glm(&[&one], &[0.5, 1.1], None, Family::Logit).unwrap_err().id, "E607");
    }

    #[test]
    fn collinear_columns_are_named() {
        let one = [1.0; 4];
        let x = [1.0, 2.0, 3.0, 5.0];
        let twice: Vec<f64> = x.iter().map(|v| 2.0 * v).collect();
        let fit = glm(&[&one, &x, &twice], &[1.0, 3.0, 2.0, 6.0], None, Family::Poisson).unwrap();
        assert_eq!((fit.kept, fit.collinear[0].column), (vec![0, 1], 2));
    }
}
