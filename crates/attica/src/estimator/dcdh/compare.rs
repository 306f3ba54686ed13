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

/// An effect, on all that switched or on one cohort, with the influence of each cluster.
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
    /// Number of controls.
    pub controls: usize,
    /// Those that switched, and controls.
    pub sides: [Units; 2],
    /// Share of the weight in which one cluster is all that switched alike, or all controls: a mean over both kinds
    /// stands in there, so that the variance takes the effect in.
    pub alone: f64,
    /// Their mean treatment in that period, less the first one.
    pub dose: f64,
    /// Their mean treatment in all periods since the switch, summed, less the first one in each.
    pub cumulated: f64,
}

impl Horizon {
    /// Whether there are two units or more on either side, for else nothing tells noise from effect.
    pub fn has_variance(&self) -> bool {
        self.sides.iter().all(|side| side.are_several())
    }
}

/// A unit in the period in which its change ends.
#[derive(Clone, Copy)]
struct Member {
    group: usize,
    t: usize,
    weight: f64,
    change: f64,
}

/// First and last of some units: all that is asked is whether they are one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Units(Option<[usize; 2]>);

impl Units {
    fn add(&mut self, unit: usize) {
        *self = self.with(Self(Some([unit; 2])));
    }

    /// Those of both.
    pub fn with(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some([a, b]), Some([c, d])) => Self(Some([a.min(c), b.max(d)])),
            (known, None) | (None, known) => Self(known),
        }
    }

    pub fn are_several(self) -> bool {
        self.0.is_some_and(|[first, last]| first < last)
    }
}

/// Who is compared in one change.
pub(super) struct Compared {
    change: Change,
    /// Those that switched, by direction.
    sides: Vec<(f64, Vec<Member>)>,
    /// Those that have not, by stratum and period.
    controls: Vec<Vec<Member>>,
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
    /// Everybody whom a change compares.
    pub fn compared(&self, change: Change) -> Compared {
        let controls = self.controls(change);
        let sides = self.signs().map(|sign| (sign, self.switchers(change, sign, &controls))).collect();
        Compared { change, sides, controls }
    }

    /// Cells of the sample that a change uses become true in `used`.
    pub fn mark(&self, compared: &Compared, used: &mut [bool]) {
        let mut mark = |member: &Member| {
            let at = self.paths.groups[member.group].at;
            let ends = Self::ends(compared.change, member.t).into_iter().flatten();
            ends.chain([member.t]).for_each(|t| used[self.sample.cell(at, t)] = true);
        };
        let switchers = || compared.sides.iter().flat_map(|(_, side)| side);
        switchers().for_each(&mut mark);
        let mut places: Vec<usize> =
            switchers().map(|member| self.place(&self.paths.groups[member.group], member.t)).collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().flat_map(|place| &compared.controls[place]).for_each(mark);
    }

    /// The effect on the units for which `holds`; none without anybody to compare.
    pub fn horizon(&self, compared: &Compared, holds: impl Fn(&Group) -> bool) -> Option<Horizon> {
        let own = |side: &Vec<Member>| -> Vec<Member> {
            side.iter().copied().filter(|member| holds(&self.paths.groups[member.group])).collect()
        };
        let sides: Vec<(f64, Vec<Member>)> = compared.sides.iter().map(|(sign, side)| (*sign, own(side))).collect();
        let weight: f64 = sides.iter().flat_map(|(_, side)| side).map(|member| member.weight).sum();
        if weight <= 0.0 {
            return None;
        }
        let mut horizon = Horizon {
            estimate: 0.0,
            influence: vec![0.0; self.sample.clusters],
            weight,
            n: 0,
            controls: 0,
            sides: [Units::default(); 2],
            alone: 0.0,
            dose: 0.0,
            cumulated: 0.0,
        };
        for (sign, switchers) in sides.iter().filter(|(_, side)| !side.is_empty()) {
            self.side(compared, *sign, switchers, &mut horizon);
        }
        Some(horizon)
    }

    /// Units whose first `effects` effects can all be compared.
    pub fn complete(&self, effects: usize) -> Vec<bool> {
        let mut complete: Vec<bool> = self.paths.groups.iter().map(|group| group.effects() >= effects).collect();
        for periods in 1..=effects {
            let change = Change { periods, placebo: false };
            let controls = self.controls(change);
            for (complete, group) in complete.iter_mut().zip(&self.paths.groups) {
                let t = group.switch + periods - 1;
                *complete =
                    *complete && !controls[self.place(group, t)].is_empty() && self.change(group, change, t).is_some();
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

    /// Units that have not switched, in each period in which their change is known, by stratum and period.
    fn controls(&self, change: Change) -> Vec<Vec<Member>> {
        let mut members = vec![Vec::new(); self.paths.strata * self.paths.periods];
        for (number, group) in self.paths.groups.iter().enumerate() {
            if self.never_only && group.switch < self.paths.periods {
                continue;
            }
            for t in change.periods..group.switch.min(self.paths.periods) {
                let weight = self.sample.weight(group.at, t);
                if let Some(change) = self.change(group, change, t).filter(|_| weight > 0.0) {
                    members[self.place(group, t)].push(Member { group: number, t, weight, change });
                }
            }
        }
        members
    }

    fn switchers(&self, change: Change, sign: f64, controls: &[Vec<Member>]) -> Vec<Member> {
        let member = |(number, group): (usize, &Group)| {
            let complete = self.complete.as_ref().is_none_or(|complete| complete[number]);
            if group.sign != Some(sign) || group.effects() < change.periods || !complete {
                return None;
            }
            let t = group.switch + change.periods - 1;
            let weight = self.sample.weight(group.at, t);
            let change = self.change(group, change, t).filter(|_| weight > 0.0)?;
            (!controls[self.place(group, t)].is_empty()).then_some(Member { group: number, t, weight, change })
        };
        self.paths.groups.iter().enumerate().filter_map(member).collect()
    }

    /// Adds the effect on those that switched one way.
    fn side(&self, compared: &Compared, sign: f64, switchers: &[Member], horizon: &mut Horizon) {
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
            horizon.sides[0].add(groups[member.group].at);
        }
        for (place, cell) in &mut cells {
            for member in &compared.controls[*place] {
                let cluster = groups[member.group].cluster;
                cell.controls.add(member, cluster);
                cell.all.add(member, cluster);
                horizon.sides[1].add(groups[member.group].at);
            }
            cell.controls.close();
            cell.all.close();
            horizon.controls += compared.controls[*place].len();
        }
        cohorts.values_mut().for_each(Mean::close);
        let share = sign / horizon.weight;
        let mut levels = vec![DVector::zeros(self.sample.controls()); self.paths.levels];
        for member in switchers {
            let group = &groups[member.group];
            let (Some(cell), Some(own)) = (cells.get(&place(member)), cohorts.get(&cohort(member))) else { continue };
            horizon.estimate += share * member.weight * (member.change - cell.controls.value());
            horizon.n += 1;
            let part = member.weight / horizon.weight;
            horizon.dose += part * sign * (self.sample.dose(group.at, member.t) - group.baseline);
            horizon.cumulated += part * sign * self.cumulated(group, member.t);
            if own.clusters.len() < 2 || cell.controls.clusters.len() < 2 {
                horizon.alone += part;
            }
            let weight = share * member.weight;
            horizon.influence[group.cluster as usize] += weight * centred(member.change, own, &cell.all);
            self.follow(compared.change, member, weight, &mut levels);
        }
        for (place, Cell { switchers, controls, all }) in &cells {
            for member in &compared.controls[*place] {
                let weight = -share * member.weight * switchers.weight / controls.weight;
                let cluster = groups[member.group].cluster as usize;
                horizon.influence[cluster] += weight * centred(member.change, controls, all);
                self.follow(compared.change, member, weight, &mut levels);
            }
        }
        self.add_controls(&levels, horizon);
    }

    /// Notes what the controls of a member weigh in the effect.
    fn follow(&self, change: Change, member: &Member, weight: f64, levels: &mut [DVector<f64>]) {
        let group = &self.paths.groups[member.group];
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
