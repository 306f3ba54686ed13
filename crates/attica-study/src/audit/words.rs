//! What the rows and columns of printed tables are called, in English and Chinese.

/// What a row of a regression table holds below the coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// Number of observations.
    Observations,
    /// Number of units.
    Units,
    /// Number of clusters.
    Clusters,
    /// R²: 0 without a label, 1 overall, 2 within, 3 adjusted.
    R2(u8),
    /// The constant.
    Constant,
    /// Fixed effects of units.
    UnitEffects,
    /// Fixed effects of periods.
    TimeEffects,
    /// Fixed effects that the label does not name.
    Effects,
    /// Other fixed effects, by the row's label.
    OtherEffects,
    /// Controls that the table does not list.
    Controls,
    /// A statistic that no rule reads.
    Unread,
}

/// The kind of a row by its label; none for a coefficient. `unit` and `time` are what the panel calls them.
pub fn row_kind(label: &str, unit: &str, time: &str) -> Option<RowKind> {
    let text = simple(label);
    let (unit, time) = (simple(unit), simple(time));
    let is = |words: &[&str]| words.contains(&text.as_str());
    let has = |word: &str| text.contains(word);
    let named = |word: &str, others: &[&str]| !word.is_empty() && has(word) || others.iter().any(|o| has(o));
    if is(&[
        "n",
        "obs",
        "observations",
        "numobs",
        "numberofobservations",
        "numberofobs",
        "samplesize",
        "样本量",
        "样本数",
        "观测值",
        "观测数",
        "观察值",
        "nobs",
    ]) {
        return Some(RowKind::Observations);
    }
    if text.starts_with("numberof") || text.starts_with("nof") || text.ends_with('数') && !has("系数") {
        if has("cluster") || has("聚类") {
            return Some(RowKind::Clusters);
        }
        if is(&["numberofid", "numberofgroups", "numberofunits", "个体数", "组数"])
            || named(stem(&unit), &["城市数", "企业数", "省份数"])
        {
            return Some(RowKind::Units);
        }
    }
    if is(&["clusters", "聚类"]) {
        return Some(RowKind::Clusters);
    }
    if is(&["constant", "cons", "intercept", "常数项", "常数", "截距", "截距项"]) {
        return Some(RowKind::Constant);
    }
    let r2 = ["rsquared", "r2", "r²", "rsq", "rsqr", "可决系数", "拟合优度"].iter().any(|w| has(w));
    if r2 && text.chars().count() < 24 {
        let kind = if has("adj") || has("调整") {
            3
        } else if has("within") || has("组内") {
            2
        } else {
            u8::from(has("overall") || has("总体"))
        };
        return Some(RowKind::R2(kind));
    }
    if has("control") || has("控制变量") {
        return Some(RowKind::Controls);
    }
    let effects = ["fixedeffect", "effects", "固定效应", "效应"].iter().any(|w| has(w))
        || text.ends_with("fe")
        || text.ends_with("fes");
    if effects {
        if label.contains(['×', '^', '#', '*', ':']) {
            return Some(RowKind::OtherEffects);
        }
        let (units, times) =
            (named(&unit, &["个体", "unit", "entity"]), named(&time, &["年份", "时间", "year", "time"]));
        return Some(match (units, times) {
            (true, false) => RowKind::UnitEffects,
            (false, true) => RowKind::TimeEffects,
            (true, true) => RowKind::OtherEffects,
            _ if is(&["fixedeffect", "fixedeffects", "固定效应", "fe"]) => RowKind::Effects,
            _ => RowKind::OtherEffects,
        });
    }
    let unread = [
        "f",
        "fstatistic",
        "ftest",
        "fvalue",
        "f值",
        "f统计量",
        "aic",
        "bic",
        "rmse",
        "loglikelihood",
        "waldchi2",
        "meanofdependentvariable",
        "ymean",
        "chi2",
    ];
    is(&unread).then_some(RowKind::Unread)
}

/// A word without its last letter, which the plural may change: `cit` of city and cities.
fn stem(word: &str) -> &str {
    word.char_indices().next_back().map_or(word, |(at, _)| if at > 1 { &word[..at] } else { word })
}

/// What a column of descriptive statistics holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Sample size.
    N,
    /// Mean.
    Mean,
    /// Standard deviation.
    Sd,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
}

/// The statistic of a column by its head.
pub fn statistic(head: &str) -> Option<Statistic> {
    let text = simple(head);
    let is = |words: &[&str]| words.contains(&text.as_str());
    Some(
        if is(&["n", "obs", "observations", "samplesize", "样本量", "样本数", "观测值", "观测数", "观察值"])
        {
            Statistic::N
        } else if is(&["mean", "average", "均值", "平均值", "平均数"]) {
            Statistic::Mean
        } else if is(&["sd", "stddev", "stdev", "standarddeviation", "stdd", "标准差"]) {
            Statistic::Sd
        } else if is(&["min", "minimum", "最小值"]) {
            Statistic::Min
        } else if is(&["max", "maximum", "最大值"]) {
            Statistic::Max
        } else {
            return None;
        },
    )
}

/// Yes or no, as tables say it.
pub fn yes(cell: &str) -> Option<bool> {
    match cell.trim().to_lowercase().as_str() {
        "yes" | "y" | "是" | "有" | "控制" | "√" | "✓" | "✔" | "x" | "√ " => Some(true),
        "no" | "n" | "否" | "无" | "不控制" | "未控制" | "×" | "-" | "–" | "—" | "" => Some(false),
        _ => None,
    }
}

/// Lower case, without spaces and punctuation.
fn simple(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == '²').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_known_by_what_journals_call_them() {
        let kind = |label: &str| row_kind(label, "city", "year");
        for (label, expected) in [
            ("Observations", RowKind::Observations),
            ("样本量", RowKind::Observations),
            ("Number of id", RowKind::Units),
            ("Number of cities", RowKind::Units),
            ("Clusters", RowKind::Clusters),
            ("R-squared", RowKind::R2(0)),
            ("Adj. R²", RowKind::R2(3)),
            ("组内R²", RowKind::R2(2)),
            ("Overall R2", RowKind::R2(1)),
            ("_cons", RowKind::Constant),
            ("常数项", RowKind::Constant),
            ("City FE", RowKind::UnitEffects),
            ("Year fixed effects", RowKind::TimeEffects),
            ("年份固定效应", RowKind::TimeEffects),
            ("Fixed effect", RowKind::Effects),
            ("Province × Year FE", RowKind::OtherEffects),
            ("Controls", RowKind::Controls),
            ("F-statistic", RowKind::Unread),
        ] {
            assert_eq!(kind(label), Some(expected), "{label}");
        }
        for label in ["DID", "LGDP", "ln(population)", "NHS", "R&D spending", "Treat × Post"] {
            assert_eq!(kind(label), None, "{label}");
        }
    }
}
