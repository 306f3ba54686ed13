//! Values that look wrong: told, never changed.

use std::collections::BTreeMap;

use attica::frame::transform::percentile;
use attica::frame::{Column, Frame, Values};
use attica::message::{Result, Warning};
use attica::panel::Panel;

use super::names::changing_names;

/// Examples in one warning.
const SHOWN: usize = 5;

/// Columns of numbers other than the panel's keys, with their values.
fn numbers<'a>(frame: &'a Frame, panel: &'a Panel) -> impl Iterator<Item = (&'a str, &'a [f64])> {
    let keys = [&panel.unit_name, &panel.time_name];
    frame.columns().iter().filter(move |column| !keys.contains(&&column.name)).filter_map(number)
}

fn number(column: &Column) -> Option<(&str, &[f64])> {
    match &column.values {
        Values::Number(values) => Some((&column.name, values)),
        Values::Text { .. } => None,
    }
}

/// Of each unit, the rows for which `keep` holds, in the order of time.
fn paths<'a>(panel: &'a Panel, keep: impl Fn(usize) -> bool + 'a) -> impl Iterator<Item = Vec<usize>> + 'a {
    panel.row.chunks(panel.times.len().max(1)).map(move |rows| {
        rows.iter().filter(|&&row| row != Panel::NO_ROW).map(|&row| row as usize).filter(|&row| keep(row)).collect()
    })
}

fn time(panel: &Panel, row: usize) -> f64 {
    panel.times[panel.time[row] as usize]
}

/// `110000 2010`.
fn key(panel: &Panel, row: usize) -> String {
    format!("{} {}", panel.units[panel.unit[row] as usize], time(panel, row))
}

/// All checks that need no choice of columns, in the order of their ids.
pub fn value_warnings(frame: &Frame, panel: &Panel) -> Vec<Warning> {
    let names = changing_names(frame, panel);
    let checks = [names, infinite(frame), empty_or_constant(frame, panel), outliers(frame, panel)];
    checks.into_iter().flatten().chain(unit_jumps(frame, panel)).chain(straight_runs(frame, panel)).collect()
}

/// `E302`: infinite values, with their rows. Models leave such rows out or stop.
pub fn infinite(frame: &Frame) -> Vec<Warning> {
    let columns = frame.columns().iter().filter_map(number);
    columns
        .filter_map(|(name, values)| {
            let rows: Vec<usize> = (0..values.len()).filter(|&row| values[row].is_infinite()).collect();
            let shown: Vec<String> = rows.iter().take(SHOWN).map(|row| (row + 1).to_string()).collect();
            (!rows.is_empty()).then(|| {
                Warning::new(
                    "E302",
                    format!("{name} is infinite in {} rows: {}", rows.len(), shown.join(", ")),
                    format!("{name} 有 {} 行为无穷大：第 {} 行", rows.len(), shown.join("、")),
                )
            })
        })
        .collect()
}

/// `E304` and `E305`: columns without any value, or with one value only. An estimate that needs such a
/// column stops with the same id.
pub fn empty_or_constant(frame: &Frame, panel: &Panel) -> Vec<Warning> {
    let check = |(name, values): (&str, &[f64])| {
        let mut present = values.iter().copied().filter(|v| !v.is_nan());
        let Some(first) = present.next() else {
            return Some(Warning::new("E304", format!("{name} has no value in any row"), format!("{name} 全部缺失")));
        };
        present.all(|v| v == first).then(|| {
            Warning::new(
                "E305",
                format!("{name} is {first} in all rows that have a value"),
                format!("{name} 所有取值均为 {first}"),
            )
        })
    };
    numbers(frame, panel).filter_map(check).collect()
}

/// `W310`: values more than ten robust standard deviations (1.4826 MAD) from the median, in logs where
/// all values are positive. Columns whose MAD is zero (dummies, mostly-zero counts) are passed over.
pub fn outliers(frame: &Frame, panel: &Panel) -> Vec<Warning> {
    let check = |(name, values): (&str, &[f64])| {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let log = finite().all(|v| v > 0.0);
        let scale = |v: f64| if log { v.ln() } else { v };
        let mut sorted: Vec<f64> = finite().map(scale).collect();
        sorted.sort_by(f64::total_cmp);
        let centre = percentile(&sorted, 50.0)?;
        let mut away: Vec<f64> = sorted.iter().map(|v| (v - centre).abs()).collect();
        away.sort_by(f64::total_cmp);
        let spread = 1.4826 * percentile(&away, 50.0)?;
        let far: Vec<usize> = (0..values.len())
            .filter(|&row| {
                values[row].is_finite() && spread > 0.0 && (scale(values[row]) - centre).abs() > 10.0 * spread
            })
            .collect();
        // Many far values are a long tail, not errors.
        if far.is_empty() || (far.len() > 3 && far.len() * 100 > sorted.len()) {
            return None;
        }
        let shown: Vec<String> =
            far.iter().take(SHOWN).map(|&row| format!("{} = {}", key(panel, row), values[row])).collect();
        Some(Warning::new(
            "W310",
            format!("{name} has {} values far from all others: {}", far.len(), shown.join("; ")),
            format!("{name} 有 {} 个远离其他取值的数：{}", far.len(), shown.join("；")),
        ))
    };
    numbers(frame, panel).filter_map(check).collect()
}

/// `W311`: values outside [0, 1] of columns that should be shares or indices.
///
/// # Errors
/// `E603`, `E301` for a column that does not exist or is text.
pub fn outside_unit_interval(frame: &Frame, columns: &[String]) -> Result<Vec<Warning>> {
    let mut out = Vec::new();
    for name in columns {
        let values = frame.numbers(name)?;
        let rows: Vec<usize> = (0..values.len()).filter(|&row| values[row] < 0.0 || values[row] > 1.0).collect();
        if let Some(&first) = rows.first() {
            out.push(Warning::new(
                "W311",
                format!(
                    "{name} is outside [0, 1] in {} rows; the first is row {}, {}",
                    rows.len(),
                    first + 1,
                    values[first]
                ),
                format!("{name} 有 {} 行超出 [0, 1]；首个为第 {} 行，取值 {}", rows.len(), first + 1, values[first]),
            ));
        }
    }
    Ok(out)
}

/// `W312`: a column that becomes 10, 100, 1000 or 10000 times as large or small from one period to the
/// next and stays there, as when a yearbook changes its unit. For all units at one date, or for single
/// units; only where the unit otherwise moves by less than half.
pub fn unit_jumps(frame: &Frame, panel: &Panel) -> Vec<Warning> {
    let check = |(name, values): (&str, &[f64])| {
        let mut by_time: BTreeMap<u64, usize> = BTreeMap::new();
        let mut jumps: Vec<(usize, i32)> = Vec::new();
        let mut units = 0_usize;
        for path in paths(panel, |row| values[row] > 0.0 && values[row].is_finite()) {
            let growth: Vec<f64> = path.windows(2).map(|pair| (values[pair[1]] / values[pair[0]]).log10()).collect();
            if growth.len() < 3 {
                continue;
            }
            units += 1;
            let mut usual: Vec<f64> = growth.iter().map(|g| g.abs()).collect();
            usual.sort_by(f64::total_cmp);
            if percentile(&usual, 50.0).is_none_or(|m| m > 0.15) {
                continue;
            }
            for (at, g) in growth.iter().enumerate() {
                let power = g.abs().round();
                // A spike goes up and comes back; a change of unit has calm on both sides.
                let calm = |near: Option<&f64>| near.is_none_or(|g| g.abs() < 0.3);
                let stays = calm(growth.get(at + 1)) && calm(at.checked_sub(1).and_then(|i| growth.get(i)));
                if (1.0..=4.0).contains(&power) && (g.abs() - power).abs() < 0.15 && stays {
                    let row = path[at + 1];
                    jumps.push((row, (power * g.signum()) as i32));
                    *by_time.entry(time(panel, row).to_bits()).or_insert(0) += 1;
                }
            }
        }
        let &(_, power) = jumps.first()?;
        let together = by_time.iter().find(|(_, n)| **n * 2 >= units && units > 2);
        let shown: Vec<String> =
            jumps.iter().take(SHOWN).map(|&(row, power)| format!("{} (x10^{power})", key(panel, row))).collect();
        let (en, zh) = match together {
            Some((&time, &n)) => {
                let time = f64::from_bits(time);
                (
                    format!(
                        "{name} changes by 10^{power} in {n} of {units} units at {time}; its unit of measurement seems to change there"
                    ),
                    format!("{name} 在 {time} 有 {n}/{units} 个单位变动约 10^{power} 倍，计量单位可能改变"),
                )
            }
            None => (
                format!("{name} jumps by a power of ten and stays there {} times: {}", jumps.len(), shown.join("; ")),
                format!("{name} 有 {} 处按 10 的幂跳变且不再回落：{}", jumps.len(), shown.join("；")),
            ),
        };
        Some(Warning::new("W312", en, zh))
    };
    numbers(frame, panel).filter_map(check).collect()
}

/// `W313`: stretches of at least five periods over which a column moves in exactly equal steps (four
/// equal steps, so second differences of zero), or repeats one value, as interpolation and carrying
/// forward leave them. Columns that never vary within a unit, that are steps of one everywhere, or
/// that take few values are no such case.
pub fn straight_runs(frame: &Frame, panel: &Panel) -> Vec<Warning> {
    const STEPS: usize = 4;
    let check = |(name, values): (&str, &[f64])| {
        let (mut runs, mut equal, mut rows_in_runs, mut rows_seen) = (Vec::new(), 0_usize, 0_usize, 0_usize);
        let (mut distinct, mut varies) = (std::collections::HashSet::new(), false);
        for path in paths(panel, |row| values[row].is_finite()) {
            rows_seen += path.len();
            path.iter().take(200).for_each(|&r| {
                distinct.insert(values[r].to_bits());
            });
            varies |= path.windows(2).any(|pair| values[pair[0]] != values[pair[1]]);
            let slope =
                |i: usize| (values[path[i + 1]] - values[path[i]]) / (time(panel, path[i + 1]) - time(panel, path[i]));
            let size = path.iter().fold(0.0_f64, |most, &r| most.max(values[r].abs()));
            let mut start = 0;
            while start + STEPS < path.len() {
                let mut end = start + 1;
                while end + 1 < path.len() && (slope(end) - slope(start)).abs() <= 1e-9 * size {
                    end += 1;
                }
                if end - start >= STEPS {
                    equal += usize::from(slope(start) == 0.0);
                    rows_in_runs += end - start + 1;
                    runs.push((path[start], path[end]));
                }
                start = end;
            }
        }
        // Most rows on lines: a trend, a code or a stock that seldom changes.
        if runs.is_empty() || !varies || distinct.len() < 20 || rows_in_runs * 2 > rows_seen {
            return None;
        }
        let shown: Vec<String> =
            runs.iter().take(SHOWN).map(|&(from, to)| format!("{} to {}", key(panel, from), time(panel, to))).collect();
        Some(Warning::new(
            "W313",
            format!(
                "{name} has {} stretches of five or more periods on a straight line ({equal} of them constant), {rows_in_runs} of {rows_seen} rows: {}. They look interpolated or carried forward",
                runs.len(),
                shown.join("; ")
            ),
            format!(
                "{name} 有 {} 段连续五期以上呈严格直线（其中 {equal} 段不变），共 {rows_in_runs}/{rows_seen} 行：{}。疑为插值或沿用",
                runs.len(),
                shown.join("；").replace(" to ", " 至 ")
            ),
        ))
    };
    numbers(frame, panel).filter_map(check).collect()
}

/// `W314`: of `columns` (outcomes), those that never vary within any unit.
///
/// # Errors
/// `E603`, `E301` for a column that does not exist or is text.
pub fn constant_within(frame: &Frame, panel: &Panel, columns: &[String]) -> Result<Vec<Warning>> {
    let mut out = Vec::new();
    for name in columns {
        let values = frame.numbers(name)?;
        let varies =
            paths(panel, |row| !values[row].is_nan()).any(|path| path.iter().any(|&r| values[r] != values[path[0]]));
        if !varies {
            let unit = &panel.unit_name;
            out.push(Warning::new(
                "W314",
                format!("{name} never varies within {unit}; effects of that unit absorb it"),
                format!("{name} 在 {unit} 内不随时间变化，将被个体固定效应吸收"),
            ));
        }
    }
    Ok(out)
}
