//! Small staggered panels that are wrong or odd in one way each.

use attica::estimator::{Data, Estimate, Estimator, Spec};
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::message::{Problem, Warning};
use attica::panel::Panel;

use super::panel::Loaded;

/// One row of a panel.
#[derive(Clone, Debug)]
pub struct Row {
    pub unit: f64,
    pub time: f64,
    /// First treated period; NaN is never.
    pub first: f64,
    /// Treatment, 0 or 1.
    pub d: f64,
    pub y: f64,
    /// A control that varies over time, and one that does not.
    pub x: f64,
    pub z: f64,
    pub weight: f64,
    pub cluster: f64,
}

/// Eight periods; twelve units that adopt in 4, ten in 6, fourteen never; effect 1, growing by .2.
pub fn rows() -> Vec<Row> {
    let mut random = stream(17, 0);
    let mut rows = Vec::new();
    for (first, units) in [(4.0, 12), (6.0, 10), (f64::NAN, 14)] {
        for _ in 0..units {
            let unit = (rows.len() / 8) as f64;
            let (level, z) = (random.normal(), random.normal());
            for time in 1..=8 {
                let time = f64::from(time);
                let d = f64::from(u8::from(time >= first));
                let effect = if d > 0.0 { 1.0 + 0.2 * (time - first) } else { 0.0 };
                let x = random.normal();
                let y = level + 0.1 * time + effect + 0.5 * x + 0.3 * random.normal();
                rows.push(Row { unit, time, first, d, y, x, z, weight: 1.0 + z * z, cluster: (unit / 3.0).floor() });
            }
        }
    }
    rows
}

pub fn frame(rows: &[Row]) -> Frame {
    let column = |name: &str, of: fn(&Row) -> f64| Column::number(name, rows.iter().map(of).collect());
    Frame::new(vec![
        column("unit", |r| r.unit),
        column("time", |r| r.time),
        column("first", |r| r.first),
        column("d", |r| r.d),
        column("y", |r| r.y),
        column("x", |r| r.x),
        column("z", |r| r.z),
        column("w", |r| r.weight),
        column("c", |r| r.cluster),
    ])
    .unwrap()
}

/// Reads the panel as a user's file is read, and what was said of it.
pub fn load(rows: &[Row], path: bool) -> Result<(Loaded, Vec<Warning>), Problem> {
    let mut frame = frame(rows);
    let (panel, mut warnings) = Panel::new(&frame, "unit", "time")?;
    let (adoption, more) = if path {
        panel.adoption_from_path("d", frame.numbers("d")?)?
    } else {
        panel.adoption_from_first(frame.column("first")?, &[])?
    };
    warnings.extend(more);
    if !path {
        frame.set(Column::number("d", panel.treated(&adoption)))?;
    }
    Ok((Loaded { frame, panel, adoption }, warnings))
}

/// What an estimator makes of a panel: its answer and all ids that a user sees.
pub fn run(
    estimator: &dyn Estimator,
    rows: &[Row],
    path: bool,
    spec: impl Fn(&mut Spec),
) -> (Result<Estimate, Problem>, Vec<String>) {
    let ids = |warnings: &[Warning]| warnings.iter().map(|w| w.id.clone()).collect::<Vec<String>>();
    let (loaded, warnings) = match load(rows, path) {
        Ok(loaded) => loaded,
        Err(problem) => return (Err(problem.clone()), vec![problem.id]),
    };
    let mut all = ids(&warnings);
    let mut asked = loaded.spec("y", &[]);
    spec(&mut asked);
    let data = Data { frame: &loaded.frame, panel: &loaded.panel, adoption: &loaded.adoption };
    let found = attica::estimator::estimate(estimator, data, &asked);
    match &found {
        Ok(estimate) => {
            all.extend(ids(&estimate.warnings));
            all.extend(estimate.event_study.iter().flat_map(|study| ids(&study.warnings)));
        }
        Err(problem) => all.push(problem.id.clone()),
    }
    all.sort();
    all.dedup();
    (found, all)
}

/// Where a number in an estimate is none: NaN or infinity anywhere, texts included.
pub fn not_finite(estimate: &Estimate) -> Option<String> {
    let text = format!("{estimate:?}");
    let alone = |at: usize| {
        let letter = |c: char| c.is_alphanumeric() || c == '_';
        !text[..at].ends_with(letter) && !text[at + 3..].starts_with(letter)
    };
    let place = ["NaN", "inf"].iter().flat_map(|word| text.match_indices(word)).find(|(at, _)| alone(*at))?.0;
    Some(text[..place + 3].chars().rev().take(160).collect::<Vec<char>>().into_iter().rev().collect())
}
