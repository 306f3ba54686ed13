//! One effect, or one placebo: changes of units that switched against changes of units with the same
//! first treatment that have not (`did_multiplegt_dyn`, the U_Gg variables).

use std::collections::BTreeMap;

use nalgebra::DVector;

use super::controls::Residuals;
use super::paths::{Group, Paths};
use super::sample::Sample;
use super::{Options, Switchers};

/// What is measured: the change `periods` after the last period before the switch, or the one as long before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    pub periods: usize,
    pub placebo: bool,
}

/// An effect with the influence of each cluster.
#[derive(Clone, Debug)]
pub(super) struct Horizon {
    /// Effect of rises, and of falls with the sign turned.
    pub estimate: f64,
    /// Influence of each cluster; the product of two is a covariance.
    pub influence: Vec<f64>,
    /// Weight of the units that switched.
    pub weight: f64,
    /// Their number.
    pub n: usize,
    /// Their mean treatment in that period, less the first one.
    pub dose: f64,
    /// Their mean treatment in all periods since the switch, summed, less the first one in each.
    pub cumulated: f64,
}

/// A unit in the period in which its change ends.
#[derive(Clone, Copy)]
struct Member {
    group: usize,
    t: usize,
    weight: f64,
    change: f64,
}

/// Weighted mean over units and the clusters that they come from.
#[derive(Default)]
struct Mean {
    weight: f64,
    sum: f64,
    clusters: Vec<u32>,
}

impl Mean {
    fn add(&mut self, member: &Member, cluster: u32) {
        self.weight += member.weight;
        self.sum += member.weight * member.change;
        self.clusters.push(cluster);
    }

    fn value(&self) -> f64 {
        self.sum / self.weight
    }

    /// Keeps each cluster once, when all units are in.
    fn close(&mut self) {
        self.clusters.sort_unstable();
        self.clusters.dedup();
    }
}

/// Switchers and controls of one first treatment in one period.
#[derive(Default)]
struct Cell {
    switchers: Mean,
    controls: Mean,
    all: Mean,
}

/// Everything that comparisons of one sample share.
pub(super) struct Comparison<'a> {
    pub sample: &'a Sample,
    pub paths: &'a Paths,
    pub residuals: Option<&'a Residuals>,
    pub options: &'a Options,
    /// Units that are never compared as controls once they switch at all.
    pub never_only: bool,
    /// Units whose effects all exist, where only these count.
    pub complete: Option<Vec<bool>>,
}

impl Comparison<'_> {
    /// The effect and what it uses, as (unit, period) of the sample; none without anybody to compare.
    pub fn horizon(&self, change: Change) -> Option<(Horizon, Vec<(usize, usize)>)> {
        let controls = self.controls(change);
        let sides: Vec<(f64, Vec<Member>)> = self.signs().map(|s| (s, self.switchers(change, s, &controls))).collect();
        let weight: f64 = sides.iter().flat_map(|(_, side)| side).map(|member| member.weight).sum();
        if weight <= 0.0 {
            return None;
        }
        let mut horizon = Horizon {
            estimate: 0.0,
            influence: vec![0.0; self.sample.clusters],
            weight,
            n: 0,
            dose: 0.0,
            cumulated: 0.0,
        };
        let mut used = Vec::new();
        for (sign, switchers) in sides.iter().filter(|(_, side)| !side.is_empty()) {
            self.side(change, *sign, switchers, &controls, &mut horizon, &mut used);
        }
        Some((horizon, used))
    }

    /// Units whose first `effects` effects can all be compared.
    pub fn complete(&self, effects: usize) -> Vec<bool> {
        let mut complete: Vec<bool> = self.paths.groups.iter().map(|group| group.effects() >= effects).collect();
        for periods in 1..=effects {
            let change = Change { periods, placebo: false };
            let mut compared = vec![false; self.paths.strata * self.paths.periods];
            for member in self.controls(change) {
                compared[self.place(&self.paths.groups[member.group], member.t)] = true;
            }
            for (complete, group) in complete.iter_mut().zip(&self.paths.groups) {
                let t = group.switch + periods - 1;
                *complete = *complete && compared[self.place(group, t)] && self.change(group, change, t).is_some();
            }
        }
        complete
    }

    fn signs(&self) -> impl Iterator<Item = f64> + use<> {
        let wanted = self.options.switchers;
        [1.0, -1.0].into_iter().filter(move |sign| match wanted {
            None => true,
            Some(Switchers::In) => *sign > 0.0,
            Some(Switchers::Out) => *sign < 0.0,
        })
    }

    fn place(&self, group: &Group, t: usize) -> usize {
        group.stratum * self.paths.periods + t
    }

    /// First and last period of a change that ends in `t`.
    fn ends(change: Change, t: usize) -> Option<[usize; 2]> {
        let base = t.checked_sub(change.periods)?;
        if change.placebo { Some([base, base.checked_sub(change.periods)?]) } else { Some([base, t]) }
    }

    fn control_change(&self, group: &Group, change: Change, t: usize) -> Option<DVector<f64>> {
        let [base, end] = Self::ends(change, t)?;
        let of = |k: usize, _: usize| self.sample.control(k, group.at, end) - self.sample.control(k, group.at, base);
        Some(DVector::from_fn(self.sample.controls(), of))
    }

    /// The change of a unit, net of controls; a placebo needs the outcome of the effect too.
    fn change(&self, group: &Group, change: Change, t: usize) -> Option<f64> {
        let [base, end] = Self::ends(change, t)?;
        let outcome = |t: usize| self.sample.outcome(group.at, t);
        let net = match self.residuals {
            Some(residuals) => residuals.explained(group, &self.control_change(group, change, t)?),
            None => 0.0,
        };
        Some(outcome(end) - outcome(base) - net).filter(|value| !value.is_nan() && !outcome(t).is_nan())
    }

    /// Units that have not switched, in each period in which their change is known.
    fn controls(&self, change: Change) -> Vec<Member> {
        let mut members = Vec::new();
        for (number, group) in self.paths.groups.iter().enumerate() {
            if self.never_only && group.switch < self.paths.periods {
                continue;
            }
            for t in change.periods..group.switch.min(self.paths.periods) {
                let weight = self.sample.weight(group.at, t);
                if let Some(change) = self.change(group, change, t).filter(|_| weight > 0.0) {
                    members.push(Member { group: number, t, weight, change });
                }
            }
        }
        members
    }

    fn switchers(&self, change: Change, sign: f64, controls: &[Member]) -> Vec<Member> {
        let mut compared = vec![false; self.paths.strata * self.paths.periods];
        for member in controls {
            compared[self.place(&self.paths.groups[member.group], member.t)] = true;
        }
        let member = |(number, group): (usize, &Group)| {
            let complete = self.complete.as_ref().is_none_or(|complete| complete[number]);
            if group.sign != Some(sign) || group.effects() < change.periods || !complete {
                return None;
            }
            let t = group.switch + change.periods - 1;
            let weight = self.sample.weight(group.at, t);
            let change = self.change(group, change, t).filter(|_| weight > 0.0)?;
            compared[self.place(group, t)].then_some(Member { group: number, t, weight, change })
        };
        self.paths.groups.iter().enumerate().filter_map(member).collect()
    }

    /// Adds the effect on those that switched one way.
    fn side(
        &self,
        change: Change,
        sign: f64,
        switchers: &[Member],
        controls: &[Member],
        horizon: &mut Horizon,
        used: &mut Vec<(usize, usize)>,
    ) {
        let groups = &self.paths.groups;
        let place = |member: &Member| self.place(&groups[member.group], member.t);
        let cohort = |member: &Member| {
            let group = &groups[member.group];
            (group.stratum, group.switch, (group.dose + 0.0).to_bits())
        };
        let mut cells: BTreeMap<usize, Cell> = BTreeMap::new();
        let mut cohorts: BTreeMap<(usize, usize, u64), Mean> = BTreeMap::new();
        for member in switchers {
            let cluster = groups[member.group].cluster;
            let cell = cells.entry(place(member)).or_default();
            cell.switchers.add(member, cluster);
            cell.all.add(member, cluster);
            cohorts.entry(cohort(member)).or_default().add(member, cluster);
        }
        for member in controls {
            if let Some(cell) = cells.get_mut(&place(member)) {
                let cluster = groups[member.group].cluster;
                cell.controls.add(member, cluster);
                cell.all.add(member, cluster);
            }
        }
        cohorts.values_mut().for_each(Mean::close);
        for cell in cells.values_mut() {
            cell.controls.close();
            cell.all.close();
        }
        let share = sign / horizon.weight;
        let mut levels = vec![DVector::zeros(self.sample.controls()); self.paths.levels];
        for member in switchers {
            let group = &groups[member.group];
            let Some(cell) = cells.get(&place(member)) else { continue };
            horizon.estimate += share * member.weight * (member.change - cell.controls.value());
            horizon.n += 1;
            let part = member.weight / horizon.weight;
            horizon.dose += part * sign * (self.sample.dose(group.at, member.t) - group.baseline);
            horizon.cumulated += part * sign * self.cumulated(group, member.t);
            if let Some(own) = cohorts.get(&cohort(member)) {
                let centred = centred(member.change, own, &cell.all);
                horizon.influence[group.cluster as usize] += share * member.weight * centred;
            }
            self.follow(change, member, share * member.weight, &mut levels, used);
        }
        for member in controls {
            let group = &groups[member.group];
            let Some(Cell { switchers, controls, all }) = cells.get(&place(member)) else { continue };
            let weight = -share * member.weight * switchers.weight / controls.weight;
            horizon.influence[group.cluster as usize] += weight * centred(member.change, controls, all);
            self.follow(change, member, weight, &mut levels, used);
        }
        self.add_controls(&levels, horizon);
    }

    /// Notes what a member uses and what its controls weigh in the effect.
    fn follow(
        &self,
        change: Change,
        member: &Member,
        weight: f64,
        levels: &mut [DVector<f64>],
        used: &mut Vec<(usize, usize)>,
    ) {
        let group = &self.paths.groups[member.group];
        let Some([base, end]) = Self::ends(change, member.t) else { return };
        used.extend([base, end, member.t].map(|t| (group.at, t)));
        if self.residuals.is_some()
            && change.periods < group.last
            && let Some(x) = self.control_change(group, change, member.t)
        {
            levels[group.level] += weight * x;
        }
    }

    /// The influence of estimated coefficients of controls: `levels` has the effect's derivative by them.
    fn add_controls(&self, levels: &[DVector<f64>], horizon: &mut Horizon) {
        let Some(residuals) = self.residuals else { return };
        let shift: f64 = levels.iter().zip(&residuals.theta).map(|(m, theta)| m.dot(theta)).sum();
        for (group, own) in self.paths.groups.iter().zip(&residuals.influence) {
            horizon.influence[group.cluster as usize] += shift / self.paths.scale - levels[group.level].dot(own);
        }
    }

    /// Treatment less the first one, summed from the switch to `t`.
    fn cumulated(&self, group: &Group, t: usize) -> f64 {
        let doses = (group.switch..=t).map(|s| self.sample.dose(group.at, s)).filter(|dose| !dose.is_nan());
        doses.map(|dose| dose - group.baseline).sum()
    }
}

/// A change less the mean of its own kind, corrected for the clusters that the mean comes from. Where it
/// comes from one, the mean over switchers and controls stands in; where these are one cluster, none does.
fn centred(change: f64, own: &Mean, all: &Mean) -> f64 {
    for mean in [own, all] {
        let count = mean.clusters.len() as f64;
        if count >= 2.0 {
            return (count / (count - 1.0)).sqrt() * (change - mean.value());
        }
    }
    change
}
