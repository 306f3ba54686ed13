//! Paper files and tables as people paste them: read alike, refused with a place, harmless.

use std::path::Path;

use attica::audit::finding::Verdict;
use attica::text::Language;
use attica_report::html;
use attica_study::audit;

use super::example;

#[test]
fn tables_read_the_same_from_csv_latex_and_word() {
    let csv = "VARIABLES,(1) y,(2) y\nD,0.025*** (0.004),0.024*** (0.004)\nx,,0.017*** (0.003)\nObservations,\"3,135\",\"3,135\"\nR-squared,0.174,0.484\n";
    let latex = r"\begin{tabular}{lcc}
\toprule
VARIABLES & (1) y & (2) y \\ \midrule
D & 0.025*** & 0.024*** \\
  & (0.004) & (0.004) \\
x & & 0.017$^{***}$ \\
  & & (0.003) \\
Observations & 3,135 & 3,135 \\
R-squared & 0.174 & 0.484 \\ \bottomrule
\end{tabular}";
    let read = |name: &str, bytes: &[u8]| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, bytes).unwrap();
        audit::load(&path).unwrap().paper
    };
    let from_csv = read("t.csv", csv.as_bytes());
    assert_eq!(from_csv.tables[0].columns[1].terms.len(), 2);
    assert_eq!(from_csv, read("t.tex", latex.as_bytes()));
    assert_eq!(from_csv, read("t.docx", &word(csv)));
    let toml = format!("[[tables]]\ncsv = '''\n{csv}'''\n");
    assert_eq!(from_csv.tables, audit::parse("p.toml", &toml, Path::new(".")).unwrap().paper.tables);
}

/// The cells of a CSV text as a table of a Word document.
fn word(csv: &str) -> Vec<u8> {
    use std::io::Write;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    let rows = reader.records().map(|row| {
        let cells: Vec<String> =
            row.unwrap().iter().map(|c| format!("<w:tc><w:p><w:r><w:t>{c}</w:t></w:r></w:p></w:tc>")).collect();
        let cells = cells.concat();
        format!("<w:tr>{cells}</w:tr>")
    });
    let xml = format!("<w:document><w:body><w:tbl>{}</w:tbl></w:body></w:document>", rows.collect::<String>());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("word/document.xml", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(xml.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn bad_paper_files_say_what_and_where() {
    let cases = [
        ("[panel]\nunit = 'city'\nunis = 3\n", "E601", 3, "unit"),
        ("[panel]\nunits = \"many\"\n", "E602", 2, "many"),
        ("[[tables]]\nlabel = 'Table 1'\n", "E602", 1, "exactly one of csv, latex, file and columns"),
        ("[[tables]]\ncsv = '''\nx,(1)\nD,0.1x (0.2)\n'''\n", "E602", 4, "0.1x"),
        ("[[tables]]\ncsv = '''\nx,(1)\nD,0.1 (-0.2)\n'''\n", "E602", 4, "negative"),
        ("[[tables]]\nstars = [0.01, 0.05]\ncsv = 'a,b'\n", "E607", 2, "fall"),
        ("[[tables]]\nfile = '../secret.csv'\n", "E521", 2, "secret"),
        ("[[cuts]]\nshare = 'ten'\n", "E602", 2, "10 %"),
        ("[[claims]]\nabout = 'units'\nsays = 'few'\nwhere = 'p. 1'\n", "E602", 3, "number"),
        ("[panel]\nlast = 9223372036854775807\n", "E607", 2, "10^9"),
        ("[policy]\nvariable = 'DIDD'\n[[tables]]\ncsv = '''\nx,(1)\nDID,0.1 (0.2)\n'''\n", "E603", 2, "DID"),
        ("[variables]\nz = { kind = 'count' }\n[[tables]]\ncsv = '''\nx,(1)\nDID,0.1 (0.2)\n'''\n", "E603", 2, "DID"),
        ("[panel]\nfirst = 2019\nlast = 2009\n", "E607", 3, "before"),
        (
            "[[tables]]\nlabel = 'T'\ncsv = '''\nx,(1)\nD,0.1 (0.2)\n'''\n[[claims]]\nabout = 'T (2) D'\nsays = '1'\nwhere = 'p'\n",
            "E603",
            8,
            "T (1) D",
        ),
    ];
    for (text, id, line, word) in cases {
        let problems = audit::parse("paper.toml", text, Path::new(".")).unwrap_err();
        let [one] = &problems[..] else { panic!("{text}: {problems:?}") };
        assert_eq!((one.id.as_str(), one.place.line), (id, Some(line)), "{text}: {one}");
        assert!(one.to_string().contains(word), "{text}: {one}");
    }
}

#[test]
fn hostile_labels_are_escaped() {
    let name = "<script>alert(1)</script>";
    let toml = format!(
        "title = '{name}'\n[[tables]]\nlabel = '{name}'\ncsv = '''\nx,(1)\n{name},0.1*** (0.2)\n'''\n[[claims]]\nabout = 'a'\nsays = '{name}'\nwhere = '{name}'\n"
    );
    let loaded = audit::parse("p.toml", &toml, Path::new(".")).unwrap();
    let findings = attica::audit::audit(&loaded.paper);
    assert!(findings.iter().any(|f| f.place.en.contains("<script>") && f.verdict == Verdict::Fail));
    for language in [Language::En, Language::Zh] {
        let page = html::write(&audit::report(&loaded.file, &findings, &loaded.warnings, language));
        assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;"));
    }
}

#[test]
fn the_paper_file_of_the_documentation_is_read() {
    let page = include_str!("../../../../docs/audit.md");
    let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let loaded = audit::parse("audit.md", block, Path::new(".")).unwrap();
    assert!(loaded.warnings.is_empty() && loaded.paper.tables[0].columns.len() == 2 && loaded.paper.claims.len() == 2);
}

#[test]
fn a_damaged_file_is_refused_or_read_but_never_a_panic() {
    let text = std::fs::read_to_string(example()).unwrap();
    let letters: Vec<char> = text.chars().collect();
    let mut random = attica::math::random::stream(3, 0);
    let mut read = 0;
    for _ in 0..400 {
        let mut other = letters.clone();
        for _ in 0..=random.index(3) {
            let at = random.index(other.len());
            other[at] = ['0', '9', '-', '"', ',', '(', '\n', '中', '*', '.'][random.index(10)];
        }
        let other: String = other.into_iter().collect();
        if let Ok(loaded) = audit::parse("p.toml", &other, Path::new(".")) {
            let findings = attica::audit::audit(&loaded.paper);
            let page = html::write(&audit::report(&loaded.file, &findings, &loaded.warnings, Language::En));
            // The script at the end of the page knows the word.
            let said = page.split("<script").next().unwrap();
            assert!(!said.contains("NaN") && !said.contains("inf]"), "{other}");
            read += 1;
        }
    }
    assert!(read > 50, "{read}");
}
