//! Composite indices against values computed elsewhere: a hand example, and 40-digit arithmetic on two
//! published matrices.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::PathBuf;

use attica::index::{
    Base, Direction, Distance, Index, Indicator, Levels, LogRows, Method, Norm, Options, Over, Proportions, Zeros,
    compute, ranks, resample,
};

fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

fn close(ours: &[f64], theirs: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}[{i}]: {a} is not {b}");
    }
}

fn scores(index: &Index) -> Vec<f64> {
    index.scores.iter().map(|s| s.unwrap()).collect()
}

fn weights(index: &Index) -> Vec<f64> {
    index.weights.iter().map(|w| w.weight).collect()
}

fn entropies(index: &Index) -> Vec<f64> {
    index.weights.iter().map(|w| w.entropy.unwrap()).collect()
}

fn benefit<'a>(name: &'a str, values: &'a [f64]) -> Indicator<'a> {
    Indicator { name, dimension: "all", direction: Direction::Benefit, values }
}

const HAND: [[f64; 6]; 3] =
    [[1.0, 2.0, 3.0, 4.0, 6.0, 9.0], [10.0, 12.0, 15.0, 9.0, 11.0, 20.0], [5.0, 4.0, 3.0, 6.0, 2.0, 1.0]];

#[test]
fn hand_example_in_every_variant() {
    let indicators = [
        benefit("a", &HAND[0]),
        benefit("b", &HAND[1]),
        Indicator { direction: Direction::Cost, ..benefit("c", &HAND[2]) },
    ];
    let run = |options: Options| compute(&indicators, None, &options).unwrap();
    let default = run(Options::default());
    close(&entropies(&default), &[0.780752, 0.735416, 0.831445], 6e-7, "e");
    close(&weights(&default), &[0.336070, 0.405564, 0.258366], 6e-7, "w");
    close(&scores(&default), &[0.105187, 0.261171, 0.462375, 0.193658, 0.458549, 1.0], 6e-7, "C");
    assert_eq!(default.ranks.iter().map(|r| r.unwrap()).collect::<Vec<_>>(), [6, 4, 2, 5, 3, 1]);

    let sum = run(Options { method: Method::Entropy, ..Options::default() });
    close(&scores(&sum), &[0.088543, 0.255963, 0.460254, 0.126026, 0.490476, 1.0], 6e-7, "S");

    let eps = run(Options { zeros: Zeros::Add(0.01), ..Options::default() });
    close(&weights(&eps), &[0.335977, 0.404095, 0.259928], 6e-7, "w, eps");
    close(&scores(&eps), &[0.105535, 0.261517, 0.462446, 0.193729, 0.459906, 1.0], 6e-7, "C, eps");

    let once = run(Options { distance: Distance::Once, ..Options::default() });
    close(&scores(&once), &[0.1134, 0.269345, 0.4636, 0.196002, 0.492547, 1.0], 6e-7, "C, once");

    let vector = run(Options { norm: Norm::VectorScaled, ..Options::default() });
    close(&scores(&vector), &[0.097647, 0.253847, 0.460796, 0.192282, 0.43008, 1.0], 6e-7, "C, vector");
}

fn numbers(json: &serde_json::Value) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|v| v.as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn golden_matrices_to_seventeen_digits() {
    for (name, keys) in [("hwang_yoon_fighter", 1), ("panel_96x9", 2)] {
        let (Some(csv), Some(json)) =
            (shared(&format!("entropy_topsis/{name}.csv")), shared(&format!("entropy_topsis/{name}.expected.json")))
        else {
            return;
        };
        let expected: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
        let mut reader = csv::Reader::from_path(csv).unwrap();
        let names: Vec<String> = reader.headers().unwrap().iter().skip(keys).map(str::to_owned).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for record in reader.records() {
            for (column, cell) in columns.iter_mut().zip(record.unwrap().iter().skip(keys)) {
                column.push(cell.parse::<f64>().unwrap());
            }
        }
        let signs = expected["direction"].as_array().unwrap();
        let indicators: Vec<_> = names
            .iter()
            .zip(&columns)
            .zip(signs)
            .map(|((name, values), sign)| {
                let direction = if sign.as_i64() == Some(1) { Direction::Benefit } else { Direction::Cost };
                Indicator { direction, ..benefit(name, values) }
            })
            .collect();

        let variants = expected["variants"].as_object().unwrap();
        assert!(variants.len() >= 5, "{name} has all its variants");
        for (variant, want) in variants {
            let options = match variant.as_str() {
                "V1_raw_vector" => Options { proportions: Proportions::Raw, norm: Norm::Vector, ..Options::default() },
                "V2_minmax_minmax" => Options::default(),
                "V2b_minmax_vector" => Options { norm: Norm::Vector, ..Options::default() },
                "given_weights_vector" => Options {
                    given: Some(vec![0.2, 0.1, 0.1, 0.1, 0.2, 0.3]),
                    norm: Norm::Vector,
                    ..Options::default()
                },
                shift => Options {
                    zeros: Zeros::Add(shift.strip_prefix("V3_minmax_shift_").unwrap().parse().unwrap()),
                    ..Options::default()
                },
            };
            let index = compute(&indicators, None, &options).unwrap();
            let label = format!("{name} {variant}");
            if !want["entropy"].is_null() {
                close(&entropies(&index), &numbers(&want["entropy"]), 1e-14, &label);
            }
            // 1 - e loses digits when raw proportions are nearly equal; the bound leaves room for that.
            close(&weights(&index), &numbers(&want["weights"]), 1e-12, &label);
            close(&scores(&index), &numbers(&want["closeness"]), 1e-12, &label);
            let plus = numbers(&want["d_plus"]);
            let (d_plus, d_minus): (Vec<_>, Vec<_>) =
                index.distances.iter().take(plus.len()).map(|d| d.unwrap()).unzip();
            close(&d_plus, &plus, 1e-13, &label);
            close(&d_minus, &numbers(&want["d_minus"]), 1e-13, &label);
            if let Some(linear) = want.get("linear_score_first20") {
                let sum = compute(&indicators, None, &Options { method: Method::Entropy, ..options }).unwrap();
                let linear = numbers(linear);
                close(&scores(&sum)[..linear.len()], &linear, 1e-13, &label);
            }
        }
    }
}

#[test]
fn edge_columns_are_named_or_survive() {
    let flat = [5.0; 4];
    let varied = [0.0, 0.0, 1.0, 3.0];
    let problem = compute(&[benefit("x", &varied), benefit("const", &flat)], None, &Options::default()).unwrap_err();
    assert_eq!((problem.id.as_str(), problem.place.column.as_deref()), ("E305", Some("const")));

    // Twenty-one orders of magnitude apart, and the same column up to scale: equal weights, nothing lost.
    let big = [1e12, 1e12 + 1.0, 1e12 + 2.0, 1e12 + 3.0, 1e12 + 5.0, 1e12 + 8.0];
    let small = [1e-9, 2e-9, 3e-9, 4e-9, 6e-9, 9e-9];
    let index = compute(&[benefit("x", &big), benefit("y", &small)], None, &Options::default()).unwrap();
    close(&weights(&index), &[0.5, 0.5], 1e-12, "weights");
    close(&scores(&index), &[0.0, 0.125, 0.25, 0.375, 0.625, 1.0], 1e-12, "scores");

    let two = [benefit("x", &[1.0, 2.0]), benefit("y", &[3.0, 3.0000001])];
    assert_eq!(scores(&compute(&two, None, &Options::default()).unwrap()), [0.0, 1.0]);

    let missing = [f64::NAN, 2.0, 1.0, f64::NAN];
    let index = compute(&[benefit("x", &varied), benefit("gap", &missing)], None, &Options::default()).unwrap();
    assert_eq!(index.scores.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true, false]);
    assert_eq!((index.ledger.read, index.ledger.dropped[0].rows, index.ledger.used), (4, 2, 2));

    let ids = |indicators: &[Indicator], options: &Options| compute(indicators, None, options).unwrap_err().id;
    assert_eq!(ids(&[benefit("x", &[1.0, f64::INFINITY])], &Options::default()), "E302");
    assert_eq!(ids(&[benefit("x", &[f64::NAN; 3])], &Options::default()), "E304");
    assert_eq!(ids(&[benefit("x", &varied), benefit("y", &[1.0])], &Options::default()), "E504");
    assert_eq!(ids(&[benefit("x", &varied), benefit("x", &varied)], &Options::default()), "E605");
    assert_eq!(ids(&[], &Options::default()), "E701");
    assert_eq!(ids(&[benefit("x", &[1.0])], &Options::default()), "E701");
    assert_eq!(ids(&[benefit("x", &varied)], &Options { weights: Over::PerPeriod, ..Options::default() }), "E602");
    let raw = Options { proportions: Proportions::Raw, ..Options::default() };
    let negative = [benefit("x", &[-1.0, 2.0]), benefit("y", &[1.0, 2.0])];
    assert_eq!(ids(&negative, &raw), "E317");
    assert!(compute(&negative, None, &Options { zeros: Zeros::Shift, ..raw }).is_ok());
}

/// Four cities in three years.
fn panel() -> (Vec<f64>, Vec<f64>, Vec<u32>) {
    let x = vec![1.0, 2.0, 3.0, 2.0, 4.0, 4.5, 5.0, 6.0, 6.5, 9.0, 9.5, 12.0];
    let y = vec![8.0, 6.0, 7.0, 5.0, 5.5, 3.0, 4.0, 3.5, 2.0, 2.5, 1.0, 0.5];
    (x, y, (0..12).map(|row| 2009 + row % 3).collect())
}

fn pair<'a>(x: &'a [f64], y: &'a [f64]) -> [Indicator<'a>; 2] {
    [
        Indicator { name: "x", dimension: "a", direction: Direction::Benefit, values: x },
        Indicator { name: "y", dimension: "b", direction: Direction::Cost, values: y },
    ]
}

#[test]
fn wrong_logarithm_is_refused_and_replicated_only_by_name() {
    let (x, y, period) = panel();
    let options = |log_rows| Options { log_rows, ..Options::default() };
    let right = compute(&pair(&x, &y), Some(&period), &Options::default()).unwrap();
    assert!(entropies(&right).iter().all(|e| (0.0..=1.0).contains(e)));

    let refused = compute(&pair(&x, &y), Some(&period), &options(LogRows::OfPeriod)).unwrap_err();
    assert_eq!(refused.id, "E317");

    let wrong = compute(&pair(&x, &y), Some(&period), &options(LogRows::Periods)).unwrap();
    assert!(entropies(&wrong).iter().all(|e| *e > 1.0));
    let scale = (12f64).ln() / 3f64.ln();
    let want: Vec<f64> = entropies(&right).iter().map(|e| e * scale).collect();
    close(&entropies(&wrong), &want, 1e-12, "e, ln-periods");
    // The order of the weights turns over, and the right ones stand beside.
    assert!((weights(&right)[0] > weights(&right)[1]) != (weights(&wrong)[0] > weights(&wrong)[1]));
    let corrected: Vec<_> = wrong.corrected.iter().filter(|w| w.indicator.is_some()).map(|w| w.weight).collect();
    close(&corrected, &weights(&right), 1e-15, "right weights beside");
    assert!(wrong.warnings.iter().any(|w| w.id == "W317"));
    let json = serde_json::to_value(options(LogRows::Periods)).unwrap();
    assert_eq!(json["log-rows"], "ln-periods");
}

#[test]
fn yearly_variants_equal_the_index_of_each_year_and_say_so() {
    let (x, y, period) = panel();
    let yearly = Options {
        normalisation: Over::PerPeriod,
        weights: Over::PerPeriod,
        ideal: Over::PerPeriod,
        ..Options::default()
    };
    let all = compute(&pair(&x, &y), Some(&period), &yearly).unwrap();
    assert_eq!(all.warnings.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(), ["W318"]);
    assert_eq!((all.weights.len(), all.ideals.len(), all.dimensions.len()), (6, 3, 6));
    for year in 2009..2012 {
        let pick =
            |v: &[f64]| -> Vec<f64> { v.iter().zip(&period).filter(|(_, p)| **p == year).map(|(v, _)| *v).collect() };
        let alone = compute(&pair(&pick(&x), &pick(&y)), None, &Options::default()).unwrap();
        close(&pick(&scores(&all)), &scores(&alone), 1e-15, "year by itself");
    }

    let base = Options { normalisation: Over::BasePeriod, weights: Over::BasePeriod, ..Options::default() };
    let fixed = compute(&pair(&x, &y), Some(&period), &base).unwrap();
    let first = compute(&pair(&x, &y), Some(&period), &Options { base: Base::At(2009), ..base.clone() }).unwrap();
    assert_eq!(fixed, first);
    let sum = Options { method: Method::Entropy, ..base.clone() };
    let sum = compute(&pair(&x, &y), Some(&period), &sum).unwrap();
    assert!(sum.warnings.iter().any(|w| w.id == "W311"), "later years leave the base year's bounds");
    let pooled = Options { weights: Over::Pooled, base: Base::At(2011), ..base };
    assert_eq!(compute(&pair(&x, &y), Some(&period), &pooled).unwrap_err().id, "E317");
    let absent = Options { ideal: Over::BasePeriod, base: Base::At(1999), ..Options::default() };
    assert_eq!(compute(&pair(&x, &y), Some(&period), &absent).unwrap_err().id, "E607");
}

#[test]
fn properties_of_scores() {
    let (x, y, _) = panel();
    let z: Vec<f64> = x.iter().zip(&y).map(|(x, y)| (x - 2.0 * y).sin()).collect();
    let moved: Vec<f64> = x.iter().map(|x| x * 1000.0 - 3.0).collect();
    let flipped: Vec<f64> = x.iter().map(|x| -x).collect();
    for method in [Method::EntropyTopsis, Method::Entropy, Method::Topsis, Method::Pca] {
        for levels in [Levels::One, Levels::Two] {
            let options = Options { method, levels, ..Options::default() };
            let with = |values, direction| {
                [
                    Indicator { name: "x", dimension: "a", direction, values },
                    Indicator { name: "y", dimension: "a", direction: Direction::Cost, values: &y },
                    Indicator { name: "z", dimension: "b", direction: Direction::Target(0.2), values: &z },
                ]
            };
            let run = |values, direction| compute(&with(values, direction), None, &options).unwrap();
            let index = run(&x, Direction::Benefit);
            // Affine changes of an indicator, and turning its sign with its direction, change nothing.
            close(&scores(&run(&moved, Direction::Benefit)), &scores(&index), 1e-11, "affine");
            close(&scores(&run(&flipped, Direction::Cost)), &scores(&index), 1e-11, "sign");
            // Parts add up to the score, and weights to one.
            for row in 0..x.len() {
                let sum: f64 = index.contributions.iter().map(|part| part[row].unwrap()).sum();
                assert!((sum - index.scores[row].unwrap()).abs() < 1e-12);
            }
            let total: f64 = match method {
                Method::Pca => weights(&index).iter().map(|w| w * w).sum(),
                _ => index.dimensions.iter().map(|d| d.weight).sum(),
            };
            assert!((total - 1.0).abs() < 1e-12);
            // A resample that draws every row once is the index itself.
            let rows: Vec<u32> = (0..x.len() as u32).collect();
            let again = resample(&with(&x, Direction::Benefit), None, &rows, &options).unwrap();
            assert_eq!(again, index.scores);
        }
    }
}

#[test]
fn two_levels_by_hand() {
    // Dimension b has one indicator, so its weight within is 1 and its sum is the indicator itself.
    let (x, y, _) = panel();
    let z: Vec<f64> = x.iter().map(|x| x * x).collect();
    let indicators = [
        pair(&x, &y)[0],
        Indicator { dimension: "a", ..pair(&x, &y)[1] },
        Indicator { dimension: "b", ..benefit("z", &z) },
    ];
    let two = compute(&indicators, None, &Options { levels: Levels::Two, ..Options::default() }).unwrap();
    let inner = compute(&indicators[..2], None, &Options { method: Method::Entropy, ..Options::default() }).unwrap();
    let sum = scores(&inner);
    let outer = compute(&[benefit("a", &sum), benefit("b", &z)], None, &Options::default()).unwrap();
    let (within, between) = (weights(&inner), weights(&outer));
    close(
        &weights(&two),
        &[within[0] * between[0], within[1] * between[0], between[1]],
        1e-14,
        "products of the two levels",
    );
}

#[test]
fn first_component_of_two_columns_is_known() {
    // Two standardised columns with correlation r: loadings 1/sqrt 2 each, share (1 + r) / 2.
    let (x, y, _) = panel();
    let index = compute(&pair(&x, &y), None, &Options { method: Method::Pca, ..Options::default() }).unwrap();
    close(&weights(&index), &[0.5f64.sqrt(); 2], 1e-12, "loadings");
    let moment = |a: &[f64], b: &[f64]| {
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let (ma, mb) = (mean(a), mean(b));
        a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>()
    };
    let r = -moment(&x, &y) / (moment(&x, &x) * moment(&y, &y)).sqrt();
    assert!((index.explained.unwrap() - f64::midpoint(1.0, r)).abs() < 1e-12);
}

#[test]
fn targets_intervals_and_ties_by_hand() {
    let x = [1.0, 2.0, 4.0, 8.0];
    let z = |direction| {
        let one = [Indicator { direction, ..benefit("x", &x) }];
        scores(&compute(&one, None, &Options { method: Method::Entropy, ..Options::default() }).unwrap())
    };
    close(&z(Direction::Target(4.0)), &[0.25, 0.5, 1.0, 0.0], 1e-15, "target");
    close(&z(Direction::Interval(2.0, 4.0)), &[0.75, 1.0, 1.0, 0.0], 1e-15, "interval");
    let all = [Indicator { direction: Direction::Interval(0.0, 9.0), ..benefit("x", &x) }];
    assert_eq!(compute(&all, None, &Options::default()).unwrap_err().id, "E305");
    let tied = [Some(0.5), None, Some(0.7), Some(0.5), Some(0.1)];
    assert_eq!(ranks(&tied), [Some(2), None, Some(1), Some(2), Some(4)]);
}
