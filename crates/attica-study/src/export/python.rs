//! The Python script: pyfixest, with what it lacks written out in a few lines.

use std::collections::BTreeSet;

use super::data::number;
use super::names::{comment, quoted};
use super::plan::{Errors, Expected, Id, Job, Plan, Regression, Staggered, Values};
use super::script;
use super::{COEFFICIENT, STAGGERED, STD_ERROR};

/// Versions that the script was tested with.
const PACKAGES: &str = "numpy==2.4.6 pandas==3.1.1 pyfixest==0.60.0 csdid==0.4.3";

/// The script; what it leaves out is added to the plan.
pub fn write(plan: &mut Plan, stem: &str) -> String {
    let mut body = String::new();
    let mut helpers = BTreeSet::new();
    for part in plan.parts.clone() {
        body += &format!("\n\n# {}\nprint({})\n", comment(&part.title), quoted(&part.title));
        for job in &part.jobs {
            match job {
                Job::Summary(id, found) => {
                    let numbers = [Some(found.mean), found.sd, Some(found.min), Some(found.median), Some(found.max)];
                    let numbers = numbers.map(|value| value.map_or("None".to_owned(), number)).join(", ");
                    body += &format!("summary(\"{}\", ({}, {numbers}))\n", plan.name(*id), found.n);
                    plan.checked += 6;
                }
                Job::Regression(regression) => body += &self::regression(plan, regression),
                Job::Staggered(job) => match staggered(plan, job) {
                    Ok((helper, code)) => {
                        helpers.insert(helper);
                        body += &code;
                    }
                    Err(why) => plan.absent.push((format!("effects by {}", job.estimator), why)),
                },
            }
        }
    }
    let top = script::top(plan, stem, "#", &format!("pip install {PACKAGES}; csdid for its estimator alone"));
    format!("#!/usr/bin/env python3\n{top}")
        + &pieces(&helpers)
        + &made(plan, stem)
        + &body
        + "\n\n"
        + include_str!("heads/tail.py")
}

fn pieces(helpers: &BTreeSet<&str>) -> String {
    let tolerances = format!("\nCOEFFICIENT = {COEFFICIENT:e}\nSTD_ERROR = {STD_ERROR:e}\nSTAGGERED = {STAGGERED:e}\n");
    let head = include_str!("heads/head.py");
    // Constants belong between imports and functions.
    let head = head.replacen("\nHERE =", &format!("{tolerances}HERE ="), 1);
    let mut text = head;
    if !helpers.is_empty() {
        text += include_str!("heads/staggered.py");
    }
    for (name, code) in [
        ("sa", include_str!("heads/sa.py")),
        ("etwfe", include_str!("heads/etwfe.py")),
        ("two_stage", include_str!("heads/two_stage.py")),
        ("cs", include_str!("heads/cs.py")),
    ] {
        if helpers.contains(name) {
            text += code;
        }
    }
    text
}

/// Reading, and the columns that the script makes itself.
fn made(plan: &Plan, stem: &str) -> String {
    let mut text =
        format!("\n\nDATA = pd.read_csv(HERE / {}, float_precision=\"round_trip\")\n", quoted(&format!("{stem}.csv")));
    for column in &plan.columns {
        let Values::Event { time, at, beyond } = column.values else { continue };
        let sign = script::sign(beyond);
        text += &format!("DATA[\"{}\"] = (DATA[\"{}\"] {sign} {at}).astype(float)\n", column.name, plan.name(time));
    }
    text
}

fn pair(expected: &Expected) -> String {
    let error = expected.std_error.map_or("None".to_owned(), number);
    format!("({}, {error})", number(expected.estimate))
}

fn strings(plan: &Plan, ids: impl Iterator<Item = Id>) -> String {
    let names: Vec<String> = ids.map(|id| format!("\"{}\"", plan.name(id))).collect();
    match names.as_slice() {
        [] => "()".to_owned(),
        [one] => format!("({one},)"),
        many => format!("({})", many.join(", ")),
    }
}

fn regression(plan: &mut Plan, job: &Regression) -> String {
    if job.effects.iter().any(|effect| !effect.slopes.is_empty()) {
        plan.absent.push((job.label.clone(), "pyfixest has no slopes by group".to_owned()));
        return String::new();
    }
    let regressors: Vec<&str> = job.regressors.iter().map(|(id, _)| plan.name(*id)).collect();
    let right = if regressors.is_empty() { "1".to_owned() } else { regressors.join(" + ") };
    let effects: Vec<&str> = job.effects.iter().map(|effect| plan.name(effect.by)).collect();
    let mut formula = format!("{} ~ {right}", plan.name(job.outcome));
    if !effects.is_empty() {
        formula += &format!(" | {}", effects.join(" + "));
    }
    let data = job.sample.map_or("DATA".to_owned(), |id| format!("DATA[DATA[\"{}\"] == 1]", plan.name(id)));
    let mut printed: Vec<String> = Vec::new();
    if let Some(constant) = &job.constant {
        printed.push(format!("    \"Intercept\": {},\n", pair(constant)));
    }
    for (id, expected) in &job.regressors {
        printed.push(format!("    \"{}\": {},\n", plan.name(*id), pair(expected)));
    }
    let mut options = String::new();
    match &job.errors {
        Errors::Iid => options += ", errors=\"iid\"",
        Errors::Robust => options += ", errors=\"HC1\"",
        Errors::Cluster(ids) => options += &format!(", clusters={}", strings(plan, ids.iter().copied())),
        Errors::Other(_) => options += ", errors=\"other\"",
    }
    if let Some(id) = job.weights {
        options += &format!(", weights=\"{}\"", plan.name(id));
    }
    if !effects.is_empty() {
        options += &format!(", effects={}", strings(plan, job.effects.iter().map(|effect| effect.by)));
    }
    // Elsewhere redundant levels are found from the data, or all effects count.
    let known = matches!(job.card.ssc.as_str(), "reghdfe" | "fixest") && job.effects.len() <= 2;
    let rule = if known { "\"nonnested\"" } else { "None" };
    options += &format!(", rule={rule}, card=(\"{}\", {})", job.card.formula, job.card.k);
    let errors = !matches!(job.errors, Errors::Other(_));
    plan.checked += 1 + printed.len() * if errors { 2 } else { 1 };
    format!(
        "\n# {}\nregress({}, \"{formula}\", {data}, {{\n{}}}, {}{options})\n",
        comment(&job.about),
        quoted(&job.label),
        printed.concat(),
        job.rows,
    )
}

/// The call for an estimator and the helper that it needs.
fn staggered(plan: &mut Plan, job: &Staggered) -> Result<(&'static str, String), String> {
    let name = |id: Id| format!("\"{}\"", plan.name(id));
    let controls: Vec<String> = job.controls.iter().map(|id| name(*id)).collect();
    let controls = format!("[{}]", controls.join(", "));
    let weights = job.weights.map_or("None".to_owned(), name);
    let common = format!(
        "\"{}\", {}, {}, {}, {}, {}, {}",
        job.estimator,
        name(job.sample),
        name(job.outcome),
        name(job.unit),
        name(job.time),
        name(job.first),
        name(job.event_time)
    );
    let cluster = name(job.cluster);
    let words = "\"G/(G-1) * (N-1)/(N-K)\"";
    let overall = pair(&job.overall);
    let by_time: Vec<String> = job.by_time.iter().map(|(k, e)| format!("    {k}: {},\n", pair(e))).collect();
    let by_time = format!("{{\n{}}}", by_time.concat());
    if !job.never_treated {
        return Err("without never-treated units programs choose different rows".to_owned());
    }
    let times = job.by_time.len();
    let (helper, call, numbers) = match job.estimator.as_str() {
        "sa" => (
            "sa",
            format!("sun_abraham({common}, {controls}, {weights}, {cluster}, {words}, {overall}, {by_time})\n"),
            2 + 2 * times,
        ),
        "etwfe" if job.controls.is_empty() => (
            "etwfe",
            format!("extended({common}, {weights}, {cluster}, {words}, {overall}, {by_time})\n"),
            2 + 2 * times,
        ),
        "gardner" => ("two_stage", format!("two_stage({common}, {controls}, {weights}, {cluster}, {overall})\n"), 2),
        "bjs" => {
            let alone = pair(&Expected { std_error: None, ..job.overall });
            plan.absent.push((
                "effects by bjs: standard errors".to_owned(),
                "its conservative variance is not in pyfixest; the effect is that of gardner".to_owned(),
            ));
            ("two_stage", format!("two_stage({common}, {controls}, {weights}, {cluster}, {alone})\n"), 1)
        }
        "cs" => {
            let group = if job.not_yet { "notyettreated" } else { "nevertreated" };
            (
                "cs",
                format!("callaway_santanna({common}, {controls}, {weights}, {cluster}, \"{group}\", {overall})\n"),
                2,
            )
        }
        "etwfe" => return Err("with controls programs centre them differently".to_owned()),
        _ => return Err("no implementation in the packages that this script uses".to_owned()),
    };
    plan.checked += numbers;
    Ok((helper, format!("\n# {}\n{call}", comment(&job.title))))
}
