//! Tests of the wild bootstrap as results keep them.

use serde::{Deserialize, Serialize};

use super::{ConfidenceSet, Wild, WildOptions, WildTest, WildWeights};
use crate::fit::{Fit, FitRecord};
use crate::message::{Problem, Result, Warning};

/// A test that one effect is zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WildRecord {
    /// Two-sided p-value.
    pub p_value: f64,
    /// Lower end of the confidence set; absent when it has none.
    pub conf_low: Option<f64>,
    /// Upper end; absent when there is none.
    pub conf_high: Option<f64>,
    /// The pieces of a confidence set that has several; an end that is absent is open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<[Option<f64>; 2]>,
    /// Draws.
    pub draws: usize,
    /// `WCR11` and the like, or `score` for the bootstrap of influence functions.
    #[serde(rename = "type")]
    pub kind: String,
    /// The draws are all combinations of signs.
    pub enumerated: bool,
    /// Random weights.
    pub weights: WildWeights,
    /// Clusters that weights are drawn for.
    pub clusters: usize,
    /// Seed.
    pub seed: u64,
}

impl WildTest {
    /// What results keep of it.
    pub fn record(&self) -> WildRecord {
        let finite = |end: f64| Some(end).filter(|end| end.is_finite());
        let pieces = self.set.as_ref().filter(|set| set.pieces.len() > 1);
        WildRecord {
            p_value: self.p_value,
            conf_low: self.set.as_ref().and_then(ConfidenceSet::low),
            conf_high: self.set.as_ref().and_then(ConfidenceSet::high),
            pieces: pieces.map_or_else(Vec::new, |set| set.pieces.iter().map(|piece| piece.map(finite)).collect()),
            draws: self.draws,
            kind: self.kind.map_or_else(|| "score".to_owned(), |kind| kind.to_string()),
            enumerated: self.enumerated,
            weights: self.weights,
            clusters: self.clusters,
            seed: self.seed,
        }
    }
}

/// The record of a regression, with a test of each coefficient where `options` ask for it.
///
/// # Errors
/// Those of [`Wild::new`].
pub fn record(fit: &Fit, options: Option<&WildOptions>) -> Result<FitRecord> {
    Ok(tested(fit, options)?.0)
}

/// [`record`], and what further tests of the same regression draw from.
///
/// # Errors
/// Those of [`Wild::new`].
pub fn tested(fit: &Fit, options: Option<&WildOptions>) -> Result<(FitRecord, Option<Wild>)> {
    let mut record = fit.record();
    let Some(options) = options else { return Ok((record, None)) };
    let wild = Wild::new(fit, options)?;
    let tests: Vec<Result<WildTest>> = (0..fit.names.len()).map(|position| wild.coefficient(position, 0.0)).collect();
    record.warnings.extend(warnings(fit, &tests));
    for (term, test) in record.terms.iter_mut().zip(tests) {
        term.wild = test.ok().map(|test| Box::new(test.record()));
    }
    Ok((record, Some(wild)))
}

/// What was noticed of all coefficients, once; the rest with the name of the coefficient.
fn warnings(fit: &Fit, tests: &[Result<WildTest>]) -> Vec<Warning> {
    let given = || tests.iter().flatten();
    let common = |warning: &Warning| given().all(|test| test.warnings.contains(warning));
    let mut said: Vec<Warning> =
        given().next().into_iter().flat_map(|test| &test.warnings).filter(|w| common(w)).cloned().collect();
    for (name, test) in fit.names.iter().zip(tests) {
        match test {
            Ok(test) => said.extend(test.warnings.iter().filter(|w| !common(w)).map(|w| {
                Warning::new(&w.id, format!("\"{name}\": {}", w.text.en), format!("“{name}”：{}", w.text.zh))
            })),
            Err(problem) => said.push(none(&format!("\"{name}\""), &format!("“{name}”"), problem)),
        }
    }
    said
}

/// `W415`: no test of `en`, and why.
pub(crate) fn none(en: &str, zh: &str, why: &Problem) -> Warning {
    Warning::new(
        "W415",
        format!("no wild bootstrap of {en}: {}", why.message),
        format!("{zh}没有wild bootstrap：{}", why.message),
    )
}
