//! Who is treated when, and the outcome of each cohort over time.

use attica::panel::{Adoption, Panel};

use crate::results::{CohortMeans, TimingRow};
use crate::run::Treatment;

/// Rows of the timing map at most, when cohorts are fewer.
const ROWS: usize = 120;

/// Lines of the figure of means at most; smaller cohorts share one.
const LINES: usize = 6;

/// Cohorts in the order of the map: treated throughout, by date, off again, never.
fn order(adoption: Adoption) -> (u8, f64) {
    match adoption {
        Adoption::Always => (0, 0.0),
        Adoption::At(date) => (1, date),
        Adoption::Switches => (2, 0.0),
        Adoption::Never => (3, 0.0),
    }
}

/// Units of each cohort, cohorts in order.
fn cohorts(treatment: &Treatment) -> Vec<(Adoption, Vec<u32>)> {
    let mut units: Vec<u32> = (0..treatment.adoption.len() as u32).collect();
    let of = |unit: u32| order(treatment.adoption[unit as usize]);
    units.sort_by(|&a, &b| {
        let (a, b) = (of(a), of(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let mut found: Vec<(Adoption, Vec<u32>)> = Vec::new();
    for unit in units {
        let cohort = treatment.adoption[unit as usize];
        match found.last_mut() {
            Some((last, units)) if *last == cohort => units.push(unit),
            _ => found.push((cohort, vec![unit])),
        }
    }
    found
}

/// Units by periods; of more units than a page has lines, neighbours share a row.
pub(super) fn map(panel: &Panel, treatment: &Treatment) -> Vec<TimingRow> {
    let all = panel.units.len();
    let mut rows = Vec::new();
    for (cohort, units) in cohorts(treatment) {
        let bins = if all <= ROWS { units.len() } else { (units.len() * ROWS).div_ceil(all).min(units.len()) };
        let size = units.len().div_ceil(bins.max(1)).max(1);
        for bin in units.chunks(size) {
            let treated = (0..panel.times.len()).map(|period| {
                let seen = bin.iter().filter_map(|&unit| panel.row(unit, period)).map(|row| treatment.values[row]);
                let seen: Vec<f64> = seen.filter(|value| !value.is_nan()).collect();
                let on = seen.iter().filter(|value| **value > 0.0).count();
                (!seen.is_empty()).then(|| on as f64 / seen.len() as f64)
            });
            rows.push(TimingRow { cohort, units: bin.len(), treated: treated.collect() });
        }
    }
    rows
}

/// Mean outcome by cohort and period.
pub(super) fn means(panel: &Panel, treatment: &Treatment, outcome: &[f64]) -> Vec<CohortMeans> {
    let mut groups: Vec<(Vec<Adoption>, Vec<u32>)> =
        cohorts(treatment).into_iter().map(|(cohort, units)| (vec![cohort], units)).collect();
    if groups.len() > LINES {
        let dated = |group: &(Vec<Adoption>, Vec<u32>)| matches!(group.0[0], Adoption::At(_));
        let others = groups.iter().filter(|group| !dated(group)).count();
        let mut sizes: Vec<(usize, usize)> =
            groups.iter().enumerate().filter(|(_, group)| dated(group)).map(|(i, group)| (group.1.len(), i)).collect();
        sizes.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let pooled: Vec<usize> =
            sizes.iter().skip((LINES - 1).saturating_sub(others).max(1)).map(|(_, i)| *i).collect();
        let mut rest = (Vec::new(), Vec::new());
        let mut kept = Vec::new();
        for (i, group) in groups.into_iter().enumerate() {
            if pooled.contains(&i) {
                rest.0.extend(group.0);
                rest.1.extend(group.1);
            } else {
                kept.push(group);
            }
        }
        if !rest.0.is_empty() {
            kept.push(rest);
        }
        groups = kept;
    }
    let of = |(cohorts, units): (Vec<Adoption>, Vec<u32>)| {
        let mean = (0..panel.times.len()).map(|period| {
            let seen = units.iter().filter_map(|&unit| panel.row(unit, period)).map(|row| outcome[row]);
            let (sum, n) = seen.filter(|y| y.is_finite()).fold((0.0, 0_usize), |(sum, n), y| (sum + y, n + 1));
            (n > 0).then(|| sum / n as f64)
        });
        CohortMeans { mean: mean.collect(), units: units.len(), cohorts }
    };
    groups.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use attica::frame::{Column, Frame};
    use attica::text::Text;

    use super::*;

    /// `units` units over five periods, a third never treated, the others by dates 2 and 3.
    fn study(units: usize) -> (Panel, Treatment) {
        let rows = units * 5;
        let unit = (0..rows).map(|r| (r / 5) as f64).collect();
        let time = (0..rows).map(|r| (r % 5) as f64).collect();
        let frame = Frame::new(vec![Column::number("u", unit), Column::number("t", time)]).unwrap();
        let (panel, _) = Panel::new(&frame, "u", "t").unwrap();
        let adoption: Vec<Adoption> = (0..units)
            .map(|u| match u % 3 {
                0 => Adoption::Never,
                1 => Adoption::At(2.0),
                _ => Adoption::At(3.0),
            })
            .collect();
        let treatment = Treatment {
            name: "d".to_owned(),
            values: panel.treated(&adoption),
            adoption,
            continuous: false,
            coding: Text::default(),
            dates: vec![2.0, 3.0],
            warnings: Vec::new(),
        };
        (panel, treatment)
    }

    #[test]
    fn a_map_of_thousands_of_units_has_a_page_of_rows_and_all_units() {
        let (panel, treatment) = study(9000);
        let rows = map(&panel, &treatment);
        assert!(rows.len() <= ROWS + 3, "{}", rows.len());
        assert_eq!(rows.iter().map(|row| row.units).sum::<usize>(), 9000);
        assert!(rows.iter().all(|row| row.treated.iter().all(|share| *share == Some(0.0) || *share == Some(1.0))));
        assert_eq!((rows[0].cohort, rows[rows.len() - 1].cohort), (Adoption::At(2.0), Adoption::Never));
    }

    #[test]
    fn means_are_those_of_the_cohort_in_the_period() {
        let (panel, treatment) = study(9);
        let outcome: Vec<f64> =
            panel.unit.iter().zip(panel.time.iter()).map(|(&u, &t)| f64::from(u % 3) * 10.0 + f64::from(t)).collect();
        let found = means(&panel, &treatment, &outcome);
        assert_eq!(found.len(), 3);
        assert_eq!(found[1].mean, (0..5).map(|t| Some(20.0 + f64::from(t))).collect::<Vec<_>>());
        assert_eq!(found.iter().map(|line| line.units).collect::<Vec<_>>(), [3, 3, 3]);
    }
}
