//! Fused: each row is generated once and used for both products.
//!
//! A tile of the superstep is a block of directions with buffers of its own: the row at hand and the block's share of
//! the update. Blocks run in waves, as many at a time as the scratch has room for; a wave's shares join the total in
//! the order of the blocks, so the size of a wave cannot show in the bits.

use super::apply::{add_scaled, add_to_weights};
use super::project::{dot_tile, mirrored_dot};
use super::{Basis, Rule, divide_by_norm};
use crate::numerics::{BLOCK, Lanes, TILE};
use crate::step::{Executor, Superstep};

/// Floats of scratch per block in flight: coordinates, norms, the row, the block's share of the update.
#[must_use]
pub const fn block_len(params: usize) -> usize {
    2 * BLOCK + 2 * params
}

/// Superstep: coordinates and update of one block of directions. Output per block: see [`block_len`].
struct Blocks<'a> {
    basis: &'a Basis<'a>,
    gradient: &'a [f32],
    rule: Rule<'a>,
    /// The wave's first block.
    first: usize,
}

impl Superstep for Blocks<'_> {
    const NAME: &'static str = "fused blocks";

    fn chunk(&self) -> usize {
        block_len(self.gradient.len())
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
        let (row, share) = rest.split_at_mut(self.gradient.len());
        share.fill(0.0);
        let first = (self.first + index) * BLOCK;
        let (mut dot, mut norm) = (0.0, 0.0);
        for i in first..self.basis.dimensions.min(first + BLOCK) {
            if self.basis.is_mirror(i) {
                // A pair never spans two blocks: its row is still in the buffer.
                dot = mirrored_dot(dot);
            } else {
                (dot, norm) = self.generate::<V>(i, row);
            }
            let c = divide_by_norm(dot, norm);
            values[i - first] = c;
            norms[i - first] = norm;
            let a = self.basis.coefficient(self.rule.apply(i, c), norm);
            add_scaled::<V>(self.basis.signed(i, a), row, share);
        }
    }
}

impl Blocks<'_> {
    /// Writes row `i` and returns its product with the gradient and its norm.
    #[inline(always)]
    fn generate<V: Lanes>(&self, i: usize, row: &mut [f32]) -> (f32, f32) {
        let known = self.basis.norm(row.len());
        let (mut dot, mut square) = (0.0, 0.0);
        for (tile, (x, g)) in row.chunks_mut(TILE).zip(self.gradient.chunks(TILE)).enumerate() {
            self.basis.row(i).tile::<V>(tile as u32, x);
            dot += dot_tile::<V>(x, g);
            if known.is_none() {
                square += dot_tile::<V>(x, x);
            }
        }
        (dot, known.unwrap_or_else(|| libm::sqrtf(square)))
    }
}

/// Superstep, in place: a tile of the total plus the wave's shares, block by block.
struct AddShares<'a> {
    /// The wave's blocks, one after the other.
    blocks: &'a [f32],
    params: usize,
}

impl Superstep for AddShares<'_> {
    const NAME: &'static str = "add shares";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        let tile = index * TILE..self.params.min((index + 1) * TILE);
        for block in self.blocks.chunks_exact(block_len(self.params)) {
            read(&block[2 * BLOCK + self.params..][tile.clone()]);
        }
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for block in self.blocks.chunks_exact(block_len(self.params)) {
            let share = &block[2 * BLOCK + self.params + index * TILE..][..out.len()];
            add_scaled::<V>(1.0, share, out);
        }
    }
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
    let (total, scratch) = scratch.split_at_mut(params);
    let wave = scratch.len() / len;
    assert!(wave > 0, "scratch has no room for one block of {len} floats");
    total.fill(0.0);
    for first in (0..basis.dimensions.div_ceil(BLOCK)).step_by(wave) {
        let count = wave.min(basis.dimensions.div_ceil(BLOCK) - first);
        let blocks = &mut scratch[..count * len];
        executor.run(&Blocks { basis, gradient, rule, first }, blocks);
        executor.run(&AddShares { blocks, params }, total);
        for (block, start) in blocks.chunks_exact(len).zip((first * BLOCK..).step_by(BLOCK)) {
            let count = BLOCK.min(basis.dimensions - start);
            values[start..start + count].copy_from_slice(&block[..count]);
            norms[start..start + count].copy_from_slice(&block[BLOCK..BLOCK + count]);
        }
    }
    add_to_weights(executor, total, scale, weights);
}
