//! Delimited text: one test per thing that can be wrong with a file, and the real files.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use attica::frame::{Frame, Values};
use attica::message::Problem;
use attica_study::read::{Header, Missing, Parse, ReadOptions, Word, read_file};
use attica_study::results::Source;

/// Writes `bytes` as a file of that name and reads it.
fn read_with(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<(Frame, Source), Problem> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read_file(&path, options)
}

fn read(text: &str) -> (Frame, Source) {
    read_with("data.csv", text.as_bytes(), &ReadOptions::default()).unwrap()
}

fn problem(bytes: &[u8]) -> Problem {
    read_with("data.csv", bytes, &ReadOptions::default()).unwrap_err()
}

fn told(source: &Source, id: &str) -> String {
    let found: Vec<_> = source.warnings.iter().filter(|w| w.id == id).map(|w| w.text.en.clone()).collect();
    assert!(!found.is_empty(), "no {id} in {:?}", source.warnings);
    assert!(source.warnings.iter().all(|w| !w.text.zh.is_empty()));
    found.join("\n")
}

fn numbers(frame: &Frame, name: &str) -> Vec<Option<f64>> {
    frame.numbers(name).unwrap().iter().map(|v| (!v.is_nan()).then_some(*v)).collect()
}

fn is_text(frame: &Frame, name: &str) -> bool {
    matches!(frame.column(name).unwrap().values, Values::Text { .. })
}

#[test]
fn a_plain_table_gives_numbers_and_text() {
    let (frame, source) = read("city,year,gdp\n北京市,2010.0,14113.58\n上海市,2010.0,17165.98\n");
    assert_eq!(numbers(&frame, "year"), [Some(2010.0), Some(2010.0)]);
    assert_eq!(numbers(&frame, "gdp"), [Some(14113.58), Some(17165.98)]);
    assert_eq!(frame.column("city").unwrap().display(1), "上海市");
    assert_eq!((source.rows, source.columns), (2, 3));
    assert!(source.format.contains("UTF-8") && source.format.contains("\",\""), "{}", source.format);
    assert!(source.warnings.is_empty(), "{:?}", source.warnings);
}

#[test]
fn the_source_carries_the_hash_of_the_bytes() {
    let (_, source) = read("abc\n1\n");
    // sha256sum of these six bytes.
    assert_eq!(source.sha256, "5cb310b6f87a23bce211e77652daf4e4931a010ffbca35148659961a9207e0fb");
}

#[test]
fn encodings_are_found_and_told() {
    let text = "城市,年份\n北京市,2010\n乌鲁木齐市,2011\n";
    let gb = encoding_rs::GB18030.encode(text).0.into_owned();
    let (frame, source) = read_with("a.csv", &gb, &ReadOptions::default()).unwrap();
    assert_eq!(frame.column("城市").unwrap().display(1), "乌鲁木齐市");
    assert!(told(&source, "W501").contains("GB18030"));

    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let (frame, source) = read_with("a.csv", &marked, &ReadOptions::default()).unwrap();
    assert_eq!(frame.columns()[0].name, "城市");
    told(&source, "W502");

    for (little, mark) in [(true, true), (false, true), (true, false), (false, false)] {
        let ascii = "city,year,gdp\nBeijing,2010,1.5\nShanghai,2011,2.5\n";
        let text = format!("{}{ascii}", if mark { "\u{feff}" } else { "" });
        let bytes: Vec<u8> =
            text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect();
        let (frame, source) = read_with("a.csv", &bytes, &ReadOptions::default()).unwrap();
        assert_eq!(numbers(&frame, "gdp"), [Some(1.5), Some(2.5)]);
        assert!(source.format.contains(if little { "UTF-16LE" } else { "UTF-16BE" }));
    }
}

#[test]
fn e501_other_encodings_are_refused_with_previews_and_read_when_named() {
    let text = "城市,年份\n臺北市,2010\n桃園縣,2011\n";
    let big5 = encoding_rs::BIG5.encode(text).0.into_owned();
    let found = problem(&big5);
    assert_eq!(found.id, "E501");
    assert!(found.message.contains("big5") && found.message.contains("gb18030"), "{found}");
    assert!(found.fix.unwrap().contains("encoding"));
    assert_eq!(found.place.line, Some(1));
    let options = ReadOptions { encoding: Some("big5".into()), ..Default::default() };
    let (frame, _) = read_with("a.csv", &big5, &options).unwrap();
    assert_eq!(frame.column("城市").unwrap().display(0), "臺北市");

    let latin = b"city,x\nMontr\xe9al,1\nQu\xe9bec,2\n";
    let found = problem(latin);
    assert_eq!((found.id.as_str(), found.place.line), ("E501", Some(2)));
    assert!(found.message.contains("Montréal"), "{found}");
    assert_eq!(problem(b"a,b\n\0\0,\x01\n").id, "E501");
}

#[test]
fn delimiters_are_found() {
    for (delimiter, shown) in [(",", "\",\""), (";", "\";\""), ("\t", "tab"), ("|", "\"|\""), ("，", "\"，\"")] {
        let text = format!("a{delimiter}b{delimiter}c\n1{delimiter}2.5{delimiter}x\n3{delimiter}4.5{delimiter}y\n");
        let (frame, source) = read(&text);
        assert_eq!(numbers(&frame, "b"), [Some(2.5), Some(4.5)], "{delimiter}");
        assert!(source.format.contains(shown), "{}", source.format);
    }
    let (frame, _) = read("名称，说明\n甲，\"一，二\"\n");
    assert_eq!(frame.column("说明").unwrap().display(0), "一，二");
}

#[test]
fn w509_two_delimiters_that_both_fit_are_told() {
    let (_, source) = read("a;b,c;d\n1;2,3;4\n");
    let said = told(&source, "W509");
    assert!(said.contains("\";\"") && said.contains("\",\"") && said.contains("delimiter ="), "{said}");
}

#[test]
fn w510_decimal_commas_are_read_where_they_can_be_nothing_else() {
    let (frame, source) = read("city;gdp;pop\nA;1,5;1.234,5\nB;22,75;10\n");
    assert_eq!(numbers(&frame, "gdp"), [Some(1.5), Some(22.75)]);
    assert_eq!(numbers(&frame, "pop"), [Some(1234.5), Some(10.0)]);
    assert!(told(&source, "W510").contains("gdp"));
    // 1,234 may be one thousand or one and a bit: no guess.
    let (frame, source) = read("city;gdp\nA;1,234\nB;2,500\n");
    assert!(is_text(&frame, "gdp"));
    assert!(told(&source, "W301").contains("thousands"));
}

#[test]
fn line_ends_and_quoted_newlines_are_one_matter() {
    for end in ["\n", "\r\n", "\r"] {
        let (frame, _) = read(&["a,b", "1,\"x", "y\"", "2,z", ""].join(end));
        assert_eq!(frame.rows(), 2, "{end:?}");
        assert_eq!(frame.column("b").unwrap().display(0), format!("x{end}y"));
    }
}

#[test]
fn e504_ragged_rows_are_named_by_line() {
    for end in ["\n", "\r\n", "\r"] {
        let found = problem(["a,b,c", "1,\"2", "2\",3", "4,5", "6,7,8", "1,2,3,4", ""].join(end).as_bytes());
        assert_eq!(found.id, "E504");
        assert!(found.message.contains("line 4 has 2") && found.message.contains("line 6 has 4"), "{found}");
        assert!(found.message.contains("2 rows") && found.fix.is_some());
        assert_eq!(found.place.line, Some(4));
        assert!(found.place.file.unwrap().ends_with("data.csv"));
    }
}

#[test]
fn e506_an_unclosed_quote_is_named_by_the_line_of_opening() {
    let found = problem(b"a,b\n1,\"ok \"\"x\"\"\"\n2,\"never closed\n3,4\n5,6\n");
    assert_eq!((found.id.as_str(), found.place.line), ("E506", Some(3)));
    assert!(found.message.contains("line 3") && found.fix.unwrap().contains("quote"));
    // A quote inside an unquoted cell is a letter.
    let (frame, _) = read("a,b\n5\" pipe,1\n");
    assert_eq!(frame.column("a").unwrap().display(0), "5\" pipe");
}

#[test]
fn w507_double_and_empty_headers_are_renamed() {
    let (frame, source) = read("x,x,,y\n1,2,3,4\n");
    assert_eq!(frame.columns().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["x", "x_2", "column_3", "y"]);
    let said = told(&source, "W507");
    assert!(said.contains("column 2 \"x\" is now \"x_2\"") && said.contains("column_3"), "{said}");
}

#[test]
fn e511_empty_and_header_only_files_stop() {
    for bytes in [&b""[..], b"  \n\n", b"a,b,c\n", b"a,b\n,\n"] {
        let found = problem(bytes);
        assert_eq!(found.id, "E511", "{bytes:?}");
        assert!(found.fix.is_some());
    }
}

#[test]
fn e512_limits_stop() {
    let mut options = ReadOptions::default();
    options.limits.rows = 2;
    let found = read_with("a.csv", b"a\n1\n2\n3\n", &options).unwrap_err();
    assert_eq!(found.id, "E512");
    assert!(found.message.contains("rows") && found.message.contains('2'));
    let mut options = ReadOptions::default();
    options.limits.cell = 5;
    let found = read_with("a.csv", b"a,b\n1,2\nxxxxxxxxxx,2\n", &options).unwrap_err();
    assert_eq!((found.id.as_str(), found.place.line), ("E512", Some(3)));
    let mut options = ReadOptions::default();
    options.limits.columns = 2;
    assert_eq!(read_with("a.csv", b"a,b,c\n1,2,3\n", &options).unwrap_err().id, "E512");
    let mut options = ReadOptions::default();
    options.limits.bytes = 3;
    assert_eq!(read_with("a.csv", b"a,b,c\n1,2,3\n", &options).unwrap_err().id, "E512");
}

#[test]
fn e513_a_workbook_named_csv_stops() {
    let found = problem(b"PK\x03\x04rest");
    assert_eq!(found.id, "E513");
    assert!(found.message.contains("workbook"), "{found}");
    assert_eq!(read_with("a.sav", b"x", &ReadOptions::default()).unwrap_err().id, "E513");
}

#[test]
fn e521_paths_must_be_files_inside_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("in");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(folder.path().join("out.csv"), "a\n1\n").unwrap();
    let open = ReadOptions::default();
    let confined = ReadOptions { confine: Some(inside.clone()), ..Default::default() };
    let id = |path: &Path, options: &ReadOptions| read_file(path, options).unwrap_err().id;
    assert_eq!(id(&inside, &open), "E521");
    assert_eq!(id(&inside.join("absent.csv"), &open), "E521");
    assert_eq!(id(Path::new("/dev/null"), &open), "E521");
    assert_eq!(id(&inside.join("../out.csv"), &confined), "E521");
    assert!(read_file(&inside.join("../out.csv"), &open).is_ok());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("out.csv"), inside.join("link.csv")).unwrap();
        assert_eq!(id(&inside.join("link.csv"), &confined), "E521");
        assert!(read_file(&inside.join("link.csv"), &open).is_ok());
    }
}

#[test]
fn w303_words_for_missing_are_counted_by_column() {
    let (frame, source) = read("a,b,c\n1,NA,x\n—,2,NA\n无,.,无\n,3,—\n");
    assert_eq!(numbers(&frame, "a"), [Some(1.0), None, None, None]);
    assert_eq!(numbers(&frame, "b"), [None, Some(2.0), None, Some(3.0)]);
    let c = frame.column("c").unwrap();
    assert_eq!((0..4).map(|r| c.display(r)).collect::<Vec<_>>(), ["x", "", "无", "—"]);
    let said = told(&source, "W303");
    assert!(said.contains("a (blank 1, \"—\" 1, \"无\" 1)") && said.contains("b (\".\" 1, \"NA\" 1)"), "{said}");
    assert!(said.contains("c (\"NA\" 1)"), "{said}");
}

#[test]
fn w303_sentinels_are_told_and_kept() {
    let (frame, source) = read("x,y,z\n1,2,-99\n-99,3,-5\n4,9999,-1\n5,9999,0\n");
    assert_eq!(numbers(&frame, "x")[1], Some(-99.0));
    let said = told(&source, "W303");
    assert!(said.contains("x (-99 in 1 cells)") && said.contains("y (9999 in 2 cells)"), "{said}");
    assert!(!said.contains("z ("), "{said}");
    let by_column = BTreeMap::from([("x".to_owned(), vec![Word::Number(-99.0)])]);
    let options = ReadOptions { missing: Missing::ByColumn(by_column), ..Default::default() };
    let (frame, _) = read_with("a.csv", b"x,y\n1,-99\n-99.0,3\n", &options).unwrap();
    assert_eq!(numbers(&frame, "x"), [Some(1.0), None]);
    assert_eq!(numbers(&frame, "y"), [Some(-99.0), Some(3.0)]);
}

#[test]
fn w301_mixed_columns_stay_text_and_the_rule_that_reads_them_is_named() {
    for (cells, rule, value) in [
        (["1,234.5", "12", "1，000"], Parse::Thousands, 1234.5),
        (["12%", "3.5%", "0"], Parse::Percent, 0.12),
        (["1.2万", "3亿", "800"], Parse::Units, 12_000.0),
        (["1,5", "2,25", "3"], Parse::DecimalComma, 1.5),
        (["2010年", "2011年", "2012"], Parse::Year, 2010.0),
    ] {
        let text = format!("id,gdp\na,\"{}\"\nb,\"{}\"\nc,\"{}\"\n", cells[0], cells[1], cells[2]);
        let (frame, source) = read(&text);
        assert!(is_text(&frame, "gdp"));
        let said = told(&source, "W301");
        assert!(said.contains(cells[0]) && said.contains(&format!("gdp = \"{}\"", rule.word())), "{said}");
        let found = frame.numbers("gdp").unwrap_err();
        assert_eq!(found.id, "E301");
        let options = ReadOptions { parse: BTreeMap::from([("gdp".into(), rule)]), ..Default::default() };
        let (frame, _) = read_with("a.csv", text.as_bytes(), &options).unwrap();
        assert_eq!(frame.numbers("gdp").unwrap()[0], value);
    }
    let (frame, source) = read("id,x\n1,2\n2,3\n3,见注\n");
    assert!(is_text(&frame, "x"));
    let said = told(&source, "W301");
    assert!(said.contains("见注") && said.contains("number_or_missing"), "{said}");
    let options = ReadOptions { parse: BTreeMap::from([("x".into(), Parse::NumberOrMissing)]), ..Default::default() };
    let (frame, source) = read_with("a.csv", "x\n2\n见注\n".as_bytes(), &options).unwrap();
    assert_eq!(numbers(&frame, "x"), [Some(2.0), None]);
    assert!(told(&source, "W303").contains("见注"));
}

#[test]
fn e301_a_rule_that_a_cell_does_not_follow_stops_with_its_line() {
    let options = ReadOptions { parse: BTreeMap::from([("gdp".into(), Parse::Thousands)]), ..Default::default() };
    let found = read_with("a.csv", b"id,gdp\n1,\"1,234\"\n2,\"1,23\"\n3,x\n", &options).unwrap_err();
    assert_eq!(found.id, "E301");
    assert!(found.message.contains("\"1,23\" on line 3") && found.message.contains("2 cells"), "{found}");
    assert_eq!((found.place.line, found.place.column.as_deref()), (Some(3), Some("gdp")));
    assert!(found.fix.unwrap().contains("missing"));
    let options = ReadOptions { parse: BTreeMap::from([("gpd".into(), Parse::Number)]), ..Default::default() };
    let found = read_with("a.csv", b"id,gdp\n1,2\n", &options).unwrap_err();
    assert_eq!(found.id, "E603");
    assert!(found.fix.unwrap().contains("gdp"));
}

#[test]
fn w111_leading_zeros_and_e110_long_ids_stay_text() {
    let (frame, source) = read("code,id,n\n010001,9007199254740993,0\n020001,9007199254740992,7\n");
    assert!(is_text(&frame, "code") && is_text(&frame, "id") && !is_text(&frame, "n"));
    assert_eq!(frame.column("id").unwrap().display(0), "9007199254740993");
    assert!(told(&source, "W111").contains("010001"));
    assert!(told(&source, "E110").contains("9007199254740993"));
    let options = ReadOptions { parse: BTreeMap::from([("code".into(), Parse::Number)]), ..Default::default() };
    let (frame, _) = read_with("a.csv", b"code\n010001\n", &options).unwrap();
    assert_eq!(numbers(&frame, "code"), [Some(10001.0)]);
}

#[test]
fn w315_truth_values_become_numbers() {
    let (frame, source) = read("d,x\nTrue,1\nFalse,2\nNA,3\n");
    assert_eq!(numbers(&frame, "d"), [Some(1.0), Some(0.0), None]);
    told(&source, "W315");
}

#[test]
fn w514_empty_rows_are_counted() {
    let (frame, source) = read("a,b\n1,2\n,\n , \n3,4\n");
    assert_eq!(frame.rows(), 2);
    assert!(told(&source, "W514").contains("2 rows"));
}

#[test]
fn w514_totals_and_notes_are_left_out_and_told() {
    let text =
        "city,code,gdp\nA,1,2\n,更多数据见某店,\nB,2,\nC,,\n更多，请关注我们,,\n合 计,,5\n数据来源：统计年鉴,,\n";
    let (frame, source) = read(text);
    assert_eq!(frame.column("city").unwrap().display(2), "C");
    assert_eq!((frame.rows(), numbers(&frame, "code")), (3, vec![Some(1.0), Some(2.0), None]));
    let said = told(&source, "W514");
    assert!(said.contains("1 rows are totals") && said.contains("line 7"), "{said}");
    assert!(said.contains("3 rows are notes") && said.contains("数据来源"), "{said}");
}

#[test]
fn headers_may_be_absent_lower_or_of_several_rows() {
    let header = |header| ReadOptions { header: Some(header), ..Default::default() };
    let (frame, _) = read_with("a.csv", b"1,2\n3,4\n", &header(Header::Row(0))).unwrap();
    assert_eq!(numbers(&frame, "column_2"), [Some(2.0), Some(4.0)]);
    let (frame, _) = read_with("a.csv", b"t,\na,b\n3,4\n", &header(Header::Row(2))).unwrap();
    assert_eq!(numbers(&frame, "b"), [Some(4.0)]);
    let (frame, _) =
        read_with("a.csv", "地区,2009,,2010\n,gdp,fdi,gdp\nA,1,2,3\n".as_bytes(), &header(Header::Rows([1, 2])))
            .unwrap();
    assert_eq!(
        frame.columns().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
        ["地区", "2009_gdp", "2009_fdi", "2010_gdp"]
    );
    assert_eq!(read_with("a.csv", b"a\n1\n", &header(Header::Rows([3, 1]))).unwrap_err().id, "E607");
}

#[test]
fn columns_are_renamed_and_chosen() {
    let options = ReadOptions {
        rename: BTreeMap::from([("gdp".into(), "GDP/亿元".into())]),
        columns: vec!["gdp".into(), "id".into()],
        ..Default::default()
    };
    let (frame, source) = read_with("a.csv", "id,x,GDP/亿元\n1,2,3\n".as_bytes(), &options).unwrap();
    assert_eq!(frame.columns().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["gdp", "id"]);
    assert_eq!(source.columns, 2);
    let options = ReadOptions { rename: BTreeMap::from([("id".into(), "x".into())]), ..Default::default() };
    assert_eq!(read_with("a.csv", b"id,x\n1,2\n", &options).unwrap_err().id, "E507");
    let options = ReadOptions { columns: vec!["idd".into()], ..Default::default() };
    assert_eq!(read_with("a.csv", b"id,x\n1,2\n", &options).unwrap_err().id, "E603");
}

#[test]
fn options_are_written_as_a_table_of_the_study_file() {
    let text = r#"
        encoding = "gbk"
        sheet = 2
        header = [2, 3]
        missing = ["n.d.", -99]
        parse = { gdp = "thousands", share = "percent" }
        long = { prefixes = ["gdp_"], time = "year" }
    "#;
    let options: ReadOptions = toml::from_str(text).unwrap();
    assert_eq!(options.header, Some(Header::Rows([2, 3])));
    assert_eq!(options.missing, Missing::All(vec![Word::Text("n.d.".into()), Word::Number(-99.0)]));
    assert_eq!(options.parse["share"], Parse::Percent);
    assert_eq!(options.long.unwrap().value, "value");
}

#[test]
fn hostile_bytes_give_a_problem_or_a_table() {
    let mut state = 7_u64;
    for round in 0..400 {
        let bytes: Vec<u8> = (0..(round % 97))
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                b"\",;\t|\r\n\0\xff\xa1\xfe1a-. "[(state >> 33) as usize % 16]
            })
            .collect();
        if let Ok((frame, source)) = read_with("f.csv", &bytes, &ReadOptions::default()) {
            assert_eq!((frame.rows(), frame.columns().len()), (source.rows, source.columns));
        }
    }
}

fn shared(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {file} is not here");
    None
}

#[test]
fn real_tables_of_chinese_cities_read_as_they_are() {
    for (file, rows, columns, text) in [
        ("cn_city_raw/co2_ceads_1997_2019_Mt.csv", 3929, 4, vec!["ID", "city"]),
        ("cn_city_raw/co2_edgar_2000_2023.csv", 7080, 7, vec!["province", "city", "region", "hu_line"]),
        ("cn_city_raw/fdi_1996_2023.csv", 8260, 5, vec!["city", "unit", "source"]),
        ("cn_city_raw/finance_2003_2023.csv", 6300, 10, vec!["province", "city", "region"]),
        ("cn_city_raw/gdp_real_2000_2023.csv", 7104, 7, vec!["province", "city"]),
        ("cn_city_raw/industry_2000_2023.csv", 7974, 15, vec!["city", "city_type", "province"]),
        ("cn_city_raw/population_1998_2024.csv", 8046, 9, vec!["province", "city"]),
        ("cn_city_raw/road_2002_2022.csv", 15048, 7, vec!["province", "city"]),
        ("cn_nqpf_dai/nqpf_county_2010_2021.csv", 32532, 4, vec![]),
        ("cn_nqpf_dai/nqpf_prefecture_2010_2021.csv", 3552, 4, vec![]),
        ("cn_nqpf_dai/nqpf_province_2010_2022.csv", 403, 4, vec![]),
        ("cn_crosswalk_maps/gb2260_prefecture_mit.csv", 371, 5, vec!["name", "level", "city"]),
    ] {
        let Some(path) = shared(file) else { return };
        let (frame, source) = read_file(&path, &ReadOptions::default()).unwrap();
        assert_eq!((frame.rows(), frame.columns().len()), (rows, columns), "{file}");
        let found: Vec<_> = frame.columns().iter().map(|c| c.name.as_str()).filter(|n| is_text(&frame, n)).collect();
        assert_eq!(found, text, "{file}: {:?}", source.warnings);
    }
}
