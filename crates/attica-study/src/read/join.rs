//! Joins: rows of the panel find their row in a further table, and the report says which did not.

use std::collections::{BTreeMap, HashMap};

use attica::frame::{Column, Frame, MISSING, Values};
use attica::message::{Place, Problem, Result, Warning};

use super::cell::{fold, number};
use super::places::plain_place;
use super::reshape::take_some;
use crate::results::Join;

/// How keys are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinOptions {
    /// Compare text keys as Chinese place names: 北京 = 北京市, 延边 = 延边朝鲜族自治州. Off by default.
    pub places: bool,
}

/// Keeps every row of `left`, in order, and adds the other columns of `right` from the one row that
/// has the same keys; missing where there is none.
///
/// Two columns of numbers match by value. Otherwise texts are compared with blanks at the ends
/// removed and full-width forms folded, and a text that is a number counts as that number:
/// `110000`, `"110000"` and `110000.0` are one key. Leading zeros (`"010001"`) differ from `10001`
/// when both sides are text; when one side is numbers they cannot, and the warning `W111` says so.
/// A row with a missing key matches nothing.
///
/// # Errors
/// `E101` when `right` has a key twice, with the first five; `E603` for an unknown key; `E507` when
/// both tables have a column of one name that is not a key and differs on matched rows.
pub fn join(
    left: &Frame,
    right: &Frame,
    keys: &[(String, String)],
    name: &str,
    options: &JoinOptions,
) -> Result<(Frame, Join)> {
    if keys.is_empty() {
        return Err(Problem::new("E101", format!("no key joins {name}"))
            .fix("name the columns, on = [\"city_code\", \"year\"]"));
    }
    let mut warnings = Vec::new();
    let (mut left_codes, mut right_codes) = (vec![Vec::new(); left.rows()], vec![Vec::new(); right.rows()]);
    for (left_key, right_key) in keys {
        let pair = Pair { left: left.column(left_key)?, right: right.column(right_key)? };
        pair.codes(&mut left_codes, &mut right_codes, options.places, name, &mut warnings);
    }
    let index = unique(&right_codes, right, keys, name)?;
    let found: Vec<Option<u32>> =
        left_codes.iter().map(|codes| whole(codes).and_then(|key| index.get(&key).copied())).collect();

    let mut taken = vec![false; right.rows()];
    found.iter().flatten().for_each(|&row| taken[row as usize] = true);
    let matched = found.iter().flatten().count();
    let show = |frame: &Frame, row: usize, side: fn(&(String, String)) -> &String| {
        keys.iter().map(|k| frame.get(side(k)).map_or(String::new(), |c| c.display(row))).collect::<Vec<_>>().join(", ")
    };
    let examples_left =
        first_distinct((0..left.rows()).filter(|&r| found[r].is_none()).map(|r| show(left, r, |k| &k.0)));
    let examples_right = first_distinct((0..right.rows()).filter(|&r| !taken[r]).map(|r| show(right, r, |k| &k.1)));
    if matched < left.rows() && !options.places {
        warnings.extend(near_places(left, right, keys, &found, name));
    }
    if matched == 0 {
        let (l, r) =
            (examples_left.first().cloned().unwrap_or_default(), examples_right.first().cloned().unwrap_or_default());
        warnings.push(Warning::new(
            "W112",
            format!("no row matches {name}: keys look like \"{l}\" here and \"{r}\" there"),
            format!("与 {name} 没有任何匹配：此处键如“{l}”，彼处如“{r}”"),
        ));
    }
    let frame = widened(left, right, keys, &found, name, &mut warnings)?;
    let join = Join {
        file: name.to_owned(),
        keys: keys.iter().map(|(l, r)| if l == r { l.clone() } else { format!("{l} = {r}") }).collect(),
        matched,
        only_left: left.rows() - matched,
        only_right: taken.iter().filter(|&&t| !t).count(),
        examples_left,
        examples_right,
        warnings,
    };
    Ok((frame, join))
}

/// One key on both sides.
struct Pair<'a> {
    left: &'a Column,
    right: &'a Column,
}

impl Pair<'_> {
    /// Appends this key's code to each row of both sides: equal keys, equal codes; missing is `None`.
    fn codes(
        &self,
        left: &mut [Vec<Option<u32>>],
        right: &mut [Vec<Option<u32>>],
        places: bool,
        name: &str,
        warnings: &mut Vec<Warning>,
    ) {
        let mut seen: HashMap<Key, u32> = HashMap::new();
        if let (Values::Number(a), Values::Number(b)) = (&self.left.values, &self.right.values) {
            let mut code = |value: f64| (!value.is_nan()).then(|| intern(&mut seen, Key::number(value)));
            left.iter_mut().zip(a.iter()).for_each(|(codes, &value)| codes.push(code(value)));
            right.iter_mut().zip(b.iter()).for_each(|(codes, &value)| codes.push(code(value)));
            return;
        }
        // With numbers on one side the zeros are lost there, so they are dropped on the other.
        let mixed = matches!(self.left.values, Values::Number(_)) || matches!(self.right.values, Values::Number(_));
        let mut zeros = None;
        let mut unified = 0_usize;
        let mut side = |column: &Column, rows: &mut [Vec<Option<u32>>]| match &column.values {
            Values::Number(values) => {
                for (codes, &value) in rows.iter_mut().zip(values.iter()) {
                    codes.push((!value.is_nan()).then(|| intern(&mut seen, Key::number(value))));
                }
            }
            Values::Text { codes, levels } => {
                let keys: Vec<u32> = levels
                    .iter()
                    .map(|level| {
                        let key = Key::text(level, mixed, places);
                        if mixed
                            && level.trim().starts_with('0')
                            && level.trim().len() > 1
                            && matches!(key, Key::Number(_))
                        {
                            zeros.get_or_insert_with(|| level.clone());
                        }
                        let plain = Key::Text(level.clone());
                        unified += usize::from(places && key != plain && !matches!(key, Key::Number(_)));
                        intern(&mut seen, key)
                    })
                    .collect();
                for (row, &code) in rows.iter_mut().zip(codes) {
                    row.push((code != MISSING).then(|| keys[code as usize]));
                }
            }
        };
        side(self.left, left);
        side(self.right, right);
        let (l, r) = (&self.left.name, &self.right.name);
        if let Some(example) = zeros {
            warnings.push(Warning::new(
                "W111",
                format!("{l} and {r} of {name} were compared as numbers: one side is text with leading zeros (\"{example}\"), the other is numbers"),
                format!("{l} 与 {name} 的 {r} 按数值比较：一侧为带前导零的文本（“{example}”），另一侧为数值"),
            ));
        }
        if places && unified > 0 {
            warnings.push(Warning::new(
                "W112",
                format!(
                    "{l} and {r} of {name} were compared as place names; {unified} names lost an ending such as 市"
                ),
                format!("{l} 与 {name} 的 {r} 按地名比较；{unified} 个名称去掉了“市”等后缀"),
            ));
        }
    }
}

/// What two cells must share to be one key.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// Bits of a double; one zero.
    Number(u64),
    Text(String),
}

impl Key {
    fn number(value: f64) -> Self {
        Self::Number((value + 0.0).to_bits())
    }

    /// `zeros`: digits with leading zeros are numbers too.
    fn text(text: &str, zeros: bool, places: bool) -> Self {
        let folded = fold(text);
        let coded = folded.len() > 1 && folded.starts_with('0') && !folded.starts_with("0.");
        match number(&folded) {
            Some(value) if zeros || (!coded && value.abs() <= super::table::EXACT) => Self::number(value),
            _ if places => Self::Text(plain_place(&folded)),
            _ => Self::Text(folded.into_owned()),
        }
    }
}

fn intern(seen: &mut HashMap<Key, u32>, key: Key) -> u32 {
    let next = seen.len() as u32;
    *seen.entry(key).or_insert(next)
}

/// The codes of a row without a missing key.
fn whole(codes: &[Option<u32>]) -> Option<Vec<u32>> {
    codes.iter().copied().collect()
}

/// Row of `right` by key; `E101` when a key has two.
fn unique(
    codes: &[Vec<Option<u32>>],
    right: &Frame,
    keys: &[(String, String)],
    name: &str,
) -> Result<HashMap<Vec<u32>, u32>> {
    let mut index = HashMap::with_capacity(codes.len());
    let (mut twice, mut rows) = (Vec::new(), 0_usize);
    for (row, codes) in codes.iter().enumerate() {
        let Some(key) = whole(codes) else { continue };
        if let Some(first) = index.insert(key, row as u32) {
            rows += 1;
            if twice.len() < 5 {
                twice.push((first, row));
            }
        }
    }
    if twice.is_empty() {
        return Ok(index);
    }
    let columns: Vec<&Column> = keys.iter().filter_map(|(_, r)| right.get(r)).collect();
    let label = |row: usize| columns.iter().map(|c| c.display(row)).collect::<Vec<_>>().join(", ");
    let shown: Vec<String> =
        twice.iter().map(|&(first, row)| format!("({}) in rows {} and {}", label(row), first + 1, row + 1)).collect();
    let names = keys.iter().map(|(_, r)| r.as_str()).collect::<Vec<_>>();
    Err(Problem::new(
        "E101",
        format!(
            "{name} must have one row per {}, but {rows} rows repeat a key: {}",
            names.join(" and "),
            shown.join("; ")
        ),
    )
    .fix("delete or merge the repeated rows, or add the column that tells them apart to on = [...]")
    .at(Place { column: names.first().map(|&n| n.to_owned()), value: Some(label(twice[0].1)), ..Place::default() }))
}

fn first_distinct(labels: impl Iterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for label in labels {
        if !out.contains(&label) {
            out.push(label);
        }
        if out.len() == 5 {
            break;
        }
    }
    out
}

/// `left` with the columns of `right` on matched rows.
fn widened(
    left: &Frame,
    right: &Frame,
    keys: &[(String, String)],
    found: &[Option<u32>],
    name: &str,
    warnings: &mut Vec<Warning>,
) -> Result<Frame> {
    let mut frame = left.clone();
    let mut same = Vec::new();
    for column in right.columns().iter().filter(|c| !keys.iter().any(|(_, r)| *r == c.name)) {
        let Some(old) = left.get(&column.name) else {
            frame.set(take_some(column, found))?;
            continue;
        };
        let differ: Vec<(usize, usize)> = found
            .iter()
            .enumerate()
            .filter_map(|(l, r)| r.map(|r| (l, r as usize)))
            .filter(|&(l, r)| old.display(l) != column.display(r))
            .collect();
        if let Some(&(l, r)) = differ.first() {
            let label =
                keys.iter().map(|(k, _)| left.get(k).map_or(String::new(), |c| c.display(l))).collect::<Vec<_>>();
            return Err(Problem::new(
                "E507",
                format!(
                    "{name} has a column \"{}\" that the panel has too, and they differ on {} of {} matched rows: \"{}\" and \"{}\" for {}",
                    column.name,
                    differ.len(),
                    found.iter().flatten().count(),
                    old.display(l),
                    column.display(r),
                    label.join(", ")
                ),
            )
            .fix(format!(
                "under the [[data]] of {name}, rename = {{ \"{0}\" = \"{0}_2\" }}, or list the columns to keep, columns = [...]",
                column.name
            ))
            .at(Place { column: Some(column.name.clone()), ..Place::default() }));
        }
        same.push(column.name.as_str());
    }
    if !same.is_empty() {
        warnings.push(Warning::new(
            "W507",
            format!("{name} repeats columns of the panel with the same values; kept once: {}", same.join(", ")),
            format!("{name} 与面板有取值相同的同名列，只保留一份：{}", same.join("、")),
        ));
    }
    Ok(frame)
}

/// `W112`: names on both sides that are one place name but not one text.
fn near_places(
    left: &Frame,
    right: &Frame,
    keys: &[(String, String)],
    found: &[Option<u32>],
    name: &str,
) -> Option<Warning> {
    for (l, r) in keys {
        let (Some(a), Some(b)) = (left.get(l), right.get(r)) else { continue };
        let (Values::Text { codes, levels }, Values::Text { levels: others, .. }) = (&a.values, &b.values) else {
            continue;
        };
        let plain: BTreeMap<String, &String> = others.iter().map(|o| (plain_place(o), o)).collect();
        let mut open = vec![false; levels.len()];
        for (row, &code) in codes.iter().enumerate() {
            if found[row].is_none() && code != MISSING {
                open[code as usize] = true;
            }
        }
        let near: Vec<String> = levels
            .iter()
            .zip(open)
            .filter(|(_, open)| *open)
            .filter_map(|(level, _)| {
                plain.get(&plain_place(level)).filter(|o| **o != level).map(|o| format!("\"{level}\" and \"{o}\""))
            })
            .collect();
        if !near.is_empty() {
            let shown = near[..near.len().min(5)].join(", ");
            return Some(Warning::new(
                "W112",
                format!(
                    "{} names of {l} have no match in {name} but would as place names: {shown}. If they are the same, say places = true",
                    near.len()
                ),
                format!(
                    "{l} 有 {} 个名称在 {name} 中无匹配，但按地名可匹配：{shown}。若确为同一地点，请设定 places = true",
                    near.len()
                ),
            ));
        }
    }
    None
}
