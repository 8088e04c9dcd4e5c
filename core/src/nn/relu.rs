//! The rectifier.

use super::{Layer, Tensors};
use crate::numerics::Lanes;
use crate::step::{Executor, Parts, Superstep, Work, piece};

/// `y = x` where x > 0, else +0. The subgradient at 0 is 0.
#[derive(Clone, Copy, Debug)]
pub struct Relu<const N: usize>;

/// Floats per tile.
const CHUNK: usize = 4096;

/// Superstep: `from` where `sign` is positive, else +0. Forward both are x; backward `from` is the output's delta.
struct Rectify<'a> {
    sign: &'a [f32],
    from: &'a [f32],
}

impl Superstep for Rectify<'_> {
    const NAME: &'static str = "rectify";

    fn chunk(&self) -> usize {
        CHUNK
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.sign, index, CHUNK));
        read(piece(self.from, index, CHUNK));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::Rectify { sign: self.sign, from: self.from });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let mut sign = piece(self.sign, index, CHUNK).chunks_exact(V::WIDTH);
        let mut from = piece(self.from, index, CHUNK).chunks_exact(V::WIDTH);
        let mut out = out.chunks_exact_mut(V::WIDTH);
        for ((out, sign), from) in (&mut out).zip(&mut sign).zip(&mut from) {
            V::store(V::where_positive(V::load(sign), V::load(from)), out);
        }
        let (sign, from) = (V::load_partial(sign.remainder()), V::load_partial(from.remainder()));
        V::store_partial(V::where_positive(sign, from), out.into_remainder());
    }
}

impl<const N: usize> Layer for Relu<N> {
    const INPUT: usize = N;
    const OUTPUT: usize = N;
    const PARAMS: usize = 0;
    const ACTIVATIONS: usize = N;

    #[inline(always)]
    fn forward<E: Executor>(executor: &mut E, _: usize, _: &[f32], input: &[f32], activations: &mut [f32]) {
        executor.run(&Rectify { sign: input, from: input }, activations);
    }

    /// The output is positive exactly where the input was.
    fn backward<E: Executor>(
        executor: &mut E,
        _: usize,
        _: &[f32],
        _: &[f32],
        activations: &[f32],
        deltas: &mut [f32],
        input_deltas: Option<&mut [f32]>,
    ) {
        if let Some(input_deltas) = input_deltas {
            executor.run(&Rectify { sign: activations, from: deltas }, input_deltas);
        }
    }

    #[inline(always)]
    fn gradient_tile<V: Lanes>(_: usize, _: &[f32], _: &[f32], _: &[f32], _: usize, _: &mut [f32]) {}

    fn tensors(_: &mut Tensors) {}
}
