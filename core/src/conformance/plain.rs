//! The contract in scalar code: one element at a time, as `NUMERICS.md` says it. Slow and obvious.

use rand_core::Rng;

use crate::basis::Distribution;
use crate::numerics::{BLOCK, TILE};
use crate::random::{Key, LANES};
use crate::subspace::{Basis, Normalisation, Transformation};

/// Elements of a tile, as a row's start.
pub type Tile = [f32; TILE];

/// Section 3: writes a whole row.
pub fn row(key: Key, direction: usize, distribution: Distribution, out: &mut [f32]) {
    for (t, out) in out.chunks_mut(TILE).enumerate() {
        let mut tile = drawn(key, direction, distribution, t);
        if distribution == Distribution::HadamardNormal {
            rotate(&mut tile);
        }
        out.copy_from_slice(&tile[..out.len()]);
    }
}

/// Section 3: tile `t` of a row, all of it, before it is rotated.
fn drawn(key: Key, direction: usize, distribution: Distribution, t: usize) -> Tile {
    let mut tile = [0.0; TILE];
    for lane in 0..LANES {
        let mut generator = key.tile(direction as u32, t as u32).lane(lane);
        let mut words = [0; TILE / LANES];
        words.iter_mut().for_each(|word| *word = generator.next_u32());
        for (vector, e) in (lane..TILE).step_by(LANES).enumerate() {
            tile[e] = element(distribution, vector, &words);
        }
    }
    tile
}

/// Section 3: the rotation of a tile.
fn rotate(tile: &mut Tile) {
    for bit in 0..8 {
        let distance = LANES << bit;
        for e in 0..TILE {
            if e & distance == 0 {
                let (a, b) = (tile[e], tile[e + distance]);
                tile[e] = a + b;
                tile[e + distance] = a - b;
            }
        }
    }
    tile.iter_mut().for_each(|x| *x *= f32::from_bits(0x2fe2_6937));
}

/// Sections 3 and 5: writes direction `i` of a basis, which may be the mirror image of a row.
pub fn direction(basis: &Basis<'_>, i: usize, out: &mut [f32]) {
    let (index, mirrored) = row_of(basis, i);
    row(basis.key, index, basis.distribution, out);
    if mirrored {
        out.iter_mut().for_each(|x| *x = -*x);
    }
}

/// Section 5: which row direction `i` is, and whether it is its mirror image.
fn row_of(basis: &Basis<'_>, i: usize) -> (usize, bool) {
    if basis.antithetic { (i / 2, i % 2 == 1) } else { (i, false) }
}

/// Tile `t` of direction `i`, all of it, before it is rotated.
fn drawn_of(basis: &Basis<'_>, i: usize, t: usize) -> Tile {
    let (index, mirrored) = row_of(basis, i);
    let mut tile = drawn(basis.key, index, basis.distribution, t);
    if mirrored {
        tile.iter_mut().for_each(|x| *x = -*x);
    }
    tile
}

/// Element `vector` of a lane that draws `words`.
fn element(distribution: Distribution, vector: usize, words: &[u32]) -> f32 {
    match distribution {
        Distribution::Rademacher => {
            if words[vector / 32] >> (vector % 32) & 1 == 0 {
                1.0
            } else {
                -1.0
            }
        }
        Distribution::Uniform => f32::from(half(vector, words) as i16) / 32768.0,
        Distribution::Normal => {
            let first = vector / 2 * 2;
            let (cosine, sine) = normal_pair(words[first], words[first + 1]);
            if vector == first { cosine } else { sine }
        }
        Distribution::Bernoulli(probability) => {
            let b = if half(vector, words) < probability.0 { 1.0 } else { 0.0 };
            2.0 * (b - probability.value())
        }
        Distribution::LogNormal => {
            exp(element(Distribution::Normal, vector, words)) - f32::from_bits(0x3fd3_094c)
        }
        Distribution::Zeros => 0.0,
        Distribution::HadamardNormal => {
            let u = i32::from(half(vector, words) as i16) | 1;
            let p = ((((u * u) >> 16) * 32_762) >> 16) + 2_816;
            (((u * p) >> 16 | 1) * 65_536) as f32
        }
    }
}

/// The half of a word that a vector takes, where a word serves two.
fn half(vector: usize, words: &[u32]) -> u16 {
    let word = words[vector / 2];
    (if vector.is_multiple_of(2) { word >> 16 } else { word & 0xffff }) as u16
}

/// Section 3's exponential.
fn exp(x: f32) -> f32 {
    let f = f32::from_bits;
    let k = libm::rintf(x * f(0x3fb8_aa3b));
    let y = (x - k * f(0x3f31_7200)) - k * f(0x35bf_be8e);
    let mut p = f(0x3ab5_11e7);
    for c in [0x3c09_1d10, 0x3d2a_ac79, 0x3e2a_aa49, 0x3eff_fffe, 0x3f80_0000, 0x3f80_0000] {
        p = p * y + f(c);
    }
    libm::scalbnf(p, k as i32)
}

/// Box and Muller's pair.
fn normal_pair(a: u32, b: u32) -> (f32, f32) {
    let f = f32::from_bits;
    let n = ((a >> 1) | 1) as f32;
    let u = n.to_bits().wrapping_sub(0x3f35_04f3);
    let e = (31 - (u as i32 >> 23)) as f32;
    let x = f((u & 0x7f_ffff).wrapping_add(0x3f35_04f3)) - 1.0;
    let mut p = f(0x3e4e_fd40);
    for c in [0xbea6_1e87, 0x3eb0_a604, 0xbecb_c717, 0x3eff_b11e, 0xbf2a_acee, 0x3f80_003d, 0xbfff_ffff] {
        p = p * x + f(c);
    }
    let r = libm::sqrtf(x * p + f(0x3fb1_7218) * e);
    let angle = b as i32 as f32 / 2_147_483_648.0;
    let c = 0.5 - angle.abs();
    let s = 0.5 - c.abs();
    let sine = r * (sine_of_pi(s) * if angle.is_sign_negative() { -1.0 } else { 1.0 });
    (r * sine_of_pi(c), sine)
}

fn sine_of_pi(x: f32) -> f32 {
    let f = f32::from_bits;
    let y = x * x;
    x * (((f(0xbf0d_fca3) * y + f(0x4022_ae79)) * y + f(0xc0a5_593c)) * y + f(0x4049_0fae))
}

/// Section 4: the inner product of two rows that are in memory.
pub fn inner_product(x: &[f32], y: &[f32]) -> f32 {
    let mut total = 0.0;
    for (x, y) in x.chunks(TILE).zip(y.chunks(TILE)) {
        total += tile_sum(&padded(x), &padded(y));
    }
    total
}

/// Section 4: the inner product of direction `i` and `g`.
pub fn product(basis: &Basis<'_>, i: usize, g: &[f32]) -> f32 {
    let mut total = 0.0;
    for (t, g) in g.chunks(TILE).enumerate() {
        let mut factors = padded(g);
        let mut x = drawn_of(basis, i, t);
        if basis.distribution == Distribution::HadamardNormal {
            rotate(&mut factors);
        } else {
            x[g.len()..].fill(0.0);
        }
        total += tile_sum(&x, &factors);
    }
    total
}

/// A tile with +0 behind its end.
fn padded(x: &[f32]) -> Tile {
    let mut tile = [0.0; TILE];
    tile[..x.len()].copy_from_slice(x);
    tile
}

/// Section 4: the tile sum of products.
fn tile_sum(x: &Tile, y: &Tile) -> f32 {
    let mut lanes = [0.0; LANES];
    for l in 0..LANES {
        let term = |v: usize| x[v * LANES + l] * y[v * LANES + l];
        for v in (0..TILE / LANES).step_by(4) {
            lanes[l] += (term(v) + term(v + 1)) + (term(v + 2) + term(v + 3));
        }
    }
    let of_2 = |l: usize| lanes[l] + lanes[l + 8];
    let of_4 = |l: usize| of_2(l) + of_2(l + 4);
    let of_8 = |l: usize| of_4(l) + of_4(l + 2);
    of_8(0) + of_8(1)
}

/// Section 5: what row `i` is divided by.
pub fn norm(basis: &Basis<'_>, row: &[f32]) -> f32 {
    match basis.normalisation {
        Normalisation::Mean => 1.0,
        Normalisation::By(norm) => norm,
        Normalisation::Auto => libm::sqrtf(row.len() as f32),
        Normalisation::Row => libm::sqrtf(inner_product(row, row)),
    }
}

/// Section 5: a coordinate.
pub fn quotient(x: f32, norm: f32) -> f32 {
    if norm > 0.0 { x / norm } else { 0.0 }
}

/// Section 5: the coefficient of `z`.
pub fn coefficient(basis: &Basis<'_>, z: f32, norm: f32) -> f32 {
    match basis.normalisation {
        Normalisation::Mean => z / basis.dimensions as f32,
        _ => quotient(z, norm),
    }
}

/// Section 5: `weights += scale * sum_i coefficients[i] phi_i`.
pub fn lift(basis: &Basis<'_>, coefficients: &[f32], scale: f32, weights: &mut [f32]) {
    lift_along(|_| *basis, coefficients, scale, weights);
}

/// [`lift`] where direction i is that of the basis `basis(i)`; all are of one distribution.
pub fn lift_along<'b>(
    basis: impl Fn(usize) -> Basis<'b>,
    coefficients: &[f32],
    scale: f32,
    weights: &mut [f32],
) {
    for (t, weights) in weights.chunks_mut(TILE).enumerate() {
        let mut total = tile_of_weighted_sum(coefficients, |i| drawn_of(&basis(i), i, t));
        if basis(0).distribution == Distribution::HadamardNormal {
            rotate(&mut total);
        }
        for e in 0..weights.len() {
            weights[e] += scale * total[e];
        }
    }
}

/// Section 4: `total = sum_i coefficients[i] row_i`, of rows that are in memory.
pub fn weighted_sum<'r>(coefficients: &[f32], total: &mut [f32], row: impl Fn(usize) -> &'r [f32]) {
    for (t, total) in total.chunks_mut(TILE).enumerate() {
        let end = t * TILE + total.len();
        let sum = tile_of_weighted_sum(coefficients, |i| padded(&row(i)[t * TILE..end]));
        total.copy_from_slice(&sum[..total.len()]);
    }
}

/// One tile of a weighted sum.
fn tile_of_weighted_sum(coefficients: &[f32], row: impl Fn(usize) -> Tile) -> Tile {
    let mut total = [0.0; TILE];
    for (b, coefficients) in coefficients.chunks(BLOCK).enumerate() {
        let mut block = [0.0; TILE];
        for (f, coefficients) in coefficients.chunks(4).enumerate() {
            // The terms of rows that do not exist are +0.
            let mut terms = [[0.0; TILE]; 4];
            for (k, a) in coefficients.iter().enumerate() {
                terms[k] = row(b * BLOCK + f * 4 + k).map(|x| a * x);
            }
            for e in 0..TILE {
                block[e] += (terms[0][e] + terms[1][e]) + (terms[2][e] + terms[3][e]);
            }
        }
        for e in 0..TILE {
            total[e] += block[e];
        }
    }
    total
}

/// Section 5: the transformation of some numbers.
pub fn transformation(transformation: Transformation, x: &[f32], out: &mut [f32]) {
    let least = x.iter().copied().fold(f32::INFINITY, |a, b| if b < a { b } else { a });
    let greatest = x.iter().copied().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
    for i in 0..x.len() {
        out[i] = match transformation {
            Transformation::None => x[i],
            Transformation::Ranks if x.len() == 1 => 0.0,
            Transformation::Ranks => {
                let before = |&j: &usize| x[j] < x[i] || (x[j] == x[i] && j < i);
                (0..x.len()).filter(before).count() as f32 / (x.len() - 1) as f32 - 0.5
            }
            Transformation::Norm if greatest - least > 0.0 => (x[i] - least) / (greatest - least) - 0.5,
            Transformation::Norm => 0.0,
        };
    }
}

/// Section 6: `out[r][c] = chain over k of left(r, k) * right(k, c)`.
pub fn matrix_product(
    out: &mut [f32],
    columns: usize,
    steps: usize,
    left: impl Fn(usize, usize) -> f32,
    right: impl Fn(usize, usize) -> f32,
) {
    for (at, out) in out.iter_mut().enumerate() {
        let (r, c) = (at / columns, at % columns);
        *out = 0.0;
        for k in 0..steps {
            *out += left(r, k) * right(k, c);
        }
    }
}
