//! Two-pass, first pass: a tile of the gradient against every row.

use super::{Basis, divide_by_norm};
use crate::basis::{OCTET, OCTET_LEN, Sampler, with_sampler};
use crate::numerics::{Lanes, TILE, tree_sum};
use crate::random::{LANES, Stream, TileSeed};
use crate::step::{Executor, Superstep};

/// Superstep: partial sums `<phi_i, g>` over one tile of the weights, for every direction. Output
/// `[tiles][dimensions]`.
struct Project<'a> {
    basis: &'a Basis,
    gradient: &'a [f32],
}

impl Superstep for Project<'_> {
    const NAME: &'static str = "project";

    fn chunk(&self) -> usize {
        self.basis.dimensions.max(1)
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let start = index * TILE;
        let gradient = &self.gradient[start..self.gradient.len().min(start + TILE)];
        with_sampler!(self.basis.distribution, V, S => {
            for (i, sum) in out.iter_mut().enumerate() {
                let seed = self.basis.key.tile(i as u32, index as u32);
                *sum = sum_over_tile::<V, S<V>, Dot<'_>>(seed, Dot(gradient));
            }
        });
    }
}

/// Superstep: partial sums `<phi_i, phi_i>`, laid out as [`Project`]'s.
struct Squares<'a> {
    basis: &'a Basis,
    params: usize,
}

impl Superstep for Squares<'_> {
    const NAME: &'static str = "squares";

    fn chunk(&self) -> usize {
        self.basis.dimensions.max(1)
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let len = TILE.min(self.params - index * TILE);
        with_sampler!(self.basis.distribution, V, S => {
            for (i, sum) in out.iter_mut().enumerate() {
                let seed = self.basis.key.tile(i as u32, index as u32);
                *sum = sum_over_tile::<V, S<V>, Square>(seed, Square(len));
            }
        });
    }
}

/// Superstep: the partial sums of all tiles, added in the order of the tiles.
struct Combine<'a> {
    /// `[tiles][dimensions]`
    partials: &'a [f32],
    dimensions: usize,
}

impl Superstep for Combine<'_> {
    const NAME: &'static str = "combine";

    fn chunk(&self) -> usize {
        self.dimensions.max(1)
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, _: usize, out: &mut [f32]) {
        out.fill(0.0);
        for partials in self.partials.chunks_exact(self.dimensions.max(1)) {
            for (sum, partial) in out.iter_mut().zip(partials) {
                *sum += partial;
            }
        }
    }
}

/// The coordinates of `gradient`: `<phi_i, g> / n_i`. `scratch`: [`Strategy::TwoPass`](super::Strategy).
///
/// # Panics
/// If `coordinates` or `norms` is not d long, or `scratch` is too short.
pub fn project<E: Executor>(
    executor: &mut E,
    basis: &Basis,
    gradient: &[f32],
    norms: &[f32],
    coordinates: &mut [f32],
    scratch: &mut [f32],
) {
    let partials = &mut scratch[..gradient.len().div_ceil(TILE) * basis.dimensions];
    executor.run(&Project { basis, gradient }, partials);
    combine(executor, basis, partials, coordinates);
    for (c, norm) in coordinates.iter_mut().zip(norms) {
        *c = divide_by_norm(*c, *norm);
    }
}

/// The norms of all rows of `params` elements; regenerates them only where each row has its own.
///
/// # Panics
/// If `norms` is not d long or `scratch` is too short.
pub fn norms<E: Executor>(
    executor: &mut E,
    basis: &Basis,
    params: usize,
    norms: &mut [f32],
    scratch: &mut [f32],
) {
    if let Some(norm) = basis.norm(params) {
        norms.fill(norm);
        return;
    }
    let partials = &mut scratch[..params.div_ceil(TILE) * basis.dimensions];
    executor.run(&Squares { basis, params }, partials);
    combine(executor, basis, partials, norms);
    for norm in norms {
        *norm = libm::sqrtf(*norm);
    }
}

fn combine<E: Executor>(executor: &mut E, basis: &Basis, partials: &[f32], out: &mut [f32]) {
    assert_eq!(out.len(), basis.dimensions, "one number per direction");
    executor.run(&Combine { partials, dimensions: basis.dimensions }, out);
}

/// What is summed over a tile: a term per element x of a row.
trait Term: Copy {
    /// Elements in the tile.
    fn len(&self) -> usize;
    /// The terms of `V::WIDTH` elements from `offset`.
    fn term<V: Lanes>(&self, x: V::F, offset: usize) -> V::F;
    /// For an octet that is cut short, from `offset`: what x is multiplied with, zeros behind the end.
    fn factors<V: Lanes>(&self, offset: usize) -> [f32; OCTET_LEN];
    /// A term, given its factor.
    fn cut_term<V: Lanes>(&self, x: V::F, factor: V::F) -> V::F;
}

/// `x g`
#[derive(Clone, Copy)]
struct Dot<'a>(&'a [f32]);

impl Term for Dot<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.0.len()
    }
    #[inline(always)]
    fn term<V: Lanes>(&self, x: V::F, offset: usize) -> V::F {
        x * V::load(&self.0[offset..])
    }
    #[inline(always)]
    fn factors<V: Lanes>(&self, offset: usize) -> [f32; OCTET_LEN] {
        let mut factors = [0.0; OCTET_LEN];
        let rest = &self.0[offset..];
        factors[..rest.len()].copy_from_slice(rest);
        factors
    }
    #[inline(always)]
    fn cut_term<V: Lanes>(&self, x: V::F, factor: V::F) -> V::F {
        x * factor
    }
}

/// `x x`, for so many elements
#[derive(Clone, Copy)]
struct Square(usize);

impl Term for Square {
    #[inline(always)]
    fn len(&self) -> usize {
        self.0
    }
    #[inline(always)]
    fn term<V: Lanes>(&self, x: V::F, _: usize) -> V::F {
        x * x
    }
    #[inline(always)]
    fn factors<V: Lanes>(&self, offset: usize) -> [f32; OCTET_LEN] {
        let mut factors = [0.0; OCTET_LEN];
        factors[..self.0 - offset].fill(1.0);
        factors
    }
    #[inline(always)]
    fn cut_term<V: Lanes>(&self, x: V::F, factor: V::F) -> V::F {
        x * (x * factor)
    }
}

/// The sum of the terms of one tile of one row, in the contract's order: two sums per lane (even and odd vectors), each
/// from zero in the order of the stream; the two added; the lanes as a [`tree_sum`].
///
/// An element behind the end adds a product with zero, which changes no bit of a sum that started at +0.
#[inline(always)]
fn sum_over_tile<V: Lanes, S: Sampler<V>, T: Term>(seed: TileSeed, terms: T) -> f32 {
    let mut lanes = [0.0; LANES];
    let whole = terms.len() / OCTET_LEN * OCTET_LEN;
    for group in (0..LANES).step_by(V::WIDTH) {
        let mut sampler = S::new(Stream::new(seed, group));
        let mut sums = [V::splat(0.0); 2];
        for start in (0..whole).step_by(OCTET_LEN) {
            let x = sampler.octet();
            for k in 0..OCTET {
                sums[k % 2] = sums[k % 2] + terms.term::<V>(x[k], start + k * LANES + group);
            }
        }
        if whole < terms.len() {
            let factors = terms.factors::<V>(whole);
            let x = sampler.octet();
            for k in 0..OCTET {
                let factor = V::load(&factors[k * LANES + group..]);
                sums[k % 2] = sums[k % 2] + terms.cut_term::<V>(x[k], factor);
            }
        }
        V::store(sums[0] + sums[1], &mut lanes[group..]);
    }
    tree_sum(lanes)
}

/// [`sum_over_tile`] of `x y` for elements that are in memory. At most [`TILE`] of them.
#[inline(always)]
pub(super) fn dot_tile<V: Lanes>(x: &[f32], y: &[f32]) -> f32 {
    debug_assert!(x.len() <= TILE && x.len() == y.len());
    const PAIR: usize = 2 * LANES;
    let mut lanes = [0.0; LANES];
    let whole = x.len() / PAIR * PAIR;
    let (mut x_rest, mut y_rest) = ([0.0; PAIR], [0.0; PAIR]);
    x_rest[..x.len() - whole].copy_from_slice(&x[whole..]);
    y_rest[..x.len() - whole].copy_from_slice(&y[whole..]);
    for group in (0..LANES).step_by(V::WIDTH) {
        let mut sums = [V::splat(0.0); 2];
        for start in (0..whole).step_by(PAIR) {
            for k in 0..2 {
                let at = start + k * LANES + group;
                sums[k] = sums[k] + V::load(&x[at..]) * V::load(&y[at..]);
            }
        }
        for k in 0..2 {
            let at = k * LANES + group;
            sums[k] = sums[k] + V::load(&x_rest[at..]) * V::load(&y_rest[at..]);
        }
        V::store(sums[0] + sums[1], &mut lanes[group..]);
    }
    tree_sum(lanes)
}
