//! One line for a whole audit.

use super::finding::{Finding, Rule, Verdict};
use crate::text::Text;

/// Rules under the words of the summary.
const GROUPS: [(&str, &str, &[Rule]); 4] = [
    ("counts", "数目", &[Rule::A1, Rule::A3, Rule::A4, Rule::A5, Rule::A14]),
    ("R²–t", "R²与t", &[Rule::A6, Rule::A7]),
    ("bounds", "取值", &[Rule::A12]),
    ("design", "设计", &[Rule::A8, Rule::A9, Rule::A10, Rule::A11, Rule::A13, Rule::A15]),
];

/// Share of a box below which stars that are possible are called weak.
const WEAK: f64 = 0.95;

/// `14 stars: 11 ok, 2 weak, 1 tight · counts: 3 FAIL · … · nothing here proves which number is wrong`.
pub fn summary(findings: &[Finding]) -> Text {
    let (mut en, mut zh) = (Vec::new(), Vec::new());
    if let Some(text) = stars(findings) {
        en.push(text.en);
        zh.push(text.zh);
    }
    for (name_en, name_zh, rules) in GROUPS {
        let count = |verdict| findings.iter().filter(|f| rules.contains(&f.rule) && f.verdict == verdict).count();
        let grave: Vec<String> = [Verdict::Fail, Verdict::Tight, Verdict::Warn]
            .into_iter()
            .filter(|v| count(*v) > 0)
            .map(|v| format!("{} {}", count(v), v.word()))
            .collect();
        if !grave.is_empty() {
            en.push(format!("{name_en}: {}", grave.join(", ")));
            zh.push(format!("{name_zh}：{}", grave.join("、")));
        } else if rules.iter().any(|rule| findings.iter().any(|f| f.rule == *rule && f.verdict == Verdict::Pass)) {
            en.push(format!("{name_en}: ok"));
            zh.push(format!("{name_zh}：无异"));
        }
    }
    let none = findings.iter().all(|f| !matches!(f.verdict, Verdict::Fail | Verdict::Tight | Verdict::Warn));
    let (end_en, end_zh) = if none {
        ("no contradiction found, which proves no number right", "未见矛盾，但不证明任何数字正确")
    } else {
        ("nothing here proves which number is wrong", "以上均不能证明哪个数字有误")
    };
    en.push(end_en.to_owned());
    zh.push(end_zh.to_owned());
    Text::new(en.join(" · "), zh.join(" · "))
}

/// Coefficients of tables with stars, those without a star among them.
fn stars(findings: &[Finding]) -> Option<Text> {
    let all: Vec<&Finding> =
        findings.iter().filter(|f| f.rule == Rule::A2 && f.verdict != Verdict::Untestable).collect();
    let with = |test: &dyn Fn(&Finding) -> bool| all.iter().filter(|f| test(f)).count();
    let weak = |f: &Finding| f.share.is_some_and(|share| share < WEAK);
    let parts = [
        (with(&|f| f.verdict == Verdict::Pass && !weak(f)), "ok", "无异"),
        (with(&|f| f.verdict == Verdict::Pass && weak(f)), "weak", "较弱"),
        (with(&|f| f.verdict == Verdict::Tight), "tight", "极窄"),
        (with(&|f| f.verdict == Verdict::Fail), "FAIL", "FAIL"),
    ];
    let shown = parts.iter().filter(|(n, ..)| *n > 0);
    let en = shown.clone().map(|(n, word, _)| format!("{n} {word}")).collect::<Vec<_>>().join(", ");
    let zh = shown.map(|(n, _, word)| format!("{n}个{word}")).collect::<Vec<_>>().join("、");
    let count = all.len();
    let noun = if count == 1 { "coefficient with or without stars" } else { "stars" };
    (count > 0).then(|| Text::new(format!("{count} {noun}: {en}"), format!("{count}处星号：{zh}")))
}
