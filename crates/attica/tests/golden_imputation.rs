//! Imputation and two-stage estimators against R didimputation 0.5.0 and did2s 1.2.0.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;

use attica::estimator::imputation::{Rows, Target, impute, two_stage};
use serde_json::Value;
use support::{Table, json};

/// A panel in memory: effect level, period, outcome, adoption (infinite: never) and cluster.
struct Data {
    unit: Vec<u32>,
    time: Vec<u32>,
    calendar: Vec<f64>,
    y: Vec<f64>,
    adoption: Vec<f64>,
    cluster: Vec<u32>,
    golden: Value,
}

fn codes(values: &[f64]) -> Vec<u32> {
    let mut levels: Vec<f64> = values.to_vec();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    values.iter().map(|v| levels.binary_search_by(|l| l.total_cmp(v)).unwrap() as u32).collect()
}

/// Columns: effect, time, outcome, first treated, cluster; `never` marks never-treated rows.
fn read(name: &str, columns: [&str; 5], never: impl Fn(f64) -> bool) -> Option<Data> {
    let table = Table::read(&format!("{name}/{name}.csv"))?;
    let [unit, calendar, y, first, cluster] = columns.map(|c| table.number(c));
    let adoption = first.into_iter().map(|g| if never(g) { f64::INFINITY } else { g }).collect();
    let golden = json(&format!("{name}/golden.json"))?;
    Some(Data { unit: codes(&unit), time: codes(&calendar), calendar, y, adoption, cluster: codes(&cluster), golden })
}

impl Data {
    fn event(&self, r: usize) -> f64 {
        self.calendar[r] - self.adoption[r]
    }

    fn with_rows<T>(&self, use_rows: impl Fn(&Rows) -> T) -> T {
        let treated: Vec<bool> = (0..self.y.len()).map(|r| self.event(r) >= 0.0).collect();
        let weight = vec![1.0; self.y.len()];
        let levels = |codes: &[u32]| *codes.iter().max().unwrap() as usize + 1;
        use_rows(&Rows {
            unit: &self.unit,
            units: levels(&self.unit),
            time: &self.time,
            periods: levels(&self.time),
            y: &self.y,
            x: &[],
            treated: &treated,
            weight: &weight,
            cluster: &self.cluster,
            clusters: levels(&self.cluster),
        })
    }

    fn indicator(&self, at: impl Fn(f64) -> bool) -> Vec<f64> {
        (0..self.y.len()).map(|r| f64::from(at(self.event(r)))).collect()
    }

    /// Cohort by period, the auxiliary groups of the variance.
    fn groups(&self) -> Vec<u32> {
        let cohort = codes(&self.adoption);
        (0..self.y.len()).map(|r| cohort[r] * 1000 + self.time[r]).collect()
    }
}

#[track_caller]
fn close(ours: f64, theirs: &Value, tolerance: f64) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3), "{ours} is not {theirs}");
}

/// fixest removes units with a single untreated row from the first stage as singletons, so that
/// didimputation leaves their treated rows out. One row identifies a unit effect; Attica keeps them, and
/// equals the reference on the others.
fn among_units_with_two_untreated_rows(data: &Data, mut weight: Vec<f64>) -> Vec<f64> {
    let mut untreated: HashMap<u32, usize> = HashMap::new();
    for r in (0..data.y.len()).filter(|&r| data.event(r) < 0.0) {
        *untreated.entry(data.unit[r]).or_default() += 1;
    }
    for (r, w) in weight.iter_mut().enumerate() {
        if untreated[&data.unit[r]] < 2 {
            *w = 0.0;
        }
    }
    weight
}

fn check_imputation(data: &Data) {
    let overall = among_units_with_two_untreated_rows(data, data.indicator(|e| e >= 0.0));
    let mut targets = vec![Target { at: None, weight: overall }];
    let horizons: Vec<f64> = (0..=20).map(f64::from).collect();
    targets.extend(horizons.iter().map(|&h| Target {
        at: Some(h),
        weight: among_units_with_two_untreated_rows(data, data.indicator(|e| e == h)),
    }));
    let (ours, warnings) = data.with_rows(|rows| impute(rows, &targets, &data.groups(), false)).unwrap();
    assert!(warnings.is_empty());
    close(ours[0].estimate, &data.golden["did_imputation"]["estimate"], 1e-8);
    close(ours[0].std_error, &data.golden["did_imputation"]["std.error"], 1e-7);
    let events = &data.golden["did_imputation_es"];
    for (k, term) in events["term"].as_array().into_iter().flatten().enumerate() {
        let h: f64 = term.as_str().unwrap().parse().unwrap();
        if let Some(row) = ours.iter().find(|row| row.at == Some(h))
            && events["estimate"][k].is_number()
        {
            close(row.estimate, &events["estimate"][k], 1e-8);
            close(row.std_error, &events["std.error"][k], 1e-7);
        }
    }
}

fn check_two_stage(data: &Data) {
    let golden = |key: &str, term: &str, what: &str| data.golden[key][what][term].clone();
    let overall = data.with_rows(|rows| two_stage(rows, &[data.indicator(|e| e >= 0.0)])).unwrap();
    let name = data.golden["did2s"]["coef"].as_object().unwrap().keys().next().unwrap().clone();
    close(overall.coefficients[0], &golden("did2s", &name, "coef"), 1e-8);
    close(overall.covariance[(0, 0)].sqrt(), &golden("did2s", &name, "se"), 1e-7);
    let events: HashMap<String, Value> = serde_json::from_value(data.golden["did2s_es"]["coef"].clone()).unwrap();
    let mut terms: Vec<&String> = events.keys().collect();
    terms.sort();
    let columns: Vec<Vec<f64>> = terms
        .iter()
        .map(|t| {
            let e: f64 = t.strip_prefix("rel::").unwrap().parse().unwrap();
            data.indicator(|event| event == e)
        })
        .collect();
    let ours = data.with_rows(|rows| two_stage(rows, &columns)).unwrap();
    for (k, term) in terms.iter().enumerate() {
        close(ours.coefficients[k], &golden("did2s_es", term, "coef"), 1e-8);
        close(ours.covariance[(k, k)].sqrt(), &golden("did2s_es", term, "se"), 1e-7);
    }
}

#[test]
fn imputation_agrees_with_r_didimputation() {
    if let Some(data) = read("mpdta", ["countyreal", "year", "lemp", "first.treat", "countyreal"], |g| g == 0.0) {
        check_imputation(&data);
    }
    if let Some(data) = read("df_het", ["unit", "year", "dep_var", "g", "unit"], |g| g == 0.0) {
        check_imputation(&data);
    }
    if let Some(data) = read("fixest_base_stagg", ["id", "year", "y", "year_treated", "id"], |g| g > 1000.0) {
        let overall = among_units_with_two_untreated_rows(&data, data.indicator(|e| e >= 0.0));
        let targets = [Target { at: None, weight: overall }];
        let (ours, _) = data.with_rows(|rows| impute(rows, &targets, &data.groups(), false)).unwrap();
        close(ours[0].estimate, &data.golden["did_imputation"]["estimate"], 1e-8);
        close(ours[0].std_error, &data.golden["did_imputation"]["std.error"], 1e-7);
    }
}

#[test]
fn two_stage_agrees_with_r_did2s() {
    if let Some(data) = read("mpdta", ["countyreal", "year", "lemp", "first.treat", "countyreal"], |g| g == 0.0) {
        check_two_stage(&data);
    }
    if let Some(data) = read("df_het", ["state", "year", "dep_var", "g", "state"], |g| g == 0.0) {
        check_two_stage(&data);
    }
}
