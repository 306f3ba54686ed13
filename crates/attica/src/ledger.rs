//! The row ledger: where every row of the file went, on its way to one estimate.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Why rows left the sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
pub enum Reason {
    /// A filter of the study file or the command line; the expression.
    Filter(String),
    /// Rows of other sources that matched nothing in the first one; the source.
    Unmatched(String),
    /// A missing value; the column.
    Missing(String),
    /// A value that is not finite after a transformation (log of zero, say); the term.
    NotFinite(String),
    /// The only row of its absorbed effect; the effect.
    Singleton(String),
    /// An outcome that does not vary within its absorbed effect and is fitted perfectly; the effect.
    PerfectFit(String),
    /// Zero weight; the weight's column.
    ZeroWeight(String),
    /// Rows of units that a step leaves out by design; why.
    Excluded(Text),
}

impl Reason {
    /// Rows that a step leaves out by design, with why in English and Chinese.
    pub fn excluded(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::Excluded(Text::new(en, zh))
    }

    /// Short sentence for a ledger table.
    pub fn text(&self) -> Text {
        match self {
            Self::Filter(of) => Text::new(format!("filtered out: {of}"), format!("筛选剔除：{of}")),
            Self::Unmatched(of) => Text::new(format!("unmatched in {of}"), format!("在 {of} 中未匹配")),
            Self::Missing(of) => Text::new(format!("missing {of}"), format!("{of} 缺失")),
            Self::NotFinite(of) => Text::new(format!("{of} not finite"), format!("{of} 非有限值")),
            Self::Singleton(of) => Text::new(format!("singleton in {of}"), format!("{of} 的单观测组")),
            Self::PerfectFit(of) => Text::new(format!("perfectly fitted by {of}"), format!("被 {of} 完全拟合")),
            Self::ZeroWeight(of) => Text::new(format!("zero weight {of}"), format!("权重 {of} 为零")),
            Self::Excluded(of) => Text::new(format!("excluded: {}", of.en), format!("剔除：{}", of.zh)),
        }
    }
}

/// Rows that left for one reason. A row counts once, for the first reason that met it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drop {
    /// Why.
    pub reason: Reason,
    /// How many rows.
    pub rows: usize,
}

/// Rows read, rows lost by reason in the order in which it happened, rows used.
/// `read == used + sum(dropped.rows)` always.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Rows at the start.
    pub read: usize,
    /// What left, in order.
    pub dropped: Vec<Drop>,
    /// Rows in the estimate.
    pub used: usize,
}

impl Ledger {
    /// A ledger at the start: every row is still in.
    pub fn new(read: usize) -> Self {
        Self { read, dropped: Vec::new(), used: read }
    }

    /// Books `rows` out for `reason`; zero rows leave no entry.
    pub fn drop_rows(&mut self, reason: Reason, rows: usize) {
        if rows > 0 {
            self.used -= rows;
            self.dropped.push(Drop { reason, rows });
        }
    }

    /// This ledger followed by `next`, which starts where this one ends.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        debug_assert_eq!(self.used, next.read);
        let mut dropped = self.dropped.clone();
        dropped.extend(next.dropped.iter().cloned());
        Self { read: self.read, dropped, used: next.used }
    }
}
