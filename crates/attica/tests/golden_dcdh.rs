//! de Chaisemartin-D'Haultfoeuille beside the authors' Python port, py-did-multiplegt-dyn 0.1.9, called as
//! `DidMultiplegtDyn(df, outcome, group, time, treatment, ...)` with the options that each test names.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::WeightKind;
use attica::estimator::options::ControlGroup;
use attica::estimator::{Spec, dcdh};
use attica::frame::Column;
use attica::vcov::Vcov;
use support::Table;
use support::dcdh::{Golden, agrees, asked, columns, deregulation, estimate, panel, spec};
use support::panel::Loaded;

fn cluster(spec: Spec, by: &str) -> Spec {
    let mut spec = spec;
    spec.design.clusters = vec![by.to_owned()];
    spec.fit.vcov = Vcov::cluster(by);
    spec
}

fn weigh(spec: Spec, by: &str) -> Spec {
    let mut spec = spec;
    spec.design.weights = Some((by.to_owned(), WeightKind::Analytic));
    spec
}

fn with_controls(spec: Spec, controls: &[&str]) -> Spec {
    Spec { controls: controls.iter().map(|&name| name.to_owned()).collect(), ..spec }
}

fn check(of: &str, loaded: &Loaded, spec: &Spec, golden: Golden) {
    agrees(of, &estimate(loaded, spec).unwrap(), golden);
}

/// Effects agree, and standard errors do but for a relative difference of up to `most` (see the page).
fn differs(of: &str, loaded: &Loaded, spec: &Spec, golden: Golden, most: f64) {
    let found = estimate(loaded, spec).unwrap();
    let study = found.event_study.unwrap();
    let mut largest: f64 = 0.0;
    for &(time, b, se, _) in golden {
        let row = study.rows.iter().find(|row| row.event_time == time);
        let own =
            row.map_or((found.overall.estimate, found.overall.std_error), |row| (row.estimate, row.std_error.unwrap()));
        support::close(&format!("{of} b {time}"), own.0, b, 1e-8);
        largest = largest.max((own.1 / se - 1.0).abs());
    }
    assert!(largest > 1e-6 && largest < most, "{of}: standard errors differ by {largest:e}");
}

#[test]
fn deregulation_by_degree() {
    deregulation();
    let names = ["county", "year", "state_n", "Dl_vloans_b", "inter_bra", "w1"];
    let Some(table) = Table::read("favara_imbs/favara_imbs.csv") else { return };
    let loaded = panel(columns(&table, &names), "inter_bra");
    let of = |own| spec(&loaded, "Dl_vloans_b", "inter_bra", own);
    // weight='w1', effects=2, placebo=2
    check("weighted", &loaded, &weigh(of(asked(2, 2)), "w1"), WEIGHTED);
    // normalized=True, cluster='state_n', effects=3, placebo=2
    let normalized = dcdh::Options { normalized: true, ..asked(3, 2) };
    check("normalized", &loaded, &cluster(of(normalized), "state_n"), NORMALIZED);
    // only_never_switchers=True, effects=2, placebo=1
    let mut never = of(asked(2, 1));
    never.options.control_group = Some(ControlGroup::Never);
    check("never", &loaded, &never, NEVER_ONLY);
}

/// Rows `i` with `7919 i` a multiple of 13 are not there; treatment is missing where 17 divides `104729 i`, the
/// outcome where 19 divides `1299709 i`. effects=3, placebo=2.
#[test]
fn gaps_and_missing_treatments() {
    let Some(table) = Table::read("favara_imbs/favara_imbs.csv") else { return };
    let holes = |name: &str, step: usize, every: usize| {
        let mut values = table.number(name);
        (0..values.len()).filter(|i| (i * step).is_multiple_of(every)).for_each(|i| values[i] = f64::NAN);
        values
    };
    let (treatment, outcome) = (holes("inter_bra", 104_729, 17), holes("Dl_vloans_b", 1_299_709, 19));
    let rows: Vec<usize> = (0..treatment.len()).filter(|i| !(i * 7919).is_multiple_of(13)).collect();
    let column = |name: &str, values: &[f64]| Column::number(name, rows.iter().map(|&i| values[i]).collect());
    let all = vec![
        column("county", &table.number("county")),
        column("year", &table.number("year")),
        column("y", &outcome),
        column("d", &treatment),
    ];
    let loaded = panel(all, "d");
    check("gaps", &loaded, &spec(&loaded, "y", "d", asked(3, 2)), GAPS);
    let found = estimate(&loaded, &spec(&loaded, "y", "d", asked(3, 2))).unwrap();
    let told: Vec<&str> = found.warnings.iter().filter(|w| w.id == "W820").map(|w| w.text.en.as_str()).collect();
    assert!(told.iter().any(|text| text.contains("treatment missing just before")), "{told:?}");
    // drop_if_d_miss_before_first_switch=True
    let strict = dcdh::Options { drop_if_missing_before_switch: true, ..asked(3, 2) };
    check("strict", &loaded, &spec(&loaded, "y", "d", strict), GAPS_DROP);
    // same_switchers=True
    let same = dcdh::Options { same_switchers: true, ..asked(3, 2) };
    check("same switchers", &loaded, &spec(&loaded, "y", "d", same), GAPS_SAME);
}

/// treatment='d' (year >= first.treat), effects=3, placebo=2; xt = lpop (year - 2003),
/// w = (37 countyreal + 11 year) mod 29 + 1, state = countyreal // 1000.
#[test]
fn a_binary_treatment_that_stays() {
    let Some(table) = Table::read("mpdta/mpdta.csv") else { return };
    let mut all = columns(&table, &["countyreal", "year", "lemp"]);
    let (county, year) = (table.number("countyreal"), table.number("year"));
    let (first, population) = (table.number("first.treat"), table.number("lpop"));
    let of = |value: &dyn Fn(usize) -> f64| (0..county.len()).map(value).collect::<Vec<f64>>();
    all.push(Column::number("d", of(&|i| f64::from(u8::from(first[i] > 0.0 && year[i] >= first[i])))));
    all.push(Column::number("xt", of(&|i| population[i] * (year[i] - 2003.0))));
    all.push(Column::number("state", of(&|i| (county[i] / 1000.0).floor())));
    all.push(Column::number("w", of(&|i| (county[i] * 37.0 + year[i] * 11.0) % 29.0 + 1.0)));
    let loaded = panel(all, "d");
    let plain = || spec(&loaded, "lemp", "d", asked(3, 2));
    check("mpdta", &loaded, &plain(), MPDTA);
    check("mpdta controls", &loaded, &with_controls(plain(), &["xt", "w"]), MPDTA_CONTROLS);
    // controls=['xt'], cluster='state': the port counts a cluster too many in the correction of the coefficient.
    let clustered = cluster(with_controls(plain(), &["xt"]), "state");
    differs("mpdta clustered", &loaded, &clustered, MPDTA_CONTROLS_CLUSTER, 1e-5);
    check("mpdta clustered, port corrected", &loaded, &clustered, MPDTA_CORRECTED);
    check("mpdta weighted", &loaded, &weigh(with_controls(plain(), &["xt"]), "w"), MPDTA_WEIGHTED);
}

/// D goes on and off; effects=3, placebo=2; third = id mod 3.
#[test]
fn a_binary_treatment_that_switches() {
    let Some(table) = Table::read("fect_simdata/fect_simdata.csv") else { return };
    let mut all = columns(&table, &["id", "time", "Y", "D", "X1", "X2"]);
    all.push(Column::number("third", table.number("id").iter().map(|id| id % 3.0).collect()));
    let loaded = panel(all, "D");
    check("fect", &loaded, &spec(&loaded, "Y", "D", asked(3, 2)), FECT);
    let trends = dcdh::Options { trends_nonparam: vec!["third".to_owned()], ..asked(3, 2) };
    check("fect trends", &loaded, &spec(&loaded, "Y", "D", trends), FECT_TRENDS);
    let controls = with_controls(spec(&loaded, "Y", "D", asked(3, 2)), &["X1", "X2"]);
    check("fect controls", &loaded, &controls, FECT_CONTROLS);
}

/// Numbers of newspapers: many first values, rises and falls. effects=3, placebo=2 where not said otherwise.
#[test]
fn a_treatment_in_numbers() {
    let Some(table) = Table::read("gentzkow_newspapers/gentzkow_newspapers.csv") else { return };
    let loaded = panel(columns(&table, &["cnty90", "year", "prestout", "numdailies", "st"]), "numdailies");
    let of = |own| spec(&loaded, "prestout", "numdailies", own);
    check("papers", &loaded, &of(asked(4, 4)), PAPERS);
    check("keep", &loaded, &of(dcdh::Options { keep_crossing: true, ..asked(3, 2) }), PAPERS_KEEP);
    let one_way = |switchers| dcdh::Options { switchers: Some(switchers), ..asked(3, 2) };
    check("in", &loaded, &of(one_way(dcdh::Switchers::In)), PAPERS_IN);
    let out = dcdh::Options { effects: Some(2), ..one_way(dcdh::Switchers::Out) };
    check("out", &loaded, &of(out), PAPERS_OUT);
    check("normalized", &loaded, &of(dcdh::Options { normalized: true, ..asked(3, 2) }), PAPERS_NORM);
    check("cluster", &loaded, &cluster(of(asked(2, 2)), "st"), PAPERS_CLUSTER);
}

/// Counties with 0 or 1 newspapers at first; x = ((13 cnty90 + 7 year) mod 31) / 31, effects=2, placebo=2. The port
/// scales the uncertainty of coefficients by the rows of both first values together.
#[test]
fn controls_with_two_first_values() {
    let Some(table) = Table::read("gentzkow_newspapers/gentzkow_newspapers.csv") else { return };
    let (county, year, dailies) = (table.number("cnty90"), table.number("year"), table.number("numdailies"));
    let mut first = std::collections::HashMap::new();
    let mut order: Vec<usize> = (0..county.len()).filter(|&i| !dailies[i].is_nan()).collect();
    order.sort_by(|&i, &j| year[i].total_cmp(&year[j]));
    for i in order {
        first.entry(county[i].to_bits()).or_insert(dailies[i]);
    }
    let few: Vec<usize> =
        (0..county.len()).filter(|&i| first.get(&county[i].to_bits()).is_some_and(|d| *d <= 1.0)).collect();
    let column =
        |name: &str, value: &dyn Fn(usize) -> f64| Column::number(name, few.iter().map(|&i| value(i)).collect());
    let turnout = table.number("prestout");
    let all = vec![
        column("cnty90", &|i| county[i]),
        column("year", &|i| year[i]),
        column("y", &|i| turnout[i]),
        column("d", &|i| dailies[i]),
        column("x", &|i| (county[i] * 13.0 + year[i] * 7.0) % 31.0 / 31.0),
    ];
    let loaded = panel(all, "d");
    let with_x = with_controls(spec(&loaded, "y", "d", asked(2, 2)), &["x"]);
    differs("two first values", &loaded, &with_x, TWO_FIRST_CONTROLS, 0.2);
    check("two first values, port corrected", &loaded, &with_x, TWO_FIRST_CORRECTED);
}

const WEIGHTED: Golden = &[
    (0, -0.009_645_291_326_91, 0.086_931_123_811_9, 67),
    (1, 0.021_337_599_988_7, 0.115_480_534_32, 67),
    (99, 0.004_055_028_498_18, 0.064_821_626_993_7, 134),
    (-2, 0.335_824_192_854, 0.251_574_135_897, 65),
    (-3, 0.400_791_134_096, 0.430_549_877_724, 25),
];
const NORMALIZED: Golden = &[
    (0, -0.151_597_604_009, 0.155_808_771_609, 67),
    (1, -0.007_656_002_272_31, 0.073_684_867_674_8, 67),
    (2, -0.003_959_155_729_13, 0.059_951_967_531, 67),
    (99, -0.059_595_691_913_8, 0.144_906_384_341, 201),
    (-2, 0.105_519_242_672, 0.135_088_374_435, 65),
    (-3, 0.002_454_936_710_57, 0.223_697_814_754, 25),
];
const NEVER_ONLY: Golden = &[
    (0, -0.059_510_409_150_4, 0.122_236_536_286, 67),
    (1, 0.068_756_386_577_8, 0.134_106_948_582, 67),
    (99, 0.003_871_753_047_73, 0.103_284_700_721, 134),
    (-2, 0.158_985_908_208, 0.212_265_614_601, 65),
];
const GAPS: Golden = &[
    (0, -0.178_966_824_93, 0.137_715_538_371, 45),
    (1, -0.113_893_820_867, 0.127_138_305_299, 41),
    (2, -0.043_968_684_368_6, 0.194_328_301_613, 41),
    (99, -0.091_935_885_041_2, 0.107_713_222_982, 127),
    (-2, 0.045_294_928_100_4, 0.294_916_446_641, 38),
    (-3, -0.165_231_477_123, 0.372_051_113_374, 15),
];
const GAPS_DROP: Golden = &[
    (0, -0.193_604_774_875, 0.150_001_241_539, 43),
    (1, -0.116_735_211_121, 0.140_897_905_689, 39),
    (2, -0.100_321_340_508, 0.203_826_801_938, 40),
    (99, -0.110_395_635_122, 0.115_092_148_084, 122),
    (-2, 0.075_004_393_337_3, 0.312_967_931_398, 37),
    (-3, -0.046_686_719_090_3, 0.395_168_448_056, 14),
];
const GAPS_SAME: Golden = &[
    (0, -0.136_531_053_54, 0.148_143_090_426, 33),
    (1, -0.155_734_830_669, 0.144_343_576_234, 33),
    (2, -0.022_377_803_377_7, 0.189_698_032_001, 33),
    (99, -0.082_406_680_082_3, 0.113_989_401_313, 99),
    (-2, 0.096_497_440_526_8, 0.335_404_610_279, 29),
    (-3, 0.017_521_185_181_9, 0.444_391_180_758, 12),
];
const MPDTA: Golden = &[
    (0, -0.018_922_199_083_4, 0.012_067_685_745_4, 191),
    (1, -0.053_589_347_384_8, 0.017_039_841_660_7, 60),
    (2, -0.136_274_346_329, 0.036_226_357_711_8, 20),
    (99, -0.035_258_257_544_6, 0.011_336_998_882, 271),
    (-2, 0.024_268_903_414_5, 0.014_487_173_951, 171),
    (-3, -0.003_769_293_673_71, 0.031_703_165_034_7, 40),
];
const MPDTA_CONTROLS: Golden = &[
    (0, -0.020_278_304_046_5, 0.011_821_359_735_7, 191),
    (1, -0.057_380_193_809, 0.016_462_315_937_7, 60),
    (2, -0.139_983_147_244, 0.034_164_879_219_9, 20),
    (99, -0.037_327_050_355_4, 0.010_847_983_620_4, 271),
    (-2, 0.027_624_527_147_5, 0.014_630_143_631_8, 171),
    (-3, 0.000_630_060_629_55, 0.031_206_998_275_5, 40),
];
const MPDTA_WEIGHTED: Golden = &[
    (0, -0.013_723_819_049_5, 0.013_693_907_937_7, 191),
    (1, -0.054_250_230_026_2, 0.019_755_527_449_8, 60),
    (2, -0.127_159_063_357, 0.033_899_586_865_2, 20),
    (99, -0.031_768_056_017_9, 0.012_295_604_428_7, 271),
    (-2, 0.024_412_841_494_4, 0.015_650_052_504_9, 171),
    (-3, 0.009_741_499_536_04, 0.036_858_316_223_1, 40),
];
const FECT: Golden = &[
    (0, 0.967_091_017_007, 0.433_441_395_468, 149),
    (1, 0.949_622_224_507, 0.453_305_201_591, 145),
    (2, 1.510_374_382_18, 0.479_281_598_766, 140),
    (99, 1.311_819_674_45, 0.442_385_823_671, 434),
    (-2, -0.809_598_182_655, 0.463_091_996_344, 141),
    (-3, -0.427_580_045_813, 0.523_774_577_938, 132),
];
const FECT_TRENDS: Golden = &[
    (0, 1.078_149_951_77, 0.447_948_810_032, 149),
    (1, 1.049_573_332_77, 0.477_218_103_15, 145),
    (2, 1.596_347_513_54, 0.485_687_507_772, 140),
    (99, 1.426_385_978_62, 0.460_631_851_941, 434),
    (-2, -0.707_128_773_667, 0.462_996_013_086, 141),
    (-3, -0.290_874_501_392, 0.546_212_177_612, 132),
];
const FECT_CONTROLS: Golden = &[
    (0, 1.203_685_973_3, 0.289_047_568_806, 149),
    (1, 0.859_690_377_42, 0.295_024_872_686, 145),
    (2, 1.548_007_661_7, 0.332_662_085_842, 140),
    (99, 1.384_907_945_17, 0.292_136_993_838, 434),
    (-2, -0.454_985_383_149, 0.250_903_213_014, 141),
    (-3, -0.188_586_372_364, 0.330_016_861_595, 132),
];
const PAPERS: Golden = &[
    (0, 0.014_424_433_539_2, 0.004_247_651_827_05, 1119),
    (1, 0.019_089_941_167_9, 0.005_842_889_265_62, 1054),
    (2, 0.020_714_671_413_5, 0.007_916_361_257_86, 984),
    (3, 0.027_265_345_588_4, 0.009_792_356_876_94, 917),
    (99, 0.016_056_499_055_4, 0.004_776_060_799_8, 4074),
    (-2, -0.000_502_474_955_014, 0.005_132_240_522_57, 902),
    (-3, 0.002_059_405_854_37, 0.008_503_074_452_94, 746),
    (-4, -0.001_536_493_705, 0.011_682_469_427, 604),
    (-5, 0.000_657_264_778_096, 0.017_503_168_974_4, 441),
];
const PAPERS_KEEP: Golden = &[
    (0, 0.012_754_344_332_5, 0.004_297_432_798_71, 1112),
    (1, 0.017_422_692_418_4, 0.005_989_834_734_39, 1063),
    (2, 0.018_738_639_919_2, 0.008_041_783_071_92, 1000),
    (99, 0.013_910_706_559_7, 0.004_664_608_194_35, 3175),
    (-2, 0.000_219_615_651_709, 0.005_142_275_696_72, 901),
    (-3, 0.003_350_290_452_38, 0.008_513_781_240_58, 746),
];
const PAPERS_IN: Golden = &[
    (0, 0.014_087_213_952_2, 0.004_567_892_531_38, 1027),
    (1, 0.018_034_326_623_4, 0.006_253_902_008_96, 979),
    (2, 0.019_993_731_621_8, 0.008_448_537_845_23, 928),
    (99, 0.014_124_124_146_7, 0.004_674_201_789_51, 2934),
    (-2, 0.000_126_503_269_336, 0.005_155_642_115_65, 871),
    (-3, 0.001_767_952_667_65, 0.008_560_384_136_55, 736),
];
const PAPERS_OUT: Golden = &[
    (0, 0.018_188_830_449_9, 0.014_756_442_265_7, 92),
    (1, 0.032_869_229_688_3, 0.022_904_098_568_5, 75),
    (99, 0.024_931_112_216_9, 0.016_552_231_155_1, 167),
    (-2, -0.018_174_734_097_2, 0.041_612_791_872_4, 31),
    (-3, 0.023_510_360_396_8, 0.087_402_774_130_7, 10),
];
const PAPERS_NORM: Golden = &[
    (0, 0.012_018_571_206_5, 0.003_539_182_721_12, 1119),
    (1, 0.008_212_570_608_56, 0.002_513_634_810_6, 1054),
    (2, 0.005_719_202_208_44, 0.002_185_662_030_79, 984),
    (99, 0.014_922_280_240_3, 0.004_414_175_724_91, 3157),
    (-2, -0.000_415_809_549_929, 0.004_247_046_744_36, 902),
    (-3, 0.000_869_941_544_37, 0.003_591_898_947_85, 746),
];
const PAPERS_CLUSTER: Golden = &[
    (0, 0.014_424_433_539_2, 0.004_864_572_010_47, 1119),
    (1, 0.019_089_941_167_9, 0.006_814_313_494_32, 1054),
    (99, 0.014_327_040_348_2, 0.004_806_742_557_25, 2173),
    (-2, -0.000_502_474_955_014, 0.007_013_989_455_77, 902),
    (-3, 0.002_059_405_854_37, 0.013_727_782_336_8, 746),
];
const MPDTA_CONTROLS_CLUSTER: Golden = &[
    (0, -0.020_504_888_196_7, 0.009_955_481_882_62, 191),
    (1, -0.058_068_949_174_8, 0.032_079_179_463_6, 60),
    (2, -0.139_517_637_712, 0.137_369_625_209, 20),
    (99, -0.037_604_883_211_4, 0.019_599_492_874_9, 271),
    (-2, 0.025_934_660_889_9, 0.023_027_899_192_9, 171),
    (-3, 0.002_077_654_393_33, 0.060_085_263_995_5, 40),
];
const TWO_FIRST_CONTROLS: Golden = &[
    (0, 0.014_681_788_992_1, 0.005_822_237_819_73, 963),
    (1, 0.017_267_089_161_7, 0.007_328_315_849_69, 930),
    (99, 0.013_559_477_197_9, 0.005_296_873_808_12, 1893),
    (-2, 0.001_576_753_962_91, 0.005_266_871_025_21, 836),
    (-3, 0.004_520_642_228_28, 0.008_986_858_081_17, 715),
];

// The port with three of its lines as in the Stata original: clusters without a change are not counted as one more
// (`n_unique` of nulls), the rows behind the scale of coefficients are those of the first value, and placebos add their
// uncertainty to all units.
const MPDTA_CORRECTED: Golden = &[
    (0, -0.020_504_888_196_7, 0.009_955_507_558_27, 191),
    (1, -0.058_068_949_174_8, 0.032_079_440_554_7, 60),
    (2, -0.139_517_637_712, 0.137_369_671_757, 20),
    (99, -0.037_604_883_211_4, 0.019_599_573_487_3, 271),
    (-2, 0.025_934_660_889_9, 0.023_028_103_820_2, 171),
    (-3, 0.002_077_654_393_33, 0.060_084_872_990_8, 40),
];
const TWO_FIRST_CORRECTED: Golden = &[
    (0, 0.014_681_788_992_1, 0.004_688_071_204_82, 963),
    (1, 0.017_267_089_161_7, 0.006_340_309_294_42, 930),
    (99, 0.013_559_477_197_9, 0.004_345_952_990_41, 1893),
    (-2, 0.001_576_753_962_91, 0.005_262_943_957_16, 836),
    (-3, 0.004_520_642_228_28, 0.008_690_702_103_36, 715),
];
