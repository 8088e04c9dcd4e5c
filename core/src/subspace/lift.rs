//! Two-pass, second pass: every row's tile, weighted and summed, onto a tile of the weights.

use super::Basis;
use crate::basis::{OCTET, OCTET_LEN, Sampler, with_sampler};
use crate::numerics::{BLOCK, Lanes, TILE};
use crate::random::{LANES, Stream};
use crate::step::{Executor, Superstep};

/// Vectors of one lane group in a tile.
const VECTORS: usize = TILE / LANES;

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

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        with_sampler!(self.basis.distribution, V, S, law => self.lift_tile::<V, S<V>>(index, law, out));
    }
}

impl Lift<'_> {
    /// One lane group after the other, so that no buffer is longer than a group's share of a tile.
    #[inline(always)]
    fn lift_tile<V: Lanes, S: Sampler<V>>(&self, index: usize, law: S::Law, weights: &mut [f32]) {
        let zero = V::splat(0.0);
        let used = weights.len().div_ceil(OCTET_LEN) * OCTET;
        for group in (0..LANES).step_by(V::WIDTH) {
            let mut total = [zero; VECTORS];
            for (b, coefficients) in self.coefficients.chunks(BLOCK).enumerate() {
                let mut block = [zero; VECTORS];
                for (i, &a) in coefficients.iter().enumerate() {
                    let i = b * BLOCK + i;
                    let seed = self.basis.row(i).seed(index as u32);
                    let mut sampler = S::new(Stream::new(seed, group), law);
                    let a = V::splat(self.basis.signed(i, a));
                    for sums in block[..used].chunks_exact_mut(OCTET) {
                        let x = sampler.octet();
                        for k in 0..OCTET {
                            sums[k] = sums[k] + a * x[k];
                        }
                    }
                }
                for (total, block) in total[..used].iter_mut().zip(&block[..used]) {
                    *total = *total + *block;
                }
            }
            self.add_to::<V>(&total, group, weights);
        }
    }

    /// `weights += scale * total` for one lane group.
    #[inline(always)]
    fn add_to<V: Lanes>(&self, total: &[V::F; VECTORS], group: usize, weights: &mut [f32]) {
        let scale = V::splat(self.scale);
        for (k, weights) in weights.chunks_mut(LANES).enumerate() {
            if weights.len() >= group + V::WIDTH {
                let weights = &mut weights[group..];
                V::store(V::load(weights) + scale * total[k], weights);
            } else if weights.len() > group {
                let weights = &mut weights[group..];
                V::store_partial(V::load_partial(weights) + scale * total[k], weights);
            }
        }
    }
}

/// `weights += scale * sum_i coefficients[i] phi_i`.
///
/// Directions are added in blocks of [`BLOCK`], from zero in index order; the blocks' sums are added, from zero, in
/// index order; the total is multiplied with `scale` and added to the weight.
pub fn lift<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    coefficients: &[f32],
    scale: f32,
    weights: &mut [f32],
) {
    executor.run(&Lift { basis, coefficients, scale }, weights);
}
