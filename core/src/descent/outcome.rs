//! What a step says about the images that it saw.

use crate::nn::{self, Layer, Network};
use crate::numerics::Math;
use crate::step::Executor;

/// What a step saw before its update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The mean loss: of the mini-batch, over all offspring, or over all workers.
    pub loss: f32,
    /// Images that were classified right.
    pub right: u64,
    /// Of how many.
    pub images: u64,
    /// Whether the step followed the gradient, in a method that goes along random directions.
    pub sgd: bool,
}

impl Outcome {
    /// Of no images.
    pub const NOTHING: Self = Self { loss: 0.0, right: 0, images: 0, sgd: false };

    /// Of the logits of one mini-batch. `losses`: two floats per image.
    ///
    /// # Panics
    /// If the lengths do not match.
    pub fn of<N: Network, M: Math, E: Executor>(
        executor: &mut E,
        logits: &[f32],
        labels: &[u8],
        losses: &mut [f32],
    ) -> Self {
        let mut right = 0;
        let loss = nn::mean_loss::<M, E>(executor, N::Layers::OUTPUT, logits, labels, losses, |metrics| {
            right += u64::from(metrics.rank == 0);
        });
        Self { loss, right, images: labels.len() as u64, sgd: false }
    }

    /// Adds losses and counts.
    pub fn add(&mut self, other: Self) {
        self.loss += other.loss;
        self.right += other.right;
        self.images += other.images;
    }
}
