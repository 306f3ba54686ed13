//! The main regression with other measures of outcome, policy and controls.

use attica::frame::Column;
use attica::frame::transform::Tails;
use attica::message::{Problem, Result};
use attica::panel::Adoption;
use attica::text::Text;

use super::{Family, quantiles};
use crate::run::build_index;
use crate::steps::regression::name;
use crate::studyfile::{IndexChange, IndexMethod, IndexNorm, Key, Outcome, Robustness, Zeros};

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
                    let spec = self.spec(format!("Index by {}", words.en), format!("指标重算：{}", words.zh));
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

fn change_words(change: &IndexChange) -> Text {
    let method = change.method.map(|method| match method {
        IndexMethod::EntropyTopsis => ("entropy-topsis", "熵权TOPSIS"),
        IndexMethod::Entropy => ("entropy", "熵值法"),
        IndexMethod::Topsis => ("topsis", "TOPSIS"),
        IndexMethod::Pca => ("pca", "主成分法"),
    });
    let zeros = change.zeros.map(|zeros| match zeros {
        Zeros::Keep => ("zeros keep", "零值保留"),
        Zeros::Epsilon => ("zeros epsilon", "零值加极小数"),
        Zeros::Shrink => ("zeros shrink", "零值压缩"),
        Zeros::Shift => ("zeros shift", "原始值平移"),
    });
    let norm = change.norm.map(|norm| match norm {
        IndexNorm::Minmax => ("norm minmax", "极差标准化"),
        IndexNorm::Vector => ("norm vector", "向量标准化"),
    });
    let once = change
        .weight_once
        .map(|once| if once { ("weights once", "权重用一次") } else { ("weights twice", "权重用两次") });
    let words: Vec<_> = [method, zeros, norm, once].into_iter().flatten().collect();
    let joined = |of: fn(&(&'static str, &'static str)) -> &'static str, by: &str| {
        words.iter().map(of).collect::<Vec<_>>().join(by)
    };
    Text::new(joined(|words| words.0, ", "), joined(|words| words.1, "，"))
}
