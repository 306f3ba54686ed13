//! Placebo tests: one figure per distribution, one table of permutation p-values, and the fits of
//! the kinds that have no distribution.

use attica::fit::FitRecord;
use attica::text::Text;
use attica_report::figure::{Figure, Placebo as PlaceboPlot, Plot};
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::family::caution;
use super::models;
use super::words::{Words, sentence, sentences, text};
use crate::results::{Model, Models, Outcome, Placebo, Placebos};

/// Blocks of the section.
pub(super) fn blocks(words: &Words<'_>, found: &Placebos) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(found.methods.clone())];
    for kind in &found.kinds {
        blocks.extend(kind.warnings.iter().map(caution));
    }
    let drawn: Vec<&Placebo> = found.kinds.iter().filter(|kind| !kind.draws.is_empty()).collect();
    blocks.extend(drawn.iter().map(|kind| Block::Figure(figure(words, kind))));
    if !drawn.is_empty() {
        blocks.push(Block::Table(p_values(words, &drawn)));
    }
    for kind in found.kinds.iter().filter(|kind| !kind.fits.is_empty()) {
        blocks.extend(fits(words, kind));
    }
    blocks
}

/// What a kind of placebo moves.
fn name(kind: &str) -> Text {
    match kind {
        "unit" => text("Random units", "随机抽取处理个体"),
        "cohort" => text("Permuted adoption dates", "置换政策时点"),
        "time" => text("Earlier dates", "政策时点前移"),
        "mixed" => text("Random units and dates", "随机个体与时点"),
        "outcome" => text("Unaffected outcomes", "安慰剂结果变量"),
        other => Text::same(other),
    }
}

fn figure(words: &Words<'_>, kind: &Placebo) -> Figure {
    let digits = words.results.style.digits;
    let name = name(&kind.kind);
    let draws = words.count(kind.draws.len());
    let estimate = number(kind.estimate, digits);
    let of = if kind.exact {
        text(format!("all {draws} possible assignments"), format!("全部{draws}种可能分配"))
    } else {
        text(format!("{draws} random draws"), format!("{draws}次随机抽样"))
    };
    let p_note = if kind.p.is_empty() {
        Text::default()
    } else {
        text(
            " Hollow points are the conventional p-values of the placebo estimates (right axis), the dashed line is p = 0.1.",
            "空心点为各次估计的常规p值（右轴），水平虚线为p = 0.1。",
        )
    };
    let p = kind.p_two_sided.map_or_else(|| "–".to_owned(), super::event::equals_p);
    let outcome = words.label(&words.results.model.outcome);
    Figure {
        id: format!("placebo-{}", kind.kind),
        title: text(format!("Placebo test: {}", name.en.to_lowercase()), format!("安慰剂检验：{}", name.zh)),
        alt: text(
            format!("Density of placebo estimates from {}; the estimate {estimate} is a vertical line.", of.en),
            format!("{}安慰剂估计系数的核密度；竖线为真实估计值{estimate}。", of.zh),
        ),
        x_label: text(format!("Placebo effect on {}", outcome.en), format!("{}的安慰剂估计系数", outcome.zh)),
        y_label: text("Density", "核密度"),
        plot: Plot::Placebo(PlaceboPlot {
            draws: kind.draws.clone(),
            p_values: kind.p.clone(),
            estimate: kind.estimate,
            level: 0.1,
        }),
        notes: vec![sentences([
            sentence(kind.description.clone()),
            text(
                format!(
                    "The curve is the kernel density of the estimates from {}; the vertical line is the estimate, {estimate} \
                     (two-sided permutation {p}).{}",
                    of.en, p_note.en
                ),
                format!(
                    "曲线为{}所得估计系数的核密度，竖线为真实估计值{estimate}（双侧置换检验{p}）。{}",
                    of.zh, p_note.zh
                ),
            ),
        ])],
    }
}

fn p_values(words: &Words<'_>, kinds: &[&Placebo]) -> Table {
    let digits = words.results.style.digits;
    let head = [
        text("Placebo", "检验类型"),
        text("Draws", "抽样次数"),
        text("Estimate", "估计值"),
        text("p, two-sided", "双侧p值"),
        text("p, left", "左侧p值"),
        text("p, right", "右侧p值"),
        text("p by |t|", "按|t|的p值"),
        text("MC error", "模拟误差"),
    ];
    let absent = text("not computed for these draws", "该抽样未计算");
    let p =
        |value: Option<f64>| value.map_or(Cell::Absent(absent.clone()), |value| Cell::PValue { value, decimals: 4 });
    let rows = kinds.iter().map(|kind| {
        Row::Cells(vec![
            Cell::Text(name(&kind.kind)),
            Cell::Count(kind.draws.len() as u64),
            Cell::Number { value: kind.estimate, decimals: digits },
            p(kind.p_two_sided),
            p(kind.p_left),
            p(kind.p_right),
            p(kind.p_two_sided_t),
            Cell::number(kind.p_mc_error, 4, &absent),
        ])
    });
    let exact: Vec<usize> = kinds.iter().enumerate().filter(|(_, kind)| kind.exact).map(|(i, _)| i).collect();
    let enumerated = if exact.is_empty() {
        Text::default()
    } else if exact.len() == kinds.len() {
        text(" All assignments were enumerated, so the p-values are exact.", "已穷举全部分配，p值为精确值。")
    } else {
        let names = super::words::list(&exact.iter().map(|&i| name(&kinds[i].kind)).collect::<Vec<_>>());
        text(
            format!(" All assignments were enumerated for: {}.", names.en.to_lowercase()),
            format!("已穷举全部分配：{}。", names.zh),
        )
    };
    Table {
        id: "placebo".to_owned(),
        title: text("Permutation p-values", "安慰剂检验的置换p值"),
        columns: std::iter::once(Align::Left).chain(std::iter::repeat_n(Align::Decimal, 7)).collect(),
        head: vec![head.map(Head::one).to_vec()],
        rows: rows.collect(),
        notes: vec![text(
            format!(
                "p = (1 + number of placebo estimates at least as extreme as the estimate) / (draws + 1): two-sided by absolute \
                 value, left for estimates at or below, right for estimates at or above. MC error is the Monte Carlo standard \
                 error of the two-sided p-value. Random seed {}.{}",
                words.results.seed, enumerated.en
            ),
            format!(
                "p =（1 + 不弱于真实估计值的安慰剂估计个数）/（抽样次数 + 1）：双侧按绝对值，左侧为小于等于，右侧为大于等于。\
                 模拟误差为双侧p值的蒙特卡洛标准误。随机种子为{}。{}",
                words.results.seed, enumerated.zh
            ),
        )],
    }
}

/// The regressions behind a placebo in time or in outcomes.
fn fits(words: &Words<'_>, kind: &Placebo) -> Vec<Block> {
    let model = |(head, fit): &(Text, FitRecord)| Model {
        head: head.clone(),
        formula: String::new(),
        controls: Vec::new(),
        effects: fit.effects.iter().map(|effect| effect.name.clone()).collect(),
        fit: Outcome::Fit(Box::new(fit.clone())),
    };
    let first = kind.fits.iter().filter_map(|(_, fit)| fit.terms.first()).map(|term| term.term.clone()).next();
    let name = name(&kind.kind);
    let family = Models {
        id: format!("placebo-{}", kind.kind),
        title: text(format!("Placebo test: {}", name.en.to_lowercase()), format!("安慰剂检验：{}", name.zh)),
        models: kind.fits.iter().map(model).collect(),
        show: first.into_iter().collect(),
        tests: Vec::new(),
        methods: Text::default(),
        cautions: Vec::new(),
    };
    let said = sentences([sentence(kind.description.clone()), super::model_notes::methods(words, &family)]);
    let mut blocks = vec![Block::Paragraph(said)];
    blocks.extend(models::tables(words, &family).into_iter().map(Block::Table));
    blocks
}
