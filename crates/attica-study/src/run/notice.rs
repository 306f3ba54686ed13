//! What the numbers of a panel would make a careful reader ask.

use attica::frame::{Column, Frame, Values};
use attica::message::Warning;
use attica::panel::Panel;

/// Warnings about the values of every column of numbers: `E302` infinities, `E304` no value at all, `E305` no
/// variation, `W312` a unit of measurement that seems to change, `W313` stretches that look interpolated. They are
/// findings here; an estimate that needs such a column stops with the same id. `derived` columns are left out: they
/// repeat what is found in those that they are made from.
pub fn notice_values(frame: &Frame, panel: &Panel, derived: &[&str]) -> Vec<Warning> {
    let left_out = |name: &str| name == panel.unit_name || name == panel.time_name || derived.contains(&name);
    frame.columns().iter().filter(|c| !left_out(&c.name)).flat_map(|column| notice(column, panel)).collect()
}

fn notice(column: &Column, panel: &Panel) -> Vec<Warning> {
    let name = &column.name;
    let Values::Number(values) = &column.values else { return Vec::new() };
    let present: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if present.is_empty() {
        return vec![Warning::new(
            "E304",
            format!("column \"{name}\" has no value in any row"),
            format!("列“{name}”全部缺失"),
        )];
    }
    let infinite = present.iter().filter(|v| v.is_infinite()).count();
    if infinite > 0 {
        return vec![Warning::new(
            "E302",
            format!("column \"{name}\" is infinite in {infinite} rows"),
            format!("列“{name}”有{infinite}行为无穷大"),
        )];
    }
    if present.iter().all(|v| *v == present[0]) {
        return vec![Warning::new(
            "E305",
            format!("column \"{name}\" is {} in all rows that have a value", present[0]),
            format!("列“{name}”所有取值均为{}", present[0]),
        )];
    }
    let mut warnings = Vec::new();
    warnings.extend(unit_jumps(name, values, panel));
    warnings.extend(straight_lines(name, values, panel));
    warnings
}

/// Unit's values in order of time.
fn series<'a>(values: &'a [f64], panel: &'a Panel, unit: usize) -> Vec<(f64, f64)> {
    (0..panel.times.len())
        .filter_map(|t| panel.row(unit as u32, t).map(|row| (panel.times[t], values[row])))
        .filter(|(_, v)| !v.is_nan())
        .collect()
}

/// `W312`: from one period to the next a value becomes 10, 100, 1,000 or 10,000 times larger or smaller, and stays
/// there: each side varies by less than half.
fn unit_jumps(name: &str, values: &[f64], panel: &Panel) -> Option<Warning> {
    let mut found: Vec<String> = Vec::new();
    for unit in 0..panel.units.len() {
        let path = series(values, panel, unit);
        for i in 2..path.len().saturating_sub(1) {
            let (before, after) = (path[i - 1].1, path[i].1);
            if before * after <= 0.0 {
                continue;
            }
            let power = (after / before).abs().log10();
            let near = power.round();
            let steady = |a: f64, b: f64| a * b > 0.0 && (a / b).abs().log10().abs() < 0.18;
            if near.abs() >= 1.0
                && (power - near).abs() < 0.09
                && steady(path[i - 2].1, before)
                && steady(after, path[i + 1].1)
            {
                found.push(format!("{} in {}", panel.units[unit], path[i].0));
                break;
            }
        }
    }
    if found.is_empty() {
        return None;
    }
    let count = found.len();
    found.truncate(5);
    Some(Warning::new(
        "W312",
        format!(
            "\"{name}\" jumps by a power of ten and stays there in {count} units ({}): was its unit changed?",
            found.join("; ")
        ),
        format!("“{name}”在{count}个个体中出现10的整数次幂跳跃并保持（{}）：计量单位是否变更？", found.join("；")),
    ))
}

/// `W313`: three or more second differences in a row that are exactly zero while the value moves.
fn straight_lines(name: &str, values: &[f64], panel: &Panel) -> Option<Warning> {
    let mut found: Vec<String> = Vec::new();
    for unit in 0..panel.units.len() {
        let path = series(values, panel, unit);
        let mut run = 0;
        for w in path.windows(3) {
            let (first, second) = (w[1].1 - w[0].1, w[2].1 - w[1].1);
            let scale = w[0].1.abs().max(w[2].1.abs());
            // Small counts line up by chance.
            let telling = first.fract() != 0.0 || first.abs() >= 100.0;
            let straight = telling && (second - first).abs() <= 1e-9 * scale;
            run = if straight { run + 1 } else { 0 };
            if run == 3 {
                found.push(panel.units[unit].clone());
                break;
            }
        }
    }
    // Trends such as a calendar are straight for everyone.
    if found.is_empty() || 2 * found.len() > panel.units.len() {
        return None;
    }
    let count = found.len();
    found.truncate(5);
    Some(Warning::new(
        "W313",
        format!(
            "\"{name}\" runs in a straight line over five or more periods in {count} units ({}): interpolated?",
            found.join(", ")
        ),
        format!("“{name}”在{count}个个体中连续五期以上呈直线（{}）：是否为插值？", found.join("、")),
    ))
}
