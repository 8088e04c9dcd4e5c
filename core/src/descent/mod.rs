//! Methods of descent: short programs over the same supersteps.
//!
//! **The update loop is here**: [`Descent::step`] is one training step, and each method's file ([`sgd`], [`rbd`],
//! [`fpd`]) reads as its algorithm. [`Descent::replay`] makes the same update from recorded coordinates, with no data
//! and no gradient.

pub mod fpd;
mod memory;
pub mod rbd;
pub mod sgd;

pub use memory::{Memory, Sizes};

use crate::basis::Distribution;
use crate::nn::{Batch, Network, initial_weights};
use crate::numerics::Math;
use crate::random::Key;
use crate::step::Executor;
use crate::subspace::{Basis, Normalisation, Strategy};

/// Which method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Method {
    /// Stochastic gradient descent in all D dimensions: the baseline.
    Sgd,
    /// Random bases descent: a new basis at every step (the paper's contribution).
    Rbd,
    /// Fixed projection descent: one basis for the whole run (Li et al. 2018).
    Fpd,
}

impl Method {
    /// All of them, in the order of their numbers in records.
    pub const ALL: [Self; 3] = [Self::Sgd, Self::Rbd, Self::Fpd];

    /// The name used on command lines and in readable views.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Rbd => "rbd",
            Self::Fpd => "fpd",
        }
    }
}

/// How a basis is drawn, but for the key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Subspace {
    /// d; positive.
    pub dimensions: usize,
    /// What the elements of a row are drawn from.
    pub distribution: Distribution,
    /// What a row is divided by.
    pub normalisation: Normalisation,
}

impl Subspace {
    /// The basis of this key.
    #[must_use]
    pub const fn draw(&self, key: Key) -> Basis {
        Basis {
            key,
            distribution: self.distribution,
            normalisation: self.normalisation,
            dimensions: self.dimensions,
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
    /// d, distribution and normalisation. Not used by SGD.
    pub subspace: Subspace,
    /// Two-pass or fused; no bit depends on it.
    pub strategy: Strategy,
    /// Steps made so far.
    pub steps: u64,
}

impl Descent {
    /// Writes the initial weights and begins at step 0.
    pub fn start<N: Network, E: Executor>(&mut self, executor: &mut E, memory: &mut Memory<'_>) {
        self.steps = 0;
        initial_weights::<N, E>(executor, self.seed, memory.weights);
        memory.position.fill(0.0);
    }

    /// One training step with learning rate `rate` on `batch`. Afterwards the weights have moved,
    /// [`Memory::coordinates`] tells how (nothing, for SGD), and the activations of the batch are still there.
    pub fn step<N: Network, M: Math, E: Executor>(
        &mut self,
        executor: &mut E,
        rate: f32,
        batch: Batch<'_>,
        memory: &mut Memory<'_>,
    ) {
        match self.method {
            Method::Sgd => sgd::step::<N, M, E>(executor, rate, batch, memory),
            Method::Rbd => rbd::step::<N, M, E>(self, executor, rate, batch, memory),
            Method::Fpd => fpd::step::<N, M, E>(self, executor, rate, batch, memory),
        }
        self.steps += 1;
    }

    /// Repeats a recorded step: what [`Descent::step`] did, from its learning rate and coordinates.
    ///
    /// Needs no batch, no gradient and no activations. Not possible for SGD, whose update does not lie in the span of
    /// regenerated rows.
    ///
    /// # Panics
    /// If the method is SGD or there are not d coordinates.
    pub fn replay<N: Network, E: Executor>(
        &mut self,
        executor: &mut E,
        rate: f32,
        coordinates: &[f32],
        memory: &mut Memory<'_>,
    ) {
        memory.coordinates.copy_from_slice(coordinates);
        match self.method {
            Method::Sgd => panic!("a step of SGD cannot be replayed from coordinates"),
            Method::Rbd => rbd::replay(self, executor, rate, memory),
            Method::Fpd => fpd::replay::<N, E>(self, executor, rate, memory),
        }
        self.steps += 1;
    }
}

/// The original's rule: the base rate times the batch size times the number of workers.
#[must_use]
pub fn learning_rate(base: f32, batch: u32, workers: u32) -> f32 {
    base * batch as f32 * workers as f32
}
