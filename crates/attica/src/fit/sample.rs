//! What goes into a regression: the rows that can be used, the regressors, and why one of them had to
//! go.

use std::borrow::Cow;

use super::INTERCEPT;
use crate::absorb::singletons;
use crate::design::{Codes, Design, WeightKind};
use crate::ledger::Reason;
use crate::message::{Problem, Result};
use crate::text::Text;

/// The design without singletons, checked: rows there, outcome varying.
pub(crate) fn usable(design: &Design, keep_singletons: bool) -> Result<Cow<'_, Design>> {
    let mut design = Cow::Borrowed(design);
    if !keep_singletons && !design.effects.is_empty() {
        let frequency = design.weights.as_ref().filter(|w| w.kind == WeightKind::Frequency).map(|w| &w.values[..]);
        if let Some((rows, removed)) = singletons(&design.effects, frequency, design.copies()) {
            let mut smaller = design.take(&rows);
            for (effect, &count) in design.effects.iter().zip(&removed) {
                smaller.ledger.drop_rows(Reason::Singleton(effect.by.name.clone()), count);
            }
            design = Cow::Owned(smaller);
        }
    }
    let (name, values) = &design.outcome;
    let Some(first) = values.first() else {
        let lost: Vec<String> =
            design.ledger.dropped.iter().map(|d| format!("{} {}", d.rows, d.reason.text().en)).collect();
        return Err(Problem::new("E701", format!("no rows are left of {}: {}", design.ledger.read, lost.join("; ")))
            .fix("loosen the filter, or choose variables that are less often missing"));
    };
    if values.iter().all(|y| y == first) {
        return Err(Problem::new(
            "E305",
            format!("\"{name}\" is {first} in all {} rows", design.count(0..values.len())),
        )
        .fix("choose an outcome that varies, or widen the sample"));
    }
    Ok(design)
}

/// Names and values of the regressors, a constant (if any) first.
pub(super) fn regressors(design: &Design) -> (Vec<String>, Vec<Cow<'_, [f64]>>) {
    let constant = design.intercept.then(|| (INTERCEPT.to_owned(), Cow::Owned(vec![1.0; design.rows()])));
    constant
        .into_iter()
        .chain(design.regressors.iter().map(|(name, values)| (name.clone(), Cow::Borrowed(&values[..]))))
        .unzip()
}

/// Raw values of the kept regressors (the constant, which has none, is left out).
pub(super) fn kept_raw<'a>(design: &'a Design, names: &[String]) -> Vec<&'a [f64]> {
    let mut raw = design.regressors.iter();
    names
        .iter()
        .filter(|name| *name != INTERCEPT)
        .filter_map(|name| raw.find(|(n, _)| n == name).map(|(_, values)| &values[..]))
        .collect()
}

/// Which effect spans a regressor.
pub(super) fn absorbed_reason(design: &Design, name: &str) -> Text {
    let Some((_, values)) = design.regressors.iter().find(|(n, _)| n == name) else {
        return Text::new("the effects absorb it", "被固定效应吸收");
    };
    let by: Vec<&str> = design.effects.iter().map(|e| e.by.name.as_str()).collect();
    if values.iter().all(|x| *x == values[0]) {
        return absorbed_because(Some(values[0]), None, &by);
    }
    let constant_within = |codes: &Codes| {
        let mut first = vec![f64::NAN; codes.levels];
        values.iter().zip(codes.codes.iter()).all(|(x, &code)| {
            let slot = &mut first[code as usize];
            if slot.is_nan() {
                *slot = *x;
            }
            *slot == *x
        })
    };
    let within = design.effects.iter().find(|e| e.intercept && constant_within(&e.by));
    absorbed_because(None, within.map(|effect| effect.by.name.as_str()), &by)
}

/// Why the effects `by` span a regressor: it is one `constant`, or does not vary `within` one of them, or all together
/// do.
pub(crate) fn absorbed_because(constant: Option<f64>, within: Option<&str>, by: &[&str]) -> Text {
    match (constant, within) {
        (Some(x), _) => Text::new(format!("it is {x} in all rows"), format!("在所有观测中均为 {x}")),
        (None, Some(by)) => Text::new(
            format!("it does not vary within {by}, so the {by} effects absorb it"),
            format!("在 {by} 内不变，被 {by} 固定效应吸收"),
        ),
        (None, None) => Text::new(
            format!("the effects {} together absorb it", by.join(" and ")),
            format!("被 {} 固定效应共同吸收", by.join("、")),
        ),
    }
}

/// Which columns span a regressor.
pub(super) fn collinear_reason(of: &[&str]) -> Text {
    if of.is_empty() {
        return Text::new("it is zero in all rows", "在所有观测中均为零");
    }
    Text::new(format!("it is a linear combination of {}", of.join(", ")), format!("是 {} 的线性组合", of.join("、")))
}
