//! The treatment path of every unit: first value, first switch, and how far it can be compared
//! (de Chaisemartin and D'Haultfoeuille 2024, section 2; `did_multiplegt_dyn`, data preparation).

use std::collections::BTreeMap;

use super::Options;
use super::sample::{Fate, Sample};
use crate::message::{Problem, Result};

/// A unit and its first switch. Periods are positions among the periods of the sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    /// Its place in the cells of [`Sample`].
    pub at: usize,
    /// Treatment in the first period in which it is known.
    pub baseline: f64,
    /// Number of the baseline value.
    pub level: usize,
    /// Number of the baseline value within the categories that have trends of their own.
    pub stratum: usize,
    /// First period with another treatment; the number of periods for units that never switch.
    pub switch: usize,
    /// 1 when treatment after the switch is above the baseline on average, -1 when below; none without switch.
    pub sign: Option<f64>,
    /// Treatment in the period of the switch.
    pub dose: f64,
    /// Last period in which its stratum has a unit that has not switched.
    pub last: usize,
    /// Cluster.
    pub cluster: u32,
}

impl Group {
    /// Effects that its stratum's controls allow.
    pub fn effects(&self) -> usize {
        (self.last + 1).saturating_sub(self.switch)
    }

    /// Placebos as long as these effects that its history allows.
    pub fn placebos(&self) -> usize {
        self.effects().min(self.switch.saturating_sub(1))
    }
}

/// Units that can be compared.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    /// Units, in order.
    pub groups: Vec<Group>,
    /// Number of periods that have a unit to compare with.
    pub periods: usize,
    /// Number of baseline values.
    pub levels: usize,
    /// Number of strata.
    pub strata: usize,
    /// Units that the scale of influences counts: those whose baseline value occurs with different dates.
    pub scale: f64,
}

/// A unit on the way.
struct Draft {
    at: usize,
    baseline: f64,
    stratum: usize,
    level: usize,
    known: [usize; 2],
    switch: usize,
}

impl Paths {
    /// Reads paths from `sample`, takes rows and doses that cannot be used out of it and books them.
    ///
    /// # Errors
    /// `E205` when no unit switches while another with the same first treatment has not.
    pub fn new(sample: &mut Sample, options: &Options) -> Result<Self> {
        let all = sample.periods();
        let mut drafts: Vec<Draft> =
            (0..sample.units()).filter_map(|at| draft(sample, at, options.keep_crossing)).collect();
        let (levels, strata) = number(&mut drafts, sample);
        let mut dates: Vec<Option<usize>> = vec![None; strata];
        let mut compared = vec![false; strata];
        for draft in &drafts {
            let first = *dates[draft.stratum].get_or_insert(draft.switch);
            compared[draft.stratum] |= first != draft.switch;
        }
        drafts.retain(|draft| compared[draft.stratum] || sample.leave_out(draft.at, 0, Fate::NoPeer));
        let scale = drafts.len() as f64;

        let mut control = vec![false; strata * all];
        for draft in &drafts {
            for t in 0..draft.switch.min(all) {
                control[draft.stratum * all + t] |= sample.present(draft.at, t);
            }
        }
        for draft in &drafts {
            for t in 0..all {
                if !control[draft.stratum * all + t] {
                    sample.remove(draft.at, t, Fate::NoControl);
                }
            }
        }
        drafts.retain(|draft| (0..all).any(|t| sample.present(draft.at, t)));
        let seen: Vec<bool> = (0..all).map(|t| drafts.iter().any(|draft| sample.present(draft.at, t))).collect();
        let Some(periods) = seen.iter().rposition(|seen| *seen).map(|last| last + 1) else {
            return Err(nobody());
        };

        // How long each stratum has a unit that has not switched; a unit whose treatment is known to the end only.
        let mut last = vec![0; strata];
        for draft in &mut drafts {
            draft.switch = draft.switch.min(periods);
            if options.drop_if_missing_before_switch {
                sample.end_at_missing_dose(draft.at, draft.switch);
            }
            fill(sample, draft, periods);
            let gaps = (0..periods).any(|t| seen[t] && !sample.present(draft.at, t));
            let until = if draft.switch == periods && !gaps { periods.min(draft.known[1] + 1) } else { draft.switch };
            last[draft.stratum] = last[draft.stratum].max(until.saturating_sub(1));
        }
        let mut groups = Vec::with_capacity(drafts.len());
        for draft in drafts {
            match finish(sample, &draft, periods, last[draft.stratum]) {
                Some(group) => groups.push(group),
                None => {
                    sample.leave_out(draft.at, 0, Fate::NetZero);
                }
            }
        }
        sample.weigh();
        if !groups.iter().any(|group| group.sign.is_some() && group.effects() > 0) {
            return Err(nobody());
        }
        Ok(Self { groups, periods, levels, strata, scale })
    }

    /// For each group the number of its cohort, groups of one stratum with the same date and dose of switching, and how many
    /// there are.
    pub fn cohorts(&self) -> (Vec<u32>, usize) {
        let mut known = BTreeMap::new();
        let number = |group: &Group| {
            let next = known.len() as u32;
            *known.entry((group.stratum, group.switch, (group.dose + 0.0).to_bits())).or_insert(next)
        };
        let of = self.groups.iter().map(number).collect();
        (of, known.len())
    }

    /// Whether every group is one of the `clusters` on its own.
    pub fn is_by_unit(&self, clusters: usize) -> bool {
        let mut seen = vec![false; clusters];
        self.groups.iter().all(|group| !std::mem::replace(&mut seen[group.cluster as usize], true))
    }
}

fn nobody() -> Problem {
    Problem::new("E205", "no unit changes its treatment while another unit with the same first treatment keeps it")
        .fix("check the treatment column; treatments with many different first values need coarser ones, in classes")
}

/// First value and first switch; what follows once the treatment has been both above and below the first
/// value leaves, because the effect of a rise and that of a fall can no longer be told apart.
fn draft(sample: &mut Sample, at: usize, keep_crossing: bool) -> Option<Draft> {
    let all = sample.periods();
    let known = |t: &usize| !sample.dose(at, *t).is_nan();
    let (first, last) = (0..all).find(known).zip((0..all).rev().find(known))?;
    let baseline = sample.dose(at, first);
    let (mut above, mut below, mut switch) = (false, false, None);
    for t in first..all {
        let dose = sample.dose(at, t);
        above |= dose > baseline;
        below |= dose < baseline;
        if above && below && !keep_crossing {
            sample.leave_out(at, t, Fate::Crossing);
            break;
        }
        if (above || below) && switch.is_none() {
            switch = Some(t);
        }
    }
    let switch = switch.unwrap_or(usize::MAX);
    Some(Draft { at, baseline, stratum: 0, level: 0, known: [first, last], switch })
}

/// Numbers baselines and strata in ascending order; how many there are.
fn number(drafts: &mut [Draft], sample: &Sample) -> (usize, usize) {
    // Ordered bits: baselines compare as numbers.
    let order = |x: f64| {
        let bits = (x + 0.0).to_bits();
        if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
    };
    let mut levels = BTreeMap::new();
    let mut strata = BTreeMap::new();
    for draft in drafts.iter() {
        levels.insert(order(draft.baseline), 0);
        strata.insert((order(draft.baseline), sample.trend(draft.at)), 0);
    }
    for (number, value) in levels.values_mut().enumerate() {
        *value = number;
    }
    for (number, value) in strata.values_mut().enumerate() {
        *value = number;
    }
    for draft in drafts.iter_mut() {
        draft.level = levels[&order(draft.baseline)];
        draft.stratum = strata[&(order(draft.baseline), sample.trend(draft.at))];
    }
    (levels.len(), strata.len())
}

/// Treatments that are missing in rows: known where the path leaves one reading, and outcomes leave where it
/// does not. A unit whose treatment is unknown just before its switch counts until it was last known.
fn fill(sample: &mut Sample, draft: &mut Draft, periods: usize) {
    let (at, [first, last]) = (draft.at, draft.known);
    sample.blank(at, 0..first, Fate::Unknown);
    if draft.switch < periods {
        let before = (0..draft.switch).rev().find(|&t| !sample.dose(at, t).is_nan()).unwrap_or(first);
        sample.set_missing_dose(at, first + 1..before, draft.baseline);
        if before + 1 < draft.switch {
            sample.blank(at, before + 1..periods, Fate::Gap);
            draft.switch = periods;
        } else {
            let dose = sample.dose(at, draft.switch);
            sample.set_missing_dose(at, draft.switch + 1..periods, dose);
        }
    }
    if draft.switch == periods {
        sample.set_missing_dose(at, first + 1..last, draft.baseline);
        sample.blank(at, last + 1..periods, Fate::Unknown);
    }
}

/// None for a unit whose treatment after the switch is its first one on average: neither rise nor fall.
fn finish(sample: &Sample, draft: &Draft, periods: usize, last: usize) -> Option<Group> {
    let (at, switch) = (draft.at, draft.switch);
    let after: Vec<f64> =
        (switch..(last + 1).max(switch)).map(|t| sample.dose(at, t)).filter(|dose| !dose.is_nan()).collect();
    let mean = after.iter().sum::<f64>() / after.len() as f64;
    if mean == draft.baseline {
        return None;
    }
    // Without a period to compare in, the direction does not matter.
    let sign = (switch < periods).then_some(if mean < draft.baseline { -1.0 } else { 1.0 });
    Some(Group {
        at,
        baseline: draft.baseline,
        level: draft.level,
        stratum: draft.stratum,
        switch,
        sign,
        dose: if switch < periods { sample.dose(at, switch) } else { draft.baseline },
        last,
        cluster: sample.cluster(at),
    })
}
