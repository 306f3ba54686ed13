//! Cities of China that studies set apart, as GB/T 2260 (2020) codes and names.

use attica::frame::{Frame, Values};
use attica::panel::Panel;

use crate::studyfile::KnownList;

/// A code of six digits and the name without the suffix.
type City = (&'static str, &'static str, &'static str);

const MUNICIPALITIES: [City; 4] = [
    ("110000", "北京", "Beijing"),
    ("120000", "天津", "Tianjin"),
    ("310000", "上海", "Shanghai"),
    ("500000", "重庆", "Chongqing"),
];

const PROVINCIAL_CAPITALS: [City; 27] = [
    ("130100", "石家庄", "Shijiazhuang"),
    ("140100", "太原", "Taiyuan"),
    ("150100", "呼和浩特", "Hohhot"),
    ("210100", "沈阳", "Shenyang"),
    ("220100", "长春", "Changchun"),
    ("230100", "哈尔滨", "Harbin"),
    ("320100", "南京", "Nanjing"),
    ("330100", "杭州", "Hangzhou"),
    ("340100", "合肥", "Hefei"),
    ("350100", "福州", "Fuzhou"),
    ("360100", "南昌", "Nanchang"),
    ("370100", "济南", "Jinan"),
    ("410100", "郑州", "Zhengzhou"),
    ("420100", "武汉", "Wuhan"),
    ("430100", "长沙", "Changsha"),
    ("440100", "广州", "Guangzhou"),
    ("450100", "南宁", "Nanning"),
    ("460100", "海口", "Haikou"),
    ("510100", "成都", "Chengdu"),
    ("520100", "贵阳", "Guiyang"),
    ("530100", "昆明", "Kunming"),
    ("540100", "拉萨", "Lhasa"),
    ("610100", "西安", "Xi'an"),
    ("620100", "兰州", "Lanzhou"),
    ("630100", "西宁", "Xining"),
    ("640100", "银川", "Yinchuan"),
    ("650100", "乌鲁木齐", "Urumqi"),
];

const SUB_PROVINCIAL: [City; 15] = [
    ("210100", "沈阳", "Shenyang"),
    ("210200", "大连", "Dalian"),
    ("220100", "长春", "Changchun"),
    ("230100", "哈尔滨", "Harbin"),
    ("320100", "南京", "Nanjing"),
    ("330100", "杭州", "Hangzhou"),
    ("330200", "宁波", "Ningbo"),
    ("350200", "厦门", "Xiamen"),
    ("370100", "济南", "Jinan"),
    ("370200", "青岛", "Qingdao"),
    ("420100", "武汉", "Wuhan"),
    ("440100", "广州", "Guangzhou"),
    ("440300", "深圳", "Shenzhen"),
    ("510100", "成都", "Chengdu"),
    ("610100", "西安", "Xi'an"),
];

impl KnownList {
    fn cities(self) -> &'static [City] {
        match self {
            Self::Municipalities => &MUNICIPALITIES,
            Self::ProvincialCapitals => &PROVINCIAL_CAPITALS,
            Self::SubProvincial => &SUB_PROVINCIAL,
        }
    }

    /// The word of the study file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Municipalities => "municipalities",
            Self::ProvincialCapitals => "provincial_capitals",
            Self::SubProvincial => "sub_provincial",
        }
    }
}

/// Whether `text` is one of the cities: its code of six or four digits (a municipality also by the code of its urban
/// districts), or its name with or without the suffix.
fn holds(list: KnownList, text: &str) -> bool {
    let text = text.trim();
    let bare = text.strip_suffix('市').unwrap_or(text);
    list.cities().iter().any(|(code, zh, en)| {
        let by_code = text == *code || text.len() == 4 && *text == code[..4];
        let districts = list == KnownList::Municipalities && (text.len() == 4 || text.len() == 6);
        by_code
            || districts && text == &format!("{}0100", &code[..2])[..text.len()]
            || bare == *zh
            || text.eq_ignore_ascii_case(en)
    })
}

/// Which units are in `list`: by the unit column, or, when that knows none, by the text column that knows most.
pub(super) fn members(list: KnownList, frame: &Frame, panel: &Panel) -> Vec<bool> {
    let by_unit: Vec<bool> = panel.units.iter().map(|unit| holds(list, unit)).collect();
    if by_unit.contains(&true) {
        return by_unit;
    }
    let mut best = by_unit;
    for column in frame.columns() {
        let Values::Text { codes, levels } = &column.values else { continue };
        let known: Vec<bool> = levels.iter().map(|level| holds(list, level)).collect();
        let mut found = vec![false; panel.units.len()];
        for (row, &code) in codes.iter().enumerate() {
            found[panel.unit[row] as usize] |= known.get(code as usize).copied().unwrap_or(false);
        }
        // A column of provinces knows municipalities by name, and is as good; one of regions knows none.
        let count = |units: &[bool]| units.iter().filter(|unit| **unit).count();
        if count(&found) > count(&best) && count(&found) <= 2 * list.cities().len() {
            best = found;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use attica::frame::Column;

    use super::*;

    #[test]
    fn cities_are_known_by_code_and_by_name() {
        for text in ["110000", "1100", "110100", "北京市", "北京", "beijing"] {
            assert!(holds(KnownList::Municipalities, text), "{text}");
        }
        for text in ["110101", "130100", "河北省", "北京路", ""] {
            assert!(!holds(KnownList::Municipalities, text), "{text}");
        }
        assert!(holds(KnownList::ProvincialCapitals, "石家庄市") && holds(KnownList::SubProvincial, "440300"));
        assert!(!holds(KnownList::ProvincialCapitals, "440300"));
    }

    #[test]
    fn names_beside_the_unit_column_are_found() {
        let unit = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0].to_vec();
        let time = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0].to_vec();
        let names = ["青岛市", "青岛市", "烟台市", "烟台市", "济南市", "济南市"].map(Some);
        let columns = vec![Column::number("id", unit), Column::number("year", time), Column::text("city", names)];
        let frame = Frame::new(columns).unwrap();
        let (panel, _) = Panel::new(&frame, "id", "year").unwrap();
        assert_eq!(members(KnownList::SubProvincial, &frame, &panel), [true, false, true]);
        assert_eq!(members(KnownList::Municipalities, &frame, &panel), [false, false, false]);
    }
}
