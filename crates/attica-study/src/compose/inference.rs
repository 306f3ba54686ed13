//! How uncertainty was computed, in words: what stands below a coefficient, what the stars mean,
//! and the SE card. Everything comes from the fit's own record.

use attica::fit::FitRecord;
use attica::text::Text;
use attica::wild::WildRecord;
use attica_report::format::number;

use super::words::{Words, by_value, is_shared, list, per_column, plural, stop, text};

/// What `vcov` names.
#[derive(Debug, PartialEq)]
pub(super) enum Spread<'a> {
    /// Equal variances, no correlation.
    Iid,
    /// Heteroskedasticity-robust, `HC1` to `HC3`.
    Robust(&'a str),
    /// Clustered, with the rule where it is not the usual one (`CR2`, `CRV3`).
    Cluster(Option<&'a str>, Vec<&'a str>),
    /// Correlated over time, `NW` or `DK`, up to a lag where one was given.
    Serial(&'a str, Option<&'a str>),
    /// Correlated over space, with columns and cutoff.
    Space(&'a str),
    /// Anything else, by its own name.
    Other(&'a str),
}

/// Reads `iid`, `HC1`, `cluster(city, year)`, `CRV3(city)`.
pub(super) fn spread(vcov: &str) -> Spread<'_> {
    match vcov.split_once('(') {
        None if vcov == "iid" => Spread::Iid,
        None if vcov.starts_with("HC") => Spread::Robust(vcov),
        Some((rule, rest)) if matches!(rule, "cluster" | "CRV1" | "CR2" | "CRV3") => {
            let rule = (!matches!(rule, "cluster" | "CRV1")).then_some(rule);
            Spread::Cluster(rule, rest.trim_end_matches(')').split(',').map(str::trim).collect())
        }
        None if matches!(vcov, "NW" | "DK") => Spread::Serial(vcov, None),
        Some((rule, lags)) if matches!(rule, "NW" | "DK") => Spread::Serial(rule, Some(lags.trim_end_matches(')'))),
        Some(("conley", how)) => Spread::Space(how.trim_end_matches(')')),
        _ => Spread::Other(vcov),
    }
}

fn lagged(lags: Option<&str>) -> Text {
    match lags {
        Some(lags) => text(format!(" with {lags} lags"), format!("（滞后{lags}期）")),
        None => Text::default(),
    }
}

/// The kind of standard error as a noun: `standard errors clustered by city`, `城市层面的聚类稳健标准误`.
pub(super) fn kind(words: &Words<'_>, vcov: &str) -> Text {
    match spread(vcov) {
        Spread::Iid => {
            text("conventional standard errors (independent, equal variances)", "普通标准误（假定独立同方差）")
        }
        Spread::Robust(rule) => {
            text(format!("heteroskedasticity-robust standard errors ({rule})"), format!("异方差稳健标准误（{rule}）"))
        }
        Spread::Cluster(rule, by) => {
            let labels: Vec<Text> = by.iter().map(|name| words.category(name)).collect();
            let by = list(&labels);
            let rule = rule.map(|rule| text(format!(" ({rule})"), format!("（{rule}）"))).unwrap_or_default();
            match labels.len() {
                1 => text(
                    format!("standard errors clustered by {}{}", by.en, rule.en),
                    format!("{}层面的聚类稳健标准误{}", by.zh, rule.zh),
                ),
                ways => text(
                    format!("standard errors clustered by {} ({ways}-way){}", by.en, rule.en),
                    format!("{}层面的{}聚类稳健标准误{}", by.zh, ways_zh(ways), rule.zh),
                ),
            }
        }
        Spread::Serial("NW", lags) => text(
            format!("Newey–West standard errors{}", lagged(lags).en),
            format!("Newey–West 标准误{}", lagged(lags).zh),
        ),
        Spread::Serial(_, lags) => text(
            format!("Driscoll–Kraay standard errors{}", lagged(lags).en),
            format!("Driscoll–Kraay 标准误{}", lagged(lags).zh),
        ),
        Spread::Space(how) => {
            text(format!("spatial standard errors, Conley ({how})"), format!("Conley 空间标准误（{how}）"))
        }
        Spread::Other(name) => text(format!("standard errors of type {name}"), format!("{name}标准误")),
    }
}

fn ways_zh(ways: usize) -> String {
    match ways {
        2 => "双向".to_owned(),
        3 => "三维".to_owned(),
        more => format!("{more}维"),
    }
}

/// `***、**、*分别表示在1%、5%、10%的水平上显著`, from the list of levels.
pub(super) fn stars(levels: &[f64]) -> Text {
    let mut levels: Vec<f64> = levels.to_vec();
    levels.sort_by(f64::total_cmp);
    let most = levels.len().min(3);
    let levels = &levels[levels.len() - most..];
    if levels.is_empty() {
        return Text::default();
    }
    let marks: Vec<String> = (0..most).map(|i| "*".repeat(most - i)).collect();
    let en: Vec<String> = marks.iter().zip(levels).map(|(mark, level)| format!("{mark} p < {level}")).collect();
    let percent: Vec<String> = levels.iter().map(|level| format!("{}%", percent(*level))).collect();
    let each = if most > 1 { "分别" } else { "" };
    text(en.join(", "), format!("{}{each}表示在{}的水平上显著", marks.join("、"), percent.join("、")))
}

/// A share as a percentage without trailing zeros: 0.05 is `5`.
pub(super) fn percent(share: f64) -> String {
    let rounded = (share * 1e8).round() / 1e6;
    rounded.to_string()
}

/// What stands in parentheses below the coefficients of these fits (`below`: `se`, `t`, `p`, `ci`).
pub(super) fn below(words: &Words<'_>, below: &str, fits: &[(usize, &FitRecord)]) -> Text {
    let kinds = by_value(fits.iter().map(|(column, fit)| (*column, kind(words, &fit.vcov))));
    if kinds.is_empty() {
        return Text::default();
    }
    let is = if is_shared(&kinds, fits.len()) { "为" } else { "：" };
    let kinds = per_column(kinds, fits.len());
    let statistic = if fits.iter().all(|(_, fit)| fit.se_card.df.is_none()) { "z" } else { "t" };
    let level = fits.first().map_or_else(|| "95".to_owned(), |(_, fit)| percent(fit.level));
    match below {
        "t" => text(
            format!("In parentheses: {statistic} statistics from {}", kinds.en),
            format!("括号内为{statistic}值，计算所用标准误{is}{}", kinds.zh),
        ),
        "p" => text(
            format!("In parentheses: two-sided p-values from {}", kinds.en),
            format!("括号内为双侧p值，计算所用标准误{is}{}", kinds.zh),
        ),
        "ci" => text(
            format!("In brackets: {level}% confidence intervals from {}", kinds.en),
            format!("方括号内为{level}%置信区间，计算所用标准误{is}{}", kinds.zh),
        ),
        _ => text(format!("In parentheses: {}", kinds.en), format!("括号内{is}{}", kinds.zh)),
    }
}

/// Type, draws and weights of a wild bootstrap.
pub(super) fn wild(words: &Words<'_>, test: &WildRecord) -> Text {
    let (draws, clusters) = (words.count(test.draws), words.count(test.clusters));
    let WildRecord { kind, weights, .. } = test;
    let kind = if kind == "score" {
        text(
            "score bootstrap of influence functions, Kline and Santos 2012",
            "影响函数得分自助法，Kline and Santos 2012",
        )
    } else {
        text(kind.clone(), kind.clone())
    };
    let (all, every) = if test.enumerated { ("all ", "全部") } else { ("", "") };
    let weights = weights.name();
    text(
        format!("{}, {all}{draws} draws of {weights} weights for {clusters} clusters", kind.en),
        format!("{}，{clusters}个聚类，{weights}权重，{every}{draws}次抽样", kind.zh),
    )
}

/// The sentence of a methods paragraph on inference.
pub(super) fn sentence(words: &Words<'_>, fits: &[(usize, &FitRecord)]) -> Text {
    if fits.is_empty() {
        return Text::default();
    }
    let kinds = by_value(fits.iter().map(|(column, fit)| (*column, kind(words, &fit.vcov))));
    let clusters = shared(fits, |fit| &fit.se_card.clusters).filter(|sizes| !sizes.is_empty());
    let clusters = clusters.map_or_else(Text::default, |sizes| {
        let last = sizes.last().copied().unwrap_or(0);
        let sizes = list(&sizes.iter().map(|&g| Text::same(words.count(g))).collect::<Vec<_>>());
        text(format!(" ({} {})", sizes.en, plural(last, "cluster", "clusters")), format!("（聚类数为{}）", sizes.zh))
    });
    let uses = if is_shared(&kinds, fits.len()) { "采用" } else { "所用标准误：" };
    let kinds = per_column(kinds, fits.len());
    let own = fits.iter().all(|(_, fit)| fit.se_card.own_df.is_some());
    let reference = match shared(fits, |fit| &fit.se_card.df) {
        _ if own => text(
            "t distributions with Satterthwaite degrees of freedom for each coefficient",
            "各系数自身Satterthwaite自由度的t分布",
        ),
        Some(Some(df)) => {
            let df = number(*df, usize::from(df.fract() != 0.0));
            text(format!("the t distribution with {df} degrees of freedom"), format!("自由度为{df}的t分布"))
        }
        Some(None) => text("the normal distribution", "标准正态分布"),
        None => text("distributions whose degrees of freedom are in the notes", "表注所列自由度对应的分布"),
    };
    stop(text(
        format!(
            "Inference rests on {}{}; p-values and confidence intervals come from {}",
            kinds.en, clusters.en, reference.en
        ),
        format!("统计推断{uses}{}{}，p值与置信区间依据{}计算", kinds.zh, clusters.zh, reference.zh),
    ))
}

/// What all fits have in common.
fn shared<'a, T: PartialEq>(fits: &[(usize, &'a FitRecord)], of: impl Fn(&'a FitRecord) -> &'a T) -> Option<&'a T> {
    let first = of(fits.first()?.1);
    fits.iter().all(|(_, fit)| of(fit) == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legend_of_stars_follows_the_list() {
        let usual = stars(&[0.10, 0.05, 0.01]);
        assert_eq!(usual.en, "*** p < 0.01, ** p < 0.05, * p < 0.1");
        assert_eq!(usual.zh, "***、**、*分别表示在1%、5%、10%的水平上显著");
        assert_eq!(stars(&[0.05]).zh, "*表示在5%的水平上显著");
        assert_eq!(stars(&[0.001, 0.05]).en, "** p < 0.001, * p < 0.05");
        assert_eq!(stars(&[]), Text::default());
    }

    #[test]
    fn covariances_are_read_by_their_names() {
        assert_eq!(spread("cluster(city, year)"), Spread::Cluster(None, vec!["city", "year"]));
        assert_eq!(spread("CRV3(city)"), Spread::Cluster(Some("CRV3"), vec!["city"]));
        assert_eq!(spread("HC1"), Spread::Robust("HC1"));
        assert_eq!(spread("NW(2)"), Spread::Serial("NW", Some("2")));
        assert_eq!(spread("DK"), Spread::Serial("DK", None));
        assert_eq!(spread("conley(lat, lon, 50)"), Spread::Space("lat, lon, 50"));
    }

    #[test]
    fn shares_print_without_noise() {
        assert_eq!(percent(0.1), "10");
        assert_eq!(percent(0.001), "0.1");
        assert_eq!(percent(0.95), "95");
    }
}
