//! The system of a [`Network`] by elimination: the second largest effect by a factor in an order that keeps its rows
//! short, all smaller effects together as a dense border.
//!
//! Between the levels of the two largest effects the system is the Laplacian of a graph: levels of the second are
//! linked where a level of the first has rows of both. Where the graph is long (people move among neighbouring firms)
//! an order from one end to the other leaves short rows, exactly the case in which iterations are slow.

use super::envelope::Envelope;
use super::network::Network;
use super::order::from_end_to_end;

/// Most levels of the border.
const BORDER: usize = 1_000;
/// Share of a border level's weight that is no pivot: the level is redundant.
const REDUNDANT: f64 = 1e-10;

/// The factors.
pub(super) struct Direct {
    /// Row of the factor of each level of the second effect.
    position: Vec<u32>,
    middle: Envelope,
    /// `L^-1` times the block between second effect and border, row-major.
    coupling: Vec<f64>,
    width: usize,
    border: Envelope,
}

impl Direct {
    /// Factors the system, if the work is in proportion to the rows: the order decides.
    pub(super) fn new(network: &Network<'_>, levels: usize) -> Option<Self> {
        let rows = network.links.len() / network.sides;
        let width = network.totals.len() - levels;
        let groups = network.inverse.len();
        let pairs: usize = (0..groups).map(|i| network.rows_of(i).len().pow(2)).sum();
        if width > BORDER || levels * width > 8 * rows + 1_000_000 || pairs > 400 * rows {
            return None;
        }
        let sides = network.sides;
        let most = 2_000 * rows + 100_000_000;
        let (position, ends) = from_end_to_end(&network.starts, levels, |row| network.links[row * sides], most)?;
        let mut first: Vec<u32> = (0..levels as u32).collect();
        let place = |row: usize| position[network.links[row * sides] as usize];
        for i in 0..groups {
            let least = network.rows_of(i).map(place).min().unwrap_or(0);
            for row in network.rows_of(i) {
                let first = &mut first[place(row) as usize];
                *first = least.min(*first);
            }
        }
        let lengths = first.iter().enumerate().map(|(p, &f)| p - f as usize);
        let (entries, work) = lengths.fold((0, 0), |(entries, work), n| (entries + n, work + n * n));
        if entries > 4 * rows + 1_000_000 || work > most {
            return None;
        }

        let mut system = System {
            middle: Envelope::zeros(first),
            diagonal: vec![0.0; levels],
            coupling: vec![0.0; levels * width],
            border: vec![0.0; width * width],
        };
        system.fill(network, &position, levels, width);
        let System { mut middle, diagonal, mut coupling, border } = system;
        let mut floor: Vec<f64> = diagonal.iter().map(|d| 1e-14 * d).collect();
        // The last level of every component is its base.
        for &end in &ends {
            floor[end as usize] = f64::INFINITY;
        }
        middle.factor(&diagonal, &floor);
        if width > 0 {
            middle.forward(&mut coupling, width);
        }
        let border = schur(&border, &coupling, width, &network.totals[levels..]);
        Some(Self { position, middle, coupling, width, border })
    }

    /// A solution of the system; levels without a pivot are 0.
    pub(super) fn solve(&self, sums: &[f64]) -> Vec<f64> {
        let levels = self.position.len();
        let mut middle = vec![0.0; levels];
        for (&p, sum) in self.position.iter().zip(sums) {
            middle[p as usize] = *sum;
        }
        self.middle.forward(&mut middle, 1);
        let mut border = sums[levels..].to_vec();
        if self.width > 0 {
            for (u, row) in middle.iter().zip(self.coupling.chunks_exact(self.width)) {
                border.iter_mut().zip(row).for_each(|(b, c)| *b -= u * c);
            }
            self.border.forward(&mut border, 1);
            self.border.backward(&mut border);
            for (u, row) in middle.iter_mut().zip(self.coupling.chunks_exact(self.width)) {
                *u -= row.iter().zip(&border).map(|(c, b)| c * b).sum::<f64>();
            }
        }
        self.middle.backward(&mut middle);
        self.position.iter().map(|&p| middle[p as usize]).chain(border).collect()
    }
}

/// The blocks of the system before it is factored.
struct System {
    middle: Envelope,
    diagonal: Vec<f64>,
    /// Between second effect and border, row-major.
    coupling: Vec<f64>,
    /// Border, row-major.
    border: Vec<f64>,
}

impl System {
    fn fill(&mut self, network: &Network<'_>, position: &[u32], levels: usize, width: usize) {
        let sides = network.sides;
        let mut merged = Merged::new(levels);
        let mut edge = Merged::new(width);
        for i in 0..network.inverse.len() {
            merged.clear();
            edge.clear();
            for row in network.rows_of(i) {
                let (weight, links) = (network.weight(row), &network.links[row * sides..(row + 1) * sides]);
                let p = position[links[0] as usize];
                merged.add(p, weight);
                for &a in &links[1..] {
                    let a = a as usize - levels;
                    edge.add(a as u32, weight);
                    self.coupling[p as usize * width + a] += weight;
                    for &b in &links[1..] {
                        self.border[a * width + b as usize - levels] += weight;
                    }
                }
            }
            let inverse = network.inverse[i];
            for (at, &(p, weight)) in merged.list.iter().enumerate() {
                let share = weight * inverse;
                for &(q, other) in &merged.list[..at] {
                    // The rows of a Laplacian add up to zero: its diagonal is had without cancellation.
                    let link = share * other;
                    *self.middle.entry(p.max(q) as usize, p.min(q) as usize) -= link;
                    self.diagonal[p as usize] += link;
                    self.diagonal[q as usize] += link;
                }
                let row = &mut self.coupling[p as usize * width..(p as usize + 1) * width];
                for &(b, other) in &edge.list {
                    row[b as usize] -= share * other;
                }
            }
            for &(a, weight) in &edge.list {
                let row = &mut self.border[a as usize * width..(a as usize + 1) * width];
                for &(b, other) in &edge.list {
                    row[b as usize] -= weight * inverse * other;
                }
            }
        }
    }
}

/// Weights by level, of the few levels that one level of the largest effect meets.
struct Merged {
    slot: Vec<u32>,
    list: Vec<(u32, f64)>,
}

impl Merged {
    fn new(levels: usize) -> Self {
        Self { slot: vec![u32::MAX; levels], list: Vec::new() }
    }

    fn clear(&mut self) {
        for (level, _) in self.list.drain(..) {
            self.slot[level as usize] = u32::MAX;
        }
    }

    fn add(&mut self, level: u32, weight: f64) {
        let slot = &mut self.slot[level as usize];
        if *slot == u32::MAX {
            *slot = self.list.len() as u32;
            self.list.push((level, 0.0));
        }
        self.list[*slot as usize].1 += weight;
    }
}

/// The factor of the border once the second effect is eliminated.
fn schur(border: &[f64], coupling: &[f64], width: usize, totals: &[f64]) -> Envelope {
    let mut left = border.to_vec();
    if width > 0 {
        for row in coupling.chunks_exact(width) {
            for (a, &c) in row.iter().enumerate().filter(|(_, c)| **c != 0.0) {
                left[a * width..=a * width + a].iter_mut().zip(row).for_each(|(l, other)| *l -= c * other);
            }
        }
    }
    let mut factor = Envelope::zeros(vec![0; width]);
    for a in 0..width {
        for b in 0..a {
            *factor.entry(a, b) = left[a * width + b];
        }
    }
    let diagonal: Vec<f64> = (0..width).map(|a| left[a * width + a]).collect();
    let floor: Vec<f64> = totals.iter().map(|n| REDUNDANT * n).collect();
    factor.factor(&diagonal, &floor);
    factor
}
