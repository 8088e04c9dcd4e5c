//! Forward and backward passes.

use std::hint::black_box;
use std::sync::Arc;

use random_bases_core::nn::{self, Batch, Layer, Network};
use random_bases_core::numerics::{Libm, digest};

use super::{Amount, Case, Plan, executor};
use crate::executor::Threads;
use crate::failure::Failure;
use crate::model::{Model, with_network};

/// Images per mini-batch.
const IMAGES: usize = 32;

/// Networks, with the products of one image's forward pass: in the first layer, which has no deltas to compute, and in the others.
const NETWORKS: [(Model, [f64; 2]); 2] = [
    (Model::Fc28, [784.0 * 128.0, 128.0 * 10.0]),
    (
        Model::Cnn28,
        [676.0 * 9.0 * 32.0, 121.0 * 288.0 * 64.0 + 9.0 * 576.0 * 64.0 + 576.0 * 64.0 + 64.0 * 10.0],
    ),
];

/// A network with everything that it reads and writes.
struct Bench {
    executor: Threads,
    weights: Vec<f32>,
    input: Vec<f32>,
    labels: Vec<u8>,
    activations: Vec<f32>,
    deltas: Vec<f32>,
    gradient: Vec<f32>,
}

impl Bench {
    fn new<N: Network>(mut executor: Threads) -> Self {
        let mut weights = vec![0.0; N::PARAMS];
        nn::initial_weights::<N, _>(&mut executor, 1, &mut weights);
        let pixels = IMAGES * N::Layers::INPUT;
        Self {
            executor,
            weights,
            input: (0..pixels).map(|i| (i * 7919 % 256) as f32 / 255.0).collect(),
            labels: (0..IMAGES).map(|i| (i % 10) as u8).collect(),
            activations: vec![0.0; IMAGES * N::Layers::ACTIVATIONS],
            deltas: vec![0.0; IMAGES * N::Layers::ACTIVATIONS],
            gradient: vec![0.0; N::PARAMS],
        }
    }

    fn run<N: Network>(&mut self, backward: bool) {
        let Self { executor, weights, input, labels, activations, deltas, gradient } = self;
        if backward {
            let batch = Batch { input, labels };
            nn::gradient::<N, Libm, _>(executor, weights, batch, activations, deltas, gradient);
        } else {
            nn::forward::<N, _>(executor, weights, input, IMAGES, activations);
        }
        black_box((&self.activations, &self.gradient));
    }

    fn pool(&self) -> Arc<rayon::ThreadPool> {
        Arc::clone(self.executor.pool())
    }

    fn bytes(&self) -> usize {
        let floats = [&self.weights, &self.input, &self.activations, &self.deltas, &self.gradient];
        4 * floats.iter().map(|x| x.len()).sum::<usize>()
    }
}

/// A case per network, pass, level and number of threads.
pub fn cases(plan: Plan) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for (network, [first, others]) in NETWORKS {
        for backward in [false, true] {
            let mut bits = None;
            for machine in plan.machines() {
                let name = format!("{} {}", network.name(), if backward { "gradient" } else { "forward" });
                let case = with_network!(network, N => {
                    let mut bench = Bench::new::<N>(executor(machine)?);
                    bench.run::<N>(backward);
                    let digest = digest(&bench.activations) ^ digest(&bench.gradient).rotate_left(1);
                    if *bits.get_or_insert(digest) != digest {
                        return Err(Failure::Mismatch(format!("{name}: other bits with {}", machine.0)));
                    }
                    // Backward: as much again for the gradient, and for the deltas of all layers but the first.
                    let products = if backward { 2.0 * first + 3.0 * others } else { first + others };
                    let amount = Amount::Operations(2.0 * IMAGES as f64 * products);
                    let pool = bench.pool();
                    Case::new(name, (machine.0, &pool), amount, bench.bytes(), move || bench.run::<N>(backward))
                });
                cases.push(case);
            }
        }
    }
    Ok(cases)
}
