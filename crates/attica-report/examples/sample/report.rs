//! A report as a study would make it, from invented numbers: every kind of block, table and figure.

use attica::text::{Language, Text};
use attica_report::figure::{
    Bars, EventPoint, EventSeries, EventStudy, Figure, FigureWidth, Forest, ForestRow, LineSeries, Lines, Mark,
    Placebo, Plot,
};
use attica_report::format::Style;
use attica_report::report::{Block, Report};
use attica_report::table::{Align, Bracket, Cell, Head, Row, Table};

fn t(en: &str, zh: &str) -> Text {
    Text::new(en, zh)
}

/// The report in `language`, with the style that goes with it.
pub fn report(language: Language) -> Report {
    let style = if language == Language::Zh { Style::Cn } else { Style::Aer };
    Report {
        title: t("Digital finance pilots and new productive forces", "数字金融试点与新质生产力"),
        subtitle: Some(t("Evidence from 285 cities, 2009–2019", "来自285个城市2009—2019年的证据")),
        badge: Some(t("Simulated data: not evidence about any policy", "模拟数据：不构成任何政策证据")),
        language,
        style,
        figure_width: FigureWidth::default(),
        word_styles: None,
        blocks: vec![
            Block::Heading(1, t("Data", "数据")),
            Block::Paragraph(t(
                "The panel holds 285 cities over 11 years. 41 cities adopt the policy in 2011; 244 never do. Every number below comes from the same results file.",
                "面板包含285个城市、11个年份。41个城市于2011年试点，244个城市从未试点。以下全部数字出自同一结果文件。",
            )),
            Block::Table(descriptives()),
            Block::Figure(raw_means()),
            Block::Heading(1, t("Baseline", "基准回归")),
            Block::Table(baseline()),
            Block::Heading(2, t("Dynamic effects", "动态效应")),
            Block::Figure(event_study(2, -4, 6, true)),
            Block::Figure(event_study(1, -4, 3, true)),
            Block::Figure(event_study(3, -20, 19, true)),
            Block::Heading(1, t("Robustness", "稳健性检验")),
            Block::List {
                numbered: true,
                items: vec![
                    t(
                        "Placebo: 500 random assignments that keep cohort sizes.",
                        "安慰剂检验：保持队列规模不变的500次随机指派。",
                    ),
                    t("Alternative samples and specifications.", "替换样本与模型设定。"),
                ],
            },
            Block::Figure(placebo()),
            Block::Figure(forest()),
            Block::Figure(bars()),
            Block::Warning(t(
                "Two pre-periods leave one testable lead: the absence of a pre-trend cannot be shown here.",
                "仅有两个政策前时期，只有一个可检验的前导项，无法据此证明平行趋势。",
            )),
            Block::Note(t("All standard errors are clustered by city.", "全部标准误在城市层面聚类。")),
            Block::Code("[data]\nfile = \"panel.csv\"\nunit = \"city\"\ntime = \"year\"".to_owned()),
        ],
    }
}

fn estimate(value: f64, stars: u8) -> Cell {
    Cell::Estimate { value, stars, decimals: 3 }
}

fn bracketed(value: f64) -> Cell {
    Cell::Bracketed { value, decimals: 3, bracket: Bracket::Round }
}

fn row(label: Text, cells: impl IntoIterator<Item = Cell>) -> Row {
    Row::Cells(std::iter::once(Cell::Text(label)).chain(cells).collect())
}

/// A table of regressions as journals print it.
pub fn baseline() -> Table {
    let yes = |values: [bool; 4]| values.map(Cell::yes);
    let heads = |text: &str| Head::one(Text::same(text));
    Table {
        id: "baseline".to_owned(),
        title: t("Baseline regressions", "基准回归结果"),
        columns: vec![Align::Left, Align::Decimal, Align::Decimal, Align::Decimal, Align::Decimal],
        head: vec![
            vec![
                Head::blank(),
                Head::over(2, t("Without controls", "无控制变量")),
                Head::over(2, t("With controls", "有控制变量")),
            ],
            vec![Head::one(t("Variable", "变量")), heads("(1)"), heads("(2)"), heads("(3)"), heads("(4)")],
            vec![Head::blank(), heads("NPRO"), heads("ln(NPRO)"), heads("NPRO"), heads("ln(NPRO)")],
        ],
        rows: vec![
            row(
                Text::same("DID"),
                [estimate(0.02512345, 3), estimate(-0.1240912, 2), estimate(0.0203, 1), estimate(10.0198, 0)],
            ),
            row(Text::default(), [bracketed(0.0041), bracketed(0.05049), bracketed(0.011234), bracketed(12.33415)]),
            row(
                t("GDP per head (log)", "人均GDP（对数）"),
                [
                    Cell::Empty,
                    Cell::Empty,
                    estimate(0.3124, 3),
                    Cell::Absent(t("collinear with city", "与城市效应共线")),
                ],
            ),
            row(Text::default(), [Cell::Empty, Cell::Empty, bracketed(0.0412), Cell::Empty]),
            Row::Separator,
            row(t("Controls", "控制变量"), yes([false, false, true, true])),
            row(t("City fixed effects", "城市固定效应"), yes([true; 4])),
            row(t("Year fixed effects", "年份固定效应"), yes([true; 4])),
            row(Text::same("N"), [3135, 3135, 3024, 3024].map(Cell::Count)),
            row(
                Text::same("R²"),
                [0.17412, 0.48399, 0.67912, 0.68412].map(|value| Cell::Number { value, decimals: 3 }),
            ),
        ],
        notes: vec![
            t("*** p < 0.01, ** p < 0.05, * p < 0.1.", "***、**、*分别表示在1%、5%、10%的水平上显著；"),
            t("Standard errors clustered by city (285 clusters) in parentheses.", "括号内为城市层面的聚类稳健标准误。"),
        ],
    }
}

/// Descriptive statistics in two panels.
pub fn descriptives() -> Table {
    let columns = [
        ("N", "样本量"),
        ("Mean", "均值"),
        ("SD", "标准差"),
        ("Min", "最小值"),
        ("Median", "中位数"),
        ("Max", "最大值"),
    ];
    let line = |label: Text, n: u64, values: [f64; 5]| {
        row(label, std::iter::once(Cell::Count(n)).chain(values.map(|value| Cell::Number { value, decimals: 3 })))
    };
    Table {
        id: "descriptives".to_owned(),
        title: t("Descriptive statistics", "描述性统计"),
        columns: std::iter::once(Align::Left).chain([Align::Decimal; 6]).collect(),
        head: vec![
            std::iter::once(Head::one(t("Variable", "变量")))
                .chain(columns.map(|(en, zh)| Head::one(t(en, zh))))
                .collect(),
        ],
        rows: vec![
            Row::Panel(t("Panel A. Outcome", "A组：被解释变量")),
            line(t("New productive forces", "新质生产力"), 3135, [0.21534, 0.10412, 0.0312, 0.1934, 0.7812]),
            Row::Panel(t("Panel B. Controls", "B组：控制变量")),
            line(t("GDP per head (log)", "人均GDP（对数）"), 3130, [10.5312, 0.6423, 8.1123, 10.5021, 13.0556]),
            line(
                t("Open economy (exports over GDP)", "对外开放（出口占GDP比重）"),
                3024,
                [-0.0412, 1.3312, -12.5, 0.0071, 104.2],
            ),
            line(t("Population", "人口"), 985, [443.912, 312.4, 19.8, 372.05, 3416.0]),
        ],
        notes: vec![t("One row per city and year.", "每行为一个城市—年份观测。")],
    }
}

/// Numbers that look random and are the same on every machine.
fn noise(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
}

/// An event study with `n` estimators.
pub fn event_study(n: usize, first: i64, last: i64, band: bool) -> Figure {
    let labels = [
        t("Two-way fixed effects", "双向固定效应"),
        t("Callaway–Sant'Anna", "Callaway–Sant'Anna 估计"),
        t("Borusyak–Jaravel–Spiess", "Borusyak–Jaravel–Spiess 估计"),
    ];
    let mut state = 7;
    let series = labels
        .into_iter()
        .take(n)
        .map(|label| EventSeries {
            label,
            points: (first..=last)
                .map(|time| {
                    let reference = time == -1;
                    let effect = if time < 0 { 0.0 } else { 0.05 * (1.0 - (-0.5 * (time + 1) as f64).exp()) };
                    let estimate = if reference { 0.0 } else { effect + 0.02 * noise(&mut state) };
                    let half = 0.014 + 0.002 * time.unsigned_abs() as f64 + 0.01 * noise(&mut state).abs();
                    EventPoint {
                        event_time: time,
                        estimate,
                        interval: (!reference).then_some((estimate - half, estimate + half)),
                        band: (band && !reference).then_some((estimate - 1.4 * half, estimate + 1.4 * half)),
                        reference,
                        binned: time == first || time == last,
                    }
                })
                .collect(),
        })
        .collect();
    Figure {
        id: format!("event-study-{n}"),
        title: t("Effect by years since adoption", "政策实施前后的动态效应"),
        alt: t(
            "Estimates before adoption lie around zero; after adoption they rise to 0.05.",
            "政策实施前的估计值在零附近；实施后升至0.05。",
        ),
        x_label: t("Years since adoption", "相对政策实施的年份"),
        y_label: t("Effect on new productive forces", "对新质生产力的影响"),
        plot: Plot::EventStudy(EventStudy { series, adoption: Some(-0.5), lines: Vec::new() }),
        notes: vec![
            t("Bars are 95% confidence intervals clustered by city.", "竖线为城市层面聚类的95%置信区间。"),
            t("End bins hold all years beyond.", "两端的点合并了其外的全部年份。"),
        ],
    }
}

/// A placebo figure with 500 draws.
pub fn placebo() -> Figure {
    let mut state = 11;
    let draws: Vec<f64> = (0..500).map(|_| (0..12).map(|_| noise(&mut state)).sum::<f64>() * 0.006).collect();
    let p_values = draws.iter().map(|b| (1.0 - (b / 0.014).abs().min(1.0)).powf(1.2)).collect();
    Figure {
        id: "placebo".to_owned(),
        title: t("Placebo: 500 random assignments", "安慰剂检验：500次随机指派"),
        alt: t(
            "The true estimate lies to the right of all placebo estimates.",
            "真实估计值位于全部安慰剂估计值的右侧。",
        ),
        x_label: t("Placebo estimate", "安慰剂估计值"),
        y_label: t("Density", "核密度"),
        plot: Plot::Placebo(Placebo { draws, p_values, estimate: 0.0251, level: 0.1 }),
        notes: vec![t("Permutation p-value 0.002, two-sided.", "双侧置换检验p值为0.002。")],
    }
}

fn raw_means() -> Figure {
    let line = |label: Text, level: f64, jump: f64| LineSeries {
        label,
        points: (2009..=2019)
            .map(|year| {
                let years = f64::from(year - 2009);
                (f64::from(year), level + 0.011 * years + if year >= 2011 { jump * (years - 1.0).sqrt() } else { 0.0 })
            })
            .collect(),
    };
    Figure {
        id: "raw-means".to_owned(),
        title: t("Mean outcome of pilot and other cities", "试点城市与其他城市的均值"),
        alt: t(
            "Both lines rise together until 2011; then the pilots rise faster.",
            "2011年前两线同步上升，其后试点城市上升更快。",
        ),
        x_label: t("Year", "年份"),
        y_label: t("New productive forces, mean", "新质生产力均值"),
        plot: Plot::Lines(Lines {
            series: vec![
                line(t("Pilot cities (41)", "试点城市（41个）"), 0.21, 0.02),
                line(t("Other cities (244)", "其他城市（244个）"), 0.16, 0.0),
            ],
            marks: vec![Mark { x: 2010.5, label: t("Policy, 2011", "政策实施（2011年）") }],
        }),
        notes: vec![],
    }
}

fn forest() -> Figure {
    let sample = t("Samples", "样本");
    let model = t("Models", "模型");
    let rows = [
        (t("Baseline", "基准回归"), None, 0.0251, true),
        (t("Without municipalities", "剔除直辖市"), Some(&sample), 0.0239, false),
        (t("Trimmed 1/99", "1%/99%缩尾"), Some(&sample), 0.0212, false),
        (t("Without other policies (smart city pilots)", "排除其他政策（智慧城市试点）"), Some(&sample), 0.0263, false),
        (t("Province-by-year effects", "省份—年份固定效应"), Some(&model), 0.0177, false),
        (t("City trends", "城市时间趋势"), Some(&model), 0.0102, false),
        (t("Lagged controls", "滞后一期控制变量"), Some(&model), 0.0248, false),
    ];
    Figure {
        id: "forest".to_owned(),
        title: t("The effect across samples and models", "不同样本与模型下的估计"),
        alt: t("All estimates are positive; city trends halve the effect.", "全部估计值为正；加入城市趋势后减半。"),
        x_label: t("Effect and 95% confidence interval", "估计值与95%置信区间"),
        y_label: Text::default(),
        plot: Plot::Forest(Forest {
            rows: rows
                .into_iter()
                .enumerate()
                .map(|(i, (label, group, estimate, main))| {
                    let half = 0.008 + 0.0015 * i as f64;
                    let interval = Some((estimate - half, estimate + half));
                    ForestRow { label, group: group.cloned(), estimate, interval, main }
                })
                .collect(),
            baseline: Some(0.0251),
        }),
        notes: vec![],
    }
}

fn bars() -> Figure {
    let rows = [
        (t("Treated vs never treated", "处理组对从未处理组"), 0.71),
        (t("Earlier vs later treated", "较早处理组对较晚处理组"), 0.18),
        (t("Later vs earlier treated (forbidden)", "较晚处理组对较早处理组（不当比较）"), 0.11),
    ];
    Figure {
        id: "weights".to_owned(),
        title: t("Weights of the two-group comparisons", "两组比较的权重"),
        alt: t("Comparisons with the never treated carry 71% of the weight.", "与从未处理组的比较占71%的权重。"),
        x_label: t("Weight", "权重"),
        y_label: Text::default(),
        plot: Plot::Bars(Bars { rows: rows.into(), decimals: 2 }),
        notes: vec![],
    }
}
