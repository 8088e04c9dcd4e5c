//! Watching steps: how an update compares with the gradient, what coordinates are like, how gradients turn.
//!
//! A watched training copies its weights before each step and compares afterwards; the step itself does not know.

use random_bases_core::descent::correlations::{Products, by_tensor, scratch};
use random_bases_core::descent::{Options, SgdLayers};
use random_bases_core::nn::Network;
use random_bases_core::step::Executor;

/// What is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The cosine between update and negative gradient.
    pub correlation: bool,
    /// Coordinates.
    pub coordinates: bool,
    /// The cosine between successive gradients.
    pub successive: bool,
}

impl Watch {
    /// Whether anything is watched.
    #[must_use]
    pub const fn any(self) -> bool {
        self.correlation || self.coordinates || self.successive
    }
}

/// What was seen in a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The cosine of each tensor's update and its negative gradient; empty if it is not watched.
    pub cosines: Vec<f32>,
    /// The same over all.
    pub cosine: Option<f32>,
    /// Coordinates; empty if they are not watched.
    pub coordinates: Vec<f32>,
    /// The cosine between this step's gradient and the last one's.
    pub successive: Option<f32>,
}

/// The buffers of a watched training.
#[derive(Debug)]
pub struct Watched {
    watch: Watch,
    /// The weights before the step; then the update.
    before: Vec<f32>,
    /// The last step's gradient, if there was a step.
    last: Vec<f32>,
    has_last: bool,
    /// The sum of workers' gradients.
    sum: Vec<f32>,
    scratch: Vec<f32>,
    seen: Option<Seen>,
}

impl Watched {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(watch: Watch, params: usize) -> Self {
        let (before, sum, scratch) = Default::default();
        let last = vec![0.0; if watch.successive { params } else { 0 }];
        Self { watch, before, last, has_last: false, sum, scratch, seen: None }
    }

    /// The last step's gradient, which the next step is compared with, if that is watched.
    pub fn last(&mut self) -> Option<&mut [f32]> {
        self.watch.successive.then_some(&mut self.last[..])
    }

    /// [`Watched::last`] was put in from a checkpoint.
    pub const fn resume(&mut self) {
        self.has_last = true;
    }

    /// Before a step.
    pub fn before(&mut self, weights: &[f32]) {
        if self.watch.correlation {
            self.before.clear();
            self.before.extend_from_slice(weights);
        }
    }

    /// Adds a worker's gradient.
    pub fn take_gradient(&mut self, worker: usize, gradient: &[f32]) {
        if worker == 0 {
            self.sum.clear();
            self.sum.extend_from_slice(gradient);
        } else {
            self.sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
        }
    }

    /// The mean of the workers' gradients.
    #[must_use]
    pub fn mean_gradient(&self, workers: usize) -> Vec<f32> {
        self.sum.iter().map(|sum| sum / workers as f32).collect()
    }

    /// After a step.
    pub fn after<N: Network, E: Executor>(
        &mut self,
        executor: &mut E,
        options: &Options,
        weights: &[f32],
        gradient: &[f32],
        coordinates: &[f32],
    ) {
        let mut seen = Seen::default();
        self.scratch.resize(scratch(N::PARAMS), 0.0);
        if self.watch.correlation {
            self.before.iter_mut().zip(weights).for_each(|(before, after)| *before = after - *before);
            // Layers that follow their gradient agree with it by definition.
            let layers: SgdLayers = options.update.sgd_layers;
            let mut cosines = Vec::new();
            let report = |_, _, products: Products| cosines.push(products.cosine_down());
            let all = by_tensor::<N, E>(executor, layers, &self.before, gradient, &mut self.scratch, report);
            // A step that only accumulates moves nothing, and has no direction.
            if all.first > 0.0 {
                seen.cosine = Some(all.cosine_down());
                seen.cosines = cosines;
            }
        }
        if self.watch.coordinates {
            seen.coordinates = coordinates.to_vec();
        }
        if self.watch.successive {
            if self.has_last {
                let products = Products::of(executor, &self.last, gradient, &mut self.scratch);
                seen.successive = Some(products.cosine());
            }
            self.last.copy_from_slice(gradient);
            self.has_last = true;
        }
        self.seen = Some(seen);
    }

    /// What was seen in the last step.
    pub const fn seen(&mut self) -> Option<Seen> {
        self.seen.take()
    }
}
