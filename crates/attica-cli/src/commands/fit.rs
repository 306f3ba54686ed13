//! `attica fit`: one formula, possibly standing for several regressions.

use attica::design::{Design, DesignOptions};
use attica::fit::{Fit as Fitted, FitOptions, FitRecord, INTERCEPT, Term, Wald, fit as estimate};
use attica::formula::Formula;
use attica::frame::Frame;
use attica::hypothesis::Coefficients;
use attica::hypothesis::family::Family;
use attica::message::{Problem, Warning};
use attica::panel::Panel;
use attica::text::Language;
use attica::vcov::{Ssc, Vcov};
use attica::wild;
use attica_study::read::{ReadOptions, read_file};
use serde::Serialize;

use super::hypotheses;
use crate::args::{Adjust, Fit};
use crate::say::Failure;
use crate::{Done, say};

/// What `--json` prints for several regressions; a single one is printed alone.
#[derive(Serialize)]
struct Several {
    models: Vec<One>,
    /// One coefficient over all of them, p-values adjusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<Family>,
}

#[derive(Serialize)]
struct One {
    formula: String,
    #[serde(flatten)]
    fit: FitRecord,
    /// Linear combinations asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lincom: Vec<Term>,
    /// Joint tests asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tests: Vec<Wald>,
}

/// Estimates the formula and prints it.
pub fn fit(args: &Fit) -> Done {
    let pointing = |problem: Problem| Failure::from(problem).pointing_into("formula", &args.formula);
    let formula = Formula::parse(&args.formula).map_err(pointing)?;
    let vcov = vcov(args)?;
    let options = FitOptions {
        vcov: vcov.clone(),
        ssc: Ssc::parse(&args.estimation.ssc)?,
        level: super::level(args.estimation.level)?,
        keep_singletons: args.keep_singletons,
        constants: true,
        wild: args.wild.options(args.seed, args.estimation.level)?,
    };
    let (frame, source) = read_file(&args.data, &ReadOptions::default())?;
    let (frame, filtered, noticed) = super::kept(frame, args.estimation.r#where.as_deref())?;
    let mut warnings = source.warnings;
    warnings.extend(noticed);
    let panel = match (&args.unit, &args.time) {
        (Some(unit), Some(time)) => {
            let (panel, notes) = Panel::new(&frame, unit, time)?;
            warnings.extend(notes);
            Some(panel)
        }
        _ => None,
    };
    let design_options = DesignOptions {
        weights: args.estimation.weights.clone().map(|column| (column, args.estimation.weights_kind.into())),
        clusters: vcov.clusters().to_vec(),
        coordinates: vcov.coordinates(),
        ..DesignOptions::default()
    };
    let (mut models, mut fits) = (Vec::new(), Vec::new());
    for single in formula.expand(&frame).map_err(pointing)? {
        let design = Design::build(&frame, panel.as_ref(), &single, &design_options).map_err(pointing)?;
        let found = estimate(&design, &options).map_err(Failure::from)?;
        let mut record = wild::record(&found, options.wild.as_ref())?;
        record.ledger = filtered.then(&record.ledger);
        record.dropped.clone_from(&record.ledger.dropped);
        record.warnings.splice(0..0, warnings.iter().cloned());
        let (lincom, tests) = hypotheses::of(&Coefficients::from(&found), &args.lincom, &args.test)?;
        models.push(One { formula: single.to_string(), fit: record, lincom, tests });
        if !args.adjust.is_empty() {
            fits.push(found);
        }
    }
    let (family, notes) = match args.adjust.as_slice() {
        [] => (None, Vec::new()),
        _ => family(args, &fits, &frame, panel.as_ref())?,
    };
    if args.json {
        match models.as_slice() {
            [one] => say::print_json(one),
            _ => say::print_json(&Several { models, family }),
        }
        say::warnings(&notes, Language::En);
        return Ok(());
    }
    for model in &models {
        say::print(&page(model));
        say::warnings(&model.fit.warnings, Language::En);
    }
    if let Some(family) = &family {
        say::print(&hypotheses::family(family, &args.adjust));
    }
    say::warnings(&notes, Language::En);
    Ok(())
}

/// One coefficient of all regressions as a family.
fn family(
    args: &Fit,
    fits: &[Fitted],
    frame: &Frame,
    panel: Option<&Panel>,
) -> Result<(Option<Family>, Vec<Warning>), Problem> {
    let first = || fits.first().and_then(|fit| fit.names.iter().find(|name| *name != INTERCEPT)).cloned();
    let Some(term) = args.of.clone().or_else(first) else {
        return Err(Problem::new("E607", "the formula has no coefficient whose p-values could be adjusted"));
    };
    let outcome = |fit: &Fitted| fit.outcome.clone();
    let alike = fits.windows(2).any(|pair| pair[0].outcome == pair[1].outcome);
    let name = |(i, fit): (usize, &Fitted)| if alike { format!("({}) {}", i + 1, outcome(fit)) } else { outcome(fit) };
    let parts: Vec<(String, &Fitted)> = fits.iter().enumerate().map(|(i, fit)| (name((i, fit)), fit)).collect();
    let draws = if args.adjust.contains(&Adjust::Rw) { args.draws } else { 0 };
    let (family, notes) = Family::of_fits(&parts, &term, frame, panel, draws, args.seed)?;
    Ok((Some(family), notes))
}

/// Clustered when asked; otherwise what `--vcov` says; never homoskedastic by itself.
fn vcov(args: &Fit) -> Result<Vcov, Problem> {
    match (&args.vcov, args.cluster.as_slice(), &args.unit) {
        (Some(words), _, _) => Vcov::parse(words),
        (None, [], Some(unit)) => Ok(Vcov::cluster(unit)),
        (None, [], None) => Ok(Vcov::Hc1),
        (None, names, _) => Ok(Vcov::Cluster(names.to_vec())),
    }
}

/// The printout: coefficients, the facts users check, the SE card, the account of rows.
fn page(model: &One) -> String {
    let fit = &model.fit;
    let mut page = format!("\n{}\n{}; {}\n\n", model.formula, fit.model, standard_errors(fit));
    page += &coefficients(fit);
    let tests = fit.terms.iter().map(|term| (term.term.clone(), term.wild.as_deref()));
    page += &super::wild(tests.collect(), fit.level, super::short, Language::En);
    page += &hypotheses::page(&model.lincom, &model.tests, Language::En);
    page += "\n";
    let mut facts: Vec<(&str, String)> = vec![("Observations", fit.n_obs.to_string())];
    facts.extend(fit.n_units.map(|n| ("Units", n.to_string())));
    facts.extend(fit.n_clusters.map(|n| ("Clusters (smallest number)", n.to_string())));
    let r2 = &fit.r2_family;
    for (label, value) in [
        ("R2", r2.overall),
        ("Adjusted R2", r2.adjusted),
        ("Within R2", r2.within),
        ("Within R2, adjusted", r2.within_adjusted),
        ("R2 within, as xtreg", r2.xtreg_within),
        ("R2 between, as xtreg", r2.xtreg_between),
        ("R2 overall, as xtreg", r2.xtreg_overall),
    ] {
        facts.extend(value.map(|v| (label, format!("{v:.6}"))));
    }
    facts.push(("Mean of the outcome", super::short(fit.mean_outcome)));
    facts.push(("Residual degrees of freedom", super::short(fit.df_residual)));
    facts.extend(fit.weights.clone().map(|w| ("Weights", w)));
    let rows: Vec<Vec<String>> = facts.into_iter().map(|(label, value)| vec![label.to_owned(), value]).collect();
    page += &(super::aligned(&rows).join("\n") + "\n");
    if !fit.effects.is_empty() {
        let head = ["Absorbed effect", "categories", "redundant", "coefficients"].map(str::to_owned).to_vec();
        let mut rows = vec![head];
        rows.extend(fit.effects.iter().map(|e| {
            let star = if e.nested { "*" } else { "" };
            let free = e.levels - e.redundant;
            vec![e.name.clone(), e.levels.to_string(), e.redundant.to_string(), format!("{free}{star}")]
        }));
        page += &format!("\n{}\n", super::aligned(&rows).join("\n"));
        if fit.effects.iter().any(|e| e.nested) {
            page += "* nested in the cluster variable\n";
        }
    }
    let card = &fit.se_card;
    let df = card.df.map_or("normal".to_owned(), |df| format!("t({})", super::short(df)));
    page += &format!(
        "\nStandard errors: {}, rule {}: N = {}, K = {}, factor {:.6}, {df}; equals {}\n",
        card.vcov, card.ssc, card.n, card.k, card.factor, card.equals
    );
    for omitted in &fit.omitted {
        page += &format!("Left out: {} ({})\n", omitted.name, omitted.reason.en);
    }
    page += &format!("Rows: {}\n", super::account(&fit.ledger, Language::En));
    page
}

fn standard_errors(fit: &FitRecord) -> String {
    format!("standard errors {}", fit.vcov)
}

fn coefficients(fit: &FitRecord) -> String {
    let percent = format!("{:.0} %", 100.0 * fit.level);
    let head = ["", "estimate", "std. error", "t", "p", "low", "high"].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    let row = |term: &Term| {
        vec![
            term.term.clone(),
            super::short(term.estimate),
            super::short(term.std_error),
            format!("{:.3}", term.statistic),
            format!("{:.4}", term.p_value),
            super::short(term.conf_low),
            super::short(term.conf_high),
        ]
    };
    rows.extend(fit.terms.iter().map(row));
    rows.extend(
        fit.constant_absorbed
            .iter()
            .map(|constant| row(&Term { term: "constant (effects absorbed)".to_owned(), ..constant.clone() })),
    );
    format!("{}\n{percent} confidence intervals\n", super::aligned(&rows).join("\n"))
}
