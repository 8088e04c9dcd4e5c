//! Independence within a row: neighbours, lanes, tiles, blocks, positions.

use random_bases_core::basis::Distribution;
use random_bases_core::numerics::TILE;
use random_bases_core::random::LANES;

use crate::findings::Findings;
use crate::rows::{Law, SAMPLE_ROW_LEN, dot, sample};
use crate::theory::{p_of_chi_square, p_of_largest};

/// Vectors that a sampler makes at once.
const OCTET: usize = 8;

/// The distances in elements at which correlations are looked for: all up to two vectors and one, then whole vectors
/// up to an octet.
pub fn lags() -> impl Iterator<Item = usize> {
    (1..=2 * LANES + 1).chain((3..=OCTET).map(|vectors| vectors * LANES))
}

/// Checks of the order of elements: all that follow.
pub fn within(sample: &[f32], row_len: usize, law: Law) -> Findings {
    let mut findings = Findings::default();
    correlations(sample, law, &mut findings);
    boundaries(sample, row_len, law, &mut findings);
    positions(sample, law, &mut findings);
    blocks(sample, row_len, law, &mut findings);
    findings
}

/// The products of two elements of a tile at each lag, of x and of x^2 (less their means). Products of distinct pairs
/// are uncorrelated, so their sum over N pairs, divided by the variance and sqrt(N), is N(0, 1).
fn correlations(sample: &[f32], law: Law, findings: &mut Findings) {
    let squares = squares(sample, law);
    for lag in lags() {
        let pairs = (sample.len() / TILE * (TILE - lag)) as f64;
        let sum_over = |values: &[f32]| -> f64 {
            values.chunks_exact(TILE).map(|tile| dot(&tile[..TILE - lag], &tile[lag..])).sum()
        };
        findings.add_z(format!("lag {lag}"), sum_over(sample) / (law.variance * pairs.sqrt()));
        if law.square_variance > 0.0 {
            let z = sum_over(&squares) / (law.square_variance * pairs.sqrt());
            findings.add_z(format!("squares at lag {lag}"), z);
        }
    }
}

/// The squares less their mean.
fn squares(sample: &[f32], law: Law) -> Vec<f32> {
    sample.iter().map(|&x| (f64::from(x).powi(2) - law.variance) as f32).collect()
}

/// The same across the boundary of two tiles of a row, where the generators change.
fn boundaries(sample: &[f32], row_len: usize, law: Law, findings: &mut Findings) {
    for lag in lags() {
        let (mut sum, mut pairs) = (0.0, 0);
        for row in sample.chunks_exact(row_len) {
            for boundary in (TILE..row_len).step_by(TILE) {
                sum += dot(&row[boundary - lag..boundary], &row[boundary..boundary + lag]);
                pairs += lag;
            }
        }
        findings.add_z(format!("boundary at lag {lag}"), sum / (law.variance * (pairs as f64).sqrt()));
    }
}

/// The means of x and of x^2 over all tiles, for each of the 4096 positions in a tile: a seed that is not mixed well
/// shows in the first words.
fn positions(sample: &[f32], law: Law, findings: &mut Findings) {
    let squares = squares(sample, law);
    let tiles = (sample.len() / TILE) as f64;
    let mut check = |label: &str, values: &[f32], mean: f64, variance: f64| {
        let mut sums = vec![0.0; TILE];
        for tile in values.chunks_exact(TILE) {
            for (sum, &x) in sums.iter_mut().zip(tile) {
                *sum += f64::from(x) - mean;
            }
        }
        let z = sums.iter().map(|sum| sum / (tiles * variance).sqrt());
        let largest = z.clone().fold(0.0, |largest: f64, z| largest.max(z.abs()));
        let sum = z.map(|z| z * z).sum();
        findings.add(format!("positions: chi-square of 4096, {label}"), sum, p_of_chi_square(sum, TILE));
        findings.add(format!("positions: largest of 4096, {label}"), largest, p_of_largest(largest, TILE));
    };
    check("x", sample, law.mean, law.variance);
    if law.square_variance > 0.0 {
        check("squares", &squares, 0.0, law.square_variance);
    }
}

/// Sums and squared norms of blocks: octets, tiles, rows. For normal elements a squared norm is chi-square. Of a sum z
/// of B independent values, scaled to mean 0 and variance 1, z^2 has variance 2 + k / B, where k is the excess kurtosis
/// of one value. A joint law that is not a product shows here even where all pairs are uncorrelated.
fn blocks(sample: &[f32], row_len: usize, law: Law, findings: &mut Findings) {
    for block in [OCTET * LANES, TILE, row_len] {
        let count = (sample.len() / block) as f64;
        let size = block as f64;
        let mut check = |label: &str, kurtosis: f64, z_of: &dyn Fn(&[f32]) -> f64| {
            let (mut sum, mut sum_of_squares) = (0.0, 0.0);
            for values in sample.chunks_exact(block) {
                let z = z_of(values);
                sum += z;
                sum_of_squares += z * z;
            }
            findings.add_z(format!("{label} of {block}: mean"), sum / count.sqrt());
            let z = (sum_of_squares - count) / (count * (2.0 + kurtosis / size)).sqrt();
            findings.add_z(format!("{label} of {block}: variance {:.5}", sum_of_squares / count), z);
        };
        let kurtosis = (law.square_variance / law.variance.powi(2)) - 2.0;
        check("sums", kurtosis, &|values| {
            (values.iter().map(|&x| f64::from(x)).sum::<f64>() - size * law.mean)
                / (size * law.variance).sqrt()
        });
        if law.square_variance > 0.0 {
            check("squared norms", law.square_kurtosis, &|values| {
                (dot(values, values) - size * law.variance) / (size * law.square_variance).sqrt()
            });
        }
    }
}

fn check(distribution: Distribution) {
    let findings = within(&sample(distribution), SAMPLE_ROW_LEN, Law::of(distribution));
    findings.accept(&format!("{distribution}, within rows"));
}

#[test]
fn normal_elements_are_independent() {
    check(Distribution::Normal);
}

/// Beyond lags and blocks: `hadamard_normal`.
#[test]
fn hadamard_normal_elements_are_independent() {
    check(Distribution::HadamardNormal);
}

#[test]
fn uniform_elements_are_independent() {
    check(Distribution::Uniform);
}

#[test]
fn rademacher_elements_are_independent() {
    check(Distribution::Rademacher);
}
