//! The law of `lognormal`: exp(n) - exp(1/2), where n is N(0, 1).
//!
//! Tails are so long that sums of products are far from normal. So order and tails are checked on the logarithms, which
//! have to pass for `normal`.

use random_bases_core::basis::Distribution;

use crate::dependence::within;
use crate::findings::Findings;
use crate::normal;
use crate::rows::{Law, SAMPLE_ROW_LEN, sample};

/// exp(1/2) as f32, 1.2e-8 less than exact.
const MEAN: f32 = 1.648_721_3;

/// Variance, and excess kurtosis.
fn moments() -> (f64, f64) {
    let e = std::f64::consts::E;
    (e * e - e, e.powi(4) + 2.0 * e.powi(3) + 3.0 * e.powi(2) - 6.0)
}

/// n again: ln(x + exp(1/2)). Of an n of -5 it is off by 1e-5, of larger ones by less.
pub fn logarithms(sample: &[f32]) -> Vec<f32> {
    sample.iter().map(|&x| libm::logf(x + MEAN)).collect()
}

/// Checks of the elements as if they were in no order.
pub fn marginal(sample: &[f32]) -> Findings {
    let mut findings = Findings::default();
    findings.add_fact("above -exp(1/2), at most 702", sample.iter().all(|&x| x > -MEAN && x < 702.1));
    let (variance, kurtosis) = moments();
    let n = sample.len() as f64;
    let mean = sample.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    findings.add_z(format!("mean {mean:.6}"), mean / (variance / n).sqrt());
    let square = sample.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n;
    let z = (square - variance) / (variance * ((kurtosis + 2.0) / n).sqrt());
    findings.add_z(format!("variance {square:.6}"), z);
    findings.append(normal::marginal(&logarithms(sample)));
    findings
}

#[test]
fn lognormal_has_normal_logarithms() {
    marginal(&sample(Distribution::LogNormal)).accept("lognormal");
}

#[test]
fn lognormal_elements_are_independent() {
    let logarithms = logarithms(&sample(Distribution::LogNormal));
    within(&logarithms, SAMPLE_ROW_LEN, Law::of(Distribution::Normal)).accept("lognormal, within rows");
}
