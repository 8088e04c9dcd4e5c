//! Mini-batches for a training, in the order that the contract gives them; those of the next step while a step is in progress.

use std::ops::Range;
use std::sync::Arc;

use random_bases_core::data::{Images, View, epoch_batch, shuffle, training_index};
use random_bases_core::descent::Batches;
use random_bases_core::nn::Batch;
use rayon::prelude::*;

use crate::dataset::{DataSet, Split};
use crate::run_spec::RunSpec;

/// Images from which on several threads share the work: a small mini-batch is done before they would have woken up.
const SHARED: usize = 128;

/// Writes images one after the other: `place` says which, and how each is seen.
pub fn write(
    images: Images<'_>,
    pool: &rayon::ThreadPool,
    place: impl Fn(usize) -> (usize, View) + Sync,
    input: &mut [f32],
    labels: &mut [u8],
) {
    let len = images.shape.iter().product();
    let write = |(i, (input, label)): (usize, (&mut [f32], &mut u8))| {
        let (index, view) = place(i);
        *label = images.write(index, view, input);
    };
    if labels.len() < SHARED {
        input.chunks_exact_mut(len).zip(labels).enumerate().for_each(write);
    } else {
        pool.install(|| input.par_chunks_exact_mut(len).zip(labels).enumerate().for_each(write));
    }
}

/// Mini-batches, one after the other, as a network sees them.
#[derive(Debug, Default)]
struct Made {
    /// Which, counted over the whole run.
    batches: Range<u64>,
    input: Vec<f32>,
    labels: Vec<u8>,
}

/// What mini-batches are made from.
struct Source<'d> {
    data: &'d DataSet,
    split: Split,
    seed: u64,
    augmentation: bool,
    /// Images per mini-batch.
    images: usize,
    /// Which epoch `order` is of.
    epoch: Option<u32>,
    /// That epoch's permutation of the training images.
    order: Vec<u32>,
    /// Of the mini-batches at hand: which images, and in which epoch each is seen.
    places: Vec<(u32, u32)>,
    pool: Arc<rayon::ThreadPool>,
}

/// The images of a run.
pub struct Feed<'d> {
    source: Source<'d>,
    /// Mini-batches per step.
    batches: u64,
    /// The next step's first mini-batch.
    first: u64,
    /// What was taken last.
    taken: Made,
    /// What was made ahead.
    next: Made,
}

impl<'d> Feed<'d> {
    /// For a run from its first step on.
    #[must_use]
    pub fn new(spec: &RunSpec, data: &'d DataSet, split: Split, pool: &Arc<rayon::ThreadPool>) -> Self {
        let source = Source {
            data,
            split,
            seed: spec.seed,
            augmentation: spec.data.augmentation,
            images: spec.batch as usize,
            epoch: None,
            order: vec![0; split.training as usize],
            places: Vec::new(),
            pool: Arc::clone(pool),
        };
        let (taken, next) = Default::default();
        Self { source, batches: spec.batches_per_step(), first: 0, taken, next }
    }

    /// Mini-batches in an epoch. Images that do not fill one are left out until the next epoch.
    #[must_use]
    pub fn batches_per_epoch(&self) -> u64 {
        self.source.batches_per_epoch()
    }

    /// What is taken next belongs to step `step`.
    pub fn begin_step(&mut self, step: u64) {
        self.first = step * self.batches;
    }

    /// The images last taken, as a network sees them.
    #[must_use]
    pub fn input(&self) -> &[f32] {
        &self.taken.input
    }

    /// Bytes of all buffers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let Source { order, places, .. } = &self.source;
        let floats = self.taken.input.capacity() + self.next.input.capacity();
        let bytes = self.taken.labels.capacity() + self.next.labels.capacity();
        4 * (floats + order.capacity()) + 8 * places.capacity() + bytes
    }

    /// All images of the step, and what makes those of the next step at the same time.
    pub fn all(&mut self) -> (Batch<'_>, Ahead<'_, 'd>) {
        let (first, count) = (self.first, self.batches);
        self.provide(first..first + count);
        let Self { source, taken, next, .. } = self;
        let batches = first + count..first + 2 * count;
        (Batch { input: &taken.input, labels: &taken.labels }, Ahead { source, next, batches })
    }

    /// Puts these mini-batches in place, unless they are there.
    fn provide(&mut self, batches: Range<u64>) {
        if self.next.batches == batches {
            std::mem::swap(&mut self.taken, &mut self.next);
        } else if self.taken.batches != batches {
            self.source.make(batches, &mut self.taken);
        }
    }
}

impl Batches for Feed<'_> {
    fn take(&mut self, first: usize, count: usize, images: usize) -> Batch<'_> {
        assert_eq!(images, self.source.images, "mini-batches of a run have one size");
        let start = self.first + first as u64;
        self.provide(start..start + count as u64);
        Batch { input: &self.taken.input, labels: &self.taken.labels }
    }
}

/// Makes the next step's images while a step is in progress.
pub struct Ahead<'f, 'd> {
    source: &'f mut Source<'d>,
    next: &'f mut Made,
    batches: Range<u64>,
}

impl Ahead<'_, '_> {
    /// Makes them.
    pub fn make(self) {
        self.source.make(self.batches, self.next);
    }
}

impl Source<'_> {
    fn batches_per_epoch(&self) -> u64 {
        (self.order.len() / self.images) as u64
    }

    /// Lists the images of one mini-batch.
    fn push(&mut self, batch: u64) {
        let (epoch, place) = epoch_batch(batch, self.batches_per_epoch());
        if self.epoch != Some(epoch) {
            shuffle(self.seed, epoch, &mut self.order);
            self.epoch = Some(epoch);
        }
        let order = &self.order[place as usize * self.images..][..self.images];
        let Split { start, validation, .. } = self.split;
        self.places.extend(order.iter().map(|&i| (training_index(i, start, validation), epoch)));
    }

    fn make(&mut self, batches: Range<u64>, into: &mut Made) {
        self.places.clear();
        batches.clone().for_each(|batch| self.push(batch));
        let train = self.data.train();
        into.input.resize(self.places.len() * train.shape.iter().product::<usize>(), 0.0);
        into.labels.resize(self.places.len(), 0);
        let (seed, augmentation, places) = (self.seed, self.augmentation, &self.places);
        let place = |i: usize| {
            let (index, epoch) = places[i];
            let view = if augmentation {
                View::draw(train.shape, seed, epoch, index)
            } else {
                View::plain(train.shape)
            };
            (index as usize, view)
        };
        write(train, &self.pool, place, &mut into.input, &mut into.labels);
        into.batches = batches;
    }
}
