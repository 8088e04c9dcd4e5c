//! Probabilities: from a statistic to a p, in f64.
//!
//! Every p is two-sided: small where the statistic is too large *or* too small.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use libm::{erfc, lgamma};

/// P(X <= x) for X of N(0, 1).
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * FRAC_1_SQRT_2)
}

/// P(|X| > x) for X of N(0, 1) and x >= 0.
pub fn normal_tails(x: f64) -> f64 {
    erfc(x * FRAC_1_SQRT_2)
}

/// Of a value that is N(0, 1).
pub fn p_of_z(z: f64) -> f64 {
    normal_tails(z.abs())
}

/// Of the largest of `count` absolute values of N(0, 1), against a maximum that is too large: one-sided, since the law
/// of the whole set is tested beside it. Independence is not needed for small p (Bonferroni).
pub fn p_of_largest(largest: f64, count: usize) -> f64 {
    -(count as f64 * (-normal_tails(largest)).ln_1p()).exp_m1()
}

/// Of a chi-square sum with so many degrees of freedom.
pub fn p_of_chi_square(sum: f64, freedom: usize) -> f64 {
    let below = gamma_p(freedom as f64 / 2.0, sum / 2.0);
    two_sided(below, 1.0 - below)
}

/// Of seeing `count` successes in `n` trials of this probability. Exact Poisson where few are expected; where many
/// are (above 1e4, skewness below 0.01), the normal approximation of the binomial.
pub fn p_of_count(count: usize, n: usize, probability: f64) -> f64 {
    let expected = n as f64 * probability;
    if expected > 1e4 {
        return p_of_z((count as f64 - expected) / (expected * (1.0 - probability)).sqrt());
    }
    let at_most = 1.0 - gamma_p(count as f64 + 1.0, expected);
    let at_least = if count == 0 { 1.0 } else { gamma_p(count as f64, expected) };
    two_sided(at_most, at_least)
}

/// Of a Kolmogorov-Smirnov distance of `n` values, by Kolmogorov's limit with Stephens' correction for finite n.
pub fn p_of_kolmogorov(distance: f64, n: usize) -> f64 {
    let root = (n as f64).sqrt();
    let x = (root + 0.12 + 0.11 / root) * distance;
    if x < 1.0 {
        // The form that converges fast for small x, of the probability to be below.
        let terms = (1..=50).map(|k| (-(f64::from(2 * k - 1) * PI / x).powi(2) / 8.0).exp());
        let below = (2.0 * PI).sqrt() / x * terms.sum::<f64>();
        return two_sided(below, 1.0 - below);
    }
    let terms =
        (1..=50).map(|k| (-2.0 * (f64::from(k) * x).powi(2)).exp() * if k % 2 == 1 { 2.0 } else { -2.0 });
    let above = terms.sum::<f64>();
    two_sided(above, 1.0 - above)
}

/// The largest distance between the empirical distribution of ascending values and `cdf`, over all values.
pub fn kolmogorov_distance(ascending: impl ExactSizeIterator<Item = f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    let n = ascending.len() as f64;
    let mut distance = 0.0_f64;
    for (i, x) in ascending.enumerate() {
        let below = cdf(x);
        distance = distance.max((i + 1) as f64 / n - below).max(below - i as f64 / n);
    }
    distance
}

/// Sum over cells of (count - expected)^2 / expected for equal expectations.
pub fn chi_square_even(counts: &[usize]) -> f64 {
    let expected = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum()
}

fn two_sided(one: f64, other: f64) -> f64 {
    (2.0 * one.min(other)).clamp(0.0, 1.0)
}

/// The lower regularised incomplete gamma function P(a, x): its power series below the mean, elsewhere one minus
/// Legendre's continued fraction (by Lentz's method).
fn gamma_p(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let scale = (a * x.ln() - x - lgamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return scale * sum;
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut fraction = d;
    for i in 1..100_000 {
        let numerator = -f64::from(i) * (f64::from(i) - a);
        b += 2.0;
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 - scale * fraction
}

/// Against tables.
#[test]
fn critical_values() {
    let near = |p: f64, want: f64| assert!((p / want - 1.0).abs() < 2e-3, "{p:e}, want {want:e}");
    near(p_of_z(1.959_964), 0.05);
    near(p_of_z(-3.890_592), 1e-4);
    near(p_of_kolmogorov(1.627_62e-4, 100_000_000), 0.02); // the 1 % point, doubled for the other side
    near(p_of_kolmogorov(0.441_0e-4, 100_000_000), 0.02); // the 1 % point of small distances
    near(p_of_chi_square(11.344_9, 3), 0.02);
    near(p_of_chi_square(0.114_83, 3), 0.02);
    near(p_of_chi_square(124.342, 100), 0.1);
    near(p_of_chi_square(65_535.0 + 2.326_35 * 362.036 + 2.941_3, 65_535), 0.02);
    near(p_of_count(0, 1_000_000, 5e-6), 2.0 * (-5.0_f64).exp());
    near(p_of_count(12, 1_000_000, 5e-6), 2.0 * 5.453e-3);
    near(p_of_largest(5.0, 1000), 5.731_4e-4);
}
