//! Rows of a random basis that are kept in memory: the memory-for-time baseline, on hosts. (`keep_projection_in_memory`)
//!
//! The only place where a basis is data: d D floats. The bits are those of rows that are regenerated, but for rotated
//! ones, whose sums are made otherwise: `Descent::keeps` leaves them out.

use super::apply::add_to_weights;
use super::{Basis, stored};
use crate::numerics::{Lanes, TILE};
use crate::step::{Executor, Superstep};

/// Superstep: a direction's row, its sign included. Output `[directions][elements]`.
struct Rows<'a> {
    basis: &'a Basis<'a>,
    elements: usize,
}

impl Superstep for Rows<'_> {
    const NAME: &'static str = "rows";

    fn chunk(&self) -> usize {
        self.elements
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        self.basis.reads(read);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            self.basis.row(index).tile::<V>(tile as u32, out);
        }
        if self.basis.is_mirror(index) {
            out.iter_mut().for_each(|x| *x = -*x);
        }
    }
}

/// Floats of scratch for [`project`] and [`lift`].
#[must_use]
pub const fn scratch(elements: usize, dimensions: usize) -> usize {
    elements + dimensions + stored::scratch(elements, dimensions)
}

/// Writes all rows, one after the other.
///
/// # Panics
/// If `rows` is not d times `elements` long.
// Not inlined: what a step takes that keeps no rows should not lie on its stack.
#[inline(never)]
pub fn write<E: Executor>(executor: &mut E, basis: &Basis<'_>, elements: usize, rows: &mut [f32]) {
    assert_eq!(rows.len(), basis.dimensions * elements, "one row per direction");
    executor.run(&Rows { basis, elements }, rows);
}

/// Writes direction `i` alone.
pub fn write_row<E: Executor>(executor: &mut E, basis: &Basis<'_>, i: usize, row: &mut [f32]) {
    executor.run(&Row { basis, i }, row);
}

/// Superstep: a tile of one direction, its sign included.
struct Row<'a> {
    basis: &'a Basis<'a>,
    i: usize,
}

impl Superstep for Row<'_> {
    const NAME: &'static str = "row";

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        self.basis.reads(read);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        self.basis.row(self.i).tile::<V>(index as u32, out);
        if self.basis.is_mirror(self.i) {
            out.iter_mut().for_each(|x| *x = -*x);
        }
    }
}

/// [`super::project`], on rows that [`write()`] wrote.
///
/// # Panics
/// If a buffer is too short.
// Not inlined: what a step takes that keeps no rows should not lie on its stack.
#[inline(never)]
pub fn project<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    rows: &[f32],
    first: usize,
    gradient: &[f32],
    coordinates: &mut [f32],
    norms: &mut [f32],
    scratch: &mut [f32],
) {
    let elements = gradient.len();
    let rows = &rows[first * elements..][..coordinates.len() * elements];
    let norms = &mut norms[..coordinates.len()];
    self::norms(executor, basis, rows, elements, norms, scratch);
    stored::dots(executor, rows, gradient, coordinates, scratch);
    for (c, norm) in coordinates.iter_mut().zip(norms) {
        *c = super::divide_by_norm(*c, *norm);
    }
}

fn norms<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    rows: &[f32],
    elements: usize,
    norms: &mut [f32],
    scratch: &mut [f32],
) {
    match basis.norm(elements) {
        Some(norm) => norms.fill(norm),
        None => {
            stored::squares(executor, rows, elements, norms, scratch);
            norms.iter_mut().for_each(|norm| *norm = libm::sqrtf(*norm));
        }
    }
}

/// [`super::replay`], on rows that [`write()`] wrote.
///
/// # Panics
/// If a buffer is too short.
// Not inlined: what a step takes that keeps no rows should not lie on its stack.
#[inline(never)]
pub fn lift<E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    rows: &[f32],
    z: &[f32],
    scale: f32,
    weights: &mut [f32],
    norms: &mut [f32],
    scratch: &mut [f32],
) {
    let norms = &mut norms[..z.len()];
    self::norms(executor, basis, rows, weights.len(), norms, scratch);
    let (total, scratch) = scratch.split_at_mut(weights.len());
    let coefficients = &mut scratch[..z.len()];
    for ((a, z), norm) in coefficients.iter_mut().zip(z).zip(norms) {
        *a = basis.coefficient(*z, *norm);
    }
    stored::sum(executor, rows, coefficients, total);
    add_to_weights(executor, total, scale, weights);
}
