//! `attica fit`: one formula, possibly standing for several regressions.

use attica::design::{Design, DesignOptions, Roles};
use attica::fit::{
    ClusterCard, Fit as Fitted, FitOptions, FitRecord, INTERCEPT, Term, Variance, Wald, fit as least_squares, poisson,
    two_stage,
};
use attica::formula::{Formula, SingleFormula};
use attica::frame::Frame;
use attica::hypothesis::Coefficients;
use attica::hypothesis::family::Family;
use attica::ledger::Reason;
use attica::message::{Problem, Warning};
use attica::panel::Panel;
use attica::text::Language;
use attica::vcov::{Ssc, Vcov};
use attica::wild;
use attica_study::read::{ReadOptions, read_table};
use serde::Serialize;

use super::{hypotheses, instruments, used};
use crate::args::{Adjust, Fit, ModelFamily};
use crate::say::Failure;
use crate::{Done, say};

/// What `--json` prints for several regressions; a single one is printed alone.
#[derive(Serialize)]
struct Several<'a> {
    models: &'a [One],
    /// One coefficient over all of them, p-values adjusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<Family>,
}

#[derive(Serialize)]
pub(super) struct One {
    formula: String,
    #[serde(flatten)]
    fit: FitRecord,
    /// Linear combinations asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lincom: Vec<Term>,
    /// Joint tests asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tests: Vec<Wald>,
    /// One coefficient under several covariances, where asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variances: Vec<Variance>,
    /// What the clusters say about that coefficient, under one-way clustering.
    #[serde(skip_serializing_if = "Option::is_none")]
    clusters: Option<ClusterCard>,
}

impl One {
    /// A regression that was estimated as a record alone, and what was asked of its coefficients.
    #[cfg(feature = "parquet")]
    pub(super) fn of_record(formula: String, fit: FitRecord, args: &Fit) -> Result<Self, Failure> {
        let mut told = Vec::new();
        let (lincom, tests) = hypotheses::of(&Coefficients::from(&fit), &args.lincom, &args.test, &mut told)?;
        let mut fit = fit;
        fit.warnings.extend(told);
        Ok(Self { formula, fit, lincom, tests, variances: Vec::new(), clusters: None })
    }
}

/// Seed of the wild bootstrap.
const SEED: u64 = 1;

/// Covariances that are asked for.
enum Asked {
    /// The one of the table.
    One,
    /// These beside it.
    List(Vec<Vcov>),
    /// All that the data allow.
    All,
}

/// Estimates the formula and prints it.
pub fn fit(args: &Fit) -> Done {
    let pointing = |problem: Problem| Failure::from(problem).pointing_into("formula", &args.formula);
    let formula = Formula::parse(&args.formula).map_err(pointing)?;
    let (vcov, asked) = vcov(args)?;
    let options = FitOptions {
        vcov: vcov.clone(),
        ssc: Ssc::parse(&args.estimation.ssc)?,
        level: super::level(args.estimation.level)?,
        keep_singletons: args.keep_singletons,
        constants: true,
        wild: args.wild.options(args.seed, args.estimation.level)?,
    };
    #[cfg(feature = "parquet")]
    if let Some(models) = super::streamed::models(args, &formula, &options, matches!(asked, Asked::One))? {
        show(args, &models);
        return Ok(());
    }
    #[cfg(not(feature = "parquet"))]
    if args.stream {
        return Err(
            Problem::new("E520", "this build of Attica reads no parquet files, and only they can be streamed").into()
        );
    }
    let read = match asked {
        Asked::One => used::by_fit(args, &formula, &vcov),
        Asked::List(_) | Asked::All => ReadOptions::default(),
    };
    let (frame, mut warnings) = read_table(&args.data, &read)?;
    let (frame, filtered, noticed) = super::kept(frame, args.estimation.r#where.as_deref())?;
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
        subset: exposed(args, &frame)?,
        ..DesignOptions::default()
    };
    let (mut models, mut fits) = (Vec::new(), Vec::new());
    for single in formula.expand(&frame).map_err(pointing)? {
        let (design, roles) = designed(args, &frame, panel.as_ref(), &single, &design_options).map_err(pointing)?;
        let mut found = estimated(args, &frame, (&design, roles), &options)?;
        let (variances, clusters) = match term(&found, args.of.as_deref()) {
            Some(term) => closely(&mut found, &design, (&frame, panel.as_ref()), term, &asked),
            None => Default::default(),
        };
        let (mut record, wild) = wild::tested(&found, options.wild.as_ref())?;
        record.ledger = filtered.then(&record.ledger);
        record.dropped.clone_from(&record.ledger.dropped);
        record.warnings.splice(0..0, warnings.iter().cloned());
        let coefficients = Coefficients::from(&found).drawn(wild);
        let (lincom, tests) = hypotheses::of(&coefficients, &args.lincom, &args.test, &mut record.warnings)?;
        models.push(One { formula: single.to_string(), fit: record, lincom, tests, variances, clusters });
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
            _ => say::print_json(&Several { models: &models, family }),
        }
        say::warnings(&notes, Language::En);
        return Ok(());
    }
    print_pages(&models);
    if let Some(family) = &family {
        say::print(&hypotheses::family(family, &args.adjust));
    }
    say::warnings(&notes, Language::En);
    Ok(())
}

/// The rows that have an offset, where one is asked for.
fn exposed(args: &Fit, frame: &Frame) -> Result<Option<(Reason, Vec<bool>)>, Problem> {
    let Some(name) = &args.offset else { return Ok(None) };
    if args.family != ModelFamily::Poisson {
        return Err(Problem::new("E605", "--offset belongs to --family poisson")
            .fix("in a linear model subtract the column from the outcome"));
    }
    let known = frame.numbers(name)?.iter().map(|x| !x.is_nan()).collect();
    Ok(Some((Reason::Missing(name.clone()), known)))
}

/// The design of one regression, with the roles of its regressors where there are instruments: in linear models.
fn designed(
    args: &Fit,
    frame: &Frame,
    panel: Option<&Panel>,
    formula: &SingleFormula,
    options: &DesignOptions,
) -> Result<(Design, Option<Roles>), Problem> {
    match args.family {
        ModelFamily::Linear => Design::build_instrumented(frame, panel, formula, options),
        ModelFamily::Poisson => Ok((Design::build(frame, panel, formula, options)?, None)),
    }
}

/// One regression by the model asked for.
fn estimated(
    args: &Fit,
    frame: &Frame,
    (design, roles): (&Design, Option<Roles>),
    options: &FitOptions,
) -> Result<Fitted, Problem> {
    match (args.family, roles) {
        (ModelFamily::Linear, None) => return least_squares(design, options),
        (ModelFamily::Linear, Some(roles)) => return two_stage(design, roles, options),
        (ModelFamily::Poisson, _) => {}
    }
    let at_rows = |values: &[f64]| design.sample.iter().map(|&row| values[row as usize]).collect::<Vec<f64>>();
    let offset = args.offset.as_ref().map(|name| frame.numbers(name).map(at_rows)).transpose()?;
    poisson(design, offset.as_deref(), options)
}

/// Prints regressions that belong to no family.
#[cfg(feature = "parquet")]
fn show(args: &Fit, models: &[One]) {
    match models {
        [one] if args.json => say::print_json(one),
        _ if args.json => say::print_json(&Several { models, family: None }),
        _ => print_pages(models),
    }
}

fn print_pages(models: &[One]) {
    for model in models {
        say::print(&page(model));
        say::warnings(&model.fit.warnings, Language::En);
    }
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

/// The covariance of the table: clustered when asked, otherwise what `--vcov` says, never homoskedastic by itself; and
/// those to show beside it.
fn vcov(args: &Fit) -> Result<(Vcov, Asked), Problem> {
    let usual = match (args.cluster.as_slice(), &args.unit) {
        ([], Some(unit)) => Vcov::cluster(unit),
        ([], None) => Vcov::Hc1,
        (names, _) => Vcov::Cluster(names.to_vec()),
    };
    let Some(words) = &args.vcov else { return Ok((usual, Asked::One)) };
    if words.trim().eq_ignore_ascii_case("all") {
        return Ok((usual, Asked::All));
    }
    match Vcov::parse_list(words)? {
        Some(list) if args.cluster.is_empty() => Ok((list[0].clone(), Asked::List(list))),
        Some(list) => Ok((usual, Asked::List(list))),
        None if args.cluster.is_empty() => Ok((Vcov::parse(words)?, Asked::One)),
        None => Err(Problem::new("E605", format!("--cluster and --vcov {words} both name a covariance"))
            .fix("give one of them; --vcov all or a list shows several beside the clustered one")),
    }
}

/// Position of the coefficient to look at: the one asked for, or the first that is no constant.
fn term(fit: &Fitted, asked: Option<&str>) -> Option<usize> {
    match asked {
        Some(name) => fit.position(name),
        None => fit.names.iter().position(|name| name != INTERCEPT),
    }
}

/// One coefficient under the covariances that are asked for, and what its clusters say; cautions join the fit's own.
fn closely(
    fit: &mut Fitted,
    design: &Design,
    (frame, panel): (&Frame, Option<&Panel>),
    term: usize,
    asked: &Asked,
) -> (Vec<Variance>, Option<ClusterCard>) {
    let (main, ssc) = (fit.inference.vcov.clone(), fit.inference.ssc);
    let list = match asked {
        Asked::One => Vec::new(),
        Asked::List(list) => list.clone(),
        Asked::All => {
            let names = design.regressors.iter().map(|(name, _)| name.as_str());
            let taken: Vec<&str> = names.chain([design.outcome.0.as_str()]).collect();
            fit.offered(frame, panel, &taken).all(&main)
        }
    };
    let mut rows = fit.variances_in(frame, panel, term, &list, &ssc);
    // What clusters say about a coefficient is defined for least squares.
    let (Vcov::Cluster(names), None) = (&main, &fit.instruments) else { return (rows, None) };
    let [by] = names.as_slice() else { return (rows, None) };
    let raw = design.regressor(&fit.names[term], &fit.sample);
    let Some(mut card) = fit.cluster_card(term, by, raw.as_deref()) else { return (rows, None) };
    card.largest_name = frame.get(by).map(|column| column.display(card.largest_row as usize));
    if matches!(asked, Asked::All) {
        rows.push(fit.wild_variance(term, by, SEED));
    }
    let cautions = fit.cluster_cautions(term, &card, SEED);
    fit.warnings.extend(cautions);
    (rows, Some(card))
}

/// The printout: coefficients, the facts users check, the SE card, the account of rows.
fn page(model: &One) -> String {
    let fit = &model.fit;
    let mut page = format!("\n{}\n{}; {}\n\n", model.formula, fit.model, standard_errors(fit));
    page += &coefficients(fit);
    let tests = fit.terms.iter().map(|term| (term.term.clone(), term.wild.as_deref()));
    page += &super::wild(tests.collect(), fit.level, super::short, Language::En);
    page += &hypotheses::page(&model.lincom, &model.tests, Language::En);
    page += &instruments::page(fit);
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
        ("Pseudo R2 (McFadden)", r2.pseudo),
    ] {
        facts.extend(value.map(|v| (label, format!("{v:.6}"))));
    }
    facts.extend(fit.instruments.iter().map(|iv| ("Root mean squared error", super::short(iv.rmse))));
    if let Some(reached) = &fit.likelihood {
        facts.push(("Log likelihood", format!("{:.4}", reached.log_likelihood)));
        facts.push(("Deviance", format!("{:.4}", reached.deviance)));
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
    let factor = if card.formula == "1" { "1".to_owned() } else { format!("{} = {:.6}", card.formula, card.factor) };
    let equals = if card.equals.is_empty() { String::new() } else { format!("; equals {}", card.equals) };
    page += &format!(
        "\nStandard errors: {}, rule {}: N = {}, K = {}, factor {factor}, {df}{equals}\n",
        card.vcov, card.ssc, card.n, card.k
    );
    if !model.variances.is_empty() {
        page += &panel(&model.variances);
    }
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
    let constant = fit
        .constant_absorbed
        .iter()
        .map(|constant| Term { term: "constant (effects absorbed)".to_owned(), ..constant.clone() });
    let all: Vec<Term> = fit.terms.iter().cloned().chain(constant).collect();
    format!("{}\n{percent} confidence intervals\n", super::aligned(&terms(&all, fit)).join("\n"))
}

/// Rows of coefficients under their head.
pub(super) fn terms(terms: &[Term], fit: &FitRecord) -> Vec<Vec<String>> {
    let statistic = if fit.se_card.df.is_some() { "t" } else { "z" };
    let head = ["", "estimate", "std. error", statistic, "p", "low", "high"].map(str::to_owned).to_vec();
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
    std::iter::once(head).chain(terms.iter().map(row)).collect()
}

/// One coefficient under several covariances; what is not defined says why.
fn panel(rows: &[Variance]) -> String {
    let head = ["", "std. error", "df", "t", "p", "low", "high", "clusters", "remarks", "the number of"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    let mut remarks: Vec<String> = Vec::new();
    for row in rows {
        let name = format!("{}{}", row.vcov, if row.main { " *" } else { "" });
        if let Some(reason) = &row.absent {
            lines.push(vec![name, format!("not defined ({}): {}", reason.id, reason.text.en)]);
            continue;
        }
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), super::short);
        let clusters: Vec<String> = row.clusters.iter().map(usize::to_string).collect();
        let ids: Vec<&str> = row.warnings.iter().map(|w| w.id.as_str()).collect();
        lines.push(vec![
            name,
            number(row.std_error),
            row.df.map_or_else(|| "-".to_owned(), |df| format!("{df:.1}")),
            row.statistic.map_or_else(|| "-".to_owned(), |t| format!("{t:.3}")),
            row.p_value.map_or_else(|| "-".to_owned(), |p| format!("{p:.4}")),
            number(row.conf_low),
            number(row.conf_high),
            clusters.join(", "),
            ids.join(" "),
            row.equals.clone(),
        ]);
        for warning in &row.warnings {
            let line = format!("{} {}", warning.id, warning.text.en);
            if !remarks.contains(&line) {
                remarks.push(line);
            }
        }
    }
    // Words stand to the left, numbers to the right.
    let width = lines.iter().filter(|line| line.len() == head.len()).map(|line| line[head.len() - 1].len()).max();
    for line in lines.iter_mut().filter(|line| line.len() == head.len()) {
        let last = line.len() - 1;
        line[last] = format!("{:width$}", line[last], width = width.unwrap_or(0));
    }
    let term = rows.first().map_or("", |row| row.term.as_str());
    let mut page = format!(
        "\n{term} under {} variances (* as in the table above)\n{}\n",
        rows.len(),
        super::aligned(&lines).join("\n")
    );
    for line in remarks {
        page += &format!("  {line}\n");
    }
    page
}
