//! Two-pass, first pass: a tile of the gradient against every row.

use core::ops::Range;

use super::coordinates::{divide_by_norms, fill, roots};
use super::sums::{FOUR, add_products, four, squares_of_group};
use super::{Basis, signs};
use crate::basis::{Law, OCTET, Sampler, VECTORS, lane_group, load_group, load_lanes, rotate, with_law};
use crate::numerics::{Kernel, Lanes, TILE, tree_sum};
use crate::random::{LANES, Stream, TileSeed};
use crate::step::{Executor, Parts, Superstep, Work, piece};

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

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        let (basis, first, count) = (self.basis, self.directions.start, self.directions.len());
        part(0..len, Work::Project { basis, first, count, gradient: self.gradient });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let Self { basis, directions, gradient } = self;
        let (first, tile, gradient) = (directions.start, index as u32, piece(gradient, index, TILE));
        if signs::can_look_up::<V>(basis, out.len()) && basis.redraws.is_none() {
            signs::project::<V>(basis, first, tile, gradient, out);
            return;
        }
        project_tile::<V>(basis, first, tile, Elements::There(gradient), out);
    }
}

/// The inner products of a tile of a gradient and the directions from `first` on, as many as `out` has room for.
#[inline(always)]
pub(super) fn project_tile<V: Lanes>(
    basis: &Basis<'_>,
    first: usize,
    tile: u32,
    gradient: Elements<'_>,
    out: &mut [f32],
) {
    with_law!(basis.distribution, law => {
        V::call(ProjectTile { basis, first, law, tile, gradient, out });
    });
}

/// A tile of a gradient.
#[derive(Clone, Copy)]
pub(super) enum Elements<'a> {
    /// In memory.
    There(&'a [f32]),
    /// So many, of which a function writes those from a place on, as often as it is asked to.
    Made(usize, &'a dyn Fn(usize, &mut [f32])),
}

impl Elements<'_> {
    #[inline(always)]
    const fn len(&self) -> usize {
        match self {
            Self::There(elements) => elements.len(),
            Self::Made(len, _) => *len,
        }
    }

    /// One lane group, +0 behind the end.
    #[inline(always)]
    fn load_group<V: Lanes>(&self, group: usize) -> [V::F; VECTORS] {
        match self {
            Self::There(elements) => load_group::<V>(elements, group),
            Self::Made(len, make) => make_group::<V>(*len, *make, group),
        }
    }
}

/// Vectors of sixteen lanes that are made at a time.
const STRIP: usize = 16;

/// [`load_group`] of elements that are made for it, a strip after the other: a tile of them is never there at once. A function
/// of its own, since kernels whose elements are in memory do without.
#[inline(never)]
fn make_group<V: Lanes>(len: usize, make: &dyn Fn(usize, &mut [f32]), group: usize) -> [V::F; VECTORS] {
    let mut out = [V::splat(0.0); VECTORS];
    let mut strip = [0.0; STRIP * LANES];
    for (first, out) in (0..len).step_by(strip.len()).zip(out.chunks_exact_mut(STRIP)) {
        let strip = &mut strip[..(STRIP * LANES).min(len - first)];
        make(first, strip);
        for (out, vector) in out.iter_mut().zip(strip.chunks(LANES)) {
            *out = load_lanes::<V>(group, vector);
        }
    }
    out
}

/// The work of [`project_tile`].
struct ProjectTile<'a, L> {
    basis: &'a Basis<'a>,
    first: usize,
    law: L,
    tile: u32,
    gradient: Elements<'a>,
    out: &'a mut [f32],
}

/// Directions for which a lane group of the gradient is loaded (and rotated) once.
const AT_ONCE: usize = 32;

impl<L: Law> Kernel for ProjectTile<'_, L> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { basis, first, law, tile, gradient, out } = self;
        let used = if L::ROTATED { VECTORS } else { gradient.len().div_ceil(OCTET * LANES) * OCTET };
        for (part, start) in (first..first + out.len()).step_by(AT_ONCE).enumerate() {
            let out = &mut out[part * AT_ONCE..];
            let count = out.len().min(AT_ONCE);
            let mut lanes = [[0.0; LANES]; AT_ONCE];
            for group in (0..LANES).step_by(V::WIDTH) {
                let mut factors = gradient.load_group::<V>(group);
                if L::ROTATED {
                    rotate::<V>(&mut factors);
                }
                let mut at = 0;
                while at < count {
                    let seed = basis.row(start + at).seed(tile);
                    let next = next_row(basis, start, at);
                    if L::Sampler::<V>::PAIRS && next < count {
                        let seeds = [seed, basis.row(start + next).seed(tile)];
                        let sums = dots_of_group::<V, L>(seeds, law, group, &factors[..used]);
                        V::store(sums[0], &mut lanes[at][group..]);
                        V::store(sums[1], &mut lanes[next][group..]);
                        at = next_row(basis, start, next);
                    } else {
                        let sum = dot_of_group::<V, L>(seed, law, group, &factors[..used]);
                        V::store(sum, &mut lanes[at][group..]);
                        at = next;
                    }
                }
            }
            for at in 0..count {
                out[at] = match basis.is_mirror(start + at) {
                    // Of the direction before, which has the same row.
                    true if at > 0 => mirrored_dot(out[at - 1]),
                    true => mirrored_dot(tree_sum(lanes[at])),
                    false => tree_sum(lanes[at]),
                };
            }
        }
    }
}

/// The first direction after `start + at` with a row of its own, counted from `start`.
#[inline(always)]
fn next_row(basis: &Basis<'_>, start: usize, at: usize) -> usize {
    if basis.is_mirror(start + at + 1) { at + 2 } else { at + 1 }
}

/// The chain of one lane group over a tile, of products of a row and `factors`. Factors behind the end of a tile are +0: a
/// product with it changes no bit of a sum that started at +0.
#[inline(always)]
fn dot_of_group<V: Lanes, L: Law>(seed: TileSeed, law: L, group: usize, factors: &[V::F]) -> V::F {
    let mut sampler = L::Sampler::<V>::new(Stream::new(seed, group), law);
    let mut sum = V::splat(0.0);
    for factors in factors.as_chunks().0 {
        sum = add_products::<V>(sum, &sampler.octet(), factors);
    }
    sum
}

/// The same for two rows at a time, in small steps: what one of them waits for, the other uses.
#[inline(always)]
fn dots_of_group<V: Lanes, L: Law>(
    [seed_p, seed_q]: [TileSeed; 2],
    law: L,
    group: usize,
    factors: &[V::F],
) -> [V::F; 2] {
    let mut p = L::Sampler::<V>::new(Stream::new(seed_p, group), law);
    let mut q = L::Sampler::<V>::new(Stream::new(seed_q, group), law);
    let mut sums = [V::splat(0.0); 2];
    for factors in factors.as_chunks::<OCTET>().0 {
        for f in factors.as_chunks::<FOUR>().0 {
            let ([a, b], [e, f0]) = (p.pair(), q.pair());
            let ([c, d], [g, h]) = (p.pair(), q.pair());
            sums[0] = sums[0] + four::<V>([a * f[0], b * f[1], c * f[2], d * f[3]]);
            sums[1] = sums[1] + four::<V>([e * f[0], f0 * f[1], g * f[2], h * f[3]]);
        }
    }
    sums
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

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        let (basis, first, count) = (self.basis, self.directions.start, self.directions.len());
        part(0..len, Work::SquaredNorms { basis, first, count, params: self.params });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let len = TILE.min(self.params - index * TILE);
        for at in 0..out.len() {
            let i = self.directions.start + at;
            if self.basis.is_mirror(i) && at > 0 {
                out[at] = out[at - 1];
                continue;
            }
            let (seed, square) = (self.basis.row(i).seed(index as u32), &mut out[at]);
            with_law!(self.basis.distribution, law => V::call(SquareTile { seed, law, len, square }));
        }
    }
}

/// The squared norm of a tile of a row of `len` elements there.
pub(super) struct SquareTile<'a, L> {
    pub seed: TileSeed,
    pub law: L,
    pub len: usize,
    pub square: &'a mut f32,
}

impl<L: Law> Kernel for SquareTile<'_, L> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let mut lanes = [0.0; LANES];
        for group in (0..LANES).step_by(V::WIDTH) {
            let elements = lane_group::<V, L>(self.seed, self.law, group, self.len);
            V::store(squares_of_group::<V>(&elements), &mut lanes[group..]);
        }
        *self.square = tree_sum(lanes);
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

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::Combine { partials: self.partials });
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
    let directions = first..first + coordinates.len();
    let superstep = Project { basis, directions, gradient };
    coordinates_of(executor, &superstep, gradient.len(), norms, coordinates, scratch);
}

/// The coordinates of a gradient of `elements` elements, of which `superstep` makes the partial sums, `[tiles][directions]`.
pub(super) fn coordinates_of<E: Executor, S: Superstep>(
    executor: &mut E,
    superstep: &S,
    elements: usize,
    norms: &[f32],
    coordinates: &mut [f32],
    scratch: &mut [f32],
) {
    let partials = &mut scratch[..elements.div_ceil(TILE) * coordinates.len()];
    executor.run(superstep, partials);
    combine(executor, partials, coordinates);
    divide_by_norms(executor, norms, coordinates);
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
        fill(executor, norm, norms);
        return;
    }
    let partials = &mut scratch[..params.div_ceil(TILE) * norms.len()];
    let directions = first..first + norms.len();
    executor.run(&Squares { basis, directions, params }, partials);
    combine(executor, partials, norms);
    roots(executor, norms);
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
