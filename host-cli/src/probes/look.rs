//! Looking around: the loss and its curvature along random directions from the weights as they are.
//!
//! The directions are normal rows of a key of their own (domain 7, the run's seed, the number of steps), so they are no
//! directions of the training. They are taken as drawn: of length about sqrt(D).

use random_bases_core::basis::Distribution;
use random_bases_core::descent::landscape::{curvatures, profile};
use random_bases_core::descent::{Batches as _, Landscape, offspring};
use random_bases_core::nn::{self, Batch, Layer, Network};
use random_bases_core::numerics::Math;
use random_bases_core::random::{Domain, Key};
use random_bases_core::step::Executor;
use random_bases_core::subspace::{self, Basis, Normalisation, Strategy, add_to_weights, kept};

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Along how many directions.
    pub directions: usize,
    /// In how many places along each; odd.
    pub bins: u32,
    /// How far apart these are, along rows as drawn.
    pub distance: f32,
    /// What is wanted of it.
    pub what: What,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The losses themselves.
    Landscape,
    /// Curvatures along the directions.
    Hessian,
    /// The Hessian between all pairs of directions.
    FullHessian,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    /// Losses, direction by direction, place by place.
    Landscape(Vec<Vec<f32>>),
    /// See there.
    Hessian(Curvature),
    /// `[i][j]`: direction i, the Hessian, direction j, with directions divided by sqrt(D).
    FullHessian(Vec<Vec<f32>>),
}

/// Curvature along random directions, and what it says of the Hessian.
#[derive(Clone, Debug, PartialEq)]
pub struct Curvature {
    /// `phi H phi` of each direction; their mean is the trace's estimate.
    pub along: Vec<f32>,
    /// The norm of the diagonal's estimate `sum_i (phi_i H phi_i) (phi_i^2 - 1) / 2m`. With few directions its own noise is
    /// most of it.
    pub diagonal_norm: f64,
}

impl Curvature {
    /// The Frobenius norm's estimate: for normal directions the variance of `phi H phi` is twice its square.
    #[must_use]
    pub fn norm(&self) -> f64 {
        let count = self.along.len() as f64;
        let mean = self.along.iter().map(|h| f64::from(*h)).sum::<f64>() / count;
        let squares: f64 = self.along.iter().map(|h| (f64::from(*h) - mean) * (f64::from(*h) - mean)).sum();
        (squares / (count - 1.0) / 2.0).sqrt()
    }
}

/// Directions that are looked along at the same time.
const AT_ONCE: usize = 8;

/// The most images that are looked at.
const IMAGES_MAX: usize = 256;

/// Looks from `weights`, on the images of `batch`, or the first 256 of them.
pub fn look<N: Network, M: Math, E: Executor>(
    executor: &mut E,
    look: Look,
    seed: u64,
    steps: u64,
    weights: &[f32],
    batch: &mut Batch<'_>,
) -> Sight {
    let Look { directions: m, bins, distance, what } = look;
    let images = batch.labels.len().min(IMAGES_MAX);
    let batch = &mut batch.slice(0, images);
    let basis = Basis {
        key: Key::new(Domain::Probe, seed, steps, 0, 0),
        redraws: None,
        distribution: Distribution::Normal,
        normalisation: Normalisation::Auto,
        dimensions: m,
        antithetic: false,
    };
    if what == What::FullHessian {
        return Sight::FullHessian(full_hessian::<N, M, E>(executor, &basis, distance, weights, *batch));
    }
    let bins = if what == What::Hessian { 3 } else { bins };
    let mut losses = vec![0.0; bins as usize * m];
    let mut scratch = vec![0.0; offspring::len::<N>(images) * m.min(AT_ONCE)];
    let landscape = Landscape { bins, distance, curvature: false };
    profile::<N, M, E>(executor, &basis, landscape, weights, batch, images, &mut losses, &mut scratch);
    if what == What::Landscape {
        let along = |i: usize| losses.iter().skip(i).step_by(m).copied().collect();
        return Sight::Landscape((0..m).map(along).collect());
    }
    let mut along = vec![0.0; m];
    curvatures(&losses, distance, &mut along);
    let diagonal_norm = diagonal_norm(executor, &basis, &along, weights.len());
    Sight::Hessian(Curvature { along, diagonal_norm })
}

/// See [`Curvature::diagonal_norm`].
fn diagonal_norm<E: Executor>(executor: &mut E, basis: &Basis<'_>, along: &[f32], params: usize) -> f64 {
    let (mut diagonal, mut row) = (vec![0.0f64; params], vec![0.0; params]);
    for (i, h) in along.iter().enumerate() {
        kept::write_row(executor, basis, i, &mut row);
        let weight = f64::from(*h) / (2 * along.len()) as f64;
        for (diagonal, x) in diagonal.iter_mut().zip(&row) {
            *diagonal += weight * (f64::from(*x) * f64::from(*x) - 1.0);
        }
    }
    diagonal.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Differences of gradients along each direction, projected on all directions.
fn full_hessian<N: Network, M: Math, E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    distance: f32,
    weights: &[f32],
    mut batch: Batch<'_>,
) -> Vec<Vec<f32>> {
    let images = batch.labels.len();
    let batch = batch.take(0, 1, images);
    let (params, m) = (N::PARAMS, basis.dimensions);
    let len = N::Layers::ACTIVATIONS * images;
    let (mut activations, mut deltas) = (vec![0.0; len], vec![0.0; len]);
    let (mut difference, mut gradient) = (vec![0.0; params], vec![0.0; params]);
    let (mut norms, mut scratch) = (vec![0.0; m], vec![0.0; Strategy::TwoPass.scratch(params, m)]);
    let (mut moved, mut one) = (vec![0.0; params], vec![0.0; m]);
    // Divided by the norm, a direction has length about 1: the same place as `distance` along a row as drawn.
    let reach = distance * (params as f32).sqrt();
    let mut row = |i: usize| {
        difference.fill(0.0);
        for sign in [1.0, -1.0] {
            moved.copy_from_slice(weights);
            one.fill(0.0);
            one[i] = 1.0;
            subspace::replay(executor, basis, &one, sign * reach, &mut moved, &mut norms, &mut scratch);
            let (activations, deltas) = (&mut activations[..], &mut deltas[..]);
            nn::gradient::<N, M, E>(executor, &moved, batch, activations, deltas, &mut gradient);
            add_to_weights(executor, &gradient, sign / (2.0 * reach), &mut difference);
        }
        let mut out = vec![0.0; m];
        subspace::project(executor, basis, 0, &difference, &mut out, &mut norms, &mut scratch);
        out
    };
    (0..m).map(&mut row).collect()
}
