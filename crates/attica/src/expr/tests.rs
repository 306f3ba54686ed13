#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::frame::{Column, Frame, Values};
use crate::panel::Panel;

fn frame() -> Frame {
    let mut size = Column::number("size", vec![1.0, 2.0, 2.0, f64::NAN]);
    size.value_labels = vec![(1.0, "small".to_owned()), (2.0, "large".to_owned())];
    Frame::new(vec![
        Column::number("x", vec![1.0, -1.0, 0.0, f64::NAN]),
        Column::number("year", vec![2009.0, 2010.0, 2011.0, 2012.0]),
        Column::text("region", [Some("east"), Some("west"), None, Some("east")]),
        Column::number("GDP (亿元)", vec![1.0, 2.0, 3.0, 4.0]),
        Column::number("城市", vec![1.0, 1.0, 2.0, 2.0]),
        size,
    ])
    .unwrap()
}

fn value(source: &str) -> Vec<Option<f64>> {
    let (column, _) = Expr::parse(source).unwrap().evaluate(&frame(), None).unwrap();
    match column.values {
        Values::Number(values) => values.iter().map(|x| (!x.is_nan()).then_some(*x)).collect(),
        Values::Text { .. } => panic!("{source} is text"),
    }
}

fn problem(source: &str) -> (String, u64) {
    let problem = Expr::parse(source).and_then(|e| e.evaluate(&frame(), None)).unwrap_err();
    (problem.id, problem.place.character.unwrap())
}

#[test]
fn values_by_hand() {
    let (none, one, zero) = (None, Some(1.0), Some(0.0));
    assert_eq!(value("1 + 2 * 3 ^ 2 - -4"), [Some(23.0); 4]);
    assert_eq!(value("-2 ^ 2"), [Some(-4.0); 4]);
    assert_eq!(value("2009 < year <= 2011"), [zero, one, one, zero]);
    assert_eq!(value("`GDP (亿元)` / 2"), [Some(0.5), one, Some(1.5), Some(2.0)]);
    assert_eq!(value("城市 == 1 and not x > 0"), [zero, one, zero, zero]);
    assert_eq!(value("x > 0 or year >= 2009"), [one; 4]);
    assert_eq!(value("x > 0 | year < 2009"), [one, zero, zero, none]);
    assert_eq!(value("region == \"east\""), [one, zero, none, one]);
    assert_eq!(value("region not in ['east', 'south']"), [zero, one, none, zero]);
    assert_eq!(value("year in [2009, 2011:2012]"), [one, zero, one, one]);
    assert_eq!(value("size == 'large'"), [zero, one, one, none]);
    assert_eq!(value("log(x)"), [zero, none, none, none]);
    assert_eq!(value("1 / x"), [one, Some(-1.0), none, none]);
    assert_eq!(value("is_missing(x) + is_missing(region)"), [zero, zero, one, one]);
    assert_eq!(value("if_else(x > 0, 10, x)"), [Some(10.0), Some(-1.0), zero, none]);
    assert_eq!(value("mean(x, by = 城市)"), [zero, zero, zero, zero]);
    assert_eq!(value("count(x, by = [城市, region])"), [one, one, none, zero]);
    assert_eq!(value("max(x, 0)"), [one, zero, zero, none]);
    assert_eq!(value("max(year)"), [Some(2012.0); 4]);
    assert_eq!(value("winsorise(year, 0.25, 0.75)"), [2009.5, 2010.0, 2011.0, 2011.5].map(Some));
    assert_eq!(value("minmax(year)"), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0].map(Some));
    assert_eq!(value("year ≥ 2011"), [zero, zero, one, one]);
    assert_eq!(value("（year − 2009）× 2"), [0.0, 2.0, 4.0, 6.0].map(Some));
}

#[test]
fn lags_go_by_the_calendar() {
    let frame = Frame::new(vec![
        Column::number("id", vec![1.0, 1.0, 1.0, 2.0, 2.0]),
        Column::number("t", vec![2012.0, 2010.0, 2009.0, 2009.0, 2010.0]),
        Column::number("x", vec![8.0, 4.0, 2.0, 5.0, 10.0]),
    ])
    .unwrap();
    let (panel, _) = Panel::new(&frame, "id", "t").unwrap();
    let value = |source: &str| -> Vec<Option<f64>> {
        let expr = Expr::parse(source).unwrap();
        let (values, _) = expr.numbers(&frame, Some(&panel)).unwrap();
        values.iter().map(|x| (!x.is_nan()).then_some(*x)).collect()
    };
    assert_eq!(value("lag(x)"), [None, Some(2.0), None, None, Some(5.0)]);
    assert_eq!(value("l(x, 2)"), [Some(4.0), None, None, None, None]);
    assert_eq!(value("lead(x)"), [None, None, Some(4.0), Some(10.0), None]);
    assert_eq!(value("growth(x)"), [None, Some(1.0), None, None, Some(1.0)]);
    assert_eq!(value("diff(x)"), [None, Some(2.0), None, None, Some(5.0)]);
    assert_eq!(value("base(x)"), [2.0, 2.0, 2.0, 5.0, 5.0].map(Some));
    assert_eq!(value("base(x, 2010)"), [4.0, 4.0, 4.0, 10.0, 10.0].map(Some));
    assert_eq!(value("first(x) * (t >= 2010)"), [2.0, 2.0, 0.0, 0.0, 5.0].map(Some));
}

#[test]
fn problems_name_the_character() {
    assert_eq!(problem("x + "), ("E604".to_owned(), 5));
    assert_eq!(problem("log(x"), ("E604".to_owned(), 6));
    assert_eq!(problem("x = 1"), ("E604".to_owned(), 3));
    assert_eq!(problem("\"east"), ("E604".to_owned(), 1));
    assert_eq!(problem("x # 1"), ("E604".to_owned(), 3));
    assert_eq!(problem("1 + lgo(x)"), ("E604".to_owned(), 5));
    assert_eq!(problem("1 + yaer"), ("E603".to_owned(), 5));
    assert_eq!(problem("1 + region"), ("E301".to_owned(), 5));
    assert_eq!(problem("region == 1"), ("E301".to_owned(), 1));
    assert_eq!(problem("x == 'big'"), ("E301".to_owned(), 6));
    assert_eq!(problem("region < 'east'"), ("E301".to_owned(), 10));
    assert_eq!(problem("x + lag(x)"), ("E604".to_owned(), 5));
    assert_eq!(problem("winsorise(x, 99, 1)"), ("E604".to_owned(), 1));
    assert_eq!(problem("mean(x, of = year)"), ("E604".to_owned(), 1));
    assert_eq!(problem("年 + 3x"), ("E604".to_owned(), 5));
    assert_eq!(problem(""), ("E604".to_owned(), 1));
}

#[test]
fn a_logarithm_counts_what_it_loses() {
    let (_, warnings) = Expr::parse("log(x)").unwrap().evaluate(&frame(), None).unwrap();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].id, "W309");
    assert!(warnings[0].text.en.contains("2 rows"), "{}", warnings[0].text.en);
}

#[test]
fn long_and_deep_sources_end_in_a_value_or_a_problem() {
    let long = vec!["x"; 1000].join(" + ");
    assert!(Expr::parse(&long).unwrap().evaluate(&frame(), None).is_ok());
    assert_eq!(problem(&vec!["x"; 3000].join("+")).0, "E604");
    assert_eq!(problem(&"(".repeat(1500)).0, "E604");
    assert_eq!(problem(&"x^".repeat(900)).0, "E604");
    assert_eq!(problem(&"log(".repeat(900)).0, "E604");
    assert!(Expr::parse(&format!("{}x", "-".repeat(1500))).is_ok());
    assert!(Expr::parse(&format!("{}x", "not ".repeat(1500))).is_err());
}

#[test]
fn the_power_of_a_negative_number_keeps_its_parentheses() {
    for source in ["(-2)^a", "(-0)^a"] {
        assert_eq!(Expr::parse(source).unwrap().to_string(), source);
    }
}

fn arbitrary() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z]{1,4}",
        "[0-9]{1,3}(\\.[0-9]{1,2})?",
        Just("`GDP (亿元)`".to_owned()),
        Just("\"east\"".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        prop_oneof![
            (inner.clone(), "[-+*/^:]| and | or | < | >= | == ", inner.clone())
                .prop_map(|(a, o, b)| format!("({a}){o}({b})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("if_else({a}, {b}, k = {a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) in [{b}, 2]")),
        ]
    })
}

proptest! {
    /// What is printed reads back as the same expression.
    #[test]
    fn display_round_trips(source in arbitrary()) {
        // "in", "or" and the like cannot be names.
        if let Ok(expr) = Expr::parse(&source) {
            prop_assert_eq!(&Expr::parse(&expr.to_string()).unwrap(), &expr, "{}", expr);
        }
    }

    /// No text panics.
    #[test]
    fn any_text_is_read_or_refused(source in "[-a-z0-9 .+*/^:()\\[\\]=<>!&|~,\"'`年，“]{0,40}") {
        if let Ok(expr) = Expr::parse(&source) {
            let _ = expr.evaluate(&frame(), None);
        }
        let _ = crate::formula::Formula::parse(&source);
    }
}
