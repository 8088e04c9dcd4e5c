//! The buffers of a training, cut from one piece of memory that the caller owns.

use super::{Anew, Batches, Descent, Method, Outcome, Period, correlations, gradient_bases, offspring, rbd};
use crate::nn::{self, Batch, Layer, Network, tensors};
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::{Strategy, kept};

/// How much memory a training needs. All lengths are in floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// theta: D.
    pub params: usize,
    /// g: D, or 0 for a method without a gradient, or with one that is [streamed](Sizes::without_gradient).
    pub gradient: usize,
    /// Activations of a mini-batch; deltas take as much again. 0 for a method without a gradient.
    pub layers: usize,
    /// Losses of a mini-batch.
    pub losses: usize,
    /// Images per mini-batch.
    pub images: usize,
    /// Coordinates of all workers; of one without compartments d, 0 for SGD.
    pub coordinates: usize,
    /// The most norms at a time.
    pub norms: usize,
    /// z, of all updates.
    pub position: usize,
    /// d D for gradient bases; a profile of d times `bins` for landscape; else 0.
    pub stored: usize,
    /// For projection, lift and offspring.
    pub scratch: usize,
    /// What only some options need.
    pub options: OptionSizes,
}

/// What only some [`Options`](super::Options) need, in floats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionSizes {
    /// Two per worker, if there are several.
    pub reports: usize,
    /// The weights at the last reset: D if coordinates are kept for some steps.
    pub anchor: usize,
    /// A step before it reaches the weights: D.
    pub step: usize,
    /// D with momentum.
    pub velocity: usize,
    /// One per tensor.
    pub factors: usize,
    /// One per coordinate, if directions are drawn anew one by one.
    pub redraws: usize,
    /// Twice the largest compartment whose elements lie apart.
    pub gathered: usize,
    /// Up to three times the largest compartment's directions.
    pub selected: usize,
    /// All rows, if they are kept.
    pub rows: usize,
}

impl OptionSizes {
    /// Nothing.
    const NONE: Self = Self {
        reports: 0,
        anchor: 0,
        step: 0,
        velocity: 0,
        factors: 0,
        redraws: 0,
        gathered: 0,
        selected: 0,
        rows: 0,
    };

    const fn floats(&self) -> usize {
        self.reports
            + self.anchor
            + self.step
            + self.velocity
            + self.factors
            + self.redraws
            + self.gathered
            + self.selected
            + self.rows
    }
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

impl Sizes {
    /// The least memory with which `N` can be trained by `method` in mini-batches of `images`, along `dimensions`
    /// directions (0 for SGD).
    #[must_use]
    pub const fn of<N: Network>(
        method: Method,
        images: usize,
        dimensions: usize,
        strategy: Strategy,
    ) -> Self {
        Self::with_wave::<N>(method, images, dimensions, strategy, 1)
    }

    /// Memory for `wave` blocks of directions, or offspring, at a time, as far as there are so many: what an executor
    /// of several threads wants.
    #[must_use]
    pub const fn with_wave<N: Network>(
        method: Method,
        images: usize,
        dimensions: usize,
        strategy: Strategy,
        wave: usize,
    ) -> Self {
        let gradient = method.has_gradient();
        let scratch = match method {
            Method::Sgd => 0,
            Method::Rbd | Method::Fpd => strategy.scratch_for(N::PARAMS, dimensions, wave),
            Method::Nes(_) | Method::Hybrid(_) | Method::Landscape(_) => {
                let wave = if wave < dimensions { wave } else { dimensions };
                max(wave * offspring::len::<N>(images), Strategy::TwoPass.scratch(N::PARAMS, dimensions))
            }
            Method::GradientBases(_) => gradient_bases::scratch(N::PARAMS, dimensions),
        };
        Self {
            params: N::PARAMS,
            gradient: if gradient { N::PARAMS } else { 0 },
            layers: if gradient { images * N::Layers::ACTIVATIONS } else { 0 },
            losses: if gradient { 2 * images } else { 0 },
            images,
            coordinates: dimensions,
            norms: dimensions,
            position: if let Method::Fpd = method { dimensions } else { 0 },
            stored: match method {
                Method::GradientBases(_) => dimensions * N::PARAMS,
                Method::Landscape(landscape) => dimensions * landscape.bins as usize,
                _ => 0,
            },
            scratch,
            options: OptionSizes::NONE,
        }
    }

    /// Memory for a descent with all its options, for `wave` blocks or offspring at a time.
    // Not inlined: its lists would lie on the stack of whoever trains.
    #[inline(never)]
    #[must_use]
    pub fn of_descent<N: Network>(descent: &Descent, images: usize, wave: usize) -> Self {
        let Descent { method, subspace, strategy, options, .. } = descent;
        let mut sizes = Self::with_wave::<N>(*method, images, subspace.dimensions, *strategy, wave);
        let update = &options.update;
        let params = |wanted: bool| if wanted { N::PARAMS } else { 0 };
        sizes.options.step = params(update.needs_step());
        sizes.options.velocity = params(update.momentum != 0.0);
        if !matches!(method, Method::Rbd | Method::Fpd) {
            return sizes;
        }
        let plan = descent.plan::<N>();
        let workers = options.workers;
        let count = workers.count as usize;
        let (most, coordinates) = (plan.iter().map(|c| c.dimensions).max().unwrap_or(0), plan.coordinates());
        sizes.coordinates =
            coordinates * workers.updates().max(if rbd::averages(descent) { count } else { 1 });
        sizes.norms = most;
        let stays = rbd::keeps_position(descent);
        sizes.position = if stays { coordinates * workers.updates() } else { 0 };
        let of_compartment = |c: crate::subspace::Compartment| {
            let scratch = if descent.keeps() {
                kept::scratch(c.elements, c.dimensions)
            } else if count > 1 {
                Strategy::TwoPass.scratch(c.elements, c.dimensions)
            } else {
                // Options may ask for two passes whatever the strategy.
                let distribution = subspace.distribution;
                let fused = strategy.scratch_of(distribution, c.elements, c.dimensions, wave);
                if rbd::is_fused(descent) {
                    fused
                } else {
                    Strategy::TwoPass.scratch(c.elements, c.dimensions)
                }
            };
            let apart = if c.segments.len() > 1 { c.elements } else { 0 };
            (scratch, apart)
        };
        let mut apart = 0;
        sizes.scratch = 0;
        for compartment in plan.iter() {
            let (scratch, elements) = of_compartment(compartment);
            sizes.scratch = sizes.scratch.max(scratch);
            apart = apart.max(elements);
        }
        if update.uses_correlation() {
            sizes.scratch = sizes.scratch.max(correlations::scratch(N::PARAMS));
        }
        let anew = options.draws.anew != Anew::All;
        let sets =
            usize::from(rbd::averages(descent)) + if rbd::selects(descent) { 2 } else { usize::from(anew) };
        sizes.options = OptionSizes {
            reports: if count > 1 { 2 * count } else { 0 },
            anchor: params(options.keeps_coordinates() && options.coordinates.reset != Period::Never),
            factors: if update.has_factors() { tensors::<N>().len() } else { 0 },
            redraws: if anew { coordinates * descent.bases() } else { 0 },
            gathered: 2 * apart,
            selected: sets * most,
            rows: if descent.keeps() { descent.bases() * rbd::row_floats(&plan) } else { 0 },
            ..sizes.options
        };
        sizes
    }

    /// The same, with room for steps in two passes whatever the strategy: for [`Descent::share`], [`Descent::join`] and
    /// [`Descent::replay`] in a memory that is also trained in.
    #[must_use]
    pub fn and_two_passes<N: Network>(self, descent: &Descent) -> Self {
        let scratch = self.scratch.max(Self::of_replay_of::<N>(descent).scratch);
        Self { scratch, ..self }
    }

    /// The same, without room for a gradient: RBD and FPD then make it piece by piece where it is projected, more
    /// than once. No bit depends on it. Steps take two passes then, so the strategy should be that; with any other add
    /// [`Sizes::and_two_passes`].
    ///
    /// Only for executors that [stream](Executor::STREAMS), and not for options that follow or look at a gradient
    /// ([`uses_gradient`](super::UpdatePolicy::uses_gradient), [`uses_correlation`](super::UpdatePolicy::uses_correlation)).
    #[must_use]
    pub const fn without_gradient(self) -> Self {
        Self { gradient: 0, ..self }
    }

    /// The least memory in which a journal of this descent can be replayed: no gradient, no activations.
    #[must_use]
    pub fn of_replay_of<N: Network>(descent: &Descent) -> Self {
        let two_pass = Descent { strategy: Strategy::TwoPass, keeps_rows: false, ..*descent };
        Self {
            gradient: 0,
            layers: 0,
            losses: 0,
            images: 0,
            stored: 0,
            ..Self::of_descent::<N>(&two_pass, 0, 1)
        }
    }

    /// The least memory in which a journal of `N` without options can be replayed: no gradient, no activations.
    #[must_use]
    pub const fn of_replay<N: Network>(dimensions: usize) -> Self {
        let scratch = Strategy::TwoPass.scratch(N::PARAMS, dimensions);
        Self {
            params: N::PARAMS,
            gradient: 0,
            layers: 0,
            losses: 0,
            images: 0,
            coordinates: dimensions,
            norms: dimensions,
            position: dimensions,
            stored: 0,
            scratch,
            options: OptionSizes::NONE,
        }
    }

    /// Floats in all. A static array can be sized with it.
    ///
    /// ```
    /// use random_bases_core::descent::{Memory, Method, Sizes};
    /// use random_bases_core::nn::Small8;
    /// use random_bases_core::subspace::Strategy;
    ///
    /// const SIZES: Sizes = Sizes::of::<Small8>(Method::Rbd, 16, 32, Strategy::TwoPass);
    /// let mut floats = [0.0; SIZES.floats()];
    /// let memory = Memory::carve(SIZES, &mut floats);
    /// assert_eq!(memory.weights.len(), 2_410);
    /// ```
    #[must_use]
    pub const fn floats(&self) -> usize {
        self.params
            + self.gradient
            + 2 * self.layers
            + self.losses
            + self.coordinates
            + self.norms
            + self.position
            + self.stored
            + self.scratch
            + self.options.floats()
    }
}

/// The buffers of a training. Nothing of size d times D is among them, but for past gradients, and rows where they are asked to be
/// kept.
#[derive(Debug)]
pub struct Memory<'a> {
    /// theta: D floats.
    pub weights: &'a mut [f32],
    /// g: D floats; none for a method without a gradient, or with one that is streamed.
    pub gradient: &'a mut [f32],
    /// What the forward pass leaves, for a full mini-batch.
    pub activations: &'a mut [f32],
    /// What the backward pass leaves, laid out alike.
    pub deltas: &'a mut [f32],
    /// Loss and rank of each image of a mini-batch.
    pub losses: &'a mut [f32],
    /// What the last step lifted, or projected the gradient to: worker after worker, d floats each; or, if workers have parts of
    /// one basis, all of its coordinates.
    pub coordinates: &'a mut [f32],
    /// The rows' norms, of a compartment at a time.
    pub norms: &'a mut [f32],
    /// z, update after update. Used where coordinates stay from step to step.
    pub position: &'a mut [f32],
    /// Past gradients, or the profiles of a landscape.
    pub stored: &'a mut [f32],
    /// For projection, lift and offspring.
    pub scratch: &'a mut [f32],
    /// Loss and right answers of each worker, if there are several.
    pub reports: &'a mut [f32],
    /// The weights at the last reset of coordinates.
    pub anchor: &'a mut [f32],
    /// A step before it reaches the weights.
    pub step: &'a mut [f32],
    /// What momentum carries on.
    pub velocity: &'a mut [f32],
    /// What each tensor's step was last multiplied with.
    pub factors: &'a mut [f32],
    /// When each direction was drawn, as floats with the bits of re-draw indices.
    pub redraws: &'a mut [f32],
    /// Elements of a compartment that lie apart.
    pub gathered: &'a mut [f32],
    /// Coordinates on their way to the lift.
    pub selected: &'a mut [f32],
    /// Rows of the random bases, if they are kept.
    pub rows: &'a mut [f32],
    /// Images per mini-batch.
    pub images: usize,
}

impl<'a> Memory<'a> {
    /// Cuts `floats`, which may hold anything, into buffers.
    ///
    /// # Panics
    /// If `floats` is shorter than [`Sizes::floats`].
    pub fn carve(sizes: Sizes, floats: &'a mut [f32]) -> Self {
        let needed = sizes.floats();
        assert!(floats.len() >= needed, "a training needs {needed} floats, there are {}", floats.len());
        let mut rest = floats;
        let mut cut = |len: usize| {
            let (part, others) = core::mem::take(&mut rest).split_at_mut(len);
            rest = others;
            part
        };
        Self {
            weights: cut(sizes.params),
            gradient: cut(sizes.gradient),
            activations: cut(sizes.layers),
            deltas: cut(sizes.layers),
            losses: cut(sizes.losses),
            coordinates: cut(sizes.coordinates),
            norms: cut(sizes.norms),
            position: cut(sizes.position),
            stored: cut(sizes.stored),
            scratch: cut(sizes.scratch),
            reports: cut(sizes.options.reports),
            anchor: cut(sizes.options.anchor),
            step: cut(sizes.options.step),
            velocity: cut(sizes.options.velocity),
            factors: cut(sizes.options.factors),
            redraws: cut(sizes.options.redraws),
            gathered: cut(sizes.options.gathered),
            selected: cut(sizes.options.selected),
            rows: cut(sizes.options.rows),
            images: sizes.images,
        }
    }

    /// What, besides the number of steps, the next steps follow from: each part with a name, for checkpoints.
    #[must_use]
    pub fn into_state(self) -> [(&'static str, &'a mut [f32]); 6] {
        let Self { weights, position, stored, anchor, velocity, redraws, .. } = self;
        [
            ("weights", weights),
            ("position", position),
            ("stored", stored),
            ("anchor", anchor),
            ("velocity", velocity),
            ("redraws", redraws),
        ]
    }

    /// Notes what a worker saw, if there are several.
    pub(super) fn report(&mut self, worker: usize, outcome: Outcome) {
        if let Some(report) = self.reports.get_mut(2 * worker..2 * worker + 2) {
            report.copy_from_slice(&[outcome.loss, outcome.right as f32]);
        }
    }

    /// Takes the step's mini-batch number `number`, which may be smaller than the buffers', and writes the gradient of its mean
    /// loss.
    ///
    /// # Panics
    /// If the batch is larger.
    pub fn gradient_of<N: Network, M: Math, E: Executor>(
        &mut self,
        executor: &mut E,
        batches: &mut impl Batches,
        number: usize,
    ) -> Outcome {
        let batch = batches.take(number, 1, self.images);
        let count = batch.labels.len();
        let len = N::Layers::ACTIVATIONS * count;
        let (activations, deltas) = (&mut self.activations[..len], &mut self.deltas[..len]);
        nn::gradient::<N, M, E>(executor, self.weights, batch, activations, deltas, self.gradient);
        let logits = N::Layers::output(activations, count);
        Outcome::of::<N, M, E>(executor, logits, batch.labels, self.losses)
    }

    /// Writes what the gradient of this mini-batch's mean loss is made from, but not the gradient.
    pub(super) fn deltas_of<N: Network, M: Math, E: Executor>(
        &mut self,
        executor: &mut E,
        batch: Batch<'_>,
    ) -> Outcome {
        let count = batch.labels.len();
        let len = N::Layers::ACTIVATIONS * count;
        let (activations, deltas) = (&mut self.activations[..len], &mut self.deltas[..len]);
        nn::deltas::<N, M, E>(executor, self.weights, batch, activations, deltas);
        let logits = N::Layers::output(activations, count);
        Outcome::of::<N, M, E>(executor, logits, batch.labels, self.losses)
    }
}
