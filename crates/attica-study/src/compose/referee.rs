//! What a strict referee would say, as the report ends: the remark, what would answer it, and where the study does.

use attica::text::Text;
use attica_report::report::Block;

use super::words::{Words, sentence, sentences, text};
use crate::results::Remark;

/// Blocks of the section; none when no rule speaks.
pub(super) fn blocks(words: &Words<'_>) -> Vec<Block> {
    let remarks = &words.results.referee;
    if remarks.is_empty() {
        return Vec::new();
    }
    let n = remarks.len();
    let first = remarks.iter().filter(|remark| remark.importance == 1).count();
    let lead = text(
        format!(
            "What a strict referee would say of this design, the most important first: of {n} points, {first} concern whether the effect \
             is identified. They are computed from the results of this study."
        ),
        format!(
            "严格的审稿人会就本设计提出以下意见，按重要性排序：共{n}条，其中{first}条涉及效应能否识别。各条均由本研究结果计算得出。"
        ),
    );
    let items = remarks.iter().map(item).collect();
    vec![Block::Paragraph(lead), Block::List { numbered: true, items }]
}

fn item(remark: &Remark) -> Text {
    let answer = sentence(remark.answer.clone());
    let place = match &remark.section {
        Some(step) => {
            let heading = super::heading(step);
            text(format!("See “{}”.", heading.en), format!("见“{}”一节。", heading.zh))
        }
        None => text("No section of this study answers it yet.", "本研究尚无章节予以回应。"),
    };
    sentences([sentence(remark.said.clone()), answer, place])
}
