//! An update that is in memory, onto the weights: the end of a fused update, and all of SGD's.

use crate::numerics::{Lanes, TILE};
use crate::step::{Executor, Parts, Superstep, Work, piece};

/// Superstep, in place: a tile of `theta + scale * total`.
struct Apply<'a> {
    total: &'a [f32],
    scale: f32,
}

impl Superstep for Apply<'_> {
    const NAME: &'static str = "apply";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.total, index, TILE));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::Apply { total: self.total, scale: self.scale });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        add_scaled::<V>(self.scale, &piece(self.total, index, TILE)[..out.len()], out);
    }
}

/// `y += a x`
#[inline(always)]
pub(super) fn add_scaled<V: Lanes>(a: f32, x: &[f32], y: &mut [f32]) {
    let a = V::splat(a);
    let mut y = y.chunks_exact_mut(V::WIDTH);
    let mut x = x.chunks_exact(V::WIDTH);
    for (y, x) in (&mut y).zip(&mut x) {
        V::store(V::load(y) + a * V::load(x), y);
    }
    let y = y.into_remainder();
    if y.is_empty() {
        return;
    }
    V::store_partial(V::load_partial(y) + a * V::load_partial(x.remainder()), y);
}

/// `weights += scale * direction`, where `direction` is in memory.
///
/// # Panics
/// If `direction` is shorter than `weights`.
pub fn add_to_weights<E: Executor>(executor: &mut E, direction: &[f32], scale: f32, weights: &mut [f32]) {
    executor.run(&Apply { total: direction, scale }, weights);
}

/// Superstep, in place: a tile of `factor * x`.
struct Multiply(f32);

impl Superstep for Multiply {
    const NAME: &'static str = "multiply";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    /// Nothing but its own slice.
    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    #[inline(always)]
    fn tile<V: Lanes>(&self, _: usize, out: &mut [f32]) {
        out.iter_mut().for_each(|x| *x *= self.0);
    }
}

/// `values *= factor`.
pub fn multiply<E: Executor>(executor: &mut E, factor: f32, values: &mut [f32]) {
    executor.run(&Multiply(factor), values);
}
