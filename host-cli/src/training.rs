//! A run in progress: images in, steps and evaluations out.
//!
//! [`Training`] hides the network's type and the math implementation behind one object, so that the commands above are
//! compiled once. Everything that decides a bit happens in the core.

use std::marker::PhantomData;

use random_bases_core::data::{Images, shuffle, training_index};
use random_bases_core::descent::{Descent, Memory, Sizes};
use random_bases_core::nn::{self, Batch, Fc28, Layer, Network, Small8};
use random_bases_core::numerics::{Libm, Math, MathId, Micromath};
use random_bases_core::subspace::Strategy;

use crate::dataset::{DataSet, Split};
use crate::executor::Threads;
use crate::run_spec::RunSpec;
use crate::settings;

/// Blocks of directions that the fused strategy keeps in flight, per thread.
const BLOCKS_PER_THREAD: usize = 2;

/// Calls a generic function for the network and math that a record names.
macro_rules! with_types {
    ($network:expr, $math:expr, $function:ident($($argument:expr),*)) => {
        match ($network, $math) {
            (settings::Network::Fc, MathId::Libm) => $function::<Fc28, Libm>($($argument),*),
            (settings::Network::Fc, MathId::Micromath) => $function::<Fc28, Micromath>($($argument),*),
            (settings::Network::Small, MathId::Libm) => $function::<Small8, Libm>($($argument),*),
            (settings::Network::Small, MathId::Micromath) => $function::<Small8, Micromath>($($argument),*),
        }
    };
}

/// What one step saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Mean loss of the batch, before the update.
    pub loss: f32,
    /// Images of the batch that were classified right, before the update.
    pub right: u32,
}

/// How good the network is on some images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean cross-entropy: the images' f32 losses, added in order in f64.
    pub loss: f64,
    /// Share classified right.
    pub accuracy: f64,
    /// Share with the label among the three likeliest classes.
    pub top_3: f64,
}

/// Which images to evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The images held back from training.
    Validation,
    /// The test set.
    Test,
}

/// A run in progress.
pub trait Training {
    /// One step on the next batch.
    fn step(&mut self, learning_rate: f32) -> StepReport;
    /// Evaluates the current weights; `None` if there are no such images.
    fn evaluate(&mut self, part: Part, batch: usize) -> Option<Evaluation>;
    /// Steps in an epoch.
    fn steps_per_epoch(&self) -> u64;
    /// theta.
    fn weights(&mut self) -> &[f32];
    /// The coordinates of the last step; none for SGD.
    fn coordinates(&mut self) -> &[f32];
    /// A named tensor of the last step: `weights`, `gradient`, `logits`, `input`.
    fn tensor(&mut self, name: &str) -> Option<&[f32]>;
}

/// Begins a run: makes the initial weights.
#[must_use]
pub fn begin<'d>(
    spec: &RunSpec,
    strategy: Strategy,
    executor: Threads,
    data: &'d DataSet,
    split: Split,
) -> Box<dyn Training + 'd> {
    with_types!(spec.network, spec.math, begin_typed(spec, strategy, executor, data, split))
}

fn begin_typed<'d, N: Network, M: Math>(
    spec: &RunSpec,
    strategy: Strategy,
    mut executor: Threads,
    data: &'d DataSet,
    split: Split,
) -> Box<dyn Training + 'd> {
    let images = spec.batch as usize;
    let mut sizes = Sizes::of::<N>(images, spec.dimensions as usize, strategy);
    if sizes.dimensions > 0 {
        let wave = BLOCKS_PER_THREAD * executor.threads();
        sizes.scratch = strategy.scratch_for(N::PARAMS, sizes.dimensions, wave);
    }
    let mut floats = vec![0.0; sizes.floats()];
    let mut descent = spec.descent(strategy);
    descent.start::<N, _>(&mut executor, &mut Memory::carve(sizes, &mut floats));
    Box::new(Typed::<N, M> {
        executor,
        descent,
        sizes,
        floats,
        data,
        split,
        order: vec![0; split.training as usize],
        input: vec![0.0; images * N::Layers::INPUT],
        labels: vec![0; images],
        losses: vec![0.0; 2 * images],
        evaluation: Vec::new(),
        types: PhantomData,
    })
}

struct Typed<'d, N, M> {
    executor: Threads,
    descent: Descent,
    sizes: Sizes,
    floats: Vec<f32>,
    data: &'d DataSet,
    split: Split,
    /// The current epoch's permutation of the training images.
    order: Vec<u32>,
    input: Vec<f32>,
    labels: Vec<u8>,
    losses: Vec<f32>,
    /// Input, activations and losses of an evaluation batch; empty until the first evaluation.
    evaluation: Vec<f32>,
    types: PhantomData<fn() -> (N, M)>,
}

impl<N: Network, M: Math> Typed<'_, N, M> {
    fn memory(&mut self) -> Memory<'_> {
        Memory::carve(self.sizes, &mut self.floats)
    }

    /// Writes the next batch to `input` and `labels`; shuffles at the start of an epoch.
    fn next_batch(&mut self) {
        let place = self.descent.steps % self.steps_per_epoch();
        if place == 0 {
            let epoch = self.descent.steps / self.steps_per_epoch();
            shuffle(self.descent.seed, epoch as u32, &mut self.order);
        }
        let images = self.labels.len();
        let order = &self.order[place as usize * images..][..images];
        let rows = self.input.chunks_exact_mut(N::Layers::INPUT);
        for ((input, label), &i) in rows.zip(&mut self.labels).zip(order) {
            let index = training_index(i, self.split.start, self.split.validation);
            *label = self.data.train().write(index as usize, input);
        }
    }
}

impl<N: Network, M: Math> Training for Typed<'_, N, M> {
    fn step(&mut self, learning_rate: f32) -> StepReport {
        self.next_batch();
        let mut memory = Memory::carve(self.sizes, &mut self.floats);
        let batch = Batch { input: &self.input, labels: &self.labels };
        self.descent.step::<N, M, _>(&mut self.executor, learning_rate, batch, &mut memory);

        let (images, classes) = (self.labels.len(), N::Layers::OUTPUT);
        let logits = memory.logits::<N>(images);
        let mut right = 0;
        let loss = nn::mean_loss::<M, _>(
            &mut self.executor,
            classes,
            logits,
            &self.labels,
            &mut self.losses,
            |metrics| {
                right += u32::from(metrics.rank == 0);
            },
        );
        StepReport { loss, right }
    }

    fn evaluate(&mut self, part: Part, batch: usize) -> Option<Evaluation> {
        let (images, range) = match part {
            Part::Validation => {
                let start = self.split.start as usize;
                (self.data.train(), start..start + self.split.validation as usize)
            }
            Part::Test => (self.data.test(), 0..self.data.test_count()),
        };
        if range.is_empty() {
            return None;
        }
        let batch = batch.min(range.len());
        let weights = &self.floats[..N::PARAMS];
        let count = range.len() as f64;
        let (mut loss, mut right, mut top_3) = (0.0, 0u64, 0u64);
        self.evaluation.resize(batch * (N::Layers::INPUT + N::Layers::ACTIVATIONS + 2), 0.0);
        let mut labels = Vec::with_capacity(batch);
        for start in range.clone().step_by(batch) {
            let count = batch.min(range.end - start);
            let (input, rest) = self.evaluation.split_at_mut(count * N::Layers::INPUT);
            let (activations, rest) = rest.split_at_mut(count * N::Layers::ACTIVATIONS);
            fill(images, start, input, &mut labels, N::Layers::INPUT);
            nn::forward::<N, _>(&mut self.executor, weights, input, count, activations);
            let logits = N::Layers::output(activations, count);
            nn::metrics::<M, _>(&mut self.executor, N::Layers::OUTPUT, logits, &labels, rest, |metrics| {
                loss += f64::from(metrics.loss);
                right += u64::from(metrics.rank == 0);
                top_3 += u64::from(metrics.rank < 3);
            });
        }
        Some(Evaluation { loss: loss / count, accuracy: right as f64 / count, top_3: top_3 as f64 / count })
    }

    fn steps_per_epoch(&self) -> u64 {
        (self.order.len() / self.labels.len()) as u64
    }

    fn weights(&mut self) -> &[f32] {
        self.memory().weights
    }

    fn coordinates(&mut self) -> &[f32] {
        self.memory().coordinates
    }

    fn tensor(&mut self, name: &str) -> Option<&[f32]> {
        let images = self.labels.len();
        match name {
            "input" => Some(&self.input),
            "weights" => Some(self.memory().weights),
            "gradient" => Some(self.memory().gradient),
            "logits" => {
                let activations = self.memory().activations;
                Some(N::Layers::output(activations, images))
            }
            _ => None,
        }
    }
}

/// Writes consecutive images.
fn fill(images: Images<'_>, start: usize, input: &mut [f32], labels: &mut Vec<u8>, len: usize) {
    labels.clear();
    for (i, input) in input.chunks_exact_mut(len).enumerate() {
        labels.push(images.write(start + i, input));
    }
}

/// Weights being rebuilt from coordinates: no images, no gradients.
pub trait Replay {
    /// Repeats a recorded step.
    fn step(&mut self, learning_rate: f32, coordinates: &[f32]);
    /// theta.
    fn weights(&mut self) -> &[f32];
}

/// Begins a replay of a run of RBD or FPD: makes the initial weights.
#[must_use]
pub fn begin_replay(spec: &RunSpec, executor: Threads) -> Box<dyn Replay> {
    match spec.network {
        settings::Network::Fc => begin_replay_typed::<Fc28>(spec, executor),
        settings::Network::Small => begin_replay_typed::<Small8>(spec, executor),
    }
}

fn begin_replay_typed<N: Network>(spec: &RunSpec, mut executor: Threads) -> Box<dyn Replay> {
    let sizes = Sizes::of_replay::<N>(spec.dimensions as usize);
    let mut floats = vec![0.0; sizes.floats()];
    let mut descent = spec.descent(Strategy::TwoPass);
    descent.start::<N, _>(&mut executor, &mut Memory::carve(sizes, &mut floats));
    Box::new(TypedReplay::<N> { executor, descent, sizes, floats, network: PhantomData })
}

struct TypedReplay<N> {
    executor: Threads,
    descent: Descent,
    sizes: Sizes,
    floats: Vec<f32>,
    network: PhantomData<fn() -> N>,
}

impl<N: Network> Replay for TypedReplay<N> {
    fn step(&mut self, learning_rate: f32, coordinates: &[f32]) {
        let mut memory = Memory::carve(self.sizes, &mut self.floats);
        self.descent.replay::<N, _>(&mut self.executor, learning_rate, coordinates, &mut memory);
    }

    fn weights(&mut self) -> &[f32] {
        Memory::carve(self.sizes, &mut self.floats).weights
    }
}

/// The parameter tensors of a network.
#[must_use]
pub fn tensors(network: settings::Network) -> nn::Tensors {
    match network {
        settings::Network::Fc => nn::tensors::<Fc28>(),
        settings::Network::Small => nn::tensors::<Small8>(),
    }
}
