//! What `attica did` prints for people: all estimators side by side, then the averages of a single one.

use attica::estimator::Spec;
use attica::estimator::group_time::{Aggregation, At};
use attica::fit::Wald;
use attica::message::Warning;
use attica::panel::Panel;
use attica::text::{Language, Text};
use attica_study::effects::Answer;
use attica_study::few::FewClusters;
use attica_study::results::Placebo;

use super::did::{One, Output};
use super::{WildTests, account, aligned, hypotheses, short};

/// The page.
pub(super) fn page(output: &Output, spec: &Spec, panel: &Panel, language: Language) -> String {
    let say = |en: &str, zh: &str| Text::new(en, zh).get(language).to_owned();
    let level = format!("{}%", short(100.0 * spec.fit.level));
    let mut page = format!(
        "\n{} ~ {}   {} x {}   {}\n\n",
        spec.outcome,
        [std::slice::from_ref(&spec.treatment), &spec.controls].concat().join(" + "),
        panel.unit_name,
        panel.time_name,
        say(
            &format!("standard errors clustered by {}, {level} intervals", spec.design.clusters.join(", ")),
            &format!("标准误按{}聚类，{level}置信区间", spec.design.clusters.join("、")),
        ),
    );
    page += &side_by_side(output, decimals(output), language);
    let places = decimals(output);
    let tests =
        output.estimators.iter().map(|One { answer, .. }| (answer.estimator.clone(), answer.overall.wild.as_deref()));
    for (_, tests) in by_kind(tests.collect()) {
        page += &super::wild(tests, spec.fit.level, |value| format!("{value:.places$}"), language);
    }
    page += &output.few_clusters.as_ref().map_or_else(String::new, |found| few(found, language));
    page += "\n";
    page += &placebos(output, decimals(output), language);
    for One { answer, lincom, tests, .. } in &output.estimators {
        let Answer { estimator, label, control_group, base_period, ledger, .. } = answer;
        page += &format!("{estimator}: {}\n", label.get(language));
        for (name, said) in [
            (say("compared with", "对照"), control_group.get(language).to_owned()),
            (say("changes", "变化"), base_period.get(language).to_owned()),
            (say("rows", "观测"), account(ledger, language)),
        ] {
            page += &format!("   {name}: {said}\n");
        }
        page += &hypotheses::page(lincom, tests, language);
    }
    if let [one] = output.estimators.as_slice() {
        page += &averages(one, decimals(output), spec.fit.level, language);
    }
    page
}

/// Tests of one type each, in order of first appearance: exact ones of a regression, and those of influences.
fn by_kind(tests: WildTests<'_>) -> Vec<(&str, WildTests<'_>)> {
    let mut kinds: Vec<(&str, WildTests<'_>)> = Vec::new();
    for (name, test) in tests {
        let Some(record) = test else { continue };
        match kinds.iter_mut().find(|(kind, _)| *kind == record.kind) {
            Some((_, same)) => same.push((name, test)),
            None => kinds.push((&record.kind, vec![(name, test)])),
        }
    }
    kinds
}

/// The headline effects under tests that do not lean on many clusters.
fn few(found: &FewClusters, language: Language) -> String {
    let say = |en: &str, zh: &str| Text::new(en, zh).get(language).to_owned();
    let FewClusters { by, clusters, treated, rows, .. } = found;
    let head = match language {
        Language::En => ["p-values", "usual", "wild bootstrap", "permutation", "by t"],
        Language::Zh => ["p值", "常用", "wild bootstrap", "置换检验", "按t"],
    };
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    let mut reasons = Vec::new();
    for row in rows {
        let drawn = row.permutation;
        let p = [
            row.overall.p_value,
            row.overall.wild.as_ref().map(|test| test.p_value),
            drawn.map(|test| test.p_value),
            drawn.and_then(|test| test.p_value_t),
        ];
        lines.push(std::iter::once(row.estimator.clone()).chain(p.map(p_value)).collect());
        if let Some(why) = &row.absent {
            reasons.push(format!("{}: {} {}\n", row.estimator, why.id, why.text.get(language)));
        }
    }
    let drawn = rows.iter().find_map(|row| row.permutation).map_or_else(String::new, |test| {
        let all = if test.exact { ("all ", "全部") } else { ("", "") };
        say(
            &format!("; {}{} permutations of adoption dates over {by}", all.0, test.draws),
            &format!("；政策时点在{by}间置换（{}{}次）", all.1, test.draws),
        )
    });
    let note = say(
        &format!("{clusters} clusters in \"{by}\", {treated} of them ever treated{drawn}"),
        &format!("“{by}”共{clusters}个聚类，其中{treated}个受处理{drawn}"),
    );
    format!("\n{}\n{note}\n{}", aligned(&lines).join("\n"), reasons.concat())
}

/// One line per estimator; those without a result say why.
fn side_by_side(output: &Output, decimals: usize, language: Language) -> String {
    let number = |value| number(value, decimals);
    let head = match language {
        Language::En => {
            ["", "effect", "std. error", "p", "low", "high", "rows", "units", "treated units", "first", "last"]
        }
        Language::Zh => ["", "效应", "标准误", "p", "下限", "上限", "观测", "个体", "处理个体", "首期", "末期"],
    };
    let mut rows: Vec<Vec<String>> = vec![head.map(str::to_owned).to_vec()];
    for One { answer, .. } in &output.estimators {
        let overall = &answer.overall;
        rows.push(vec![
            answer.estimator.clone(),
            number(Some(overall.estimate)),
            number(overall.std_error),
            p_value(overall.p_value),
            number(overall.conf_low),
            number(overall.conf_high),
            answer.n_obs.to_string(),
            answer.n_units.to_string(),
            answer.n_treated_units.to_string(),
            short_period(answer.periods[0]),
            short_period(answer.periods[1]),
        ]);
    }
    for one in &output.failed {
        let (id, said) = (&one.problem.id, one.problem.text());
        let why = match language {
            Language::En => format!("no result ({id}): {}", said.en),
            Language::Zh => format!("无结果（{id}）：{}", said.zh),
        };
        rows.push(vec![one.estimator.clone(), why]);
    }
    aligned(&rows).join("\n") + "\n"
}

/// Placebo tests, where they were asked for: p-values of distributions, or the effects of earlier dates.
fn placebos(output: &Output, decimals: usize, language: Language) -> String {
    let all: Vec<&Placebo> = output.estimators.iter().filter_map(|one| one.placebo.as_ref()).collect();
    let Some(first) = all.first() else { return String::new() };
    let (title, head): (&str, &[&str]) = match (language, first.draws.is_empty()) {
        (Language::En, false) => (
            "Placebo",
            &["", "draws", "two-sided p", "left", "right", "by t: two-sided", "left", "right", "Monte Carlo error"],
        ),
        (Language::Zh, false) => {
            ("安慰剂", &["", "抽样", "双侧p值", "左侧", "右侧", "按t：双侧", "左侧", "右侧", "模拟误差"])
        }
        (Language::En, true) => ("Placebo", &["", "date", "effect", "std. error", "p"]),
        (Language::Zh, true) => ("安慰剂", &["", "时点", "效应", "标准误", "p"]),
    };
    let mut rows: Vec<Vec<String>> = vec![head.iter().map(|head| (*head).to_owned()).collect()];
    for one in &all {
        if one.effects.is_empty() {
            let exact = Text::new(" (all)", "（全部）");
            let count =
                format!("{}{}", one.drawn + usize::from(one.exact), if one.exact { exact.get(language) } else { "" });
            let p = [one.p_two_sided, one.p_left, one.p_right, one.p_two_sided_t, one.p_left_t, one.p_right_t];
            let mut row = vec![one.estimator.clone(), count];
            row.extend(p.into_iter().map(p_value));
            row.push(number(one.p_mc_error, 4));
            rows.push(row);
        }
        for (head, effect) in &one.effects {
            let (name, at) = (one.estimator.clone(), head.get(language).to_owned());
            let value = |value| number(value, decimals);
            rows.push(vec![name, at, value(Some(effect.estimate)), value(effect.std_error), p_value(effect.p_value)]);
        }
    }
    let said = first.description.get(language);
    let exact = if all.iter().all(|one| one.exact) {
        Text::new(
            "; all possible assignments are listed, so that the p-value is exact: the share of them, the true one included, that is at least as extreme",
            "；已穷举全部可能的分配，p值为精确值，即其中（含真实分配）不弱于真实估计者所占比例",
        )
    } else {
        Text::default()
    };
    let colon = Text::new(": ", "：");
    format!("{title}{}{said}{}\n{}\n\n", colon.get(language), exact.get(language), aligned(&rows).join("\n"))
}

/// The averages of one estimator, each with its rows.
fn averages(one: &One, decimals: usize, level: f64, language: Language) -> String {
    let all = &one.answer.aggregations;
    let say = |en: &str, zh: &str| Text::new(en, zh).get(language).to_owned();
    let mut page = String::new();
    for (title, found) in [
        (Text::new("All treated units and periods", "全部处理个体与时期"), &all.simple),
        (Text::new("By periods since adoption", "按相对期"), &all.dynamic),
        (Text::new("By cohort", "按批次"), &all.group),
        (Text::new("By period", "按时期"), &all.calendar),
    ] {
        if let Some(found) = found {
            page += &format!("\n{}\n{}\n", title.get(language), average(found, decimals, language));
            let rows = found.rows.iter().map(|row| (at(row.at), row.wild.as_deref()));
            let overall = found.overall.iter().map(|term| (overall(language), term.wild.as_deref()));
            let number = |value| format!("{value:.decimals$}");
            page += &super::wild(rows.chain(overall).collect(), level, number, language);
        }
    }
    if let Some(study) = &one.event_study {
        let zero = |test: &Option<Wald>| p_value(test.as_ref().map(|test| test.p_value));
        let (leads, effects) = (zero(&study.leads), zero(&study.effects));
        let df = study.df.map_or_else(|| say("normal", "正态"), |df| format!("t({})", short(df)));
        page += &match language {
            Language::En => format!("\nAll leads zero: p = {leads}; all effects zero: p = {effects}; {df}\n"),
            Language::Zh => format!("\n处理前系数联合为零：p = {leads}；处理后效应联合为零：p = {effects}；{df}\n"),
        };
    }
    page
}

fn at(at: At) -> String {
    match at {
        At::EventTime(k) => k.to_string(),
        At::Group(value) | At::Time(value) => short_period(value),
    }
}

fn overall(language: Language) -> String {
    Text::new("overall", "总体").get(language).to_owned()
}

fn average(found: &Aggregation, decimals: usize, language: Language) -> String {
    let number = |value| number(value, decimals);
    let head = match language {
        Language::En => ["", "effect", "std. error", "p", "low", "high", "band low", "band high"],
        Language::Zh => ["", "效应", "标准误", "p", "下限", "上限", "联立下限", "联立上限"],
    };
    let mut rows: Vec<Vec<String>> = vec![head.map(str::to_owned).to_vec()];
    for row in &found.rows {
        rows.push(vec![
            at(row.at),
            number(Some(row.estimate)),
            number(row.std_error),
            p_value(row.p_value),
            number(row.conf_low),
            number(row.conf_high),
            number(row.band_low),
            number(row.band_high),
        ]);
    }
    if let Some(term) = &found.overall {
        let mut row = vec![overall(language), number(Some(term.estimate))];
        row.extend([number(Some(term.std_error)), p_value(Some(term.p_value))]);
        row.extend([number(Some(term.conf_low)), number(Some(term.conf_high)), String::new(), String::new()]);
        rows.push(row);
    }
    aligned(&rows).join("\n")
}

/// Every warning once, with the estimators that it concerns unless it concerns all.
pub(super) fn warnings(output: &Output) -> Vec<Warning> {
    let mut found: Vec<(&Warning, Vec<&str>)> = Vec::new();
    for One { answer, event_study, placebo, .. } in &output.estimators {
        let of_study = event_study.iter().flat_map(|study| &study.warnings);
        let of_placebo = placebo.iter().flat_map(|placebo| &placebo.warnings);
        for warning in answer.warnings.iter().chain(of_study).chain(of_placebo) {
            let name = answer.estimator.as_str();
            match found.iter_mut().find(|(known, _)| *known == warning) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => found.push((warning, vec![name])),
            }
        }
    }
    let all = output.estimators.len();
    let named = found.into_iter().map(|(warning, names)| {
        if names.len() == all {
            return warning.clone();
        }
        let (names, Text { en, zh }) = (names.join(", "), &warning.text);
        Warning::new(&warning.id, format!("{names}: {en}"), format!("{names}：{zh}"))
    });
    output.warnings.iter().cloned().chain(named).collect()
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

fn p_value(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |p| format!("{p:.4}"))
}

/// A period as it stands in the data.
fn short_period(value: f64) -> String {
    value.to_string()
}

/// Decimals that show three digits of the smallest standard error, on the whole page.
fn decimals(output: &Output) -> usize {
    let errors = output.estimators.iter().filter_map(|one| one.answer.overall.std_error);
    let smallest = errors.fold(f64::INFINITY, f64::min);
    if smallest.is_finite() { (2.0 - smallest.log10().floor()).clamp(0.0, 12.0) as usize } else { 4 }
}
