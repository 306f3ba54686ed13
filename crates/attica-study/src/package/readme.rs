//! The README of a package, after the template of the social-science data editors: filled in as far as a machine
//! can know, with boxes for what only the author knows.

use super::exhibits::Exhibit;
use super::{DERIVED, Environment, Made, OUTPUT, RAW, STUDY, SUMS};

/// The page.
pub fn write(made: &Made<'_>, exhibits: &[Exhibit], absent: &[(String, String)], bytes: usize) -> String {
    let title = line(&made.results.title.en);
    let mut page = format!("# Replication package: {title}\n\n");
    if let Some(simulated) = &made.results.simulated {
        page += &format!("**{}**\n\n", line(&simulated.en));
    }
    page += "Boxes marked TODO are for the author: a program cannot know them. Everything else was written from the study.\n\n\
             - [ ] TODO: authors, title of the paper, journal, manuscript number\n\n";
    page += &overview(made);
    page += &availability(made);
    page += &requirements(made, bytes);
    page += &programs(absent);
    page += &instructions();
    page += &list(exhibits);
    page += "## References\n\n- [ ] TODO: cite each data source as its provider asks\n";
    page
}

fn overview(made: &Made<'_>) -> String {
    let results = made.results;
    let (tables, panel) = (results.sources.len(), &results.panel);
    format!(
        "## Overview\n\nThe code in this package builds the analysis from {tables} raw {} with Attica {} and computes every table and figure of the report: \
         `{STUDY}` says what is computed, `master.sh` (or `master.bat`) runs it. The panel has {} units ({}) over {} periods ({}) and {} rows. \
         `master.do`, `master.R` and `master.py` compute the regressions again in Stata, R and Python and compare. \
         The replicator should expect the code to run for {}.\n\n",
        if tables == 1 { "file" } else { "files" },
        results.version,
        panel.n_units,
        line(&panel.unit),
        panel.n_periods,
        line(&panel.time),
        panel.n_rows,
        if made.seconds < 60.0 { "less than a minute" } else { "several minutes" },
    )
}

fn availability(made: &Made<'_>) -> String {
    let mut page = "## Data availability and provenance\n\n### Statement about rights\n\n\
        - [ ] TODO: I certify that the author(s) of the manuscript have legitimate access to and permission to use the data used in this manuscript.\n\
        - [ ] TODO: I certify that the author(s) of the manuscript have documented permission to redistribute/publish the data contained within this replication package.\n\n\
        ### Summary of availability\n\n\
        - [ ] TODO: All data **are** publicly available.\n- [ ] TODO: Some data **cannot be made** publicly available.\n- [ ] TODO: **No data can be made** publicly available.\n\n\
        ### Details on each data source\n\n\
        | file | format | rows | columns | sha256 | source and terms | provided |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for source in &made.results.sources {
        page += &format!(
            "| {RAW}/{} | {} | {} | {} | `{}` | TODO | yes |\n",
            cell(&source.file),
            cell(&source.format),
            source.rows,
            source.columns,
            source.sha256
        );
    }
    page += "\n### Dataset list\n\n| file | made by | notes |\n|---|---|---|\n";
    for source in &made.results.sources {
        page += &format!("| {RAW}/{} | TODO: provider | read by {STUDY} |\n", cell(&source.file));
    }
    page + &format!(
        "| {DERIVED}.csv | {STUDY} | columns of the analysis, read by master.do, master.R and master.py |\n\
         | {OUTPUT}/results.json | {STUDY} | every number of the report in full precision |\n\n"
    )
}

fn requirements(made: &Made<'_>, bytes: usize) -> String {
    let environment = Environment::here();
    let seed = made.source.place(&["seed"]);
    let written = made.source.text.lines().any(|line| line.trim_start().starts_with("seed"));
    let seed = match (written, seed.line) {
        (true, Some(at)) => {
            format!("- [x] Random seed {} is set at line {at} of program {STUDY}.\n", made.results.seed)
        }
        _ => format!(
            "- [x] Random seed {} is the default of the program; {STUDY} does not set another.\n",
            made.results.seed
        ),
    };
    let placebo = made.source.text.lines().position(|line| line.trim() == "[placebo]");
    let draws = placebo
        .map_or(String::new(), |at| format!("  Draws of the placebo tests begin at line {} of {STUDY}.\n", at + 1));
    let runtime = [
        ("<10 minutes", made.seconds < 600.0),
        ("10-60 minutes", (600.0..3600.0).contains(&made.seconds)),
        ("1-2 hours", (3600.0..7200.0).contains(&made.seconds)),
        ("2-8 hours", (7200.0..28_800.0).contains(&made.seconds)),
        ("8-24 hours", (28_800.0..86_400.0).contains(&made.seconds)),
        ("1-3 days", (86_400.0..259_200.0).contains(&made.seconds)),
        ("3-14 days", (259_200.0..1_209_600.0).contains(&made.seconds)),
        ("> 14 days", made.seconds >= 1_209_600.0),
    ];
    let mb: usize = 1 << 20;
    let storage = [
        ("< 25 MBytes", bytes < 25 * mb),
        ("25 MB - 250 MB", (25 * mb..250 * mb).contains(&bytes)),
        ("250 MB - 2 GB", (250 * mb..2048 * mb).contains(&bytes)),
        ("2 GB - 25 GB", (2048 * mb..25_600 * mb).contains(&bytes)),
        ("25 GB - 250 GB", (25_600 * mb..256_000 * mb).contains(&bytes)),
        ("> 250 GB", bytes >= 256_000 * mb),
    ];
    let ticks = |boxes: &[(&str, bool)]| -> String {
        let lines = boxes.iter().map(|(name, on)| format!("- [{}] {name}", if *on { "x" } else { " " }));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    format!(
        "## Computational requirements\n\n### Software\n\n- Attica {} (one program; `environment.json` has system and processor)\n\
         - only to check in other software: Stata 16 with reghdfe, R with fixest 0.13, or Python with pyfixest 0.60; each script names its packages\n\n\
         ### Controlled randomness\n\n{seed}{draws}  Every draw has a stream of its own: the same numbers on any number of threads.\n\n\
         ### Memory, runtime and storage\n\nApproximate time needed to reproduce the analyses on a standard desktop machine:\n\n{}\n\
         Approximate storage space needed:\n\n{}\nThe code was last run on a machine with system {}, processor {}.\n\n",
        environment.attica,
        ticks(&runtime),
        ticks(&storage),
        environment.system,
        environment.architecture,
    )
}

fn programs(absent: &[(String, String)]) -> String {
    let mut page = format!(
        "## Description of programs\n\n| program | what it does |\n|---|---|\n\
         | {STUDY} | the study: data, variables, policy, model, tables and figures; read by Attica |\n\
         | master.sh, master.bat | run the study from the raw data, then compare with the package |\n\
         | master.do, master.R, master.py | compute the numbers again in Stata, R and Python from {DERIVED}.csv and compare |\n\n\
         ### Licence for code\n\nSee LICENSE.txt.\n\n- [ ] TODO: choose the licence\n\n"
    );
    if !absent.is_empty() {
        page += "### What master.py does not compute again\n\n";
        for (what, why) in absent {
            page += &format!("- {}: {}\n", line(what), line(why));
        }
        page.push('\n');
    }
    page
}

fn instructions() -> String {
    format!(
        "## Instructions to replicators\n\n1. Put `attica` on the path; no other software is needed.\n\
         2. Run `sh master.sh` (Windows: `master.bat`) in this folder. It reads `{RAW}/` and writes `{OUTPUT}/`.\n\
         3. `attica verify .` checks `{SUMS}`, computes everything again and compares every cell; it ends with code 1 when one differs.\n\n\
         All paths are relative to this folder.\n\n"
    )
}

fn list(exhibits: &[Exhibit]) -> String {
    let mut page = "## List of tables and programs\n\nThe provided code reproduces:\n\n- [x] All tables and figures of the report\n\
                    - [ ] TODO: All numbers provided in text in the paper\n- [ ] TODO: the numbers of the paper's exhibits where they differ from the report's\n\n\
                    | exhibit | title | program | line | output |\n|---|---|---|---|---|\n"
        .to_owned();
    page.extend(exhibits.iter().map(Exhibit::row));
    page + "\n"
}

/// Text that comes from a study, on one line and without marks that Markdown or HTML would act on.
fn line(text: &str) -> String {
    attica_report::escape::markdown(text).replace(['\n', '\r'], " ")
}

fn cell(text: &str) -> String {
    line(text).replace('|', "/")
}
