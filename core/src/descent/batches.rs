//! Where the images of a step come from.

use crate::nn::Batch;

/// The mini-batches of one step. Most methods take one; NES takes one per direction, and asks for them in pieces that fit
/// its memory.
pub trait Batches {
    /// The mini-batches `first .. first + count` of the step, one after the other, each of `images` images.
    fn take(&mut self, first: usize, count: usize, images: usize) -> Batch<'_>;
}

/// All of the step's images are at hand. Methods that compute a gradient also take a single mini-batch that is smaller than
/// the buffers'.
impl Batches for Batch<'_> {
    fn take(&mut self, first: usize, count: usize, images: usize) -> Batch<'_> {
        self.slice(first * images, (count * images).min(self.labels.len() - first * images))
    }
}
