//! What the levels of categories have to do with each other: singletons, nesting, connectedness.

use std::collections::HashMap;
use std::sync::Arc;

use crate::design::{Codes, Effect};

/// No code given yet.
const NONE: u32 = u32::MAX;

/// Rows that stay once the only rows of a level are removed, again and again until none is left
/// (Correia 2015), and how many each effect removed. A row with a frequency weight above 1 is not
/// alone. Effects without intercepts remove nothing. `None` where all rows stay. `copies` is how many rows a row counts
/// as among those removed.
pub fn singletons(
    effects: &[Effect],
    frequency: Option<&[f64]>,
    copies: Option<&[f64]>,
) -> Option<(Vec<u32>, Vec<usize>)> {
    let rows = effects.first().map_or(0, |e| e.by.codes.len());
    let weight = |row: usize| frequency.map_or(1.0, |w| w[row]);
    let mut counts: Vec<Vec<f64>> = effects.iter().map(|e| vec![0.0; e.by.levels]).collect();
    for (effect, counts) in effects.iter().zip(&mut counts) {
        for (row, &code) in effect.by.codes.iter().enumerate() {
            counts[code as usize] += weight(row);
        }
    }
    // Most effects have no such level, which the counts alone tell.
    let has_single = |turn: usize, counts: &[f64]| {
        effects[turn].intercept && counts.iter().any(|count| *count > 0.0 && *count <= 1.0)
    };
    if !(0..effects.len()).any(|turn| has_single(turn, &counts[turn])) {
        return None;
    }
    let mut kept: Vec<u32> = (0..rows as u32).collect();
    let mut removed = vec![0; effects.len()];
    let mut settled = 0;
    let mut turn = 0;
    while settled < effects.len() {
        let of = &effects[turn];
        let alone = |row: u32| counts[turn][of.by.codes[row as usize] as usize] <= 1.0;
        let any = has_single(turn, &counts[turn]);
        let gone: Vec<u32> = if any { kept.iter().copied().filter(|&row| alone(row)).collect() } else { Vec::new() };
        if gone.is_empty() {
            settled += 1;
        } else {
            settled = 1;
            kept.retain(|&row| !alone(row));
            removed[turn] +=
                gone.iter().map(|&row| copies.map_or(1, |copies| copies[row as usize] as usize)).sum::<usize>();
            for &row in &gone {
                for (effect, counts) in effects.iter().zip(&mut counts) {
                    counts[effect.by.codes[row as usize] as usize] -= weight(row as usize);
                }
            }
        }
        turn = (turn + 1) % effects.len();
    }
    Some((kept, removed))
}

/// The codes of the rows `rows`, renumbered so that every level occurs; the order of levels stays.
#[must_use]
pub fn take_codes(codes: &Codes, rows: &[u32]) -> Codes {
    let mut new = vec![NONE; codes.levels];
    for &row in rows {
        new[codes.codes[row as usize] as usize] = 0;
    }
    let mut levels = 0;
    for slot in new.iter_mut().filter(|slot| **slot == 0) {
        *slot = levels;
        levels += 1;
    }
    let taken = rows.iter().map(|&row| new[codes.codes[row as usize] as usize]).collect();
    Codes { name: codes.name.clone(), codes: Arc::new(taken), levels: levels as usize }
}

/// True when all rows of a level of `inner` lie in one level of `outer`.
pub fn is_nested(inner: &Codes, outer: &Codes) -> bool {
    if Arc::ptr_eq(&inner.codes, &outer.codes) {
        return true;
    }
    let mut home = vec![NONE; inner.levels];
    inner.codes.iter().zip(outer.codes.iter()).all(|(&i, &o)| {
        let slot = &mut home[i as usize];
        if *slot == NONE {
            *slot = o;
        }
        *slot == o
    })
}

/// Levels of the intersection of categories, numbered in order of first appearance.
#[must_use]
pub fn intersect(a: &Codes, b: &Codes) -> Codes {
    let mut seen: HashMap<(u32, u32), u32> = HashMap::with_capacity(a.levels);
    let codes: Vec<u32> = a
        .codes
        .iter()
        .zip(b.codes.iter())
        .map(|pair| {
            let next = seen.len() as u32;
            *seen.entry((*pair.0, *pair.1)).or_insert(next)
        })
        .collect();
    Codes { name: format!("{}^{}", a.name, b.name), codes: Arc::new(codes), levels: seen.len() }
}

/// The root of a node's tree, paths halved on the way.
fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        parent[node as usize] = parent[parent[node as usize] as usize];
        node = parent[node as usize];
    }
    node
}

/// Connected components of the graph whose nodes are the levels of two categories and whose edges
/// are the rows: the component of each level of `b`, numbered by first level, and how many.
pub fn components(a: &Codes, b: &Codes) -> (Vec<u32>, usize) {
    let mut parent: Vec<u32> = (0..b.levels as u32).collect();
    // A level of `b` that each level of `a` was seen with first: all others seen with it are connected to that one.
    let mut home = vec![NONE; a.levels];
    let mut apart = b.levels;
    for (&i, &j) in a.codes.iter().zip(b.codes.iter()) {
        if home[i as usize] == NONE {
            home[i as usize] = j;
            continue;
        }
        let (x, y) = (root(&mut parent, home[i as usize]), root(&mut parent, j));
        if x != y {
            parent[x.max(y) as usize] = x.min(y);
            apart -= 1;
            if apart == 1 {
                return (vec![0; b.levels], 1);
            }
        }
    }
    let mut number = vec![NONE; parent.len()];
    let mut count = 0;
    let of = (0..b.levels as u32)
        .map(|j| {
            let top = root(&mut parent, j) as usize;
            if number[top] == NONE {
                number[top] = count;
                count += 1;
            }
            number[top]
        })
        .collect();
    (of, count as usize)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn codes(name: &str, codes: &[u32]) -> Codes {
        Codes {
            name: name.into(),
            codes: codes.to_vec().into(),
            levels: codes.iter().max().map_or(0, |m| *m as usize + 1),
        }
    }

    fn effect(levels: &[u32]) -> Effect {
        Effect { by: codes("e", levels), slopes: Vec::new(), intercept: true }
    }

    #[test]
    fn removing_a_singleton_may_make_another() {
        // Row 0 is alone in the first effect; without it, row 1 is alone in the second.
        let effects = [effect(&[0, 1, 1, 1, 2, 2]), effect(&[0, 0, 1, 1, 1, 1])];
        let (kept, removed) = singletons(&effects, None, None).unwrap();
        assert_eq!((kept, removed), (vec![2, 3, 4, 5], vec![1, 1]));
        let weighted = singletons(&effects, Some(&[2.0; 6]), None);
        assert_eq!(weighted, None);
    }

    #[test]
    fn every_level_occurs_after_taking_rows() {
        let taken = take_codes(&codes("e", &[2, 0, 1, 2]), &[0, 2, 3]);
        assert_eq!((taken.codes, taken.levels), (vec![1, 0, 1].into(), 2));
    }

    #[test]
    fn nesting_and_components() {
        let city = codes("city", &[0, 0, 1, 1, 2, 2]);
        let province = codes("province", &[0, 0, 0, 0, 1, 1]);
        let year = codes("year", &[0, 1, 0, 1, 2, 3]);
        assert!(is_nested(&city, &province) && !is_nested(&province, &city));
        assert_eq!(components(&city, &year), (vec![0, 0, 1, 1], 2));
        assert_eq!(components(&city, &province).1, 2);
        assert_eq!(intersect(&province, &year).levels, 4);
    }
}
