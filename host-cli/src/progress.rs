//! Progress on standard error: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::say;
use crate::settings::Progress;

/// Shows how a training or a download goes.
#[derive(Debug)]
pub struct Reporter {
    bar: Option<ProgressBar>,
    lines: bool,
    shown: Instant,
}

/// How long nothing is said where there is no bar.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a bar's text changes.
const REFRESH: Duration = Duration::from_millis(100);

impl Reporter {
    /// For a training of so many steps.
    #[must_use]
    pub fn new(progress: Progress, steps: u64) -> Self {
        Self::with_template(progress, steps, "{wide_bar} {pos}/{len}  {msg}  {eta}")
    }

    /// For a download of so many bytes.
    #[must_use]
    pub fn download(progress: Progress, bytes: u64) -> Self {
        Self::with_template(progress, bytes, "{wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}")
    }

    fn with_template(progress: Progress, len: u64, template: &str) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = std::io::stderr().is_terminal() && !dumb;
        let bar = (progress == Progress::Auto && terminal).then(|| {
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(len).with_style(style)
        });
        Self { lines: bar.is_none() && progress != Progress::Never, bar, shown: Instant::now() }
    }

    /// After a step: `text` is made only if it will be seen.
    pub fn step(&mut self, text: impl FnOnce() -> String) {
        self.advance(1, text);
    }

    /// After so many steps or bytes: as [`Reporter::step`].
    pub fn advance(&mut self, by: u64, text: impl FnOnce() -> String) {
        let Some(bar) = &self.bar else {
            if self.lines && self.shown.elapsed() >= PATIENCE {
                say(text());
                self.shown = Instant::now();
            }
            return;
        };
        bar.inc(by);
        if self.shown.elapsed() >= REFRESH {
            bar.set_message(text());
            self.shown = Instant::now();
        }
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None if self.lines => say(text),
            None => {}
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
