//! The tuned learning rates: those that the authors published, and others where they published none.

use super::choices::{Dataset, Method, Network};

/// The base rate for a network, a data set and a method, to be multiplied by the batch size and the number of
/// workers.
///
/// All are powers of two; the table holds their exponents, for d = 250, batches of 32 and rows divided by sqrt(D).
/// Those of rbd, fpd and sgd are published. nes takes those of rbd, as the original does, and so does landscape, whose steps
/// are rbd's but for the way in which coordinates are found. Those of hybrid (a quarter of
/// rbd's) and of gradient-bases (the original's default) were tried on `fc` and MNIST only. `synthetic` is near enough to
/// `mnist`, `shapes` to `cifar10`, `small` to `fc` and `conv` to `cnn` that they borrow their numbers.
///
/// |                | fc mnist | fc fmnist | fc cifar10 | cnn mnist | cnn fmnist | cnn cifar10 |
/// | -------------- | -------- | --------- | ---------- | --------- | ---------- | ----------- |
/// | rbd, fpd, nes, landscape | -5       | -6        | -7         | -9        | -8         | -8          |
/// | sgd            | -8       | -7        | -12        | -10       | -9         | -11         |
/// | hybrid         | -7       | -8        | -9         | -11       | -10        | -10         |
/// | gradient-bases | -8       | -8        | -8         | -8        | -8         | -8          |
pub fn tuned_rate(network: Network, dataset: Dataset, method: Method) -> f32 {
    let exponents: [i32; 6] = match method {
        Method::Rbd | Method::Fpd | Method::Nes | Method::Landscape => [-5, -6, -7, -9, -8, -8],
        Method::Sgd => [-8, -7, -12, -10, -9, -11],
        Method::Hybrid => [-7, -8, -9, -11, -10, -10],
        Method::GradientBases => [-8, -8, -8, -8, -8, -8],
    };
    power_of_two(exponents[column(network, dataset)])
}

/// The base rate of layers and steps of rbd that follow the gradient, as published for SGD inside of RBD models.
///
/// | fc mnist | fc fmnist | fc cifar10 | cnn mnist | cnn fmnist | cnn cifar10 |
/// | -------- | --------- | ---------- | --------- | ---------- | ----------- |
/// | -8       | -7        | -11        | -10       | -9         | -11         |
pub fn tuned_sgd_rate(network: Network, dataset: Dataset) -> f32 {
    power_of_two([-8, -7, -11, -10, -9, -11][column(network, dataset)])
}

/// The column of the tables above.
fn column(network: Network, dataset: Dataset) -> usize {
    let column = match dataset {
        Dataset::Mnist | Dataset::Synthetic => 0,
        Dataset::Fmnist => 1,
        Dataset::Cifar10 | Dataset::Shapes => 2,
    };
    match network {
        Network::Fc | Network::Small => column,
        Network::Cnn | Network::Conv => 3 + column,
    }
}

/// Two to the power of it, by its bits: `exp2` may differ between platforms.
fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits(((127 + exponent) as u32) << 23)
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
