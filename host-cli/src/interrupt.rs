//! Ctrl-C, and being asked to end: a training stops after the step at hand and keeps what it has.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::failure::say;

/// When the user first asked to stop.
static ASKED: OnceLock<Instant> = OnceLock::new();

/// Signals closer together than this are one: some programs send theirs to a process and to its group.
const ONE: Duration = Duration::from_millis(500);

/// From now on, the first interrupt only sets [`asked`]; a later one ends the program at once, with code 130.
pub fn watch() {
    // If there is a handler already, or the system has none, an interrupt ends the program as usual.
    let _ = ctrlc::set_handler(|| {
        let first = ASKED.get().is_none();
        if ASKED.get_or_init(Instant::now).elapsed() > ONE {
            std::process::exit(130);
        }
        if first {
            say("random-bases: stopping after what is at hand; Ctrl-C again stops at once");
        }
    });
}

/// Whether the user asked to stop.
#[must_use]
pub fn asked() -> bool {
    ASKED.get().is_some()
}
