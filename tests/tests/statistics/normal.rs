//! The law of `normal`: N(0, 1) for each element, and for each pair that shares a radius.

use random_bases_core::basis::Distribution;
use random_bases_core::random::LANES;

use crate::findings::Findings;
use crate::rows::sample;
use crate::theory::{
    chi_square_even, kolmogorov_distance, normal_cdf, normal_tails, p_of_chi_square, p_of_count,
    p_of_kolmogorov, p_of_z,
};

/// No element is larger: the radius of the smallest u is sqrt(62 ln 2) = 6.55552.
const LARGEST: f32 = 6.5556;

/// Checks of the elements as if they were in no order.
pub fn marginal(sample: &[f32]) -> Findings {
    let mut findings = Findings::default();
    findings.add_fact("finite, at most 6.5556", sample.iter().all(|x| x.abs() <= LARGEST));
    moments(sample, &mut findings);
    tails(sample, &mut findings);

    let mut ascending = sample.to_vec();
    ascending.sort_unstable_by(f32::total_cmp);
    let distance = kolmogorov_distance(ascending.iter().map(|&x| f64::from(x)), normal_cdf);
    findings.add("kolmogorov distance, times 1e6", distance * 1e6, p_of_kolmogorov(distance, sample.len()));
    findings
}

/// Mean of x^k against E x^k, whose variance is (E x^2k - (E x^k)^2) / n. E x^k = 1 * 3 * 5 ... (k - 1) for even k.
fn moments(sample: &[f32], findings: &mut Findings) {
    const POWERS: usize = 6;
    let expected = |k: usize| if k % 2 == 1 { 0.0 } else { (1..k).step_by(2).map(|i| i as f64).product() };
    let n = sample.len() as f64;
    let mut sums = [0.0; POWERS];
    for &x in sample {
        let x = f64::from(x);
        let mut power = 1.0;
        for sum in &mut sums {
            power *= x;
            *sum += power;
        }
    }
    for k in 1..=POWERS {
        let (mean, want) = (sums[k - 1] / n, expected(k));
        let variance = (expected(2 * k) - want * want) / n;
        findings.add(
            format!("moment {k} less expected, times 1e6"),
            (mean - want) * 1e6,
            p_of_z((mean - want) / variance.sqrt()),
        );
    }
}

/// How many elements lie outside -k..k, and whether as many above as below. Where few are expected, their number is
/// Poisson.
fn tails(sample: &[f32], findings: &mut Findings) {
    for k in [0.0, 0.01, 0.1, 0.5, 1.0, 2.0, 3.0, 4.0, 4.5, 5.0, 5.5, 6.0_f32] {
        let above = sample.iter().filter(|&&x| x > k).count();
        let outside = above + sample.iter().filter(|&&x| x < -k).count();
        let probability = normal_tails(f64::from(k));
        if k > 0.0 {
            let ratio = outside as f64 / (probability * sample.len() as f64);
            findings.add(
                format!("tail {k}: {outside}, to expected"),
                ratio,
                p_of_count(outside, sample.len(), probability),
            );
        }
        if outside > 100 {
            let z = (2.0 * above as f64 - outside as f64) / (outside as f64).sqrt();
            findings.add_z(format!("sign beyond {k}"), z);
        }
    }
}

/// Checks of the pairs that share a radius: the same lane of vectors 2p and 2p + 1. Their squared radius is
/// exponential (exp(-r^2 / 2) is uniform), their angle uniform, and the two independent.
pub fn pairs(sample: &[f32]) -> Findings {
    const RADII: usize = 32;
    const ANGLES: usize = 64;
    let mut cells = vec![0; RADII * ANGLES];
    let (mut radii, mut angles) = (Vec::new(), Vec::new());
    for vectors in sample.chunks_exact(2 * LANES) {
        for lane in 0..LANES {
            let (x, y) = (f64::from(vectors[lane]), f64::from(vectors[lane + LANES]));
            let radius = libm::exp(-0.5 * (x * x + y * y));
            let angle = 0.5 + libm::atan2(y, x) / std::f64::consts::TAU;
            // The one value 1.0 belongs to the last cell.
            let cell = |uniform: f64, cells: usize| ((uniform * cells as f64) as usize).min(cells - 1);
            cells[cell(radius, RADII) * ANGLES + cell(angle, ANGLES)] += 1;
            radii.push(radius);
            angles.push(angle);
        }
    }
    let mut findings = Findings::default();
    for (label, values) in [("radius", &mut radii), ("angle", &mut angles)] {
        values.sort_unstable_by(f64::total_cmp);
        let distance = kolmogorov_distance(values.iter().copied(), |uniform| uniform);
        let label = format!("{label}: kolmogorov distance, times 1e6");
        findings.add(label, distance * 1e6, p_of_kolmogorov(distance, values.len()));
    }
    let sum = chi_square_even(&cells);
    let freedom = cells.len() - 1;
    findings.add("radius and angle: chi-square of 2048", sum, p_of_chi_square(sum, freedom));
    findings
}

#[test]
fn normal_is_normal() {
    marginal(&sample(Distribution::Normal)).accept("normal");
}

#[test]
fn normal_pairs_are_normal() {
    let sample = sample(Distribution::Normal);
    pairs(&sample[..sample.len() / 2]).accept("normal, pairs");
}
