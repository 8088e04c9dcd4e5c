//! Whole networks: the gradient of the mean cross-entropy with respect to the weights.

use random_bases_core::nn::{
    self, Batch, Chain, Cnn28, Cnn32, Conv, Dense, Fc28, Fc32, LargeConv28, LargeConv32, Layer, MaxPool,
    Network, Pad, Relu, Small8,
};
use random_bases_core::numerics::Libm;
use random_bases_core::step::Serial;

use super::differences::{
    STEP_OF_WEIGHTS, assert_all_near, assert_near, derivative, exact, generator, largest, numbers,
};
use super::reference::{Reference, Sides, Stage, cross_entropy};

/// Of a large network, so many weights of every tensor are looked at. (A smaller tensor has all of them looked at.)
const SOME: usize = 40;

#[test]
fn small_8() {
    check::<Small8>(1, usize::MAX);
    check::<Small8>(5, usize::MAX);
}

#[test]
fn small_cnn() {
    check::<SmallCnn>(1, usize::MAX);
    check::<SmallCnn>(3, usize::MAX);
}

#[test]
fn small_large_conv() {
    check::<SmallLargeConv>(1, usize::MAX);
    check::<SmallLargeConv>(3, usize::MAX);
}

#[test]
fn fc_28() {
    check::<Fc28>(2, SOME);
}

#[test]
fn fc_32() {
    check::<Fc32>(2, SOME);
}

#[test]
fn cnn_28() {
    check::<Cnn28>(2, SOME);
}

#[test]
fn cnn_32() {
    check::<Cnn32>(2, SOME);
}

#[test]
fn large_conv_28() {
    check::<LargeConv28>(2, SOME);
}

#[test]
fn large_conv_32() {
    check::<LargeConv32>(2, SOME);
}

macro_rules! layers {
    ($last:ty) => { $last };
    ($first:ty, $($rest:ty),+ $(,)?) => { Chain<$first, layers![$($rest),+]> };
}

/// Like [`Cnn28`], on images of odd sizes.
struct SmallCnn;

impl Network for SmallCnn {
    const NAME: &'static str = "small-cnn";
    const SHAPE: [usize; 3] = [10, 9, 2];
    type Layers = layers![
        Conv<10, 9, 2, 3, 3>,
        Relu<{ 8 * 7 * 3 }>,
        MaxPool<8, 7, 3>,
        Conv<4, 3, 3, 5, 2>,
        Relu<{ 3 * 2 * 5 }>,
        Dense<{ 3 * 2 * 5 }, 12>,
        Relu<12>,
        Dense<12, 4>,
    ];
}

/// Like [`LargeConv28`].
struct SmallLargeConv;

impl Network for SmallLargeConv {
    const NAME: &'static str = "small-large-conv";
    const SHAPE: [usize; 3] = [9, 8, 2];
    type Layers = layers![
        Pad<9, 8, 2, 2>,
        Conv<13, 12, 2, 4, 5>,
        Relu<{ 9 * 8 * 4 }>,
        MaxPool<9, 8, 4>,
        Pad<4, 4, 4, 2>,
        Conv<8, 8, 4, 3, 5>,
        Relu<{ 4 * 4 * 3 }>,
        MaxPool<4, 4, 3>,
        Dense<{ 2 * 2 * 3 }, 6>,
        Relu<6>,
        Dense<6, 3>,
    ];
}

/// Compares the gradient of at most `most` weights of every tensor.
fn check<N: Network<Layers: Reference>>(images: usize, most: usize) {
    let (name, classes) = (N::NAME, N::Layers::OUTPUT);
    let executor: &mut Serial = &mut Serial::new();
    let tensors = nn::tensors::<N>();
    let mut weights = vec![f32::NAN; N::PARAMS];
    nn::initial_weights::<N, _>(executor, 1, &mut weights);
    // Biases that are not 0: a pixel and a bias of 0 would lie on a kink.
    for tensor in tensors.iter().filter(|tensor| tensor.limit == 0.0) {
        let bias = &mut weights[tensor.start..tensor.start + tensor.len];
        bias.copy_from_slice(&numbers(tensor.len, tensor.start as u64));
        bias.iter_mut().for_each(|x| *x *= 0.2);
    }
    let input: Vec<_> = numbers(images * N::Layers::INPUT, 2).iter().map(|x| x.abs()).collect();
    let labels: Vec<_> = (0..images).map(|image| ((image * 7 + 1) % classes) as u8).collect();

    let mut activations = vec![f32::NAN; images * N::Layers::ACTIVATIONS];
    let (mut deltas, mut gradient) = (activations.clone(), vec![f32::NAN; N::PARAMS]);
    let batch = Batch { input: &input, labels: &labels };
    nn::gradient::<N, Libm, _>(executor, &weights, batch, &mut activations, &mut deltas, &mut gradient);

    let mut theta = exact(&weights);
    let mut reference = Forward { stages: N::Layers::stages(), inputs: vec![exact(&input)] };
    reference.follow(name, &theta, &input, &activations);
    let logits = reference.inputs.pop().expect("a network has outputs");
    let mut scratch = vec![f32::NAN; 2 * images];
    let outputs = N::Layers::output(&activations, images);
    let loss = nn::mean_loss::<Libm, _>(executor, classes, outputs, &labels, &mut scratch, |_| {});
    let want = [cross_entropy(classes, &logits, &labels)];
    assert_all_near(&format!("{name}: loss"), largest(&want), &want, &[loss]);

    for tensor in &tensors {
        let places = choice(tensor.len, most);
        let mut elements = Vec::new();
        for &place in &places {
            let e = tensor.start + place;
            let loss = |theta: &[f64], sides: &mut Sides| {
                cross_entropy(classes, &reference.logits_with(e, theta, sides), &labels)
            };
            if let Some(want) = derivative(&mut theta, e, STEP_OF_WEIGHTS, loss) {
                elements.push((place, want, gradient[e]));
            }
        }
        let what = format!("{name}, {images} images: {}", tensor.name);
        let (looked_at, compared) = (places.len(), elements.len());
        println!("{what}: {} of {looked_at} left out for kinks", looked_at - compared);
        assert!(compared >= looked_at - looked_at / 8, "{what}: {compared} of {looked_at} without kinks");
        // Weights of units that no image activates have a gradient of 0, which says little.
        let telling = elements.iter().filter(|(_, want, _)| *want != 0.0).count();
        assert!(telling * 4 >= looked_at, "{what}: {telling} of {looked_at} are not 0");
        assert_near(&what, largest(elements.iter().map(|(_, want, _)| want)), &elements);
    }
}

/// The first, the last, and others at random, up to `most` places in all.
fn choice(len: usize, most: usize) -> Vec<usize> {
    if len <= most {
        return (0..len).collect();
    }
    let mut below = generator(len as u64);
    let others = (2..most).map(|_| 1 + below(len - 2));
    [0, len - 1].into_iter().chain(others).collect()
}

/// A network's forward pass, and the input of each of its layers.
struct Forward {
    stages: Vec<Stage>,
    inputs: Vec<Vec<f64>>,
}

impl Forward {
    /// Fills `inputs`, with the logits behind the last. Asserts that the activations agree, and that both are on the same
    /// sides of all kinks: else the gradients would rightly differ.
    fn follow(&mut self, name: &str, theta: &[f64], input: &[f32], activations: &[f32]) {
        let images = input.len() / self.stages[0].input;
        let (mut theta, mut activations, mut input) = (theta, activations, input);
        for (index, stage) in self.stages.iter().enumerate() {
            let what = format!("{name}, {images} images: outputs of layer {index}");
            let (params, others) = theta.split_at(stage.params);
            let (own, behind) = activations.split_at(stage.activations * images);
            let output = &own[(stage.activations - stage.output) * images..];
            let (mut sides, mut sides_core) = (Sides::new(), Sides::new());
            let want = stage.values(params, &self.inputs[index], &mut sides);
            stage.values(params, &exact(input), &mut sides_core);
            assert_all_near(&what, largest(&want), &want, output);
            assert!(sides == sides_core, "{what}: a unit is too near to a kink; take other inputs");
            self.inputs.push(want);
            (theta, activations, input) = (others, behind, output);
        }
    }

    /// The logits when weight `e` has changed: only its layer and those behind are computed.
    fn logits_with(&self, e: usize, theta: &[f64], sides: &mut Sides) -> Vec<f64> {
        let (mut start, mut x) = (0, None::<Vec<f64>>);
        for (stage, input) in self.stages.iter().zip(&self.inputs) {
            let end = start + stage.params;
            if e < end {
                x = Some(stage.values(&theta[start..end], x.as_ref().unwrap_or(input), sides));
            }
            start = end;
        }
        x.expect("the weight belongs to a layer")
    }
}
