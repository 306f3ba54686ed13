//! Truthful papers: panels with a known policy, estimated by our own estimators, and printed.

use attica::design::{Design, DesignOptions};
use attica::fit::{FitOptions, FitRecord, Term, fit};
use attica::formula::Formula;
use attica::frame::{Column as Data, Frame};
use attica::math::random::{Stream, stream};
use attica::message::Result;
use attica::panel::Panel;
use attica::vcov::Vcov;

use super::model::{Bracket, Coefficient, Column, Model, Table, Variable};

/// A panel and who is treated since when.
struct Sample {
    frame: Frame,
    units: usize,
    first: i64,
    last: i64,
    cohorts: Vec<(i64, usize)>,
}

/// Paper number `seed`.
pub fn paper(seed: u64) -> Result<Model> {
    let mut random = stream(20_111_020, seed);
    let sample = sample(&mut random)?;
    let decimals = 3 + random.index(2);
    let brackets = [Bracket::Se, Bracket::Se, Bracket::T, Bracket::P, Bracket::Ci];
    let (classical, overall) = (random.index(2) == 0, random.index(2) == 0);
    let main = Style { bracket: brackets[random.index(5)], classical, overall, decimals };
    let pooled = Style { bracket: Bracket::Se, classical: true, overall: true, decimals };
    let split = Style { bracket: Bracket::Se, classical: false, overall: true, decimals };
    let whole = &sample.frame;
    let half = |odd: f64| {
        let side = whole.numbers("side").unwrap_or_default();
        let rows: Vec<u32> = (0..whole.rows() as u32).filter(|r| side[*r as usize] == odd).collect();
        whole.take(&rows)
    };
    let tables = vec![
        main.table(&[("D", whole), ("D + x", whole), ("D + x + count", whole)], true, false)?,
        pooled.table(&[("D", whole), ("D + x", whole)], false, false)?,
        split.table(&[("D", &half(0.0)), ("D", &half(1.0))], true, true)?,
    ];
    let treated: usize = sample.cohorts.iter().map(|(_, n)| n).sum();
    let headline = &tables[0].columns[0].terms[0];
    let sign = if headline.estimate.starts_with('-') { "negative" } else { "positive" };
    let significant = if headline.stars.is_empty() { "not significant" } else { "significant" };
    let rows = whole.rows();
    let claims = vec![
        ("years", format!("{}-{}", sample.first, sample.last)),
        ("periods", (sample.last - sample.first + 1).to_string()),
        ("units", sample.units.to_string()),
        ("treated units", treated.to_string()),
        ("observations", rows.to_string()),
        ("Table 2 (1) D", headline.estimate.clone()),
        ("Table 2 (1) D", sign.to_owned()),
        ("Table 2 (1) D", significant.to_owned()),
    ];
    let variables = ["y", "D", "x", "count", "share"].map(|name| described(whole, name, decimals));
    let left = if random.index(2) == 0 { rows - rows / 10 } else { rows - (rows as f64 / 10.0).round() as usize };
    Ok(Model {
        units: sample.units,
        first: sample.first,
        last: sample.last,
        cohorts: sample.cohorts.iter().map(|(from, n)| [from.to_string(), n.to_string()]).collect(),
        variables: variables.into_iter().collect(),
        tables,
        claims,
        left: left.to_string(),
    })
}

fn sample(random: &mut Stream) -> Result<Sample> {
    let (units, periods) = (24 + random.index(30), 5 + random.index(6));
    let first = 2003 + random.index(8) as i64;
    let last = first + periods as i64 - 1;
    let start = first + 2 + random.index(periods - 3) as i64;
    let mut cohorts = vec![(start, 4 + random.index(units / 5))];
    if start < last && random.index(2) == 0 {
        cohorts.push((start + 1 + random.index((last - start) as usize) as i64, 3 + random.index(units / 5)));
    }
    let mut adoption: Vec<Option<i64>> =
        cohorts.iter().flat_map(|(from, n)| std::iter::repeat_n(Some(*from), *n)).collect();
    adoption.resize(units, None);
    let (effect, noise) = (0.3 * random.normal(), 0.3 + random.uniform());
    let mut columns: [Vec<f64>; 8] = Default::default();
    for (i, from) in adoption.iter().enumerate() {
        let (level, size, mut shock) = (random.normal(), random.normal(), 0.0);
        for t in first..=last {
            let d = f64::from(u8::from(from.is_some_and(|from| t >= from)));
            shock = 0.5 * shock + noise * random.normal();
            let x = 10.0 + size + 0.5 * random.normal() + 0.1 * d;
            let count = (3.0 + 2.0 * size + random.normal()).abs().round();
            let y = level + 0.05 * (t - first) as f64 + effect * d + 0.3 * (x - 10.0) + 0.1 * count + shock;
            let share = 1.0 / (1.0 + (1.0 - y).exp());
            let side = (i % 2) as f64;
            for (column, value) in columns.iter_mut().zip([i as f64, t as f64, d, x, count, y, share, side]) {
                column.push(value);
            }
        }
    }
    let names = ["unit", "year", "D", "x", "count", "y", "share", "side"];
    let frame = Frame::new(names.into_iter().zip(columns).map(|(name, values)| Data::number(name, values)).collect())?;
    Ok(Sample { frame, units, first, last, cohorts })
}

fn described(frame: &Frame, name: &'static str, decimals: usize) -> Variable {
    let x = frame.numbers(name).unwrap_or_default();
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let (min, max) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let number = |x: f64| format!("{x:.decimals$}");
    Variable { name, cells: [x.len().to_string(), number(mean), number(sd), number(min), number(max)] }
}

/// How a table prints.
struct Style {
    bracket: Bracket,
    classical: bool,
    overall: bool,
    decimals: usize,
}

impl Style {
    fn table(&self, columns: &[(&str, &Frame)], effects: bool, subgroups: bool) -> Result<Table> {
        let columns = columns.iter().map(|(right, frame)| self.column(right, frame, effects)).collect::<Result<_>>()?;
        let Self { bracket, classical, overall, .. } = *self;
        Ok(Table { columns, bracket, classical, overall, effects, subgroups })
    }

    fn column(&self, right: &str, frame: &Frame, effects: bool) -> Result<Column> {
        let vcov = if self.classical { Vcov::Iid } else { Vcov::Cluster(vec!["unit".to_owned()]) };
        let formula = if effects { format!("y ~ {right} | unit + year") } else { format!("y ~ {right}") };
        let (panel, _) = Panel::new(frame, "unit", "year")?;
        let single = Formula::parse(&formula)?.expand(frame)?.remove(0);
        let options = DesignOptions { clusters: vcov.clusters().to_vec(), ..DesignOptions::default() };
        let design = Design::build(frame, Some(&panel), &single, &options)?;
        let record: FitRecord = fit(&design, &FitOptions { constants: false, ..FitOptions::new(vcov) })?.record();
        let term = |name: &'static str| {
            let key = if name == "Constant" { attica::fit::INTERCEPT } else { name };
            record.terms.iter().find(|t| t.term == key).map(|t| self.coefficient(name, t))
        };
        let units = record.n_units.unwrap_or(0).to_string();
        Ok(Column {
            terms: ["D", "x", "count"].into_iter().filter_map(term).collect(),
            constant: term("Constant"),
            n: record.n_obs.to_string(),
            r2: self.number(if self.overall { record.r2 } else { record.r2_within }.unwrap_or(0.0)),
            clusters: (!self.classical).then(|| units.clone()),
            units,
        })
    }

    fn number(&self, x: f64) -> String {
        format!("{x:.*}", self.decimals)
    }

    fn coefficient(&self, name: &'static str, term: &Term) -> Coefficient {
        let stars = [0.01, 0.05, 0.1].iter().filter(|level| term.p_value < **level).count();
        let bracket = match self.bracket {
            Bracket::Se => vec![self.number(term.std_error)],
            Bracket::T => vec![format!("{:.2}", term.statistic)],
            Bracket::P => vec![self.number(term.p_value)],
            Bracket::Ci => vec![self.number(term.conf_low), self.number(term.conf_high)],
        };
        Coefficient { name, estimate: self.number(term.estimate), stars: "*".repeat(stars), bracket }
    }
}
