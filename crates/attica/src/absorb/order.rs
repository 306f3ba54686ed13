//! The order in which the levels of one side are eliminated.

/// How much more work than from an end a search may promise that begins anywhere.
const MIDDLE: usize = 8;

/// Positions of the levels of one side by breadth-first search through the levels of the other, each component from a
/// level that is far from others; and the last position of every component. Where the graph is long (people move
/// among neighbouring firms) this leaves a factor with short rows. The links of level `i` of the other side are
/// `link(starts[i]..starts[i + 1])`.
///
/// `None` as soon as it shows that the factor will take more than `most` multiplications: a level found from the one at
/// position `a` has a row that reaches back to `a` at least.
pub(super) fn from_end_to_end(
    starts: &[u32],
    levels: usize,
    link: impl Fn(usize) -> u32,
    most: usize,
) -> Option<(Vec<u32>, Vec<u32>)> {
    let of_group = |group: usize| starts[group] as usize..starts[group + 1] as usize;
    let groups = starts.len() - 1;
    let links = starts[groups] as usize;
    // The groups of each level.
    let mut begins = vec![0_u32; levels + 1];
    (0..links).for_each(|at| begins[link(at) as usize + 1] += 1);
    for level in 0..levels {
        begins[level + 1] += begins[level];
    }
    let mut next = begins.clone();
    let mut members = vec![0_u32; links];
    for group in 0..groups {
        for at in of_group(group) {
            let slot = &mut next[link(at) as usize];
            members[*slot as usize] = group as u32;
            *slot += 1;
        }
    }
    let mut level_seen = vec![0_u8; levels];
    let mut group_seen = vec![0_u8; groups];
    let mut search = |from: u32, turn: u8, most: usize| {
        let mut list = vec![from];
        level_seen[from as usize] = turn;
        let (mut at, mut work) = (0, 0_usize);
        while let Some(&level) = list.get(at) {
            at += 1;
            for &group in &members[begins[level as usize] as usize..begins[level as usize + 1] as usize] {
                if std::mem::replace(&mut group_seen[group as usize], turn) == turn {
                    continue;
                }
                for row in of_group(group as usize) {
                    let other = link(row);
                    if std::mem::replace(&mut level_seen[other as usize], turn) != turn {
                        work += (list.len() - at).pow(2);
                        list.push(other);
                    }
                }
                if work > most {
                    return None;
                }
            }
        }
        Some(list)
    };
    let mut position = vec![u32::MAX; levels];
    let (mut ends, mut placed) = (Vec::new(), 0);
    for level in 0..levels as u32 {
        if position[level as usize] != u32::MAX {
            continue;
        }
        // From within a long graph the search goes both ways, and its rows are twice as long.
        let far = search(level, 1, most.saturating_mul(MIDDLE))?.last().copied().unwrap_or(level);
        for found in search(far, 2, most)? {
            position[found as usize] = placed;
            placed += 1;
        }
        ends.push(placed - 1);
    }
    Some((position, ends))
}
