//! Matrix products in contract order.
//!
//! Every element of a product is one chain: from +0, over the summed index in order, each product rounded, then each
//! sum. Vectors run across the columns of the output, so any width and any blocking gives the same bits.

use crate::numerics::Lanes;
use crate::random::LANES;

/// A matrix read one element at a time. The summed index k runs through segments: element `(row, k)` with
/// `k = segment * segment_len + j` is `data[row * row_stride + segment * segment_stride + j * k_stride]`.
///
/// One segment is a plain matrix. Several are the windows of a convolution, which thereby need no copy.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub data: &'a [f32],
    pub row_stride: usize,
    pub k_stride: usize,
    pub segment_len: usize,
    pub segment_stride: usize,
}

impl<'a> Left<'a> {
    /// A matrix with these strides.
    #[inline(always)]
    pub fn plain(data: &'a [f32], row_stride: usize, k_stride: usize) -> Self {
        Self { data, row_stride, k_stride, segment_len: usize::MAX, segment_stride: 0 }
    }

    /// The same matrix from a later place on.
    #[inline(always)]
    fn from(self, offset: usize) -> Self {
        Self { data: self.data.get(offset..).unwrap_or(&[]), ..self }
    }
}

/// Rows of output computed together: enough independent chains to fill a processor, few enough for its registers.
const ROWS: usize = 4;

/// Vectors of columns computed together.
const VECTORS: usize = 2;

/// Rows of a transposed panel.
const PANEL: usize = 32;

/// `out[r][c] = sum_k left[r][k] * right[k][c]`; `right` is `[k][columns]`, `out` is `[rows][columns]`.
#[inline(always)]
pub(super) fn product<V: Lanes>(left: Left<'_>, right: &[f32], columns: usize, out: &mut [f32]) {
    out.fill(0.0);
    accumulate::<V>(left, right, columns, columns, out, columns);
}

/// `out[r][c] += sum_k left[r][k] * right[c][k]` as a continued chain; `right` is `[columns][k]`, `out` is
/// `[rows][columns]`; `left` has one segment.
///
/// Panels of `right` are transposed on the stack. A chain that spans several panels pauses in `out` between them.
#[inline(always)]
pub(super) fn accumulate_transposed<V: Lanes>(
    left: Left<'_>,
    right: &[f32],
    columns: usize,
    out: &mut [f32],
) {
    let steps = right.len() / columns.max(1);
    for first in (0..columns).step_by(LANES) {
        let width = LANES.min(columns - first);
        for k in (0..steps).step_by(PANEL) {
            let depth = PANEL.min(steps - k);
            let mut panel = [0.0; PANEL * LANES];
            for c in 0..width {
                let row = &right[(first + c) * steps + k..][..depth];
                for (j, x) in row.iter().enumerate() {
                    panel[j * LANES + c] = *x;
                }
            }
            let left = left.from(k * left.k_stride);
            accumulate::<V>(left, &panel[..depth * LANES], LANES, width, &mut out[first..], columns);
        }
    }
}

/// `out[r][c] += sum_k left[r][k] * right[k][c]` as a continued chain, for `columns` columns; `right` has rows of
/// `right_stride`, `out` rows of `out_stride`, the last of which may be cut after its last column.
#[inline(always)]
pub(super) fn accumulate<V: Lanes>(
    left: Left<'_>,
    right: &[f32],
    right_stride: usize,
    columns: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    for (index, rows) in out.chunks_mut(ROWS * out_stride.max(1)).enumerate() {
        let left = left.from(index * ROWS * left.row_stride);
        let row_count = rows.len().div_ceil(out_stride);
        if row_count == ROWS {
            some_rows::<V, ROWS>(left, right, right_stride, columns, rows, out_stride);
        } else {
            for (r, row) in rows.chunks_mut(out_stride).enumerate() {
                let left = left.from(r * left.row_stride);
                some_rows::<V, 1>(left, right, right_stride, columns, row, out_stride);
            }
        }
    }
}

/// [`accumulate`] for `R` rows: blocks of several vectors, single vectors, then what is left.
#[inline(always)]
fn some_rows<V: Lanes, const R: usize>(
    left: Left<'_>,
    right: &[f32],
    right_stride: usize,
    columns: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    let mut c = 0;
    while c + VECTORS * V::WIDTH <= columns {
        block::<V, R, VECTORS>(left, &right[c..], right_stride, &mut out[c..], out_stride);
        c += VECTORS * V::WIDTH;
    }
    while c + V::WIDTH <= columns {
        block::<V, R, 1>(left, &right[c..], right_stride, &mut out[c..], out_stride);
        c += V::WIDTH;
    }
    if c < columns {
        narrow::<V, R>(left, &right[c..], right_stride, columns - c, &mut out[c..], out_stride);
    }
}

/// `R` rows by `C` vectors, in registers.
#[inline(always)]
fn block<V: Lanes, const R: usize, const C: usize>(
    left: Left<'_>,
    right: &[f32],
    right_stride: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    let mut sums = [[V::splat(0.0); C]; R];
    for r in 0..R {
        for v in 0..C {
            sums[r][v] = V::load(&out[r * out_stride + v * V::WIDTH..]);
        }
    }
    for (segment, right) in right.chunks(left.segment_len.saturating_mul(right_stride)).enumerate() {
        let data = &left.data[segment * left.segment_stride..];
        for (k, right) in right.chunks(right_stride).enumerate() {
            let mut b = [V::splat(0.0); C];
            for v in 0..C {
                b[v] = V::load(&right[v * V::WIDTH..]);
            }
            for r in 0..R {
                let a = V::splat(data[r * left.row_stride + k * left.k_stride]);
                for v in 0..C {
                    sums[r][v] = sums[r][v] + a * b[v];
                }
            }
        }
    }
    for r in 0..R {
        for v in 0..C {
            V::store(sums[r][v], &mut out[r * out_stride + v * V::WIDTH..]);
        }
    }
}

/// `R` rows by fewer columns than a vector has lanes.
#[inline(always)]
fn narrow<V: Lanes, const R: usize>(
    left: Left<'_>,
    right: &[f32],
    right_stride: usize,
    columns: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    let mut sums = [V::splat(0.0); R];
    for r in 0..R {
        sums[r] = V::load_partial(&out[r * out_stride..][..columns]);
    }
    for (segment, right) in right.chunks(left.segment_len.saturating_mul(right_stride)).enumerate() {
        let data = &left.data[segment * left.segment_stride..];
        for (k, right) in right.chunks(right_stride).enumerate() {
            let b = V::load_partial(&right[..columns]);
            for r in 0..R {
                let a = V::splat(data[r * left.row_stride + k * left.k_stride]);
                sums[r] = sums[r] + a * b;
            }
        }
    }
    for r in 0..R {
        V::store_partial(sums[r], &mut out[r * out_stride..][..columns]);
    }
}

/// Adds `bias` to each row of `out`.
#[inline(always)]
pub(super) fn add_bias(out: &mut [f32], bias: &[f32]) {
    for out in out.chunks_exact_mut(bias.len()) {
        for (y, b) in out.iter_mut().zip(bias) {
            *y += b;
        }
    }
}
