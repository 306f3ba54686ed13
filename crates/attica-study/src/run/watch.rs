//! Which steps of a study run, and how far they are.

use std::sync::{Mutex, PoisonError};

use attica::meter::Meter;

/// Watches the steps of a study.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Draws of placebo tests.
    pub draws: Meter,
    steps: Mutex<Steps>,
}

#[derive(Debug, Default)]
struct Steps {
    running: Vec<&'static str>,
    done: usize,
}

impl Watch {
    /// Runs `work`, which is the step `name`.
    pub fn during<T>(&self, name: &'static str, work: impl FnOnce() -> T) -> T {
        self.with(|steps| steps.running.push(name));
        let done = work();
        self.with(|steps| {
            steps.running.retain(|running| *running != name);
            steps.done += 1;
        });
        done
    }

    /// The steps that run now, with the draws where some are to come, and how many steps are done.
    pub fn state(&self) -> (String, usize) {
        let (mut running, steps) = self.with(|steps| (steps.running.join(", "), steps.done));
        let (done, expected) = self.draws.read();
        if done < expected {
            running += &format!("; {done} of {expected} draws");
        }
        (running, steps)
    }

    fn with<T>(&self, what: impl FnOnce(&mut Steps) -> T) -> T {
        what(&mut self.steps.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_while_they_run_and_counted_when_they_end() {
        let watch = Watch::default();
        watch.during("baseline", || {
            watch.during("placebo", || {
                watch.draws.expect(3);
                watch.draws.advance();
                assert_eq!(watch.state(), ("baseline, placebo; 1 of 3 draws".to_owned(), 0));
            });
            assert_eq!(watch.state().1, 1);
        });
        watch.draws.advance();
        watch.draws.advance();
        assert_eq!(watch.state(), (String::new(), 2));
    }
}
