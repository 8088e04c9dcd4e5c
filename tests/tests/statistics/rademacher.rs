//! The law of `rademacher`: independent fair signs. And the one dependence that it is known to have.

use random_bases_core::basis::Distribution;
use random_bases_core::numerics::TILE;
use random_bases_core::random::LANES;

use crate::findings::Findings;
use crate::rows::sample;
use crate::theory::{chi_square_even, p_of_chi_square};

/// Vectors that a word serves: one per bit.
const BITS: usize = 32;

/// 1 for -1, else 0.
fn bit(x: f32) -> usize {
    usize::from(x.is_sign_negative())
}

/// Checks of signs, alone and in patterns.
pub fn marginal(sample: &[f32]) -> Findings {
    let mut findings = Findings::default();
    findings.add_fact("-1 or +1", sample.iter().all(|x| x.abs() == 1.0));
    positions(sample, &mut findings);
    runs(sample, &mut findings);
    patterns(sample, &mut findings);
    findings
}

/// Signs per bit of the word and lane: each of 512 counts is binomial with probability one half.
fn positions(sample: &[f32], findings: &mut Findings) {
    let mut minus = [0; BITS * LANES];
    for word in sample.chunks_exact(BITS * LANES) {
        for (count, &x) in minus.iter_mut().zip(word) {
            *count += bit(x);
        }
    }
    let z = |minus: usize, n: f64| (2.0 * minus as f64 - n) / n.sqrt();
    let n = (sample.len() / minus.len()) as f64;
    findings.add_z("all signs", z(minus.iter().sum(), sample.len() as f64));
    let sum = minus.iter().map(|&count| z(count, n).powi(2)).sum();
    findings.add("bits and lanes: chi-square of 512", sum, p_of_chi_square(sum, minus.len()));
    for (bit, lanes) in minus.chunks_exact(LANES).enumerate() {
        findings.add_z(format!("bit {bit}"), z(lanes.iter().sum(), n * LANES as f64));
    }
}

/// Runs of one sign along the lanes of a tile. A sign differs from the one before with probability one half; a run that
/// starts at least `LONGEST` vectors before the end is seen in full or counted as longest, so its length is k with
/// probability 2^-k.
fn runs(sample: &[f32], findings: &mut Findings) {
    const LONGEST: usize = 16;
    let vectors = TILE / LANES;
    let mut lengths = [0; LONGEST + 1];
    let (mut changes, mut places) = (0, 0);
    for tile in sample.chunks_exact(TILE) {
        for lane in 0..LANES {
            let sign = |vector: usize| tile[vector * LANES + lane].is_sign_negative();
            let mut start = None;
            for vector in 1..vectors {
                places += 1;
                if sign(vector) != sign(vector - 1) {
                    changes += 1;
                    if let Some(start) = start.filter(|start| start + LONGEST <= vectors) {
                        lengths[LONGEST.min(vector - start)] += 1;
                    }
                    start = Some(vector);
                }
            }
            // The last run has no end; it counts if it is known to be long.
            if start.is_some_and(|start| start + LONGEST <= vectors) {
                lengths[LONGEST] += 1;
            }
        }
    }
    findings.add_z("runs", (2.0 * f64::from(changes) - f64::from(places)) / f64::from(places).sqrt());
    let total = f64::from(lengths.iter().sum::<u32>());
    let probability = |k: usize| 0.5_f64.powi(k.min(LONGEST - 1) as i32);
    let cells = (1..=LONGEST).map(|k| (f64::from(lengths[k]), total * probability(k)));
    let sum = cells.map(|(count, expected)| (count - expected).powi(2) / expected).sum();
    findings.add("run lengths: chi-square of 16", sum, p_of_chi_square(sum, LONGEST - 1));
}

/// All 65,536 patterns of sixteen neighbours, and of sixteen vectors of a lane, equally likely.
fn patterns(sample: &[f32], findings: &mut Findings) {
    let (mut across, mut along) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    for square in sample.chunks_exact(LANES * 16) {
        let mut lanes = [0; LANES];
        for vector in square.chunks_exact(LANES) {
            across[vector.iter().fold(0, |pattern, &x| pattern << 1 | bit(x))] += 1;
            for (lane, &x) in lanes.iter_mut().zip(vector) {
                *lane = *lane << 1 | bit(x);
            }
        }
        for pattern in lanes {
            along[pattern] += 1;
        }
    }
    for (label, counts) in [("16 neighbours", across), ("16 vectors of a lane", along)] {
        let sum = chi_square_even(&counts);
        findings.add(format!("{label}: chi-square of 65536"), sum, p_of_chi_square(sum, counts.len() - 1));
    }
}

#[test]
fn rademacher_is_fair() {
    marginal(&sample(Distribution::Rademacher)).accept("rademacher");
}

/// What rows are *not*: independent in all orders. The generator is linear over bits, and the upper eight bits of its
/// next word are `w_n[b] = w_(n-1)[b] ^ w_(n-4)[b] ^ w_(n-4)[b - 11]`. Here a bit is an element, so some products of four
/// elements of a lane are always +1.
///
/// These 32 per lane and tile are all of four, and there are none of two or three (by elimination over the 128 bits of a
/// seed). They raise the kurtosis of the inner product with a vector of equal entries by 3 / D, and leave lower moments
/// alone. In `uniform` and `normal` the same relation is between single bits of elements, hidden by the other bits.
#[test]
fn rademacher_has_known_products_of_four() {
    let sample = sample(Distribution::Rademacher);
    let mut always = vec![0; BITS];
    for tile in sample[..16 * TILE].chunks_exact(TILE) {
        let product = |b: usize, word: usize, lane: usize| {
            let element = |word: usize, b: usize| tile[(word * BITS + b) * LANES + lane];
            element(word, b)
                * element(word - 1, b)
                * element(word - 4, b)
                * element(word - 4, (b + BITS - 11) % BITS)
        };
        for (b, always) in always.iter_mut().enumerate() {
            for word in 4..TILE / (BITS * LANES) {
                *always += (0..LANES).filter(|&lane| product(b, word, lane) == 1.0).count();
            }
        }
    }
    let total = 16 * LANES * (TILE / (BITS * LANES) - 4);
    let known: Vec<_> = (0..BITS).filter(|&b| always[b] == total).collect();
    assert_eq!(known, (24..32).collect::<Vec<_>>(), "of {total}: {always:?}");
}
