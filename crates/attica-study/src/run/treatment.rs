//! How the policy is coded: who is treated, and when.

use attica::frame::{Frame, Values};
use attica::message::{Problem, Result, Warning};
use attica::panel::{Adoption, Panel, read_times};
use attica::text::Text;

use crate::results::TreatmentCard;
use crate::studyfile::Policy;

/// The treatment of a panel.
#[derive(Clone, Debug)]
pub struct Treatment {
    /// Name of the variable.
    pub name: String,
    /// One value per row of the panel.
    pub values: Vec<f64>,
    /// One per unit.
    pub adoption: Vec<Adoption>,
    /// True when values are not 0/1.
    pub continuous: bool,
    /// How it was coded, in a sentence.
    pub coding: Text,
    /// First treated periods, ascending.
    pub dates: Vec<f64>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Codes the treatment of `panel`.
///
/// # Errors
/// `E201` a column that is neither 0/1 nor a first period; `E205` nobody, or everybody at once, is treated; `E206` a
/// treatment that does not vary within units; `E209` a first period outside the panel; `E603`, `E301`.
pub fn treatment(policy: &Policy, frame: &Frame, panel: &Panel) -> Result<Treatment> {
    let mut warnings = Vec::new();
    let name = policy.name.clone();
    let (values, adoption, continuous, coding) = if let Some(column) = &policy.first_treated {
        let adoption = first_treated(column, &policy.never, frame, panel, &mut warnings)?;
        let values = path_of(&adoption, panel);
        if let Some(path) = &policy.path {
            compare(column, path, &values, frame.numbers(path)?, panel, &mut warnings);
        }
        let coding = Text::new(
            format!(
                "{name} is 1 from the period in {column} on and 0 before; units without a period are never treated"
            ),
            format!("{name}自{column}所示时期起取1，此前取0；该列为空的个体视为从未处理"),
        );
        (values, adoption, false, coding)
    } else if let (Some(group), Some(from)) = (&policy.treated, policy.from) {
        let adoption = group_from(group, from, frame, panel)?;
        let coding = Text::new(
            format!("{name} is 1 for units with {group} = 1 from {from} on, else 0"),
            format!("{group}取1的个体自{from}起{name}取1，其余取0"),
        );
        (path_of(&adoption, panel), adoption, false, coding)
    } else if let Some(path) = &policy.path {
        let values = zero_one(path, frame)?;
        let adoption = adoption_of(&values, panel);
        refuse_constant(path, &adoption, &values, panel)?;
        let coding = Text::new(format!("{name} is the column {path}"), format!("{name}即列{path}"));
        (values, adoption, false, coding)
    } else if let Some(column) = &policy.continuous {
        let values = frame.numbers(column)?.to_vec();
        let positive: Vec<f64> =
            values.iter().map(|&v| if v.is_nan() { v } else { f64::from(u8::from(v > 0.0)) }).collect();
        warnings.push(Warning::new(
            "W212",
            format!("{column} is an intensity, not 0/1: effects are per unit of {column}, and compare units with different doses"),
            format!("{column}为处理强度而非0/1变量：系数为每单位{column}的效应，比较的是不同强度的个体"),
        ));
        let coding = Text::new(format!("{name} is the intensity {column}"), format!("{name}为处理强度{column}"));
        let adoption = adoption_of(&positive, panel);
        (values, adoption, true, coding)
    } else {
        return Err(Problem::new("E602", "[policy] does not say who is treated, and when"));
    };
    let mut dates: Vec<f64> =
        adoption.iter().filter_map(|a| if let Adoption::At(date) = a { Some(*date) } else { None }).collect();
    dates.sort_by(f64::total_cmp);
    dates.dedup();
    let treatment = Treatment { name, values, adoption, continuous, coding, dates, warnings };
    if continuous {
        return Ok(treatment);
    }
    refuse_nothing_to_compare(&treatment, panel)?;
    Ok(noticed(treatment, panel))
}

impl Treatment {
    /// Units ever treated.
    pub fn ever(&self) -> impl Iterator<Item = bool> + '_ {
        self.adoption.iter().map(|a| *a != Adoption::Never)
    }

    /// The card of `attica check`.
    pub fn card(&self, panel: &Panel) -> TreatmentCard {
        let count = |which: fn(&Adoption) -> bool| self.adoption.iter().filter(|a| which(a)).count();
        let cohorts: Vec<(f64, usize)> =
            self.dates.iter().map(|&g| (g, self.adoption.iter().filter(|a| **a == Adoption::At(g)).count())).collect();
        let pre = self.dates.first().map_or(0, |&g| panel.times.iter().filter(|t| **t < g).count());
        TreatmentCard {
            name: self.name.clone(),
            never: count(|a| *a == Adoption::Never),
            always: count(|a| *a == Adoption::Always),
            switches_off: count(|a| *a == Adoption::Switches),
            treated_rows: self.values.iter().filter(|v| **v > 0.0).count(),
            pre_periods: pre,
            testable_leads: pre.saturating_sub(1),
            post_periods: self.dates.first().map_or(0, |_| panel.times.len() - pre),
            cohorts,
        }
    }
}

/// 1 from each unit's date on.
fn path_of(adoption: &[Adoption], panel: &Panel) -> Vec<f64> {
    let treated = |(&unit, &time): (&u32, &u32)| match adoption[unit as usize] {
        Adoption::At(date) => panel.times[time as usize] >= date,
        Adoption::Always => true,
        Adoption::Never | Adoption::Switches => false,
    };
    panel.unit.iter().zip(&panel.time).map(|row| f64::from(u8::from(treated(row)))).collect()
}

/// Adoption that a 0/1 path shows. A missing value leaves its period out.
fn adoption_of(values: &[f64], panel: &Panel) -> Vec<Adoption> {
    let of = |unit: usize| {
        let path: Vec<(f64, f64)> = (0..panel.times.len())
            .filter_map(|t| panel.row(unit as u32, t).map(|row| (panel.times[t], values[row])))
            .filter(|(_, d)| !d.is_nan())
            .collect();
        let Some(first) = path.iter().position(|(_, d)| *d > 0.0) else { return Adoption::Never };
        match path[first..].iter().all(|(_, d)| *d > 0.0) {
            false => Adoption::Switches,
            true if first == 0 => Adoption::Always,
            true => Adoption::At(path[first].0),
        }
    };
    (0..panel.units.len()).map(of).collect()
}

fn zero_one(column: &str, frame: &Frame) -> Result<Vec<f64>> {
    let values = frame.numbers(column)?;
    let mut other: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan() && *v != 0.0 && *v != 1.0).collect();
    if other.is_empty() {
        return Ok(values.to_vec());
    }
    let rows = other.len();
    other.sort_by(f64::total_cmp);
    other.dedup();
    let shown: Vec<String> = other.iter().take(5).map(ToString::to_string).collect();
    Err(Problem::new(
        "E201",
        format!("column \"{column}\" is not 0/1: {rows} rows hold other values, such as {}", shown.join(", ")),
    )
    .fix("a first treated period goes under first_treated, an intensity under continuous"))
}

/// Adoption from a column with each unit's first treated period.
fn first_treated(
    column: &str,
    never: &[f64],
    frame: &Frame,
    panel: &Panel,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Adoption>> {
    let found = frame.column(column)?;
    let values: Vec<f64> = match &found.values {
        Values::Number(values) => values.clone(),
        Values::Text { .. } => {
            let present: Vec<u32> = (0..found.len() as u32).filter(|&r| !found.is_missing(r as usize)).collect();
            let (times, notes) = read_times(&found.take(&present)).map_err(|_| {
                Problem::new("E201", format!("column \"{column}\" holds text that is no period: {}", sample(found)))
                    .fix("give each unit's first treated period as in the time column, empty for never")
            })?;
            warnings.extend(notes);
            let mut values = vec![f64::NAN; found.len()];
            present.iter().zip(times).for_each(|(&row, time)| values[row as usize] = time);
            values
        }
    };
    let by_unit = constant_within_units(column, &values, panel)?;
    let (first, last) = (panel.times[0], panel.times[panel.times.len() - 1]);
    let mut outside: Vec<f64> = Vec::new();
    let mut taken_as_never = [0usize; 2];
    let adoption = by_unit
        .iter()
        .map(|&g| {
            if g.is_nan() || never.contains(&g) {
                return Adoption::Never;
            }
            // Among calendar years a 0 or an infinity cannot be a date.
            if g.is_infinite() || (g == 0.0 && first > 0.0) {
                taken_as_never[usize::from(g == 0.0)] += 1;
                return Adoption::Never;
            }
            if g < first || g > last {
                outside.push(g);
                return Adoption::Never;
            }
            if g == first { Adoption::Always } else { Adoption::At(g) }
        })
        .collect();
    if !outside.is_empty() {
        let units = outside.len();
        outside.sort_by(f64::total_cmp);
        outside.dedup();
        let listed: Vec<String> = outside.iter().take(5).map(ToString::to_string).collect();
        let late: Vec<String> = outside.iter().filter(|g| **g > last).take(9).map(ToString::to_string).collect();
        let fix = if late.is_empty() {
            "widen the panel, or leave these units out; they are treated throughout".to_owned()
        } else {
            format!("units that adopt after {last} are untreated throughout: never = [{}] says so", late.join(", "))
        };
        return Err(Problem::new(
            "E209",
            format!(
                "{units} units have a first treated period in \"{column}\" outside the panel ({first} to {last}): {}",
                listed.join(", ")
            ),
        )
        .fix(fix));
    }
    for (count, word) in taken_as_never.into_iter().zip(["infinity", "0"]).filter(|(count, _)| *count > 0) {
        warnings.push(Warning::new(
            "W209",
            format!(
                "{count} units have {word} in \"{column}\", which is no period here; they are read as never treated"
            ),
            format!("{count}个个体的“{column}”为{word}，并非有效时期；按从未处理读取"),
        ));
    }
    Ok(adoption)
}

fn sample(column: &attica::frame::Column) -> String {
    let mut seen: Vec<String> = Vec::new();
    for row in (0..column.len()).filter(|&r| !column.is_missing(r)) {
        let text = format!("\"{}\"", column.display(row));
        if !seen.contains(&text) {
            seen.push(text);
        }
        if seen.len() == 5 {
            break;
        }
    }
    seen.join(", ")
}

/// The one value of each unit; NaN where it has none.
fn constant_within_units(column: &str, values: &[f64], panel: &Panel) -> Result<Vec<f64>> {
    let mut by_unit: Vec<Option<f64>> = vec![None; panel.units.len()];
    let mut varying: Vec<u32> = Vec::new();
    for (&unit, &value) in panel.unit.iter().zip(values) {
        let slot = &mut by_unit[unit as usize];
        match slot {
            None => *slot = Some(value),
            Some(seen) if *seen == value || (seen.is_nan() && value.is_nan()) => {}
            Some(_) if varying.last() != Some(&unit) => varying.push(unit),
            Some(_) => {}
        }
    }
    varying.sort_unstable();
    varying.dedup();
    if varying.is_empty() {
        return Ok(by_unit.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect());
    }
    let shown: Vec<&str> = varying.iter().take(5).map(|&u| panel.units[u as usize].as_str()).collect();
    Err(Problem::new(
        "E201",
        format!("column \"{column}\" varies within {} units, among them {}", varying.len(), shown.join(", ")),
    )
    .fix("it must be one value per unit in all its rows; a 0/1 column that varies over time goes under path"))
}

/// Adoption of a marked group at one date.
fn group_from(group: &str, from: f64, frame: &Frame, panel: &Panel) -> Result<Vec<Adoption>> {
    let marked = constant_within_units(group, &zero_one(group, frame)?, panel)?;
    let (first, last) = (panel.times[0], panel.times[panel.times.len() - 1]);
    if from > last || from < first {
        return Err(Problem::new("E209", format!("treatment starts in {from}, outside the panel ({first} to {last})"))
            .fix("write from as a period of the time column"));
    }
    let of = |&d: &f64| match d {
        1.0 if from <= first => Adoption::Always,
        1.0 => Adoption::At(from),
        _ => Adoption::Never,
    };
    Ok(marked.iter().map(of).collect())
}

/// `E206` when a path never changes within a unit.
fn refuse_constant(path: &str, adoption: &[Adoption], values: &[f64], panel: &Panel) -> Result<()> {
    let always = adoption.iter().filter(|a| **a == Adoption::Always).count();
    let never = adoption.iter().filter(|a| **a == Adoption::Never).count();
    if always + never < adoption.len() || always == 0 || never == 0 {
        return Ok(());
    }
    debug_assert_eq!(values.len(), panel.unit.len());
    let middle = panel.times[panel.times.len() / 2];
    Err(Problem::new(
        "E206",
        format!(
            "\"{path}\" does not vary within {unit}, so {unit} fixed effects absorb it: {always} units are always 1, {never} always 0",
            unit = panel.unit_name
        ),
    )
    .fix(format!("if \"{path}\" marks the treated group, write treated = \"{path}\" and from = {middle} (the first treated period)")))
}

/// `E205` when no comparison is possible.
fn refuse_nothing_to_compare(treatment: &Treatment, panel: &Panel) -> Result<()> {
    let name = &treatment.name;
    let treated = treatment.values.iter().filter(|v| **v == 1.0).count();
    if treated == 0 {
        return Err(Problem::new("E205", format!("nobody is treated: {name} is 0 in all {} rows", panel.unit.len()))
            .fix("check the treatment column, its join and the filters"));
    }
    if treatment.adoption.iter().all(|a| *a == Adoption::Always) {
        return Err(Problem::new("E205", format!("everybody is treated in every period: {name} is always 1"))
            .fix("a policy can only be evaluated with rows that are not treated"));
    }
    let everyone_at_once =
        treatment.dates.len() == 1 && treatment.adoption.iter().all(|a| matches!(a, Adoption::At(_)));
    if everyone_at_once {
        return Err(Problem::new(
            "E205",
            format!(
                "all {} units adopt in {}, so the policy cannot be told from that period",
                panel.units.len(),
                treatment.dates[0]
            ),
        )
        .fix("add units that adopt later or never"));
    }
    Ok(())
}

/// What a referee would ask about the coding.
fn noticed(mut treatment: Treatment, panel: &Panel) -> Treatment {
    let card = treatment.card(panel);
    let name = treatment.name.clone();
    let units = panel.units.len();
    let list = |which: Adoption| -> String {
        let shown: Vec<&str> =
            (0..units).filter(|&u| treatment.adoption[u] == which).take(5).map(|u| panel.units[u].as_str()).collect();
        shown.join(", ")
    };
    let mut warnings = Vec::new();
    let mut warn = |id: &str, en: String, zh: String| warnings.push(Warning::new(id, en, zh));
    if card.switches_off > 0 {
        let units = list(Adoption::Switches);
        warn(
            "W202",
            format!(
                "the treatment of {} units ends ({units}); the two-way regression takes {name} as it is, estimators of staggered adoption need a policy that stays",
                card.switches_off
            ),
            format!(
                "{}个个体的处理中途退出（{units}）；双向固定效应按{name}原值估计，交错型估计量要求处理不可逆",
                card.switches_off
            ),
        );
    }
    if card.always > 0 {
        let units = list(Adoption::Always);
        warn(
            "W203",
            format!(
                "{} units are treated in every period ({units}); they have no before, and serve the two-way regression as controls only",
                card.always
            ),
            format!("{}个个体在所有时期均受处理（{units}）；没有处理前观测，在双向固定效应中仅充当对照", card.always),
        );
    }
    if card.never == 0 {
        warn(
            "W204",
            "no unit is never treated: later adopters are the only controls of earlier ones".to_owned(),
            "没有从未处理的个体：仅能以较晚处理者作为较早处理者的对照".to_owned(),
        );
    }
    let alone: Vec<String> = card.cohorts.iter().filter(|(_, n)| *n == 1).map(|(g, _)| g.to_string()).collect();
    if !alone.is_empty() {
        warn(
            "W207",
            format!("the cohorts {} have a single unit: their own effects have no standard error", alone.join(", ")),
            format!("队列{}仅含一个个体：无法单独估计其效应的标准误", alone.join("、")),
        );
    }
    let share = 100.0 * (units - card.never) as f64 / units as f64;
    if !(2.0..=98.0).contains(&share) {
        warn(
            "W208",
            format!("{share:.1} % of the units are ever treated; inference from few units on one side is fragile"),
            format!("处理组个体占比{share:.1}%；一侧个体过少时推断不稳健"),
        );
    }
    if card.testable_leads == 0 && !card.cohorts.is_empty() {
        warn(
            "W210",
            format!(
                "the first cohort has {} period(s) before adoption, so parallel trends cannot be tested for it",
                card.pre_periods
            ),
            format!("首个队列在处理前仅有{}期，无法检验其平行趋势", card.pre_periods),
        );
    }
    treatment.warnings.extend(warnings);
    treatment
}

/// `W211` when dates and a 0/1 path disagree.
fn compare(column: &str, path: &str, from_dates: &[f64], given: &[f64], panel: &Panel, warnings: &mut Vec<Warning>) {
    let differing: Vec<usize> = (0..given.len()).filter(|&r| !given[r].is_nan() && given[r] != from_dates[r]).collect();
    if differing.is_empty() {
        return;
    }
    let shown: Vec<String> = differing
        .iter()
        .take(5)
        .map(|&r| format!("{} in {}", panel.units[panel.unit[r] as usize], panel.times[panel.time[r] as usize]))
        .collect();
    warnings.push(Warning::new(
        "W211",
        format!(
            "\"{path}\" contradicts \"{column}\" in {} rows ({}); \"{column}\" is used",
            differing.len(),
            shown.join("; ")
        ),
        format!("“{path}”与“{column}”在{}行不一致（{}）；以“{column}”为准", differing.len(), shown.join("；")),
    ));
}
