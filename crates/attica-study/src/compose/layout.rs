//! What the user changes about tables: rows and columns of a table of regressions, headers over its columns, and tables
//! stacked as panels. What is asked for and not there is a problem, and the table then stands as it would without.

use std::borrow::Cow;

use attica::fit::FitRecord;
use attica::message::Problem;
use attica::text::Text;
use attica_report::report::Block;
use attica_report::stack::stacked;
use attica_report::table::{Head, Table};

use super::models::{continued, fit, outcome};
use super::words::{CONSTANT, Words, columns, glue, list, plain, plural, stop, text};
use crate::results::{Content, Model, Models, Panels, Results, TableLayout};
use crate::studyfile::{StudySource, nearest};

/// The rows of coefficients of one table.
pub(super) struct Shown {
    /// Coefficients in order, [`CONSTANT`] among them.
    pub rows: Vec<String>,
    /// Coefficients that the user drops and that are no controls.
    pub dropped: Vec<String>,
    /// Heads of the columns that the user leaves out.
    columns: Vec<Text>,
}

impl Shown {
    /// The rows of the tables of `family`, which has its columns as they are printed.
    pub fn new(words: &Words<'_>, family: &Models) -> Self {
        let own: Vec<String> = family.show.iter().cloned().chain([CONSTANT.to_owned()]).collect();
        let Some(layout) = words.results.style.tables.get(&family.id) else {
            return Self { rows: own, dropped: Vec::new(), columns: Vec::new() };
        };
        let mut rows: Vec<String> = if layout.keep.is_empty() { own.clone() } else { names(family) };
        rows.retain(|name| layout.keep.is_empty() || holds(&layout.keep, name));
        rows.retain(|name| !holds(&layout.drop, name));
        // A coefficient of a column that is not shown has no row.
        let whole = estimated(words.results, &family.id).unwrap_or(family);
        rows.retain(|name| has(family, name) || !has(whole, name));
        let place = |name: &String| layout.order.iter().position(|asked| is(asked, name));
        rows.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
        let is_control = |name: &String| family.models.iter().any(|model| model.controls.iter().any(|c| is(c, name)));
        let dropped = own.into_iter().filter(|name| !rows.contains(name) && !is_control(name) && has(family, name));
        Self { dropped: dropped.collect(), columns: left_out(words, family), rows }
    }

    /// What was estimated and is not in the table.
    pub fn note(&self, words: &Words<'_>) -> Option<Text> {
        let coefficients = list(&self.dropped.iter().map(|name| words.term(name)).collect::<Vec<_>>());
        let columns = glue(self.columns.iter().cloned(), "; ", "；");
        let n = self.columns.len();
        let parts = [
            (!self.dropped.is_empty()).then(|| {
                text(
                    format!("Estimated but not shown: {}", coefficients.en),
                    format!("已估计但未列示：{}", coefficients.zh),
                )
            }),
            (n > 0).then(|| {
                let noun = plural(n, "column is", "columns are");
                text(
                    format!("{n} further {noun} not shown: {}", columns.en),
                    format!("另有{n}列未列示：{}", columns.zh),
                )
            }),
        ];
        let note = glue(parts.into_iter().flatten(), ". ", "。");
        (note != Text::default()).then(|| stop(note))
    }
}

/// Whether the user's `asked` is the coefficient `name`.
fn is(asked: &str, name: &str) -> bool {
    plain(asked) == plain(name) || (name == CONSTANT && asked == "constant")
}

fn holds(list: &[String], name: &str) -> bool {
    list.iter().any(|asked| is(asked, name))
}

/// Whether a column of the family has an estimate of the coefficient.
fn has(family: &Models, name: &str) -> bool {
    family.models.iter().filter_map(fit).any(|fit: &FitRecord| {
        fit.terms.iter().any(|term| term.term == name) || (name == CONSTANT && fit.constant_absorbed.is_some())
    })
}

/// All coefficients of a family: those that its tables show first, then the others, then the constant.
fn names(family: &Models) -> Vec<String> {
    let fits = || family.models.iter().filter_map(fit);
    let terms = fits().flat_map(|fit: &FitRecord| fit.terms.iter().map(|term| &term.term));
    let mut names: Vec<String> = family.show.clone();
    for name in terms.filter(|name| *name != CONSTANT) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let any = fits().any(|fit| fit.constant_absorbed.is_some() || fit.terms.iter().any(|term| term.term == CONSTANT));
    names.extend(any.then(|| CONSTANT.to_owned()));
    names
}

/// The columns of a family of `n` in print, counted from 0.
pub(super) fn places(words: &Words<'_>, id: &str, n: usize) -> Vec<usize> {
    let asked = words.results.style.tables.get(id).map_or(&[][..], |layout| &layout.columns);
    if asked.is_empty() || asked.iter().any(|&column| column == 0 || column > n) {
        return (0..n).collect();
    }
    asked.iter().map(|&column| column - 1).collect()
}

/// The column of a family that was estimated as `column`, counted from 0, as a reader finds it.
pub(super) fn printed_column(words: &Words<'_>, id: &str, column: usize) -> Text {
    let n = estimated(words.results, id).map_or(column + 1, |family| family.models.len());
    match places(words, id, n).iter().position(|&place| place == column) {
        Some(place) => columns(&[place]),
        None => text("a column that is not shown", "未列示的一列中"),
    }
}

/// `family` with its columns as they are printed.
pub(super) fn arranged<'a>(words: &Words<'_>, family: &'a Models) -> Cow<'a, Models> {
    let places = places(words, &family.id, family.models.len());
    if places.iter().copied().eq(0..family.models.len()) {
        return Cow::Borrowed(family);
    }
    Cow::Owned(Models { models: places.into_iter().map(|i| family.models[i].clone()).collect(), ..family.clone() })
}

/// The family as it was estimated.
pub(super) fn estimated<'a>(results: &'a Results, id: &str) -> Option<&'a Models> {
    results.sections.iter().find_map(|section| match &section.content {
        Content::Models(family) if family.id == id => Some(family),
        _ => None,
    })
}

fn left_out(words: &Words<'_>, family: &Models) -> Vec<Text> {
    let Some(all) = estimated(words.results, &family.id) else { return Vec::new() };
    let places = places(words, &family.id, all.models.len());
    let gone = all.models.iter().enumerate().filter(|(i, _)| !places.contains(i));
    gone.map(|(_, model)| column_name(words, model)).collect()
}

/// What tells a column from the next.
fn column_name(words: &Words<'_>, model: &Model) -> Text {
    if model.head != Text::default() {
        return model.head.clone();
    }
    let name = words.label(outcome(model));
    if model.controls.is_empty() {
        return text(format!("{} without controls", name.en), format!("{}，无控制变量", name.zh));
    }
    let controls = list(&model.controls.iter().map(|control| words.label(control)).collect::<Vec<_>>());
    text(format!("{} with {}", name.en, controls.en), format!("{}，控制{}", name.zh, controls.zh))
}

/// The row of headers over groups of columns of a table of `n` columns, whose first has the number `from`, counted from 0.
pub(super) fn groups(words: &Words<'_>, id: &str, from: usize, n: usize) -> Option<Vec<Head>> {
    let groups = &words.results.style.tables.get(id)?.groups;
    let mut row = vec![Head::blank()];
    let mut column = from + 1;
    let mut any = false;
    while column <= from + n {
        let group = groups.iter().find(|group| group.columns[0] <= column && column <= group.columns[1]);
        let last = group.map_or(column, |group| group.columns[1].min(from + n));
        row.push(group.map_or_else(Head::blank, |group| Head::group(last - column + 1, group.title.text())));
        any |= group.is_some();
        column = last + 1;
    }
    any.then_some(row)
}

/// The blocks with tables stacked as the study file asks, each at the place of its first panel.
pub(super) fn stack(words: &Words<'_>, mut blocks: Vec<Block>) -> Vec<Block> {
    for panels in &words.results.style.panels {
        let Ok(pages) = stacked_pages(panels, &blocks) else { continue };
        let title = pages.first().map(|page| page.title.clone()).unwrap_or_default();
        blocks = blocks
            .into_iter()
            .filter_map(|block| {
                let Block::Table(table) = &block else { return Some(block) };
                let Some((panel, page)) = member(panels, &table.id) else { return Some(block) };
                match (panel, page) {
                    (0, page) => pages.get(page).cloned().map(Block::Table),
                    (panel, 0) => Some(Block::Paragraph(elsewhere(panel, &title))),
                    _ => None,
                }
            })
            .collect();
    }
    blocks
}

/// Where the estimates of a section stand that are a panel of another section's table.
fn elsewhere(panel: usize, title: &Text) -> Text {
    let letter = attica_report::stack::letter(panel);
    text(
        format!("The estimates are in Panel {letter} of the table “{}”.", title.en),
        format!("估计结果见表“{}”的面板{letter}。", title.zh),
    )
}

/// The panel and the page of `panels` that the table called `id` is, both counted from 0.
fn member(panels: &Panels, id: &str) -> Option<(usize, usize)> {
    panels.tables.iter().enumerate().find_map(|(panel, name)| {
        if id == name {
            return Some((panel, 0));
        }
        let page: usize = id.strip_prefix(name.as_str())?.strip_prefix('-')?.parse().ok()?;
        (page >= 2).then(|| (panel, page - 1))
    })
}

/// The stacked table, one for each page of its parts; or what stands in the way, in words, with its remedy and the place of
/// the table in the list.
fn stacked_pages(panels: &Panels, blocks: &[Block]) -> Result<Vec<Table>, (usize, String, String)> {
    let tables = || {
        blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    };
    let mut parts: Vec<Vec<&Table>> = Vec::new();
    for (panel, name) in panels.tables.iter().enumerate() {
        let pages: Vec<&Table> =
            tables().filter(|table| member(panels, &table.id).is_some_and(|(of, _)| of == panel)).collect();
        if pages.is_empty() {
            let fix = suggestion(name, tables().map(|table| table.id.as_str()));
            return Err((panel, format!("the report has no table \"{name}\""), fix));
        }
        parts.push(pages);
    }
    let width = |pages: &[&Table]| pages.iter().map(|table| table.columns.len().saturating_sub(1)).sum::<usize>();
    let first = &parts[0];
    let mut out = Vec::new();
    for page in 0..first.len() {
        let of_page: Vec<(Text, &Table)> = parts
            .iter()
            .enumerate()
            .filter_map(|(panel, pages)| {
                let name = panels.titles.get(panel).map(crate::studyfile::Words::text);
                Some((name.unwrap_or_else(|| pages[0].title.clone()), *pages.get(page)?))
            })
            .collect();
        let title = panels.title.as_ref().map(crate::studyfile::Words::text);
        let title =
            title.map_or_else(|| first[page].title.clone(), |title| if page > 0 { continued(&title) } else { title });
        let whole = if of_page.len() == parts.len() { stacked(&first[page].id, &title, &of_page) } else { None };
        out.extend(whole);
    }
    if let Some(panel) = parts.iter().position(|pages| pages.len() != first.len() || width(pages) != width(first)) {
        let (a, b) = (width(first), width(&parts[panel]));
        let (first, other) = (&panels.tables[0], &panels.tables[panel]);
        return Err((
            panel,
            format!("panels share their columns, but \"{first}\" has {a} and \"{other}\" has {b}"),
            format!("choose as many columns of each: [report.tables.{other}] with columns = [1, 2, …]"),
        ));
    }
    if out.len() < first.len() {
        let message =
            format!("the columns of \"{}\" do not hold the same kinds of cells", panels.tables.join("\", \""));
        return Err((0, message, "stack tables of one kind".to_owned()));
    }
    Ok(out)
}

fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// What the study file lays out and the results do not have, with its place in the file.
pub fn problems(results: &Results, source: &StudySource) -> Vec<Problem> {
    let families: Vec<&str> = results
        .sections
        .iter()
        .filter_map(|section| match &section.content {
            Content::Models(family) => Some(family.id.as_str()),
            _ => None,
        })
        .collect();
    let mut problems = Vec::new();
    for (id, layout) in &results.style.tables {
        let Some(family) = estimated(results, id) else {
            let message = format!("the study has no table of regressions \"{id}\"");
            let fix = suggestion(id, families.iter().copied());
            problems.push(source.problem("E609", &["report", "tables", id], message).fix(fix));
            continue;
        };
        problems.extend(of_table(layout, family, source));
    }
    if !results.style.panels.is_empty() {
        let blocks = super::blocks(&Words::new(results));
        for (i, panels) in results.style.panels.iter().enumerate() {
            if let Err((panel, message, fix)) = stacked_pages(panels, &blocks) {
                let path = ["report", "panels", &i.to_string(), "tables", &panel.to_string()];
                problems.push(source.problem("E609", &path, message).fix(fix));
            }
        }
    }
    problems
}

/// Coefficients and columns that a table does not have.
fn of_table(layout: &TableLayout, family: &Models, source: &StudySource) -> Vec<Problem> {
    let known = names(family);
    let id = family.id.as_str();
    let mut problems = Vec::new();
    for (key, asked) in [("keep", &layout.keep), ("drop", &layout.drop), ("order", &layout.order)] {
        for (i, name) in asked.iter().enumerate().filter(|(_, name)| !known.iter().any(|known| is(name, known))) {
            let message = format!("no column of the table \"{id}\" has a coefficient \"{name}\"");
            let fix =
                suggestion(name, known.iter().map(|name| if name == CONSTANT { "constant" } else { plain(name) }));
            problems.push(source.problem("E609", &["report", "tables", id, key, &i.to_string()], message).fix(fix));
        }
    }
    let n = family.models.len();
    for (i, column) in layout.columns.iter().enumerate().filter(|(_, column)| **column > n) {
        let message = format!("the table \"{id}\" has {n} columns, not {column}");
        let path = ["report", "tables", id, "columns", &i.to_string()];
        problems.push(source.problem("E609", &path, message).fix(format!("write numbers from 1 to {n}")));
    }
    let printed = if layout.columns.is_empty() { n } else { layout.columns.len() };
    for (i, group) in layout.groups.iter().enumerate().filter(|(_, group)| group.columns[1] > printed) {
        let message = format!("the table \"{id}\" prints {printed} columns, not {}", group.columns[1]);
        let path = ["report", "tables", id, "groups", &i.to_string()];
        problems.push(source.problem("E609", &path, message).fix(format!("write numbers from 1 to {printed}")));
    }
    problems
}
