//! The law of `bernoulli-P`: 2 (1 - p) with probability p, else -2 p.
//!
//! Between rows nothing is checked here: a word's halves are those of which `uniform` makes its elements, and the tests of
//! `uniform` show that rows share nothing.

use random_bases_core::basis::{Distribution, Probability};
use random_bases_core::random::LANES;

use crate::dependence::within;
use crate::findings::Findings;
use crate::rows::{Law, SAMPLE_ROW_LEN, sample};
use crate::theory::{p_of_chi_square, p_of_count};

/// Vectors of a lane that are looked at as one pattern: two words.
const PATTERN: usize = 4;

/// Elements of the samples here: 2^23.
const SIZE: usize = 1 << 23;

/// The first elements of the main sample.
pub fn first(parts: u16) -> Vec<f32> {
    let mut sample = sample(Distribution::Bernoulli(Probability(parts)));
    sample.truncate(SIZE);
    sample
}

/// Checks of the elements as if they were in no order.
pub fn marginal(sample: &[f32], parts: u16) -> Findings {
    let mut findings = Findings::default();
    let p = f64::from(parts) / 65_536.0;
    // Both are exact in f32.
    let (low, high) = ((-2.0 * p) as f32, (2.0 - 2.0 * p) as f32);
    findings.add_fact("2 (1 - p) or -2 p", sample.iter().all(|&x| x == low || x == high));
    let (count, n) = (sample.iter().filter(|&&x| x > 0.0).count(), sample.len());
    findings.add(format!("highs: {count}"), count as f64 / n as f64, p_of_count(count, n, p));
    // Of two values, mean and variance say the same as the number of highs, if the values are right. Of few highs the
    // number is not normal.
    if n as f64 * p * (1.0 - p) > 1e4 {
        let law = Law::of(Distribution::Bernoulli(Probability(parts)));
        let size = n as f64;
        let mean = sample.iter().map(|&x| f64::from(x)).sum::<f64>() / size;
        findings.add_z(format!("mean {mean:.6}"), mean / (law.variance / size).sqrt());
        let square = sample.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / size;
        let z = (square - law.variance) / (law.square_variance / size).sqrt();
        findings.add_z(format!("variance {square:.6}"), z);
    }
    findings
}

/// Checks of four vectors of a lane, which come from two words: each of sixteen patterns as often as p says.
pub fn patterns(sample: &[f32], parts: u16) -> Findings {
    let p = f64::from(parts) / 65_536.0;
    let mut counts = [0_usize; 1 << PATTERN];
    for vectors in sample.chunks_exact(PATTERN * LANES) {
        for lane in 0..LANES {
            let bit = |v: usize| usize::from(vectors[v * LANES + lane] > 0.0);
            counts[(0..PATTERN).fold(0, |pattern, v| pattern << 1 | bit(v))] += 1;
        }
    }
    let total = counts.iter().sum::<usize>() as f64;
    let term = |(pattern, &count): (usize, &usize)| {
        let highs = pattern.count_ones() as i32;
        let expected = total * p.powi(highs) * (1.0 - p).powi(PATTERN as i32 - highs);
        (count as f64 - expected).powi(2) / expected
    };
    let sum = counts.iter().enumerate().map(term).sum();
    let mut findings = Findings::default();
    findings.add("4 vectors of a lane: chi-square of 16", sum, p_of_chi_square(sum, counts.len() - 1));
    findings
}

/// Probabilities on both sides of one half: few and many bits of p, and a rare value on either side.
#[test]
fn bernoulli_has_its_share_of_highs() {
    for parts in [1, 77, 655, 13_107, 16_384, 30_000, 32_767, 32_769, 58_982, 65_000, 65_535] {
        let sample = first(parts);
        let mut findings = marginal(&sample, parts);
        if (655..65_000).contains(&parts) {
            findings.append(patterns(&sample, parts));
        }
        findings.accept(&format!("bernoulli {parts} / 65536"));
    }
}

#[test]
fn bernoulli_elements_are_independent() {
    for parts in [13_107, 58_982] {
        let distribution = Distribution::Bernoulli(Probability(parts));
        within(&first(parts), SAMPLE_ROW_LEN, Law::of(distribution))
            .accept(&format!("{distribution}, within rows"));
    }
}

/// One half is the law of `rademacher`, drawn in another way.
#[test]
fn bernoulli_of_one_half_is_a_fair_sign() {
    let sample = first(32_768);
    let mut findings = Findings::default();
    findings.add_fact("-1 or +1", sample.iter().all(|x| x.abs() == 1.0));
    findings.append(patterns(&sample, 32_768));
    findings.append(within(&sample, SAMPLE_ROW_LEN, Law::of(Distribution::Rademacher)));
    findings.accept("bernoulli-0.5");
}
