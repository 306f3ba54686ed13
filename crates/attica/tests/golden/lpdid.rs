//! Dube, Girardi, Jordà and Taylor: values of Stata's `lpdid`, and the same regressions with explicit long
//! differences and demeaning by date in numpy 2 (CRV1 with (N-1)/(N-K) G/(G-1); regression adjustment as a
//! problem of moments). pyfixest 0.60 and diff-diff 3.13 print the same digits on `lpdid_testdata`.

use attica::design::WeightKind;
use attica::estimator::lpdid::{All, PreMean, pooled};
use attica::estimator::options::ControlGroup;
use attica::estimator::{Spec, find};
use attica::frame::{Column, Frame};
use attica::ledger::Reason;

use crate::support::panel::Loaded;
use crate::support::{Table, close};

/// What is asked of the estimator.
type Ask<'a> = &'a dyn Fn(&mut Spec);

/// First and last event time, effect, standard error.
type Row = (i64, i64, f64, f64);

pub fn golden() {
    published_examples();
    if let Some(loaded) = testdata() {
        let asks: [(&str, Ask<'_>, &[Row]); 5] = [
            ("variance-weighted", &|_| (), VARIANCE_WEIGHTED),
            ("reweighted", &|spec| spec.options.lpdid.reweight = true, REWEIGHTED),
            ("pmd all", &|spec| spec.options.lpdid.pmd = Some(PreMean::Word(All::All)), PRE_MEAN_ALL),
            (
                "pmd 3, reweighted",
                &|spec| {
                    spec.options.lpdid.reweight = true;
                    spec.options.lpdid.pmd = Some(PreMean::Periods(3));
                },
                PRE_MEAN_THREE,
            ),
            ("never", &|spec| spec.options.control_group = Some(ControlGroup::Never), NEVER),
        ];
        for (name, ask, golden) in asks {
            let mut spec = loaded.spec("Y", &[]);
            spec.window.bounds = Some([-5, 10]);
            ask(&mut spec);
            agrees(name, &loaded, &spec, golden);
        }
        stata(&loaded);
    }
    if let Some(loaded) = base_stagg() {
        let asks: [(&str, &[&str], bool, &[Row]); 3] = [
            ("controls", &["x1"], false, CONTROLS),
            ("regression adjustment", &["x1"], true, ADJUSTED),
            ("weights", &[], true, WEIGHTED),
        ];
        for (name, controls, reweight, golden) in asks {
            let mut spec = loaded.spec("y", controls);
            spec.window.bounds = Some([-2, 2]);
            spec.options.lpdid.reweight = reweight;
            spec.design.weights = Some(("w".to_owned(), WeightKind::Probability));
            spec.design.clusters = vec!["c".to_owned()];
            agrees(name, &loaded, &spec, golden);
        }
        for (reweight, golden) in [(false, INCOMPLETE), (true, INCOMPLETE_REWEIGHTED)] {
            let mut spec = loaded.spec("y", &[]);
            spec.window.bounds = Some([-2, 3]);
            spec.options.lpdid.reweight = reweight;
            spec.design.subset = Some(incomplete_rows(&loaded));
            agrees("rows missing", &loaded, &spec, golden);
        }
    }
}

fn agrees(name: &str, loaded: &Loaded, spec: &Spec, golden: &[Row]) {
    let found = find("lpdid").unwrap().estimate(loaded.data(), spec).unwrap();
    let study = found.event_study.unwrap();
    for &(first, last, b, se) in golden {
        let of = format!("{name} {first}..{last}");
        if first == last {
            let row = study.rows.iter().find(|row| row.event_time == first).unwrap();
            close(&of, row.estimate, b, 1e-8);
            close(&of, row.std_error.unwrap(), se, 1e-7);
        } else if first == 0 {
            close(&of, found.overall.estimate, b, 1e-8);
            close(&of, found.overall.std_error, se, 1e-7);
        } else {
            let term = pooled(loaded.data(), spec, [first, last]).unwrap();
            close(&of, term.estimate, b, 1e-8);
            close(&of, term.std_error, se, 1e-7);
        }
    }
}

/// What Stata printed, as the test suite of pyfixest 0.60 quotes it, and the effects that were simulated.
fn stata(loaded: &Loaded) {
    let mut spec = loaded.spec("Y", &[]);
    spec.window.bounds = Some([-5, 10]);
    let found = find("lpdid").unwrap().estimate(loaded.data(), &spec).unwrap();
    let study = found.event_study.unwrap();
    assert!((study.rows[0].estimate - -0.042_566).abs() < 5e-7 && (study.rows[15].estimate - 72.635_834).abs() < 5e-7);
    assert!((found.overall.estimate - 31.794_38).abs() < 5e-6);
    assert_eq!(found.fit.unwrap().n_obs, 28_709);
    spec.options.lpdid.reweight = true;
    let found = find("lpdid").unwrap().estimate(loaded.data(), &spec).unwrap();
    let (effect, event_time) = (loaded.frame.numbers("effect").unwrap(), loaded.frame.numbers("event_time").unwrap());
    let truth = |k: f64| {
        let at: Vec<f64> = (0..effect.len()).filter(|&row| event_time[row] == k).map(|row| effect[row]).collect();
        at.iter().sum::<f64>() / at.len() as f64
    };
    for row in found.event_study.unwrap().rows.iter().filter(|row| row.event_time >= 0) {
        let truth = truth(row.event_time as f64);
        assert!(row.band_low.unwrap() < truth && truth < row.band_high.unwrap(), "{}", row.event_time);
    }
    let truth = (0..=10).map(|k| truth(f64::from(k))).sum::<f64>() / 11.0;
    assert!(found.overall.conf_low < truth && truth < found.overall.conf_high);
}

/// Eight units for which Stata's regression adjustment is known (-5/12 at adoption).
fn published_examples() {
    let units: [(f64, [f64; 3], f64); 8] = [
        (0.0, [0.0, 4.0, 8.0], 2.0),
        (0.0, [0.0, 0.0, 0.0], 1.0),
        (3.0, [0.0, 2.0, 5.0], 1.0),
        (0.0, [0.0, 2.0, 4.0], 2.0),
        (2.0, [0.0, 0.0, 0.0], 2.0),
        (3.0, [0.0, 1.0, 2.0], 1.0),
        (0.0, [0.0, 2.0, 4.0], 2.0),
        (2.0, [0.0, -3.0, -6.0], 0.0),
    ];
    let column = |name: &str, value: &dyn Fn(usize, usize) -> f64| {
        Column::number(name, (0..24).map(|row| value(row / 3, row % 3)).collect())
    };
    let columns = vec![
        column("unit", &|unit, _| unit as f64),
        column("time", &|_, time| time as f64 + 1.0),
        column("first", &|unit, _| units[unit].0),
        column("y", &|unit, time| units[unit].1[time]),
        column("x", &|unit, _| units[unit].2),
    ];
    let loaded = Loaded::new(Frame::new(columns).unwrap(), "unit", "time", "first");
    let mut spec = loaded.spec("y", &["x"]);
    spec.window.bounds = Some([-2, 0]);
    spec.options.lpdid.reweight = true;
    let golden = [(0, 0, -5.0 / 12.0, 9.343_482_687_108e-1), (-2, -2, -1.5, 3.535_533_905_933e-1)];
    agrees("eight units", &loaded, &spec, &golden);
}

fn testdata() -> Option<Loaded> {
    let columns = ["unit", "time", "Y", "effect", "event_time"];
    Loaded::table("lpdid_testdata/lpdid_testdata.csv", &columns, "unit", "time", |t| t.number("event_date"))
}

/// `base_stagg` with weights `1 + id % 3` and clusters `id % 19`.
pub fn base_stagg() -> Option<Loaded> {
    let never = |t: &Table| t.number("year_treated").iter().map(|g| if *g > 1000.0 { 0.0 } else { *g }).collect();
    let columns = ["id", "year", "y", "x1"];
    let mut loaded = Loaded::table("fixest_base_stagg/fixest_base_stagg.csv", &columns, "id", "year", never)?;
    let id = loaded.frame.numbers("id").unwrap().to_vec();
    let of_id = |value: fn(f64) -> f64| id.iter().map(|&id| value(id)).collect::<Vec<f64>>();
    loaded.frame.set(Column::number("w", of_id(|id| 1.0 + id % 3.0))).unwrap();
    loaded.frame.set(Column::number("c", of_id(|id| id % 19.0))).unwrap();
    Some(loaded)
}

/// All rows of `base_stagg` but those with `(id + year) % 7 = 0`.
pub fn incomplete_rows(loaded: &Loaded) -> (Reason, Vec<bool>) {
    let (id, year) = (loaded.frame.numbers("id").unwrap(), loaded.frame.numbers("year").unwrap());
    let keep = id.iter().zip(year).map(|(id, year)| (id + year) % 7.0 != 0.0).collect();
    (Reason::Filter("(id + year) % 7 != 0".to_owned()), keep)
}

const VARIANCE_WEIGHTED: &[Row] = &[
    (-5, -5, -4.256_593_602_097e-2, 9.483_544_272_372e-1),
    (-2, -2, 1.458_649_924_939, 8.264_465_200_234e-1),
    (0, 0, 3.640_153_432_432, 7.948_941_735_079e-1),
    (3, 3, 1.468_331_497_121e1, 9.699_534_399_969e-1),
    (10, 10, 7.263_583_359_316e1, 1.193_887_054_138),
    (0, 10, 3.179_438_076_265e1, 7.559_724_111_569e-1),
    (-5, -2, 7.840_623_845_974e-1, 7.374_263_963_975e-1),
];

const REWEIGHTED: &[Row] = &[
    (-5, -5, -9.347_667_740_538e-2, 9.488_143_676_842e-1),
    (-2, -2, 1.450_054_984_88, 8.280_569_889_266e-1),
    (0, 0, 3.652_600_084_903, 7.986_207_722_019e-1),
    (3, 3, 1.446_119_315_133e1, 9.736_362_385_271e-1),
    (10, 10, 7.116_702_966_963e1, 1.179_845_016_411),
    (0, 10, 3.117_285_751_427e1, 7.537_750_859_078e-1),
    (-5, -2, 7.651_900_528_091e-1, 7.392_309_160_119e-1),
];

const PRE_MEAN_ALL: &[Row] = &[
    (-5, -5, -5.569_898_740_336e-1, 6.309_394_834_481e-1),
    (-2, -2, 9.442_259_869_262e-1, 6.535_226_376_586e-1),
    (0, 0, 3.125_729_494_419, 6.890_580_675_069e-1),
    (3, 3, 1.431_062_334_949e1, 7.466_963_547_301e-1),
    (10, 10, 7.218_781_503_319e1, 1.014_415_994_573),
    (0, 10, 3.134_636_220_267e1, 5.668_909_219_935e-1),
    (-5, -2, 2.696_384_465_847e-1, 3.512_822_174_933e-1),
];

const PRE_MEAN_THREE: &[Row] = &[
    (-5, -5, -9.214_324_221_068e-1, 7.858_074_001_267e-1),
    (-2, -2, 6.220_992_401_787e-1, 4.579_301_393_015e-1),
    (0, 0, 2.824_644_340_202, 7.416_793_436_221e-1),
    (3, 3, 1.378_353_343_901e1, 8.623_975_985_979e-1),
    (10, 10, 7.046_111_510_753e1, 1.080_796_432_464),
    (0, 10, 3.046_694_295_217e1, 6.173_679_228_178e-1),
    (-5, -2, -6.276_569_189_223e-2, 3.613_905_887_287e-1),
];

const NEVER: &[Row] = &[
    (-5, -5, -1.564_160_223_419e-1, 9.388_947_754_222e-1),
    (-2, -2, 1.398_410_774_214, 7.969_954_601_054e-1),
    (0, 0, 3.635_790_381_763, 7.672_016_686_332e-1),
    (3, 3, 1.452_862_054_686e1, 9.333_351_311_289e-1),
    (10, 10, 7.102_404_423_135e1, 1.138_880_671_081),
    (0, 10, 3.117_828_888_416e1, 7.431_621_220_04e-1),
    (-5, -2, 6.801_764_197_99e-1, 7.260_566_858_034e-1),
];

const CONTROLS: &[Row] = &[
    (-2, -2, 3.312_370_566_94e-1, 4.649_629_091_086e-1),
    (0, 0, -5.207_699_630_102, 7.996_741_410_769e-1),
    (2, 2, -2.022_076_132_228, 7.858_675_758_404e-1),
    (0, 2, -2.995_102_449_724, 7.529_117_748_162e-1),
];

const ADJUSTED: &[Row] = &[
    (-2, -2, 3.324_566_466_01e-1, 4.790_614_781_087e-1),
    (0, 0, -5.234_489_826_248, 8.316_807_053_779e-1),
    (2, 2, -2.055_388_476_091, 8.197_562_060_429e-1),
    (0, 2, -3.016_073_529_066, 7.847_848_386_712e-1),
];

const WEIGHTED: &[Row] = &[
    (-2, -2, 3.539_658_887_355e-1, 4.468_198_640_833e-1),
    (0, 0, -4.768_795_827_945, 9.643_136_062_68e-1),
    (2, 2, -1.904_584_958_191, 8.091_414_519_377e-1),
    (0, 2, -2.690_391_852_168, 7.960_401_087_479e-1),
];

const INCOMPLETE: &[Row] = &[
    (-2, -2, 5.003_964_991_915e-1, 4.967_776_602_749e-1),
    (0, 0, -4.438_255_216_138, 8.484_863_445_543e-1),
    (3, 3, 3.576_475_293_428e-2, 6.397_199_523_045e-1),
    (0, 3, -2.716_979_844_653, 6.686_127_599_875e-1),
];

const INCOMPLETE_REWEIGHTED: &[Row] = &[
    (-2, -2, 4.940_593_096_614e-1, 4.961_147_462_525e-1),
    (0, 0, -4.474_426_343_929, 8.487_525_225_88e-1),
    (3, 3, 1.442_562_624_294e-2, 6.416_838_890_917e-1),
    (0, 3, -2.734_037_785_609, 6.676_614_539_158e-1),
];
