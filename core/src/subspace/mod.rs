//! Random subspaces: from a gradient to d coordinates, and from d numbers to an update of the weights.
//!
//! With the rows `phi_i` of a [`Basis`], each divided by a norm `n_i`:
//!
//! ```text
//! project   c_i   = <phi_i, g> / n_i                    the coordinates of the gradient
//! lift      delta = sum_i (z_i / n_i) phi_i             an update; z follows from c by the method's Rule
//!           theta = theta + scale * delta
//! ```
//!
//! (paper, equations 2 and 3). [`update`] does both. There are two strategies, with the same bits:
//!
//! - **two-pass** (`project.rs`, `lift.rs`): a tile of the weights at a time, every row's tile regenerated once for the
//!   projection and once for the lift. Needs one partial sum per tile and direction. For small memories and for
//!   machines with very many processors. It also projects a gradient that is nowhere in memory (`streamed.rs`).
//! - **fused** (`fused.rs`): a block of directions at a time, every row generated once, kept in a buffer and used for
//!   both products. Needs five buffers of D floats per block in flight. For processors with caches.
//!
//! What makes them equal is that the order of every sum is fixed: within a tile over lanes, then over tiles; within a
//! block of [`BLOCK`] directions, then over blocks.

mod apply;
mod compartments;
mod coordinates;
mod fused;
pub mod kept;
mod lift;
pub mod orthogonality;
mod project;
mod rotated;
mod signs;
pub mod stored;
mod streamed;
mod sums;
pub mod top;
mod transformation;

pub use apply::{add_to_weights, multiply};
pub use compartments::{Compartment, Compartments, DYNAMIC_LEAST, Plan};
pub use coordinates::{fill, integrate};
pub(crate) use project::norms;
pub use streamed::{Streamed, project_streamed};
pub use top::Top;
pub use transformation::Transformation;

use crate::basis::{Distribution, Row};
use crate::numerics::{BLOCK, TILE};
use crate::random::{Domain, Key};
use crate::step::Executor;

/// What a row is divided by. The original's option `normalized`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Normalisation {
    /// Nothing; the sum over directions is divided by d instead. (`false`)
    Mean,
    /// The row's own Euclidean norm. (`true`) A row of norm zero contributes nothing.
    Row,
    /// A number, which must be positive and finite.
    By(f32),
    /// The constant sqrt(D). (`auto`, as in the paper's Table 1)
    Auto,
}

/// Directions that were not all drawn at the same time. (`base_learning`)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Redraws<'a> {
    /// The run's seed.
    pub seed: u64,
    /// The worker in the keys.
    pub worker: u32,
    /// The compartment in the keys.
    pub compartment: u32,
    /// The re-draw index of each direction, as the float that has its bits.
    pub indices: &'a [f32],
}

impl Redraws<'_> {
    /// The key of direction `i`.
    fn key(&self, i: usize) -> Key {
        let redraw = u64::from(self.indices[i].to_bits());
        Key::new(Domain::Basis, self.seed, redraw, self.worker, self.compartment)
    }
}

/// d random directions in weight space: what to regenerate, not what was generated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Basis<'a> {
    /// Which draw.
    pub key: Key,
    /// If each direction has a key of its own: these, instead.
    pub redraws: Option<Redraws<'a>>,
    /// What the elements are drawn from.
    pub distribution: Distribution,
    /// What a row is divided by.
    pub normalisation: Normalisation,
    /// How many directions: d.
    pub dimensions: usize,
    /// Directions in pairs: 2j is row j as drawn, 2j + 1 is row j with every sign flipped. (antithetic sampling)
    pub antithetic: bool,
}

impl Basis<'_> {
    /// The row that direction `i` is, but for its sign: see [`Basis::signed`].
    #[inline(always)]
    #[must_use]
    pub fn row(&self, i: usize) -> Row {
        let direction = if self.antithetic { i / 2 } else { i };
        let key = self.redraws.map_or(self.key, |redraws| redraws.key(i));
        Row { key, direction: direction as u32, distribution: self.distribution }
    }

    /// Names what its rows follow from besides the keys, for [`Superstep::reads`](crate::step::Superstep::reads).
    fn reads<'s>(&'s self, read: &mut dyn FnMut(&'s [f32])) {
        if let Some(redraws) = &self.redraws {
            read(redraws.indices);
        }
    }

    /// Whether direction `i` is the mirror image of direction `i - 1`.
    #[inline(always)]
    const fn is_mirror(&self, i: usize) -> bool {
        self.antithetic && i % 2 == 1
    }

    /// `a`, with its sign flipped where direction `i` is its row with every sign flipped: `a` times the direction is this
    /// times the row, in every bit.
    #[inline(always)]
    #[must_use]
    pub fn signed(&self, i: usize, a: f32) -> f32 {
        if self.is_mirror(i) { -a } else { a }
    }

    /// The norm of every row of `params` elements, unless it must be measured row by row.
    #[must_use]
    pub fn norm(&self, params: usize) -> Option<f32> {
        match self.normalisation {
            Normalisation::Mean => Some(1.0),
            Normalisation::By(norm) => Some(norm),
            Normalisation::Auto => Some(libm::sqrtf(params as f32)),
            Normalisation::Row => None,
        }
    }

    /// What a row is multiplied with in the lift, for the number `z` and the row's norm.
    #[inline(always)]
    fn coefficient(&self, z: f32, norm: f32) -> f32 {
        match self.normalisation {
            Normalisation::Mean => z / self.dimensions as f32,
            _ => divide_by_norm(z, norm),
        }
    }
}

/// `x / norm`, and 0 for a row of zeros.
#[inline(always)]
pub(crate) fn divide_by_norm(x: f32, norm: f32) -> f32 {
    if norm > 0.0 { x / norm } else { 0.0 }
}

/// How the numbers z that are lifted follow from the coordinates c of this step's gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule<'a> {
    /// `z = c`: a gradient step in coordinates that are fresh (RBD).
    Current,
    /// `z = previous - rate * c`: the position in coordinates that stay (FPD).
    Integrated {
        /// The position before the step, one number per direction.
        previous: &'a [f32],
        /// The learning rate.
        rate: f32,
    },
}

impl Rule<'_> {
    /// z of direction `i`.
    #[inline(always)]
    #[must_use]
    pub fn apply(&self, i: usize, c: f32) -> f32 {
        match self {
            Self::Current => c,
            Self::Integrated { previous, rate } => previous[i] - rate * c,
        }
    }
}

/// How projection and lift are done. No bit depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Each tile of each row regenerated twice; little memory.
    #[default]
    TwoPass,
    /// Each row generated once; more memory.
    Fused,
}

impl Strategy {
    /// Floats of scratch that [`update`] needs at least, for D = `params`, d = `dimensions` and any distribution.
    #[must_use]
    pub const fn scratch(self, params: usize, dimensions: usize) -> usize {
        self.scratch_for(params, dimensions, 1)
    }

    /// Scratch with which [`update`] keeps `wave` blocks of directions in flight, as far as there are so many.
    #[must_use]
    pub const fn scratch_for(self, params: usize, dimensions: usize, wave: usize) -> usize {
        // The one distribution that takes more.
        self.scratch_of(Distribution::HadamardNormal, params, dimensions, wave)
    }

    /// [`scratch_for`](Strategy::scratch_for) rows of this distribution.
    #[must_use]
    pub const fn scratch_of(
        self,
        distribution: Distribution,
        params: usize,
        dimensions: usize,
        wave: usize,
    ) -> usize {
        let blocks = dimensions.div_ceil(BLOCK);
        let wave = if wave < blocks { wave } else { blocks };
        match self {
            Self::TwoPass if params <= TILE => dimensions,
            Self::TwoPass => params.div_ceil(TILE) * dimensions,
            Self::Fused => fused::scratch(params, if wave > 1 { wave } else { 1 }, distribution.is_rotated()),
        }
    }
}

/// Buffers of [`update`]. They may hold anything before.
#[derive(Debug)]
pub struct Coordinates<'a> {
    /// c: d floats, written.
    pub values: &'a mut [f32],
    /// The rows' norms: d floats, written.
    pub norms: &'a mut [f32],
    /// At least [`Strategy::scratch`] floats.
    pub scratch: &'a mut [f32],
}

/// Projects `gradient` on the basis, applies `rule` and adds the lifted result, times `scale`, to `weights`.
///
/// Afterwards `coordinates.values` holds c.
///
/// # Panics
/// If `gradient` and `weights` differ in length, or a buffer is too short.
pub fn update<E: Executor>(
    executor: &mut E,
    strategy: Strategy,
    basis: &Basis<'_>,
    gradient: &[f32],
    rule: Rule<'_>,
    scale: f32,
    weights: &mut [f32],
    coordinates: &mut Coordinates<'_>,
) {
    assert_eq!(gradient.len(), weights.len(), "gradient and weights differ in length");
    let Coordinates { values, norms, scratch } = coordinates;
    let (values, norms) = (&mut values[..basis.dimensions], &mut norms[..basis.dimensions]);
    match strategy {
        Strategy::TwoPass => {
            project::norms(executor, basis, 0, gradient.len(), norms, scratch);
            project::project(executor, basis, 0, gradient, norms, values, scratch);
            lift_numbers(executor, basis, values, rule, scale, weights, norms, scratch);
        }
        Strategy::Fused => {
            fused::update(executor, basis, gradient, rule, scale, weights, values, norms, scratch);
        }
    }
}

/// Writes the coordinates of `gradient` along the directions from `first` on, as many as `coordinates` has room for: the
/// first half of [`update`].
///
/// `norms` (as long) and `scratch` ([`Strategy::TwoPass`]) may hold anything.
///
/// # Panics
/// If a buffer is too short.
pub fn project<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    first: usize,
    gradient: &[f32],
    coordinates: &mut [f32],
    norms: &mut [f32],
    scratch: &mut [f32],
) {
    let norms = &mut norms[..coordinates.len()];
    project::norms(executor, basis, first, gradient.len(), norms, scratch);
    project::project(executor, basis, first, gradient, norms, coordinates, scratch);
}

/// Adds the lift of `z`, times `scale`, to `weights`: the second half of [`update`], for replaying a journal.
///
/// `norms` (d floats) and `scratch` ([`Strategy::TwoPass`]) may hold anything.
///
/// # Panics
/// If `z` is not d long or a buffer is too short.
pub fn replay<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    z: &[f32],
    scale: f32,
    weights: &mut [f32],
    norms: &mut [f32],
    scratch: &mut [f32],
) {
    assert_eq!(z.len(), basis.dimensions, "one number per direction");
    let norms = &mut norms[..basis.dimensions];
    project::norms(executor, basis, 0, weights.len(), norms, scratch);
    lift_numbers(executor, basis, z, Rule::Current, scale, weights, norms, scratch);
}

/// Lifts z, which follows from the coordinates by `rule`, of rows whose norms are known.
fn lift_numbers<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    coordinates: &[f32],
    rule: Rule<'_>,
    scale: f32,
    weights: &mut [f32],
    norms: &[f32],
    scratch: &mut [f32],
) {
    let coefficients = &mut scratch[..basis.dimensions];
    coordinates::coefficients(executor, basis, coordinates, rule, norms, coefficients);
    lift::lift(executor, basis, coefficients, scale, weights);
}
