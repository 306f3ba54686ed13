//! The R script: fixest, and the packages of the estimators for staggered adoption.

use super::data::number;
use super::names::{comment, quoted};
use super::plan::{Errors, Expected, Id, Job, Plan, Regression, Staggered, Values};
use super::script;
use super::{COEFFICIENT, STAGGERED, STD_ERROR};

/// The script; what it leaves out is added to the plan.
pub fn write(plan: &mut Plan, stem: &str) -> String {
    let mut body = String::new();
    for part in plan.parts.clone() {
        body += &format!("\n# {}\ncat({}, \"\\n\")\n", comment(&part.title), quoted(&part.title));
        for job in &part.jobs {
            match job {
                Job::Summary(id, found) => {
                    let numbers = [Some(found.mean), found.sd, Some(found.min), Some(found.median), Some(found.max)];
                    let numbers = numbers.map(|value| value.map_or("NA".to_owned(), number)).join(", ");
                    body += &format!("summarise(\"{}\", c({}, {numbers}))\n", plan.name(*id), found.n);
                    plan.checked += 6;
                }
                Job::Regression(regression) => body += &self::regression(plan, regression),
                Job::Staggered(job) => match staggered(plan, job) {
                    Ok(code) => body += &code,
                    Err(why) => plan.absent.push((format!("effects by {}", job.estimator), why)),
                },
            }
        }
    }
    let needs = "install.packages(c('fixest', 'did', 'did2s', 'didimputation', 'etwfe')); the last four for their estimators alone";
    let top = script::top(plan, stem, "#", needs);
    let tolerances =
        format!("COEFFICIENT <- {COEFFICIENT:e}\nSTD_ERROR <- {STD_ERROR:e}\nSTAGGERED <- {STAGGERED:e}\n\n");
    top + &tolerances + include_str!("heads/head.R") + &made(plan, stem) + &body + "\n" + include_str!("heads/tail.R")
}

fn made(plan: &Plan, stem: &str) -> String {
    let file = quoted(&format!("{stem}.csv"));
    let mut text = format!("\nDATA <- read.csv(file.path(here, {file}), check.names = FALSE)\n");
    for column in &plan.columns {
        let Values::Event { time, at, beyond } = column.values else { continue };
        let (name, time, sign) = (&column.name, plan.name(time), script::sign(beyond));
        text += &format!("DATA${name} <- as.numeric(!is.na(DATA${time}) & DATA${time} {sign} {at})\n");
    }
    text
}

fn pair(expected: &Expected) -> String {
    let error = expected.std_error.map_or("NA".to_owned(), number);
    format!("c({}, {error})", number(expected.estimate))
}

fn regression(plan: &mut Plan, job: &Regression) -> String {
    let regressors: Vec<&str> = job.regressors.iter().map(|(id, _)| plan.name(*id)).collect();
    let right = if regressors.is_empty() { "1".to_owned() } else { regressors.join(" + ") };
    let effects: Vec<String> = job
        .effects
        .iter()
        .map(|effect| {
            let slopes: Vec<&str> = effect.slopes.iter().map(|id| plan.name(*id)).collect();
            match (slopes.is_empty(), effect.intercept) {
                (true, _) => plan.name(effect.by).to_owned(),
                (false, true) => format!("{}[{}]", plan.name(effect.by), slopes.join(", ")),
                (false, false) => format!("{}[[{}]]", plan.name(effect.by), slopes.join(", ")),
            }
        })
        .collect();
    let mut formula = format!("{} ~ {right}", plan.name(job.outcome));
    if !effects.is_empty() {
        formula += &format!(" | {}", effects.join(" + "));
    }
    let data = job.sample.map_or("DATA".to_owned(), |id| format!("DATA[DATA${} == 1, ]", plan.name(id)));
    let mut printed: Vec<String> = Vec::new();
    if let Some(constant) = &job.constant {
        printed.push(format!("  \"(Intercept)\" = {}", pair(constant)));
    }
    for (id, expected) in &job.regressors {
        printed.push(format!("  {} = {}", plan.name(*id), pair(expected)));
    }
    let vcov = match &job.errors {
        Errors::Iid | Errors::Other(_) => "\"iid\"".to_owned(),
        Errors::Robust => "\"hetero\"".to_owned(),
        Errors::Cluster(ids) => {
            format!("~ {}", ids.iter().map(|id| plan.name(*id)).collect::<Vec<_>>().join(" + "))
        }
    };
    let weights = job.weights.map_or(String::new(), |id| format!(", weights = ~ {}", plan.name(id)));
    let rule = match job.card.ssc.as_str() {
        "fixest" => String::new(),
        "reghdfe" => ", rule = ssc(K.exact = TRUE)".to_owned(),
        _ => format!(", rule = ssc(K.adj = FALSE, G.adj = FALSE), factor = {}", number(job.card.factor)),
    };
    let errors = if matches!(job.errors, Errors::Other(_)) { ", errors = FALSE" } else { "" };
    plan.checked += 1 + printed.len() * if errors.is_empty() { 2 } else { 1 };
    format!(
        "\n# {}\nregress({}, {formula}, {data}, list(\n{}\n), {}, {vcov}{weights}{rule}{errors})\n",
        comment(&job.about),
        quoted(&job.label),
        printed.join(",\n"),
        job.rows,
    )
}

/// The call of the package that is the estimator's home.
fn staggered(plan: &mut Plan, job: &Staggered) -> Result<String, String> {
    if !job.never_treated {
        return Err("without never-treated units programs choose different rows".to_owned());
    }
    let name = |id: Id| plan.name(id).to_owned();
    let (y, unit, time, first) = (name(job.outcome), name(job.unit), name(job.time), name(job.first));
    let (treated, cluster) = (name(job.treated), name(job.cluster));
    let controls: Vec<String> = job.controls.iter().map(|id| name(*id)).collect();
    let right = |none: &str| if controls.is_empty() { none.to_owned() } else { controls.join(" + ") };
    let data = format!("DATA[DATA${} == 1, ]", name(job.sample));
    let weights = |argument: &str| job.weights.map_or(String::new(), |id| format!(", {argument} = \"{}\"", name(id)));
    let formula_weights = job.weights.map_or(String::new(), |id| format!(", weights = ~ {}", name(id)));
    let (package, body) = match job.estimator.as_str() {
        "cs" => {
            let group = if job.not_yet { "notyettreated" } else { "nevertreated" };
            let clusters =
                if cluster == unit { String::new() } else { format!(", clustervars = c(\"{unit}\", \"{cluster}\")") };
            let body = format!(
                "  data <- {data}\n  data${first}[is.na(data${first})] <- 0\n  found <- did::att_gt(yname = \"{y}\", tname = \"{time}\", idname = \"{unit}\", gname = \"{first}\",\n    \
                 xformla = ~ {}, data = data, control_group = \"{group}\", est_method = \"dr\", bstrap = FALSE,\n    cband = FALSE{clusters}{})\n  \
                 mean <- did::aggte(found, type = \"group\", bstrap = FALSE, cband = FALSE, na.rm = TRUE)\n  c(mean$overall.att, mean$overall.se)\n",
                right("1"),
                weights("weightsname"),
            );
            ("did", body)
        }
        "sa" => {
            let extra = if controls.is_empty() { String::new() } else { format!(" + {}", controls.join(" + ")) };
            let body = format!(
                "  data <- {data}\n  data${first}[is.na(data${first})] <- 10000\n  found <- feols({y} ~ sunab({first}, {time}){extra} | {unit} + {time}, data, vcov = ~ {cluster}{formula_weights},\n    \
                 ssc = ssc(K.exact = TRUE), fixef.tol = 1e-12, fixef.iter = 1000000)\n  table <- summary(found, agg = \"att\")$coeftable\n  table[\"ATT\", 1:2]\n"
            );
            ("fixest", body)
        }
        "gardner" => {
            let body = format!(
                "  data <- {data}\n  found <- did2s::did2s(data, yname = \"{y}\", first_stage = ~ {} | {unit} + {time}, second_stage = ~ {treated},\n    \
                 treatment = \"{treated}\", cluster_var = \"{cluster}\"{}, verbose = FALSE)\n  c(coef(found)[[\"{treated}\"]], se(found)[[\"{treated}\"]])\n",
                right("0"),
                weights("weights"),
            );
            ("did2s", body)
        }
        "bjs" if cluster == unit => {
            let body = format!(
                "  data <- {data}\n  data${first}[is.na(data${first})] <- 0\n  found <- didimputation::did_imputation(data, yname = \"{y}\", gname = \"{first}\", tname = \"{time}\", idname = \"{unit}\",\n    \
                 first_stage = ~ {} | {unit} + {time}{})\n  c(found$estimate[1], found$std.error[1])\n",
                right("0"),
                weights("wname"),
            );
            ("didimputation", body)
        }
        "bjs" => return Err("didimputation clusters by unit alone".to_owned()),
        "etwfe" if job.controls.is_empty() => {
            let body = format!(
                "  data <- {data}\n  data${first}[is.na(data${first})] <- 0\n  found <- etwfe::etwfe({y} ~ 1, tvar = {time}, gvar = {first}, ivar = {unit}, data = data, vcov = ~ {cluster}{formula_weights})\n  \
                 mean <- as.data.frame(etwfe::emfx(found, type = \"simple\"))\n  c(mean$estimate[1], NA)\n"
            );
            ("etwfe", body)
        }
        "etwfe" => return Err("with controls programs centre them differently".to_owned()),
        _ => return Err("its packages average or weight differently, or rest on random draws".to_owned()),
    };
    plan.checked += if job.estimator == "etwfe" { 1 } else { 2 };
    let (label, printed) = (format!("{}: overall", job.estimator), pair(&job.overall));
    Ok(format!(
        "\n# {}\nstaggered(\"{package}\", \"{label}\", {printed}, function() {{\n{body}}})\n",
        comment(&job.title)
    ))
}
