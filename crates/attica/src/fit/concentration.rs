//! How many clusters a coefficient really rests on, and what to compare when they are few.

use serde::{Deserialize, Serialize};

use super::{Family, Fit, Variance};
use crate::absorb::is_nested;
use crate::design::Codes;
use crate::message::Warning;
use crate::text::Text;
use crate::vcov::Vcov;

/// Clusters on one side of a 0/1 regressor below which cluster-robust tests reject too often (MacKinnon and Webb 2017).
const FEW_TREATED: usize = 10;
/// Clusters below which the usual reference distribution is doubtful.
const FEW: f64 = 30.0;

/// What clusters have to say about one coefficient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterCard {
    /// The cluster variable.
    pub by: String,
    /// The coefficient.
    pub term: String,
    /// Clusters.
    pub clusters: usize,
    /// Rows of the smallest, the median and the largest cluster.
    pub sizes: [usize; 3],
    /// Effective number of clusters (Carter, Schnepel and Steigerwald 2017) for independent errors:
    /// `G / (1 + sum_g (G L_g - 1)^2 / G) = 1 / sum_g L_g^2`, `L_g` the partial leverages.
    pub effective: f64,
    /// The same for errors that are one within a cluster, which is their conservative choice; absent where absorbed
    /// effects are nested in the clusters and take such errors out.
    pub effective_correlated: Option<f64>,
    /// The largest partial leverage: a cluster's share in the variation that identifies the coefficient, controls and
    /// absorbed effects taken out.
    pub largest: f64,
    /// A row of that cluster in the frame, counted from 0.
    pub largest_row: u32,
    /// What that cluster is called, where known.
    pub largest_name: Option<String>,
    /// Clusters in which a 0/1 regressor is ever 1, where its values are known.
    pub treated: Option<usize>,
}

impl Fit {
    /// What the clusters of `by` have to say about the coefficient at `position`; `raw` is its regressor before
    /// effects were taken out, one value per row used. `None` for a variable that is not known.
    pub fn cluster_card(&self, position: usize, by: &str, raw: Option<&[f64]>) -> Option<ClusterCard> {
        let cluster = self.clusters.iter().find(|codes| codes.name == by)?;
        let groups = cluster.levels;
        let weight = |row: usize| self.weights.as_ref().map_or(1.0, |w| w.values[row]);
        // The regressor, other regressors and effects taken out of it, up to a factor (Frisch, Waugh and Lovell).
        let mut squares = vec![0.0; groups];
        let mut sums = vec![0.0; groups];
        let mut sizes = vec![0_usize; groups];
        for (row, &g) in cluster.codes.iter().enumerate() {
            let parts = self.columns.iter().enumerate();
            let own: f64 = parts.map(|(j, column)| column[row] * self.bread[(j, position)]).sum();
            squares[g as usize] += weight(row) * own * own;
            sums[g as usize] += weight(row) * own;
            sizes[g as usize] += 1;
        }
        let effective = |shares: &mut dyn Iterator<Item = f64>| {
            let (sum, of_squares) = shares.fold((0.0, 0.0), |(sum, of_squares), s| (sum + s, of_squares + s * s));
            sum * sum / of_squares
        };
        let absorbed = self.absorbed.iter().any(|effect| effect.intercept && is_nested(&effect.by, cluster));
        let total: f64 = squares.iter().sum();
        let largest = (0..groups).fold(0, |best, g| if squares[g] > squares[best] { g } else { best });
        let row = cluster.codes.iter().position(|&g| g as usize == largest)?;
        sizes.sort_unstable();
        Some(ClusterCard {
            by: by.to_owned(),
            term: self.names[position].clone(),
            clusters: groups,
            sizes: [sizes[0], sizes[groups / 2], sizes[groups - 1]],
            effective: effective(&mut squares.iter().copied()),
            effective_correlated: (!absorbed).then(|| effective(&mut sums.iter().map(|s| s * s))),
            largest: squares[largest] / total,
            largest_row: self.sample[row],
            largest_name: None,
            treated: raw.and_then(|raw| treated(raw, cluster)),
        })
    }

    /// Warnings about the coefficient of `card` under one-way clustering, and what to compare: `W213` and `W420` one or
    /// few treated clusters, `W421` clusters that count as few, `N417` the p-values of what is safer, computed.
    /// `seed` is that of the wild bootstrap.
    pub fn cluster_cautions(&self, position: usize, card: &ClusterCard, seed: u64) -> Vec<Warning> {
        let mut warnings = card.warnings();
        // What is safer with few clusters is defined for least squares only.
        let least_squares = self.family == Family::Linear && self.instruments.is_none();
        if warnings.is_empty() && card.clusters as f64 >= FEW || !least_squares {
            return warnings;
        }
        let ssc = self.inference.ssc;
        let [cr2, crv3] = [Vcov::Cr2(card.by.clone()), Vcov::Crv3(card.by.clone())];
        let mut rows = self.variances(position, &[Vcov::cluster(&card.by), cr2, crv3], &ssc);
        rows.push(self.wild_variance(position, &card.by, seed));
        warnings.push(alternatives(card, &rows));
        warnings
    }
}

/// Clusters in which a 0/1 column is ever 1; `None` for other columns.
fn treated(raw: &[f64], cluster: &Codes) -> Option<usize> {
    let mut ever = vec![false; cluster.levels];
    for (&x, &g) in raw.iter().zip(cluster.codes.iter()) {
        if x != 0.0 && x != 1.0 {
            return None;
        }
        ever[g as usize] |= x == 1.0;
    }
    Some(ever.iter().filter(|ever| **ever).count())
}

/// `W213`: a single cluster is treated.
pub(crate) fn one_treated(name: &str) -> Warning {
    Warning::new(
        "W213",
        format!(
            "a single cluster of \"{name}\" is treated: its standard errors say little, use the permutation p-values"
        ),
        format!("{name} 仅有一个聚类受处理：聚类标准误意义有限，请以置换检验 p 值为准"),
    )
}

/// `W420`: fewer than ten of the `clusters` are ever treated, or never. Without any on a side nothing is
/// said: one treated cluster is `W213`, and without untreated ones those treated later are compared with.
pub fn few_treated(by: &str, treated: usize, clusters: usize) -> Option<Warning> {
    let untreated = clusters - treated.min(clusters);
    let few = if untreated == 0 { treated } else { treated.min(untreated) };
    (treated > 1 && few < FEW_TREATED).then(|| {
        Warning::new(
            "W420",
            format!("{treated} of {clusters} clusters of \"{by}\" are ever treated: with {few} on one side, clustered standard errors tend to be too small; compare the cluster jackknife (CRV3), the wild bootstrap and permutation p-values"),
            format!("“{by}”的{clusters}个聚类中有{treated}个受处理：一侧仅{few}个，聚类标准误往往偏小；请与聚类刀切法（CRV3）、wild bootstrap及置换检验p值比较"),
        )
    })
}

impl ClusterCard {
    /// What a reader should know of the clusters: few, few that are treated, or unequal ones.
    pub fn warnings(&self) -> Vec<Warning> {
        let Self { by, term, clusters, sizes, effective, largest, .. } = self;
        let mut warnings = Vec::new();
        match self.treated {
            Some(1) => warnings.push(one_treated(by)),
            Some(treated) => warnings.extend(few_treated(by, treated, *clusters)),
            None => {}
        }
        if *effective < FEW.min(0.7 * *clusters as f64) {
            let [least, _, most] = sizes;
            let rows = if least == most {
                format!("all have {least} rows")
            } else {
                format!("they have {least} to {most} rows")
            };
            let rows_zh = if least == most { format!("各{least}行") } else { format!("各有{least}至{most}行") };
            let name = self.largest_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            warnings.push(Warning::new(
                "W421",
                format!("for {term} the {clusters} clusters of \"{by}\" count as {effective:.1} (effective number, Carter, Schnepel and Steigerwald 2017): {rows}, and one of them{name} holds {:.0}% of the variation that identifies it; compare CR2, the cluster jackknife (CRV3) and the wild bootstrap", 100.0 * largest),
                format!("就{term}而言，“{by}”的{clusters}个聚类仅相当于{effective:.1}个（有效聚类数，Carter、Schnepel和Steigerwald 2017）：{rows_zh}，其中一个{name}占识别变异的{:.0}%；请与CR2、聚类刀切法（CRV3）和wild bootstrap比较", 100.0 * largest),
            ));
        }
        warnings
    }
}

/// `N417`: what the usual formula, CR2, the jackknife and others give.
fn alternatives(card: &ClusterCard, rows: &[Variance]) -> Warning {
    let name = |row: &Variance| {
        let df = row.df.map_or_else(String::new, |df| format!("{df:.1}"));
        match row.vcov.split('(').next() {
            Some("CR2") => Text::new(format!("by CR2 with {df} degrees of freedom"), format!("CR2（自由度{df}）")),
            Some("wild") => Text::new("by the wild cluster bootstrap (WCR11)", "wild聚类自助法（WCR11）"),
            Some("CRV3") => Text::new("by the cluster jackknife (CRV3)", "聚类刀切法（CRV3）"),
            _ => Text::new(
                format!("by the usual formula with {df} degrees of freedom"),
                format!("常用公式（自由度{df}）"),
            ),
        }
    };
    // What cannot do without some cluster is no alternative.
    let told = |row: &&Variance| row.absent.as_ref().is_none_or(|w| w.id != "W411");
    let found: Vec<(Text, f64)> = rows.iter().filter(told).filter_map(|row| Some((name(row), row.p_value?))).collect();
    let en: Vec<String> = found.iter().map(|(name, p)| format!("{} {}", printed(*p), name.en)).collect();
    let zh: Vec<String> = found.iter().map(|(name, p)| format!("{}为{}", name.zh, printed(*p))).collect();
    let without = if rows.iter().all(|row| told(&row)) {
        Text::default()
    } else {
        Text::new(
            "; CR2 and the jackknife are left out, because one cluster identifies the coefficient: use permutation p-values",
            "；因单个聚类即决定该系数，CR2与刀切法不适用：请使用置换检验p值",
        )
    };
    let ClusterCard { by, term, clusters, .. } = card;
    Warning::new(
        "N417",
        format!("with {clusters} clusters in \"{by}\" the p-value of {term} is {}{}", en.join(", "), without.en),
        format!("“{by}”有{clusters}个聚类时，{term}的p值：{}{}", zh.join("，"), without.zh),
    )
}

fn printed(p: f64) -> String {
    if p < 0.0005 { "below 0.001".to_owned() } else { format!("{p:.3}") }
}
