//! `attica package` and `attica verify`: everything an editor needs to compute a study again, and whether it does.

use std::path::{Path, PathBuf};
use std::time::Instant;

use attica::message::{Place, Problem};
use attica::text::Language;
use attica_report::csv;
use attica_study::package::{self, Comparison, Environment, Made, Sums};
use attica_study::{compose, run as study};
use serde::Serialize;

use super::{documents, run};
use crate::args::replication::{Package, Verify};
use crate::output::{MANIFEST, Staging, manifest, scratch, whole};
use crate::progress::Progress;
use crate::say::Failure;
use crate::{Done, say};

/// Runs the study and writes its package, as a folder or a zip file.
pub fn package(args: &Package) -> Done {
    let zip = args.out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
    if zip && args.out.exists() && !args.force {
        return Err(Problem::new("E705", "there is a file of that name already")
            .at(place(&args.out))
            .fix("choose another name with --out, or add --force to replace it")
            .into());
    }
    let staging = if zip { None } else { Some(Staging::new(&args.out, args.force)?) };
    let (file, source) = run::load(&args.study)?;
    let folder = args.data_dir.as_deref().unwrap_or(run::beside(&args.study));
    let progress = Progress::new();
    let start = Instant::now();
    let (results, prepared) =
        study::run_keeping_rows(&file, &source, folder, &|name, done, of| progress.stage(name, done, of))
            .map_err(|problems| Failure::input(problems).pointing_into(&source.name, &source.text))?;
    let formats = run::asked(&file);
    let mut documents = documents::made(&results, &formats, file.language, &progress)?;
    documents.push((MANIFEST.to_owned(), manifest(&documents)?));
    let seconds = start.elapsed().as_secs_f64();
    let made = Made {
        file: &file,
        source: &source,
        results: &results,
        prepared: &prepared,
        folder,
        documents: &documents,
        seconds,
    };
    let files = package::files(&made)?;
    progress.finish();
    if let Some(staging) = staging {
        files.iter().try_for_each(|(name, bytes)| staging.add(name, bytes))?;
        staging.finish()?;
    } else {
        let root = args.out.file_stem().and_then(|stem| stem.to_str()).unwrap_or("package");
        whole(&[(args.out.as_path(), &package::zipped(&files, root)?[..])])?;
    }
    let (out, count) = (args.out.display(), files.len());
    say::print(&match file.language {
        Language::En => format!(
            "{out}\n{count} files; boxes marked TODO in README.md are yours. Check it:\n  attica verify {out}\n"
        ),
        Language::Zh => {
            format!("{out}\n共{count}个文件；README.md中标有TODO的各项请自行填写。核验：\n  attica verify {out}\n")
        }
    });
    let failed = run::failed(&results);
    if failed.is_empty() { Ok(()) } else { Err(Failure::analysis(failed.into_iter().cloned().collect())) }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Verified {
    /// Nothing differs.
    agrees: bool,
    /// What checksums say.
    checksums: Sums,
    /// Values of `results.json`.
    results: Comparison,
    /// Cells of tables.
    tables: Comparison,
    /// Where the package was made, when that is another program or machine.
    made_with: Option<Environment>,
}

/// Checks the checksums of a package, computes it again and compares every value and cell.
pub fn verify(args: &Verify) -> Done {
    let unpacked;
    let folder: PathBuf = if args.package.is_dir() {
        args.package.clone()
    } else {
        let bytes = std::fs::read(&args.package).map_err(|error| {
            Problem::new("E521", format!("cannot read the package: {error}")).at(place(&args.package))
        })?;
        unpacked = scratch("attica-", &std::env::temp_dir())?;
        package::unpack(&bytes, unpacked.path()).map_err(|problem| problem.at(place(&args.package)))?
    };
    let found = compared(&folder)?;
    let problem = Problem::new("E708", summary(&found)).at(place(&args.package));
    if args.json {
        say::print_json(&found);
    } else {
        say::print(&page(&found));
    }
    if found.agrees {
        return Ok(());
    }
    let mut failure = Failure::analysis(vec![problem.fix("compare the lines above with what the package holds")]);
    failure.reported = args.json;
    Err(failure)
}

fn compared(folder: &Path) -> Result<Verified, Failure> {
    let mut checksums = package::check_sums(folder)?;
    checksums.unlisted.retain(|name| name != MANIFEST);
    let path = folder.join(package::STUDY);
    let (file, source) = run::load(&path)?;
    for table in &file.data {
        package::inside(&table.file)?;
    }
    let progress = Progress::new();
    let raw = folder.join(package::RAW);
    let results = study::run(&file, &source, &raw, &|name, done, of| progress.stage(name, done, of))
        .map_err(|problems| Failure::input(problems).pointing_into(&source.name, &source.text))?;
    progress.finish();
    let output = folder.join(package::OUTPUT);
    let was = json(&output.join("results.json"))?;
    let is = serde_json::to_value(&results)
        .map_err(|error| Problem::new("E706", format!("the results cannot be compared: {error}")))?;
    let (was, is) = (without_version(was), without_version(is));
    let mut tables = Comparison::default();
    let report = compose::report(&results, file.language);
    for table in report.tables() {
        let name = format!("tables/{}.csv", table.id);
        let printed = std::fs::read_to_string(output.join(&name)).unwrap_or_default();
        package::tables(&name, &printed, &csv::write(table, report.style, file.language), &mut tables);
    }
    let values = package::values(&was, &is);
    let environment: Option<Environment> =
        std::fs::read(folder.join("environment.json")).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(Verified {
        agrees: checksums.hold() && values.different == 0 && tables.different == 0,
        checksums,
        results: values,
        tables,
        made_with: environment.filter(|there| *there != Environment::here()),
    })
}

fn json(path: &Path) -> Result<serde_json::Value, Problem> {
    let bytes = std::fs::read(path).map_err(|error| {
        Problem::new("E521", format!("the package's results cannot be read: {error}")).at(place(path))
    })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new("E602", format!("this is no results.json: {error}")).at(place(path)))
}

/// Another version of the program may print the same numbers.
fn without_version(mut value: serde_json::Value) -> serde_json::Value {
    if let Some(map) = value.as_object_mut() {
        map.remove("version");
    }
    value
}

fn summary(found: &Verified) -> String {
    let files = found.checksums.changed.len() + found.checksums.missing.len();
    format!(
        "the package does not reproduce: {files} files differ from their checksums, {} of {} values and {} of {} cells from what was computed now",
        found.results.different, found.results.compared, found.tables.different, found.tables.compared
    )
}

fn page(found: &Verified) -> String {
    let Verified { checksums, results, tables, .. } = found;
    let mut page = String::new();
    if let Some(there) = &found.made_with {
        page += &format!("made with attica {} on {} {}\n", there.attica, there.system, there.architecture);
    }
    page += &format!("{} files are as their checksums say\n", checksums.intact);
    for (names, what) in
        [(&checksums.changed, "changed"), (&checksums.missing, "missing"), (&checksums.unlisted, "not listed")]
    {
        for name in names {
            page += &format!("  {what}: {name}\n");
        }
    }
    for (comparison, what) in [(results, "values of results.json"), (tables, "cells of tables")] {
        page += &format!("{} {what} compared, {} differ\n", comparison.compared, comparison.different);
        for difference in &comparison.differences {
            page += &format!("  {}: was {}, is {}\n", difference.place, difference.was, difference.is);
        }
        let listed = comparison.differences.len();
        if comparison.different > listed {
            page += &format!("  and {} more\n", comparison.different - listed);
        }
    }
    if results.largest > 0.0 {
        page +=
            &format!("largest relative difference between values that count as the same: {:.1e}\n", results.largest);
    }
    page + if found.agrees { "reproduced\n" } else { "" }
}

fn place(path: &Path) -> Place {
    Place { file: Some(path.display().to_string()), ..Place::default() }
}
