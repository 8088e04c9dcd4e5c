//! The law of `uniform`: each multiple of 2^-15 from -1 to 1 - 2^-15 equally likely.

use random_bases_core::basis::Distribution;
use random_bases_core::random::LANES;

use crate::findings::Findings;
use crate::rows::sample;
use crate::theory::{chi_square_even, p_of_chi_square, p_of_kolmogorov};

/// How many values there are.
const LEVELS: usize = 1 << 16;

/// The number of a value, 0 for -1.
fn level(x: f32) -> usize {
    (x * 32768.0 + 32768.0) as usize
}

/// Checks of the elements as if they were in no order.
pub fn marginal(sample: &[f32]) -> Findings {
    let mut findings = Findings::default();
    let exact = |x: f32| (-1.0..1.0).contains(&x) && x * 32768.0 == (x * 32768.0).trunc();
    findings.add_fact("multiples of 2^-15 in [-1, 1)", sample.iter().all(|&x| exact(x)));
    let mut counts = vec![0; LEVELS];
    for &x in sample {
        counts[level(x)] += 1;
    }
    findings.add_fact("every level occurs", counts.iter().all(|&count| count > 0));
    let sum = chi_square_even(&counts);
    findings.add("levels: chi-square of 65536", sum, p_of_chi_square(sum, LEVELS - 1));

    // 65,536 steps of 1.5e-5 each: hardly smaller a distance than that of a continuous law, whose p this is.
    let (mut below, mut distance) = (0, 0.0_f64);
    for (level, count) in counts.iter().enumerate() {
        below += count;
        let want = (level + 1) as f64 / LEVELS as f64;
        distance = distance.max((below as f64 / sample.len() as f64 - want).abs());
    }
    findings.add("kolmogorov distance, times 1e6", distance * 1e6, p_of_kolmogorov(distance, sample.len()));

    moments(&counts, &mut findings);
    for bit in 0..16 {
        let set: usize = (0..LEVELS).filter(|level| level >> bit & 1 == 1).map(|level| counts[level]).sum();
        let n = sample.len() as f64;
        findings.add_z(format!("bit {bit}"), (2.0 * set as f64 - n) / n.sqrt());
    }
    findings
}

/// Moments about the exact mean, -2^-16: that of a level's number is exact. With N = 2^16 levels in steps of 1 the central
/// moments are (N^2 - 1) / 12 and (N^2 - 1) (3 N^2 - 7) / 240; the sixth and eighth are those of the continuous law.
fn moments(counts: &[usize], findings: &mut Findings) {
    let n = counts.iter().sum::<usize>() as f64;
    let width = LEVELS as f64;
    let middle = (width - 1.0) / 2.0;
    let second = (width * width - 1.0) / 12.0;
    let fourth = (width * width - 1.0) * (3.0 * width * width - 7.0) / 240.0;
    let (sixth, eighth) = (width.powi(6) / 448.0, width.powi(8) / 2304.0);
    let mean_power = |k| {
        let terms = counts.iter().enumerate();
        terms.map(|(level, &count)| count as f64 * (level as f64 - middle).powi(k)).sum::<f64>() / n
    };
    findings.add_z("moment 1", mean_power(1) / (second / n).sqrt());
    findings.add_z("moment 2", (mean_power(2) - second) / ((fourth - second * second) / n).sqrt());
    findings.add_z("moment 3", mean_power(3) / (sixth / n).sqrt());
    findings.add_z("moment 4", (mean_power(4) - fourth) / ((eighth - fourth * fourth) / n).sqrt());
}

/// Checks of the two elements that share a word, vectors 2p and 2p + 1 of a lane: the upper bytes of both, all pairs
/// equally likely; then the lower bytes.
pub fn pairs(sample: &[f32]) -> Findings {
    let (mut upper, mut lower) = (vec![0; LEVELS], vec![0; LEVELS]);
    for vectors in sample.chunks_exact(2 * LANES) {
        for lane in 0..LANES {
            let (first, second) = (level(vectors[lane]), level(vectors[lane + LANES]));
            upper[(first & 0xff00) | second >> 8] += 1;
            lower[(first & 0xff) << 8 | second & 0xff] += 1;
        }
    }
    let mut findings = Findings::default();
    for (label, cells) in [("upper", upper), ("lower", lower)] {
        let sum = chi_square_even(&cells);
        findings.add(format!("{label} bytes of a word: chi-square"), sum, p_of_chi_square(sum, LEVELS - 1));
    }
    findings
}

#[test]
fn uniform_is_uniform() {
    let sample = sample(Distribution::Uniform);
    let mut findings = marginal(&sample);
    findings.append(pairs(&sample));
    findings.accept("uniform");
}
