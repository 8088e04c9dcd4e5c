//! A run in progress: images in, steps and evaluations out.
//!
//! [`Training`] hides the network's type and the math implementation behind one object, so that the commands above are
//! compiled once. Everything that decides a bit happens in the core.

use std::marker::PhantomData;
use std::sync::Arc;

use random_bases_core::data::View;
use random_bases_core::descent::{Batches, Descent, Memory, Method, Outcome, Rates, Sizes, offspring};
use random_bases_core::nn::{self, Layer, Network};
use random_bases_core::numerics::{Libm, Math, MathId, Micromath};
use random_bases_core::step::Executor;
use random_bases_core::subspace::Strategy;

use crate::dataset::{DataSet, Split};
use crate::executor::{Hosted, Wanted};
use crate::failure::Failure;
use crate::feed::{Feed, write};
use crate::model::{Model, with_network};
use crate::probes::look::{Look, Sight, look};
use crate::probes::watch::{Seen, Watch, Watched};
use crate::run_spec::RunSpec;

/// Blocks of directions that the fused strategy keeps in flight, per thread. More of them are no faster, and each takes the memory of
/// five rows.
pub const BLOCKS_PER_THREAD: usize = 1;

/// Offspring in flight, per thread.
const OFFSPRING_PER_THREAD: usize = 2;

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
pub trait Training: Send {
    /// One step on the next mini-batches.
    fn step(&mut self, rates: Rates) -> Outcome;
    /// Whether all that was computed so far means something: see [`Hosted::check`].
    ///
    /// # Errors
    /// What went wrong.
    fn check(&self) -> Result<(), Failure>;
    /// Repeats a recorded step from its coordinates and factors.
    fn replay(&mut self, rates: Rates, coordinates: &[f32], factors: &[f32]);
    /// What each of several workers found out in the last step.
    fn shares(&mut self) -> Vec<Shared>;
    /// Puts the shares of all workers together, as [`Training::replay`] takes them.
    fn join(&mut self, shares: &[Vec<f32>]) -> Vec<f32>;
    /// What each tensor's last step was multiplied with, if anything.
    fn factors(&mut self) -> &[f32];
    /// What, besides the number of steps, the next steps follow from.
    fn state(&mut self) -> Vec<(&'static str, &mut [f32])>;
    /// Goes on before step `steps`, with the state of then.
    fn resume(&mut self, steps: u64);
    /// Looks at every step from now on.
    fn watch(&mut self, watch: Watch);
    /// What was seen in the last step, if it is watched.
    fn seen(&mut self) -> Option<Seen>;
    /// Looks around the weights as they are; nothing moves.
    fn look(&mut self, look: Look) -> Sight;
    /// Evaluates the current weights; `None` if there are no such images.
    fn evaluate(&mut self, part: Part, batch: usize) -> Option<Evaluation>;
    /// Mini-batches in an epoch.
    fn batches_per_epoch(&self) -> u64;
    /// Bytes of all buffers.
    fn bytes(&self) -> usize;
    /// theta.
    fn weights(&mut self) -> &[f32];
    /// What the last step lifted or projected to; none for SGD.
    fn coordinates(&mut self) -> &[f32];
    /// A named tensor of the last step: `weights`; and of methods with a gradient `gradient`, `logits`, `input`.
    fn tensor(&mut self, name: &str) -> Option<&[f32]>;
}

/// What one of several workers found out about a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// Mean loss of the worker's mini-batch.
    pub loss: f32,
    /// Images of it that were classified right.
    pub right: u32,
    /// Its coordinates.
    pub coordinates: Vec<f32>,
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
pub fn begin<'d, X: Hosted + 'd>(
    spec: &RunSpec,
    strategy: impl Into<Generation>,
    executor: X,
    data: &'d DataSet,
    split: Split,
) -> Result<Box<dyn Training + 'd>, NoMemory> {
    let how = strategy.into();
    with_network!(spec.network, N => match spec.math {
        MathId::Libm => begin_typed::<N, Libm, X>(spec, how, executor, data, split),
        MathId::Micromath => begin_typed::<N, Micromath, X>(spec, how, executor, data, split),
    })
}

/// Where rows come from. No bit depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// How often a row is generated in a step.
    pub strategy: Strategy,
    /// Whether rows are kept in memory instead.
    pub keeps_rows: bool,
    /// Whether recorded steps will be made again, from their coordinates.
    pub repeats: bool,
}

impl From<Strategy> for Generation {
    fn from(strategy: Strategy) -> Self {
        Self { strategy, keeps_rows: false, repeats: false }
    }
}

fn begin_typed<'d, N: Network, M: Math, X: Hosted + 'd>(
    spec: &RunSpec,
    how: Generation,
    mut executor: X,
    data: &'d DataSet,
    split: Split,
) -> Result<Box<dyn Training + 'd>, NoMemory> {
    let images = spec.batch as usize;
    let wave = if spec.method.has_gradient() {
        BLOCKS_PER_THREAD * executor.host().threads()
    } else {
        let fitting = FLOATS_AT_ONCE / offspring::len::<N>(images);
        (OFFSPRING_PER_THREAD * executor.host().threads()).min(fitting.max(1))
    };
    let mut descent = spec.descent(how.strategy);
    descent.keeps_rows = how.keeps_rows;
    let sizes = Sizes::of_descent::<N>(&descent, images, wave);
    let sizes = if how.repeats { sizes.and_two_passes::<N>(&descent) } else { sizes };
    let mut floats = zeros(sizes.floats())?;
    descent.start::<N, _>(&mut executor, &mut Memory::carve(sizes, &mut floats));
    let feed = Feed::new(spec, data, split, executor.host().pool());
    Ok(Box::new(Typed::<N, M, X> {
        executor,
        descent,
        sizes,
        floats,
        data,
        split,
        feed,
        evaluation: Vec::new(),
        watched: None,
        types: PhantomData,
    }))
}

struct Typed<'d, N, M, X> {
    executor: X,
    descent: Descent,
    sizes: Sizes,
    floats: Vec<f32>,
    data: &'d DataSet,
    split: Split,
    feed: Feed<'d>,
    /// Input, activations and losses of an evaluation batch; empty until the first evaluation.
    evaluation: Vec<f32>,
    watched: Option<Watched>,
    types: PhantomData<fn() -> (N, M)>,
}

impl<N: Network, M: Math, X: Hosted> Typed<'_, N, M, X> {
    /// The buffers, with what is wanted of the last step.
    fn memory(&mut self, wanted: Wanted) -> Memory<'_> {
        let mut memory = Memory::carve(self.sizes, &mut self.floats);
        self.executor.fetch(wanted, &mut memory);
        memory
    }
}

impl<N: Network, M: Math, X: Hosted> Training for Typed<'_, N, M, X> {
    fn step(&mut self, rates: Rates) -> Outcome {
        let mut memory = Memory::carve(self.sizes, &mut self.floats);
        self.feed.begin_step(self.descent.steps);
        let (descent, executor, feed) = (&mut self.descent, &mut self.executor, &mut self.feed);
        let Some(watched) = &mut self.watched else {
            // Within the pool: supersteps then pass work on without waking up threads that sleep. Meanwhile the next images are made.
            let pool = Arc::clone(executor.host().pool());
            return if executor.host().threads() == 1 {
                executor.step::<N, M>(descent, rates, feed, &mut memory)
            } else if descent.method.has_gradient() {
                pool.install(|| {
                    let (mut batch, ahead) = feed.all();
                    let step = || executor.step::<N, M>(descent, rates, &mut batch, &mut memory);
                    rayon::join(step, || ahead.make()).0
                })
            } else {
                // Their mini-batches are many, and taken a part at a time.
                pool.install(|| executor.step::<N, M>(descent, rates, feed, &mut memory))
            };
        };
        executor.fetch(Wanted::State, &mut memory);
        watched.before(memory.weights);
        let count = descent.options.workers.count as usize;
        if count == 1 {
            let outcome = executor.step::<N, M>(descent, rates, feed, &mut memory);
            executor.fetch(Wanted::All, &mut memory);
            // A step that a schedule lets follow the gradient projects nothing.
            let coordinates = if rates.sgd_step { &[] } else { &*memory.coordinates };
            watched.after::<N, _>(executor, &descent.options, memory.weights, memory.gradient, coordinates);
            return outcome;
        }
        // Worker by worker, to see all their gradients: the same step in every bit.
        executor.release(&mut memory);
        let (mut sum, mut one) = (Outcome::NOTHING, Outcome::NOTHING);
        for worker in 0..count {
            one = descent.share::<N, M, _>(executor, worker, feed, &mut memory);
            sum.add(one);
            watched.take_gradient(worker, memory.gradient);
        }
        descent.join::<N, _>(executor, rates, &mut memory);
        let gradient = watched.mean_gradient(count);
        watched.after::<N, _>(executor, &descent.options, memory.weights, &gradient, memory.coordinates);
        descent.mean(sum, one)
    }

    fn check(&self) -> Result<(), Failure> {
        self.executor.check()
    }

    fn replay(&mut self, rates: Rates, coordinates: &[f32], factors: &[f32]) {
        let mut memory = Memory::carve(self.sizes, &mut self.floats);
        self.executor.release(&mut memory);
        self.descent.replay::<N, _>(&mut self.executor, rates, coordinates, factors, &mut memory);
    }

    fn shares(&mut self) -> Vec<Shared> {
        let memory = Memory::carve(self.sizes, &mut self.floats);
        let shared = |(worker, report): (usize, &[f32])| {
            let mut coordinates = vec![0.0; self.descent.share_len::<N>(worker)];
            self.descent.send::<N>(worker, &memory, &mut coordinates);
            Shared { loss: report[0], right: report[1] as u32, coordinates }
        };
        memory.reports.chunks_exact(2).enumerate().map(shared).collect()
    }

    fn join(&mut self, shares: &[Vec<f32>]) -> Vec<f32> {
        joined::<N>(&self.descent, Memory::carve(self.sizes, &mut self.floats), shares)
    }

    fn factors(&mut self) -> &[f32] {
        self.memory(Wanted::State).factors
    }

    fn state(&mut self) -> Vec<(&'static str, &mut [f32])> {
        // What landscape stores are profiles, of which no next step knows.
        let stays = matches!(self.descent.method, Method::GradientBases(_));
        let mut memory = Memory::carve(self.sizes, &mut self.floats);
        self.executor.release(&mut memory);
        let state = memory.into_state().into_iter();
        let mut state: Vec<_> = state.filter(|(name, _)| stays || *name != "stored").collect();
        if let Some(last) = self.watched.as_mut().and_then(Watched::last) {
            state.push(("last gradient", last));
        }
        state
    }

    fn resume(&mut self, steps: u64) {
        self.descent.resume(steps);
        if let Some(watched) = &mut self.watched {
            watched.resume();
        }
    }

    fn watch(&mut self, watch: Watch) {
        self.watched = Some(Watched::new(watch, N::PARAMS));
    }

    fn seen(&mut self) -> Option<Seen> {
        self.watched.as_mut().and_then(Watched::seen)
    }

    fn look(&mut self, what: Look) -> Sight {
        // The next step's first images; taking them moves nothing.
        self.feed.begin_step(self.descent.steps);
        let mut batch = self.feed.take(0, 1, self.sizes.images);
        // Other work on the executor may take the place of what a step left there.
        self.executor.release(&mut Memory::carve(self.sizes, &mut self.floats));
        let weights = &self.floats[..N::PARAMS];
        look::<N, M, _>(&mut self.executor, what, self.descent.seed, self.descent.steps, weights, &mut batch)
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
        self.executor.release(&mut Memory::carve(self.sizes, &mut self.floats));
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
            write(images, self.executor.host().pool(), place, input, labels);
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

    fn bytes(&self) -> usize {
        4 * self.floats.len() + self.feed.bytes()
    }

    fn weights(&mut self) -> &[f32] {
        self.memory(Wanted::State).weights
    }

    fn coordinates(&mut self) -> &[f32] {
        self.memory(Wanted::State).coordinates
    }

    fn tensor(&mut self, name: &str) -> Option<&[f32]> {
        let images = self.sizes.images;
        match name {
            "weights" => Some(self.memory(Wanted::State).weights),
            _ if self.sizes.gradient == 0 || self.descent.options.workers.count > 1 => None,
            "input" => Some(self.feed.input()),
            "gradient" => Some(self.memory(Wanted::All).gradient),
            "logits" => {
                let activations = self.memory(Wanted::All).activations;
                Some(N::Layers::output(activations, images))
            }
            _ => None,
        }
    }
}

/// The coordinates of all workers, from their shares.
fn joined<N: Network>(descent: &Descent, mut memory: Memory<'_>, shares: &[Vec<f32>]) -> Vec<f32> {
    for (worker, share) in shares.iter().enumerate() {
        descent.receive::<N>(worker, share, &mut memory);
    }
    memory.coordinates.to_vec()
}

/// Weights being rebuilt from coordinates: no images, no gradients.
pub trait Replay {
    /// Repeats a recorded step. `coordinates`: of all workers, as [`Training::coordinates`] has them.
    fn step(&mut self, rates: Rates, coordinates: &[f32], factors: &[f32]);
    /// Puts the shares of all workers together, as [`Replay::step`] takes them.
    fn join(&mut self, shares: &[Vec<f32>]) -> Vec<f32>;
    /// theta.
    fn weights(&mut self) -> &[f32];
}

/// Begins a replay of a run whose method can be replayed: makes the initial weights.
///
/// # Errors
/// [`NoMemory`].
pub fn begin_replay<'x>(
    spec: &RunSpec,
    executor: impl Executor + 'x,
) -> Result<Box<dyn Replay + 'x>, NoMemory> {
    with_network!(spec.network, N => begin_replay_typed::<N, _>(spec, executor))
}

fn begin_replay_typed<'x, N: Network, X: Executor + 'x>(
    spec: &RunSpec,
    mut executor: X,
) -> Result<Box<dyn Replay + 'x>, NoMemory> {
    let mut descent = spec.descent(Strategy::TwoPass);
    let sizes = Sizes::of_replay_of::<N>(&descent);
    let mut floats = zeros(sizes.floats())?;
    descent.start::<N, _>(&mut executor, &mut Memory::carve(sizes, &mut floats));
    Ok(Box::new(TypedReplay::<N, X> { executor, descent, sizes, floats, network: PhantomData }))
}

struct TypedReplay<N, X> {
    executor: X,
    descent: Descent,
    sizes: Sizes,
    floats: Vec<f32>,
    network: PhantomData<fn() -> N>,
}

impl<N: Network, X: Executor> Replay for TypedReplay<N, X> {
    fn step(&mut self, rates: Rates, coordinates: &[f32], factors: &[f32]) {
        let mut memory = Memory::carve(self.sizes, &mut self.floats);
        self.descent.replay::<N, _>(&mut self.executor, rates, coordinates, factors, &mut memory);
    }

    fn join(&mut self, shares: &[Vec<f32>]) -> Vec<f32> {
        joined::<N>(&self.descent, Memory::carve(self.sizes, &mut self.floats), shares)
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
