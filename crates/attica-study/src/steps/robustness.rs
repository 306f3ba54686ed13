//! The robustness grid: the main regression in other samples, with other variables, in other forms.

use attica::expr::Expr;
use attica::frame::transform::{Tails, tails};
use attica::frame::{Column, Frame};
use attica::ledger::Reason;
use attica::math::random::stream;
use attica::message::{Problem, Result};
use attica::text::Text;
use attica::vcov::Vcov;

use super::regression::{Spec, name};
use super::{Found, Study};
use crate::results::{Content, Model, Models};
use crate::run::build_index;
use crate::studyfile::{IndexChange, IndexMethod, Outcome, Robustness};

/// Columns of one table in the making.
struct Family<'a> {
    study: Study<'a>,
    main: Spec,
    models: Vec<Model>,
    /// Terms that the table prints besides the policy.
    show: Vec<String>,
}

pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.robustness.clone().unwrap_or_default();
    let main = study.main()?;
    let family = || Family { study, main: main.clone(), models: Vec::new(), show: Vec::new() };
    let (mut samples, mut variables, mut forms) = (family(), family(), family());
    samples.samples(&asked);
    variables.variables(&asked);
    forms.forms(&asked);
    let titles = [
        ("samples", Text::new("Robustness: other samples", "稳健性检验：改变样本")),
        ("variables", Text::new("Robustness: other measures", "稳健性检验：替换变量")),
        ("specification", Text::new("Robustness: other specifications", "稳健性检验：改变设定")),
    ];
    let families = [samples, variables, forms].into_iter().zip(titles);
    Ok(families.filter_map(|(family, (id, title))| family.table(id, title)).map(Content::Models).collect())
}

impl Family<'_> {
    /// The table, with the main regression in front; none without columns.
    fn table(self, id: &str, title: Text) -> Option<Models> {
        if self.models.is_empty() {
            return None;
        }
        let mut first = self.main.clone();
        first.head = Text::new("Original", "基准");
        let mut models = vec![self.study.model(&first)];
        models.extend(self.models);
        let mut show = vec![self.study.policy().to_owned()];
        show.extend(self.show);
        Some(Models {
            id: format!("robustness-{id}"),
            title,
            models,
            show,
            tests: Vec::new(),
            methods: Text::default(),
            cautions: Vec::new(),
        })
    }

    fn spec(&self, en: impl Into<String>, zh: impl Into<String>) -> Spec {
        Spec { head: Text::new(en, zh), ..self.main.clone() }
    }

    fn add(&mut self, spec: &Spec) {
        self.models.push(self.study.model(spec));
    }

    /// A column estimated with some columns of the frame replaced.
    fn add_with(&mut self, spec: &Spec, columns: Result<Vec<Column>>) {
        let mut frame = self.study.data.frame.clone();
        let set = |frame: &mut Frame, columns: Vec<Column>| columns.into_iter().try_for_each(|c| frame.set(c));
        let model = match columns.and_then(|columns| set(&mut frame, columns)) {
            Ok(()) => self.study.model_in(&frame, spec),
            Err(problem) => spec.column(Err(problem)),
        };
        self.models.push(model);
    }

    /// A column without some rows.
    fn without(&mut self, en: String, zh: String, reason: &str, leaves: impl Fn(usize) -> bool) {
        let rows = self.study.data.frame.rows();
        let keep = (0..rows).map(|row| !leaves(row)).collect();
        let why = Reason::excluded(reason, zh.as_str());
        let spec = Spec { subset: Some((why, keep)), ..self.spec(en, zh) };
        self.add(&spec);
    }

    fn samples(&mut self, asked: &Robustness) {
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
                    self.models.push(spec.column(Err(problem)));
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
        for (list, units) in &asked.drop_units {
            let names: Vec<String> = units.iter().map(crate::studyfile::Key::text).collect();
            let unknown: Vec<&str> = names.iter().filter(|n| !panel.units.contains(n)).map(String::as_str).collect();
            let (en, zh) = (format!("Without {list}"), format!("剔除{list}"));
            if unknown.len() == names.len() {
                let message =
                    format!("none of the units of the list \"{list}\" is in the panel: {}", unknown.join(", "));
                let problem = Problem::new("E603", message)
                    .fix(format!("write them as in the column {}, such as \"{}\"", panel.unit_name, panel.units[0]));
                let spec = self.spec(en, zh);
                self.models.push(spec.column(Err(problem)));
                continue;
            }
            let leaves: Vec<bool> = panel.units.iter().map(|u| names.contains(u)).collect();
            self.without(en, zh, &format!("units of the list {list}"), |row| leaves[panel.unit[row] as usize]);
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

    fn variables(&mut self, asked: &Robustness) {
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

    fn forms(&mut self, asked: &Robustness) {
        let study = self.study;
        let panel = &study.data.panel;
        if asked.base_controls_trend {
            let mut spec = self.spec("Base-period controls x trend", "基期控制变量×时间趋势");
            let names: Vec<String> = spec.controls.iter().map(|c| format!("{c} (base) x trend")).collect();
            let trend: Vec<f64> = panel.time.iter().map(|&t| panel.times[t as usize] - panel.times[0]).collect();
            let columns = spec.controls.iter().zip(&names).map(|(control, name)| {
                let expr = Expr::parse(&format!("base({control})"))?;
                let (base, _) = expr.numbers(&study.data.frame, Some(panel))?;
                Ok(Column::number(name, base.iter().zip(&trend).map(|(b, t)| b * t).collect()))
            });
            let columns = columns.collect();
            spec.controls = names.iter().map(|n| name(n)).collect();
            self.add_with(&spec, columns);
        }
        for effect in &asked.effects {
            let label = study.label(effect);
            let mut spec = self.spec(format!("With {} effects", label.en), format!("控制{}固定效应", label.zh));
            spec.effects.push(effect.clone());
            self.add(&spec);
        }
        if asked.unit_trends {
            let (unit, time) = (name(&panel.unit_name), name(&panel.time_name));
            let mut spec = self.spec("Unit trends", "个体时间趋势");
            spec.effects.retain(|effect| *effect != unit);
            spec.effects.insert(0, format!("{unit}[{time}]"));
            self.add(&spec);
        }
        for policy in &asked.concurrent {
            let label = study.label(policy);
            let mut spec = self.spec(format!("With {}", label.en), format!("控制{}", label.zh));
            spec.regressors.push(name(policy));
            self.show.push(policy.clone());
            self.add(&spec);
        }
        if asked.concurrent.len() > 1 {
            let mut spec = self.spec("With all of them", "同时控制上述政策");
            spec.regressors.extend(asked.concurrent.iter().map(|p| name(p)));
            self.add(&spec);
        }
        for cluster in &asked.cluster {
            let names = cluster.as_slice().to_vec();
            let labels: Vec<Text> = names.iter().map(|name| study.label(name)).collect();
            let (en, zh): (Vec<_>, Vec<_>) = labels.into_iter().map(|label| (label.en, label.zh)).unzip();
            let mut spec = self.spec(format!("Clustered by {}", en.join(" and ")), format!("聚类于{}", zh.join("和")));
            spec.vcov = Vcov::Cluster(names);
            self.add(&spec);
        }
    }

    /// Columns pulled to, or emptied beyond, two quantiles.
    fn tail_columns(&self, names: &[String], at: [f64; 2], by_year: bool, how: Tails) -> Result<Vec<Column>> {
        let groups = by_year.then_some(self.study.data.panel.time.as_slice());
        names
            .iter()
            .map(|name| {
                let values = self.study.data.frame.numbers(name)?;
                let (values, _) = tails(values, 100.0 * at[0], 100.0 * at[1], groups, how);
                Ok(Column::number(name, values))
            })
            .collect()
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

fn percent(share: f64) -> String {
    format!("{} %", (share * 1e6).round() / 1e4)
}

fn quantiles(at: [f64; 2], by_year: bool) -> Text {
    let [low, high] = at.map(|q| (q * 1e6).round() / 1e4);
    if by_year {
        Text::new(format!("{low}/{high} % by period"), format!("{low}%/{high}%（逐期）"))
    } else {
        Text::same(format!("{low}/{high} %"))
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
