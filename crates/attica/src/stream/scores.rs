//! Pass 3: the scores of all rows, by row or summed within clusters.

use nalgebra::DMatrix;

use super::chunks::Chunks;
use super::piece::Recipe;
use super::second::{Clean, Second, clean};
use super::{Batches, StreamOptions};
use crate::design::WeightKind;
use crate::math::cross::cross_products;
use crate::message::Result;
use crate::vcov::Vcov;

/// Rows of clusters whose products are added up together.
const BLOCK: usize = 4096;

/// `sum s s'` of the scores of the kept regressors, and behind them, where there are effects, of a column of ones and of
/// the fit of the base cell.
///
/// # Errors
/// Those of reading.
pub(super) fn meat(
    table: &impl Batches,
    recipe: &Recipe<'_>,
    options: &StreamOptions,
    second: &Second,
    (kept, coefficients): (&[usize], &[f64]),
) -> Result<DMatrix<f64>> {
    let first = &second.first;
    let functional = recipe.names.len() + 1;
    let frequency = matches!(options.weights, Some((_, WeightKind::Frequency)));
    // Columns that have scores, residuals, weights, codes.
    let scored = |frame, row| -> Result<Clean> {
        let mut piece = clean(recipe, first, frame, row)?;
        let mut residuals = piece.columns.pop().unwrap_or_default();
        for (&j, b) in kept.iter().zip(coefficients) {
            residuals.iter_mut().zip(&piece.columns[j]).for_each(|(e, x)| *e -= b * x);
        }
        let mut columns: Vec<Vec<f64>> = kept.iter().map(|&j| std::mem::take(&mut piece.columns[j])).collect();
        if let Some(effects) = &first.effects {
            columns.push(vec![1.0; residuals.len()]);
            let mut fit = vec![0.0; residuals.len()];
            let small = (recipe.formula.effects.len() == 2).then(|| &piece.codes[first.order[1]][..]);
            effects.remove(&mut fit, &piece.codes[first.order[0]], small, functional);
            for g in &mut fit {
                *g = -*g;
            }
            columns.push(fit);
        }
        Ok(Clean { columns, outcome: residuals, ..piece })
    };
    let width = kept.len() + if first.effects.is_some() { 2 } else { 0 };
    let mut meat = DMatrix::zeros(width, width);
    if !matches!(options.fit.vcov, Vcov::Cluster(_)) {
        let work = |columns: &[&[f64]]| cross_products(&columns[..width], Some(columns[width]));
        let mut chunks = Chunks::default();
        let mut fold = |part: DMatrix<f64>| meat += part;
        table.pass(
            &recipe.columns,
            |frame, row| {
                let Clean { mut columns, outcome: mut squares, weights, .. } = scored(frame, row)?;
                for (row, e) in squares.iter_mut().enumerate() {
                    let w = weights.as_ref().map_or(1.0, |w| w[row]);
                    *e = *e * *e * if frequency { w } else { w * w };
                }
                columns.push(squares);
                Ok(columns)
            },
            |columns| {
                chunks.push(columns, work, &mut fold);
                Ok(())
            },
        )?;
        chunks.finish(work, fold);
        return Ok(meat);
    }
    let mut sums: Vec<Vec<f64>> =
        recipe.subsets.iter().map(|(category, _)| vec![0.0; first.coder.levels(*category) * width]).collect();
    table.pass(&recipe.columns, scored, |piece| {
        for ((category, _), sums) in recipe.subsets.iter().zip(&mut sums) {
            for (row, &code) in piece.codes[*category].iter().enumerate() {
                let score = piece.weights.as_ref().map_or(1.0, |w| w[row]) * piece.outcome[row];
                let own = &mut sums[code as usize * width..(code as usize + 1) * width];
                own.iter_mut().zip(&piece.columns).for_each(|(sum, x)| *sum += score * x[row]);
            }
        }
        Ok(())
    })?;
    for ((_, sign), sums) in recipe.subsets.iter().zip(&sums) {
        let mut part = DMatrix::<f64>::zeros(width, width);
        for block in sums.chunks((BLOCK * width).max(1)) {
            let block = DMatrix::from_column_slice(width, block.len() / width, block);
            part += &block * block.transpose();
        }
        meat += part * *sign;
    }
    Ok(meat)
}
