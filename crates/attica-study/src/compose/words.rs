//! Sentences in two languages: lists, column references, numbers within prose, and what a reader
//! calls a variable, a term, an absorbed effect.

use attica::text::Text;
use attica_report::format::{self, MINUS, Style};

use crate::results::Results;

/// A sentence in both languages.
pub(super) fn text(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text::new(en, zh)
}

/// Sentences one after the other: a space between English ones, none between Chinese ones.
pub(super) fn sentences(parts: impl IntoIterator<Item = Text>) -> Text {
    glue(parts, " ", "")
}

/// Texts with a separator in each language; empty ones are passed over.
pub(super) fn glue(parts: impl IntoIterator<Item = Text>, en: &str, zh: &str) -> Text {
    let mut out = Text::default();
    for part in parts.into_iter().filter(|part| !part.en.is_empty() || !part.zh.is_empty()) {
        if !out.en.is_empty() || !out.zh.is_empty() {
            out.en += en;
            out.zh += zh;
        }
        out.en += &part.en;
        out.zh += &part.zh;
    }
    out
}

/// `a, b and c`; `a、b和c`.
pub(super) fn list(items: &[Text]) -> Text {
    match items {
        [] => Text::default(),
        [one] => one.clone(),
        [first @ .., last] => {
            let first = glue(first.iter().cloned(), ", ", "、");
            text(format!("{} and {}", first.en, last.en), format!("{}和{}", first.zh, last.zh))
        }
    }
}

/// `columns (1)–(3) and (5)`; `第(1)—(3)、(5)列`. Columns count from 0 here and from 1 in print.
pub(super) fn columns(which: &[usize]) -> Text {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &column in which {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == column => *end = column,
            _ => runs.push((column, column)),
        }
    }
    let print = |dash: &str| -> Vec<String> {
        runs.iter()
            .map(|&(start, end)| match end - start {
                0 => format!("({})", start + 1),
                _ => format!("({}){dash}({})", start + 1, end + 1),
            })
            .collect()
    };
    let en = list(&print("–").into_iter().map(Text::same).collect::<Vec<_>>()).en;
    let noun = if which.len() == 1 { "column" } else { "columns" };
    text(format!("{noun} {en}"), format!("第{}列", print("—").join("、")))
}

/// Values that are equal, with the columns that share them, in order of first appearance.
pub(super) fn by_value<T: PartialEq>(values: impl IntoIterator<Item = (usize, T)>) -> Vec<(Vec<usize>, T)> {
    let mut groups: Vec<(Vec<usize>, T)> = Vec::new();
    for (column, value) in values {
        match groups.iter_mut().find(|(_, seen)| *seen == value) {
            Some((columns, _)) => columns.push(column),
            None => groups.push((vec![column], value)),
        }
    }
    groups
}

/// What columns share, said once; where they differ, each value with its columns: `x in columns (1)–(2); y in
/// column (3)`, `第(1)—(2)列为x；第(3)列为y`. `total` is the number of columns that could have a value.
pub(super) fn per_column(groups: Vec<(Vec<usize>, Text)>, total: usize) -> Text {
    if is_shared(&groups, total) {
        return groups.into_iter().map(|(_, what)| what).next().unwrap_or_default();
    }
    let parts = groups.into_iter().map(|(which, what)| {
        let which = columns(&which);
        text(format!("{} in {}", what.en, which.en), format!("{}为{}", which.zh, what.zh))
    });
    glue(parts, "; ", "；")
}

/// True when one value holds for all columns.
pub(super) fn is_shared<T>(groups: &[(Vec<usize>, T)], total: usize) -> bool {
    groups.len() == 1 && groups[0].0.len() == total
}

/// The first letter in upper case, as at the start of an English sentence.
pub(super) fn sentence_case(mut words: Text) -> Text {
    if let Some(first) = words.en.chars().next() {
        let upper: String = first.to_uppercase().collect();
        words.en.replace_range(..first.len_utf8(), &upper);
    }
    words
}

/// `text` with a full stop in each language.
pub(super) fn stop(words: Text) -> Text {
    if words.en.is_empty() && words.zh.is_empty() {
        return words;
    }
    let en = if words.en.ends_with(['.', '?', '!']) { words.en } else { words.en + "." };
    let zh = if words.zh.ends_with(['。', '？', '！']) { words.zh } else { words.zh + "。" };
    text(en, zh)
}

/// Words made elsewhere as a sentence: upper case at the start, a full stop at the end, and the minus
/// sign of print before negative numbers.
pub(super) fn sentence(words: Text) -> Text {
    stop(sentence_case(text(minus(&words.en), minus(&words.zh))))
}

/// Hyphens that stand for a minus sign, before a digit and after no letter or digit, become one.
fn minus(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut before = ' ';
    let mut letters = words.chars().peekable();
    while let Some(letter) = letters.next() {
        let negative =
            letter == '-' && !before.is_ascii_alphanumeric() && letters.peek().is_some_and(char::is_ascii_digit);
        out.push(if negative { MINUS } else { letter });
        before = letter;
    }
    out
}

/// `one` for 1, else `many`.
pub(super) fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// Results with the words for what they hold.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    /// What was computed.
    pub results: &'a Results,
    /// How tables look.
    pub style: Style,
}

impl<'a> Words<'a> {
    /// Reads the style word of the results.
    pub fn new(results: &'a Results) -> Self {
        let style = match results.style.name.as_str() {
            "cn" => Style::Cn,
            "aer" => Style::Aer,
            _ => Style::Plain,
        };
        Self { results, style }
    }

    /// A count within a sentence.
    pub fn count(&self, value: usize) -> String {
        format::count(value as u64, self.style)
    }

    /// What a reader calls a variable. Formulae write names that are no plain words in backticks.
    pub fn label(&self, name: &str) -> Text {
        let name = plain(name);
        self.results.labels.get(name).cloned().unwrap_or_else(|| Text::same(name))
    }

    /// What a reader calls a regressor: interactions as `a × b`, the constant by its name.
    pub fn term(&self, name: &str) -> Text {
        if name == CONSTANT {
            return text("Constant", "常数项");
        }
        let name = plain(name);
        if self.results.labels.contains_key(name) || name.contains("::") {
            return self.label(name);
        }
        glue(name.split(':').map(|part| self.factor(part)), " × ", " × ")
    }

    /// One factor of a regressor: `lag(gdp, 1)` by the label of `gdp`.
    fn factor(&self, name: &str) -> Text {
        let call = name.strip_prefix("lag(").or_else(|| name.strip_prefix("l("));
        let lagged = call.and_then(|rest| rest.strip_suffix(')')).and_then(|inside| inside.rsplit_once(", "));
        match lagged {
            Some((of, periods)) => {
                let of = self.label(of);
                text(format!("{} (lag {periods})", of.en), format!("{}（滞后{periods}期）", of.zh))
            }
            None => self.label(name),
        }
    }

    /// What a reader calls a category: `province × year` for `province^year`.
    pub fn category(&self, name: &str) -> Text {
        glue(name.split('^').map(|part| self.label(part)), " × ", "×")
    }

    /// Row label of an absorbed effect; `city[trend]` has a slope of its own in each city.
    pub fn effect(&self, name: &str) -> Text {
        match name.split_once('[') {
            None => {
                let by = sentence_case(self.category(name));
                text(format!("{} fixed effects", by.en), format!("{}固定效应", by.zh))
            }
            Some((by, slope)) => {
                let by = self.category(by);
                let slope = self.label(slope.trim_matches(['[', ']']));
                text(format!("{}-specific slopes of {}", by.en, slope.en), format!("{}特定的{}斜率", by.zh, slope.zh))
            }
        }
    }

    /// Effects within a sentence: `city and year fixed effects`.
    pub fn effects(&self, names: &[String]) -> Text {
        let (slopes, plain): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.contains('['));
        let mut parts = Vec::new();
        if !plain.is_empty() {
            let by = list(&plain.iter().map(|name| self.category(name)).collect::<Vec<_>>());
            parts.push(text(format!("{} fixed effects", by.en), format!("{}固定效应", by.zh)));
        }
        parts.extend(slopes.iter().map(|name| self.effect(name)));
        list(&parts)
    }

    /// A number of rows within a sentence: `3,135 observations`.
    pub fn observations(&self, rows: usize) -> Text {
        let n = self.count(rows);
        text(format!("{n} {}", plural(rows, "observation", "observations")), format!("{n}个观测值"))
    }
}

/// A name without the backticks of a formula.
pub(super) fn plain(name: &str) -> &str {
    name.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap_or(name)
}

/// The name that a constant has among a fit's terms.
pub(super) const CONSTANT: &str = "(Intercept)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_in_runs() {
        assert_eq!(columns(&[0, 1, 2, 4]), text("columns (1)–(3) and (5)", "第(1)—(3)、(5)列"));
        assert_eq!(columns(&[6]), text("column (7)", "第(7)列"));
    }

    #[test]
    fn negative_numbers_have_the_minus_sign_of_print() {
        let words = Text::new("bins -4 and 6, 2009-2019, COVID-19", "归并期（-4与6）");
        assert_eq!(sentence(words), text("Bins −4 and 6, 2009-2019, COVID-19.", "归并期（−4与6）。"));
    }

    #[test]
    fn lists_end_with_and() {
        let items = ["a", "b", "c"].map(Text::same);
        assert_eq!(list(&items), text("a, b and c", "a、b和c"));
        assert_eq!(list(&items[..1]), text("a", "a"));
        assert_eq!(list(&[]), Text::default());
    }

    #[test]
    fn what_all_columns_share_is_said_once() {
        let same = by_value([(0, Text::same("x")), (1, Text::same("x"))]);
        assert_eq!(per_column(same, 2), Text::same("x"));
        let differs = by_value([(0, Text::same("x")), (1, Text::same("y")), (2, Text::same("x"))]);
        assert_eq!(
            per_column(differs, 3),
            text("x in columns (1) and (3); y in column (2)", "第(1)、(3)列为x；第(2)列为y")
        );
    }
}
