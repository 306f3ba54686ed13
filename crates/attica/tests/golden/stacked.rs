//! Wing, Freedman and Hollingsworth: their printed example, and an explicit regression with all indicators
//! (weighted least squares on the physical stack in numpy 2, CRV1 with (N-1)/(N-K) G/(G-1)).

use attica::design::WeightKind;
use attica::estimator::options::ControlGroup;
use attica::estimator::stacked::Weights;
use attica::estimator::{Estimate, Spec, find};

use crate::lpdid::{base_stagg, incomplete_rows};
use crate::support::close;
use crate::support::panel::Loaded;

/// Rows of the stack, distinct rows, units; the mean effect; event time, effect and standard error.
struct Golden {
    rows: [usize; 3],
    overall: (f64, f64),
    effects: &'static [(i64, f64, f64)],
}

pub fn golden() {
    published();
    if let Some(loaded) = mpdta() {
        let two = Golden {
            rows: [2760, 1880, 480],
            overall: (-1.886_954_825_389e-2, 1.322_669_212_594e-2),
            effects: &[
                (-2, 2.426_890_341_451e-2, 1.446_298_143_344e-2),
                (0, -1.886_954_825_389e-2, 1.322_669_212_594e-2),
            ],
        };
        agrees("mpdta [-2, 0]", &loaded, "lemp", &[], |spec| spec.window.bounds = Some([-2, 0]), &two);
        let all = Golden {
            rows: [2840, 2400, 500],
            overall: (-1.892_219_908_343e-2, 1.220_321_721_679e-2),
            effects: &[(0, -1.892_219_908_343e-2, 1.220_321_721_679e-2)],
        };
        // Without bounds, the widest window that every cohort fills.
        agrees("mpdta", &loaded, "lemp", &[], |_| (), &all);
    }
    if let Some(loaded) = base_stagg() {
        let controls = Golden {
            rows: [1950, 790, 90],
            overall: (-2.800_996_772_464, 4.287_574_034_615e-1),
            effects: &[
                (-2, -2.009_692_668_278e-1, 3.335_823_190_337e-1),
                (0, -4.514_501_274_28, 4.676_115_862_992e-1),
                (1, -3.329_531_364_933, 4.319_936_896_921e-1),
                (2, -2.257_202_171_402, 4.427_806_219_69e-1),
                (3, -1.102_752_279_241, 5.300_872_853_739e-1),
            ],
        };
        let window = |spec: &mut Spec| spec.window.bounds = Some([-2, 3]);
        agrees("base_stagg x1", &loaded, "y", &["x1"], window, &controls);
        let plain = Golden {
            rows: [1650, 650, 75],
            overall: (-2.438_405_317_031, 5.997_840_383_851e-1),
            effects: &[
                (-2, -1.169_609_073_054e-1, 6.524_260_927_568e-1),
                (0, -4.089_335_089_017, 7.022_007_209_411e-1),
                (1, -3.198_105_155_352, 6.647_273_836_461e-1),
                (2, -2.227_251_940_7, 6.843_350_006_136e-1),
                (3, -2.389_290_830_539e-1, 7.025_564_294_441e-1),
            ],
        };
        let never = |spec: &mut Spec| {
            window(spec);
            spec.options.control_group = Some(ControlGroup::Never);
            spec.options.stacked.weights = Weights::None;
        };
        agrees("base_stagg never, no weights", &loaded, "y", &[], never, &plain);
        let weighted = Golden {
            rows: [1950, 790, 90],
            overall: (-2.790_842_932_681, 8.007_696_012_78e-1),
            effects: &[
                (-2, -1.695_277_831_065e-1, 2.724_366_857_689e-1),
                (0, -4.447_197_053_371, 7.424_187_987_957e-1),
                (1, -3.439_786_183_736, 7.400_610_671_173e-1),
                (2, -2.205_368_059_248, 8.129_791_283_673e-1),
                (3, -1.071_020_434_37, 1.013_513_648_991),
            ],
        };
        let incomplete = Golden {
            rows: [1674, 680, 90],
            overall: (-2.485_880_156_529, 6.327_214_386_373e-1),
            effects: &[
                (-2, -1.762_063_210_464e-1, 6.461_658_919_218e-1),
                (0, -3.789_426_855_524, 7.133_637_949_804e-1),
                (1, -3.235_485_374_159, 7.310_526_435_795e-1),
                (2, -2.472_724_093_427, 7.779_182_616_922e-1),
                (3, -4.458_843_030_073e-1, 6.918_177_079_484e-1),
            ],
        };
        let rows = |spec: &mut Spec| {
            window(spec);
            spec.design.subset = Some(incomplete_rows(&loaded));
        };
        agrees("base_stagg, rows missing", &loaded, "y", &[], rows, &incomplete);
        let clustered = |spec: &mut Spec| {
            window(spec);
            spec.design.weights = Some(("w".to_owned(), WeightKind::Probability));
            spec.design.clusters = vec!["c".to_owned()];
        };
        agrees("base_stagg weights, clusters", &loaded, "y", &["x1"], clustered, &weighted);
    }
}

/// Medicaid expansion and the uninsured (`stacked-example-r-and-stata.qmd`, kappa 3 and 2): Stata's lincom
/// prints -.0218778 (.0056281), fixest's table four digits of the event times.
fn published() {
    let columns = ["statefip", "year", "unins"];
    let file = "acs_medicaid/acs1860_unins_2008_2021.csv";
    let Some(loaded) = Loaded::table(file, &columns, "statefip", "year", |t| t.number("adopt_year")) else { return };
    let found = estimate(&loaded, "unins", &[], |spec| spec.window.bounds = Some([-3, 2]));
    assert!(
        (found.overall.estimate - -0.021_877_8).abs() < 5.1e-8 && (found.overall.std_error - 0.005_628_1).abs() < 5e-8
    );
    let printed = [
        (-3, -0.001_02, 0.003_68),
        (-2, -0.003_03, 0.002_99),
        (0, -0.0163, 0.003_93),
        (1, -0.0239, 0.006_45),
        (2, -0.0255, 0.007_07),
    ];
    let study = found.event_study.unwrap();
    for (k, b, se) in printed {
        let row = study.rows.iter().find(|row| row.event_time == k).unwrap();
        assert!((row.estimate - b).abs() < 6e-5 && (row.std_error.unwrap() - se).abs() < 6e-6, "{k}");
    }
    let told = found.warnings.iter().find(|w| w.id == "N808").unwrap();
    assert!(told.text.en.contains("4 sub-experiments (2014, 2015, 2016, 2019)") && told.text.en.contains("600 rows"));
}

fn mpdta() -> Option<Loaded> {
    Loaded::table("mpdta/mpdta.csv", &["countyreal", "year", "lemp"], "countyreal", "year", |t| t.number("first.treat"))
}

fn estimate(loaded: &Loaded, outcome: &str, controls: &[&str], ask: impl Fn(&mut Spec)) -> Estimate {
    let mut spec = loaded.spec(outcome, controls);
    ask(&mut spec);
    find("stacked").unwrap().estimate(loaded.data(), &spec).unwrap()
}

fn agrees(of: &str, loaded: &Loaded, outcome: &str, controls: &[&str], ask: impl Fn(&mut Spec), golden: &Golden) {
    let found = estimate(loaded, outcome, controls, ask);
    close(of, found.overall.estimate, golden.overall.0, 1e-8);
    close(of, found.overall.std_error, golden.overall.1, 1e-7);
    let study = found.event_study.unwrap();
    assert_eq!(study.rows.iter().filter(|row| row.std_error.is_some()).count(), golden.effects.len(), "{of}");
    for (k, b, se) in golden.effects {
        let row = study.rows.iter().find(|row| row.event_time == *k).unwrap();
        close(of, row.estimate, *b, 1e-8);
        close(of, row.std_error.unwrap(), *se, 1e-7);
    }
    let [stack, distinct, units] = golden.rows;
    let told = found.warnings.iter().find(|w| w.id == "N808").unwrap();
    assert!(
        told.text.en.contains(&format!("{stack} rows, of which {distinct} are distinct")),
        "{of}: {}",
        told.text.en
    );
    assert_eq!((found.n_obs, found.n_units, found.ledger.used), (distinct, units, distinct), "{of}");
}
