//! Parquet and Arrow files to frames.

use std::io::Cursor;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::FileReader;
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use attica::frame::{Column, Frame};
use attica::message::{Place, Problem, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;
use rayon::prelude::*;

use super::Read;
use super::calendar::date;
use super::delimited::too_large;
use super::guard::{broken, guarded};
use super::notes::{Note, Notes};
use super::options::ReadOptions;
use super::table::EXACT;

/// Reads a parquet file, which `open` opens anew for each reader; only the columns that the user keeps are unpacked,
/// side by side.
///
/// # Errors
/// `E520` for a damaged file, or nested or binary columns among those that are kept; `E511` without
/// rows; `E512` too large.
pub(super) fn parquet<R: ChunkReader + 'static>(
    open: impl Fn() -> Result<R> + Sync,
    options: &ReadOptions,
) -> Result<Read> {
    let failed = |e: &dyn std::fmt::Display| broken("E520", "parquet file", e);
    let metadata = ArrowReaderMetadata::load(&open()?, ArrowReaderOptions::default()).map_err(|e| failed(&e))?;
    let rows = metadata.metadata().file_metadata().num_rows();
    let groups: i64 =
        metadata.metadata().row_groups().iter().map(parquet::file::metadata::RowGroupMetaData::num_rows).sum();
    if rows < 0 || rows != groups {
        return Err(failed(&format!("it announces {rows} rows and has {groups}")));
    }
    check_size(rows as usize, metadata.schema().fields().len(), options)?;
    let wanted = wanted(metadata.schema(), options)?;
    let one = |at: &usize| {
        // A panic is caught on the thread on which it happens.
        guarded("E520", "parquet file", || {
            let mask = ProjectionMask::roots(metadata.parquet_schema(), [*at]);
            let reader = || {
                let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open()?, metadata.clone());
                builder.with_projection(mask.clone()).with_batch_size(65_536).build().map_err(|e| failed(&e))
            };
            let (field, mut notes) = (metadata.schema().field(*at), Notes::default());
            let mut gathering = Gathering::new(field.name(), field.data_type(), rows as usize);
            for batch in reader()? {
                gathering.add(batch.map_err(|e| failed(&e))?.column(0))?;
            }
            if let Some(column) = gathering.finish(&mut notes) {
                return Ok((column, notes));
            }
            let batches: Vec<RecordBatch> = reader()?.collect::<std::result::Result<_, _>>().map_err(|e| failed(&e))?;
            let parts: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(0)).collect();
            Ok((column(field.name(), field.data_type(), &parts, &mut notes)?, notes))
        })
    };
    let (mut columns, mut notes) = (Vec::new(), Notes::default());
    for read in wanted.par_iter().map(one).collect::<Vec<Result<_>>>() {
        let (column, more) = read?;
        columns.push(column);
        notes.extend(more);
    }
    Ok(Read { frame: Frame::new(columns)?, format: "parquet".to_owned(), warnings: notes.warnings() })
}

/// Reads an Arrow IPC file (Feather 2).
///
/// # Errors
/// As [`parquet`].
pub(super) fn arrow(bytes: &[u8], options: &ReadOptions) -> Result<Read> {
    let failed = |e: &dyn std::fmt::Display| broken("E520", "arrow file", e);
    if !bytes.starts_with(b"ARROW1") {
        let what =
            if bytes.starts_with(b"FEA1") { "of the first Feather format" } else { "a stream, or no Arrow data" };
        return Err(failed(&format!("it is {what}")).fix("write it again as an Arrow file (Feather 2), parquet or CSV"));
    }
    check_blocks(bytes)?;
    let reader = FileReader::try_new(Cursor::new(bytes), None).map_err(|e| failed(&e))?;
    let schema = reader.schema();
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>().map_err(|e| failed(&e))?;
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    check_size(rows, schema.fields().len(), options)?;
    let wanted = wanted(&schema, options)?;
    let project = |batch: &RecordBatch| batch.project(&wanted).map_err(|e| failed(&e));
    let batches = batches.iter().map(project).collect::<Result<Vec<_>>>()?;
    let schema = schema.project(&wanted).map_err(|e| failed(&e))?;
    frame(&SchemaRef::new(schema), &batches, "arrow".to_owned())
}

/// The reader asks for the memory that the footer announces before it looks at the file, and a failed
/// request ends the program; so the announcement is compared with the file first.
fn check_blocks(bytes: &[u8]) -> Result<()> {
    let failed = |why: &str| broken("E520", "arrow file", why);
    // The end is: footer, its length in four bytes, ARROW1.
    let tail = bytes.len().checked_sub(10).ok_or_else(|| failed("it is too short"))?;
    let length = <[u8; 4]>::try_from(&bytes[tail..tail + 4]).map_or(0, u32::from_le_bytes) as usize;
    let start = tail.checked_sub(length).ok_or_else(|| failed("its footer is longer than the file"))?;
    let footer = arrow_ipc::root_as_footer(&bytes[start..tail]).map_err(|e| failed(&e.to_string()))?;
    let blocks = footer.recordBatches().into_iter().chain(footer.dictionaries()).flatten();
    for block in blocks {
        let end = i128::from(block.offset()) + i128::from(block.metaDataLength()) + i128::from(block.bodyLength());
        if block.offset() < 0 || block.metaDataLength() < 0 || block.bodyLength() < 0 || end > bytes.len() as i128 {
            return Err(failed("a block of it lies outside the file"));
        }
    }
    Ok(())
}

fn check_size(rows: usize, columns: usize, options: &ReadOptions) -> Result<()> {
    let limits = &options.limits;
    if rows == 0 || columns == 0 {
        return Err(Problem::new("E511", "the file has no rows").fix("check that the export of the table ended well"));
    }
    if rows > limits.rows {
        return Err(too_large("rows", rows, limits.rows));
    }
    if columns > limits.columns {
        return Err(too_large("columns", columns, limits.columns));
    }
    if rows.saturating_mul(columns) > limits.cells {
        return Err(too_large("cells", rows.saturating_mul(columns), limits.cells));
    }
    Ok(())
}

/// Positions of the columns that the user keeps and uses; `E520` when one of them is no plain column.
fn wanted(schema: &SchemaRef, options: &ReadOptions) -> Result<Vec<usize>> {
    let some_used = !options.used.is_empty() && options.used.iter().all(|name| schema.field_with_name(name).is_ok());
    let kept = |name: &str| {
        let long = options.long.is_some();
        let renamed = options.rename.iter().find(|(_, old)| *old == name).map_or(name, |(new, _)| new.as_str());
        let used = !some_used || options.used.iter().any(|used| used == name);
        used && (options.columns.is_empty() || long || options.columns.iter().any(|column| column == renamed))
    };
    let fields = schema.fields().iter().enumerate().filter(|(_, field)| kept(field.name()));
    fields
        .map(|(at, field)| {
            if is_plain(field.data_type()) {
                return Ok(at);
            }
            Err(unreadable(field.name(), field.data_type()))
        })
        .collect()
}

pub(super) fn is_plain(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_plain(values),
        kind => !kind.is_nested(),
    }
}

pub(super) fn unreadable(name: &str, kind: &DataType) -> Problem {
    Problem::new("E520", format!("its type is {kind}; a table has one number, text or date per cell"))
        .fix("list the other columns to leave it out, columns = [...], or flatten it where the file was made")
        .at(Place { column: Some(name.to_owned()), ..Place::default() })
}

fn frame(schema: &SchemaRef, batches: &[RecordBatch], format: String) -> Result<Read> {
    let mut notes = Notes::default();
    let columns = schema.fields().iter().enumerate().map(|(at, field)| {
        let parts: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(at)).collect();
        column(field.name(), field.data_type(), &parts, &mut notes)
    });
    let frame = Frame::new(columns.collect::<Result<_>>()?)?;
    Ok(Read { frame, format, warnings: notes.warnings() })
}

/// Cells of one column, as far as they have been read.
pub(super) enum Cells {
    Numbers(Vec<f64>),
    Texts(Vec<Option<String>>),
}

fn column(name: &str, kind: &DataType, parts: &[&ArrayRef], notes: &mut Notes) -> Result<Column> {
    if let Some(column) = long_integers(name, kind, parts, notes) {
        return Ok(column);
    }
    let mut gathering = Gathering::new(name, kind, parts.iter().map(Array::len).sum());
    parts.iter().try_for_each(|part| gathering.add(part))?;
    // Integers that are long but exact are numbers like others.
    gathering.long = false;
    gathering.finish(notes).ok_or_else(|| unreadable(name, kind))
}

/// A column of which batch after batch comes, so that only one of them is in memory beside its cells.
struct Gathering<'a> {
    name: &'a str,
    kind: &'a DataType,
    rows: usize,
    values: Vec<f64>,
    texts: Vec<Option<String>>,
    /// An integer came that doubles may not hold: the whole column decides what becomes of it.
    long: bool,
}

impl<'a> Gathering<'a> {
    fn new(name: &'a str, kind: &'a DataType, rows: usize) -> Self {
        Self { name, kind, rows, values: Vec::new(), texts: Vec::new(), long: false }
    }

    fn add(&mut self, part: &ArrayRef) -> Result<()> {
        self.long |= has_long(part);
        match cells(part.as_ref()) {
            Some(Cells::Numbers(more)) => {
                if self.values.is_empty() {
                    // What a file announces need not be true: without room the column grows as it comes.
                    let _ = self.values.try_reserve_exact(self.rows);
                }
                self.values.extend(more);
            }
            Some(Cells::Texts(more)) => self.texts.extend(more),
            None => return Err(unreadable(self.name, self.kind)),
        }
        Ok(())
    }

    /// The column; `None` where [`long_integers`] has to look at all of it.
    fn finish(self, notes: &mut Notes) -> Option<Column> {
        if self.long {
            return None;
        }
        if *self.kind == DataType::Boolean {
            notes.add(self.name, Note::Logical);
        }
        if self.texts.is_empty() {
            notes.sentinels(self.name, &self.values);
            return Some(Column::number(self.name, self.values));
        }
        Some(Column::text(self.name, self.texts.iter().map(|t| t.as_deref().filter(|t| !t.trim().is_empty()))))
    }
}

/// The cells of an array; `None` for a type that is no number, text, truth value or date.
pub(super) fn cells(array: &dyn Array) -> Option<Cells> {
    Some(match array.data_type() {
        DataType::Null => Cells::Numbers(vec![f64::NAN; array.len()]),
        DataType::Boolean => {
            Cells::Numbers(array.as_boolean().iter().map(|v| v.map_or(f64::NAN, |v| f64::from(u8::from(v)))).collect())
        }
        DataType::Int8 => numbers::<Int8Type>(array, f64::from),
        DataType::Int16 => numbers::<Int16Type>(array, f64::from),
        DataType::Int32 => numbers::<Int32Type>(array, f64::from),
        DataType::Int64 => numbers::<Int64Type>(array, |v| v as f64),
        DataType::UInt8 => numbers::<UInt8Type>(array, f64::from),
        DataType::UInt16 => numbers::<UInt16Type>(array, f64::from),
        DataType::UInt32 => numbers::<UInt32Type>(array, f64::from),
        DataType::UInt64 => numbers::<UInt64Type>(array, |v| v as f64),
        DataType::Float16 => numbers::<Float16Type>(array, f64::from),
        DataType::Float32 => numbers::<Float32Type>(array, f64::from),
        DataType::Float64 => numbers::<Float64Type>(array, |v| v),
        DataType::Decimal128(_, _) => {
            let decimals = array.as_primitive::<Decimal128Type>();
            // Through the decimal text, which rounds once.
            let value = |i: usize| if decimals.is_null(i) { None } else { decimals.value_as_string(i).parse().ok() };
            Cells::Numbers((0..decimals.len()).map(|i| value(i).unwrap_or(f64::NAN)).collect())
        }
        DataType::Utf8 => texts(array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => texts(array.as_string::<i64>().iter()),
        DataType::Utf8View => texts(array.as_string_view().iter()),
        DataType::Date32 => moments::<Date32Type>(array, |days| i64::from(days) * 86_400),
        DataType::Date64 => moments::<Date64Type>(array, |ms| ms.div_euclid(1000)),
        DataType::Timestamp(TimeUnit::Second, _) => moments::<TimestampSecondType>(array, |s| s),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            moments::<TimestampMillisecondType>(array, |ms| ms.div_euclid(1000))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            moments::<TimestampMicrosecondType>(array, |us| us.div_euclid(1_000_000))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            moments::<TimestampNanosecondType>(array, |ns| ns.div_euclid(1_000_000_000))
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary_opt()?;
            let keys = dictionary.normalized_keys();
            let key = |i: usize| if array.is_null(i) { None } else { Some(keys[i]) };
            match cells(dictionary.values().as_ref())? {
                Cells::Numbers(values) => {
                    let value = |i: usize| key(i).and_then(|k| values.get(k).copied());
                    Cells::Numbers((0..array.len()).map(|i| value(i).unwrap_or(f64::NAN)).collect())
                }
                Cells::Texts(values) => {
                    Cells::Texts((0..array.len()).map(|i| key(i).and_then(|k| values.get(k).cloned()?)).collect())
                }
            }
        }
        _ => return None,
    })
}

fn numbers<T: ArrowPrimitiveType>(array: &dyn Array, to: fn(T::Native) -> f64) -> Cells {
    let array = array.as_primitive::<T>();
    if array.null_count() == 0 {
        return Cells::Numbers(array.values().iter().map(|&v| to(v)).collect());
    }
    Cells::Numbers(array.iter().map(|v| v.map_or(f64::NAN, to)).collect())
}

fn texts<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> Cells {
    Cells::Texts(cells.map(|cell| cell.map(str::to_owned)).collect())
}

/// Dates and times, from seconds since 1970, as `2011-10-20` or `2011-10-20T08:30:00`.
fn moments<T: ArrowPrimitiveType>(array: &dyn Array, seconds: fn(T::Native) -> i64) -> Cells {
    let text = |moment: i64| {
        let (days, rest) = (moment.div_euclid(86_400), moment.rem_euclid(86_400));
        let day = date(days);
        if rest == 0 { day } else { format!("{day}T{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60) }
    };
    Cells::Texts(array.as_primitive::<T>().iter().map(|v| v.map(|v| text(seconds(v)))).collect())
}

/// Integers beyond 2^53 as text, when a column has one that no double holds.
fn long_integers(name: &str, kind: &DataType, parts: &[&ArrayRef], notes: &mut Notes) -> Option<Column> {
    if !parts.iter().any(|part| has_long(part)) {
        return None;
    }
    let mut cells: Vec<Option<i128>> = Vec::new();
    for part in parts {
        match kind {
            DataType::Int64 => cells.extend(part.as_primitive::<Int64Type>().iter().map(|v| v.map(i128::from))),
            DataType::UInt64 => cells.extend(part.as_primitive::<UInt64Type>().iter().map(|v| v.map(i128::from))),
            _ => return None,
        }
    }
    let inexact = |v: &i128| v.unsigned_abs() as f64 >= EXACT && (*v as f64) as i128 != *v;
    let large: Vec<i128> = cells.iter().flatten().copied().filter(inexact).collect();
    let first = large.first()?;
    notes.add(name, Note::TooLarge { cells: large.len(), example: first.to_string() });
    Some(Column::text(name, cells.iter().map(|cell| cell.map(|v| v.to_string()))))
}

/// Whether an integer lies beyond those that doubles hold without gaps; what missing cells hide does no harm.
fn has_long(part: &ArrayRef) -> bool {
    match part.data_type() {
        DataType::Int64 => part.as_primitive::<Int64Type>().values().iter().any(|v| v.unsigned_abs() as f64 >= EXACT),
        DataType::UInt64 => part.as_primitive::<UInt64Type>().values().iter().any(|v| *v as f64 >= EXACT),
        _ => false,
    }
}
