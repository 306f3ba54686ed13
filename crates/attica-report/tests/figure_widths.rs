//! Every kind of figure in every width: no text leaves the picture or runs into another, with 3 and with 40 periods.
#![allow(clippy::unwrap_used)]

#[path = "../examples/sample/report.rs"]
#[allow(dead_code)]
mod sample;

use std::sync::Arc;

use attica::text::{Language, Text};
use attica_report::figure::{
    self, Bars, Curve, CurvePoint, Densities, DensityPanel, DotSeries, Dots, Figure, FigureWidth, Forest, ForestRow,
    LineSeries, Lines, Look, Mark, Plot, Scatter, TileRow, Tiles,
};
use attica_report::report::{Block, Report};
use attica_report::{docx, html, latex};
use resvg::usvg::{Group, Node, Options, Rect, Tree, fontdb};

const WIDTHS: [FigureWidth; 3] = [FigureWidth::Text, FigureWidth::OneColumn, FigureWidth::TwoColumn];

/// Each text of a drawing with the box around its ink.
fn ink(svg: &str) -> (f32, f32, Vec<(String, Rect)>) {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../assets/OpenSans-subset.ttf").to_vec());
    fonts.load_font_data(include_bytes!("../assets/DroidSansFallback-subset.ttf").to_vec());
    let options = Options { fontdb: Arc::new(fonts), font_family: "Open Sans".to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).unwrap();
    let mut found = Vec::new();
    collect(tree.root(), &mut found);
    (tree.size().width(), tree.size().height(), found)
}

fn collect(group: &Group, found: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Group(inner) => collect(inner, found),
            Node::Text(text) => {
                let words = text.chunks().iter().map(resvg::usvg::TextChunk::text).collect();
                found.push((words, text.flattened().abs_bounding_box()));
            }
            _ => {}
        }
    }
}

fn words(i: usize) -> Text {
    let en = ["Baseline", "Without municipalities directly under the central government", "Winsorised at 1 and 99 %"];
    let zh = ["基准回归", "剔除直辖市、省会城市与计划单列市以及其他试点城市", "缩尾处理"];
    Text::new(en[i % 3], zh[i % 3])
}

fn wave(n: usize) -> Vec<(f64, f64)> {
    (0..n).map(|i| (1980.0 + i as f64, 0.01 * (i as f64).sin())).collect()
}

/// One of each kind, with `n` periods or rows.
fn figures(n: usize) -> Vec<Figure> {
    let last = n as i64 / 2;
    let mut all: Vec<Figure> = (1..=3).map(|series| sample::event_study(series, -last, last, true)).collect();
    for panels in [2, 8] {
        let mut study = sample::event_study(panels, -last, last, true);
        if let Plot::EventStudy(found) = study.plot {
            study.plot = Plot::EventPanels(found);
        }
        all.push(study);
    }
    let series = |count: usize| -> Vec<LineSeries> {
        (0..count).map(|i| LineSeries { label: words(i), points: wave(n) }).collect()
    };
    let interval = Some((-0.012, 0.034));
    let row = |i| ForestRow { label: words(i), group: Some(words(i / 3)), estimate: 0.01, interval, main: i == 0 };
    let curve = (0..n).map(|i| CurvePoint {
        estimate: 0.001 * i as f64,
        interval: (-0.01, 0.1),
        choices: vec![i % 4],
        main: i == 1,
    });
    let tiles = |numbers| Tiles {
        columns: (0..n).map(|i| (1980 + i).to_string()).collect(),
        rows: (0..6)
            .map(|i| TileRow {
                label: words(i),
                weight: 1.0 + i as f64,
                shares: (0..n).map(|j| (j != i).then_some(j as f64 / n as f64)).collect(),
            })
            .collect(),
        ends: [words(2), words(1)],
        absent: words(1),
        numbers,
    };
    let marks = wave(n).iter().map(|(x, _)| Mark { x: *x, label: Text::same(format!("Cohort {x}")) }).collect();
    let plots = [
        Plot::Lines(Lines { series: series(3), marks }),
        Plot::Forest(Forest { rows: (0..n).map(row).collect(), baseline: Some(0.01) }),
        Plot::Dots(Dots {
            rows: (0..n).map(words).collect(),
            series: (0..2).map(|i| DotSeries { label: words(i), values: vec![Some(-0.7); n] }).collect(),
            bounds: vec![-0.1, 0.1],
            bounds_label: words(2),
        }),
        Plot::Densities(Densities {
            groups: vec![words(0), words(1)],
            panels: (0..3).map(|i| DensityPanel { label: words(i), curves: vec![wave(n); 2] }).collect(),
        }),
        Plot::Bars(Bars { rows: (0..n).map(|i| (words(i), 0.001 * i as f64 - 0.01)).collect(), decimals: 4 }),
        Plot::Curve(Curve { points: curve.collect(), choices: (0..6).map(|i| (words(i / 2), words(i))).collect() }),
        Plot::Scatter(Scatter { series: series(3), baseline: Some((0.002, words(2))) }),
        Plot::Tiles(Box::new(tiles(true))),
        Plot::Tiles(Box::new(tiles(false))),
    ];
    all.push(sample::placebo());
    all.extend(plots.map(|plot| Figure { plot, x_label: words(1), ..sample::placebo() }));
    all
}

#[test]
fn texts_keep_apart_and_inside_the_picture() {
    let mut wrong = Vec::new();
    for (n, width) in [3, 40].into_iter().flat_map(|n| WIDTHS.map(|width| (n, width))) {
        for (language, figure) in figures(n).iter().flat_map(|figure| [(Language::En, figure), (Language::Zh, figure)])
        {
            let svg = figure::svg(figure, Look { language, width });
            let (wide, high, texts) = ink(&svg);
            let plot = format!("{:?}", figure.plot);
            let kind = plot.split('(').next().unwrap();
            assert!(f64::from(wide) - width.pixels() < 0.01 && texts.len() > 5, "{kind} is {wide} wide");
            for (i, (text, a)) in texts.iter().enumerate() {
                let inside = a.left() >= 0.0 && a.right() <= wide && a.top() >= 0.0 && a.bottom() <= high;
                let across = |b: &Rect| a.left() < b.right() && b.left() < a.right();
                let along = |b: &Rect| a.top() < b.bottom() && b.top() < a.bottom();
                let others = texts[i + 1..].iter().filter(|(_, b)| across(b) && along(b)).map(|(other, _)| other);
                wrong.extend(
                    others.map(|other| format!("{n} {width:?} {language:?} {kind}: {text:?} runs into {other:?}")),
                );
                wrong.extend(
                    (!inside).then(|| format!("{n} {width:?} {language:?} {kind}: {text:?} leaves the picture")),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn documents_print_figures_in_their_width() {
    let lengths = [
        ("Text", "\\textwidth", 5_715_000),
        ("OneColumn", "8.5cm", 3_060_000),
        ("TwoColumn", "\\textwidth", 5_715_000),
    ];
    for (figure_width, (name, tex, emu)) in WIDTHS.into_iter().zip(lengths) {
        assert_eq!(format!("{figure_width:?}"), name);
        let report =
            Report { figure_width, blocks: vec![Block::Figure(sample::placebo())], ..sample::report(Language::En) };
        assert!(latex::write(&report, str::to_owned).contains(&format!("\\includegraphics[width={tex}]")));
        assert_eq!(html::write(&report).contains("class=\"figure narrow\""), figure_width == FigureWidth::OneColumn);
        let pictures = figure::pngs(report.figures(), report.look(), 254.0).unwrap();
        assert_eq!(
            f64::from(pictures[0].width),
            (100.0 * figure_width.cm()).round(),
            "pixels at 100 to the centimetre"
        );
        let bytes = docx::write(&report, &pictures).unwrap();
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut xml = String::new();
        std::io::Read::read_to_string(&mut archive.by_name("word/document.xml").unwrap(), &mut xml).unwrap();
        assert!(xml.contains(&format!("cx=\"{emu}\"")), "{name}: {xml}");
    }
}
