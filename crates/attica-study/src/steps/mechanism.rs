//! Channels, moderation, and mediation behind its warning.

use attica::diagnostic::Rows;
use attica::diagnostic::channel::{Measured, bootstrap_indirect, centred_product, moderator, sobel};
use attica::diagnostic::periods;
use attica::fit::{FitRecord, Term};
use attica::frame::Column;
use attica::message::{Result, Warning};
use attica::text::Text;

use super::regression::{Spec, name};
use super::{Found, Study, families};
use crate::results::{Content, Model, Models, Outcome, Test};

/// Every channel as an outcome of the main model.
pub(super) fn channels(study: Study<'_>) -> Found {
    let through = study.file.mechanism.iter().flat_map(|m| &m.through);
    let main = study.main()?;
    let specs: Vec<Spec> = through.clone().map(|channel| on(&main, channel)).collect();
    let (models, fits) = study.models(&specs);
    let names: Vec<&str> = through.map(String::as_str).collect();
    let title = Text::new("Mechanism: adjusted for several channels", "机制检验：多渠道校正");
    let family = families::of_fits(study, "mechanism-family", title, Text::new("Channel", "渠道"), &names, &fits);
    let table = Content::Models(Models {
        id: "mechanism".to_owned(),
        title: Text::new("Mechanism", "机制检验"),
        models,
        show: vec![study.policy().to_owned()],
        tests: Vec::new(),
        methods: Text::new(
            "Each column has a channel as the outcome: it shows what the policy moves. That the channel in turn moves \
             the outcome is an argument, not an estimate.",
            "各列以机制变量为被解释变量，检验政策是否影响该渠道；渠道对结果的影响依赖理论论证，而非此处估计。",
        ),
        cautions: Vec::new(),
    });
    Ok(std::iter::once(table).chain(family).collect())
}

/// The main model with `channel` as the outcome, and not among its own controls.
pub(super) fn on(main: &Spec, channel: &str) -> Spec {
    let outcome = name(channel);
    let controls = main.controls.iter().filter(|control| **control != outcome).cloned().collect();
    Spec { outcome, controls, ..main.clone() }
}

/// The effect where a characteristic from before adoption is higher.
pub(super) fn moderation(study: Study<'_>) -> Found {
    let data = study.data;
    let main = study.main()?;
    let mut show = vec![study.policy().to_owned()];
    let mut models = Vec::new();
    for by in study.file.mechanism.iter().flat_map(|m| &m.moderation) {
        let values = moderator(&data.panel, data.frame.numbers(by)?, Measured::Base);
        let product = format!("{}:{by}", study.policy());
        let mut frame = data.frame.clone();
        frame.set(Column::number(&product, centred_product(&data.treatment.values, &values)))?;
        let mut spec = main.clone();
        let label = study.label(by);
        spec.head = Text::new(format!("By {}", label.en), format!("调节变量：{}", label.zh));
        spec.regressors.push(name(&product));
        models.push(study.model_in(&frame, &spec));
        show.push(product);
    }
    Ok(vec![Content::Models(Models {
        id: "moderation".to_owned(),
        title: Text::new("Moderation", "调节效应"),
        models,
        show,
        tests: Vec::new(),
        methods: Text::new(
            "The moderator is each unit's value in its first period, before the policy could move it, centred at its \
             mean; its level is absorbed by the unit effects. The coefficient of the policy is the effect at the mean.",
            "调节变量取各个体首期（政策实施前）取值并中心化，其水平项由个体固定效应吸收；政策变量系数为调节变量取均值时的效应。",
        ),
        cautions: Vec::new(),
    })])
}

/// Baron and Kenny's three columns for each mediator, Sobel's test and, on request, the bootstrap.
pub(super) fn mediation(study: Study<'_>) -> Found {
    let Some(asked) = &study.file.mechanism else { return Ok(Vec::new()) };
    asked.mediation.iter().map(|mediator| through(study, mediator, asked.draws).map(Content::Models)).collect()
}

fn through(study: Study<'_>, mediator: &str, draws: Option<usize>) -> Result<Models> {
    let main = study.main()?;
    let mut both = main.clone();
    both.regressors.push(name(mediator));
    let models = vec![study.model(&main), study.model(&on(&main, mediator)), study.model(&both)];
    let mut tests = Vec::new();
    if let (Some(a), Some(b)) = (term(&models[1], study.policy()), term(&models[2], mediator))
        && let Some(found) = sobel(a, b)
    {
        let (indirect, se) = (format!("{:.6}", found.indirect), format!("{:.6}", found.std_error));
        tests.push(Test {
            name: Text::new(
                format!("Sobel: indirect effect {indirect} (SE {se}), z = {:.3}", found.statistic),
                format!("Sobel检验：间接效应{indirect}（标准误{se}），z = {:.3}", found.statistic),
            ),
            wald: None,
            p_value: found.p_value,
            draws: None,
        });
    }
    let mut cautions = vec![Warning::new(
        "W606",
        "what the policy does to the mediator is identified by the design; what the mediator does to the outcome is \
         not, because nothing made the mediator as good as random (Jiang 2022)",
        "政策对中介变量的影响由研究设计识别；中介变量对结果的影响并未识别，因其取值并非近似随机（江艇，2022）",
    )];
    if let Some(draws) = draws {
        cautions.extend(bootstrap(study, &both, mediator, draws)?);
    }
    let label = study.label(mediator);
    Ok(Models {
        id: format!("mediation-{mediator}"),
        title: Text::new(format!("Stepwise mediation through {}", label.en), format!("逐步中介检验：{}", label.zh)),
        models,
        show: vec![study.policy().to_owned(), mediator.to_owned()],
        tests,
        methods: Text::new(
            "The outcome on the policy, the mediator on the policy, and the outcome on both (Baron and Kenny 1986).",
            "依次为结果变量对政策、中介变量对政策、结果变量对二者的回归（Baron和Kenny，1986）。",
        ),
        cautions,
    })
}

fn term<'a>(model: &'a Model, name: &str) -> Option<&'a Term> {
    let Outcome::Fit(record) = &model.fit else { return None };
    let record: &FitRecord = record;
    record.terms.iter().find(|term| term.term == name)
}

/// The percentile interval of the indirect effect, as a sentence.
fn bootstrap(study: Study<'_>, both: &Spec, mediator: &str, draws: usize) -> Result<Option<Warning>> {
    let design = study.design(both)?;
    let (period, times) = periods(&design)?;
    let Some((unit, _)) = &design.panel else { return Ok(None) };
    let column =
        |wanted: &str| design.regressors.iter().find(|(n, _)| n == wanted).map(|(_, values)| values.as_slice());
    let (Some(treatment), Some(values)) = (column(study.policy()), column(mediator)) else { return Ok(None) };
    let controls: Vec<&[f64]> = design
        .regressors
        .iter()
        .filter(|(n, _)| n != study.policy() && n != mediator)
        .map(|(_, values)| values.as_slice())
        .collect();
    let rows = Rows::of(&design, unit, &period, times.len(), &controls);
    let level = study.file.model.level;
    let Some(found) = bootstrap_indirect(rows, treatment, values, draws, level, study.file.seed) else {
        return Ok(None);
    };
    let percent = 100.0 * level;
    Ok(Some(Warning::new(
        "N612",
        format!(
            "bootstrap over units ({} draws): indirect effect {:.6}, {percent:.0}% interval [{:.6}, {:.6}]",
            found.draws, found.estimate, found.conf_low, found.conf_high
        ),
        format!(
            "个体自助法（{}次）：间接效应{:.6}，{percent:.0}%区间[{:.6}, {:.6}]",
            found.draws, found.estimate, found.conf_low, found.conf_high
        ),
    )))
}
