//! Two-pass, first pass: a tile of the gradient against every row.

use core::ops::Range;

use super::{Basis, divide_by_norm};
use crate::basis::{OCTET, OCTET_LEN, Sampler, with_sampler};
use crate::numerics::{Lanes, TILE, tree_sum};
use crate::random::{LANES, Stream, TileSeed};
use crate::step::{Executor, Superstep, piece};

/// Superstep: partial sums `<phi_i, g>` over one tile of the weights, for some directions. Output `[tiles][directions]`.
struct Project<'a> {
    basis: &'a Basis<'a>,
    directions: Range<usize>,
    gradient: &'a [f32],
}

impl Superstep for Project<'_> {
    const NAME: &'static str = "project";

    fn chunk(&self) -> usize {
        self.directions.len().max(1)
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        self.basis.reads(read);
        read(piece(self.gradient, index, TILE));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let gradient = piece(self.gradient, index, TILE);
        with_sampler!(self.basis.distribution, V, S, law => {
            for at in 0..out.len() {
                let i = self.directions.start + at;
                out[at] = if self.basis.is_mirror(i) && at > 0 {
                    mirrored_dot(out[at - 1])
                } else {
                    let seed = self.basis.row(i).seed(index as u32);
                    let dot = sum_over_tile::<V, S<V>, Dot<'_>>(seed, law, Dot(gradient));
                    // The first of some directions may be a mirror image.
                    if self.basis.is_mirror(i) { mirrored_dot(dot) } else { dot }
                };
            }
        });
    }
}

/// Superstep: partial sums `<phi_i, phi_i>`, laid out as [`Project`]'s.
struct Squares<'a> {
    basis: &'a Basis<'a>,
    directions: Range<usize>,
    params: usize,
}

impl Superstep for Squares<'_> {
    const NAME: &'static str = "squares";

    fn chunk(&self) -> usize {
        self.directions.len().max(1)
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        self.basis.reads(read);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let len = TILE.min(self.params - index * TILE);
        with_sampler!(self.basis.distribution, V, S, law => {
            for at in 0..out.len() {
                let i = self.directions.start + at;
                out[at] = if self.basis.is_mirror(i) && at > 0 {
                    out[at - 1]
                } else {
                    let seed = self.basis.row(i).seed(index as u32);
                    sum_over_tile::<V, S<V>, Square>(seed, law, Square(len))
                };
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

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(self.partials);
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

/// The coordinates of `gradient` along the directions from `first` on: `<phi_i, g> / n_i`. `scratch`:
/// [`Strategy::TwoPass`](super::Strategy).
///
/// # Panics
/// If `scratch` is too short.
pub fn project<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    first: usize,
    gradient: &[f32],
    norms: &[f32],
    coordinates: &mut [f32],
    scratch: &mut [f32],
) {
    let partials = &mut scratch[..gradient.len().div_ceil(TILE) * coordinates.len()];
    let directions = first..first + coordinates.len();
    executor.run(&Project { basis, directions, gradient }, partials);
    combine(executor, partials, coordinates);
    for (c, norm) in coordinates.iter_mut().zip(norms) {
        *c = divide_by_norm(*c, *norm);
    }
}

/// The norms of the rows, of `params` elements, from direction `first` on; regenerates them only where each row has its own.
///
/// # Panics
/// If `scratch` is too short.
pub fn norms<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    first: usize,
    params: usize,
    norms: &mut [f32],
    scratch: &mut [f32],
) {
    if let Some(norm) = basis.norm(params) {
        norms.fill(norm);
        return;
    }
    let partials = &mut scratch[..params.div_ceil(TILE) * norms.len()];
    let directions = first..first + norms.len();
    executor.run(&Squares { basis, directions, params }, partials);
    combine(executor, partials, norms);
    for norm in norms {
        *norm = libm::sqrtf(*norm);
    }
}

/// The sums of `partials`, `[tiles][out.len()]`, over the tiles.
pub(super) fn combine<E: Executor>(executor: &mut E, partials: &[f32], out: &mut [f32]) {
    executor.run(&Combine { partials, dimensions: out.len() }, out);
}

/// The inner product with a mirrored row: exactly what its own chain of sums would give. Negation commutes with every
/// rounding, and a chain that starts at +0 never ends at -0.
#[inline(always)]
pub(super) fn mirrored_dot(dot: f32) -> f32 {
    0.0 - dot
}

/// What is summed over a tile: a term per element x of a row and its factor g.
trait Term: Copy {
    /// The term.
    fn term<V: Lanes>(x: V::F, g: V::F) -> V::F;
    /// The factors of octet `o`, which is whole.
    fn octet(&self, o: usize) -> &[f32; OCTET_LEN];
    /// The factors of the octet that is cut short, with zeros behind the end: how many whole octets come before it, and
    /// it, if there is one.
    fn rest(&self) -> (usize, Option<[f32; OCTET_LEN]>);
}

/// `x g`, with the gradient's elements as factors.
#[derive(Clone, Copy)]
struct Dot<'a>(&'a [f32]);

impl Term for Dot<'_> {
    #[inline(always)]
    fn term<V: Lanes>(x: V::F, g: V::F) -> V::F {
        x * g
    }
    #[inline(always)]
    fn octet(&self, o: usize) -> &[f32; OCTET_LEN] {
        &self.0.as_chunks().0[o]
    }
    #[inline(always)]
    fn rest(&self) -> (usize, Option<[f32; OCTET_LEN]>) {
        let (whole, rest) = self.0.as_chunks::<OCTET_LEN>();
        let mut padded = [0.0; OCTET_LEN];
        padded[..rest.len()].copy_from_slice(rest);
        (whole.len(), (!rest.is_empty()).then_some(padded))
    }
}

/// `x x`, for so many elements: the factors are ones.
#[derive(Clone, Copy)]
struct Square(usize);

impl Term for Square {
    #[inline(always)]
    fn term<V: Lanes>(x: V::F, g: V::F) -> V::F {
        x * (x * g)
    }
    #[inline(always)]
    fn octet(&self, _: usize) -> &[f32; OCTET_LEN] {
        const { &[1.0; OCTET_LEN] }
    }
    #[inline(always)]
    fn rest(&self) -> (usize, Option<[f32; OCTET_LEN]>) {
        let mut padded = [0.0; OCTET_LEN];
        let rest = self.0 % OCTET_LEN;
        padded[..rest].fill(1.0);
        (self.0 / OCTET_LEN, (rest > 0).then_some(padded))
    }
}

/// The sum of the terms of one tile of one row, in the contract's order: two sums per lane (even and odd vectors), each
/// from zero in the order of the stream; the two added; the lanes as a [`tree_sum`].
///
/// An element behind the end adds a product with zero, which changes no bit of a sum that started at +0.
#[inline(always)]
fn sum_over_tile<V: Lanes, S: Sampler<V>, T: Term>(seed: TileSeed, law: S::Law, terms: T) -> f32 {
    let mut lanes = [0.0; LANES];
    let (whole, rest) = terms.rest();
    for group in (0..LANES).step_by(V::WIDTH) {
        let mut sampler = S::new(Stream::new(seed, group), law);
        let mut sums = [V::splat(0.0); 2];
        for o in 0..whole {
            add_octet::<V, T>(&mut sums, sampler.octet(), terms.octet(o), group);
        }
        if let Some(rest) = &rest {
            add_octet::<V, T>(&mut sums, sampler.octet(), rest, group);
        }
        V::store(sums[0] + sums[1], &mut lanes[group..]);
    }
    tree_sum(lanes)
}

/// Adds the terms of eight vectors to the sums of the even and of the odd ones.
#[inline(always)]
fn add_octet<V: Lanes, T: Term>(
    sums: &mut [V::F; 2],
    x: [V::F; OCTET],
    factors: &[f32; OCTET_LEN],
    group: usize,
) {
    for k in 0..OCTET {
        let factor = V::load(&factors[k * LANES + group..]);
        sums[k % 2] = sums[k % 2] + T::term::<V>(x[k], factor);
    }
}

/// [`sum_over_tile`] of `x y` for elements that are in memory. At most [`TILE`] of them.
#[inline(always)]
pub(super) fn dot_tile<V: Lanes>(x: &[f32], y: &[f32]) -> f32 {
    const PAIR: usize = 2 * LANES;
    let mut lanes = [0.0; LANES];
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<PAIR>(), y.as_chunks::<PAIR>());
    let (mut x_last, mut y_last) = ([0.0; PAIR], [0.0; PAIR]);
    x_last[..x_rest.len()].copy_from_slice(x_rest);
    y_last[..y_rest.len()].copy_from_slice(y_rest);
    for group in (0..LANES).step_by(V::WIDTH) {
        let mut sums = [V::splat(0.0); 2];
        for (x, y) in x.iter().zip(y).chain([(&x_last, &y_last)]) {
            for k in 0..2 {
                let at = k * LANES + group;
                sums[k] = sums[k] + V::load(&x[at..]) * V::load(&y[at..]);
            }
        }
        V::store(sums[0] + sums[1], &mut lanes[group..]);
    }
    tree_sum(lanes)
}
