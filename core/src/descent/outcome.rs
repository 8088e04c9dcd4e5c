//! What a step says about the images that it saw.

use crate::nn::{self, Layer, Network};
use crate::numerics::Math;
use crate::step::Executor;

/// What a step saw before its update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The mean loss: of the mini-batch, or over all offspring.
    pub loss: f32,
    /// Images that were classified right.
    pub right: u64,
    /// Of how many.
    pub images: u64,
}

impl Outcome {
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
        Self { loss, right, images: labels.len() as u64 }
    }
}
