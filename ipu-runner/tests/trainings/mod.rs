//! Trainings on a device, compared with the processor's.

use std::sync::Arc;

use ipu_runner::device::Device;
use ipu_runner::graph::Graph;
use ipu_runner::program::TileTraining;
use random_bases::executor::Wanted;
use random_bases_core::basis::Distribution;
use random_bases_core::data::{Images, View, synthetic};
use random_bases_core::descent::{Descent, Memory, Method, Rates, Sizes, Subspace};
use random_bases_core::nn::{Batch, Layer, Network};
use random_bases_core::numerics::{Array, Libm};
use random_bases_core::step::Serial;
use random_bases_core::subspace::Strategy;

/// Images of synthetic digits, as a network takes them.
fn images<N: Network, const S: usize>(count: usize) -> (Vec<f32>, Vec<u8>) {
    let mut pixels = vec![0; count * S * S];
    let labels: Vec<_> = pixels
        .chunks_exact_mut(S * S)
        .enumerate()
        .map(|(i, image)| synthetic::digit::<S>(1, synthetic::Part::Train, i as u32, image))
        .collect();
    let images = Images { shape: N::SHAPE, pixels: &pixels, labels: &labels };
    let mut input = vec![0.0; count * N::Layers::INPUT];
    for (i, image) in input.chunks_exact_mut(N::Layers::INPUT).enumerate() {
        images.write(i, View::plain(N::SHAPE), image);
    }
    (input, labels)
}

/// Some steps here and on a device, compared after each: the graph of the last one; or what differs first, if anything.
pub fn compare<N: Network, const S: usize>(
    device: Arc<dyn Device>,
    method: Method,
    subspace: Subspace,
    steps: usize,
    batch: usize,
) -> Result<Graph, String> {
    let (input, labels) = images::<N, S>(batch * steps);
    let strategy = Strategy::TwoPass;
    let sizes = Sizes::of::<N>(method, batch, subspace.dimensions, strategy);
    let (mut floats, mut others) = (vec![0.0; sizes.floats()], vec![f32::NAN; sizes.floats()]);
    let mut memory = Memory::carve(sizes, &mut floats);
    let mut shadow = Memory::carve(sizes, &mut others);
    let mut executor: Serial<Array<8>> = Serial::new();
    let begin = || Descent::new(method, 42, subspace, strategy);
    let (mut here, mut there) = (begin(), begin());
    here.start::<N, _>(&mut executor, &mut memory);
    there.start::<N, _>(&mut executor, &mut shadow);
    let mut training = TileTraining::new(device);
    for step in 0..steps {
        let all = Batch { input: &input, labels: &labels };
        let (mut a, mut b) = (all.slice(step * batch, batch), all.slice(step * batch, batch));
        let rates = Rates::from(0.5);
        let want = here.step::<N, Libm, _>(&mut executor, rates, &mut a, &mut memory);
        let got = training.step::<N, Libm>(&mut there, rates, &mut b, &mut shadow);
        let got = got.map_err(|error| error.to_string())?;
        training.fetch(Wanted::All, &mut shadow).map_err(|fault| fault.to_string())?;
        same("gradient", memory.gradient, shadow.gradient)?;
        // SGD has none.
        if method != Method::Sgd {
            same("coordinates", memory.coordinates, shadow.coordinates)?;
        }
        same("weights", memory.weights, shadow.weights)?;
        if want != got {
            return Err(format!("step {step}: {got:?} instead of {want:?}"));
        }
    }
    Ok(training.graph().expect("it made steps").clone())
}

fn same(what: &str, want: &[f32], got: &[f32]) -> Result<(), String> {
    let different = want.iter().zip(got).position(|(a, b)| a.to_bits() != b.to_bits());
    different.map_or(Ok(()), |i| Err(format!("{what}: element {i}: {} instead of {}", got[i], want[i])))
}

/// With all else as usual.
pub fn subspace(dimensions: usize, distribution: Distribution) -> Subspace {
    Subspace { distribution, ..Subspace::of(dimensions) }
}
