//! The expression language that formulae, derived variables and filters share.
//!
//! Numbers, texts in quotes, column names (in backticks when they hold spaces or signs), `+ - * / ^`,
//! comparisons that may be chained (`2009 <= year <= 2019`), `and or not`, `in [..]` and the functions
//! of [`FUNCTIONS`]. A missing value makes the result missing; `and`/`or` know that `false and missing`
//! is false.

mod evaluate;
mod functions;
mod parse;
pub(crate) mod token;

use std::fmt;

pub use functions::{FUNCTIONS, Function};
pub use token::Span;

pub(crate) use evaluate::gather_warnings;
pub(crate) use parse::Parser;

/// An expression and where it stands in its source.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub node: Node,
    /// Where it is.
    pub span: Span,
}

/// Two expressions are equal when they say the same, wherever they stand.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// An argument of a call, `by = year`.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Its value.
    pub value: Expr,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A column.
    Name(String),
    /// `-x`.
    Negative(Box<Expr>),
    /// `not x`.
    Not(Box<Expr>),
    /// Two operands.
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// `a < b <= c`: the first operand, then each comparison with its right side.
    Comparison(Box<Expr>, Vec<(Comparison, Expr)>),
    /// `x in [..]` or, when the flag is set, `x not in [..]`.
    In(Box<Expr>, Box<Expr>, bool),
    /// `f(x, by = g)`.
    Call(String, Vec<Argument>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `x[a, b]`, or with the flag `x[[a, b]]`: varying slopes of formulae.
    Index(Box<Expr>, Vec<Expr>, bool),
    /// `~x`: a condition handed over unevaluated.
    Tilde(Box<Expr>),
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
    /// `:`, interaction in formulae and range in lists.
    Colon,
    /// `and`
    And,
    /// `or`
    Or,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }

    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Unequal => a != b,
            Self::Less => a < b,
            Self::LessEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterEqual => a >= b,
        }
    }
}

impl Operator {
    fn sign(self) -> &'static str {
        match self {
            Self::Add => " + ",
            Self::Subtract => " - ",
            Self::Multiply => " * ",
            Self::Divide => " / ",
            Self::Power => "^",
            Self::Colon => ":",
            Self::And => " and ",
            Self::Or => " or ",
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide => 6,
            Self::Colon => 7,
            Self::Power => 9,
        }
    }
}

impl Expr {
    /// The expression that `source` spells.
    ///
    /// # Errors
    /// `E604` with the character where reading stopped.
    pub fn parse(source: &str) -> crate::message::Result<Self> {
        let tokens = token::tokenize(source)?;
        let mut parser = Parser::new(&tokens, source.chars().count());
        let expr = parser.expression()?;
        parser.end()?;
        expr.check_functions()?;
        Ok(expr)
    }

    /// Refuses calls of functions that do not exist.
    ///
    /// # Errors
    /// `E604` at the first such call, with the nearest names.
    pub fn check_functions(&self) -> crate::message::Result<()> {
        let mut found = Ok(());
        self.visit(&mut |expr| {
            if let Node::Call(name, _) = &expr.node
                && found.is_ok()
                && !functions::exists(name)
            {
                found = Err(functions::unknown(name, expr));
            }
        });
        found
    }

    /// A column by name.
    pub fn column(name: impl Into<String>) -> Self {
        Self { node: Node::Name(name.into()), span: Span::default() }
    }

    /// The name for tables: a column's own name, otherwise the expression as written.
    pub fn label(&self) -> String {
        match &self.node {
            Node::Name(name) | Node::Text(name) => name.clone(),
            _ => self.to_string(),
        }
    }

    /// The columns it reads, each once, in order of appearance.
    pub fn columns(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        self.visit(&mut |expr| {
            if let Node::Name(name) = &expr.node
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        });
        names
    }

    /// The first function in it whose value in a row depends on other rows (a lag, a group mean, a percentile).
    pub fn beyond_its_row(&self) -> Option<&str> {
        let mut found = None;
        self.visit(&mut |expr| {
            if let Node::Call(name, arguments) = &expr.node
                && found.is_none()
                && !functions::stays_in_its_row(name, arguments)
            {
                found = Some(name.as_str());
            }
        });
        found
    }

    /// Calls `see` on the expression and all its parts, in order of appearance.
    fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        match &self.node {
            Node::Number(_) | Node::Text(_) | Node::Name(_) => {}
            Node::Negative(x) | Node::Not(x) | Node::Tilde(x) => x.visit(see),
            Node::Binary(_, a, b) | Node::In(a, b, _) => {
                a.visit(see);
                b.visit(see);
            }
            Node::Comparison(first, rest) => {
                first.visit(see);
                for (_, x) in rest {
                    x.visit(see);
                }
            }
            Node::Call(_, arguments) => {
                for argument in arguments {
                    argument.value.visit(see);
                }
            }
            Node::List(items) => items.iter().for_each(|x| x.visit(see)),
            Node::Index(base, items, _) => {
                base.visit(see);
                for x in items {
                    x.visit(see);
                }
            }
        }
    }

    /// How tightly the outermost operator binds.
    fn rank(&self) -> u8 {
        match &self.node {
            Node::Tilde(_) => 0,
            Node::Binary(operator, ..) => operator.rank(),
            Node::Not(_) => 3,
            Node::Comparison(..) | Node::In(..) => 4,
            Node::Negative(_) => 8,
            // Negative zero too is printed with its sign.
            Node::Number(value) if value.is_sign_negative() => 8,
            _ => 10,
        }
    }
}

/// `expr`, in parentheses when it binds less tightly than `least`.
struct Within<'a>(&'a Expr, u8);

impl fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.rank() < self.1 { write!(f, "({})", self.0) } else { write!(f, "{}", self.0) }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Number(value) => write!(f, "{value}"),
            Node::Text(text) if text.contains('"') => write!(f, "'{text}'"),
            Node::Text(text) => write!(f, "\"{text}\""),
            Node::Name(name) if token::is_plain_name(name) => f.write_str(name),
            Node::Name(name) => write!(f, "`{name}`"),
            Node::Negative(x) => write!(f, "-{}", Within(x, 9)),
            Node::Not(x) => write!(f, "not {}", Within(x, 3)),
            Node::Tilde(x) => write!(f, "~{x}"),
            Node::Binary(operator, a, b) => {
                let rank = operator.rank();
                // Power binds to the right, all others to the left.
                let (left, right) = if *operator == Operator::Power { (10, 8) } else { (rank, rank + 1) };
                write!(f, "{}{}{}", Within(a, left), operator.sign(), Within(b, right))
            }
            Node::Comparison(first, rest) => {
                write!(f, "{}", Within(first, 5))?;
                rest.iter().try_for_each(|(c, x)| write!(f, " {} {}", c.sign(), Within(x, 5)))
            }
            Node::In(x, list, negated) => {
                write!(f, "{} {}in {}", Within(x, 5), if *negated { "not " } else { "" }, Within(list, 5))
            }
            Node::Call(name, arguments) => {
                write!(f, "{name}(")?;
                for (i, argument) in arguments.iter().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "" })?;
                    match &argument.name {
                        Some(name) if token::is_plain_name(name) => write!(f, "{name} = ")?,
                        Some(name) => write!(f, "\"{name}\" = ")?,
                        None => {}
                    }
                    write!(f, "{}", argument.value)?;
                }
                f.write_str(")")
            }
            Node::List(items) => write!(f, "[{}]", Listed(items)),
            Node::Index(base, items, false) => write!(f, "{base}[{}]", Listed(items)),
            Node::Index(base, items, true) => write!(f, "{base}[[{}]]", Listed(items)),
        }
    }
}

struct Listed<'a>(&'a [Expr]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
