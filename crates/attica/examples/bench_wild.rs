//! Times the wild cluster bootstrap: `bench_wild TABLE OUTCOME REGRESSORS CLUSTER [EFFECTS]`, where the table is
//! delimited text of numbers with a header; 9,999 draws of WCR11 with random signs for the first regressor. Prints seconds:
//! the fit, the p-value alone, and p-value with confidence set, the best of five each, from the fit on.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::time::Instant;

use attica::design::{Design, DesignOptions};
use attica::fit::{FitOptions, fit};
use attica::formula::Formula;
use attica::frame::{Column, Frame};
use attica::vcov::Vcov;
use attica::wild::{Wild, WildKind, WildOptions};

/// The allocator of the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn best<T>(work: impl Fn() -> T) -> (f64, T) {
    let mut least = f64::INFINITY;
    let mut last = None;
    for _ in 0..5 {
        let start = Instant::now();
        last = Some(work());
        least = least.min(start.elapsed().as_secs_f64());
    }
    (least, last.unwrap())
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, table, outcome, regressors, cluster, rest @ ..] = args.as_slice() else { panic!("four arguments") };
    let mut reader = csv::Reader::from_path(table).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut columns = vec![Vec::new(); names.len()];
    for row in reader.records() {
        for (column, cell) in columns.iter_mut().zip(&row.unwrap()) {
            column.push(cell.parse::<f64>().unwrap());
        }
    }
    let mut frame = Frame::default();
    for (name, values) in names.into_iter().zip(columns) {
        frame.set(Column::number(&name, values)).unwrap();
    }
    let effects = rest.first().map(|effects| format!(" | {effects}")).unwrap_or_default();
    let text = format!("{outcome} ~ {regressors}{effects}");
    let formula = Formula::parse(&text).unwrap().expand(&frame).unwrap().remove(0);
    let options = DesignOptions { clusters: vec![cluster.clone()], ..DesignOptions::default() };
    let design = Design::build(&frame, None, &formula, &options).unwrap();
    let (fitting, fit) = best(|| fit(&design, &FitOptions::new(Vcov::cluster(cluster))).unwrap());
    let position = fit.names.iter().position(|name| name != "(Intercept)").unwrap();
    for kind in ["wcr11", "wcr33"] {
        let options = WildOptions { kind: WildKind::parse(kind).unwrap(), ..WildOptions::default() };
        let run = |level| {
            let wild = Wild::new(&fit, &WildOptions { level, ..options }).unwrap();
            wild.coefficient(position, 0.0).unwrap()
        };
        let (alone, test) = best(|| run(None));
        let (with_set, _) = best(|| run(Some(0.95)));
        println!(
            "{kind} rows {} clusters {} p {:.4}: fit {fitting:.4} p-value {alone:.4} with set {with_set:.4}",
            design.rows(),
            test.clusters,
            test.p_value
        );
    }
}
