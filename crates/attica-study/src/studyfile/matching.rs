//! `[matching]`: which controls look like the treated.

use attica::matching::panel::Timing;
use attica::matching::{Method, Neighbours};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OneOrMany, StudyFile};

/// Matching and weighting before the difference-in-differences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Matching {
    /// How controls are found: one way or a list.
    pub method: OneOrMany<MatchMethod>,
    /// When candidates are compared: one way or a list, each with every method.
    pub timing: OneOrMany<MatchTiming>,
    /// The period of `timing = "base"`; by default the last one before anybody is treated or may react.
    pub base: Option<f64>,
    /// Covariates; the model's controls by default.
    pub covariates: Vec<String>,
    /// Controls for each treated one (`nearest`, `mahalanobis`): 1 by default; a list matches once with each.
    pub neighbours: Option<OneOrMany<usize>>,
    /// Largest distance of a neighbour: between scores (`nearest`), or Mahalanobis' own (`mahalanobis`).
    pub caliper: Option<f64>,
    /// A control may be the neighbour of several treated ones.
    pub replacement: bool,
    /// Controls as near as the last neighbour are taken too.
    pub ties: bool,
    /// Largest distance between scores (`radius`): 0.05 by default.
    pub radius: Option<f64>,
    /// Bandwidth of the Epanechnikov kernel between scores (`kernel`): 0.06 by default.
    pub bandwidth: Option<f64>,
    /// Moments made equal (`entropy`): 1 means (the default), 2 variances too.
    #[schemars(range(min = 1, max = 2))]
    pub moments: Option<u8>,
    /// Leaves out treated ones whose score no control reaches (methods by score).
    pub common: bool,
}

impl Default for Matching {
    fn default() -> Self {
        Self {
            method: OneOrMany::One(MatchMethod::Nearest),
            timing: OneOrMany::One(MatchTiming::Base),
            base: None,
            covariates: Vec::new(),
            neighbours: None,
            caliper: None,
            replacement: true,
            ties: true,
            radius: None,
            bandwidth: None,
            moments: None,
            common: true,
        }
    }
}

impl Matching {
    /// Every method with its numbers, in the order of the list.
    pub fn methods(&self) -> Vec<Method> {
        let counts = self.neighbours.as_ref().map_or(&[1][..], OneOrMany::as_slice);
        let nearest = |count: &usize| Neighbours {
            count: *count,
            caliper: self.caliper,
            replacement: self.replacement,
            ties: self.ties,
        };
        let each = |method: &MatchMethod| -> Vec<Method> {
            match method {
                MatchMethod::Nearest => counts.iter().map(nearest).map(Method::Nearest).collect(),
                MatchMethod::Radius => vec![Method::Radius(self.radius.unwrap_or(0.05))],
                MatchMethod::Kernel => vec![Method::Kernel(self.bandwidth.unwrap_or(0.06))],
                MatchMethod::Mahalanobis => counts.iter().map(nearest).map(Method::Mahalanobis).collect(),
                MatchMethod::Entropy => vec![Method::Entropy(self.moments.unwrap_or(1))],
            }
        };
        self.method.as_slice().iter().flat_map(each).collect()
    }

    /// Every timing, with the base period in its place.
    pub fn timings(&self) -> Vec<(MatchTiming, Timing)> {
        let of = |timing: &MatchTiming| match timing {
            MatchTiming::Base => Timing::Base(self.base),
            MatchTiming::Yearly => Timing::Yearly,
            MatchTiming::Pooled => Timing::Pooled,
        };
        self.timing.as_slice().iter().map(|timing| (*timing, of(timing))).collect()
    }

    /// What candidates are compared by.
    pub fn covariates<'a>(&'a self, file: &'a StudyFile) -> &'a [String] {
        if self.covariates.is_empty() { &file.model.controls } else { &self.covariates }
    }

    /// What no schema can say against it.
    pub(super) fn mistakes<'a>(&'a self, file: &'a StudyFile) -> Vec<Mistake<'a>> {
        let mut found = self.of_lists();
        found.extend(self.of_covariates(file));
        found.extend(self.of_unused_keys());
        found.extend(self.of_numbers());
        found
    }

    fn of_lists(&self) -> Vec<Mistake<'_>> {
        fn twice<T: PartialEq>(list: &[T]) -> bool {
            (1..list.len()).any(|i| list[..i].contains(&list[i]))
        }
        let (methods, timings) = (self.method.as_slice(), self.timing.as_slice());
        let counts = self.neighbours.as_ref().map(OneOrMany::as_slice);
        let lists = [
            ("method", methods.is_empty(), twice(methods), "write method = \"nearest\", or a list of several"),
            ("timing", timings.is_empty(), twice(timings), "write timing = \"base\", or a list of several"),
            (
                "neighbours",
                counts == Some(&[]),
                counts.is_some_and(twice),
                "write neighbours = 1, or a list such as [1, 4]",
            ),
        ];
        let wrong = lists.into_iter().filter_map(|(key, none, twice, fix)| {
            let says = if none { "is empty" } else { "names one of its values twice" };
            (none || twice).then(|| ("E607", vec!["matching", key], format!("{key} {says}"), fix))
        });
        wrong.collect()
    }

    fn of_covariates<'a>(&'a self, file: &'a StudyFile) -> Vec<Mistake<'a>> {
        let (policy, panel) = (&file.policy, file.data.first());
        if self.covariates(file).is_empty() {
            let message = "[matching] has nothing to match on: it names no covariates, and the model has no controls";
            return vec![("E607", vec!["matching"], message.to_owned(), "add covariates = [\"…\"] under [matching]")];
        }
        let only_before = self.timing.as_slice().iter().all(|timing| *timing == MatchTiming::Base);
        let role = |i: usize, name: &String| {
            let is = |column: &Option<String>| column.as_ref() == Some(name);
            let roles = [
                (
                    "the policy",
                    *name == policy.name
                        || [&policy.first_treated, &policy.treated, &policy.path, &policy.continuous]
                            .into_iter()
                            .any(is),
                ),
                ("the unit", panel.is_some_and(|data| is(&data.unit))),
                ("the time", panel.is_some_and(|data| is(&data.time))),
                (
                    "the outcome, which may be matched on in the base period only",
                    !only_before && file.model.outcome.as_slice().contains(name),
                ),
                ("a covariate already", self.covariates[..i].contains(name)),
            ];
            roles.into_iter().find(|(_, is)| *is).map(|(role, _)| role)
        };
        let wrong = self.covariates.iter().enumerate().filter_map(|(i, name)| {
            let message = format!("\"{name}\" is a covariate of matching and also {}", role(i, name)?);
            Some(("E605", vec!["matching", "covariates"], message, "take it out of covariates"))
        });
        wrong.collect()
    }

    fn of_unused_keys(&self) -> Vec<Mistake<'_>> {
        let methods = self.method.as_slice();
        let uses = |any: &[MatchMethod]| any.iter().any(|method| methods.contains(method));
        let neighbours = uses(&[MatchMethod::Nearest, MatchMethod::Mahalanobis]);
        let of_neighbours =
            "it belongs to method = \"nearest\" or \"mahalanobis\": add one of them, or leave the key out";
        let keys = [
            ("neighbours", self.neighbours.is_some(), neighbours, of_neighbours),
            ("caliper", self.caliper.is_some(), neighbours, of_neighbours),
            ("replacement", !self.replacement, neighbours, of_neighbours),
            ("ties", !self.ties, neighbours, of_neighbours),
            (
                "radius",
                self.radius.is_some(),
                uses(&[MatchMethod::Radius]),
                "add \"radius\" to method, or leave the key out",
            ),
            (
                "bandwidth",
                self.bandwidth.is_some(),
                uses(&[MatchMethod::Kernel]),
                "add \"kernel\" to method, or leave the key out",
            ),
            (
                "moments",
                self.moments.is_some(),
                uses(&[MatchMethod::Entropy]),
                "add \"entropy\" to method, or leave the key out",
            ),
            (
                "base",
                self.base.is_some(),
                self.timing.as_slice().contains(&MatchTiming::Base),
                "add \"base\" to timing, or leave the key out",
            ),
        ];
        let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
        let unused = keys.into_iter().filter(|(_, given, used, _)| *given && !used).map(|(key, _, _, fix)| {
            let by = if key == "base" { "timing".to_owned() } else { format!("{} matching", names.join(", ")) };
            ("E607", vec!["matching", key], format!("{key} is not used by this {by}"), fix)
        });
        unused.collect()
    }

    fn of_numbers(&self) -> Vec<Mistake<'_>> {
        let mut found = Vec::new();
        for (key, value) in [("caliper", self.caliper), ("radius", self.radius), ("bandwidth", self.bandwidth)] {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value > 0.0)) {
                let message = format!("{key} = {value} is no distance");
                found.push(("E607", vec!["matching", key], message, "write a number above 0, such as 0.05"));
            }
        }
        if self.neighbours.as_ref().is_some_and(|counts| counts.as_slice().contains(&0)) {
            let message = "neighbours = 0 matches nobody".to_owned();
            found.push(("E607", vec!["matching", "neighbours"], message, "write 1 or more"));
        }
        let both =
            [MatchMethod::Nearest, MatchMethod::Mahalanobis].iter().all(|one| self.method.as_slice().contains(one));
        if self.caliper.is_some() && both {
            let message =
                "caliper is a distance of scores for nearest and one of covariates for mahalanobis: no number is both";
            found.push((
                "E607",
                vec!["matching", "caliper"],
                message.to_owned(),
                "leave caliper or one of the two methods out",
            ));
        }
        found
    }
}

/// Id, path in the file, message and fix.
type Mistake<'a> = (&'static str, Vec<&'a str>, String, &'static str);

/// How controls are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MatchMethod {
    /// Nearest neighbours by propensity score.
    Nearest,
    /// All controls within a distance of the score.
    Radius,
    /// All controls within a bandwidth, the nearer the heavier.
    Kernel,
    /// Nearest neighbours by Mahalanobis distance of the covariates.
    Mahalanobis,
    /// Weights of all controls that give them the moments of the treated.
    Entropy,
}

impl MatchMethod {
    /// Name as the study file writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Radius => "radius",
            Self::Kernel => "kernel",
            Self::Mahalanobis => "mahalanobis",
            Self::Entropy => "entropy",
        }
    }
}

/// When candidates are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MatchTiming {
    /// Once, before the policy.
    Base,
    /// In every period anew.
    Yearly,
    /// All treated rows with all untreated rows.
    Pooled,
}
