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
        nn::metrics::<M, E>(executor, N::Layers::OUTPUT, logits, labels, losses, |_| ());
        Self::of_metrics(&losses[..2 * labels.len()])
    }

    /// Of loss and rank of each image of one mini-batch, in turn: what [`Outcome::of`] leaves in `losses`.
    #[must_use]
    pub fn of_metrics(metrics: &[f32]) -> Self {
        let (mut sum, mut right) = (0.0, 0);
        for image in metrics.chunks_exact(2) {
            sum += image[0];
            right += u64::from(image[1] == 0.0);
        }
        let images = metrics.len() / 2;
        Self { loss: sum * (1.0 / images as f32), right, images: images as u64, sgd: false }
    }

    /// Adds losses and counts.
    pub fn add(&mut self, other: Self) {
        self.loss += other.loss;
        self.right += other.right;
        self.images += other.images;
    }
}
