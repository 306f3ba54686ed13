//! Stata files to frames: labels, extended missing values, dates.

use std::collections::BTreeMap;
use std::io::Cursor;

use attica::frame::{Column, Frame};
use attica::message::{Problem, Result, Warning};
use attica::text::Text;
use dta::stata::dta::dta_error::{DtaError, FormatErrorKind};
use dta::stata::dta::dta_reader::DtaReader;
use dta::stata::dta::long_string_ref::LongStringRef;
use dta::stata::dta::long_string_table::LongStringTable;
use dta::stata::dta::value::Value;
use dta::stata::dta::value_label_table::ValueLabelTable;
use dta::stata::dta::variable_type::VariableType;
use dta::stata::missing_value::MissingValue;
use dta::stata::stata_byte::StataByte;
use dta::stata::stata_double::StataDouble;
use dta::stata::stata_float::StataFloat;
use dta::stata::stata_int::StataInt;
use dta::stata::stata_long::StataLong;
use dta::stata::temporal::TemporalKind;
use encoding_rs::{Encoding, GB18030, UTF_8, WINDOWS_1252};

use super::Read;
use super::calendar::date;
use super::decode::looks_like_gb;
use super::delimited::too_large;
use super::guard::broken;
use super::options::ReadOptions;

/// Reads a Stata file of any release. Texts before release 118 carry no encoding: the user's, or
/// GB18030 or UTF-8 when the bytes are that, or else Windows-1252, which is what Stata itself wrote in
/// the West.
///
/// # Errors
/// `E517` for a damaged file or a release that is too new, `E512` when it is too large, `E511` when it
/// has no rows.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> Result<Read> {
    let named = match options.encoding.as_deref() {
        None => None,
        Some(name) => Some(Encoding::for_label(name.trim().as_bytes()).ok_or_else(|| {
            Problem::new("E501", format!("\"{name}\" is no encoding that Attica knows"))
                .fix("use one of utf-8, gb18030, gbk, big5")
        })?),
    };
    let mut file = parse(bytes, named, options)?;
    let mut warnings = Vec::new();
    if named.is_none() && !file.unicode {
        // Windows-1252 maps every byte to a character and back, so the bytes can be had again.
        let raw = WINDOWS_1252.encode(&file.texts()).0.into_owned();
        let better = match std::str::from_utf8(&raw) {
            Ok(text) if text.is_ascii() => None,
            Ok(_) => Some(UTF_8),
            Err(_) => looks_like_gb(&raw).then_some(GB18030),
        };
        if let Some(encoding) = better {
            file = parse(bytes, Some(encoding), options)?;
            warnings.push(Warning::new(
                "W501",
                format!("this Stata file says no encoding; its texts were read as {}. If they look wrong, say encoding = \"...\"", encoding.name()),
                format!("该 Stata 文件未标明编码，按 {} 读取；若文字显示不正确，请设定 encoding = \"...\"", encoding.name()),
            ));
        }
    }
    warnings.extend(file.warnings());
    let format = format!("Stata (release {})", file.release);
    Ok(Read { frame: file.frame()?, format, warnings })
}

/// Days from 1960-01-01 to 1970-01-01.
const FROM_1960: i64 = 3653;

/// A variable with its cells.
struct Variable {
    name: String,
    label: String,
    format: String,
    value_label: String,
    cells: Cells,
}

enum Cells {
    Numbers { values: Vec<f64>, tagged: BTreeMap<String, usize> },
    Texts(Vec<String>),
    Long { keys: Vec<LongStringRef>, texts: Vec<String> },
}

struct File {
    release: String,
    unicode: bool,
    variables: Vec<Variable>,
    labels: ValueLabelTable,
}

fn failed(error: DtaError) -> Problem {
    if let DtaError::Format(format) = &error
        && let FormatErrorKind::UnsupportedRelease { release } = format.kind()
    {
        return Problem::new("E517", format!("this Stata file is of release {release}; releases 102 to 119 are read"))
            .fix("in Stata, save it with saveold, or export it as CSV");
    }
    broken("E517", "Stata file", error)
}

fn parse(bytes: &[u8], encoding: Option<&'static Encoding>, options: &ReadOptions) -> Result<File> {
    let reader = match encoding {
        Some(encoding) => DtaReader::new().encoding(encoding),
        None => DtaReader::new(),
    };
    let schema_reader = reader.from_reader(Cursor::new(bytes)).read_header().map_err(failed)?;
    let header = schema_reader.header().clone();
    let (rows, columns) = (header.observation_count(), header.variable_count() as usize);
    // Counts come from the file; memory is asked for only after they fit into it.
    if columns > options.limits.columns {
        return Err(too_large("columns", columns, options.limits.columns));
    }
    if rows.saturating_mul(columns as u64) > bytes.len() as u64 {
        return Err(broken(
            "E517",
            "Stata file",
            format!("it announces {rows} rows of {columns} variables and ends before"),
        ));
    }
    if rows as usize > options.limits.rows {
        return Err(too_large("rows", rows as usize, options.limits.rows));
    }
    let mut characteristics = schema_reader.read_schema().map_err(failed)?;
    characteristics.skip_to_end().map_err(failed)?;
    let mut records = characteristics.into_record_reader().map_err(failed)?;
    let mut variables: Vec<Variable> = records
        .schema()
        .variables()
        .iter()
        .map(|v| Variable {
            name: v.name().to_owned(),
            label: v.label().to_owned(),
            format: v.format().to_owned(),
            value_label: v.value_label_name().to_owned(),
            cells: match v.variable_type() {
                VariableType::FixedString(_) => Cells::Texts(Vec::new()),
                VariableType::LongString => Cells::Long { keys: Vec::new(), texts: Vec::new() },
                _ => Cells::Numbers { values: Vec::new(), tagged: BTreeMap::new() },
            },
        })
        .collect();
    while let Some(record) = records.read_record().map_err(failed)? {
        for (variable, value) in variables.iter_mut().zip(record.values()) {
            variable.cells.push(value);
        }
    }
    let mut long_strings = records.into_long_string_reader().map_err(failed)?;
    let text_encoding = long_strings.encoding();
    let mut table = LongStringTable::for_reading();
    long_strings.read_remaining_into(&mut table).map_err(failed)?;
    for variable in &mut variables {
        if let Cells::Long { keys, texts } = &mut variable.cells {
            *texts = keys
                .iter()
                .map(|key| {
                    table.get(key).and_then(|s| s.data_str(text_encoding).map(|t| t.trim_end_matches('\0').to_owned()))
                })
                .map(Option::unwrap_or_default)
                .collect();
        }
    }
    let mut labels = ValueLabelTable::new();
    long_strings.into_value_label_reader().map_err(failed)?.read_remaining_into(&mut labels).map_err(failed)?;
    let release = format!("{:?}", header.release());
    Ok(File {
        unicode: matches!(release.as_str(), "V118" | "V119"),
        release: release.trim_start_matches('V').to_owned(),
        variables,
        labels,
    })
}

impl Cells {
    fn push(&mut self, value: &Value<'_>) {
        match (self, value) {
            (Self::Texts(texts), Value::String(text)) => texts.push(text.trim_end().to_owned()),
            (Self::Long { keys, .. }, Value::LongStringRef(key)) => keys.push(*key),
            (Self::Numbers { values, tagged }, value) => {
                let number = number(value).unwrap_or_else(|missing| {
                    if missing != MissingValue::System {
                        *tagged.entry(missing.to_string()).or_insert(0) += 1;
                    }
                    f64::NAN
                });
                values.push(number);
            }
            // The type of each cell is that of its variable; the reader has no other way to cut rows.
            (Self::Texts(texts), _) => texts.push(String::new()),
            (Self::Long { .. }, _) => {}
        }
    }
}

fn number(value: &Value<'_>) -> std::result::Result<f64, MissingValue> {
    match value {
        Value::Byte(StataByte::Present(v)) => Ok(f64::from(*v)),
        Value::Int(StataInt::Present(v)) => Ok(f64::from(*v)),
        Value::Long(StataLong::Present(v)) => Ok(f64::from(*v)),
        Value::Float(StataFloat::Present(v)) => Ok(f64::from(*v)),
        Value::Double(StataDouble::Present(v)) => Ok(*v),
        Value::Byte(StataByte::Missing(m))
        | Value::Int(StataInt::Missing(m))
        | Value::Long(StataLong::Missing(m))
        | Value::Float(StataFloat::Missing(m))
        | Value::Double(StataDouble::Missing(m)) => Err(*m),
        Value::String(_) | Value::LongStringRef(_) => Err(MissingValue::System),
    }
}

impl File {
    /// All words of the file, for its encoding.
    fn texts(&self) -> String {
        let mut all = String::new();
        for variable in &self.variables {
            all.push_str(&variable.label);
            if let Cells::Texts(texts) | Cells::Long { texts, .. } = &variable.cells {
                texts.iter().filter(|text| !text.is_ascii()).take(10_000).for_each(|text| all.push_str(text));
            }
        }
        for set in self.labels.iter() {
            set.entries().iter().for_each(|entry| all.push_str(entry.label()));
        }
        all
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut out = Vec::new();
        let tagged: Vec<String> = self
            .variables
            .iter()
            .filter_map(|v| match &v.cells {
                Cells::Numbers { tagged, .. } if !tagged.is_empty() => {
                    let counts: Vec<String> = tagged.iter().map(|(tag, n)| format!("{tag} {n}")).collect();
                    Some(format!("{} ({})", v.name, counts.join(", ")))
                }
                _ => None,
            })
            .collect();
        if !tagged.is_empty() {
            out.push(Warning::new(
                "W518",
                format!("extended missing values became missing: {}", tagged.join("; ")),
                format!("扩展缺失值已作缺失处理：{}", tagged.join("；")),
            ));
        }
        let labelled: Vec<&str> = self
            .variables
            .iter()
            .filter(|v| matches!(v.cells, Cells::Numbers { .. }) && self.labels.get(&v.value_label).is_some())
            .map(|v| v.name.as_str())
            .collect();
        if !labelled.is_empty() {
            out.push(Warning::new(
                "W519",
                format!(
                    "columns with value labels stay numbers (their codes); the labels are kept beside them: {}",
                    labelled.join(", ")
                ),
                format!("带值标签的列仍按数值编码处理，标签另存：{}", labelled.join("、")),
            ));
        }
        out
    }

    fn frame(self) -> Result<Frame> {
        let labels = self.labels;
        let columns = self.variables.into_iter().map(|variable| {
            let mut column = match variable.cells {
                Cells::Numbers { values, .. } => dated(&variable.name, &variable.format, values),
                Cells::Texts(texts) | Cells::Long { texts, .. } => {
                    Column::text(&*variable.name, texts.iter().map(|text| (!text.trim().is_empty()).then_some(text)))
                }
            };
            column.label = (!variable.label.trim().is_empty()).then(|| Text::same(variable.label.trim()));
            if let Some(set) = labels.get(&variable.value_label) {
                column.value_labels =
                    set.entries().iter().map(|e| (f64::from(e.value()), e.label().to_owned())).collect();
                column.value_labels.sort_by(|a, b| a.0.total_cmp(&b.0));
            }
            column
        });
        let frame = Frame::new(columns.collect())?;
        if frame.rows() == 0 || frame.columns().is_empty() {
            return Err(
                Problem::new("E511", "the file has no rows").fix("check that the export of the table ended well")
            );
        }
        Ok(frame)
    }
}

/// Days, months and quarters since 1960 under a date format become texts that read as periods:
/// `2011-10-20`, `2011-10`, `2011Q4`. Years, weeks and half-years stay numbers.
fn dated(name: &str, format: &str, values: Vec<f64>) -> Column {
    let unit: fn(f64) -> String = match TemporalKind::from_format(format) {
        Some(TemporalKind::Date) => |d| date(d as i64 - FROM_1960),
        Some(TemporalKind::DateTime | TemporalKind::DateTimeLeap) => {
            |ms| date((ms / 86_400_000.0).floor() as i64 - FROM_1960)
        }
        Some(TemporalKind::Month) => {
            |m| format!("{:04}-{:02}", 1960 + (m as i64).div_euclid(12), (m as i64).rem_euclid(12) + 1)
        }
        Some(TemporalKind::Quarter) => {
            |q| format!("{:04}Q{}", 1960 + (q as i64).div_euclid(4), (q as i64).rem_euclid(4) + 1)
        }
        _ => return Column::number(name, values),
    };
    Column::text(name, values.iter().map(|&v| (!v.is_nan()).then(|| unit(v))))
}
