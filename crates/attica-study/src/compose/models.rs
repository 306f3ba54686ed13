//! Tables of regressions: one column per model, coefficients over what stands in parentheses, then
//! what was absorbed, how many rows, units and clusters, and each R2 by its name.

use attica::fit::{FitRecord, Term};
use attica::text::Text;
use attica_report::format::{Style, stars};
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::layout::{self, Shown};
use super::model_notes;
use super::words::{CONSTANT, Words, text};
use crate::results::{Model, Models, Outcome};

/// Columns that fit on a page.
const WIDEST: usize = 6;

/// The tables of a family of regressions. A family wider than a page goes on in a further table.
pub(super) fn tables(words: &Words<'_>, family: &Models) -> Vec<Table> {
    let pages = family.models.len().div_ceil(WIDEST).max(1);
    let width = family.models.len().div_ceil(pages).max(1);
    family
        .models
        .chunks(width)
        .enumerate()
        .map(|(page, models)| {
            let (id, title) = if page == 0 {
                (family.id.clone(), family.title.clone())
            } else {
                (format!("{}-{}", family.id, page + 1), continued(&family.title))
            };
            table(words, family, models, page * width, id, title)
        })
        .collect()
}

/// The title of a further page.
pub(super) fn continued(title: &Text) -> Text {
    text(format!("{} (continued)", title.en), format!("{}（续）", title.zh))
}

/// One table of `models`, whose first has the number `from` (counted from 0) in its family.
fn table(words: &Words<'_>, family: &Models, models: &[Model], from: usize, id: String, title: Text) -> Table {
    let shown = Shown::new(words, family);
    let columns = Columns { words, shown: &shown, models };
    let mut rows = columns.coefficients();
    rows.push(Row::Separator);
    rows.extend(columns.controls());
    rows.extend(columns.effects());
    rows.extend(columns.counts());
    rows.extend(columns.r2());
    Table {
        id,
        title,
        columns: std::iter::once(Align::Left).chain(models.iter().map(|_| Align::Decimal)).collect(),
        head: layout::groups(words, &family.id, from, models.len()).into_iter().chain(columns.head(from)).collect(),
        rows,
        notes: model_notes::notes(words, &shown, models, from),
    }
}

/// The fit of a model that has one.
pub(super) fn fit(model: &Model) -> Option<&FitRecord> {
    match &model.fit {
        Outcome::Fit(fit) => Some(fit),
        Outcome::Failed(_) => None,
    }
}

/// The columns of one table.
struct Columns<'a> {
    words: &'a Words<'a>,
    shown: &'a Shown,
    models: &'a [Model],
}

impl Columns<'_> {
    /// Column numbers, outcomes, and the heads of the models where they have any.
    fn head(&self, from: usize) -> Vec<Vec<Head>> {
        let numbers = (0..self.models.len()).map(|i| Head::one(Text::same(format!("({})", from + i + 1))));
        let outcomes: Vec<Text> = self.models.iter().map(|model| self.words.label(outcome(model))).collect();
        let mut head = vec![
            std::iter::once(Head::one(text("Variable", "变量"))).chain(numbers).collect::<Vec<_>>(),
            std::iter::once(Head::blank()).chain(self.spans(outcomes)).collect(),
        ];
        if self.models.iter().any(|model| model.head != Text::default()) {
            let heads = self.models.iter().map(|model| Head::one(model.head.clone()));
            head.push(std::iter::once(Head::blank()).chain(heads).collect());
        }
        head
    }

    /// Neighbours with the same outcome share a head; a Chinese table, which has no rule to show the
    /// span, repeats it.
    fn spans(&self, outcomes: Vec<Text>) -> Vec<Head> {
        let mut heads: Vec<Head> = Vec::new();
        for outcome in outcomes {
            match heads.last_mut() {
                Some(last) if last.text == outcome && self.words.style != Style::Cn => last.span += 1,
                _ => heads.push(Head::one(outcome)),
            }
        }
        heads
    }

    /// The rows of the shown terms, in their order, and of the constant.
    fn coefficients(&self) -> Vec<Row> {
        let absorbed = absorbed_constants(self.words);
        let mut rows = Vec::new();
        for name in &self.shown.rows {
            if name != CONSTANT || self.models.iter().filter_map(fit).any(|fit| constant(fit, absorbed).is_some()) {
                rows.extend(self.coefficient(self.words.term(name), name, &|fit| term(fit, name, absorbed)));
            }
        }
        rows
    }

    /// Estimates, what stands in parentheses below them, and p-values of the wild bootstrap where there are any.
    fn coefficient(&self, label: Text, name: &str, find: &dyn Fn(&FitRecord) -> Option<&Term>) -> Vec<Row> {
        let style = &self.words.results.style;
        let cell = |model: &Model, print: &dyn Fn(&Term) -> Cell, absent: &dyn Fn(Text) -> Cell| match &model.fit {
            Outcome::Failed(problem) => absent(problem.text()),
            Outcome::Fit(fit) => match (find(fit), fit.omitted.iter().find(|omitted| omitted.name == name)) {
                (Some(term), _) => print(term),
                (None, Some(omitted)) => absent(omitted.reason.clone()),
                (None, None) => Cell::Empty,
            },
        };
        let row = |label: Text, print: &dyn Fn(&Term) -> Cell, absent: &dyn Fn(Text) -> Cell| {
            let cells = self.models.iter().map(|model| cell(model, print, absent));
            Row::Cells(std::iter::once(Cell::Text(label)).chain(cells).collect())
        };
        let estimate = |term: &Term| Cell::Estimate {
            value: term.estimate,
            stars: stars(Some(term.p_value), &style.stars),
            decimals: style.digits,
        };
        let below = |term: &Term| below(term, &style.below, style.digits);
        let wild = |term: &Term| match &term.wild {
            Some(test) => Cell::PValue { value: test.p_value, decimals: 3 },
            None => Cell::Empty,
        };
        let tested = |model: &Model| fit(model).and_then(find).is_some_and(|term| term.wild.is_some());
        let mut rows = vec![row(label, &estimate, &Cell::Absent), row(Text::default(), &below, &|_| Cell::Empty)];
        if self.models.iter().any(tested) {
            rows.push(row(text("Wild bootstrap p", "wild bootstrap p值"), &wild, &|_| Cell::Empty));
        }
        rows
    }

    /// One row: a label, and one cell per model; a model without a fit gets a dash.
    fn row(&self, label: Text, cell: impl Fn(&FitRecord) -> Cell) -> Row {
        let cells = self.models.iter().map(|model| match &model.fit {
            Outcome::Fit(fit) => cell(fit),
            Outcome::Failed(problem) => Cell::Absent(problem.text()),
        });
        Row::Cells(std::iter::once(Cell::Text(label)).chain(cells).collect())
    }

    /// "Controls", when a column has regressors that the table does not print.
    fn controls(&self) -> Option<Row> {
        let any = self.models.iter().filter_map(fit).any(|fit| !hidden(fit, self.shown).is_empty());
        any.then(|| self.row(text("Controls", "控制变量"), |fit| Cell::yes(!hidden(fit, self.shown).is_empty())))
    }

    /// One row per absorbed effect that any column has.
    fn effects(&self) -> Vec<Row> {
        let mut names: Vec<&str> = Vec::new();
        for model in self.models {
            for name in &model.effects {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
        }
        names
            .into_iter()
            .map(|name| {
                let cells =
                    self.models.iter().map(|model| Cell::yes(model.effects.iter().any(|effect| effect == name)));
                Row::Cells(std::iter::once(Cell::Text(self.words.effect(name))).chain(cells).collect())
            })
            .collect()
    }

    /// Estimator where columns differ, mean of the outcome, observations, units, clusters.
    fn counts(&self) -> Vec<Row> {
        let absent = text("not known", "未知");
        let count = |value: Option<usize>| match value {
            Some(value) => Cell::Count(value as u64),
            None => Cell::Absent(absent.clone()),
        };
        let fits = || self.models.iter().filter_map(fit);
        let mut rows = Vec::new();
        let first = fits().next();
        if first.is_some_and(|first| fits().any(|fit| fit.model != first.model)) {
            rows.push(self.row(text("Model", "模型"), |fit| Cell::Text(model_notes::model_name(&fit.model))));
        }
        if self.words.style != Style::Cn {
            let digits = self.words.results.style.digits;
            rows.push(self.row(text("Mean of outcome", "被解释变量均值"), |fit| Cell::Number {
                value: fit.mean_outcome,
                decimals: digits,
            }));
        }
        rows.push(self.row(text("N", "N"), |fit| Cell::Count(fit.n_obs as u64)));
        if fits().any(|fit| fit.n_units.is_some()) {
            rows.push(self.row(text("Units", "个体数"), |fit| count(fit.n_units)));
        }
        let repeats_units = fits().all(|fit| fit.n_clusters.is_none() || fit.n_clusters == fit.n_units);
        if !repeats_units {
            rows.push(self.row(text("Clusters", "聚类数"), |fit| count(fit.n_clusters)));
        }
        rows
    }

    /// One row per kind of R2 that any column has; a column without it stays blank.
    fn r2(&self) -> Vec<Row> {
        type Of = fn(&FitRecord) -> Option<f64>;
        let kinds: [(Text, Of); 4] = [
            (text("R²", "R²"), |fit| fit.r2_family.overall),
            (text("Within R²", "组内R²"), |fit| fit.r2_family.within),
            (text("R² within (xtreg)", "组内R²（xtreg）"), |fit| {
                xtreg_only(fit).then_some(fit.r2_family.xtreg_within)?
            }),
            (text("R² overall (xtreg)", "总体R²（xtreg）"), |fit| {
                xtreg_only(fit).then_some(fit.r2_family.xtreg_overall)?
            }),
        ];
        kinds
            .into_iter()
            .filter(|(_, of)| self.models.iter().filter_map(fit).any(|fit| of(fit).is_some()))
            .map(|(label, of)| {
                self.row(label, |fit| of(fit).map_or(Cell::Empty, |value| Cell::Number { value, decimals: 3 }))
            })
            .collect()
    }
}

/// The column that a family's text is about: the last one estimated as the first one is.
pub(super) fn main_column(family: &Models) -> Option<(usize, &FitRecord)> {
    let estimated = || family.models.iter().enumerate().filter_map(|(i, model)| Some((i, fit(model)?)));
    let (_, first) = estimated().next()?;
    let alike = |fit: &FitRecord| fit.model == first.model && fit.outcome == first.outcome;
    estimated().rfind(|(_, fit)| alike(fit) && fit.effects.len() == first.effects.len())
}

/// The main column where it stands in print, if the user shows it.
pub(super) fn main_printed<'a>(words: &Words<'_>, family: &'a Models) -> Option<(usize, &'a FitRecord)> {
    let all = layout::estimated(words.results, &family.id)?;
    let (main, _) = main_column(all)?;
    let place = layout::places(words, &family.id, all.models.len()).iter().position(|&i| i == main)?;
    Some((place, fit(family.models.get(place)?)?))
}

/// Outcome of a model, also of one that could not be estimated.
pub(super) fn outcome(model: &Model) -> &str {
    match &model.fit {
        Outcome::Fit(fit) => &fit.outcome,
        Outcome::Failed(_) => model.formula.split('~').next().unwrap_or_default().trim(),
    }
}

/// Regressors of a fit that its table sums up as controls.
pub(super) fn hidden<'a>(fit: &'a FitRecord, shown: &Shown) -> Vec<&'a str> {
    let names = fit.terms.iter().map(|term| term.term.as_str());
    names
        .filter(|name| *name != CONSTANT && !shown.rows.iter().chain(&shown.dropped).any(|told| told == name))
        .collect()
}

/// Chinese tables print a constant also where effects are absorbed, as reghdfe does.
pub(super) fn absorbed_constants(words: &Words<'_>) -> bool {
    words.style == Style::Cn
}

/// The coefficient `name` of a fit, or its constant.
fn term<'a>(fit: &'a FitRecord, name: &str, absorbed: bool) -> Option<&'a Term> {
    if name == CONSTANT { constant(fit, absorbed) } else { fit.terms.iter().find(|term| term.term == name) }
}

/// The constant of a fit: its own, or with `absorbed` the one of a model whose effects were absorbed.
pub(super) fn constant(fit: &FitRecord, absorbed: bool) -> Option<&Term> {
    let own = fit.terms.iter().find(|term| term.term == CONSTANT);
    own.or(fit.constant_absorbed.as_ref().filter(|_| absorbed))
}

/// Models whose fit is told by `xtreg`'s R2 alone (random effects).
fn xtreg_only(fit: &FitRecord) -> bool {
    fit.r2_family.overall.is_none()
}

/// What stands below a coefficient.
fn below(term: &Term, word: &str, digits: usize) -> Cell {
    let round = |value: f64, decimals: usize| Cell::bracketed(Some(value), decimals, &Text::default());
    match word {
        "t" => round(term.statistic, 2),
        "p" => round(term.p_value, 3),
        "ci" => Cell::Interval { low: term.conf_low, high: term.conf_high, decimals: digits },
        _ => round(term.std_error, digits),
    }
}
