//! Data without std: synthetic images, splits, shuffles, batches.
//!
//! Images are bytes, `[height][width][channels]`, until they enter a batch; there every pixel becomes `pixel / 255`.

mod order;
pub mod synthetic;

pub use order::{shuffle, training_index, validation_start};

/// Labelled images in memory.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// `[images][pixels]`
    pub pixels: &'a [u8],
    /// One class per image.
    pub labels: &'a [u8],
}

impl Images<'_> {
    /// Copies image `index` to `input`, each byte divided by 255 (a true division, rounded once), and returns its label.
    ///
    /// # Panics
    /// If there is no such image, or `input` is not as long as an image.
    pub fn write(&self, index: usize, input: &mut [f32]) -> u8 {
        let pixels = &self.pixels[index * input.len()..][..input.len()];
        for (x, &pixel) in input.iter_mut().zip(pixels) {
            *x = f32::from(pixel) / 255.0;
        }
        self.labels[index]
    }
}
