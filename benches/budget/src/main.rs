//! Holds every hot loop once, for `budget.py`: the vector back ends of the runner and the kernels of the core.

#[path = "../../../host-cli/src/vector/mod.rs"]
#[allow(dead_code, missing_docs)]
mod vector;

use std::hint::black_box;

use random_bases_core::basis::Distribution;
use random_bases_core::nn::{self, Batch, Fc28, Layer, Network};
use random_bases_core::numerics::Libm;
use random_bases_core::random::{Domain, Key};
use random_bases_core::step::{Executor, Superstep};
use random_bases_core::subspace::{self, Basis, Coordinates, Normalisation, Rule, Strategy};
use vector::Level;

/// One tile after the other, with a level.
struct Serial(Level);

impl Executor for Serial {
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        for (index, out) in out.chunks_mut(superstep.chunk()).enumerate() {
            self.0.run_tile(superstep, index, out);
        }
    }
}

fn main() {
    const D: usize = 10_000;
    for level in Level::ALL.into_iter().filter(|level| level.available()) {
        let mut executor = Serial(level);
        for distribution in Distribution::EXAMPLES {
            for strategy in [Strategy::TwoPass, Strategy::Fused] {
                let key = Key::new(Domain::Basis, black_box(1), 0, 0, 0);
                let normalisation = Normalisation::Auto;
                let basis =
                    Basis { key, redraws: None, distribution, normalisation, dimensions: 40, antithetic: false };
                let mut weights = vec![0.0; D];
                let mut scratch = vec![0.0; strategy.scratch(D, 40)];
                let (mut values, mut norms) = (vec![0.0; 40], vec![0.0; 40]);
                let mut coordinates =
                    Coordinates { values: &mut values, norms: &mut norms, scratch: &mut scratch };
                let gradient = black_box(vec![0.5; D]);
                let rule = Rule::Current;
                subspace::update(
                    &mut executor, strategy, &basis, &gradient, rule, -0.1, &mut weights, &mut coordinates,
                );
                black_box(weights);
            }
        }
        let mut weights = vec![0.0; Fc28::PARAMS];
        nn::initial_weights::<Fc28, _>(&mut executor, 1, &mut weights);
        let (input, labels) = (vec![0.5; 784 * 4], [1, 2, 3, 4]);
        let floats = 4 * <Fc28 as Network>::Layers::ACTIVATIONS;
        let (mut activations, mut deltas) = (vec![0.0; floats], vec![0.0; floats]);
        let mut gradient = vec![0.0; Fc28::PARAMS];
        let batch = Batch { input: &input, labels: &labels };
        nn::gradient::<Fc28, Libm, _>(
            &mut executor, &weights, batch, &mut activations, &mut deltas, &mut gradient,
        );
        black_box(gradient);
    }
}
