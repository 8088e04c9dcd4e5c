//! Supersteps on d numbers: norms, coordinates, coefficients, positions.
//!
//! They are short, and on a processor hardly worth the name; but a step that consists of supersteps alone can be executed where its
//! numbers are, on another machine.

use super::{Basis, Rule, divide_by_norm};
use crate::numerics::{Lanes, TILE};
use crate::step::{Executor, Parts, Superstep, Work, piece};

/// Superstep: a number everywhere.
struct Fill(f32);

impl Superstep for Fill {
    const NAME: &'static str = "fill";

    fn chunk(&self) -> usize {
        TILE
    }

    /// Nothing.
    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::Fill(self.0));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, _: usize, out: &mut [f32]) {
        out.fill(self.0);
    }
}

/// Superstep, in place: square roots.
struct Roots;

impl Superstep for Roots {
    const NAME: &'static str = "roots";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    /// Nothing but its own slice.
    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::Roots);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, _: usize, out: &mut [f32]) {
        out.iter_mut().for_each(|x| *x = libm::sqrtf(*x));
    }
}

/// Superstep, in place: each number divided by its norm.
struct DivideByNorms<'a>(&'a [f32]);

impl Superstep for DivideByNorms<'_> {
    const NAME: &'static str = "divide by norms";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.0, index, TILE));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::DivideByNorms { norms: &self.0[..len] });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for (x, norm) in out.iter_mut().zip(piece(self.0, index, TILE)) {
            *x = divide_by_norm(*x, *norm);
        }
    }
}

/// Superstep: the coefficients of z, which follows from the coordinates.
struct Coefficients<'a> {
    basis: &'a Basis<'a>,
    coordinates: &'a [f32],
    rule: Rule<'a>,
    norms: &'a [f32],
}

impl Superstep for Coefficients<'_> {
    const NAME: &'static str = "coefficients";

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.coordinates, index, TILE));
        read(piece(self.norms, index, TILE));
        if let Rule::Integrated { previous, .. } = &self.rule {
            read(piece(previous, index, TILE));
        }
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        let Self { basis, coordinates, rule, norms } = *self;
        part(0..len, Work::Coefficients { basis, coordinates, rule, norms });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for (at, a) in out.iter_mut().enumerate() {
            let i = index * TILE + at;
            *a = self.basis.coefficient(self.rule.apply(i, self.coordinates[i]), self.norms[i]);
        }
    }
}

/// Superstep, in place: `x - rate * c`.
struct Integrate<'a> {
    rate: f32,
    coordinates: &'a [f32],
}

impl Superstep for Integrate<'_> {
    const NAME: &'static str = "integrate";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.coordinates, index, TILE));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::Integrate { rate: self.rate, coordinates: self.coordinates });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for (x, c) in out.iter_mut().zip(piece(self.coordinates, index, TILE)) {
            *x -= self.rate * c;
        }
    }
}

/// `values = number`
pub fn fill<E: Executor>(executor: &mut E, number: f32, values: &mut [f32]) {
    executor.run(&Fill(number), values);
}

/// `values = sqrt(values)`
pub(super) fn roots<E: Executor>(executor: &mut E, values: &mut [f32]) {
    executor.run(&Roots, values);
}

/// `values = values / norms`, 0 where a norm is not positive.
///
/// # Panics
/// If there are fewer norms.
pub(super) fn divide_by_norms<E: Executor>(executor: &mut E, norms: &[f32], values: &mut [f32]) {
    assert!(norms.len() >= values.len(), "one norm per number");
    executor.run(&DivideByNorms(norms), values);
}

/// Writes the coefficients of the lift of z, which follows from `coordinates` by `rule`.
///
/// # Panics
/// If there are fewer norms or coordinates than `out` has room for.
pub(super) fn coefficients<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    coordinates: &[f32],
    rule: Rule<'_>,
    norms: &[f32],
    out: &mut [f32],
) {
    executor.run(&Coefficients { basis, coordinates, rule, norms }, out);
}

/// `position = position - rate * coordinates`: the coordinates that stay, after a step.
///
/// # Panics
/// If there are fewer coordinates than positions.
pub fn integrate<E: Executor>(executor: &mut E, rate: f32, coordinates: &[f32], position: &mut [f32]) {
    assert!(coordinates.len() >= position.len(), "one coordinate per position");
    executor.run(&Integrate { rate, coordinates }, position);
}
