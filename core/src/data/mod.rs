//! Data without std: synthetic images, splits, shuffles, augmentation.
//!
//! Images are bytes, `[height][width][channels]`, until they enter a batch; [`Images::write`] says what becomes of them
//! there.

mod order;
pub mod synthetic;
mod view;

pub use order::{epoch_batch, shuffle, training_index, validation_start};
pub use view::{View, margin};

/// Labelled images in memory.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// Height, width and channels of each. One channel is grey; three are red, green and blue.
    pub shape: [usize; 3],
    /// `[images][height][width][channels]`
    pub pixels: &'a [u8],
    /// One class per image.
    pub labels: &'a [u8],
}
