//! What one regression prints: coefficients, the facts users check, the SE card, the account of rows.

use attica::fit::{FitRecord, Term, Variance};
use attica::text::Language;

use super::regression::One;
use crate::commands::{account, aligned, cells, hypotheses, instruments, short, wild};

/// The printout.
pub(super) fn page(model: &One) -> String {
    let fit = &model.fit;
    let mut page = format!("\n{}\n{}; {}\n\n", model.formula, fit.model, standard_errors(fit));
    page += &coefficients(fit);
    let tests = fit.terms.iter().map(|term| (term.term.clone(), term.wild.as_deref()));
    page += &wild(tests.collect(), fit.level, short, Language::En);
    page += &hypotheses::page(&model.lincom, &model.tests, Language::En);
    page += &instruments::page(fit);
    page += "\n";
    let mut facts: Vec<(&str, String)> = vec![("Observations", fit.n_obs.to_string())];
    facts.extend(fit.n_units.map(|n| ("Units", n.to_string())));
    facts.extend(fit.n_clusters.map(|n| ("Clusters (smallest number)", n.to_string())));
    let r2 = &fit.r2_family;
    for (label, value) in [
        ("R2", r2.overall),
        ("Adjusted R2", r2.adjusted),
        ("Within R2", r2.within),
        ("Within R2, adjusted", r2.within_adjusted),
        ("R2 within, as xtreg", r2.xtreg_within),
        ("R2 between, as xtreg", r2.xtreg_between),
        ("R2 overall, as xtreg", r2.xtreg_overall),
        ("Pseudo R2 (McFadden)", r2.pseudo),
    ] {
        facts.extend(value.map(|v| (label, format!("{v:.6}"))));
    }
    facts.extend(fit.instruments.iter().map(|iv| ("Root mean squared error", short(iv.rmse))));
    if let Some(reached) = &fit.likelihood {
        facts.push(("Log likelihood", format!("{:.4}", reached.log_likelihood)));
        facts.push(("Deviance", format!("{:.4}", reached.deviance)));
    }
    facts.push(("Mean of the outcome", short(fit.mean_outcome)));
    facts.push(("Residual degrees of freedom", short(fit.df_residual)));
    facts.extend(fit.weights.clone().map(|w| ("Weights", w)));
    let rows: Vec<Vec<String>> = facts.into_iter().map(|(label, value)| vec![label.to_owned(), value]).collect();
    page += &(aligned(&rows).join("\n") + "\n");
    if !fit.effects.is_empty() {
        let head = ["Absorbed effect", "categories", "redundant", "coefficients"].map(str::to_owned).to_vec();
        let mut rows = vec![head];
        rows.extend(fit.effects.iter().map(|e| {
            let star = if e.nested { "*" } else { "" };
            let free = e.levels - e.redundant;
            vec![e.name.clone(), e.levels.to_string(), e.redundant.to_string(), format!("{free}{star}")]
        }));
        page += &format!("\n{}\n", aligned(&rows).join("\n"));
        if fit.effects.iter().any(|e| e.nested) {
            page += "* nested in the cluster variable\n";
        }
    }
    let card = &fit.se_card;
    let df = card.df.map_or("normal".to_owned(), |df| format!("t({})", short(df)));
    let factor = if card.formula == "1" { "1".to_owned() } else { format!("{} = {:.6}", card.formula, card.factor) };
    let equals = if card.equals.is_empty() { String::new() } else { format!("; equals {}", card.equals) };
    page += &format!(
        "\nStandard errors: {}, rule {}: N = {}, K = {}, factor {factor}, {df}{equals}\n",
        card.vcov, card.ssc, card.n, card.k
    );
    if !model.variances.is_empty() {
        page += &panel(&model.variances);
    }
    for omitted in &fit.omitted {
        page += &format!("Left out: {} ({})\n", omitted.name, omitted.reason.en);
    }
    page += &format!("Rows: {}\n", account(&fit.ledger, Language::En));
    page
}

fn standard_errors(fit: &FitRecord) -> String {
    format!("standard errors {}", fit.vcov)
}

fn coefficients(fit: &FitRecord) -> String {
    let percent = format!("{:.0} %", 100.0 * fit.level);
    let constant = fit
        .constant_absorbed
        .iter()
        .map(|constant| Term { term: "constant (effects absorbed)".to_owned(), ..constant.clone() });
    let all: Vec<Term> = fit.terms.iter().cloned().chain(constant).collect();
    format!("{}\n{percent} confidence intervals\n", aligned(&terms(&all, fit)).join("\n"))
}

/// Rows of coefficients under their head.
pub(in crate::commands) fn terms(terms: &[Term], fit: &FitRecord) -> Vec<Vec<String>> {
    let statistic = if fit.se_card.df.is_some() { "t" } else { "z" };
    let head = ["", "estimate", "std. error", statistic, "p", "low", "high"].map(str::to_owned).to_vec();
    let row = |term: &Term| std::iter::once(term.term.clone()).chain(cells(term)).collect();
    std::iter::once(head).chain(terms.iter().map(row)).collect()
}

/// One coefficient under several covariances; what is not defined says why.
fn panel(rows: &[Variance]) -> String {
    let head = ["", "std. error", "df", "t", "p", "low", "high", "clusters", "remarks", "the number of"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    let mut remarks: Vec<String> = Vec::new();
    for row in rows {
        let name = format!("{}{}", row.vcov, if row.main { " *" } else { "" });
        if let Some(reason) = &row.absent {
            lines.push(vec![name, format!("not defined ({}): {}", reason.id, reason.text.en)]);
            continue;
        }
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
        let clusters: Vec<String> = row.clusters.iter().map(usize::to_string).collect();
        let ids: Vec<&str> = row.warnings.iter().map(|w| w.id.as_str()).collect();
        lines.push(vec![
            name,
            number(row.std_error),
            row.df.map_or_else(|| "-".to_owned(), |df| format!("{df:.1}")),
            row.statistic.map_or_else(|| "-".to_owned(), |t| format!("{t:.3}")),
            row.p_value.map_or_else(|| "-".to_owned(), |p| format!("{p:.4}")),
            number(row.conf_low),
            number(row.conf_high),
            clusters.join(", "),
            ids.join(" "),
            row.equals.clone(),
        ]);
        for warning in &row.warnings {
            let line = format!("{} {}", warning.id, warning.text.en);
            if !remarks.contains(&line) {
                remarks.push(line);
            }
        }
    }
    // Words stand to the left, numbers to the right.
    let width = lines.iter().filter(|line| line.len() == head.len()).map(|line| line[head.len() - 1].len()).max();
    for line in lines.iter_mut().filter(|line| line.len() == head.len()) {
        let last = line.len() - 1;
        line[last] = format!("{:width$}", line[last], width = width.unwrap_or(0));
    }
    let term = rows.first().map_or("", |row| row.term.as_str());
    let mut page =
        format!("\n{term} under {} variances (* as in the table above)\n{}\n", rows.len(), aligned(&lines).join("\n"));
    for line in remarks {
        page += &format!("  {line}\n");
    }
    page
}
