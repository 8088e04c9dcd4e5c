//! Fused: each row is generated once and used for both products.
//!
//! A tile of the superstep is a block of directions with buffers of its own: the four rows at hand and the block's share of
//! the update. While four rows are generated, tile by tile, over the four before, these join the share: memory is read and
//! written while the processor calculates. Blocks run in waves, as many at a time as the scratch has room for; a wave's shares
//! join the total in the order of the blocks, so the size of a wave cannot show in the bits.
//!
//! Rows of a rotated distribution (`basis/rotation.rs`) stay as their sampler makes them. Then gradient and total are those of whole
//! tiles: the gradient is rotated first, the total when it joins the weights.

use super::apply::{add_scaled, add_to_weights};
use super::project::{SquareTile, mirrored_dot};
use super::rotated::{ApplyRotated, Rotate};
use super::sums::{FOUR, add_four_rows, add_products, dot_tile, four};
use super::{Basis, Rule, divide_by_norm};
use crate::basis::{Law, OCTET, OCTET_LEN, Sampler, with_law};
use crate::numerics::{BLOCK, Kernel, Lanes, TILE, tree_sum};
use crate::random::{LANES, Stream, TileSeed};
use crate::step::{Executor, Superstep};

/// Floats of a row, or of a sum of rows: whole tiles, whatever the distribution.
const fn padded(params: usize) -> usize {
    params.next_multiple_of(TILE)
}

/// Floats of scratch per block in flight: coordinates, norms, four rows, the block's share of the update.
#[must_use]
pub const fn block_len(params: usize) -> usize {
    2 * BLOCK + (FOUR + 1) * padded(params)
}

/// Floats of scratch with `wave` blocks in flight: they, the total, and a rotated gradient if the distribution is rotated.
#[must_use]
pub const fn scratch(params: usize, wave: usize, rotated: bool) -> usize {
    let gradient = if rotated { padded(params) } else { 0 };
    gradient + padded(params) + wave * block_len(params)
}

/// Superstep: coordinates and update of one block of directions. Output per block: see [`block_len`].
struct Blocks<'a> {
    basis: &'a Basis<'a>,
    /// Rotated, if the distribution is.
    gradient: &'a [f32],
    params: usize,
    rule: Rule<'a>,
    /// The wave's first block.
    first: usize,
}

impl Superstep for Blocks<'_> {
    const NAME: &'static str = "fused blocks";

    fn chunk(&self) -> usize {
        block_len(self.params)
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        self.basis.reads(read);
        read(self.gradient);
        if let Rule::Integrated { previous, .. } = self.rule {
            read(previous);
        }
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let (values, rest) = out.split_at_mut(BLOCK);
        let (norms, rest) = rest.split_at_mut(BLOCK);
        let (rows, share) = rest.split_at_mut(FOUR * padded(self.params));
        let first = (self.first + index) * BLOCK;
        let count = BLOCK.min(self.basis.dimensions - first);
        let norm = self.basis.norm(self.params);
        // Numbers of the four before, none at first.
        let (mut before, mut known) = ([0.0; FOUR], 0);
        for four in 0..count.div_ceil(FOUR) + 1 {
            let at = (four * FOUR).min(count);
            let directions = first + at..first + count.min(at + FOUR);
            let (mut dots, mut squares) = ([0.0; FOUR], [0.0; FOUR]);
            for (tile, gradient) in self.gradient.chunks(TILE).enumerate() {
                let rows = &mut rows[tile * FOUR * TILE..][..FOUR * TILE];
                let share = &mut share[tile * TILE..][..gradient.len()];
                // Four whole tiles of rows are added while the first of the next is written.
                let at_once = known == FOUR && !directions.is_empty() && share.len() == TILE;
                if known == 0 {
                    share.fill(0.0);
                } else if !at_once {
                    V::call(AddRows { a: &before[..known], rows, share });
                }
                for (k, i) in directions.clone().enumerate() {
                    if self.basis.is_mirror(i) {
                        // A pair never spans two fours: its row is the one before.
                        rows.copy_within((k - 1) * TILE..k * TILE, k * TILE);
                        continue;
                    }
                    dots[k] += if k == 0 && at_once {
                        self.replace::<V>(i, tile, gradient, &before, rows, share)
                    } else {
                        self.generate::<V>(i, tile, gradient, &mut rows[k * TILE..(k + 1) * TILE])
                    };
                    if norm.is_none() {
                        squares[k] += self.square::<V>(i, tile, &rows[k * TILE..][..share.len()]);
                    }
                }
            }
            known = directions.len();
            for (k, i) in directions.enumerate() {
                if self.basis.is_mirror(i) {
                    dots[k] = mirrored_dot(dots[k - 1]);
                    norms[at + k] = norms[at + k - 1];
                } else {
                    norms[at + k] = norm.unwrap_or_else(|| libm::sqrtf(squares[k]));
                }
                let c = divide_by_norm(dots[k], norms[at + k]);
                values[at + k] = c;
                before[k] =
                    self.basis.signed(i, self.basis.coefficient(self.rule.apply(i, c), norms[at + k]));
            }
        }
    }
}

impl Blocks<'_> {
    /// Writes a tile of row `i`, and returns its product with the gradient.
    #[inline(always)]
    fn generate<V: Lanes>(&self, i: usize, tile: usize, gradient: &[f32], row: &mut [f32]) -> f32 {
        let seed = self.basis.row(i).seed(tile as u32);
        let mut dot = 0.0;
        with_law!(self.basis.distribution, law => {
            V::call(RowTile { seed, law, gradient, row, dot: &mut dot });
        });
        dot
    }

    /// The same, with the row in place of the first of four whose tiles, each times its number, are added to the share.
    #[inline(always)]
    fn replace<V: Lanes>(
        &self,
        i: usize,
        tile: usize,
        gradient: &[f32],
        a: &[f32; FOUR],
        rows: &mut [f32],
        share: &mut [f32],
    ) -> f32 {
        let seed = self.basis.row(i).seed(tile as u32);
        let mut dot = 0.0;
        with_law!(self.basis.distribution, law => {
            V::call(ReplaceTile { seed, law, gradient, a, rows, share, dot: &mut dot });
        });
        dot
    }

    /// The squared norm of a tile of row `i`: of what lies there, unless that is yet to be rotated.
    #[inline(always)]
    fn square<V: Lanes>(&self, i: usize, tile: usize, row: &[f32]) -> f32 {
        let mut square = 0.0;
        if self.basis.distribution.is_rotated() {
            let seed = self.basis.row(i).seed(tile as u32);
            let len = TILE.min(self.params - tile * TILE);
            with_law!(self.basis.distribution, law => V::call(SquareTile { seed, law, len, square: &mut square }));
        } else {
            V::call(SquareRow { row, square: &mut square });
        }
        square
    }
}

/// [`AddRows`] of four whole tiles and [`RowTile`] of the first in one go.
struct ReplaceTile<'a, L> {
    seed: TileSeed,
    law: L,
    gradient: &'a [f32],
    a: &'a [f32; FOUR],
    rows: &'a mut [f32],
    share: &'a mut [f32],
    dot: &'a mut f32,
}

impl<L: Law> Kernel for ReplaceTile<'_, L> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let (p, rest) = self.rows.as_chunks_mut::<OCTET_LEN>().0.split_at_mut(TILE / OCTET_LEN);
        let (q, rest) = rest.split_at(TILE / OCTET_LEN);
        let (r, s) = rest.split_at(TILE / OCTET_LEN);
        let share = self.share.as_chunks_mut::<OCTET_LEN>().0;
        let gradient = self.gradient.as_chunks::<OCTET_LEN>().0;
        let [a, b, c, d] = *self.a;
        let (a, b, c, d) = (V::splat(a), V::splat(b), V::splat(c), V::splat(d));
        let mut lanes = [0.0; LANES];
        // Two lane groups at a time, where there are so many: a line of the cache is then fetched once or twice, not four times.
        let step = if V::WIDTH == LANES { LANES } else { 2 * V::WIDTH };
        for group in (0..LANES).step_by(step) {
            let second = group + step - V::WIDTH;
            let mut samplers = [
                L::Sampler::<V>::new(Stream::new(self.seed, group), self.law),
                L::Sampler::<V>::new(Stream::new(self.seed, second), self.law),
            ];
            let mut sums = [V::splat(0.0); 2];
            for o in 0..TILE / OCTET_LEN {
                for half in 0..step / V::WIDTH {
                    let group = if half == 0 { group } else { second };
                    let x = samplers[half].octet();
                    let mut factors = [V::splat(0.0); OCTET];
                    for k in 0..OCTET {
                        let at = k * LANES + group;
                        factors[k] = V::load(&gradient[o][at..]);
                        let sum = four::<V>([
                            a * V::load(&p[o][at..]),
                            b * V::load(&q[o][at..]),
                            c * V::load(&r[o][at..]),
                            d * V::load(&s[o][at..]),
                        ]);
                        V::store(V::load(&share[o][at..]) + sum, &mut share[o][at..]);
                        V::store(x[k], &mut p[o][at..]);
                    }
                    sums[half] = add_products::<V>(sums[half], &x, &factors);
                }
            }
            V::store(sums[0], &mut lanes[group..]);
            if step > V::WIDTH {
                V::store(sums[1], &mut lanes[second..]);
            }
        }
        *self.dot = tree_sum(lanes);
    }
}

/// Writes a tile of a row, as its sampler makes it, and the sum of its products with the gradient.
struct RowTile<'a, L> {
    seed: TileSeed,
    law: L,
    gradient: &'a [f32],
    /// A whole tile; what lies behind the gradient's end may be written or not.
    row: &'a mut [f32],
    dot: &'a mut f32,
}

impl<L: Law> Kernel for RowTile<'_, L> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let mut lanes = [0.0; LANES];
        let (whole, rest) = self.gradient.as_chunks::<OCTET_LEN>();
        let mut last = [0.0; OCTET_LEN];
        last[..rest.len()].copy_from_slice(rest);
        let last = if rest.is_empty() { &[][..] } else { core::slice::from_ref(&last) };
        let rows = self.row.as_chunks_mut::<OCTET_LEN>().0;
        for group in (0..LANES).step_by(V::WIDTH) {
            let mut sampler = L::Sampler::<V>::new(Stream::new(self.seed, group), self.law);
            let mut sum = V::splat(0.0);
            for (row, gradient) in rows.iter_mut().zip(whole.iter().chain(last)) {
                let x = sampler.octet();
                let mut factors = [V::splat(0.0); OCTET];
                for k in 0..OCTET {
                    factors[k] = V::load(&gradient[k * LANES + group..]);
                    V::store(x[k], &mut row[k * LANES + group..]);
                }
                sum = add_products::<V>(sum, &x, &factors);
            }
            V::store(sum, &mut lanes[group..]);
        }
        *self.dot = tree_sum(lanes);
    }
}

/// The squared norm of a tile in memory.
struct SquareRow<'a> {
    row: &'a [f32],
    square: &'a mut f32,
}

impl Kernel for SquareRow<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        *self.square = dot_tile::<V>(self.row, self.row);
    }
}

/// Adds up to four rows' tiles, side by side in `rows`, to a tile of the share.
struct AddRows<'a> {
    a: &'a [f32],
    rows: &'a [f32],
    share: &'a mut [f32],
}

impl Kernel for AddRows<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        // Where a row is missing, the first again, times +0: the buffer may hold anything.
        let row = |k: usize| &self.rows[if k < self.a.len() { k * TILE } else { 0 }..][..TILE];
        add_four_rows::<V>(self.a, [row(0), row(1), row(2), row(3)], self.share);
    }
}

/// Superstep, in place: a tile of the total plus the wave's shares, block by block.
struct AddShares<'a> {
    /// The wave's blocks, one after the other.
    blocks: &'a [f32],
    params: usize,
    /// Those of the total.
    elements: usize,
}

impl Superstep for AddShares<'_> {
    const NAME: &'static str = "add shares";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        let tile = index * TILE..self.elements.min((index + 1) * TILE);
        for block in self.blocks.chunks_exact(block_len(self.params)) {
            read(&block[share_start(self.params)..][tile.clone()]);
        }
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for block in self.blocks.chunks_exact(block_len(self.params)) {
            let share = &block[share_start(self.params) + index * TILE..][..out.len()];
            add_scaled::<V>(1.0, share, out);
        }
    }
}

/// Where a block's share begins.
const fn share_start(params: usize) -> usize {
    2 * BLOCK + FOUR * padded(params)
}

/// Projection, rule and lift in one go. See [`super::update`], which checks the lengths.
///
/// # Panics
/// If `scratch` is shorter than [`Strategy::scratch`](super::Strategy::scratch).
pub(super) fn update<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    gradient: &[f32],
    rule: Rule<'_>,
    scale: f32,
    weights: &mut [f32],
    values: &mut [f32],
    norms: &mut [f32],
    scratch: &mut [f32],
) {
    let params = gradient.len();
    let len = block_len(params);
    let rotated = basis.distribution.is_rotated();
    let (total, scratch) = scratch.split_at_mut(padded(params));
    let (rotated_gradient, scratch) = scratch.split_at_mut(if rotated { padded(params) } else { 0 });
    let wave = scratch.len() / len;
    assert!(wave > 0, "scratch has no room for one block of {len} floats");
    let elements = if rotated { padded(params) } else { params };
    let total = &mut total[..elements];
    let gradient = if rotated {
        executor.run(&Rotate { x: gradient }, rotated_gradient);
        &*rotated_gradient
    } else {
        gradient
    };
    total.fill(0.0);
    for first in (0..basis.dimensions.div_ceil(BLOCK)).step_by(wave) {
        let count = wave.min(basis.dimensions.div_ceil(BLOCK) - first);
        let blocks = &mut scratch[..count * len];
        executor.run(&Blocks { basis, gradient, params, rule, first }, blocks);
        executor.run(&AddShares { blocks, params, elements }, total);
        for (block, start) in blocks.chunks_exact(len).zip((first * BLOCK..).step_by(BLOCK)) {
            let count = BLOCK.min(basis.dimensions - start);
            values[start..start + count].copy_from_slice(&block[..count]);
            norms[start..start + count].copy_from_slice(&block[BLOCK..BLOCK + count]);
        }
    }
    if rotated {
        executor.run(&ApplyRotated { total, scale }, weights);
    } else {
        add_to_weights(executor, total, scale, weights);
    }
}
