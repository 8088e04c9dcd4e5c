//! Matrix products in contract order.
//!
//! Every element of a product is one chain: from +0, over the summed index in order, each product rounded, then each
//! sum. Vectors run across the columns of the output, so any width and any blocking gives the same bits.
//!
//! A [`block`] of a few rows by a few vectors keeps its sums in registers and goes once over its part of the summed
//! index; [`accumulate`] covers an output with blocks. A long chain pauses in the output between two calls: callers cut
//! the summed index so that the part of the right matrix that many rows share stays in the first-level cache.

use super::places::{Lines, RowPlaces, Rows};
use crate::numerics::{Kernel, Lanes};

/// A matrix read one element at a time. The summed index k runs through segments of `steps` each: element `(row, k)`
/// with `k = segment * steps + j` is `data[row's place + segment's place + j * k_stride]`.
///
/// One segment is a plain matrix. Several are the windows of a convolution, which thereby need no copy. Either `k_stride`
/// is 1 or rows are 1 apart, in one line: a kernel reads stretches of memory, along the rows or across them.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub data: &'a [f32],
    pub rows: Rows,
    pub k_stride: usize,
    pub steps: usize,
    pub segments: usize,
    pub lines: Lines,
}

impl<'a> Left<'a> {
    /// Rows of `steps` elements, `stride` apart.
    #[inline(always)]
    pub fn rows(data: &'a [f32], stride: usize, steps: usize) -> Self {
        Self {
            data,
            rows: Rows::apart(stride),
            k_stride: 1,
            steps,
            segments: 1,
            lines: Lines::of_one_image(0),
        }
    }

    /// The transpose of that: `steps` columns, `stride` apart, their elements side by side.
    #[inline(always)]
    pub fn columns(data: &'a [f32], stride: usize, steps: usize) -> Self {
        Self { rows: Rows::apart(1), k_stride: stride, ..Self::rows(data, stride, steps) }
    }
}

/// A matrix of rows of `stride` elements, all of them complete.
#[derive(Clone, Copy)]
pub(super) struct Right<'a> {
    pub data: &'a [f32],
    pub stride: usize,
}

/// Where the chains of a call begin, and what follows them.
#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    /// Chains begin at +0, and the output may hold anything. If not, they go on from what it holds.
    pub begin: bool,
    /// Added to each row when the chains are complete.
    pub bias: Option<&'a [f32]>,
}

/// Chains that go on from the output and will go on.
pub(super) const MIDDLE: Ends<'static> = Ends { begin: false, bias: None };

/// Floats of a right matrix to be used by all rows before the next: they fit the first-level cache of most processors
/// beside the left matrix and the output.
const SHARED: usize = 8192;

/// How many steps of the summed index to take at once where the right matrix has `columns` columns. No bit depends on
/// it.
#[inline(always)]
pub(super) const fn steps_at_once(columns: usize) -> usize {
    match SHARED / columns {
        0..32 => 32,
        steps => steps,
    }
}

/// The most rows of a block. They are enough independent chains to fill a processor, and few enough for its registers:
/// four by four vectors of 32 registers with AVX-512, six by two of 16 with AVX2 (and portable vectors, which are as wide), four by two
/// of others. With six rows three instructions do a product and its sum, with four 3.3.
#[inline(always)]
const fn most_rows(width: usize) -> usize {
    if width == 8 { 6 } else { 4 }
}

/// `out[r][c] = out[r][c] + sum_k left[r][k] * right[k][c]` as continued chains, or what `ends` makes of that, for `rows`
/// rows and `columns` columns. The rows of `out` are where `out_rows` says; the last may be cut after its last column.
///
/// One function per type of vector, whatever the layer: compiled into every layer of every network, the blocks below
/// would take minutes to compile.
#[inline(always)]
pub(super) fn accumulate<V: Lanes>(
    left: Left<'_>,
    right: Right<'_>,
    ends: Ends<'_>,
    [rows, columns]: [usize; 2],
    out: &mut [f32],
    out_rows: Rows,
) {
    V::call(Accumulate { left, right, ends, rows, columns, out, out_rows });
}

/// The arguments of [`accumulate`].
struct Accumulate<'a> {
    left: Left<'a>,
    right: Right<'a>,
    ends: Ends<'a>,
    rows: usize,
    columns: usize,
    out: &'a mut [f32],
    out_rows: Rows,
}

impl Kernel for Accumulate<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { left, right, ends, rows, columns, out, out_rows } = self;
        let (mut left_places, mut out_places) = (left.rows.places(), out_rows.places());
        let mut row = 0;
        while row < rows {
            let most = const { most_rows(V::WIDTH) };
            // The last two blocks share what is left: 4 + 4 rows are less work than 6 + 2.
            let count = match rows - row {
                rest if rest > most && rest < 2 * most => rest.div_ceil(2),
                rest => rest.min(most),
            };
            let places = (&mut left_places, &mut out_places);
            match count {
                1 => some_rows::<V, 1>(left, right, ends, columns, out, places),
                2 => some_rows::<V, 2>(left, right, ends, columns, out, places),
                3 => some_rows::<V, 3>(left, right, ends, columns, out, places),
                5 if const { most_rows(V::WIDTH) > 4 } => {
                    some_rows::<V, 5>(left, right, ends, columns, out, places);
                }
                6 if const { most_rows(V::WIDTH) > 4 } => {
                    some_rows::<V, 6>(left, right, ends, columns, out, places);
                }
                _ => some_rows::<V, 4>(left, right, ends, columns, out, places),
            }
            row += count;
        }
    }
}

/// [`accumulate`] for the next `R` rows: blocks of several vectors, fewer, then what is left.
#[inline(always)]
fn some_rows<V: Lanes, const R: usize>(
    left: Left<'_>,
    right: Right<'_>,
    ends: Ends<'_>,
    columns: usize,
    out: &mut [f32],
    (left_places, out_places): (&mut RowPlaces, &mut RowPlaces),
) {
    let places = [left_places.next::<R>(), out_places.next::<R>()];
    let mut c = 0;
    // AVX-512 has 32 registers.
    if const { V::WIDTH == 16 } {
        while c + 4 * V::WIDTH <= columns {
            block::<V, R, 4>(left, right, ends, c, columns, out, places);
            c += 4 * V::WIDTH;
        }
    }
    while c + 2 * V::WIDTH <= columns {
        block::<V, R, 2>(left, right, ends, c, columns, out, places);
        c += 2 * V::WIDTH;
    }
    while c < columns {
        block::<V, R, 1>(left, right, ends, c, columns, out, places);
        c += V::WIDTH;
    }
}

/// `R` rows by `C` vectors from column `c` on, in registers. A single vector may go beyond the last column; the lanes
/// there are computed from whatever follows, and dropped.
#[inline(always)]
fn block<V: Lanes, const R: usize, const C: usize>(
    left: Left<'_>,
    right: Right<'_>,
    ends: Ends<'_>,
    c: usize,
    columns: usize,
    out: &mut [f32],
    [left_places, out_places]: [[usize; R]; 2],
) {
    let partial = c + C * V::WIDTH > columns;
    let mut sums = [[V::splat(0.0); C]; R];
    if !ends.begin {
        for r in 0..R {
            let out = &out[out_places[r]..];
            for v in 0..C {
                let at = c + v * V::WIDTH;
                sums[r][v] = if partial { V::load_partial(&out[at..columns]) } else { V::load(&out[at..]) };
            }
        }
    }
    let mut segments = left.lines.places();
    let len = left.steps * right.stride;
    for data in right.data[..left.segments * len].chunks_exact(len) {
        let right = Right { data, ..right };
        let place = segments.next();
        if left.k_stride == 1 {
            let mut rows = [&left.data[..0]; R];
            for r in 0..R {
                rows[r] = &left.data[left_places[r] + place..];
            }
            along_rows::<V, R, C>(rows, left.steps, right, c, &mut sums);
        } else {
            across_rows::<V, R, C>(&left.data[left_places[0] + place..], left.k_stride, right, c, &mut sums);
        }
    }
    if let Some(bias) = ends.bias {
        for v in 0..C {
            let at = c + v * V::WIDTH;
            let bias = if partial { V::load_partial(&bias[at..columns]) } else { V::load(&bias[at..]) };
            for r in 0..R {
                sums[r][v] = sums[r][v] + bias;
            }
        }
    }
    for r in 0..R {
        let out = &mut out[out_places[r]..];
        for v in 0..C {
            let at = c + v * V::WIDTH;
            if partial {
                V::store_partial(sums[r][v], &mut out[at..columns]);
            } else {
                V::store(sums[r][v], &mut out[at..]);
            }
        }
    }
}

/// Continues the chains of a block over one segment. The left rows begin with stretches of `steps` elements.
#[inline(always)]
fn along_rows<V: Lanes, const R: usize, const C: usize>(
    mut rows: [&[f32]; R],
    steps: usize,
    right: Right<'_>,
    c: usize,
    sums: &mut [[V::F; C]; R],
) {
    // Slices of known and equal length: no index is checked in the loops.
    for r in 0..R {
        rows[r] = &rows[r][..steps];
    }
    if right.has_vectors::<V, C>(c) {
        for (k, row) in (0..steps).zip(right.data.chunks_exact(right.stride)) {
            let b = vectors::<V, C>(&row[c..]);
            for r in 0..R {
                add_products::<V, C>(rows[r][k], b, &mut sums[r]);
            }
        }
    } else {
        for k in 0..steps {
            let b = right.vectors_or_less::<V, C>(k, c);
            for r in 0..R {
                add_products::<V, C>(rows[r][k], b, &mut sums[r]);
            }
        }
    }
}

/// Continues the chains of a block over one segment. The rows' elements lie side by side, those of the next step
/// `stride` further on.
#[inline(always)]
fn across_rows<V: Lanes, const R: usize, const C: usize>(
    left: &[f32],
    stride: usize,
    right: Right<'_>,
    c: usize,
    sums: &mut [[V::F; C]; R],
) {
    let mut k = 0;
    // Pieces of known length: no index is checked in the loop. A processor without vectors has little room for two loops.
    if const { V::WIDTH > 1 } && right.has_vectors::<V, C>(c) && stride >= R {
        for (column, row) in left.chunks_exact(stride).zip(right.data.chunks_exact(right.stride)) {
            let b = vectors::<V, C>(&row[c..]);
            for r in 0..R {
                add_products::<V, C>(column[r], b, &mut sums[r]);
            }
            k += 1;
        }
    }
    // The last step, of which the left matrix may have no complete piece; or all of them.
    for k in k..right.data.len() / right.stride {
        let (column, b) = (&left[k * stride..][..R], right.vectors_or_less::<V, C>(k, c));
        for r in 0..R {
            add_products::<V, C>(column[r], b, &mut sums[r]);
        }
    }
}

/// One step of the chains of one row of a block.
#[inline(always)]
fn add_products<V: Lanes, const C: usize>(a: f32, b: [V::F; C], sums: &mut [V::F; C]) {
    let a = V::splat(a);
    for v in 0..C {
        sums[v] = sums[v] + a * b[v];
    }
}

/// The first `C` vectors of a row.
#[inline(always)]
fn vectors<V: Lanes, const C: usize>(row: &[f32]) -> [V::F; C] {
    let row = &row[..C * V::WIDTH];
    let mut b = [V::splat(0.0); C];
    for v in 0..C {
        b[v] = V::load(&row[v * V::WIDTH..]);
    }
    b
}

impl Right<'_> {
    /// Whether every row has `C` whole vectors from column `c` on.
    #[inline(always)]
    fn has_vectors<V: Lanes, const C: usize>(self, c: usize) -> bool {
        // Lanes of one float always have.
        V::WIDTH == 1 || c + C * V::WIDTH <= self.stride
    }

    /// `C` vectors of row `k` from column `c` on. Rows may end within the last, whose further lanes hold what follows.
    #[inline(always)]
    fn vectors_or_less<V: Lanes, const C: usize>(self, k: usize, c: usize) -> [V::F; C] {
        let from = &self.data[k * self.stride + c..];
        if C == 1 && from.len() < V::WIDTH {
            return [V::load_partial(from); C];
        }
        vectors::<V, C>(from)
    }
}

/// `sums[c] += data[0][column + c] + data[1][column + c] + ...` as continued chains; `data` has rows of `stride` floats.
#[inline(always)]
pub(super) fn accumulate_rows<V: Lanes>(data: &[f32], stride: usize, column: usize, sums: &mut [f32]) {
    let mut c = column;
    let mut whole = sums.chunks_exact_mut(V::WIDTH);
    for sums in &mut whole {
        let mut sum = V::load(sums);
        for row in data.chunks_exact(stride) {
            sum = sum + V::load(&row[c..]);
        }
        V::store(sum, sums);
        c += V::WIDTH;
    }
    let rest = whole.into_remainder();
    if rest.is_empty() {
        return;
    }
    for row in data.chunks_exact(stride) {
        for (sum, x) in rest.iter_mut().zip(&row[c..]) {
            *sum += x;
        }
    }
}
