//! A boundary around readers of binary formats that others wrote.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use attica::message::{Problem, Result};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `read`, and turns a panic inside it into the problem `id`. The parsers of workbooks, Stata
/// and parquet files index into bytes that a damaged or hostile file controls, and not each of their
/// checks is complete; a bad file must never end the program. The panic's own report is kept off the
/// error stream, for the problem says what happened.
pub(super) fn guarded<T>(id: &str, what: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    QUIET.set(true);
    // What `read` leaves half done is dropped with it; nothing outside is touched.
    let result = catch_unwind(AssertUnwindSafe(read));
    QUIET.set(false);
    result.unwrap_or_else(|_| Err(broken(id, what, "its parts contradict each other")))
}

/// The problem of a file that is not what its format asks for.
pub(super) fn broken(id: &str, what: &str, why: impl std::fmt::Display) -> Problem {
    Problem::new(id, format!("this {what} cannot be read: {why}"))
        .fix("the file may be cut off or damaged: fetch it again, or open it where it was made and export it as CSV")
}
