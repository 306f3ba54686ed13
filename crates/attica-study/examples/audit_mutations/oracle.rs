//! Which rules a changed paper breaks, worked out from its texts by other means than the audit's: enumeration of counts, corners of
//! boxes, p-values instead of critical values. `None` where a number lies so near a bound that rounding of the machine decides.

use attica::audit::finding::Rule;
use attica::math::distribution::{normal_two_sided, t_two_sided};

use super::model::{Bracket, Coefficient, Column, Model, Table, Variable};

/// Lower and upper end of what is printed so.
type Ends = (f64, f64);

/// Rules with a law that can be broken by one cell.
pub const RULES: [Rule; 13] = [
    Rule::A1,
    Rule::A2,
    Rule::A3,
    Rule::A4,
    Rule::A5,
    Rule::A6,
    Rule::A7,
    Rule::A8,
    Rule::A10,
    Rule::A11,
    Rule::A12,
    Rule::A14,
    Rule::A15,
];

/// True when the printed numbers cannot obey the rule.
pub fn broken(rule: Rule, paper: &Model) -> Option<bool> {
    let tables = || paper.tables.iter();
    match rule {
        Rule::A1 => Some(counts(paper)),
        Rule::A2 => any(tables().map(|t| stars(paper, t))),
        Rule::A3 => Some(ones(paper).is_empty()),
        Rule::A4 => Some(whole(&paper.variables[3])),
        Rule::A5 => Some(treated(paper)),
        Rule::A6 => Some(tables().any(order)),
        Rule::A7 => any(tables().map(|t| rise(paper, t))),
        Rule::A8 => any(tables().map(|t| constants(paper, t))),
        Rule::A10 => any(tables().map(|t| floor(paper, t))),
        Rule::A11 => any(tables().map(|t| ratio(paper, t))),
        Rule::A12 => any(paper.variables.iter().map(bounds).chain(tables().map(inference))),
        Rule::A14 => Some(claims(paper)),
        _ => Some(paper.cohorts.iter().map(|[_, n]| value(n)).sum::<f64>() > paper.units as f64),
    }
}

/// True when one is; else unknown when one is.
fn any(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let all: Vec<Option<bool>> = all.collect();
    if all.contains(&Some(true)) { Some(true) } else { all.iter().all(Option::is_some).then_some(false) }
}

/// True when `excess` is positive, unknown when it is nearly zero on the scale of `size`.
fn positive(excess: f64, size: f64) -> Option<bool> {
    (excess.abs() > 1e-6 * size.abs().max(1e-12)).then_some(excess > 0.0)
}

fn value(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

fn ends(text: &str) -> Ends {
    let decimals = text.split_once('.').map_or(0, |(_, d)| d.len());
    let half = 0.5 / 10_f64.powi(decimals as i32);
    (value(text) - half, value(text) + half)
}

fn size(ends: Ends) -> Ends {
    let (a, b) = (ends.0.abs(), ends.1.abs());
    if ends.0 < 0.0 && ends.1 > 0.0 { (0.0, a.max(b)) } else { (a.min(b), a.max(b)) }
}

fn counts(paper: &Model) -> bool {
    let (cells, units) = (paper.rows() as f64, paper.units as f64);
    let mut wrong = paper.variables.iter().any(|v| value(&v.cells[0]) != cells);
    for table in &paper.tables {
        let n: Vec<f64> = table.columns.iter().map(|c| value(&c.n)).collect();
        let printed: Vec<f64> = table.columns.iter().map(|c| value(&c.units)).collect();
        wrong |= if table.subgroups {
            n.iter().sum::<f64>() != cells || n.iter().any(|n| *n > cells) || printed.iter().any(|u| *u > units)
        } else {
            n.iter().any(|n| *n != cells) || printed.iter().any(|u| *u != units)
        };
    }
    // Every share that is printed "10 %", rounded down or up.
    let left = value(&paper.left);
    let possible = (0..=1000).any(|i| {
        let kept = cells * (1.0 - (0.095 + 0.01 * f64::from(i) / 1000.0));
        kept.floor() <= left && left <= kept.ceil()
    });
    wrong || !possible
}

/// Two-sided p-values by all distributions that a column's stars may come from.
fn p_values(paper: &Model, table: &Table, column: &Column) -> Vec<Box<dyn Fn(f64) -> f64>> {
    let mut all: Vec<Box<dyn Fn(f64) -> f64>> = vec![Box::new(normal_two_sided)];
    let clusters = column.clusters.as_ref().unwrap_or(&column.units);
    for df in degrees(paper, table, column).into_iter().flatten().chain([value(clusters) - 1.0]) {
        if df > 0.0 {
            all.push(Box::new(move |t| t_two_sided(t, df)));
        }
    }
    all
}

/// Fewest and most residual degrees of freedom.
fn degrees(paper: &Model, table: &Table, column: &Column) -> Option<[f64; 2]> {
    let (n, k) = (value(&column.n), column.terms.len() as f64);
    let absorbed = if table.effects { (paper.units + paper.periods() - 1) as f64 } else { 1.0 };
    let most = n - k - 1.0;
    (most > 0.0).then(|| [(n - k - absorbed).clamp(1.0, most), most])
}

fn stars(paper: &Model, table: &Table) -> Option<bool> {
    let all = || table.columns.iter().flat_map(|c| c.terms.iter().chain(&c.constant).map(move |t| (c, t)));
    if all().all(|(_, t)| t.stars.is_empty()) || table.bracket == Bracket::Ci {
        return Some(false);
    }
    any(all().map(|(column, term)| {
        // Levels that the p-value lies between.
        let levels = [1.0 + 1e-9, 0.1, 0.05, 0.01, 0.0];
        let (below, above) = (levels[term.stars.len()], levels[term.stars.len() + 1]);
        let found = p_values(paper, table, column).into_iter().map(|p| {
            let (low, high) = p_ends(table.bracket, term, &*p);
            let (a, b) = (positive(below - low, below), positive(high - above, below));
            let fits = [a, if above == 0.0 { Some(true) } else { b }];
            any(fits.into_iter().map(|fit| fit.map(|fit| !fit))).map(|miss| !miss)
        });
        any(found).map(|fits| !fits)
    }))
}

/// Smallest and largest p-value of what is printed.
fn p_ends(bracket: Bracket, term: &Coefficient, p: &dyn Fn(f64) -> f64) -> Ends {
    let second = ends(&term.bracket[0]);
    match bracket {
        // No p-value above 1 is the business of A12.
        Bracket::P => (second.0.clamp(0.0, 1.0), second.1),
        Bracket::T => (p(size(second).1), p(size(second).0)),
        _ => {
            let b = size(ends(&term.estimate));
            let largest = if second.0 <= 0.0 { f64::INFINITY } else { b.1 / second.0 };
            (if largest.is_finite() { p(largest) } else { 0.0 }, p(b.0 / second.1))
        }
    }
}

/// Numbers of ones that print as the treatment's mean and standard deviation do.
fn ones(paper: &Model) -> Vec<usize> {
    let [n, mean, sd, ..] = &paper.variables[1].cells;
    let (rows, mean, sd) = (value(n), ends(mean), ends(sd));
    let within = |x: f64, ends: Ends| x >= ends.0 - 1e-9 && x <= ends.1 + 1e-9;
    let fits = |k: &usize| {
        let m = *k as f64 / rows;
        let population = (m * (1.0 - m)).sqrt();
        within(m, mean) && (within(population, sd) || within(population * (rows / (rows - 1.0)).sqrt(), sd))
    };
    (0..=rows as usize).filter(fits).collect()
}

fn whole(variable: &Variable) -> bool {
    let [n, mean, sd, min, max] = &variable.cells;
    let has_whole = |e: Ends| (e.0 - 1e-9).ceil() <= e.1 + 1e-9;
    if !has_whole(ends(min)) || !has_whole(ends(max)) {
        return true;
    }
    let (n, m, s) = (value(n), ends(mean), ends(sd));
    if n < 2.0 || (m.1 - m.0) * n >= 1.0 {
        return false;
    }
    let sums = ((m.0 * n).floor() as i64 - 1..=(m.1 * n).ceil() as i64 + 1)
        .filter(|sum| *sum as f64 / n >= m.0 - 1e-9 && *sum as f64 / n <= m.1 + 1e-9);
    !sums.into_iter().any(|sum| {
        let least: i64 = (0..n as i64).map(|i| (sum + i).div_euclid(n as i64).pow(2)).sum();
        let most = (s.1.powi(2) * n + (sum as f64).powi(2) / n).ceil() as i64 + 1;
        (least..=most.max(least)).any(|squares| {
            let spread = squares as f64 - (sum as f64).powi(2) / n;
            let near = |divisor: f64| {
                let sd = (spread.max(0.0) / divisor).sqrt();
                sd >= s.0 - 1e-9 && sd <= s.1 + 1e-9
            };
            (squares - sum) % 2 == 0 && (near(n) || near(n - 1.0))
        })
    })
}

fn treated(paper: &Model) -> bool {
    let ones = ones(paper);
    if value(&paper.variables[1].cells[0]) != paper.rows() as f64 || ones.is_empty() {
        return false;
    }
    !(-1..=1).any(|shift| {
        let each = paper.cohorts.iter().map(|[from, n]| {
            let from = from.parse::<i64>().unwrap_or(0) + shift;
            (paper.first..=paper.last).filter(|t| *t >= from).count() * n.parse::<usize>().unwrap_or(0)
        });
        ones.contains(&each.sum())
    })
}

/// Columns of a table that contain one another, with equal N.
fn nested(table: &Table) -> Vec<(&Column, &Column)> {
    if table.subgroups {
        return Vec::new();
    }
    let c = &table.columns;
    let pairs = (0..c.len()).flat_map(|i| (i + 1..c.len()).map(move |j| (&c[i], &c[j])));
    pairs.filter(|(short, long)| value(&short.n) == value(&long.n)).collect()
}

fn order(table: &Table) -> bool {
    let outside = table.columns.iter().any(|c| ends(&c.r2).0 > 1.0 || ends(&c.r2).1 < 0.0);
    let falls = nested(table).into_iter().any(|(short, long)| ends(&short.r2).0 > ends(&long.r2).1 + 1e-9);
    outside || falls
}

fn rise(paper: &Model, table: &Table) -> Option<bool> {
    if !table.classical || matches!(table.bracket, Bracket::P | Bracket::Ci) {
        return Some(false);
    }
    any(nested(table).into_iter().filter(|(short, long)| short.terms.len() + 1 == long.terms.len()).map(
        |(short, long)| {
            let Some(term) = long.terms.last() else { return Some(false) };
            let (low, high) = (ends(&short.r2), ends(&long.r2));
            let Some(df) = degrees(paper, table, long).filter(|_| high.1 < 1.0) else { return Some(false) };
            let second = size(ends(&term.bracket[0]));
            // t² (1 - R²) - ΔR² df, multiplied by the squared standard error where one is printed: monotone in every number.
            let (b, s) =
                if table.bracket == Bracket::T { (second, (1.0, 1.0)) } else { (size(ends(&term.estimate)), second) };
            let at = |b: f64, s: f64, low: f64, high: f64, df: f64| {
                b * b * (1.0 - high) - s * s * (high - low).max(0.0) * df
            };
            let corners = (at(b.0, s.1, low.0, high.1, df[1]), at(b.1, s.0, low.1, high.0, df[0]));
            let scale = b.1 * b.1 + s.1 * s.1 * df[1];
            any([positive(corners.0, scale), positive(-corners.1, scale)].into_iter())
        },
    ))
}

fn constants(paper: &Model, table: &Table) -> Option<bool> {
    any(table.columns.iter().map(|column| {
        let Some(constant) = &column.constant else { return Some(false) };
        let known =
            |name: &str| paper.variables.iter().find(|v| v.name == name && value(&v.cells[0]) == value(&column.n));
        let Some(y) = known("y") else { return Some(false) };
        let x: Option<Vec<Ends>> = column.terms.iter().map(|t| Some(ends(&known(t.name)?.cells[1]))).collect();
        let Some(x) = x else { return Some(false) };
        // A multilinear function: its ends are at corners.
        let (mut low, mut high) = (0.0, 0.0);
        for (term, x) in column.terms.iter().zip(&x) {
            let b = ends(&term.estimate);
            let products = [b.0 * x.0, b.0 * x.1, b.1 * x.0, b.1 * x.1];
            low += products.iter().copied().fold(f64::INFINITY, f64::min);
            high += products.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        }
        let (a, y_mean) = (ends(&constant.estimate), ends(&y.cells[1]));
        let gap = [positive(low + a.0 - y_mean.1, 1.0), positive(y_mean.0 - high - a.1, 1.0)];
        let one = (column.terms.len() == 1).then(|| {
            let (se, slope) = (ends(&constant.bracket[0]), size(ends(&column.terms[0].bracket[0])));
            let n = value(&column.n);
            let least = n * (se.0.max(0.0).powi(2) - (size(x[0]).1 * slope.1).powi(2));
            let most = ends(&y.cells[2]).1.powi(2) * (n - 1.0) / degrees(paper, table, column)?[0];
            positive(least - most, most)
        });
        any(gap.into_iter().chain(one))
    }))
}

fn floor(paper: &Model, table: &Table) -> Option<bool> {
    if !(table.classical && table.overall && table.effects && table.bracket == Bracket::Se) || table.subgroups {
        return Some(false);
    }
    let variance = |shift: i64| {
        let from: Vec<i64> = paper
            .cohorts
            .iter()
            .flat_map(|[from, n]| vec![from.parse::<i64>().unwrap_or(0) + shift; n.parse().unwrap_or(0)])
            .collect();
        let d = |i: usize, t: i64| f64::from(u8::from(from.get(i).is_some_and(|from| t >= *from)));
        let (units, periods) = (paper.units as f64, paper.periods() as f64);
        let years = || paper.first..=paper.last;
        let own: Vec<f64> = (0..paper.units).map(|i| years().map(|t| d(i, t)).sum::<f64>() / periods).collect();
        let at: Vec<f64> = years().map(|t| (0..paper.units).map(|i| d(i, t)).sum::<f64>() / units).collect();
        let all = own.iter().sum::<f64>() / units;
        let cell = |i: usize, (t, at): (i64, &f64)| (d(i, t) - own[i] - at + all).powi(2);
        (0..paper.units).flat_map(|i| years().zip(&at).map(move |ta| cell(i, ta)).collect::<Vec<_>>()).sum::<f64>()
    };
    // More treated units than units leave no variance to work out.
    if paper.cohorts.iter().map(|[_, n]| value(n)).sum::<f64>() > paper.units as f64 {
        return None;
    }
    let most = variance(0).max(variance(1));
    if most < 1e-9 {
        return Some(false);
    }
    any(table.columns.iter().filter(|c| value(&c.n) == paper.rows() as f64).map(|column| {
        let printed = ends(&column.terms[0].bracket[0]).1;
        let left = (1.0 - ends(&column.r2).1).max(0.0);
        let least = ends(&paper.variables[0].cells[2]).0.max(0.0) * left.sqrt() / most.sqrt();
        positive(least - printed, printed)
    }))
}

fn ratio(paper: &Model, table: &Table) -> Option<bool> {
    if !table.classical || table.bracket != Bracket::Se {
        return Some(false);
    }
    // Logarithm of what the standard error says beyond R² and degrees of freedom: it may not fall.
    let log = |column: &Column| {
        let (se, r2) = (ends(&column.terms[0].bracket[0]), ends(&column.r2));
        let df = degrees(paper, table, column)?[0];
        let beyond = |se: f64, r2: f64| 2.0 * se.ln() - ((1.0 - r2) / df).ln();
        (se.0 > 0.0 && r2.1 < 1.0).then(|| (beyond(se.0, r2.0), beyond(se.1, r2.1)))
    };
    any(nested(table).into_iter().map(|(short, long)| match (log(short), log(long)) {
        (Some(short), Some(long)) => positive(short.0 - long.1, 1.0),
        _ => Some(false),
    }))
}

fn bounds(variable: &Variable) -> Option<bool> {
    let [n, mean, sd, min, max] = &variable.cells;
    let (n, mean, sd, min, max) = (value(n), ends(mean), ends(sd), ends(min), ends(max));
    if min.0 > mean.1 || mean.0 > max.1 {
        return Some(true);
    }
    let share = variable.name == "share";
    if share && [min, mean, max].iter().any(|e| e.0 > 1.0 || e.1 < 0.0) {
        return Some(true);
    }
    let (a, b) = if share { (min.0.max(0.0), max.1.min(1.0)) } else { (min.0, max.1) };
    let grid = |e: Ends| (0..=400).map(move |i| e.0 + (e.1 - e.0) * f64::from(i) / 400.0);
    let most = grid(mean).map(|m| ((m - a).max(0.0) * (b - m).max(0.0) * n / (n - 1.0)).sqrt()).fold(0.0, f64::max);
    let wide = if variable.name == "D" || n < 2.0 { Some(false) } else { positive(sd.0 - most, most) };
    let narrow = if n > 2.0 && min.1 < max.0 {
        let (a, b) = (min.1, max.0);
        let spread = |m: f64| ((a - m).powi(2) + (b - m).powi(2) + (a + b - 2.0 * m).powi(2) / (n - 2.0)) / n;
        let least = grid(mean).map(spread).fold(f64::INFINITY, f64::min).sqrt();
        if (least - sd.1).abs() < 1e-3 * least { None } else { Some(least > sd.1) }
    } else {
        Some(false)
    };
    any([wide, narrow].into_iter())
}

fn inference(table: &Table) -> Option<bool> {
    any(table.columns.iter().flat_map(|c| c.terms.iter().chain(&c.constant)).map(|term| {
        let (b, first) = (ends(&term.estimate), ends(&term.bracket[0]));
        match table.bracket {
            Bracket::Se => Some(false),
            Bracket::T => Some(b.0 > 0.0 && first.1 < 0.0 || b.1 < 0.0 && first.0 > 0.0),
            Bracket::P => Some(first.0 > 1.0 || first.1 < 0.0),
            Bracket::Ci => {
                let second = ends(&term.bracket[1]);
                let (low, high) = (0.5 * (first.0 + second.0), 0.5 * (first.1 + second.1));
                any([Some(first.0 > second.1), positive(low - b.1, 1.0), positive(b.0 - high, 1.0)].into_iter())
            }
        }
    }))
}

fn claims(paper: &Model) -> bool {
    let headline = &paper.tables[0].columns[0].terms[0];
    let announced: f64 = paper.cohorts.iter().map(|[_, n]| value(n)).sum();
    paper.claims.iter().any(|(about, says)| match *about {
        "years" => *says != format!("{}-{}", paper.first, paper.last),
        "periods" => (value(says) - paper.periods() as f64).abs() > 1.0,
        "units" => value(says) != paper.units as f64,
        "treated units" => value(says) != announced,
        "observations" => value(says) != paper.rows() as f64,
        _ => match says.as_str() {
            "positive" => ends(&headline.estimate).1 <= 0.0,
            "negative" => ends(&headline.estimate).0 >= 0.0,
            "significant" => headline.stars.is_empty(),
            "not significant" => !headline.stars.is_empty(),
            _ => {
                let (a, b) = (ends(says), ends(&headline.estimate));
                a.0 > b.1 + 1e-9 || b.0 > a.1 + 1e-9
            }
        },
    })
}
