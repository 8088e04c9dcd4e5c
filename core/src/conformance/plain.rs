//! The contract in scalar code: one element at a time, as `NUMERICS.md` says it. Slow and obvious.

use rand_core::Rng;

use crate::basis::Distribution;
use crate::numerics::{BLOCK, TILE};
use crate::random::{Key, LANES};
use crate::subspace::{Basis, Normalisation, Transformation};

/// Section 3: writes a whole row.
pub fn row(key: Key, direction: usize, distribution: Distribution, out: &mut [f32]) {
    for (t, tile) in out.chunks_mut(TILE).enumerate() {
        for lane in 0..LANES {
            let mut generator = key.tile(direction as u32, t as u32).lane(lane);
            let mut words = [0; TILE / LANES];
            words.iter_mut().for_each(|word| *word = generator.next_u32());
            for (vector, e) in (lane..tile.len()).step_by(LANES).enumerate() {
                tile[e] = element(distribution, vector, &words);
            }
        }
    }
}

/// Sections 3 and 5: writes direction `i` of a basis, which may be the mirror image of a row.
pub fn direction(basis: &Basis<'_>, i: usize, out: &mut [f32]) {
    if basis.antithetic {
        row(basis.key, i / 2, basis.distribution, out);
        if i % 2 == 1 {
            out.iter_mut().for_each(|x| *x = -*x);
        }
    } else {
        row(basis.key, i, basis.distribution, out);
    }
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
        Distribution::Uniform => {
            let word = words[vector / 2];
            let half = if vector.is_multiple_of(2) { word >> 16 } else { word & 0xffff };
            f32::from(half as u16 as i16) / 32768.0
        }
        Distribution::Normal => {
            let first = vector / 2 * 2;
            let (cosine, sine) = normal_pair(words[first], words[first + 1]);
            if vector == first { cosine } else { sine }
        }
        Distribution::Bernoulli(probability) => {
            let word = words[vector / 2];
            let half = if vector.is_multiple_of(2) { word >> 16 } else { word & 0xffff };
            let b = if half < u32::from(probability.0) { 1.0 } else { 0.0 };
            2.0 * (b - probability.value())
        }
        Distribution::LogNormal => {
            exp(element(Distribution::Normal, vector, words)) - f32::from_bits(0x3fd3_094c)
        }
        Distribution::Zeros => 0.0,
    }
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

/// Section 4: the inner product of two rows.
pub fn inner_product(x: &[f32], y: &[f32]) -> f32 {
    let mut total = 0.0;
    for (x, y) in x.chunks(TILE).zip(y.chunks(TILE)) {
        let mut sums = [[0.0; LANES]; 2];
        for e in 0..x.len() {
            sums[e / LANES % 2][e % LANES] += x[e] * y[e];
        }
        let lane = |l: usize| sums[0][l] + sums[1][l];
        let of_2 = |l: usize| lane(l) + lane(l + 8);
        let of_4 = |l: usize| of_2(l) + of_2(l + 4);
        let of_8 = |l: usize| of_4(l) + of_4(l + 2);
        total += of_8(0) + of_8(1);
    }
    total
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

/// Section 5: `weights += scale * sum_i coefficients[i] phi_i`. `row_buffer`, `block` and `total` are as long as `weights`.
pub fn lift(
    basis: &Basis<'_>,
    coefficients: &[f32],
    scale: f32,
    weights: &mut [f32],
    row_buffer: &mut [f32],
    block: &mut [f32],
    total: &mut [f32],
) {
    weighted_sum(coefficients, block, total, |i, out| direction(basis, i, out), row_buffer);
    for e in 0..weights.len() {
        weights[e] += scale * total[e];
    }
}

/// Section 4: `total = sum_i coefficients[i] row_i`, where `row(i, out)` writes row i.
pub fn weighted_sum(
    coefficients: &[f32],
    block: &mut [f32],
    total: &mut [f32],
    row: impl Fn(usize, &mut [f32]),
    row_buffer: &mut [f32],
) {
    total.fill(0.0);
    for (b, coefficients) in coefficients.chunks(BLOCK).enumerate() {
        block.fill(0.0);
        for (i, a) in coefficients.iter().enumerate() {
            row(b * BLOCK + i, row_buffer);
            for e in 0..block.len() {
                block[e] += a * row_buffer[e];
            }
        }
        for e in 0..total.len() {
            total[e] += block[e];
        }
    }
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
pub fn product(
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
