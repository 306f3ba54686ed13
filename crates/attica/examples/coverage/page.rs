//! The page: its words, and its lines, read again where only some are new.

use std::fmt::Write;

/// Where it is.
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/coverage.md");

#[derive(Default)]
pub struct Page {
    text: String,
}

impl Page {
    pub fn new(replications: u64, units: usize) -> Self {
        let text = PREFACE.replace("{replications}", &replications.to_string()).replace("{units}", &units.to_string());
        Self { text }
    }

    /// The page as it is.
    pub fn read() -> Self {
        Self { text: std::fs::read_to_string(PATH).unwrap() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn write(&self) {
        std::fs::write(PATH, &self.text).unwrap();
    }

    pub fn section(&mut self, title: &str, about: &str) {
        let head = "| estimator | variance | estimand − ATT | bias (MC error) | SD | mean SE | overall | at 0 | band |";
        let rule = "|---|---|---:|---:|---:|---:|---:|---:|---:|";
        writeln!(self.text, "\n## {title}\n\n{about}\n\n{head}\n{rule}").unwrap();
    }

    pub fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").unwrap();
    }

    /// The line of a variance of an estimator in a section.
    pub fn find(&self, section: &str, estimator: &str, variant: &str) -> Option<&str> {
        let own = self.text.split("\n## ").find(|part| part.lines().next() == Some(section))?;
        let [plain, failed] = [format!("| `{estimator}` | {variant} |"), format!("| `{estimator}` | {variant} (")];
        own.lines().find(|line| line.starts_with(&plain) || line.starts_with(&failed))
    }
}

const PREFACE: &str = "\
# Coverage

Written by `cargo run --release -p attica --example coverage` (`just coverage`; `-- --only sdid` and \
`-- --design \"Few adopters\"` run a part anew and keep the other lines); the designs are in `crates/attica/examples/coverage/`. Each line is {replications} simulated \
panels of {units} units and 10 periods; draw r is the same for all estimators and on any machine. The page of each \
estimator says what its standard errors are. Those of `sdid` have 200 draws, its default, among few adopters, and for \
time's sake 50 elsewhere.

- *Estimand − ATT*: what the estimator averages, less the mean effect over treated rows. It is no error: \
Callaway–Sant'Anna counts every unit alike however long it is treated, a stacked regression the cohorts that fill its \
window, two-way fixed effects weigh by variance, some effects negatively. Everything else is judged against the \
estimator's own estimand.
- *Bias* with its Monte Carlo error, *SD* of the estimates, and the mean of their standard errors.
- Share of 95 % intervals that hold the truth, in percent: the headline effect, the effect in the period of adoption, \
and the simultaneous band over all event times. At 1,000 replications a true 95 comes out between 93.6 and 96.4 in 19 \
of 20 cases; what lies outside 93 to 97 is bold.
- Cohorts have the same sizes in every replication, except for standard errors that count cohort sizes as drawn (`cs`, \
`sa` with estimated shares, `etwfe` unconditional): there they are drawn.

What is bold, why, and what to use instead. No headline interval is; all of it is what few units do: with 1,000 \
units (`-- --units 1000` prints them) bands of `cs` hold 94.1 to 94.4 % in the first three designs.

- Bands rest on the joint normal distribution, and all event times must be right at once. With 40 or 50 units in a cohort \
they hold up to three in a hundred too little. Among few adopters the earliest and the latest event times rest on one \
cohort of 10 units, and a variance from 10 changes is too small half of the time: bands hold 84 to 90 %. There use \
randomisation inference, or a window of event times that several cohorts share; `stacked`, whose window is that by \
itself, and `sdid` with its placebo or jackknife variance hold 93 to 97 %.
- The effect at adoption by `bjs` and `etwfe` among few adopters: residuals of a cohort are taken from its own mean, \
which fits 10 units too well. `leave_out` of `bjs` takes it from the other units and mends that; so does the \
unconditional variance of `etwfe`.
- Bands of `sdid` by the jackknife are a little wide, as the jackknife is on the safe side; the bootstrap is the default.
";
