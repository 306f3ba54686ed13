//! What `attica audit` prints for people: findings from the gravest, in lines of a terminal.

use attica::audit::finding::{Finding, Verdict, Witness};
use attica::audit::summary::summary;
use attica::text::{Language, Text};
use attica_study::audit::file::PaperFile;
use attica_study::audit::{causes, item, shown_by, title};

/// Columns of a terminal.
const WIDTH: usize = 80;

/// The page.
pub(super) fn page(file: &PaperFile, findings: &[Finding], language: Language) -> String {
    let mut page = String::new();
    let name = file.title.text();
    if !name.get(language).is_empty() {
        page += &wrapped(name.get(language), 0, 0);
    }
    page += &wrapped(summary(findings).get(language), 0, 0);
    for verdict in Verdict::ALL {
        let of: Vec<&Finding> = findings.iter().filter(|f| f.verdict == verdict).collect();
        if of.is_empty() {
            continue;
        }
        page += "\n";
        page += &wrapped(title(verdict).get(language), 0, 0);
        for finding in of {
            page += &one(finding, language);
        }
    }
    page
}

/// A finding: one line when it holds, else with its numbers and its ordinary explanations.
fn one(finding: &Finding, language: Language) -> String {
    let Finding { rule, verdict, place, message, witness, .. } = finding;
    let colon = Text::new(": ", "：");
    let line = format!("{rule:?} {}{}{}", place.get(language), colon.get(language), message.get(language));
    let mut text = wrapped(&line, 2, 6);
    if !matches!(verdict, Verdict::Fail | Verdict::Tight | Verdict::Warn) {
        return text;
    }
    if let Some(Witness { kind, values }) = witness {
        let separator = Text::new("; ", "；");
        let values: Vec<String> = values.iter().map(|value| item(value).get(language).to_owned()).collect();
        let open = shown_by(*kind, *verdict);
        let line = format!("{}{}{}", open.get(language), colon.get(language), values.join(separator.get(language)));
        text += &wrapped(&line, 6, 6);
    }
    if let Some(causes) = causes(finding) {
        text += &wrapped(causes.get(language), 6, 6);
    }
    text
}

/// Lines of at most [`WIDTH`] columns, the first after `first` spaces and the others after `rest`. Control characters become
/// spaces, so that a name cannot steer the terminal.
fn wrapped(text: &str, first: usize, rest: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = String::new();
    let mut line = " ".repeat(first);
    let mut used = first;
    for piece in pieces(&clean) {
        let width = columns(piece);
        if used + columns(piece.trim_end()) > WIDTH && used > rest {
            out += line.trim_end();
            out.push('\n');
            (line, used) = (" ".repeat(rest), rest);
        }
        line += piece;
        used += width;
    }
    out += line.trim_end();
    out.push('\n');
    out
}

/// What stays on one line: a word with the space behind it, and each Chinese character with the punctuation behind it.
fn pieces(text: &str) -> Vec<&str> {
    const CLOSING: &str = "，。；：、）》！？”’";
    let mut ends: Vec<usize> = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let end = at + c.len_utf8();
        let next = letters.peek().map(|(_, next)| *next);
        let breaks = next.is_some_and(|next| !CLOSING.contains(next) && next != ' ');
        if breaks && c != '（' && (c == ' ' || wide(c) || next.is_some_and(wide)) {
            ends.push(end);
        }
    }
    ends.push(text.len());
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(&ends).map(|(start, end)| &text[start..*end]).filter(|piece| !piece.is_empty()).collect()
}

fn wide(c: char) -> bool {
    c >= '\u{2E80}'
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_a_terminal_and_nothing_is_lost() {
        let texts = [
            "the printed numbers cannot all be right as described, and this is a sentence that is longer than one line of a terminal",
            "所印数字不可能均如所述：3135行的均值0.144需要450、451或452个处理观测；公布的设计均不符（A13），并且此句长于终端的一行，需要折行显示。",
        ];
        for text in texts {
            let lines = wrapped(text, 2, 6);
            assert!(lines.lines().count() > 1 && lines.lines().all(|line| columns(line) <= WIDTH), "{lines}");
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(bare(&lines), bare(text));
        }
        assert!(!wrapped("a\u{1b}[31mb", 0, 0).contains('\u{1b}'));
    }
}
