//! The variances of estimators that offer several.

use attica::estimator::Spec;
use attica::estimator::etwfe::Vce;
use attica::estimator::sun_abraham::Shares;
use attica::estimator::synthetic::Variance;

/// A variance, and the options that ask for it.
#[derive(Clone, Copy)]
pub struct Variant {
    pub estimator: &'static str,
    pub name: &'static str,
    pub ask: fn(&mut Spec),
    /// It counts the sizes of cohorts as drawn, so that panels draw the cohort of each unit; otherwise cohorts have the
    /// same sizes in every replication.
    pub drawn_sizes: bool,
}

const fn variant(estimator: &'static str, name: &'static str, ask: fn(&mut Spec)) -> Variant {
    Variant { estimator, name, ask, drawn_sizes: false }
}

const fn with_sizes(estimator: &'static str, name: &'static str, ask: fn(&mut Spec)) -> Variant {
    Variant { drawn_sizes: true, ..variant(estimator, name, ask) }
}

const VARIANTS: &[Variant] = &[
    with_sizes("cs", "analytical", |_| {}),
    with_sizes("cs", "multiplier bootstrap, 499 draws", |spec| spec.options.bootstrap = Some(499)),
    variant("sa", "fixed shares", |_| {}),
    with_sizes("sa", "estimated shares", |spec| spec.options.sa.shares = Shares::Estimated),
    variant("bjs", "conservative", |_| {}),
    variant("bjs", "leave-out", |spec| spec.options.bjs.leave_out = true),
    variant("etwfe", "conditional", |_| {}),
    with_sizes("etwfe", "unconditional", |spec| spec.options.etwfe.vce = Vce::Unconditional),
    variant("lpdid", "variance-weighted", |_| {}),
    variant("lpdid", "reweighted", |spec| spec.options.lpdid.reweight = true),
    variant("sdid", "bootstrap", |spec| spec.options.sdid.variance = Some(Variance::Bootstrap)),
    variant("sdid", "placebo", |spec| spec.options.sdid.variance = Some(Variance::Placebo)),
    variant("sdid", "jackknife", |spec| spec.options.sdid.variance = Some(Variance::Jackknife)),
];

/// The variances of the estimator; its default where it has one only.
pub fn variants(estimator: &'static str) -> Vec<Variant> {
    let own: Vec<Variant> = VARIANTS.iter().copied().filter(|variant| variant.estimator == estimator).collect();
    if own.is_empty() { vec![variant(estimator, "default", |_| {})] } else { own }
}
