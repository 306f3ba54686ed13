//! From what the user types to weights on coefficients. The words are those of Stata's `lincom` and `test` and of R's
//! `hypotheses`; event times stand in square brackets.

use super::Coefficients;
use crate::expr::{Argument, Expr, Node, Operator};
use crate::frame::unknown_column;
use crate::message::{Problem, Result};

/// `weights'b + constant`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// One for each coefficient.
    pub weights: Vec<f64>,
    /// What is added.
    pub constant: f64,
}

/// Event times of coefficients.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventTimes {
    /// One for each coefficient.
    pub times: Vec<i64>,
    /// Event times that are zero by construction.
    pub references: Vec<i64>,
}

/// Names of event times that users of other software know, and which they are.
const POST: [&str; 3] = ["post", "effects", "Post_avg"];
const PRE: [&str; 4] = ["pre", "leads", "placebos", "Pre_avg"];

impl Linear {
    fn constant(coefficients: usize, constant: f64) -> Self {
        Self { weights: vec![0.0; coefficients], constant }
    }

    fn is_constant(&self) -> bool {
        self.weights.iter().all(|weight| *weight == 0.0)
    }

    fn plus(mut self, other: &Self, factor: f64) -> Self {
        self.weights.iter_mut().zip(&other.weights).for_each(|(sum, weight)| *sum += factor * weight);
        self.constant += factor * other.constant;
        self
    }

    fn times(mut self, factor: f64) -> Self {
        self.weights.iter_mut().for_each(|weight| *weight *= factor);
        self.constant *= factor;
        self
    }
}

impl Coefficients {
    /// The linear combination that `text` spells; `a = b` is `a - b`.
    pub(super) fn linear(&self, text: &str) -> Result<Linear> {
        let sides = sides(text);
        let read = |side: &str| self.single(&self.read(side)?, side);
        match sides.as_slice() {
            [one] => read(one),
            [left, right] => Ok(read(left)?.plus(&read(right)?, -1.0)),
            _ => Err(Problem::new("E604", format!("\"{text}\" has several equal signs, which is a joint test"))
                .fix("ask for it as a test, or for one difference at a time")),
        }
    }

    /// The restrictions of `text`: parts between commas, each a chain `a = b = c`; without an equal sign, `= 0`.
    pub(super) fn restrictions(&self, text: &str) -> Result<Vec<Linear>> {
        let mut all = Vec::new();
        for part in parts(text) {
            let mut chain = Vec::new();
            for side in sides(&part) {
                chain.push(self.several(&self.read(side)?, side)?);
            }
            if chain.len() == 1 {
                chain.push(vec![Linear::constant(self.values.len(), 0.0)]);
            }
            for pair in chain.windows(2) {
                all.extend(matched(&pair[0], &pair[1], &part)?);
            }
        }
        match all.iter().find(|linear| linear.is_constant()) {
            Some(_) => Err(Problem::new("E607", format!("\"{text}\" holds or fails whatever the estimates are"))
                .fix("name coefficients that are estimated")),
            None => Ok(all),
        }
    }

    /// An expression; where it cannot be read because a coefficient's name has signs, the fix shows how to write it.
    fn read(&self, text: &str) -> Result<Expr> {
        Expr::parse(text).map_err(|problem| {
            let has_signs = |name: &&String| name.contains(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
            let named = self.names.iter().filter(|name| text.contains(name.as_str()));
            match named.filter(has_signs).max_by_key(|name| name.len()) {
                Some(name) => problem.fix(format!("put a name that has signs in backticks: `{name}`")),
                None => problem,
            }
        })
    }

    /// One combination; a range of event times is not one.
    fn single(&self, expr: &Expr, text: &str) -> Result<Linear> {
        match self.several(expr, text)?.as_slice() {
            [one] => Ok(one.clone()),
            many => {
                let inside = if matches!(expr.node, Node::List(_)) { expr.to_string() } else { format!("({expr})") };
                let problem = expr.span.problem("E604", format!("{expr} is {} coefficients", many.len()));
                Err(problem.fix(format!("write mean{inside} or sum{inside}")))
            }
        }
    }

    /// The combinations that `expr` stands for: several when it is a list of event times.
    fn several(&self, expr: &Expr, text: &str) -> Result<Vec<Linear>> {
        if let Some(own) = self.named(expr, text) {
            return Ok(vec![own]);
        }
        let one = |linear: Linear| Ok(vec![linear]);
        match &expr.node {
            Node::Number(value) => one(Linear::constant(self.values.len(), *value)),
            Node::Negative(x) => one(self.single(x, text)?.times(-1.0)),
            Node::Binary(Operator::Add, a, b) => one(self.single(a, text)?.plus(&self.single(b, text)?, 1.0)),
            Node::Binary(Operator::Subtract, a, b) => one(self.single(a, text)?.plus(&self.single(b, text)?, -1.0)),
            Node::Binary(Operator::Multiply, a, b) => {
                let (a, b) = (self.single(a, text)?, self.single(b, text)?);
                match (a.is_constant(), b.is_constant()) {
                    (true, _) => one(b.times(a.constant)),
                    (_, true) => one(a.times(b.constant)),
                    _ => Err(not_linear(expr)),
                }
            }
            Node::Binary(Operator::Divide, a, b) => {
                let (a, b) = (self.single(a, text)?, self.single(b, text)?);
                if !b.is_constant() || b.constant == 0.0 {
                    return Err(not_linear(expr));
                }
                one(a.times(1.0 / b.constant))
            }
            Node::List(items) => Ok(self.at_times(items, expr)?),
            Node::Index(base, items, false) => one(summary(&base.label(), self.at_times(items, expr)?, expr)?),
            Node::Call(name, arguments) => {
                let values: Result<Vec<Vec<Linear>>> =
                    arguments.iter().map(|Argument { value, .. }| self.several(value, text)).collect();
                one(summary(name, values?.concat(), expr)?)
            }
            Node::Name(name) => self.side_of_adoption(name).ok_or_else(|| self.unknown(name)),
            _ => Err(self.unknown(&expr.to_string())),
        }
    }

    /// The coefficient that is called what `expr` says, as typed or as formulae print it.
    fn named(&self, expr: &Expr, text: &str) -> Option<Linear> {
        let typed: String = text.chars().skip(expr.span.start).take(expr.span.end - expr.span.start).collect();
        let known = |name: &str| self.names.iter().position(|own| own == name);
        let own = |place: usize| {
            let mut linear = Linear::constant(self.values.len(), 0.0);
            linear.weights[place] = 1.0;
            linear
        };
        let constant =
            || known(crate::fit::INTERCEPT).filter(|_| matches!(expr.label().as_str(), "Intercept" | "_cons"));
        let place = known(&expr.label()).or_else(|| known(typed.trim())).or_else(|| known(&expr.to_string()));
        place.or_else(constant).map(own)
    }

    /// All effects, or all leads, each by itself; `pre` and `post` are their means.
    fn side_of_adoption(&self, name: &str) -> Option<Vec<Linear>> {
        let EventTimes { times, .. } = self.event_times.as_ref()?;
        let (after, mean) = (POST.contains(&name), name != "effects" && name != "leads" && name != "placebos");
        if let Some(time) = spelled(name) {
            return self.at(time).map(|one| vec![one]);
        }
        if !after && !PRE.contains(&name) {
            return None;
        }
        let all: Vec<Linear> = times.iter().filter(|k| (**k >= 0) == after).filter_map(|k| self.at(*k)).collect();
        let empty = all.is_empty();
        if empty { None } else { Some(if mean { vec![average(all)] } else { all }) }
    }

    /// Event times in brackets, `[3]`, `[0:3]`, `[-2, -1]`.
    fn at_times(&self, items: &[Expr], expr: &Expr) -> Result<Vec<Linear>> {
        if self.event_times.is_none() {
            return Err(expr
                .span
                .problem("E604", format!("{expr} names event times, and these coefficients have none")));
        }
        let whole = |item: &Expr| match item.node {
            Node::Number(value) if value.fract() == 0.0 => Ok(value as i64),
            _ => Err(expr.span.problem("E604", format!("{item} is no event time")).fix("write [3], [-2] or [0:3]")),
        };
        let mut times = Vec::new();
        for item in items {
            match &item.node {
                Node::Binary(Operator::Colon, first, last) => times.extend(whole(first)?..=whole(last)?),
                _ => times.push(whole(item)?),
            }
        }
        let found: Result<Vec<Linear>> =
            times.iter().map(|&k| self.at(k).ok_or_else(|| self.unknown(&format!("[{k}]")))).collect();
        match found?.as_slice() {
            [] => Err(expr
                .span
                .problem("E604", format!("{expr} holds no event time"))
                .fix("write the first, then the last: [0:3]")),
            found => Ok(found.to_vec()),
        }
    }

    /// The effect at an event time; zero at a reference.
    fn at(&self, time: i64) -> Option<Linear> {
        let EventTimes { times, references } = self.event_times.as_ref()?;
        let mut linear = Linear::constant(self.values.len(), 0.0);
        match times.iter().position(|own| *own == time) {
            Some(place) => linear.weights[place] = 1.0,
            None if references.contains(&time) => {}
            None => return None,
        }
        Some(linear)
    }

    fn unknown(&self, name: &str) -> Problem {
        let mut problem = unknown_column(name, self.names.iter().map(String::as_str));
        problem.message = format!("no coefficient is called {name}; there are {}", self.names.join(", "));
        problem
    }
}

/// `E607` for a combination that rests on no estimate.
pub(super) fn no_variance(text: &str) -> Problem {
    Problem::new("E607", format!("\"{text}\" has no variance: it does not rest on any estimate"))
        .fix("name coefficients that are estimated; references are zero by construction")
}

/// `Tp3`, `Tm2` of Stata's csdid.
fn spelled(name: &str) -> Option<i64> {
    let number = |rest: &str| rest.parse::<u32>().ok().map(i64::from);
    name.strip_prefix("Tp").and_then(number).or_else(|| name.strip_prefix("Tm").and_then(number).map(|k| -k))
}

fn average(all: Vec<Linear>) -> Linear {
    let share = 1.0 / all.len() as f64;
    total(all).times(share)
}

fn total(all: Vec<Linear>) -> Linear {
    let mut all = all.into_iter();
    let first = all.next().unwrap_or(Linear { weights: Vec::new(), constant: 0.0 });
    all.fold(first, |sum, one| sum.plus(&one, 1.0))
}

fn summary(name: &str, all: Vec<Linear>, expr: &Expr) -> Result<Linear> {
    match name {
        _ if all.is_empty() => Err(not_linear(expr)),
        "mean" => Ok(average(all)),
        "sum" => Ok(total(all)),
        _ => Err(not_linear(expr)),
    }
}

fn not_linear(expr: &Expr) -> Problem {
    expr.span
        .problem("E604", format!("{expr} is not linear in the coefficients"))
        .fix("add coefficients, subtract them, multiply them with numbers; mean(..) and sum(..) are known")
}

/// Each of one side against each of the other, or against its only one.
fn matched(left: &[Linear], right: &[Linear], text: &str) -> Result<Vec<Linear>> {
    let pair = |a: &Linear, b: &Linear| a.clone().plus(b, -1.0);
    match (left, right) {
        (left, [one]) => Ok(left.iter().map(|a| pair(a, one)).collect()),
        ([one], right) => Ok(right.iter().map(|b| pair(one, b)).collect()),
        _ if left.len() == right.len() => Ok(left.iter().zip(right).map(|(a, b)| pair(a, b)).collect()),
        _ => Err(Problem::new("E604", format!("\"{text}\" compares {} with {} coefficients", left.len(), right.len()))),
    }
}

/// `text` between its equal signs (`=` or `==`) outside brackets and quotes.
fn sides(text: &str) -> Vec<&str> {
    cut(text, |c| c == '=').into_iter().filter(|side| !side.trim().is_empty()).collect()
}

/// `text` between commas and semicolons outside brackets; brackets around a whole part go (`(a = b) (c = 0)` has two).
fn parts(text: &str) -> Vec<String> {
    let text = text.replace(") (", "), (").replace(")(", "), (");
    let bare = |part: &str| {
        let part = part.trim();
        let inner = part.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        inner.filter(|inner| inner.contains('=') && !inner.contains(['(', ')'])).unwrap_or(part).to_owned()
    };
    cut(&text, |c| matches!(c, ',' | ';' | '，' | '；')).into_iter().map(bare).filter(|part| !part.is_empty()).collect()
}

fn cut(text: &str, is_border: impl Fn(char) -> bool) -> Vec<&str> {
    let (mut depth, mut quoted) = (0_i32, false);
    text.split(|c: char| {
        match c {
            '`' => quoted = !quoted,
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        depth == 0 && !quoted && is_border(c)
    })
    .collect()
}
