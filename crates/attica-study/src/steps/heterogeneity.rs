//! Effects by group: split samples, the fully interacted model's test of equality, and permuted labels.

use attica::diagnostic::groups::{Groups, equality, interact, interaction, permute_labels};
use attica::frame::transform::percentile;
use attica::ledger::Reason;
use attica::message::{Problem, Result};
use attica::panel::Panel;
use attica::text::Text;

use super::mechanism::on;
use super::regression::Spec;
use super::{Found, Study, families};
use crate::results::{Content, Models, Test};
use crate::studyfile::{By, Cross, Cut};

/// Units sorted into groups.
struct Split {
    /// What makes the groups.
    name: String,
    /// Names of the groups.
    labels: Vec<String>,
    /// Group of each row of the panel; none where it is not known.
    of_row: Vec<Option<usize>>,
}

pub(super) fn step(study: Study<'_>) -> Found {
    let Some(asked) = &study.file.heterogeneity else { return Ok(Vec::new()) };
    let mut contents = Vec::new();
    for by in asked.by.as_slice() {
        let split = split(study, by)?;
        let mut main = study.main()?;
        if let Some(effects) = &asked.effects {
            main.effects.clone_from(effects);
        }
        contents.extend(groups(study, &split, &main, asked.permutations));
        if asked.cross == Some(Cross::Mechanism) {
            let through = study.file.mechanism.iter().flat_map(|m| &m.through);
            for channel in through {
                contents.push(Content::Models(channel_in_groups(study, &split, &on(&main, channel), channel)));
            }
        }
    }
    Ok(contents)
}

/// The main model in each group, with tests of equality.
fn groups(study: Study<'_>, split: &Split, main: &Spec, permutations: usize) -> Vec<Content> {
    let (tests, cautions) = tests(study, split, main, permutations);
    let label = study.label(&split.name);
    let (models, fits) = study.models(&columns(split, main));
    let title = Text::new(
        format!("Effects by {}: adjusted for several groups", label.en),
        format!("分组回归：{}（多组校正）", label.zh),
    );
    let names: Vec<&str> = split.labels.iter().map(String::as_str).collect();
    let id = format!("heterogeneity-{}-family", split.name);
    let family = families::of_fits(study, &id, title, Text::new("Group", "组别"), &names, &fits);
    let table = Models {
        id: format!("heterogeneity-{}", split.name),
        title: Text::new(format!("Effects by {}", label.en), format!("分组回归：{}", label.zh)),
        models,
        show: vec![study.policy().to_owned()],
        tests,
        methods: Text::new(
            "Each column is estimated in its own group, with its own controls and effects. Differences between groups \
             are judged by the test of equality, never by one column being significant and another not.",
            "各列在各自组内单独估计（控制变量与固定效应系数均不同）。组间差异以系数相等检验为准，而非比较各列显著性。",
        ),
        cautions,
    };
    std::iter::once(Content::Models(table)).chain(family).collect()
}

/// One channel as the outcome, in each group.
fn channel_in_groups(study: Study<'_>, split: &Split, spec: &Spec, channel: &str) -> Models {
    let (tests, cautions) = tests(study, split, spec, 0);
    let (through, label) = (study.label(channel), study.label(&split.name));
    Models {
        id: format!("mechanism-{channel}-{}", split.name),
        title: Text::new(
            format!("Mechanism by {}: {}", label.en, through.en),
            format!("分组机制检验：{}（按{}）", through.zh, label.zh),
        ),
        models: study.models(&columns(split, spec)).0,
        show: vec![study.policy().to_owned()],
        tests,
        methods: Text::default(),
        cautions,
    }
}

fn columns(split: &Split, main: &Spec) -> Vec<Spec> {
    split
        .labels
        .iter()
        .enumerate()
        .map(|(group, label)| {
            let keep = split.of_row.iter().map(|of| *of == Some(group)).collect();
            let reason =
                Reason::excluded(format!("{} other than {label}", split.name), format!("{}非{label}", split.name));
            Spec { head: Text::same(label), subset: Some((reason, keep)), ..main.clone() }
        })
        .collect()
}

/// Wald test in the interacted model, and the permutation of labels. What cannot be tested is said.
fn tests(
    study: Study<'_>,
    split: &Split,
    main: &Spec,
    permutations: usize,
) -> (Vec<Test>, Vec<attica::message::Warning>) {
    let mut tests = Vec::new();
    let mut cautions = Vec::new();
    let mut failed = |problem: Problem| {
        cautions.push(attica::message::Warning { text: problem.text(), id: problem.id });
    };
    match wald(study, split, main) {
        Ok(found) => tests.extend(found),
        Err(problem) => failed(problem),
    }
    if permutations > 0 {
        match permuted(study, split, main, permutations) {
            Ok(found) => tests.push(found),
            Err(problem) => failed(problem),
        }
    }
    (tests, cautions)
}

/// The design over all rows that have a group, and their groups. Groups without any row there are left out.
fn grouped(study: Study<'_>, split: &Split, main: &Spec) -> Result<(attica::design::Design, Groups)> {
    let known = split.of_row.iter().map(Option::is_some).collect();
    let reason = Reason::Missing(split.name.clone());
    let design = study.design(&Spec { subset: Some((reason, known)), ..main.clone() })?;
    let of_row: Vec<usize> = design.sample.iter().filter_map(|&row| split.of_row[row as usize]).collect();
    let present: Vec<usize> = (0..split.labels.len()).filter(|g| of_row.contains(g)).collect();
    let codes = of_row.iter().filter_map(|g| present.iter().position(|p| p == g)).map(|g| g as u32).collect();
    let labels = present.iter().map(|&g| split.labels[g].clone()).collect();
    Ok((design, Groups { name: split.name.clone(), codes, labels }))
}

fn wald(study: Study<'_>, split: &Split, main: &Spec) -> Result<Option<Test>> {
    let (design, groups) = grouped(study, split, main)?;
    let fit = study.fit_design(&interact(&design, &groups), main)?.record();
    let terms: Vec<String> = groups.labels.iter().map(|label| interaction(study.policy(), label)).collect();
    let hypothesis = Text::new("effects are equal in all groups", "各组系数相等");
    Ok(equality(&fit, &terms, hypothesis).map(|wald| Test {
        name: Text::new("Equal effects (fully interacted model)", "组间系数相等（完全交互模型）"),
        p_value: wald.p_value,
        wald: Some(wald),
        draws: None,
    }))
}

fn permuted(study: Study<'_>, split: &Split, main: &Spec, draws: usize) -> Result<Test> {
    let (design, groups) = grouped(study, split, main)?;
    let found = permute_labels(&design, study.policy(), &groups, draws, study.file.seed)?;
    Ok(Test {
        name: Text::new("Equal effects (labels permuted over units)", "组间系数相等（个体间置换组别）"),
        wald: None,
        p_value: found.p_value,
        draws: Some(found.draws),
    })
}

/// The groups of a column, or of a number cut in each unit's first period.
fn split(study: Study<'_>, by: &By) -> Result<Split> {
    let data = study.data;
    match by {
        By::Column(name) => {
            let column = data.frame.column(name)?;
            let mut labels: Vec<String> =
                (0..column.len()).filter(|&r| !column.is_missing(r)).map(|r| column.display(r)).collect();
            labels.sort_by(|a, b| match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(a), Ok(b)) => a.total_cmp(&b),
                _ => a.cmp(b),
            });
            labels.dedup();
            if !(2..=50).contains(&labels.len()) {
                let message = format!("\"{name}\" makes {} groups", labels.len());
                let fix = format!(
                    "name a column of two or more categories, or cut a number: {{ variable = \"{name}\", cut = \"median\" }}"
                );
                return Err(Problem::new("E607", message).fix(fix));
            }
            let group = |row: usize| labels.iter().position(|l| *l == column.display(row));
            let of_row = (0..column.len()).map(|r| if column.is_missing(r) { None } else { group(r) }).collect();
            Ok(Split { name: name.clone(), labels, of_row })
        }
        By::Cut(cut) => cut_at_start(cut, data.frame.numbers(&cut.variable)?, &data.panel),
    }
}

fn cut_at_start(cut: &Cut, values: &[f64], panel: &Panel) -> Result<Split> {
    let groups = cut.cut.groups();
    let first = |unit: u32| {
        (0..panel.times.len()).filter_map(|t| panel.row(unit, t)).map(|row| values[row]).find(|v| !v.is_nan())
    };
    let base: Vec<Option<f64>> = (0..panel.units.len() as u32).map(first).collect();
    let mut sorted: Vec<f64> = base.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |g: usize| percentile(&sorted, 100.0 * g as f64 / groups as f64);
    let cuts: Option<Vec<f64>> = (1..groups).map(at).collect();
    let Some(cuts) = cuts else {
        return Err(Problem::new("E304", format!("column \"{}\" has no value in any row", cut.variable)));
    };
    let label = |g: usize| match (g, groups) {
        (0, _) => format!("{} low", cut.variable),
        (g, n) if g + 1 == n => format!("{} high", cut.variable),
        (g, _) => format!("{} group {}", cut.variable, g + 1),
    };
    let of = |value: Option<f64>| value.map(|v| cuts.iter().filter(|c| v > **c).count());
    Ok(Split {
        name: cut.variable.clone(),
        labels: (0..groups).map(label).collect(),
        of_row: panel.unit.iter().map(|&unit| of(base[unit as usize])).collect(),
    })
}
