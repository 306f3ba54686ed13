//! What a number of a witness is.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// A quantity that a paper prints, or that follows from what it prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "Quantity::words says what each is")]
pub enum Quantity {
    Said,
    Coefficient,
    CoefficientAndError,
    StandardError,
    SmallestStandardError,
    T,
    P,
    Stars,
    Interval,
    CriticalValue,
    R2,
    VarianceInflation,
    Times,
    FixedEffects,
    EffectOnControl,
    Mean,
    StandardDeviation,
    LargestStandardDeviation,
    Min,
    Max,
    Ones,
    Sum,
    Observations,
    RowsLeft,
    RowsLeftExactly,
    UnitsLeftExactly,
    Share,
    Units,
    Periods,
    TreatedRows,
    Cohorts,
    PeriodsBefore,
    TestableLeads,
}

impl Quantity {
    /// What it is called; empty for a coefficient and for what a sentence says, which their place names.
    pub fn words(self) -> Text {
        let (en, zh) = match self {
            Self::Said | Self::Coefficient | Self::Cohorts => ("", ""),
            Self::CoefficientAndError => ("coefficient and standard error", "系数与标准误"),
            Self::StandardError => ("standard error", "标准误"),
            Self::SmallestStandardError => ("smallest classical standard error", "最小经典标准误"),
            Self::T => ("t", "t值"),
            Self::P => ("p", "p值"),
            Self::Stars => ("stars", "星号"),
            Self::Interval => ("interval", "置信区间"),
            Self::CriticalValue => ("critical value", "临界值"),
            Self::R2 => ("R²", "R²"),
            Self::VarianceInflation => ("variance inflation", "方差膨胀"),
            Self::Times => ("times the classical standard error", "与经典标准误之比"),
            Self::FixedEffects => ("fixed effects", "固定效应"),
            Self::EffectOnControl => ("effect of the policy", "政策效应"),
            Self::Mean => ("mean", "均值"),
            Self::StandardDeviation => ("standard deviation", "标准差"),
            Self::LargestStandardDeviation => ("largest standard deviation", "最大标准差"),
            Self::Min => ("min", "最小值"),
            Self::Max => ("max", "最大值"),
            Self::Ones => ("number of ones", "1的个数"),
            Self::Sum => ("sum", "总和"),
            Self::Observations => ("observations", "观测数"),
            Self::RowsLeft => ("rows left", "剩余行数"),
            Self::RowsLeftExactly => ("rows left, not rounded", "未取整的剩余行数"),
            Self::UnitsLeftExactly => ("units left, not rounded", "未取整的剩余个体数"),
            Self::Share => ("share", "比例"),
            Self::Units => ("units", "个体数"),
            Self::Periods => ("periods", "期数"),
            Self::TreatedRows => ("treated rows", "处理观测数"),
            Self::PeriodsBefore => ("periods before", "处理前期数"),
            Self::TestableLeads => ("testable leads", "可检验的提前期"),
        };
        Text::new(en, zh)
    }
}
