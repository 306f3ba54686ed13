//! Replications behind standard errors (Arkhangelsky et al. 2021, algorithms 2 to 4; for cohorts Clarke
//! et al. 2023, algorithms 2 to 4).

use rayon::prelude::*;

use super::panel::{Panel, Units, Weights};
use super::{Effect, Kind, Variance};
use crate::math::random::{Stream, stream};
use crate::message::{Problem, Result};

/// Effects by period of each cohort with its treated units; none where the cohort has none.
pub(super) type Replicate = Vec<Option<(Vec<f64>, usize)>>;

/// Below so many treated units (or clusters) the bootstrap understates the variance.
const FEW: usize = 10;

/// The variance that suits the panel: the bootstrap, but placebo where few are treated.
///
/// # Errors
/// `E205` when none can be had.
pub(super) fn suitable(panel: &Panel) -> Result<Variance> {
    let few = treated_clusters(panel).len() < FEW || smallest_cohort(panel) < 2;
    let placebo = possible(panel, Variance::Placebo);
    if (few && placebo.is_ok()) || possible(panel, Variance::Bootstrap).is_err() {
        return placebo.map(|()| Variance::Placebo);
    }
    Ok(Variance::Bootstrap)
}

/// # Errors
/// `E205` when the panel has too few units of a kind for `variance`.
pub(super) fn possible(panel: &Panel, variance: Variance) -> Result<()> {
    let treated = treated_clusters(panel).len();
    let refuse = |message: String, fix: &str| Err(Problem::new("E205", message).fix(fix));
    match variance {
        Variance::Placebo => {
            let free = free_clusters(panel);
            let size = panel.clusters.first().map_or(1, Vec::len);
            if panel.clusters.iter().any(|cluster| cluster.len() != size) {
                return refuse(
                    "the placebo variance moves treatment between whole clusters, and these differ in size".to_owned(),
                    "cluster by unit, or use the bootstrap",
                );
            }
            if free.len() <= treated || (free.len() - treated) * size < 2 {
                return refuse(
                    format!(
                        "the placebo variance needs more untreated than treated units (or clusters), and two controls left; here are {} and {treated}",
                        free.len()
                    ),
                    "use the bootstrap or the jackknife, or add controls",
                );
            }
        }
        Variance::Bootstrap if treated < 2 => {
            return refuse(
                "the bootstrap needs at least two treated units (or clusters)".to_owned(),
                "use the placebo variance, which needs more controls than treated units",
            );
        }
        Variance::Jackknife if smallest_cohort(panel) < 2 => {
            return refuse(
                "the jackknife needs at least two treated units (or clusters) in every cohort".to_owned(),
                "use the placebo variance, or the bootstrap",
            );
        }
        _ => {}
    }
    Ok(())
}

/// All replications in order, and how many draws were no sample (without two controls and a treated unit)
/// and were drawn again.
pub(super) fn replicate(
    panel: &Panel,
    kind: Kind,
    effects: &[Effect],
    variance: Variance,
    replications: usize,
    seed: u64,
) -> (Vec<Replicate>, usize) {
    let run = |units: &Units, weights: Weights<'_>| {
        let paths = panel.effects(units, kind, weights).into_iter().zip(&units.cohorts);
        paths.map(|(effect, treated)| Some((effect?.by_period, treated.len()))).collect::<Replicate>()
    };
    match variance {
        Variance::Jackknife => {
            let run = |out: usize| run(&without(panel, out), Weights::Kept(effects));
            ((0..panel.clusters.len()).into_par_iter().map(run).collect(), 0)
        }
        Variance::Placebo => {
            let run = |r: u64| run(&placebo(panel, &mut stream(seed, r)), Weights::Refitted(effects));
            ((0..replications as u64).into_par_iter().map(run).collect(), 0)
        }
        Variance::Bootstrap => {
            let run = |r: u64| {
                let mut stream = stream(seed, r);
                let mut again = 0;
                loop {
                    let units = redrawn(panel, &mut stream);
                    if units.controls.len() >= 2 && units.cohorts.iter().any(|treated| !treated.is_empty()) {
                        return (run(&units, Weights::Refitted(effects)), again);
                    }
                    again += 1;
                }
            };
            let (found, again): (Vec<Replicate>, Vec<usize>) =
                (0..replications as u64).into_par_iter().map(run).unzip();
            (found, again.iter().sum())
        }
    }
}

fn treated_clusters(panel: &Panel) -> Vec<&Vec<usize>> {
    panel.clusters.iter().filter(|cluster| cluster.iter().any(|&unit| panel.cohort[unit].is_some())).collect()
}

fn free_clusters(panel: &Panel) -> Vec<&Vec<usize>> {
    panel.clusters.iter().filter(|cluster| cluster.iter().all(|&unit| panel.cohort[unit].is_none())).collect()
}

/// Fewest clusters with a treated unit of one cohort.
fn smallest_cohort(panel: &Panel) -> usize {
    let holds = |cohort: usize| {
        let of_cohort = |cluster: &&Vec<usize>| cluster.iter().any(|&unit| panel.cohort[unit] == Some(cohort));
        panel.clusters.iter().filter(of_cohort).count()
    };
    (0..panel.before.len()).map(holds).min().unwrap_or(0)
}

/// All units but those of one cluster.
fn without(panel: &Panel, out: usize) -> Units {
    let stays = |unit: &usize| !panel.clusters[out].contains(unit);
    panel.sample((0..panel.cohort.len()).filter(stays).map(|unit| (unit, panel.cohort[unit])))
}

/// As many clusters as there are, with replacement.
fn redrawn(panel: &Panel, stream: &mut Stream) -> Units {
    let n = panel.clusters.len();
    let drawn: Vec<usize> = (0..n).map(|_| stream.index(n)).collect();
    let units = drawn.iter().flat_map(|&cluster| &panel.clusters[cluster]);
    panel.sample(units.map(|&unit| (unit, panel.cohort[unit])))
}

/// Untreated clusters alone, of which some, drawn at random, take the places of the treated ones.
fn placebo(panel: &Panel, stream: &mut Stream) -> Units {
    let treated = treated_clusters(panel);
    let mut free = free_clusters(panel);
    stream.shuffle(&mut free);
    let role = |(at, cluster): (usize, &Vec<usize>)| -> Vec<(usize, Option<usize>)> {
        let roles = |place: usize| treated.get(at).and_then(|treated| panel.cohort[treated[place]]);
        cluster.iter().enumerate().map(|(place, &unit)| (unit, roles(place))).collect()
    };
    panel.sample(free.into_iter().enumerate().flat_map(role))
}
