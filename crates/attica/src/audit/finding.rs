//! What an audit says: the rule, its verdict, where, and the numbers that show it.

use serde::{Deserialize, Serialize};

pub use super::quantity::Quantity;
pub use super::rule::Rule;
use crate::text::Text;

/// What a rule concludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// No values that would be printed so obey the law.
    Fail,
    /// Less than one in twenty of the values that would be printed so obey it.
    Tight,
    /// At odds with something that the paper does not say and that is nearly always so.
    Warn,
    /// A consequence worth knowing.
    Info,
    /// Too few digits, or something that the rule needs is not printed.
    Untestable,
    /// Values that would be printed so obey the law.
    Pass,
}

impl Verdict {
    /// From the gravest.
    pub const ALL: [Self; 6] = [Self::Fail, Self::Tight, Self::Warn, Self::Info, Self::Untestable, Self::Pass];

    /// The word in reports and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fail => "FAIL",
            Self::Tight => "TIGHT",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Untestable => "UNTESTABLE",
            Self::Pass => "PASS",
        }
    }
}

/// Numbers that show a verdict: one unrounded assignment that obeys the law, or the smallest set of printed numbers
/// that cannot obey it together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Witness {
    /// Which of the two.
    pub kind: WitnessKind,
    /// The numbers.
    pub values: Vec<Value>,
}

/// What a witness shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WitnessKind {
    /// Unrounded values that are printed as the paper prints them and obey the law.
    Assignment,
    /// Printed numbers that cannot all be right; without any one of them the others could be.
    Conflict,
}

/// A number of a witness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// Where it stands: `Table 2 (4) LGDP`; empty for what is said of the whole sample.
    #[serde(rename = "where")]
    pub place: String,
    /// What it is.
    pub what: Quantity,
    /// As printed; absent for what is not printed.
    pub printed: Option<String>,
    /// Unrounded value; absent in conflicts.
    pub value: Option<f64>,
}

impl Value {
    /// A printed number.
    pub fn printed(place: impl Into<String>, what: Quantity, text: impl Into<String>) -> Self {
        Self { place: place.into(), what, printed: Some(text.into()), value: None }
    }

    /// A printed number and the unrounded value that stands for it.
    pub fn assigned(place: impl Into<String>, what: Quantity, text: impl Into<String>, value: f64) -> Self {
        Self { place: place.into(), what, printed: Some(text.into()), value: Some(value) }
    }

    /// A value that follows from others.
    pub fn derived(place: impl Into<String>, what: Quantity, value: f64) -> Self {
        Self { place: place.into(), what, printed: None, value: Some(value) }
    }

    /// Where it stands and what it is.
    pub fn name(&self) -> Text {
        let words = self.what.words();
        match (self.place.is_empty(), words.en.is_empty()) {
            (true, true) => Text::new("sample as described", "样本说明"),
            (true, false) => words,
            (false, true) => Text::same(&self.place),
            (false, false) => {
                Text::new(format!("{} {}", self.place, words.en), format!("{}的{}", self.place, words.zh))
            }
        }
    }
}

/// One verdict of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What it concludes.
    pub verdict: Verdict,
    /// Where in the paper.
    #[serde(rename = "where")]
    pub place: Text,
    /// What was compared and what came out.
    pub message: Text,
    /// Innocent explanations; absent with PASS, INFO and UNTESTABLE.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub causes: Option<Text>,
    /// Share of the values that would be printed so which obey the law: a plausibility, not a p-value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub share: Option<f64>,
    /// Numbers that show it.
    pub witness: Option<Witness>,
}

impl Finding {
    /// A finding at `place`, a name that is the same in both languages.
    pub fn new(
        rule: Rule,
        verdict: Verdict,
        place: impl Into<String>,
        en: impl Into<String>,
        zh: impl Into<String>,
    ) -> Self {
        let causes = matches!(verdict, Verdict::Fail | Verdict::Tight | Verdict::Warn).then(|| rule.causes());
        let (place, message) = (Text::same(place), Text::new(en, zh));
        Self { rule, verdict, place, message, causes, share: None, witness: None }
    }

    /// The same, at a place with a name in each language.
    #[must_use]
    pub fn at(mut self, place: Text) -> Self {
        self.place = place;
        self
    }

    /// The same with unrounded values that obey the law.
    #[must_use]
    pub fn assignment(mut self, values: Vec<Value>) -> Self {
        self.witness = Some(Witness { kind: WitnessKind::Assignment, values });
        self
    }

    /// The same with printed numbers that cannot all be right.
    #[must_use]
    pub fn conflict(mut self, values: Vec<Value>) -> Self {
        self.witness = Some(Witness { kind: WitnessKind::Conflict, values });
        self
    }

    /// The same with the share of values that obey the law.
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.share = Some(share);
        self
    }
}
