//! Extended two-way fixed effects against regressions with explicit dummies in Python.
//!
//! statsmodels 0.15.0: `WLS(y, X, weights)`, `GLM(y, X, family, var_weights)` with `tol = 1e-14`, where X holds all
//! dummies of units (or a constant and cohorts), periods, the covariate by cohort and by period, and each treated
//! cell with its product with the covariate less its cohort mean. Margins are means over treated rows of the fitted
//! mean less the one with the cells' columns set to zero; clustered by unit, G/(G-1) (N-1)/(N-K), delta method.
//! Unconditional: plus each cluster's sum of (effect less margin) over its treated rows, divided by their number.
#![allow(clippy::unwrap_used, clippy::excessive_precision)]

mod support;

use attica::design::WeightKind;
use attica::estimator::etwfe::{Effects, Options, Scale, Vce};
use attica::estimator::group_time::Aggregation;
use attica::estimator::options::ControlGroup;
use attica::estimator::{Estimate, Spec, find};
use attica::fit::Family;
use attica::frame::Column;
use attica::ledger::Reason;
use support::close;
use support::panel::Loaded;

/// `mpdta` with employment, a share, a 0/1 outcome and weights made of its columns.
fn mpdta() -> Option<Loaded> {
    let columns = ["countyreal", "year", "lemp", "lpop"];
    let mut loaded = Loaded::table("mpdta/mpdta.csv", &columns, "countyreal", "year", |t| t.number("first.treat"))?;
    let [county, year, lemp, lpop] = columns.map(|name| loaded.frame.numbers(name).unwrap().to_vec());
    let binary = |r: usize| f64::from(lemp[r] - lpop[r] + 0.6 * (county[r] * 1.3 + year[r] * 0.7).sin() > 2.35);
    let made = [
        ("emp", lemp.iter().map(|v| v.exp()).collect()),
        ("share", lemp.iter().map(|v| v / 12.0).collect()),
        ("b", (0..lemp.len()).map(binary).collect()),
        ("w", county.iter().map(|c| 1.0 + c % 3.0).collect()),
    ];
    for (name, values) in made {
        loaded.frame.set(Column::number(name, values)).unwrap();
    }
    Some(loaded)
}

/// `base_stagg` with weights 1 + id mod 3, and about a tenth of its rows flagged to leave.
fn stagg() -> Option<(Loaded, Vec<bool>)> {
    let file = "fixest_base_stagg/fixest_base_stagg.csv";
    let never = |g: &f64| if *g > 1000.0 { 0.0 } else { *g };
    let mut loaded = Loaded::table(file, &["id", "year", "y", "x1"], "id", "year", |t| {
        t.number("year_treated").iter().map(never).collect()
    })?;
    let [id, year] = ["id", "year"].map(|name| loaded.frame.numbers(name).unwrap().to_vec());
    loaded.frame.set(Column::number("w", id.iter().map(|i| 1.0 + i % 3.0).collect())).unwrap();
    let keep = id.iter().zip(&year).map(|(i, t)| (7.0 * i + 3.0 * t) % 11.0 != 0.0 || *t == 1.0).collect();
    Some((loaded, keep))
}

fn run(loaded: &Loaded, spec: &Spec) -> Estimate {
    find("etwfe").unwrap().estimate(loaded.data(), spec).unwrap()
}

fn rows(what: &str, found: Option<&Aggregation>, golden: &[(f64, f64)]) {
    let found = found.unwrap();
    assert_eq!(found.rows.len(), golden.len(), "{what}");
    for (k, (row, (b, se))) in found.rows.iter().zip(golden).enumerate() {
        close(&format!("{what} b {k}"), row.estimate, *b, 1e-8);
        close(&format!("{what} se {k}"), row.std_error.unwrap(), *se, 1e-7);
    }
}

fn overall(what: &str, found: &Estimate, b: f64, se: f64) {
    close(&format!("{what} b"), found.overall.estimate, b, 1e-8);
    close(&format!("{what} se"), found.overall.std_error, se, 1e-7);
}

#[test]
fn linear_margins_and_their_unconditional_errors() {
    let Some(loaded) = mpdta() else { return };
    let mut spec = loaded.spec("lemp", &["lpop"]);
    let found = run(&loaded, &spec);
    overall("conditional", &found, -5.06270331228963e-02, 1.24795841788264e-02);
    let golden = [
        (-3.32122037837582e-02, 1.33470652153218e-02),
        (-5.73456479257603e-02, 1.71253943644314e-02),
        (-1.37870386660856e-01, 3.07448258399320e-02),
        (-1.09539455365114e-01, 3.22695874686473e-02),
    ];
    rows("event", found.aggregations.dynamic.as_ref(), &golden);
    spec.options.etwfe.vce = Vce::Unconditional;
    let found = run(&loaded, &spec);
    overall("unconditional", &found, -5.06270331228963e-02, 1.30570844667096e-02);
    let golden = [
        (-3.32122037837582e-02, 1.35862182464474e-02),
        (-5.73456479257603e-02, 1.80335764425887e-02),
        (-1.37870386660856e-01, 3.40151764140725e-02),
        (-1.09539455365114e-01, 3.24305292240739e-02),
    ];
    rows("event", found.aggregations.dynamic.as_ref(), &golden);
    let golden = [
        (-8.76269608795964e-02, 2.39363375742238e-02),
        (-2.12783329358932e-02, 1.98599856788907e-02),
        (-4.59545277368218e-02, 1.80799254918521e-02),
    ];
    rows("group", found.aggregations.group.as_ref(), &golden);
    let golden = [
        (-2.12480022225582e-02, 2.17338769520516e-02),
        (-8.18499992698578e-02, 2.82640603263940e-02),
        (-4.42655912990018e-02, 2.05201255936553e-02),
        (-5.24323095862534e-02, 1.52079021994054e-02),
    ];
    rows("calendar", found.aggregations.calendar.as_ref(), &golden);
}

#[test]
fn a_covariate_that_varies_over_time_in_an_unbalanced_weighted_panel() {
    let Some((loaded, keep)) = stagg() else { return };
    let mut spec = loaded.spec("y", &["x1"]);
    spec.design.weights = Some(("w".to_owned(), WeightKind::Analytic));
    spec.design.subset = Some((Reason::excluded("left out", "剔除"), keep));
    let found = run(&loaded, &spec);
    assert_eq!((found.n_obs, found.ledger.dropped[0].rows), (871, 79));
    overall("unit", &found, -1.19686416152885, 1.46552616799845e-01);
    let golden = [
        (-5.07349557989153, 1.84991343625701e-01),
        (-3.75017810402958, 1.77187675304585e-01),
        (-2.13736539148530, 1.70275965336737e-01),
        (-9.43344352067773e-01, 2.19949120556917e-01),
        (8.81027161774019e-01, 2.84382613501215e-01),
        (2.19603544390920, 2.88838968977430e-01),
        (4.45317662354933, 3.49726420654334e-01),
        (4.90282820545734, 4.20202927098899e-01),
        (5.18279218119580, 1.05463178618986),
    ];
    rows("unit event", found.aggregations.dynamic.as_ref(), &golden);
    spec.options.etwfe.vce = Vce::Unconditional;
    let found = run(&loaded, &spec);
    overall("unconditional", &found, -1.19686416152885, 5.72784871320648e-01);
    let last = found.aggregations.dynamic.as_ref().unwrap().rows[8].std_error.unwrap();
    close("unconditional event 8", last, 1.03617310073844, 1e-7);
    spec.options.etwfe = Options { effects: Some(Effects::Cohort), ..Options::default() };
    let found = run(&loaded, &spec);
    overall("cohort", &found, -1.29199693682293, 1.45598943819569e-01);
    spec.options.etwfe = Options::default();
    spec.options.control_group = Some(ControlGroup::Never);
    let found = run(&loaded, &spec);
    overall("never", &found, -1.03702457066593, 2.89400581349053e-01);
}

#[test]
fn poisson_margins() {
    let Some(loaded) = mpdta() else { return };
    let mut spec = loaded.spec("emp", &["lpop"]);
    spec.options.etwfe.family = Family::Poisson;
    let found = run(&loaded, &spec);
    overall("conditional", &found, -28.5748079168661, 17.9413189311338);
    let golden = [
        (-25.3497484147075, 15.8863274301627),
        (1.09175119958443, 40.2952684574013),
        (-75.1246321240739, 23.1541761303415),
        (-101.823979304624, 27.0878275008724),
    ];
    rows("event", found.aggregations.dynamic.as_ref(), &golden);
    spec.options.etwfe.vce = Vce::Unconditional;
    overall("unconditional", &run(&loaded, &spec), -28.5748079168661, 24.4374094250536);
    spec.options.etwfe.vce = Vce::Conditional;
    spec.options.control_group = Some(ControlGroup::Never);
    spec.design.weights = Some(("w".to_owned(), WeightKind::Analytic));
    let found = run(&loaded, &spec);
    overall("never, weighted", &found, -21.4595368399666, 9.28775245893081);
    let lead = found.group_time.iter().find(|row| (row.group, row.time) == (2007.0, 2003.0)).unwrap();
    close("lead", lead.estimate, 53.3308280890897, 1e-8);
    close("lead se", lead.std_error.unwrap(), 24.0303237986414, 1e-7);
}

#[test]
fn logit_margins() {
    let Some(loaded) = mpdta() else { return };
    let mut spec = loaded.spec("b", &[]);
    spec.options.etwfe.family = Family::Logit;
    let found = run(&loaded, &spec);
    overall("no covariate", &found, -4.06307788214985e-02, 4.38940607503827e-02);
    spec.controls = vec!["lpop".to_owned()];
    let found = run(&loaded, &spec);
    overall("lpop", &found, -4.48962889073084e-02, 4.16451505244462e-02);
    let golden = [
        (2.59542259986922e-02, 3.81773460200372e-02),
        (-2.06135222209223e-01, 6.58063081392561e-02),
        (-2.70258877054591e-01, 1.11883629484197e-01),
        (-1.24393182065872e-02, 1.72948675793387e-01),
    ];
    rows("event", found.aggregations.dynamic.as_ref(), &golden);
    let golden = [
        (-1.59661246173821e-01, 1.03609333083491e-01),
        (-1.15857890792849e-01, 6.22609868068108e-02),
        (6.85245105748617e-02, 5.05148233643697e-02),
    ];
    rows("group", found.aggregations.group.as_ref(), &golden);
    // A share by the same quasi-likelihood, on the scale of log odds.
    spec.outcome = "share".to_owned();
    spec.options.etwfe.scale = Scale::Link;
    overall("share", &run(&loaded, &spec), -1.73304364833876e-02, 4.39620408074548e-03);
}
