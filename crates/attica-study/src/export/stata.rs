//! The Stata script: reghdfe, and the community commands of the estimators for staggered adoption.

use super::data::number;
use super::names::{comment, quoted};
use super::plan::{Errors, Expected, Id, Job, Plan, Regression, Staggered, Values};
use super::script;
use super::{COEFFICIENT, STAGGERED, STD_ERROR};

/// The script; what it leaves out is added to the plan.
pub fn write(plan: &mut Plan, stem: &str) -> String {
    let mut body = String::new();
    for part in plan.parts.clone() {
        body += &format!("\n* {}\ndisplay {}\n", comment(&part.title), quoted(&part.title));
        for job in &part.jobs {
            match job {
                Job::Summary(id, found) => {
                    let numbers = [Some(found.mean), found.sd, Some(found.min), Some(found.median), Some(found.max)];
                    let numbers = numbers.map(|value| value.map_or(".".to_owned(), number)).join(" ");
                    body += &format!("attica_summary {} {} {numbers}\n", plan.name(*id), found.n);
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
    let needs =
        "ssc install ftools, reghdfe; csdid with drdid, did_imputation, did2s, jwdid for their estimators alone";
    script::top(plan, stem, "*", needs)
        + include_str!("heads/head.do")
        + &made(plan, stem)
        + &body
        + "\n"
        + include_str!("heads/tail.do")
}

fn made(plan: &Plan, stem: &str) -> String {
    let file = quoted(&format!("{stem}.csv"));
    let mut text = format!("\nimport delimited using {file}, clear case(preserve) varnames(1) asdouble\n");
    for column in &plan.columns {
        let Values::Event { time, at, beyond } = column.values else {
            if column.name != column.original {
                text += &format!("label variable {} {}\n", column.name, quoted(&short(&column.original)));
            }
            continue;
        };
        let (name, time, sign) = (&column.name, plan.name(time), script::sign(beyond));
        text += &format!("generate byte {name} = !missing({time}) & {time} {sign} {at}\n");
    }
    text
}

/// Stata's labels end at 80 characters.
fn short(text: &str) -> String {
    text.chars().take(76).collect()
}

fn pair(label: &str, found: [&str; 2], expected: &Expected, tolerance: [f64; 2]) -> String {
    let error = expected.std_error.map_or(".".to_owned(), number);
    let [estimate, std_error] = found;
    format!(
        "attica_pair {} {} {} {} {error} {:e} {:e}\n",
        quoted(label),
        quoted(estimate),
        quoted(std_error),
        number(expected.estimate),
        tolerance[0],
        tolerance[1],
    )
}

fn regression(plan: &mut Plan, job: &Regression) -> String {
    let regressors: Vec<&str> = job.regressors.iter().map(|(id, _)| plan.name(*id)).collect();
    let absorb: Vec<String> = job
        .effects
        .iter()
        .flat_map(|effect| {
            let by = plan.name(effect.by);
            let own = effect.intercept.then(|| by.to_owned());
            let slopes: Vec<String> = effect.slopes.iter().map(|id| format!("{by}#c.{}", plan.name(*id))).collect();
            own.into_iter().chain(slopes).collect::<Vec<_>>()
        })
        .collect();
    let absorb = if absorb.is_empty() { "noabsorb".to_owned() } else { format!("absorb({})", absorb.join(" ")) };
    let vce = match &job.errors {
        Errors::Iid | Errors::Other(_) => "unadjusted".to_owned(),
        Errors::Robust => "robust".to_owned(),
        Errors::Cluster(ids) => {
            format!("cluster {}", ids.iter().map(|id| plan.name(*id)).collect::<Vec<_>>().join(" "))
        }
    };
    let sample = job.sample.map_or(String::new(), |id| format!(" if {} == 1", plan.name(id)));
    let weights = job.weights.map_or(String::new(), |id| format!(" [aweight = {}]", plan.name(id)));
    let own = job.card.ssc == "reghdfe" && !matches!(job.errors, Errors::Other(_));
    let mut text = format!(
        "\n* {}\nquietly reghdfe {} {}{sample}{weights}, {absorb} vce({vce}) keepsingletons tolerance(1e-12)\n\
         attica_check {} \"e(N)\" {} 1 0\n",
        comment(&job.about),
        plan.name(job.outcome),
        regressors.join(" "),
        quoted(&format!("{}: N", job.label)),
        job.rows,
    );
    let names = job.regressors.iter().map(|(id, expected)| (plan.name(*id), expected));
    let mut checked = 1;
    for (name, expected) in names.chain(job.constant.iter().map(|expected| ("_cons", expected))) {
        let shown = if own { *expected } else { Expected { std_error: None, ..*expected } };
        let label = format!("{}: {name}", job.label);
        let found = [format!("_b[{name}]"), format!("_se[{name}]")];
        text += &pair(&label, [&found[0], &found[1]], &shown, [COEFFICIENT, STD_ERROR]);
        checked += if own { 2 } else { 1 };
    }
    if !own && !matches!(job.errors, Errors::Other(_)) {
        let why = format!("the small-sample rule is that of {}", job.card.ssc);
        plan.absent.push((format!("{}: standard errors", job.label), why));
    }
    plan.checked += checked;
    text
}

/// The community command of the estimator.
fn staggered(plan: &mut Plan, job: &Staggered) -> Result<String, String> {
    if !job.never_treated {
        return Err("without never-treated units programs choose different rows".to_owned());
    }
    let name = |id: Id| plan.name(id).to_owned();
    let (y, unit, time, first) = (name(job.outcome), name(job.unit), name(job.time), name(job.first));
    let (treated, cluster) = (name(job.treated), name(job.cluster));
    let controls: Vec<String> = job.controls.iter().map(|id| name(*id)).collect();
    let list = controls.join(" ");
    let sample = format!("if {} == 1", name(job.sample));
    let weights = |kind: &str| job.weights.map_or(String::new(), |id| format!(" [{kind} = {}]", name(id)));
    let zero = "generate double attica_cohort = cond(missing(".to_owned() + &first + "), 0, " + &first + ")\n    ";
    let (command, body, found, errors) = match job.estimator.as_str() {
        "cs" => {
            let group = if job.not_yet { " notyet" } else { "" };
            let clusters = if cluster == unit { String::new() } else { format!(" cluster({cluster})") };
            let body = format!(
                "capture drop attica_cohort\n    {zero}quietly csdid {y} {list} {sample}{}, ivar({unit}) time({time}) gvar(attica_cohort) method(dripw){group}{clusters}\n    \
                 quietly estat group, estore(attica_mean)\n    quietly estimates restore attica_mean\n",
                weights("iweight")
            );
            ("csdid", body, ["_b[GAverage]", "_se[GAverage]"], true)
        }
        "gardner" => {
            let first_stage = format!("i.{unit} i.{time} {list}");
            let body = format!(
                "quietly did2s {y} {sample}{}, first_stage({}) second_stage({treated}) treatment({treated}) cluster({cluster})\n",
                weights("aweight"),
                first_stage.trim()
            );
            ("did2s", body, ["_b[TREATED]", "_se[TREATED]"], true)
        }
        "bjs" => {
            let with = if controls.is_empty() { String::new() } else { format!(" controls({list})") };
            let body = format!(
                "quietly did_imputation {y} {unit} {time} {first} {sample}{}, fe({unit} {time}){with} cluster({cluster}) autosample\n",
                weights("aweight")
            );
            ("did_imputation", body, ["_b[tau]", "_se[tau]"], true)
        }
        "etwfe" if controls.is_empty() => {
            let body = format!(
                "capture drop attica_cohort\n    {zero}quietly jwdid {y} {sample}{}, ivar({unit}) tvar({time}) gvar(attica_cohort) cluster({cluster})\n    \
                 quietly estat simple\n    matrix attica_mean = r(table)\n",
                weights("pweight")
            );
            ("jwdid", body, ["attica_mean[1,1]", "attica_mean[2,1]"], true)
        }
        "etwfe" => return Err("with controls programs centre them differently".to_owned()),
        "sa" => return Err("eventstudyinteract has no overall effect, and counts shares as estimated".to_owned()),
        _ => return Err("its commands average or weight differently, or rest on random draws".to_owned()),
    };
    let [estimate, error] = found.map(|text| text.replace("TREATED", &treated));
    let label = format!("{}: overall", job.estimator);
    plan.checked += if errors { 2 } else { 1 };
    let check = pair(&label, [&estimate, &error], &job.overall, [STAGGERED, STAGGERED]);
    Ok(format!(
        "\n* {}\nattica_has {command} \"{label}\"\nif r(yes) {{\n    {body}    {check}}}\n",
        comment(&job.title)
    ))
}
