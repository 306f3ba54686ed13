//! Reading formulae: the text is cut at `~`, `|` and `,`, its parts are read as expressions, and these
//! are taken as sums of products.

use super::instrumented::Right;
use super::{Absorbed, Factor, Formula, Indicator, Instrumented, Part, Split, Stepwise, Term};
use crate::expr::token::{Kind, Span, Token, tokenize};
use crate::expr::{Argument, Expr, Node, Operator, Parser};
use crate::message::{Problem, Result};

impl Formula {
    /// The formula that `source` spells: `y ~ x1 + i(f, ref = -1) | unit + year, split = ~g`.
    ///
    /// # Errors
    /// `E604` with the character where reading stopped; also for `sunab()`, naming what to use instead. `E605` when a variable has
    /// two roles among outcome, regressors, endogenous regressors and instruments.
    pub fn parse(source: &str) -> Result<Self> {
        let tokens = tokenize(source)?;
        let end = source.chars().count();
        let (main, options) = cut_first(&tokens, ",");
        let Some(tilde) = position(main, "~") else {
            let span = main.first().map_or(Span::default(), |t| t.span);
            return Err(span
                .problem("E604", "there is no \"~\" between outcome and regressors")
                .fix("write y ~ x | fe"));
        };
        let (left, right) = (&main[..tilde], &main[tilde + 1..]);
        let Right { regressors, effects: absorbed, instruments } = Right::of(right)?;
        let instrumented = instruments.map(|part| Instrumented::read(part, end)).transpose()?;
        let outcomes = outcomes(&read(left, main[tilde].span.start)?)?;
        let after = |part: &[Token]| part.last().map_or(end, |t| t.span.end);
        let mut intercept = true;
        let mut terms = Vec::new();
        // `y ~ | fe` has effects alone, `y ~ | d ~ z` a constant.
        if !regressors.is_empty() || (absorbed.is_none() && instrumented.is_none()) {
            for (minus, summand) in summands(&read(&regressors, after(&regressors))?) {
                match summand.node {
                    Node::Number(x) if x == 0.0 || x == 1.0 => intercept = (x == 1.0) != minus,
                    Node::Number(-1.0) => intercept = false,
                    _ if minus => return Err(only_one_leaves(&summand)),
                    _ => add_part(&mut terms, &summand, &|e| terms_of(e))?,
                }
            }
        }
        let mut effects = Vec::new();
        if let Some(part) = absorbed {
            for (minus, summand) in summands(&read(part, after(part))?) {
                match summand.node {
                    Node::Number(0.0 | 1.0) => {}
                    _ if minus => return Err(only_one_leaves(&summand)),
                    _ => add_part(&mut effects, &summand, &effects_of)?,
                }
            }
        }
        let split = split(options)?;
        let formula = Self { outcomes, terms, intercept, effects, instrumented, split };
        formula.refuse_double_roles()?;
        Ok(formula)
    }

    fn refuse_double_roles(&self) -> Result<()> {
        let regressors = self.terms.iter().flat_map(|part| match part {
            Part::Fixed(term) => vec![term],
            Part::Steps(_, options) => options.iter().flatten().collect(),
        });
        let regressors: Vec<&Term> = regressors.collect();
        for expr in regressors.iter().flat_map(|term| &term.factors).filter_map(Factor::expr) {
            if self.outcomes.contains(expr) {
                return Err(twice(expr, "the outcome", "a regressor")
                    .fix("take it out of one of the two; its own past is l(y, 1)"));
            }
        }
        self.instrumented.as_ref().map_or(Ok(()), |part| part.refuse_double_roles(&self.outcomes, &regressors))
    }
}

/// `E605` for what has two roles.
pub(super) fn twice(expr: &Expr, one: &str, other: &str) -> Problem {
    expr.span.problem("E605", format!("{expr} is {one} and also {other}"))
}

impl Factor {
    /// The column or expression, when it is one.
    pub(super) fn expr(&self) -> Option<&Expr> {
        match self {
            Self::Plain(expr) => Some(expr),
            Self::Indicator(_) => None,
        }
    }
}

impl Absorbed {
    /// The effect that `source` spells: `a`, `a^b`, `a[x]`.
    ///
    /// # Errors
    /// `E604` with the character where reading stopped.
    pub fn parse(source: &str) -> Result<Self> {
        let tokens = tokenize(source)?;
        effect(&read(&tokens, source.chars().count())?)
    }
}

/// A text in quotes that stands for a column.
pub(super) fn as_column(expr: &Expr) -> Expr {
    match &expr.node {
        Node::Text(name) => Expr { node: Node::Name(name.clone()), span: expr.span },
        _ => expr.clone(),
    }
}

fn depth_change(token: &Token) -> i32 {
    match token.kind {
        Kind::Symbol("(" | "[") => 1,
        Kind::Symbol(")" | "]") => -1,
        _ => 0,
    }
}

/// Where `symbol` first stands outside brackets.
pub(super) fn position(tokens: &[Token], symbol: &str) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().position(|t| {
        depth += depth_change(t);
        depth == 0 && t.is(symbol)
    })
}

pub(super) fn cut<'a>(mut tokens: &'a [Token], symbol: &str) -> Vec<&'a [Token]> {
    let mut parts = Vec::new();
    while let Some(at) = position(tokens, symbol) {
        parts.push(&tokens[..at]);
        tokens = &tokens[at + 1..];
    }
    parts.push(tokens);
    parts
}

fn cut_first<'a>(tokens: &'a [Token], symbol: &str) -> (&'a [Token], &'a [Token]) {
    position(tokens, symbol).map_or((tokens, &[]), |at| (&tokens[..at], &tokens[at + 1..]))
}

pub(super) fn read(tokens: &[Token], end: usize) -> Result<Expr> {
    let mut parser = Parser::new(tokens, end);
    let expr = parser.expression()?;
    parser.end()?;
    Ok(expr)
}

fn split(options: &[Token]) -> Result<Option<Split>> {
    let mut split = None;
    for option in cut(options, ",").into_iter().filter(|o| !o.is_empty()) {
        let (name, value) = match option {
            [name, equals, value @ ..] if equals.is("=") => (name, value),
            _ => {
                let problem = option[0].span.problem("E604", "after the comma stand options, name = value");
                return Err(problem.fix("split = ~region"));
            }
        };
        let full = match &name.kind {
            Kind::Word(word) if word == "split" => false,
            Kind::Word(word) if word == "fsplit" => true,
            _ => {
                let problem = name.span.problem("E604", "this option does not belong to the formula");
                return Err(problem.fix(
                    "in the formula stand split and fsplit; covariance, clusters and weights are options of their own",
                ));
            }
        };
        let value = if value.first().is_some_and(|t| t.is("~")) { &value[1..] } else { value };
        let by = as_column(&read(value, value.last().map_or(name.span.end, |t| t.span.end))?);
        split = Some(Split { by, full });
    }
    Ok(split)
}

/// The summands of a sum, in order, with true for those that are subtracted.
fn summands(expr: &Expr) -> Vec<(bool, Expr)> {
    let mut all = Vec::new();
    let mut rest = expr;
    loop {
        match &rest.node {
            Node::Binary(Operator::Add, left, last) => {
                all.push((false, (**last).clone()));
                rest = left;
            }
            Node::Binary(Operator::Subtract, left, last) => {
                all.push((true, (**last).clone()));
                rest = left;
            }
            _ => break,
        }
    }
    all.push((false, rest.clone()));
    all.reverse();
    all
}

fn only_one_leaves(expr: &Expr) -> Problem {
    expr.span
        .problem("E604", "only the constant can be taken out, with \"- 1\"")
        .fix(format!("for a difference of columns write I(a - {expr})"))
}

fn stepwise(name: &str) -> Option<Stepwise> {
    match name {
        "sw" => Some(Stepwise::Each),
        "sw0" => Some(Stepwise::NoneThenEach),
        "csw" => Some(Stepwise::Cumulative),
        "csw0" => Some(Stepwise::NoneThenCumulative),
        "mvsw" => Some(Stepwise::Subsets),
        _ => None,
    }
}

fn outcomes(left: &Expr) -> Result<Vec<Expr>> {
    let many = |arguments: &[Argument]| arguments.iter().map(|a| as_column(&a.value)).collect::<Vec<_>>();
    let all = match &left.node {
        Node::Call(name, arguments) if matches!(name.as_str(), "c" | "sw") => many(arguments),
        Node::Call(name, _) if stepwise(name).is_some() => {
            return Err(left.span.problem("E604", format!("{name}() does not list outcomes")).fix("write c(y1, y2)"));
        }
        // Y + Y2 ~ lists outcomes in pyfixest; a sum is written I(a + b).
        Node::Binary(Operator::Add, ..) => summands(left).iter().map(|(_, y)| as_column(y)).collect(),
        _ => vec![as_column(left)],
    };
    all.iter().try_for_each(Expr::check_functions)?;
    if all.is_empty() { Err(left.span.problem("E604", "no outcome is named")) } else { Ok(all) }
}

/// Adds the summand to `parts`: a stepwise call as one part, anything else term by term, each once.
fn add_part<T: PartialEq + Clone>(
    parts: &mut Vec<Part<T>>,
    summand: &Expr,
    read: &dyn Fn(&Expr) -> Result<Vec<T>>,
) -> Result<()> {
    if let Node::Call(name, arguments) = &summand.node
        && let Some(kind) = stepwise(name)
    {
        let options = arguments.iter().map(|a| read(&a.value)).collect::<Result<Vec<_>>>()?;
        if options.is_empty() {
            return Err(summand.span.problem("E604", format!("{name}() is empty")));
        }
        parts.push(Part::Steps(kind, options));
        return Ok(());
    }
    for term in read(summand)? {
        let part = Part::Fixed(term);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    Ok(())
}

fn union(mut terms: Vec<Term>, more: Vec<Term>) -> Vec<Term> {
    for term in more {
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    terms
}

fn products(left: &[Term], right: &[Term]) -> Vec<Term> {
    let product = |a: &Term, b: &Term| Term { factors: [a.factors.clone(), b.factors.clone()].concat() };
    left.iter().flat_map(|a| right.iter().map(move |b| product(a, b))).collect()
}

/// The regressors that an expression stands for.
pub(super) fn terms_of(expr: &Expr) -> Result<Vec<Term>> {
    let not_here = |why: &str, fix: String| Err(expr.span.problem("E604", why).fix(fix));
    match &expr.node {
        Node::Binary(Operator::Add, ..) => summands(expr).iter().try_fold(Vec::new(), |all, (minus, one)| {
            if *minus { Err(only_one_leaves(one)) } else { Ok(union(all, terms_of(one)?)) }
        }),
        Node::Binary(Operator::Multiply | Operator::Colon, a, b)
            if matches!(a.node, Node::Number(_)) || matches!(b.node, Node::Number(_)) =>
        {
            not_here("a number is not a regressor", format!("to compute with numbers write I({expr})"))
        }
        Node::Binary(Operator::Multiply, a, b) => {
            let (a, b) = (terms_of(a)?, terms_of(b)?);
            let both = products(&a, &b);
            Ok(union(union(a, b), both))
        }
        Node::Binary(Operator::Colon, a, b) => Ok(products(&terms_of(a)?, &terms_of(b)?)),
        Node::Binary(Operator::Divide, a, b) => not_here(
            "\"/\" is ambiguous between a ratio and nesting",
            format!("write I({a} / {b}) for the ratio, {a} + {a}:{b} for nesting"),
        ),
        Node::Binary(Operator::Power, base, exponent) => match (&base.node, &exponent.node) {
            (Node::Binary(..), Node::Number(_)) => not_here(
                "powers of sums are not expanded",
                "write the interactions: a*b; for the number write I((a + b)^2)".to_owned(),
            ),
            (_, Node::Number(_)) => plain(expr),
            (a, b) => not_here(
                "\"^\" between names combines absorbed effects, after the bar",
                format!("write {}:{} for the interaction, I({expr}) for the power", shown(a, base), shown(b, exponent)),
            ),
        },
        Node::Binary(Operator::Subtract, ..) | Node::Negative(_) => {
            not_here("differences are not terms", format!("write I({expr})"))
        }
        Node::Number(_) => {
            not_here("a number is not a regressor", "1 keeps the constant, 0 or - 1 leaves it out".to_owned())
        }
        Node::Call(name, arguments) => match name.as_str() {
            "i" | "factor" | "as.factor" => {
                Ok(vec![Term { factors: vec![Factor::Indicator(Box::new(Indicator::read(arguments, expr)?))] }])
            }
            "sunab" => not_here(
                "sunab() is not a term here",
                format!(
                    "the Sun-Abraham estimator is one of the estimators for staggered adoption: attica did FILE --outcome Y --unit UNIT {} --estimator sa; plain event-time dummies are i(event_time, ref = -1)",
                    sunab_columns(arguments)
                ),
            ),
            ".." => not_here("columns are not chosen by a pattern yet", "list the columns".to_owned()),
            name if stepwise(name).is_some() => {
                not_here("a stepwise call stands alone between the \"+\"", format!("write x + {name}(a, b)"))
            }
            "l" | "f" | "d" | "lag" | "lead" | "diff" => shifts(name, arguments, expr),
            _ => plain(expr),
        },
        Node::Index(..) => not_here("x[..] stands only among the absorbed effects", "list the columns".to_owned()),
        _ => plain(expr),
    }
}

/// Options of `attica did` for the cohort and the period that `sunab()` names.
fn sunab_columns(arguments: &[Argument]) -> String {
    let name =
        |place: usize, otherwise: &str| arguments.get(place).map_or(otherwise.to_owned(), |a| a.value.to_string());
    format!("--time {} --first-treated {}", name(1, "PERIOD"), name(0, "COHORT"))
}

fn shown(node: &Node, expr: &Expr) -> String {
    if matches!(node, Node::Name(_)) { expr.to_string() } else { format!("({expr})") }
}

fn plain(expr: &Expr) -> Result<Vec<Term>> {
    expr.check_functions()?;
    Ok(vec![Term::plain(as_column(expr))])
}

/// `l(x, 1:3)` and `l(x, c(1, 2))` are one regressor per lag.
fn shifts(name: &str, arguments: &[Argument], expr: &Expr) -> Result<Vec<Term>> {
    let steps: Vec<f64> = match arguments.get(1).map(|a| &a.value.node) {
        Some(Node::Binary(Operator::Colon, from, to)) => match (&from.node, &to.node) {
            (Node::Number(from), Node::Number(to)) if (to - from).abs() <= 1000.0 => {
                let count = (to - from).abs() as usize;
                (0..=count).map(|i| from + i as f64 * (to - from).signum()).collect()
            }
            _ => return Err(arguments[1].value.span.problem("E604", "a range of lags is two whole numbers, 1:3")),
        },
        Some(Node::Call(c, items)) if c == "c" => {
            let number = |a: &Argument| if let Node::Number(x) = a.value.node { Some(x) } else { None };
            items
                .iter()
                .map(number)
                .collect::<Option<_>>()
                .ok_or_else(|| arguments[1].value.span.problem("E604", "lags are whole numbers, c(1, 2)"))?
        }
        _ => return plain(expr),
    };
    let mut terms = Vec::new();
    for k in steps {
        let step = Argument { name: None, value: Expr { node: Node::Number(k), span: arguments[1].value.span } };
        let one = Node::Call(name.to_owned(), vec![arguments[0].clone(), step]);
        terms.extend(plain(&Expr { node: one, span: expr.span })?);
    }
    Ok(terms)
}

/// The absorbed effects that an expression stands for.
fn effects_of(expr: &Expr) -> Result<Vec<Absorbed>> {
    match &expr.node {
        Node::Binary(Operator::Add, ..) => {
            let mut all: Vec<Absorbed> = Vec::new();
            for (minus, one) in summands(expr) {
                if minus {
                    return Err(only_one_leaves(&one));
                }
                all.extend(effects_of(&one)?);
            }
            Ok(all)
        }
        _ => Ok(vec![effect(expr)?]),
    }
}

/// `a`, `a^b^c`, `a:b:c`; slopes, which the grammar ties to the last name, belong to the whole.
fn effect(expr: &Expr) -> Result<Absorbed> {
    match &expr.node {
        Node::Binary(Operator::Power | Operator::Colon, a, b) => {
            let (left, right) = (effect(a)?, effect(b)?);
            if !left.slopes.is_empty() {
                return Err(a.span.problem("E604", "slopes stand after the whole effect: a^b[x]"));
            }
            Ok(Absorbed { by: [left.by, right.by].concat(), ..right })
        }
        Node::Index(base, slopes, double) => {
            let base = effect(base)?;
            let slopes: Vec<Expr> = slopes.iter().map(as_column).collect();
            slopes.iter().try_for_each(Expr::check_functions)?;
            if slopes.is_empty() || !base.slopes.is_empty() {
                return Err(expr.span.problem("E604", "slopes are listed once, in one pair of brackets: a[x, z]"));
            }
            Ok(Absorbed { slopes, intercept: !double, ..base })
        }
        Node::Name(_) | Node::Text(_) | Node::Call(..) => {
            let one = as_column(expr);
            one.check_functions()?;
            Ok(Absorbed { by: vec![one], slopes: Vec::new(), intercept: true })
        }
        _ => Err(expr
            .span
            .problem("E604", format!("{expr} is not an effect to absorb"))
            .fix("effects are columns: a, a^b for combinations, a[x] for slopes")),
    }
}
