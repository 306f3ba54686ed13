//! Functions of the expression language.

use std::borrow::Cow;

use super::evaluate::{Numbers, Scope, Value, finite};
use super::{Argument, Expr, Node, Operator};
use crate::frame::transform::{self, Tails};
use crate::frame::{MISSING, codes};
use crate::message::{Problem, Result, Warning};
use crate::panel::Panel;

/// A function as a reader looks it up.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Name.
    pub name: &'static str,
    /// How it is called.
    pub call: &'static str,
    /// What it gives.
    pub about: &'static str,
}

const fn f(name: &'static str, call: &'static str, about: &'static str) -> Function {
    Function { name, call, about }
}

/// Every function there is.
pub const FUNCTIONS: &[Function] = &[
    f("log", "log(x)", "natural logarithm; missing where x <= 0"),
    f("ln", "ln(x)", "the same as log"),
    f("log1p", "log1p(x)", "log(1 + x); missing where x <= -1"),
    f("log10", "log10(x)", "decimal logarithm"),
    f("exp", "exp(x)", "exponential"),
    f("sqrt", "sqrt(x)", "square root; missing where x < 0"),
    f("abs", "abs(x)", "absolute value"),
    f("round", "round(x, digits = 0)", "rounded, halves away from zero"),
    f("floor", "floor(x)", "next whole number below"),
    f("I", "I(x)", "x itself, computed before the formula is read"),
    f("if_else", "if_else(condition, a, b)", "a where the condition holds, b where it does not"),
    f("is_missing", "is_missing(x)", "1 where x is missing, else 0"),
    f("fill", "fill(x, value)", "x, with value where it is missing"),
    f("ratio", "ratio(a, b)", "a / b; missing where b = 0"),
    f("lag", "lag(x, k = 1)", "x of the same unit k periods earlier by the calendar"),
    f("l", "l(x, k = 1)", "the same as lag"),
    f("lead", "lead(x, k = 1)", "x of the same unit k periods later by the calendar"),
    f("f", "f(x, k = 1)", "the same as lead"),
    f("diff", "diff(x, k = 1)", "x - lag(x, k)"),
    f("d", "d(x, k = 1)", "the same as diff"),
    f("growth", "growth(x, k = 1)", "x / lag(x, k) - 1"),
    f("first", "first(x)", "the unit's first value that is present"),
    f("base", "base(x, period = first)", "the unit's value in the base period, by default the panel's first"),
    f("min", "min(x, by = g) or min(a, b, ..)", "smallest value of a group, or of several columns by row"),
    f("max", "max(x, by = g) or max(a, b, ..)", "largest value of a group, or of several columns by row"),
    f("mean", "mean(x, by = g)", "mean over the rows present, of all rows or by group"),
    f("median", "median(x, by = g)", "median over the rows present"),
    f("sum", "sum(x, by = g)", "sum over the rows present"),
    f("sd", "sd(x, by = g)", "standard deviation with n - 1"),
    f("count", "count(x, by = g)", "number of rows in which x is present"),
    f("rank", "rank(x, by = g)", "rank from 1 upwards, ties share their mean rank"),
    f("minmax", "minmax(x, by = g)", "(x - min) / (max - min)"),
    f("zscore", "zscore(x, by = g)", "(x - mean) / sd"),
    f("winsorise", "winsorise(x, 1, 99, by = g)", "values beyond the percentiles pulled to them (Stata's rule)"),
    f("trim", "trim(x, 1, 99, by = g)", "values beyond the percentiles made missing (Stata's rule)"),
];

impl<'a> Scope<'a> {
    /// The value of the call `name(arguments)`.
    pub(super) fn call(&mut self, name: &str, arguments: &'a [Argument], whole: &'a Expr) -> Result<Value<'a>> {
        let rows = self.frame.rows();
        let call = Call { name, arguments, whole };
        let numbers = match name {
            "I" => return self.value(call.required(0)?),
            "is_missing" => return self.is_missing(&call),
            "log" | "ln" => self.elementary(&call, f64::ln)?,
            "log1p" => self.elementary(&call, f64::ln_1p)?,
            "log10" => self.elementary(&call, f64::log10)?,
            "exp" => self.elementary(&call, f64::exp)?,
            "sqrt" => self.elementary(&call, f64::sqrt)?,
            "abs" => self.elementary(&call, f64::abs)?,
            "floor" => self.elementary(&call, f64::floor)?,
            "round" => {
                let scale = 10f64.powf(self.option(&call, 1, "digits", 0.0)?);
                call.only(2, &["digits"])?;
                self.numbers(call.required(0)?)?.map(|x| (x * scale).round() / scale)
            }
            "if_else" => {
                call.only(3, &[])?;
                let condition = self.numbers(call.required(0)?)?;
                let (a, b) = (self.numbers(call.required(1)?)?, self.numbers(call.required(2)?)?);
                let (a, b) = (a.into_rows(rows), b.into_rows(rows));
                let mut row = 0;
                Numbers::Rows(Cow::Owned(condition.into_rows(rows).into_owned())).map(|holds| {
                    row += 1;
                    if holds.is_nan() { holds } else { [b[row - 1], a[row - 1]][usize::from(holds != 0.0)] }
                })
            }
            "fill" => {
                call.only(2, &[])?;
                let x = self.numbers(call.required(0)?)?;
                x.zip(self.numbers(call.required(1)?)?, |x, value| if x.is_nan() { value } else { x })
            }
            "ratio" => {
                call.only(2, &[])?;
                let x = self.numbers(call.required(0)?)?;
                let y = self.numbers(call.required(1)?)?;
                self.divide(x, y, whole)
            }
            "lag" | "l" | "lead" | "f" | "diff" | "d" | "growth" => self.shifted(&call)?,
            "first" | "base" => self.of_unit(&call)?,
            "min" | "max" if call.positional() > 1 => {
                call.only(usize::MAX, &[])?;
                let pick = if name == "min" { f64::min } else { f64::max };
                let mut all = self.numbers(call.required(0)?)?;
                for argument in &arguments[1..] {
                    let next = self.numbers(&argument.value)?;
                    all = all.zip(next, |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { pick(x, y) });
                }
                all
            }
            "mean" => self.summary(&call, transform::mean)?,
            "median" => self.summary(&call, transform::median)?,
            "sum" => self.summary(&call, |x| x.iter().sum())?,
            "sd" => self.summary(&call, transform::sd)?,
            "count" => self.summary(&call, |x| x.len() as f64)?,
            "min" => self.summary(&call, transform::min)?,
            "max" => self.summary(&call, transform::max)?,
            "rank" => self.grouped(&call, transform::rank)?,
            "minmax" => self.grouped(&call, transform::minmax)?,
            "zscore" => self.grouped(&call, transform::zscore)?,
            "winsorise" | "winsorize" => self.tails(&call, Tails::Pull)?,
            "trim" => self.tails(&call, Tails::Cut)?,
            _ => return Err(unknown(name, whole)),
        };
        Ok(match numbers {
            Numbers::Scalar(x) => Value::Scalar(x),
            Numbers::Rows(values) => Value::Numbers(values),
        })
    }

    fn is_missing(&mut self, call: &Call<'_, 'a>) -> Result<Value<'a>> {
        call.only(1, &[])?;
        let truth = |missing: bool| f64::from(u8::from(missing));
        Ok(match self.value(call.required(0)?)? {
            Value::Words(codes, _) => Value::Numbers(codes.iter().map(|&c| truth(c == MISSING)).collect()),
            Value::Word(_) => Value::Scalar(0.0),
            Value::Scalar(x) => Value::Scalar(truth(x.is_nan())),
            Value::Numbers(values) => Value::Numbers(values.iter().map(|x| truth(x.is_nan())).collect()),
        })
    }

    /// A function of one number; where it is not finite the result is missing, and said.
    fn elementary(&mut self, call: &Call<'_, 'a>, function: fn(f64) -> f64) -> Result<Numbers<'a>> {
        call.only(1, &[])?;
        let mut lost = 0;
        let out = self.numbers(call.required(0)?)?.map(|x| finite(function(x), !x.is_nan(), &mut lost));
        let (en, zh) = match call.name {
            "log" | "ln" | "log10" | "log1p" => {
                ("takes the logarithm of zero or a negative number", "对零或负数取对数")
            }
            "sqrt" => ("takes the root of a negative number", "对负数开方"),
            _ => ("is not a finite number", "不是有限数"),
        };
        self.undefined(lost, call.whole, en, zh);
        Ok(out)
    }

    /// A fixed number, by position or name.
    fn option(&mut self, call: &Call<'_, 'a>, position: usize, name: &str, default: f64) -> Result<f64> {
        match call.find(position, name) {
            Some(expr) => self.constant(expr),
            None => Ok(default),
        }
    }

    fn panel(&self, call: &Call<'_, 'a>) -> Result<&'a Panel> {
        self.panel.ok_or_else(|| {
            call.whole
                .span
                .problem("E604", format!("{}() goes by unit and time, which are not known here", call.name))
                .fix("name the unit and time columns (--unit, --time, or unit and time under [[data]])")
        })
    }

    /// Lags, leads, differences and growth by the calendar.
    fn shifted(&mut self, call: &Call<'_, 'a>) -> Result<Numbers<'a>> {
        call.only(2, &["k"])?;
        let panel = self.panel(call)?;
        let k = self.option(call, 1, "k", 1.0)?;
        if k.fract() != 0.0 {
            return Err(call.whole.span.problem("E604", format!("{k} is not a whole number of periods")));
        }
        let x = self.numbers(call.required(0)?)?.into_rows(self.frame.rows());
        let back = if matches!(call.name, "lead" | "f") { -k } else { k };
        let before = panel.shift(&x, back as i64);
        Ok(match call.name {
            "diff" | "d" => Numbers::Rows(x).zip(Numbers::Rows(Cow::Owned(before)), |x, before| x - before),
            "growth" => {
                let ratio = self.divide(Numbers::Rows(x), Numbers::Rows(Cow::Owned(before)), call.whole);
                ratio.map(|ratio| ratio - 1.0)
            }
            _ => Numbers::Rows(Cow::Owned(before)),
        })
    }

    /// A unit's first value, or its value in a base period.
    fn of_unit(&mut self, call: &Call<'_, 'a>) -> Result<Numbers<'a>> {
        let panel = self.panel(call)?;
        let x = self.numbers(call.required(0)?)?.into_rows(self.frame.rows());
        let pick: Vec<f64> = if call.name == "first" {
            call.only(1, &[])?;
            let value =
                |unit| (0..panel.times.len()).filter_map(|t| panel.row(unit, t)).map(|r| x[r]).find(|x| !x.is_nan());
            (0..panel.units.len() as u32).map(|unit| value(unit).unwrap_or(f64::NAN)).collect()
        } else {
            call.only(2, &["period"])?;
            let period = self.option(call, 1, "period", panel.times.first().copied().unwrap_or(f64::NAN))?;
            let Some(at) = panel.times.iter().position(|&t| t == period) else {
                return Err(call.whole.span.problem("E607", format!("the base period {period} is not in the panel")));
            };
            let value = |unit| panel.row(unit, at).map_or(f64::NAN, |r| x[r]);
            (0..panel.units.len() as u32).map(value).collect()
        };
        Ok(Numbers::Rows(panel.unit.iter().map(|&u| pick[u as usize]).collect()))
    }

    fn summary(&mut self, call: &Call<'_, 'a>, function: impl Fn(&[f64]) -> f64) -> Result<Numbers<'a>> {
        self.grouped(call, |x, groups| transform::by_group(x, groups, function))
    }

    fn grouped(
        &mut self,
        call: &Call<'_, 'a>,
        function: impl FnOnce(&[f64], Option<&[u32]>) -> Vec<f64>,
    ) -> Result<Numbers<'a>> {
        call.only(1, &["by"])?;
        let groups = call.named("by").map(|by| self.groups(by)).transpose()?;
        let x = self.numbers(call.required(0)?)?.into_rows(self.frame.rows());
        Ok(Numbers::Rows(Cow::Owned(function(&x, groups.as_deref()))))
    }

    fn tails(&mut self, call: &Call<'_, 'a>, tails: Tails) -> Result<Numbers<'a>> {
        call.only(3, &["low", "high", "by"])?;
        let mut low = self.option(call, 1, "low", 1.0)?;
        let mut high = self.option(call, 2, "high", 99.0)?;
        // 0.01 and 0.99 are shares; rounding takes the noise of the product away.
        if high <= 1.0 {
            (low, high) = ((low * 1e11).round() / 1e9, (high * 1e11).round() / 1e9);
        }
        if !(0.0..=100.0).contains(&low) || !(low..=100.0).contains(&high) {
            return Err(call
                .whole
                .span
                .problem("E604", format!("{low} and {high} are not two percentiles between 0 and 100, the lower first"))
                .fix(format!("{}(x, 1, 99)", call.name)));
        }
        let groups = call.named("by").map(|by| self.groups(by)).transpose()?;
        let x = self.numbers(call.required(0)?)?.into_rows(self.frame.rows());
        let (out, [below, above]) = transform::tails(&x, low, high, groups.as_deref(), tails);
        let (en, zh) = if tails == Tails::Pull { ("pulled in", "缩尾") } else { ("made missing", "截尾") };
        self.warnings.push(Warning::new(
            "W310",
            format!("{}: {below} values below and {above} above the percentiles {low} and {high} {en}", call.whole),
            format!("{}：{low}% 分位以下 {below} 个、{high}% 分位以上 {above} 个观测值被{zh}", call.whole),
        ));
        Ok(Numbers::Rows(Cow::Owned(out)))
    }

    /// Codes of the groups that `by` names: a column, several in a list, or `a^b`.
    fn groups(&mut self, by: &'a Expr) -> Result<Vec<u32>> {
        let parts: Vec<&'a Expr> = match &by.node {
            Node::List(items) => items.iter().collect(),
            Node::Call(name, arguments) if name == "c" => arguments.iter().map(|a| &a.value).collect(),
            Node::Binary(Operator::Power | Operator::Colon, a, b) => vec![a, b],
            _ => vec![by],
        };
        let mut groups: Option<Vec<u32>> = None;
        for part in parts {
            let part_codes = match (&part.node, self.panel) {
                (Node::Name(name) | Node::Text(name), Some(panel)) if *name == panel.unit_name => panel.unit.clone(),
                (Node::Name(name) | Node::Text(name), _) if self.frame.get(name).is_some() => {
                    codes::codes_of(self.frame.column(name)?).0.into()
                }
                _ => {
                    let values = self.numbers(part)?.into_rows(self.frame.rows()).into_owned();
                    codes::codes_of_numbers(&values).0.into()
                }
            };
            groups = Some(match groups {
                None => part_codes.to_vec(),
                Some(all) => codes::cross(&all, &part_codes).0,
            });
        }
        groups.ok_or_else(|| by.span.problem("E604", "no group is named after \"by\""))
    }
}

/// A call under evaluation.
struct Call<'c, 'a> {
    name: &'c str,
    arguments: &'a [Argument],
    whole: &'a Expr,
}

impl<'a> Call<'_, 'a> {
    fn positional(&self) -> usize {
        self.arguments.iter().filter(|a| a.name.is_none()).count()
    }

    fn named(&self, name: &str) -> Option<&'a Expr> {
        self.arguments.iter().find(|a| a.name.as_deref() == Some(name)).map(|a| &a.value)
    }

    fn find(&self, position: usize, name: &str) -> Option<&'a Expr> {
        let by_position = self.arguments.iter().filter(|a| a.name.is_none()).nth(position).map(|a| &a.value);
        by_position.or_else(|| self.named(name))
    }

    fn required(&self, position: usize) -> Result<&'a Expr> {
        self.find(position, "").ok_or_else(|| self.misused(format!("argument {} is missing", position + 1)))
    }

    /// Refuses more than `most` arguments without a name, and names other than `names`.
    fn only(&self, most: usize, names: &[&str]) -> Result<()> {
        if self.positional() > most {
            return Err(self.misused(format!("it takes {most} without a name, {} are given", self.positional())));
        }
        let foreign = self.arguments.iter().filter_map(|a| a.name.as_deref()).find(|name| !names.contains(name));
        foreign.map_or(Ok(()), |name| Err(self.misused(format!("it has no argument \"{name}\""))))
    }

    fn misused(&self, why: String) -> Problem {
        let usage = FUNCTIONS.iter().find(|function| function.name == self.name).map_or("", |function| function.call);
        self.whole.span.problem("E604", format!("{}(): {why}", self.name)).fix(format!("write {usage}"))
    }
}

/// Whether a call needs nothing but the row that it is computed for.
pub(super) fn stays_in_its_row(name: &str, arguments: &[Argument]) -> bool {
    match name {
        "log" | "ln" | "log1p" | "log10" | "exp" | "sqrt" | "abs" | "round" | "floor" | "I" | "if_else"
        | "is_missing" | "fill" | "ratio" | "c" => true,
        // Of several columns, row by row.
        "min" | "max" => arguments.iter().filter(|a| a.name.is_none()).count() > 1,
        _ => false,
    }
}

/// True for the functions there are, and for the words that make lists.
pub(super) fn exists(name: &str) -> bool {
    matches!(name, "c" | "list" | "winsorize") || FUNCTIONS.iter().any(|function| function.name == name)
}

/// The problem of a function that does not exist.
pub(super) fn unknown(name: &str, whole: &Expr) -> Problem {
    let near = crate::frame::unknown_column(name, FUNCTIONS.iter().map(|function| function.name));
    let mut problem = whole.span.problem("E604", format!("there is no function \"{name}\""));
    problem.fix = near.fix;
    problem
}
