//! Values of expressions over a frame.

use std::borrow::Cow;

use super::{Comparison, Expr, Node, Operator};
use crate::frame::{Column, Frame, MISSING, Values, unknown_column};
use crate::message::{Problem, Result, Warning};
use crate::panel::Panel;

/// What an expression is worth.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    /// One number for all rows.
    Scalar(f64),
    /// A number per row.
    Numbers(Cow<'a, [f64]>),
    /// One text for all rows.
    Word(&'a str),
    /// A text per row.
    Words(&'a [u32], &'a [String]),
}

/// Numbers, one for all rows or one per row.
#[derive(Clone, Debug)]
pub(super) enum Numbers<'a> {
    /// One for all.
    Scalar(f64),
    /// One per row.
    Rows(Cow<'a, [f64]>),
}

impl<'a> Numbers<'a> {
    /// One number per row.
    pub(super) fn into_rows(self, rows: usize) -> Cow<'a, [f64]> {
        match self {
            Self::Scalar(x) => Cow::Owned(vec![x; rows]),
            Self::Rows(values) => values,
        }
    }

    /// `f` of each number, in place where the column is ours already.
    pub(super) fn map(self, mut f: impl FnMut(f64) -> f64) -> Self {
        match self {
            Self::Scalar(x) => Self::Scalar(f(x)),
            Self::Rows(Cow::Borrowed(values)) => Self::Rows(values.iter().map(|&x| f(x)).collect()),
            Self::Rows(Cow::Owned(mut values)) => {
                for x in &mut values {
                    *x = f(*x);
                }
                Self::Rows(Cow::Owned(values))
            }
        }
    }

    /// `f` of each pair.
    pub(super) fn zip(self, other: Self, mut f: impl FnMut(f64, f64) -> f64) -> Self {
        match (self, other) {
            (a, Self::Scalar(b)) => a.map(|x| f(x, b)),
            (Self::Scalar(a), b) => b.map(|x| f(a, x)),
            (Self::Rows(Cow::Borrowed(a)), Self::Rows(b)) => {
                let mut at = a.iter();
                Self::Rows(b).map(|y| at.next().map_or(f64::NAN, |&x| f(x, y)))
            }
            (a, Self::Rows(b)) => {
                let mut at = b.iter();
                a.map(|x| at.next().map_or(f64::NAN, |&y| f(x, y)))
            }
        }
    }
}

/// Where names are looked up, and what was noticed while computing.
pub(super) struct Scope<'a> {
    pub(super) frame: &'a Frame,
    pub(super) panel: Option<&'a Panel>,
    pub(super) warnings: Vec<Warning>,
}

impl Expr {
    /// The value of the expression in each row of `frame`, named as [`Expr::label`], and warnings.
    /// A truth is 1 or 0. Lags and leads go by the calendar of `panel`, whose rows are the frame's.
    ///
    /// # Errors
    /// `E603` unknown column, `E301` text where a number is needed, `E604` a function used wrongly or one
    /// that needs the panel when there is none.
    pub fn evaluate(&self, frame: &Frame, panel: Option<&Panel>) -> Result<(Column, Vec<Warning>)> {
        let mut scope = Scope { frame, panel, warnings: Vec::new() };
        let label = self.label();
        let column = match scope.value(self)? {
            Value::Scalar(x) => Column::number(label, vec![x; frame.rows()]),
            Value::Numbers(values) => Column::number(label, values.into_owned()),
            Value::Word(word) => Column::text(label, (0..frame.rows()).map(|_| Some(word))),
            Value::Words(codes, levels) => {
                let mut column = Column::number(label, Vec::new());
                column.values = Values::Text { codes: codes.to_vec(), levels: levels.to_vec() };
                column
            }
        };
        Ok((column, scope.warnings))
    }

    /// The numbers of the expression, borrowed from the frame when it is a bare column.
    ///
    /// # Errors
    /// As [`Expr::evaluate`]; `E301` when it is text.
    pub fn numbers<'a>(&'a self, frame: &'a Frame, panel: Option<&'a Panel>) -> Result<(Cow<'a, [f64]>, Vec<Warning>)> {
        let mut scope = Scope { frame, panel, warnings: Vec::new() };
        let values = scope.numbers(self)?.into_rows(frame.rows());
        Ok((values, scope.warnings))
    }

    /// The rows in which the condition holds. A row where it cannot be known does not.
    ///
    /// # Errors
    /// As [`Expr::evaluate`].
    pub fn holds(&self, frame: &Frame, panel: Option<&Panel>) -> Result<(Vec<bool>, Vec<Warning>)> {
        let (values, warnings) = self.numbers(frame, panel)?;
        Ok((values.iter().map(|&x| x != 0.0 && !x.is_nan()).collect(), warnings))
    }
}

impl<'a> Scope<'a> {
    /// The value of `expr`.
    pub(super) fn value(&mut self, expr: &'a Expr) -> Result<Value<'a>> {
        let numbers = match &expr.node {
            Node::Number(x) => Numbers::Scalar(*x),
            Node::Text(text) => return Ok(Value::Word(text)),
            Node::Name(name) => return self.lookup(name, expr),
            Node::Negative(x) => self.numbers(x)?.map(|x| -x),
            Node::Not(x) => self.numbers(x)?.map(|x| if x.is_nan() { x } else { truth(x == 0.0) }),
            Node::Binary(..) => self.chain(expr)?,
            Node::Comparison(first, rest) => {
                let mut left: &Expr = first;
                let mut all = None;
                for (comparison, right) in rest {
                    let one = self.compare(*comparison, left, right)?;
                    all = Some(match all {
                        None => one,
                        Some(all) => Numbers::zip(all, one, and),
                    });
                    left = right;
                }
                all.unwrap_or(Numbers::Scalar(f64::NAN))
            }
            Node::In(item, list, negated) => {
                let found = self.contained(item, list)?;
                if *negated { found.map(|x| 1.0 - x) } else { found }
            }
            Node::Call(name, arguments) => return self.call(name, arguments, expr),
            Node::List(_) => {
                return Err(expr.span.problem("E604", "a list stands only after \"in\" or in an argument"));
            }
            Node::Index(..) => {
                return Err(expr.span.problem("E604", "slopes per level, x[z], stand only among the absorbed effects"));
            }
            Node::Tilde(_) => return Err(expr.span.problem("E604", "\"~\" has no value here")),
        };
        Ok(match numbers {
            Numbers::Scalar(x) => Value::Scalar(x),
            Numbers::Rows(values) => Value::Numbers(values),
        })
    }

    fn lookup(&self, name: &'a str, expr: &Expr) -> Result<Value<'a>> {
        let Some(column) = self.frame.get(name) else {
            let known = self.frame.columns().iter().map(|c| c.name.as_str());
            let problem = unknown_column(name, known);
            let place = expr.span.problem("E603", "").place;
            return Err(problem.at(place));
        };
        Ok(match (&column.values, self.panel) {
            (Values::Number(values), _) => Value::Numbers(Cow::Borrowed(values)),
            // Periods written as text ("2010年") count as the numbers that the panel read.
            (Values::Text { .. }, Some(panel)) if panel.time_name == name => {
                Value::Numbers(panel.time.iter().map(|&t| panel.times[t as usize]).collect())
            }
            (Values::Text { codes, levels }, _) => Value::Words(codes, levels),
        })
    }

    /// The numbers of `expr`. A text in quotes that stands where a number is needed names a column.
    pub(super) fn numbers(&mut self, expr: &'a Expr) -> Result<Numbers<'a>> {
        let value = match &expr.node {
            Node::Text(name) => self.lookup(name, expr)?,
            _ => self.value(expr)?,
        };
        match value {
            Value::Scalar(x) => Ok(Numbers::Scalar(x)),
            Value::Numbers(values) => Ok(Numbers::Rows(values)),
            Value::Word(word) => Err(expr.span.problem("E301", format!("\"{word}\" is text; a number is needed here"))),
            Value::Words(_, levels) => {
                let problem = match self.frame.numbers(&expr.label()) {
                    Err(problem) if problem.id == "E301" => problem,
                    _ => Problem::new(
                        "E301",
                        format!("{expr} is text, for example \"{}\"", levels.first().map_or("", |l| l)),
                    ),
                };
                Err(problem.at(expr.span.problem("E301", "").place))
            }
        }
    }

    /// One number for all rows.
    pub(super) fn constant(&mut self, expr: &'a Expr) -> Result<f64> {
        match self.numbers(expr)? {
            Numbers::Scalar(x) => Ok(x),
            Numbers::Rows(_) => {
                Err(expr.span.problem("E604", format!("{expr} varies by row; a fixed number is needed here")))
            }
        }
    }

    /// `a + b - c ...`, from the left. A loop, since a long sum is a deep tree.
    fn chain(&mut self, expr: &'a Expr) -> Result<Numbers<'a>> {
        let mut spine = Vec::new();
        let mut first = expr;
        while let Node::Binary(operator, a, b) = &first.node {
            spine.push((*operator, &**b, first));
            first = a;
        }
        let mut left = self.numbers(first)?;
        while let Some((operator, right, whole)) = spine.pop() {
            let right = self.numbers(right)?;
            left = self.binary(operator, left, right, whole)?;
        }
        Ok(left)
    }

    fn binary(&mut self, operator: Operator, x: Numbers<'a>, y: Numbers<'a>, whole: &Expr) -> Result<Numbers<'a>> {
        Ok(match operator {
            Operator::Add => x.zip(y, |x, y| x + y),
            Operator::Subtract => x.zip(y, |x, y| x - y),
            Operator::Multiply => x.zip(y, |x, y| x * y),
            Operator::Divide => self.divide(x, y, whole),
            Operator::Power => {
                let mut lost = 0;
                let out = x.zip(y, |x, y| finite(x.powf(y), !x.is_nan() && !y.is_nan(), &mut lost));
                self.undefined(lost, whole, "is not a finite number", "不是有限数");
                out
            }
            Operator::And => x.zip(y, and),
            Operator::Or => x.zip(y, or),
            Operator::Colon => {
                let why = "\":\" makes interactions in formulae and ranges in lists, it has no value";
                return Err(whole.span.problem("E604", why));
            }
        })
    }

    /// x / y; division by zero is missing, and said.
    pub(super) fn divide(&mut self, x: Numbers<'a>, y: Numbers<'a>, whole: &Expr) -> Numbers<'a> {
        let mut lost = 0;
        let out = x.zip(y, |x, y| {
            if y == 0.0 {
                lost += usize::from(!x.is_nan());
                f64::NAN
            } else {
                x / y
            }
        });
        self.undefined(lost, whole, "divides by zero", "除数为零");
        out
    }

    /// Warns of `rows` in which a function is undefined and the result therefore missing.
    pub(super) fn undefined(&mut self, rows: usize, whole: &Expr, en: &str, zh: &str) {
        if rows > 0 {
            self.warnings.push(undefined(&whole.to_string(), rows, en, zh));
        }
    }

    fn compare(&mut self, comparison: Comparison, a: &'a Expr, b: &'a Expr) -> Result<Numbers<'a>> {
        let (x, y) = (self.value(a)?, self.value(b)?);
        match (x, y) {
            (Value::Words(codes, levels), Value::Word(word)) => words(comparison, codes, levels, word, b),
            (Value::Word(word), Value::Words(codes, levels)) => words(comparison, codes, levels, word, a),
            (Value::Words(left, left_levels), Value::Words(right, right_levels)) => {
                equality(comparison, b)?;
                let position: std::collections::HashMap<&str, u32> =
                    right_levels.iter().enumerate().map(|(i, l)| (l.as_str(), i as u32)).collect();
                let same: Vec<Option<u32>> = left_levels.iter().map(|l| position.get(l.as_str()).copied()).collect();
                let test = |(&l, &r): (&u32, &u32)| {
                    if l == MISSING || r == MISSING {
                        return f64::NAN;
                    }
                    truth((same[l as usize] == Some(r)) == (comparison == Comparison::Equal))
                };
                Ok(Numbers::Rows(left.iter().zip(right).map(test).collect()))
            }
            (Value::Word(x), Value::Word(y)) => {
                equality(comparison, b)?;
                Ok(Numbers::Scalar(truth((x == y) == (comparison == Comparison::Equal))))
            }
            (Value::Word(word), _) => {
                let x = self.word_as_number(b, word, a)?;
                let y = self.numbers(b)?;
                Ok(y.map(|y| judge(comparison, x, y)))
            }
            (_, Value::Word(word)) => {
                let y = self.word_as_number(a, word, b)?;
                Ok(self.numbers(a)?.map(|x| judge(comparison, x, y)))
            }
            (Value::Words(_, levels), _) => Err(needs_quotes(a, levels, b)),
            (_, Value::Words(_, levels)) => Err(needs_quotes(b, levels, a)),
            _ => {
                let (x, y) = (self.numbers(a)?, self.numbers(b)?);
                Ok(x.zip(y, |x, y| judge(comparison, x, y)))
            }
        }
    }

    /// The number that `word` means in a column of numbers: its value label, or the number it spells.
    fn word_as_number(&self, column: &Expr, word: &str, at: &Expr) -> Result<f64> {
        let labels = match &column.node {
            Node::Name(name) => self.frame.get(name).map_or(&[][..], |c| &c.value_labels),
            _ => &[],
        };
        if let Some((value, _)) = labels.iter().find(|(_, label)| label == word) {
            return Ok(*value);
        }
        word.trim().parse().map_err(|_| {
            at.span.problem(
                "E301",
                format!("{column} holds numbers; \"{word}\" is neither a number nor one of its value labels"),
            )
        })
    }

    fn contained(&mut self, item: &'a Expr, list: &'a Expr) -> Result<Numbers<'a>> {
        let items: Vec<&'a Expr> = match &list.node {
            Node::List(items) => items.iter().collect(),
            Node::Call(name, arguments) if name == "c" => arguments.iter().map(|a| &a.value).collect(),
            _ => vec![list],
        };
        let mut found: Option<Numbers<'a>> = None;
        for one in items {
            let here = match &one.node {
                Node::Binary(Operator::Colon, from, to) => {
                    let (from, to) = (self.constant(from)?, self.constant(to)?);
                    let step_from = |x: f64| x >= from && x <= to && (x - from).fract() == 0.0;
                    self.numbers(item)?.map(|x| if x.is_nan() { x } else { truth(step_from(x)) })
                }
                _ => self.compare(Comparison::Equal, item, one)?,
            };
            found = Some(match found {
                None => here,
                Some(all) => all.zip(here, or),
            });
        }
        found.ok_or_else(|| list.span.problem("E604", "the list after \"in\" is empty"))
    }
}

/// `W309` for `rows` in which the expression `whole` is undefined.
fn undefined(whole: &str, rows: usize, en: &str, zh: &str) -> Warning {
    Warning::new(
        "W309",
        format!("{whole} {en}{}{rows}{}", IN_ROWS.0, IN_ROWS.1),
        format!("{whole} 在 {rows} 行中{zh}，结果记为缺失"),
    )
}

/// What stands around the number of rows in a `W309`.
const IN_ROWS: (&str, &str) = (" in ", " rows; the result is missing there");

/// Adds to `all` what was noticed in `more` rows of the same table: a `W309` that is there already counts further.
pub(crate) fn gather_warnings(all: &mut Vec<Warning>, more: Vec<Warning>) {
    let counted = |warning: &Warning| {
        let (what, rows) = warning.text.en.strip_suffix(IN_ROWS.1)?.rsplit_once(IN_ROWS.0)?;
        Some((what.to_owned(), rows.parse::<usize>().ok()?))
    };
    for warning in more {
        let (Some((what, rows)), "W309") = (counted(&warning), warning.id.as_str()) else {
            if !all.contains(&warning) {
                all.push(warning);
            }
            continue;
        };
        let same = |known: &&mut Warning| counted(known).is_some_and(|(same, _)| same == what);
        let Some(known) = all.iter_mut().find(same) else {
            all.push(warning);
            continue;
        };
        let before = counted(known).map_or(0, |(_, rows)| rows);
        let number = |text: &str, from: usize| text.replacen(&format!(" {from} "), &format!(" {} ", before + rows), 1);
        // The count stands behind the expression, which may hold the same number.
        known.text.en = format!("{what}{}{}{}", IN_ROWS.0, before + rows, IN_ROWS.1);
        let at = warning.text.zh.rfind(" 在 ").unwrap_or(0);
        known.text.zh = format!("{}{}", &warning.text.zh[..at], number(&warning.text.zh[at..], rows));
    }
}

/// 1 for true, 0 for false.
pub(super) fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// `x` if finite; otherwise missing, counted when the operands were present.
pub(super) fn finite(x: f64, present: bool, lost: &mut usize) -> f64 {
    if x.is_finite() {
        return x;
    }
    *lost += usize::from(present);
    f64::NAN
}

fn and(x: f64, y: f64) -> f64 {
    if x == 0.0 || y == 0.0 {
        0.0
    } else if x.is_nan() || y.is_nan() {
        f64::NAN
    } else {
        1.0
    }
}

fn or(x: f64, y: f64) -> f64 {
    let (present_x, present_y) = (!x.is_nan(), !y.is_nan());
    if (present_x && x != 0.0) || (present_y && y != 0.0) {
        1.0
    } else if present_x && present_y {
        0.0
    } else {
        f64::NAN
    }
}

fn judge(comparison: Comparison, x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() { f64::NAN } else { truth(comparison.holds(x, y)) }
}

fn equality(comparison: Comparison, at: &Expr) -> Result<()> {
    if matches!(comparison, Comparison::Equal | Comparison::Unequal) {
        return Ok(());
    }
    Err(at.span.problem("E301", format!("texts have no order; \"{}\" needs numbers on both sides", comparison.sign())))
}

fn words<'a>(comparison: Comparison, codes: &[u32], levels: &[String], word: &str, at: &Expr) -> Result<Numbers<'a>> {
    equality(comparison, at)?;
    let wanted = comparison == Comparison::Equal;
    let verdict: Vec<f64> = levels.iter().map(|level| truth((level == word) == wanted)).collect();
    Ok(Numbers::Rows(codes.iter().map(|&c| verdict.get(c as usize).copied().unwrap_or(f64::NAN)).collect()))
}

fn needs_quotes(column: &Expr, levels: &[String], number: &Expr) -> Problem {
    let example = levels.first().map_or("", |l| l);
    column
        .span
        .problem("E301", format!("{column} holds text, for example \"{example}\", and is compared with {number}"))
        .fix(format!("write the text in quotes: {column} == \"{example}\""))
}
