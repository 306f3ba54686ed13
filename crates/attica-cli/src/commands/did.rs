//! `attica did`: the effect of a policy by one or several registered estimators.

use attica::design::{DesignOptions, WeightKind};
use attica::estimator::event::EventStudy;
use attica::estimator::event_time::Window;
use attica::estimator::group_time::Aggregations;
use attica::estimator::options::Options;
use attica::estimator::{self, Data, Estimator, Spec};
use attica::fit::{FitOptions, Term, Wald};
use attica::frame::{Column, Frame, codes};
use attica::hypothesis::Coefficients;
use attica::ledger::Ledger;
use attica::message::{Problem, Result, Warning};
use attica::meter::Meter;
use attica::panel::{Adoption, Panel};
use attica::text::Text;
use attica::vcov::{Ssc, Vcov};
use attica_study::effects::{Answer, Answers, NoAnswer, ask};
use attica_study::few::FewClusters;
use attica_study::placebo::{self, Draws};
use attica_study::read::read_table;
use attica_study::results::{Placebo, TreatmentCard};
use attica_study::run::{self, Treatment};
use attica_study::studyfile::{self, Policy};
use serde::Serialize;

use super::did_diagnostics::{self, Diagnostics};
#[cfg(feature = "parquet")]
use super::did_streamed;
use super::{did_page, used};
use crate::args::{Aggregate, Did, PlaceboKind};
use crate::say::Failure;
use crate::{Done, say};

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct Output {
    /// The answers, in the order asked.
    pub estimators: Vec<One>,
    /// Estimators that have no answer here, and why.
    pub failed: Vec<NoAnswer>,
    /// Who is treated, and when.
    pub treatment: TreatmentCard,
    /// The same effects under tests for few clusters, where clusters are few.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub few_clusters: Option<FewClusters>,
    /// What else was examined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Diagnostics>,
    /// What concerns all of them.
    pub warnings: Vec<Warning>,
}

/// One answer.
#[derive(Serialize)]
pub(super) struct One {
    #[serde(flatten)]
    pub answer: Answer,
    /// Effects by event time with reference, covariance, band and the test of the leads.
    pub event_study: Option<EventStudy>,
    /// Linear combinations asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lincom: Vec<Term>,
    /// Joint tests asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Wald>,
    /// Its placebo test, where one was asked for and can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placebo: Option<Placebo>,
}

/// Estimates and prints.
pub fn did(args: &Did) -> Done {
    let asked = estimator::chosen(&args.estimator)?;
    let (text, options) = options(args)?;
    let options = options.map_err(|problems| Failure::input(problems).pointing_into("--option", &text))?;
    let table = if args.stream { streamed(args, &asked, &options)? } else { in_memory(args)? };
    let Table { frame, copies, ledger: filtered, noticed } = table;
    let (mut frame, panel, found) = run::sorted_counting(frame, &args.unit, &args.time, copies.as_deref())?;
    let mut warnings = [noticed, found].concat();
    let treatment = treatment(args, &frame, &panel).map_err(super::on_the_command_line)?;
    frame.set(Column::number(&treatment.name, treatment.values.clone()))?;
    warnings.extend(treatment.warnings.iter().cloned());
    let mut spec = spec(args, &treatment, &panel, options)?;
    warnings.extend(assignment(&frame, &panel, &treatment, &spec.design.clusters)?);

    let data = Data { frame: &frame, panel: &panel, adoption: &treatment.adoption };
    let asked = if asked.is_empty() { by_default(&treatment) } else { asked };
    let mut few = None;
    if let Some(copies) = copies {
        spec.design.weights = Some((copies, WeightKind::Copies));
        warnings.extend(FewClusters::untested(data, &spec)?);
    } else {
        few = FewClusters::look(data, &mut spec)?;
    }
    let Answers { mut given, failed } = ask(&asked, data, &spec);
    if given.is_empty() {
        return Err(none(&failed));
    }
    if let Some(few) = &mut few {
        few.compare(given.iter_mut().map(|(answer, events)| (answer, events.as_mut())), data, &spec);
        warnings.extend(few.warnings.iter().cloned());
    }
    let mut output = Output {
        estimators: given.into_iter().map(|(answer, event_study)| one(answer, event_study, args)).collect(),
        failed,
        treatment: treatment.card(&panel),
        few_clusters: few,
        diagnostics: None,
        warnings,
    };
    if let Some(draws) = args.placebo {
        let draws = Draws {
            draws: draws as usize,
            seed: args.seed,
            strata: args.strata.clone(),
            clusters: args.placebo_clusters.clone(),
            meter: Meter::default(),
        };
        let kind = args.placebo_kind.into();
        if args.placebo_kind != PlaceboKind::Time {
            output.warnings.extend(draws.caution(data));
        }
        for one in &mut output.estimators {
            let estimator = estimator::find(&one.answer.estimator)?;
            match placebo::test(estimator, data, &spec, kind, &draws, (&[], &[])) {
                Ok(found) => one.placebo = Some(found),
                Err(problem) => one.answer.warnings.push(no_placebo(&problem)),
            }
        }
    }
    output.diagnostics = did_diagnostics::examine(&args.diagnostics, data, &spec, &output.estimators);
    output.warnings.extend(output.diagnostics.iter().flat_map(|found| found.warnings.clone()));
    for one in &mut output.estimators {
        complete(&mut one.answer, &filtered, &args.aggregate);
    }
    if args.json {
        say::print_json(&output);
    } else {
        let language = args.lang.into();
        say::print(&did_page::page(&output, &spec, &panel, language));
        if let Some(found) = &output.diagnostics {
            say::print(&did_diagnostics::page(found, language));
        }
        say::warnings(&did_page::warnings(&output), language);
    }
    Ok(())
}

/// A panel to estimate from.
pub(super) struct Table {
    pub frame: Frame,
    /// Column with the number of units that each unit stands for, where the frame is condensed.
    pub copies: Option<String>,
    /// What `--where` took.
    pub ledger: Ledger,
    pub noticed: Vec<Warning>,
}

/// The panel that stands for a file that is read in passes.
#[cfg(feature = "parquet")]
fn streamed(args: &Did, asked: &[&dyn Estimator], options: &Options) -> std::result::Result<Table, Failure> {
    did_streamed::table(args, asked, options)
}

#[cfg(not(feature = "parquet"))]
fn streamed(_: &Did, _: &[&dyn Estimator], _: &Options) -> std::result::Result<Table, Failure> {
    Err(super::no_streams().into())
}

/// The whole table.
fn in_memory(args: &Did) -> std::result::Result<Table, Failure> {
    let (frame, warnings) = read_table(&args.data, &used::by_did(args))?;
    let (frame, ledger, noticed) = super::kept(frame, args.estimation.r#where.as_deref())?;
    Ok(Table { frame, copies: None, ledger, noticed: [warnings, noticed].concat() })
}

/// An answer with the combinations and tests of its effects by event time; one that it cannot give is a warning.
fn one(mut answer: Answer, event_study: Option<EventStudy>, args: &Did) -> One {
    let (mut lincom, mut tests) = (Vec::new(), Vec::new());
    if let Some(study) = &event_study {
        let (found, failed) = Coefficients::from(study).answer(&args.lincom, &args.test);
        (lincom, tests) = found;
        answer.warnings.extend(failed);
    }
    One { answer, event_study, lincom, tests, placebo: None }
}

/// An estimator whose placebo test cannot be had.
fn no_placebo(problem: &Problem) -> Warning {
    let (Text { mut en, mut zh }, fix) = (problem.text(), problem.remedy());
    if !fix.en.is_empty() {
        en = format!("{en}; {}", fix.en);
    }
    if !fix.zh.is_empty() {
        zh = format!("{zh}；{}", fix.zh);
    }
    Warning::new(&problem.id, format!("there is no placebo test: {en}"), format!("无法进行安慰剂检验：{zh}"))
}

/// What the flags and `--option` ask of the estimators: as the text of a study file's `[estimators]`, and read.
#[allow(clippy::type_complexity)]
fn options(args: &Did) -> Result<(String, std::result::Result<Options, Vec<Problem>>)> {
    let mut lines: Vec<(&str, String)> = Vec::new();
    let quoted = |word: &String| format!("{word:?}");
    lines.extend(args.control_group.as_ref().map(|word| ("control_group", quoted(word))));
    lines.extend(args.base_period.as_ref().map(|word| ("base_period", quoted(word))));
    lines.extend(args.symmetric.then(|| ("symmetric", "true".to_owned())));
    lines.extend(args.anticipation.map(|periods| ("anticipation", periods.to_string())));
    lines.extend(args.balance.map(|periods| ("balance", periods.to_string())));
    lines.extend(args.bootstrap.map(|draws| ("bootstrap", draws.to_string())));
    for pair in &args.option {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Problem::new("E602", format!("--option \"{pair}\" has no value"))
                .fix("write KEY=VALUE: --option cs.method=ipw")
        })?;
        let plain = value.trim();
        let bare =
            plain.parse::<f64>().is_ok() || matches!(plain, "true" | "false") || plain.starts_with(['[', '{', '"']);
        lines.push((key.trim(), if bare { plain.to_owned() } else { format!("{plain:?}") }));
    }
    let text = lines.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join("\n");
    let options = studyfile::options("--option", &text);
    Ok((text, options))
}

/// The treatment of the panel: dates under a name that no column has, a path or a dose under its own.
fn treatment(args: &Did, frame: &Frame, panel: &Panel) -> Result<Treatment> {
    let mut policy = Policy { never: args.never.clone(), ..Policy::default() };
    if let Some(column) = &args.treatment {
        let dose = frame.numbers(column)?.iter().any(|d| !d.is_nan() && !(0.0..=1.0).contains(d));
        policy.name.clone_from(column);
        *(if dose { &mut policy.continuous } else { &mut policy.path }) = Some(column.clone());
    } else {
        "treated".clone_into(&mut policy.name);
        while frame.get(&policy.name).is_some() {
            policy.name.push('_');
        }
        policy.first_treated.clone_from(&args.first_treated);
    }
    run::treatment(&policy, frame, panel)
}

fn spec(args: &Did, treatment: &Treatment, panel: &Panel, options: estimator::options::Options) -> Result<Spec> {
    let roles =
        [Some(&args.outcome), Some(&args.unit), Some(&args.time), args.first_treated.as_ref(), args.treatment.as_ref()];
    if let Some(twice) = args.controls.iter().find(|control| roles.contains(&Some(control))) {
        return Err(Problem::new("E605", format!("\"{twice}\" is a control and has another role too"))
            .fix("take it out of --controls"));
    }
    let bounds = match args.window.as_slice() {
        [] => None,
        &[first, last] => Some([first, last]),
        other => {
            return Err(Problem::new("E607", format!("--window takes two event times, not {}", other.len()))
                .fix("write the first and the last: --window -4,6"));
        }
    };
    let clusters = if args.cluster.is_empty() { vec![panel.unit_name.clone()] } else { args.cluster.clone() };
    Ok(Spec {
        outcome: args.outcome.clone(),
        treatment: treatment.name.clone(),
        controls: args.controls.clone(),
        design: DesignOptions {
            weights: args.estimation.weights.clone().map(|column| (column, args.estimation.weights_kind.into())),
            clusters: clusters.clone(),
            ..DesignOptions::default()
        },
        fit: FitOptions {
            vcov: Vcov::Cluster(clusters),
            ssc: Ssc::parse(&args.estimation.ssc)?,
            level: super::level(args.estimation.level)?,
            keep_singletons: false,
            constants: false,
            wild: args.wild.options(args.seed, args.estimation.level)?,
        },
        window: Window { bounds, reference: vec![-1 - options.anticipation as i64], trim: false },
        options,
        seed: args.seed,
    })
}

/// `W213` one treated cluster, `W214` a policy that differs within clusters.
fn assignment(frame: &Frame, panel: &Panel, treatment: &Treatment, clusters: &[String]) -> Result<Vec<Warning>> {
    let [name] = clusters else { return Ok(Vec::new()) };
    let (clusters, _) = codes::codes_of(frame.column(name)?);
    Ok(panel.assignment(&treatment.values, name, &clusters))
}

/// Callaway-Sant'Anna where adoption has dates; otherwise the estimators that need none.
fn by_default(treatment: &Treatment) -> Vec<&'static dyn Estimator> {
    let dated = !treatment.continuous && treatment.adoption.iter().any(|a| matches!(a, Adoption::At(_)));
    let wanted = |one: &&&dyn Estimator| if dated { one.name() == "cs" } else { !one.needs_dates() };
    estimator::ESTIMATORS.iter().filter(wanted).copied().collect()
}

/// No estimator has an answer: the problems, each once.
fn none(failed: &[NoAnswer]) -> Failure {
    let mut problems: Vec<Problem> = Vec::new();
    for one in failed {
        if !problems.contains(&one.problem) {
            problems.push(one.problem.clone());
        }
    }
    let code = Failure::from(problems[0].clone()).code;
    Failure { code, ..Failure::input(problems) }
}

/// Books what `--where` took, and leaves the averages that were asked for.
fn complete(answer: &mut Answer, filtered: &Ledger, kinds: &[Aggregate]) {
    answer.ledger = filtered.then(&answer.ledger);
    answer.dropped.clone_from(&answer.ledger.dropped);
    if kinds.is_empty() {
        return;
    }
    let Aggregations { simple, group, dynamic, calendar } = &mut answer.aggregations;
    for (kind, found) in [
        (Aggregate::Simple, simple),
        (Aggregate::Group, group),
        (Aggregate::Dynamic, dynamic),
        (Aggregate::Calendar, calendar),
    ] {
        if !kinds.contains(&kind) {
            *found = None;
        }
    }
}
