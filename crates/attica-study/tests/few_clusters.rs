//! Where clusters are few, every estimator's effect is compared with tests that do not lean on many, unasked.
#![allow(clippy::unwrap_used)]

use attica::design::DesignOptions;
use attica::estimator::event_time::Window;
use attica::estimator::{Data, Spec, chosen, options::Options};
use attica::fit::FitOptions;
use attica::frame::Frame;
use attica::panel::{Adoption, Panel};
use attica::simulate::{Cohort, CohortDesign, cohorts};
use attica::vcov::Vcov;
use attica::wild::WildWeights;
use attica_study::effects::ask;
use attica_study::few::FewClusters;

/// Eight periods, `treated` units that adopt in period 5 and `never` others.
fn panel(treated: usize, never: usize) -> (Frame, Panel, Vec<Adoption>) {
    let cohort = |first_treated, units| Cohort { first_treated, units, effect: 0.8, growth: 0.0 };
    let design = CohortDesign {
        periods: 8,
        cohorts: vec![cohort(Some(5), treated), cohort(None, never)],
        ..CohortDesign::staggered()
    };
    let frame = cohorts(&design, 3).unwrap().frame;
    let panel = Panel::new(&frame, "unit", "time").unwrap().0;
    let adoption = panel.adoption_from_path("d", frame.numbers("d").unwrap()).unwrap().0;
    (frame, panel, adoption)
}

fn spec() -> Spec {
    Spec {
        outcome: "y".to_owned(),
        treatment: "d".to_owned(),
        controls: Vec::new(),
        design: DesignOptions { clusters: vec!["unit".into()], ..DesignOptions::default() },
        fit: FitOptions::new(Vcov::cluster("unit")),
        window: Window::default(),
        options: Options::default(),
        seed: 1,
    }
}

/// Change of the mean from periods 1-4 to 5-8, by unit.
fn changes(frame: &Frame, panel: &Panel) -> Vec<f64> {
    let (y, time) = (frame.numbers("y").unwrap(), frame.numbers("time").unwrap());
    let mut sums = vec![0.0; panel.units.len()];
    for (row, &unit) in panel.unit.iter().enumerate() {
        sums[unit as usize] += if time[row] >= 5.0 { y[row] } else { -y[row] } / 4.0;
    }
    sums
}

#[test]
fn one_treated_unit_is_ranked_among_all_others() {
    let (frame, panel, adoption) = panel(1, 11);
    let data = Data { frame: &frame, panel: &panel, adoption: &adoption };
    let mut spec = spec();
    let mut few = FewClusters::look(data, &mut spec).unwrap().unwrap();
    assert_eq!((few.clusters, few.treated), (12, 1));
    assert_eq!(spec.fit.wild.unwrap().weights, WildWeights::Rademacher);
    let mut answers = ask(&chosen(&["twfe", "bjs"]).unwrap(), data, &spec);
    few.compare(answers.given.iter_mut().map(|(answer, study)| (answer, study.as_mut())), data, &spec);

    // On a balanced panel the effect of a unit is its change less the mean change of the others.
    let changes = changes(&frame, &panel);
    let n = changes.len() as f64;
    let total: f64 = changes.iter().sum();
    let effect = |own: f64| own - (total - own) / (n - 1.0);
    let treated = adoption.iter().position(|a| matches!(a, Adoption::At(_))).unwrap();
    let own = effect(changes[treated]);
    let as_large = changes.iter().filter(|change| effect(**change).abs() >= own.abs() - 1e-9).count();
    for row in &few.rows {
        let drawn = row.permutation.unwrap();
        assert!((row.overall.estimate - own).abs() < 1e-10, "{}", row.estimator);
        assert!(drawn.exact && (drawn.p_value - as_large as f64 / n).abs() < 1e-12, "{}: {drawn:?}", row.estimator);
        assert!(row.overall.wild.is_some(), "{}", row.estimator);
    }
}

#[test]
fn few_treated_units_among_many_are_told() {
    let (frame, panel, adoption) = panel(3, 37);
    let data = Data { frame: &frame, panel: &panel, adoption: &adoption };
    let few = FewClusters::look(data, &mut spec()).unwrap().unwrap();
    assert_eq!(few.warnings.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(), ["W420"]);
    assert!(few.warnings[0].text.en.contains("3 of 40 clusters"), "{}", few.warnings[0].text.en);
}

#[test]
fn few_signs_make_room_for_more_weights() {
    let (frame, panel, adoption) = panel(3, 3);
    let mut spec = spec();
    FewClusters::look(Data { frame: &frame, panel: &panel, adoption: &adoption }, &mut spec).unwrap().unwrap();
    assert_eq!(spec.fit.wild.unwrap().weights, WildWeights::Webb);
}

#[test]
fn many_clusters_on_both_sides_are_left_alone() {
    let (frame, panel, adoption) = panel(15, 25);
    let mut spec = spec();
    assert_eq!(FewClusters::look(Data { frame: &frame, panel: &panel, adoption: &adoption }, &mut spec).unwrap(), None);
    assert_eq!(spec.fit.wild, None);
}
