//! Matrix products in contract order.
//!
//! Every element of a product is one chain: from +0, over the summed index in order, each product rounded, then each
//! sum. Vectors run across the columns of the output, so any width and any blocking gives the same bits.
//!
//! A [`block`] of a few rows by a few vectors keeps its sums in registers and goes once over its part of the summed
//! index; [`accumulate`] covers an output with blocks. A long chain pauses in the output between two calls: callers cut
//! the summed index so that the part of the right matrix that many rows share stays in the first-level cache.

use crate::numerics::{Kernel, Lanes};
use crate::random::LANES;

/// A matrix read one element at a time. The summed index k runs through segments of `steps` each: element `(row, k)`
/// with `k = segment * steps + j` is `data[row * row_stride + place(segment) + j * k_stride]`.
///
/// One segment is a plain matrix. Several are the windows of a convolution, which thereby need no copy. One of the
/// strides is 1: a kernel reads stretches of memory, along the rows or across them.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub data: &'a [f32],
    pub row_stride: usize,
    pub k_stride: usize,
    pub steps: usize,
    pub segments: usize,
    pub lines: Lines,
}

/// Where segments lie: lines of images. Segment s is line `first + s`, counted through images of `per_image` lines.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    pub first: usize,
    pub per_image: usize,
    pub image_stride: usize,
    pub line_stride: usize,
}

impl Lines {
    /// The lines of one image.
    pub const fn of_one_image(line_stride: usize) -> Self {
        Self { first: 0, per_image: usize::MAX, image_stride: 0, line_stride }
    }

    /// The place of segment `s`.
    #[inline(always)]
    pub fn place(self, s: usize) -> usize {
        let line = self.first + s;
        line / self.per_image * self.image_stride + line % self.per_image * self.line_stride
    }
}

impl<'a> Left<'a> {
    /// Rows of `steps` elements, `stride` apart.
    #[inline(always)]
    pub fn rows(data: &'a [f32], stride: usize, steps: usize) -> Self {
        Self { data, row_stride: stride, k_stride: 1, steps, segments: 1, lines: Lines::of_one_image(0) }
    }

    /// The transpose of that: `steps` columns, `stride` apart, their elements side by side.
    #[inline(always)]
    pub fn columns(data: &'a [f32], stride: usize, steps: usize) -> Self {
        Self { data, row_stride: 1, k_stride: stride, steps, segments: 1, lines: Lines::of_one_image(0) }
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

/// Rows of a block. With two vectors of columns, or four where there are 32 registers, these are enough independent chains
/// to fill a processor, and few enough for its registers.
const ROWS: usize = 4;

/// `out[r][c] = out[r][c] + sum_k left[r][k] * right[k][c]` as continued chains, or what `ends` makes of that, for `rows`
/// rows and `columns` columns. The rows of `out` are `out_stride` apart; the last may be cut after its last column.
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
    out_stride: usize,
) {
    V::call(Accumulate { left, right, ends, rows, columns, out, out_stride });
}

/// The arguments of [`accumulate`].
struct Accumulate<'a> {
    left: Left<'a>,
    right: Right<'a>,
    ends: Ends<'a>,
    rows: usize,
    columns: usize,
    out: &'a mut [f32],
    out_stride: usize,
}

impl Kernel for Accumulate<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { left, right, ends, rows, columns, out, out_stride } = self;
        let mut row = 0;
        while row + ROWS <= rows {
            some_rows::<V, ROWS>(left, row, right, ends, columns, &mut out[row * out_stride..], out_stride);
            row += ROWS;
        }
        if row == rows {
            return;
        }
        let out = &mut out[row * out_stride..];
        match rows - row {
            1 => some_rows::<V, 1>(left, row, right, ends, columns, out, out_stride),
            2 => some_rows::<V, 2>(left, row, right, ends, columns, out, out_stride),
            _ => some_rows::<V, 3>(left, row, right, ends, columns, out, out_stride),
        }
    }
}

/// [`accumulate`] for the `R` rows from `row` on: blocks of several vectors, fewer, then what is left.
#[inline(always)]
fn some_rows<V: Lanes, const R: usize>(
    left: Left<'_>,
    row: usize,
    right: Right<'_>,
    ends: Ends<'_>,
    columns: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    let mut c = 0;
    // AVX-512 has 32 registers.
    if const { V::WIDTH == 16 } {
        while c + 4 * V::WIDTH <= columns {
            block::<V, R, 4>(left, row, right, ends, c, columns, out, out_stride);
            c += 4 * V::WIDTH;
        }
    }
    while c + 2 * V::WIDTH <= columns {
        block::<V, R, 2>(left, row, right, ends, c, columns, out, out_stride);
        c += 2 * V::WIDTH;
    }
    while c < columns {
        block::<V, R, 1>(left, row, right, ends, c, columns, out, out_stride);
        c += V::WIDTH;
    }
}

/// `R` rows by `C` vectors from column `c` on, in registers. A single vector may go beyond the last column; the lanes
/// there are computed from whatever follows, and dropped.
#[inline(always)]
fn block<V: Lanes, const R: usize, const C: usize>(
    left: Left<'_>,
    row: usize,
    right: Right<'_>,
    ends: Ends<'_>,
    c: usize,
    columns: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    let partial = c + C * V::WIDTH > columns;
    let mut sums = [[V::splat(0.0); C]; R];
    if !ends.begin {
        for r in 0..R {
            let out = &out[r * out_stride..];
            for v in 0..C {
                let at = c + v * V::WIDTH;
                sums[r][v] = if partial { V::load_partial(&out[at..columns]) } else { V::load(&out[at..]) };
            }
        }
    }
    for segment in 0..left.segments {
        let data = &left.data[row * left.row_stride + left.lines.place(segment)..];
        let len = left.steps * right.stride;
        let right = Right { data: &right.data[segment * len..][..len], ..right };
        if left.k_stride == 1 {
            along_rows::<V, R, C>(data, left.row_stride, left.steps, right, c, &mut sums);
        } else {
            across_rows::<V, R, C>(data, left.k_stride, right, c, &mut sums);
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
        let out = &mut out[r * out_stride..];
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

/// Continues the chains of a block over one segment. The left rows are stretches of `steps` elements, `stride` apart.
#[inline(always)]
fn along_rows<V: Lanes, const R: usize, const C: usize>(
    left: &[f32],
    stride: usize,
    steps: usize,
    right: Right<'_>,
    c: usize,
    sums: &mut [[V::F; C]; R],
) {
    // Slices of known and equal length: no index is checked in the loop.
    let left = &left[..(R - 1) * stride + steps];
    let mut rows = [left; R];
    for r in 0..R {
        rows[r] = &left[r * stride..][..steps];
    }
    for k in 0..steps {
        let b = vectors_of_row::<V, C>(right, k, c);
        for r in 0..R {
            let a = V::splat(rows[r][k]);
            for v in 0..C {
                sums[r][v] = sums[r][v] + a * b[v];
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
    for k in 0..right.data.len() / right.stride {
        let b = vectors_of_row::<V, C>(right, k, c);
        let column = &left[k * stride..][..R];
        for r in 0..R {
            let a = V::splat(column[r]);
            for v in 0..C {
                sums[r][v] = sums[r][v] + a * b[v];
            }
        }
    }
}

/// `C` vectors of row `k` from column `c` on. The last of a matrix may be cut short.
#[inline(always)]
fn vectors_of_row<V: Lanes, const C: usize>(right: Right<'_>, k: usize, c: usize) -> [V::F; C] {
    let from = &right.data[k * right.stride + c..];
    let mut b = [V::splat(0.0); C];
    if C == 1 && from.len() < V::WIDTH {
        b[0] = V::load_partial(from);
        return b;
    }
    let from = &from[..C * V::WIDTH];
    for v in 0..C {
        b[v] = V::load(&from[v * V::WIDTH..]);
    }
    b
}

/// A part of a right matrix that lies transposed in memory, turned round on the stack. Worth its price where many rows
/// use it.
pub(super) struct Transposed {
    panel: [f32; Self::COLUMNS * Self::STEPS],
}

impl Transposed {
    /// Columns of a panel.
    pub const COLUMNS: usize = 32;
    /// Rows of a panel: steps of the summed index. With fewer, chains pause more often.
    pub const STEPS: usize = 64;

    /// Room for a panel, which one after the other goes through.
    #[inline(always)]
    pub const fn new() -> Self {
        Self { panel: [0.0; Self::COLUMNS * Self::STEPS] }
    }

    /// The panel of `columns` columns and some steps of a matrix that lies transposed: `columns` rows, `stride` apart,
    /// of `steps` elements.
    #[inline(always)]
    pub fn load<V: Lanes>(&mut self, data: &[f32], stride: usize, [columns, steps]: [usize; 2]) -> Right<'_> {
        let mut c = 0;
        while c + V::WIDTH <= columns {
            let mut rows = [&data[..0]; LANES];
            for lane in 0..V::WIDTH {
                rows[lane] = &data[(c + lane) * stride..][..steps];
            }
            for (k, to) in self.panel.chunks_exact_mut(Self::COLUMNS).take(steps).enumerate() {
                // Lane by lane into a vector: left to itself, the compiler scatters elements, which takes longer.
                let mut lanes = [0.0; LANES];
                for lane in 0..V::WIDTH {
                    lanes[lane] = rows[lane][k];
                }
                V::store(V::load(&lanes), &mut to[c..]);
            }
            c += V::WIDTH;
        }
        for c in c..columns {
            let row = &data[c * stride..][..steps];
            for (to, x) in self.panel.chunks_exact_mut(Self::COLUMNS).zip(row) {
                to[c] = *x;
            }
        }
        Right { data: &self.panel[..steps * Self::COLUMNS], stride: Self::COLUMNS }
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
