//! Figures stay readable whatever they are given.
#![allow(clippy::unwrap_used)]

#[path = "../examples/sample/report.rs"]
#[allow(dead_code)]
mod sample;

use attica::text::{Language, Text};
use attica_report::figure::{
    self, EventPoint, Figure, FigureWidth, Forest, ForestRow, LineSeries, Lines, Look, Mark, Placebo, Plot,
};

const WIDTHS: [FigureWidth; 3] = [FigureWidth::Text, FigureWidth::OneColumn, FigureWidth::TwoColumn];

fn look(width: FigureWidth) -> Look {
    Look { language: Language::En, width }
}

/// Texts of a drawing: x, y, anchor and content. Upright texts are left out.
fn texts(svg: &str) -> Vec<(f64, f64, String, String)> {
    let attribute = |tag: &str, name: &str| {
        tag.split(&format!(" {name}=\"")).nth(1).map(|rest| rest.split('"').next().unwrap().to_owned())
    };
    svg.split("<text")
        .skip(1)
        .filter_map(|part| {
            let (tag, rest) = part.split_once('>').unwrap();
            let content = rest.split("</text>").next().unwrap().to_owned();
            let x = attribute(tag, "x")?.parse().unwrap();
            let y = attribute(tag, "y")?.parse().unwrap();
            Some((x, y, attribute(tag, "text-anchor").unwrap_or_default(), content))
        })
        .collect()
}

/// Left and right end of a text; 0.62 of the size is more than the mean width of a letter or digit.
fn extent((x, _, anchor, content): &(f64, f64, String, String)) -> (f64, f64) {
    let width: f64 = content.chars().map(|c| if c >= '\u{2E80}' { 12.0 } else { 12.0 * 0.58 }).sum();
    match anchor.as_str() {
        "middle" => (x - width / 2.0, x + width / 2.0),
        "end" => (x - width, *x),
        _ => (*x, x + width),
    }
}

#[test]
fn event_times_never_overlap() {
    for (first, last) in [(-1, 1), (-3, 3), (-4, 6), (-12, 12), (-20, 19), (-40, 40), (-5, 90), (-400, 800)] {
        for (n, width) in (1..=3).flat_map(|n| WIDTHS.map(|width| (n, width))) {
            let svg = figure::svg(&sample::event_study(n, first, last, true), look(width));
            let all = texts(&svg);
            // The row of the horizontal axis is the one that has the end bins.
            let row = all.iter().find(|text| text.3.starts_with('≥')).unwrap().1;
            let mut labels: Vec<(f64, f64)> = all.iter().filter(|text| text.1 == row).map(extent).collect();
            labels.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(labels.len() >= 3, "{first}..{last} has {} labels", labels.len());
            assert!(labels.windows(2).all(|pair| pair[0].1 < pair[1].0), "{first}..{last}: {labels:?}");
            assert!(labels[0].0 > 0.0 && labels[labels.len() - 1].1 < width.pixels(), "{first}..{last}");
        }
    }
}

#[test]
fn adoption_dates_never_overlap() {
    let marks =
        (2003..2020).map(|year| Mark { x: f64::from(year), label: Text::same(format!("Cohort {year}")) }).collect();
    let points = (2000..2023).map(|year| (f64::from(year), 1.0)).collect();
    let series = vec![LineSeries { label: Text::default(), points }];
    let figure = Figure { plot: Plot::Lines(Lines { series, marks }), ..sample::placebo() };
    for (width, least) in WIDTHS.into_iter().zip([6, 4, 6]) {
        let all = texts(&figure::svg(&figure, look(width)));
        let cohorts: Vec<_> = all.iter().filter(|text| text.3.starts_with("Cohort")).collect();
        assert!(cohorts.len() > least, "{width:?} shows {}", cohorts.len());
        for a in &cohorts {
            for b in &cohorts {
                let apart = extent(a).1 <= extent(b).0 || extent(b).1 <= extent(a).0;
                assert!(a == b || a.1 != b.1 || apart, "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn years_never_overlap() {
    for (years, width) in (1..80).flat_map(|years| WIDTHS.map(|width| (years, width))) {
        let points = (0..=years).map(|year| (f64::from(1950 + year), f64::from(year))).collect();
        let series = vec![LineSeries { label: Text::default(), points }];
        let figure = Figure { plot: Plot::Lines(Lines { series, marks: vec![] }), ..sample::placebo() };
        let all = texts(&figure::svg(&figure, look(width)));
        let labels: Vec<_> = all.iter().filter(|text| text.3.starts_with("19") || text.3.starts_with("20")).collect();
        assert!(labels.len() >= 2, "{years} years have {} labels", labels.len());
        let row: Vec<(f64, f64)> = labels.iter().filter(|text| text.2 == "middle").map(|text| extent(text)).collect();
        assert!(row.windows(2).all(|pair| pair[0].1 < pair[1].0), "{years}: {row:?}");
    }
}

#[test]
fn reference_is_hollow_and_has_no_bar() {
    let svg = figure::svg(&sample::event_study(1, -4, 6, false), look(FigureWidth::Text));
    // One in the plot, one in the legend.
    assert_eq!(svg.matches("class=\"hollow s0\"").count(), 2);
    assert!(svg.contains("≤−4") && svg.contains("≥6"));
}

#[test]
fn odd_numbers_draw_nothing_wrong() {
    let point = |estimate: f64, end: f64| EventPoint {
        event_time: 0,
        estimate,
        interval: Some((-end, end)),
        ..EventPoint::default()
    };
    let plots = [
        Plot::Placebo(Placebo { draws: vec![], p_values: vec![], estimate: f64::NAN, level: 0.1 }),
        Plot::Placebo(Placebo { draws: vec![1.0; 9], p_values: vec![f64::NAN; 9], estimate: 1.0, level: 0.0 }),
        Plot::Placebo(Placebo { draws: vec![1e300, -1e300], p_values: vec![2.0, 0.5], estimate: 0.0, level: 0.1 }),
        Plot::Lines(Lines { series: vec![], marks: vec![] }),
        Plot::Forest(Forest { rows: vec![], baseline: Some(f64::INFINITY) }),
        Plot::Forest(Forest {
            rows: (0..300)
                .map(|i| ForestRow {
                    label: Text::same(i.to_string()),
                    group: None,
                    estimate: if i == 7 { f64::NAN } else { f64::from(i) },
                    interval: Some((f64::NEG_INFINITY, 1.0)),
                    main: false,
                })
                .collect(),
            baseline: None,
        }),
        Plot::EventStudy(figure::EventStudy { series: vec![], adoption: Some(-0.5), lines: Vec::new() }),
        Plot::Dots(figure::Dots {
            rows: vec![],
            series: vec![],
            bounds: vec![f64::NAN],
            bounds_label: Text::default(),
        }),
        Plot::Dots(figure::Dots {
            rows: vec![Text::same("x"); 3],
            series: vec![figure::DotSeries {
                label: Text::same("s"),
                values: vec![Some(f64::INFINITY), None, Some(1.0)],
            }],
            bounds: vec![10.0],
            bounds_label: Text::same("b"),
        }),
        Plot::Densities(figure::Densities { groups: vec![], panels: vec![] }),
        Plot::Densities(figure::Densities {
            groups: vec![Text::same("a"), Text::same("b")],
            panels: vec![figure::DensityPanel {
                label: Text::same("p"),
                curves: vec![vec![(f64::NAN, 1.0)], vec![(0.5, f64::INFINITY), (0.6, 2.0)]],
            }],
        }),
        Plot::EventStudy(figure::EventStudy {
            series: vec![figure::EventSeries {
                label: Text::default(),
                points: vec![point(f64::NAN, 1.0), point(0.0, f64::INFINITY), point(1e-12, 1e-13)],
            }],
            adoption: None,
            lines: Vec::new(),
        }),
    ];
    for plot in plots {
        let figure = Figure { plot, ..sample::placebo() };
        for width in WIDTHS {
            let look = Look { language: Language::Zh, width };
            let svg = figure::svg(&figure, look);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(svg.len() < 400_000, "{} bytes", svg.len());
            figure::png(&figure, look, 96.0).unwrap();
        }
    }
    assert!(figure::png(&sample::placebo(), look(FigureWidth::Text), 0.0).is_err());
}
