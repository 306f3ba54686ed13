//! The true assignment, read from a design: which unit has which treatment path.

use crate::design::{Codes, Design};
use crate::diagnostic::{periods, regressor};
use crate::message::{Problem, Result, Warning};

use super::quick::Assignment;

/// Who is treated when, over the periods of a design.
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    /// Period of each row, `0..times.len()`.
    pub period: Vec<u32>,
    /// Period values, ascending.
    pub times: Vec<f64>,
    /// Distinct treatment paths other than never, one value per period.
    pub paths: Vec<Vec<f64>>,
    /// Path of each unit that has one.
    pub truth: Assignment,
    /// Every path is 0 up to a date and 1 from it on.
    pub absorbing: bool,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Reads the path of each unit from its rows. A period without a row takes its value from the date of
/// adoption, or, where the treatment is no single switch from 0 to 1, from the period before.
///
/// # Errors
/// `E201` when the treatment differs between rows of one unit and period; `E205` when nobody is ever
/// treated.
pub fn read(design: &Design, treatment: &str) -> Result<Paths> {
    let (period, times) = periods(design)?;
    let Some((unit, _)) = &design.panel else { return Err(Problem::new("E602", "the unit of each row is not known")) };
    let values = regressor(design, treatment)?;
    let mut observed: Vec<Option<f64>> = vec![None; unit.levels * times.len()];
    for ((&i, &t), &d) in unit.codes.iter().zip(&period).zip(values) {
        let cell = &mut observed[i as usize * times.len() + t as usize];
        if cell.is_some_and(|before| before != d) {
            return Err(varies_within(treatment, unit, times[t as usize]));
        }
        *cell = Some(d);
    }

    let (mut paths, mut truth) = (Vec::<Vec<f64>>::new(), Assignment::default());
    let (mut absorbing, mut carried) = (true, 0);
    for (i, cells) in observed.chunks_exact(times.len()).enumerate() {
        let switches = cells.iter().flatten().all(|d| *d == 0.0 || *d == 1.0)
            && cells.iter().flatten().is_sorted_by(|a, b| a <= b);
        let Some(first) = cells.iter().position(|d| d.is_some_and(|d| d != 0.0)) else { continue };
        let path: Vec<f64> = if switches {
            (0..times.len()).map(|t| f64::from(u8::from(t >= first))).collect()
        } else {
            absorbing = false;
            carried += cells.iter().filter(|d| d.is_none()).count();
            carried_on(cells)
        };
        let index = paths.iter().position(|p| *p == path).unwrap_or_else(|| {
            paths.push(path);
            paths.len() - 1
        });
        truth.treated.push((i as u32, index as u32));
    }
    if truth.treated.is_empty() {
        return Err(Problem::new("E205", format!("\"{treatment}\" is 0 in all rows of the sample: nobody is treated"))
            .fix("check the treatment column, and the filters of this step"));
    }
    let mut warnings = Vec::new();
    if carried > 0 {
        warnings.push(Warning::new(
            "W104",
            format!("{carried} unit-periods have no row; for placebo draws \"{treatment}\" there is that of the period before"),
            format!("{carried} 个单位-时期没有观测；安慰剂抽取时其 {treatment} 取上一期的值"),
        ));
    }
    Ok(Paths { period, times, paths, truth, absorbing, warnings })
}

/// A path with the value of the period before where there is none.
pub(super) fn carried_on(cells: &[Option<f64>]) -> Vec<f64> {
    let mut last = cells.iter().flatten().next().copied().unwrap_or(0.0);
    let fill = |d: &Option<f64>| {
        last = d.unwrap_or(last);
        last
    };
    cells.iter().map(fill).collect()
}

fn varies_within(treatment: &str, unit: &Codes, time: f64) -> Problem {
    Problem::new(
        "E201",
        format!(
            "\"{treatment}\" differs between rows of one {} in period {time}: there is no path to give to another",
            unit.name
        ),
    )
    .fix("use the treatment of the unit at which the policy is assigned")
}
