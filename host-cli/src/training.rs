//! A run in progress: images in, steps and evaluations out.
//!
//! [`Training`] hides the network's type and the math implementation behind one object, so that the commands above are
//! compiled once. Everything that decides a bit happens in the core.

use std::marker::PhantomData;

use random_bases_core::data::View;
use random_bases_core::descent::{Descent, Memory, Outcome, Sizes, offspring};
use random_bases_core::nn::{self, Layer, Network};
use random_bases_core::numerics::{Libm, Math, MathId, Micromath};
use random_bases_core::subspace::Strategy;

use crate::dataset::{DataSet, Split};
use crate::executor::Threads;
use crate::feed::{Feed, write};
use crate::model::{Model, with_network};
use crate::run_spec::RunSpec;

/// Blocks of directions that the fused strategy keeps in flight, or offspring, per thread.
const BLOCKS_PER_THREAD: usize = 2;

/// Floats that offspring in flight, or an evaluation, may take: 1 GiB. Beyond it there are fewer at a time; no bit depends on
/// it.
const FLOATS_AT_ONCE: usize = 1 << 28;

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
    /// One step on the next mini-batches.
    fn step(&mut self, learning_rate: f32) -> Outcome;
    /// Evaluates the current weights; `None` if there are no such images.
    fn evaluate(&mut self, part: Part, batch: usize) -> Option<Evaluation>;
    /// Mini-batches in an epoch.
    fn batches_per_epoch(&self) -> u64;
    /// theta.
    fn weights(&mut self) -> &[f32];
    /// What the last step lifted or projected to; none for SGD.
    fn coordinates(&mut self) -> &[f32];
    /// A named tensor of the last step: `weights`; and of methods with a gradient `gradient`, `logits`, `input`.
    fn tensor(&mut self, name: &str) -> Option<&[f32]>;
}

/// The system does not give the memory that a run needs.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("needs {:.1} GiB of memory, more than this machine gives; choose a smaller batch_size, base_dimensions or network", *.0 as f64 * 4.0 / f64::from(1 << 30))]
pub struct NoMemory(usize);

/// So many zeros, or an error where `vec!` would end the program.
fn zeros(len: usize) -> Result<Vec<f32>, NoMemory> {
    Vec::<f32>::new().try_reserve_exact(len).map_err(|_| NoMemory(len))?;
    Ok(vec![0.0; len])
}

/// Begins a run: makes the initial weights.
///
/// # Errors
/// [`NoMemory`].
pub fn begin<'d>(
    spec: &RunSpec,
    strategy: Strategy,
    executor: Threads,
    data: &'d DataSet,
    split: Split,
) -> Result<Box<dyn Training + 'd>, NoMemory> {
    with_network!(spec.network, N => match spec.math {
        MathId::Libm => begin_typed::<N, Libm>(spec, strategy, executor, data, split),
        MathId::Micromath => begin_typed::<N, Micromath>(spec, strategy, executor, data, split),
    })
}

fn begin_typed<'d, N: Network, M: Math>(
    spec: &RunSpec,
    strategy: Strategy,
    mut executor: Threads,
    data: &'d DataSet,
    split: Split,
) -> Result<Box<dyn Training + 'd>, NoMemory> {
    let (images, dimensions) = (spec.batch as usize, spec.dimensions as usize);
    let wave = BLOCKS_PER_THREAD * executor.threads();
    let fitting = FLOATS_AT_ONCE / offspring::len::<N>(images);
    let wave = if spec.method.has_gradient() { wave } else { wave.min(fitting.max(1)) };
    let sizes = Sizes::with_wave::<N>(spec.method, images, dimensions, strategy, wave);
    let mut floats = zeros(sizes.floats())?;
    let mut descent = spec.descent(strategy);
    descent.start::<N, _>(&mut executor, &mut Memory::carve(sizes, &mut floats));
    let feed = Feed::new(spec, data, split, executor.pool());
    Ok(Box::new(Typed::<N, M> {
        executor,
        descent,
        sizes,
        floats,
        data,
        split,
        feed,
        evaluation: Vec::new(),
        types: PhantomData,
    }))
}

struct Typed<'d, N, M> {
    executor: Threads,
    descent: Descent,
    sizes: Sizes,
    floats: Vec<f32>,
    data: &'d DataSet,
    split: Split,
    feed: Feed<'d>,
    /// Input, activations and losses of an evaluation batch; empty until the first evaluation.
    evaluation: Vec<f32>,
    types: PhantomData<fn() -> (N, M)>,
}

impl<N: Network, M: Math> Typed<'_, N, M> {
    fn memory(&mut self) -> Memory<'_> {
        Memory::carve(self.sizes, &mut self.floats)
    }
}

impl<N: Network, M: Math> Training for Typed<'_, N, M> {
    fn step(&mut self, learning_rate: f32) -> Outcome {
        let mut memory = Memory::carve(self.sizes, &mut self.floats);
        self.feed.begin_step(self.descent.steps);
        self.descent.step::<N, M, _>(&mut self.executor, learning_rate, &mut self.feed, &mut memory)
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
        let per_image = N::Layers::INPUT + N::Layers::ACTIVATIONS + 2;
        let batch = batch.min(range.len()).min(FLOATS_AT_ONCE / per_image);
        let weights = &self.floats[..N::PARAMS];
        let count = range.len() as f64;
        let (mut loss, mut right, mut top_3) = (0.0, 0u64, 0u64);
        self.evaluation.resize(batch * per_image, 0.0);
        let mut labels = vec![0; batch];
        for start in range.clone().step_by(batch) {
            let count = batch.min(range.end - start);
            let (input, rest) = self.evaluation.split_at_mut(count * N::Layers::INPUT);
            let (activations, rest) = rest.split_at_mut(count * N::Layers::ACTIVATIONS);
            let labels = &mut labels[..count];
            let place = |i| (start + i, View::plain(images.shape));
            write(images, self.executor.pool(), place, input, labels);
            nn::forward::<N, _>(&mut self.executor, weights, input, count, activations);
            let logits = N::Layers::output(activations, count);
            nn::metrics::<M, _>(&mut self.executor, N::Layers::OUTPUT, logits, labels, rest, |metrics| {
                loss += f64::from(metrics.loss);
                right += u64::from(metrics.rank == 0);
                top_3 += u64::from(metrics.rank < 3);
            });
        }
        Some(Evaluation { loss: loss / count, accuracy: right as f64 / count, top_3: top_3 as f64 / count })
    }

    fn batches_per_epoch(&self) -> u64 {
        self.feed.batches_per_epoch()
    }

    fn weights(&mut self) -> &[f32] {
        self.memory().weights
    }

    fn coordinates(&mut self) -> &[f32] {
        self.memory().coordinates
    }

    fn tensor(&mut self, name: &str) -> Option<&[f32]> {
        let images = self.sizes.images;
        match name {
            "weights" => Some(self.memory().weights),
            _ if self.sizes.gradient == 0 => None,
            "input" => Some(self.feed.input()),
            "gradient" => Some(self.memory().gradient),
            "logits" => {
                let activations = self.memory().activations;
                Some(N::Layers::output(activations, images))
            }
            _ => None,
        }
    }
}

/// Weights being rebuilt from coordinates: no images, no gradients.
pub trait Replay {
    /// Repeats a recorded step.
    fn step(&mut self, learning_rate: f32, coordinates: &[f32]);
    /// theta.
    fn weights(&mut self) -> &[f32];
}

/// Begins a replay of a run whose method can be replayed: makes the initial weights.
///
/// # Errors
/// [`NoMemory`].
pub fn begin_replay(spec: &RunSpec, executor: Threads) -> Result<Box<dyn Replay>, NoMemory> {
    with_network!(spec.network, N => begin_replay_typed::<N>(spec, executor))
}

fn begin_replay_typed<N: Network>(
    spec: &RunSpec,
    mut executor: Threads,
) -> Result<Box<dyn Replay>, NoMemory> {
    let sizes = Sizes::of_replay::<N>(spec.dimensions as usize);
    let mut floats = zeros(sizes.floats())?;
    let mut descent = spec.descent(Strategy::TwoPass);
    descent.start::<N, _>(&mut executor, &mut Memory::carve(sizes, &mut floats));
    Ok(Box::new(TypedReplay::<N> { executor, descent, sizes, floats, network: PhantomData }))
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
pub fn tensors(network: Model) -> nn::Tensors {
    with_network!(network, N => nn::tensors::<N>())
}
