#![allow(clippy::unwrap_used)]
use super::*;
use crate::frame::{Column, Frame};

fn expanded(source: &str) -> Vec<String> {
    let frame = Frame::new(vec![
        Column::text("region", [Some("west"), Some("east"), None]),
        Column::number("size", vec![2.0, 1.0, 2.0]),
    ])
    .unwrap();
    Formula::parse(source).unwrap().expand(&frame).unwrap().iter().map(ToString::to_string).collect()
}

fn problem(source: &str) -> (String, u64) {
    let problem = Formula::parse(source).unwrap_err();
    (problem.id, problem.place.character.unwrap())
}

#[test]
fn single_formulae() {
    for (source, shown) in [
        ("y~x1+x2|fe1+fe2", "y ~ x1 + x2 | fe1 + fe2"),
        ("y ~ 1", "y ~ 1"),
        ("y ~ x - 1", "y ~ x + 0"),
        ("y ~ -1 + x", "y ~ x + 0"),
        ("y ~ x + x", "y ~ x"),
        ("y ~ | id", "y ~ 1 | id"),
        ("y ~ 1 | id", "y ~ 1 | id"),
        ("y ~ x | 0", "y ~ x"),
        ("log(y) ~ I(x^2) + x^2 + log1p(z)", "log(y) ~ I(x^2) + x^2 + log1p(z)"),
        ("y ~ a*b", "y ~ a + b + a:b"),
        ("y ~ a:b:c", "y ~ a:b:c"),
        ("y ~ (a + b):c", "y ~ a:c + b:c"),
        ("y ~ (a + b)*c", "y ~ a + b + c + a:c + b:c"),
        ("y ~ i(rel, treat, ref = -1) | id + year", "y ~ i(rel, treat, ref = -1) | id + year"),
        ("y ~ i(f, ref=c(-1, -1000))", "y ~ i(f, ref = c(-1, -1000))"),
        ("y ~ x | a^b + c", "y ~ x | a^b + c"),
        ("y ~ x | a:b + c", "y ~ x | a^b + c"),
        ("y ~ x | a[t] + b[[t, u]] + a^b[t]", "y ~ x | a[t] + b[[t, u]] + a^b[t]"),
        ("y ~ l(x, 1:3) + f(x) + d(x)", "y ~ l(x, 1) + l(x, 2) + l(x, 3) + f(x) + d(x)"),
        ("y ~ l(x, -1:1)", "y ~ l(x, -1) + l(x, 0) + l(x, 1)"),
        ("y ~ x | id + t | d ~ z1 + z2", "y ~ x | id + t | d ~ z1 + z2"),
        ("y ~ x | d ~ z", "y ~ x | d ~ z"),
        ("y ~ | id | d + e ~ l(z, 1:2)", "y ~ 1 | id | d + e ~ l(z, 1) + l(z, 2)"),
        ("y ~ | d ~ z", "y ~ 1 | d ~ z"),
        ("y ~ x + [d ~ z] + w | id", "y ~ x + w | id | d ~ z"),
        ("y ~ [d ~ z] + w", "y ~ w | d ~ z"),
        ("y ~ [d ~ z] | id", "y ~ 1 | id | d ~ z"),
        ("y ~ x | id[t] | d:x ~ z:x", "y ~ x | id[t] | d:x ~ z:x"),
        ("`人均 GDP` ~ \"did\" + 城市等级 | 城市 + 年份", "`人均 GDP` ~ did + 城市等级 | 城市 + 年份"),
    ] {
        assert_eq!(expanded(source), [shown], "{source}");
        // What is shown is a formula again, and the same one.
        assert_eq!(expanded(shown), [shown]);
    }
}

#[test]
fn several_estimations() {
    assert_eq!(expanded("c(y1, y2) ~ x"), ["y1 ~ x", "y2 ~ x"]);
    assert_eq!(expanded("y1 + y2 ~ x"), ["y1 ~ x", "y2 ~ x"]);
    assert_eq!(expanded("y ~ x + sw(a, b)"), ["y ~ x + a", "y ~ x + b"]);
    assert_eq!(expanded("y ~ sw0(a, b + c)"), ["y ~ 1", "y ~ a", "y ~ b + c"]);
    assert_eq!(expanded("y ~ csw(a, b, c)"), ["y ~ a", "y ~ a + b", "y ~ a + b + c"]);
    assert_eq!(expanded("y ~ csw0(a, b)"), ["y ~ 1", "y ~ a", "y ~ a + b"]);
    assert_eq!(
        expanded("y ~ mvsw(a, b, c)"),
        ["y ~ 1", "y ~ a", "y ~ b", "y ~ c", "y ~ a + b", "y ~ a + c", "y ~ b + c", "y ~ a + b + c"]
    );
    assert_eq!(expanded("y ~ x | csw0(a, b)"), ["y ~ x", "y ~ x | a", "y ~ x | a + b"]);
    assert_eq!(
        expanded("c(y, z) ~ sw(a, b) | sw(f, f^g)"),
        [
            "y ~ a | f",
            "y ~ b | f",
            "z ~ a | f",
            "z ~ b | f",
            "y ~ a | f^g",
            "y ~ b | f^g",
            "z ~ a | f^g",
            "z ~ b | f^g"
        ]
    );
    assert_eq!(expanded("c(y, w) ~ sw(a, b) | f | d ~ z")[3], "w ~ b | f | d ~ z");
    assert_eq!(expanded("y ~ x | d ~ z, split = ~region")[0], "y ~ x | d ~ z, region = east");
    assert_eq!(expanded("y ~ x, split = ~region"), ["y ~ x, region = east", "y ~ x, region = west"]);
    assert_eq!(expanded("y ~ x | f, fsplit = ~size"), ["y ~ x | f", "y ~ x | f, size = 1", "y ~ x | f, size = 2"]);
}

#[test]
fn columns_are_all_that_any_of_its_regressions_reads() {
    let source = "c(log(y), w) ~ sw(a, l(b, 1):c) + i(rel, i.grp, ref = base, keep = c(near)) | f^g[s] + csw0(h, k) | d ~ z, split = ~region";
    let formula = Formula::parse(source).unwrap();
    let read = ["a", "b", "c", "d", "f", "g", "grp", "h", "k", "region", "rel", "s", "w", "y", "z"];
    assert_eq!(formula.columns(), read);
}

#[test]
fn indicators() {
    let read = |source: &str| match &Formula::parse(source).unwrap().terms[0] {
        Part::Fixed(Term { factors }) => match &factors[0] {
            Factor::Indicator(indicator) => (**indicator).clone(),
            Factor::Plain(_) => panic!("{source}"),
        },
        Part::Steps(..) => panic!("{source}"),
    };
    let i = read(
        "y ~ i(rel, i.grp, ref = c(-1, \"x\"), keep = -2:1, bin = list(\"<=-4\" = -10:-4, late = c(4, 5), far = ~ x > 9))",
    );
    assert_eq!(i.with, Some(Expr::column("grp")));
    assert!(i.with_levels);
    assert_eq!(i.reference, [Level::Number(-1.0), Level::Text("x".to_owned())]);
    assert_eq!(i.keep.unwrap(), [-2.0, -1.0, 0.0, 1.0].map(Level::Number));
    assert_eq!(i.bins[0], Bin { label: "<=-4".to_owned(), rules: vec![BinRule::Range(-10.0, -4.0)] });
    assert_eq!(i.bins[1].rules.len(), 2);
    assert_eq!(i.bins[2].rules, [BinRule::Where(Expr::parse("x > 9").unwrap())]);
    assert_eq!(read("y ~ i(f, x, 5)").reference, [Level::Number(5.0)]);
    assert_eq!(read("y ~ i(f, -1)").reference, [Level::Number(-1.0)]);
    assert_eq!(read("y ~ i(f, c(-1, -1000))").reference, [-1.0, -1000.0].map(Level::Number));
    assert_eq!(read("y ~ i(f, I(x^2))").with.unwrap().to_string(), "I(x^2)");
    let i = read("y ~ i(rel, window = c(-4, 6))");
    assert_eq!(i.bins[1], Bin { label: ">=6".to_owned(), rules: vec![BinRule::Range(6.0, f64::INFINITY)] });
}

#[test]
fn problems_name_the_character() {
    assert_eq!(problem("y x"), ("E604".to_owned(), 1));
    assert_eq!(problem("y ~ x +"), ("E604".to_owned(), 8));
    assert_eq!(problem("y ~"), ("E604".to_owned(), 4));
    assert_eq!(problem("~ x"), ("E604".to_owned(), 1));
    assert_eq!(problem("y ~ x | fe | z"), ("E604".to_owned(), 14));
    assert_eq!(problem("y ~ x | d ~ z | fe"), ("E604".to_owned(), 11));
    assert_eq!(problem("y ~ x | a | b | d ~ z"), ("E604".to_owned(), 13));
    assert_eq!(problem("y ~ d ~ z"), ("E604".to_owned(), 7));
    assert_eq!(problem("y ~ x + [d ~ z] | fe | e ~ w"), ("E604".to_owned(), 24));
    assert_eq!(problem("y ~ x | fe | ~ z"), ("E604".to_owned(), 14));
    assert_eq!(problem("y ~ x | fe | d ~"), ("E604".to_owned(), 16));
    assert_eq!(problem("y ~ x | fe | d ~ z - w"), ("E604".to_owned(), 18));
    assert_eq!(problem("y ~ x | fe | d ~ x + z"), ("E605".to_owned(), 18));
    assert_eq!(problem("y ~ d | fe | d ~ z"), ("E605".to_owned(), 14));
    assert_eq!(problem("y ~ x | fe | d ~ d + z"), ("E605".to_owned(), 18));
    assert_eq!(problem("y ~ x | fe | y ~ z"), ("E605".to_owned(), 14));
    assert_eq!(problem("y ~ x | fe | d ~ z + y"), ("E605".to_owned(), 22));
    assert_eq!(problem("y ~ sunab(g, t) | id"), ("E604".to_owned(), 5));
    assert_eq!(problem("y ~ x + y"), ("E605".to_owned(), 9));
    assert_eq!(problem("y ~ a/b"), ("E604".to_owned(), 5));
    assert_eq!(problem("y ~ 2*x"), ("E604".to_owned(), 5));
    assert_eq!(problem("y ~ a^b"), ("E604".to_owned(), 5));
    assert_eq!(problem("y ~ x - z"), ("E604".to_owned(), 9));
    assert_eq!(problem("y ~ x + sw()"), ("E604".to_owned(), 9));
    assert_eq!(problem("y ~ i(rel, reff = -1)"), ("E604".to_owned(), 19));
    assert_eq!(problem("y ~ i(rel, window = c(6, -4))"), ("E607".to_owned(), 21));
    assert_eq!(problem("y ~ x | f + 2"), ("E604".to_owned(), 13));
    assert_eq!(problem("y ~ x, vcov = hetero"), ("E604".to_owned(), 8));
    assert_eq!(problem("csw(a, b) ~ x"), ("E604".to_owned(), 1));
    let frame = Frame::new(vec![Column::number("z", vec![1.0])]).unwrap();
    let many = format!("y ~ mvsw({})", (0..20).map(|i| format!("x{i}")).collect::<Vec<_>>().join(", "));
    assert_eq!(Formula::parse(&many).unwrap().expand(&frame).unwrap_err().id, "E604");
}
