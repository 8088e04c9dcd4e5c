//! What the layers are: functions of parameters and one image, in f64.

use random_bases_core::nn::{Chain, Conv, Dense, Layer, MaxPool, Pad, Relu};

/// On which side of its kinks a function was evaluated: which rectifiers passed, which elements of windows were taken.
/// Between two points with equal sides it is smooth.
pub type Sides = Vec<u8>;

/// A layer's definition.
pub trait Reference: Layer {
    /// The output for one image. Appends to `sides`.
    fn value(params: &[f64], x: &[f64], sides: &mut Sides) -> Vec<f64>;

    /// The layers that it consists of, one after the other.
    fn stages() -> Vec<Stage> {
        vec![Stage {
            input: Self::INPUT,
            output: Self::OUTPUT,
            activations: Self::ACTIVATIONS,
            params: Self::PARAMS,
            value: Self::value,
        }]
    }
}

/// A layer of a network, with the lengths of [`Layer`].
pub struct Stage {
    pub input: usize,
    pub output: usize,
    pub activations: usize,
    pub params: usize,
    pub value: fn(&[f64], &[f64], &mut Sides) -> Vec<f64>,
}

impl Stage {
    /// The outputs for all images of `x`.
    pub fn values(&self, params: &[f64], x: &[f64], sides: &mut Sides) -> Vec<f64> {
        x.chunks_exact(self.input).flat_map(|x| (self.value)(params, x, sides)).collect()
    }
}

impl<A: Reference, B: Reference> Reference for Chain<A, B> {
    fn value(params: &[f64], x: &[f64], sides: &mut Sides) -> Vec<f64> {
        let (a, b) = params.split_at(A::PARAMS);
        let between = A::value(a, x, sides);
        B::value(b, &between, sides)
    }

    fn stages() -> Vec<Stage> {
        A::stages().into_iter().chain(B::stages()).collect()
    }
}

/// `y_o = b_o + sum_k x_k W_ko`
impl<const IN: usize, const OUT: usize> Reference for Dense<IN, OUT> {
    fn value(params: &[f64], x: &[f64], _: &mut Sides) -> Vec<f64> {
        let (kernel, bias) = params.split_at(IN * OUT);
        let mut y = bias.to_vec();
        for k in 0..IN {
            add_multiple(&mut y, x[k], &kernel[k * OUT..]);
        }
        y
    }
}

/// `y_rco = b_o + sum_pqi x_(r+p)(c+q)i W_pqio`
impl<const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize> Reference
    for Conv<H, W, IN, OUT, K>
{
    fn value(params: &[f64], x: &[f64], _: &mut Sides) -> Vec<f64> {
        let (kernel, bias) = params.split_at(K * K * IN * OUT);
        let mut y = Vec::with_capacity(Self::OUTPUT);
        for (r, c) in places(H - K + 1, W - K + 1) {
            let mut pixel = bias.to_vec();
            for (p, q) in places(K, K) {
                for i in 0..IN {
                    let x = x[((r + p) * W + c + q) * IN + i];
                    add_multiple(&mut pixel, x, &kernel[((p * K + q) * IN + i) * OUT..]);
                }
            }
            y.extend(pixel);
        }
        y
    }
}

/// `y_n = max(x_n, 0)`
impl<const N: usize> Reference for Relu<N> {
    fn value(_: &[f64], x: &[f64], sides: &mut Sides) -> Vec<f64> {
        sides.extend(x.iter().map(|&x| u8::from(x > 0.0)));
        x.iter().map(|x| x.max(0.0)).collect()
    }
}

/// `y_(r+P)(c+P)i = x_rci`, and 0 elsewhere.
impl<const H: usize, const W: usize, const C: usize, const P: usize> Reference for Pad<H, W, C, P> {
    fn value(_: &[f64], x: &[f64], _: &mut Sides) -> Vec<f64> {
        let mut y = vec![0.0; Self::OUTPUT];
        for (r, c) in places(H, W) {
            for i in 0..C {
                y[((r + P) * (W + 2 * P) + c + P) * C + i] = x[(r * W + c) * C + i];
            }
        }
        y
    }
}

/// `y_rci = max(x_(2r)(2c)i, x_(2r)(2c+1)i, x_(2r+1)(2c)i, x_(2r+1)(2c+1)i)`, rounding H / 2 and W / 2 down.
impl<const H: usize, const W: usize, const C: usize> Reference for MaxPool<H, W, C> {
    fn value(_: &[f64], x: &[f64], sides: &mut Sides) -> Vec<f64> {
        let mut y = Vec::with_capacity(Self::OUTPUT);
        for (r, c) in places(H / 2, W / 2) {
            for i in 0..C {
                let window = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(down, right)| x[((2 * r + down) * W + 2 * c + right) * C + i]);
                let largest = window.into_iter().fold(f64::NEG_INFINITY, f64::max);
                sides.extend(window.iter().position(|&x| x == largest).map(|at| at as u8));
                y.push(largest);
            }
        }
        y
    }
}

/// The mean over the images of `-ln(exp(z_label) / sum_j exp(z_j))`. (Logits in tests are small enough for `exp`.)
pub fn cross_entropy(classes: usize, logits: &[f64], labels: &[u8]) -> f64 {
    let losses = logits
        .chunks_exact(classes)
        .zip(labels)
        .map(|(z, &label)| z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[usize::from(label)]);
    losses.sum::<f64>() / labels.len() as f64
}

/// Rows and columns of an image.
fn places(height: usize, width: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..height).flat_map(move |row| (0..width).map(move |column| (row, column)))
}

/// `y += a x`, over the length of y.
fn add_multiple(y: &mut [f64], a: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}
