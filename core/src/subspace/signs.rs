//! Rows of signs, by table: the method of the four Russians.
//!
//! Four terms with fixed magnitudes and random signs have one of sixteen sums `(±a ± b) + (±c ± d)`. They are computed once and
//! looked up by four random bits, of which a generator gives eight fours at a time: a shift, a look-up and an addition for
//! four elements. The contract's order of sums, in fours, makes that the same bits as element by element.
//!
//! - **Projection**: a four is four vectors of the gradient. Its table serves all rows; so a vector has a row in each place, and
//!   bits `4 k .. 4 k + 4` of the rows' word index the table of vectors `4 k .. 4 k + 4`, lane after lane.
//! - **Lift**: a four is four directions. Its table serves all elements; so a vector has a lane in each place, and the four rows'
//!   bits are brought together by transposing the words in squares of four by four bits.
//!
//! Worth it where a table fits into registers: [`Lanes::PICKS`]. Elsewhere `project.rs` and `lift.rs` go element by element.

use super::Basis;
use super::lift::add_group;
use super::project::mirrored_dot;
use super::sums::{FOUR, four};
use crate::basis::{Distribution, VECTORS};
use crate::numerics::{BLOCK, Kernel, Lanes, TILE};
use crate::random::{Key, LANES, RowSeeds, Stream};

/// Vectors whose signs are the bits of one word.
const PER_WORD: usize = 32;

/// Words of a lane in a tile.
const WORDS: usize = VECTORS / PER_WORD;

/// Fours of vectors in a tile.
const FOURS: usize = VECTORS / FOUR;

/// A four's sums: bit k of the place is set where term k is negative.
type Table = [f32; 16];

/// Fewer directions than this do not fill the vectors.
const LEAST: usize = 8;

/// Whether this file has the faster way to project on so many directions, or lift along them.
#[inline(always)]
pub fn can_look_up<V: Lanes>(basis: &Basis<'_>, directions: usize) -> bool {
    V::PICKS && V::WIDTH >= NARROWEST && basis.distribution == Distribution::Rademacher && directions >= LEAST
}

/// The sign bit of each term in each place.
const SIGNS: [[u32; 16]; FOUR] = {
    let mut signs = [[0; 16]; FOUR];
    let mut place = 0;
    while place < 16 * FOUR {
        let (term, choice) = (place % FOUR, place / FOUR);
        signs[term][choice] = (choice as u32 >> term & 1) << 31;
        place += 1;
    }
    signs
};

/// A four, for every choice of signs.
#[inline(always)]
fn write_table<V: Lanes>([a, b, c, d]: [f32; FOUR], table: &mut Table) {
    for at in (0..16).step_by(V::WIDTH) {
        let sum = four::<V>([
            with_signs::<V>(a, &SIGNS[0][at..]),
            with_signs::<V>(b, &SIGNS[1][at..]),
            with_signs::<V>(c, &SIGNS[2][at..]),
            with_signs::<V>(d, &SIGNS[3][at..]),
        ]);
        V::store(sum, &mut table[at..]);
    }
}

#[inline(always)]
fn with_signs<V: Lanes>(x: f32, signs: &[u32]) -> V::F {
    V::from_bits(V::xor(V::bits(V::splat(x)), V::load_u(signs)))
}

/// Rows whose sums are held at once.
const ROWS: usize = 256;

/// The narrowest vectors that this is used with.
const NARROWEST: usize = 4;

/// Vectors of rows that take a table in turn: independent chains, enough to fill a processor.
const ABREAST: usize = 4;

/// [`super::project::Project`] on one tile: `<phi_i, g>` for the directions from `first` on. All rows have the basis' key.
#[inline(always)]
pub fn project<V: Lanes>(basis: &Basis<'_>, first: usize, tile: u32, gradient: &[f32], out: &mut [f32]) {
    let mut padded = [0.0; TILE];
    let whole = <&[f32; TILE]>::try_from(gradient);
    let words = words_of(gradient.len());
    let gradient = whole.unwrap_or_else(|_| {
        padded[..gradient.len()].copy_from_slice(gradient);
        &padded
    });
    let mut sums = [0.0; ROWS];
    // Of a basis with mirrored directions, each row is two of them.
    let per_row = if basis.antithetic { 2 } else { 1 };
    let mut done = 0;
    while done < out.len() {
        let row = (first + done) / per_row;
        let directions = (ROWS * per_row - (first + done) % per_row).min(out.len() - done);
        let rows = (first + done + directions).div_ceil(per_row) - row;
        let sums = &mut sums[..rows];
        V::call(ProjectSigns { key: basis.key, first: row as u32, tile, gradient, words, sums: &mut *sums });
        for (at, out) in out[done..done + directions].iter_mut().enumerate() {
            let i = first + done + at;
            let sum = sums[i / per_row - row];
            *out = if basis.is_mirror(i) { mirrored_dot(sum) } else { sum };
        }
        done += directions;
    }
}

/// Words of a lane that so many elements take.
#[inline(always)]
fn words_of(elements: usize) -> usize {
    elements.div_ceil(PER_WORD * LANES)
}

/// Inner products of at most [`ROWS`] rows with a tile.
struct ProjectSigns<'a> {
    key: Key,
    first: u32,
    tile: u32,
    gradient: &'a [f32; TILE],
    /// Words of a lane that the gradient reaches.
    words: usize,
    sums: &'a mut [f32],
}

impl Kernel for ProjectSigns<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { key, first, tile, gradient, words: used, sums } = self;
        let vectors = sums.len().div_ceil(V::WIDTH);
        let zero = V::splat_u(0);
        let mut seeds = [RowSeeds::<V>::new(key, first, tile); ROWS / NARROWEST];
        for v in 1..vectors {
            seeds[v] = RowSeeds::new(key, first + (v * V::WIDTH) as u32, tile);
        }
        let mut chains = [[0.0; ROWS]; LANES];
        for lane in 0..LANES {
            let mut tables = [[0.0; 16]; FOURS];
            for (f, table) in tables[..used * PER_WORD / FOUR].iter_mut().enumerate() {
                let at = f * FOUR * LANES + lane;
                let terms =
                    [gradient[at], gradient[at + LANES], gradient[at + 2 * LANES], gradient[at + 3 * LANES]];
                write_table::<V>(terms, table);
            }
            let mut v = 0;
            while v < vectors {
                let mut words = [[zero; ABREAST]; WORDS];
                for k in 0..ABREAST {
                    let mut stream = seeds[v + k].lane(lane);
                    for words in &mut words[..used] {
                        words[k] = stream.words();
                    }
                }
                let mut chain = [V::splat(0.0); ABREAST];
                for (mut words, tables) in words.into_iter().zip(tables.as_chunks::<8>().0).take(used) {
                    for table in tables {
                        for k in 0..ABREAST {
                            chain[k] = chain[k] + V::pick(table, words[k]);
                            words[k] = V::shr::<4>(words[k]);
                        }
                    }
                }
                for k in 0..ABREAST {
                    V::store(chain[k], &mut chains[lane][(v + k) * V::WIDTH..]);
                }
                v += ABREAST;
            }
        }
        // The tree over the lanes, all rows at once.
        for width in [8, 4, 2, 1] {
            for lane in 0..width {
                let (low, high) = chains.split_at_mut(width);
                for (a, b) in low[lane].iter_mut().zip(&high[lane]) {
                    *a += b;
                }
            }
        }
        sums.copy_from_slice(&chains[0][..sums.len()]);
    }
}

/// [`super::lift::Lift`] on one tile.
#[inline(always)]
pub fn lift<V: Lanes>(basis: &Basis<'_>, tile: u32, coefficients: &[f32], scale: f32, weights: &mut [f32]) {
    V::call(LiftSigns { basis, tile, coefficients, scale, weights });
}

struct LiftSigns<'a> {
    basis: &'a Basis<'a>,
    tile: u32,
    coefficients: &'a [f32],
    scale: f32,
    weights: &'a mut [f32],
}

impl Kernel for LiftSigns<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { basis, tile, coefficients, scale, weights } = self;
        let used = words_of(weights.len());
        for group in (0..LANES).step_by(V::WIDTH) {
            let mut total = [V::splat(0.0); VECTORS];
            for (b, coefficients) in coefficients.chunks(BLOCK).enumerate() {
                let mut words = [[V::splat_u(0); BLOCK]; WORDS];
                let mut signed = [0.0; BLOCK];
                for (k, a) in coefficients.iter().enumerate() {
                    let i = b * BLOCK + k;
                    signed[k] = basis.signed(i, *a);
                    let mut stream = Stream::<V>::new(basis.row(i).seed(tile), group);
                    for words in &mut words[..used] {
                        words[k] = stream.words();
                    }
                }
                let mut tables = [[0.0; 16]; BLOCK / FOUR];
                for (table, signed) in tables.iter_mut().zip(signed.as_chunks().0) {
                    write_table::<V>(*signed, table);
                }
                for (words, total) in words.iter().zip(total.as_chunks_mut::<PER_WORD>().0).take(used) {
                    add_block::<V>(&tables, words, total);
                }
            }
            add_group::<V>(scale, &total, group, weights);
        }
    }
}

/// Adds what a block of sixteen rows gives 32 vectors.
#[inline(always)]
fn add_block<V: Lanes>(tables: &[Table; BLOCK / FOUR], words: &[V::U; BLOCK], total: &mut [V::F; PER_WORD]) {
    let [p, q, r, s] = *words.as_chunks::<FOUR>().0 else { unreachable!() };
    let (p, q, r, s) = (transpose::<V>(p), transpose::<V>(q), transpose::<V>(r), transpose::<V>(s));
    for j in 0..FOUR {
        let (mut p, mut q, mut r, mut s) = (p[j], q[j], r[j], s[j]);
        for k in 0..PER_WORD / FOUR {
            let sum = ((V::pick(&tables[0], p) + V::pick(&tables[1], q)) + V::pick(&tables[2], r))
                + V::pick(&tables[3], s);
            total[k * FOUR + j] = total[k * FOUR + j] + sum;
            (p, q, r, s) = (V::shr::<4>(p), V::shr::<4>(q), V::shr::<4>(r), V::shr::<4>(s));
        }
    }
}

/// Each square of four words by four bits, transposed: bit `4 k + j` of word i becomes bit `4 k + i` of word j.
#[inline(always)]
fn transpose<V: Lanes>([a, b, c, d]: [V::U; FOUR]) -> [V::U; FOUR] {
    let (a, b) = exchange::<V, 1>(a, b, 0x5555_5555);
    let (c, d) = exchange::<V, 1>(c, d, 0x5555_5555);
    let (a, c) = exchange::<V, 2>(a, c, 0x3333_3333);
    let (b, d) = exchange::<V, 2>(b, d, 0x3333_3333);
    [a, b, c, d]
}

/// Exchanges the bits of `b` under the mask with those of `a` that are N places higher.
#[inline(always)]
fn exchange<V: Lanes, const N: i32>(a: V::U, b: V::U, mask: u32) -> (V::U, V::U) {
    let change = V::and(V::xor(V::shr::<N>(a), b), V::splat_u(mask));
    (V::xor(a, V::shl::<N>(change)), V::xor(b, change))
}
