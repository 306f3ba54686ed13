//! What two-stage least squares refuses, and what it warns of.

use super::record::IvRecord;
use crate::fit::Omitted;
use crate::message::{Problem, Result, Warning};
use crate::text::Text;
use crate::vcov::{Preset, Vcov};

/// Below this F the instruments are called weak (Staiger and Stock 1997).
const WEAK: f64 = 10.0;

/// Endogenous regressors and the instruments that are left for them.
pub(super) struct Count {
    pub endogenous: usize,
    pub instruments: usize,
}

/// Covariances of two-stage least squares are those that references confirm.
///
/// # Errors
/// `E412` for all but iid, HC1 and clusters of one or two ways.
pub(in crate::fit) fn refuse(vcov: &Vcov) -> Result<()> {
    let why = match vcov {
        Vcov::Iid | Vcov::Hc1 => return Ok(()),
        Vcov::Cluster(by) if by.len() <= 2 => return Ok(()),
        Vcov::Cluster(by) => format!("clustering by {} variables is not offered", by.len()),
        Vcov::Hc2 | Vcov::Hc3 | Vcov::Cr2(_) | Vcov::Crv3(_) => {
            format!("{vcov} rests on leverages or refits of least squares and is not defined")
        }
        Vcov::NeweyWest(_) | Vcov::DriscollKraay(_) | Vcov::Conley(_) => format!("{vcov} is not offered"),
    };
    Err(Problem::new("E412", format!("{why} for two-stage least squares"))
        .fix("cluster by one or two variables (--cluster city, --cluster city,year), or use HC1 or iid"))
}

/// The software whose standard error this is; empty where we know of none.
pub(in crate::fit) fn equals(vcov: &Vcov, preset: Preset, effects: usize) -> String {
    let two_way = matches!(vcov, Vcov::Cluster(by) if by.len() > 1);
    let words = match (preset, effects) {
        (Preset::Reghdfe, 0) => "Stata ivreg2, small; R fixest feols",
        (Preset::Reghdfe, _) => "Stata ivreghdfe; R fixest feols",
        (Preset::Fixest, _) => "R fixest feols; pyfixest feols",
        (Preset::Areg, _) if !two_way => "Python linearmodels IV2SLS (debiased = True)",
        _ => "",
    };
    words.to_owned()
}

/// `E411`: instruments fewer than endogenous regressors; `lost` are those that say nothing.
pub(super) fn too_few(Count { endogenous, instruments }: &Count, lost: &[&Omitted]) -> Problem {
    let lost: Vec<String> = lost.iter().map(|o| format!("\"{}\" is left out: {}", o.name, o.reason.en)).collect();
    let lost = if lost.is_empty() { String::new() } else { format!(" ({})", lost.join("; ")) };
    Problem::new(
        "E411",
        match (*endogenous, *instruments) {
            (1, _) => format!("the endogenous regressor needs an instrument, and none is left{lost}"),
            (many, 0) => format!("{many} endogenous regressors need as many instruments, and none is left{lost}"),
            (many, 1) => format!("{many} endogenous regressors need as many instruments, and 1 is left{lost}"),
            (many, few) => format!("{many} endogenous regressors need as many instruments, and {few} are left{lost}"),
        },
    )
    .fix("give each endogenous regressor an instrument that varies within the effects and apart from the exogenous regressors")
}

/// `E411`: nothing is left of a projection.
pub(super) fn not_identified(name: &str, Count { endogenous, instruments }: &Count) -> Problem {
    Problem::new(
        "E411",
        format!(
            "the coefficient of \"{name}\" is not identified: the {instruments} instruments move it not at all, or only together with the exogenous or the other of the {endogenous} endogenous regressors"
        ),
    )
    .fix("give each endogenous regressor an instrument that moves it apart from the others")
}

/// `E411`: effects explain the endogenous regressor.
pub(super) fn absorbed(name: &str, reason: &Text) -> Problem {
    Problem::new("E411", format!("nothing is left of the endogenous regressor \"{name}\": {}", reason.en))
        .fix("absorb fewer effects, or choose a regressor that varies within them")
}

/// `E411`: the first stage fits without error.
pub(super) fn reproduced(name: &str) -> Problem {
    Problem::new(
        "E411",
        format!("instruments and exogenous regressors reproduce \"{name}\" without error, so that it is as exogenous as they are"),
    )
    .fix("move it among the exogenous regressors, or choose instruments that are not made of it")
}

/// `W308` for an instrument that was left out.
pub(super) fn dropped(Omitted { name, reason }: &Omitted) -> Warning {
    Warning::new(
        "W308",
        format!("the instrument \"{name}\" is left out: {}", reason.en),
        format!("工具变量“{name}”被剔除：{}", reason.zh),
    )
}

/// `W423`: instruments with an F below 10.
pub(super) fn weak(record: &IvRecord) -> Option<Warning> {
    let (en, zh, f) = match (&record.effective_f, &record.rank) {
        (Some(found), _) => ("effective F (Montiel Olea and Pflueger)", "有效F统计量", found.statistic),
        (None, Some(found)) if found.kind == "Cragg-Donald" => {
            ("Cragg-Donald F", "Cragg-Donald F统计量", found.statistic)
        }
        (None, Some(found)) => ("Kleibergen-Paap F", "Kleibergen-Paap F统计量", found.statistic),
        (None, None) => return None,
    };
    (f < WEAK).then(|| {
        Warning::new(
            "W423",
            format!(
                "the instruments are weak: the {en} is {f:.2}, below {WEAK}; t tests and intervals of two-stage least squares cannot be trusted, and its bias goes towards least squares: report the Anderson-Rubin test and its confidence set, which hold however weak instruments are"
            ),
            format!(
                "工具变量偏弱：{zh}为{f:.2}，低于{WEAK}；两阶段最小二乘的t检验与置信区间不可信，且估计偏向最小二乘：请报告Anderson-Rubin检验及其置信集，其有效性不依赖工具变量强弱"
            ),
        )
    })
}

/// Why there is no confidence set: the covariance is singular.
pub(super) fn singular(vcov: &Vcov) -> Text {
    Text::new(
        format!("{vcov} is not positive definite for these instruments (too few clusters for their number)"),
        format!("{vcov}对这些工具变量不是正定的（聚类数相对工具变量数过少）"),
    )
}

/// Why there is no confidence set: it would be one of several coefficients at once.
pub(super) fn several(endogenous: usize) -> Text {
    Text::new(
        format!("with {endogenous} endogenous regressors it is a region of as many dimensions"),
        format!("{endogenous}个内生变量时置信集为同维数的区域"),
    )
}
