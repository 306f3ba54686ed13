//! The main regression with other effects, controls and clusters.

use attica::design::coordinates;
use attica::diagnostic::rings::rings;
use attica::expr::Expr;
use attica::frame::Column;
use attica::message::{Problem, Result};
use attica::text::Text;
use attica::vcov::Vcov;

use super::{Family, neighbours};
use crate::steps::regression::name;
use crate::studyfile::Robustness;

impl Family<'_> {
    /// Adds what the study file asks for.
    pub(super) fn forms(&mut self, asked: &Robustness) {
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
        for group in &asked.trends {
            let label = study.label(group);
            let mut spec = self.spec(format!("{} trends", label.en), format!("{}时间趋势", label.zh));
            spec.effects.push(format!("{}[[{}]]", name(group), name(&panel.time_name)));
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
        if !asked.rings.is_empty() {
            self.rings(&asked.rings);
        }
        if let Some(column) = &asked.neighbours {
            const NAME: &str = "beside a pilot";
            let mut spec = self.spec("With neighbours of pilots", "控制试点相邻个体");
            spec.regressors.push(name(NAME));
            self.show.push(NAME.to_owned());
            let dummy = neighbours::dummy(study, column).map(|values| vec![Column::number(NAME, values)]);
            self.add_with(&spec, dummy);
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

    /// The column with a dummy for each ring around treated units.
    fn rings(&mut self, edges: &[f64]) {
        let study = self.study;
        let (frame, panel) = (&study.data.frame, &study.data.panel);
        let inner = std::iter::once(&0.0).chain(edges);
        let names: Vec<String> = inner.zip(edges).map(|(low, high)| format!("{low}-{high} km from a pilot")).collect();
        let columns = || -> Result<Vec<Column>> {
            let Some([latitude, longitude]) = coordinates(frame) else {
                return Err(Problem::new("E607", "rings need columns of latitude and longitude")
                    .fix("name them latitude and longitude, or leave rings out"));
            };
            let places = [frame.numbers(&latitude)?, frame.numbers(&longitude)?];
            let found = rings(&study.data.treatment.values, &panel.time, places, edges);
            Ok(names.iter().zip(found).map(|(name, values)| Column::number(name, values)).collect())
        };
        let mut spec = self.spec("With rings around pilots", "控制试点周边距离环");
        spec.regressors.extend(names.iter().map(|n| name(n)));
        self.show.extend(names.iter().cloned());
        self.add_with(&spec, columns());
    }
}
