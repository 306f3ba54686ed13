//! Weights of indicators and dimensions.

use nalgebra::{DMatrix, SymmetricEigen};

use super::check::Sample;
use super::scale::{bounds, scale};
use super::span::Spans;
use super::{Direction, Indicator, Levels, LogRows, Method, Options, Proportions, Weight, Zeros};
use crate::message::{Place, Problem, Result};

/// Weights by group of rows, and what the tables show of them.
pub(super) struct Weighed {
    /// Group of each row.
    pub of_row: Vec<usize>,
    /// `by_group[group][indicator]`.
    pub by_group: Vec<Vec<f64>>,
    pub indicators: Vec<Weight>,
    pub dimensions: Vec<Weight>,
    pub corrected: Vec<Weight>,
    /// Standardised indicators; `pca` only.
    pub standard: Vec<Vec<f64>>,
    /// Share of variance of the first component; `pca` only.
    pub explained: Option<f64>,
}

/// Entropy and divergence of one set of columns over one group of rows, and their weights.
struct Entropies {
    e: Vec<f64>,
    w: Vec<f64>,
}

/// Dimensions in order of first appearance, each with the indicators in it.
pub(super) fn dimensions<'a>(indicators: &[Indicator<'a>]) -> Vec<(&'a str, Vec<usize>)> {
    let mut dimensions: Vec<(&str, Vec<usize>)> = Vec::new();
    for (j, indicator) in indicators.iter().enumerate() {
        match dimensions.iter_mut().find(|(name, _)| *name == indicator.dimension) {
            Some((_, members)) => members.push(j),
            None => dimensions.push((indicator.dimension, vec![j])),
        }
    }
    dimensions
}

pub(super) fn weigh(
    indicators: &[Indicator],
    columns: &[Vec<f64>],
    scaled: &[Vec<f64>],
    spans: &Spans,
    sample: &Sample,
    options: &Options,
) -> Result<Weighed> {
    match (options.method, &options.given) {
        (Method::Pca, _) => return component(indicators, scaled),
        (Method::Topsis, _) => return Ok(constant(indicators, &vec![1.0; indicators.len()], scaled[0].len())),
        (_, Some(given)) => return Ok(constant(indicators, given, scaled[0].len())),
        _ => {}
    }
    let names: Vec<&str> = indicators.iter().map(|i| i.name).collect();
    let positive: Vec<Vec<f64>> = match options.proportions {
        Proportions::Scaled => scaled.to_vec(),
        Proportions::Raw => columns.iter().map(|x| shifted(x, options.zeros)).collect(),
    };
    let mut weighed = Weighed {
        of_row: spans.of_row.clone(),
        by_group: Vec::new(),
        indicators: Vec::new(),
        dimensions: Vec::new(),
        corrected: Vec::new(),
        standard: Vec::new(),
        explained: None,
    };
    for group in 0..spans.fit.len() {
        let rule = |log_rows| Rule { log_rows, rows: &spans.fit[group], sample, place: spans.place(group), options };
        let (weights, parts) = levels(indicators, &names, &positive, scaled, &rule(options.log_rows))?;
        if options.log_rows == LogRows::Periods {
            let (right, own) = levels(indicators, &names, &positive, scaled, &rule(LogRows::Own))?;
            weighed.corrected.extend(table(indicators, &right, spans.period[group]));
            weighed.corrected.extend(own.into_iter().map(|w| Weight { period: spans.period[group], ..w }));
        }
        weighed.indicators.extend(table(indicators, &weights, spans.period[group]));
        weighed.dimensions.extend(parts.into_iter().map(|w| Weight { period: spans.period[group], ..w }));
        weighed.by_group.push(weights.w);
    }
    Ok(weighed)
}

/// How one set of entropies is computed.
struct Rule<'a> {
    log_rows: LogRows,
    rows: &'a [usize],
    sample: &'a Sample,
    place: String,
    options: &'a Options,
}

/// Weights of all indicators in one group of rows, in one level or two, and of their dimensions.
fn levels(
    indicators: &[Indicator],
    names: &[&str],
    positive: &[Vec<f64>],
    scaled: &[Vec<f64>],
    rule: &Rule,
) -> Result<(Entropies, Vec<Weight>)> {
    let columns: Vec<&[f64]> = positive.iter().map(Vec::as_slice).collect();
    let dimensions = dimensions(indicators);
    let part = |name: &str, entropy: Option<f64>, weight| Weight {
        period: None,
        dimension: name.to_owned(),
        indicator: None,
        entropy,
        divergence: entropy.map(|e| 1.0 - e),
        weight,
    };
    if rule.options.levels == Levels::One || dimensions.len() == 1 {
        let all = entropies(names, &columns, rule)?;
        let parts = dimensions
            .iter()
            .map(|(name, members)| part(name, None, members.iter().map(|&j| all.w[j]).sum()))
            .collect();
        return Ok((all, parts));
    }
    let mut all = Entropies { e: vec![0.0; names.len()], w: vec![0.0; names.len()] };
    let mut sums = Vec::new();
    for (name, members) in &dimensions {
        let names: Vec<&str> = members.iter().map(|&j| names[j]).collect();
        let columns: Vec<&[f64]> = members.iter().map(|&j| columns[j]).collect();
        let inner = entropies(&names, &columns, rule)?;
        for (&j, (&e, &w)) in members.iter().zip(inner.e.iter().zip(&inner.w)) {
            all.e[j] = e;
            all.w[j] = w;
        }
        let sum: Vec<f64> =
            (0..scaled[0].len()).map(|row| members.iter().map(|&j| all.w[j] * scaled[j][row]).sum()).collect();
        let whole = Indicator { name, dimension: name, direction: Direction::Benefit, values: &[] };
        let rows = rule.rows.to_vec();
        let span = Spans { of_row: vec![0; sum.len()], fit: vec![rows], period: vec![None] };
        sums.push(scale(&whole, &sum, &span, rule.options.zeros)?);
    }
    let titles: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let columns: Vec<&[f64]> = sums.iter().map(Vec::as_slice).collect();
    let outer = entropies(&titles, &columns, rule)?;
    for ((_, members), &weight) in dimensions.iter().zip(&outer.w) {
        for &j in members {
            all.w[j] *= weight;
        }
    }
    let parts =
        titles.iter().zip(outer.e.iter().zip(&outer.w)).map(|(name, (&e, &w))| part(name, Some(e), w)).collect();
    Ok((all, parts))
}

/// e_j = -(1/ln R) sum p ln p with p = x / sum x; g = 1 - e; w = g / sum g.
fn entropies(names: &[&str], columns: &[&[f64]], rule: &Rule) -> Result<Entropies> {
    let r = match rule.log_rows {
        LogRows::Own => rule.rows.len() as f64,
        LogRows::All => rule.sample.rows.len() as f64,
        LogRows::OfPeriod => rule.sample.rows.len() as f64 / rule.sample.periods as f64,
        LogRows::Periods => rule.sample.periods as f64,
    };
    if r <= 1.0 {
        return Err(Problem::new("E317", format!("ln R is not positive with R = {r}{}: no entropy", rule.place))
            .fix("pool the periods, or use all rows for R"));
    }
    let mut e = Vec::with_capacity(names.len());
    for (name, column) in names.iter().zip(columns) {
        let place = || Place { column: Some((*name).to_owned()), ..Place::default() };
        let (low, _) = bounds(column, rule.rows);
        let total: f64 = rule.rows.iter().map(|&row| column[row]).sum();
        if low < 0.0 || total <= 0.0 {
            return Err(Problem::new(
                "E317",
                format!("values down to {low}{} cannot be read as proportions", rule.place),
            )
            .fix("use proportions of scaled values, or weights over the rows that the scaling is taken from")
            .at(place()));
        }
        let value = -rule
            .rows
            .iter()
            .map(|&row| column[row] / total)
            .map(|p| if p > 0.0 { p * p.ln() } else { 0.0 })
            .sum::<f64>()
            / r.ln();
        // A column of equal proportions has e = 1 up to rounding.
        if value > 1.0 + 1e-9 && rule.log_rows != LogRows::Periods {
            return Err(Problem::new(
                "E317",
                format!(
                    "entropy {value:.4} exceeds 1: proportions over {} rows were divided by ln {r}, which turns \
                     the weights over",
                    rule.rows.len()
                ),
            )
            .fix("divide by ln of the rows over which the proportions sum to 1 (the default); to replicate a paper that divided by ln of the periods, use \"ln-periods\"")
            .at(place()));
        }
        e.push(if rule.log_rows == LogRows::Periods { value } else { value.min(1.0) });
    }
    let total: f64 = e.iter().map(|e| 1.0 - e).sum();
    if total == 0.0 {
        return Err(Problem::new("E305", format!("no indicator diverges{}: all entropies are 1", rule.place)));
    }
    let w = e.iter().map(|e| (1.0 - e) / total).collect();
    Ok(Entropies { e, w })
}

/// The raw column, shifted when the rule for zeros says so and it has values <= 0.
pub(super) fn shifted(x: &[f64], zeros: Zeros) -> Vec<f64> {
    let min = x.iter().copied().fold(f64::INFINITY, f64::min);
    let by = if zeros == Zeros::Shift && min <= 0.0 { min.abs() + 0.01 } else { 0.0 };
    x.iter().map(|x| x + by).collect()
}

fn table(indicators: &[Indicator], entropies: &Entropies, period: Option<u32>) -> Vec<Weight> {
    let values = entropies.e.iter().zip(&entropies.w);
    indicators
        .iter()
        .zip(values)
        .map(|(indicator, (&e, &weight))| Weight {
            period,
            dimension: indicator.dimension.to_owned(),
            indicator: Some(indicator.name.to_owned()),
            entropy: Some(e),
            divergence: Some(1.0 - e),
            weight,
        })
        .collect()
}

/// Weights that no data decide, brought to sum 1.
fn constant(indicators: &[Indicator], weights: &[f64], rows: usize) -> Weighed {
    let total: f64 = weights.iter().sum();
    plain(indicators, weights.iter().map(|w| w / total).collect(), rows)
}

fn plain(indicators: &[Indicator], weights: Vec<f64>, rows: usize) -> Weighed {
    let line = |dimension: &str, indicator: Option<&str>, weight| Weight {
        period: None,
        dimension: dimension.to_owned(),
        indicator: indicator.map(str::to_owned),
        entropy: None,
        divergence: None,
        weight,
    };
    Weighed {
        of_row: vec![0; rows],
        indicators: indicators.iter().zip(&weights).map(|(i, &w)| line(i.dimension, Some(i.name), w)).collect(),
        dimensions: dimensions(indicators)
            .iter()
            .map(|(name, members)| line(name, None, members.iter().map(|&j| weights[j]).sum()))
            .collect(),
        by_group: vec![weights],
        corrected: Vec::new(),
        standard: Vec::new(),
        explained: None,
    }
}

/// First principal component of the correlation matrix of the scaled indicators. Its sign is the one that
/// makes the loadings' sum positive, so that "better" indicators raise the score.
fn component(indicators: &[Indicator], scaled: &[Vec<f64>]) -> Result<Weighed> {
    let rows = scaled[0].len();
    let standard: Vec<Vec<f64>> = scaled
        .iter()
        .map(|z| {
            let mean = z.iter().sum::<f64>() / rows as f64;
            let sd = (z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / (rows - 1) as f64).sqrt();
            z.iter().map(|z| (z - mean) / sd).collect()
        })
        .collect();
    let m = indicators.len();
    let correlation = DMatrix::from_fn(m, m, |a, b| {
        standard[a].iter().zip(&standard[b]).map(|(a, b)| a * b).sum::<f64>() / (rows - 1) as f64
    });
    let Some(eigen) = SymmetricEigen::try_new(correlation, f64::EPSILON, 10_000) else {
        return Err(Problem::new("E702", "the principal component did not converge"));
    };
    let first = eigen.eigenvalues.imax();
    let vector = eigen.eigenvectors.column(first);
    let sign = if vector.sum() < 0.0 { -1.0 } else { 1.0 };
    let loadings: Vec<f64> = vector.iter().map(|v| sign * v).collect();
    Ok(Weighed { standard, explained: Some(eigen.eigenvalues[first] / m as f64), ..plain(indicators, loadings, rows) })
}
