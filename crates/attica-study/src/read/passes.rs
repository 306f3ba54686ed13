//! Parquet files in passes: slices of row groups, decoded side by side and handed over in the order of the file.

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array, RecordBatchReader};
use arrow_schema::DataType;
use attica::frame::{Column, Frame, unknown_column};
use attica::message::{Problem, Result, Warning};
use attica::stream::Batches;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::statistics::Statistics;
use rayon::prelude::*;

use super::columnar::{Cells, cells, is_plain, unreadable};
use super::file::changed_meanwhile;
use super::guard::{broken, guarded};
use super::notes::{Extremes, Note, Notes};
use super::table::EXACT;

/// Rows decoded at a time.
const SLICE: usize = 131_072;

/// Rows of one row group.
#[derive(Clone, Copy, Debug)]
struct Slice {
    group: usize,
    /// First row within the group.
    offset: usize,
    /// First row within the file.
    first: usize,
    rows: usize,
}

/// Called with the rows that are done, over all passes.
type Progress = Box<dyn Fn(usize) + Send + Sync>;

/// A parquet file that is read again and again.
pub struct Passes {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    names: Vec<String>,
    slices: Vec<Slice>,
    rows: usize,
    opened: Metadata,
    seen: Mutex<Seen>,
    progress: Progress,
}

/// What was noticed so far.
#[derive(Default)]
struct Seen {
    passes: usize,
    rows: usize,
    extremes: Vec<(String, Extremes)>,
}

/// What reading the first rows tells of reading all.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Bytes of the columns in the file.
    pub bytes: u64,
    /// Seconds that one pass takes at least, on all threads.
    pub seconds: f64,
    /// Bytes that the rows in flight take in memory.
    pub in_flight: u64,
}

impl Passes {
    /// Opens a parquet file; of its content only the footer is read.
    ///
    /// # Errors
    /// `E521` for a path that is no file; `E520` for a damaged file; `E511` without rows.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_named(path).map_err(|mut problem| {
            problem.place.file.get_or_insert_with(|| path.display().to_string());
            problem
        })
    }

    fn open_named(path: &Path) -> Result<Self> {
        let closed =
            |error: std::io::Error| Problem::new("E521", format!("{} cannot be opened: {error}", path.display()));
        let file = File::open(path).map_err(closed)?;
        let opened = file.metadata().map_err(closed)?;
        if !opened.is_file() {
            return Err(Problem::new("E521", format!("{} is not a file", path.display())).fix("name one parquet file"));
        }
        let metadata = guarded("E520", "parquet file", || {
            ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|e| broken("E520", "parquet file", e))
        })?;
        let (mut slices, mut first) = (Vec::new(), 0);
        for (group, of) in metadata.metadata().row_groups().iter().enumerate() {
            let rows = usize::try_from(of.num_rows())
                .map_err(|_| broken("E520", "parquet file", "a row group announces a negative number of rows"))?;
            for offset in (0..rows).step_by(SLICE) {
                slices.push(Slice { group, offset, first: first + offset, rows: SLICE.min(rows - offset) });
            }
            first += rows;
        }
        if first == 0 {
            return Err(
                Problem::new("E511", "the file has no rows").fix("check that the export of the table ended well")
            );
        }
        Ok(Self {
            path: path.to_owned(),
            names: metadata.schema().fields().iter().map(|field| field.name().clone()).collect(),
            metadata,
            slices,
            rows: first,
            opened,
            seen: Mutex::default(),
            progress: Box::new(|_| {}),
        })
    }

    /// Tells `progress` after each slice how many rows are done, passes added up.
    #[must_use]
    pub fn telling(mut self, progress: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.progress = Box::new(progress);
        self
    }

    /// Rows of the file.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.opened.len()
    }

    /// Most levels that a column of whole numbers can have, by the statistics of the file.
    pub fn most_levels(&self, column: &str) -> Option<usize> {
        let at = self.metadata.parquet_schema().columns().iter().position(|c| c.path().string() == column)?;
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        for group in self.metadata.metadata().row_groups() {
            let (least, most) = match group.column(at).statistics()? {
                Statistics::Int32(of) => (i64::from(*of.min_opt()?), i64::from(*of.max_opt()?)),
                Statistics::Int64(of) => (*of.min_opt()?, *of.max_opt()?),
                _ => return None,
            };
            (low, high) = (low.min(least), high.max(most));
        }
        usize::try_from(i128::from(high) - i128::from(low) + 1).ok().map(|levels| levels.min(self.rows))
    }

    /// Reads the first slice of `columns` and says what one pass over them will take.
    ///
    /// # Errors
    /// Those of reading.
    pub fn measure(&self, columns: &[String]) -> Result<Reading> {
        let Some(slice) = self.slices.first() else { return Err(Problem::new("E511", "the file has no rows")) };
        let begun = Instant::now();
        self.read(*slice, &self.roots(columns)?)?;
        let share = self.rows as f64 / slice.rows as f64 / rayon::current_num_threads() as f64;
        let bytes = |group: &parquet::file::metadata::RowGroupMetaData| -> u64 {
            let of = |name: &String| {
                let chunk = group.columns().iter().find(|c| c.column_path().string() == *name);
                chunk.map_or(0, |c| c.compressed_size().max(0) as u64)
            };
            columns.iter().map(of).sum()
        };
        Ok(Reading {
            bytes: self.metadata.metadata().row_groups().iter().map(bytes).sum(),
            seconds: begun.elapsed().as_secs_f64() * share,
            // Two windows, and in each the file's cells, the frame and the columns made of it.
            in_flight: (2 * window() * SLICE.min(self.rows) * 8 * 3 * columns.len()) as u64,
        })
    }

    /// What was noticed in the columns that were read.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut notes = Notes::default();
        let Ok(seen) = self.seen.lock() else { return Vec::new() };
        for (name, extremes) in &seen.extremes {
            let kind = self.metadata.schema().field_with_name(name).map(arrow_schema::Field::data_type);
            if matches!(kind, Ok(DataType::Boolean)) {
                notes.add(name, Note::Logical);
            }
            notes.sentinels_of(name, extremes);
        }
        notes.warnings()
    }

    /// Positions of columns in the file.
    fn roots(&self, columns: &[String]) -> Result<Vec<usize>> {
        let fields = self.metadata.schema().fields();
        let place = |name: &String| {
            let at = self.names.iter().position(|known| known == name);
            let at = at.ok_or_else(|| unknown_column(name, self.names.iter().map(String::as_str)))?;
            let kind = fields[at].data_type();
            if is_plain(kind) { Ok(at) } else { Err(unreadable(name, kind)) }
        };
        columns.iter().map(place).collect()
    }

    /// One slice as a frame.
    fn read(&self, slice: Slice, roots: &[usize]) -> Result<Frame> {
        guarded("E520", "parquet file", || {
            let failed = |e: &dyn std::fmt::Display| broken("E520", "parquet file", e);
            // A file of its own for each slice: readers of one file share its position.
            let file = File::open(&self.path).map_err(|e| failed(&e))?;
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_projection(ProjectionMask::roots(self.metadata.parquet_schema(), roots.iter().copied()))
                .with_row_groups(vec![slice.group])
                .with_offset(slice.offset)
                .with_limit(slice.rows)
                .with_batch_size(slice.rows)
                .build()
                .map_err(|e| failed(&e))?;
            let schema = reader.schema();
            let mut parts: Vec<Vec<Column>> = Vec::new();
            for batch in reader {
                let batch = batch.map_err(|e| failed(&e))?;
                let named = schema.fields().iter().zip(batch.columns());
                parts.push(named.map(|(field, array)| column(field.name(), array.as_ref())).collect::<Result<_>>()?);
            }
            let frame = match parts.len() {
                1 => Frame::new(parts.remove(0))?,
                _ => return Err(failed(&"a row group has fewer rows than it announces")),
            };
            if frame.rows() == slice.rows {
                Ok(frame)
            } else {
                Err(failed(&"a row group has fewer rows than it announces"))
            }
        })
    }

    fn refuse_changes(&self) -> Result<()> {
        let now = std::fs::metadata(&self.path).ok();
        let same =
            |now: &Metadata| now.len() == self.opened.len() && now.modified().ok() == self.opened.modified().ok();
        if now.as_ref().is_some_and(same) {
            return Ok(());
        }
        Err(changed_meanwhile())
    }

    fn note(&self, frame: &Frame) {
        let found: Vec<(String, Extremes)> = frame
            .columns()
            .iter()
            .filter_map(|column| match &column.values {
                attica::frame::Values::Number(values) => Some((column.name.clone(), Extremes::of(values))),
                attica::frame::Values::Text { .. } => None,
            })
            .collect();
        let Ok(mut seen) = self.seen.lock() else { return };
        for (name, extremes) in found {
            match seen.extremes.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.merge(&extremes),
                None => seen.extremes.push((name, extremes)),
            }
        }
    }
}

/// Slices in flight at a time.
fn window() -> usize {
    2 * rayon::current_num_threads()
}

impl Batches for Passes {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn pass<T: Send>(
        &self,
        columns: &[String],
        prepare: impl Fn(Frame, usize) -> Result<T> + Sync,
        mut consume: impl FnMut(T) -> Result<()> + Send,
    ) -> Result<()> {
        self.refuse_changes()?;
        let roots = self.roots(columns)?;
        let is_first = self.seen.lock().is_ok_and(|mut seen| {
            seen.passes += 1;
            seen.passes == 1
        });
        let one = |slice: &Slice| -> Result<(T, usize)> {
            let frame = self.read(*slice, &roots).map_err(|mut problem| {
                problem.place.file.get_or_insert_with(|| self.path.display().to_string());
                problem
            })?;
            if is_first {
                self.note(&frame);
            }
            Ok((prepare(frame, slice.first)?, slice.rows))
        };
        let all = |slices: &[Slice]| slices.par_iter().map(one).collect::<Vec<Result<(T, usize)>>>();
        let mut windows = self.slices.chunks(window());
        let mut ready = windows.next().map(all).unwrap_or_default();
        while !ready.is_empty() {
            let next = windows.next();
            // The next slices are decoded while these are taken in.
            let (more, end) = rayon::join(
                || next.map(all).unwrap_or_default(),
                || {
                    for made in std::mem::take(&mut ready) {
                        let (piece, rows) = made?;
                        consume(piece)?;
                        let done = self.seen.lock().map_or(0, |mut seen| {
                            seen.rows += rows;
                            seen.rows
                        });
                        (self.progress)(done);
                    }
                    Ok(())
                },
            );
            end?;
            ready = more;
        }
        self.refuse_changes()
    }
}

/// A column of a slice. Whole numbers that no double holds stop: the column would be text in one slice and not in another.
fn column(name: &str, array: &dyn Array) -> Result<Column> {
    let large = match array.data_type() {
        DataType::Int64 => {
            let values = array.as_primitive::<Int64Type>();
            values
                .iter()
                .flatten()
                .find(|v| v.unsigned_abs() as f64 >= EXACT && (*v as f64) as i64 != *v)
                .map(|v| v.to_string())
        }
        DataType::UInt64 => {
            let values = array.as_primitive::<UInt64Type>();
            values.iter().flatten().find(|v| *v as f64 >= EXACT && (*v as f64) as u64 != *v).map(|v| v.to_string())
        }
        _ => None,
    };
    if let Some(example) = large {
        return Err(Problem::new(
            "E110",
            format!("column \"{name}\" holds integers above 2^53, such as {example}, which lose digits as numbers"),
        )
        .fix("store them as text where the file is made"));
    }
    match cells(array) {
        Some(Cells::Numbers(values)) => Ok(Column::number(name, values)),
        Some(Cells::Texts(texts)) => {
            Ok(Column::text(name, texts.iter().map(|t| t.as_deref().filter(|t| !t.trim().is_empty()))))
        }
        None => Err(unreadable(name, array.data_type())),
    }
}
