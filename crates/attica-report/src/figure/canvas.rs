//! Marks on paper: the few SVG elements that figures are made of.
//!
//! Every mark carries its colour as an attribute, so that the file stands alone, and a class, so
//! that a page can recolour it: `s0`.. strokes and `f0`.. fills of the series, `axis`, `grid`,
//! `ref`, `hollow`, `paper`.

use super::type_setting::FAMILIES;
use crate::escape::xml;

/// Size of axis numbers and legends.
pub const SMALL: f64 = 12.0;
/// Size of axis titles.
pub const NORMAL: f64 = 13.0;

/// Distance between the lines of a label, by its size.
pub const LEADING: f64 = 1.1;

/// The shape of a marker; series differ in it, for print has no colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    TriangleDown,
    Cross,
    Plus,
    Star,
    Hexagon,
    Hourglass,
}

/// Colour, dash and marker of the i-th series. The colours are Okabe and Ito's (2008), told apart
/// by colour-blind readers; the first two differ in darkness too.
const SERIES: [(&str, &str, Shape); 10] = [
    ("#0b4f8a", "", Shape::Circle),
    ("#d55e00", "7 3", Shape::Triangle),
    ("#009e73", "2 2.5", Shape::Square),
    ("#b2558a", "9 3 2 3", Shape::Diamond),
    ("#333333", "5 2", Shape::TriangleDown),
    ("#8a6d00", "1.5 3", Shape::Cross),
    ("#2e9bd6", "8 2", Shape::Hexagon),
    ("#9a1b1e", "4 2 1 2", Shape::Star),
    ("#5a3d9a", "3 3", Shape::Hourglass),
    ("#8c8c8c", "6 2 2 2", Shape::Plus),
];

/// How a line looks.
#[derive(Clone, Copy, Debug)]
pub enum Pen {
    /// Axis line and ticks.
    Axis,
    /// Faint lines behind the marks.
    Grid,
    /// Lines that stand behind what a panel is about.
    Faint,
    /// The zero line.
    Zero,
    /// Dashed reference line.
    Reference,
    /// Line of a series, with its dash or solid.
    Series { index: usize, width: f64, dashed: bool },
}

impl Pen {
    fn attributes(self) -> String {
        match self {
            Self::Axis => r##"class="axis" stroke="#333" stroke-width="1""##.to_owned(),
            Self::Grid => r##"class="grid" stroke="#ececec" stroke-width="1""##.to_owned(),
            Self::Faint => r##"class="grid" stroke="#c4c4c4" stroke-width="0.9""##.to_owned(),
            Self::Zero => r##"class="ref" stroke="#777" stroke-width="1""##.to_owned(),
            Self::Reference => r##"class="ref" stroke="#555" stroke-width="1" stroke-dasharray="4 3""##.to_owned(),
            Self::Series { index, width, dashed } => {
                let i = index % SERIES.len();
                let (colour, dash, _) = SERIES[i];
                let dash =
                    if dashed && !dash.is_empty() { format!(" stroke-dasharray=\"{dash}\"") } else { String::new() };
                format!("class=\"s{i}\" stroke=\"{colour}\" stroke-width=\"{}\"{dash}", short(width))
            }
        }
    }
}

/// Where a text is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture in the making.
pub struct Canvas {
    pub width: f64,
    pub height: f64,
    body: String,
}

impl Canvas {
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), pen: Pen) {
        let (x1, y1, x2, y2) = (short(x1), short(y1), short(x2), short(y2));
        self.body.push_str(&format!("<path d=\"M{x1} {y1}L{x2} {y2}\" fill=\"none\" {}/>\n", pen.attributes()));
    }

    pub fn polyline(&mut self, points: &[(f64, f64)], pen: Pen) {
        if points.len() < 2 {
            return;
        }
        let path = path(points);
        let pen = pen.attributes();
        self.body.push_str(&format!("<path d=\"{path}\" fill=\"none\" stroke-linejoin=\"round\" {pen}/>\n"));
    }

    /// A shaded area in the colour of a series.
    pub fn shade(&mut self, points: &[(f64, f64)], index: usize) {
        let i = index % SERIES.len();
        let (path, colour) = (path(points), SERIES[i].0);
        self.body.push_str(&format!("<path d=\"{path}Z\" class=\"f{i}\" fill=\"{colour}\" fill-opacity=\"0.16\"/>\n"));
    }

    /// A filled bar in the colour of a series.
    pub fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, index: usize) {
        let i = index % SERIES.len();
        let (x, y, width, height, colour) = (short(x), short(y), short(width), short(height), SERIES[i].0);
        self.body.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"f{i}\" fill=\"{colour}\"/>\n"
        ));
    }

    /// A tile, darker as `share` grows from 0 to 1; crossed without a share.
    pub fn tile(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), share: Option<f64>) {
        let [left, top, right, bottom] = [x, y, x + width, y + height].map(short);
        let (width, height, colour) = (short(width), short(height), SERIES[0].0);
        match share {
            Some(share) => {
                let ink = short(0.06 + 0.94 * share.clamp(0.0, 1.0));
                self.body.push_str(&format!(
                    "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" class=\"f0\" fill=\"{colour}\" fill-opacity=\"{ink}\"/>\n"
                ));
            }
            None => self.body.push_str(&format!(
                "<path d=\"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}\" fill=\"none\" {}/>\n",
                Pen::Faint.attributes()
            )),
        }
    }

    /// Text on a dark tile.
    pub fn light(&mut self, (x, y): (f64, f64), size: f64, text: &str) {
        let place = format!("x=\"{}\" y=\"{}\" class=\"paper\" fill=\"#fff\"", short(x), short(y));
        self.write(&place, size, Anchor::Middle, text);
    }

    /// The marker of a series, `size` wide; hollow ones show the paper.
    pub fn marker(&mut self, (x, y): (f64, f64), size: f64, index: usize, hollow: bool) {
        let i = index % SERIES.len();
        let (colour, _, shape) = SERIES[i];
        let outline = outline(shape, x, y, size / 2.0);
        let paint = if hollow || matches!(shape, Shape::Cross | Shape::Plus) {
            format!("class=\"hollow s{i}\" fill=\"#fff\" stroke=\"{colour}\" stroke-width=\"1.4\"")
        } else {
            format!("class=\"f{i}\" fill=\"{colour}\"")
        };
        self.body.push_str(&format!("<path d=\"{outline}\" {paint}/>\n"));
    }

    /// Many small hollow circles at once, see-through so that a crowd shows.
    pub fn circles(&mut self, centres: &[(f64, f64)], radius: f64, index: usize) {
        let i = index % SERIES.len();
        let outline: String = centres.iter().map(|&(x, y)| circle(x, y, radius)).collect();
        let colour = SERIES[i].0;
        self.body.push_str(&format!(
            "<path d=\"{outline}\" class=\"s{i}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"0.8\" stroke-opacity=\"0.75\"/>\n"
        ));
    }

    pub fn text(&mut self, (x, y): (f64, f64), size: f64, anchor: Anchor, text: &str) {
        self.write(&format!("x=\"{}\" y=\"{}\"", short(x), short(y)), size, anchor, text);
    }

    /// The label of a row, of one or more lines, that ends at `right` and has its middle at `middle`.
    pub fn label(&mut self, (right, middle): (f64, f64), size: f64, lines: &[String]) {
        let first = middle - 0.5 * LEADING * size * (lines.len().max(1) - 1) as f64 + 0.36 * size;
        for (i, line) in lines.iter().enumerate() {
            self.text((right, first + LEADING * size * i as f64), size, Anchor::End, line);
        }
    }

    /// A heading in bold where the reader's system has a bold font.
    pub fn strong(&mut self, (x, y): (f64, f64), size: f64, text: &str) {
        let place = format!("x=\"{}\" y=\"{}\" font-weight=\"bold\"", short(x), short(y));
        self.write(&place, size, Anchor::Start, text);
    }

    /// Text that reads upwards, centred on `(x, y)`.
    pub fn upright(&mut self, (x, y): (f64, f64), size: f64, text: &str) {
        let place = format!("transform=\"translate({} {})rotate(-90)\"", short(x), short(y));
        self.write(&place, size, Anchor::Middle, text);
    }

    fn write(&mut self, place: &str, size: f64, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        self.body.push_str(&format!("<text {place} font-size=\"{}\"{anchor}>{}</text>\n", short(size), xml(text)));
    }

    /// The whole picture; `alt` says what it shows.
    pub fn finish(self, alt: &str) -> String {
        let (width, height) = (short(self.width), short(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" aria-label=\"{}\" font-family=\"{FAMILIES}\" fill=\"#1a1a1a\">\n\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n{}</svg>",
            xml(alt),
            self.body
        )
    }
}

/// A coordinate with two decimals at most.
fn short(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    // -0 would be written as such.
    if rounded == 0.0 { "0".to_owned() } else { rounded.to_string() }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut out = String::with_capacity(points.len() * 14);
    for (i, &(x, y)) in points.iter().enumerate() {
        out.push(if i == 0 { 'M' } else { 'L' });
        out.push_str(&short(x));
        out.push(' ');
        out.push_str(&short(y));
    }
    out
}

fn circle(x: f64, y: f64, r: f64) -> String {
    let (left, y, r, d) = (short(x - r), short(y), short(r), short(2.0 * r));
    format!("M{left} {y}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0")
}

/// Corners around a centre, the first at the top.
fn around((x, y): (f64, f64), corners: usize, radius: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let angle = |i: usize| std::f64::consts::TAU * i as f64 / corners as f64;
    (0..corners).map(|i| (x + radius(i) * angle(i).sin(), y - radius(i) * angle(i).cos())).collect()
}

fn outline(shape: Shape, x: f64, y: f64, r: f64) -> String {
    // Equal in area to the eye: pointed shapes reach a little further than the circle.
    let closed = |points: &[(f64, f64)]| path(points) + "Z";
    match shape {
        Shape::Circle => circle(x, y, r),
        Shape::Square => {
            let r = r * 0.9;
            closed(&[(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)])
        }
        Shape::Triangle => closed(&[(x, y - 1.25 * r), (x + 1.15 * r, y + 0.85 * r), (x - 1.15 * r, y + 0.85 * r)]),
        Shape::TriangleDown => closed(&[(x, y + 1.25 * r), (x + 1.15 * r, y - 0.85 * r), (x - 1.15 * r, y - 0.85 * r)]),
        Shape::Diamond => closed(&[(x, y - 1.3 * r), (x + 1.3 * r, y), (x, y + 1.3 * r), (x - 1.3 * r, y)]),
        Shape::Hexagon => closed(&around((x, y), 6, |_| 1.1 * r)),
        Shape::Star => closed(&around((x, y), 10, |i| if i % 2 == 0 { 1.45 * r } else { 0.6 * r })),
        Shape::Hourglass => closed(&[
            (x - 1.05 * r, y - 1.1 * r),
            (x + 1.05 * r, y - 1.1 * r),
            (x - 1.05 * r, y + 1.1 * r),
            (x + 1.05 * r, y + 1.1 * r),
        ]),
        Shape::Plus => path(&[(x - 1.2 * r, y), (x + 1.2 * r, y)]) + &path(&[(x, y - 1.2 * r), (x, y + 1.2 * r)]),
        Shape::Cross => path(&[(x - r, y - r), (x + r, y + r)]) + &path(&[(x - r, y + r), (x + r, y - r)]),
    }
}
