//! A2: a coefficient and its standard error allow the stars that are printed.
//!
//! Both are known to half a unit of their last digit, so t lies in `[(|b|-u)/(s+u), (|b|+u)/(s-u)]`. Stars are stars of
//! some distribution: the normal one, t(N-K) and t(G-1) are tried, and only when none allows the stars is that a conflict.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::interval::Interval;
use super::paper::{Column, Errors, Paper, Table, Term};
use super::precision::{Df, Precision, critical, distributions, name, shown, two_sided};
use super::printed::{show, show_interval};

/// Share of the possible values below which stars are called tight.
const TIGHT: f64 = 0.05;
/// Degrees of freedom of stars from few clusters, when the table does not print their number.
const FEWEST: f64 = 9.0;

/// Checks every coefficient of tables that use stars.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in paper.tables.iter().filter(|table| uses_stars(table)) {
        for column in &table.columns {
            for term in column.terms.iter().chain(&column.constant) {
                findings.extend(stars(paper, table, column, term));
            }
        }
    }
    findings
}

fn uses_stars(table: &Table) -> bool {
    table.columns.iter().flat_map(|c| c.terms.iter().chain(&c.constant)).any(|t| t.stars > 0)
}

/// A verdict under one distribution.
struct Try {
    df: Df,
    low: f64,
    high: f64,
    share: f64,
    touches: bool,
}

/// The coefficient in its table.
struct Cell<'a> {
    table: &'a Table,
    column: &'a Column,
    term: &'a Term,
    place: String,
    stars: usize,
}

fn stars(paper: &Paper, table: &Table, column: &Column, term: &Term) -> Option<Finding> {
    let place = format!("{} {} {}", table.label, column.name, term.name);
    let cell = Cell { table, column, term, place, stars: term.stars as usize };
    let printed = shown(term);
    if cell.stars > table.stars.len() {
        let (en, zh) = (
            format!(
                "{printed}: {} are printed, and the table says what {} mean",
                count_en(cell.stars),
                table.stars.len()
            ),
            format!("{printed}：印有{}颗星，而表注仅定义{}颗", cell.stars, table.stars.len()),
        );
        let cells = vec![Value::printed(&cell.place, Quantity::Stars, "*".repeat(cell.stars))];
        return Some(Finding::new(Rule::A2, Verdict::Fail, cell.place, en, zh).conflict(cells));
    }
    let Some(given) = Precision::of(term) else {
        let (en, zh) = (
            format!("{printed}: no standard error, t statistic or p-value is printed"),
            format!("{printed}：未印标准误、t值或p值"),
        );
        return (cell.stars > 0).then(|| Finding::new(Rule::A2, Verdict::Untestable, cell.place, en, zh));
    };
    let tries: Vec<Try> = distributions(paper, column).into_iter().map(|df| cell.attempt(&given, df)).collect();
    let best = tries.iter().filter(|t| t.touches);
    let best = best.max_by(|a, b| a.share.total_cmp(&b.share).then(b.low.total_cmp(&a.low)));
    Some(match best {
        None => cell.impossible(&given, &tries),
        Some(best) => cell.possible(&given, &tries, best),
    })
}

impl Cell<'_> {
    fn attempt(&self, given: &Precision, df: Df) -> Try {
        let at = |stars: usize| self.table.stars.get(stars.wrapping_sub(1)).map(|level| critical(*level, df));
        let (low, high) = (at(self.stars).unwrap_or(0.0), at(self.stars + 1).unwrap_or(f64::INFINITY));
        let touches = given.t(df).meets(Interval::new(low, low.max(high)));
        Try { df, low, high, share: given.share(low, high, df), touches }
    }

    /// Neither the normal nor any t distribution gives the stars.
    fn impossible(&self, given: &Precision, tries: &[Try]) -> Finding {
        let (printed, t) = (shown(self.term), given.t(None));
        let range = show_interval(t, 3);
        let few = self.attempt(given, Some(FEWEST));
        if t.high < tries[0].low {
            let need = show(tries[0].low, 4);
            let (en, zh) = (
                format!("{printed}: |t| lies in {range}, and {} need at least {need}", count_en(self.stars)),
                format!("{printed}：|t|位于{range}，而{}颗星至少需要{need}", self.stars),
            );
            return self.conflict(Verdict::Fail, en, zh);
        }
        let end = show(tries.last().map_or(f64::INFINITY, |t| t.high), 4);
        let (mut en, mut zh) = (
            format!(
                "{printed}: |t| lies in {range}, which earns more than {}: they end at {end}",
                count_en(self.stars)
            ),
            format!("{printed}：|t|位于{range}，应多于{}颗星：其上限为{end}", self.stars),
        );
        // With few clusters a t distribution asks for more; how many there are is not always printed.
        let unsaid = self.column.clusters.is_none() && matches!(self.table.errors, Errors::Unknown | Errors::Clustered);
        if unsaid && few.touches {
            en += "; clusters above the unit, of which the table prints no number, would explain it";
            zh += "；若按更高层级聚类而表中未印聚类数，则可解释";
            return self.conflict(Verdict::Warn, en, zh);
        }
        self.conflict(Verdict::Fail, en, zh)
    }

    fn conflict(&self, verdict: Verdict, en: String, zh: String) -> Finding {
        Finding::new(Rule::A2, verdict, &self.place, en, zh).share(0.0).conflict(cells(&self.place, self.term))
    }

    fn possible(&self, given: &Precision, tries: &[Try], best: &Try) -> Finding {
        let verdict = if best.share < TIGHT { Verdict::Tight } else { Verdict::Pass };
        let (printed, range) = (shown(self.term), show_interval(given.t(None), 3));
        let share = percent(best.share);
        let mut en = format!("{printed}: |t| in {range}; {}: {share} of what rounds so", allowed_en(self.stars, best));
        let mut zh = format!("{printed}：|t|位于{range}；{}：占可能取值的{share}", allowed_zh(self.stars, best));
        if verdict == Verdict::Tight {
            for other in tries.iter().filter(|t| t.df != best.df && t.df.is_some()).take(3) {
                let end = show(if self.stars == 0 { other.high } else { other.low }, 4);
                en += &format!(", {} under {} ({end})", percent(other.share), name(other.df));
                zh += &format!("，{}之下为{}（{end}）", name(other.df), percent(other.share));
            }
            if let (Precision::Ratio(..), Some(error)) = (given, &self.term.error)
                && error.value > 0.0
            {
                let t = self.term.estimate.value.abs() / error.value;
                let p = two_sided(t, None);
                let earned = self.table.stars.iter().filter(|level| p < **level).count();
                let (t, p) = (show(t, 3), show(p, 2));
                en += &format!("; as printed, t = {t} (p = {p}) earns {}", count_en(earned));
                zh += &format!("；按所印数字，t＝{t}（p＝{p}），为{earned}颗星");
            }
        }
        let finding = Finding::new(Rule::A2, verdict, &self.place, en, zh).share(best.share);
        finding.assignment(point(&self.place, self.term, given, best))
    }
}

/// A share in words; small ones with two digits.
fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.0995 {
        format!("{} %", show(100.0 * share, 2))
    } else {
        format!("{:.0} %", 100.0 * share)
    }
}

fn allowed_en(stars: usize, best: &Try) -> String {
    let (low, high, name) = (show(best.low, 4), show(best.high, 4), name(best.df));
    match (stars, best.high.is_finite()) {
        (0, true) => format!("no star means less than {high} ({name})"),
        (0, false) => "no star".to_owned(),
        (n, true) => format!("{} mean {low} to {high} ({name})", count_en(n)),
        (n, false) => format!("{} need {low} ({name})", count_en(n)),
    }
}

fn allowed_zh(stars: usize, best: &Try) -> String {
    let (low, high, name) = (show(best.low, 4), show(best.high, 4), name(best.df));
    match (stars, best.high.is_finite()) {
        (0, true) => format!("无星号即低于{high}（{name}）"),
        (0, false) => "无星号".to_owned(),
        (n, true) => format!("{n}颗星即{low}至{high}（{name}）"),
        (n, false) => format!("{n}颗星需{low}（{name}）"),
    }
}

fn count_en(stars: usize) -> String {
    match stars {
        0 => "no star".to_owned(),
        1 => "one star".to_owned(),
        2 => "two stars".to_owned(),
        3 => "three stars".to_owned(),
        n => format!("{n} stars"),
    }
}

fn cells(place: &str, term: &Term) -> Vec<Value> {
    let mut values = Vec::new();
    if term.error.is_some() || term.statistic.is_none() && term.p_value.is_none() {
        values.push(Value::printed(place, Quantity::Coefficient, &term.estimate.text));
    }
    let second = [(Quantity::StandardError, &term.error), (Quantity::T, &term.statistic), (Quantity::P, &term.p_value)];
    if let Some((what, Some(printed))) = second.into_iter().find(|(_, p)| p.is_some()) {
        values.push(Value::printed(place, what, &printed.text));
    }
    let stars = if term.stars == 0 { "–".to_owned() } else { "*".repeat(term.stars as usize) };
    values.push(Value::printed(place, Quantity::Stars, stars));
    values
}

/// Unrounded values under which the stars are right: the printed ones where they are, else the corner nearest to them.
fn point(place: &str, term: &Term, given: &Precision, best: &Try) -> Vec<Value> {
    let inside = |t: f64| t >= best.low && t < best.high;
    match given {
        Precision::Ratio(b, s) => {
            let error = term.error.as_ref().unwrap_or(&term.estimate);
            let printed = (term.estimate.value.abs(), error.value);
            let corner = if printed.0 / printed.1 < best.low { (b.high, s.low) } else { (b.low, s.high) };
            // From the printed values to the corner, halfway into what is allowed.
            let at = |w: f64| (printed.0 + w * (corner.0 - printed.0), printed.1 + w * (corner.1 - printed.1));
            let ratio = |w: f64| at(w).0 / at(w).1;
            let steps = (0..=1000).map(|i| f64::from(i) / 1000.0);
            let allowed: Vec<f64> = steps.filter(|w| inside(ratio(*w))).collect();
            let w = if allowed.first() == Some(&0.0) {
                0.0
            } else {
                allowed.get(allowed.len() / 2).copied().unwrap_or(1.0)
            };
            let (b, s) = at(w);
            let sign = if term.estimate.value < 0.0 { -1.0 } else { 1.0 };
            vec![
                Value::assigned(place, Quantity::Coefficient, &term.estimate.text, sign * b),
                Value::assigned(place, Quantity::StandardError, &error.text, s),
                Value::derived(place, Quantity::T, sign * b / s),
            ]
        }
        Precision::Statistic(t) => {
            let printed = term.statistic.as_ref().unwrap_or(&term.estimate);
            let ours = t.nearest(printed.value.abs().clamp(best.low, best.high));
            vec![Value::assigned(place, Quantity::T, &printed.text, ours.copysign(printed.value))]
        }
        Precision::P(p) => {
            let printed = term.p_value.as_ref().unwrap_or(&term.estimate);
            let high = two_sided(best.low, best.df);
            let low = if best.high.is_finite() { two_sided(best.high, best.df) } else { 0.0 };
            vec![Value::assigned(place, Quantity::P, &printed.text, p.nearest(printed.value.clamp(low, high)))]
        }
    }
}
