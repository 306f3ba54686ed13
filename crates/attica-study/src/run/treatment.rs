//! How a study codes its policy: the columns that `[policy]` names, and what to say about them.

use attica::frame::Frame;
use attica::message::{Problem, Result, Warning};
use attica::panel::{Adoption, Panel};
use attica::text::Text;

use crate::results::TreatmentCard;
use crate::studyfile::Policy;

/// The treatment of a panel.
#[derive(Clone, Debug)]
pub struct Treatment {
    /// Name of the variable.
    pub name: String,
    /// One value per row of the panel.
    pub values: Vec<f64>,
    /// One per unit.
    pub adoption: Vec<Adoption>,
    /// True when values are doses.
    pub continuous: bool,
    /// How it was coded, in a sentence.
    pub coding: Text,
    /// First treated periods, ascending.
    pub dates: Vec<f64>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Codes the treatment of `panel`.
///
/// # Errors
/// Those of [`Panel::adoption_from_first`], [`Panel::adoption_from_group`] and [`Panel::adoption_from_path`]; `E603`
/// and `E301` columns that are not there or hold text; `E602` a policy that names none.
pub fn treatment(policy: &Policy, frame: &Frame, panel: &Panel) -> Result<Treatment> {
    let name = &policy.name;
    let coded = |values, adoption: Vec<Adoption>, coding, warnings| {
        let dates = panel.cohorts(&adoption).into_iter().map(|(date, _)| date).collect();
        Treatment { name: name.clone(), values, adoption, continuous: false, coding, dates, warnings }
    };
    if let Some(column) = &policy.first_treated {
        let (adoption, mut warnings) = panel.adoption_from_first(frame.column(column)?, &policy.never)?;
        if let Some(path) = &policy.path {
            warnings.extend(panel.contradictions(&adoption, column, path, frame.numbers(path)?));
        }
        let coding = Text::new(
            format!(
                "{name} is 1 from the period in {column} on and 0 before; units without a period are never treated"
            ),
            format!("{name}自{column}所示时期起取1，此前取0；该列为空的个体视为从未处理"),
        );
        return Ok(coded(panel.treated(&adoption), adoption, coding, warnings));
    }
    if let (Some(group), Some(from)) = (&policy.treated, policy.from) {
        let (adoption, warnings) = panel.adoption_from_group(group, frame.numbers(group)?, from)?;
        let coding = Text::new(
            format!("{name} is 1 for units with {group} = 1 from {from} on, else 0"),
            format!("{group}取1的个体自{from}起{name}取1，其余取0"),
        );
        return Ok(coded(panel.treated(&adoption), adoption, coding, warnings));
    }
    if let Some(path) = &policy.path {
        let values = frame.numbers(path)?;
        let (adoption, warnings) = panel.adoption_from_path(path, values)?;
        let coding = Text::new(format!("{name} is the column {path}"), format!("{name}即列{path}"));
        return Ok(coded(values.to_vec(), adoption, coding, warnings));
    }
    if let Some(column) = &policy.continuous {
        let values = frame.numbers(column)?;
        let told = Warning::new(
            "W212",
            format!(
                "{column} is an intensity, not 0/1: effects are per unit of {column}, and compare units with different doses"
            ),
            format!("{column}为处理强度而非0/1变量：系数为每单位{column}的效应，比较的是不同强度的个体"),
        );
        let coding = Text::new(format!("{name} is the intensity {column}"), format!("{name}为处理强度{column}"));
        let dose = coded(values.to_vec(), panel.adoption_where_positive(values), coding, vec![told]);
        return Ok(Treatment { continuous: true, ..dose });
    }
    Err(Problem::new("E602", "[policy] does not say who is treated, and when"))
}

impl Treatment {
    /// Units ever treated.
    pub fn ever(&self) -> impl Iterator<Item = bool> + '_ {
        self.adoption.iter().map(|a| *a != Adoption::Never)
    }

    /// The card of `attica check`.
    pub fn card(&self, panel: &Panel) -> TreatmentCard {
        let units = 0..self.adoption.len() as u32;
        let count = |which: Adoption| panel.count(units.clone().filter(|&unit| self.adoption[unit as usize] == which));
        let treated = panel.unit.iter().zip(&self.values).filter(|(_, value)| **value > 0.0).map(|(unit, _)| *unit);
        let pre = self.dates.first().map_or(0, |&g| panel.times.partition_point(|t| *t < g));
        TreatmentCard {
            name: self.name.clone(),
            never: count(Adoption::Never),
            always: count(Adoption::Always),
            switches_off: count(Adoption::Switches),
            treated_rows: panel.count(treated),
            pre_periods: pre,
            testable_leads: pre.saturating_sub(1),
            post_periods: self.dates.first().map_or(0, |_| panel.times.len() - pre),
            cohorts: panel.cohorts(&self.adoption),
        }
    }
}
