//! The mean cross-entropy of softmax, and its deltas.

use random_bases_core::nn::{deltas_of_loss, mean_loss};
use random_bases_core::numerics::Libm;
use random_bases_core::step::Serial;

use super::differences::{STEP, assert_all_near, derivative, exact, largest, numbers};
use super::reference::cross_entropy;

/// Such that classes are almost equally probable, usual ones, and such that softmax saturates.
const SIZES_OF_LOGITS: [f32; 3] = [0.1, 3.0, 30.0];

#[test]
fn softmax_and_cross_entropy() {
    for classes in [1, 2, 3, 10, 17] {
        // Around the 32 images of a tile.
        for images in [1, 2, 5, 31, 33] {
            SIZES_OF_LOGITS.into_iter().for_each(|size| check(classes, images, size));
        }
    }
}

fn check(classes: usize, images: usize, size: f32) {
    let what = |what| format!("{classes} classes, {images} images, logits up to {size}: {what}");
    let logits: Vec<_> = numbers(images * classes, 1).iter().map(|z| z * size).collect();
    let labels: Vec<_> = (0..images).map(|image| ((image * 7 + 1) % classes) as u8).collect();

    let executor: &mut Serial = &mut Serial::new();
    let mut scratch = vec![f32::NAN; 2 * images];
    let loss = mean_loss::<Libm, _>(executor, classes, &logits, &labels, &mut scratch, |_| {});
    let mut deltas = vec![f32::NAN; logits.len()];
    deltas_of_loss::<Libm, _>(executor, classes, &logits, &labels, &mut deltas);

    // Where softmax saturates, loss and deltas may be far smaller than what they are computed from: a loss from a logarithm
    // and a difference of logits, a delta from a probability, divided by the number of images. These are the scales.
    let mut z = exact(&logits);
    let scale = (classes as f64).ln() + largest(&z);
    assert_all_near(&what("loss"), scale, &[cross_entropy(classes, &z, &labels)], &[loss]);
    let want: Vec<_> = (0..z.len())
        .map(|e| derivative(&mut z, e, STEP, |z, _| cross_entropy(classes, z, &labels)).expect("no kinks"))
        .collect();
    assert_all_near(&what("deltas"), 1.0 / images as f64, &want, &deltas);
}
