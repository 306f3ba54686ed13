//! The robustness battery: the main regression in other samples, with other variables, in other forms; all of them
//! in one curve; and without each group.

mod battery;
mod cities;
mod curve;
mod forms;
mod index;
mod leave_out;
mod measures;
mod neighbours;
mod samples;

use attica::frame::transform::{Tails, tails};
use attica::frame::{Column, Frame};
use attica::ledger::Reason;
use attica::message::{Problem, Result, Warning};
use attica::text::Text;
use rayon::prelude::*;

use super::regression::Spec;
use super::{Found, Study};
use crate::results::{Content, Model, Models};

/// A regression in the making, and the frame it is estimated in when that is not the study's.
struct Variant {
    spec: Spec,
    frame: Result<Option<Frame>>,
}

/// Columns of one table in the making.
struct Family<'a> {
    study: Study<'a>,
    main: Spec,
    variants: Vec<Variant>,
    /// Terms that the table prints besides the policy.
    show: Vec<String>,
}

pub(super) fn step(study: Study<'_>) -> Found {
    let (asked, said) = battery::filled(study, &study.file.robustness.clone().unwrap_or_default());
    let main = study.main()?;
    let family = || Family { study, main: main.clone(), variants: Vec::new(), show: Vec::new() };
    let (mut samples, mut variables, mut forms) = (family(), family(), family());
    samples.samples(&asked);
    variables.variables(&asked);
    forms.forms(&asked);
    let mut contents = tables([&samples, &variables, &forms], said);
    if asked.curve {
        contents.extend(curve::curve(study, &main, &samples, [&variables, &forms])?.map(Content::SpecificationCurve));
    }
    if asked.index_forms || asked.index_bootstrap.is_some_and(|draws| draws > 0) {
        let found = index::uncertainty(study, &main, &asked);
        contents.push(found.map_or_else(Content::Failed, |found| Content::Index(Box::new(found))));
    }
    for by in &asked.leave_out {
        contents.push(leave_out::leave_out(study, &main, by).map_or_else(Content::Failed, Content::LeaveOut));
    }
    Ok(contents)
}

/// One table per family; `said` stands under the first of them.
fn tables(families: [&Family<'_>; 3], mut said: Vec<Warning>) -> Vec<Content> {
    let titles = [
        ("samples", Text::new("Robustness: other samples", "稳健性检验：改变样本")),
        ("variables", Text::new("Robustness: other measures", "稳健性检验：替换变量")),
        ("specification", Text::new("Robustness: other specifications", "稳健性检验：改变设定")),
    ];
    let filled = families.into_iter().zip(titles).filter(|(family, _)| !family.variants.is_empty());
    filled
        .map(|(family, (id, title))| {
            Content::Models(Models { cautions: std::mem::take(&mut said), ..family.table(id, title) })
        })
        .collect()
}

impl Family<'_> {
    /// The table, with the main regression in front.
    fn table(&self, id: &str, title: Text) -> Models {
        let mut first = self.main.clone();
        first.head = Text::new("Original", "基准");
        let mut models = vec![self.study.model(&first)];
        models.par_extend(self.variants.par_iter().map(|variant| self.model(variant)));
        let mut show = vec![self.study.policy().to_owned()];
        show.extend(self.show.iter().cloned());
        Models {
            id: format!("robustness-{id}"),
            title,
            models,
            show,
            tests: Vec::new(),
            methods: Text::default(),
            cautions: Vec::new(),
        }
    }

    fn model(&self, variant: &Variant) -> Model {
        match &variant.frame {
            Ok(None) => self.study.model(&variant.spec),
            Ok(Some(frame)) => self.study.model_in(frame, &variant.spec),
            Err(problem) => variant.spec.column(Err(problem.clone())),
        }
    }

    fn spec(&self, en: impl Into<String>, zh: impl Into<String>) -> Spec {
        Spec { head: Text::new(en, zh), ..self.main.clone() }
    }

    fn add(&mut self, spec: &Spec) {
        self.variants.push(Variant { spec: spec.clone(), frame: Ok(None) });
    }

    /// A column that cannot be estimated.
    fn fail(&mut self, spec: Spec, problem: Problem) {
        self.variants.push(Variant { spec, frame: Err(problem) });
    }

    /// A column estimated with some columns of the frame replaced.
    fn add_with(&mut self, spec: &Spec, columns: Result<Vec<Column>>) {
        let frame = columns.and_then(|columns| {
            let mut frame = self.study.data.frame.clone();
            columns.into_iter().try_for_each(|column| frame.set(column))?;
            Ok(Some(frame))
        });
        self.variants.push(Variant { spec: spec.clone(), frame });
    }

    /// A column without some rows.
    fn without(&mut self, en: String, zh: String, reason: &str, leaves: impl Fn(usize) -> bool) {
        let rows = self.study.data.frame.rows();
        let keep = (0..rows).map(|row| !leaves(row)).collect();
        let why = Reason::excluded(reason, zh.as_str());
        let spec = Spec { subset: Some((why, keep)), ..self.spec(en, zh) };
        self.add(&spec);
    }

    /// Columns pulled to, or emptied beyond, two quantiles.
    fn tail_columns(&self, names: &[String], at: [f64; 2], by_year: bool, how: Tails) -> Result<Vec<Column>> {
        let groups = by_year.then_some(self.study.data.panel.time.as_slice());
        names
            .iter()
            .map(|name| {
                let values = self.study.data.frame.numbers(name)?;
                let (values, _) = tails(values, 100.0 * at[0], 100.0 * at[1], groups, how);
                Ok(Column::number(name, values))
            })
            .collect()
    }
}

fn quantiles(at: [f64; 2], by_year: bool) -> Text {
    let [low, high] = at.map(|q| (q * 1e6).round() / 1e4);
    if by_year {
        Text::new(format!("{low}/{high}% by period"), format!("{low}%/{high}%（逐期）"))
    } else {
        Text::same(format!("{low}/{high}%"))
    }
}
