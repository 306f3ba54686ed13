//! What no schema can say: roles that exclude each other, impossible windows, names that no column has.

use std::collections::BTreeSet;

use attica::estimator;
use attica::expr::Expr;
use attica::frame::unknown_column;
use attica::message::Problem;
use attica::vcov::Vcov;
use attica::wild::{WildKind, WildWeights};

use super::{By, Cut, Index, Outcome, PlaceboKind, StudyFile, StudySource, Variances};

/// Collects problems with their place in the file.
struct Check<'a> {
    source: &'a StudySource,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn add(&mut self, id: &str, path: &[&str], message: String, fix: &str) {
        self.problems.push(self.source.problem(id, path, message).fix(fix));
    }
}

/// Problems that show without reading any data.
pub(super) fn without_data(file: &StudyFile, source: &StudySource) -> Vec<Problem> {
    let mut check = Check { source, problems: Vec::new() };
    check_data(file, &mut check);
    check_policy(file, &mut check);
    check_roles(file, &mut check);
    check_estimators(file, &mut check);
    check_wild(file, &mut check);
    check_windows(file, &mut check);
    check_variances(file, &mut check);
    for (id, path, message, fix) in file.matching.iter().flat_map(|matching| matching.mistakes(file)) {
        check.add(id, &path, message, fix);
    }
    for (path, message, fix) in file.report.layout_mistakes() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        check.add("E607", &path, message, fix);
    }
    check_indices(file, &mut check);
    check.problems
}

fn check_data(file: &StudyFile, check: &mut Check<'_>) {
    if file.data.is_empty() {
        check.add("E602", &["data"], "the study file names no data".into(), "add [[data]] with file, unit and time");
    }
    for (i, data) in file.data.iter().enumerate() {
        let at = i.to_string();
        if data.file.is_empty() {
            check.add("E602", &["data", &at], format!("table {} has no file", i + 1), "add file = \"name.csv\"");
        }
        let missing: Vec<&str> =
            [("unit", &data.unit), ("time", &data.time)].iter().filter(|(_, v)| v.is_none()).map(|(k, _)| *k).collect();
        if i == 0 && !missing.is_empty() {
            let message = format!("the first table is the panel and needs {}", missing.join(" and "));
            check.add("E602", &["data", &at], message, "add unit = \"…\" and time = \"…\"");
        }
        if i > 0 && missing.len() == 2 && data.on.is_none() {
            let message = format!("\"{}\" does not say what it joins on", data.file);
            check.add("E602", &["data", &at], message, "add on = [\"…\"] with the columns that both tables have");
        }
    }
    if file.model.outcome.as_slice().is_empty() {
        check.add("E602", &["model"], "the model has no outcome".into(), "add outcome = \"…\" under [model]");
    }
}

fn check_wild(file: &StudyFile, check: &mut Check<'_>) {
    let model = &file.model;
    let words = [
        ("wild_type", WildKind::parse(&model.wild_type).err()),
        ("wild_weights", WildWeights::parse(&model.wild_weights).err()),
    ];
    for (key, problem) in words {
        if let Some(problem) = problem {
            check.add("E602", &["model", key], problem.message, problem.fix.as_deref().unwrap_or_default());
        }
    }
    if model.wild.is_some() && (model.vcov.is_some() || model.cluster.as_slice().len() > 1) {
        let message = "the wild bootstrap draws one weight for each cluster of one variable".to_owned();
        check.add("E607", &["model", "wild"], message, "cluster by one variable, that at which the policy is assigned");
    }
}

fn check_policy(file: &StudyFile, check: &mut Check<'_>) {
    let policy = &file.policy;
    let ways = [
        ("first_treated", policy.first_treated.is_some()),
        ("treated", policy.treated.is_some()),
        ("path", policy.path.is_some() && policy.first_treated.is_none()),
        ("continuous", policy.continuous.is_some()),
    ];
    let given: Vec<&str> = ways.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    let how = "write one of first_treated = \"…\", treated = \"…\" with from = …, path = \"…\" or continuous = \"…\"";
    if given.is_empty() {
        check.add("E602", &["policy"], "[policy] does not say who is treated, and when".into(), how);
    }
    if given.len() > 1 {
        let message = format!("[policy] codes treatment in {} ways: {}", given.len(), given.join(", "));
        check.add("E605", &["policy", given[1]], message, how);
    }
    if policy.treated.is_some() != policy.from.is_some() {
        let message = "[policy] needs treated and from together".to_owned();
        check.add("E602", &["policy"], message, "treated = \"pilot\" names a 0/1 column, from = 2011 the first period");
    }
}

fn check_roles(file: &StudyFile, check: &mut Check<'_>) {
    let outcomes = file.model.outcome.as_slice();
    let policy = &file.policy;
    let panel = file.data.first();
    let unit = panel.and_then(|d| d.unit.as_deref());
    let time = panel.and_then(|d| d.time.as_deref());
    for (i, control) in file.model.controls.iter().enumerate() {
        let roles = [
            ("the outcome", outcomes.contains(control)),
            ("the policy variable", *control == policy.name || Some(control) == policy.path.as_ref()),
            ("the policy's intensity", Some(control) == policy.continuous.as_ref()),
            ("the unit", Some(control.as_str()) == unit),
            ("the time", Some(control.as_str()) == time),
            ("a control already", file.model.controls[..i].contains(control)),
        ];
        if let Some((role, _)) = roles.iter().find(|(_, is)| *is) {
            let message = format!("\"{control}\" is a control and also {role}");
            check.add("E605", &["model", "controls", &i.to_string()], message, "take it out of one of the two");
        }
    }
    for outcome in outcomes {
        let roles = [
            ("the policy variable", *outcome == policy.name || Some(outcome) == policy.path.as_ref()),
            ("the unit", Some(outcome.as_str()) == unit),
            ("the time", Some(outcome.as_str()) == time),
        ];
        if let Some((role, _)) = roles.iter().find(|(_, is)| *is) {
            let message = format!("\"{outcome}\" is the outcome and also {role}");
            check.add("E605", &["model", "outcome"], message, "give each role its own column");
        }
    }
}

fn check_estimators(file: &StudyFile, check: &mut Check<'_>) {
    let (own, policy) = (file.estimators.anticipation, file.policy.anticipation as usize);
    if own != 0 && policy != 0 && own != policy {
        let message = format!("[policy] has anticipation = {policy}, [estimators] has {own}");
        check.add("E605", &["estimators", "anticipation"], message, "write it once, under [policy]");
    }
    if let Some(balance) = file.estimators.balance.filter(|balance| *balance < 0) {
        let message = format!("balance = {balance} is no number of periods");
        check.add("E607", &["estimators", "balance"], message, "write 0 or more, or leave it out");
    }
}

/// The covariances of the baseline's list.
fn variances(file: &StudyFile) -> &[String] {
    match file.baseline.as_ref().map(|step| &step.variances) {
        Some(Variances::List(list)) => list,
        _ => &[],
    }
}

fn check_variances(file: &StudyFile, check: &mut Check<'_>) {
    for (i, words) in variances(file).iter().enumerate() {
        if let Err(problem) = Vcov::parse(words) {
            let fix = problem.fix.unwrap_or_default();
            check.add(&problem.id, &["baseline", "variances", &i.to_string()], problem.message, &fix);
        }
    }
}

fn check_windows(file: &StudyFile, check: &mut Check<'_>) {
    if let Some(study) = &file.event_study {
        let references = study.references(file.policy.anticipation);
        if references.is_empty() {
            let message = "the event study has no reference period".to_owned();
            check.add("E607", &["event_study", "reference"], message, "write reference = -1");
        }
        if let Some([first, last]) = study.window {
            let path = ["event_study", "window"];
            if first >= last {
                let message = format!("the window [{first}, {last}] ends before it begins");
                check.add("E607", &path, message, "write the first event time, then the last: window = [-4, 6]");
            } else if first >= 0 || last < 0 {
                let message = format!("the window [{first}, {last}] does not hold both sides of adoption");
                check.add("E607", &path, message, "begin before 0 and end at 0 or later: window = [-4, 6]");
            }
            for reference in references.iter().filter(|r| **r < first || **r > last) {
                let message = format!("the reference {reference} lies outside the window [{first}, {last}]");
                check.add("E607", &["event_study", "reference"], message, "choose a reference within the window");
            }
        }
        for (i, name) in study.estimators.as_slice().iter().enumerate() {
            if let Err(problem) = estimator::chosen(&[name]) {
                let fix = problem.fix.unwrap_or_default();
                check.add("E602", &["event_study", "estimators", &i.to_string()], problem.message, &fix);
            }
        }
    }
    for (i, name) in file.placebo.iter().flat_map(|placebo| placebo.estimators.as_slice()).enumerate() {
        if let Err(problem) = estimator::chosen(&[name]) {
            let fix = problem.fix.unwrap_or_default();
            check.add("E602", &["placebo", "estimators", &i.to_string()], problem.message, &fix);
        }
    }
    check_families(file, check);
    if let Some(placebo) = &file.placebo
        && placebo.kinds.contains(&PlaceboKind::Outcome)
        && placebo.outcomes.is_empty()
    {
        let message = "the outcome placebo names no outcomes".to_owned();
        check.add("E607", &["placebo", "kinds"], message, "add outcomes = [\"…\"] that the policy cannot move");
    }
    if let Some(diagnostics) = &file.diagnostics {
        let sizes = [("relative", Some(&diagnostics.relative)), ("smoothness", diagnostics.smoothness.as_ref())];
        for (key, sizes) in sizes.into_iter().filter_map(|(key, sizes)| Some((key, sizes?))) {
            let ascending = sizes.windows(2).all(|two| two[0] < two[1]);
            if sizes.is_empty() || !ascending || sizes.iter().any(|m| !m.is_finite() || *m < 0.0) {
                let message = format!("{key} = {sizes:?} are not ascending sizes from 0 on");
                check.add("E607", &["diagnostics", key], message, "write sizes of violations, such as [0, 0.5, 1, 2]");
            }
        }
    }
    if let Some(robustness) = &file.robustness {
        if let Some([first, last]) = robustness.window
            && first >= last
        {
            let message = format!("the window [{first}, {last}] ends before it begins");
            check.add("E607", &["robustness", "window"], message, "write the first period, then the last");
        }
        let edges = &robustness.rings;
        if edges.first().is_some_and(|first| *first <= 0.0) || edges.windows(2).any(|two| two[0] >= two[1]) {
            let message = format!("the rings {edges:?} are not ascending distances in km");
            check.add("E607", &["robustness", "rings"], message, "write outer edges, such as [50, 100]");
        }
        if robustness.index_bootstrap == Some(1) {
            let message = "index_bootstrap = 1 draw has no standard deviation".to_owned();
            check.add(
                "E607",
                &["robustness", "index_bootstrap"],
                message,
                "write some hundred draws, such as 499, or 0",
            );
        }
        if robustness.around_adoption.contains(&0) {
            let message = "around_adoption keeps 0 periods on either side of adoption".to_owned();
            check.add("E607", &["robustness", "around_adoption"], message, "write numbers of periods, such as [2, 3]");
        }
        for (key, quantiles) in [("winsorise", robustness.winsorise), ("trim", robustness.trim)] {
            if let Some([low, high]) = quantiles
                && !(0.0 <= low && low < high && high <= 1.0)
            {
                let message = format!("{key} = [{low}, {high}] are not two quantiles between 0 and 1");
                check.add("E607", &["robustness", key], message, "write shares, such as [0.01, 0.99]");
            }
        }
    }
    let stars = &file.report.stars;
    if stars.len() > 3 || stars.windows(2).any(|s| s[0] <= s[1]) || stars.iter().any(|s| !(0.0 < *s && *s < 1.0)) {
        let message = "stars are up to three levels between 0 and 1, largest first".to_owned();
        check.add("E607", &["report", "stars"], message, "write stars = [0.10, 0.05, 0.01]");
    }
}

fn check_families(file: &StudyFile, check: &mut Check<'_>) {
    let Some(step) = &file.families else { return };
    if let Err(problem) = estimator::find(&step.estimator) {
        let fix = problem.fix.unwrap_or_default();
        check.add("E602", &["families", "estimator"], problem.message, &fix);
    }
    for (name, outcomes) in step.outcomes.families() {
        let of_model = outcomes.is_empty() && name.is_empty();
        let count = if of_model { file.model.outcome.as_slice().len() } else { outcomes.len() };
        if count < 2 {
            let message = format!("a family of {count} outcomes has nothing to adjust");
            check.add(
                "E607",
                &["families", "outcomes"],
                message,
                "name two outcomes or more: outcomes = [\"y1\", \"y2\"]",
            );
        }
    }
}

fn check_indices(file: &StudyFile, check: &mut Check<'_>) {
    for (name, index) in &file.index {
        if index.dimensions.values().all(Vec::is_empty) {
            let message = format!("the index \"{name}\" has no indicators");
            check.add("E602", &["index", name], message, "add a dimension: labour = [\"+avg_wage\", \"-energy\"]");
        }
        if file.variables.contains_key(name) {
            let message = format!("\"{name}\" is an index and a variable");
            check.add("E605", &["variables", name], message, "give one of them another name");
        }
        let listed = indicators(index);
        for (i, (dimension, indicator, _)) in listed.iter().enumerate() {
            if listed[..i].iter().any(|(_, earlier, _)| earlier == indicator) {
                let message = format!("\"{indicator}\" is in the index \"{name}\" twice");
                check.add("E605", &["index", name, dimension], message, "list it once");
            }
        }
    }
}

/// The indicators of an index: dimension, column, and true when more is better.
pub fn indicators(index: &Index) -> Vec<(&str, &str, bool)> {
    let signed = |word: &'_ str| -> (usize, bool) {
        match word.chars().next() {
            Some('-' | '−' | '－') => (word.chars().next().map_or(0, char::len_utf8), false),
            Some('+' | '＋') => (word.chars().next().map_or(0, char::len_utf8), true),
            _ => (0, true),
        }
    };
    index
        .dimensions
        .iter()
        .flat_map(|(dimension, words)| words.iter().map(move |word| (dimension.as_str(), word.as_str())))
        .map(|(dimension, word)| {
            let (skip, benefit) = signed(word);
            (dimension, word[skip..].trim(), benefit)
        })
        .collect()
}

/// Problems with names: every column that the study uses, against those that the data and the study make.
pub fn columns(file: &StudyFile, source: &StudySource, known: &[&str]) -> Vec<Problem> {
    let missing = |(path, name): (Vec<String>, String)| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        (!known.contains(&name.as_str())).then(|| unknown_column(&name, known.iter().copied()).at(source.place(&path)))
    };
    names(file).into_iter().filter_map(missing).collect()
}

/// The columns that the study uses, through expressions too.
pub fn used(file: &StudyFile) -> BTreeSet<String> {
    let expressions = file.variables.values().chain(&file.r#where).filter_map(|text| Expr::parse(text).ok());
    let within: Vec<String> =
        expressions.flat_map(|e| e.columns().into_iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    names(file).into_iter().map(|(_, name)| name).chain(within).collect()
}

/// Every name of a column in the file, and where it stands.
fn names(file: &StudyFile) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut list = |path: &[&str], names: &[String]| {
        for (i, name) in names.iter().enumerate() {
            let path = path.iter().copied().chain([i.to_string().as_str()]).map(str::to_owned).collect();
            found.push((path, name.clone()));
        }
    };
    let one = std::slice::from_ref::<String>;
    list(&["model", "outcome"], file.model.outcome.as_slice());
    list(&["model", "controls"], &file.model.controls);
    list(&["model", "cluster"], file.model.cluster.as_slice());
    for effect in file.model.effects.iter().flatten() {
        list(&["model", "effects"], &parts(effect));
    }
    if let Some(weights) = &file.model.weights {
        list(&["model", "weights"], one(&weights.column));
    }
    let policy = &file.policy;
    for (key, column) in [
        ("first_treated", &policy.first_treated),
        ("treated", &policy.treated),
        ("path", &policy.path),
        ("continuous", &policy.continuous),
    ] {
        list(&["policy", key], column.as_slice());
    }
    for (name, index) in &file.index {
        for (dimension, indicator, _) in indicators(index) {
            list(&["index", name, dimension], one(&indicator.to_owned()));
        }
    }
    if let Some(step) = &file.descriptives {
        list(&["descriptives", "variables"], &step.variables);
        list(&["descriptives", "by"], step.by.as_slice());
    }
    for (i, stage) in file.baseline.iter().flat_map(|b| b.stages.iter().flatten()).enumerate() {
        list(&["baseline", "stages", &i.to_string()], stage);
    }
    for (i, words) in variances(file).iter().enumerate() {
        let Ok(vcov) = Vcov::parse(words) else { continue };
        let clusters: Vec<String> = vcov.clusters().iter().flat_map(|name| parts(name)).collect();
        let i = i.to_string();
        list(&["baseline", "variances", &i], &clusters);
        list(&["baseline", "variances", &i], vcov.coordinates().as_ref().map_or(&[], |names| &names[..]));
    }
    if let Some(step) = &file.placebo {
        list(&["placebo", "outcomes"], &step.outcomes);
        list(&["placebo", "strata"], step.strata.as_slice());
        list(&["placebo", "clusters"], step.clusters.as_slice());
    }
    if let Some(step) = &file.matching {
        list(&["matching", "covariates"], &step.covariates);
    }
    if let Some(step) = &file.robustness {
        list(&["robustness", "concurrent"], &step.concurrent);
        list(&["robustness", "trends"], &step.trends);
        list(&["robustness", "neighbours"], step.neighbours.as_slice());
        let groups: Vec<String> =
            step.leave_out.iter().filter(|by| !matches!(by.as_str(), "unit" | "cohort")).cloned().collect();
        list(&["robustness", "leave_out"], &groups);
        list(&["robustness", "replace_policy"], step.replace_policy.as_slice());
        for (i, cluster) in step.cluster.iter().enumerate() {
            list(&["robustness", "cluster", &i.to_string()], cluster.as_slice());
        }
        for effect in &step.effects {
            list(&["robustness", "effects"], &parts(effect));
        }
        for outcome in step.replace_outcome.as_slice() {
            if let Outcome::Column(name) = outcome {
                list(&["robustness", "replace_outcome"], one(name));
            }
        }
    }
    if let Some(step) = &file.mechanism {
        list(&["mechanism", "through"], &step.through);
        list(&["mechanism", "moderation"], &step.moderation);
        list(&["mechanism", "mediation"], &step.mediation);
    }
    if let Some(step) = &file.families {
        for (name, outcomes) in step.outcomes.families() {
            let path = ["families", "outcomes", name];
            list(if name.is_empty() { &path[..2] } else { &path[..] }, outcomes);
        }
    }
    if let Some(step) = &file.heterogeneity {
        for by in step.by.as_slice() {
            let (By::Column(name) | By::Cut(Cut { variable: name, .. })) = by;
            list(&["heterogeneity", "by"], one(name));
        }
        for effect in step.effects.iter().flatten() {
            list(&["heterogeneity", "effects"], &parts(effect));
        }
    }
    found
}

/// The columns of an effect: `province^year`, `city[trend]`.
fn parts(effect: &str) -> Vec<String> {
    effect.split(['^', '[', ']', ',', ':']).map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()
}
