//! Which columns of a table contain which.

use super::paper::{Column, Effects, R2Kind, Table, same_name};

/// Pairs of columns `(short, long)` of one outcome and one number of observations, where `long` has all regressors and
/// fixed effects of `short` and more.
pub fn pairs(table: &Table) -> Vec<(&Column, &Column)> {
    if table.subgroups {
        return Vec::new();
    }
    let columns = &table.columns;
    let all = columns.iter().flat_map(|short| columns.iter().map(move |long| (short, long)));
    all.filter(|(short, long)| contains(short, long)).collect()
}

/// The one regressor that `long` has and `short` has not, when everything else is the same.
pub fn added<'c>(short: &Column, long: &'c Column) -> Option<&'c super::paper::Term> {
    let same = short.effects == long.effects && short.unlisted_controls == long.unlisted_controls;
    let mut new = long.terms.iter().filter(|t| short.term(&t.name).is_none());
    let one = new.next()?;
    (same && new.next().is_none()).then_some(one)
}

/// True when both columns can be expected to print one kind of R², one that cannot fall as regressors enter.
pub fn comparable_r2(short: &Column, long: &Column) -> bool {
    let kind = |c: &Column| c.r2.is_some() && c.r2_kind != R2Kind::Adjusted && !c.random_effects;
    kind(short)
        && kind(long)
        && short.r2_kind == long.r2_kind
        // Within R² counts from another start when the effects differ.
        && (short.r2_kind == R2Kind::Overall || short.effects == long.effects)
}

fn contains(short: &Column, long: &Column) -> bool {
    let terms = short.terms.iter().all(|t| long.term(&t.name).is_some());
    let more = long.terms.len() > short.terms.len()
        || long.effects != short.effects
        || long.unlisted_controls && !short.unlisted_controls;
    same_name(&short.outcome, &long.outcome)
        && short.n.is_some()
        && short.n == long.n
        && terms
        && more
        && within(short.effects.as_ref(), long.effects.as_ref())
        && (long.unlisted_controls || !short.unlisted_controls)
}

fn within(short: Option<&Effects>, long: Option<&Effects>) -> bool {
    match (short, long) {
        (None, None) => true,
        (Some(short), Some(long)) => {
            (long.units || !short.units)
                && (long.periods || !short.periods)
                && short.others.iter().all(|o| long.others.iter().any(|l| same_name(o, l)))
        }
        _ => false,
    }
}
