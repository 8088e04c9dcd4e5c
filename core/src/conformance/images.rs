//! Layers over images: convolution, pooling, padding, on awkward sizes.

use super::{Buffers, Mismatch, Report, compare};
use crate::nn::{Conv, Layer, MaxPool, Pad, ParameterGradient};
use crate::step::Executor;

/// Around the edges of a convolution's tiles of images.
const IMAGES: [usize; 3] = [1, 4, 5];

pub fn run<E: Executor>(executor: &mut E, memory: &mut [f32], report: &mut Report) -> Result<(), Mismatch> {
    for images in IMAGES {
        conv::<E, 1, 1, 1, 1, 1>(executor, memory, report, images)?;
        conv::<E, 3, 3, 2, 5, 3>(executor, memory, report, images)?;
        conv::<E, 4, 7, 1, 16, 3>(executor, memory, report, images)?;
        conv::<E, 7, 4, 3, 17, 2>(executor, memory, report, images)?;
        conv::<E, 6, 6, 16, 33, 3>(executor, memory, report, images)?;
        conv::<E, 8, 8, 5, 48, 5>(executor, memory, report, images)?;
        conv::<E, 5, 9, 33, 10, 1>(executor, memory, report, images)?;
        pool::<E, 2, 2, 1>(executor, memory, report, images)?;
        pool::<E, 3, 5, 17>(executor, memory, report, images)?;
        pool::<E, 6, 4, 3>(executor, memory, report, images)?;
        pad::<E, 1, 1, 1, 1>(executor, memory, report, images)?;
        pad::<E, 3, 4, 5, 2>(executor, memory, report, images)?;
        pad::<E, 4, 3, 2, 0>(executor, memory, report, images)?;
    }
    Ok(())
}

/// Shape: images, channels out, kernel.
fn conv<E: Executor, const H: usize, const W: usize, const I: usize, const O: usize, const K: usize>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    images: usize,
) -> Result<(), Mismatch> {
    type C<const H: usize, const W: usize, const I: usize, const O: usize, const K: usize> =
        Conv<H, W, I, O, K>;
    let shape = [images, O, K];
    let (rows, columns) = (H - K + 1, W - K + 1);
    let mut buffers = Buffers(memory);
    let input = buffers.cut_numbers(images * H * W * I, 1);
    let params = buffers.cut_numbers(K * K * I * O + O, 2);
    let deltas = buffers.cut_numbers(images * rows * columns * O, 3);
    let (kernel, bias) = params.split_at(K * K * I * O);
    let x = |b: usize, y: usize, x: usize, i: usize| input[((b * H + y) * W + x) * I + i];
    let d = |b: usize, y: usize, x: usize, o: usize| deltas[((b * rows + y) * columns + x) * O + o];
    let w = |ky: usize, kx: usize, i: usize, o: usize| kernel[((ky * K + kx) * I + i) * O + o];

    let (want, got) = (buffers.cut(deltas.len()), buffers.cut(deltas.len()));
    for (at, want) in want.iter_mut().enumerate() {
        let (o, at) = (at % O, at / O);
        let (px, at) = (at % columns, at / columns);
        let (py, b) = (at % rows, at / rows);
        let mut sum = 0.0;
        for ky in 0..K {
            for kx in 0..K {
                for i in 0..I {
                    sum += x(b, py + ky, px + kx, i) * w(ky, kx, i, o);
                }
            }
        }
        *want = sum + bias[o];
    }
    C::<H, W, I, O, K>::forward(executor, images, params, input, got);
    compare(report, "convolution forward", shape, want, got)?;
    let activations = got;

    let (want, got) = (buffers.cut(input.len()), buffers.cut(input.len()));
    for (at, want) in want.iter_mut().enumerate() {
        let (i, at) = (at % I, at / I);
        let (px, at) = (at % W, at / W);
        let (py, b) = (at % H, at / H);
        let mut sum = 0.0;
        for ky in 0..K {
            for kx in 0..K {
                for o in 0..O {
                    if py >= ky && py - ky < rows && px >= kx && px - kx < columns {
                        sum += d(b, py - ky, px - kx, o) * w(ky, kx, i, o);
                    }
                }
            }
        }
        *want = sum;
    }
    let own = buffers.cut(deltas.len());
    own.copy_from_slice(deltas);
    C::<H, W, I, O, K>::backward(executor, images, params, input, activations, own, Some(&mut *got));
    compare(report, "convolution backward", shape, want, got)?;

    let (want, got) = (buffers.cut(params.len()), buffers.cut(params.len()));
    for (at, want) in want.iter_mut().enumerate() {
        let mut sum = 0.0;
        for b in 0..images {
            for py in 0..rows {
                for px in 0..columns {
                    let (o, at) = (at % O, at / O);
                    sum += if at >= K * K * I {
                        d(b, py, px, o)
                    } else {
                        let (i, at) = (at % I, at / I);
                        x(b, py + at / K, px + at % K, i) * d(b, py, px, o)
                    };
                }
            }
        }
        *want = sum;
    }
    let superstep = ParameterGradient::<C<H, W, I, O, K>>::new(images, input, activations, deltas);
    executor.run(&superstep, got);
    compare(report, "convolution gradient", shape, want, got)
}

/// Shape: height, width, channels.
fn pool<E: Executor, const H: usize, const W: usize, const C: usize>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    images: usize,
) -> Result<(), Mismatch> {
    let shape = [H, W, C];
    let pooled = images * (H / 2) * (W / 2) * C;
    let mut buffers = Buffers(memory);
    let input = buffers.cut_numbers(images * H * W * C, 1);
    // Few different values, so that windows have equal elements.
    input.iter_mut().for_each(|x| *x = (*x * 2.0) as i32 as f32);
    let deltas = buffers.cut_numbers(pooled, 2);
    let (want, got) = (buffers.cut(pooled), buffers.cut(pooled));
    let (want_back, got_back) = (buffers.cut(input.len()), buffers.cut(input.len()));
    want_back.fill(0.0);
    for at in 0..pooled {
        let (c, rest) = (at % C, at / C);
        let (x, rest) = (rest % (W / 2), rest / (W / 2));
        let (y, b) = (rest % (H / 2), rest / (H / 2));
        let place = |dy: usize, dx: usize| ((b * H + 2 * y + dy) * W + 2 * x + dx) * C + c;
        let mut best = place(0, 0);
        for (dy, dx) in [(0, 1), (1, 0), (1, 1)] {
            if input[place(dy, dx)] > input[best] {
                best = place(dy, dx);
            }
        }
        want[at] = input[best];
        want_back[best] = deltas[at];
    }
    MaxPool::<H, W, C>::forward(executor, images, &[], input, got);
    compare(report, "max pool forward", shape, want, got)?;
    MaxPool::<H, W, C>::backward(executor, images, &[], input, got, deltas, Some(&mut *got_back));
    compare(report, "max pool backward", shape, want_back, got_back)
}

/// Shape: height, width, border.
fn pad<E: Executor, const H: usize, const W: usize, const C: usize, const P: usize>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    images: usize,
) -> Result<(), Mismatch> {
    let shape = [H, W, P];
    let padded = images * (H + 2 * P) * (W + 2 * P) * C;
    let mut buffers = Buffers(memory);
    let input = buffers.cut_numbers(images * H * W * C, 1);
    let deltas = buffers.cut_numbers(padded, 2);
    let (want, got) = (buffers.cut(padded), buffers.cut(padded));
    let (want_back, got_back) = (buffers.cut(input.len()), buffers.cut(input.len()));
    want.fill(0.0);
    for at in 0..input.len() {
        let (c, rest) = (at % C, at / C);
        let (x, rest) = (rest % W, rest / W);
        let (y, b) = (rest % H, rest / H);
        let to = ((b * (H + 2 * P) + y + P) * (W + 2 * P) + x + P) * C + c;
        want[to] = input[at];
        want_back[at] = deltas[to];
    }
    Pad::<H, W, C, P>::forward(executor, images, &[], input, got);
    compare(report, "pad", shape, want, got)?;
    Pad::<H, W, C, P>::backward(executor, images, &[], input, got, deltas, Some(&mut *got_back));
    compare(report, "crop", shape, want_back, got_back)
}
