//! Softmax and cross-entropy.

use core::marker::PhantomData;

use crate::numerics::{Lanes, Math};
use crate::step::{Executor, Parts, Superstep, Work, piece};

/// Images per tile.
const IMAGES: usize = 32;

/// Superstep: the deltas of the logits of some images, for the mean cross-entropy over all of them.
struct LossDeltas<'a, M> {
    classes: usize,
    /// `[images][classes]`
    logits: &'a [f32],
    labels: &'a [u8],
    math: PhantomData<M>,
}

impl<M: Math> Superstep for LossDeltas<'_, M> {
    const NAME: &'static str = "loss deltas";

    fn chunk(&self) -> usize {
        IMAGES * self.classes
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.logits, index, IMAGES * self.classes));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        let Self { classes, logits, labels, .. } = *self;
        part(0..len, Work::LossDeltas { classes, logits, labels, math: M::ID });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let scale = 1.0 / self.labels.len() as f32;
        let logits = piece(self.logits, index, IMAGES * self.classes);
        let labels = &self.labels[index * IMAGES..];
        let images = out.chunks_exact_mut(self.classes).zip(logits.chunks_exact(self.classes));
        for ((deltas, logits), &label) in images.zip(labels) {
            let largest = maximum(logits);
            let mut sum = 0.0;
            for (e, z) in deltas.iter_mut().zip(logits) {
                *e = M::exp(z - largest);
                sum += *e;
            }
            for (class, e) in deltas.iter_mut().enumerate() {
                let target = if class == usize::from(label) { 1.0 } else { 0.0 };
                *e = (*e / sum - target) * scale;
            }
        }
    }
}

/// Writes the gradient of the mean cross-entropy of softmax with respect to the logits: `(p - target) * (1 / images)`.
///
/// # Panics
/// If the lengths do not match.
pub fn deltas_of_loss<M: Math, E: Executor>(
    executor: &mut E,
    classes: usize,
    logits: &[f32],
    labels: &[u8],
    deltas: &mut [f32],
) {
    assert_eq!(logits.len(), classes * labels.len(), "one row of logits per label");
    assert_eq!(deltas.len(), logits.len(), "one delta per logit");
    executor.run(&LossDeltas { classes, logits, labels, math: PhantomData::<M> }, deltas);
}

/// What is reported of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Its cross-entropy.
    pub loss: f32,
    /// How many classes are ranked before the label: 0 means classified right, below 3 means among the top three. A
    /// class with an equal logit ranks before the label if its number is smaller. The number of classes, if the label's
    /// logit is not a number.
    pub rank: u8,
}

/// Superstep: loss and rank of some images, two floats each.
struct Measure<'a, M> {
    classes: usize,
    logits: &'a [f32],
    labels: &'a [u8],
    math: PhantomData<M>,
}

impl<M: Math> Superstep for Measure<'_, M> {
    const NAME: &'static str = "metrics";

    fn chunk(&self) -> usize {
        IMAGES * 2
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.logits, index, IMAGES * self.classes));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        let Self { classes, logits, labels, .. } = *self;
        part(0..len, Work::Metrics { classes, logits, labels, math: M::ID });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let logits = piece(self.logits, index, IMAGES * self.classes);
        let labels = &self.labels[index * IMAGES..];
        let images = logits.chunks_exact(self.classes).zip(labels);
        for (out, (logits, &label)) in out.chunks_exact_mut(2).zip(images) {
            out[0] = cross_entropy::<M>(logits, label);
            out[1] = f32::from(rank(logits, label));
        }
    }
}

/// Calls `report` with the [`Metrics`] of each image, in order. They depend on the image alone, not on the batch.
///
/// `scratch`: two floats per image.
///
/// # Panics
/// If the lengths do not match.
pub fn metrics<M: Math, E: Executor>(
    executor: &mut E,
    classes: usize,
    logits: &[f32],
    labels: &[u8],
    scratch: &mut [f32],
    mut report: impl FnMut(Metrics),
) {
    assert_eq!(logits.len(), classes * labels.len(), "one row of logits per label");
    assert!(classes < 256, "a rank is a byte");
    let scratch = &mut scratch[..2 * labels.len()];
    executor.run(&Measure { classes, logits, labels, math: PhantomData::<M> }, scratch);
    for metrics in scratch.chunks_exact(2) {
        report(Metrics { loss: metrics[0], rank: metrics[1] as u8 });
    }
}

/// The mean cross-entropy of a batch: the images' losses in order, times `1 / images`. Calls `report` as [`metrics`]
/// does.
///
/// `scratch`: two floats per image.
///
/// # Panics
/// If the lengths do not match.
pub fn mean_loss<M: Math, E: Executor>(
    executor: &mut E,
    classes: usize,
    logits: &[f32],
    labels: &[u8],
    scratch: &mut [f32],
    mut report: impl FnMut(Metrics),
) -> f32 {
    let mut sum = 0.0;
    metrics::<M, E>(executor, classes, logits, labels, scratch, |metrics| {
        sum += metrics.loss;
        report(metrics);
    });
    sum * (1.0 / labels.len() as f32)
}

/// `ln(sum exp(z - max)) - (z[label] - max)`
fn cross_entropy<M: Math>(logits: &[f32], label: u8) -> f32 {
    let largest = maximum(logits);
    let mut sum = 0.0;
    for z in logits {
        sum += M::exp(z - largest);
    }
    M::ln(sum) - (logits[usize::from(label)] - largest)
}

fn rank(logits: &[f32], label: u8) -> u8 {
    let label = usize::from(label);
    let z = logits[label];
    if z.is_nan() {
        return logits.len() as u8;
    }
    let before = |&(class, other): &(usize, &f32)| *other > z || (*other == z && class < label);
    logits.iter().enumerate().filter(before).count() as u8
}

/// The largest logit; the first one if none is larger.
fn maximum(logits: &[f32]) -> f32 {
    let mut largest = logits[0];
    for &z in &logits[1..] {
        if z > largest {
            largest = z;
        }
    }
    largest
}
