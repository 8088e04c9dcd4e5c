//! The tuned learning rates: those that the authors of the method published for it.

use super::choices::{Dataset, Method, Network};

/// The base rate for a network, a data set and a method, to be multiplied by the batch size and the number of
/// workers.
///
/// All are powers of two:
///
/// |           | mnist, synthetic | fmnist |
/// | --------- | ---------------- | ------ |
/// | rbd, fpd  | 2^-5             | 2^-6   |
/// | sgd       | 2^-8             | 2^-7   |
///
/// They were tuned for `fc` with d = 250, batches of 32 and rows divided by sqrt(D). The synthetic digits are
/// near enough to MNIST, and `small` near enough to `fc`, that both borrow their numbers.
pub const fn tuned_rate(network: Network, dataset: Dataset, method: Method) -> f32 {
    match network {
        Network::Fc | Network::Small => match (method, dataset) {
            (Method::Rbd | Method::Fpd, Dataset::Mnist | Dataset::Synthetic) => 1.0 / 32.0,
            (Method::Rbd | Method::Fpd, Dataset::Fmnist) => 1.0 / 64.0,
            (Method::Sgd, Dataset::Mnist | Dataset::Synthetic) => 1.0 / 256.0,
            (Method::Sgd, Dataset::Fmnist) => 1.0 / 128.0,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_is_a_power_of_two_below_one() {
        for network in Network::ALL {
            for dataset in Dataset::ALL {
                for method in Method::ALL {
                    let rate = tuned_rate(*network, *dataset, *method);
                    // A power of two has no bit set in its fraction.
                    assert_eq!(rate.to_bits() & 0x007f_ffff, 0);
                    assert!(rate > 0.0 && rate < 1.0);
                }
            }
        }
        assert_eq!(tuned_rate(Network::Fc, Dataset::Mnist, Method::Rbd) * 32.0, 1.0);
    }
}
