//! Small-sample rules as one object: how parameters are counted, what the sandwich is multiplied
//! with, and which distribution tests refer to. Software differs in nothing else.

use std::fmt;

use crate::absorb::Share;
use crate::message::{Problem, Result};

use super::Vcov;

/// Which absorbed effects count as parameters when errors are clustered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Those that are not nested in a cluster variable (one parameter if all are nested).
    Nonnested,
    /// All.
    Full,
    /// All, but a single effect that is nested in every cluster variable leaves one parameter.
    FullButOne,
    /// None.
    Neither,
}

/// The presets by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Stata `reghdfe`.
    Reghdfe,
    /// R `fixest`, pyfixest.
    Fixest,
    /// Stata `xtreg`.
    Xtreg,
    /// Stata `areg`, `regress` with dummies, R `lm`.
    Areg,
    /// Python `linearmodels`.
    Linearmodels,
    /// R `plm`.
    Plm,
    /// No adjustment.
    None,
}

/// A small-sample rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ssc {
    /// Where it comes from.
    pub preset: Preset,
    /// Effects that count in K of clustered errors.
    pub counted: Counted,
    /// Redundant levels are found from the data (connected components), instead of one per effect
    /// after the first.
    pub exact: bool,
    /// Multiply with (N-1)/(N-K), or N/(N-K) for heteroskedastic errors.
    pub parameters: bool,
    /// Multiply with G/(G-1) when clustered.
    pub clusters: bool,
    /// N instead of N-1 in the factor of clustered errors.
    pub whole: bool,
    /// With clusters, tests refer to t with min(G)-1 degrees of freedom instead of N-K.
    pub df_clusters: bool,
}

/// What the sandwich is multiplied with, as a product: the value and the words of an SE card are made of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factor {
    /// `G/(G-1)` with the smallest number of clusters, `T/(T-1)` with the number of periods.
    pub groups: Option<char>,
    /// `N/(N-K)` (true) or `(N-1)/(N-K)` (false).
    pub rows: Option<bool>,
}

impl Factor {
    /// For `n` observations, `k` parameters as counted, and `groups` clusters or periods.
    fn value(self, n: f64, k: f64, groups: f64) -> f64 {
        let rows = self.rows.map_or(1.0, |whole| if whole { n / (n - k) } else { (n - 1.0) / (n - k) });
        rows * self.groups.map_or(1.0, |_| groups / (groups - 1.0))
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.groups.map(|g| format!("{g}/({g}-1)"));
        let rows = self.rows.map(|whole| if whole { "N/(N-K)" } else { "(N-1)/(N-K)" }.to_owned());
        let parts: Vec<String> = groups.into_iter().chain(rows).collect();
        f.write_str(if parts.is_empty() { "1".to_owned() } else { parts.join(" * ") }.as_str())
    }
}

/// What a rule makes of one regression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjustment {
    /// Parameters as counted.
    pub k: usize,
    /// Factor of the sandwich; for iid errors that of `e'e/N`.
    pub factor: f64,
    /// What that factor is made of.
    pub formula: Factor,
    /// Degrees of freedom of t; infinite for the normal distribution.
    pub df: f64,
}

impl Default for Ssc {
    /// The rule of `reghdfe`.
    fn default() -> Self {
        Self::of(Preset::Reghdfe)
    }
}

impl Ssc {
    /// The rule of a preset.
    pub fn of(preset: Preset) -> Self {
        let base = Self {
            preset,
            counted: Counted::Nonnested,
            exact: true,
            parameters: true,
            clusters: true,
            whole: false,
            df_clusters: true,
        };
        match preset {
            Preset::Reghdfe | Preset::Xtreg => base,
            Preset::Fixest => Self { exact: false, ..base },
            Preset::Areg => Self { counted: Counted::Full, ..base },
            Preset::Linearmodels => {
                Self { counted: Counted::FullButOne, clusters: false, whole: true, df_clusters: false, ..base }
            }
            Preset::Plm => {
                Self { counted: Counted::Full, parameters: false, clusters: false, df_clusters: false, ..base }
            }
            Preset::None => Self { counted: Counted::Neither, parameters: false, clusters: false, ..base },
        }
    }

    /// Reads what users type.
    ///
    /// # Errors
    /// `E602` for a word that is no preset.
    pub fn parse(word: &str) -> Result<Self> {
        let preset = match word.trim().to_lowercase().as_str() {
            "reghdfe" | "stata" | "nonnested" => Preset::Reghdfe,
            "fixest" | "feols" | "pyfixest" => Preset::Fixest,
            "xtreg" | "stata-xtreg" => Preset::Xtreg,
            "areg" | "lm" | "lsdv" | "regress" | "full" => Preset::Areg,
            "linearmodels" => Preset::Linearmodels,
            "plm" => Preset::Plm,
            "none" => Preset::None,
            _ => {
                return Err(Problem::new("E602", format!("\"{word}\" is no small-sample rule"))
                    .fix("one of reghdfe, fixest, xtreg, areg, linearmodels, plm, none"));
            }
        };
        Ok(Self::of(preset))
    }

    /// Name of the preset.
    pub fn name(&self) -> &'static str {
        match self.preset {
            Preset::Reghdfe => "reghdfe",
            Preset::Fixest => "fixest",
            Preset::Xtreg => "xtreg",
            Preset::Areg => "areg",
            Preset::Linearmodels => "linearmodels",
            Preset::Plm => "plm",
            Preset::None => "none",
        }
    }

    /// Parameters: `k` regressors (with a constant, if there is one) and the absorbed effects whose
    /// `nested` flag does not exempt them. Without clusters pass no flags: all effects count.
    pub fn parameters(&self, k: usize, shares: &[Share], nested: Option<&[bool]>) -> usize {
        let counted = match self.counted {
            Counted::Neither => Counted::Neither,
            Counted::Nonnested if nested.is_some() => Counted::Nonnested,
            Counted::FullButOne if nested.is_some() && shares.len() == 1 => Counted::Nonnested,
            _ => Counted::Full,
        };
        let counts = |effect: usize| match counted {
            Counted::Full | Counted::FullButOne => true,
            Counted::Neither => false,
            Counted::Nonnested => !nested.is_some_and(|flags| flags[effect]),
        };
        if shares.is_empty() || counted == Counted::Neither {
            return k;
        }
        let intercepts = shares.iter().any(|share| share.intercept);
        if self.exact {
            let effects: usize = shares
                .iter()
                .filter(|share| counts(share.effect))
                .map(|share| share.levels - share.redundant(|earlier| counts(shares[earlier].effect)).min(share.levels))
                .sum();
            // The constant stays when every effect is nested.
            return k + effects.max(usize::from(intercepts));
        }
        let all: usize = shares.iter().map(|share| share.levels).sum::<usize>() - (shares.len() - 1);
        let exempt: usize = shares.iter().filter(|share| !counts(share.effect)).map(|share| share.levels - 1).sum();
        k + all - exempt
    }

    /// All parameters, every effect counted: from the data, or by rule of thumb where this rule takes that.
    pub fn all_parameters(&self, k: usize, shares: &[Share]) -> usize {
        Self { counted: Counted::Full, ..*self }.parameters(k, shares, None)
    }

    /// What a covariance is multiplied with under this rule.
    pub fn formula(&self, vcov: &Vcov) -> Factor {
        let none = Factor::default();
        match vcov {
            // These carry their correction in themselves.
            Vcov::Hc2 | Vcov::Hc3 | Vcov::Cr2(_) | Vcov::Crv3(_) => none,
            _ if self.preset == Preset::None => none,
            // As fixest: all effects count, and periods are what a cluster is elsewhere.
            Vcov::NeweyWest(_) | Vcov::DriscollKraay(_) => Factor { groups: Some('T'), rows: Some(false) },
            Vcov::Conley(_) => Factor { rows: Some(false), ..none },
            Vcov::Hc1 if self.preset == Preset::Plm => none,
            Vcov::Iid | Vcov::Hc1 => Factor { rows: Some(true), ..none },
            Vcov::Cluster(_) => {
                Factor { groups: self.clusters.then_some('G'), rows: self.parameters.then_some(self.whole) }
            }
        }
    }

    /// Factor and degrees of freedom for `n` observations, `k` parameters as counted, `full`
    /// parameters in all, and the number of clusters per variable (of periods for serial correlation).
    pub fn adjust(&self, vcov: &Vcov, n: f64, k: usize, full: usize, clusters: &[usize]) -> Adjustment {
        let smallest = clusters.iter().copied().min().unwrap_or(0) as f64;
        let formula = self.formula(vcov);
        let factor = formula.value(n, k as f64, smallest);
        let serial = matches!(vcov, Vcov::NeweyWest(_) | Vcov::DriscollKraay(_) | Vcov::Crv3(_));
        let df = if (self.df_clusters || serial) && !clusters.is_empty() { smallest - 1.0 } else { n - full as f64 };
        Adjustment { k, factor, formula, df }
    }

    /// The software whose standard error this is, by names alone, the same in every language; empty where we know of none.
    pub fn equals(&self, vcov: &Vcov, effects: usize) -> String {
        // fixest counts redundant levels by a rule of thumb unless told otherwise.
        let exact = if self.exact && effects > 1 { " (K.exact = TRUE)" } else { "" };
        match vcov {
            Vcov::Hc2 | Vcov::Hc3 => return "R sandwich vcovHC; Stata vce(hc2), vce(hc3)".to_owned(),
            Vcov::Cr2(_) => {
                return "R clubSandwich vcovCR (CR2); Stata vce(hc2 cluster, dfadjust)".to_owned();
            }
            Vcov::Crv3(_) => return "R summclust; Stata summclust (CRV3)".to_owned(),
            Vcov::Conley(_) => return String::new(),
            _ if self.preset == Preset::None => return String::new(),
            Vcov::NeweyWest(_) => return format!("R fixest NW{exact}"),
            Vcov::DriscollKraay(_) => return format!("R fixest DK{exact}"),
            Vcov::Iid | Vcov::Hc1 | Vcov::Cluster(_) => {}
        }
        let clustered = matches!(vcov, Vcov::Cluster(_));
        match (self.preset, effects) {
            (Preset::Reghdfe | Preset::Fixest, 0) => "Stata regress; R fixest feols".to_owned(),
            (Preset::Reghdfe, _) => format!("Stata reghdfe; R fixest feols{exact}"),
            (Preset::Fixest, _) => "R fixest feols (≥ 0.13); pyfixest feols".to_owned(),
            (Preset::Xtreg, _) if clustered => "Stata xtreg y x i.t, fe vce(cluster)".to_owned(),
            // xtreg, fe vce(robust) clusters by the unit.
            (Preset::Xtreg, _) if *vcov == Vcov::Hc1 => String::new(),
            (Preset::Xtreg, _) => "Stata xtreg y x i.t, fe".to_owned(),
            (Preset::Areg, _) if clustered => "Stata areg, vce(cluster)".to_owned(),
            (Preset::Areg, _) if *vcov == Vcov::Hc1 => "Stata areg, vce(robust); R sandwich vcovHC (HC1)".to_owned(),
            (Preset::Areg, _) => "Stata areg; R lm".to_owned(),
            (Preset::Linearmodels, _) => "Python linearmodels PanelOLS".to_owned(),
            (Preset::Plm, _) if clustered => "R plm vcovHC (type HC0)".to_owned(),
            (Preset::Plm, _) if *vcov == Vcov::Hc1 => "R plm vcovHC (white1, type HC0)".to_owned(),
            (Preset::Plm, _) => "R plm".to_owned(),
            (Preset::None, _) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_way(cities: usize, years: usize) -> [Share; 2] {
        [
            Share { name: "city".into(), effect: 0, intercept: true, levels: cities, flat: 0, shared: vec![] },
            Share { name: "year".into(), effect: 1, intercept: true, levels: years, flat: 0, shared: vec![1] },
        ]
    }

    #[test]
    fn a_covariance_without_adjustment_names_no_software() {
        for vcov in [Vcov::NeweyWest(None), Vcov::DriscollKraay(Some(2))] {
            assert_eq!(Ssc::of(Preset::None).equals(&vcov, 2), "");
            assert!(Ssc::of(Preset::Fixest).equals(&vcov, 2).starts_with("R fixest"));
        }
    }

    #[test]
    fn cities_nested_in_the_cluster_leave_k_plus_years() {
        let shares = two_way(285, 11);
        for preset in [Preset::Reghdfe, Preset::Fixest, Preset::Xtreg] {
            assert_eq!(Ssc::of(preset).parameters(4, &shares, Some(&[true, false])), 4 + 11);
            assert_eq!(Ssc::of(preset).parameters(4, &shares, None), 4 + 285 + 10);
            assert_eq!(Ssc::of(preset).parameters(4, &shares, Some(&[true, true])), 5);
        }
        assert_eq!(Ssc::of(Preset::Areg).parameters(4, &shares, Some(&[true, false])), 4 + 295);
        assert_eq!(Ssc::of(Preset::None).parameters(4, &shares, Some(&[true, false])), 4);
    }

    #[test]
    fn disconnected_effects_are_seen_only_by_the_exact_rule() {
        let mut shares = two_way(30, 8);
        shares[1].shared = vec![2];
        assert_eq!(Ssc::of(Preset::Reghdfe).parameters(1, &shares, None), 1 + 30 + 6);
        assert_eq!(Ssc::of(Preset::Fixest).parameters(1, &shares, None), 1 + 30 + 7);
    }
}
