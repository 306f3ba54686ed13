//! Certified values of NIST's Statistical Reference Datasets, linear least squares: the number of
//! digits that agree, LRE = -log10(|estimate - certified| / |certified|).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use attica::fit::{FitOptions, fit};
use attica::vcov::Vcov;
use support::{Table, design, json};

/// Digits that agree, 15 at most; of a certified zero, digits after the point.
fn digits(got: f64, certified: f64) -> f64 {
    let error = if certified == 0.0 { got.abs() } else { ((got - certified) / certified).abs() };
    if error < 1e-15 { 15.0 } else { -error.log10() }
}

/// Fewest digits of coefficients, of their standard errors, and of the residual SD, set by set.
fn certified(name: &str) -> Option<[f64; 3]> {
    let certified = &json("nist_strd_lls/certified.json")?[name];
    let number = |v: &serde_json::Value| v.as_str().unwrap().parse::<f64>().unwrap();
    let table = Table::read(&format!("nist_strd_lls/{name}.csv"))?;
    let parameters = certified["params_est_sd"].as_object().unwrap();
    let intercept = certified["intercept"].as_bool().unwrap();
    let degree = parameters.len() - usize::from(intercept);
    let names: Vec<String> = (1..=degree).map(|j| format!("B{j}")).collect();
    let columns = names
        .iter()
        .zip(1..)
        .map(|(term, j)| {
            let values = if name == "Longley" {
                table.number(&format!("x{j}"))
            } else {
                table.number("x").iter().map(|x| x.powi(j)).collect()
            };
            (term.as_str(), values)
        })
        .collect();
    let mut design = design(("y", table.number("y")), columns, &[], &[]);
    design.intercept = intercept;
    let fit = fit(&design, &FitOptions::new(Vcov::Iid)).unwrap();
    let terms = fit.terms();
    assert_eq!(terms.len(), parameters.len(), "{name} is reported as rank deficient: {:?}", fit.omitted);
    let mut worst = [15.0_f64; 3];
    for term in &terms {
        let key = if term.term == "(Intercept)" { "B0" } else { &term.term };
        let want = &parameters[key];
        worst[0] = worst[0].min(digits(term.estimate, number(&want[0])));
        worst[1] = worst[1].min(digits(term.std_error, number(&want[1])));
    }
    worst[2] = digits(fit.rmse(), number(&certified["residual_sd"]));
    println!("{name:10} coefficients {:4.1}  standard errors {:4.1}  residual SD {:4.1}", worst[0], worst[1], worst[2]);
    Some(worst)
}

#[test]
fn eight_sets_keep_nine_digits() {
    for name in ["Norris", "Pontius", "NoInt1", "NoInt2", "Longley", "Wampler1", "Wampler2", "Wampler3"] {
        let Some([coefficients, errors, deviation]) = certified(name) else { return };
        assert!(coefficients >= 9.0, "{name}: {coefficients}");
        assert!(errors >= 9.0, "{name}: standard errors {errors}");
        assert!(deviation >= 9.0, "{name}: residual SD {deviation}");
    }
}

/// The three sets of higher difficulty; their certified coefficients as NIST prints them.
#[test]
fn the_hard_sets_keep_what_double_precision_can() {
    let filip = [
        -1467.48961422980,
        -2772.17959193342,
        -2316.37108160893,
        -1127.97394098372,
        -354.478233703349,
        -75.1242017393757,
        -10.8753180355343,
        -1.06221498588947,
        -0.670191154593408E-01,
        -0.246781078275479E-02,
        -0.402962525080404E-04,
    ];
    let ones = [1.0; 6];
    for (name, certified, least) in [("Filip", &filip[..], 7.0), ("Wampler4", &ones, 6.0), ("Wampler5", &ones, 6.0)] {
        let Some(table) = Table::read(&format!("more/nist_strd_lls/{name}.csv")) else { return };
        let x = table.number("x");
        let names: Vec<String> = (1..certified.len()).map(|j| format!("B{j}")).collect();
        let powers = names.iter().zip(1..).map(|(n, j)| (n.as_str(), x.iter().map(|x| x.powi(j)).collect())).collect();
        let fit = fit(&design(("y", table.number("y")), powers, &[], &[]), &FitOptions::new(Vcov::Iid)).unwrap();
        assert_eq!(fit.names.len(), certified.len(), "{name} is reported as rank deficient: {:?}", fit.omitted);
        let worst = fit.coefficients.iter().zip(certified).map(|(b, c)| digits(*b, *c)).fold(15.0, f64::min);
        println!("{name:10} coefficients {worst:4.1}");
        assert!(worst >= least, "{name}: {worst}");
    }
}
