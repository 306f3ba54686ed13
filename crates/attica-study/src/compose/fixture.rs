//! A study's results, made by hand: every kind of section, a failed column, an omitted regressor,
//! rows lost, so that what is composed from them can be read in tests.

use attica::fit::{AbsorbedEffect, FitRecord, Omitted, R2, SeCard, Term, Wald};
use attica::ledger::{Ledger, Reason};
use attica::message::{Problem, Warning};
use attica::panel::Adoption;
use attica::text::{Language, Text};
use attica_report::figure::FigureWidth;

use crate::results::*;

pub(crate) fn term(name: &str, estimate: f64, std_error: f64) -> Term {
    let statistic = estimate / std_error;
    // The tail of the normal will do for a fixture.
    let p_value = 2.0 * (-0.717 * statistic.abs() - 0.416 * statistic * statistic).exp().min(0.5);
    let half = 1.968 * std_error;
    Term {
        term: name.to_owned(),
        estimate,
        std_error,
        statistic,
        p_value,
        conf_low: estimate - half,
        conf_high: estimate + half,
        wild: None,
    }
}

pub(crate) fn fit(outcome: &str, terms: Vec<Term>, lost: usize) -> FitRecord {
    let mut ledger = Ledger::new(3135);
    ledger.drop_rows(Reason::Missing("LTEP".to_owned()), lost);
    let k = terms.len() + 11;
    let n = ledger.used;
    FitRecord {
        outcome: outcome.to_owned(),
        model: "fixed effects".to_owned(),
        covariance: vec![vec![0.0; terms.len()]; terms.len()],
        terms,
        level: 0.95,
        n_obs: n,
        n_units: Some(285),
        n_clusters: Some(285),
        df_residual: 284.0,
        r2: Some(0.6841),
        r2_within: Some(0.1234),
        r2_adjusted: Some(0.65),
        r2_family: R2 { overall: Some(0.6841), within: Some(0.1234), ..R2::default() },
        vcov: "cluster(city_code)".to_owned(),
        ssc: "reghdfe".to_owned(),
        k,
        se_card: SeCard {
            vcov: "cluster(city_code)".to_owned(),
            ssc: "reghdfe".to_owned(),
            n: n as f64,
            k,
            clusters: vec![285],
            periods: None,
            factor: 285.0 / 284.0 * (n as f64 - 1.0) / (n - k) as f64,
            formula: "G/(G-1) * (N-1)/(N-K)".to_owned(),
            own_df: None,
            df: Some(284.0),
            equals: "reghdfe, fixest ≥ 0.13".to_owned(),
        },
        effects: vec![
            AbsorbedEffect { name: "city_code".to_owned(), levels: 285, redundant: 285, nested: true },
            AbsorbedEffect { name: "year".to_owned(), levels: 11, redundant: 1, nested: false },
        ],
        weights: None,
        mean_outcome: 0.1023,
        constant_absorbed: Some(term(super::words::CONSTANT, 0.097, 0.002)),
        constant_base: None,
        omitted: Vec::new(),
        likelihood: None,
        instruments: None,
        dropped: ledger.dropped.clone(),
        ledger,
        warnings: Vec::new(),
    }
}

pub(crate) fn model(head: Text, fit: FitRecord) -> Model {
    let shown = |term: &&Term| !term.term.starts_with("DID");
    Model {
        head,
        formula: format!("{} ~ DID | city_code + year", fit.outcome),
        controls: fit.terms.iter().filter(shown).map(|term| term.term.clone()).collect(),
        effects: fit.effects.iter().map(|effect| effect.name.clone()).collect(),
        fit: Outcome::Fit(Box::new(fit)),
        design: None,
    }
}

fn summary(n: usize, mean: f64, sd: f64, min: f64, median: f64, max: f64) -> Summary {
    Summary { n, mean, sd: Some(sd), min, median, max }
}

fn family(id: &str, en: &str, zh: &str, models: Vec<Model>) -> Models {
    Models {
        id: id.to_owned(),
        title: Text::new(en, zh),
        models,
        show: vec!["DID".to_owned()],
        tests: Vec::new(),
        methods: Text::default(),
        cautions: Vec::new(),
    }
}

pub(crate) fn section(step: &str, content: Content) -> Section {
    Section { step: step.to_owned(), content }
}

fn baseline() -> Models {
    let controls = [term("LGDP", 0.011, 0.004), term("NHS", 0.0021, 0.0011), term("LTEP", -0.003, 0.002)];
    let stages = (0..=3).map(|stage| {
        let terms = std::iter::once(term("DID", 0.025 - 0.001 * stage as f64, 0.004)).chain(controls[..stage].to_vec());
        model(Text::default(), fit("NPRO", terms.collect(), if stage == 3 { 45 } else { 0 }))
    });
    family("baseline", "Baseline regressions", "基准回归结果", stages.collect())
}

fn robustness() -> Models {
    let mut lagged = fit("NPRO", vec![term("DID", 0.019, 0.004), term("LGDP", 0.01, 0.004)], 285);
    let reason = Text::new("constant within city", "在城市内不变");
    lagged.omitted = vec![Omitted { name: "NHS".to_owned(), reason }];
    lagged.warnings = vec![Warning::new("W405", "only 20 clusters", "聚类数仅为20")];
    let problem = Problem::new("E206", "\"LNJP\" does not vary within city_code, so its fixed effects absorb it")
        .fix("use a variable that varies over time");
    family(
        "robustness",
        "Robustness checks",
        "稳健性检验",
        vec![
            model(Text::new("Winsorised 1/99", "缩尾1%/99%"), fit("NPRO", vec![term("DID", 0.021, 0.004)], 0)),
            model(Text::new("Controls lagged once", "控制变量滞后一期"), lagged),
            Model {
                head: Text::new("Policy replaced by LNJP", "替换政策变量LNJP"),
                formula: "NPRO ~ LNJP | city_code + year".to_owned(),
                fit: Outcome::Failed(problem),
                controls: Vec::new(),
                effects: vec!["city_code".to_owned(), "year".to_owned()],
                design: None,
            },
        ],
    )
}

fn heterogeneity() -> Models {
    let groups = [("East", "东部", 0.031), ("Centre", "中部", 0.012), ("West", "西部", -0.002)];
    let columns =
        groups.map(|(en, zh, effect)| model(Text::new(en, zh), fit("NPRO", vec![term("DID", effect, 0.006)], 0)));
    let mut found = family("heterogeneity-region", "Effects by region", "分地区异质性", columns.to_vec());
    let hypothesis = Text::new("effects are equal", "各组系数相等");
    let name = Text::new("Equal effects (fully interacted model)", "组间系数相等（完全交互模型）");
    let wald = Wald { hypothesis, statistic: 6.12, df1: 2.0, df2: Some(284.0), p_value: 0.0025, wild: None };
    found.tests = vec![
        Test { name, p_value: wald.p_value, wald: Some(wald), draws: None },
        Test {
            name: Text::new("Equal effects (labels permuted over units)", "组间系数相等（个体间置换组别）"),
            wald: None,
            p_value: 0.004,
            draws: Some(1000),
        },
    ];
    found
}

fn mediation() -> Models {
    let mut found = family(
        "mediation-IDS",
        "Stepwise mediation through IDS",
        "逐步中介检验：IDS",
        vec![
            model(Text::default(), fit("NPRO", vec![term("DID", 0.02, 0.004)], 0)),
            model(Text::default(), fit("IDS", vec![term("DID", 0.05, 0.02)], 0)),
            model(Text::default(), fit("NPRO", vec![term("DID", 0.018, 0.004), term("IDS", 0.04, 0.03)], 0)),
        ],
    );
    found.show.push("IDS".to_owned());
    found.cautions = vec![Warning::new(
        "W606",
        "What the policy does to the mediator is identified by the design; what the mediator does to the outcome is not",
        "政策对中介变量的影响由研究设计识别，而中介变量对被解释变量的影响并未识别",
    )];
    found
}

fn event_study() -> EventStudies {
    let effects = [(-3, 0.004), (-2, -0.002), (-1, 0.0), (0, 0.012), (1, 0.02), (2, 0.027)];
    let rows = effects.map(|(event_time, estimate)| {
        let known = event_time != -1;
        let some = |value: f64| known.then_some(value);
        EventRow {
            event_time,
            binned: event_time == -3 || event_time == 2,
            estimate,
            std_error: some(0.005),
            p_value: some(if event_time < 0 { 0.55 } else { 0.004 }),
            conf_low: some(estimate - 0.0098),
            conf_high: some(estimate + 0.0098),
            band_low: some(estimate - 0.0131),
            band_high: some(estimate + 0.0131),
            n: 41,
            wild: None,
        }
    });
    EventStudies {
        studies: vec![EventStudy {
            estimator: "twfe".to_owned(),
            label: Text::new("Two-way fixed effects", "双向固定效应"),
            rows: rows.to_vec(),
            covariance: Vec::new(),
            reference: vec![-1],
            level: 0.95,
            bootstrap: None,
            sup_t: Some(2.618),
            df: None,
            effects: Some(Wald {
                hypothesis: Text::new("all effects are zero", "政策后系数均为零"),
                statistic: 3.12,
                df1: 3.0,
                df2: Some(284.0),
                p_value: 0.026,
                wild: None,
            }),
            leads: Some(Wald {
                hypothesis: Text::new("all leads are zero", "政策前系数均为零"),
                statistic: 0.71,
                df1: 2.0,
                df2: Some(284.0),
                p_value: 0.492,
                wild: None,
            }),
            resample: None,
            pre_available: 3,
            pre_testable: 2,
            base: Text::new(
                "Every coefficient is relative to the period before adoption",
                "各期系数均以政策实施前一期为基准",
            ),
            fit: Some(Box::new(fit("NPRO", vec![term("DID::0", 0.012, 0.005)], 0))),
            warnings: Vec::new(),
        }],
        powers: vec![LeadPower { estimator: "twfe".to_owned(), size: 0.05, half: 0.0041, four_fifths: 0.0058 }],
        estimators: Vec::new(),
        failed: Vec::new(),
        few_clusters: None,
        methods: Text::new("End bins hold all periods beyond them.", "首尾两期为归并期。"),
    }
}

fn placebo() -> Placebos {
    let draws: Vec<f64> = (0..99).map(|i| 0.0004 * (f64::from(i) - 49.0)).collect();
    let shifted = fit("NPRO", vec![term("DID", 0.001, 0.004)], 900);
    let kind = |kind: &str, draws: Vec<f64>, fits: Vec<(Text, FitRecord)>| Placebo {
        kind: kind.to_owned(),
        estimator: "twfe".to_owned(),
        label: Text::new("Two-way fixed effects", "双向固定效应"),
        description: Text::new("41 of 285 units are drawn without replacement", "从285个城市中不放回抽取41个"),
        estimate: 0.022,
        statistic: Some(5.5),
        t: draws.iter().map(|b| b / 0.004).collect(),
        p: draws.iter().map(|b| (-b.abs() * 300.0).exp()).collect(),
        drawn: draws.len(),
        draws,
        exact: false,
        possible: None,
        failed: 0,
        seed: Some(20_111_020),
        strata: None,
        clusters: None,
        p_two_sided: Some(0.01),
        p_left: Some(1.0),
        p_right: Some(0.01),
        p_two_sided_t: Some(0.01),
        p_left_t: Some(1.0),
        p_right_t: Some(0.01),
        p_mc_error: Some(0.0099),
        p_mc_error_t: Some(0.0099),
        effects: Vec::new(),
        fits,
        warnings: Vec::new(),
    };
    Placebos {
        kinds: vec![
            kind("unit", draws, Vec::new()),
            kind("time", Vec::new(), vec![(Text::new("2 years earlier", "提前2年"), shifted)]),
        ],
        failed: Vec::new(),
        methods: Text::new(
            "Each draw assigns the policy anew and estimates the baseline model.",
            "每次抽样重新分配政策并估计基准模型。",
        ),
    }
}

fn index() -> IndexResult {
    let weight = |dimension: &str, indicator: &str, direction: &str, entropy: f64, weight: f64| IndexWeight {
        dimension: dimension.to_owned(),
        indicator: indicator.to_owned(),
        direction: direction.to_owned(),
        entropy: Some(entropy),
        divergence: Some(1.0 - entropy),
        weight,
    };
    IndexResult {
        name: "NPRO".to_owned(),
        method: "entropy-topsis".to_owned(),
        variant: vec![("scale".to_owned(), "pooled".to_owned()), ("zeros".to_owned(), "keep".to_owned())],
        weights: vec![
            weight("labour", "avg_wage", "benefit", 0.95, 0.25),
            weight("labour", "students", "benefit", 0.93, 0.35),
            weight("objects", "energy_per_gdp", "cost", 0.92, 0.40),
        ],
        dimensions: vec![("labour".to_owned(), 0.6), ("objects".to_owned(), 0.4)],
        n: 3135,
        summary: summary(3135, 0.1023, 0.08, 0.01, 0.08, 0.71),
        ranks: vec![
            IndexRank { unit: "Beijing".to_owned(), score: 0.61, rank: 1, shares: vec![0.7, 0.3] },
            IndexRank { unit: "Shenzhen".to_owned(), score: 0.55, rank: 2, shares: vec![0.6, 0.4] },
        ],
        by_period: vec![(2009.0, 0.08), (2010.0, 0.09), (2011.0, 0.11)],
        warnings: Vec::new(),
    }
}

fn descriptives() -> Descriptives {
    let row = |variable: &str, first: Summary, second: Summary, t: f64, p_value: f64| GroupRow {
        variable: variable.to_owned(),
        difference: first.mean - second.mean,
        groups: [first, second],
        t: Some(t),
        p_value: Some(p_value),
        standardised: Some(0.62),
    };
    Descriptives {
        overall: vec![
            ("NPRO".to_owned(), summary(3135, 0.1023, 0.08, 0.01, 0.08, 0.71)),
            ("LTEP".to_owned(), summary(3090, 10.1, 1.3, 4.2, 10.0, 15.4)),
        ],
        groups: Some(GroupedDescriptives {
            by: Text::new("treatment status", "是否试点"),
            names: [Text::new("Pilot cities", "试点城市"), Text::new("Other cities", "非试点城市")],
            rows: vec![row(
                "NPRO",
                summary(451, 0.19, 0.11, 0.03, 0.17, 0.71),
                summary(2684, 0.09, 0.06, 0.01, 0.07, 0.5),
                6.4,
                0.0001,
            )],
        }),
    }
}

fn panel() -> PanelCard {
    PanelCard {
        unit: "city_code".to_owned(),
        time: "year".to_owned(),
        n_units: 285,
        n_periods: 11,
        first: 2009.0,
        last: 2019.0,
        step: 1.0,
        n_rows: 3135,
        balanced: true,
        treatment: Some(TreatmentCard {
            name: "DID".to_owned(),
            cohorts: vec![(2011.0, 36), (2016.0, 5)],
            never: 244,
            treated_rows: 344,
            pre_periods: 2,
            testable_leads: 1,
            post_periods: 9,
            ..TreatmentCard::default()
        }),
        columns: vec![ColumnCard { name: "LTEP".to_owned(), missing: 45, ..ColumnCard::default() }],
        warnings: vec![Warning::new("W210", "one lead can be tested", "仅有一个可检验的政策前系数")],
        ..PanelCard::default()
    }
}

/// Two cohorts over six years, another policy, a control that shares a column with the outcome, gaps.
fn design() -> DesignCard {
    let adopts = |first: usize| (0..6).map(|t| Some(f64::from(u8::from(t >= first)))).collect::<Vec<_>>();
    let row = |cohort, units, first| TimingRow { cohort, units, treated: adopts(first) };
    let path = |name: &str, label: Text, treated: [f64; 6], untreated: [f64; 6], units: [usize; 2]| PolicyPath {
        name: name.to_owned(),
        label,
        named: name == "DID",
        treated: treated.map(Some).to_vec(),
        untreated: untreated.map(Some).to_vec(),
        treated_units: units[0],
        untreated_units: units[1],
    };
    let mean = |cohort, units, start: f64| CohortMeans {
        cohorts: vec![cohort],
        units,
        mean: (0..6).map(|t| Some(start + 0.004 * f64::from(t))).collect(),
    };
    DesignCard {
        times: (2009..2015).map(f64::from).collect(),
        timing: vec![row(Adoption::At(2011.0), 41, 2), row(Adoption::Never, 120, 6), row(Adoption::Never, 124, 6)],
        policies: vec![
            path("DID", Text::new("Pilot policy", "试点政策"), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0], [0.0; 6], [41, 0]),
            path(
                "smart_city",
                Text::new("Smart city", "智慧城市"),
                [0.0, 0.0, 0.0, 0.5, 0.5, 0.5],
                [0.0, 0.0, 0.0, 0.25, 0.25, 0.25],
                [20, 61],
            ),
        ],
        waves: None,
        neighbours: None,
        means: vec![mean(Adoption::At(2011.0), 41, 0.09), mean(Adoption::Never, 244, 0.05)],
        missing: vec![MissingRow { name: "LTEP".to_owned(), rows: 45, share: vec![0.0, 0.0, 0.01, 0.02, 0.03, 0.03] }],
        variables: 5,
        ingredients: vec!["avg_wage".to_owned(), "energy_per_gdp".to_owned()],
        controls: vec![ControlCard {
            name: "LGDP".to_owned(),
            varies_after: true,
            channel: false,
            shared: vec![Shared { of_control: "gdp".to_owned(), of_outcome: "energy_per_gdp".to_owned() }],
            effect: Some(term("DID", 0.05, 0.02)),
            sd: Some(0.8),
        }],
        effect: Some(term("DID", 0.022, 0.004)),
        without_controls: Some(term("DID", 0.025, 0.004)),
        comparisons: Some(Comparisons { with_treated: Some(0.08), share_negative: 0.12, sum_negative: -0.03 }),
        outcomes: Vec::new(),
    }
}

/// The whole study.
pub(crate) fn results() -> Results {
    let mut results = parts();
    results.referee = crate::referee::remarks(&crate::referee::Facts::from(&results));
    results
}

/// All but what is made from the rest.
fn parts() -> Results {
    let mut ledger = Ledger::new(4275);
    ledger.drop_rows(Reason::Filter("2009 <= year <= 2019".to_owned()), 1140);
    let labels = [
        ("NPRO", "New quality productive forces", "新质生产力"),
        ("DID", "Pilot policy", "试点政策"),
        ("city_code", "city", "城市"),
        ("year", "year", "年份"),
    ];
    Results {
        format: "attica-results/1".to_owned(),
        version: "0.1.0".to_owned(),
        title: Text::new("Sci-tech finance and new quality productive forces", "科技金融与新质生产力"),
        language: Language::En,
        seed: 20111020,
        simulated: Some(Text::new("Simulated data", "模拟数据")),
        style: Style {
            name: "cn".to_owned(),
            stars: vec![0.1, 0.05, 0.01],
            below: "se".to_owned(),
            digits: 3,
            dpi: 300,
            figure_width: FigureWidth::Text,
            word_styles: None,
            tables: indexmap::IndexMap::new(),
            panels: Vec::new(),
        },
        sources: vec![Source {
            file: "indicators.csv".to_owned(),
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            format: "csv (UTF-8, delimiter \",\")".to_owned(),
            rows: 4275,
            columns: 12,
            warnings: vec![Warning::new("W502", "byte order mark", "含BOM标记")],
        }],
        joins: vec![Join {
            file: "pilots.csv".to_owned(),
            keys: vec!["city_code".to_owned()],
            matched: 451,
            only_left: 2684,
            only_right: 2,
            examples_left: vec!["110100".to_owned(), "120100".to_owned()],
            examples_right: vec!["659001".to_owned()],
            ..Join::default()
        }],
        ledger,
        panel: panel(),
        labels: labels.map(|(name, en, zh)| (name.to_owned(), Text::new(en, zh))).into_iter().collect(),
        variables: vec![("LGDP".to_owned(), "log(gdp)".to_owned())],
        policy: Policy {
            name: "DID".to_owned(),
            coding: Text::new("1 in a pilot city from its first pilot year on", "试点城市自首个试点年份起取1，其余取0"),
            staggered: true,
            dates: vec![2011.0, 2016.0],
        },
        model: ModelCard {
            outcome: "NPRO".to_owned(),
            controls: ["LGDP", "NHS", "LTEP"].map(str::to_owned).to_vec(),
            effects: ["city_code", "year"].map(str::to_owned).to_vec(),
            cluster: vec!["city_code".to_owned()],
            ssc: "reghdfe".to_owned(),
        },
        design: Some(design()),
        referee: Vec::new(),
        indices: vec![index()],
        sections: vec![
            section("descriptives", Content::Descriptives(descriptives())),
            section("baseline", Content::Models(baseline())),
            section("event_study", Content::EventStudy(event_study())),
            section("placebo", Content::Placebo(placebo())),
            section("matching", Content::Models(super::fixture_matching::regressions())),
            section("matching", Content::Matching(super::fixture_matching::matching())),
            section("robustness", Content::Models(robustness())),
            section("mechanism", Content::Models(mediation())),
            section("heterogeneity", Content::Models(heterogeneity())),
        ],
        warnings: Vec::new(),
    }
}
