//! The main regression in other samples.

use attica::frame::transform::Tails;
use attica::math::random::stream;
use attica::message::Problem;
use attica::panel::Adoption;

use super::{Family, cities, neighbours, quantiles};
use crate::studyfile::{Key, Robustness, UnitList};

impl Family<'_> {
    /// Adds what the study file asks for.
    pub(super) fn samples(&mut self, asked: &Robustness) {
        let study = self.study;
        let panel = &study.data.panel;
        let rows = study.data.frame.rows();
        if let Some(share) = asked.trim_rows {
            let cut = (rows as f64 * share).floor() as usize;
            let percent = percent(share);
            self.without(
                format!("Without the first {percent}"),
                format!("剔除前{percent}观测"),
                &format!("first {percent} of the rows, sorted by unit and time"),
                |row| row < cut,
            );
            self.without(
                format!("Without the last {percent}"),
                format!("剔除后{percent}观测"),
                &format!("last {percent} of the rows, sorted by unit and time"),
                |row| row >= rows - cut,
            );
        }
        if let Some(share) = asked.drop_random_units {
            let units = panel.units.len();
            let mut order: Vec<usize> = (0..units).collect();
            stream(study.file.seed, 0).shuffle(&mut order);
            let mut leaves = vec![false; units];
            order[..(units as f64 * share).floor() as usize].iter().for_each(|&u| leaves[u] = true);
            let percent = percent(share);
            self.without(
                format!("Without a random {percent} of units"),
                format!("随机剔除{percent}个体"),
                &format!("a random {percent} of the units"),
                |row| leaves[panel.unit[row] as usize],
            );
        }
        if let Some([low, high]) = asked.trim {
            let trimmed = self.tail_columns(&[study.outcome().to_owned()], [low, high], asked.by_year, Tails::Cut);
            let quantiles = quantiles([low, high], asked.by_year);
            match trimmed {
                Ok(columns) => {
                    let outcome = columns.first().and_then(|c| match &c.values {
                        attica::frame::Values::Number(values) => Some(values.clone()),
                        attica::frame::Values::Text { .. } => None,
                    });
                    let before = study.data.frame.numbers(study.outcome()).map(<[f64]>::to_vec).unwrap_or_default();
                    let values = outcome.unwrap_or_default();
                    self.without(
                        format!("Trimmed at {}", quantiles.en),
                        format!("截尾{}", quantiles.zh),
                        &format!("outcome beyond {}", quantiles.en),
                        |row| values[row].is_nan() && !before[row].is_nan(),
                    );
                }
                Err(problem) => {
                    let spec = self.spec(format!("Trimmed at {}", quantiles.en), format!("截尾{}", quantiles.zh));
                    self.fail(spec, problem);
                }
            }
        }
        if let Some([first, last]) = asked.window {
            self.without(
                format!("{first} to {last} only"),
                format!("仅{first}—{last}年"),
                &format!("periods outside {first} to {last}"),
                |row| !(first..=last).contains(&panel.times[panel.time[row] as usize]),
            );
        }
        for &kept in &asked.around_adoption {
            self.around(kept);
        }
        for (list, units) in &asked.drop_units {
            self.list(list, units);
        }
        if !asked.partial_pilots.is_empty() {
            self.list_of("partial pilots", "部分试点", &asked.partial_pilots);
        }
        if let Some(column) = &asked.neighbours {
            self.without_neighbours(column);
        }
        if asked.drop_concurrent && !asked.concurrent.is_empty() {
            let mut touched = vec![false; panel.units.len()];
            for policy in &asked.concurrent {
                let Ok(values) = study.data.frame.numbers(policy) else { continue };
                values
                    .iter()
                    .zip(panel.unit.iter())
                    .filter(|(v, _)| **v > 0.0)
                    .for_each(|(_, &u)| touched[u as usize] = true);
            }
            self.without(
                "Without units of concurrent policies".to_owned(),
                "剔除同期其他政策个体".to_owned(),
                &format!("units of {}", asked.concurrent.join(", ")),
                |row| touched[panel.unit[row] as usize],
            );
        }
    }

    /// The sample without the units of a list.
    fn list(&mut self, name: &str, units: &UnitList) {
        let study = self.study;
        match units {
            UnitList::Units(units) => self.list_of(name, name, units),
            UnitList::Known(known) => {
                let leaves = cities::members(*known, &study.data.frame, &study.data.panel);
                let (en, zh) = (format!("Without {name}"), format!("剔除{name}"));
                if !leaves.contains(&true) {
                    let message = format!(
                        "no unit is known as one of {}, by its code or by a name in a text column",
                        known.name()
                    );
                    let problem =
                        Problem::new("E603", message).fix("write the units themselves: municipalities = [\"...\"]");
                    let spec = self.spec(en, zh);
                    self.fail(spec, problem);
                    return;
                }
                let panel = &study.data.panel;
                self.without(en, zh, &format!("units of the list {name}"), |row| leaves[panel.unit[row] as usize]);
            }
        }
    }

    /// The sample without `units`, which the report calls `en` and `zh`.
    fn list_of(&mut self, en: &str, zh: &str, units: &[Key]) {
        let panel = &self.study.data.panel;
        let names: Vec<String> = units.iter().map(Key::text).collect();
        let unknown: Vec<&str> = names.iter().filter(|n| !panel.units.contains(n)).map(String::as_str).collect();
        let (head_en, head_zh) = (format!("Without {en}"), format!("剔除{zh}"));
        if unknown.len() == names.len() {
            let message = format!("none of the units of the list \"{en}\" is in the panel: {}", unknown.join(", "));
            let problem = Problem::new("E603", message)
                .fix(format!("write them as in the column {}, such as \"{}\"", panel.unit_name, panel.units[0]));
            let spec = self.spec(head_en, head_zh);
            self.fail(spec, problem);
            return;
        }
        let leaves: Vec<bool> = panel.units.iter().map(|u| names.contains(u)).collect();
        self.without(head_en, head_zh, &format!("units of the list {en}"), |row| leaves[panel.unit[row] as usize]);
    }

    /// The sample without untreated units that have a treated neighbour.
    fn without_neighbours(&mut self, column: &str) {
        let (en, zh) = ("Without neighbours of pilots".to_owned(), "剔除试点相邻个体".to_owned());
        match neighbours::of_treated(self.study, column) {
            Ok(near) => {
                let panel = &self.study.data.panel;
                self.without(en, zh, "never treated units with a treated neighbour", |row| {
                    near[panel.unit[row] as usize]
                });
            }
            Err(problem) => {
                let spec = self.spec(en, zh);
                self.fail(spec, problem);
            }
        }
    }

    /// The sample of treated units within `kept` periods before and after their adoption.
    fn around(&mut self, kept: u32) {
        let study = self.study;
        let panel = &study.data.panel;
        let adoption = &study.data.treatment.adoption;
        let (en, zh) = (format!("{kept} periods around adoption"), format!("政策前后各{kept}期"));
        if study.data.treatment.dates.is_empty() || adoption.contains(&Adoption::Switches) {
            let problem = Problem::new("E607", "around_adoption needs one date of adoption for each treated unit")
                .fix("use window, which keeps the same periods for all units");
            let spec = self.spec(en, zh);
            self.fail(spec, problem);
            return;
        }
        let kept = f64::from(kept);
        self.without(en, zh, &format!("treated units beyond {kept} periods of their adoption"), |row| {
            let Adoption::At(date) = adoption[panel.unit[row] as usize] else { return false };
            let since = panel.times[panel.time[row] as usize] - date;
            !(-kept..kept).contains(&since)
        });
    }
}

fn percent(share: f64) -> String {
    format!("{}%", (share * 1e6).round() / 1e4)
}
