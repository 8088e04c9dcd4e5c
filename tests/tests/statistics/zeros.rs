//! The law of `zeros`: every element is +0.

use random_bases_core::basis::Distribution;

use crate::rows::sample;

#[test]
fn zeros_are_positive_zeros() {
    let sample = sample(Distribution::Zeros);
    assert_eq!(sample.len(), 1 << 25);
    assert!(sample.iter().all(|x| x.to_bits() == 0));
}
