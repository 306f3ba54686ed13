//! Table 2: the policy's effect as controls come in, and the textbook forms on request.

use attica::fit::FitRecord;
use attica::frame::Column;
use attica::hypothesis::Coefficients;
use attica::message::{Problem, Warning};
use attica::panel::Adoption;
use attica::text::Text;
use attica::wild::{self, Wild};

use super::regression::{Estimator, Spec, name};
use super::{Found, Study, variances};
use crate::results::{Content, Hypotheses, Model, Models, Outcome};
use crate::studyfile::OneOrMany;

pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.baseline.clone().unwrap_or_default();
    let main = Spec { wild: study.wild()?, ..study.main()? };
    let controls = &study.file.model.controls;
    let stages = asked.stages.unwrap_or_else(|| (0..=controls.len()).map(|n| controls[..n].to_vec()).collect());
    let mut models: Vec<Model> = Vec::new();
    let (mut beside, mut drawn) = (None, None);
    for outcome in study.file.model.outcome.as_slice() {
        for stage in &stages {
            let mut kept = None;
            let mut spec = main.clone();
            spec.outcome = name(outcome);
            spec.controls = stage.iter().map(|c| study.term(c)).collect();
            // The column that the paper is about is the last one of the first outcome.
            if models.len() + 1 == stages.len() {
                let fitted = study.fit(&spec).and_then(|(design, mut fit)| {
                    kept = study.kept(&design, &fit);
                    beside = variances::panel(study, &design, &mut fit, models.len(), &asked.variances);
                    let (record, wild) = wild::tested(&fit, spec.wild.as_ref())?;
                    drawn = wild;
                    Ok(record)
                });
                models.push(Model { design: kept, ..spec.column(fitted) });
            } else {
                models.push(study.model(&spec));
            }
        }
    }
    let mut show = vec![study.policy().to_owned()];
    let mut shown_controls: Vec<String> = Vec::new();
    for control in stages.iter().flatten().filter(|c| !show.contains(c)) {
        if !shown_controls.contains(control) {
            shown_controls.push(control.clone());
        }
    }
    let mut cautions = Vec::new();
    if asked.classic {
        let (model, names) = classic(study)?;
        models.push(model);
        show.extend(names);
    }
    if asked.pooled {
        let mut spec = main.clone();
        spec.head = Text::new("Pooled OLS", "混合OLS");
        spec.effects = Vec::new();
        models.push(study.model(&spec));
        cautions.push(Warning::new(
            "N610",
            "pooled least squares takes every lasting difference between units for an effect of the policy",
            "混合OLS把个体间的固有差异当作政策效应",
        ));
    }
    if asked.random_effects {
        let mut spec = main.clone();
        spec.head = Text::new("Random effects", "随机效应");
        spec.effects = Vec::new();
        spec.estimator = Estimator::RandomEffects;
        // It repeats least squares, which random effects are not.
        spec.wild = None;
        models.push(study.model(&spec));
        cautions.push(Warning::new(
            "N611",
            "random effects assume that who was treated is unrelated to lasting differences between units",
            "随机效应假定处理分配与个体固有差异无关",
        ));
    }
    show.extend(shown_controls);
    let hypotheses = hypotheses(&asked.lincom, &asked.test, main_column(&models, stages.len()), drawn);
    let table = Content::Models(Models {
        id: "baseline".to_owned(),
        title: Text::new("Baseline results", "基准回归结果"),
        models,
        show,
        tests: Vec::new(),
        methods: Text::default(),
        cautions,
    });
    let hypotheses = hypotheses.map(Content::Hypotheses);
    Ok(std::iter::once(table).chain(beside.map(Content::Variances)).chain(hypotheses).collect())
}

/// The column of the first outcome with all controls.
fn main_column(models: &[Model], stages: usize) -> Option<&FitRecord> {
    match &models.get(stages.checked_sub(1)?)?.fit {
        Outcome::Fit(record) => Some(record),
        Outcome::Failed(_) => None,
    }
}

/// Combinations and tests of the coefficients of one column; none when none was asked for.
fn hypotheses(
    lincom: &OneOrMany<String>,
    test: &OneOrMany<String>,
    fit: Option<&FitRecord>,
    wild: Option<Wild>,
) -> Option<Hypotheses> {
    let (lincom, test) = (lincom.as_slice(), test.as_slice());
    let fit = fit.filter(|_| !lincom.is_empty() || !test.is_empty())?;
    let ((terms, tests), warnings) = Coefficients::from(fit).drawn(wild).answer(lincom, test);
    Some(Hypotheses {
        id: "baseline-hypotheses".to_owned(),
        title: Text::new("Combinations and joint tests in the main column", "主回归系数的线性组合与联合检验"),
        estimates: vec![(Text::same(&fit.outcome), terms, tests)],
        warnings,
    })
}

/// Eq. (1): both main effects and their product, nothing absorbed.
fn classic(study: Study<'_>) -> Result<(Model, Vec<String>), Problem> {
    let data = study.data;
    let [date] = data.treatment.dates.as_slice() else {
        return Err(Problem::new(
            "E607",
            format!("classic = true needs one date of adoption; there are {}", data.treatment.dates.len()),
        )
        .fix("leave classic out: unit and period effects hold for several dates"));
    };
    let group = |unit: u32| !matches!(data.treatment.adoption[unit as usize], Adoption::Never);
    let treated = data.panel.unit.iter().map(|&u| f64::from(u8::from(group(u)))).collect();
    let post = data.panel.time.iter().map(|&t| f64::from(u8::from(data.panel.times[t as usize] >= *date))).collect();
    let mut frame = data.frame.clone();
    let names = ["Treated".to_owned(), "Post".to_owned()];
    frame.set(Column::number(&names[0], treated))?;
    frame.set(Column::number(&names[1], post))?;
    let mut spec = Spec { wild: study.wild()?, ..study.main()? };
    spec.head = Text::new("Classic DID", "经典双重差分");
    spec.regressors.extend(names.iter().map(|n| name(n)));
    spec.effects = Vec::new();
    Ok((study.model_in(&frame, &spec), names.to_vec()))
}
