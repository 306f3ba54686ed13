//! What a strict referee would say about a design: one function per remark, computed from results alone. A rule speaks
//! with the number behind it, or is silent.

mod comparison;
mod controls;
mod inference;
mod stability;
mod timing;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use attica::fit::Term;
use attica::text::Text;
use attica_report::format;

use crate::results::{Content, DesignCard, PanelCard, Remark, Results, Section, TreatmentCard};

/// What rules read.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The panel card.
    pub panel: &'a PanelCard,
    /// What the data say about the design.
    pub design: Option<&'a DesignCard>,
    /// What the steps found; empty before any step.
    pub sections: &'a [Section],
    /// What a reader calls each variable.
    pub labels: &'a BTreeMap<String, Text>,
    /// Outcome; empty without a study.
    pub outcome: &'a str,
    /// Decimals of coefficients.
    pub digits: usize,
}

impl<'a> From<&'a Results> for Facts<'a> {
    fn from(results: &'a Results) -> Self {
        Self {
            panel: &results.panel,
            design: results.design.as_ref(),
            sections: &results.sections,
            labels: &results.labels,
            outcome: &results.model.outcome,
            digits: results.style.digits,
        }
    }
}

type Rule = fn(&Facts<'_>) -> Option<Remark>;

/// Every rule, by what it threatens: within one importance, remarks keep this order.
const RULES: [Rule; 22] = [
    timing::one_wave,
    controls::bad_controls,
    controls::shared_ingredients,
    comparison::concurrent,
    comparison::treated_as_controls,
    comparison::negative_weights,
    timing::leads,
    timing::rejected_leads,
    comparison::nobody_untreated,
    comparison::always_treated,
    timing::switches_off,
    stability::opposite_signs,
    stability::estimators,
    stability::one_group,
    timing::few_periods,
    inference::few_treated,
    inference::few_clusters,
    inference::variances,
    inference::placebo,
    comparison::neighbours,
    stability::curve,
    controls::lost_rows,
];

/// All remarks on `facts`, the most important first.
pub fn remarks(facts: &Facts<'_>) -> Vec<Remark> {
    let mut found: Vec<Remark> = RULES.iter().filter_map(|rule| rule(facts)).collect();
    found.sort_by_key(|remark| remark.importance);
    found
}

impl Facts<'_> {
    fn treatment(&self) -> Option<&TreatmentCard> {
        self.panel.treatment.as_ref()
    }

    fn label(&self, name: &str) -> Text {
        self.labels.get(name).cloned().unwrap_or_else(|| Text::same(name))
    }

    /// The policy in the main regression.
    fn effect(&self) -> Option<&Term> {
        self.design?.effect.as_ref()
    }

    /// `step`, when the study ran it and it did not fail.
    fn section(&self, step: &str) -> Option<String> {
        let ran = |section: &&Section| section.step == step && !matches!(section.content, Content::Failed(_));
        self.sections.iter().find(ran).map(|section| section.step.clone())
    }

    fn number(&self, value: f64) -> String {
        format::number(value, self.digits)
    }
}

/// A remark on identification (1), on uncertainty (2) or that readers will ask about (3).
#[allow(clippy::unnecessary_wraps, reason = "every rule ends with it")]
fn remark(rule: &str, importance: u8, said: Text, answer: Text, section: Option<String>) -> Option<Remark> {
    Some(Remark { rule: rule.to_owned(), importance, said, answer, section })
}

fn percent(share: f64) -> String {
    let value = 100.0 * share;
    format!("{}%", format::number(value, usize::from(value.abs() < 10.0 && value != 0.0)))
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {}", format::number(p, 3)) }
}

/// `one` for 1, else `many`.
fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// Names in a row.
fn listed(names: &[Text]) -> Text {
    let joined = |of: fn(&Text) -> &str, sign: &str| names.iter().map(of).collect::<Vec<_>>().join(sign);
    Text::new(joined(|name| &name.en, ", "), joined(|name| &name.zh, "、"))
}
