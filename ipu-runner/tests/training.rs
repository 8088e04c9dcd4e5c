//! Whole trainings on 1,472 emulated tiles have the bits of the processor's.

use std::sync::{Arc, OnceLock};

use ipu_runner::codelets::Codelets;
use ipu_runner::graph::Graph;
use ipu_runner::machine::{Library, TileMachine};
use ipu_runner::program::TileTraining;
use ipu_runner::target::Target;
use random_bases::executor::Wanted;
use random_bases_core::basis::Distribution;
use random_bases_core::data::{Images, View, synthetic};
use random_bases_core::descent::{Descent, Memory, Method, Rates, Sizes, Subspace};
use random_bases_core::nn::{Batch, Cnn28, Fc28, Layer, Network, Small8};
use random_bases_core::numerics::{Array, Libm};
use random_bases_core::step::Serial;
use random_bases_core::subspace::{Normalisation, Strategy};

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

/// The codelets, compiled once.
fn library() -> &'static Arc<Library> {
    static LIBRARY: OnceLock<Arc<Library>> = OnceLock::new();
    LIBRARY.get_or_init(|| Library::new(&Codelets::built_in()).expect("a C++ compiler"))
}

/// Some steps here and on the tiles, compared after each, in several orders of vertices.
fn equal<N: Network, const S: usize>(
    method: Method,
    subspace: Subspace,
    steps: usize,
    batch: usize,
    seeds: &[u64],
) {
    for &seed in seeds {
        compare::<N, S>(library(), Target::GC200, method, subspace, steps, batch, seed)
            .unwrap_or_else(|what| panic!("{what}"));
    }
}

/// The graph of the last step; or what differs first, if anything.
fn compare<N: Network, const S: usize>(
    library: &Arc<Library>,
    target: Target,
    method: Method,
    subspace: Subspace,
    steps: usize,
    batch: usize,
    seed: u64,
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
    let device = TileMachine::new(target, Arc::clone(library), seed);
    let mut training = TileTraining::new(Arc::new(device));
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

fn subspace(dimensions: usize, distribution: Distribution) -> Subspace {
    Subspace { distribution, ..Subspace::of(dimensions) }
}

#[test]
fn small_rbd() {
    for distribution in Distribution::EXAMPLES {
        equal::<Small8, 8>(Method::Rbd, subspace(37, distribution), 3, 32, &[1, 2]);
    }
}

/// On a machine that has no room for the fours of all directions: the last wave is not full.
#[test]
fn small_rbd_in_waves() {
    let target = Target { tiles_per_ipu: 16, bytes_per_tile: 128 << 10, ..Target::GC200 };
    let plain = Distribution::EXAMPLES.into_iter().map(|distribution| subspace(101, distribution));
    let pairs = Subspace { antithetic: true, ..subspace(102, Distribution::Normal) };
    for subspace in plain.chain([pairs]) {
        let graph = compare::<Small8, 8>(library(), target, Method::Rbd, subspace, 2, 8, 1)
            .unwrap_or_else(|what| panic!("{subspace:?}: {what}"));
        assert!(graph.find("lift: coefficients to come").is_some(), "one wave was enough");
    }
}

#[test]
fn small_fpd() {
    equal::<Small8, 8>(Method::Fpd, subspace(32, Distribution::Normal), 4, 32, &[1, 2]);
}

#[test]
fn antithetic_rows_with_norms_of_their_own() {
    let subspace = Subspace {
        antithetic: true,
        normalisation: Normalisation::Row,
        ..subspace(19, Distribution::Normal)
    };
    equal::<Small8, 8>(Method::Rbd, subspace, 2, 8, &[3]);
}

#[test]
fn fc_rbd() {
    equal::<Fc28, 28>(Method::Rbd, subspace(250, Distribution::Normal), 2, 32, &[1, 2]);
}

#[test]
fn fc_fpd() {
    equal::<Fc28, 28>(Method::Fpd, subspace(100, Distribution::Normal), 3, 32, &[1, 2]);
}

#[test]
fn cnn_rbd() {
    equal::<Cnn28, 28>(Method::Rbd, subspace(40, Distribution::Normal), 2, 8, &[1, 2]);
}

#[test]
fn fc_sgd() {
    equal::<Fc28, 28>(Method::Sgd, subspace(1, Distribution::Normal), 2, 32, &[1]);
}

/// Mistakes that move last bits only, one at a time: each is caught, and where it shows first.
#[test]
fn a_wrong_bit_in_a_codelet_is_caught() {
    let mistakes = [
        ("sum = sum + ((a + b) + (c + d));", "sum = (sum + (a + b)) + (c + d);", "coordinates"),
        ("const float sum = (a + c) + (b + d);", "const float sum = (a + b) + (c + d);", "coordinates"),
        ("block = block + fours[at];", "sum = sum + fours[at];", "weights"),
        ("weights[e] + factor * total", "weights[e] + 0.999999f * factor * total", "weights"),
        (
            "coefficients[i] = norms[i] > 0.0f ? z / norms[i]",
            "coefficients[i] = norms[i] > 0.0f ? z * (1.0f / norms[i])",
            "weights",
        ),
        (
            "output[b * outputs + o] = sum + bias[o];",
            "output[b * outputs + o] = sum + bias[o] + 1e-7f;",
            "gradient",
        ),
        (
            "for (unsigned b = 0; b < input.size(); ++b)\n        sum = sum + input",
            "for (unsigned b = input.size(); b-- > 0;)\n        sum = sum + input",
            "gradient",
        ),
    ];
    for (right, wrong, first) in mistakes {
        let library = Library::new(&Codelets::changed(right, wrong)).expect("it still compiles");
        let subspace = subspace(37, Distribution::Normal);
        let compared = compare::<Small8, 8>(&library, Target::GC200, Method::Rbd, subspace, 2, 32, 1);
        let found = compared.expect_err(wrong);
        assert!(found.starts_with(first), "{wrong}: {found}");
    }
}
