//! A panel that was condensed in passes over its file gives the answers that it gives in memory.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use attica::design::{DesignOptions, WeightKind};
use attica::estimator::event_time::Window;
use attica::estimator::options::{ControlGroup, Options};
use attica::estimator::{Data, Spec, chosen};
use attica::fit::FitOptions;
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::message::{Problem, Result};
use attica::stream::condense::{Condensed, Roles, Survey, condense, passes, refuse};
use attica::vcov::{Ssc, Vcov};
use attica_study::effects::ask;
use attica_study::read::{Passes, ReadOptions, read_file};
use attica_study::run;
use attica_study::studyfile::Policy;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

const ESTIMATORS: [&str; 5] = ["cs", "sa", "bjs", "gardner", "twfe"];

/// Columns `id`, `t`, `g`, `d`, `y` of a panel.
type Rows = Vec<[f64; 5]>;

/// Units in cohorts of a few hundred, over eight periods, around levels of their own; with `holes` some have
/// no row in one period, some two, a few one row only or rows without an outcome; some are treated throughout.
fn panel(seed: u64, units: usize, holes: bool) -> Rows {
    let mut s = stream(seed, 0);
    let mut rows = Rows::new();
    for unit in 0..units {
        let first = [f64::NAN, 2003.0, 2004.0, 2006.0, f64::NAN][unit % 5];
        let first = if holes && unit % 97 == 0 { 2001.0 } else { first };
        let (level, slope) = (1e2 * s.normal(), 0.1 * s.normal());
        let kind = s.uniform();
        for t in 1..=8 {
            let (noise, gap) = (s.normal(), s.uniform());
            let gone = match kind {
                k if !holes || k > 0.5 => false,
                k if k > 0.3 => t == 5,
                k if k > 0.1 => t == 2 || t == 7,
                k if k > 0.08 => t != 4,
                _ => gap < 0.3,
            };
            if gone {
                continue;
            }
            let year = 2000.0 + f64::from(t);
            let treated = f64::from(u8::from(year >= first));
            let effect = if treated > 0.0 { 1.0 + 0.2 * (year - first) } else { 0.0 };
            let y = 5e3 + level + f64::from(t) * (0.3 + slope) + effect + noise;
            let y = if holes && kind > 0.9 && t == 6 { f64::NAN } else { y };
            rows.push([unit as f64 + 1.0, year, first, treated, y]);
        }
    }
    rows
}

fn scattered(mut rows: Rows) -> Rows {
    let mut s = stream(77, 0);
    for i in (1..rows.len()).rev() {
        rows.swap(i, (s.uniform() * (i + 1) as f64) as usize);
    }
    rows
}

fn write(path: PathBuf, rows: &Rows, group: usize) -> PathBuf {
    let column = |k: usize| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(row[k]).filter(|value| !value.is_nan())).collect::<Float64Array>())
    };
    let columns = ["id", "t", "g", "d", "y"].into_iter().enumerate().map(|(k, name)| (name, column(k), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

/// What is asked of a panel.
#[derive(Clone, Default)]
struct Question {
    options: Options,
    window: Option<[i64; 2]>,
    ssc: Ssc,
    path: bool,
    filter: Option<String>,
    never: Vec<f64>,
}

impl Question {
    fn roles(&self) -> Roles {
        let first = (!self.path).then(|| "g".to_owned());
        let treatment = self.path.then(|| "d".to_owned());
        let [unit, time, outcome] = ["id", "t", "y"].map(str::to_owned);
        Roles { unit, time, outcome, first, treatment, filter: self.filter.clone() }
    }

    /// Answers of all estimators, the treatment and what was noticed.
    fn answer(&self, frame: Frame, copies: Option<&str>) -> Result<Value> {
        let (mut frame, panel, noticed) = run::sorted_counting(frame, "id", "t", copies)?;
        let policy = Policy {
            name: "treated".to_owned(),
            first_treated: (!self.path).then(|| "g".to_owned()),
            path: self.path.then(|| "d".to_owned()),
            never: self.never.clone(),
            ..Policy::default()
        };
        let treatment = run::treatment(&policy, &frame, &panel)?;
        frame.set(Column::number("treated", treatment.values.clone()))?;
        let spec = Spec {
            outcome: "y".to_owned(),
            treatment: "treated".to_owned(),
            controls: Vec::new(),
            design: DesignOptions {
                weights: copies.map(|name| (name.to_owned(), WeightKind::Copies)),
                clusters: vec!["id".to_owned()],
                ..DesignOptions::default()
            },
            fit: FitOptions { ssc: self.ssc, constants: false, ..FitOptions::new(Vcov::cluster("id")) },
            window: Window { bounds: self.window, reference: vec![-1 - self.options.anticipation as i64], trim: false },
            options: self.options.clone(),
            seed: 7,
        };
        let data = Data { frame: &frame, panel: &panel, adoption: &treatment.adoption };
        let answers = ask(&chosen(&ESTIMATORS).unwrap(), data, &spec);
        Ok(json!({
            "given": answers.given,
            "failed": answers.failed,
            "card": treatment.card(&panel),
            "treatment": treatment.warnings,
            "panel": noticed,
        }))
    }

    fn in_memory(&self, path: &Path) -> Result<Value> {
        let (frame, _) = read_file(path, &ReadOptions::default())?;
        let frame = match &self.filter {
            Some(condition) => run::filtered(&frame, condition, &mut attica::ledger::Ledger::new(frame.rows()))?.0,
            None => frame,
        };
        self.answer(frame, None)
    }

    fn condensed(&self, path: &Path, budget: u64) -> Result<Condensed> {
        let (table, roles) = (Passes::open(path)?, self.roles());
        let survey = Survey::run(&table, &roles)?;
        condense(&table, &roles, survey, budget)
    }

    fn in_passes(&self, path: &Path, budget: u64) -> Result<Value> {
        let Condensed { frame, copies, .. } = self.condensed(path, budget)?;
        self.answer(frame, copies.as_deref())
    }
}

/// Where two answers differ by more than 1e-10, numbers below .01 on that scale; texts must be equal.
fn differences(at: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    // Shares of variance that need the units one by one.
    if at.contains("xtreg") {
        return;
    }
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            if (a - b).abs() > 1e-10 * a.abs().max(0.01) {
                found.push(format!("{at}: {a} {b}"));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().for_each(|(i, (a, b))| differences(&format!("{at}[{i}]"), a, b, found));
        }
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().for_each(|(key, a)| differences(&format!("{at}.{key}"), a, &b[key], found));
        }
        _ if a == b => {}
        _ => found.push(format!("{at}: {a} {b}")),
    }
}

#[track_caller]
fn agree(label: &str, a: &Value, b: &Value) {
    let mut found = Vec::new();
    differences(label, a, b, &mut found);
    assert!(found.is_empty(), "{} differences: {:#?}", found.len(), &found[..found.len().min(12)]);
}

fn questions() -> Vec<(&'static str, Question)> {
    let with = |change: &dyn Fn(&mut Question)| {
        let mut question = Question::default();
        change(&mut question);
        question
    };
    vec![
        ("as it is", Question::default()),
        ("not yet treated", with(&|q| q.options.control_group = Some(ControlGroup::NotYet))),
        ("anticipation", with(&|q| q.options.anticipation = 1)),
        ("long differences", with(&|q| q.options.symmetric = true)),
        ("balance and window", with(&|q| (q.options.balance, q.window) = (Some(1), Some([-2, 2])))),
        ("small samples", with(&|q| q.ssc = Ssc::parse("reghdfe").unwrap())),
        (
            "units in every period",
            with(&|q| {
                q.options.cs.unbalanced = attica::estimator::callaway_santanna::Unbalanced::Drop;
                q.options.sa.shares = attica::estimator::sun_abraham::Shares::Estimated;
            }),
        ),
        ("path", with(&|q| q.path = true)),
        ("filter", with(&|q| q.filter = Some("t < 2008 and id < 900".to_owned()))),
    ]
}

#[test]
fn answers_are_those_of_the_panel_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    for holes in [false, true] {
        let path = write(folder.path().join("panel.parquet"), &panel(3, 1_200, holes), 1_000);
        for (label, question) in questions() {
            let label = format!("{label}, {}", if holes { "with holes" } else { "balanced" });
            let whole = question.in_memory(&path).unwrap();
            assert_eq!(whole["given"].as_array().unwrap().len(), 5, "{}", whole["failed"]);
            agree(&label, &whole, &question.in_passes(&path, u64::MAX).unwrap());
        }
    }
}

/// Counties by year, 500 of them in three cohorts: what R did, fixest (`feols`, `sunab`) and did2s make of them.
#[test]
fn stand_ins_give_the_numbers_of_other_software() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mpdta");
    let Ok(golden) = std::fs::read_to_string(shared.join("golden.json")) else {
        eprintln!("skipped: {} is not here", shared.display());
        return;
    };
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let (frame, _) = read_file(&shared.join("mpdta.csv"), &ReadOptions::default()).unwrap();
    let [id, t, g, y] = ["countyreal", "year", "first.treat", "lemp"].map(|name| frame.numbers(name).unwrap());
    let rows = (0..frame.rows()).map(|row| [id[row], t[row], g[row], 0.0, y[row]]).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path().join("mpdta.parquet"), &rows, 400);
    let question = Question { never: vec![0.0], ..Question::default() };
    assert!(question.condensed(&path, u64::MAX).unwrap().copies.is_some());
    let found = question.in_passes(&path, 5_000).unwrap();
    let close = |label: &str, ours: &Value, theirs: &Value, tolerance: f64| {
        let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
        assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3), "{label}: {ours} is not {theirs}");
    };
    let of = |name: &str| &found["given"][ESTIMATORS.iter().position(|known| *known == name).unwrap()];
    for (name, estimate, error) in [
        (
            "cs",
            &golden["cs_nevertreated_reg_nox"]["group"]["overall.att"],
            &golden["cs_nevertreated_reg_nox"]["group"]["overall.se"],
        ),
        ("sa", &golden["sunab_att"]["coef"]["ATT"], &golden["sunab_att"]["se"]["ATT"]),
        ("gardner", &golden["did2s"]["coef"]["post::1"], &golden["did2s"]["se"]["post::1"]),
        ("twfe", &golden["twfe"]["coef"]["post"], &golden["twfe"]["se"]["post"]),
    ] {
        let answer = &of(name)[0];
        assert_eq!(
            (&answer["n_obs"], &answer["n_units"], &answer["n_treated_units"]),
            (&json!(2500), &json!(500), &json!(191))
        );
        close(name, &answer["overall"]["estimate"], estimate, 1e-8);
        close(name, &answer["overall"]["std_error"], error, 1e-7);
    }
    let cells = of("cs")[0]["group_time"].as_array().unwrap();
    let reference = &golden["cs_nevertreated_reg_nox"];
    assert_eq!(cells.len(), reference["att"].as_array().unwrap().len());
    for (k, cell) in cells.iter().enumerate() {
        close("cs", &cell["estimate"], &reference["att"][k], 1e-8);
        close("cs", &cell["std_error"], &reference["se"][k], 1e-7);
    }
    for (name, key, term) in
        [("sa", "sunab", "year::"), ("gardner", "did2s_es", "rel::"), ("twfe", "event_study", "rel::")]
    {
        let rows = of(name)[1]["rows"].as_array().unwrap().iter().filter(|row| row["std_error"].is_number());
        let mut count = 0;
        for row in rows {
            let term = format!("{term}{}", row["event_time"]);
            close(key, &row["estimate"], &golden[key]["coef"][&term], 1e-8);
            close(key, &row["std_error"], &golden[key]["se"][&term], 1e-7);
            count += 1;
        }
        assert_eq!(count, golden[key]["coef"].as_object().unwrap().len(), "{key}");
    }
}

#[test]
fn stand_ins_are_few_and_count_as_the_units_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path().join("panel.parquet"), &panel(3, 5_000, false), 10_000);
    let Condensed { frame, copies, ledger, .. } = Question::default().condensed(&path, u64::MAX).unwrap();
    assert_eq!((ledger.read, ledger.used), (40_000, 40_000));
    assert_eq!(frame.rows(), 4 * 64 * 8, "three cohorts and the never treated");
    let copies = frame.numbers(&copies.unwrap()).unwrap();
    assert_eq!(copies.iter().sum::<f64>(), 40_000.0);
    // Of few units each is there itself.
    let path = write(folder.path().join("few.parquet"), &panel(3, 60, true), 10_000);
    let found = Question::default().condensed(&path, u64::MAX).unwrap();
    assert!(found.copies.is_none());
}

#[test]
fn the_order_of_rows_and_the_number_of_passes_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let question = Question::default();
    let rows = panel(5, 900, true);
    let sorted = write(folder.path().join("sorted.parquet"), &rows, 500);
    let mixed = write(folder.path().join("mixed.parquet"), &scattered(rows), 500);
    let whole = question.in_memory(&mixed).unwrap();
    agree("in memory", &whole, &question.in_passes(&mixed, u64::MAX).unwrap());
    let table = Passes::open(&mixed).unwrap();
    let survey = Survey::run(&table, &question.roles()).unwrap();
    assert!(!survey.together && passes(&survey, 20_000) > 5);
    // What is gathered in turns is added up in the same order.
    let (once, turns) = (question.in_passes(&mixed, u64::MAX).unwrap(), question.in_passes(&mixed, 20_000).unwrap());
    assert_eq!(once, turns);
    let survey = Survey::run(&Passes::open(&sorted).unwrap(), &question.roles()).unwrap();
    assert!(survey.together && passes(&survey, 1) == 1);
    let mut apart = question.in_passes(&sorted, 1).unwrap();
    // Messages name the units that come first in the file.
    apart["panel"] = whole["panel"].clone();
    agree("sorted", &whole, &apart);
}

#[test]
fn bits_do_not_depend_on_threads_or_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let rows = scattered(panel(9, 700, true));
    let mut found = Vec::new();
    for (threads, group) in [(1, 10_000), (2, 700), (8, 33)] {
        let path = write(folder.path().join(format!("{group}.parquet")), &rows, group);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        found.push(pool.install(|| Question::default().in_passes(&path, 50_000).unwrap()));
    }
    assert!(found.iter().all(|other| *other == found[0]));
}

#[test]
fn faults_stop_with_the_problem_of_the_panel_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let sound = panel(4, 400, false);
    let problem = |label: &str, change: &dyn Fn(&mut Rows)| -> (Problem, Problem) {
        let mut rows = sound.clone();
        change(&mut rows);
        let path = write(folder.path().join(format!("{label}.parquet")), &rows, 300);
        let question = Question::default();
        (question.in_memory(&path).unwrap_err(), question.in_passes(&path, 9_000).unwrap_err())
    };
    for (label, id, change) in [
        ("twice", "E101", &(|rows: &mut Rows| (rows[9][1], rows[2000][1]) = (2001.0, 2003.0)) as &dyn Fn(&mut Rows)),
        ("varies", "E201", &|rows: &mut Rows| rows.iter_mut().step_by(50).for_each(|row| row[2] = 2005.0)),
        ("no time", "E102", &|rows: &mut Rows| (rows[7][1], rows[70][1]) = (f64::NAN, f64::NAN)),
        ("no unit", "E102", &|rows: &mut Rows| rows[30][0] = f64::NAN),
        ("one period", "E108", &|rows: &mut Rows| rows.retain(|row| row[1] == 2004.0)),
        ("outside", "E209", &|rows: &mut Rows| {
            rows.iter_mut().filter(|row| row[2] == 2004.0).for_each(|row| row[2] = 2012.0);
        }),
        ("nobody", "E205", &|rows: &mut Rows| rows.iter_mut().for_each(|row| row[2] = f64::NAN)),
    ] {
        let (whole, streamed) = problem(label, change);
        assert_eq!((whole.id.as_str(), &whole.message, &whole.fix), (id, &streamed.message, &streamed.fix), "{label}");
    }
}

#[test]
fn what_needs_units_one_by_one_is_refused() {
    let of = |name: &str, options: &Options| refuse(chosen(&[name]).unwrap()[0], options).map_err(|p| p.id);
    for name in ESTIMATORS {
        assert_eq!(of(name, &Options::default()), Ok(()));
        assert_eq!(of(name, &Options { bootstrap: Some(99), ..Options::default() }), Err("E731".to_owned()));
    }
    for name in ["sdid", "dcdh", "etwfe", "stacked", "lpdid"] {
        assert_eq!(of(name, &Options::default()), Err("E731".to_owned()), "{name}");
    }
    let mut pooled = Options::default();
    pooled.cs.panel = false;
    pooled.bjs.leave_out = true;
    assert_eq!(of("cs", &pooled), Err("E731".to_owned()));
    assert_eq!(of("bjs", &pooled), Err("E731".to_owned()));
    let known = ["id", "t", "g", "y"].map(str::to_owned);
    let columns = |filter: &str| {
        let question = Question { filter: Some(filter.to_owned()), ..Question::default() };
        question.roles().columns(&known).map_err(|problem| problem.id)
    };
    assert_eq!(columns("lag(y) > 1"), Err("E731".to_owned()));
    assert_eq!(columns("z > 1"), Err("E603".to_owned()));
    let [first, others] = columns("y > 1 and t > 3").unwrap();
    assert_eq!((first.join(" "), others.join(" ")), ("id t g y".to_owned(), "id t g y".to_owned()));
    // And so it is where somebody asks all the same.
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path().join("panel.parquet"), &panel(3, 1_000, false), 1_000);
    let question = Question { options: Options { bootstrap: Some(99), ..Options::default() }, ..Question::default() };
    let failed = question.in_passes(&path, u64::MAX).unwrap()["failed"].as_array().unwrap().len();
    assert_eq!(failed, ESTIMATORS.len());
}
