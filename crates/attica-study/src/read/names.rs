//! Names beside codes: a unit that changes its name, or a name that several units carry, is often two
//! units merged or one unit split.

use attica::frame::{Column, Frame, MISSING, Values};
use attica::message::Warning;
use attica::panel::Panel;

/// Units named in a warning.
const SHOWN: usize = 3;

/// `W113`: units with several names, and names of several units, in columns that name units: text with about
/// one level per unit. Where more than a quarter of the units differ, the column is something else.
pub fn changing_names(frame: &Frame, panel: &Panel) -> Vec<Warning> {
    frame.columns().iter().filter(|column| column.name != panel.unit_name).flat_map(|c| in_column(c, panel)).collect()
}

fn in_column(column: &Column, panel: &Panel) -> Vec<Warning> {
    let Values::Text { codes, levels } = &column.values else { return Vec::new() };
    let mut pairs: Vec<(u32, u32)> =
        panel.unit.iter().zip(codes).filter(|(_, code)| **code != MISSING).map(|(&u, &c)| (u, c)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let units = panel.units.len();
    let mut used: Vec<u32> = pairs.iter().map(|pair| pair.1).collect();
    used.sort_unstable();
    used.dedup();
    if units < 5 || used.len() * 5 < units * 4 {
        return Vec::new();
    }
    let name = |code: u32| levels[code as usize].clone();
    let unit = |unit: u32| panel.units[unit as usize].clone();
    let renamed = repeated(&pairs, unit, name);
    for pair in &mut pairs {
        *pair = (pair.1, pair.0);
    }
    pairs.sort_unstable();
    let shared = repeated(&pairs, name, unit);
    let few = |found: &[String]| !found.is_empty() && found.len() * 4 <= units;
    let mut warnings = Vec::new();
    if few(&renamed) {
        warnings.push(told(&column.name, &renamed, ["units have more than one name", "个个体有多个名称"]));
    }
    if few(&shared) {
        warnings.push(told(&column.name, &shared, ["names belong to more than one unit", "个名称对应多个个体"]));
    }
    warnings
}

/// Firsts that are paired with several seconds, as `first: second, second`; `pairs` are sorted and distinct.
fn repeated(pairs: &[(u32, u32)], first: impl Fn(u32) -> String, second: impl Fn(u32) -> String) -> Vec<String> {
    pairs
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1)
        .map(|group| {
            let seconds: Vec<String> = group.iter().map(|pair| second(pair.1)).collect();
            format!("{}: {}", first(group[0].0), seconds.join(", "))
        })
        .collect()
}

fn told(column: &str, found: &[String], what: [&str; 2]) -> Warning {
    let shown = found[..found.len().min(SHOWN)].join("; ");
    Warning::new(
        "W113",
        format!("{column}: {} {} ({shown}): a change of code or name, or units merged or split?", found.len(), what[0]),
        format!("{column}：{}{}（{shown}）：是否存在更名、代码变更或区划调整？", found.len(), what[1]),
    )
}
