//! Identifiers that mean the same in every language, and texts that stay texts.

use std::collections::BTreeSet;

use attica_report::escape::clean;

/// Words that a language keeps for itself, or that a formula would read as a function or a constant.
const RESERVED: &[&str] = &[
    "_all", "and", "array", "as", "assert", "async", "await", "break", "byte", "c", "case", "class", "cons",
    "continue", "data", "def", "del", "double", "elif", "else", "except", "f", "false", "finally", "float", "for",
    "from", "function", "global", "here", "i", "if", "import", "in", "inf", "int", "is", "lambda", "long", "na", "nan",
    "next", "none", "nonlocal", "not", "null", "or", "pass", "pf", "pd", "np", "pi", "q", "raise", "repeat", "return",
    "str", "strl", "t", "true", "try", "using", "while", "with", "yield", "index",
];

/// Most characters of an identifier; Stata takes 32, and endings are added.
const LONGEST: usize = 24;

/// Gives every column an identifier of its own.
#[derive(Debug, Default)]
pub struct Names {
    /// In small letters: on some systems two names must differ in more than case.
    taken: BTreeSet<String>,
}

impl Names {
    /// An identifier for `name`: itself where it is one, else the letters and digits of it.
    pub fn identifier(&mut self, name: &str) -> String {
        let mut plain: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(LONGEST).collect();
        while plain.contains("__") {
            plain = plain.replace("__", "_");
        }
        let mut plain = plain.trim_matches('_').to_owned();
        if !plain.starts_with(|c: char| c.is_ascii_alphabetic()) {
            plain = if plain.is_empty() { "v".to_owned() } else { format!("v_{plain}") };
        }
        if RESERVED.contains(&plain.to_lowercase().as_str()) {
            plain.push('_');
        }
        let mut found = plain.clone();
        for number in 2.. {
            if self.taken.insert(found.to_lowercase()) {
                break;
            }
            found = format!("{plain}_{number}");
        }
        found
    }
}

/// Text within a comment: one line, without anything that ends a comment or starts a macro in any of the languages.
pub fn comment(text: &str) -> String {
    let mut line: String = clean(text)
        .chars()
        .filter(|c| !matches!(c, '\u{0C}' | '\u{0B}' | '\u{85}'))
        .map(|c| match c {
            '`' => '‘',
            '\'' => '’',
            '"' => '”',
            '$' => '＄',
            '\\' => '＼',
            c => c,
        })
        .take(400)
        .collect();
    // In Stata these open and close comments that span lines, and `///` joins the next line.
    while line.contains("/*") || line.contains("*/") || line.contains("//") {
        line = line.replace("/*", "/ *").replace("*/", "* /").replace("//", "/ /");
    }
    line
}

/// Text within double quotes, in any of the languages.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", comment(text).replace(['{', '}'], "|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_plain_and_each_is_given_once() {
        let mut names = Names::default();
        let asked = ["NPRO", "npro", "人均GDP", "人口", "", "if", "a b; system('x')", "2010", "x\n!rm -rf /", "_N"];
        let given: Vec<String> = asked.iter().map(|name| names.identifier(name)).collect();
        assert_eq!(given, ["NPRO", "npro_2", "GDP", "v", "v_2", "if_", "a_b_system_x", "v_2010", "x_rm_rf", "N"]);
        let twice: Vec<String> = asked.iter().map(|name| names.identifier(name)).collect();
        assert!(twice.iter().all(|name| !given.contains(name) && name.len() <= 32), "{twice:?}");
    }

    #[test]
    fn text_can_leave_neither_a_comment_nor_a_string() {
        let hostile = "a\"b'c`=1'$S_OS\\ /*x*/ ///\n!del\r\u{2028}x\u{202e} {0} \u{0c}y";
        let line = comment(hostile);
        let forbidden = ["\"", "'", "`", "$", "\\", "/*", "*/", "//", "\n", "\r", "\u{2028}", "\u{202e}", "\u{0c}"];
        for mark in forbidden {
            assert!(!line.contains(mark), "{mark:?} in {line}");
            assert!(!quoted(hostile).trim_matches('"').contains(mark), "{mark:?} in {}", quoted(hostile));
        }
        assert!(!comment("////**//***/").contains("//"));
    }
}
