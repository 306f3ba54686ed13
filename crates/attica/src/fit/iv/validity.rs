//! Are the instruments valid, and are they needed?

use nalgebra::{DMatrix, DVector};

use super::given::{Given, Stage};
use crate::fit::{Fit, Wald};
use crate::math::cross::weighted_dot;
use crate::math::distribution::chi2_sf;
use crate::message::Result;
use crate::text::Text;
use crate::vcov::Vcov;

/// The test of surplus instruments: Sargan's under iid errors, `N u'Z(Z'Z)^-1 Z'u / u'u`; otherwise Hansen's J of two-step
/// GMM, the weights from the scores of two-stage least squares under the covariance in use, without a small-sample factor.
/// None without a surplus, or when the scores' covariance is singular.
///
/// # Errors
/// Those of the covariance in use.
pub(super) fn overidentification(
    given: &Given<'_>,
    stages: &[Stage],
    second: &Fit,
    endogenous: &[f64],
) -> Result<Option<Wald>> {
    let surplus = given.count() - stages.len();
    if surplus == 0 {
        return Ok(None);
    }
    let weights = second.weights.as_ref().map(|w| &w.values[..]);
    let slopes = DMatrix::from_columns(&stages.iter().map(|s| given.of(&s.coefficients)).collect::<Vec<_>>());
    let reduced = given.of(&DVector::from_column_slice(&given.reduced.coefficients));
    let test = |statistic: f64, name: &str| Wald {
        hypothesis: Text::new(format!("the instruments are valid ({name})"), format!("工具变量有效（{name}）")),
        statistic,
        df1: surplus as f64,
        df2: None,
        p_value: chi2_sf(statistic, surplus as f64),
        wild: None,
    };
    if second.inference.vcov == Vcov::Iid {
        let moments = &given.cross * (&reduced - &slopes * DVector::from_column_slice(endogenous));
        let variance = weighted_dot(&second.residuals, &second.residuals, weights) / second.n_obs;
        return Ok(Some(test(moments.dot(&(&given.inverse * &moments)) / variance, "Sargan")));
    }
    let (covariance, repaired) = given.covariance_with(&second.residuals)?;
    let factor = given.reduced.inference.adjustment.factor;
    let meat = &given.cross * given.block(&covariance) * &given.cross / factor;
    let Some(weigh) = meat.cholesky().filter(|_| !repaired) else { return Ok(None) };
    let (along, target) = (&given.cross * &slopes, &given.cross * &reduced);
    let normal = along.transpose() * weigh.solve(&along);
    let Some(normal) = normal.cholesky() else { return Ok(None) };
    let efficient = normal.solve(&(along.transpose() * weigh.solve(&target)));
    let left = &target - &along * efficient;
    Ok(Some(test(left.dot(&weigh.solve(&left)), "Hansen J")))
}

/// Wu and Hausman: residuals of the first stages, added to the regression under the names `residuals`, have no coefficients.
pub(super) fn wu_hausman(augmented: &Fit, residuals: &[String]) -> Option<Wald> {
    let positions: Vec<usize> = residuals.iter().filter_map(|name| augmented.position(name)).collect();
    let mut test = augmented.wald(&positions).ok()?;
    test.hypothesis = Text::new("the regressors are exogenous (Wu-Hausman)", "解释变量外生（Wu-Hausman）");
    Some(test)
}
