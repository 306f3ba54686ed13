//! Tables of effects by event time: one estimator in full, several side by side.

use attica::fit::FitRecord;
use attica::text::Text;
use attica_report::format::{MINUS, stars};
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::words::{Words, list, stop, text};
use super::{card, inference, leads};
use crate::results::{EventRow, EventStudies, EventStudy};

/// Estimators that fit on a page side by side.
const WIDEST: usize = 5;

/// An event time as axis and table print it: `−3`, `≤−4`, `≥6`.
pub(super) fn event_time(row: &EventRow) -> String {
    let time = printed(row.event_time);
    match (row.binned, row.event_time < 0) {
        (false, _) => time,
        (true, true) => format!("≤{time}"),
        (true, false) => format!("≥{time}"),
    }
}

/// A whole number with the minus sign of print.
pub(super) fn printed(number: i64) -> String {
    number.to_string().replace('-', &MINUS.to_string())
}

/// The tables of the section: everything about one estimator, or effects and standard errors of several.
pub(super) fn tables(words: &Words<'_>, found: &EventStudies) -> Vec<Table> {
    if found.studies.len() == 1 {
        return vec![details(words, found, "event-study")];
    }
    let pages = found.studies.len().div_ceil(WIDEST).max(1);
    let width = found.studies.len().div_ceil(pages).max(1);
    found.studies.chunks(width).enumerate().map(|(page, studies)| side_by_side(words, found, studies, page)).collect()
}

/// Effects by event time, one column per estimator.
fn side_by_side(words: &Words<'_>, found: &EventStudies, studies: &[EventStudy], page: usize) -> Table {
    let style = &words.results.style;
    let mut times: Vec<i64> = studies.iter().flat_map(|study| study.rows.iter().map(|row| row.event_time)).collect();
    times.sort_unstable();
    times.dedup();
    let mut rows = Vec::new();
    for time in times {
        let at: Vec<Option<&EventRow>> =
            studies.iter().map(|study| study.rows.iter().find(|row| row.event_time == time)).collect();
        let all_binned = at.iter().flatten().all(|row| row.binned);
        let label = at.iter().flatten().find(|row| row.binned == all_binned).map_or(printed(time), |r| event_time(r));
        let effects = at.iter().zip(studies).map(|(row, study)| match row {
            Some(row) => effect(words, study, row),
            None => Cell::Absent(text("not estimated", "未估计")),
        });
        rows.push(Row::Cells(std::iter::once(Cell::same(label)).chain(effects).collect()));
        let errors = at.iter().map(|row| match row.and_then(|row| row.std_error) {
            Some(_) => Cell::bracketed(row.and_then(|row| row.std_error), style.digits, &Text::default()),
            None => Cell::Empty,
        });
        rows.push(Row::Cells(std::iter::once(Cell::Empty).chain(errors).collect()));
    }
    rows.push(Row::Separator);
    let line = |label: Text, cell: &dyn Fn(&EventStudy) -> Cell| {
        Row::Cells(std::iter::once(Cell::Text(label)).chain(studies.iter().map(cell)).collect())
    };
    rows.push(line(text("Leads are", "处理前系数"), &|study| match leads::of(found, study) {
        Some(kind) => Cell::Text(leads::kind(kind)),
        None => Cell::Empty,
    }));
    rows.push(line(text("Leads zero (p-value)", "前期系数联合为零（p值）"), &|study| match &study.leads {
        Some(test) => Cell::PValue { value: test.p_value, decimals: 3 },
        None => Cell::Absent(text("no lead has a coefficient", "没有可估计的处理前系数")),
    }));
    rows.push(line(text("Effects zero (p-value)", "处理后效应联合为零（p值）"), &|study| match &study
        .effects
    {
        Some(test) => Cell::PValue { value: test.p_value, decimals: 3 },
        None => Cell::Absent(text("no effect has a variance", "处理后效应没有方差")),
    }));
    let title = text("Effects by time since adoption, by estimator", "各估计量的动态效应");
    let (id, title) = match page {
        0 => ("event-study".to_owned(), title),
        _ => (
            format!("event-study-{}", page + 1),
            text(format!("{} (continued)", title.en), format!("{}（续）", title.zh)),
        ),
    };
    let mut notes = vec![
        stop(inference::stars(&style.stars)),
        text("In parentheses: standard errors.", "括号内为标准误。"),
        bins(studies),
        leads::kinds(found),
    ];
    notes.retain(|note| *note != Text::default());
    let heads = studies.iter().map(|study| Head::one(study.label.clone()));
    Table {
        id,
        title,
        columns: std::iter::once(Align::Left).chain(studies.iter().map(|_| Align::Decimal)).collect(),
        head: vec![std::iter::once(Head::one(text("Event time", "相对期"))).chain(heads).collect()],
        rows,
        notes,
    }
}

/// Which columns have end bins, where not all have.
fn bins(studies: &[EventStudy]) -> Text {
    let binned = |study: &&EventStudy| study.rows.iter().any(|row| row.binned);
    let with: Vec<&EventStudy> = studies.iter().filter(binned).collect();
    if with.is_empty() || with.len() == studies.len() {
        return Text::default();
    }
    let names = list(&with.iter().map(|study| study.label.clone()).collect::<Vec<_>>());
    let mut ends: Vec<i64> =
        with.iter().flat_map(|study| study.rows.iter().filter(|row| row.binned).map(|row| row.event_time)).collect();
    ends.sort_unstable();
    ends.dedup();
    let ends = list(&ends.into_iter().map(|time| Text::same(printed(time))).collect::<Vec<_>>());
    text(
        format!("For {}, event times {} also hold all periods beyond.", names.en, ends.en),
        format!("{}的相对期{}包含其外各期。", names.zh, ends.zh),
    )
}

/// Everything about the effects by event time: p-values, intervals, bands and treated rows.
pub(super) fn details(words: &Words<'_>, found: &EventStudies, id: &str) -> Table {
    let style = &words.results.style;
    let level = inference::percent(found.studies.first().map_or(0.95, |study| study.level));
    let head = [
        text("Event time", "相对期"),
        text("Effect", "效应"),
        text("Std. error", "标准误"),
        text("p-value", "p值"),
        text(format!("{level}% interval"), format!("{level}%置信区间")),
        text(format!("{level}% simultaneous band"), format!("{level}%联立置信带")),
        text("Treated rows", "处理组观测"),
    ];
    let mut head = head.to_vec();
    let mut columns = vec![Align::Centre; head.len()];
    (columns[0], columns[1], columns[2], columns[6]) = (Align::Left, Align::Decimal, Align::Decimal, Align::Decimal);
    let tests = || found.studies.iter().flat_map(|study| &study.rows).filter_map(|row| row.wild.as_deref());
    let wild = tests().next().is_some();
    if wild {
        head.insert(4, text("Wild bootstrap p", "wild bootstrap p值"));
        columns.insert(4, Align::Centre);
    }
    let mut rows = Vec::new();
    for study in &found.studies {
        if found.studies.len() > 1 {
            rows.push(Row::Panel(study.label.clone()));
        }
        rows.extend(study.rows.iter().map(|row| cells(words, study, row, wild)));
    }
    let mut notes = vec![stop(inference::stars(&style.stars))];
    let mut how: Vec<Text> = Vec::new();
    for said in tests().map(|test| inference::wild(words, test)) {
        if !how.contains(&said) {
            how.push(said);
        }
    }
    if wild {
        let how = list(&how);
        notes.push(stop(text(format!("Wild bootstrap: {}", how.en), format!("wild bootstrap：{}", how.zh))));
    }
    notes.extend(leads::notes(words, found));
    let fits: Vec<(usize, &FitRecord)> =
        found.studies.iter().enumerate().filter_map(|(i, study)| Some((i, study.fit.as_deref()?))).collect();
    // Cards name columns where they differ; with one regression there is nothing to name.
    if let [(_, fit)] = fits.as_slice() {
        notes.extend(card::cards(words, &[(0, *fit)]));
    }
    notes.retain(|note| *note != Text::default());
    Table {
        id: id.to_owned(),
        title: text("Effects by time since adoption", "动态效应估计结果"),
        columns,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows,
        notes,
    }
}

fn is_reference(study: &EventStudy, row: &EventRow) -> bool {
    study.reference.contains(&row.event_time)
}

/// The estimate with its stars; a reference is exactly zero.
fn effect(words: &Words<'_>, study: &EventStudy, row: &EventRow) -> Cell {
    let style = &words.results.style;
    if is_reference(study, row) {
        Cell::Number { value: row.estimate, decimals: style.digits }
    } else {
        Cell::Estimate { value: row.estimate, stars: stars(row.p_value, &style.stars), decimals: style.digits }
    }
}

fn cells(words: &Words<'_>, study: &EventStudy, row: &EventRow, wild: bool) -> Row {
    let style = &words.results.style;
    let reason = if is_reference(study, row) {
        text("reference period", "基准期")
    } else {
        text("not identified in this sample", "样本中无法识别")
    };
    let interval = |low: Option<f64>, high: Option<f64>| match low.zip(high) {
        Some((low, high)) => Cell::Interval { low, high, decimals: style.digits },
        None => Cell::Absent(reason.clone()),
    };
    let p =
        |value: Option<f64>| value.map_or(Cell::Absent(reason.clone()), |value| Cell::PValue { value, decimals: 3 });
    let mut cells = vec![
        Cell::same(event_time(row)),
        effect(words, study, row),
        Cell::number(row.std_error, style.digits, &reason),
        p(row.p_value),
        interval(row.conf_low, row.conf_high),
        interval(row.band_low, row.band_high),
        Cell::Count(row.n as u64),
    ];
    if wild {
        cells.insert(4, p(row.wild.as_ref().map(|test| test.p_value)));
    }
    Row::Cells(cells)
}

/// What follows several labels in a figure's legend: `Sun–Abraham (long)`.
pub(super) fn labelled(found: &EventStudies, study: &EventStudy) -> Text {
    match leads::of(found, study).filter(|_| found.studies.len() > 1) {
        Some(kind) => {
            let kind = leads::kind(kind);
            text(format!("{} ({})", study.label.en, kind.en), format!("{}（{}）", study.label.zh, kind.zh))
        }
        None => study.label.clone(),
    }
}
