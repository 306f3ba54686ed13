//! What a figure shows.

use attica::text::Text;
use serde::{Deserialize, Serialize};

/// A figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Identifies the figure in file names and links: `event-study`.
    pub id: String,
    /// Title, without number; printed by the writers under the picture, not in it.
    pub title: Text,
    /// What the picture shows, in words, for who cannot see it.
    pub alt: Text,
    /// Horizontal axis.
    pub x_label: Text,
    /// Vertical axis.
    pub y_label: Text,
    /// What is drawn.
    pub plot: Plot,
    /// Notes under the figure.
    pub notes: Vec<Text>,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plot {
    /// Effects by event time.
    EventStudy(EventStudy),
    /// Effects by event time, a small panel for each estimator with the others faint behind it.
    EventPanels(EventStudy),
    /// Placebo distribution.
    Placebo(Placebo),
    /// Lines over time.
    Lines(Lines),
    /// Coefficients with intervals, one below the other.
    Forest(Forest),
    /// Several values in each row, told apart by marker.
    Dots(Dots),
    /// Densities of two groups, a panel for each sample.
    Densities(Densities),
    /// Horizontal bars.
    Bars(Bars),
    /// Estimates of many specifications above what each of them chooses.
    Curve(Curve),
    /// Points of several kinds.
    Scatter(Scatter),
    /// Rows by columns, darker where the share is larger.
    Tiles(Box<Tiles>),
}

/// Effects by event time, by one or several estimators side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventStudy {
    /// One per estimator.
    pub series: Vec<EventSeries>,
    /// Where the dashed vertical line of adoption stands; -0.5 lies between the last period before
    /// and the first period of treatment.
    pub adoption: Option<f64>,
    /// Lines over event time, drawn without markers: trends that effects are held against.
    pub lines: Vec<LineSeries>,
}

/// Effects by event time, by one estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventSeries {
    /// Name in the legend.
    pub label: Text,
    /// Points by event time.
    pub points: Vec<EventPoint>,
}

/// One effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventPoint {
    /// Periods since adoption.
    pub event_time: i64,
    /// Effect; 0 at the reference.
    pub estimate: f64,
    /// Pointwise confidence interval, drawn as a bar with caps.
    pub interval: Option<(f64, f64)>,
    /// Simultaneous confidence band, drawn as a shade.
    pub band: Option<(f64, f64)>,
    /// Reference period, drawn hollow.
    pub reference: bool,
    /// This and all further periods together: labelled `≤−4` or `≥6`.
    pub binned: bool,
}

/// Placebo coefficients and their p-values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placebo {
    /// Placebo coefficients, one per draw.
    pub draws: Vec<f64>,
    /// Their p-values, in the same order; empty when there are none.
    pub p_values: Vec<f64>,
    /// The true estimate, a vertical line.
    pub estimate: f64,
    /// The horizontal dashed line on the axis of p-values, 0.1 by custom.
    pub level: f64,
}

/// Lines over time: raw means of the treated and the others, an index by year.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// Lines.
    pub series: Vec<LineSeries>,
    /// Dashed vertical lines: adoption dates with their labels.
    pub marks: Vec<Mark>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineSeries {
    /// Name in the legend.
    pub label: Text,
    /// Points from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A dashed vertical line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Where.
    pub x: f64,
    /// What it says; empty for nothing.
    pub label: Text,
}

/// Coefficients with intervals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forest {
    /// Rows from top to bottom.
    pub rows: Vec<ForestRow>,
    /// A dashed vertical line: the baseline estimate.
    pub baseline: Option<f64>,
}

/// One coefficient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForestRow {
    /// Label.
    pub label: Text,
    /// A heading printed above the first row of each group.
    pub group: Option<Text>,
    /// Estimate.
    pub estimate: f64,
    /// Confidence interval; an infinite end is an arrow at the edge.
    pub interval: Option<(f64, f64)>,
    /// Drawn with a filled marker; others are hollow. Use it for the main estimate.
    pub main: bool,
}

/// Rows with a marker for each series: covariate balance before and after matching (a love plot).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dots {
    /// Label of each row, from top to bottom.
    pub rows: Vec<Text>,
    /// Series; the first is hollow.
    pub series: Vec<DotSeries>,
    /// Dashed vertical lines, such as the bounds of what is called balanced, and what they are.
    pub bounds: Vec<f64>,
    /// Name of the bounds in the legend; empty for none.
    pub bounds_label: Text,
}

/// One series of dots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DotSeries {
    /// Name in the legend.
    pub label: Text,
    /// One value per row, where there is one.
    pub values: Vec<Option<f64>>,
}

/// Densities of groups in several samples, on common axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Densities {
    /// Names of the groups, in the order of each panel's curves.
    pub groups: Vec<Text>,
    /// Panels from left to right and top to bottom.
    pub panels: Vec<DensityPanel>,
}

/// The densities of one sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DensityPanel {
    /// Name above the panel.
    pub label: Text,
    /// A curve for each group, as points from left to right; empty where it has none.
    pub curves: Vec<Vec<(f64, f64)>>,
}

/// Horizontal bars: weights, shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bars {
    /// Label and value, from top to bottom.
    pub rows: Vec<(Text, f64)>,
    /// Decimals of the value printed at the end of a bar.
    pub decimals: usize,
}

/// Points on two axes of numbers, hollow, told apart by marker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scatter {
    /// Kinds of points.
    pub series: Vec<LineSeries>,
    /// A dashed horizontal line and its name: the mean of all.
    pub baseline: Option<(f64, Text)>,
}

/// A specification curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Specifications from left to right.
    pub points: Vec<CurvePoint>,
    /// Dimension and label of each choice, the rows of the matrix.
    pub choices: Vec<(Text, Text)>,
}

/// One specification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Estimate.
    pub estimate: f64,
    /// Confidence interval.
    pub interval: (f64, f64),
    /// Choices that it makes, counted from 0.
    pub choices: Vec<usize>,
    /// Drawn large: the study's own.
    pub main: bool,
}

/// Shares by row and column: who is treated when, what is missing where, how far policies reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tiles {
    /// Heads of the columns: periods.
    pub columns: Vec<String>,
    /// Rows from top to bottom; those of one label stand together and share it.
    pub rows: Vec<TileRow>,
    /// What the lightest and the darkest tile mean.
    pub ends: [Text; 2],
    /// What a crossed tile means, where there are some.
    pub absent: Text,
    /// Prints the share in each tile, in percent.
    pub numbers: bool,
}

/// One row of tiles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TileRow {
    /// Label.
    pub label: Text,
    /// Height beside the other rows': the units that it stands for.
    pub weight: f64,
    /// Share in each column, from 0 to 1; none where there is nothing to show.
    pub shares: Vec<Option<f64>>,
}
