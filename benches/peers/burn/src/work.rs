//! The workloads, as a user of burn would write them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Distribution, Int, Tensor};

pub const BURN: &str = "0.21.0";
pub const PARAMS: usize = 784 * 128 + 128 + 128 * 10 + 10;
pub const DIRECTIONS: usize = 250;
pub const IMAGES: usize = 32;
const BATCHES: usize = 16;
pub const RATE: f32 = 1.0;
const WARM_UP: Duration = Duration::from_millis(200);

/// A distribution of the rows' elements.
#[derive(Clone, Copy)]
pub struct Law {
    pub name: &'static str,
    pub drawn: Distribution,
    /// Whether 0 and 1 were drawn, and stand for -1 and 1.
    pub binary: bool,
    pub variance: f64,
}

pub const DISTRIBUTIONS: [Law; 3] = [
    Law { name: "normal", drawn: Distribution::Normal(0.0, 1.0), binary: false, variance: 1.0 },
    Law { name: "uniform", drawn: Distribution::Uniform(-1.0, 1.0), binary: false, variance: 1.0 / 3.0 },
    Law { name: "rademacher", drawn: Distribution::Bernoulli(0.5), binary: true, variance: 1.0 },
];

/// The next row of the stream that was seeded last.
pub fn row<B: Backend>(law: Law, device: &B::Device) -> Tensor<B, 1> {
    let drawn = Tensor::random([PARAMS], law.drawn, device);
    if law.binary { drawn * 2.0 - 1.0 } else { drawn }
}

/// The new weights, and the coordinates. burn has one stream of random numbers, which a seed starts anew; rows follow one
/// another, and each is used for both products.
pub fn update<B: Backend>(
    law: Law,
    weights: Tensor<B, 1>,
    gradient: Tensor<B, 1>,
    step: u64,
) -> (Tensor<B, 1>, Vec<Tensor<B, 1>>) {
    let device = weights.device();
    let norm = (PARAMS as f32).sqrt();
    B::seed(&device, step);
    let mut delta = Tensor::zeros([PARAMS], &device);
    let mut coordinates = Vec::with_capacity(DIRECTIONS);
    for _ in 0..DIRECTIONS {
        let row = row::<B>(law, &device);
        let c = (row.clone() * gradient.clone()).sum() / norm;
        delta = delta + row * c.clone();
        coordinates.push(c);
    }
    (weights - delta * (RATE / norm), coordinates)
}

/// Mean cross-entropy of the network with these weights.
fn loss<B: Backend>(weights: Tensor<B, 1>, images: Tensor<B, 2>, labels: Tensor<B, 1, Int>) -> Tensor<B, 1> {
    let mut at = 0;
    let mut next = |rows: usize, columns: usize| {
        let start = at;
        at += rows * columns;
        weights.clone().slice(start..at).reshape([rows, columns])
    };
    let (w1, b1) = (next(784, 128), next(1, 128));
    let (w2, b2) = (next(128, 10), next(1, 10));
    let hidden = relu(images.matmul(w1) + b1);
    let logits = hidden.matmul(w2) + b2;
    log_softmax(logits, 1).gather(1, labels.unsqueeze_dim(1)).mean().neg()
}

pub type Images<B> = (Tensor<B, 2>, Tensor<B, 1, Int>);

/// The loss and the gradient of the weights.
pub fn gradient<B: AutodiffBackend>(
    weights: &Tensor<B::InnerBackend, 1>,
    (images, labels): &Images<B>,
) -> (Tensor<B, 1>, Tensor<B::InnerBackend, 1>) {
    let weights = Tensor::<B, 1>::from_inner(weights.clone()).require_grad();
    let loss = loss(weights.clone(), images.clone(), labels.clone());
    let gradients = loss.backward();
    (loss, weights.grad(&gradients).expect("the loss depends on the weights"))
}

/// Numbers without structure, from a multiplication and a shift.
pub fn noise(len: usize, salt: u64) -> impl Iterator<Item = u32> {
    let mut state = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    })
}

fn tensor<B: Backend>(numbers: Vec<f32>) -> Tensor<B, 1> {
    Tensor::from_floats(numbers.as_slice(), &B::Device::default())
}

/// A fixed gradient for `update`.
pub fn some_gradient<B: Backend>() -> Tensor<B, 1> {
    tensor(noise(PARAMS, 3).map(|word| word as f32 / (1u32 << 30) as f32 - 1.0).collect())
}

/// Glorot-uniform matrices and zero biases.
pub fn initial_weights<B: Backend>() -> Tensor<B, 1> {
    let mut numbers = Vec::new();
    for (inputs, outputs) in [(784, 128), (128, 10)] {
        let limit = (6.0 / (inputs + outputs) as f32).sqrt();
        let weights = noise(inputs * outputs, inputs as u64);
        numbers.extend(weights.map(|word| limit * (word as f32 / (1u32 << 30) as f32 - 1.0)));
        numbers.extend(vec![0.0; outputs]);
    }
    tensor(numbers)
}

/// Images of random bytes, divided by 255, with random labels.
pub fn batch<B: Backend>(index: u64) -> Images<B> {
    let device = B::Device::default();
    let pixels = noise(IMAGES * 784, 100 + index).map(|word| (word >> 8 & 255) as f32 / 255.0).collect();
    let labels: Vec<i32> = noise(IMAGES, 200 + index).map(|word| (word >> 8) as i32 % 10).collect();
    (tensor::<B>(pixels).reshape([IMAGES, 784]), Tensor::from_ints(labels.as_slice(), &device))
}

/// One run, from the weights of the last.
type Run<B> = Box<dyn FnMut(Tensor<B, 1>, u64) -> Tensor<B, 1>>;

/// Workloads that have been asked for; each goes on from where it was.
pub struct Runner<B: AutodiffBackend> {
    running: Vec<(String, Tensor<B::InnerBackend, 1>, u64, Run<B::InnerBackend>)>,
}

impl<B: AutodiffBackend> Runner<B> {
    pub fn new() -> Self {
        Self { running: Vec::new() }
    }

    /// Milliseconds of `count` runs, after some that are not measured. Backends compute eagerly; results are black boxes.
    pub fn times(&mut self, kind: &str, distribution: &str, count: usize) -> Result<Vec<f64>, String> {
        let workload = format!("{kind} {distribution}");
        if !self.running.iter().any(|(of, ..)| *of == workload) {
            let law = DISTRIBUTIONS.into_iter().find(|law| law.name == distribution);
            let run = start::<B>(kind, law.ok_or(format!("no distribution {distribution}"))?)?;
            self.running.push((workload.clone(), initial_weights(), 0, run));
        }
        let running = self.running.iter_mut().find(|(of, ..)| *of == workload);
        let (_, weights, steps, run) = running.expect("it was just added");
        let mut time = || {
            let start = Instant::now();
            *weights = black_box(run(weights.clone(), *steps));
            *steps += 1;
            start.elapsed().as_secs_f64() * 1e3
        };
        let start = Instant::now();
        while start.elapsed() < WARM_UP {
            time();
        }
        Ok((0..count).map(|_| time()).collect())
    }
}

fn start<B: AutodiffBackend>(kind: &str, law: Law) -> Result<Run<B::InnerBackend>, String> {
    match kind {
        "update" => {
            let gradient = some_gradient();
            Ok(Box::new(move |weights, step| {
                let (weights, coordinates) = update(law, weights, gradient.clone(), step);
                black_box(coordinates);
                weights
            }))
        }
        "step" => {
            let batches: Vec<_> = (0..BATCHES as u64).map(batch::<B>).collect();
            Ok(Box::new(move |weights, step| {
                let (loss, gradient) = gradient::<B>(&weights, &batches[step as usize % BATCHES]);
                black_box(loss);
                update(law, weights, gradient, step).0
            }))
        }
        _ => Err(format!("no workload {kind}")),
    }
}
