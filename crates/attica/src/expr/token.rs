//! Words of the expression language.

use crate::message::{Place, Problem, Result};

/// Characters `start..end` of the source, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First character.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

impl Span {
    /// From the start of `self` to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// A problem `id` at the first character of the span.
    pub fn problem(self, id: &str, message: impl Into<String>) -> Problem {
        Problem::new(id, message).at(Place { character: Some(self.start as u64 + 1), ..Place::default() })
    }
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number.
    Number(f64),
    /// A text in quotes.
    Text(String),
    /// A bare word: column, function or keyword.
    Word(String),
    /// A name in backticks: always a column.
    Quoted(String),
    /// An operator or bracket.
    Symbol(&'static str),
}

/// A word of the source and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What.
    pub kind: Kind,
    /// Where.
    pub span: Span,
}

impl Token {
    /// True for the symbol `symbol`.
    pub fn is(&self, symbol: &str) -> bool {
        matches!(self.kind, Kind::Symbol(s) if s == symbol)
    }
}

/// Longest source that is read. It bounds the depth of the tree, so that no text can exhaust the stack.
const MOST_TOKENS: usize = 2000;

/// Symbols, longer ones first.
const SYMBOLS: [&str; 26] = [
    "<=", ">=", "==", "!=", "**", "&&", "||", "::", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",", ":", "~", "|",
    "&", "!", "=", "<", ">",
];

/// The words of `source`.
///
/// # Errors
/// `E604` with the character for a quote that is not closed or a character that means nothing here.
pub fn tokenize(source: &str) -> Result<Vec<Token>> {
    let chars: Vec<char> = source.chars().map(plain).collect();
    let original: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let next_is_digit = chars.get(at + 1).is_some_and(char::is_ascii_digit);
        let kind = if c.is_ascii_digit() || (c == '.' && next_is_digit) {
            number(&chars, &mut at)?
        } else if let Some(close) = closing_quote(c) {
            at += 1;
            let from = at;
            while at < chars.len() && chars[at] != close {
                at += 1;
            }
            if at == chars.len() {
                return Err(Span { start, end: at }.problem("E604", format!("the quote {c} is not closed")));
            }
            let text: String = original[from..at].iter().collect();
            at += 1;
            if c == '`' { Kind::Quoted(text) } else { Kind::Text(text) }
        } else if starts_word(c) {
            while at < chars.len() && continues_word(chars[at]) {
                at += 1;
            }
            Kind::Word(original[start..at].iter().collect())
        } else {
            symbol(&chars, &mut at)?
        };
        tokens.push(Token { kind, span: Span { start, end: at } });
        if tokens.len() > MOST_TOKENS {
            return Err(Span { start, end: at }.problem("E604", format!("longer than {MOST_TOKENS} words")));
        }
    }
    Ok(tokens)
}

/// True when `name` needs no backticks.
pub fn is_plain_name(name: &str) -> bool {
    let mut chars = name.chars();
    let Some(first) = chars.next() else { return false };
    let dot_number = first == '.' && chars.clone().next().is_some_and(|c| c.is_ascii_digit());
    let keyword = matches!(name, "and" | "or" | "not" | "in" | "AND" | "OR" | "NOT" | "IN");
    starts_word(first) && !dot_number && !keyword && chars.all(continues_word)
}

fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '.' || c == '…'
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

fn closing_quote(c: char) -> Option<char> {
    match c {
        '"' | '\'' | '`' => Some(c),
        '“' => Some('”'),
        '‘' => Some('’'),
        _ => None,
    }
}

/// Full-width and typographic signs, as a Chinese keyboard makes them, read as the plain ones.
fn plain(c: char) -> char {
    match c {
        '！' | '（'..='／' | '：'..='＞' | '［' | '］' | '＾' | '｜' | '～' | '＆' => {
            char::from_u32(c as u32 - 0xFEE0).unwrap_or(c)
        }
        '×' => '*',
        '÷' => '/',
        '−' => '-',
        _ => c,
    }
}

fn number(chars: &[char], at: &mut usize) -> Result<Kind> {
    let start = *at;
    let digits = |at: &mut usize| {
        while *at < chars.len() && chars[*at].is_ascii_digit() {
            *at += 1;
        }
    };
    digits(at);
    if chars.get(*at) == Some(&'.') {
        *at += 1;
        digits(at);
    }
    if matches!(chars.get(*at), Some('e' | 'E')) {
        let sign = usize::from(matches!(chars.get(*at + 1), Some('+' | '-')));
        if chars.get(*at + 1 + sign).is_some_and(char::is_ascii_digit) {
            *at += 1 + sign;
            digits(at);
        }
    }
    // R's integer suffix: 2L.
    let end = *at;
    if chars.get(*at) == Some(&'L') && !chars.get(*at + 1).is_some_and(|&c| continues_word(c)) {
        *at += 1;
    }
    let text: String = chars[start..end].iter().collect();
    let span = Span { start, end: *at };
    if chars.get(*at).is_some_and(|&c| continues_word(c)) {
        let word: String = chars[start..].iter().take_while(|&&c| continues_word(c)).collect();
        return Err(span
            .problem("E604", format!("\"{word}\" is neither a number nor a name"))
            .fix(format!("put a name that starts with a digit in backticks: `{word}`")));
    }
    text.parse().map(Kind::Number).map_err(|_| span.problem("E604", format!("\"{text}\" is not a number")))
}

fn symbol(chars: &[char], at: &mut usize) -> Result<Kind> {
    let single = match chars[*at] {
        '≤' => Some("<="),
        '≥' => Some(">="),
        '≠' => Some("!="),
        _ => None,
    };
    if let Some(symbol) = single {
        *at += 1;
        return Ok(Kind::Symbol(symbol));
    }
    // R's %in%.
    if chars[*at..].starts_with(&['%', 'i', 'n', '%']) {
        *at += 4;
        return Ok(Kind::Word("in".to_owned()));
    }
    for symbol in SYMBOLS {
        if symbol.chars().enumerate().all(|(i, c)| chars.get(*at + i) == Some(&c)) {
            *at += symbol.len();
            return Ok(Kind::Symbol(symbol));
        }
    }
    let span = Span { start: *at, end: *at + 1 };
    Err(span
        .problem("E604", format!("the character \"{}\" means nothing here", chars[*at]))
        .fix("put a column name with special characters in backticks: `GDP (100m)`"))
}
