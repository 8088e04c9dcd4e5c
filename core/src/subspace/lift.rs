//! Two-pass, second pass: every row's tile, weighted and summed, onto a tile of the weights.

use super::sums::{FOUR, four};
use super::{Basis, signs};
use crate::basis::{Law, OCTET, OCTET_LEN, Sampler, VECTORS, load_lanes, rotate, store_lanes, with_law};
use crate::numerics::{BLOCK, Kernel, Lanes, TILE};
use crate::random::{LANES, Stream};
use crate::step::{Executor, Parts, Superstep, Work};

/// Superstep, in place: one tile of `theta + scale * sum_i a_i phi_i`.
struct Lift<'a> {
    basis: &'a Basis<'a>,
    coefficients: &'a [f32],
    scale: f32,
}

impl Superstep for Lift<'_> {
    const NAME: &'static str = "lift";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        self.basis.reads(read);
        read(self.coefficients);
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        let Self { basis, coefficients, scale } = *self;
        part(0..len, Work::Lift { basis, coefficients, scale });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let Self { basis, coefficients, scale } = *self;
        let tile = index as u32;
        if signs::can_look_up::<V>(basis, coefficients.len()) {
            signs::lift::<V>(basis, tile, coefficients, scale, out);
            return;
        }
        with_law!(basis.distribution, law => {
            V::call(LiftTile { basis, law, tile, coefficients, scale, weights: out });
        });
    }
}

/// The work of [`Lift`] on one tile.
struct LiftTile<'a, L> {
    basis: &'a Basis<'a>,
    law: L,
    tile: u32,
    coefficients: &'a [f32],
    scale: f32,
    weights: &'a mut [f32],
}

impl<L: Law> Kernel for LiftTile<'_, L> {
    /// One lane group after the other, so that no buffer is longer than a group's share of a tile.
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let zero = V::splat(0.0);
        let used = if L::ROTATED { VECTORS } else { self.weights.len().div_ceil(OCTET_LEN) * OCTET };
        for group in (0..LANES).step_by(V::WIDTH) {
            let mut total = [zero; VECTORS];
            for (b, coefficients) in self.coefficients.chunks(BLOCK).enumerate() {
                let mut block = [zero; VECTORS];
                for (f, coefficients) in coefficients.chunks(FOUR).enumerate() {
                    let first = b * BLOCK + f * FOUR;
                    add_four::<V, L>(&self, first, coefficients, group, &mut block[..used]);
                }
                for (total, block) in total[..used].iter_mut().zip(&block[..used]) {
                    *total = *total + *block;
                }
            }
            if L::ROTATED {
                rotate::<V>(&mut total);
            }
            add_group::<V>(self.scale, &total, group, self.weights);
        }
    }
}

/// Adds the directions from `first` on to the sums of one lane group, as many as there are coefficients: up to four, whose rows
/// are made side by side. Those that are missing are the last again, times zero.
#[inline(always)]
fn add_four<V: Lanes, L: Law>(
    work: &LiftTile<'_, L>,
    first: usize,
    coefficients: &[f32],
    group: usize,
    sums: &mut [V::F],
) {
    let mut factors = [0.0; FOUR];
    for (k, a) in coefficients.iter().enumerate() {
        factors[k] = work.basis.signed(first + k, *a);
    }
    let [a, b, c, d] = factors;
    let (a, b, c, d) = (V::splat(a), V::splat(b), V::splat(c), V::splat(d));
    // Four variables, not an array: a compiler that does not unroll the loops over an array keeps it in memory.
    let last = coefficients.len() - 1;
    let mut p = sampler::<V, L>(work, first, group);
    let mut q = sampler::<V, L>(work, first + last.min(1), group);
    let mut r = sampler::<V, L>(work, first + last.min(2), group);
    let mut s = sampler::<V, L>(work, first + last.min(3), group);
    for sums in sums.as_chunks_mut::<OCTET>().0 {
        if L::Sampler::<V>::PAIRS {
            for sums in sums.as_chunks_mut::<2>().0 {
                let (p, q, r, s) = (p.pair(), q.pair(), r.pair(), s.pair());
                for k in 0..2 {
                    sums[k] = sums[k] + four::<V>([a * p[k], b * q[k], c * r[k], d * s[k]]);
                }
            }
            continue;
        }
        let (p, q, r, s) = (p.octet(), q.octet(), r.octet(), s.octet());
        for k in 0..OCTET {
            sums[k] = sums[k] + four::<V>([a * p[k], b * q[k], c * r[k], d * s[k]]);
        }
    }
}

/// What makes a lane group of direction `i`'s row.
#[inline(always)]
fn sampler<V: Lanes, L: Law>(work: &LiftTile<'_, L>, i: usize, group: usize) -> L::Sampler<V> {
    L::Sampler::<V>::new(Stream::new(work.basis.row(i).seed(work.tile), group), work.law)
}

/// `weights += scale * total` for one lane group of a tile.
#[inline(always)]
pub(super) fn add_group<V: Lanes>(scale: f32, total: &[V::F; VECTORS], group: usize, weights: &mut [f32]) {
    let scale = V::splat(scale);
    for (k, weights) in weights.chunks_mut(LANES).enumerate() {
        store_lanes::<V>(load_lanes::<V>(group, weights) + scale * total[k], group, weights);
    }
}

/// `weights += scale * sum_i coefficients[i] phi_i`.
///
/// Directions are added in blocks of [`BLOCK`], from zero in index order, four at a time; the blocks' sums are added, from zero,
/// in index order; the total is multiplied with `scale` and added to the weight.
pub fn lift<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    coefficients: &[f32],
    scale: f32,
    weights: &mut [f32],
) {
    executor.run(&Lift { basis, coefficients, scale }, weights);
}
