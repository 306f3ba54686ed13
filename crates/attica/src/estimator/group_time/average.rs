//! Combinations of group-time effects, each a linear combination of effects and estimated weights (R `aggte`).

use super::{At, GroupTime, Point};
use crate::estimator::event::Effect;

/// An average effect, told by what it takes from each effect and weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Combination {
    /// What it is of; none for an overall effect.
    pub at: Option<At>,
    /// Effect.
    pub estimate: f64,
    /// How much of each influence (on effects, then on weights) is its own.
    pub loads: Vec<f64>,
    /// Treated units (or rows) behind it.
    pub n: usize,
}

/// One way of averaging: its rows, and one overall effect (none when no cell after adoption was estimated).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Combinations {
    /// By cohort, event time or period.
    pub rows: Vec<Combination>,
    /// Their average.
    pub overall: Option<Combination>,
}

/// Which event times are averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EventTimes {
    /// First event time kept.
    pub min: Option<i64>,
    /// Last event time kept.
    pub max: Option<i64>,
    /// Only cohorts seen for at least this many periods after adoption, up to it.
    pub balance: Option<i64>,
}

/// Something to average.
struct Piece {
    estimate: f64,
    loads: Vec<f64>,
    weight: f64,
    weight_loads: Option<Vec<f64>>,
    n: usize,
}

impl GroupTime {
    /// All cells after adoption, by weight.
    pub fn simple(&self) -> Combinations {
        Combinations { rows: Vec::new(), overall: self.weighted(None, |point| point.event_time >= 0) }
    }

    /// By cohort; overall: cohorts by their weight.
    pub fn by_group(&self) -> Combinations {
        let mut groups: Vec<f64> = self.after_adoption().map(|point| point.group).collect();
        groups.sort_by(f64::total_cmp);
        groups.dedup();
        let of = |group: f64| move |point: &Point| point.event_time >= 0 && point.group == group;
        let rows: Vec<Combination> =
            groups.iter().filter_map(|&group| self.weighted(Some(At::Group(group)), of(group))).collect();
        let piece = |row: &Combination| {
            let Some(At::Group(group)) = row.at else { return None };
            let (weight, weight_loads) = self.mean_weight(of(group));
            Some(Piece { estimate: row.estimate, loads: row.loads.clone(), weight, weight_loads, n: row.n })
        };
        let overall = self.combine(None, &rows.iter().filter_map(piece).collect::<Vec<_>>());
        Combinations { rows, overall }
    }

    /// By period; overall: plain mean over periods.
    pub fn by_calendar(&self) -> Combinations {
        let mut times: Vec<f64> = self.after_adoption().map(|point| point.time).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let of = |time: f64| move |point: &Point| point.event_time >= 0 && point.time == time;
        let rows: Vec<Combination> =
            times.iter().filter_map(|&time| self.weighted(Some(At::Time(time)), of(time))).collect();
        let overall = self.mean(rows.iter());
        Combinations { rows, overall }
    }

    /// By periods since adoption; overall: plain mean over event times from zero on.
    pub fn by_event_time(&self, kept: EventTimes) -> Combinations {
        self.by_event_time_where(kept, |_| true)
    }

    /// [`GroupTime::by_event_time`] of the effects for which `holds`.
    pub fn by_event_time_where(&self, kept: EventTimes, holds: impl Fn(&Point) -> bool) -> Combinations {
        let span = self.span();
        let used = |point: &Point| {
            let k = point.event_time;
            let inside = kept.min.is_none_or(|min| k >= min) && kept.max.is_none_or(|max| k <= max);
            inside && holds(point) && kept.balance.is_none_or(|balance| self.is_balanced(point, balance, span))
        };
        let mut times: Vec<i64> = self.points.iter().filter(|p| used(p)).map(|point| point.event_time).collect();
        times.sort_unstable();
        times.dedup();
        let row = |&k: &i64| self.weighted(Some(At::EventTime(k)), |point| point.event_time == k && used(point));
        let rows: Vec<Combination> = times.iter().filter_map(row).collect();
        let overall = self.mean(rows.iter().filter(|row| matches!(row.at, Some(At::EventTime(k)) if k >= 0)));
        Combinations { rows, overall }
    }

    fn after_adoption(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| point.event_time >= 0)
    }

    /// Periods between the first and the last one, in steps of event time.
    fn span(&self) -> f64 {
        // The cell farthest from adoption tells how long a step is.
        let far = self.points.iter().max_by_key(|point| point.event_time.abs());
        let step = far.map_or(1.0, |p| if p.event_time == 0 { 1.0 } else { (p.time - p.group) / p.event_time as f64 });
        let last = self.points.iter().map(|p| p.time).fold(f64::NEG_INFINITY, f64::max);
        let first = self.points.iter().map(|p| p.base.map_or(p.time, |base| base.min(p.time)));
        ((last - first.fold(f64::INFINITY, f64::min)) / step).round()
    }

    /// `aggte` keeps the cohorts with `balance` periods after adoption, and of these event times up to it and
    /// as many before as the longest-seen cohort allows.
    fn is_balanced(&self, point: &Point, balance: i64, span: f64) -> bool {
        let last = self.points.iter().filter(|p| p.group == point.group).map(|p| p.event_time).max();
        let k = point.event_time;
        last.is_some_and(|last| last >= balance) && k <= balance && k as f64 >= balance as f64 - span
    }

    fn no_loads(&self) -> Vec<f64> {
        vec![0.0; self.influences.estimates]
    }

    fn weighted(&self, at: Option<At>, holds: impl Fn(&Point) -> bool) -> Option<Combination> {
        let own = |column: usize| {
            let mut loads = self.no_loads();
            loads[column] = 1.0;
            loads
        };
        let piece = |(column, point): (usize, &Point)| Piece {
            estimate: point.estimate,
            loads: own(column),
            weight: point.weight,
            weight_loads: point.weight_column.map(own),
            n: point.n_treated,
        };
        let pieces: Vec<Piece> = self.points.iter().enumerate().filter(|(_, p)| holds(p)).map(piece).collect();
        self.combine(at, &pieces)
    }

    fn mean<'a>(&self, rows: impl Iterator<Item = &'a Combination>) -> Option<Combination> {
        let piece = |row: &'a Combination| Piece {
            estimate: row.estimate,
            loads: row.loads.clone(),
            weight: 1.0,
            weight_loads: None,
            n: row.n,
        };
        self.combine(None, &rows.map(piece).collect::<Vec<_>>())
    }

    /// Mean weight of cells, and its loads where weights are estimated.
    fn mean_weight(&self, holds: impl Fn(&Point) -> bool) -> (f64, Option<Vec<f64>>) {
        let own: Vec<&Point> = self.points.iter().filter(|point| holds(point)).collect();
        let share = 1.0 / own.len() as f64;
        let mut loads = None;
        for column in own.iter().filter_map(|point| point.weight_column) {
            loads.get_or_insert_with(|| self.no_loads())[column] += share;
        }
        (own.iter().map(|point| point.weight).sum::<f64>() * share, loads)
    }

    /// The weighted mean, with the influence of estimated weights: for weights `w` and effects `b` with mean
    /// `m`, the influence is `sum(w psi_b + (b - m) psi_w) / sum(w)`.
    fn combine(&self, at: Option<At>, pieces: &[Piece]) -> Option<Combination> {
        let total: f64 = pieces.iter().map(|piece| piece.weight).sum();
        if pieces.is_empty() || total <= 0.0 {
            return None;
        }
        let estimate = pieces.iter().map(|piece| piece.weight * piece.estimate).sum::<f64>() / total;
        let mut loads = self.no_loads();
        for piece in pieces {
            add(&mut loads, &piece.loads, piece.weight / total);
            if let Some(own) = &piece.weight_loads {
                add(&mut loads, own, (piece.estimate - estimate) / total);
            }
        }
        Some(Combination { at, estimate, loads, n: pieces.iter().map(|piece| piece.n).sum() })
    }
}

fn add(sum: &mut [f64], values: &[f64], factor: f64) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

impl Combinations {
    /// The rows of an average by event time as an event study holds them.
    pub fn effects(&self) -> Vec<Effect> {
        self.rows.iter().filter_map(|row| Effect::at(row.at?, row.estimate, row.n)).collect()
    }
}
