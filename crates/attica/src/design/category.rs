//! Categories among the regressors: levels, bins, reference, and a column per level.

use std::borrow::Cow;

use crate::formula::{BinRule, Indicator, Level};
use crate::frame::{Column, Frame, MISSING, Numbers, codes};
use crate::message::{Problem, Result};

/// Values of one factor of the formula in every row of the frame.
pub(crate) enum Source<'a> {
    /// Numbers.
    Numbers(Numbers),
    /// Text.
    Words(Cow<'a, [u32]>, Cow<'a, [String]>),
}

impl Source<'_> {
    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(values) => values[row].is_nan(),
            Self::Words(codes, _) => codes[row] == MISSING,
        }
    }
}

/// A level that occurs.
pub(super) struct LevelInfo {
    /// As a name shows it.
    shown: String,
    /// Its number, if it is one.
    value: Option<f64>,
}

/// A category over the rows of the sample; every level occurs, levels ascend.
pub(super) struct Category {
    /// Level of each row, or [`MISSING`].
    pub(super) codes: Vec<u32>,
    pub(super) levels: Vec<LevelInfo>,
}

impl Category {
    /// The category of `source` in the rows `sample`.
    pub(super) fn new(source: &Source<'_>, sample: &[u32]) -> Self {
        match source {
            Source::Numbers(values) => {
                let mut distinct: Vec<f64> = Vec::new();
                let mut seen = std::collections::BTreeSet::new();
                for &row in sample {
                    let x = values[row as usize] + 0.0;
                    if !x.is_nan() && seen.insert(x.to_bits()) {
                        distinct.push(x);
                    }
                }
                distinct.sort_by(f64::total_cmp);
                let code = |&row: &u32| {
                    let x = values[row as usize];
                    if x.is_nan() { MISSING } else { distinct.partition_point(|&y| y < x) as u32 }
                };
                let codes = sample.iter().map(code).collect();
                let levels = distinct.iter().map(|&x| LevelInfo { shown: format!("{x}"), value: Some(x) }).collect();
                Self { codes, levels }
            }
            Source::Words(codes, levels) => {
                let (codes, used) = codes::renumbered(codes, levels.len(), sample);
                let mut order: Vec<usize> = (0..used.len()).collect();
                let text = |i: usize| &levels[used[i] as usize];
                order.sort_by(|&a, &b| text(a).cmp(text(b)));
                let mut rank = vec![MISSING; used.len()];
                order.iter().enumerate().for_each(|(new, &old)| rank[old] = new as u32);
                let code = |code: u32| rank.get(code as usize).copied().unwrap_or(MISSING);
                Self {
                    codes: codes.into_iter().map(code).collect(),
                    levels: order.iter().map(|&i| LevelInfo { shown: text(i).clone(), value: None }).collect(),
                }
            }
        }
    }

    fn list(&self) -> String {
        let shown: Vec<&str> = self.levels.iter().take(12).map(|l| l.shown.as_str()).collect();
        format!("{}{}", shown.join(", "), if self.levels.len() > 12 { ", .." } else { "" })
    }

    /// Positions of the levels that `wanted` names.
    fn find(&self, wanted: &Level) -> Option<usize> {
        self.levels.iter().position(|l| wanted.is(&l.shown, l.value))
    }

    fn no_such(&self, what: &str, level: &Level, indicator: &Indicator) -> Problem {
        indicator
            .source
            .span
            .problem("E607", format!("{what} {level} is not a level of {} in this sample", indicator.variable))
            .fix(format!("its levels are {}", self.list()))
    }

    /// Levels that fall into one bin become one, which stands where its first member stood.
    /// Returns for each named level of the old category the level it now belongs to.
    fn binned(self, indicator: &Indicator) -> Result<(Self, Vec<usize>)> {
        let mut bin_of = vec![None; self.levels.len()];
        for (at, bin) in indicator.bins.iter().enumerate() {
            for rule in &bin.rules {
                for (level, holds) in self.matching(rule, indicator)?.into_iter().enumerate() {
                    if holds {
                        bin_of[level].get_or_insert(at);
                    }
                }
            }
        }
        let mut levels: Vec<LevelInfo> = Vec::new();
        let mut place_of_bin = vec![None; indicator.bins.len()];
        let mut new_of_old = Vec::with_capacity(self.levels.len());
        for (level, bin) in self.levels.into_iter().zip(&bin_of) {
            let place = match bin.map(|b| (b, place_of_bin[b])) {
                Some((_, Some(place))) => place,
                Some((b, None)) => {
                    place_of_bin[b] = Some(levels.len());
                    levels.push(LevelInfo { shown: indicator.bins[b].label.clone(), value: None });
                    levels.len() - 1
                }
                None => {
                    levels.push(level);
                    levels.len() - 1
                }
            };
            new_of_old.push(place);
        }
        let codes = self.codes.iter().map(|&c| new_of_old.get(c as usize).map_or(MISSING, |&n| n as u32)).collect();
        Ok((Self { codes, levels }, new_of_old))
    }

    /// Which levels a rule takes.
    fn matching(&self, rule: &BinRule, indicator: &Indicator) -> Result<Vec<bool>> {
        Ok(match rule {
            BinRule::Levels(wanted) => {
                self.levels.iter().map(|l| wanted.iter().any(|w| w.is(&l.shown, l.value))).collect()
            }
            BinRule::Range(from, to) => {
                self.levels.iter().map(|l| l.value.is_some_and(|x| (*from..=*to).contains(&x))).collect()
            }
            BinRule::Where(condition) => {
                let values: Option<Vec<f64>> = self.levels.iter().map(|l| l.value).collect();
                let x = match values {
                    Some(values) => Column::number("x", values),
                    None => Column::text("x", self.levels.iter().map(|l| Some(l.shown.as_str()))),
                };
                let holds = condition.holds(&Frame::new(vec![x])?, None);
                holds
                    .map(|(holds, _)| holds)
                    .map_err(|problem| problem.at(indicator.source.span.problem("", "").place))?
            }
        })
    }

    /// The levels that get a column: names and positions. `base` asks for the first level to be left out
    /// when the user named none.
    pub(super) fn chosen(self, indicator: &Indicator, base: bool) -> Result<(Self, Vec<(String, u32)>)> {
        // References and kept levels may be named by what they were before binning, or by the bin.
        let find_old = |wanted: &[Level]| wanted.iter().map(|w| self.find(w)).collect::<Vec<_>>();
        let old_reference = find_old(&indicator.reference);
        let old_keep = indicator.keep.as_deref().map(find_old);
        let (category, new_of_old) = self.binned(indicator)?;
        let place = |wanted: &Level, old: Option<usize>| category.find(wanted).or(old.map(|old| new_of_old[old]));
        let reference: Vec<usize> =
            indicator.reference.iter().zip(&old_reference).filter_map(|(w, &old)| place(w, old)).collect();
        if let (Some(first), true) = (indicator.reference.first(), reference.is_empty()) {
            return Err(category.no_such("the reference", first, indicator));
        }
        let keep: Option<Vec<usize>> = match (&indicator.keep, &old_keep) {
            (Some(wanted), Some(old)) => Some(wanted.iter().zip(old).filter_map(|(w, &old)| place(w, old)).collect()),
            _ => None,
        };
        if let (Some([first, ..]), Some([])) = (indicator.keep.as_deref(), keep.as_deref()) {
            return Err(category.no_such("the level to keep", first, indicator));
        }
        let variable = indicator.variable.label();
        let leave_first = base && indicator.reference.is_empty() && keep.is_none();
        let columns = category
            .levels
            .iter()
            .enumerate()
            .filter(|(i, _)| !(reference.contains(i) || leave_first && *i == 0))
            .filter(|(i, _)| keep.as_ref().is_none_or(|keep| keep.contains(i)))
            .map(|(i, level)| (format!("{variable}::{}", level.shown), i as u32))
            .collect();
        Ok((category, columns))
    }

    /// Every level (but the first with `base`), its name after `prefix`: R's `regionwest`.
    pub(super) fn named(&self, prefix: &str, base: bool) -> Vec<(String, u32)> {
        let columns = self.levels.iter().enumerate().skip(usize::from(base));
        columns.map(|(i, level)| (format!("{prefix}{}", level.shown), i as u32)).collect()
    }

    /// 1 in the rows of `level`.
    pub(super) fn column(&self, level: u32) -> Vec<f64> {
        self.codes.iter().map(|&c| f64::from(u8::from(c == level))).collect()
    }
}
