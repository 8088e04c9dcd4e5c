//! Methods of descent: short programs over the same supersteps.
//!
//! **The update loop is here**: [`Descent::step`] is one training step, and each method's file ([`sgd`], [`rbd`],
//! [`fpd`], [`nes`], [`gradient_bases`]) reads as its algorithm. [`Descent::replay`] makes the same update from recorded
//! coordinates, with no data and no gradient.

mod batches;
pub mod fpd;
pub mod gradient_bases;
mod memory;
mod method;
pub mod nes;
pub mod offspring;
mod outcome;
pub mod rbd;
pub mod sgd;

pub use batches::Batches;
pub use memory::{Memory, Sizes};
pub use method::{Evolution, GradientBases, Method};
pub use outcome::Outcome;

use crate::basis::Distribution;
use crate::nn::{Network, initial_weights};
use crate::numerics::Math;
use crate::random::{Domain, Key};
use crate::step::Executor;
use crate::subspace::{Basis, Normalisation, Strategy};

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
    pub const fn draw(&self, key: Key) -> Basis {
        Basis {
            key,
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
    /// Two-pass or fused; no bit depends on it.
    pub strategy: Strategy,
    /// Steps made so far.
    pub steps: u64,
}

impl Descent {
    /// The basis of the next step: a new one each time, but for FPD, which keeps its first.
    fn basis(&self) -> Basis {
        let redraw = if self.method == Method::Fpd { 0 } else { self.steps };
        self.subspace.draw(Key::new(Domain::Basis, self.seed, redraw, 0, 0))
    }

    /// Writes the initial weights and begins at step 0.
    pub fn start<N: Network, E: Executor>(&mut self, executor: &mut E, memory: &mut Memory<'_>) {
        self.steps = 0;
        initial_weights::<N, E>(executor, self.seed, memory.weights);
        memory.position.fill(0.0);
        memory.stored.fill(0.0);
    }

    /// One training step with learning rate `rate`, on as many mini-batches as [`Method::batches`] says. Afterwards the
    /// weights have moved and [`Memory::coordinates`] holds what [`Descent::replay`] needs: what was lifted, or (FPD, gradient
    /// bases) what the gradient was projected to; nothing, for SGD.
    pub fn step<N: Network, M: Math, E: Executor>(
        &mut self,
        executor: &mut E,
        rate: f32,
        batches: &mut impl Batches,
        memory: &mut Memory<'_>,
    ) -> Outcome {
        let outcome = match self.method {
            Method::Sgd => sgd::step::<N, M, E>(executor, rate, batches, memory),
            Method::Rbd => rbd::step::<N, M, E>(self, executor, rate, batches, memory),
            Method::Fpd => fpd::step::<N, M, E>(self, executor, rate, batches, memory),
            Method::Nes(evolution) | Method::Hybrid(evolution) => {
                nes::step::<N, M, E>(self, evolution, executor, rate, batches, memory)
            }
            Method::GradientBases(options) => {
                gradient_bases::step::<N, M, E>(self, options, executor, rate, batches, memory)
            }
        };
        self.steps += 1;
        outcome
    }

    /// Repeats a recorded step: what [`Descent::step`] did, from its learning rate and coordinates.
    ///
    /// Needs no batch, no gradient and no activations. Not possible for methods whose update does not lie in the span of
    /// regenerated rows: see [`Method::can_replay`].
    ///
    /// # Panics
    /// If the method cannot be replayed or there are not d coordinates.
    pub fn replay<N: Network, E: Executor>(
        &mut self,
        executor: &mut E,
        rate: f32,
        coordinates: &[f32],
        memory: &mut Memory<'_>,
    ) {
        memory.coordinates.copy_from_slice(coordinates);
        match self.method {
            Method::Sgd | Method::GradientBases(_) => {
                panic!("a step of {} cannot be replayed from coordinates", self.method.name())
            }
            Method::Rbd => rbd::replay(self, executor, rate, memory),
            Method::Fpd => fpd::replay::<N, E>(self, executor, rate, memory),
            Method::Nes(evolution) | Method::Hybrid(evolution) => {
                nes::replay(self, evolution, executor, rate, memory)
            }
        }
        self.steps += 1;
    }
}

/// The original's rule: the base rate times the batch size times the number of workers.
#[must_use]
pub fn learning_rate(base: f32, batch: u32, workers: u32) -> f32 {
    base * batch as f32 * workers as f32
}
