//! `i(f, x, ref = .., bin = .., keep = ..)`: indicators of a category's levels.

use std::fmt;

use crate::expr::{Argument, Expr, Node, Operator};
use crate::message::Result;

/// A level of a category as the user writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Level {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(x) => write!(f, "{x}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Level {
    /// True when it names the level that reads `shown` (and is worth `value`, if a number).
    pub fn is(&self, shown: &str, value: Option<f64>) -> bool {
        match self {
            Self::Number(x) => value == Some(*x) || shown == format!("{x}"),
            Self::Text(text) => shown == text,
        }
    }
}

/// Which levels fall into a bin.
#[derive(Clone, Debug, PartialEq)]
pub enum BinRule {
    /// These.
    Levels(Vec<Level>),
    /// Numbers from the first to the second, both included.
    Range(f64, f64),
    /// Where the condition on `x` holds: `~ x <= -5`.
    Where(Expr),
}

/// Levels that count as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// Its name.
    pub label: String,
    /// Its levels.
    pub rules: Vec<BinRule>,
}

/// Indicators of the levels of a category, alone or times a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Indicator {
    /// The category.
    pub variable: Expr,
    /// The variable that each indicator is multiplied with.
    pub with: Option<Expr>,
    /// The second variable is itself a category (`i.g`, or text).
    pub with_levels: bool,
    /// Levels without an indicator.
    pub reference: Vec<Level>,
    /// Levels taken together.
    pub bins: Vec<Bin>,
    /// If given, only these levels have an indicator.
    pub keep: Option<Vec<Level>>,
    /// Rows without a level stay, with all indicators 0 (`na = 0`): the never treated of an event study.
    /// Otherwise they leave the sample.
    pub missing_is_zero: bool,
    /// The call as written.
    pub source: Expr,
}

const USAGE: &str = "write i(f), i(f, ref = level), i(f, x, ref = level), i(f, i.g), i(f, bin = list(\"name\" = c(..)), keep = c(..)) or i(f, window = c(-4, 6), na = 0)";

impl Indicator {
    /// Reads the call `source` with its `arguments`.
    ///
    /// # Errors
    /// `E604` for arguments that `i()` does not have; `E607` for a window that is none.
    pub(super) fn read(arguments: &[Argument], source: &Expr) -> Result<Self> {
        let wrong = |at: &Expr, why: String| at.span.problem("E604", format!("i(): {why}")).fix(USAGE);
        let positional: Vec<&Expr> = arguments.iter().filter(|a| a.name.is_none()).map(|a| &a.value).collect();
        // As in fixest a constant in second place is the reference: i(f, -1).
        let (variable, with, reference) = match positional[..] {
            [] => return Err(wrong(source, "it needs a category".to_owned())),
            [variable] => (variable, None, None),
            [variable, constant] if !matches!(constant.node, Node::Name(_) | Node::Binary(..) | Node::Call(..)) => {
                (variable, None, Some(constant))
            }
            [variable, Expr { node: Node::Call(name, _), .. }] if name == "c" => (variable, None, Some(positional[1])),
            [variable, with] => (variable, Some(with), None),
            [variable, with, reference] => (variable, Some(with), Some(reference)),
            [_, _, _, fourth, ..] => {
                return Err(wrong(fourth, "it takes a category, a variable and a reference".to_owned()));
            }
        };
        let (with, with_levels) = match with {
            Some(Expr { node: Node::Name(name), span }) if name.starts_with("i.") => {
                (Some(Expr { node: Node::Name(name[2..].to_owned()), span: *span }), true)
            }
            with => (with.cloned(), false),
        };
        let mut indicator = Self {
            variable: super::parse::as_column(variable),
            with: with.map(|w| super::parse::as_column(&w)),
            with_levels,
            reference: reference.map(levels).transpose()?.unwrap_or_default(),
            bins: Vec::new(),
            keep: None,
            missing_is_zero: false,
            source: source.clone(),
        };
        for Argument { name, value } in arguments {
            match name.as_deref() {
                None => {}
                Some("ref") => indicator.reference = levels(value)?,
                Some("keep") => indicator.keep = Some(levels(value)?),
                Some("bin") => indicator.bins.extend(bins(value)?),
                Some("window") => indicator.bins.extend(window(value)?),
                Some("na") if value.node == Node::Number(0.0) => indicator.missing_is_zero = true,
                Some("na") => return Err(wrong(value, "na = 0 is the only choice".to_owned())),
                Some(name) => return Err(wrong(value, format!("it has no argument \"{name}\""))),
            }
        }
        Ok(indicator)
    }
}

/// The members of `c(..)`, `[..]`, `list(..)` or a single value.
fn members(expr: &Expr) -> Vec<(Option<&str>, &Expr)> {
    match &expr.node {
        Node::Call(name, arguments) if matches!(name.as_str(), "c" | "list" | ".") => {
            arguments.iter().map(|a| (a.name.as_deref(), &a.value)).collect()
        }
        Node::List(items) => items.iter().map(|item| (None, item)).collect(),
        _ => vec![(None, expr)],
    }
}

/// The levels that `expr` lists.
fn levels(expr: &Expr) -> Result<Vec<Level>> {
    let mut all = Vec::new();
    for (_, member) in members(expr) {
        match &member.node {
            Node::Binary(Operator::Colon, ..) => {
                let (from, to) = range(member)?;
                // A range of levels is short: event times, years.
                let count = (to - from).clamp(0.0, 10_000.0) as usize;
                all.extend((0..=count).map(|i| Level::Number(from + i as f64)));
            }
            _ => all.push(level(member)?),
        }
    }
    Ok(all)
}

fn level(expr: &Expr) -> Result<Level> {
    match &expr.node {
        Node::Number(x) => Ok(Level::Number(*x)),
        // A bare word can only be meant as a text here.
        Node::Text(text) | Node::Name(text) => Ok(Level::Text(text.clone())),
        _ => Err(expr.span.problem("E604", format!("{expr} is not a level; a number or a text is needed")).fix(USAGE)),
    }
}

fn range(expr: &Expr) -> Result<(f64, f64)> {
    match &expr.node {
        Node::Binary(Operator::Colon, from, to) => match (&from.node, &to.node) {
            (Node::Number(from), Node::Number(to)) => Ok((from.min(*to), from.max(*to))),
            _ => Err(expr.span.problem("E604", format!("{expr} is not a range of numbers"))),
        },
        _ => Err(expr.span.problem("E604", format!("{expr} is not a range"))),
    }
}

fn bins(expr: &Expr) -> Result<Vec<Bin>> {
    if let Node::Text(text) = &expr.node {
        return Err(expr
            .span
            .problem("E604", format!("bin = \"{text}\" is not read"))
            .fix("list the bins: bin = list(\"<=-4\" = -10:-4, \">=6\" = 6:20)"));
    }
    let all = members(expr);
    // c(1, 2, 3) without names is one bin.
    if all
        .iter()
        .all(|(name, member)| name.is_none() && matches!(member.node, Node::Number(_) | Node::Text(_) | Node::Name(_)))
    {
        return Ok(vec![bin(None, expr)?]);
    }
    all.iter().map(|(name, member)| bin(*name, member)).collect()
}

fn bin(name: Option<&str>, expr: &Expr) -> Result<Bin> {
    let mut rules = Vec::new();
    for (_, member) in members(expr) {
        rules.push(match &member.node {
            Node::Tilde(condition) => BinRule::Where((**condition).clone()),
            Node::Binary(Operator::Colon, ..) => range(member).map(|(from, to)| BinRule::Range(from, to))?,
            _ => BinRule::Levels(vec![level(member)?]),
        });
    }
    let label = name.map_or_else(
        || match rules.first() {
            Some(BinRule::Levels(levels)) => levels.first().map_or_else(String::new, Level::to_string),
            Some(BinRule::Range(from, to)) => format!("{from}:{to}"),
            Some(BinRule::Where(condition)) => condition.to_string(),
            None => String::new(),
        },
        str::to_owned,
    );
    Ok(Bin { label, rules })
}

/// `window = c(-4, 6)`: the end periods take everything beyond them.
fn window(expr: &Expr) -> Result<Vec<Bin>> {
    let ends: Vec<f64> = match &expr.node {
        Node::Binary(Operator::Colon, ..) => {
            let (from, to) = range(expr)?;
            vec![from, to]
        }
        _ => levels(expr)?.iter().filter_map(|l| if let Level::Number(x) = l { Some(*x) } else { None }).collect(),
    };
    match ends[..] {
        [low, high] if low < high => Ok(vec![
            Bin { label: format!("<={low}"), rules: vec![BinRule::Range(f64::NEG_INFINITY, low)] },
            Bin { label: format!(">={high}"), rules: vec![BinRule::Range(high, f64::INFINITY)] },
        ]),
        _ => Err(expr
            .span
            .problem("E607", format!("{expr} is not a window"))
            .fix("write the first and last period: window = c(-4, 6)")),
    }
}
