//! `attica export`: a script for other software that computes the study again.

use std::path::{Path, PathBuf};

use attica::message::{Place, Problem};
use attica_study::export::{Software, export as written};

use super::run;
use crate::args::replication::Export;
use crate::output::whole;
use crate::progress::Progress;
use crate::say::Failure;
use crate::{Done, say};

/// Runs the study and writes the script with its data beside it.
pub fn export(args: &Export) -> Done {
    let to = Software::from(args.to);
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("reproduce.{}", to.extension())));
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stem = stem(&out)?;
    let files = [out.clone(), folder.join(format!("{stem}.csv")), folder.join(format!("{stem}-levels.csv"))];
    if let Some(there) = files.iter().find(|file| file.exists() && !args.force) {
        return Err(Problem::new("E705", "there is a file of that name already")
            .at(place(there))
            .fix("choose another name with --out, or add --force to replace it")
            .into());
    }
    let (file, source) = run::load(&args.study)?;
    let beside = run::beside(&args.study);
    let progress = Progress::new();
    let data = args.data_dir.as_deref().unwrap_or(beside);
    let found = written(&file, &source, data, &[to], &stem, &|name, done, of| progress.stage(name, done, of))
        .map_err(|problems| Failure::input(problems).pointing_into(&source.name, &source.text))?;
    progress.finish();
    let Some(found) = found.into_iter().next() else { return Ok(()) };
    let [script, data, levels] = files;
    let mut wanted = vec![(data.as_path(), &found.data[..])];
    wanted.extend(found.levels.iter().map(|bytes| (levels.as_path(), &bytes[..])));
    wanted.push((script.as_path(), found.script.as_bytes()));
    whole(&wanted)?;
    let mut page = format!("{}\n{}\n", script.display(), data.display());
    if found.levels.is_some() {
        page += &format!("{}\n", levels.display());
    }
    page += &format!("{} numbers are compared; {} are not reproduced:\n", found.checked, found.absent.len());
    for (what, why) in &found.absent {
        page += &format!("  {what}: {why}\n");
    }
    say::print(&page);
    Ok(())
}

/// The name of the data beside a script, which the script holds as a text.
fn stem(out: &Path) -> Result<String, Problem> {
    let stem = out.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if stem.is_empty() || !stem.chars().all(plain) || stem.starts_with(['-', '.']) {
        return Err(Problem::new("E521", "the script's name must be of letters, digits, - and _")
            .at(place(out))
            .fix("name it reproduce.do, reproduce.R or reproduce.py"));
    }
    Ok(stem.to_owned())
}

fn place(path: &Path) -> Place {
    Place { file: Some(path.display().to_string()), ..Place::default() }
}
