//! Workbooks, Stata, parquet and arrow files, made here by hand or by the crates' own writers.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use attica::frame::{Frame, Values};
use attica::message::Problem;
use attica_study::read::{Header, ReadOptions, Sheet, read_file, read_table};
use attica_study::results::Source;

fn read_as(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<(Frame, Source), Problem> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read_file(&path, options)
}

fn told(source: &Source, id: &str) -> String {
    let found: Vec<_> = source.warnings.iter().filter(|w| w.id == id).map(|w| w.text.en.clone()).collect();
    assert!(!found.is_empty(), "no {id} in {:?}", source.warnings);
    found.join("\n")
}

fn names(frame: &Frame) -> Vec<&str> {
    frame.columns().iter().map(|c| c.name.as_str()).collect()
}

fn shown(frame: &Frame, name: &str) -> Vec<String> {
    (0..frame.rows()).map(|r| frame.column(name).unwrap().display(r)).collect()
}

fn shared(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {file} is not here");
    None
}

/// A workbook of sheets: name, state (`""` or `state="hidden"`), rows in sheet XML.
fn workbook(sheets: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut part = |name: &str, text: &str| {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    };
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let (mut listed, mut related) = (String::new(), String::new());
    for (i, (name, state, rows)) in sheets.iter().enumerate() {
        let i = i + 1;
        listed += &format!(r#"<sheet name="{name}" sheetId="{i}" r:id="rId{i}" {state}/>"#);
        related +=
            &format!(r#"<Relationship Id="rId{i}" Type="{office}/worksheet" Target="worksheets/sheet{i}.xml"/>"#);
        part(
            &format!("xl/worksheets/sheet{i}.xml"),
            &format!(r#"<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#),
        );
    }
    part(
        "_rels/.rels",
        &format!(
            r#"<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        ),
    );
    part("[Content_Types].xml", &format!(r#"<Types xmlns="{package}/content-types"/>"#));
    part(
        "xl/workbook.xml",
        &format!(r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>"#),
    );
    part(
        "xl/_rels/workbook.xml.rels",
        &format!(r#"<Relationships xmlns="{package}/relationships">{related}</Relationships>"#),
    );
    part(
        "xl/styles.xml",
        &format!(
            r#"<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
        ),
    );
    zip.finish().unwrap().into_inner()
}

/// Rows of sheet XML: texts as they are, `=x` a number, `@x` a date by serial number, `#` an error.
fn rows(from: usize, rows: &[&[&str]]) -> String {
    let cell = |row: usize, column: usize, text: &str| {
        let at = format!("{}{row}", char::from(b'A' + column as u8));
        match (text.as_bytes().first(), text.get(1..)) {
            (None, _) => String::new(),
            (Some(b'='), Some(number)) => format!(r#"<c r="{at}"><v>{number}</v></c>"#),
            (Some(b'@'), Some(serial)) => format!(r#"<c r="{at}" s="1"><v>{serial}</v></c>"#),
            (Some(b'#'), _) => format!(r#"<c r="{at}" t="e"><v>#N/A</v></c>"#),
            _ => format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#),
        }
    };
    let line = |(i, cells): (usize, &&[&str])| {
        let row = from + i;
        let cells: String = cells.iter().enumerate().map(|(column, text)| cell(row, column, text)).collect();
        format!(r#"<row r="{row}">{cells}</row>"#)
    };
    rows.iter().enumerate().map(line).collect()
}

#[test]
fn a_sheet_reads_like_a_table_and_what_was_odd_is_told() {
    let sheet = rows(
        2,
        &[
            &["2010年各市经济", "", "", "", ""],
            &["city", "code", "gdp", "date", "x"],
            &["北京市", "110000", "=14113.58", "@40836", "=1"],
            &["天津市", "=120000", "#", "@40837.5", "=2"],
            &["", "", "", "", ""],
            &["合 计", "", "=14113.58", "", ""],
            &["数据来源：统计年鉴", "", "", "", ""],
        ],
    );
    let (frame, source) = read_as("a.xlsx", &workbook(&[("数据", "", &sheet)]), &ReadOptions::default()).unwrap();
    assert_eq!(names(&frame), ["city", "code", "gdp", "date", "x"]);
    assert_eq!(shown(&frame, "city"), ["北京市", "天津市"]);
    assert_eq!(frame.numbers("code").unwrap(), [110000.0, 120000.0]);
    assert_eq!(shown(&frame, "gdp"), ["14113.58", ""]);
    assert_eq!(shown(&frame, "date"), ["2011-10-20", "2011-10-21T12:00:00"]);
    assert!(source.format.contains("xlsx") && source.format.contains("数据"));
    let left_out = told(&source, "W514");
    for fact in [
        "1 rows above the header",
        "2010年各市经济",
        "1 rows are totals",
        "line 7",
        "1 rows are notes",
        "1 rows are empty",
    ] {
        assert!(left_out.contains(fact), "{fact} in {left_out}");
    }
    let odd = told(&source, "W515");
    assert!(odd.contains("2 date cells") && odd.contains("1 error cells") && odd.contains("columns B (1)"), "{odd}");
    assert!(told(&source, "W303").contains("gdp (\"#N/A\" 1)"));
}

#[test]
fn headers_over_several_rows_are_joined_and_may_be_said() {
    let sheet = rows(1, &[&["city", "gdp", "", "pop"], &["", "=2009", "=2010", "=2010"], &["A", "=11", "=12", "=13"]]);
    let book = workbook(&[("s", "", &sheet)]);
    let (frame, source) = read_as("a.xlsx", &book, &ReadOptions::default()).unwrap();
    assert_eq!(names(&frame), ["city", "gdp_2009", "gdp_2010", "pop_2010"]);
    assert!(told(&source, "W514").contains("rows 1 to 2"));
    let options = ReadOptions { header: Some(Header::Row(2)), ..Default::default() };
    let (frame, _) = read_as("a.xlsx", &book, &options).unwrap();
    assert_eq!(names(&frame), ["column_1", "2009", "2010", "2010_2"]);
    assert_eq!(frame.rows(), 1);
}

#[test]
fn w516_sheets_are_chosen_by_name_or_number_and_others_told() {
    let table = |x: &str| rows(1, &[&["a", "b"], &[x, "=1"]]);
    let (one, two, three) = (table("=1"), table("=2"), table("=3"));
    let book =
        workbook(&[("empty", "", ""), ("one", "", &one), ("two", "", &two), ("old", r#"state="hidden""#, &three)]);
    let (frame, source) = read_as("a.xlsx", &book, &ReadOptions::default()).unwrap();
    assert_eq!(frame.numbers("a").unwrap(), [1.0]);
    let said = told(&source, "W516");
    assert!(said.contains("\"two\"") && said.contains("\"old\" (hidden)") && said.contains("sheet ="), "{said}");
    for (sheet, value) in [(Sheet::Name("two".into()), 2.0), (Sheet::Number(3), 2.0), (Sheet::Name("old".into()), 3.0)]
    {
        let options = ReadOptions { sheet: Some(sheet), ..Default::default() };
        let (frame, source) = read_as("a.xlsx", &book, &options).unwrap();
        assert_eq!(frame.numbers("a").unwrap(), [value]);
        assert!(source.warnings.is_empty(), "{:?}", source.warnings);
    }
    let options = ReadOptions { sheet: Some(Sheet::Name("three".into())), ..Default::default() };
    let found = read_as("a.xlsx", &book, &options).unwrap_err();
    assert_eq!(found.id, "E603");
    assert!(found.fix.unwrap().contains("\"two\""));
}

#[test]
fn e511_e512_and_e513_stop_bad_workbooks() {
    let header = rows(1, &[&["a", "b"]]);
    assert_eq!(read_as("a.xlsx", &workbook(&[("s", "", &header)]), &ReadOptions::default()).unwrap_err().id, "E511");
    // Two cells at opposite corners of a sheet: 17 thousand million cells.
    let far = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
    let found = read_as("a.xlsx", &workbook(&[("s", "", far)]), &ReadOptions::default()).unwrap_err();
    assert_eq!(found.id, "E512");
    assert!(found.message.contains("17179869184"), "{found}");
    // 200 MB of blanks in a small file.
    let mut bomb = zip::ZipWriter::new(Cursor::new(Vec::new()));
    bomb.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
    (0..200).for_each(|_| bomb.write_all(&vec![b' '; 1 << 20]).unwrap());
    let bomb = bomb.finish().unwrap().into_inner();
    let found = read_as("a.xlsx", &bomb, &ReadOptions::default()).unwrap_err();
    assert!(found.id == "E513" && found.message.contains("unpack"), "{found}");

    let book = workbook(&[("s", "", &header)]);
    let found = read_as("a.xls", &book, &ReadOptions::default()).unwrap_err();
    assert!(found.id == "E513" && found.message.contains(".xls,") && found.message.contains("zip"), "{found}");
    let found = read_as("a.xlsx", b"a,b\n1,2\n", &ReadOptions::default()).unwrap_err();
    assert!(found.id == "E513" && found.fix.unwrap().contains("extension"));
    let mut encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    encrypted.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    let found = read_as("a.xlsx", &encrypted, &ReadOptions::default()).unwrap_err();
    assert!(found.id == "E513" && found.message.contains("encrypted") && found.fix.unwrap().contains("password"));
}

#[test]
fn real_yearbooks_of_cities_read_with_their_two_row_headers() {
    for (file, count) in
        [("Data_2006", 286), ("Data_2009", 287), ("Data_2013", 286), ("Data_2015", 286), ("Data_2017", 286)]
    {
        let Some(path) = shared(&format!("more/cn_yearbook_crh/{file}.xlsx")) else { return };
        let (frame, source) = read_file(&path, &ReadOptions::default()).unwrap();
        let city = &frame.columns()[0];
        // Formulas drawn down too far leave rows of zeros without a city below some of the tables.
        assert_eq!((0..frame.rows()).filter(|&row| !city.is_missing(row)).count(), count, "{file}");
        assert_eq!(city.display(0), "北京市", "{file}");
        assert!((0..frame.rows()).all(|row| !city.display(row).contains("合计")));
        let numbers = frame.columns().iter().filter(|c| matches!(c.values, Values::Number(_))).count();
        assert!(numbers * 10 >= frame.columns().len() * 8, "{file}: {numbers} {:?}", source.warnings);
    }
    // The published extract of these workbooks holds the same cells.
    let Some(path) = shared("more/cn_yearbook_crh/Data_2006.xlsx") else { return };
    let (book, source) = read_file(&path, &ReadOptions::default()).unwrap();
    let extract = shared("more/cn_yearbook_crh/city_population_employment_2006_2017.csv").unwrap();
    let (extract, _) = read_file(&extract, &ReadOptions::default()).unwrap();
    let years = extract.numbers("year").unwrap();
    let population = extract.numbers("pop_10k").unwrap();
    let of_2006: Vec<f64> = (0..extract.rows()).filter(|&r| years[r] == 2006.0).map(|r| population[r]).collect();
    let from_book = book.numbers("年末总人口(万人)_全市").unwrap();
    let equal = of_2006.iter().zip(from_book).filter(|(a, b)| a == b || (a.is_nan() && b.is_nan())).count();
    assert_eq!(equal, of_2006.len());
    // 0．O9, typed with a letter O.
    assert!(told(&source, "W301").contains("0．O9"));
}

mod stata {
    use super::*;
    use dta::stata::dta::byte_order::ByteOrder;
    use dta::stata::dta::dta_writer::DtaWriter;
    use dta::stata::dta::header::Header;
    use dta::stata::dta::release::Release;
    use dta::stata::dta::schema::Schema;
    use dta::stata::dta::value::Value;
    use dta::stata::dta::variable::Variable;
    use dta::stata::dta::variable_type::VariableType;
    use dta::stata::missing_value::MissingValue;
    use dta::stata::stata_byte::StataByte;
    use dta::stata::stata_double::StataDouble;
    use dta::stata::stata_long::StataLong;

    fn file(release: Release, city: &str) -> Vec<u8> {
        let schema = Schema::builder()
            .add_variable(Variable::builder(VariableType::FixedString(20), "city").format("%20s"))
            .add_variable(
                Variable::builder(VariableType::Byte, "region").format("%8.0g").label("Region").value_label_name("reg"),
            )
            .add_variable(Variable::builder(VariableType::Double, "gdp").format("%10.0g"))
            .add_variable(Variable::builder(VariableType::Long, "day").format("%td"))
            .add_variable(Variable::builder(VariableType::Long, "quarter").format("%tq"))
            .add_variable(Variable::builder(VariableType::Long, "month").format("%tm"))
            .build()
            .unwrap();
        let mut writer = DtaWriter::new();
        if release < Release::V118 {
            writer = writer.encoding(encoding_rs::GB18030);
        }
        let mut records = writer
            .from_writer(Cursor::new(Vec::new()))
            .write_header(Header::builder(release, ByteOrder::LittleEndian).build())
            .unwrap()
            .write_schema(schema)
            .unwrap()
            .into_record_writer()
            .unwrap();
        let long = |v| Value::Long(StataLong::Present(v));
        for (gdp, region) in [
            (StataDouble::Present(1.5), StataByte::Present(1)),
            (StataDouble::Missing(MissingValue::A), StataByte::Present(2)),
            (StataDouble::Missing(MissingValue::System), StataByte::Missing(MissingValue::System)),
        ] {
            records
                .write_record(&[
                    Value::string(city),
                    Value::Byte(region),
                    Value::Double(gdp),
                    long(18_920),
                    long(207),
                    long(621),
                ])
                .unwrap();
        }
        let labels = records.into_long_string_writer().unwrap().into_value_label_writer().unwrap();
        let mut bytes = labels.finish().unwrap().into_inner();
        if release < Release::V117 {
            bytes.extend(value_labels());
        }
        bytes
    }

    /// The value label `reg`, 2 = west and 1 = east, as releases before 117 end: length, name, then
    /// counts, offsets, values and texts.
    fn value_labels() -> Vec<u8> {
        let mut name = b"reg".to_vec();
        name.resize(33 + 3, 0);
        let table: Vec<u8> =
            [2_i32, 10, 0, 5, 2, 1].iter().flat_map(|v| v.to_le_bytes()).chain(*b"west\0east\0").collect();
        [(table.len() as i32).to_le_bytes().to_vec(), name, table].concat()
    }

    #[test]
    fn labels_missings_and_dates_come_along() {
        let (frame, source) = read_as("a.dta", &file(Release::V118, "乌鲁木齐市"), &ReadOptions::default()).unwrap();
        assert_eq!(shown(&frame, "city"), ["乌鲁木齐市"; 3]);
        assert!(source.format.contains("118"));
        let (frame, source) = read_as("a.dta", &file(Release::V114, "乌鲁木齐市"), &ReadOptions::default()).unwrap();
        assert_eq!(shown(&frame, "city"), ["乌鲁木齐市"; 3]);
        let region = frame.column("region").unwrap();
        assert_eq!(region.label.as_ref().unwrap().en, "Region");
        assert_eq!(region.value_labels, [(1.0, "east".to_owned()), (2.0, "west".to_owned())]);
        assert_eq!(shown(&frame, "gdp"), ["1.5", "", ""]);
        // di %td 18920, %tq 207, %tm 621 in Stata: 20oct2011, 2011q4, 2011m10.
        assert_eq!((shown(&frame, "day")[0].as_str(), shown(&frame, "quarter")[0].as_str()), ("2011-10-20", "2011Q4"));
        assert_eq!(shown(&frame, "month")[0], "2011-10");
        assert!(told(&source, "W518").contains("gdp (.a 1)"));
        assert!(told(&source, "W519").contains("region"));
    }

    #[test]
    fn old_files_in_gbk_are_found_and_told() {
        let (frame, source) = read_as("a.dta", &file(Release::V114, "乌鲁木齐市"), &ReadOptions::default()).unwrap();
        assert_eq!(shown(&frame, "city")[0], "乌鲁木齐市");
        assert!(told(&source, "W501").to_lowercase().contains("gb18030"));
        let (_, source) = read_as("a.dta", &file(Release::V114, "Beijing"), &ReadOptions::default()).unwrap();
        assert!(source.warnings.iter().all(|w| w.id != "W501"));
    }

    #[test]
    fn e517_damaged_and_hostile_files_stop() {
        let whole = file(Release::V114, "a");
        for bytes in [&whole[..whole.len() / 2], &b"no stata file"[..], &[120, 1, 1, 0][..]] {
            let found = read_as("a.dta", bytes, &ReadOptions::default()).unwrap_err();
            assert_eq!(found.id, "E517", "{found}");
            assert!(found.fix.is_some());
        }
        // Every byte of the header and the schema, flipped: a problem or a table, never a panic.
        for at in 0..whole.len().min(700) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            if let Err(found) = read_as("a.dta", &bytes, &ReadOptions::default()) {
                assert!(["E517", "E512", "E511", "E507", "E513"].contains(&found.id.as_str()), "{at}: {found}");
            }
        }
    }

    #[test]
    fn a_real_stata_file_has_the_numbers_of_its_csv() {
        let Some(path) = shared("more/ehec_medicaid/ehec_data.dta") else { return };
        let (frame, source) = read_file(&path, &ReadOptions::default()).unwrap();
        let csv = shared("more/ehec_medicaid/ehec_medicaid.csv").unwrap();
        let (csv, _) = read_file(&csv, &ReadOptions::default()).unwrap();
        assert_eq!((frame.rows(), names(&frame)), (552, names(&csv)));
        for name in ["dins", "yexp2", "W"] {
            let (a, b) = (frame.numbers(name).unwrap(), csv.numbers(name).unwrap());
            assert!(
                a.iter().zip(b).all(|(a, b)| (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-7 * b.abs()),
                "{name}"
            );
        }
        assert_eq!(frame.column("yexp2").unwrap().label.as_ref().unwrap().en, "Year of Medicaid Expansion");
        told(&source, "W519");
        assert!(frame.column("stfips").unwrap().value_labels.contains(&(1.0, "alabama".to_owned())));
    }
}

#[cfg(feature = "parquet")]
mod columnar {
    use super::*;
    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{
        ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array, ListArray, RecordBatch,
        StringArray, UInt64Array,
    };
    use arrow_schema::{DataType, Field, Schema};

    fn batch() -> RecordBatch {
        let city: DictionaryArray<Int32Type> = [Some("A"), None, Some("B")].into_iter().collect();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("city", Arc::new(city)),
            ("name", Arc::new(StringArray::from(vec![Some("x"), Some(" "), Some("z")]))),
            ("year", Arc::new(Int64Array::from(vec![2009, 2010, 2011]))),
            ("id", Arc::new(UInt64Array::from(vec![9_007_199_254_740_993, 1, 2]))),
            ("gdp", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(f64::NAN)]))),
            ("treated", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
            ("day", Arc::new(Date32Array::from(vec![Some(15_267), None, Some(0)]))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    fn parquet(batch: &RecordBatch) -> Vec<u8> {
        let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.into_inner().unwrap()
    }

    fn arrow(batch: &RecordBatch) -> Vec<u8> {
        let mut writer = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.into_inner().unwrap()
    }

    fn nested() -> RecordBatch {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)]), None]);
        let field = Field::new("lists", lists.data_type().clone(), true);
        let schema = Schema::new(vec![Field::new("a", DataType::Int64, false), field]);
        let a: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        RecordBatch::try_new(Arc::new(schema), vec![a, Arc::new(lists)]).unwrap()
    }

    use arrow_array::Array;

    #[test]
    fn types_become_numbers_and_texts() {
        for (name, bytes) in
            [("a.parquet", parquet(&batch())), ("a.arrow", arrow(&batch())), ("a.feather", arrow(&batch()))]
        {
            let (frame, source) = read_as(name, &bytes, &ReadOptions::default()).unwrap();
            assert_eq!(shown(&frame, "city"), ["A", "", "B"], "{name}");
            assert_eq!(shown(&frame, "name"), ["x", "", "z"]);
            assert_eq!(frame.numbers("year").unwrap(), [2009.0, 2010.0, 2011.0]);
            assert_eq!(shown(&frame, "gdp"), ["1.5", "", ""]);
            assert_eq!(shown(&frame, "treated"), ["1", "0", ""]);
            assert_eq!(shown(&frame, "day"), ["2011-10-20", "", "1970-01-01"]);
            assert_eq!(shown(&frame, "id"), ["9007199254740993", "1", "2"]);
            assert!(told(&source, "E110").contains("9007199254740993"));
            told(&source, "W315");
        }
    }

    #[test]
    fn e520_nested_columns_stop_unless_left_out() {
        for (name, bytes) in [("a.parquet", parquet(&nested())), ("a.arrow", arrow(&nested()))] {
            let found = read_as(name, &bytes, &ReadOptions::default()).unwrap_err();
            assert_eq!((found.id.as_str(), found.place.column.as_deref()), ("E520", Some("lists")));
            assert!(found.fix.unwrap().contains("columns = "));
            let options = ReadOptions { columns: vec!["a".into()], ..Default::default() };
            assert_eq!(read_as(name, &bytes, &options).unwrap().0.rows(), 2);
        }
    }

    #[test]
    fn of_a_parquet_file_only_what_is_used_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let using = |names: &[&str]| {
            let used = names.iter().map(|&name| name.to_owned()).collect();
            ReadOptions { used, ..ReadOptions::default() }
        };
        let path = write("a.parquet", &parquet(&batch()));
        let (all, told) = read_table(&path, &ReadOptions::default()).unwrap();
        let (whole, source) = read_file(&path, &ReadOptions::default()).unwrap();
        // As text, because a missing number equals none.
        assert_eq!(format!("{:?} {told:?}", all.columns()), format!("{:?} {:?}", whole.columns(), source.warnings));
        let (frame, told) = read_table(&path, &using(&["year", "city", "year"])).unwrap();
        let names: Vec<&str> = frame.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!((names.as_slice(), told.len()), (&["city", "year"][..], 0));
        assert_eq!(frame.column("city").unwrap(), whole.column("city").unwrap());
        // A word that is no column may be one by another spelling: then the message has to list them all.
        assert_eq!(read_table(&path, &using(&["year", "City"])).unwrap().0.columns().len(), 7);
        let lists = write("lists.parquet", &parquet(&nested()));
        assert_eq!(read_table(&lists, &using(&["a"])).unwrap().0.rows(), 2);
        assert_eq!(read_table(&lists, &ReadOptions::default()).unwrap_err().id, "E520");
        for (bytes, id) in [(&b""[..], "E511"), (b"PAR1 no more", "E520"), (b"a,b\n1,2\n", "E513")] {
            let found = read_table(&write("bad.parquet", bytes), &using(&["a"])).unwrap_err();
            assert_eq!(found.id, id);
            assert!(found.place.file.unwrap().ends_with("bad.parquet"));
        }
    }

    #[test]
    fn hostile_bytes_stop() {
        for (name, whole) in [("a.parquet", parquet(&batch())), ("a.arrow", arrow(&batch()))] {
            assert_eq!(read_as(name, &whole[..whole.len() / 2], &ReadOptions::default()).unwrap_err().id, "E520");
            for at in (4..whole.len()).step_by(7) {
                let mut bytes = whole.clone();
                bytes[at] ^= 0x55;
                if let Err(found) = read_as(name, &bytes, &ReadOptions::default()) {
                    assert!(
                        ["E520", "E511", "E512", "E507", "E504"].contains(&found.id.as_str()),
                        "{name} {at}: {found}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_real_parquet_file_reads() {
        let Some(path) = shared("more/staggered_pj_officers/staggered_pj_officers.parquet") else { return };
        let (frame, source) = read_file(&path, &ReadOptions::default()).unwrap();
        assert_eq!((source.rows, source.columns), (560_520, 12));
        assert_eq!(frame.column("month").unwrap().display(0), "2011-01-01");
        assert!(matches!(frame.column("period").unwrap().values, Values::Number(_)));
    }
}

#[test]
fn hostile_workbooks_stop() {
    let sheet = rows(1, &[&["a", "b"], &["x", "=1"]]);
    let whole = workbook(&[("s", "", &sheet)]);
    for at in (0..whole.len()).step_by(11) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        if let Err(found) = read_as("a.xlsx", &bytes, &ReadOptions::default()) {
            assert!(["E513", "E511", "E512", "E603"].contains(&found.id.as_str()), "{at}: {found}");
        }
    }
    let mut ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    ole.extend([0xff; 600]);
    assert_eq!(read_as("a.xls", &ole, &ReadOptions::default()).unwrap_err().id, "E513");
    assert_eq!(read_as("a.ods", b"PK\x03\x04no more", &ReadOptions::default()).unwrap_err().id, "E513");
}
