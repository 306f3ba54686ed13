//! Chinese for problems. Problems are written in English where they arise; a report in Chinese looks the sentence up
//! here, and falls back to what its id means. What names columns and numbers is told by the id alone.

/// The Chinese for a sentence of an estimator that has no answer, or for its remedy.
pub fn sentence(english: &str) -> Option<&'static str> {
    SENTENCES.iter().find(|(known, _)| *known == english).map(|(_, chinese)| *chinese)
}

/// What an id of `docs/messages.md` that stops a computation means.
pub fn meaning(id: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(known, _)| *known == id).map(|(_, chinese)| *chinese)
}

const SENTENCES: [(&str, &str); 33] = [
    (
        "all units that change their treatment are one unit: nothing tells its noise from the effect, so there is no standard error",
        "处理发生变化的个体仅有一个：无法区分其扰动与效应，故没有标准误",
    ),
    (
        "all controls are one unit: nothing tells its noise from the effect, so there is no standard error",
        "对照个体仅有一个：无法区分其扰动与效应，故没有标准误",
    ),
    (
        "with one treated unit use sdid and its placebo variance, or randomisation inference",
        "仅有一个处理个体时，可使用sdid及其安慰剂方差，或随机化推断",
    ),
    (
        "no cohort has a period before adoption, and clean controls, throughout the window",
        "没有批次在整个窗口期内既有实施前时期、又有干净的对照组",
    ),
    ("narrow the window, or use units not treated yet as controls", "缩短窗口期，或以尚未处理的个体为对照"),
    ("no date has both adopting units and clean controls", "没有时点同时具备新进入处理的个体与干净的对照组"),
    ("no cohort has both a period before adoption and clean controls", "没有批次同时具备实施前时期与干净的对照组"),
    (
        "add periods before adoption, or use units not treated yet as controls",
        "增加实施前的时期，或以尚未处理的个体为对照",
    ),
    (
        "no unit is never treated, and synthetic controls are made of never-treated units only",
        "没有从未处理的个体，而合成对照仅由从未处理的个体构成",
    ),
    (
        "use cs, bjs or etwfe, which take units not treated yet as controls",
        "改用cs、bjs或etwfe，它们可以尚未处理的个体为对照",
    ),
    (
        "the outcome has missing cells, and synthetic weights need every unit in every period",
        "被解释变量有缺失，而合成权重要求每个个体每期均有观测",
    ),
    ("shorten the window, or leave the incomplete units out", "缩短样本期，或剔除观测不完整的个体"),
    (
        "every unit is treated sooner or later, so there are no never-treated controls",
        "所有个体先后均受处理，没有从未处理的对照组",
    ),
    (
        "use units not treated yet as controls: control_group = \"notyet\"",
        "以尚未处理的个体为对照：control_group = \"notyet\"",
    ),
    (
        "no unit adopts the policy after the first usable period, so there is no effect to estimate",
        "没有个体在首个可用时期之后实施政策，无从估计效应",
    ),
    (
        "check the column of first treated periods against the periods of the panel",
        "对照面板的时期检查首次处理时点一列",
    ),
    (
        "no unit changes its treatment while another unit with the same first treatment keeps it",
        "没有个体在处理状态变化时，另有初始处理状态相同的个体保持不变",
    ),
    ("no effect has units to compare", "没有效应具备可供比较的个体"),
    (
        "see the warnings for why each was left out, or ask for fewer effects",
        "各效应被剔除的原因见警告；或减少所要求的效应数",
    ),
    ("no row of the sample is treated: there is no event to study", "样本中没有受处理的观测，无从进行事件研究"),
    ("check the treatment column, and the filters of this step", "检查处理变量一列及该步骤的筛选条件"),
    ("never-treated controls were asked for, and there are none", "要求以从未处理的个体为对照，但样本中没有"),
    (
        "use units not treated yet as controls (control_group = \"notyet\")",
        "以尚未处理的个体为对照（control_group = \"notyet\"）",
    ),
    ("no unit adopts the policy after the first period of the panel", "没有个体在面板首期之后实施政策"),
    (
        "check the coding of the treatment; effects need a period before adoption",
        "检查处理变量的编码；估计效应需要实施前的时期",
    ),
    (
        "no unit with complete rows adopts the policy, so there is no effect to estimate",
        "观测完整的个体均未实施政策，无从估计效应",
    ),
    (
        "check the coding of the treatment, and missing values among treated units",
        "检查处理变量的编码及处理个体的缺失值",
    ),
    (
        "no treated row is left that has a period before adoption and controls in its own period",
        "没有受处理的观测既有实施前时期、又有同期对照",
    ),
    (
        "widen the window before adoption, or add units that are treated later or never",
        "向实施前扩展样本期，或加入更晚处理或从未处理的个体",
    ),
    (
        "no cohort has an effect after adoption that unit and period effects leave identified",
        "控制个体与时期效应后，没有批次的实施后效应可以识别",
    ),
    ("check that some units are treated later than others, or never", "检查是否有个体更晚受处理或从未受处理"),
    ("every row is treated, so the untreated outcome cannot be estimated", "所有观测均受处理，无法估计未处理结果"),
    (
        "no treated row has an untreated row of its unit and of its period to impute from",
        "受处理的观测缺少同一个体及同一时期的未处理观测，无从插补",
    ),
];

const MEANINGS: [(&str, &str); 52] = [
    ("E101", "同一个体在同一时期有多行（或连接表的键重复）"),
    ("E102", "部分行缺失个体或时期"),
    ("E104", "该分解仅对平衡面板成立，而面板不平衡"),
    ("E105", "时期无法排序"),
    ("E108", "面板仅有一个时期"),
    ("E110", "编号过大，作为数字无法精确区分个体"),
    ("E201", "处理变量的形式不符合该方法的要求"),
    ("E204", "需要从未处理的对照组，而样本中没有"),
    ("E205", "没有可供比较的处理组与对照组"),
    ("E206", "吸收固定效应后，处理变量或解释变量没有变异"),
    ("E209", "首次处理时点在面板时期之外"),
    ("E301", "应为数值的列含有文本"),
    ("E302", "存在无穷大的值"),
    ("E304", "某列没有可用的值，或缺失值使计算无法进行"),
    ("E305", "被解释变量或解释变量在样本中没有变异"),
    ("E317", "在当前设定下熵权不存在或会颠倒"),
    ("E401", "权重为负"),
    ("E404", "仅有一个聚类，无法计算聚类间方差"),
    ("E406", "部分行缺失聚类变量"),
    ("E409", "该方差估计要求写出全部固定效应，而其取值过多"),
    ("E410", "时间或空间相关的方差估计缺少时期、个体或坐标"),
    ("E411", "工具变量无法识别内生变量的系数"),
    ("E412", "两阶段最小二乘不提供该方差估计"),
    ("E501", "文件编码无法识别"),
    ("E504", "部分行的字段数与表头不符"),
    ("E506", "引号未闭合"),
    ("E507", "存在同名的列"),
    ("E511", "文件为空或只有表头"),
    ("E512", "文件过大"),
    ("E513", "文件内容与扩展名不符，或已加密"),
    ("E517", "Stata 文件损坏或版本不受支持"),
    ("E520", "Parquet 或 Arrow 文件损坏，或含嵌套列"),
    ("E521", "路径无法打开"),
    ("E601", "研究文件含未知的键"),
    ("E602", "取值类型有误、不在允许范围内或缺失"),
    ("E603", "列或所指的取值不存在"),
    ("E604", "公式或表达式无法解析"),
    ("E605", "同一列承担了互相排斥的角色"),
    ("E607", "窗口、基准期、范围或选项的取值不可行"),
    ("E608", "研究文件的版本高于本程序"),
    ("E609", "排版所指的表、系数或列不存在，或各表列数不同"),
    ("E701", "没有剩余的观测，或观测数少于参数个数"),
    ("E702", "计算未能收敛或结果不是有限数"),
    ("E705", "输出文件已被手工修改，未予覆盖"),
    ("E706", "无法写入输出"),
    ("E708", "复现包重新计算后与原结果不一致"),
    ("E709", "本程序编译时未包含所要求的格式"),
    ("E731", "该回归或所要求的结果无法在多次遍历文件时估计"),
    ("E806", "部分受处理的观测没有可用于插补的未处理观测"),
    ("E860", "协变量完全区分了处理组与对照组，倾向得分不存在，二者不可比"),
    ("E861", "对照组的任何权重都无法使其矩与处理组相等"),
    ("E862", "在允许的距离内没有任何处理个体得到匹配"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Every id that stops a computation is known here, so that no report falls back to English.
    #[test]
    fn every_problem_of_the_catalogue_has_a_meaning() {
        let pages = include_str!("../../../docs/messages.md");
        let ids = pages.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
        let missing: Vec<&str> = ids.filter(|id| id.starts_with('E') && meaning(id).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
