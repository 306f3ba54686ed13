//! Placebo tests: one figure per distribution, one table of permutation p-values, and the fits of
//! the kinds that have no distribution.

use attica::fit::FitRecord;
use attica::message::Warning;
use attica::text::Text;
use attica_report::figure::{Figure, Placebo as PlaceboPlot, Plot};
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::family::caution;
use super::findings;
use super::models;
use super::words::{Words, sentence, sentences, text};
use crate::effects::Overall;
use crate::results::{Model, Models, NoAnswer, Outcome, Placebo, Placebos};

/// Blocks of the section.
pub(super) fn blocks(words: &Words<'_>, found: &Placebos) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(found.methods.clone())];
    let mut warnings: Vec<&Warning> = Vec::new();
    for warning in found.kinds.iter().flat_map(|kind| &kind.warnings) {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    blocks.extend(warnings.into_iter().map(caution));
    let mut told: Vec<Warning> = Vec::new();
    for none in found.failed.iter().map(without) {
        if !told.contains(&none) {
            told.push(none);
        }
    }
    blocks.extend(told.iter().map(caution));
    let several = found.kinds.windows(2).any(|pair| pair[0].estimator != pair[1].estimator);
    let drawn: Vec<&Placebo> = found.kinds.iter().filter(|kind| !kind.draws.is_empty()).collect();
    blocks.extend(drawn.iter().map(|kind| Block::Figure(figure(words, kind, several))));
    if !drawn.is_empty() {
        blocks.push(Block::Table(p_values(words, &drawn, several)));
        blocks.extend(findings::placebo(&drawn, name).map(Block::Paragraph));
    }
    for kind in found.kinds.iter().filter(|kind| !kind.fits.is_empty()) {
        blocks.extend(fits(words, kind));
    }
    for kind in ["time", "outcome"] {
        let of: Vec<&Placebo> = found.kinds.iter().filter(|one| one.kind == kind && !one.effects.is_empty()).collect();
        // The regressions of the main model alone are shown as such.
        if of.iter().any(|one| one.fits.is_empty()) {
            blocks.push(Block::Table(effects(words, kind, &of)));
        }
    }
    blocks
}

/// An estimator without a placebo test.
fn without(one: &NoAnswer) -> Warning {
    let why = one.problem.text();
    Warning::new(
        &one.problem.id,
        format!("{} has no placebo test: {}", one.label.en, why.en),
        format!("{}无安慰剂检验：{}", one.label.zh, why.zh),
    )
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

/// Draws, or all possible assignments with the true one.
fn assignments(kind: &Placebo) -> usize {
    kind.drawn + usize::from(kind.exact)
}

/// `several`: other estimators have figures too.
fn figure(words: &Words<'_>, kind: &Placebo, several: bool) -> Figure {
    let digits = words.results.style.digits;
    let name = name(&kind.kind);
    let (id, title) = (
        format!("placebo-{}", kind.kind),
        text(format!("Placebo test: {}", name.en.to_lowercase()), format!("安慰剂检验：{}", name.zh)),
    );
    let (id, title) = if several {
        let Text { en, zh } = &kind.label;
        (format!("{id}-{}", kind.estimator), text(format!("{}, {en}", title.en), format!("{}（{zh}）", title.zh)))
    } else {
        (id, title)
    };
    let draws = words.count(assignments(kind));
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
    let part = if kind.draws.len() < kind.drawn {
        let shown = words.count(kind.draws.len());
        text(format!(", of which the first {shown} are drawn here"), format!("（图中为前{shown}次）"))
    } else {
        Text::default()
    };
    let p = kind.p_two_sided.map_or_else(|| "–".to_owned(), super::event::equals_p);
    let outcome = words.label(&words.results.model.outcome);
    Figure {
        id,
        title,
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
                    "The curve is the kernel density of the estimates from {}{}; the vertical line is the estimate, {estimate} \
                     (two-sided permutation {p}).{}",
                    of.en, part.en, p_note.en
                ),
                format!(
                    "曲线为{}{}所得估计系数的核密度，竖线为真实估计值{estimate}（双侧置换检验{p}）。{}",
                    of.zh, part.zh, p_note.zh
                ),
            ),
        ])],
    }
}

/// p-values of all distributions; `several`: of more than one estimator.
fn p_values(words: &Words<'_>, kinds: &[&Placebo], several: bool) -> Table {
    let digits = words.results.style.digits;
    let mut head = vec![text("Placebo", "检验类型")];
    if several {
        head.push(text("Estimator", "估计量"));
    }
    let labels = head.len();
    let sides = || [text("two-sided", "双侧"), text("left", "左侧"), text("right", "右侧")];
    head.extend([text("Draws", "抽样次数"), text("Estimate", "估计值")]);
    let mut over: Vec<Head> = head.iter().map(|_| Head::blank()).collect();
    over.extend([
        Head::over(3, text("p by estimate", "按估计值的p值")),
        Head::over(3, text("p by t", "按t值的p值")),
        Head::blank(),
    ]);
    head.extend(sides().into_iter().chain(sides()));
    head.push(text("MC error", "模拟误差"));
    let columns = head.len();
    let absent = text("not computed for these draws", "该抽样未计算");
    let no_error = text("the estimator's draws have no standard error", "该估计量的抽样不含标准误");
    let p = |value: Option<f64>, why: &Text| {
        value.map_or(Cell::Absent(why.clone()), |value| Cell::PValue { value, decimals: 4 })
    };
    let rows = kinds.iter().map(|kind| {
        let mut cells = vec![Cell::Text(name(&kind.kind))];
        if several {
            cells.push(Cell::Text(kind.label.clone()));
        }
        cells.extend([Cell::Count(assignments(kind) as u64), Cell::Number { value: kind.estimate, decimals: digits }]);
        cells.extend([kind.p_two_sided, kind.p_left, kind.p_right].map(|value| p(value, &absent)));
        cells.extend([kind.p_two_sided_t, kind.p_left_t, kind.p_right_t].map(|value| p(value, &no_error)));
        cells.push(Cell::number(kind.p_mc_error, 4, &absent));
        Row::Cells(cells)
    });
    let exact = kinds.iter().filter(|kind| kind.exact).count();
    let listed = text(
        " Where all possible assignments were listed (MC error 0), the p-value is exact: the share of them, the true one included, that is at least as extreme.",
        "穷举全部可能分配时（模拟误差为0），p值为精确值，即其中（含真实分配）不弱于真实估计者所占比例。",
    );
    let simulated = text(
        "p = (1 + number of placebo estimates at least as extreme as the estimate) / (draws + 1): two-sided by absolute value, left for estimates at or below, right for estimates at or above. MC error is the Monte Carlo standard error of the two-sided p-value by estimate.",
        "p =（1 + 不弱于真实估计值的安慰剂估计个数）/（抽样次数 + 1）：双侧按绝对值，左侧为小于等于，右侧为大于等于。模拟误差为按估计值双侧p值的蒙特卡洛标准误。",
    );
    let seed = kinds.iter().find_map(|kind| kind.seed).unwrap_or(words.results.seed);
    let seed = text(format!(" Random seed {seed}."), format!("随机种子为{seed}。"));
    let mut note = simulated;
    for more in [(exact > 0).then_some(listed), (exact < kinds.len()).then_some(seed)].into_iter().flatten() {
        note = text(note.en + &more.en, note.zh + &more.zh);
    }
    Table {
        id: "placebo".to_owned(),
        title: text("Permutation p-values", "安慰剂检验的置换p值"),
        columns: std::iter::repeat_n(Align::Left, labels)
            .chain(std::iter::repeat_n(Align::Decimal, columns - labels))
            .collect(),
        head: vec![over, head.into_iter().map(Head::one).collect()],
        rows: rows.collect(),
        notes: vec![note],
    }
}

/// Effects of a placebo in time or in outcomes, estimator by estimator.
fn effects(words: &Words<'_>, kind: &str, of: &[&Placebo]) -> Table {
    let digits = words.results.style.digits;
    let absent = text("the estimator has no standard error here", "该估计量在此无标准误");
    let head = [
        text("Estimator", "估计量"),
        if kind == "time" { text("Date", "时点") } else { text("Outcome", "结果变量") },
        text("Estimate", "估计值"),
        text("Std. error", "标准误"),
        text("p", "p值"),
    ];
    let row = |one: &Placebo| -> Vec<Row> {
        let row = |(head, effect): &(Text, Overall)| {
            let said = if kind == "outcome" { words.label(&head.en) } else { head.clone() };
            Row::Cells(vec![
                Cell::Text(one.label.clone()),
                Cell::Text(said),
                Cell::Number { value: effect.estimate, decimals: digits },
                Cell::number(effect.std_error, digits, &absent),
                effect.p_value.map_or(Cell::Absent(absent.clone()), |value| Cell::PValue { value, decimals: 4 }),
            ])
        };
        one.effects.iter().map(row).collect()
    };
    let name = name(kind);
    Table {
        id: format!("placebo-{kind}-estimators"),
        title: text(
            format!("Placebo test by estimator: {}", name.en.to_lowercase()),
            format!("各估计量的安慰剂检验：{}", name.zh),
        ),
        columns: [Align::Left, Align::Left].into_iter().chain([Align::Decimal; 3]).collect(),
        head: vec![head.map(Head::one).to_vec()],
        rows: of.iter().flat_map(|one| row(one)).collect(),
        notes: of.first().map(|one| sentence(one.description.clone())).into_iter().collect(),
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
        design: None,
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
