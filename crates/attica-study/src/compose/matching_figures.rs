//! Balance and propensity scores before and after matching, drawn.

use attica::text::Text;
use attica_report::figure::{Densities, DensityPanel, DotSeries, Dots, Figure, Plot};
use attica_report::format::number;

use super::matching::{Name, largest};
use super::words::{Words, glue, stop, text};
use crate::results;

/// What is usually called balanced, in percent of a standard deviation.
const BALANCED: f64 = 10.0;

/// Standardised differences of all covariates before and after each match; none without covariates that vary.
pub(super) fn love(words: &Words<'_>, name: &Name<'_>) -> Option<Figure> {
    let matches = &name.timed.matches;
    let rows = &matches.first()?.balance.rows;
    let before = DotSeries {
        label: text("All candidates", "全部候选"),
        values: rows.iter().map(|row| row.before.bias).collect(),
    };
    let after = matches.iter().map(|one| DotSeries {
        label: one.label.clone(),
        values: one.balance.rows.iter().map(|row| row.after.bias).collect(),
    });
    let series: Vec<DotSeries> = std::iter::once(before).chain(after).collect();
    if series.iter().flat_map(|series| &series.values).all(Option::is_none) {
        return None;
    }
    let falls = matches.iter().filter_map(|one| {
        let after = number(largest(one, |row| &row.after)?, 1);
        Some(text(format!("{} {after}%", one.label.en), format!("{} {after}%", one.label.zh)))
    });
    let falls = glue(falls, ", ", "，");
    let start =
        matches.first().and_then(|one| largest(one, |row| &row.before)).map_or_else(String::new, |b| number(b, 1));
    Some(Figure {
        id: name.id("love"),
        title: name.title(text("Standardised differences before and after matching", "匹配前后的标准化偏差")),
        alt: stop(text(
            format!(
                "The largest standardised difference is {start}% among all candidates; after matching {}",
                falls.en
            ),
            format!("全部候选中最大标准化偏差为{start}%；匹配后：{}", falls.zh),
        )),
        x_label: text("Standardised difference, %", "标准化偏差（%）"),
        y_label: Text::default(),
        plot: Plot::Dots(Dots {
            rows: rows.iter().map(|row| words.label(&row.covariate)).collect(),
            series,
            bounds: vec![-BALANCED, BALANCED],
            bounds_label: text("±10%", "±10%"),
        }),
        notes: vec![text(
            "Treated less controls in percent of a standard deviation; hollow markers are all candidates, the other markers the matched ones under \
             their weights.",
            "处理组与对照组均值之差占标准差的百分比；空心标记为全部候选，其余标记为加权后的匹配样本。",
        )],
    })
}

/// Densities of the propensity score, of all candidates and of each match under its weights; none without scores.
pub(super) fn densities(name: &Name<'_>) -> Option<Figure> {
    let panel = |label: Text, found: &results::Densities| {
        let curves = vec![found.treated.clone(), found.controls.clone()];
        curves.iter().any(|curve| !curve.is_empty()).then_some(DensityPanel { label, curves })
    };
    let before = panel(text("All candidates", "全部候选"), name.timed.density.as_ref()?)?;
    let after = name.timed.matches.iter().filter_map(|one| panel(one.label.clone(), one.density.as_ref()?));
    Some(Figure {
        id: name.id("density"),
        title: name.title(text("Propensity scores before and after matching", "匹配前后的倾向得分核密度")),
        alt: text(
            "Densities of the propensity score of treated and controls, in a panel for all candidates and one for each match.",
            "处理组与对照组倾向得分的核密度：全部候选与各匹配样本各占一图。",
        ),
        x_label: text("Propensity score", "倾向得分"),
        y_label: text("Density", "核密度"),
        plot: Plot::Densities(Densities {
            groups: vec![text("Treated", "处理组"), text("Controls", "对照组")],
            panels: std::iter::once(before).chain(after).collect(),
        }),
        notes: vec![text(
            "Gaussian kernels with Silverman's bandwidth, reflected at 0 and 1; matched samples under their weights.",
            "高斯核，Silverman带宽，在0与1处反射；匹配样本按权重计算。",
        )],
    })
}
