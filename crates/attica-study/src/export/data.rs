//! The tables beside a script.

use attica_report::escape;

use super::plan::{Plan, Values};

/// Columns that the script reads, one line per row of the study, numbers in full precision.
pub fn rows(plan: &Plan) -> Vec<u8> {
    let in_file = || plan.columns.iter().filter(|column| !matches!(column.values, Values::Event { .. }));
    let mut text = in_file().map(|column| column.name.as_str()).collect::<Vec<_>>().join(",") + "\n";
    let rows = in_file().next().map_or(0, |column| match &column.values {
        Values::Number(values) => values.len(),
        Values::Codes(codes, _) => codes.len(),
        Values::Event { .. } => 0,
    });
    for row in 0..rows {
        for (at, column) in in_file().enumerate() {
            if at > 0 {
                text.push(',');
            }
            match &column.values {
                Values::Number(values) if values[row].is_finite() => text += &number(values[row]),
                Values::Codes(codes, _) if codes[row] > 0 => text += &codes[row].to_string(),
                _ => {}
            }
        }
        text.push('\n');
    }
    text.into_bytes()
}

/// What codes stand for: column, code, level.
pub fn levels(plan: &Plan) -> Option<Vec<u8>> {
    let mut text = "column,code,level\n".to_owned();
    let mut any = false;
    for column in &plan.columns {
        let Values::Codes(_, levels) = &column.values else { continue };
        for (at, level) in levels.iter().enumerate() {
            any = true;
            text += &format!("{},{},\"{}\"\n", column.name, at + 1, escape::csv(level).replace('"', "\"\""));
        }
    }
    any.then(|| text.into_bytes())
}

/// A number that every language reads back as the same one.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() >= 1e15 || value.abs() < 1e-5 { format!("{value:e}") } else { format!("{value}") }
}
