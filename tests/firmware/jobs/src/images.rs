//! Mini-batches of synthetic digits, drawn when they are needed: none is kept.

use random_bases_core::data::synthetic::{Part, digit};
use random_bases_core::data::{Images, View, epoch_batch, shuffle, training_index};
use random_bases_core::descent::Batches;
use random_bases_core::nn::{self, Batch, Layer, Network};
use random_bases_core::numerics::Libm;
use random_bases_core::record::Run;
use random_bases_core::step::Executor;

use crate::failure::Failure;

/// The seed of all synthetic data sets.
const SEED: u64 = 1;

/// Room for a mini-batch of at most `IMAGES` digits of `PIXELS` pixels.
#[derive(Debug)]
pub struct Room<const PIXELS: usize, const IMAGES: usize> {
    /// `[images][pixels]`
    pub input: [[f32; PIXELS]; IMAGES],
    /// One per image.
    pub labels: [u8; IMAGES],
}

impl<const PIXELS: usize, const IMAGES: usize> Room<PIXELS, IMAGES> {
    /// Room with anything in it.
    #[must_use]
    pub const fn new() -> Self {
        Self { input: [[0.0; PIXELS]; IMAGES], labels: [0; IMAGES] }
    }

    /// Draws digit `index` of a part, and puts it at `place` as it is seen.
    pub fn draw<const SIDE: usize>(&mut self, place: usize, part: Part, index: u32, view: View) {
        let mut pixels = [0; PIXELS];
        let labels = [digit::<SIDE>(SEED, part, index, &mut pixels)];
        let images = Images { shape: [SIDE, SIDE, 1], pixels: &pixels, labels: &labels };
        self.labels[place] = images.write(0, view, &mut self.input[place]);
    }

    /// The first `count` images.
    #[must_use]
    pub fn batch(&self, count: usize) -> Batch<'_> {
        Batch { input: self.input[..count].as_flattened(), labels: &self.labels[..count] }
    }

    /// How many of the first `images` test digits the weights classify right. `activations` and `losses`: of one image.
    pub fn count_right<N: Network, const SIDE: usize, E: Executor>(
        &mut self,
        executor: &mut E,
        images: u32,
        weights: &[f32],
        activations: &mut [f32],
        losses: &mut [f32],
    ) -> u32 {
        let mut right = 0;
        for index in 0..images {
            self.draw::<SIDE>(0, Part::Test, index, View::plain([SIDE, SIDE, 1]));
            let batch = self.batch(1);
            let activations = &mut activations[..N::Layers::ACTIVATIONS];
            nn::forward::<N, E>(executor, weights, batch.input, 1, activations);
            let logits = N::Layers::output(activations, 1);
            nn::metrics::<Libm, E>(executor, N::Layers::OUTPUT, logits, batch.labels, losses, |image| {
                right += u32::from(image.rank == 0);
            });
        }
        right
    }
}

impl<const PIXELS: usize, const IMAGES: usize> Default for Room<PIXELS, IMAGES> {
    fn default() -> Self {
        Self::new()
    }
}

/// The images of a recorded run of the small network, in its order.
#[derive(Debug)]
pub struct Feed<'a> {
    seed: u64,
    augmentation: bool,
    /// Where validation images are cut out, and how many.
    validation: [u32; 2],
    /// Images per mini-batch.
    images: usize,
    /// Which epoch `order` is of.
    epoch: Option<u32>,
    order: &'a mut [u32],
    room: &'a mut Room<64, 32>,
    /// The step's first mini-batch, counted over the run.
    first: u64,
    /// How many images were taken last.
    taken: usize,
}

impl<'a> Feed<'a> {
    /// The images of `run`.
    ///
    /// # Errors
    /// [`Failure::Memory`] if `order` has not a place for each of its training images, or `room` for a mini-batch.
    pub fn new(
        run: &Run<'_>,
        order: &'a mut [u32],
        room: &'a mut Room<64, 32>,
    ) -> Result<Self, Failure<'static>> {
        let training = (run.data.images - run.data.validation) as usize;
        let images = run.batch as usize;
        for (needed, available) in [(training, order.len()), (images * 64, room.input.as_flattened().len())] {
            if needed > available {
                return Err(Failure::Memory { needed, available });
            }
        }
        Ok(Self {
            seed: run.seed,
            augmentation: run.data.augmentation,
            validation: [run.data.validation_start, run.data.validation],
            images,
            epoch: None,
            order: &mut order[..training],
            room,
            first: 0,
            taken: 0,
        })
    }

    /// What is taken next belongs to a step whose first mini-batch is number `first` of the run.
    pub const fn begin_step(&mut self, first: u64) {
        self.first = first;
    }

    /// What was taken last.
    #[must_use]
    pub fn taken(&self) -> Batch<'_> {
        self.room.batch(self.taken)
    }

    /// The room, when the run is over.
    pub const fn room(&mut self) -> &mut Room<64, 32> {
        self.room
    }
}

impl Batches for Feed<'_> {
    /// # Panics
    /// If more than one mini-batch is asked for: a memory for one offspring at a time takes no more.
    fn take(&mut self, first: usize, count: usize, _: usize) -> Batch<'_> {
        assert_eq!(count, 1, "one mini-batch at a time");
        let per_epoch = (self.order.len() / self.images) as u64;
        let (epoch, place) = epoch_batch(self.first + first as u64, per_epoch);
        if self.epoch != Some(epoch) {
            shuffle(self.seed, epoch, self.order);
            self.epoch = Some(epoch);
        }
        let order = &self.order[place as usize * self.images..][..self.images];
        for (i, &image) in order.iter().enumerate() {
            let index = training_index(image, self.validation[0], self.validation[1]);
            let shape = [8, 8, 1];
            let view = match self.augmentation {
                true => View::draw(shape, self.seed, epoch, index),
                false => View::plain(shape),
            };
            self.room.draw::<8>(i, Part::Train, index, view);
        }
        self.taken = self.images;
        self.taken()
    }
}
