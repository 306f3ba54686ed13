//! The main regression with other measures of outcome, policy and controls.

use attica::frame::Column;
use attica::frame::transform::Tails;
use attica::message::{Problem, Result};
use attica::panel::Adoption;

use super::{Family, quantiles};
use crate::run::build_index;
use crate::steps::regression::name;
use crate::studyfile::{IndexChange, IndexMethod, Key, Outcome, Robustness};

impl Family<'_> {
    /// Adds what the study file asks for.
    pub(super) fn variables(&mut self, asked: &Robustness) {
        let study = self.study;
        if let Some(at) = asked.winsorise {
            let mut names = vec![study.outcome().to_owned()];
            names.extend(study.file.model.controls.iter().filter(|c| study.data.frame.get(c).is_some()).cloned());
            let quantiles = quantiles(at, asked.by_year);
            let spec = self.spec(format!("Winsorised at {}", quantiles.en), format!("缩尾{}", quantiles.zh));
            self.add_with(&spec, self.tail_columns(&names, at, asked.by_year, Tails::Pull));
        }
        for policy in asked.replace_policy.as_slice() {
            let label = study.label(policy);
            let mut spec = self.spec(format!("Policy replaced by {}", label.en), format!("替换政策变量：{}", label.zh));
            spec.regressors = vec![name(policy)];
            self.show.push(policy.clone());
            self.add(&spec);
        }
        for outcome in asked.replace_outcome.as_slice() {
            match outcome {
                Outcome::Column(column) => {
                    let mut spec = self.spec("Other outcome", "替换被解释变量");
                    spec.outcome = name(column);
                    self.add(&spec);
                }
                Outcome::Index(change) => {
                    let words = change_words(change);
                    let spec = self.spec(format!("Index by {words}"), format!("指标重算：{words}"));
                    self.add_with(&spec, self.changed_index(change));
                }
            }
        }
        for &by in &asked.shift_policy {
            let spec = self.spec(format!("Policy {by:+} periods"), format!("政策时点移动{by:+}期"));
            self.add_with(&spec, self.shifted_policy(by));
        }
        if !asked.partial_pilots.is_empty() {
            let spec = self.spec("Partial pilots as untreated", "部分试点视为未处理");
            self.add_with(&spec, self.without_partial(&asked.partial_pilots));
        }
        if let Some(k) = asked.lag_controls {
            let mut spec = self.spec(format!("Controls lagged by {k}"), format!("控制变量滞后{k}期"));
            spec.controls = spec.controls.iter().map(|c| format!("lag({c}, {k})")).collect();
            self.add(&spec);
        }
        if asked.log1p {
            let mut spec = self.spec("log(1 + outcome)", "被解释变量取log(1+y)");
            spec.outcome = format!("log1p({})", spec.outcome);
            self.add(&spec);
        }
    }

    /// The policy as if each unit had adopted `by` periods later.
    fn shifted_policy(&self, by: i64) -> Result<Vec<Column>> {
        let (panel, treatment) = (&self.study.data.panel, &self.study.data.treatment);
        if treatment.continuous || treatment.dates.is_empty() || treatment.adoption.contains(&Adoption::Switches) {
            return Err(Problem::new("E607", "shift_policy needs a policy that is 0 or 1 and stays on once adopted")
                .fix("name a column in replace_policy instead"));
        }
        let rows = panel.unit.iter().zip(panel.time.iter());
        let coded = rows.map(|(&unit, &time)| match treatment.adoption[unit as usize] {
            Adoption::At(date) => f64::from(u8::from(panel.times[time as usize] >= date + by as f64)),
            Adoption::Always => 1.0,
            Adoption::Never | Adoption::Switches => 0.0,
        });
        Ok(vec![Column::number(self.study.policy(), coded.collect())])
    }

    /// The policy without the units that are treated in part.
    fn without_partial(&self, partial: &[Key]) -> Result<Vec<Column>> {
        let (panel, values) = (&self.study.data.panel, &self.study.data.treatment.values);
        let names: Vec<String> = partial.iter().map(Key::text).collect();
        let is_partial: Vec<bool> = panel.units.iter().map(|unit| names.contains(unit)).collect();
        if !is_partial.contains(&true) {
            return Err(Problem::new(
                "E603",
                format!("none of the partial pilots is in the panel: {}", names.join(", ")),
            )
            .fix(format!("write them as in the column {}, such as \"{}\"", panel.unit_name, panel.units[0])));
        }
        let coded = values.iter().zip(panel.unit.iter());
        let coded = coded.map(|(&value, &unit)| if is_partial[unit as usize] { 0.0 } else { value });
        Ok(vec![Column::number(self.study.policy(), coded.collect())])
    }

    /// The outcome's index in another form.
    fn changed_index(&self, change: &IndexChange) -> Result<Vec<Column>> {
        let outcome = self.study.outcome();
        let Some(index) = self.study.file.index.get(outcome) else {
            return Err(Problem::new("E607", format!("the outcome \"{outcome}\" is no index of this study"))
                .fix("name a column in replace_outcome instead"));
        };
        let mut index = index.clone();
        index.method = change.method.unwrap_or(index.method);
        index.zeros = change.zeros.unwrap_or(index.zeros);
        index.norm = change.norm.unwrap_or(index.norm);
        index.weight_once = change.weight_once.unwrap_or(index.weight_once);
        let (column, _) = build_index(outcome, &index, &self.study.data.frame, &self.study.data.panel)?;
        Ok(vec![column])
    }
}

fn change_words(change: &IndexChange) -> String {
    let method = change.method.map(|method| match method {
        IndexMethod::EntropyTopsis => "entropy-topsis",
        IndexMethod::Entropy => "entropy",
        IndexMethod::Topsis => "topsis",
        IndexMethod::Pca => "pca",
    });
    let mut words: Vec<String> = method.into_iter().map(str::to_owned).collect();
    words.extend(change.zeros.map(|zeros| format!("zeros {zeros:?}").to_lowercase()));
    words.extend(change.norm.map(|norm| format!("norm {norm:?}").to_lowercase()));
    words.extend(change.weight_once.map(|once| if once { "weights once" } else { "weights twice" }.to_owned()));
    words.join(", ")
}
