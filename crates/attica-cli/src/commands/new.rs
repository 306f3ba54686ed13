//! `attica new`: six questions, a study file that runs, and the panel card.

mod guess;

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use attica::frame::Frame;
use attica::message::{Place, Problem};
use attica::text::{Language, Text};
use attica_study::read::{ReadOptions, read_table};

use super::check::check;
use crate::args::{Check, New};
use crate::output::whole;
use crate::{Done, say};
use guess::Treatment;

/// The answers.
struct Answers {
    unit: String,
    time: String,
    outcome: String,
    treatment: Treatment,
    controls: Vec<String>,
    cluster: String,
}

/// Reads a table, asks, writes a study file.
pub fn new(args: &New) -> Done {
    if args.out.exists() && !args.force {
        let place = Place { file: Some(args.out.display().to_string()), ..Place::default() };
        return Err(Problem::new("E705", "there is a study file already")
            .at(place)
            .fix("choose another name with --out, or add --force to replace it")
            .into());
    }
    let (frame, _) = read_table(&args.data, &ReadOptions::default())?;
    let language = Language::from(args.lang);
    let answers = ask(&frame, args.yes, language)?;
    check(&Check {
        data: args.data.clone(),
        unit: answers.unit.clone(),
        time: answers.time.clone(),
        treatment: if let Treatment::Path(column) = &answers.treatment { Some(column.clone()) } else { None },
        first_treated: if let Treatment::First(column) = &answers.treatment { Some(column.clone()) } else { None },
        never: Vec::new(),
        r#where: None,
        lang: args.lang,
        json: false,
    })?;
    let text = study(&answers, &frame, &data_path(args), language);
    whole(&[(args.out.as_path(), text.as_bytes())])?;
    let out = args.out.display();
    say::print(&match language {
        Language::En => format!("\nWrote {out}. Read it, then run it:\n  attica run {out}\n"),
        Language::Zh => format!("\n已写入{out}。请检查后运行：\n  attica run {out}\n"),
    });
    Ok(())
}

/// The table as the study file names it: beside it by its name, otherwise by its whole path.
fn data_path(args: &New) -> String {
    let folder = args.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let same = std::fs::canonicalize(folder)
        .ok()
        .zip(args.data.canonicalize().ok())
        .and_then(|(folder, data)| data.strip_prefix(&folder).ok().map(|path| path.display().to_string()));
    same.unwrap_or_else(|| args.data.canonicalize().unwrap_or_else(|_| args.data.clone()).display().to_string())
}

/// Asks, or takes the guesses.
fn ask(frame: &Frame, yes: bool, language: Language) -> Result<Answers, Problem> {
    let mut input = Input { yes, language, ended: false };
    let (unit, time) = guess::unit_and_time(frame);
    let unit = input.column(
        frame,
        &Text::new("Which column is the unit (city, firm)?", "个体（城市、企业）是哪一列？"),
        unit,
    )?;
    let time = input.column(frame, &Text::new("Which column is the period?", "时期是哪一列？"), time)?;
    let index = guess::Index::new(frame, &unit, &time)?;
    let treatments = index.treatments();
    let treatment = input.treatment(frame, &index, treatments.into_iter().next())?;
    let outcome = index.outcome(&treatment);
    let outcome = input.column(frame, &Text::new("Which column is the outcome?", "被解释变量是哪一列？"), outcome)?;
    let controls = input.columns(
        frame,
        &Text::new("Which columns are controls? (commas; empty for none)", "控制变量有哪些？（逗号分隔，可留空）"),
    )?;
    let question = Text::new("By which column are errors clustered?", "标准误聚类于哪一列？");
    let cluster = input.column(frame, &question, Some(unit.clone()))?;
    Ok(Answers { unit, time, outcome, treatment, controls, cluster })
}

/// Answers from the keyboard, or the guesses.
struct Input {
    yes: bool,
    language: Language,
    ended: bool,
}

impl Input {
    /// The answer to a question; empty for the guess.
    fn line(&mut self, question: &Text, guess: &str) -> String {
        if self.yes || self.ended {
            return String::new();
        }
        let mut error = std::io::stderr().lock();
        let _ = write!(error, "{} [{guess}] ", question.get(self.language));
        let _ = error.flush();
        let mut line = String::new();
        if !matches!(std::io::stdin().lock().read_line(&mut line), Ok(n) if n > 0) {
            self.ended = true;
        }
        if !std::io::stdin().is_terminal() {
            let _ = writeln!(error);
        }
        line.trim().to_owned()
    }

    fn column(&mut self, frame: &Frame, question: &Text, guess: Option<String>) -> Result<String, Problem> {
        let answer = self.line(question, guess.as_deref().unwrap_or("?"));
        let answer = if answer.is_empty() { guess } else { Some(answer) };
        let Some(answer) = answer else {
            return Err(Problem::new(
                "E603",
                format!("no column looks like an answer: {}", question.get(self.language)),
            )
            .fix("run the command on a terminal and answer, or write the study file by hand"));
        };
        frame.column(&answer)?;
        Ok(answer)
    }

    fn columns(&mut self, frame: &Frame, question: &Text) -> Result<Vec<String>, Problem> {
        let answer = self.line(question, "");
        let names: Vec<String> =
            answer.split([',', '，']).map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect();
        names.iter().try_for_each(|name| frame.column(name).map(|_| ()))?;
        Ok(names)
    }

    fn treatment(
        &mut self,
        frame: &Frame,
        index: &guess::Index<'_>,
        guess: Option<Treatment>,
    ) -> Result<Treatment, Problem> {
        let question = Text::new(
            "Which column is the treatment (0/1, or the first treated period)?",
            "处理变量是哪一列（0/1，或首次处理时期）？",
        );
        let shown = guess.as_ref().map(|t| t.column().to_owned());
        let column = self.column(frame, &question, shown.clone())?;
        let treatment = match guess {
            Some(guess) if Some(&column) == shown.as_ref() => guess,
            _ => index.treatment(&column)?,
        };
        let Treatment::Group { column, from } = treatment else { return Ok(treatment) };
        let question = Text::new("In which period does the policy start?", "政策从哪一期开始？");
        let answer = self.line(&question, &from.to_string());
        let from = answer.parse().unwrap_or(from);
        Ok(Treatment::Group { column, from })
    }
}

/// The study file.
fn study(answers: &Answers, frame: &Frame, data: &str, language: Language) -> String {
    let say = |en: &str, zh: &str| match language {
        Language::En => en.to_owned(),
        Language::Zh => zh.to_owned(),
    };
    let quote = |text: &str| format!("{text:?}");
    let list = |names: &[String]| names.iter().map(|n| quote(n)).collect::<Vec<_>>().join(", ");
    let Answers { unit, time, outcome, treatment, controls, cluster } = answers;
    let (policy, note) = match treatment {
        Treatment::Path(column) => (format!("path = {}", quote(column)), say("1 in treated rows", "处理观测取1")),
        Treatment::First(column) => (
            format!("first_treated = {}", quote(column)),
            say("first treated period of each unit; empty = never", "各个体首次处理时期；空为从未处理"),
        ),
        Treatment::Group { column, from } => (
            format!("treated = {}\nfrom = {from}", quote(column)),
            say("0/1 group and the first treated period", "处理组标记与政策起始时期"),
        ),
    };
    let used = [unit, time, outcome];
    let others: Vec<String> = frame
        .columns()
        .iter()
        .filter(|c| matches!(c.values, attica::frame::Values::Number(_)))
        .map(|c| c.name.clone())
        .filter(|n| !used.contains(&n) && n != treatment.column() && !controls.contains(n))
        .take(12)
        .collect();
    let language_word = match language {
        Language::En => "en",
        Language::Zh => "zh",
    };
    let name = if frame.get("DID").is_some() { "TREATED" } else { "DID" };
    let title = say("Policy evaluation", "政策评估");
    let lines = [
        say(
            "# A study file: raw tables in, the whole paper out. Run it with: attica run FILE",
            "# 研究文件：由原始数据到整篇论文。运行：attica run 文件",
        ),
        format!("title    = {}", quote(&title)),
        format!(
            "language = \"{language_word}\"{}",
            say("                       # or \"zh\"", "                       # 或 \"en\"")
        ),
        format!(
            "seed     = 20111020{}",
            say("                   # of every random draw", "                   # 所有随机抽样的种子")
        ),
        String::new(),
        "[[data]]".to_owned(),
        format!("file = {}", quote(data)),
        format!("unit = {}", quote(unit)),
        format!("time = {}", quote(time)),
        say(
            "# where = \"2009 <= year <= 2019\"        # rows to keep",
            "# where = \"2009 <= year <= 2019\"        # 保留的观测",
        ),
        say(
            "# Further tables: another [[data]] with file and on = [\"key\"]",
            "# 其他数据表：再写一个 [[data]]，含 file 与 on = [\"键\"]",
        ),
        String::new(),
        say(
            "# [variables]                          # derived variables",
            "# [variables]                          # 派生变量",
        ),
        "# LGDP = \"log(gdp)\"".to_owned(),
        String::new(),
        "[policy]".to_owned(),
        format!("name = {}", quote(name)),
        format!("# {note}"),
        policy,
        String::new(),
        say(
            "[model]                                # what every step starts from",
            "[model]                                # 各步骤共用的模型",
        ),
        format!("outcome  = {}", quote(outcome)),
        format!("controls = [{}]", list(controls)),
        format!("# {} {}", say("other numbers in the table:", "表中其他数值列："), others.join(", ")),
        format!(
            "effects  = [{}, {}]{}",
            quote(unit),
            quote(time),
            say("   # absorbed fixed effects", "   # 吸收的固定效应")
        ),
        format!(
            "cluster  = {}{}",
            quote(cluster),
            say("   # the level at which the policy is assigned", "   # 政策分配的层级")
        ),
        say(
            "ssc      = \"reghdfe\"                   # small-sample rule: reghdfe, fixest, xtreg, areg, none",
            "ssc      = \"reghdfe\"                   # 小样本调整：reghdfe, fixest, xtreg, areg, none",
        ),
        String::new(),
        say(
            "[descriptives]                         # Table 1",
            "[descriptives]                         # 表1 描述性统计",
        ),
        String::new(),
        say(
            "[baseline]                             # Table 2: controls one by one",
            "[baseline]                             # 表2 逐步加入控制变量",
        ),
        String::new(),
        say(
            "[event_study]                          # parallel trends and dynamic effects",
            "[event_study]                          # 平行趋势与动态效应",
        ),
        "reference = -1".to_owned(),
        String::new(),
        "[placebo]".to_owned(),
        say(
            "kinds = [\"unit\"]                       # unit, cohort, time, mixed, outcome",
            "kinds = [\"unit\"]                       # unit, cohort, time, mixed, outcome",
        ),
        "draws = 1000".to_owned(),
        String::new(),
        say(
            "# [matching]                           # PSM-DID; entropy balancing: method = \"entropy\"",
            "# [matching]                           # PSM-DID；熵平衡：method = \"entropy\"",
        ),
        say(
            "# method = \"nearest\"                   # nearest, radius, kernel, mahalanobis, entropy",
            "# method = \"nearest\"                   # nearest, radius, kernel, mahalanobis, entropy",
        ),
        String::new(),
        "[robustness]".to_owned(),
        "winsorise = [0.01, 0.99]".to_owned(),
        "trim_rows = 0.10".to_owned(),
        say(
            "# lag_controls = 1, drop_units, concurrent, replace_policy, replace_outcome, ...: attica schema",
            "# lag_controls = 1, drop_units, concurrent, replace_policy, replace_outcome 等：见 attica schema",
        ),
        String::new(),
        say("# [mechanism]                          # channels", "# [mechanism]                          # 机制"),
        "# through = [\"…\"]".to_owned(),
        say("# [heterogeneity]                      # groups", "# [heterogeneity]                      # 分组"),
        "# by = [\"…\"]".to_owned(),
        String::new(),
        "[report]".to_owned(),
        "formats = [\"html\", \"docx\", \"tex\"]".to_owned(),
        "style   = \"cn\"                         # cn, aer, plain".to_owned(),
        "stars   = [0.10, 0.05, 0.01]".to_owned(),
        say(
            "below   = \"se\"                         # se, t, p or ci in parentheses",
            "below   = \"se\"                         # 括号内：se, t, p 或 ci",
        ),
    ];
    lines.join("\n") + "\n"
}
