//! Parquet files read in passes give what the same files give in memory.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use attica::design::{Design, DesignOptions};
use attica::fit::{FitOptions, FitRecord, fit};
use attica::formula::{Formula, SingleFormula};
use attica::frame::Frame;
use attica::math::random::stream;
use attica::stream::{Batches, StreamOptions};
use attica::vcov::Vcov;
use attica_study::read::{Passes, ReadOptions, read_file};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

/// A panel of firms with text ids, dates, gaps and -99, by row groups of `group` rows.
fn write(path: &Path, group: usize) {
    let mut s = stream(11, 0);
    let rows = 3000;
    let firm = |row: usize| row * 7 % 211;
    let day = |row: usize| 14_000 + (row / 211) as i32 % 12;
    let text = |row: usize| (firm(row) != 5).then(|| format!("firm {}", firm(row)));
    let x: Vec<f64> = (0..rows).map(|row| if row % 400 == 0 { -99.0 } else { s.uniform() * 10.0 }).collect();
    let y: Vec<Option<f64>> =
        (0..rows).map(|row| (row % 17 != 3).then(|| 50.0 + 0.3 * x[row] + firm(row) as f64 + s.normal())).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("firm", Arc::new(StringArray::from((0..rows).map(text).collect::<Vec<_>>()))),
        ("day", Arc::new(Date32Array::from((0..rows).map(day).collect::<Vec<_>>()))),
        ("region", Arc::new(Int32Array::from((0..rows).map(|row| firm(row) as i32 % 40).collect::<Vec<_>>()))),
        ("late", Arc::new(BooleanArray::from((0..rows).map(|row| row % 5 == 0).collect::<Vec<_>>()))),
        ("x", Arc::new(Float64Array::from(x))),
        ("y", Arc::new(Float64Array::from(y))),
        ("huge", Arc::new(Int64Array::from((0..rows as i64).map(|row| (1 << 53) + 1 + row).collect::<Vec<_>>()))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn single(formula: &str) -> SingleFormula {
    Formula::parse(formula).unwrap().expand(&Frame::default()).unwrap().remove(0)
}

fn options(by: &str) -> StreamOptions {
    StreamOptions { fit: FitOptions::new(Vcov::cluster(by)), weights: None, filter: None, panel: None }
}

fn in_memory(path: &Path, formula: &SingleFormula, options: &StreamOptions) -> FitRecord {
    let (frame, _) = read_file(path, &ReadOptions::default()).unwrap();
    let needs = DesignOptions { clusters: options.fit.vcov.clusters().to_vec(), ..DesignOptions::default() };
    fit(&Design::build(&frame, None, formula, &needs).unwrap(), &options.fit).unwrap().record()
}

#[test]
fn a_file_in_passes_is_the_file_in_memory_for_row_groups_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    for (text, by) in
        [("y ~ x + late | firm + day", "region"), ("y ~ log(x) | day", "region"), ("y ~ x:late | firm", "day")]
    {
        let (formula, options) = (single(text), options(by));
        let mut records: Vec<FitRecord> = Vec::new();
        for group in [3000, 1000, 7] {
            let path = folder.path().join(format!("{group}.parquet"));
            write(&path, group);
            let table = Passes::open(&path).unwrap();
            assert_eq!(table.rows(), 3000);
            records.push(attica::stream::fit(&table, &formula, &options).unwrap());
            if group == 3000 {
                let expected = in_memory(&path, &formula, &options);
                let found = &records[0];
                assert_eq!(
                    (&found.ledger, &found.effects, &found.omitted),
                    (&expected.ledger, &expected.effects, &expected.omitted)
                );
                assert_eq!(found.warnings, expected.warnings);
                for (a, b) in found.terms.iter().zip(&expected.terms) {
                    assert_eq!(a.term, b.term);
                    assert!((a.estimate / b.estimate - 1.0).abs() < 1e-10, "{text}: {a:?} {b:?}");
                    assert!((a.std_error / b.std_error - 1.0).abs() < 1e-10, "{text}: {a:?} {b:?}");
                }
            }
        }
        assert!(records.iter().all(|record| *record == records[0]), "{text}");
    }
}

#[test]
fn what_was_noticed_in_a_file_concerns_the_columns_that_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, 500);
    let table = Passes::open(&path).unwrap();
    attica::stream::fit(&table, &single("y ~ x + late | firm"), &options("firm")).unwrap();
    let found: Vec<String> = table.warnings().iter().map(|w| format!("{} {}", w.id, w.text.en)).collect();
    assert!(found.iter().any(|w| w.starts_with("W303") && w.contains("x (-99 in 8 cells)")), "{found:?}");
    assert!(found.iter().any(|w| w.starts_with("W315") && w.ends_with(": late")), "{found:?}");
    assert_eq!(table.most_levels("region"), Some(40));
    assert_eq!(table.most_levels("x"), None);
}

#[test]
fn a_file_that_cannot_be_read_in_passes_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, 500);
    let table = Passes::open(&path).unwrap();
    let id =
        |table: &Passes, formula: &str| attica::stream::fit(table, &single(formula), &options("firm")).unwrap_err().id;
    assert_eq!(id(&table, "y ~ x | huge"), "E110");
    assert_eq!(id(&table, "y ~ nothing | firm"), "E603");
    assert_eq!(id(&table, "y ~ firm | region"), "E731");
    write(&path, 400);
    assert_eq!(id(&table, "y ~ x | firm"), "E520");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    assert_eq!(Passes::open(&path).err().unwrap().id, "E520");
    assert_eq!(Passes::open(&folder.path().join("none.parquet")).err().unwrap().id, "E521");
    let mut all = Vec::new();
    write(&path, 1000);
    let table = Passes::open(&path).unwrap();
    table
        .pass(
            &["x".to_owned()],
            |frame, first| Ok((first, frame.rows())),
            |piece| {
                all.push(piece);
                Ok(())
            },
        )
        .unwrap();
    assert_eq!(all, [(0, 1000), (1000, 1000), (2000, 1000)]);
}
