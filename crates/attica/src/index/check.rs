//! What goes in and what comes out: complete rows, contradictions, warnings.

use super::weigh::Weighed;
use super::{Direction, Indicator, Levels, LogRows, Method, Norm, Options, Over, Proportions};
use crate::ledger::{Ledger, Reason};
use crate::message::{Place, Problem, Result, Warning};

/// The complete rows.
pub(super) struct Sample {
    /// Row numbers in the table.
    pub rows: Vec<usize>,
    /// Period of each complete row.
    pub period: Option<Vec<u32>>,
    /// Number of periods among them; 1 without periods.
    pub periods: usize,
    pub ledger: Ledger,
}

impl Sample {
    /// Puts one value per complete row back into a column of the table.
    pub fn spread<T: Clone>(&self, rows: usize, values: Vec<T>) -> Vec<Option<T>> {
        let mut column = vec![None; rows];
        for (&row, value) in self.rows.iter().zip(values) {
            column[row] = Some(value);
        }
        column
    }
}

/// Checks columns and options, and finds the complete rows.
pub(super) fn sample(indicators: &[Indicator], period: Option<&[u32]>, options: &Options) -> Result<Sample> {
    let Some(first) = indicators.first() else {
        return Err(Problem::new("E701", "an index needs at least one indicator"));
    };
    let rows = first.values.len();
    for (place, indicator) in indicators.iter().enumerate() {
        check_column(indicator, rows)?;
        if indicators[..place].iter().any(|earlier| earlier.name == indicator.name) {
            return Err(Problem::new("E605", format!("indicator \"{}\" is listed twice", indicator.name))
                .fix("list each indicator once, in one dimension"));
        }
    }
    if period.is_some_and(|period| period.len() != rows) {
        return Err(Problem::new("E504", format!("the indicators have {rows} rows, the periods another number")));
    }
    check_options(indicators, options)?;

    let mut ledger = Ledger::new(rows);
    let mut missing = vec![0; indicators.len()];
    let mut complete = Vec::with_capacity(rows);
    for row in 0..rows {
        match indicators.iter().position(|i| i.values[row].is_nan()) {
            Some(indicator) => missing[indicator] += 1,
            None => complete.push(row),
        }
    }
    for (indicator, &count) in indicators.iter().zip(&missing) {
        ledger.drop_rows(Reason::Missing(indicator.name.to_owned()), count);
    }
    if complete.len() < 2 {
        let gaps: Vec<_> = ledger.dropped.iter().map(|d| format!("{}: {}", d.reason.text().en, d.rows)).collect();
        return Err(Problem::new(
            "E701",
            format!("{} of {rows} rows have all indicators ({}); an index needs two", complete.len(), gaps.join(", ")),
        )
        .fix("leave out the indicator that is missing most, or fill it before"));
    }
    let period: Option<Vec<u32>> = period.map(|period| complete.iter().map(|&row| period[row]).collect());
    let periods = period.as_ref().map_or(1, |period| {
        let mut labels = period.clone();
        labels.sort_unstable();
        labels.dedup();
        labels.len()
    });
    Ok(Sample { rows: complete, period, periods, ledger })
}

fn check_column(indicator: &Indicator, rows: usize) -> Result<()> {
    let values = indicator.values;
    let place = || Place { column: Some(indicator.name.to_owned()), ..Place::default() };
    if values.len() != rows {
        return Err(Problem::new("E504", format!("has {} rows, the first indicator {rows}", values.len())).at(place()));
    }
    if let Some(row) = values.iter().position(|x| x.is_infinite()) {
        let count = values.iter().filter(|x| x.is_infinite()).count();
        let what = format!("{count} values are infinite, the first in row {}", row + 1);
        return Err(Problem::new("E302", what).fix("make them missing or mend them").at(place()));
    }
    if values.iter().all(|x| x.is_nan()) {
        return Err(Problem::new("E304", "has no value at all").fix("take it out of the index").at(place()));
    }
    let finite = match indicator.direction {
        Direction::Benefit | Direction::Cost => true,
        Direction::Target(x0) => x0.is_finite(),
        Direction::Interval(low, high) => low.is_finite() && high.is_finite() && low <= high,
    };
    if finite {
        return Ok(());
    }
    Err(Problem::new("E602", format!("the direction \"{}\" is not a target or an interval", indicator.direction))
        .at(place()))
}

fn check_options(indicators: &[Indicator], options: &Options) -> Result<()> {
    if let Some(given) = &options.given {
        if given.len() != indicators.len() {
            let what = format!("{} weights are given for {} indicators", given.len(), indicators.len());
            return Err(Problem::new("E602", what).fix("give one weight per indicator, in their order"));
        }
        if given.iter().any(|w| !w.is_finite() || *w < 0.0) || given.iter().sum::<f64>() <= 0.0 {
            return Err(Problem::new("E401", format!("index weights must be numbers >= 0, not all 0: {given:?}")));
        }
        if matches!(options.method, Method::Topsis | Method::Pca) {
            let what = format!("method \"{}\" makes its own weights, but weights are given", options.method.name());
            return Err(Problem::new("E602", what).fix("use \"entropy-topsis\" or \"entropy\" with given weights"));
        }
    }
    if options.log_rows == LogRows::Periods && options.weights != Over::Pooled {
        return Err(Problem::new("E602", "\"ln-periods\" replicates pooled proportions; weights are not pooled here")
            .fix("set weights = \"pooled\" or leave out \"ln-periods\""));
    }
    let spans = [options.normalisation, options.weights, options.ideal];
    if options.method == Method::Pca && spans.iter().any(|&over| over != Over::Pooled) {
        return Err(Problem::new("E602", "the principal component is taken over all rows")
            .fix("use \"pooled\" for normalisation, weights and ideal points"));
    }
    Ok(())
}

/// Warnings on a finished index.
pub(super) fn warnings(scores: &[f64], options: &Options, weights: &Weighed) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let outside = scores.iter().filter(|s| !(0.0..=1.0).contains(*s)).count();
    if outside > 0 {
        warnings.push(Warning::new(
            "W311",
            format!("{outside} of {} scores lie outside [0, 1]", scores.len()),
            format!("{} 个得分中有 {outside} 个在 [0, 1] 之外", scores.len()),
        ));
    }
    let mut yearly = Vec::new();
    if options.normalisation == Over::PerPeriod {
        yearly.push(("normalisation", "标准化"));
    }
    if options.given.is_none()
        && options.weights == Over::PerPeriod
        && matches!(options.method, Method::EntropyTopsis | Method::Entropy)
    {
        yearly.push(("weights", "权重"));
    }
    if options.ideal == Over::PerPeriod && matches!(options.method, Method::EntropyTopsis | Method::Topsis) {
        yearly.push(("ideal points", "理想点"));
    }
    if !yearly.is_empty() {
        let join = |part: fn(&(&'static str, &'static str)) -> &'static str, by: &str| {
            yearly.iter().map(part).collect::<Vec<_>>().join(by)
        };
        warnings.push(Warning::new(
            "W318",
            format!(
                "{} differ by period: scores of different periods are not on one scale, so a before-after \
                 comparison such as DID mixes change in the cities with change of the yardstick",
                join(|w| w.0, ", ")
            ),
            format!("{}逐期计算：不同时期的得分不可比，双重差分会把尺度的变化计入政策效应", join(|w| w.1, "、")),
        ));
    }
    if !weights.corrected.is_empty() {
        let over = weights.indicators.iter().filter(|w| w.entropy.is_some_and(|e| e > 1.0)).count();
        warnings.push(Warning::new(
            "W317",
            format!(
                "replication mode ln-periods: {over} of {} entropies exceed 1 and their weights are inverted; \
                 the right weights are shown beside",
                weights.indicators.len()
            ),
            format!(
                "复现模式 ln-periods：{} 个熵值中有 {over} 个大于 1，权重被颠倒；正确权重并列给出",
                weights.indicators.len()
            ),
        ));
    }
    let idle = options.levels == Levels::Two && weights.dimensions.len() == 1;
    let shift = options.zeros == super::Zeros::Shift
        && options.proportions == Proportions::Scaled
        && options.norm != Norm::Vector;
    if idle || shift {
        let (en, zh) = if idle {
            ("two levels were asked for, but there is one dimension", "要求两级赋权，但只有一个维度")
        } else {
            ("a shift of raw values has no effect once they are scaled to [0, 1]", "原始值平移在极差标准化后没有作用")
        };
        warnings.push(Warning::new("N319", en, zh));
    }
    warnings
}
