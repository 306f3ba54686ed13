//! Reading expressions by recursive descent, one function per level of precedence.

use super::token::{Kind, Span, Token};
use super::{Argument, Comparison, Expr, Node, Operator};
use crate::message::{Problem, Result};

/// Deepest nesting of brackets that is read.
const DEEPEST: usize = 100;

/// Reads expressions from tokens.
pub(crate) struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// A parser of `tokens`; `end` is the character after the last one.
    pub(crate) fn new(tokens: &'a [Token], end: usize) -> Self {
        Self { tokens, at: 0, end, depth: 0 }
    }

    /// Fails when tokens are left over.
    pub(crate) fn end(&self) -> Result<()> {
        if self.at < self.tokens.len() { Err(self.unexpected("the end")) } else { Ok(()) }
    }

    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn here(&self) -> Span {
        self.peek().map_or(Span { start: self.end, end: self.end }, |t| t.span)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.peek().is_some_and(|t| t.is(symbol));
        self.at += usize::from(found);
        found
    }

    fn take_any(&mut self, symbols: &[&str], words: &[&str]) -> bool {
        let found = self.peek().is_some_and(|t| match &t.kind {
            Kind::Symbol(s) => symbols.contains(s),
            Kind::Word(w) => words.iter().any(|x| w.eq_ignore_ascii_case(x)),
            _ => false,
        });
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self, wanted: &str) -> Problem {
        let span = self.here();
        match self.peek().map(|t| &t.kind) {
            None => span.problem("E604", format!("the text ends where {wanted} is needed")),
            Some(Kind::Symbol("=")) => {
                span.problem("E604", "\"=\" does not compare").fix("write \"==\" for \"equals\"")
            }
            Some(Kind::Symbol(s)) => span.problem("E604", format!("\"{s}\" stands where {wanted} is needed")),
            Some(Kind::Word(w) | Kind::Quoted(w)) => {
                span.problem("E604", format!("\"{w}\" stands where {wanted} is needed"))
            }
            Some(Kind::Number(x)) => span.problem("E604", format!("{x} stands where {wanted} is needed")),
            Some(Kind::Text(t)) => span.problem("E604", format!("\"{t}\" stands where {wanted} is needed")),
        }
    }

    fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected(&format!("\"{symbol}\""))) }
    }

    /// An expression: `or`, the loosest operator.
    pub(crate) fn expression(&mut self) -> Result<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.here().problem("E604", format!("brackets nest deeper than {DEEPEST}")));
        }
        let mut left = self.conjunction()?;
        while self.take_any(&["|", "||"], &["or"]) {
            left = binary(Operator::Or, left, self.conjunction()?);
        }
        self.depth -= 1;
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expr> {
        let mut left = self.negation()?;
        while self.take_any(&["&", "&&"], &["and"]) {
            left = binary(Operator::And, left, self.negation()?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expr> {
        let from = self.here();
        let mut turns = Vec::new();
        while self.take_any(&["!"], &["not"]) {
            turns.push(from);
            if turns.len() > DEEPEST {
                return Err(from.problem("E604", format!("\"not\" stands more than {DEEPEST} times")));
            }
        }
        let mut x = self.comparison()?;
        for from in turns {
            x = Expr { span: from.to(x.span), node: Node::Not(Box::new(x)) };
        }
        Ok(x)
    }

    fn comparison(&mut self) -> Result<Expr> {
        let first = self.sum()?;
        let negated = self.peek().is_some_and(|t| matches!(&t.kind, Kind::Word(w) if w.eq_ignore_ascii_case("not")))
            && self
                .tokens
                .get(self.at + 1)
                .is_some_and(|t| matches!(&t.kind, Kind::Word(w) if w.eq_ignore_ascii_case("in")));
        self.at += usize::from(negated);
        if self.take_any(&[], &["in"]) {
            let list = self.sum()?;
            return Ok(Expr {
                span: first.span.to(list.span),
                node: Node::In(Box::new(first), Box::new(list), negated),
            });
        }
        let mut rest = Vec::new();
        while let Some(comparison) = self.peek().and_then(comparison_of) {
            self.at += 1;
            rest.push((comparison, self.sum()?));
        }
        match rest.last() {
            None => Ok(first),
            Some((_, last)) => {
                Ok(Expr { span: first.span.to(last.span), node: Node::Comparison(Box::new(first), rest) })
            }
        }
    }

    fn sum(&mut self) -> Result<Expr> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some(t) if t.is("+") => Operator::Add,
                Some(t) if t.is("-") => Operator::Subtract,
                _ => return Ok(left),
            };
            self.at += 1;
            left = binary(operator, left, self.product()?);
        }
    }

    fn product(&mut self) -> Result<Expr> {
        let mut left = self.colon()?;
        loop {
            let operator = match self.peek() {
                Some(t) if t.is("*") => Operator::Multiply,
                Some(t) if t.is("/") => Operator::Divide,
                _ => return Ok(left),
            };
            self.at += 1;
            left = binary(operator, left, self.colon()?);
        }
    }

    fn colon(&mut self) -> Result<Expr> {
        let mut left = self.unary()?;
        while self.take(":") {
            left = binary(Operator::Colon, left, self.unary()?);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr> {
        let from = self.here();
        let mut minus = false;
        loop {
            if self.take("-") {
                minus = !minus;
            } else if !self.take("+") {
                break;
            }
        }
        let x = self.power()?;
        Ok(match x.node {
            _ if !minus => x,
            // -1 is a number, not an operation.
            Node::Number(value) => Expr { span: from.to(x.span), node: Node::Number(-value) },
            _ => Expr { span: from.to(x.span), node: Node::Negative(Box::new(x)) },
        })
    }

    fn power(&mut self) -> Result<Expr> {
        let base = self.postfix()?;
        if !self.take_any(&["^", "**"], &[]) {
            return Ok(base);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.here().problem("E604", format!("powers nest deeper than {DEEPEST}")));
        }
        let exponent = self.unary()?;
        self.depth -= 1;
        Ok(binary(Operator::Power, base, exponent))
    }

    fn postfix(&mut self) -> Result<Expr> {
        let mut x = self.primary()?;
        while self.peek().is_some_and(|t| t.is("[")) {
            self.at += 1;
            let double = self.take("[");
            let items = self.items("]")?;
            if double {
                self.expect("]")?;
            }
            let span = Span { start: x.span.start, end: self.tokens[self.at - 1].span.end };
            x = Expr { node: Node::Index(Box::new(x), items, double), span };
        }
        Ok(x)
    }

    fn primary(&mut self) -> Result<Expr> {
        let Some(token) = self.peek() else { return Err(self.unexpected("a name or number")) };
        let keyword = matches!(&token.kind, Kind::Word(w) if !super::token::is_plain_name(w));
        let node = match &token.kind {
            Kind::Number(x) => Node::Number(*x),
            Kind::Text(text) => Node::Text(text.clone()),
            Kind::Quoted(name) => Node::Name(name.clone()),
            Kind::Word(name) if !keyword => {
                if self.tokens.get(self.at + 1).is_some_and(|t| t.is("(")) {
                    self.at += 2;
                    let arguments = self.arguments()?;
                    let span = token.span.to(self.tokens[self.at - 1].span);
                    return Ok(Expr { node: Node::Call(name.clone(), arguments), span });
                }
                Node::Name(name.clone())
            }
            Kind::Symbol("(") => {
                self.at += 1;
                let mut x = self.expression()?;
                self.expect(")")?;
                x.span = token.span.to(self.tokens[self.at - 1].span);
                return Ok(x);
            }
            Kind::Symbol("[") => {
                self.at += 1;
                let items = self.items("]")?;
                return Ok(Expr { node: Node::List(items), span: token.span.to(self.tokens[self.at - 1].span) });
            }
            _ => return Err(self.unexpected("a name or number")),
        };
        self.at += 1;
        Ok(Expr { node, span: token.span })
    }

    /// Items up to the closing bracket, which is taken too. A comma may follow the last one.
    fn items(&mut self, close: &str) -> Result<Vec<Expr>> {
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.expression()?);
            if !self.take(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn arguments(&mut self) -> Result<Vec<Argument>> {
        let mut arguments = Vec::new();
        while !self.take(")") {
            let name = match (self.peek().map(|t| &t.kind), self.tokens.get(self.at + 1)) {
                (Some(Kind::Word(name) | Kind::Text(name) | Kind::Quoted(name)), Some(next)) if next.is("=") => {
                    self.at += 2;
                    Some(name.clone())
                }
                _ => None,
            };
            arguments.push(Argument { name, value: self.argument()? });
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    /// The value of an argument, which may be a condition behind a tilde.
    pub(crate) fn argument(&mut self) -> Result<Expr> {
        let from = self.here();
        if self.take("~") {
            let x = self.expression()?;
            return Ok(Expr { span: from.to(x.span), node: Node::Tilde(Box::new(x)) });
        }
        self.expression()
    }
}

fn binary(operator: Operator, a: Expr, b: Expr) -> Expr {
    Expr { span: a.span.to(b.span), node: Node::Binary(operator, Box::new(a), Box::new(b)) }
}

fn comparison_of(token: &Token) -> Option<Comparison> {
    match token.kind {
        Kind::Symbol("==") => Some(Comparison::Equal),
        Kind::Symbol("!=") => Some(Comparison::Unequal),
        Kind::Symbol("<") => Some(Comparison::Less),
        Kind::Symbol("<=") => Some(Comparison::LessEqual),
        Kind::Symbol(">") => Some(Comparison::Greater),
        Kind::Symbol(">=") => Some(Comparison::GreaterEqual),
        _ => None,
    }
}
