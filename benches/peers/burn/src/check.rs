//! The workloads do what they say, by plain f64 arithmetic on the same rows.

use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};

use crate::work::{DIRECTIONS, DISTRIBUTIONS, Law, PARAMS, RATE, batch, gradient, initial_weights};
use crate::work::{row, some_gradient, update};

/// What is wrong: sentences.
pub fn faults<B: AutodiffBackend>() -> Vec<String> {
    let mut faults = Vec::new();
    for law in DISTRIBUTIONS {
        let mut say = |fault: String| faults.push(format!("{}: {fault}", law.name));
        check_rows(law, &rows::<B::InnerBackend>(law, 5), &mut say);
        check_update::<B::InnerBackend>(law, &mut say);
        check_training::<B>(law, &mut say);
    }
    faults
}

fn numbers<B: Backend, const D: usize>(tensor: &Tensor<B, D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

fn rows<B: Backend>(law: Law, step: u64) -> Vec<Vec<f64>> {
    let device = B::Device::default();
    B::seed(&device, step);
    (0..DIRECTIONS).map(|_| numbers(&row::<B>(law, &device))).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Mean, variance, correlations, each within six standard deviations of what independent elements would give.
fn check_rows(law: Law, rows: &[Vec<f64>], say: &mut impl FnMut(String)) {
    let n = PARAMS as f64;
    let limit = 6.0 / n.sqrt();
    let mut squares = 0.0;
    for (i, row) in rows.iter().enumerate() {
        let mean = row.iter().sum::<f64>() / n / law.variance.sqrt();
        let next = dot(row, &rows[(i + 1) % DIRECTIONS]) / n / law.variance;
        if mean.abs() > limit || next.abs() > limit {
            say(format!("row {i} has mean {mean:.1e}, correlation {next:.1e} with the next"));
        }
        squares += dot(row, row);
    }
    let found = squares / n / DIRECTIONS as f64;
    if (found / law.variance - 1.0).abs() > 3e-3 {
        say(format!("variance {found}, should be {}", law.variance));
    }
}

/// Coordinates and lifted update.
fn update_of(rows: &[Vec<f64>], gradient: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let norm = (PARAMS as f64).sqrt();
    let c: Vec<_> = rows.iter().map(|row| dot(row, gradient) / norm).collect();
    let mut delta = vec![0.0; PARAMS];
    for (row, c) in rows.iter().zip(&c) {
        delta.iter_mut().zip(row).for_each(|(delta, x)| *delta += f64::from(RATE) * c / norm * x);
    }
    (c, delta)
}

fn check_update<B: Backend>(law: Law, say: &mut impl FnMut(String)) {
    let (before, gradient) = (initial_weights::<B>(), some_gradient::<B>());
    let (after, c) = update(law, before.clone(), gradient.clone(), 5);
    let (want_c, delta) = update_of(&rows::<B>(law, 5), &numbers(&gradient));
    differ("coordinates", &numbers(&Tensor::cat(c, 0)), &want_c, say);
    differ("weights after update", &numbers(&(before - after)), &delta, say);
}

fn check_training<B: AutodiffBackend>(law: Law, say: &mut impl FnMut(String)) {
    let images = batch::<B>(0);
    let mut weights = initial_weights::<B::InnerBackend>();
    let mut losses = Vec::new();
    for step in 0..30 {
        let (loss, gradient) = gradient::<B>(&weights, &images);
        losses.push(numbers(&loss)[0]);
        let (after, _) = update(law, weights.clone(), gradient.clone(), step);
        if step == 0 {
            check_gradient::<B>(&weights, &gradient, losses[0], say);
        }
        weights = after;
    }
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    if last.is_nan() || last > first - 0.03 {
        say(format!("training does not decrease the loss: {first:.4} to {last:.4}"));
    }
}

/// Moving against the gradient lowers the loss as much as the gradient says.
fn check_gradient<B: AutodiffBackend>(
    weights: &Tensor<B::InnerBackend, 1>,
    along: &Tensor<B::InnerBackend, 1>,
    loss: f64,
    say: &mut impl FnMut(String),
) {
    let length = 1e-3;
    let moved = weights.clone() - along.clone() * length;
    let found = loss - numbers(&gradient::<B>(&moved, &batch(0)).0)[0];
    let g = numbers(along);
    let want = length * dot(&g, &g);
    if found.is_nan() || (found / want - 1.0).abs() > 0.05 {
        say(format!("along its gradient the loss falls by {found:.2e}, not {want:.2e}"));
    }
}

fn differ(what: &str, got: &[f64], want: &[f64], say: &mut impl FnMut(String)) {
    let largest = want.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let error = got.iter().zip(want).fold(0.0, |m: f64, (got, want)| m.max((got - want).abs()));
    if error.is_nan() || error > 1e-3 * largest {
        say(format!("{what}: relative error {:.1e}", error / largest));
    }
}
