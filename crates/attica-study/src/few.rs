//! When clusters are few, or few of them are treated: what clustered standard errors cannot be trusted with, and the same
//! headline effects under tests that do not lean on many clusters. Nobody has to ask for it.

use attica::design::cluster_codes;
use attica::estimator::event::EventStudy;
use attica::estimator::{Data, Spec, find};
use attica::fit::few_treated;
use attica::frame::MISSING;
use attica::message::{Result, Warning};
use attica::meter::Meter;
use attica::text::Text;
use attica::vcov::Vcov;
use attica::wild::WildOptions;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::effects::{Answer, Overall};
use crate::placebo::{Draws, test};
use crate::studyfile::PlaceboKind;

/// Clusters below which clustered standard errors are doubtful.
const FEW: usize = 30;
/// Permutations that are drawn without being asked for.
const PERMUTATIONS: usize = 499;
/// Rows beyond which they are not: every one of them estimates anew.
const MOST_ROWS: usize = 5_000;
/// What is said of a wild bootstrap that was asked for.
const OF_THE_BOOTSTRAP: [&str; 4] = ["W413", "W414", "W415", "N416"];

/// The headline effects of all estimators where clusters are few.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FewClusters {
    /// The cluster variable.
    pub by: String,
    /// Clusters with an outcome.
    pub clusters: usize,
    /// Those in which a row is treated.
    pub treated: usize,
    /// One for each estimator with an answer.
    pub rows: Vec<FewRow>,
    /// `W420`, where few clusters are treated or untreated.
    pub warnings: Vec<Warning>,
    /// The wild bootstrap was not asked for.
    #[serde(skip)]
    uninvited: bool,
}

/// A headline effect under several tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FewRow {
    /// Registered name.
    pub estimator: String,
    /// What a table calls it.
    pub label: Text,
    /// The effect with its usual test and the wild bootstrap, where it has one.
    pub overall: Overall,
    /// Its permutation test: adoption dates over clusters.
    pub permutation: Option<Permutation>,
    /// Why there is none.
    pub absent: Option<Warning>,
}

/// Two-sided p-values of a permutation test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Permutation {
    /// By the effect.
    pub p_value: f64,
    /// By its t statistic, where draws have one.
    pub p_value_t: Option<f64>,
    /// Permutations.
    pub draws: usize,
    /// They are all that exist.
    pub exact: bool,
}

impl FewClusters {
    /// Looks at the clusters of `spec`; none when there are enough on both sides, or errors are not clustered one way.
    /// Where they are few, `spec` is made to ask for the wild bootstrap, unless it does.
    ///
    /// # Errors
    /// `E603` for a column that does not exist.
    pub fn look(data: Data<'_>, spec: &mut Spec) -> Result<Option<Self>> {
        let (Vcov::Cluster(_), [by]) = (&spec.fit.vcov, spec.fit.vcov.clusters()) else { return Ok(None) };
        let codes = cluster_codes(data.frame, Some(data.panel), by)?;
        let (outcome, treatment) = (data.frame.numbers(&spec.outcome)?, data.frame.numbers(&spec.treatment)?);
        let (mut seen, mut treated) = (vec![false; codes.levels], vec![false; codes.levels]);
        for ((&code, y), d) in codes.codes.iter().zip(outcome).zip(treatment) {
            if code != MISSING && !y.is_nan() && !d.is_nan() {
                seen[code as usize] = true;
                treated[code as usize] |= *d != 0.0;
            }
        }
        let count = |marks: &[bool]| marks.iter().filter(|mark| **mark).count();
        let (clusters, treated) = (count(&seen), count(&treated));
        let caution = few_treated(by, treated, clusters);
        // One treated cluster is told apart (W213), and needs the comparison most.
        if clusters < 2 || (clusters >= FEW && treated != 1 && caution.is_none()) {
            return Ok(None);
        }
        let found = Self {
            by: by.clone(),
            clusters,
            treated,
            rows: Vec::new(),
            warnings: caution.into_iter().collect(),
            uninvited: spec.fit.wild.is_none(),
        };
        if found.uninvited {
            spec.fit.wild = Some(WildOptions::suited(clusters, spec.fit.level, spec.seed));
        }
        Ok(Some(found))
    }

    /// What to say where clusters are few and units, each a cluster, are condensed: there is nothing that draws could be
    /// taken from.
    ///
    /// # Errors
    /// `E603` for a column that does not exist.
    pub fn untested(data: Data<'_>, spec: &Spec) -> Result<Vec<Warning>> {
        let (outcome, treatment) = (data.frame.numbers(&spec.outcome)?, data.frame.numbers(&spec.treatment)?);
        let (mut seen, mut treated) = (vec![false; data.adoption.len()], vec![false; data.adoption.len()]);
        for ((&unit, y), d) in data.panel.unit.iter().zip(outcome).zip(treatment) {
            if !y.is_nan() && !d.is_nan() {
                seen[unit as usize] = true;
                treated[unit as usize] |= *d != 0.0;
            }
        }
        let count = |marks: &[bool]| data.panel.count((0..marks.len() as u32).filter(|&unit| marks[unit as usize]));
        let (clusters, treated) = (count(&seen), count(&treated));
        let caution = few_treated(&data.panel.unit_name, treated, clusters);
        if clusters < 2 || (clusters >= FEW && treated != 1 && caution.is_none()) {
            return Ok(Vec::new());
        }
        let told = Warning::new(
            "N733",
            "few units are on one side, and the tests for few clusters need the units one by one: they are left out for a file that is read in passes",
            "某一侧个体过少，而针对少数聚类的检验需要逐个个体的数据：按多次遍历读取的文件不作此检验",
        );
        Ok(caution.into_iter().chain([told]).collect())
    }

    /// Compares the answers that `spec` got. What there is to say of a bootstrap that nobody asked for is said where its
    /// p-values stand, not once for each estimator and event time.
    pub fn compare<'a>(
        &mut self,
        answers: impl Iterator<Item = (&'a mut Answer, Option<&'a mut EventStudy>)>,
        data: Data<'_>,
        spec: &Spec,
    ) {
        let mut headlines = Vec::new();
        for (answer, study) in answers {
            if self.uninvited {
                let other = |warning: &Warning| !OF_THE_BOOTSTRAP.contains(&warning.id.as_str());
                answer.warnings.retain(other);
                if let Some(study) = study {
                    study.warnings.retain(other);
                }
            }
            headlines.push((answer.estimator.clone(), answer.label.clone(), answer.overall.clone()));
        }
        let compare = |(estimator, label, overall): (String, Text, Overall)| {
            let (permutation, absent) = match self.permute(&estimator, data, spec) {
                Ok(found) => (Some(found), None),
                Err(why) => (None, Some(why)),
            };
            FewRow { estimator, label, overall, permutation, absent }
        };
        self.rows = headlines.into_par_iter().map(compare).collect();
    }

    fn permute(&self, name: &str, data: Data<'_>, spec: &Spec) -> std::result::Result<Permutation, Warning> {
        let rows = data.frame.rows();
        if rows > MOST_ROWS {
            return Err(Warning::new(
                "N420",
                format!(
                    "permutations are not drawn unasked beyond {MOST_ROWS} rows (here {rows}): ask for them, --placebo 999 --placebo-kind cohort or [placebo]"
                ),
                format!(
                    "超过{MOST_ROWS}行（此处{rows}行）时不自动进行置换检验：请用--placebo 999 --placebo-kind cohort或[placebo]"
                ),
            ));
        }
        let clusters = (self.by != data.panel.unit_name).then(|| self.by.clone());
        let draws = Draws { draws: PERMUTATIONS, seed: spec.seed, strata: None, clusters, meter: Meter::default() };
        let mut plain = spec.clone();
        plain.fit.wild = None;
        let drawn = find(name).and_then(|one| test(one, data, &plain, PlaceboKind::Cohort, &draws, (&[], &[])));
        let why = |id: &str, said: Text| Warning { id: id.to_owned(), text: said };
        let found = drawn.map_err(|problem| why(&problem.id, problem.text()))?;
        let none = Text::new("no permutation has an effect", "没有一次置换能得到效应");
        let p_value = found.p_two_sided.ok_or_else(|| why("N420", none))?;
        let (draws, exact) = (found.drawn, found.exact);
        Ok(Permutation { p_value, p_value_t: found.p_two_sided_t, draws, exact })
    }
}
