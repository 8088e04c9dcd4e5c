//! Mini-batches for a training, in the order that the contract gives them.

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

/// The images of a run.
pub struct Feed<'d> {
    data: &'d DataSet,
    split: Split,
    seed: u64,
    augmentation: bool,
    /// Images per mini-batch.
    images: usize,
    /// Mini-batches per step.
    batches: u64,
    /// The next step's first mini-batch, counted over the whole run.
    first: u64,
    /// Which epoch `order` is of.
    epoch: Option<u32>,
    /// That epoch's permutation of the training images.
    order: Vec<u32>,
    /// Of the mini-batches last taken: which images, and in which epoch each is seen.
    places: Vec<(u32, u32)>,
    input: Vec<f32>,
    labels: Vec<u8>,
    pool: Arc<rayon::ThreadPool>,
}

impl<'d> Feed<'d> {
    /// For a run from its first step on.
    #[must_use]
    pub fn new(spec: &RunSpec, data: &'d DataSet, split: Split, pool: &Arc<rayon::ThreadPool>) -> Self {
        Self {
            data,
            split,
            seed: spec.seed,
            augmentation: spec.data.augmentation,
            images: spec.batch as usize,
            batches: spec.batches_per_step(),
            first: 0,
            epoch: None,
            order: vec![0; split.training as usize],
            places: Vec::new(),
            input: Vec::new(),
            labels: Vec::new(),
            pool: Arc::clone(pool),
        }
    }

    /// Mini-batches in an epoch. Images that do not fill one are left out until the next epoch.
    #[must_use]
    pub fn batches_per_epoch(&self) -> u64 {
        (self.order.len() / self.images) as u64
    }

    /// What is taken next belongs to step `step`.
    pub fn begin_step(&mut self, step: u64) {
        self.first = step * self.batches;
    }

    /// The images last taken, as a network sees them.
    #[must_use]
    pub fn input(&self) -> &[f32] {
        &self.input
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
}

impl Batches for Feed<'_> {
    fn take(&mut self, first: usize, count: usize, images: usize) -> Batch<'_> {
        assert_eq!(images, self.images, "mini-batches of a run have one size");
        self.places.clear();
        for batch in first..first + count {
            self.push(self.first + batch as u64);
        }
        let train = self.data.train();
        self.input.resize(self.places.len() * train.shape.iter().product::<usize>(), 0.0);
        self.labels.resize(self.places.len(), 0);
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
        write(train, &self.pool, place, &mut self.input, &mut self.labels);
        Batch { input: &self.input, labels: &self.labels }
    }
}
