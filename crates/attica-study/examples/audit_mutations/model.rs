//! A simulated paper as the texts that it prints, each of which can be changed.

use std::fmt::Write;

use attica::math::random::Stream;

/// What stands in brackets below coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bracket {
    Se,
    T,
    P,
    Ci,
}

/// A coefficient: estimate, stars, and what is in brackets (an interval has two numbers).
#[derive(Clone, Debug)]
pub struct Coefficient {
    pub name: &'static str,
    pub estimate: String,
    pub stars: String,
    pub bracket: Vec<String>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    pub terms: Vec<Coefficient>,
    pub constant: Option<Coefficient>,
    pub n: String,
    pub r2: String,
    pub units: String,
    pub clusters: Option<String>,
}

/// A table of regressions of `y`.
#[derive(Clone, Debug)]
pub struct Table {
    pub columns: Vec<Column>,
    pub bracket: Bracket,
    pub classical: bool,
    pub overall: bool,
    pub effects: bool,
    pub subgroups: bool,
}

/// A row of the descriptive statistics: N, mean, SD, min, max.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: &'static str,
    pub cells: [String; 5],
}

/// What the paper prints. Units and years of the sample are what it is about, and do not change.
#[derive(Clone, Debug)]
pub struct Model {
    pub units: usize,
    pub first: i64,
    pub last: i64,
    pub cohorts: Vec<[String; 2]>,
    pub variables: Vec<Variable>,
    pub tables: Vec<Table>,
    /// About and what is said: numbers, then words.
    pub claims: Vec<(&'static str, String)>,
    /// Rows left of a cut by 10 %.
    pub left: String,
}

impl Model {
    /// Rows of the sample.
    pub fn rows(&self) -> usize {
        self.units * self.periods()
    }

    /// Periods of the sample.
    pub fn periods(&self) -> usize {
        (self.last - self.first + 1) as usize
    }

    /// Every printed cell.
    pub fn cells(&mut self) -> Vec<&mut String> {
        let mut cells: Vec<&mut String> = Vec::new();
        cells.extend(self.cohorts.iter_mut().flatten());
        cells.extend(self.variables.iter_mut().flat_map(|v| &mut v.cells));
        for column in self.tables.iter_mut().flat_map(|t| &mut t.columns) {
            for term in column.terms.iter_mut().chain(&mut column.constant) {
                cells.extend([&mut term.estimate, &mut term.stars]);
                cells.extend(&mut term.bracket);
            }
            cells.extend([&mut column.n, &mut column.r2, &mut column.units]);
            cells.extend(&mut column.clusters);
        }
        cells.extend(self.claims.iter_mut().map(|(_, says)| says));
        cells.push(&mut self.left);
        cells
    }

    /// The paper file.
    pub fn toml(&self) -> String {
        let Self { units, first, last, .. } = self;
        let cohorts: Vec<String> = self.cohorts.iter().map(|[from, n]| format!("{from} = '{n}'")).collect();
        let mut out = format!(
            "[panel]\nunits = {units}\nfirst = {first}\nlast = {last}\nbalanced = true\n[policy]\nvariable = 'D'\n[[policy.announced]]\nwhere = 'text'\n\
             cohorts = {{ {} }}\n[variables]\ncount = {{ kind = 'count' }}\nshare = {{ range = [0, 1] }}\n[[tables]]\nlabel = 'Table 1'\n\
             csv = '''\nVariable,N,Mean,SD,Min,Max\n",
            cohorts.join(", ")
        );
        for v in &self.variables {
            let _ = writeln!(out, "{},{}", v.name, v.cells.join(","));
        }
        out += "'''\n";
        for (i, table) in self.tables.iter().enumerate() {
            out += &table.toml(i + 2);
        }
        for (about, says) in &self.claims {
            let _ = write!(out, "[[claims]]\nabout = '{about}'\nsays = '{says}'\nwhere = 'text'\n");
        }
        let _ = write!(out, "[[cuts]]\nshare = '10 %'\nleft = '{}'\nwhere = 'text'\n", self.left);
        out
    }
}

impl Table {
    fn toml(&self, number: usize) -> String {
        let brackets = match self.bracket {
            Bracket::Se => "se",
            Bracket::T => "t",
            Bracket::P => "p",
            Bracket::Ci => "ci",
        };
        let mut out = format!(
            "[[tables]]\nlabel = 'Table {number}'\noutcome = 'y'\nbrackets = '{brackets}'\neffects = {}\nr2 = '{}'\nerrors = '{}'\nsubgroups = {}\ncsv = '''\n",
            if self.effects { "['unit', 'year']" } else { "[]" },
            if self.overall { "overall" } else { "within" },
            if self.classical { "classical" } else { "clustered" },
            self.subgroups,
        );
        let mut row = |label: &str, cell: &dyn Fn(usize, &Column) -> String| {
            let cells: Vec<String> =
                self.columns.iter().enumerate().map(|(i, c)| format!("\"{}\"", cell(i, c))).collect();
            let _ = writeln!(out, "{label},{}", cells.join(","));
        };
        row("x", &|i, _| format!("({})", i + 1));
        let shown = |term: Option<&Coefficient>| {
            term.map_or(String::new(), |t| format!("{}{} ({})", t.estimate, t.stars, t.bracket.join(", ")))
        };
        for name in ["D", "x", "count"] {
            row(name, &|_, c| shown(c.terms.iter().find(|t| t.name == name)));
        }
        if self.columns.iter().any(|c| c.constant.is_some()) {
            row("Constant", &|_, c| shown(c.constant.as_ref()));
        }
        row("Observations", &|_, c| c.n.clone());
        row("R-squared", &|_, c| c.r2.clone());
        row("Number of units", &|_, c| c.units.clone());
        if self.columns.iter().any(|c| c.clusters.is_some()) {
            row("Clusters", &|_, c| c.clusters.clone().unwrap_or_default());
        }
        out + "'''\n"
    }
}

/// Another text for a cell: stars, a word, or one digit or the sign of a number.
pub fn changed(text: &str, random: &mut Stream) -> String {
    if text.chars().all(|c| c == '*') {
        let stars = (text.len() + 1 + random.index(3)) % 4;
        return "*".repeat(stars);
    }
    let opposite = [("positive", "negative"), ("significant", "not significant")];
    for (a, b) in opposite {
        match text {
            _ if text == a => return b.to_owned(),
            _ if text == b => return a.to_owned(),
            _ => {}
        }
    }
    if text.contains('.') && random.index(12) == 0 {
        return text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_owned);
    }
    let digits: Vec<usize> = text.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
    let at = digits[random.index(digits.len())];
    let old = text.as_bytes()[at] - b'0';
    let new = (old + 1 + random.index(9) as u8) % 10;
    format!("{}{new}{}", &text[..at], &text[at + 1..])
}
