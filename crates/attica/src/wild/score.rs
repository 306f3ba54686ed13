//! The wild bootstrap of an estimate that is no coefficient of one regression: the score bootstrap of Kline and
//! Santos (2012), on influence functions summed by cluster.
//!
//! Imposing the null (WCR) means fitting the model again under it. A weighted average over many comparisons, or an
//! estimate that goes through imputation or propensity scores, has no residuals under such a null; but it has an
//! influence `psi_g` of each cluster. A draw is `sum_g v_g psi_g`, studentised by the variance of its own terms about
//! their mean: what WCU11 is for the mean of the influences.

use nalgebra::{DMatrix, DVector};

use super::parts::{Parts, Raw};
use super::{Trial, WildKind, WildOptions, WildTest};

/// Tests that an effect is zero from the influence of each cluster on it, scaled so that their sum of squares is
/// its variance; none when that is zero. `factor` is the small-sample factor within that variance; taken as one where
/// there is another, it makes p-values a little larger. The type in `options` is not used.
pub fn score(influences: &[f64], factor: f64, estimate: f64, options: &WildOptions) -> Option<WildTest> {
    score_joint(&DMatrix::from_row_slice(1, influences.len(), influences), factor, &[estimate], options)
}

/// [`score`] of several effects together, one row of `influences` each; no confidence set. None when one of them has no
/// variance, or with fewer clusters than effects and one more.
pub(super) fn score_joint(
    influences: &DMatrix<f64>,
    factor: f64,
    estimates: &[f64],
    options: &WildOptions,
) -> Option<WildTest> {
    let (q, groups) = influences.shape();
    let own = influences / factor.sqrt();
    let meat = &own * own.transpose();
    if groups <= q || meat.diagonal().iter().any(|variance| *variance <= 0.0) {
        return None;
    }
    let raw = Raw { numerator: own.clone(), shared: &own / groups as f64, own };
    let value = DVector::from_column_slice(estimates);
    let parts = Parts::assemble(vec![DMatrix::identity(q, q); groups], vec![raw], value, meat);
    let kind = WildKind { null_imposed: false, ..WildKind::default() };
    Some(Trial::new(parts, WildOptions { kind, ..*options }, None, None, estimates[0], factor).test())
}
