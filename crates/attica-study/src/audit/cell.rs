//! One cell of a regression table: `0.006*** (0.003)`.

use attica::audit::paper::Term;
use attica::audit::printed::Printed;

use super::file::Brackets;

/// Parts of a cell: the number with its stars, and what stands in brackets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// Coefficient.
    pub number: String,
    /// Stars, wherever in the cell.
    pub stars: u8,
    /// Inside of round or square brackets.
    pub bracket: Option<String>,
}

/// Splits a cell; full-width brackets and stars count as the others do.
pub fn parts(cell: &str) -> Parts {
    let cell =
        cell.replace('（', "(").replace('）', ")").replace('［', "[").replace('］', "]").replace(['＊', '∗'], "*");
    let stars = cell.matches('*').count().min(9) as u8;
    let cell = cell.replace('*', "");
    let open = cell.find(['(', '[']);
    let (number, bracket) = match open {
        Some(at) => (&cell[..at], Some(cell[at + 1..].trim_end().trim_end_matches([')', ']']).trim().to_owned())),
        None => (cell.as_str(), None),
    };
    Parts { number: number.trim().to_owned(), stars, bracket: bracket.filter(|b| !b.is_empty()) }
}

/// True when nothing is printed: an empty cell or a dash.
pub fn blank(cell: &str) -> bool {
    matches!(cell.trim(), "" | "-" | "–" | "—" | "--" | "\u{2212}" | "...")
}

/// The coefficient of a cell.
///
/// # Errors
/// A sentence that names the part that is no number.
pub fn term(name: &str, cell: &Parts, brackets: Brackets) -> Result<Term, String> {
    let number = |text: &str| Printed::parse(text).ok_or_else(|| format!("\"{text}\" of {name} is no printed number"));
    let mut term = Term {
        name: name.to_owned(),
        estimate: number(&cell.number)?,
        stars: cell.stars,
        error: None,
        statistic: None,
        p_value: None,
        interval: None,
    };
    let Some(bracket) = &cell.bracket else { return Ok(term) };
    match brackets {
        Brackets::Se => {
            let error = number(bracket)?;
            if error.value < 0.0 {
                return Err(format!("the standard error {bracket} of {name} is negative"));
            }
            term.error = Some(error);
        }
        Brackets::T => term.statistic = Some(number(bracket)?),
        Brackets::P => {
            let p = bracket.trim_start_matches(['p', 'P', '=', ' ']);
            term.p_value = Some(match p.strip_prefix('<') {
                // Any value from zero to the bound.
                Some(bound) => {
                    let half = 0.5 * number(bound)?.value;
                    Printed { text: p.to_owned(), value: half, half }
                }
                None => number(p)?,
            });
        }
        Brackets::Ci => {
            let ends: Vec<&str> = bracket.split([',', ';', '，', '；']).map(str::trim).collect();
            let [low, high] = ends[..] else {
                return Err(format!("\"{bracket}\" of {name} is no interval of two numbers"));
            };
            term.interval = Some((number(low)?, number(high)?));
        }
    }
    Ok(term)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_stars_and_brackets_come_apart() {
        let read = |cell: &str| {
            let parts = parts(cell);
            (parts.number, parts.stars, parts.bracket)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("0.006*** (0.003)"), ("0.006".to_owned(), 3, some("0.003")));
        assert_eq!(read("−0.006 (0.003)**"), ("−0.006".to_owned(), 2, some("0.003")));
        assert_eq!(read("0.05＊（2.10）"), ("0.05".to_owned(), 1, some("2.10")));
        assert_eq!(read("[0.1, 0.2]"), (String::new(), 0, some("0.1, 0.2")));
        let ci = term("x", &parts("0.15 [0.10, 0.20]"), Brackets::Ci).unwrap();
        assert_eq!(ci.interval.map(|(a, b)| (a.value, b.value)), Some((0.1, 0.2)));
        let p = term("x", &parts("0.15 (p < 0.001)"), Brackets::P).unwrap().p_value.unwrap();
        assert_eq!((p.interval().low, p.interval().high), (0.0, 0.001));
        assert!(term("x", &parts("0.15 (-0.10)"), Brackets::Se).unwrap_err().contains("negative"));
        assert!(term("x", &parts("abc"), Brackets::Se).unwrap_err().contains("\"abc\" of x"));
    }
}
