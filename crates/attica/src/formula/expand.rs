//! From a formula that stands for several regressions to the list of them.

use std::collections::BTreeSet;

use super::{Formula, Level, Part, Sample, SingleFormula, Stepwise};
use crate::frame::{Frame, MISSING, Values};
use crate::message::Result;

/// Most regressions that one formula may stand for.
const MOST: usize = 10_000;

impl Formula {
    /// The regressions the formula stands for, in fixest's order: by sample, then effects, then outcome,
    /// then regressors, which vary fastest. `frame` gives the levels of a split.
    ///
    /// # Errors
    /// `E603` when the split's column does not exist; `E604` when there are more than 10,000 regressions.
    pub fn expand(&self, frame: &Frame) -> Result<Vec<SingleFormula>> {
        let samples = self.samples(frame)?;
        let terms = alternatives(&self.terms);
        let effects = alternatives(&self.effects);
        let count = samples.len() as f64 * self.outcomes.len() as f64 * terms.len() as f64 * effects.len() as f64;
        if count > MOST as f64 {
            let span = self.outcomes.first().map_or_else(Default::default, |y| y.span);
            return Err(span.problem("E604", format!("the formula stands for {count} regressions, more than {MOST}")));
        }
        let mut all = Vec::with_capacity(count as usize);
        for sample in &samples {
            for effects in &effects {
                for outcome in &self.outcomes {
                    for terms in &terms {
                        all.push(SingleFormula {
                            outcome: outcome.clone(),
                            terms: terms.clone(),
                            intercept: self.intercept,
                            effects: effects.clone(),
                            instrumented: self.instrumented.clone(),
                            sample: sample.clone(),
                        });
                    }
                }
            }
        }
        Ok(all)
    }

    fn samples(&self, frame: &Frame) -> Result<Vec<Option<Sample>>> {
        let Some(split) = &self.split else { return Ok(vec![None]) };
        let (column, _) = split.by.evaluate(frame, None)?;
        let levels: Vec<Level> = match &column.values {
            Values::Number(values) => {
                let mut distinct: Vec<f64> = values.iter().map(|x| x + 0.0).filter(|x| !x.is_nan()).collect();
                distinct.sort_by(f64::total_cmp);
                distinct.dedup();
                distinct.into_iter().map(Level::Number).collect()
            }
            Values::Text { codes, levels } => {
                let present: BTreeSet<u32> = codes.iter().copied().filter(|&c| c != MISSING).collect();
                let texts: BTreeSet<&String> = present.iter().map(|&c| &levels[c as usize]).collect();
                texts.into_iter().cloned().map(Level::Text).collect()
            }
        };
        let full = split.full.then_some(None);
        let parts = levels.into_iter().map(|level| Some(Sample { by: split.by.clone(), level }));
        Ok(full.into_iter().chain(parts).collect())
    }
}

/// Every choice that the parts allow; the last stepwise part varies fastest.
fn alternatives<T: Clone + PartialEq>(parts: &[Part<T>]) -> Vec<Vec<T>> {
    let mut all = vec![Vec::new()];
    for part in parts {
        let options = match part {
            Part::Fixed(term) => vec![vec![term.clone()]],
            Part::Steps(kind, options) => steps(*kind, options),
        };
        // Beyond the limit nothing is needed but the fact; expand() refuses.
        let extended = all.iter().flat_map(|chosen: &Vec<T>| {
            options.iter().map(move |option| {
                let mut next = chosen.clone();
                next.extend(option.iter().filter(|term| !chosen.contains(term)).cloned());
                next
            })
        });
        all = extended.take(MOST + 1).collect();
    }
    all
}

fn steps<T: Clone>(kind: Stepwise, options: &[Vec<T>]) -> Vec<Vec<T>> {
    let none = matches!(kind, Stepwise::NoneThenEach | Stepwise::NoneThenCumulative).then(Vec::new);
    let rest: Vec<Vec<T>> = match kind {
        Stepwise::Each | Stepwise::NoneThenEach => options.to_vec(),
        Stepwise::Cumulative | Stepwise::NoneThenCumulative => {
            (1..=options.len()).map(|count| options[..count].concat()).collect()
        }
        Stepwise::Subsets => {
            let mut subsets: Vec<Vec<usize>> = vec![Vec::new()];
            for i in 0..options.len() {
                let with: Vec<Vec<usize>> = subsets.iter().map(|s| [s.as_slice(), &[i]].concat()).collect();
                subsets.extend(with);
                if subsets.len() > MOST {
                    break;
                }
            }
            subsets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
            subsets.iter().map(|s| s.iter().flat_map(|&i| options[i].clone()).collect()).collect()
        }
    };
    none.into_iter().chain(rest).collect()
}
