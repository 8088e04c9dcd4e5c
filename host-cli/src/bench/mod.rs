//! `random-bases bench`: how fast this machine is.
//!
//! A [`Case`] is something to run again and again. All cases of a group run in turn, round after round, so that a busy machine
//! slows all of them; before and after each round a probe (`probe.rs`) says how much the processor gives at the moment. Distributions
//! and networks must have equal bits at all levels before they are timed. Figures are medians over rounds; ratios between them mean something, times on a
//! shared machine do not.

mod bases;
mod clock;
mod networks;
pub mod probe;
mod report;
mod scaling;
mod steps;

use std::sync::Arc;
use std::time::Instant;

use clap::ValueEnum;

pub use report::{Report, description};

use crate::executor::{Threads, within};
use crate::failure::Failure;
use crate::interrupt;
use crate::vector::Level;

/// What can be measured.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Projection, lift and both, for each distribution, strategy and level
    Bases,
    /// Forward and backward passes of whole networks
    Networks,
    /// Whole training steps of several methods
    Steps,
    /// Updates over numbers of weights, of directions, of threads; steps over batch sizes
    Scaling,
}

/// How much work a run of a case is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// Elements of rows that are used.
    Elements(f64),
    /// Additions and multiplications.
    Operations(f64),
    /// Training steps.
    Steps(f64),
}

/// What a case is.
#[derive(Clone, Debug)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its vector instructions.
    pub level: Level,
    /// Its threads.
    pub threads: usize,
    /// How much one run is.
    pub amount: Amount,
    /// Bytes of its buffers.
    pub bytes: usize,
}

/// Something to run again and again.
pub struct Case {
    /// What it is.
    pub about: About,
    /// One run.
    pub run: Box<dyn FnMut() + Send>,
    /// The threads within which it runs, as a training does: supersteps then wake nobody up.
    pub pool: Arc<rayon::ThreadPool>,
}

impl Case {
    fn new(
        name: String,
        (level, pool): (Level, &Arc<rayon::ThreadPool>),
        amount: Amount,
        bytes: usize,
        run: impl FnMut() + Send + 'static,
    ) -> Self {
        let (pool, threads) = (Arc::clone(pool), pool.current_num_threads());
        Self { about: About { name, level, threads, amount, bytes }, run: Box::new(run), pool }
    }
}

/// A case, measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What it is.
    pub about: About,
    /// Seconds of a run, in each round: the median of as many as fit.
    pub rounds: Vec<f64>,
}

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds.
    pub rounds: u32,
    /// The most threads.
    pub threads: usize,
    /// The only level; or else all that there are where one thread is measured, and the best where all are.
    pub level: Option<Level>,
}

impl Plan {
    /// Levels for one thread.
    fn levels(self) -> Vec<Level> {
        match self.level {
            Some(level) => vec![level],
            None => Level::ALL.into_iter().rev().filter(|level| level.available()).collect(),
        }
    }

    /// The best of them.
    fn best(self) -> Level {
        self.levels()[0]
    }

    /// The best on all threads.
    fn all(self) -> (Level, usize) {
        (self.best(), self.threads)
    }

    /// Pairs of level and threads: every level alone, then the best on all threads.
    fn machines(self) -> Vec<(Level, usize)> {
        let all = (self.threads > 1).then_some(self.all());
        self.levels().into_iter().map(|level| (level, 1)).chain(all).collect()
    }
}

/// An executor; its level was asked for before.
fn executor((level, threads): (Level, usize)) -> Result<Threads, Failure> {
    Threads::new(threads, Some(level)).map_err(Failure::configuration)
}

/// Seconds that a case runs in a round, if one run is shorter.
const ROUND: f64 = 0.05;

/// Seconds for which several threads run before they are measured: it may take a system more than a tenth of a second to see that threads
/// which just woke up on one core could have several.
const WARM_UP: f64 = 0.2;

/// The group's cases, measured.
///
/// # Errors
/// [`Failure::Mismatch`] if what should have equal bits has not, [`Failure::Interrupted`] if the user stopped.
pub fn measure(group: Group, plan: Plan, report: &mut Report) -> Result<(), Failure> {
    let mut cases = match group {
        Group::Bases => bases::cases(plan)?,
        Group::Networks => networks::cases(plan)?,
        Group::Steps => steps::cases(plan)?,
        Group::Scaling => scaling::cases(plan)?,
    };
    let unmeasured = |case: &Case| Measured { about: case.about.clone(), rounds: Vec::new() };
    let mut all: Vec<_> = cases.iter().map(unmeasured).collect();
    for _ in 0..plan.rounds {
        report.probe();
        for (case, measured) in cases.iter_mut().zip(&mut all) {
            if interrupt::asked() {
                return Err(Failure::Interrupted("interrupted; nothing was written of this group".into()));
            }
            let Case { run, pool, .. } = case;
            let warm_up = if pool.current_num_threads() > 1 { WARM_UP } else { 0.0 };
            measured.rounds.push(within(pool, || time(run, warm_up)));
        }
        report.probe();
    }
    report.add(group, all);
    Ok(())
}

/// The median time of a run, of as many as a round has room for, after some that are not measured: one at least, and `warm_up` seconds.
fn time(run: &mut Box<dyn FnMut() + Send>, warm_up: f64) -> f64 {
    let start = Instant::now();
    run();
    while start.elapsed().as_secs_f64() < warm_up {
        run();
    }
    let start = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || start.elapsed().as_secs_f64() < ROUND {
        let start = Instant::now();
        run();
        times.push(start.elapsed().as_secs_f64());
    }
    median(&times)
}

/// The middle one.
fn median(x: &[f64]) -> f64 {
    let mut x = x.to_vec();
    x.sort_by(f64::total_cmp);
    x[x.len() / 2]
}
