//! One effect, or one placebo: changes of units that switched against changes of units with the same
//! first treatment that have not (`did_multiplegt_dyn`, the U_Gg variables).

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
#[derive(Clone, Debug, Default)]
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
    /// The effect on several parts together.
    pub fn together(parts: &[&Self]) -> Option<Self> {
        let weight: f64 = parts.iter().map(|part| part.weight).sum();
        let clusters = parts.first()?.influence.len();
        let mut all = Self { influence: vec![0.0; clusters], weight, ..Self::default() };
        for part in parts {
            let share = part.weight / weight;
            all.estimate += share * part.estimate;
            all.influence.iter_mut().zip(&part.influence).for_each(|(sum, value)| *sum += share * value);
            all.n += part.n;
            all.controls += part.controls;
            all.sides = [0, 1].map(|side| all.sides[side].with(part.sides[side]));
            all.alone += share * part.alone;
            all.dose += share * part.dose;
            all.cumulated += share * part.cumulated;
        }
        Some(all)
    }

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
    controls: Controls,
}

/// Those that have not switched, by stratum and period.
struct Controls {
    /// Number of each stratum and period that has controls, or [`NONE`].
    number: Vec<u32>,
    means: Vec<Mean>,
}

/// A stratum and period without controls.
const NONE: u32 = u32::MAX;

impl Controls {
    fn number(&self, place: usize) -> Option<usize> {
        Some(self.number[place] as usize).filter(|number| *number < self.means.len())
    }
}

/// Weighted mean over units and the clusters that they come from.
#[derive(Clone, Debug, Default)]
struct Mean {
    weight: f64,
    sum: f64,
    units: usize,
    who: Units,
    /// Where a cluster may be several units, which they are.
    clusters: Vec<u32>,
}

impl Mean {
    fn value(&self) -> f64 {
        self.sum / self.weight
    }

    /// Keeps each cluster once, when all units are in.
    fn close(&mut self) {
        if !self.clusters.is_sorted() {
            self.clusters.sort_unstable();
        }
        self.clusters.dedup();
    }

    /// Number of clusters.
    fn clusters(&self) -> usize {
        if self.clusters.is_empty() { self.units } else { self.clusters.len() }
    }

    /// The mean over both.
    fn with(&self, other: &Self) -> Self {
        let mut both = Self {
            weight: self.weight + other.weight,
            sum: self.sum + other.sum,
            units: self.units + other.units,
            who: self.who.with(other.who),
            clusters: [&self.clusters[..], &other.clusters].concat(),
        };
        both.close();
        both
    }
}

/// Those that switched to one period of a stratum.
#[derive(Clone, Default)]
struct Cell {
    part: usize,
    switchers: Mean,
    /// Mean over switchers and controls, where a mean of its own stands for one cluster.
    all: Option<Mean>,
}

/// What a control of a cell adds to the influence on a part.
struct Term {
    part: usize,
    weight: f64,
    factor: f64,
    centre: f64,
}

/// Parts of the units that switch, of which each has an effect of its own. All that a part is compared with in one period
/// of a stratum are its own controls.
pub(super) struct Parts {
    /// Part of each group.
    pub of: Vec<u32>,
    /// Number of parts.
    pub count: usize,
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
    /// Number of the stratum, date and dose of each group's switch, and how many of them there are.
    pub cohorts: (Vec<u32>, usize),
    /// Whether every group is a cluster of its own.
    pub by_unit: bool,
}

impl Comparison<'_> {
    /// Everybody whom a change compares.
    pub fn compared(&self, change: Change) -> Compared {
        let controls = self.controls(change);
        let sides = self.signs().map(|sign| (sign, self.switchers(change, sign, &controls))).collect();
        Compared { change, sides, controls }
    }

    /// The effect on each part, none without anybody to compare, and which cells of the sample are used.
    pub fn horizons(&self, compared: &Compared, parts: &Parts) -> (Vec<Option<Horizon>>, Vec<bool>) {
        let mut weights = vec![0.0; parts.count];
        for member in compared.sides.iter().flat_map(|(_, side)| side) {
            weights[parts.of[member.group] as usize] += member.weight;
        }
        let new = |weight: f64| Horizon { influence: vec![0.0; self.sample.clusters], weight, ..Horizon::default() };
        let mut horizons: Vec<Option<Horizon>> =
            weights.into_iter().map(|weight| (weight > 0.0).then(|| new(weight))).collect();
        let mut used = vec![false; self.sample.units() * self.sample.periods()];
        for (sign, switchers) in compared.sides.iter().filter(|(_, side)| !side.is_empty()) {
            self.side(compared, *sign, switchers, parts, (&mut horizons, &mut used));
        }
        (horizons, used)
    }

    fn mark(&self, change: Change, at: usize, t: usize, used: &mut [bool]) {
        let ends = Self::ends(change, t).into_iter().flatten();
        ends.chain([t]).for_each(|t| used[self.sample.cell(at, t)] = true);
    }

    /// Units whose first `effects` effects can all be compared.
    pub fn complete(&self, effects: usize) -> Vec<bool> {
        let mut complete: Vec<bool> = self.paths.groups.iter().map(|group| group.effects() >= effects).collect();
        for periods in 1..=effects {
            let change = Change { periods, placebo: false };
            let controls = self.controls(change);
            for (complete, group) in complete.iter_mut().zip(&self.paths.groups) {
                let t = group.switch + periods - 1;
                *complete = *complete
                    && controls.number(self.place(group, t)).is_some()
                    && self.change(group, change, t).is_some();
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
    fn each_control(&self, change: Change, mut then: impl FnMut(&Group, &Member)) {
        for (number, group) in self.paths.groups.iter().enumerate() {
            if self.never_only && group.switch < self.paths.periods {
                continue;
            }
            // What is earlier has no base, or a placebo no end.
            let first = if change.placebo { 2 * change.periods } else { change.periods };
            for t in first..group.switch.min(self.paths.periods) {
                let weight = self.sample.weight(group.at, t);
                if weight > 0.0
                    && let Some(change) = self.change(group, change, t)
                {
                    then(group, &Member { group: number, t, weight, change });
                }
            }
        }
    }

    fn controls(&self, change: Change) -> Controls {
        let mut controls = Controls { number: vec![NONE; self.paths.strata * self.paths.periods], means: Vec::new() };
        self.each_control(change, |group, member| {
            let number = &mut controls.number[self.place(group, member.t)];
            if *number == NONE {
                *number = controls.means.len() as u32;
                controls.means.push(Mean::default());
            }
            self.add(&mut controls.means[*number as usize], group, member);
        });
        controls.means.iter_mut().for_each(Mean::close);
        controls
    }

    fn add(&self, mean: &mut Mean, group: &Group, member: &Member) {
        mean.weight += member.weight;
        mean.sum += member.weight * member.change;
        mean.units += 1;
        mean.who.add(group.at);
        if !self.by_unit {
            mean.clusters.push(group.cluster);
        }
    }

    fn switchers(&self, change: Change, sign: f64, controls: &Controls) -> Vec<Member> {
        let member = |(number, group): (usize, &Group)| {
            let complete = self.complete.as_ref().is_none_or(|complete| complete[number]);
            if group.sign != Some(sign) || group.effects() < change.periods || !complete {
                return None;
            }
            let t = group.switch + change.periods - 1;
            let weight = self.sample.weight(group.at, t);
            let change = self.change(group, change, t).filter(|_| weight > 0.0)?;
            controls.number(self.place(group, t)).map(|_| Member { group: number, t, weight, change })
        };
        self.paths.groups.iter().enumerate().filter_map(member).collect()
    }

    /// Those that switched, by stratum and period as their controls are, and by cohort.
    fn sides(&self, compared: &Compared, switchers: &[Member], parts: &Parts) -> (Vec<Cell>, Vec<Mean>) {
        let mut cells = vec![Cell::default(); compared.controls.means.len()];
        let mut cohorts = vec![Mean::default(); self.cohorts.1];
        for member in switchers {
            let group = &self.paths.groups[member.group];
            if let Some(number) = compared.controls.number(self.place(group, member.t)) {
                self.add(&mut cells[number].switchers, group, member);
                cells[number].part = parts.of[member.group] as usize;
            }
            self.add(&mut cohorts[self.cohorts.0[member.group] as usize], group, member);
        }
        cohorts.iter_mut().for_each(Mean::close);
        for (cell, controls) in cells.iter_mut().zip(&compared.controls.means).filter(|(_, c)| c.clusters() < 2) {
            cell.all = Some(cell.switchers.with(controls));
        }
        for member in switchers.iter().filter(|m| cohorts[self.cohorts.0[m.group] as usize].clusters() < 2) {
            let group = &self.paths.groups[member.group];
            if let Some(number) = compared.controls.number(self.place(group, member.t)) {
                let Cell { switchers, all, .. } = &mut cells[number];
                all.get_or_insert_with(|| switchers.with(&compared.controls.means[number]));
            }
        }
        (cells, cohorts)
    }

    /// Adds the effects on those that switched one way.
    fn side(
        &self,
        compared: &Compared,
        sign: f64,
        switchers: &[Member],
        parts: &Parts,
        (horizons, used): (&mut [Option<Horizon>], &mut [bool]),
    ) {
        let Compared { change, controls, .. } = compared;
        let (cells, cohorts) = self.sides(compared, switchers, parts);
        for (cell, controls) in cells.iter().zip(&controls.means).filter(|(cell, _)| cell.switchers.units > 0) {
            let Some(horizon) = &mut horizons[cell.part] else { continue };
            horizon.controls += controls.units;
            horizon.sides = [horizon.sides[0].with(cell.switchers.who), horizon.sides[1].with(controls.who)];
        }
        let mut levels = vec![vec![DVector::zeros(self.sample.controls()); self.paths.levels]; parts.count];
        for member in switchers {
            let group = &self.paths.groups[member.group];
            let Some(number) = controls.number(self.place(group, member.t)) else { continue };
            let (cell, own) = (&cells[number], &cohorts[self.cohorts.0[member.group] as usize]);
            let Some(horizon) = &mut horizons[cell.part] else { continue };
            let controls = &controls.means[number];
            let part = member.weight / horizon.weight;
            horizon.estimate += sign * part * (member.change - controls.value());
            horizon.n += 1;
            horizon.dose += part * sign * (self.sample.dose(group.at, member.t) - group.baseline);
            horizon.cumulated += part * sign * self.cumulated(group, member.t);
            if own.clusters() < 2 || controls.clusters() < 2 {
                horizon.alone += part;
            }
            let (factor, centre) = centre(own, cell.all.as_ref());
            horizon.influence[group.cluster as usize] += sign * part * factor * (member.change - centre);
            self.mark(*change, group.at, member.t, used);
            self.follow(*change, member, sign * part, &mut levels[cell.part]);
        }
        let term = |(cell, controls): (&Cell, &Mean)| {
            let weight = -sign * cell.switchers.weight / controls.weight;
            let horizon = horizons[cell.part].as_ref().filter(|_| cell.switchers.units > 0)?;
            let (factor, centre) = centre(controls, cell.all.as_ref());
            Some(Term { part: cell.part, weight: weight / horizon.weight, factor, centre })
        };
        let terms: Vec<Option<Term>> = cells.iter().zip(&controls.means).map(term).collect();
        self.each_control(*change, |group, member| {
            let number = controls.number[self.place(group, member.t)] as usize;
            let Some(Some(Term { part, weight, factor, centre })) = terms.get(number) else { return };
            let Some(horizon) = &mut horizons[*part] else { return };
            let weight = weight * member.weight;
            horizon.influence[group.cluster as usize] += weight * factor * (member.change - centre);
            self.mark(*change, group.at, member.t, used);
            self.follow(*change, member, weight, &mut levels[*part]);
        });
        for (levels, horizon) in levels.iter().zip(horizons) {
            if let Some(horizon) = horizon {
                self.add_controls(levels, horizon);
            }
        }
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

/// What a change is multiplied with, and measured from, in its influence: the mean of its own kind, corrected for the
/// clusters that the mean comes from. Where it comes from one, the mean over switchers and controls stands in; where
/// these are one cluster, none does.
fn centre(own: &Mean, all: Option<&Mean>) -> (f64, f64) {
    let means = [own].into_iter().chain(all);
    let mut known = means.map(|mean| (mean.clusters() as f64, mean)).filter(|(count, _)| *count >= 2.0);
    known.next().map_or((1.0, 0.0), |(count, mean)| ((count / (count - 1.0)).sqrt(), mean.value()))
}
