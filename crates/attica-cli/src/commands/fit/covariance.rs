//! Which covariances a regression is asked for.

use attica::message::Problem;
use attica::vcov::Vcov;

use crate::args::Fit;

/// Covariances that are asked for.
pub(super) enum Asked {
    /// The one of the table.
    One,
    /// These beside it.
    List(Vec<Vcov>),
    /// All that the data allow.
    All,
}

/// The covariance of the table: clustered when asked, otherwise what `--vcov` says, never homoskedastic by itself; and
/// those to show beside it.
pub(super) fn vcov(args: &Fit) -> Result<(Vcov, Asked), Problem> {
    let usual = match (args.cluster.as_slice(), &args.unit) {
        ([], Some(unit)) => Vcov::cluster(unit),
        ([], None) => Vcov::Hc1,
        (names, _) => Vcov::Cluster(names.to_vec()),
    };
    let Some(words) = &args.vcov else { return Ok((usual, Asked::One)) };
    if words.trim().eq_ignore_ascii_case("all") {
        return Ok((usual, Asked::All));
    }
    match Vcov::parse_list(words)? {
        Some(list) if args.cluster.is_empty() => Ok((list[0].clone(), Asked::List(list))),
        Some(list) => Ok((usual, Asked::List(list))),
        None if args.cluster.is_empty() => Ok((Vcov::parse(words)?, Asked::One)),
        None => Err(Problem::new("E605", format!("--cluster and --vcov {words} both name a covariance"))
            .fix("give one of them; --vcov all or a list shows several beside the clustered one")),
    }
}
