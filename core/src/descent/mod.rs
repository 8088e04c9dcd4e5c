//! Methods of descent: short programs over the same supersteps.
//!
//! **The update loop is here**: [`Descent::step`] is one training step, and each method's file ([`sgd`], [`rbd`], [`nes`],
//! [`gradient_bases`], [`landscape`]) reads as its algorithm; [`Options`] is what `rbd` leaves open. [`Descent::replay`] makes the same update from recorded
//! coordinates, with no data and no gradient.

mod batches;
pub mod correlations;
pub mod gradient_bases;
pub mod landscape;
mod memory;
mod method;
mod momentum;
pub mod nes;
pub mod offspring;
mod options;
mod outcome;
mod rates;
pub mod rbd;
mod schedule;
pub mod sgd;

pub use batches::Batches;
pub use memory::{Memory, OptionSizes, Sizes};
pub use method::{Evolution, GradientBases, Landscape, Method};
pub use options::{
    Anew, Conflict, CoordinatePolicy, Draws, Options, Period, SgdLayers, UpdatePolicy, WorkerRows, Workers,
};
pub use outcome::Outcome;
pub use rates::Rates;
pub use schedule::{PIECES, Schedule, Shape, Warmup};

use core::ops::Range;

use crate::basis::Distribution;
use crate::nn::{Network, initial_weights};
use crate::numerics::Math;
use crate::random::{Domain, Key};
use crate::step::Executor;
use crate::subspace::{self, Basis, Normalisation, Plan, Strategy};

/// How a basis is drawn, but for the key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Subspace {
    /// d; positive.
    pub dimensions: usize,
    /// What the elements of a row are drawn from.
    pub distribution: Distribution,
    /// What a row is divided by.
    pub normalisation: Normalisation,
    /// Directions in pairs, each row once as drawn and once with every sign flipped.
    pub antithetic: bool,
}

impl Subspace {
    /// So many directions as in the paper's Table 1: normal rows, divided by sqrt(D).
    #[must_use]
    pub const fn of(dimensions: usize) -> Self {
        Self {
            dimensions,
            distribution: Distribution::Normal,
            normalisation: Normalisation::Auto,
            antithetic: false,
        }
    }

    /// The basis of this key.
    #[must_use]
    pub const fn draw<'a>(&self, key: Key) -> Basis<'a> {
        Basis {
            key,
            redraws: None,
            distribution: self.distribution,
            normalisation: self.normalisation,
            dimensions: self.dimensions,
            antithetic: self.antithetic,
        }
    }
}

/// A training: its method, its options, and how many steps have been made.
#[derive(Clone, Copy, Debug)]
pub struct Descent {
    /// The method.
    pub method: Method,
    /// The run's seed; initial weights and bases follow from it.
    pub seed: u64,
    /// How directions are drawn. Not used by SGD; gradient bases use d alone.
    pub subspace: Subspace,
    /// Two-pass or fused; no bit depends on it. Several workers, and options between projection and lift, take two passes.
    pub strategy: Strategy,
    /// What RBD leaves open.
    pub options: Options,
    /// Whether rows are kept in memory instead of being regenerated; no bit depends on it. Rows of `hadamard-normal`, which are not
    /// what sums over them are made of, never are.
    pub keeps_rows: bool,
    /// Steps made so far.
    pub steps: u64,
    /// Which draw the kept rows are of, and how many of the bases are there.
    rows_drawn: Option<(u64, usize)>,
}

impl Descent {
    /// A training without options, before its first step.
    #[must_use]
    pub const fn new(method: Method, seed: u64, subspace: Subspace, strategy: Strategy) -> Self {
        let options = Options::NONE;
        Self { method, seed, subspace, strategy, options, keeps_rows: false, steps: 0, rows_drawn: None }
    }

    /// Whether rows are kept.
    pub(crate) const fn keeps(&self) -> bool {
        self.keeps_rows && !self.subspace.distribution.is_rotated()
    }

    /// The same with options. They must have passed [`Options::check`].
    #[must_use]
    pub const fn with(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// How often bases have been drawn before the next step.
    fn redraw(&self) -> u64 {
        if self.method == Method::Fpd { 0 } else { self.options.draws.period.index(self.steps) }
    }

    /// The key of the next step's basis of a worker's compartment.
    fn key(&self, worker: u32, compartment: u32) -> Key {
        Key::new(Domain::Basis, self.seed, self.redraw(), worker, compartment)
    }

    /// The basis of the next step, where there is only one.
    fn basis(&self) -> Basis<'static> {
        self.subspace.draw(self.key(0, 0))
    }

    /// How many bases each compartment has: one, or one for each worker.
    const fn bases(&self) -> usize {
        match self.options.workers.rows {
            WorkerRows::Own => self.options.workers.count as usize,
            _ => 1,
        }
    }

    /// How the weights of a network are divided.
    #[must_use]
    pub fn plan<N: Network>(&self) -> Plan {
        let Options { compartments, split, update, .. } = self.options;
        let layers = update.sgd_layers;
        let contains = |layer| layers.contains(layer);
        let follows: Option<&dyn Fn(u32) -> bool> =
            if layers == SgdLayers::None { None } else { Some(&contains) };
        Plan::of::<N>(compartments, split, self.subspace.dimensions, follows)
    }

    /// Whether [`Descent::replay`] can make every step again.
    #[must_use]
    pub const fn can_replay(&self) -> bool {
        self.method.can_replay() && !self.options.update.uses_gradient()
    }

    /// Whether a step generates each row once, which takes the fused strategy, one worker, and nothing between projection and lift.
    #[must_use]
    pub fn is_fused(&self) -> bool {
        matches!(self.method, Method::Rbd | Method::Fpd) && rbd::is_fused(self)
    }

    /// Mini-batches per step.
    #[must_use]
    pub const fn batches(&self) -> usize {
        self.method.batches(self.subspace.dimensions) * self.options.workers.batches()
    }

    /// The outcome of a step, of the sum of all workers' outcomes and that of one of them: the mean loss; but of workers that see the
    /// same images what one saw, so that their number does not show.
    #[must_use]
    pub fn mean(&self, sum: Outcome, one: Outcome) -> Outcome {
        let workers = self.options.workers;
        if workers.same_images {
            return one;
        }
        Outcome { loss: sum.loss * (1.0 / workers.count as f32), ..sum }
    }

    /// Writes the initial weights and begins at step 0.
    pub fn start<N: Network, E: Executor>(&mut self, executor: &mut E, memory: &mut Memory<'_>) {
        initial_weights::<N, E>(executor, self.seed, memory.weights);
        subspace::fill(executor, 0.0, memory.position);
        memory.stored.fill(0.0);
        memory.velocity.fill(0.0);
        memory.redraws.fill(0.0);
        self.resume(0);
    }

    /// Goes on before step `steps`, with a memory whose state ([`Memory::into_state`]) is that of then.
    pub const fn resume(&mut self, steps: u64) {
        self.steps = steps;
        self.rows_drawn = None;
    }

    /// One training step with learning rate `rate`, on [`Descent::batches`] mini-batches. Afterwards the
    /// weights have moved and [`Memory::coordinates`] holds what [`Descent::replay`] needs: what was lifted, or (RBD, FPD, gradient
    /// bases) what the gradient was projected to; nothing, for SGD.
    pub fn step<N: Network, M: Math, E: Executor>(
        &mut self,
        executor: &mut E,
        rates: impl Into<Rates>,
        batches: &mut impl Batches,
        memory: &mut Memory<'_>,
    ) -> Outcome {
        let rates = rates.into();
        let rate = rates.method;
        let outcome = match self.method {
            Method::Sgd => sgd::step::<N, M, E>(self, executor, rate, batches, memory),
            Method::Rbd | Method::Fpd => rbd::step::<N, M, E>(self, executor, rates, batches, memory),
            Method::Nes(evolution) | Method::Hybrid(evolution) => {
                nes::step::<N, M, E>(self, evolution, executor, rate, batches, memory)
            }
            Method::GradientBases(options) => {
                gradient_bases::step::<N, M, E>(self, options, executor, rate, batches, memory)
            }
            Method::Landscape(options) => {
                landscape::step::<N, M, E>(self, options, executor, rate, batches, memory)
            }
        };
        self.steps += 1;
        outcome
    }

    /// What one worker does alone: the coordinates of its own mini-batch's gradient, its share. Where they lie in
    /// [`Memory::coordinates`] is what [`Descent::send`] and [`Descent::receive`] know. [`Descent::join`] makes the step
    /// when all shares are there.
    ///
    /// # Panics
    /// If the method is neither RBD nor FPD, or the memory has no room for two passes ([`Sizes::and_two_passes`]).
    pub fn share<N: Network, M: Math, E: Executor>(
        &mut self,
        executor: &mut E,
        worker: usize,
        batches: &mut impl Batches,
        memory: &mut Memory<'_>,
    ) -> Outcome {
        self.expect_workers();
        rbd::share::<N, M, E>(self, executor, worker, batches, memory)
    }

    /// Makes the step from the shares of all workers; every worker does the same.
    ///
    /// # Panics
    /// If the method is neither RBD nor FPD.
    pub fn join<N: Network, E: Executor>(
        &mut self,
        executor: &mut E,
        rates: impl Into<Rates>,
        memory: &mut Memory<'_>,
    ) {
        self.expect_workers();
        rbd::join::<N, E>(self, executor, rates.into(), false, memory);
        self.steps += 1;
    }

    fn expect_workers(&self) {
        assert!(matches!(self.method, Method::Rbd | Method::Fpd), "{} has no workers", self.method.name());
    }

    /// Floats of a worker's share.
    #[must_use]
    pub fn share_len<N: Network>(&self, worker: usize) -> usize {
        let workers = self.options.workers;
        if workers.rows != WorkerRows::Split {
            return self.plan::<N>().coordinates();
        }
        self.plan::<N>().iter().map(|c| workers.directions(worker, c.dimensions).len()).sum()
    }

    /// Copies a worker's share out of the coordinates.
    ///
    /// # Panics
    /// If `out` is not [`Descent::share_len`] long.
    pub fn send<N: Network>(&self, worker: usize, memory: &Memory<'_>, out: &mut [f32]) {
        self.places::<N>(worker, |place, part| out[part].copy_from_slice(&memory.coordinates[place]));
    }

    /// Puts a worker's share among the coordinates.
    ///
    /// # Panics
    /// If `share` is not [`Descent::share_len`] long.
    pub fn receive<N: Network>(&self, worker: usize, share: &[f32], memory: &mut Memory<'_>) {
        self.places::<N>(worker, |place, part| memory.coordinates[place].copy_from_slice(&share[part]));
    }

    /// Calls `report` with the pieces of a worker's share: where each lies among all coordinates, and where in the share.
    fn places<N: Network>(&self, worker: usize, mut report: impl FnMut(Range<usize>, Range<usize>)) {
        let plan = self.plan::<N>();
        let mut at = 0;
        for compartment in plan.iter() {
            let directions = self.options.workers.directions(worker, compartment.dimensions);
            let part = at..at + directions.len();
            at = part.end;
            report(self.place(&plan, worker, &compartment, &directions), part);
        }
    }

    /// Repeats a recorded step: what [`Descent::step`] did, from its learning rate, its coordinates and (where tensors' steps were
    /// multiplied) its factors.
    ///
    /// Needs no batch, no gradient and no activations. Not possible for methods and options whose update does not lie in the
    /// span of regenerated rows: see [`Descent::can_replay`].
    ///
    /// # Panics
    /// If it cannot be replayed, there are not as many coordinates or factors as [`Memory`] has, or the memory has no room for
    /// two passes ([`Sizes::and_two_passes`]).
    pub fn replay<N: Network, E: Executor>(
        &mut self,
        executor: &mut E,
        rates: impl Into<Rates>,
        coordinates: &[f32],
        factors: &[f32],
        memory: &mut Memory<'_>,
    ) {
        assert!(self.can_replay(), "a step of {} cannot be replayed from coordinates", self.method.name());
        memory.coordinates.copy_from_slice(coordinates);
        memory.factors.copy_from_slice(factors);
        let rates = rates.into();
        match self.method {
            Method::Sgd | Method::GradientBases(_) => unreachable!("they cannot be replayed"),
            Method::Rbd | Method::Fpd => {
                rbd::join::<N, E>(self, executor, rates, true, memory);
            }
            Method::Nes(evolution) | Method::Hybrid(evolution) => {
                nes::replay(self, evolution, executor, rates.method, memory)
            }
            Method::Landscape(_) => replay_lift(self, executor, -rates.method, memory),
        }
        self.steps += 1;
    }
}

/// Lifts the coordinates of a method with one basis.
fn replay_lift<E: Executor>(descent: &Descent, executor: &mut E, scale: f32, memory: &mut Memory<'_>) {
    let Memory { coordinates, weights, norms, scratch, .. } = memory;
    subspace::replay(executor, &descent.basis(), coordinates, scale, weights, norms, scratch);
}

/// The original's rule: the base rate times the batch size times the number of workers.
#[must_use]
pub fn learning_rate(base: f32, batch: u32, workers: u32) -> f32 {
    base * batch as f32 * workers as f32
}
