//! A family of tests: one policy and several outcomes, or several groups, or several treatments.

use serde::{Deserialize, Serialize};

use super::influence::{Influence, Together};
use super::step_down::romano_wolf;
use super::{Coefficients, adjust};
use crate::estimator::Estimate;
use crate::fit::{Fit, Term, Wald, seemingly_unrelated};
use crate::frame::{Frame, unknown_column};
use crate::message::{Problem, Result, Warning};
use crate::panel::Panel;
use crate::text::Text;
use crate::vcov::Vcov;

/// One estimate of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Outcome or group.
    pub name: String,
    /// Effect.
    pub term: Term,
    /// Influence of each cluster on it; none where the estimator has none.
    pub influence: Option<Influence>,
}

/// Adjusted p-values of a family.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// The coefficient that the family is about.
    pub coefficient: String,
    /// One row for each estimate.
    pub rows: Vec<FamilyRow>,
    /// Draws behind the bootstrap p-values; none when there are none.
    pub draws: Option<usize>,
    /// Clusters that were drawn.
    pub clusters: Option<usize>,
    /// Test that all effects are equal, where their joint covariance is known.
    pub equality: Option<Wald>,
}

/// One estimate of a family with its p-values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FamilyRow {
    /// Outcome or group.
    pub name: String,
    /// Effect.
    pub estimate: f64,
    /// Standard error.
    pub std_error: f64,
    /// t or z statistic.
    pub statistic: f64,
    /// p-value of this test alone.
    pub p_value: f64,
    /// Lower end of the confidence interval.
    pub conf_low: f64,
    /// Upper end of the confidence interval.
    pub conf_high: f64,
    /// Bonferroni.
    pub p_bonferroni: f64,
    /// Holm (1979).
    pub p_holm: f64,
    /// Benjamini and Hochberg (1995).
    pub q_benjamini_hochberg: f64,
    /// Benjamini, Krieger and Yekutieli (2006), Anderson (2008).
    pub q_sharpened: f64,
    /// Bootstrap p-value of this test alone.
    pub p_bootstrap: Option<f64>,
    /// Romano and Wolf (2005, 2016).
    pub p_romano_wolf: Option<f64>,
}

impl Family {
    /// The coefficient `term` in several regressions on the rows of `frame`, by name, with the test that it is equal in
    /// all of them. Where errors have no clusters that could be drawn, or no joint covariance is known, a note says so.
    ///
    /// # Errors
    /// Those of [`Family::new`]; `E603` where a regression has no such coefficient.
    pub fn of_fits(
        fits: &[(String, &Fit)],
        term: &str,
        frame: &Frame,
        panel: Option<&Panel>,
        draws: usize,
        seed: u64,
    ) -> Result<(Self, Vec<Warning>)> {
        let place = |(name, fit): &(String, &Fit)| {
            fit.position(term).ok_or_else(|| {
                let mut problem = unknown_column(term, fit.names.iter().map(String::as_str));
                problem.message = format!("the regression of \"{name}\" has no coefficient \"{term}\"");
                problem
            })
        };
        let places: Vec<usize> = fits.iter().map(place).collect::<Result<_>>()?;
        let members: Vec<Member> = fits
            .iter()
            .zip(&places)
            .map(|((name, fit), &place)| Member {
                name: name.clone(),
                term: fit.terms().swap_remove(place),
                influence: Some(fit.influence(place)),
            })
            .collect();
        let mut notes = Vec::new();
        let cluster = match fits.first() {
            Some((_, fit)) if draws > 0 => {
                let found = fit.resampled(frame, panel);
                notes.extend(found.is_err().then(|| no_draws(&fit.inference.vcov)));
                found.ok()
            }
            _ => None,
        };
        let mut family = Self::new(&members, cluster.as_deref(), draws, seed)?;
        let parts: Vec<(&Fit, usize)> = fits.iter().zip(&places).map(|((_, fit), &place)| (*fit, place)).collect();
        let names = fits.iter().map(|(name, _)| name.clone()).collect();
        match seemingly_unrelated(&parts, frame, panel, names) {
            Ok(joint) => family.equality = joint.equality(equal()),
            Err(problem) => notes.push(Warning::new(
                "N618",
                format!("no test that the effects are equal: {}", problem.message),
                "各回归的标准误类型不同或不可跨回归计算，故未检验各效应是否相等",
            )),
        }
        Ok((family, notes))
    }

    /// The headline effect of one estimator on several outcomes, by name; `cluster` is the code of each row of the frame.
    /// Estimates have an influence when [`crate::estimator::options::Options::influence`] asked for it.
    ///
    /// # Errors
    /// Those of [`Family::new`].
    pub fn of_estimates(
        found: &[(String, Estimate)],
        cluster: &[u32],
        draws: usize,
        seed: u64,
    ) -> Result<(Self, Vec<Warning>)> {
        let member = |(name, one): &(String, Estimate)| Member {
            name: name.clone(),
            term: one.overall.clone(),
            influence: one.influence.clone(),
        };
        let members: Vec<Member> = found.iter().map(member).collect();
        let mut family = Self::new(&members, Some(cluster), draws, seed)?;
        let mut notes = Vec::new();
        match members.iter().map(|member| member.influence.as_ref()).collect::<Option<Vec<_>>>() {
            Some(all) => {
                let df = found.iter().filter_map(|(_, one)| one.event_study.as_ref()?.df).reduce(f64::min);
                let joint = Coefficients {
                    names: members.iter().map(|member| member.name.clone()).collect(),
                    values: members.iter().map(|member| member.term.estimate).collect(),
                    covariance: Together::new(&all, cluster).influences.covariance(),
                    df: df.unwrap_or(f64::INFINITY),
                    own_df: None,
                    level: 0.95,
                    event_times: None,
                    resample: None,
                };
                family.equality = joint.equality(equal());
            }
            None => notes.push(Warning::new(
                "N617",
                "no Romano-Wolf p-values and no test of equality: this estimator has no influence of clusters to draw; \
                 Holm's need none",
                "该估计量没有可供抽取的聚类影响函数，故未计算Romano–Wolf校正p值与效应相等检验；Holm校正无需抽样",
            )),
        }
        Ok((family, notes))
    }

    /// The family of `members`, resampled `draws` times by `cluster` (the code of each row of the frame) when there
    /// are such and every member has an influence.
    ///
    /// # Errors
    /// `E607` for fewer than two members, or fewer than two clusters of one of them.
    pub fn new(members: &[Member], cluster: Option<&[u32]>, draws: usize, seed: u64) -> Result<Self> {
        if members.len() < 2 {
            return Err(Problem::new("E607", format!("a family of {} tests has nothing to adjust", members.len()))
                .fix("name two outcomes or more"));
        }
        let p: Vec<f64> = members.iter().map(|member| member.term.p_value).collect();
        let (bonferroni, holm) = (adjust::bonferroni(&p), adjust::holm(&p));
        let (discovery, sharpened) = (adjust::benjamini_hochberg(&p), adjust::sharpened(&p));
        let influences: Option<Vec<&Influence>> = members.iter().map(|member| member.influence.as_ref()).collect();
        let together = influences.zip(cluster).map(|(all, cluster)| Together::new(&all, cluster));
        if let Some(few) = together.as_ref().and_then(|t| t.clusters.iter().position(|g| *g < 2)) {
            return Err(Problem::new(
                "E607",
                format!("\"{}\" rests on one cluster, which cannot be resampled", members[few].name),
            )
            .fix("cluster by a variable with more levels"));
        }
        let statistics: Vec<f64> = members.iter().map(|member| member.term.statistic).collect();
        let drawn = together.as_ref().filter(|_| draws > 0).map(|all| romano_wolf(&statistics, all, draws, seed));
        let row = |(i, member): (usize, &Member)| {
            let Term { estimate, std_error, statistic, p_value, conf_low, conf_high, .. } = member.term;
            FamilyRow {
                name: member.name.clone(),
                estimate,
                std_error,
                statistic,
                p_value,
                conf_low,
                conf_high,
                p_bonferroni: bonferroni[i],
                p_holm: holm[i],
                q_benjamini_hochberg: discovery[i],
                q_sharpened: sharpened[i],
                p_bootstrap: drawn.as_ref().map(|drawn| drawn.unadjusted[i]),
                p_romano_wolf: drawn.as_ref().map(|drawn| drawn.adjusted[i]),
            }
        };
        Ok(Self {
            coefficient: members[0].term.term.clone(),
            rows: members.iter().enumerate().map(row).collect(),
            draws: drawn.as_ref().map(|drawn| drawn.draws),
            clusters: together.filter(|_| drawn.is_some()).map(|together| together.all),
            equality: None,
        })
    }
}

fn no_draws(vcov: &Vcov) -> Warning {
    Warning::new(
        "N617",
        format!("no Romano-Wolf p-values: with {vcov} there are no independent clusters to draw; Holm's need none"),
        format!("未计算Romano–Wolf校正p值：{vcov}下没有可供抽取的独立聚类；Holm校正无需抽样"),
    )
}

fn equal() -> Text {
    Text::new("all effects are equal", "各效应相等")
}
