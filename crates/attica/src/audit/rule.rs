//! The rules: what they compare, and what explains a finding innocently.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// The rules, by their names in `docs/audit.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "Rule::title says what each is")]
pub enum Rule {
    A1,
    A2,
    A3,
    A4,
    A5,
    A6,
    A7,
    A8,
    A9,
    A10,
    A11,
    A12,
    A13,
    A14,
    A15,
}

impl Rule {
    /// All of them, in order.
    pub const ALL: [Self; 15] = [
        Self::A1,
        Self::A2,
        Self::A3,
        Self::A4,
        Self::A5,
        Self::A6,
        Self::A7,
        Self::A8,
        Self::A9,
        Self::A10,
        Self::A11,
        Self::A12,
        Self::A13,
        Self::A14,
        Self::A15,
    ];

    /// What the rule compares.
    pub fn title(self) -> Text {
        let (en, zh) = match self {
            Self::A1 => ("numbers of observations", "观测数"),
            Self::A2 => ("stars against coefficient and standard error", "星号与系数、标准误"),
            Self::A3 => ("mean and standard deviation of a binary variable", "二值变量的均值与标准差"),
            Self::A4 => ("mean and standard deviation of whole numbers", "整数变量的均值与标准差"),
            Self::A5 => ("treated rows against the announced design", "处理观测数与公布的设计"),
            Self::A6 => ("order of R²", "R²的次序"),
            Self::A7 => ("rise of R² against t", "R²的上升与t值"),
            Self::A8 => ("constant against means", "常数项与均值"),
            Self::A9 => ("coefficient change against the added control", "系数变化与新增控制变量"),
            Self::A10 => ("standard error against R² and design", "标准误与R²、设计"),
            Self::A11 => ("standard errors across columns", "各列标准误之间"),
            Self::A12 => ("bounds, intervals and p-values", "取值范围、置信区间与p值"),
            Self::A13 => ("what fixed effects absorb", "固定效应所吸收者"),
            Self::A14 => ("text against text and tables", "正文与正文、表格"),
            Self::A15 => ("the design", "研究设计"),
        };
        Text::new(en, zh)
    }

    /// Explanations that are nobody's fault, for a finding that is none of PASS and INFO.
    pub fn causes(self) -> Text {
        let (en, zh) = match self {
            Self::A1 => (
                "a typing error, rows left out that the text does not mention, or a count of another sample",
                "录入错误、正文未提及的样本剔除，或所记为另一样本的数目",
            ),
            Self::A2 => (
                "a typing error in the coefficient, its standard error or the stars; stars of another level or of a one-sided test; \
                 stars computed with another standard error than the printed one, or from a t distribution with fewer degrees of freedom",
                "系数、标准误或星号录入有误；星号采用其他显著性水平或单侧检验；星号所依据的标准误并非所印者，或采用自由度更小的t分布",
            ),
            Self::A3 | Self::A4 => (
                "a typing error, numbers cut off instead of rounded, another formula of the standard deviation, or a variable of another kind or \
                 sample than described",
                "录入错误、截断而非四舍五入、标准差采用其他公式，或变量类型、样本与描述不符",
            ),
            Self::A5 => (
                "another coding of dates than announced, units merged or left out, an indicator of the group instead of group × after, or \
                 a typing error in the mean",
                "编码所用时点与公布者不同、个体合并或剔除、变量为分组虚拟变量而非交互项，或均值录入有误",
            ),
            Self::A6 => (
                "another kind of R² in one of the columns (adjusted, within, overall), another sample with as many rows, or a typing error",
                "某一列的R²类型不同（调整、组内、总体）、样本不同但观测数相同，或录入错误",
            ),
            Self::A7 => (
                "another kind of R² or other fixed effects in one of the columns, standard errors of another model, strong dependence within \
                 clusters, or a typing error",
                "某一列的R²类型或固定效应不同、标准误来自另一模型、聚类内高度相关，或录入错误",
            ),
            Self::A8 => (
                "random effects or a constant of a base category instead of the average of absorbed effects, means of another sample, \
                 or a typing error",
                "采用随机效应，或常数项属于基准组而非被吸收效应的平均；均值来自另一样本；或录入错误",
            ),
            Self::A9 => (
                "the control differs between groups for reasons other than the policy, or columns of different samples",
                "该控制变量因政策以外的原因在组间有别，或各列样本不同",
            ),
            Self::A10 => (
                "R² is within and not overall, another design than announced, standard errors that allow for heteroskedasticity or \
                 negative correlation, or a typing error",
                "R²为组内而非总体、设计与公布者不同、标准误考虑异方差或负相关，或录入错误",
            ),
            Self::A11 => (
                "standard errors that are not classical, another kind of R² in one of the columns, or a typing error",
                "标准误并非经典标准误、某一列的R²类型不同，或录入错误",
            ),
            Self::A12 => (
                "a typing error, a variable on another scale than described, or another confidence level or distribution",
                "录入错误、变量量纲与描述不符，或置信水平、分布不同",
            ),
            Self::A13 => (
                "another variable or model than described, or fixed effects of a coarser level",
                "变量或模型与描述不符，或固定效应的层级更粗",
            ),
            Self::A14 => (
                "a typing error, a sentence left from another version, or two quantities with one name",
                "录入错误、残留于旧稿的表述，或同名而所指不同",
            ),
            Self::A15 => ("data before the first period that the paper does not use", "论文未使用样本期之前的数据"),
        };
        Text::new(en, zh)
    }
}
