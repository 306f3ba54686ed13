//! Panels with adoption dates, ready for the registered estimators.

use attica::design::DesignOptions;
use attica::estimator::event_time::Window;
use attica::estimator::options::Options;
use attica::estimator::{Data, Spec};
use attica::fit::FitOptions;
use attica::frame::{Column, Frame};
use attica::panel::{Adoption, Panel};
use attica::vcov::{Preset, Ssc, Vcov};

use super::Table;

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
