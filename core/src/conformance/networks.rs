//! Layers, loss, initial weights, whole gradients, on awkward sizes.

use super::{Buffers, Mismatch, Report, compare, plain};
use crate::basis::Distribution;
use crate::nn::{self, Batch, Chain, Dense, Layer, Network, Relu};
use crate::numerics::{Libm, Math};
use crate::random::{Domain, Key};
use crate::step::Executor;

/// Around the edges of row blocks, tiles of images and chunks of the loss.
const IMAGES: [usize; 9] = [1, 2, 3, 4, 5, 8, 9, 31, 33];

pub fn run<E: Executor>(executor: &mut E, memory: &mut [f32], report: &mut Report) -> Result<(), Mismatch> {
    for images in IMAGES {
        mlp::<E, 1, 1, 2>(executor, memory, report, images)?;
        mlp::<E, 5, 17, 3>(executor, memory, report, images)?;
        mlp::<E, 16, 16, 16>(executor, memory, report, images)?;
        mlp::<E, 33, 31, 10>(executor, memory, report, images)?;
        mlp::<E, 64, 32, 10>(executor, memory, report, images)?;
        mlp::<E, 7, 129, 33>(executor, memory, report, images)?;
        mlp::<E, 100, 48, 11>(executor, memory, report, images)?;
    }
    Ok(())
}

/// A network of two dense layers, for the test.
pub(super) struct Mlp<const I: usize, const H: usize, const O: usize>;

impl<const I: usize, const H: usize, const O: usize> Network for Mlp<I, H, O> {
    const NAME: &'static str = "conformance";
    const SHAPE: [usize; 3] = [I, 1, 1];
    type Layers = Chain<Dense<I, H>, Chain<Relu<H>, Dense<H, O>>>;
}

/// Initial weights, forward, loss, backward, gradient. Shape: images, inputs, hidden.
fn mlp<E: Executor, const I: usize, const H: usize, const O: usize>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    b: usize,
) -> Result<(), Mismatch> {
    type Layers<N> = <N as Network>::Layers;
    let shape = [b, I, H];
    let params = Mlp::<I, H, O>::PARAMS;
    let length = Layers::<Mlp<I, H, O>>::ACTIVATIONS * b;
    let mut labels = [0; 64];
    (0..b).for_each(|i| labels[i] = ((i * 7 + 1) % O) as u8);
    let labels = &labels[..b];

    let mut buffers = Buffers(memory);
    let input = buffers.cut_numbers(b * I, 1);
    let (want, got) = (buffers.cut(params), buffers.cut(params));
    nn::initial_weights::<Mlp<I, H, O>, E>(executor, 77, got);
    initial::<Mlp<I, H, O>>(77, want);
    compare(report, "initial weights", shape, want, got)?;

    let weights = buffers.cut_numbers(params, 2);
    let (activations, deltas) = (buffers.cut(length), buffers.cut(length));
    let batch = Batch { input, labels };
    nn::gradient::<Mlp<I, H, O>, Libm, E>(executor, weights, batch, activations, deltas, got);

    // The same, element by element.
    let (kernel_1, rest) = weights.split_at(I * H);
    let (bias_1, rest) = rest.split_at(H);
    let (kernel_2, bias_2) = rest.split_at(H * O);
    let (hidden, logits) = (buffers.cut(b * H), buffers.cut(b * O));
    plain::matrix_product(hidden, H, I, |r, k| input[r * I + k], |k, c| kernel_1[k * H + c]);
    add_bias(hidden, bias_1);
    compare(report, "dense forward", shape, hidden, &activations[..b * H])?;
    hidden.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { 0.0 });
    compare(report, "relu forward", shape, hidden, &activations[b * H..2 * b * H])?;
    plain::matrix_product(logits, O, H, |r, k| hidden[r * H + k], |k, c| kernel_2[k * O + c]);
    add_bias(logits, bias_2);
    compare(report, "logits", shape, logits, &activations[2 * b * H..])?;

    let (dlogits, dhidden) = (buffers.cut(b * O), buffers.cut(b * H));
    let losses = buffers.cut(2 * b);
    for (i, &label) in labels.iter().enumerate() {
        let (z, dz) = (&logits[i * O..(i + 1) * O], &mut dlogits[i * O..(i + 1) * O]);
        (losses[2 * i], losses[2 * i + 1]) = softmax(z, usize::from(label), b, dz);
    }
    compare(report, "loss deltas", shape, dlogits, &deltas[2 * b * H..])?;
    plain::matrix_product(dhidden, H, O, |r, k| dlogits[r * O + k], |k, c| kernel_2[c * O + k]);
    compare(report, "dense backward", shape, dhidden, &deltas[b * H..2 * b * H])?;
    for (dx, x) in dhidden.iter_mut().zip(&*hidden) {
        *dx = if *x > 0.0 { *dx } else { 0.0 };
    }
    compare(report, "relu backward", shape, dhidden, &deltas[..b * H])?;

    let (want_1, rest) = want.split_at_mut(I * H);
    let (want_bias_1, rest) = rest.split_at_mut(H);
    let (want_2, want_bias_2) = rest.split_at_mut(H * O);
    plain::matrix_product(want_1, H, b, |r, k| input[k * I + r], |k, c| dhidden[k * H + c]);
    plain::matrix_product(want_bias_1, H, b, |_, _| 1.0, |k, c| dhidden[k * H + c]);
    plain::matrix_product(want_2, O, b, |r, k| hidden[k * H + r], |k, c| dlogits[k * O + c]);
    plain::matrix_product(want_bias_2, O, b, |_, _| 1.0, |k, c| dlogits[k * O + c]);
    compare(report, "parameter gradient", shape, want, got)?;

    let (scratch, measured) = (buffers.cut(2 * b), buffers.cut(2 * b));
    let mut next = measured.chunks_exact_mut(2);
    nn::metrics::<Libm, E>(executor, O, logits, labels, scratch, |metrics| {
        let place = next.next().expect("one report per image");
        place.copy_from_slice(&[metrics.loss, f32::from(metrics.rank)]);
    });
    compare(report, "metrics", shape, losses, measured)?;
    let mut sum = 0.0;
    losses.iter().step_by(2).for_each(|loss| sum += loss);
    let mean = nn::mean_loss::<Libm, E>(executor, O, logits, labels, scratch, |_| {});
    compare(report, "mean loss", shape, &[sum * (1.0 / b as f32)], &[mean])
}

/// Section 6, initial weights.
fn initial<N: Network>(seed: u64, weights: &mut [f32]) {
    plain::row(Key::new(Domain::Weights, seed, 0, 0, 0), 0, Distribution::Uniform, weights);
    for tensor in &nn::tensors::<N>() {
        for x in &mut weights[tensor.start..tensor.start + tensor.len] {
            *x = if tensor.limit == 0.0 { 0.0 } else { *x * tensor.limit };
        }
    }
}

fn add_bias(out: &mut [f32], bias: &[f32]) {
    for (i, y) in out.iter_mut().enumerate() {
        *y += bias[i % bias.len()];
    }
}

/// Section 6: writes the deltas of one image's logits; returns its loss and the rank of its label.
fn softmax(z: &[f32], label: usize, images: usize, deltas: &mut [f32]) -> (f32, f32) {
    let mut largest = z[0];
    for &z in z {
        if z > largest {
            largest = z;
        }
    }
    let mut sum = 0.0;
    for (e, z) in deltas.iter_mut().zip(z) {
        *e = Libm::exp(z - largest);
        sum += *e;
    }
    let mut rank = 0.0;
    for (j, e) in deltas.iter_mut().enumerate() {
        *e = (*e / sum - if j == label { 1.0 } else { 0.0 }) * (1.0 / images as f32);
        rank += if z[j] > z[label] || (z[j] == z[label] && j < label) { 1.0 } else { 0.0 };
    }
    (Libm::ln(sum) - (z[label] - largest), rank)
}
