//! The shape of a panel in plain numbers.

use super::Panel;

/// Counts of a panel card.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Every unit in every period.
    pub balanced: bool,
    /// Unit-periods missing between a unit's first and last row; periods that no unit has count too.
    pub gaps: usize,
    /// Units with such gaps.
    pub units_with_gaps: Vec<u32>,
    /// Units seen once.
    pub singletons: Vec<u32>,
    /// Rows per period, in the order of `times`.
    pub rows_per_period: Vec<usize>,
    /// Rows per unit, in the order of `units`.
    pub rows_per_unit: Vec<usize>,
}

impl Panel {
    /// Balance, gaps, singletons and counts.
    pub fn describe(&self) -> Shape {
        let periods = self.times.len();
        let mut shape = Shape {
            balanced: self.is_balanced(),
            gaps: 0,
            units_with_gaps: Vec::new(),
            singletons: Vec::new(),
            rows_per_period: vec![0; periods],
            rows_per_unit: vec![0; self.units.len()],
        };
        for (unit, rows) in self.row.chunks(periods).enumerate() {
            let is_present = |t: &usize| rows[*t] != Self::NO_ROW;
            let mut present = 0;
            for t in (0..periods).filter(is_present) {
                shape.rows_per_period[t] += 1;
                present += 1;
            }
            shape.rows_per_unit[unit] = present;
            let (Some(first), Some(last)) = ((0..periods).find(is_present), (0..periods).rfind(is_present)) else {
                continue;
            };
            let span = ((self.times[last] - self.times[first]) / self.step).round() as usize + 1;
            if span > present {
                shape.gaps += (span - present) * self.count([unit as u32]);
                shape.units_with_gaps.push(unit as u32);
            }
            if present == 1 {
                shape.singletons.push(unit as u32);
            }
        }
        shape
    }
}
