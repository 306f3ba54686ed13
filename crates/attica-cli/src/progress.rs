//! A bar, on a terminal, for anything longer than a second.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Progress of a run, told in stages.
pub struct Progress {
    bar: Mutex<Option<ProgressBar>>,
    began: Instant,
    visible: bool,
    template: &'static str,
}

impl Progress {
    /// Stages of any length, so that nobody knows how long the rest takes. Nothing shows before a second has passed, and
    /// nothing ever shows away from a terminal.
    pub fn new() -> Self {
        Self::with("{bar:30} {pos}/{len}  {msg}  {elapsed} gone")
    }

    /// Pieces that are alike, with the time that is left.
    pub fn of_pieces() -> Self {
        Self::with("{bar:30} {pos}/{len}  {msg}  {elapsed} gone, {eta} left")
    }

    fn with(template: &'static str) -> Self {
        Self { bar: Mutex::new(None), began: Instant::now(), visible: std::io::stderr().is_terminal(), template }
    }

    /// `name` is being done; `done` of `total` stages or pieces are behind.
    pub fn stage(&self, name: &str, done: usize, total: usize) {
        if !self.visible || self.began.elapsed() < Duration::from_secs(1) {
            return;
        }
        let Ok(mut bar) = self.bar.lock() else { return };
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(self.template) {
                bar.set_style(style);
            }
            bar.with_elapsed(self.began.elapsed())
        });
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(name.to_owned());
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Ok(Some(bar)) = self.bar.lock().as_deref() {
            bar.finish_and_clear();
        }
    }
}
