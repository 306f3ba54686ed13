//! Panels with adoption dates, ready for the registered estimators.

use attica::design::DesignOptions;
use attica::estimator::event_time::Window;
use attica::estimator::options::Options;
use attica::estimator::{Data, Spec};
use attica::fit::FitOptions;
use attica::frame::{Column, Frame};
use attica::panel::{Adoption, Panel};
use attica::vcov::{Preset, Ssc, Vcov};

use attica::math::random::stream;

use super::{Staggered, Table};

/// A panel and who adopts when, as an estimator reads them.
pub struct Loaded {
    pub frame: Frame,
    pub panel: Panel,
    pub adoption: Vec<Adoption>,
}

impl Loaded {
    /// A frame with `unit`, `time` and the first treated period, from which it gains the column `d`.
    pub fn new(mut frame: Frame, unit: &str, time: &str, first: &str) -> Self {
        let panel = Panel::new(&frame, unit, time).unwrap().0;
        let adoption = panel.adoption_from_first(frame.column(first).unwrap(), &[0.0]).unwrap().0;
        frame.set(Column::number("d", panel.treated(&adoption))).unwrap();
        Self { frame, panel, adoption }
    }

    pub fn table(
        file: &str,
        columns: &[&str],
        unit: &str,
        time: &str,
        first: impl Fn(&Table) -> Vec<f64>,
    ) -> Option<Self> {
        let table = Table::read(file)?;
        let mut all: Vec<Column> = columns.iter().map(|&name| Column::number(name, table.number(name))).collect();
        all.push(Column::number("first", first(&table)));
        Some(Self::new(Frame::new(all).unwrap(), unit, time, "first"))
    }

    pub fn data(&self) -> Data<'_> {
        Data { frame: &self.frame, panel: &self.panel, adoption: &self.adoption }
    }

    pub fn spec(&self, outcome: &str, controls: &[&str]) -> Spec {
        let cluster = self.panel.unit_name.clone();
        Spec {
            outcome: outcome.to_owned(),
            treatment: "d".to_owned(),
            controls: controls.iter().map(|&c| c.to_owned()).collect(),
            design: DesignOptions { clusters: vec![cluster.clone()], ..DesignOptions::default() },
            fit: FitOptions { ssc: Ssc::of(Preset::Fixest), ..FitOptions::new(Vcov::cluster(&cluster)) },
            window: Window::default(),
            options: Options::default(),
            seed: 1,
        }
    }
}

/// A small staggered panel with gaps, `x` that matters, weights `w` and `f` (whole) that vary over time, and clusters: `region`
/// holds several units, `crossed` differs between the halves of a unit's rows.
pub fn unbalanced(seed: u64) -> Loaded {
    let process =
        Staggered { periods: 8, cohorts: vec![(4, 9), (5, 7), (7, 8)], never: 10, effect: (0.5, 0.2), noise: 1.0 };
    let mut frame = process.draw(seed);
    let mut random = stream(seed, 9);
    let n = frame.rows();
    let w: Vec<f64> = (0..n).map(|_| 0.2 + random.uniform()).collect();
    let (unit, time) = (frame.numbers("unit").unwrap().to_vec(), frame.numbers("time").unwrap().to_vec());
    let region = unit.iter().map(|u| u % 11.0).collect();
    let crossed = unit.iter().zip(&time).map(|(u, t)| (u + f64::from(u8::from(*t > 3.0))) % 13.0).collect();
    let f = w.iter().map(|w| (3.0 * w).ceil()).collect();
    for (name, values) in [("w", w), ("f", f), ("region", region), ("crossed", crossed)] {
        frame.set(Column::number(name, values)).unwrap();
    }
    // Every unit keeps its first two periods and those around its adoption.
    let keep: Vec<u32> = (0..n).filter(|&r| time[r] <= 3.0 || random.uniform() > 0.2).map(|r| r as u32).collect();
    Loaded::new(frame.take(&keep), "unit", "time", "first")
}
