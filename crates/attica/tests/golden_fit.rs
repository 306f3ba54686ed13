//! Regressions against fixest 0.14.2 and base R, digit by digit.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::{Codes, Design, Periods};
use attica::fit::{Fit, FitOptions, fit};
use attica::vcov::{Preset, Ssc, Vcov};
use serde_json::Value;
use support::{Table, close, complete, design, json};

fn options(vcov: Vcov) -> FitOptions {
    FitOptions { ssc: Ssc::of(Preset::Fixest), ..FitOptions::new(vcov) }
}

fn cluster(names: &[&str]) -> Vcov {
    Vcov::Cluster(names.iter().map(|&n| n.to_owned()).collect())
}

/// Every number of one golden entry against the fit, terms matched by position in `names`.
fn check(of: &str, fit: &Fit, golden: &Value, names: &[(&str, &str)]) {
    let record = fit.record();
    assert_eq!(record.n_obs as u64, golden["nobs"].as_u64().unwrap(), "{of}: n");
    assert_eq!(record.terms.len(), golden["coef"].as_object().unwrap().len(), "{of}: number of terms");
    for (ours, theirs) in names {
        let term = record.terms.iter().find(|t| t.term == *ours).unwrap_or_else(|| panic!("{of}: no term {ours}"));
        let want = |part: &str| golden[part][theirs].as_f64().unwrap_or_else(|| panic!("{of}: no {part} of {theirs}"));
        close(&format!("{of} {ours} coefficient"), term.estimate, want("coef"), 1e-8);
        close(&format!("{of} {ours} se"), term.std_error, want("se"), 1e-7);
        close(&format!("{of} {ours} t"), term.statistic, want("t"), 1e-7);
        close(&format!("{of} {ours} p"), term.p_value, want("p"), 2e-5);
    }
    let whole = |part: &str, got: Option<f64>| {
        if let Some(want) = golden[part].as_f64() {
            close(&format!("{of} {part}"), got.unwrap(), want, 1e-9);
        }
    };
    whole("r2", record.r2);
    whole("ar2", record.r2_adjusted);
    whole("wr2", record.r2_within);
    whole("rmse", Some((fit.residual_sum() / fit.n_obs).sqrt()));
    whole("df_t", fit.inference.adjustment.df.is_finite().then_some(fit.inference.adjustment.df));
}

fn run(design: &Design, vcov: Vcov) -> Fit {
    fit(design, &options(vcov)).unwrap()
}

fn mpdta() -> Option<(Table, Codes, Codes)> {
    let table = Table::read("mpdta/mpdta.csv")?;
    let (county, year) = (table.codes("countyreal"), table.codes("year"));
    Some((table, county, year))
}

#[test]
fn mpdta_two_way_under_four_covariances() {
    let (Some((table, county, year)), Some(golden)) = (mpdta(), json("mpdta/golden.json")) else { return };
    let (time, first) = (table.number("year"), table.number("first.treat"));
    let post = time.iter().zip(&first).map(|(t, g)| f64::from(u8::from(*g > 0.0 && t >= g))).collect();
    let effects = [county, year];
    let design = design(("lemp", table.number("lemp")), vec![("post", post)], &effects, &effects);
    let names = [("post", "post")];
    let first = run(&design, cluster(&["countyreal"]));
    check("mpdta twfe", &first, &golden["twfe"], &names);
    // The same fit, only inference again.
    for (key, vcov) in
        [("twfe_iid", Vcov::Iid), ("twfe_hetero", Vcov::Hc1), ("twfe_twoway", cluster(&["countyreal", "year"]))]
    {
        let other = first.clone().with_vcov(&vcov, &Ssc::of(Preset::Fixest)).unwrap();
        check(key, &other, &golden[key], &names);
    }
    // One component and effects nested in the cluster: reghdfe counts the same.
    let reghdfe = first.clone().with_vcov(&cluster(&["countyreal"]), &Ssc::default()).unwrap();
    assert_eq!(reghdfe.terms(), first.terms());
    assert_eq!(reghdfe.se_card().k, 1 + 5);
}

#[test]
fn mpdta_event_study() {
    let (Some((table, county, year)), Some(golden)) = (mpdta(), json("mpdta/golden.json")) else { return };
    let (time, first) = (table.number("year"), table.number("first.treat"));
    let periods = [-4.0, -3.0, -2.0, 0.0, 1.0, 2.0, 3.0];
    let names: Vec<String> = periods.iter().map(|k| format!("rel::{k}")).collect();
    let dummies = periods
        .iter()
        .zip(&names)
        .map(|(k, name)| {
            let on = |(t, g): (&f64, &f64)| f64::from(u8::from(*g > 0.0 && t - g == *k));
            (name.as_str(), time.iter().zip(&first).map(on).collect())
        })
        .collect();
    let effects = [county, year];
    let design = design(("lemp", table.number("lemp")), dummies, &effects, &effects);
    let pairs: Vec<_> = names.iter().map(|n| (n.as_str(), n.as_str())).collect();
    let fit = run(&design, cluster(&["countyreal"]));
    check("mpdta event study", &fit, &golden["event_study"], &pairs);
}

#[test]
fn base_did() {
    let (Some(table), Some(golden)) =
        (Table::read("fixest_base_did/fixest_base_did.csv"), json("fixest_base_did/golden.json"))
    else {
        return;
    };
    let (treat, post, period) = (table.number("treat"), table.number("post"), table.number("period"));
    let d: Vec<f64> = treat.iter().zip(&post).map(|(a, b)| a * b).collect();
    let effects = [table.codes("id"), table.codes("period")];
    let y = || ("y", table.number("y"));
    let x = || ("x1", table.number("x1"));
    let two_way = design(y(), vec![x(), ("d", d)], &effects, &effects);
    for (key, vcov) in
        [("twfe", cluster(&["id"])), ("twfe_hc1", Vcov::Hc1), ("twfe_twoway", cluster(&["id", "period"]))]
    {
        check(key, &run(&two_way, vcov), &golden[key], &[("x1", "x1"), ("d", "d")]);
    }
    let names: Vec<String> = (1..=10).filter(|k| *k != 5).map(|k| format!("period::{k}:treat")).collect();
    let mut regressors = vec![x()];
    for (name, k) in names.iter().zip((1..=10).filter(|k| *k != 5)) {
        let on = |(t, p): (&f64, &f64)| if *p == f64::from(k) { *t } else { 0.0 };
        regressors.push((name, treat.iter().zip(&period).map(on).collect()));
    }
    let pairs: Vec<_> = std::iter::once(("x1", "x1")).chain(names.iter().map(|n| (n.as_str(), n.as_str()))).collect();
    check("es", &run(&design(y(), regressors, &effects, &effects), cluster(&["id"])), &golden["es"], &pairs);
}

#[test]
fn grunfeld() {
    let (Some(table), Some(golden)) = (Table::read("grunfeld/grunfeld.csv"), json("grunfeld/golden.json")) else {
        return;
    };
    let firms: Vec<bool> = table.text("firm").iter().map(|f| *f != "American Steel").collect();
    let names = [("value", "value"), ("capital", "capital")];
    let of = |table: &Table, two: bool| {
        let effects = [table.codes("firm"), table.codes("year")];
        let x = vec![("value", table.number("value")), ("capital", table.number("capital"))];
        design(("invest", table.number("invest")), x, &effects[..=usize::from(two)], &effects)
    };
    check("two11", &run(&of(&table, true), cluster(&["firm"])), &golden["two11"], &names);
    let ten = table.filter(|row| firms[row]);
    check("one", &run(&of(&ten, false), Vcov::Iid), &golden["one"], &names);
    check("two", &run(&of(&ten, true), Vcov::Iid), &golden["two"], &names);
    let one = Design { panel: Some((ten.codes("firm"), Periods::new(&ten.number("year")))), ..of(&ten, false) };
    check("DK", &run(&one, Vcov::DriscollKraay(Some(3))), &golden["dk"], &names);
}

#[test]
fn fatalities_and_guns() {
    if let (Some(table), Some(golden)) =
        (Table::read("aer_fatalities/aer_fatalities.csv"), json("aer_fatalities/golden.json"))
    {
        let rate = table.number("fatal").iter().zip(table.number("pop")).map(|(f, p)| f / p * 1e4).collect();
        let effects = [table.codes("state"), table.codes("year")];
        let full = design(("rate", rate), vec![("beertax", table.number("beertax"))], &effects, &effects);
        let names = [("beertax", "beertax")];
        let one = Design { effects: full.effects[..1].to_vec(), ..full.clone() };
        check("fatalities s", &run(&one, cluster(&["state"])), &golden["s"], &names);
        check("fatalities sy", &run(&full, cluster(&["state"])), &golden["sy"], &names);
    }
    if let (Some(table), Some(golden)) = (Table::read("aer_guns/aer_guns.csv"), json("aer_guns/golden.json")) {
        let effects = [table.codes("state"), table.codes("year")];
        let controls = ["prisoners", "density", "income", "population", "afam", "cauc", "male"];
        let law = table.text("law").iter().map(|l| f64::from(u8::from(*l == "yes"))).collect();
        let mut x = vec![("lawyes", law)];
        x.extend(controls.map(|name| (name, table.number(name))));
        let violent = table.number("violent").iter().map(|v| v.ln()).collect();
        let names: Vec<_> = std::iter::once("lawyes").chain(controls).map(|n| (n, n)).collect();
        let fit = run(&design(("log(violent)", violent), x, &effects, &effects), cluster(&["state"]));
        check("guns", &fit, &golden["sy"], &names);
    }
}

#[test]
fn card_and_krueger() {
    let (Some(table), Some(golden)) = (Table::read("card_krueger/njmin3.csv"), json("card_krueger/golden.json")) else {
        return;
    };
    let regressors = ["nj", "d", "d_nj"].map(|name| (name, table.number(name))).to_vec();
    let design = complete(&design(("fte", table.number("fte")), regressors, &[], &[]));
    let names = ["(Intercept)", "nj", "d", "d_nj"].map(|n| (n, n));
    check("poe", &run(&design, Vcov::Iid), &golden["poe"], &names);
    check("poe_hc1", &run(&design, Vcov::Hc1), &golden["poe_hc1"], &names);
}

#[test]
fn organ_donations() {
    let (Some(table), Some(golden)) =
        (Table::read("organ_donations/organ_donations.csv"), json("organ_donations/golden.json"))
    else {
        return;
    };
    let california: Vec<f64> = table.text("State").iter().map(|s| f64::from(u8::from(*s == "California"))).collect();
    let quarter = table.number("Quarter_Num");
    let effects = [table.codes("State"), table.codes("Quarter")];
    let rate = || ("Rate", table.number("Rate"));
    let interact = |on: &dyn Fn(f64) -> bool| -> Vec<f64> {
        california.iter().zip(&quarter).map(|(c, q)| if on(*q) { *c } else { 0.0 }).collect()
    };
    let treated = design(rate(), vec![("Treated", interact(&|q| q >= 4.0))], &effects, &effects);
    check("organ", &run(&treated, cluster(&["State"])), &golden["twfe"], &[("Treated", "TreatedTRUE")]);
    let quarters = [1.0, 2.0, 4.0, 5.0, 6.0];
    let names = quarters.map(|q| format!("Quarter_Num::{q}:California"));
    let x = names.iter().zip(quarters).map(|(name, k)| (name.as_str(), interact(&|q| q == k))).collect();
    let pairs: Vec<_> = names.iter().map(|n| (n.as_str(), n.as_str())).collect();
    check("organ es", &run(&design(rate(), x, &effects, &effects), cluster(&["State"])), &golden["es"], &pairs);
}

#[test]
fn wooldridge() {
    if let (Some(table), Some(golden)) =
        (Table::read("wooldridge_ezunem/wooldridge_ezunem.csv"), json("wooldridge_ezunem/golden.json"))
    {
        let labels: Vec<String> = (0..table.number("year").len()).map(|row| (row / 9).to_string()).collect();
        let effects = [support::codes("id", labels.iter().map(String::as_str)), table.codes("year")];
        let design = design(("luclms", table.number("luclms")), vec![("ez", table.number("ez"))], &effects, &effects);
        check("ezunem", &run(&design, cluster(&["id"])), &golden["twfe"], &[("ez", "ez")]);
    }
    if let (Some(table), Some(golden)) =
        (Table::read("wooldridge_jtrain/wooldridge_jtrain.csv"), json("wooldridge_jtrain/golden.json"))
    {
        let names = ["d88", "d89", "grant", "grant_1"];
        let firm = [table.codes("fcode")];
        let x = names.map(|name| (name, table.number(name))).to_vec();
        let design = complete(&design(("lscrap", table.number("lscrap")), x, &firm, &firm));
        check("jtrain", &run(&design, Vcov::Iid), &golden["fe"], &names.map(|n| (n, n)));
        check("jtrain cluster", &run(&design, cluster(&["fcode"])), &golden["fe_cl"], &names.map(|n| (n, n)));
    }
    if let (Some(table), Some(golden)) =
        (Table::read("wooldridge_kielmc/wooldridge_kielmc.csv"), json("wooldridge_kielmc/golden.json"))
    {
        let of = |names: &[&'static str]| {
            let x = names.iter().map(|&name| (name, table.number(name))).collect();
            design(("rprice", table.number("rprice")), x, &[], &[])
        };
        let all = ["y81", "nearinc", "y81nrinc", "age", "agesq", "intst", "land", "area", "rooms", "baths"];
        for (key, k, vcov) in
            [("m1", 3, Vcov::Iid), ("m2", 5, Vcov::Iid), ("m3", 10, Vcov::Iid), ("m1_hc1", 3, Vcov::Hc1)]
        {
            let names: Vec<_> = std::iter::once("(Intercept)").chain(all[..k].to_vec()).map(|n| (n, n)).collect();
            check(key, &run(&of(&all[..k]), vcov), &golden[key], &names);
        }
    }
    if let (Some(table), Some(golden)) =
        (Table::read("wooldridge_wagepan/wooldridge_wagepan.csv"), json("wooldridge_wagepan/golden.json"))
    {
        let names = ["married", "union", "expersq"];
        let effects = [table.codes("nr"), table.codes("year")];
        let x = names.map(|name| (name, table.number(name))).to_vec();
        let design = design(("lwage", table.number("lwage")), x, &effects, &effects);
        check("wagepan", &run(&design, Vcov::Iid), &golden["fe"], &names.map(|n| (n, n)));
        check("wagepan cluster", &run(&design, cluster(&["nr"])), &golden["fe_cl"], &names.map(|n| (n, n)));
    }
}

#[test]
fn heterogeneous_effects_simulation() {
    let (Some(table), Some(golden)) = (Table::read("df_het/df_het.csv"), json("df_het/golden.json")) else { return };
    let effects = [table.codes("unit"), table.codes("year")];
    let clusters = [table.codes("state")];
    let (year, g) = (table.number("year"), table.number("g"));
    let post = year.iter().zip(&g).map(|(t, g)| f64::from(u8::from(*g > 0.0 && t >= g))).collect();
    let design = design(("dep_var", table.number("dep_var")), vec![("post", post)], &effects, &clusters);
    check("df_het", &run(&design, cluster(&["state"])), &golden["twfe"], &[("post", "post")]);
}

#[test]
fn serial_correlation_as_fixest_has_it() {
    let (Some(table), Some(golden)) =
        (Table::read("fixest_base_did/fixest_base_did.csv"), json("fixest_base_did/golden.json"))
    else {
        return;
    };
    let (treat, post) = (table.number("treat"), table.number("post"));
    let d: Vec<f64> = treat.iter().zip(&post).map(|(a, b)| a * b).collect();
    let effects = [table.codes("id"), table.codes("period")];
    let panel = Some((table.codes("id"), Periods::new(&table.number("period"))));
    let x = || ("x1", table.number("x1"));
    let two_way = design(("y", table.number("y")), vec![x(), ("d", d)], &effects, &effects);
    let two_way = Design { panel: panel.clone(), ..two_way };
    let pooled = Design { panel, ..design(("y", table.number("y")), vec![x()], &[], &effects) };
    let names = [("x1", "x1"), ("d", "d")];
    check("DK", &run(&two_way, Vcov::DriscollKraay(Some(2))), &golden["twfe_dk"], &names);
    check("NW", &run(&two_way, Vcov::NeweyWest(Some(2))), &golden["twfe_nw"], &names);
    let names = [("(Intercept)", "(Intercept)"), ("x1", "x1")];
    check("NW, pooled", &run(&pooled, Vcov::NeweyWest(Some(1))), &golden["ols_nw1"], &names);
}

/// The walkthrough of fixest prints the same regression under six covariances and three rules, to six digits.
#[test]
fn the_published_walkthrough() {
    let (Some(table), Some(published)) =
        (Table::read("fixest_base_did/fixest_base_did.csv"), json("fixest_base_did/published.json"))
    else {
        return;
    };
    let effects = [table.codes("id"), table.codes("period")];
    let panel = Some((table.codes("id"), Periods::new(&table.number("period"))));
    let of = |absorbed: &[Codes]| {
        let x = vec![("x1", table.number("x1"))];
        Design { panel: panel.clone(), ..design(("y", table.number("y")), x, absorbed, &effects) }
    };
    let (pooled, period, id) = (of(&[]), of(&effects[1..]), of(&effects[..1]));
    let runs = [
        run(&pooled, Vcov::NeweyWest(Some(1))),
        run(&pooled, cluster(&["id"])),
        run(&period, cluster(&["id"])),
        run(&period, cluster(&["period"])),
        run(&period, cluster(&["id", "period"])),
    ];
    let models = published["models"].as_array().unwrap();
    for (fit, model) in runs.iter().zip(models) {
        let call = model["call"].as_str().unwrap();
        for (name, want) in model["coef"].as_object().unwrap() {
            let term = fit.terms().into_iter().find(|t| t.term == *name).unwrap();
            for (got, want) in [term.estimate, term.std_error].into_iter().zip(want.as_array().unwrap()) {
                assert!((got - want.as_f64().unwrap()).abs() < 5.1e-7, "{call} {name}: {got}");
            }
        }
    }
    // The version of that page left period effects out of K; 0.14, whose numbers are in golden.json, counts them.
    let newey_west = run(&period, Vcov::Iid).infer(&Vcov::NeweyWest(Some(2)), &Ssc::of(Preset::None)).unwrap();
    let factor = 10.0 / 9.0 * 1079.0 / (1080.0 - 2.0);
    assert!(((newey_west.covariance[(0, 0)] * factor).sqrt() - 0.049344).abs() < 5.1e-7);
    // Effects nested, counted in full, and no adjustment at all.
    let model = &models[7];
    for (preset, want) in [Preset::Fixest, Preset::Areg, Preset::None].into_iter().zip(model["se"].as_array().unwrap())
    {
        let one = run(&id, Vcov::Iid).with_vcov(&cluster(&["id"]), &Ssc::of(preset)).unwrap();
        let (got, want) = (one.terms()[0].std_error, want.as_f64().unwrap());
        assert!((got - want).abs() < 5.1e-5, "{preset:?}: {got} {want}");
    }
}

/// Standard errors of `x1` in `y ~ x1 + treat * post` by PanelOLS of linearmodels 7.1: both effects, the unit's, the period's;
/// unadjusted, robust, clustered by unit, by period, by both. With one effect nested in the clusters, K has the constant alone.
#[test]
fn panel_ols_of_linearmodels() {
    let Some(table) = Table::read("fixest_base_did/fixest_base_did.csv") else { return };
    let d = table.number("treat").iter().zip(table.number("post")).map(|(a, b)| a * b).collect();
    let effects = [table.codes("id"), table.codes("period")];
    let x = vec![("x1", table.number("x1")), ("d", d)];
    let both = design(("y", table.number("y")), x, &effects, &effects);
    let kinds = [Vcov::Iid, Vcov::Hc1, cluster(&["id"]), cluster(&["period"]), cluster(&["id", "period"])];
    let printed = [
        [0.045183841135696685, 0.0466458711446282, 0.04826145116904881, 0.03485960077966115, 0.03699354187717873],
        [0.04559629625332501, 0.046910769625575846, 0.04602954226261912, f64::NAN, f64::NAN],
        [0.04341041221855716, 0.04501859110035114, 0.042816098047520824, 0.04834391326771143, 0.04651208022016928],
    ];
    let absorbed = [&both.effects[..], &both.effects[..1], &both.effects[1..]];
    for (effects, printed) in absorbed.into_iter().zip(printed) {
        let whole = run(&Design { effects: effects.to_vec(), ..both.clone() }, Vcov::Iid);
        for (vcov, want) in kinds.iter().zip(printed).filter(|(_, want)| want.is_finite()) {
            let got = whole.infer(vcov, &Ssc::of(Preset::Linearmodels)).unwrap().covariance[(0, 0)].sqrt();
            close(&format!("{vcov} with {} effects", effects.len()), got, want, 1e-10);
        }
    }
}

/// Petersen's test data: his page prints these standard errors to four digits (OLS, White, by firm, by year, by both);
/// the digits beyond, HC2, HC3 and the covariances over time are those of statsmodels 0.14.
#[test]
fn petersen() {
    let Some(table) = Table::read("more/petersen_cl/petersen_cl.csv") else { return };
    let by = [table.codes("firm"), table.codes("year")];
    let x = vec![("x", table.number("x"))];
    let panel = Some((by[0].clone(), Periods::new(&table.number("year"))));
    let whole = run(&Design { panel, ..design(("y", table.number("y")), x, &[], &by) }, Vcov::Iid);
    for (got, want) in whole.coefficients.iter().zip([0.02967972, 1.03483344]) {
        close("coefficient", *got, want, 1e-7);
    }
    let stata = Preset::Reghdfe;
    let printed = [
        (Vcov::Iid, stata, [0.02835931626566534, 0.028583287791283343]),
        (Vcov::Hc1, Preset::None, [0.02835499952961551, 0.0283894818676317]),
        (Vcov::Hc1, stata, [0.028360672231388693, 0.028395161467942125]),
        (Vcov::Hc2, stata, [0.02836063855437804, 0.028400787725024294]),
        (Vcov::Hc3, stata, [0.0283662798215313, 0.02841210127043481]),
        (cluster(&["firm"]), stata, [0.06701270369877295, 0.050595725884029635]),
        (cluster(&["year"]), stata, [0.023386721100949005, 0.03338891341192653]),
        (Vcov::NeweyWest(Some(1)), Preset::None, [0.0341350485368515, 0.03127551108790535]),
        (Vcov::NeweyWest(Some(3)), Preset::None, [0.04261643198108356, 0.03600647951597324]),
        (Vcov::DriscollKraay(Some(1)), Preset::None, [0.02435731886735266, 0.028163328271977005]),
        (Vcov::DriscollKraay(Some(3)), Preset::None, [0.0217841113018209, 0.025030168363354248]),
    ];
    for (vcov, preset, want) in printed {
        let found = whole.infer(&vcov, &Ssc::of(preset)).unwrap();
        for (j, want) in want.into_iter().enumerate() {
            close(&format!("{vcov} {preset:?}"), found.covariance[(j, j)].sqrt(), want, 1e-9);
        }
    }
    // Petersen and statsmodels adjust each part of the two-way covariance with its own G; fixest and reghdfe all of it with
    // the smallest one.
    let raw = |vcov: &Vcov| whole.infer(vcov, &Ssc::of(Preset::None)).unwrap().covariance;
    let [firm, year, row] = [&cluster(&["firm"]), &cluster(&["year"]), &Vcov::Hc1].map(raw);
    let two_way = raw(&cluster(&["firm", "year"]));
    let adjusted = |v: f64, g: f64| v * g / (g - 1.0) * 4999.0 / 4998.0;
    for (j, want) in [0.06506391819938949, 0.05355802294493783_f64].into_iter().enumerate() {
        let [firm, year, row] = [&firm, &year, &row].map(|v| v[(j, j)]);
        let own = adjusted(firm, 500.0) + adjusted(year, 10.0) - adjusted(row, 5000.0);
        close("by firm and year", own.sqrt(), want, 1e-9);
        close("inclusion and exclusion", two_way[(j, j)], firm + year - row, 1e-12);
    }
}
