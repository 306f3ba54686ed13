//! Chinese place names without the words that one source writes and another leaves out.

/// The bare name of a place: `北京市` and `北京` are one, `延边朝鲜族自治州` and `延边` too,
/// `阿克苏地区` and `阿克苏`, `锡林郭勒盟` and `锡林郭勒`. Blanks are dropped, full-width letters folded.
///
/// Names of one syllable before the ending keep it (`沙市`, `津市`). Counties (县, 区) keep theirs too:
/// `沙县` and `沙市` are two places.
pub fn plain_place(name: &str) -> String {
    const ENDINGS: [&str; 10] =
        ["维吾尔自治区", "壮族自治区", "回族自治区", "特别行政区", "自治区", "自治州", "地区", "市", "省", "盟"];
    const PEOPLES: [&str; 29] = [
        "朝鲜族",
        "土家族",
        "苗族",
        "藏族",
        "羌族",
        "彝族",
        "布依族",
        "侗族",
        "哈尼族",
        "壮族",
        "傣族",
        "白族",
        "景颇族",
        "傈僳族",
        "回族",
        "蒙古族",
        "蒙古",
        "哈萨克",
        "柯尔克孜",
        "瑶族",
        "黎族",
        "仡佬族",
        "土族",
        "维吾尔",
        "满族",
        "纳西族",
        "拉祜族",
        "佤族",
        "畲族",
    ];
    let name: String = super::cell::fold(name).chars().filter(|c| !c.is_whitespace()).collect();
    for ending in ENDINGS {
        let Some(mut bare) = name.strip_suffix(ending) else { continue };
        if ending == "自治州" {
            // 延边朝鲜族, 湘西土家族苗族: the peoples of the name go with the ending.
            while let Some(shorter) = PEOPLES.iter().find_map(|people| bare.strip_suffix(people)) {
                if shorter.chars().count() < 2 {
                    break;
                }
                bare = shorter;
            }
        }
        return if bare.chars().count() >= 2 { bare.to_owned() } else { name };
    }
    name
}

#[cfg(test)]
mod tests {
    use super::plain_place;

    #[test]
    fn endings_go_and_short_names_stay() {
        for (long, short) in [
            ("北京市", "北京"),
            ("北京 ", "北京"),
            ("延边朝鲜族自治州", "延边"),
            ("湘西土家族苗族自治州", "湘西"),
            ("博尔塔拉蒙古自治州", "博尔塔拉"),
            ("阿克苏地区", "阿克苏"),
            ("锡林郭勒盟", "锡林郭勒"),
            ("广西壮族自治区", "广西"),
            ("内蒙古自治区", "内蒙古"),
            ("沙市", "沙市"),
            ("沙县", "沙县"),
        ] {
            assert_eq!(plain_place(long), short);
        }
    }
}
