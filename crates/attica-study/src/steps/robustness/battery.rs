//! What `battery = "full"` turns on, and what it says that it cannot.

use attica::message::Warning;
use attica::panel::Adoption;

use crate::steps::Study;
use crate::studyfile::{Battery, IndexChange, IndexMethod, OneOrMany, Outcome, Robustness};

/// `asked` with the battery's checks where the study file says nothing, and notes on those that it cannot run.
pub(super) fn filled(study: Study<'_>, asked: &Robustness) -> (Robustness, Vec<Warning>) {
    let mut all = asked.clone();
    if asked.battery != Some(Battery::Full) {
        return (all, Vec::new());
    }
    let treatment = &study.data.treatment;
    let dated =
        !treatment.continuous && !treatment.dates.is_empty() && !treatment.adoption.contains(&Adoption::Switches);
    let model = &study.file.model;
    all.trim_rows.get_or_insert(0.1);
    all.winsorise.get_or_insert([0.01, 0.99]);
    all.trim.get_or_insert([0.01, 0.99]);
    all.drop_random_units.get_or_insert(0.1);
    all.unit_trends = true;
    all.curve = true;
    if dated {
        fill(&mut all.around_adoption, vec![2, 3]);
        fill(&mut all.shift_policy, vec![1]);
    }
    if !model.controls.is_empty() {
        all.lag_controls.get_or_insert(1);
        all.base_controls_trend = true;
    }
    all.drop_concurrent |= !all.concurrent.is_empty();
    all.index_forms |= study.file.index.contains_key(study.outcome());
    if study.file.index.contains_key(study.outcome()) && all.replace_outcome.as_slice().is_empty() {
        let method = Some(IndexMethod::Entropy);
        all.replace_outcome = OneOrMany::One(Outcome::Index(IndexChange { method, ..IndexChange::default() }));
    }
    let groups = if dated { vec!["unit".to_owned(), "cohort".to_owned()] } else { vec!["unit".to_owned()] };
    fill(&mut all.leave_out, groups);
    (all.clone(), missing(&all, dated))
}

fn fill<T>(list: &mut Vec<T>, with: Vec<T>) {
    if list.is_empty() {
        *list = with;
    }
}

/// `N613`: what the battery leaves out because it needs names that only the author knows.
fn missing(all: &Robustness, dated: bool) -> Vec<Warning> {
    let absent = [
        (all.concurrent.is_empty(), "policies at the same time (concurrent)", "同期其他政策（concurrent）"),
        (
            all.drop_units.is_empty(),
            "lists of units such as municipalities (drop_units)",
            "直辖市等个体名单（drop_units）",
        ),
        (
            all.trends.is_empty() && all.effects.is_empty(),
            "trends or period effects of regions (trends, effects)",
            "地区趋势或地区×时间效应（trends、effects）",
        ),
        (
            !dated,
            "windows and dates around adoption, for the policy has no single date per unit",
            "政策时点附近的窗口与时点移动（个体没有唯一的政策时点）",
        ),
    ];
    let (en, zh): (Vec<_>, Vec<_>) =
        absent.iter().filter(|(absent, _, _)| *absent).map(|(_, en, zh)| (*en, *zh)).unzip();
    if en.is_empty() {
        return Vec::new();
    }
    vec![Warning::new(
        "N613",
        format!("the full battery ran without {}: the study file does not name what they need", en.join("; ")),
        format!("完整稳健性检验未包括：{}，研究文件未给出所需信息", zh.join("；")),
    )]
}
