//! Linear combinations, joint tests and families of tests, as `fit` and `did` print them.

use attica::fit::{Term, Wald};
use attica::hypothesis::Coefficients;
use attica::hypothesis::family::{Family, FamilyRow};
use attica::message::Warning;
use attica::text::{Language, Text};
use attica::wild::WildRecord;

use super::{aligned, cells, short};
use crate::args::Adjust;
use crate::say::Failure;

/// The combinations and tests of one estimate; what is to be said of them is added to `told`.
pub(super) fn of(
    all: &Coefficients,
    lincom: &[String],
    test: &[String],
    told: &mut Vec<Warning>,
) -> Result<(Vec<Term>, Vec<Wald>), Failure> {
    let pointing = |flag: &'static str, text: &str, problem| Failure::from(problem).pointing_into(flag, text);
    let mut terms = Vec::with_capacity(lincom.len());
    for text in lincom {
        terms.push(all.lincom_told(text, told).map_err(|problem| pointing("--lincom", text, problem))?);
    }
    let mut tests = Vec::with_capacity(test.len());
    for text in test {
        tests.push(all.test_told(text, told).map_err(|problem| pointing("--test", text, problem))?);
    }
    Ok((terms, tests))
}

/// Both, below one another; empty when neither was asked for.
pub(super) fn page(lincom: &[Term], tests: &[Wald], language: Language) -> String {
    let mut page = String::new();
    if !lincom.is_empty() {
        let head = match language {
            Language::En => ["Linear combination", "estimate", "std. error", "t", "p", "low", "high"],
            Language::Zh => ["线性组合", "估计值", "标准误", "t", "p", "下限", "上限"],
        };
        let drawn = lincom.iter().any(|term| term.wild.is_some());
        let row = |term: &Term| {
            let mut row = vec![term.term.clone()];
            row.extend(cells(term));
            if drawn {
                row.extend(wild(term.wild.as_deref()));
            }
            row
        };
        let mut head = head.map(str::to_owned).to_vec();
        if drawn {
            let own = match language {
                Language::En => ["wild p", "low", "high"],
                Language::Zh => ["wild p值", "下限", "上限"],
            };
            head.extend(own.map(str::to_owned));
        }
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(lincom.iter().map(row)).collect();
        page += &format!("\n{}\n", aligned(&rows).join("\n"));
    }
    if !tests.is_empty() {
        let title = Text::new("Joint test", "联合检验");
        let drawn = tests.iter().any(|test| test.wild.is_some());
        let mut head = vec![title.get(language).to_owned(), String::new(), "p".to_owned()];
        head.extend(drawn.then(|| Text::new("wild p", "wild p值").get(language).to_owned()));
        let row = |test: &Wald| {
            let mut row =
                vec![test.hypothesis.get(language).to_owned(), statistic(test), format!("{:.4}", test.p_value)];
            row.extend(drawn.then(|| wild(test.wild.as_deref())[0].clone()));
            row
        };
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(tests.iter().map(row)).collect();
        page += &format!("\n{}\n", aligned(&rows).join("\n"));
    }
    page
}

/// p-value and ends of the confidence set of a wild bootstrap; a dash where there is none.
fn wild(test: Option<&WildRecord>) -> [String; 3] {
    let end = |end: Option<f64>| end.map_or_else(|| "-".to_owned(), short);
    let of = |test: &WildRecord| [format!("{:.4}", test.p_value), end(test.conf_low), end(test.conf_high)];
    test.map_or_else(|| ["-"; 3].map(str::to_owned), of)
}

pub(super) fn statistic(test: &Wald) -> String {
    match test.df2 {
        Some(df2) => format!("F({}, {}) = {}", short(test.df1), short(df2), short(test.statistic)),
        None => format!("chi2({}) = {}", short(test.df1), short(test.statistic)),
    }
}

/// A way of adjusting, its head, and its value in a row.
type Column = (Adjust, &'static str, fn(&FamilyRow) -> Option<f64>);

/// A family with the adjusted p-values that were asked for.
pub(super) fn family(family: &Family, methods: &[Adjust]) -> String {
    let named: [Column; 5] = [
        (Adjust::Bonferroni, "Bonferroni", |row| Some(row.p_bonferroni)),
        (Adjust::Holm, "Holm", |row| Some(row.p_holm)),
        (Adjust::Rw, "Romano-Wolf", |row| row.p_romano_wolf),
        (Adjust::Bh, "BH q", |row| Some(row.q_benjamini_hochberg)),
        (Adjust::Sharpened, "sharpened q", |row| Some(row.q_sharpened)),
    ];
    let shown: Vec<_> = named.iter().filter(|(method, ..)| methods.contains(method)).collect();
    let mut head: Vec<String> = ["", "estimate", "std. error", "p"].map(str::to_owned).to_vec();
    head.extend(shown.iter().map(|(_, name, _)| (*name).to_owned()));
    let mut rows = vec![head];
    for row in &family.rows {
        let mut cells =
            vec![row.name.clone(), short(row.estimate), short(row.std_error), format!("{:.4}", row.p_value)];
        cells.extend(shown.iter().map(|(.., p)| p(row).map_or_else(|| "-".to_owned(), |p| format!("{p:.4}"))));
        rows.push(cells);
    }
    let mut page = format!(
        "\n{}: one coefficient, {} regressions\n{}\n",
        family.coefficient,
        family.rows.len(),
        aligned(&rows).join("\n")
    );
    if let (Some(draws), Some(clusters)) = (family.draws, family.clusters) {
        page += &format!("Romano-Wolf: {draws} draws of {clusters} clusters, p-values are (1 + count) / (1 + draws)\n");
    }
    if let Some(test) = &family.equality {
        page += &format!("Equal in all: {}, p = {:.4}\n", statistic(test), test.p_value);
    }
    page
}
