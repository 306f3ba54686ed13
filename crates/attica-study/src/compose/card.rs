//! The SE card in words: every quantity that a standard error was adjusted by, and whose number it is.

use attica::fit::{FitRecord, SeCard};
use attica::text::Text;
use attica_report::format::number;

use super::inference::{Spread, spread};
use super::words::{Words, by_value, columns, glue, list, text};

/// How K is counted, or why no factor applies, in half a sentence.
fn rule(fit: &FitRecord) -> Text {
    let card = &fit.se_card;
    let adjusts_itself = match spread(&card.vcov) {
        Spread::Robust(rule @ ("HC2" | "HC3")) | Spread::Cluster(Some(rule), _) => Some(rule),
        _ => None,
    };
    if let Some(rule) = adjusts_itself {
        return text(
            format!("the correction is part of {rule}, and no factor applies"),
            format!("修正已包含在{rule}中，不再乘系数"),
        );
    }
    if !card.formula.contains('K') {
        return text("no small-sample factor", "不作小样本修正");
    }
    // Without absorbed effects nothing is left to choose in K.
    if fit.effects.is_empty() {
        return text("no effects are absorbed", "无吸收的固定效应");
    }
    let clustered = !card.clusters.is_empty();
    match card.ssc.as_str() {
        "reghdfe" | "fixest" | "xtreg" if clustered => {
            text("K leaves out absorbed effects that are nested in the clusters", "K不计入嵌套于聚类变量的固定效应")
        }
        "linearmodels" if clustered => text(
            "K counts the absorbed effects, unless there is one alone, nested in the clusters; no factor for the number of clusters",
            "K计入固定效应（唯一且嵌套于聚类变量者除外），且不作聚类数修正",
        ),
        _ => text("K counts every level of the absorbed effects", "K计入全部固定效应"),
    }
}

/// The SE cards of a table: one per rule and covariance; a quantity that differs between columns is listed by column.
pub(super) fn cards(words: &Words<'_>, fits: &[(usize, &FitRecord)]) -> Vec<Text> {
    let presets =
        by_value(fits.iter().map(|(column, fit)| (*column, (&fit.se_card.ssc, &fit.se_card.equals, rule(fit)))));
    let total = presets.len();
    presets
        .into_iter()
        .map(|(which, (ssc, equals, rule))| {
            let of = fits.iter().filter(|(column, _)| which.contains(column));
            let cards: Vec<&SeCard> = of.map(|(_, fit)| &fit.se_card).collect();
            let at = columns(&which);
            let at = if total == 1 { Text::default() } else { text(format!(" in {}", at.en), at.zh) };
            let card = card(words, &cards);
            let equals = if equals.is_empty() {
                Text::default()
            } else {
                text(format!(" Same standard errors as {equals}."), format!("标准误与{equals}一致。"))
            };
            text(
                format!("Standard errors{} follow the rule of {ssc} ({}): {}.{}", at.en, rule.en, card.en, equals.en),
                format!("{}标准误采用{ssc}规则（{}）：{}。{}", at.zh, rule.zh, card.zh, equals.zh),
            )
        })
        .collect()
}

/// The quantities behind the standard errors of columns that share a rule; N is a row of the table.
fn card(words: &Words<'_>, cards: &[&SeCard]) -> Text {
    let clusters = |card: &&SeCard| {
        let sizes: Vec<Text> = card.clusters.iter().map(|&g| Text::same(words.count(g))).collect();
        list(&sizes)
    };
    let mut parts = Vec::new();
    if cards.iter().any(|card| !card.clusters.is_empty()) {
        let name = if cards.iter().any(|card| card.clusters.len() > 1) {
            text("clusters (G is the smallest number)", "聚类数（G取最小者）")
        } else {
            text("clusters G", "聚类数G")
        };
        parts.push(quantity(&name, cards.iter().map(clusters)));
    }
    if cards.iter().any(|card| card.periods.is_some()) {
        let periods = |card: &&SeCard| Text::same(card.periods.map_or_else(String::new, |t| t.to_string()));
        parts.push(quantity(&text("periods T", "时期数T"), cards.iter().map(periods)));
    }
    // K is shown where a number below is made of it.
    let counts = |card: &&SeCard| card.formula.contains('K') || card.df == Some(card.n - card.k as f64);
    if cards.iter().any(counts) {
        parts.push(quantity(&Text::same("K"), cards.iter().map(|card| Text::same(card.k.to_string()))));
    }
    let formula = |card: &&SeCard| card.formula.replace(" * ", " · ").replace('-', "−");
    let formulae: Vec<String> = cards.iter().map(formula).collect();
    let of = if formulae.iter().all(|f| *f == formulae[0] && f != "1") {
        format!(" {}", formulae[0])
    } else {
        String::new()
    };
    let name = text(format!("factor on the variance{of}"), format!("方差修正系数{of}"));
    parts.push(quantity(&name, cards.iter().map(|card| Text::same(number(card.factor, 5)))));
    let own = cards.iter().all(|card| card.own_df.is_some());
    let name = if own {
        text("fewest Satterthwaite degrees of freedom", "Satterthwaite自由度（各系数中最小者）")
    } else {
        text("degrees of freedom", "自由度")
    };
    let df = |card: &&SeCard| match card.df {
        Some(df) => Text::same(number(df, usize::from(df.fract() != 0.0))),
        None => text("infinite (normal)", "无穷（正态）"),
    };
    parts.push(quantity(&name, cards.iter().map(df)));
    glue(parts, "; ", "；")
}

/// `K = 12`, or by column `K = 12, 13, 14`.
fn quantity(name: &Text, values: impl Iterator<Item = Text>) -> Text {
    let values: Vec<Text> = values.collect();
    let shared = values.windows(2).all(|pair| pair[0] == pair[1]);
    let shown = if shared { values.into_iter().take(1).collect() } else { values };
    let shown = glue(shown, ", ", "、");
    text(format!("{} = {}", name.en, shown.en), format!("{} = {}", name.zh, shown.zh))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use attica::design::{Codes, Design, Effect, Periods};
    use attica::fit::{Fit, FitOptions, fit};
    use attica::ledger::Ledger;
    use attica::math::distribution::t_two_sided;
    use attica::math::random::stream;
    use attica::vcov::{Ssc, Vcov};

    use super::*;
    use crate::compose::fixture::results;

    const UNITS: usize = 20;
    const PERIODS: usize = 8;
    const PRESETS: [&str; 7] = ["reghdfe", "fixest", "xtreg", "areg", "linearmodels", "plm", "none"];

    /// 20 units in 5 provinces, half of them seen in the first four of eight periods and half in the last: two parts that
    /// no unit connects, so that one more period dummy is redundant than the rule of thumb has it.
    fn panel(effects: usize) -> Design {
        let mut random = stream(3, 0);
        let rows: Vec<(usize, usize)> = (0..UNITS)
            .flat_map(|i| (0..PERIODS).map(move |t| (i, t)))
            .filter(|(i, t)| (i % 2 == 0) == (*t < 4))
            .collect();
        let codes = |name: &str, levels, of: &dyn Fn(usize, usize) -> usize| Codes {
            name: name.into(),
            codes: rows.iter().map(|&(i, t)| of(i, t) as u32).collect::<Vec<_>>().into(),
            levels,
        };
        let unit = codes("unit", UNITS, &|i, _| i);
        let time = codes("time", PERIODS, &|_, t| t);
        let province = codes("province", 5, &|i, _| i / 4);
        let mut noise = || -> Vec<f64> { rows.iter().map(|_| random.normal()).collect() };
        let when: Vec<f64> = rows.iter().map(|&(_, t)| t as f64).collect();
        let absorbed = [&unit, &time].map(|by| Effect { by: by.clone(), slopes: Vec::new(), intercept: true });
        Design {
            outcome: ("y".into(), noise().into()),
            regressors: vec![("x".into(), noise().into()), ("z".into(), noise().into())],
            intercept: effects == 0,
            effects: absorbed[..effects].to_vec(),
            weights: None,
            clusters: vec![unit.clone(), time, province],
            panel: Some((unit, Periods::new(&when))),
            coordinates: Some([when.clone(), rows.iter().map(|&(i, _)| i as f64).collect()]),
            sample: (0..rows.len() as u32).collect(),
            ledger: Ledger::new(rows.len()),
            warnings: Vec::new(),
        }
    }

    /// The number that follows `name = `.
    fn value(text: &str, name: &str) -> Option<f64> {
        let from = text.find(&format!("{name} = "))? + name.len() + 3;
        let rest = &text[from..];
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        rest[..end].trim_end_matches('.').parse().ok()
    }

    /// The formula of the factor that a sentence states, worked out with the numbers that it states.
    fn stated(text: &str, lead: &str, n: f64, groups: f64) -> f64 {
        let rest = &text[text.find(lead).unwrap() + lead.len()..];
        let formula = rest.split(" = ").next().unwrap().trim();
        let one = |part: &str| match part {
            "" => 1.0,
            "N/(N−K)" => n / (n - value(text, "K").unwrap()),
            "(N−1)/(N−K)" => (n - 1.0) / (n - value(text, "K").unwrap()),
            "G/(G−1)" | "T/(T−1)" => groups / (groups - 1.0),
            other => panic!("{other} in {text}"),
        };
        formula.split(" · ").map(one).product()
    }

    /// K by hand: regressors, and effects as each rule counts them.
    fn counted(preset: &str, vcov: &Vcov, effects: usize) -> usize {
        let (units, periods) = (UNITS, PERIODS);
        let nested = |cluster: &str, effect: usize| match effect {
            0 => matches!(cluster, "unit" | "province"),
            _ => cluster == "time",
        };
        let exempt = |effect: usize| match (preset, vcov.clusters()) {
            ("areg" | "plm", _) | (_, []) => false,
            ("linearmodels", all) => effects == 1 && all.iter().all(|by| nested(by, effect)),
            (_, all) => all.iter().any(|by| nested(by, effect)),
        };
        let exact = usize::from(preset != "fixest");
        2 + match (preset, effects) {
            (_, 0) => 1,
            ("none", _) => 0,
            (_, 1) => {
                if exempt(0) {
                    1
                } else {
                    units
                }
            }
            _ => match (exempt(0), exempt(1)) {
                (true, true) => 1,
                (true, false) => periods,
                (false, true) => units,
                (false, false) => units + periods - 1 - exact,
            },
        }
    }

    fn check(fit: &Fit, preset: &str, effects: usize) {
        let of = format!("{} {preset} {effects}", fit.inference.vcov);
        let record = fit.record();
        let results = results();
        let said = cards(&Words::new(&results), &[(1, &record)]);
        assert_eq!(said.len(), 1, "{of}");
        let (en, zh) = (&said[0].en, &said[0].zh);
        let raw = fit.infer(&fit.inference.vcov, &Ssc::parse("none").unwrap()).unwrap();
        let n = record.n_obs as f64;
        let groups = record.se_card.periods.or(record.n_clusters).unwrap_or(0) as f64;
        assert_eq!(record.se_card.k, counted(preset, &fit.inference.vcov, effects), "{of}");
        for (text, lead, freedom) in
            [(en, "factor on the variance", "degrees of freedom"), (zh, "方差修正系数", "自由度")]
        {
            assert!(text.contains(preset), "{text}");
            let factor = stated(text, lead, n, groups);
            for (ours, raw) in fit.inference.covariance.iter().zip(&raw.covariance) {
                assert!((ours - factor * raw).abs() <= 1e-12 * ours.abs(), "{of}: {text}");
            }
            if let Some(k) = value(text, "K") {
                assert_eq!(k as usize, record.se_card.k, "{text}");
            }
            for (j, term) in record.terms.iter().enumerate() {
                let df = match &record.se_card.own_df {
                    Some(own) => own[j],
                    None => value(text, freedom).unwrap(),
                };
                let p = t_two_sided(term.estimate / term.std_error, df);
                assert!((term.p_value - p).abs() <= 1e-10, "{of}: {df} {text}");
            }
            if !record.se_card.equals.is_empty() {
                assert!(text.contains(&record.se_card.equals), "{text}");
            }
        }
        let printed = &en[en.find("factor on the variance").unwrap()..];
        let printed = value(printed, printed.split(" = ").next().unwrap()).unwrap();
        assert!((printed - record.se_card.factor).abs() < 6e-6, "{en}");
    }

    /// The covariance is the sandwich times the formula that the card states, with the numbers that it states; tests refer
    /// to the degrees of freedom that it states; and K is what each rule counts.
    #[test]
    fn a_card_says_what_was_done() {
        let kinds = [
            "iid",
            "HC1",
            "HC2",
            "HC3",
            "unit",
            "province",
            "time",
            "unit + time",
            "CR2(province)",
            "CRV3(province)",
            "NW(1)",
            "DK(1)",
            "conley(lat, lon, 150)",
        ];
        for effects in 0..3 {
            let design = panel(effects);
            let whole = fit(&design, &FitOptions::new(Vcov::Iid)).unwrap();
            for preset in PRESETS {
                for kind in kinds {
                    let with =
                        whole.clone().with_vcov(&Vcov::parse(kind).unwrap(), &Ssc::parse(preset).unwrap()).unwrap();
                    check(&with, preset, effects);
                }
            }
        }
    }

    /// A number is somebody's only where somebody prints it.
    #[test]
    fn software_is_named_where_it_has_the_number() {
        let whole = fit(&panel(2), &FitOptions::new(Vcov::Iid)).unwrap();
        let equals = |kind: &str, preset: &str| {
            let vcov = Vcov::parse(kind).unwrap();
            whole.clone().with_vcov(&vcov, &Ssc::parse(preset).unwrap()).unwrap().se_card().equals
        };
        for kind in ["iid", "HC1", "unit", "unit + time", "NW(1)", "DK(1)"] {
            assert_eq!(equals(kind, "none"), "", "{kind}");
        }
        for preset in PRESETS {
            assert_eq!(equals("conley(lat, lon, 150)", preset), "", "{preset}");
            assert!(equals("CR2(unit)", preset).contains("clubSandwich"));
        }
        // xtreg, fe vce(robust) clusters by the unit.
        assert_eq!(equals("HC1", "xtreg"), "");
        assert!(equals("DK(1)", "reghdfe").contains("K.exact") && !equals("DK(1)", "fixest").contains("K.exact"));
    }
}
