//! Every way in which a command can meet bad input: the exit code, the message, and that nothing was written.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use common::{attica, first, folder, noise, panel, sound, study, treated};

/// `attica run` on `panel` under `study`: exit code 2, the id and the words in the message, nothing written.
fn refuses(id: &str, table: &[u8], toml: &str, words: &[&str]) {
    let dir = folder(&[("panel.csv", table), ("study.toml", toml.as_bytes())]);
    let ran = attica(dir.path(), &["run", "study.toml"]);
    assert_eq!(ran.code, 2, "{id}: {}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(id), "{id}: {}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{id} does not say {word:?}: {}", ran.stderr);
    }
    assert_eq!(ran.stdout, "", "{id}");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{id} wrote {left:?}");
}

const FIRST: &str = "first_treated = \"first\"";

/// The sound table with the cell of `column` in its first data row, or in all rows, replaced.
fn with(column: &str, value: &str, everywhere: bool) -> Vec<u8> {
    let table = sound();
    let mut lines = table.lines();
    let header = lines.next().unwrap();
    let at = header.split(',').position(|c| c == column).unwrap();
    let mut text = header.to_owned() + "\n";
    for (i, line) in lines.enumerate() {
        let mut cells: Vec<&str> = line.split(',').collect();
        if everywhere || i == 0 {
            cells[at] = value;
        }
        text += &(cells.join(",") + "\n");
    }
    text.into_bytes()
}

#[test]
fn keys_and_time() {
    let mut twice = sound();
    twice.push_str("c0,2010,1,1,0,2013,east,p0\n");
    refuses("E101", twice.as_bytes(), &study(FIRST, ""), &["c0", "2010", "duplicates"]);
    refuses("E102", &with("city", "", false), &study(FIRST, ""), &["city"]);
    refuses("E105", &with("year", "spring", true), &study(FIRST, ""), &["spring"]);
    refuses("E108", &with("year", "2010", true), &study(FIRST, ""), &["2010"]);
}

#[test]
fn treatment() {
    let sound = sound();
    let table = sound.as_bytes();
    refuses("E201", table, &study("path = \"x\"", ""), &["0/1", "continuous"]);
    refuses("E201", table, &study("first_treated = \"d\"", ""), &["varies within"]);
    refuses("E205", &with("d", "0", true), &study("path = \"d\"", ""), &["nobody"]);
    refuses("E205", &with("first", "2014", true), &study(FIRST, ""), &["all 12 units adopt in 2014"]);
    let marked = panel("city,year,y,pilot", |u, t| format!("c{u},{t},{},{}", noise(u, t, 3), u8::from(u < 6)));
    refuses(
        "E206",
        marked.as_bytes(),
        &study("path = \"pilot\"", ""),
        &["6 units are always 1", "treated = \"pilot\""],
    );
    refuses("E209", &with("first", "2031", true), &study(FIRST, ""), &["2031", "never = [2031]"]);
    refuses(
        "E209",
        table,
        &study("treated = \"d2\"\nfrom = 2031", "[variables]\nd2 = \"max(d, by = city)\""),
        &["2031"],
    );
}

#[test]
fn values() {
    refuses("E301", &with("y", "about two", true), &study(FIRST, ""), &["\"y\"", "about two"]);
    refuses("E301", &with("y", "1.5x", false), &study(FIRST, ""), &["text in 1 of", "\"1.5x\" (row 1)"]);
    refuses("E302", &with("x", "inf", false), &study(FIRST, "controls = [\"x\"]"), &["\"x\"", "rows 1"]);
    refuses("E304", &with("x", "", true), &study(FIRST, "controls = [\"x\"]"), &["x"]);
    refuses("E305", &with("y", "1", true), &study(FIRST, ""), &["y"]);
}

#[test]
fn weights_and_clusters() {
    let sound = sound();
    let table = sound.as_bytes();
    refuses("E401", table, &study(FIRST, "weights = { column = \"x\" }"), &["x"]);
    refuses("E404", &with("region", "one", true), &study(FIRST, "cluster = \"region\""), &["region"]);
    refuses("E406", &with("region", "", false), &study(FIRST, "cluster = \"region\""), &["region"]);
}

#[test]
fn files() {
    let toml = study(FIRST, "");
    refuses("E501", b"city,year,y\n\xff\xff\xfe\x81\x8d\n", &toml, &["panel.csv"]);
    refuses("E504", b"city,year,y\na,2010,1\nb,2010\nc,2010,1,2\n", &toml, &["3"]);
    refuses("E506", b"city,year,y\n\"a,2010,1\nb,2010,2\n", &toml, &["2"]);
    refuses("E511", b"", &toml, &["panel.csv"]);
    refuses("E511", b"city,year,y\n", &toml, &["panel.csv"]);
    let sound = sound();
    refuses("E521", sound.as_bytes(), &toml.replace("panel.csv", "absent.csv"), &["absent.csv"]);
    refuses("E521", sound.as_bytes(), &toml.replace("panel.csv", "."), &["not a file"]);
    let outside = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    let away = format!("../{}", outside.path().file_name().unwrap().to_string_lossy());
    refuses("E521", sound.as_bytes(), &toml.replace("panel.csv", &away), &["leads out of the data folder"]);
}

#[test]
fn study_file() {
    let sound = sound();
    let table = sound.as_bytes();
    refuses("E601", table, &study(FIRST, "contols = [\"x\"]"), &["did you mean \"controls\"", "study.toml:11:1"]);
    refuses("E602", table, &study(FIRST, "controls = 3"), &["list of texts", "study.toml:11:12"]);
    refuses("E603", table, &study(FIRST, "controls = [\"xx\"]"), &["\"x\"", "study.toml:11:13"]);
    let formula = "[variables]\nz = \"log(x +\"";
    refuses("E604", table, &study(FIRST, formula), &["study.toml:12:"]);
    refuses("E604", table, &study(FIRST, "[variables]\na = \"b + 1\"\nb = \"a + 1\""), &["from one another"]);
    refuses("E605", table, &study(FIRST, "controls = [\"y\"]"), &["the outcome"]);
    refuses("E607", table, &study(FIRST, "[event_study]\nwindow = [4, -4]"), &["ends before"]);
    refuses("E608", table, &("version = 99\n".to_owned() + &study(FIRST, "")), &["version 99"]);
    refuses(
        "E701",
        table,
        &study(FIRST, "").replace("time = \"year\"", "time = \"year\"\nwhere = \"year > 2050\""),
        &["year > 2050"],
    );
}

#[test]
fn several_mistakes_are_shown_at_once() {
    let toml = study(FIRST, "contols = [\"x\"]\nssc = \"reghdef\"\nlevel = 2.0");
    let dir = folder(&[("panel.csv", sound().as_bytes()), ("study.toml", toml.as_bytes())]);
    let ran = attica(dir.path(), &["run", "study.toml", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let ids: Vec<&str> = json["problems"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["E601", "E602", "E602"], "{}", ran.stdout);
}

#[test]
fn outputs_changed_by_hand_are_kept() {
    let dir = folder(&[("panel.csv", sound().as_bytes()), ("study.toml", study(FIRST, "[baseline]").as_bytes())]);
    let run = |more: &[&str]| attica(dir.path(), &[&["run", "study.toml", "--formats", "md"], more].concat());
    assert_eq!(run(&[]).code, 0);
    assert_eq!(run(&[]).code, 0, "a second run replaces what the first wrote");
    let report = dir.path().join("attica-out/report.md");
    std::fs::write(&report, "mine").unwrap();
    let ran = run(&[]);
    assert!(ran.code == 2 && ran.stderr.contains("E705") && ran.stderr.contains("report.md"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "mine");
    assert_eq!(run(&["--force"]).code, 0);
    assert_ne!(std::fs::read_to_string(&report).unwrap(), "mine");
    let ran = attica(dir.path(), &["run", "study.toml", "--out", "."]);
    assert!(ran.code == 2 && ran.stderr.contains("E705"), "a folder of the user's: {}", ran.stderr);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let dir = folder(&[("panel.csv", sound().as_bytes()), ("study.toml", study(FIRST, "[baseline]").as_bytes())]);
    let ran = attica(dir.path(), &["run", "study.toml", "--out", "panel.csv/out"]);
    assert!(ran.code == 2 && ran.stderr.contains("E706"), "{}", ran.stderr);
}

#[test]
fn a_step_that_fails_does_not_stop_the_others() {
    let toml = study(FIRST, "[baseline]\nclassic = true\n[event_study]\n[heterogeneity]\nby = \"x\"");
    let dir = folder(&[("panel.csv", sound().as_bytes()), ("study.toml", toml.as_bytes())]);
    let ran = attica(dir.path(), &["run", "study.toml", "--formats", "md"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("E607") && ran.stderr.contains("\"x\""), "{}", ran.stderr);
    let report = std::fs::read_to_string(dir.path().join("attica-out/report.md")).unwrap();
    assert!(report.contains("E607") && report.contains("E205") | report.contains("Parallel trends"), "{report}");
}

/// `attica run --json` succeeds and the warning is among those it prints.
fn warns(id: &str, table: &str, toml: &str) {
    let dir = folder(&[("panel.csv", table.as_bytes()), ("study.toml", toml.as_bytes())]);
    let ran = attica(dir.path(), &["run", "study.toml", "--json", "--formats", "md"]);
    assert_eq!(ran.code, 0, "{id}: {}", ran.stderr);
    assert!(ran.stdout.contains(&format!("\"id\":\"{id}\"")), "{id}: {}", ran.stdout);
    let report = std::fs::read_to_string(dir.path().join("attica-out/report.md")).unwrap();
    assert!(report.contains(id), "{id} is not in the report");
}

#[test]
fn warnings_travel_into_the_report() {
    let sound = sound();
    let base = study(FIRST, "[baseline]");
    let keeping = |keep: &dyn Fn(&str) -> bool| sound.lines().filter(|l| keep(l)).collect::<Vec<_>>().join("\n") + "\n";
    let gap = keeping(&|line| !line.starts_with("c7,2013"));
    warns("W103", &gap, &base);
    warns("W104", &gap, &base);
    let alone = keeping(&|line| !line.starts_with("c7,") || line.starts_with("c7,2013"));
    warns("W109", &alone, &base);
    let switching = panel("city,year,y,d", |u, t| {
        format!("c{u},{t},{},{}", noise(u, t, 4), u8::from(treated(u, t) && (u > 0 || t < 2016)))
    });
    warns("W202", &switching, &study("path = \"d\"", "[baseline]"));
    let always = panel("city,year,y,first", |u, t| {
        let g = if u == 11 { "2010".to_owned() } else { first(u).map_or(String::new(), |g| g.to_string()) };
        format!("c{u},{t},{},{g}", noise(u, t, 4))
    });
    warns("W203", &always, &base);
    let all = panel("city,year,y,first", |u, t| format!("c{u},{t},{},{}", noise(u, t, 5), 2013 + u % 3));
    warns("W204", &all, &base);
    let single = panel("city,year,y,first", |u, t| {
        format!(
            "c{u},{t},{},{}",
            noise(u, t, 5),
            if u == 0 {
                "2013"
            } else if u < 4 {
                "2015"
            } else {
                ""
            }
        )
    });
    warns("W207", &single, &base);
    let zero = panel("city,year,y,first", |u, t| format!("c{u},{t},{},{}", noise(u, t, 5), first(u).unwrap_or(0)));
    warns("W209", &zero, &base);
    let early =
        panel("city,year,y,first", |u, t| format!("c{u},{t},{},{}", noise(u, t, 5), if u < 4 { "2011" } else { "" }));
    warns("W210", &early, &base);
    let contradicted = panel("city,year,y,first,d", |u, t| {
        let g = first(u).map_or(String::new(), |g| g.to_string());
        format!("c{u},{t},{},{g},{}", noise(u, t, 5), u8::from(treated(u, t + 1)))
    });
    warns("W211", &contradicted, &study("first_treated = \"first\"\npath = \"d\"", "[baseline]"));
    warns("W212", &sound, &study("continuous = \"x\"", "[baseline]"));
    warns("W214", &sound, &study(FIRST, "cluster = \"region\"\n[baseline]"));
    warns("W606", &sound, &study(FIRST, "controls = [\"x\"]\n[baseline]\n[mechanism]\nthrough = [\"x\"]"));
    warns("W309", &sound, &study(FIRST, "controls = [\"z\"]\n[baseline]\n[variables]\nz = \"log(x)\""));
}

#[test]
fn an_old_key_is_read_and_told() {
    let toml = study(FIRST, "[baseline]").replace("[policy]", "[treatment]");
    let dir = folder(&[("panel.csv", sound().as_bytes()), ("study.toml", toml.as_bytes())]);
    let ran = attica(dir.path(), &["run", "study.toml", "--formats", "md"]);
    assert!(ran.code == 0 && ran.stderr.contains("W609") && ran.stderr.contains("\"policy\""), "{}", ran.stderr);
}

#[test]
fn usage_is_exit_code_two() {
    let dir = folder(&[]);
    for args in [&["run"][..], &["fit", "y ~ x"], &["nonsense"], &["check", "panel.csv", "--unit", "a"]] {
        assert_eq!(attica(dir.path(), args).code, 2, "{args:?}");
    }
}

#[test]
fn a_formula_is_pointed_into() {
    let dir = folder(&[("panel.csv", sound().as_bytes())]);
    for (formula, id, words) in
        [("y ~ d + | city", "E604", "formula:1:"), ("y ~ dd | city", "E603", "\"d\""), ("y ~ y", "E605", "outcome")]
    {
        let ran = attica(dir.path(), &["fit", formula, "panel.csv"]);
        assert!(ran.stderr.contains(id) && ran.stderr.contains(words), "{formula}: {} {}", ran.code, ran.stderr);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{formula}");
    }
}

#[test]
fn documents() {
    let sound = sound();
    let table = sound.as_bytes();
    let asks = |report: &str| study(FIRST, &format!("[report]\n{report}"));
    refuses("E521", table, &asks("reference = \"my.docx\""), &["my.docx", "beside the study file"]);
    refuses("E521", table, &asks("reference = \"../my.docx\""), &["my.docx"]);
    refuses("E513", table, &asks("reference = \"panel.csv\""), &["panel.csv", "Word"]);
    refuses("E602", table, &asks("dpi = 5"), &["dpi"]);
    #[cfg(not(feature = "pdf"))]
    refuses("E709", table, &asks("formats = [\"pdf\"]"), &["--features pdf"]);
}
