//! Each layer alone: outputs, deltas of inputs and gradients of parameters, every element of them.
//!
//! The function that is differentiated is `sum(deltas * outputs)` for random deltas: its gradients are what a layer's
//! backward pass computes when it is given these deltas.

use std::any::type_name;

use random_bases_core::nn::{Chain, Conv, Dense, MaxPool, Pad, ParameterGradient, Relu, Tensors};
use random_bases_core::step::{Executor, Serial};

use super::differences::{STEP, assert_all_near, derivative, exact, largest, numbers};
use super::reference::{Reference, Sides};

#[test]
fn dense() {
    check::<Dense<1, 1>>();
    check::<Dense<5, 3>>();
    check::<Dense<3, 17>>();
    check::<Dense<16, 16>>();
    check::<Dense<40, 30>>(); // more parameters than a tile of the gradient has
}

#[test]
fn relu() {
    check::<Relu<1>>();
    check::<Relu<7>>();
    check::<Relu<64>>();
    check::<Relu<101>>();
}

#[test]
fn conv() {
    check::<Conv<1, 1, 1, 1, 1>>();
    check::<Conv<3, 5, 4, 2, 1>>();
    check::<Conv<4, 3, 1, 3, 2>>();
    check::<Conv<2, 5, 3, 1, 2>>();
    check::<Conv<3, 3, 2, 5, 3>>();
    check::<Conv<7, 4, 3, 4, 3>>();
    check::<Conv<4, 6, 1, 1, 3>>();
    check::<Conv<5, 5, 2, 3, 5>>();
    check::<Conv<6, 9, 3, 2, 5>>();
    check::<Conv<4, 5, 8, 17, 3>>(); // more parameters than a tile of the gradient has
    check::<Conv<6, 5, 2, 60, 2>>(); // lines in two goes, the second of which begins within an image
}

#[test]
fn pad() {
    check::<Pad<1, 1, 1, 1>>();
    check::<Pad<3, 4, 5, 2>>();
    check::<Pad<4, 3, 2, 0>>();
    check::<Pad<2, 5, 1, 3>>();
}

#[test]
fn max_pool() {
    check::<MaxPool<2, 2, 1>>();
    check::<MaxPool<3, 5, 4>>();
    check::<MaxPool<6, 4, 3>>();
    check::<MaxPool<7, 2, 1>>();
    check::<MaxPool<2, 9, 2>>();
}

#[test]
fn chain() {
    check::<Chain<Dense<4, 6>, Dense<6, 3>>>();
    check::<Chain<Pad<4, 3, 2, 1>, Conv<6, 5, 2, 3, 3>>>();
    check::<Chain<MaxPool<5, 6, 2>, Chain<Conv<2, 3, 2, 4, 2>, Dense<8, 3>>>>();
    check::<Chain<Chain<Relu<12>, Dense<12, 18>>, Conv<3, 3, 2, 2, 2>>>();
}

/// One image, several, and more than a tile of a dense layer has.
fn check<L: Reference>() {
    [1, 3, 9].into_iter().for_each(check_images::<L>);
}

fn check_images<L: Reference>(images: usize) {
    let what = |what| format!("{}, {images} images: {what}", type_name::<L>());
    let params = numbers(L::PARAMS, 1);
    let input = numbers(images * L::INPUT, 2);
    let output_deltas = numbers(images * L::OUTPUT, 3);

    let executor: &mut Serial = &mut Serial::new();
    let mut activations = vec![f32::NAN; images * L::ACTIVATIONS];
    let mut deltas = activations.clone();
    let mut input_deltas = vec![f32::NAN; input.len()];
    let mut gradient = vec![f32::NAN; params.len()];
    L::forward(executor, images, &params, &input, &mut activations);
    L::output_mut(&mut deltas, images).copy_from_slice(&output_deltas);
    L::backward(executor, images, &params, &input, &activations, &mut deltas, Some(&mut input_deltas));
    executor.run(&ParameterGradient::<L>::new(images, &input, &activations, &deltas), &mut gradient);

    let (mut theta, mut x, dy) = (exact(&params), exact(&input), exact(&output_deltas));
    let outputs = |theta: &[f64], x: &[f64], sides: &mut Sides| -> Vec<f64> {
        x.chunks_exact(L::INPUT).flat_map(|x| L::value(theta, x, sides)).collect()
    };
    let want = outputs(&theta, &x, &mut vec![]);
    assert_all_near(&what("outputs"), largest(&want), &want, L::output(&activations, images));

    let function = |theta: &[f64], x: &[f64], sides: &mut Sides| -> f64 {
        outputs(theta, x, sides).iter().zip(&dy).map(|(y, dy)| y * dy).sum()
    };
    let smooth = "a kink is too near; take another shape";
    let want: Vec<_> = (0..x.len())
        .map(|e| derivative(&mut x, e, STEP, |x, sides| function(&theta, x, sides)).expect(smooth))
        .collect();
    assert_all_near(&what("deltas of inputs"), largest(&want), &want, &input_deltas);

    let want: Vec<_> = (0..theta.len())
        .map(|e| derivative(&mut theta, e, STEP, |theta, sides| function(theta, &x, sides)).expect(smooth))
        .collect();
    let mut tensors = Tensors::new();
    L::tensors(&mut tensors);
    assert_eq!(tensors.iter().map(|tensor| tensor.len).sum::<usize>(), L::PARAMS);
    for tensor in &tensors {
        let range = tensor.start..tensor.start + tensor.len;
        let want = &want[range.clone()];
        assert_all_near(&what(&tensor.name), largest(want), want, &gradient[range]);
    }
}
