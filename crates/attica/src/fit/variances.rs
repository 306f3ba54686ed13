//! The same coefficient under many covariances, from one fit: nothing is absorbed or solved again.

use serde::{Deserialize, Serialize};

use super::{Fit, examine};
use crate::absorb::is_nested;
use crate::design::{self, Codes};
use crate::expr::Expr;
use crate::frame::Frame;
use crate::message::{Problem, Result, Warning};
use crate::panel::Panel;
use crate::vcov::{Conley, Kernel, Offered, Ssc, Vcov, usual_cutoff};
use crate::wild::{ConfidenceSet, Wild, WildOptions, WildWeights};

/// A coefficient under one covariance, or why it has none there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Variance {
    /// The coefficient.
    pub term: String,
    /// Kind: `iid`, `CR2(city)`; `wild(city)` and `permutation(unit)` have a p-value and no standard error.
    pub vcov: String,
    /// The covariance that tables print.
    pub main: bool,
    /// Standard error.
    pub std_error: Option<f64>,
    /// t statistic.
    pub statistic: Option<f64>,
    /// Degrees of freedom of this coefficient; absent for the normal distribution.
    pub df: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
    /// Lower end of the confidence interval.
    pub conf_low: Option<f64>,
    /// Upper end of the confidence interval.
    pub conf_high: Option<f64>,
    /// Clusters per variable.
    pub clusters: Vec<usize>,
    /// The software whose number this is.
    pub equals: String,
    /// What was noticed.
    pub warnings: Vec<Warning>,
    /// Why there is no number.
    pub absent: Option<Warning>,
}

impl Fit {
    /// Makes a cluster variable known, one code per row used; one of the same name is replaced.
    pub fn know(&mut self, cluster: Codes) {
        let nested = self.absorbed.iter().map(|effect| is_nested(&effect.by, &cluster)).collect();
        if let Some(at) = self.clusters.iter().position(|known| known.name == cluster.name) {
            (self.clusters[at], self.nested[at]) = (cluster, nested);
        } else {
            self.clusters.push(cluster);
            self.nested.push(nested);
        }
    }

    /// What the frame that this fit is from offers besides: a level above the unit (or above the first cluster
    /// variable, without a panel) and coordinates. Columns in `taken` are no level.
    pub fn offered(&self, frame: &Frame, panel: Option<&Panel>, taken: &[&str]) -> Offered {
        let unit = self.panel.as_ref().map(|(unit, _)| unit);
        let level = unit.or(self.clusters.first());
        let space = design::coordinates(frame).and_then(|[latitude, longitude]| {
            let take =
                |name: &str| frame.numbers(name).map(|all| self.sample.iter().map(|&r| all[r as usize]).collect());
            let cutoff = usual_cutoff(&[take(&latitude).ok()?, take(&longitude).ok()?])?;
            Some(Conley { latitude, longitude, cutoff, kernel: Kernel::Bartlett, lags: 0 })
        });
        Offered {
            unit: unit.map(|unit| unit.name.clone()),
            time: panel.filter(|_| unit.is_some()).map(|panel| panel.time_name.clone()),
            coarser: level.and_then(|unit| design::coarser(frame, unit, &self.sample, taken)),
            space,
        }
    }

    /// Makes the cluster variables and coordinates of `vcov` known, from the frame that this fit is from.
    ///
    /// # Errors
    /// `E603` for an unknown column, `E406` for a cluster variable and `E410` for coordinates that are missing in a row.
    pub fn learn(&mut self, frame: &Frame, panel: Option<&Panel>, vcov: &Vcov) -> Result<()> {
        for name in vcov.clusters() {
            if self.clusters.iter().all(|known| known.name != *name) {
                self.know(Codes::of(frame, panel, name, &self.sample)?);
            }
        }
        if let Some(names) = vcov.coordinates() {
            let mut places = [Vec::new(), Vec::new()];
            for (place, name) in places.iter_mut().zip(&names) {
                let all = frame.numbers(name)?;
                place.extend(self.sample.iter().map(|&row| all[row as usize]));
                let missing = place.iter().filter(|x| !x.is_finite()).count();
                if missing > 0 {
                    let column = Expr::column(name);
                    let message =
                        format!("{vcov} needs the coordinates of every row, and {column} is missing in {missing}");
                    return Err(Problem::new("E410", message).fix("fill them in, or leave these rows out"));
                }
            }
            self.coordinates = Some(places);
        }
        Ok(())
    }

    /// [`Fit::variances`] for any list: what a covariance needs is taken from the frame, without losing a row.
    pub fn variances_in(
        &mut self,
        frame: &Frame,
        panel: Option<&Panel>,
        position: usize,
        list: &[Vcov],
        ssc: &Ssc,
    ) -> Vec<Variance> {
        let mut rows = Vec::with_capacity(list.len());
        for vcov in list {
            rows.push(match self.learn(frame, panel, vcov) {
                Ok(()) => self.variance(position, vcov, *ssc),
                Err(problem) => Variance { absent: Some(why(&problem)), ..self.named(position, vcov) },
            });
        }
        rows
    }

    /// The coefficient at `position` under each covariance of the list, by the small-sample rule `ssc`.
    pub fn variances(&self, position: usize, list: &[Vcov], ssc: &Ssc) -> Vec<Variance> {
        list.iter().map(|vcov| self.variance(position, vcov, *ssc)).collect()
    }

    /// The test of the coefficient at `position` by the wild cluster bootstrap, null imposed: a p-value and a confidence
    /// set, no standard error. `by` names the one variable that standard errors are clustered by.
    pub fn wild_variance(&self, position: usize, by: &str, seed: u64) -> Variance {
        let named = Variance { vcov: format!("wild({by})"), main: false, ..self.named(position, &Vcov::cluster(by)) };
        let clusters = self.clusters.iter().find(|codes| codes.name == by).map_or(usize::MAX, |codes| codes.levels);
        let options = WildOptions::suited(clusters, self.level, seed);
        match Wild::new(self, &options).and_then(|wild| wild.coefficient(position, 0.0)) {
            Err(problem) => Variance { absent: Some(why(&problem)), ..named },
            Ok(test) => Variance {
                statistic: Some(test.statistic),
                p_value: Some(test.p_value),
                conf_low: test.set.as_ref().and_then(ConfidenceSet::low),
                conf_high: test.set.as_ref().and_then(ConfidenceSet::high),
                equals: match options.weights {
                    WildWeights::Rademacher => "Python wildboottest; pyfixest wildboottest".to_owned(),
                    _ => "Stata boottest, weight(webb)".to_owned(),
                },
                clusters: vec![test.clusters],
                warnings: test.warnings,
                ..named
            },
        }
    }

    fn named(&self, position: usize, vcov: &Vcov) -> Variance {
        let main = *vcov == self.inference.vcov;
        Variance { term: self.names[position].clone(), vcov: vcov.to_string(), main, ..Variance::default() }
    }

    fn variance(&self, position: usize, vcov: &Vcov, ssc: Ssc) -> Variance {
        let name = self.named(position, vcov);
        let inference = match self.infer(vcov, &ssc) {
            Ok(inference) => inference,
            Err(problem) => return Variance { absent: Some(why(&problem)), ..name },
        };
        let df = inference.df.as_ref().map_or(inference.adjustment.df, |own| own[position]);
        let variance = inference.covariance[(position, position)];
        let mut warnings = inference.warnings.clone();
        // Of degrees of freedom that few clusters leave, and of coefficients that one leaves, only this one matters here.
        warnings.retain(|warning| warning.id != "W422" && warning.id != "W411");
        if let (Some(&lost @ 1..), Some(by)) = (inference.lost.get(position), vcov.clusters().first()) {
            let cluster = self.clusters.iter().find(|codes| codes.name == *by);
            let why = cluster.map(|cluster| examine::unidentified(vcov, &name.term, lost, cluster));
            return Variance { absent: why, warnings, clusters: inference.clusters, ..name };
        }
        if let (Some(own), [groups]) = (&inference.df, &inference.clusters[..]) {
            warnings.extend(examine::few_degrees(
                vcov,
                &self.names[position..=position],
                &own[position..=position],
                *groups,
            ));
        }
        if !(variance > 0.0 && variance.is_finite() && df > 0.0) {
            return Variance { absent: Some(no_variance(vcov)), warnings, ..name };
        }
        let term = self.term_with(&name.term, self.coefficients[position], variance, df);
        Variance {
            std_error: Some(term.std_error),
            statistic: Some(term.statistic),
            df: df.is_finite().then_some(df),
            p_value: Some(term.p_value),
            conf_low: Some(term.conf_low),
            conf_high: Some(term.conf_high),
            equals: self.card_of(&inference).equals,
            clusters: inference.clusters,
            warnings,
            ..name
        }
    }
}

/// Why a covariance is not defined here, in both languages.
fn why(problem: &Problem) -> Warning {
    Warning { id: problem.id.clone(), text: problem.text() }
}

/// `W703`: nothing is left of a variance once negative eigenvalues are set to zero, or clusters explain it whole.
fn no_variance(vcov: &Vcov) -> Warning {
    Warning::new(
        "W703",
        format!("{vcov} leaves no positive variance for this coefficient"),
        format!("{vcov}下该系数没有正的方差"),
    )
}
