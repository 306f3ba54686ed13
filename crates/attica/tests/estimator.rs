//! Every registered estimator has a page, golden numbers, and finds the truth in simulated panels.
#![allow(clippy::unwrap_used)]

#[path = "golden/lpdid.rs"]
mod lpdid;
#[path = "golden/stacked.rs"]
mod stacked;
mod support;
#[path = "golden/synthetic.rs"]
mod synthetic;

use attica::estimator::synthetic::{Kind, Variance};
use attica::estimator::{ESTIMATORS, Estimate, Spec, find};
use attica::frame::Column;
use attica::vcov::Vcov;
use support::panel::Loaded;
use support::{Staggered, Table, close, json};

/// Golden numbers of each estimator: one line each.
const GOLDEN: &[(&str, fn())] = &[
    ("twfe", twfe_golden),
    ("cs", callaway_santanna_golden),
    ("sa", sun_abraham_golden),
    ("bjs", imputation_golden),
    ("gardner", gardner_golden),
    ("stacked", stacked::golden),
    ("lpdid", lpdid::golden),
    ("dcdh", support::dcdh::deregulation),
    ("sdid", synthetic::golden),
    ("etwfe", etwfe_golden),
];

fn mpdta() -> Option<Loaded> {
    let columns = ["countyreal", "year", "lemp"];
    Loaded::table("mpdta/mpdta.csv", &columns, "countyreal", "year", |t| t.number("first.treat"))
}

fn twfe_golden() {
    let twfe = find("twfe").unwrap();
    if let (Some(loaded), Some(golden)) = (mpdta(), json("mpdta/golden.json")) {
        let found = twfe.estimate(loaded.data(), &loaded.spec("lemp", &[])).unwrap();
        close("mpdta b", found.overall.estimate, golden["twfe"]["coef"]["post"].as_f64().unwrap(), 1e-8);
        close("mpdta se", found.overall.std_error, golden["twfe"]["se"]["post"].as_f64().unwrap(), 1e-7);
        assert_eq!((found.n_obs, found.n_units, found.n_treated_units), (2500, 500, 191));
        compare("mpdta", &found, &golden["event_study"], 7, |k| format!("rel::{k}"));
    }
    let first = |t: &Table| t.number("treat").iter().map(|g| g * 6.0).collect();
    let file = "fixest_base_did/fixest_base_did.csv";
    let loaded = Loaded::table(file, &["id", "period", "y", "x1"], "id", "period", first);
    if let (Some(loaded), Some(golden)) = (loaded, json("fixest_base_did/golden.json")) {
        let found = twfe.estimate(loaded.data(), &loaded.spec("y", &["x1"])).unwrap();
        close("base_did b", found.overall.estimate, golden["twfe"]["coef"]["d"].as_f64().unwrap(), 1e-8);
        close("base_did se", found.overall.std_error, golden["twfe"]["se"]["d"].as_f64().unwrap(), 1e-7);
        compare("base_did", &found, &golden["es"], 9, |k| format!("period::{}:treat", k + 6));
    }
}

fn df_het() -> Option<Loaded> {
    let columns = ["unit", "state", "year", "dep_var"];
    Loaded::table("df_het/df_het.csv", &columns, "unit", "year", |t| t.number("g"))
}

fn base_stagg() -> Option<Loaded> {
    let never = |t: &Table| t.number("year_treated").iter().map(|g| if *g > 1000.0 { 0.0 } else { *g }).collect();
    Loaded::table("fixest_base_stagg/fixest_base_stagg.csv", &["id", "year", "y", "x1"], "id", "year", never)
}

/// R did reports a normal approximation; `aggte` of type group is the headline.
fn callaway_santanna_golden() {
    let cs = find("cs").unwrap();
    let panels = [
        (mpdta(), "mpdta", "lemp", "cs_nevertreated_dr_nox"),
        (df_het(), "df_het", "dep_var", "cs"),
        (base_stagg(), "fixest_base_stagg", "y", "cs_never_dr"),
    ];
    for (loaded, file, outcome, key) in panels {
        let (Some(loaded), Some(golden)) = (loaded, json(&format!("{file}/golden.json"))) else { continue };
        let golden = &golden[key];
        let found = cs.estimate(loaded.data(), &loaded.spec(outcome, &[])).unwrap();
        close(file, found.overall.estimate, golden["group"]["overall.att"].as_f64().unwrap(), 1e-8);
        close(file, found.overall.std_error, golden["group"]["overall.se"].as_f64().unwrap(), 1e-7);
        let study = found.event_study.unwrap();
        let times = golden["dynamic"]["egt"].as_array().unwrap();
        assert_eq!(study.rows.len(), times.len(), "{file}");
        for (k, row) in study.rows.iter().enumerate() {
            assert_eq!(times[k].as_i64(), Some(row.event_time));
            close(file, row.estimate, golden["dynamic"]["att.egt"][k].as_f64().unwrap(), 1e-8);
            close(file, row.std_error.unwrap(), golden["dynamic"]["se.egt"][k].as_f64().unwrap(), 1e-7);
        }
    }
}

fn sun_abraham_golden() {
    let sa = find("sa").unwrap();
    let panels = [
        (mpdta(), "mpdta", "lemp", &[][..], 7),
        (base_stagg(), "fixest_base_stagg", "y", &["x1"][..], 17),
        (df_het(), "df_het", "dep_var", &[][..], 0),
    ];
    for (loaded, file, outcome, controls, times) in panels {
        let (Some(loaded), Some(golden)) = (loaded, json(&format!("{file}/golden.json"))) else { continue };
        let mut spec = loaded.spec(outcome, controls);
        if file == "df_het" {
            spec.design.clusters = vec!["state".to_owned()];
            spec.fit.vcov = Vcov::cluster("state");
        }
        let found = sa.estimate(loaded.data(), &spec).unwrap();
        close(file, found.overall.estimate, golden["sunab_att"]["coef"]["ATT"].as_f64().unwrap(), 1e-8);
        close(file, found.overall.std_error, golden["sunab_att"]["se"]["ATT"].as_f64().unwrap(), 1e-7);
        // The reference iterates to 1e-11, which shows in coefficients of `df_het` near zero.
        if file != "df_het" {
            compare(file, &found, &golden["sunab"], times, |k| format!("year::{k}"));
        }
    }
}

/// R leaves out units with one untreated row (see `docs/methods/bjs.md`): `df_het` has none.
fn imputation_golden() {
    if let (Some(loaded), Some(golden)) = (df_het(), json("df_het/golden.json")) {
        let found = find("bjs").unwrap().estimate(loaded.data(), &loaded.spec("dep_var", &[])).unwrap();
        close("b", found.overall.estimate, golden["did_imputation"]["estimate"].as_f64().unwrap(), 1e-8);
        close("se", found.overall.std_error, golden["did_imputation"]["std.error"].as_f64().unwrap(), 1e-7);
        let reference = &golden["did_imputation_es"];
        let study = found.event_study.unwrap();
        for (k, term) in reference["term"].as_array().unwrap().iter().enumerate() {
            let time: i64 = term.as_str().unwrap().parse().unwrap();
            let row = study.rows.iter().find(|row| row.event_time == time).unwrap();
            if time >= 0 {
                close("b", row.estimate, reference["estimate"][k].as_f64().unwrap(), 1e-8);
                close("se", row.std_error.unwrap(), reference["std.error"][k].as_f64().unwrap(), 1e-7);
            }
        }
    }
}

fn gardner_golden() {
    let gardner = find("gardner").unwrap();
    if let (Some(loaded), Some(golden)) = (mpdta(), json("mpdta/golden.json")) {
        let found = gardner.estimate(loaded.data(), &loaded.spec("lemp", &[])).unwrap();
        close("b", found.overall.estimate, golden["did2s"]["coef"]["post::1"].as_f64().unwrap(), 1e-8);
        close("se", found.overall.std_error, golden["did2s"]["se"]["post::1"].as_f64().unwrap(), 1e-7);
        for row in found.event_study.unwrap().rows {
            let want = |part: &str| golden["did2s_es"][part][format!("rel::{}", row.event_time)].as_f64().unwrap();
            close("b", row.estimate, want("coef"), 1e-8);
            close("se", row.std_error.unwrap(), want("se"), 1e-7);
        }
    }
}

/// jwdid 2.21, Stata 19; the rest stands in `golden_etwfe.rs`.
fn etwfe_golden() {
    let Some(loaded) = mpdta() else { return };
    let found = find("etwfe").unwrap().estimate(loaded.data(), &loaded.spec("lemp", &[])).unwrap();
    close("b", found.group_time[6].estimate, -0.043_106_032_808_698, 1e-10);
    close("se", found.group_time[6].std_error.unwrap(), 0.018_431_147_223_806_2, 1e-8);
}

/// Every event time against a golden entry.
fn compare(of: &str, found: &Estimate, golden: &serde_json::Value, times: usize, name: impl Fn(i64) -> String) {
    let study = found.event_study.as_ref().unwrap();
    let rows: Vec<_> = study.rows.iter().filter(|row| row.std_error.is_some()).collect();
    assert_eq!(rows.len(), times, "{of}");
    for row in rows {
        let want = |part: &str| golden[part][&name(row.event_time)].as_f64().unwrap();
        close(&format!("{of} b {}", row.event_time), row.estimate, want("coef"), 1e-8);
        close(&format!("{of} se {}", row.event_time), row.std_error.unwrap(), want("se"), 1e-7);
        close(&format!("{of} p {}", row.event_time), row.p_value.unwrap(), want("p"), 2e-5);
    }
}

#[test]
fn every_estimator_has_a_page() {
    for estimator in ESTIMATORS {
        let page = format!("{}/../../docs/methods/{}.md", env!("CARGO_MANIFEST_DIR"), estimator.name());
        let text = std::fs::read_to_string(&page).unwrap_or_else(|_| panic!("{page} is missing"));
        let about = estimator.about();
        assert!(text.contains(&format!("`{}`", estimator.name())), "{page} names its estimator");
        assert!(about.options.iter().all(|(option, _)| text.contains(option)), "{page} names every option");
        assert!(!about.assumptions.is_empty() && !about.reference.is_empty());
    }
}

#[test]
fn every_estimator_agrees_with_its_golden_numbers() {
    for estimator in ESTIMATORS {
        let golden = GOLDEN.iter().find(|(name, _)| *name == estimator.name());
        golden.unwrap_or_else(|| panic!("{} has no golden numbers", estimator.name())).1();
    }
}

/// What a test asks of the estimator `name`.
fn spec_of(name: &str, loaded: &Loaded, controls: &[&str]) -> Spec {
    let mut spec = loaded.spec("y", controls);
    if name == "sdid" {
        // 160 bootstraps would take minutes; the jackknife is a stated variance too.
        spec.options.sdid.variance = Some(Variance::Jackknife);
    }
    spec
}

#[test]
fn every_estimator_finds_the_truth() {
    let constant =
        Staggered { periods: 9, cohorts: vec![(4, 40), (6, 50), (8, 30)], never: 80, effect: (0.7, 0.0), noise: 1.0 };
    let growing = Staggered { effect: (0.2, 0.3), ..constant.clone() };
    for estimator in ESTIMATORS {
        let name = estimator.name();
        // 100 panels: the mean error is 0 up to its Monte Carlo error, and 95 % of the intervals cover.
        let (mut errors, mut covered) = (Vec::new(), 0);
        for seed in 0..100 {
            let loaded = Loaded::new(constant.draw(seed), "unit", "time", "first");
            let found = estimator.estimate(loaded.data(), &spec_of(name, &loaded, &["x"])).unwrap().overall;
            errors.push(found.estimate - 0.7);
            covered += usize::from(found.conf_low <= 0.7 && 0.7 <= found.conf_high);
        }
        let mean = errors.iter().sum::<f64>() / 100.0;
        let sd = (errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / 99.0).sqrt();
        assert!(mean.abs() < 4.0 * sd / 100.0_f64.sqrt(), "{name}: mean error {mean}, sd {sd}");
        assert!((88..=100).contains(&covered), "{name}: {covered} of 100 intervals cover");

        let (mut inside, panels) = (0, 60);
        for seed in 0..panels {
            let loaded = Loaded::new(growing.draw(seed), "unit", "time", "first");
            let found = estimator.estimate(loaded.data(), &spec_of(name, &loaded, &["x"])).unwrap();
            let Some(study) = found.event_study else { continue };
            inside += usize::from(study.rows.iter().all(|row| {
                let truth = growing.truth(row.event_time);
                row.band_low.is_none_or(|low| low <= truth) && row.band_high.is_none_or(|high| truth <= high)
            }));
        }
        assert!((51..=60).contains(&inside), "{name}: the band covers the whole path in {inside} of {panels} panels");
    }
}

#[test]
fn every_estimator_is_the_difference_of_mean_changes_with_two_groups_and_periods() {
    let process = Staggered { periods: 2, cohorts: vec![(2, 17)], never: 25, effect: (1.0, 0.0), noise: 1.0 };
    let loaded = Loaded::new(process.draw(3), "unit", "time", "first");
    let (y, first) = (loaded.frame.numbers("y").unwrap(), loaded.frame.numbers("first").unwrap());
    let change = |treated: bool| {
        let changes: Vec<f64> =
            (0..42).filter(|i| first[2 * i].is_nan() != treated).map(|i| y[2 * i + 1] - y[2 * i]).collect();
        changes.iter().sum::<f64>() / changes.len() as f64
    };
    for estimator in ESTIMATORS {
        let (name, by_hand) = (estimator.name(), change(true) - change(false));
        let mut spec = spec_of(name, &loaded, &[]);
        // One period before adoption is no path that weights could match: they are equal.
        spec.options.sdid.kind = Kind::Did;
        let found = estimator.estimate(loaded.data(), &spec).unwrap();
        assert!((found.overall.estimate - by_hand).abs() < 1e-12, "{name}");
        let study = found.event_study.unwrap();
        let after = study.rows.iter().find(|row| row.event_time == 0).unwrap();
        assert!((after.estimate - by_hand).abs() < 1e-12, "{name}");
    }
}

#[test]
fn unknown_estimators_and_useless_treatments_are_refused() {
    assert_eq!(find("twfee").err().unwrap().id, "E603");
    let process = Staggered { periods: 4, cohorts: vec![(2, 5)], never: 5, effect: (1.0, 0.0), noise: 1.0 };
    let mut loaded = Loaded::new(process.draw(1), "unit", "time", "first");
    let spec = loaded.spec("y", &["nobody"]);
    assert_eq!(find("twfe").unwrap().check(loaded.data(), &spec)[0].id, "E603");
    let spec = loaded.spec("y", &["x"]);
    loaded.frame.set(Column::number("d", vec![1.0; 40])).unwrap();
    assert_eq!(find("twfe").unwrap().estimate(loaded.data(), &spec).unwrap_err().id, "E205");
    let group = loaded.frame.numbers("first").unwrap().iter().map(|g| f64::from(u8::from(!g.is_nan()))).collect();
    loaded.frame.set(Column::number("d", group)).unwrap();
    assert_eq!(find("twfe").unwrap().estimate(loaded.data(), &spec).unwrap_err().id, "E206");
}
