//! The wild bootstrap of anything that may be asked of the coefficients of one estimate.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};

use super::score::score_joint;
use super::{Wild, WildOptions, WildTest};
use crate::message::{Problem, Result};

/// What is drawn when hypotheses on k coefficients are tested.
#[derive(Clone, Debug, PartialEq)]
pub enum Resample {
    /// A regression, drawn again.
    Regression {
        /// The regression.
        wild: Arc<Wild>,
        /// Where the k coefficients are among its own.
        positions: Vec<usize>,
    },
    /// Influences of clusters on the coefficients (Kline and Santos 2012).
    Influences {
        /// k rows, one column for each cluster; the product of two rows is their covariance.
        influences: Arc<DMatrix<f64>>,
        /// Draws.
        options: WildOptions,
    },
}

impl Resample {
    /// The influences `rows` of clusters on each coefficient. None when some are missing: where one effect has no
    /// variance, several cannot be told apart.
    pub fn of_influences(rows: &[&[f64]], options: WildOptions) -> Option<Self> {
        let groups = rows.first()?.len();
        let all = groups > 1 && rows.iter().all(|row| row.len() == groups);
        let influences = Arc::new(DMatrix::from_fn(rows.len(), if all { groups } else { 0 }, |i, g| rows[i][g]));
        all.then_some(Self::Influences { influences, options })
    }

    /// Tests that `R b + c` is zero, for R of q rows and k columns, and the coefficients `b`. The confidence set of a
    /// single restriction is that of `R b + c`.
    ///
    /// # Errors
    /// `E607` when the restrictions depend on each other, have no variance, or are as many as clusters.
    pub fn test(&self, restrictions: &DMatrix<f64>, constants: &[f64], coefficients: &[f64]) -> Result<WildTest> {
        let mut test = match self {
            Self::Regression { wild, positions } => {
                let mut own = DMatrix::zeros(restrictions.nrows(), wild.coefficients.len());
                for (column, &position) in positions.iter().enumerate() {
                    own.set_column(position, &restrictions.column(column));
                }
                let values: Vec<f64> = constants.iter().map(|c| -c).collect();
                let mut test = wild.joint(&own, &values)?;
                let moved = constants.first().copied().unwrap_or(0.0);
                let ends = test.set.iter_mut().flat_map(|set| set.pieces.iter_mut().flatten());
                ends.for_each(|end| *end += moved);
                test
            }
            Self::Influences { influences, options } => {
                let value =
                    restrictions * DVector::from_column_slice(coefficients) + DVector::from_column_slice(constants);
                let combined = restrictions * &**influences;
                score_joint(&combined, 1.0, value.as_slice(), options).ok_or_else(|| {
                    Problem::new(
                        "E607",
                        format!(
                            "the restrictions have no variance of their own across the {} clusters",
                            influences.ncols()
                        ),
                    )
                    .fix("test fewer restrictions than there are clusters, of effects that vary")
                })?
            }
        };
        // Cautions about the clusters are said of the coefficients already.
        test.warnings.retain(|warning| !matches!(warning.id.as_str(), "W411" | "W413" | "W414"));
        Ok(test)
    }
}
