//! Extended two-way fixed effects against numbers that R etwfe and Stata jwdid printed for `mpdta`.
//!
//! R: etwfe 0.6.2 with fixest (its own tests, `etwfe(.., tvar = year, gvar = first.treat, data = mpdta, vcov =
//! ~countyreal)` and `emfx(..)`), coefficients at 15 digits; `emfx` differentiates numerically, so its standard
//! errors hold to about 3e-6; fixest stops Poisson iterations early, and its errors differ by 1e-5 from those at the
//! optimum (`golden_etwfe_models.rs` has these). Stata 19: jwdid 2.21 with `ivar(countyreal) tvar(year) gvar(first_treat)`.
#![allow(clippy::unwrap_used, clippy::excessive_precision)]

mod support;

use attica::estimator::etwfe::{Effects, Options, Scale};
use attica::estimator::group_time::{Aggregation, At};
use attica::estimator::options::ControlGroup;
use attica::estimator::{Estimate, find};
use attica::fit::Family;
use attica::frame::Column;
use attica::vcov::{Preset, Ssc};
use support::close;
use support::panel::Loaded;

fn mpdta() -> Option<Loaded> {
    let columns = ["countyreal", "year", "lemp", "lpop"];
    let mut loaded = Loaded::table("mpdta/mpdta.csv", &columns, "countyreal", "year", |t| t.number("first.treat"))?;
    let emp = loaded.frame.numbers("lemp").unwrap().iter().map(|v| v.exp()).collect();
    loaded.frame.set(Column::number("emp", emp)).unwrap();
    Some(loaded)
}

fn run(loaded: &Loaded, outcome: &str, controls: &[&str], never: bool, own: Options, ssc: Preset) -> Estimate {
    let mut spec = loaded.spec(outcome, controls);
    spec.options.control_group = never.then_some(ControlGroup::Never);
    spec.options.etwfe = own;
    spec.fit.ssc = Ssc::of(ssc);
    find("etwfe").unwrap().estimate(loaded.data(), &spec).unwrap()
}

/// As R `etwfe` has it: cohort effects.
fn r(family: Family, scale: Scale) -> Options {
    Options { family, effects: Some(Effects::Cohort), scale, ..Options::default() }
}

/// Cells in their order against (effect, standard error).
fn cells(what: &str, found: &Estimate, golden: &[(f64, f64)], [tolerance, of_errors]: [f64; 2]) {
    let rows: Vec<_> = found.group_time.iter().filter(|row| row.std_error.is_some()).collect();
    assert_eq!(rows.len(), golden.len(), "{what}");
    for (row, (b, se)) in rows.iter().zip(golden) {
        let of = format!("{what} {} {}", row.group, row.time);
        close(&of, row.estimate, *b, tolerance);
        close(&of, row.std_error.unwrap(), *se, of_errors);
    }
}

fn rows(what: &str, found: Option<&Aggregation>, golden: &[(f64, f64, f64)], [tolerance, of_errors]: [f64; 2]) {
    let found: Vec<_> = found.unwrap().rows.iter().filter(|row| row.std_error.is_some()).collect();
    assert_eq!(found.len(), golden.len(), "{what}");
    for (row, (at, b, se)) in found.iter().zip(golden) {
        let place = match row.at {
            At::Group(g) => g,
            At::EventTime(k) => k as f64,
            At::Time(t) => t,
        };
        assert_eq!(place, *at, "{what}");
        close(&format!("{what} b {at}"), row.estimate, *b, tolerance);
        close(&format!("{what} se {at}"), row.std_error.unwrap(), *se, of_errors);
    }
}

#[test]
fn cells_equal_those_of_r_etwfe_and_stata_jwdid() {
    let Some(loaded) = mpdta() else { return };
    // etwfe(lemp ~ 0, ..)
    let found = run(&loaded, "lemp", &[], false, r(Family::Linear, Scale::Outcome), Preset::Fixest);
    let golden = [
        (-0.0193723636759116, 0.0223952764912568),
        (-0.0783190990620529, 0.030506236091693),
        (-0.136078114440309, 0.0354768817979489),
        (-0.104707471576594, 0.0338947465597152),
        (0.00251386194191313, 0.0199448451562706),
        (-0.0391927355917248, 0.0240232361043774),
        (-0.0431060328087001, 0.0184422693090335),
    ];
    cells("R notyet", &found, &golden, [1e-10, 1e-7]);
    assert_eq!((found.n_obs, found.n_units, found.n_treated_units), (2500, 500, 191));
    assert_eq!(found.periods, [2003.0, 2007.0]);
    // etwfe(lemp ~ 0, .., cgroup = "never")
    let found = run(&loaded, "lemp", &[], true, r(Family::Linear, Scale::Outcome), Preset::Fixest);
    let golden = [
        (-0.0105032462209509, 0.0233633078987137),
        (-0.0704231581031381, 0.0311343819027016),
        (-0.137258738889396, 0.0366116000064794),
        (-0.100811363085397, 0.0345251351219756),
        (-0.00376929367371485, 0.0314933678411734),
        (0.00275081875051886, 0.0196530028296998),
        (-0.00459460695286396, 0.0178409306056071),
        (-0.041224471546218, 0.0203268606975245),
        (0.00330635669251332, 0.0245699429153858),
        (0.033813012275807, 0.0212312006908406),
        (0.0310871193896906, 0.0179638358765074),
        (-0.0260544107191967, 0.0167358589135634),
    ];
    cells("R never", &found, &golden, [1e-10, 1e-7]);
    // jwdid lemp, ivar(countyreal) tvar(year) gvar(first_treat): unit effects
    let found = run(&loaded, "lemp", &[], false, Options::default(), Preset::Reghdfe);
    let golden = [
        (-0.019372363675909551, 0.022381770443295975),
        (-0.078319099062053255, 0.030487838520761604),
        (-0.13607811444031598, 0.035455486551175253),
        (-0.10470747157659592, 0.033874305460323405),
        (0.0025138619419130628, 0.019932816904001841),
        (-0.039192735591725474, 0.024008748273466048),
        (-0.043106032808698021, 0.018431147223806212),
    ];
    cells("jwdid", &found, &golden, [1e-10, 1e-7]);
    // jwdid .., never
    let found = run(&loaded, "lemp", &[], true, Options::default(), Preset::Reghdfe);
    let golden = [
        (-0.01050324622095701, 0.023349189673294385),
        (-0.070423158103148337, 0.031115567690950852),
        (-0.13725873888941312, 0.036589475963765966),
        (-0.100811363085407, 0.034504271910207822),
        (-0.0037692936737138269, 0.031474336697626552),
        (0.0027508187505188874, 0.019641126706453155),
        (-0.0045946069528630213, 0.017830149500418953),
        (-0.041224471546218548, 0.020314577368354389),
        (0.0033063566925126296, 0.024555095531863514),
        (0.033813012275805458, 0.02121837087758589),
        (0.031087119389688365, 0.017952980500827595),
        (-0.026054410719196439, 0.016725745592717861),
    ];
    cells("jwdid never", &found, &golden, [1e-10, 1e-7]);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
}

/// drop if first_treat == 0; jwdid lemp, ivar(countyreal) tvar(year) gvar(first_treat)
#[test]
fn without_never_treated_the_last_cohort_is_the_control_as_in_jwdid() {
    let Some(mut loaded) = mpdta() else { return };
    let treated = loaded.frame.numbers("first").unwrap().iter().map(|g| *g > 0.0).collect();
    let mut spec = loaded.spec("lemp", &[]);
    spec.fit.ssc = Ssc::of(Preset::Reghdfe);
    spec.design.subset = Some((attica::ledger::Reason::excluded("never treated", "从未处理"), treated));
    let found = find("etwfe").unwrap().estimate(loaded.data(), &spec).unwrap();
    let golden = [
        (-0.035399014515583818, 0.023546467824157553),
        (-0.092587202900096421, 0.032812547504897691),
        (-0.13020984713392353, 0.038510767102853845),
        (0.018480380807537715, 0.023079607844173931),
    ];
    cells("jwdid", &found, &golden, [1e-10, 1e-7]);
    assert_eq!((found.n_obs, found.n_units, found.periods), (764, 191, [2003.0, 2006.0]));
    assert_eq!(found.ledger.read, found.ledger.used + found.ledger.dropped.iter().map(|d| d.rows).sum::<usize>());
    assert_eq!(found.warnings.iter().filter(|w| w.id == "W204").count(), 1);
    spec.options.control_group = Some(ControlGroup::Never);
    assert_eq!(find("etwfe").unwrap().estimate(loaded.data(), &spec).unwrap_err().id, "E204");
    loaded.frame.set(Column::number("emp", vec![0.0; 2500])).unwrap();
    assert_eq!(find("etwfe").unwrap().estimate(loaded.data(), &loaded.spec("emp", &[])).unwrap_err().id, "E305");
}

#[test]
fn margins_with_a_covariate_equal_those_of_r_etwfe() {
    let Some(loaded) = mpdta() else { return };
    // m3 = etwfe(lemp ~ lpop, ..); cells are the terms .Dtreat:first.treat::g:year::t
    let found = run(&loaded, "lemp", &["lpop"], false, r(Family::Linear, Scale::Outcome), Preset::Fixest);
    let golden = [
        (-0.0212480022225509, 0.0217240175852948),
        (-0.0818499992698647, 0.0273693782016555),
        (-0.137870386660852, 0.0307883605600032),
        (-0.10953945536511, 0.0323152812535003),
        (0.00253680638189265, 0.0188790276715869),
        (-0.04509347225369, 0.0219826417092899),
        (-0.0459545277368072, 0.017971446660356),
    ];
    cells("lpop", &found, &golden, [1e-9, 1e-7]);
    let record = found.fit.as_ref().unwrap();
    let term = record.terms.iter().find(|term| term.term == "lpop").unwrap();
    close("lpop", term.estimate, 1.06546108405747, 1e-9);
    close("lpop se", term.std_error, 0.0218237817228486, 1e-7);
    close("cohort:lpop", record.terms[1].estimate, 0.0509823826985821, 1e-8);
    close("year:lpop se", record.terms[7].std_error, 0.0118083552383958, 1e-7);
    close("cell:lpop", record.terms[9].estimate, 0.00462780039742067, 1e-8);
    close("cell:lpop se", record.terms[9].std_error, 0.0175803616035178, 1e-7);
    // emfx(m3, type = ..)
    close("simple", found.overall.estimate, -0.0506270331228907, 1e-9);
    close("simple se", found.overall.std_error, 0.0124972546529842, 2e-6);
    close("simple p", found.overall.p_value, 5.09877921904418e-05, 1e-4);
    let golden = [
        (2004.0, -0.0876269608795944, 0.0230474099815232),
        (2006.0, -0.0212783329358987, 0.0185912208081438),
        (2007.0, -0.0459545277368072, 0.0179714452432232),
    ];
    rows("group", found.aggregations.group.as_ref(), &golden, [1e-8, 3e-6]);
    let golden = [
        (2004.0, -0.0212480022225509, 0.0217240109737018),
        (2005.0, -0.0818499992698648, 0.0273693827216135),
        (2006.0, -0.0442655912990223, 0.0173733625406716),
        (2007.0, -0.0524323095862384, 0.015015825012757),
    ];
    rows("calendar", found.aggregations.calendar.as_ref(), &golden, [1e-8, 3e-6]);
    let golden = [
        (0.0, -0.0332122037837542, 0.0133659635774059),
        (1.0, -0.0573456479257483, 0.0171496442892364),
        (2.0, -0.137870386660852, 0.0307883597041053),
        (3.0, -0.10953945536511, 0.0323152785480507),
    ];
    rows("event", found.aggregations.dynamic.as_ref(), &golden, [1e-8, 3e-6]);
    // emfx(m3n, type = "event", window = c(2, 3)), m3n with cgroup = "never"
    let found = run(&loaded, "lemp", &["lpop"], true, r(Family::Linear, Scale::Outcome), Preset::Fixest);
    let golden = [
        (-2.0, 0.0234649547538384, 0.0145314904277398),
        (0.0, -0.0211467366918433, 0.0113935648352396),
        (1.0, -0.0533558653415615, 0.0157744281621729),
        (2.0, -0.141080104628566, 0.0322891808795742),
        (3.0, -0.107544274673025, 0.0329231688783015),
    ];
    let mut dynamic = found.aggregations.dynamic.clone().unwrap();
    dynamic.rows.retain(|row| matches!(row.at, At::EventTime(k) if k >= -2));
    rows("event never", Some(&dynamic), &golden, [1e-8, 3e-6]);
    let study = found.event_study.unwrap();
    assert_eq!(study.reference, [-1]);
}

#[test]
fn poisson_margins_equal_those_of_r_etwfe() {
    let Some(loaded) = mpdta() else { return };
    // m3p = etwfe(emp ~ lpop, .., family = "poisson"); emfx(m3p, "event")
    let found = run(&loaded, "emp", &["lpop"], false, r(Family::Poisson, Scale::Outcome), Preset::Fixest);
    let golden = [
        (0.0, -25.3497484355494, 15.8862762958862),
        (1.0, 1.09175116997388, 40.2952222352926),
        (2.0, -75.1246321552693, 23.1541376499351),
        (3.0, -101.823979344829, 27.0877431076141),
    ];
    rows("response", found.aggregations.dynamic.as_ref(), &golden, [1e-7, 3e-5]);
    // emfx(m3p, "event", predict = "link"), and the terms .Dtreat:first.treat::g:year::t
    let found = run(&loaded, "emp", &["lpop"], false, r(Family::Poisson, Scale::Link), Preset::Fixest);
    let golden = [
        (0.0, -0.0325653634930092, 0.0128503810792558),
        (1.0, -0.0675071046997911, 0.0183966910997271),
        (2.0, -0.132971344933511, 0.0237253182969748),
        (3.0, -0.117022779216096, 0.0225005664705109),
    ];
    rows("link", found.aggregations.dynamic.as_ref(), &golden, [1e-8, 3e-5]);
    let golden = [
        (-0.0309556552918575, 0.0176207591941838),
        (-0.0662240386949426, 0.0255833352827062),
        (-0.132971344933512, 0.0237253169390011),
        (-0.117022779216096, 0.022500568035011),
        (-0.00904940559832479, 0.0244213099833293),
        (-0.0681486377022154, 0.025111336200421),
        (-0.0399915656289664, 0.0168249306911585),
    ];
    cells("terms", &found, &golden, [1e-8, 3e-5]);
}
