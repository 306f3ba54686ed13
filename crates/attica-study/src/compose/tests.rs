#![allow(clippy::unwrap_used)]

use attica::text::Language;
use attica_report::markdown;
use attica_report::report::Block;
use attica_report::table::Row;

use super::fixture::results;
use super::{report, several};

/// The report as its Markdown writer prints it.
fn print(language: Language) -> String {
    markdown::write(&report(&results(), language), |id| format!("figures/{id}.svg"))
}

#[test]
fn the_english_report_reads_well() {
    insta::assert_snapshot!(print(Language::En));
}

#[test]
fn the_chinese_report_reads_well() {
    insta::assert_snapshot!(print(Language::Zh));
}

/// The overlay, the averages, what each estimator rests on and what it really used, and the one that has no answer.
#[test]
fn several_estimators_stand_side_by_side() {
    let report = report(&several::results(), Language::En);
    let figure = report.figures().find(|figure| figure.id == "event-study").unwrap();
    insta::assert_snapshot!("figure_of_several_estimators", serde_json::to_string_pretty(figure).unwrap());
    let ids = ["event-study", "estimators", "estimators-basis", "estimators-sample"];
    let blocks = report.blocks.into_iter().filter(|block| match block {
        Block::Table(table) => ids.contains(&table.id.as_str()) || table.id.starts_with("estimators-"),
        Block::Warning(_) => true,
        _ => false,
    });
    let part = attica_report::report::Report { blocks: blocks.collect(), ..super::report(&results(), Language::En) };
    insta::assert_snapshot!("tables_of_several_estimators", markdown::write(&part, |id| format!("figures/{id}.svg")));
}

/// Runs of four or more English words, apart from the names of papers.
fn english(page: &str, names: &[String]) -> Vec<String> {
    let page = names.iter().fold(page.to_owned(), |page, name| page.replace(name, "；"));
    let is_word = |word: &str| {
        let letters = word.trim_end_matches([',', '.', ';', ':']);
        letters.len() > 1 && letters.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '\''))
    };
    let mut found = Vec::new();
    for part in page.split(|c: char| !c.is_ascii() || c == '\n') {
        let words: Vec<&str> = part.split(' ').collect();
        let runs = words.split(|word| !is_word(word)).filter(|run| run.len() > 3);
        found.extend(runs.map(|run| run.join(" ")));
    }
    found
}

/// Nothing but names is English in a Chinese report.
#[test]
fn the_chinese_report_has_no_english_sentence() {
    let found = several::results();
    let mut names: Vec<String> =
        attica::estimator::ESTIMATORS.iter().map(|one| one.about().reference.to_owned()).collect();
    for section in &found.sections {
        if let crate::results::Content::EventStudy(studies) = &section.content {
            names.extend(studies.estimators.iter().map(|one| one.reference.clone()));
        }
    }
    names.extend(super::works::WORKS.iter().flat_map(|work| [work.title.to_owned(), work.container.to_owned()]));
    let page = markdown::write(&report(&found, Language::Zh), |id| format!("figures/{id}.svg"));
    assert_eq!(english(&page, &names), Vec::<String>::new());
    assert_eq!(english("注：no comparison is left。", &[]), ["no comparison is left"]);
}

/// Every row of every table has the width that its columns say.
#[test]
fn tables_are_rectangular() {
    let mut found = results();
    for style in ["cn", "aer", "plain"] {
        found.style.name = style.to_owned();
        for table in report(&found, Language::En).tables() {
            let width = table.columns.len();
            for head in &table.head {
                assert_eq!(head.iter().map(|cell| cell.span).sum::<usize>(), width, "{style} {}", table.id);
            }
            for row in &table.rows {
                if let Row::Cells(cells) = row {
                    assert_eq!(cells.len(), width, "{style} {}", table.id);
                }
            }
        }
    }
}

/// Ids name files and anchors, so no two tables, nor two figures, may share one.
#[test]
fn ids_are_unique() {
    let report = report(&results(), Language::En);
    for mut ids in [
        report.tables().map(|table| table.id.clone()).collect::<Vec<_>>(),
        report.figures().map(|figure| figure.id.clone()).collect::<Vec<_>>(),
    ] {
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}

/// One word of the study file changes what stands in parentheses, and the note with it.
#[test]
fn the_note_names_what_stands_in_parentheses() {
    let mut found = results();
    for (word, en, zh) in [
        ("se", "In parentheses: standard errors clustered by city.", "括号内为城市层面的聚类稳健标准误。"),
        (
            "t",
            "In parentheses: t statistics from standard errors clustered by city.",
            "括号内为t值，计算所用标准误为城市层面的聚类稳健标准误。",
        ),
        (
            "ci",
            "In brackets: 95% confidence intervals from standard errors clustered by city.",
            "方括号内为95%置信区间，计算所用标准误为城市层面的聚类稳健标准误。",
        ),
    ] {
        found.style.below = word.to_owned();
        let report = report(&found, Language::En);
        let note = &report.tables().find(|table| table.id == "baseline").unwrap().notes[0];
        assert!(note.en.ends_with(en), "{}", note.en);
        assert!(note.zh.ends_with(zh), "{}", note.zh);
    }
}

/// A wide family goes on in a second table, its columns numbered on.
#[test]
fn wide_families_continue() {
    let mut found = results();
    for section in &mut found.sections {
        if let crate::results::Content::Models(family) = &mut section.content
            && family.id == "baseline"
        {
            family.models = family.models.iter().cycle().take(9).cloned().collect();
        }
    }
    let report = report(&found, Language::En);
    let second = report.tables().find(|table| table.id == "baseline-2").unwrap();
    assert_eq!(second.head[0][1].text.en, "(6)");
    assert_eq!(second.columns.len(), 5);
}

/// Leads that are not zero stand out; leads that are do not pass for proof.
#[test]
fn rejected_leads_are_said_in_a_box() {
    let mut found = results();
    let said = |found: &crate::results::Results| -> Vec<String> {
        let blocks = report(found, Language::En).blocks;
        blocks.iter().filter_map(|b| if let Block::Warning(text) = b { Some(text.en.clone()) } else { None }).collect()
    };
    assert!(!said(&found).iter().any(|text| text.contains("leads")));
    for section in &mut found.sections {
        if let crate::results::Content::EventStudy(studies) = &mut section.content {
            studies.studies[0].leads.as_mut().unwrap().p_value = 0.004;
        }
    }
    let warning = said(&found).into_iter().find(|text| text.contains("leads")).unwrap();
    assert!(warning.contains("p = 0.004") && warning.contains("Sun and Abraham"), "{warning}");
}
