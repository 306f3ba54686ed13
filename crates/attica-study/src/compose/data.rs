//! The data: panel and treatment in prose; files, joins, where every row went, and how variables were
//! made, in the appendix.

use attica::text::Text;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::model_notes::{account, reason};
use super::words::{Words, glue, list, plural, sentence_case, sentences, stop, text};
use crate::results::{ColumnCard, Join, TreatmentCard};

/// The panel, its treatment and its composite indices in prose.
pub(super) fn paragraphs(words: &Words<'_>) -> Vec<Block> {
    let results = words.results;
    let mut blocks = vec![Block::Paragraph(sentences([panel(words), lost(words)]))];
    if let Some(card) = &results.panel.treatment {
        blocks.push(Block::Paragraph(treatment(words, card)));
    }
    if !results.indices.is_empty() {
        let names: Vec<Text> = results.indices.iter().map(|index| words.label(&index.name)).collect();
        let (verb, names) = (plural(names.len(), "is a composite index", "are composite indices"), list(&names));
        blocks.push(Block::Paragraph(text(
            format!("{} {verb} of raw indicators; its construction and weights are in the appendix.", names.en),
            format!("{}为由原始指标合成的综合指数，构建方法与权重见附录。", names.zh),
        )));
    }
    blocks
}

/// Rows that left between the files and the panel, in a sentence.
fn lost(words: &Words<'_>) -> Text {
    let ledger = &words.results.ledger;
    if ledger.dropped.is_empty() {
        return text("All rows read are in it.", "读入的全部行均进入面板。");
    }
    let said = account(words, &ledger.dropped);
    let read = words.count(ledger.read);
    text(format!("Of {read} rows read: {}.", said.en), format!("读入{read}行，其中{}。", said.zh))
}

/// Files, joins, where every row went, missing values and derived variables.
pub(super) fn tables(words: &Words<'_>) -> Vec<Block> {
    let results = words.results;
    let mut blocks = vec![Block::Table(sources(words))];
    if !results.joins.is_empty() {
        blocks.push(Block::Table(joins(words)));
    }
    blocks.push(Block::Table(ledger(words)));
    blocks.extend(missing(words).map(Block::Table));
    if !results.variables.is_empty() {
        let title = text("Derived variables, in the order in which they were made:", "衍生变量（按生成顺序）：");
        blocks.push(Block::Paragraph(title));
        let items = results.variables.iter().map(|(name, expression)| Text::same(format!("{name} = {expression}")));
        blocks.push(Block::List { numbered: false, items: items.collect() });
    }
    blocks
}

/// The panel in a paragraph.
fn panel(words: &Words<'_>) -> Text {
    let card = &words.results.panel;
    let (unit, time) = (words.label(&card.unit), words.label(&card.time));
    let (units, periods, rows) = (words.count(card.n_units), words.count(card.n_periods), words.count(card.n_rows));
    let (first, last) = (card.first, card.last);
    let balance = match (card.balanced, card.gaps) {
        (true, _) => text("It is balanced: every unit is seen in every period", "面板为平衡面板"),
        (false, 0) => text("It is unbalanced, without gaps within units", "面板为非平衡面板，个体内部无断点"),
        (false, gaps) => text(
            format!("It is unbalanced, with {} {} within units", words.count(gaps), plural(gaps, "gap", "gaps")),
            format!("面板为非平衡面板，个体内部存在{}处断点", words.count(gaps)),
        ),
    };
    let singletons = match card.singletons {
        0 => Text::default(),
        n => text(
            format!("; {} {} seen once", words.count(n), plural(n, "unit is", "units are")),
            format!("，{}个个体仅出现一次", words.count(n)),
        ),
    };
    let balance = stop(text(format!("{}{}", balance.en, singletons.en), format!("{}{}", balance.zh, singletons.zh)));
    sentences([
        text(
            format!(
                "The panel has {rows} rows: {units} units ({}) and {periods} periods ({}, {first} to {last}).",
                unit.en, time.en
            ),
            format!("面板共{rows}行，含{units}个个体（{}）、{periods}期（{}，{first}—{last}）。", unit.zh, time.zh),
        ),
        balance,
    ])
}

/// Who is treated, and when, in a paragraph.
fn treatment(words: &Words<'_>, card: &TreatmentCard) -> Text {
    let policy = &words.results.policy;
    let name = words.label(&policy.name);
    let treated: usize = card.cohorts.iter().map(|(_, units)| units).sum();
    let cohorts = card.cohorts.iter().map(|(date, units)| {
        let n = words.count(*units);
        text(format!("{n} from {date}"), format!("{date}年起{n}个"))
    });
    let cohorts = glue(cohorts, ", ", "、");
    let mut others =
        vec![text(format!("{} never", words.count(card.never)), format!("从未处理{}个", words.count(card.never)))];
    if card.always > 0 {
        let n = words.count(card.always);
        others.push(text(format!("{n} in every period"), format!("始终处理{n}个")));
    }
    if card.switches_off > 0 {
        let n = words.count(card.switches_off);
        others.push(text(format!("{n} for a time that ends"), format!("处理中途退出{n}个")));
    }
    let others = glue(others, ", ", "、");
    let whether = if policy.staggered {
        text("Adoption is staggered", "政策分批实施")
    } else {
        text("All treated units adopt at the same date", "处理组同时实施政策")
    };
    let list = if cohorts.en.is_empty() {
        Text::default()
    } else {
        text(format!(" ({})", cohorts.en), format!("（{}）", cohorts.zh))
    };
    sentences([
        stop(glue([name, policy.coding.clone()], ": ", "：")),
        text(
            format!(
                "Of the units, {} adopt within the panel{}; {}. {}; {} rows are treated.",
                words.count(treated),
                list.en,
                others.en,
                whether.en,
                words.count(card.treated_rows)
            ),
            format!(
                "样本期内{}个个体受政策影响{}，{}。{}，处理观测共{}行。",
                words.count(treated),
                list.zh,
                others.zh,
                whether.zh,
                words.count(card.treated_rows)
            ),
        ),
        text(
            format!(
                "There are {} {} before the first adoption, of which {} can be tested for pre-trends, and {} from it on.",
                words.count(card.pre_periods),
                plural(card.pre_periods, "period", "periods"),
                words.count(card.testable_leads),
                words.count(card.post_periods)
            ),
            format!(
                "首批实施前共{}期（其中{}期可用于检验事前趋势），实施后共{}期。",
                words.count(card.pre_periods),
                words.count(card.testable_leads),
                words.count(card.post_periods)
            ),
        ),
    ])
}

/// How a file was read; names of formats and encodings are the same in both languages.
fn format(read: &str) -> Text {
    let zh = read
        .replace("delimited text (", "分隔文本（")
        .replace("workbook (", "工作簿（")
        .replace(", delimiter ", "，分隔符 ");
    let zh = zh.replace("), sheet ", "），工作表 ");
    text(read, if zh.contains('（') { zh.replace(')', "）") } else { zh })
}

/// Files read.
fn sources(words: &Words<'_>) -> Table {
    let head = [
        text("File", "文件"),
        text("Read as", "读取格式"),
        text("Rows", "行数"),
        text("Columns", "列数"),
        text("SHA-256", "SHA-256"),
    ];
    let rows = words.results.sources.iter().map(|source| {
        let hash: String = source.sha256.chars().take(12).collect();
        Row::Cells(vec![
            Cell::same(&source.file),
            Cell::Text(format(&source.format)),
            Cell::Count(source.rows as u64),
            Cell::Count(source.columns as u64),
            Cell::same(hash),
        ])
    });
    Table {
        id: "sources".to_owned(),
        title: text("Data sources", "数据来源"),
        columns: vec![Align::Left, Align::Left, Align::Decimal, Align::Decimal, Align::Left],
        head: vec![head.map(Head::one).to_vec()],
        rows: rows.collect(),
        notes: vec![text(
            "SHA-256 shows the first twelve digits; results.json has all.",
            "SHA-256仅列前12位，完整值见results.json。",
        )],
    }
}

/// The match report.
fn joins(words: &Words<'_>) -> Table {
    let head = [
        text("Joined file", "合并文件"),
        text("On", "匹配键"),
        text("Matched", "匹配成功"),
        text("Only in panel", "仅在面板"),
        text("Only in file", "仅在文件"),
    ];
    let rows = words.results.joins.iter().map(|join| {
        Row::Cells(vec![
            Cell::same(&join.file),
            Cell::same(join.keys.join(", ")),
            Cell::Count(join.matched as u64),
            Cell::Count(join.only_left as u64),
            Cell::Count(join.only_right as u64),
        ])
    });
    let mut notes = vec![text(
        "Rows only in the panel are kept, with missing values in the file's columns; rows only in the file are not used.",
        "仅在面板中的行予以保留，合并列记为缺失；仅在文件中的行不使用。",
    )];
    notes.extend(words.results.joins.iter().filter_map(examples));
    Table {
        id: "joins".to_owned(),
        title: text("Match report", "数据合并结果"),
        columns: vec![Align::Left, Align::Left, Align::Decimal, Align::Decimal, Align::Decimal],
        head: vec![head.map(Head::one).to_vec()],
        rows: rows.collect(),
        notes,
    }
}

/// Keys without a match, a few of each kind.
fn examples(join: &Join) -> Option<Text> {
    let left = join.examples_left.join("; ");
    let right = join.examples_right.join("; ");
    let mut parts = Vec::new();
    if !left.is_empty() {
        parts.push(text(format!("only in the panel, for example {left}"), format!("仅在面板，如{left}")));
    }
    if !right.is_empty() {
        parts.push(text(format!("only in the file, for example {right}"), format!("仅在文件，如{right}")));
    }
    (!parts.is_empty()).then(|| stop(glue([Text::same(&join.file), glue(parts, "; ", "；")], ": ", "：")))
}

/// Where every row went; the last line is the panel.
fn ledger(words: &Words<'_>) -> Table {
    let ledger = &words.results.ledger;
    let mut remaining = ledger.read;
    let step =
        |label: Text, rows: Cell, left: usize| Row::Cells(vec![Cell::Text(label), rows, Cell::Count(left as u64)]);
    let mut rows = vec![step(text("Rows read", "读入行数"), Cell::Empty, remaining)];
    for drop in &ledger.dropped {
        remaining = remaining.saturating_sub(drop.rows);
        rows.push(step(sentence_case(reason(words, &drop.reason)), Cell::Count(drop.rows as u64), remaining));
    }
    rows.push(Row::Separator);
    rows.push(step(text("Rows of the panel", "面板行数"), Cell::Empty, ledger.used));
    Table {
        id: "ledger".to_owned(),
        title: text("Where every row went", "样本筛选过程"),
        columns: vec![Align::Left, Align::Decimal, Align::Decimal],
        head: vec![
            [text("Step", "步骤"), text("Rows lost", "剔除行数"), text("Remaining", "剩余")].map(Head::one).to_vec(),
        ],
        rows,
        notes: vec![text(
            "Each row counts once, for the first reason that removes it. Rows that single columns of a table cannot use are \
             accounted for in that table's notes.",
            "每行只计入首个剔除原因；各回归列另行剔除的观测见相应表注。",
        )],
    }
}

/// Columns with missing values; none when the panel is complete.
fn missing(words: &Words<'_>) -> Option<Table> {
    let card = &words.results.panel;
    let columns: Vec<&ColumnCard> = card.columns.iter().filter(|column| column.missing > 0).collect();
    if columns.is_empty() {
        return None;
    }
    let rows = columns.iter().map(|column| {
        let share = 100.0 * column.missing as f64 / card.n_rows.max(1) as f64;
        Row::Cells(vec![
            Cell::Text(words.label(&column.name)),
            Cell::Count(column.missing as u64),
            Cell::Number { value: share, decimals: 1 },
        ])
    });
    Some(Table {
        id: "missing".to_owned(),
        title: text("Missing values", "缺失值"),
        columns: vec![Align::Left, Align::Decimal, Align::Decimal],
        head: vec![
            [text("Variable", "变量"), text("Missing rows", "缺失行数"), text("Share (%)", "比例（%）")]
                .map(Head::one)
                .to_vec(),
        ],
        rows: rows.collect(),
        notes: vec![text("Columns without missing values are not listed.", "未列出无缺失值的变量。")],
    })
}
