#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::formula::{Formula, SingleFormula};
use crate::frame::{Column, Frame};
use crate::message::Result;
use crate::panel::Panel;

fn frame() -> Frame {
    Frame::new(vec![
        Column::number("id", vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0]),
        Column::number("year", vec![2009.0, 2010.0, 2009.0, 2010.0, 2009.0, 2010.0]),
        Column::number("y", vec![1.0, 2.0, 3.0, 4.0, 5.0, f64::NAN]),
        Column::number("x", vec![1.0, 0.0, 2.0, 5.0, f64::NAN, 1.0]),
        Column::text("region", [Some("west"), Some("west"), Some("east"), Some("east"), Some("north"), Some("north")]),
        Column::number("rel", vec![-1.0, 0.0, -1.0, 0.0, f64::NAN, f64::NAN]),
        Column::number("w", vec![1.0, 2.0, 0.0, 1.0, 1.0, 1.0]),
        Column::number("none", vec![f64::NAN; 6]),
        Column::number("one", vec![1.0; 6]),
        Column::text("amount", ["1,234.5", "7%", "8", "9", "10", "11"].map(Some)),
    ])
    .unwrap()
}

fn single(source: &str) -> SingleFormula {
    Formula::parse(source).unwrap().expand(&frame()).unwrap().remove(0)
}

fn build_with(source: &str, options: &DesignOptions) -> Result<Design> {
    let frame = frame();
    let (panel, _) = Panel::new(&frame, "id", "year").unwrap();
    Design::build(&frame, Some(&panel), &single(source), options)
}

fn build(source: &str) -> Design {
    build_with(source, &DesignOptions::default()).unwrap()
}

fn names(source: &str) -> Vec<String> {
    build(source).regressors.into_iter().map(|(name, _)| name).collect()
}

fn dropped(design: &Design) -> Vec<(Reason, usize)> {
    design.ledger.dropped.iter().map(|d| (d.reason.clone(), d.rows)).collect()
}

#[test]
fn the_ledger_names_the_first_reason() {
    let design = build("y ~ log(x) | id + year");
    assert_eq!(
        dropped(&design),
        [
            (Reason::Missing("y".to_owned()), 1),
            (Reason::Missing("x".to_owned()), 1),
            (Reason::NotFinite("log(x)".to_owned()), 1)
        ]
    );
    assert_eq!(design.sample, [0, 2, 3]);
    assert_eq!(design.outcome, ("y".to_owned(), vec![1.0, 3.0, 4.0].into()));
    assert_eq!(design.warnings[0].id, "W309");
    assert_eq!(design.effects[0].by, Codes { name: "id".to_owned(), codes: vec![0, 1, 1].into(), levels: 2 });
    assert_eq!(*design.effects[1].by.codes, [0, 0, 1]);
    assert!(!design.intercept);
    let (units, times) = design.panel.unwrap();
    assert_eq!((units.codes, units.levels), (vec![0, 1, 1].into(), 2));
    assert_eq!([0, 1, 2].map(|row| times.at(row)), [2009.0, 2009.0, 2010.0]);

    let options = DesignOptions { filter: Some(Expr::parse("region != 'north'").unwrap()), ..DesignOptions::default() };
    let design = build_with("y ~ l(x)", &options).unwrap();
    let filter = Reason::Filter("region != \"north\"".to_owned());
    assert_eq!(dropped(&design), [(filter, 2), (Reason::Missing("l(x)".to_owned()), 2)]);
}

#[test]
fn a_lag_is_missing_for_the_calendar() {
    let frame = Frame::new(vec![
        Column::number("id", vec![1.0, 1.0, 1.0, 2.0, 2.0]),
        Column::number("t", vec![1.0, 2.0, 4.0, 1.0, 2.0]),
        Column::number("y", vec![1.0, 2.0, 3.0, 4.0, 6.0]),
        Column::number("x", vec![5.0, 6.0, 7.0, 8.0, 9.0]),
    ])
    .unwrap();
    let (panel, _) = Panel::new(&frame, "id", "t").unwrap();
    let design = Design::build(&frame, Some(&panel), &single("y ~ l(x, 1)"), &DesignOptions::default()).unwrap();
    assert_eq!(design.sample, [1, 4]);
    assert_eq!(design.regressors, [("l(x, 1)".to_owned(), vec![5.0, 8.0].into())]);
    assert_eq!(dropped(&design), [(Reason::Missing("l(x, 1)".to_owned()), 3)]);
}

#[test]
fn categories_are_named_as_in_fixest() {
    assert_eq!(names("y ~ region"), ["regionnorth", "regionwest"]);
    assert_eq!(names("y ~ region - 1"), ["regioneast", "regionnorth", "regionwest"]);
    assert_eq!(names("y ~ i(region)"), ["region::north", "region::west"]);
    assert_eq!(names("y ~ i(region, ref = 'west')"), ["region::east", "region::north"]);
    assert_eq!(names("y ~ i(region, x)"), ["region::east:x", "region::west:x"]);
    // North has no row in 2010: no column.
    assert_eq!(
        names("y ~ i(region, i.year, ref = 'west')"),
        ["region::east:year::2009", "region::north:year::2009", "region::east:year::2010"]
    );
    assert_eq!(names("y ~ i(rel, w, ref = -1)"), ["rel::0:w"]);
    assert_eq!(names("y ~ i(rel, ref = -1, na = 0) | id"), ["rel::0"]);
    assert_eq!(names("y ~ i(year, ref = 2009):x"), ["year::2010:x"]);
    assert_eq!(names("y ~ x:region"), ["x:regioneast", "x:regionwest"]);
    assert_eq!(names("y ~ x + x:region"), ["x", "x:regionwest"]);
    assert_eq!(names("y ~ x*w"), ["x", "w", "x:w"]);
    assert_eq!(names("y ~ i(id, keep = c(1, 3))"), ["id::1", "id::3"]);
    assert_eq!(names("y ~ i(id, bin = list(rest = 2:9))"), ["id::rest"]);
    assert_eq!(names("y ~ i(id, bin = list(low = ~ x <= 2), ref = 3)"), ["id::low"]);
    assert_eq!(names("y ~ i(rel, window = c(-1, 0), ref = -1, na = 0)"), ["rel::>=0"]);
    let design = build("y ~ i(rel, ref = -1, na = 0) | id");
    assert_eq!(*design.regressors[0].1, [0.0, 1.0, 0.0, 1.0, 0.0]);
    assert_eq!(*build("y ~ x:w").regressors[0].1, [1.0, 0.0, 0.0, 5.0]);
}

#[test]
fn effects_slopes_clusters_and_weights() {
    let options = DesignOptions {
        weights: Some(("w".to_owned(), WeightKind::Analytic)),
        clusters: vec!["id".to_owned(), "region^year".to_owned()],
        ..DesignOptions::default()
    };
    let design = build_with("y ~ x | region^year + id[[x]]", &options).unwrap();
    assert_eq!(design.sample, [0, 1, 3]);
    assert_eq!(dropped(&design).last().unwrap(), &(Reason::ZeroWeight("w".to_owned()), 1));
    assert_eq!(design.warnings[0].id, "W402");
    assert_eq!(design.weights.unwrap().values, [1.0, 2.0, 1.0]);
    assert_eq!(design.effects[0].by, Codes { name: "region^year".to_owned(), codes: vec![0, 1, 2].into(), levels: 3 });
    assert_eq!(design.effects[1].slopes, [("x".to_owned(), vec![1.0, 0.0, 5.0])]);
    assert!(!design.effects[1].intercept);
    assert_eq!(*design.clusters[1].codes, [0, 1, 2]);
}

#[test]
fn problems() {
    let id = |source: &str| build_with(source, &DesignOptions::default()).unwrap_err().id;
    assert_eq!(id("y ~ xx"), "E603");
    assert_eq!(id("region ~ x"), "E301");
    assert_eq!(id("y ~ amount"), "E301");
    assert_eq!(id("y ~ log(region)"), "E301");
    assert_eq!(id("y ~ none"), "E304");
    assert_eq!(id("y ~ log(none)"), "E304");
    assert_eq!(id("one ~ x"), "E305");
    assert_eq!(id("y ~ one"), "E305");
    assert_eq!(id("y ~ x | y"), "E605");
    assert_eq!(id("y ~ i(rel, ref = 7)"), "E607");
    assert_eq!(id("y ~ i(rel, keep = 7)"), "E607");
    let with = |options: DesignOptions| build_with("y ~ year", &options).unwrap_err();
    let clusters = |name: &str| DesignOptions { clusters: vec![name.to_owned()], ..DesignOptions::default() };
    assert_eq!(with(clusters("rel^year")).id, "E406");
    let problem = with(DesignOptions { filter: Some(Expr::parse("year > 2020").unwrap()), ..DesignOptions::default() });
    assert_eq!(problem.id, "E701");
    assert!(problem.message.contains("year > 2020: 6 rows"), "{}", problem.message);
    let mut frame = frame();
    frame.set(Column::number("y", vec![f64::INFINITY, 1.0, 2.0, 3.0, 4.0, 5.0])).unwrap();
    frame.set(Column::number("w", vec![-1.0, 1.0, 1.0, 1.0, 1.0, 0.5])).unwrap();
    let build = |formula: &str, kind| {
        let options = DesignOptions { weights: Some(("w".to_owned(), kind)), ..DesignOptions::default() };
        Design::build(&frame, None, &single(formula), &options).unwrap_err()
    };
    assert_eq!(build("y ~ w", WeightKind::Analytic).id, "E302");
    assert_eq!(build("year ~ id", WeightKind::Analytic).id, "E401");
    assert!(build("year ~ id", WeightKind::Analytic).message.contains("-1 in row 1"));
}

prop_compose! {
    fn cells()(rows in 4usize..40)(
        id in prop::collection::vec(0u8..4, rows),
        y in prop::collection::vec(prop::option::weighted(0.9, -3i32..3), rows),
        x in prop::collection::vec(prop::option::weighted(0.8, -2i32..5), rows),
        group in prop::collection::vec(prop::option::weighted(0.9, 0usize..3), rows),
        order in Just((0..rows as u32).collect::<Vec<u32>>()).prop_shuffle(),
    ) -> (Frame, Vec<u32>) {
        let number = |v: Vec<Option<i32>>| v.into_iter().map(|x| x.map_or(f64::NAN, f64::from)).collect();
        let frame = Frame::new(vec![
            Column::number("id", id.into_iter().map(f64::from).collect()),
            Column::number("y", number(y)),
            Column::number("x", number(x)),
            Column::text("g", group.into_iter().map(|g| g.map(|g| ["a", "b", "c"][g]))),
        ])
        .unwrap();
        (frame, order)
    }
}

proptest! {
    /// Every row is used or booked, and no value of the design is missing.
    #[test]
    fn the_ledger_adds_up((frame, _) in cells()) {
        let formula = single("y ~ log(x) + i(g) | id");
        if let Ok(design) = Design::build(&frame, None, &formula, &DesignOptions::default()) {
            let left: usize = design.ledger.dropped.iter().map(|d| d.rows).sum();
            prop_assert_eq!(design.ledger.read, frame.rows());
            prop_assert_eq!(design.ledger.used + left, frame.rows());
            prop_assert_eq!(design.ledger.used, design.rows());
            prop_assert!(design.outcome.1.iter().all(|v| v.is_finite()));
            prop_assert!(design.regressors.iter().all(|(_, c)| c.len() == design.rows() && c.iter().all(|v| v.is_finite())));
            let by = &design.effects[0].by;
            prop_assert!((0..by.levels as u32).all(|level| by.codes.contains(&level)));
        }
    }

    /// What regressions share changes none of them: each is the design that it has alone, and that of its rows flagged.
    #[test]
    fn designs_of_one_table_are_those_of_each_alone((frame, order) in cells()) {
        let frame = frame.take(&order);
        let formula = "c(y, x) ~ csw(log(x), i(g), g) + mean(x, by = id) | id^g, fsplit = ~FACTOR";
        for factor in ["g", "id", "floor(id / 2)"] {
            let formula = Formula::parse(&formula.replace("FACTOR", factor)).unwrap();
            let options = DesignOptions {
                filter: Some(Expr::parse("x != 4").unwrap()),
                clusters: vec!["id".to_owned(), "g^floor(id / 2)".to_owned()],
                ..DesignOptions::default()
            };
            let singles = formula.expand(&frame).unwrap();
            let designs = Designs::new(&frame, None, &singles, &options).unwrap();
            for single in &singles {
                let together = designs.build(single);
                prop_assert_eq!(&together, &Design::build(&frame, None, single, &options));
                let Some(sample) = &single.sample else { continue };
                let (column, _) = sample.by.evaluate(&frame, None).unwrap();
                let flags = (0..frame.rows()).map(|row| column.display(row) == sample.level.to_string()).collect();
                let reason = Reason::Filter(format!("{} = {}", sample.by, sample.level));
                let flagged = DesignOptions { subset: Some((reason, flags)), ..options.clone() };
                let whole = SingleFormula { sample: None, ..single.clone() };
                prop_assert_eq!(&together, &Design::build(&frame, None, &whole, &flagged));
            }
        }
    }

    /// Shuffled rows give the same columns, shuffled.
    #[test]
    fn row_order_does_not_matter((frame, order) in cells()) {
        let formula = single("y ~ x + winsorise(x, 10, 90) + mean(x, by = g) + i(g) | id");
        let straight = Design::build(&frame, None, &formula, &DesignOptions::default());
        let shuffled = Design::build(&frame.take(&order), None, &formula, &DesignOptions::default());
        match (straight, shuffled) {
            (Ok(a), Ok(b)) => {
                prop_assert_eq!(&a.ledger, &b.ledger);
                for (left, right) in a.regressors.iter().zip(&b.regressors) {
                    prop_assert_eq!(&left.0, &right.0);
                    for (at, &row) in b.sample.iter().enumerate() {
                        let old = a.sample.iter().position(|&r| r == order[row as usize]).unwrap();
                        prop_assert!((left.1[old] - right.1[at]).abs() < 1e-12);
                    }
                }
            }
            (a, b) => prop_assert_eq!(a.map_err(|p| p.id).err(), b.map_err(|p| p.id).err()),
        }
    }
}
