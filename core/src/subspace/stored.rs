//! Rows that are in memory: for methods whose directions cannot be regenerated, such as past gradients.
//!
//! The sums have the same order as those over regenerated rows.

use super::apply::add_scaled;
use super::project::combine;
use super::sums::{FOUR, add_four_rows, dot_tile};
use crate::numerics::{BLOCK, Lanes, TILE};
use crate::step::{Executor, Superstep, piece};

/// Superstep: partial sums `<row_i, x>` over one tile, for every row. Output `[tiles][rows]`.
struct Dots<'a> {
    /// `[rows][x.len()]`
    rows: &'a [f32],
    x: &'a [f32],
}

impl Superstep for Dots<'_> {
    const NAME: &'static str = "stored dots";

    fn chunk(&self) -> usize {
        (self.rows.len() / self.x.len()).max(1)
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.x, index, TILE));
        self.rows.chunks_exact(self.x.len()).for_each(|row| read(piece(row, index, TILE)));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let x = piece(self.x, index, TILE);
        for (sum, row) in out.iter_mut().zip(self.rows.chunks_exact(self.x.len())) {
            *sum = dot_tile::<V>(piece(row, index, TILE), x);
        }
    }
}

/// Superstep: partial sums `<row_i, row_i>`, laid out as [`Dots`]'.
struct Squares<'a> {
    rows: &'a [f32],
    elements: usize,
}

impl Superstep for Squares<'_> {
    const NAME: &'static str = "stored squares";

    fn chunk(&self) -> usize {
        (self.rows.len() / self.elements).max(1)
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        self.rows.chunks_exact(self.elements).for_each(|row| read(piece(row, index, TILE)));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for (sum, row) in out.iter_mut().zip(self.rows.chunks_exact(self.elements)) {
            let row = piece(row, index, TILE);
            *sum = dot_tile::<V>(row, row);
        }
    }
}

/// Superstep: a tile of `sum_i a_i row_i`.
struct Sum<'a> {
    rows: &'a [f32],
    coefficients: &'a [f32],
    params: usize,
}

impl Superstep for Sum<'_> {
    const NAME: &'static str = "sum of stored rows";

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(self.coefficients);
        self.rows.chunks_exact(self.params).for_each(|row| read(piece(row, index, TILE)));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let zeros = &[0.0; TILE];
        let mut block = [0.0; TILE];
        let block = &mut block[..out.len()];
        let mut rows = self.rows.chunks_exact(self.params);
        out.fill(0.0);
        for coefficients in self.coefficients.chunks(BLOCK) {
            block.fill(0.0);
            for coefficients in coefficients.chunks(FOUR) {
                let mut four: [&[f32]; FOUR] = [zeros; FOUR];
                for (four, row) in four.iter_mut().zip((&mut rows).take(coefficients.len())) {
                    *four = piece(row, index, TILE);
                }
                add_four_rows::<V>(coefficients, four, block);
            }
            add_scaled::<V>(1.0, block, out);
        }
    }
}

/// Superstep: a tile of `x / divisor`, or of +0 if the divisor is not positive.
struct Quotient<'a> {
    x: &'a [f32],
    divisor: f32,
}

impl Superstep for Quotient<'_> {
    const NAME: &'static str = "quotient";

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.x, index, TILE));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for (out, x) in out.iter_mut().zip(piece(self.x, index, TILE)) {
            *out = super::divide_by_norm(*x, self.divisor);
        }
    }
}

/// Floats of scratch for [`dots`].
#[must_use]
pub const fn scratch(params: usize, rows: usize) -> usize {
    params.div_ceil(TILE) * rows
}

/// `out[i] = <row_i, x>`, for rows as long as `x`, one after the other in `rows`.
///
/// # Panics
/// If `rows` does not hold one row per number of `out`, or `scratch` is shorter than [`scratch`] says.
pub fn dots<E: Executor>(executor: &mut E, rows: &[f32], x: &[f32], out: &mut [f32], scratch: &mut [f32]) {
    assert_eq!(rows.len(), out.len() * x.len(), "one row per number");
    let partials = &mut scratch[..self::scratch(x.len(), out.len())];
    executor.run(&Dots { rows, x }, partials);
    combine(executor, partials, out);
}

/// `out[i] = <row_i, row_i>`, for rows of so many elements.
///
/// # Panics
/// As [`dots`].
pub fn squares<E: Executor>(
    executor: &mut E,
    rows: &[f32],
    elements: usize,
    out: &mut [f32],
    scratch: &mut [f32],
) {
    assert_eq!(rows.len(), out.len() * elements, "one row per number");
    let partials = &mut scratch[..self::scratch(elements, out.len())];
    executor.run(&Squares { rows, elements }, partials);
    combine(executor, partials, out);
}

/// `out = sum_i coefficients[i] row_i`, in blocks of [`BLOCK`] rows.
///
/// # Panics
/// If `rows` does not hold one row, as long as `out`, per coefficient.
pub fn sum<E: Executor>(executor: &mut E, rows: &[f32], coefficients: &[f32], out: &mut [f32]) {
    assert_eq!(rows.len(), coefficients.len() * out.len(), "one row per coefficient");
    executor.run(&Sum { rows, coefficients, params: out.len() }, out);
}

/// Writes `x / <x, x>` to `row`; zeros, if x is zero.
///
/// # Panics
/// If the lengths differ, or `scratch` is shorter than [`scratch`] of one row.
pub fn store<E: Executor>(executor: &mut E, x: &[f32], row: &mut [f32], scratch: &mut [f32]) {
    assert_eq!(x.len(), row.len(), "a row is as long as what is stored in it");
    let mut square = [0.0];
    dots(executor, x, x, &mut square, scratch);
    executor.run(&Quotient { x, divisor: square[0] }, row);
}
