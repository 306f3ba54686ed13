//! Which columns of the table a command reads, so that no others are unpacked.

use attica::expr::Expr;
use attica::formula::Formula;
use attica_study::read::ReadOptions;

use crate::args::{Did, Estimation, Fit};

/// What `attica fit` reads under one covariance; a name that is no column makes the reader take them all.
pub(super) fn by_fit(args: &Fit, formula: &Formula, vcov: &attica::vcov::Vcov) -> ReadOptions {
    let names = formula.columns().into_iter().map(str::to_owned);
    let errors = vcov.clusters().iter().cloned().chain(vcov.coordinates().into_iter().flatten());
    let given = [&args.offset, &args.unit, &args.time].into_iter().flatten().cloned();
    of(names.chain(errors).chain(given), &args.estimation)
}

/// What `attica did` reads, unless an option of an estimator may name a column too.
pub(super) fn by_did(args: &Did) -> ReadOptions {
    if !args.option.is_empty() {
        return ReadOptions::default();
    }
    let roles = [&args.outcome, &args.unit, &args.time].into_iter();
    let policy = [&args.first_treated, &args.treatment, &args.strata, &args.placebo_clusters].into_iter().flatten();
    of(roles.chain(policy).chain(&args.controls).chain(&args.cluster).cloned(), &args.estimation)
}

fn of(names: impl Iterator<Item = String>, estimation: &Estimation) -> ReadOptions {
    let condition = estimation.r#where.as_deref().and_then(|text| Expr::parse(text).ok());
    let rows = condition.iter().flat_map(Expr::columns).map(str::to_owned);
    ReadOptions { used: names.chain(rows).chain(estimation.weights.clone()).collect(), ..ReadOptions::default() }
}
