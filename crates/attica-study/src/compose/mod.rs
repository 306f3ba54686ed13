//! From results to the report: every sentence, table and figure of the paper, in both languages,
//! made from [`Results`] alone. Nothing is estimated here.

mod battery;
mod card;
mod data;
mod decomposition;
mod descriptives;
mod design;
mod estimators;
mod event;
mod event_tables;
mod family;
mod few;
mod findings;
mod hypotheses;
mod index;
mod index_uncertainty;
mod inference;
mod layout;
#[cfg(test)]
mod layout_tests;
mod leads;
mod maps;
mod matching;
mod matching_figures;
mod model_notes;
mod models;
mod placebo;
mod referee;
mod references;
mod sensitivity;
mod variances;
mod warnings;
mod words;
mod works;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod fixture_matching;
#[cfg(test)]
pub(crate) mod several;
#[cfg(test)]
mod tests;

use attica::text::{Language, Text};
use attica_report::report::{Block, Report};

use crate::results::{Content, Results, Section};
pub use layout::problems as layout_problems;
pub use references::bibtex;
use words::{Words, sentences, stop, text};

/// The report of a study, to be printed in `language`. It holds both languages, so the same report
/// can be written again in the other.
pub fn report(results: &Results, language: Language) -> Report {
    let words = Words::new(results);
    Report {
        title: results.title.clone(),
        subtitle: Some(subtitle(&words)),
        badge: results.simulated.clone(),
        language,
        style: words.style,
        figure_width: results.style.figure_width,
        word_styles: results.style.word_styles.clone(),
        blocks: layout::stack(&words, blocks(&words)),
    }
}

/// What the report holds, each table by itself.
fn blocks(words: &Words<'_>) -> Vec<Block> {
    let results = words.results;
    let mut blocks = vec![Block::Heading(1, text("Data", "数据"))];
    blocks.extend(data::paragraphs(words));
    blocks.extend(maps::timing(words));
    let dynamic = results.sections.iter().any(|section| section.step == "event_study");
    blocks.extend(maps::means(words).filter(|_| !dynamic));
    blocks.push(Block::Heading(1, text("Specification", "模型设定")));
    blocks.extend(design::blocks(words));
    let mut last = None;
    for section in &results.sections {
        if last != Some(&section.step) {
            last = Some(&section.step);
            blocks.push(Block::Heading(1, heading(&section.step)));
            blocks.extend(maps::means(words).filter(|_| section.step == "event_study"));
        }
        blocks.extend(section_blocks(words, section));
    }
    let remarks = referee::blocks(words);
    if !remarks.is_empty() {
        blocks.push(Block::Heading(1, text("What a strict referee would say", "严格审稿人的意见")));
        blocks.extend(remarks);
    }
    // What documents the data comes after the paper's own tables, so that these begin with Table 1.
    for index in &results.indices {
        let name = words.label(&index.name);
        blocks.push(Block::Heading(1, text(format!("Appendix: {}", name.en), format!("附录：{}指标测算", name.zh))));
        blocks.extend(index::blocks(words, index));
    }
    for section in &results.sections {
        if let Content::EventStudy(found) = &section.content {
            let details = event::appendix(words, found);
            if !details.is_empty() {
                let heading = text("Appendix: effects in detail", "附录：处理效应明细");
                blocks.push(Block::Heading(1, heading));
                blocks.extend(details);
            }
        }
    }
    blocks.push(Block::Heading(1, text("Appendix: data and sample", "附录：数据与样本")));
    blocks.extend(data::tables(words));
    blocks.extend(references::blocks(results));
    blocks.extend(maps::missing(words));
    let cautions = warnings::blocks(words);
    if !cautions.is_empty() {
        blocks.push(Block::Heading(1, text("Warnings", "警告与提示")));
        blocks.extend(cautions);
    }
    blocks
}

/// Heading of a step of the study file.
fn heading(step: &str) -> Text {
    match step {
        "descriptives" => text("Descriptive statistics", "描述性统计"),
        "baseline" => text("Baseline results", "基准回归"),
        "event_study" => text("Parallel trends and dynamic effects", "平行趋势与动态效应"),
        "diagnostics" => text("What the two-way estimate compares", "双向固定效应估计的构成"),
        "placebo" => text("Placebo tests", "安慰剂检验"),
        "matching" => text("Matching and weighting", "倾向得分匹配与加权"),
        "robustness" => text("Robustness", "稳健性检验"),
        "mechanism" => text("Mechanism", "机制检验"),
        "families" => text("Several outcomes", "多个结果变量"),
        "moderation" => text("Moderation", "调节效应"),
        "mediation" => text("Mediation", "中介效应"),
        "heterogeneity" => text("Heterogeneity", "异质性分析"),
        "report" => text("Layout of tables", "表格排版"),
        other => Text::same(other),
    }
}

/// One line on what is estimated, by what and on what.
fn subtitle(words: &Words<'_>) -> Text {
    let results = words.results;
    let (policy, outcome) = (words.label(&results.policy.name), words.label(&results.model.outcome));
    let card = &results.panel;
    let (units, first, last) = (words.count(card.n_units), card.first, card.last);
    text(
        format!(
            "Effect of {} on {}; {units} units, {first}–{last}. Made by Attica {} from one study file; seed {}.",
            policy.en, outcome.en, results.version, results.seed
        ),
        format!(
            "{}对{}的影响；{units}个个体，{first}—{last}。由Attica {}依据研究文件生成，随机种子{}。",
            policy.zh, outcome.zh, results.version, results.seed
        ),
    )
}

/// Blocks of one section.
fn section_blocks(words: &Words<'_>, section: &Section) -> Vec<Block> {
    match &section.content {
        Content::Descriptives(found) => descriptives::blocks(words, found),
        Content::Models(family) => family::blocks(words, &layout::arranged(words, family), &section.step),
        Content::Variances(found) => variances::blocks(words, found),
        Content::EventStudy(found) => event::blocks(words, found),
        Content::Sensitivity(found) => sensitivity::blocks(words, found),
        Content::Decomposition(found) => decomposition::blocks(words, found),
        Content::Placebo(found) => placebo::blocks(words, found),
        Content::Matching(found) => matching::blocks(words, found),
        Content::Family(found) => hypotheses::family(words, found),
        Content::Hypotheses(found) => hypotheses::blocks(words, found),
        Content::SpecificationCurve(found) => battery::curve(words, found),
        Content::LeaveOut(found) => battery::leave_out(words, found),
        Content::Index(found) => index_uncertainty::blocks(words, found),
        Content::Failed(problem) => {
            let (said, fix) = (problem.text(), problem.remedy());
            let fix = if fix == Text::default() {
                fix
            } else {
                text(format!("What to do: {}", fix.en), format!("处理办法：{}", fix.zh))
            };
            vec![Block::Warning(sentences([
                stop(text(
                    format!("This step was not computed ({}): {}", problem.id, said.en),
                    format!("该步骤未能完成（{}）：{}", problem.id, said.zh),
                )),
                stop(fix),
            ]))]
        }
    }
}
