//! One training, however it is run: threads, vector levels, strategies, evaluation batches, replay.

use random_bases::dataset::{DataSet, Split};
use random_bases::run_spec::RunSpec;
use random_bases::settings::{self, Network};
use random_bases::training::{Part, begin, begin_replay};
use random_bases::vector::Level;
use random_bases_core::basis::Distribution;
use random_bases_core::descent::{Descent, Memory, Method, Sizes, Subspace};
use random_bases_core::nn::{Batch, Layer, Network as _, Small8};
use random_bases_core::numerics::{Array, Libm, MathId, digest};
use random_bases_core::step::Serial;
use random_bases_core::subspace::{Normalisation, Strategy};
use random_bases_tests::{THREADS, threads};

fn spec(data: &DataSet, network: Network, method: Method, d: u32) -> RunSpec {
    RunSpec {
        math: MathId::Libm,
        network,
        data: data.spec(split(data)),
        method,
        dimensions: if method == Method::Sgd { 0 } else { d },
        distribution: Distribution::Normal,
        normalisation: Normalisation::Auto,
        batch: 13,
        seed: 3,
    }
}

fn split(data: &DataSet) -> Split {
    Split { start: 5, validation: 20, training: data.train_count() as u32 - 20 }
}

/// The digests after each step, and the recorded coordinates.
fn train(
    spec: &RunSpec,
    data: &DataSet,
    strategy: Strategy,
    count: usize,
    level: Level,
    steps: usize,
) -> (Vec<u64>, Vec<Vec<f32>>) {
    let mut training = begin(spec, strategy, threads(count, level), data, split(data));
    let mut coordinates = Vec::new();
    let digests = (0..steps)
        .map(|_| {
            training.step(0.5);
            coordinates.push(training.coordinates().to_vec());
            digest(training.weights())
        })
        .collect();
    (digests, coordinates)
}

/// All ways of running it, compared with one.
fn check(
    network: Network,
    method: Method,
    distribution: Distribution,
    normalisation: Normalisation,
    d: u32,
    steps: usize,
) {
    let data = DataSet::synthetic(network, 120, 30, threads(2, Level::Portable).pool());
    let spec = RunSpec { distribution, normalisation, ..spec(&data, network, method, d) };
    let (want, coordinates) = train(&spec, &data, Strategy::TwoPass, 1, Level::Portable, steps);
    assert!(want.windows(2).all(|pair| pair[0] != pair[1]), "the weights do not move");
    for level in Level::ALL.into_iter().filter(|level| level.available()) {
        for strategy in [Strategy::TwoPass, Strategy::Fused] {
            for count in THREADS {
                let (got, _) = train(&spec, &data, strategy, count, level, steps);
                assert_eq!(want, got, "{method:?} {distribution:?} {strategy:?} {level} {count} threads");
            }
        }
        if method != Method::Sgd {
            let mut replay = begin_replay(&spec, threads(3, level));
            for (coordinates, want) in coordinates.iter().zip(&want) {
                replay.step(0.5, coordinates);
                assert_eq!(*want, digest(replay.weights()), "replay, {level}");
            }
        }
    }
}

#[test]
fn small_sgd() {
    check(Network::Small, Method::Sgd, Distribution::Normal, Normalisation::Auto, 0, 20);
}

#[test]
fn small_rbd() {
    check(Network::Small, Method::Rbd, Distribution::Normal, Normalisation::Auto, 37, 20);
}

#[test]
fn small_fpd() {
    check(Network::Small, Method::Fpd, Distribution::Uniform, Normalisation::Row, 37, 20);
}

#[test]
fn small_rbd_rademacher() {
    check(Network::Small, Method::Rbd, Distribution::Rademacher, Normalisation::Mean, 16, 20);
}

#[test]
fn small_fpd_by_a_number() {
    check(Network::Small, Method::Fpd, Distribution::Rademacher, Normalisation::By(12.5), 1, 20);
}

#[test]
fn fc_rbd() {
    check(Network::Fc, Method::Rbd, Distribution::Normal, Normalisation::Auto, 40, 2);
}

#[test]
fn fc_fpd() {
    check(Network::Fc, Method::Fpd, Distribution::Uniform, Normalisation::Auto, 33, 2);
}

#[test]
fn fc_sgd() {
    check(Network::Fc, Method::Sgd, Distribution::Normal, Normalisation::Auto, 0, 4);
}

/// Steps of a serial training of the small network in memory of exactly the stated size, as on a microcontroller.
fn train_serially(spec: &RunSpec, data: &DataSet, poison: f32) -> Vec<u64> {
    let sizes = Sizes::of::<Small8>(13, spec.dimensions as usize, Strategy::TwoPass);
    let mut floats = vec![poison; sizes.floats()];
    let mut memory = Memory::carve(sizes, &mut floats);
    let mut executor = Serial::<Array<1>>::new();
    let mut descent = Descent {
        method: spec.method,
        seed: spec.seed,
        subspace: Subspace {
            dimensions: spec.dimensions as usize,
            distribution: spec.distribution,
            normalisation: spec.normalisation,
        },
        strategy: Strategy::TwoPass,
        steps: 0,
    };
    descent.start::<Small8, _>(&mut executor, &mut memory);
    let mut order = vec![0; split(data).training as usize];
    random_bases_core::data::shuffle(spec.seed, 0, &mut order);
    let (mut input, mut labels) = (vec![0.0; 13 * 64], vec![0; 13]);
    order
        .chunks_exact(13)
        .take(5)
        .map(|images| {
            for (i, image) in images.iter().enumerate() {
                let index = random_bases_core::data::training_index(*image, 5, 20) as usize;
                labels[i] = data.train().write(index, &mut input[i * 64..][..64]);
            }
            let batch = Batch { input: &input, labels: &labels };
            descent.step::<Small8, Libm, _>(&mut executor, 0.5, batch, &mut memory);
            digest(memory.weights)
        })
        .collect()
}

/// The core alone, one scalar lane, gives what the runner gives, whatever was in the memory before.
#[test]
fn the_core_alone_gives_the_same() {
    let data = DataSet::synthetic(Network::Small, 120, 0, threads(1, Level::Portable).pool());
    for method in Method::ALL {
        let spec = spec(&data, Network::Small, method, 19);
        let (want, _) = train(&spec, &data, Strategy::Fused, 2, Level::detect(), 5);
        assert_eq!(want, train_serially(&spec, &data, f32::NAN), "{method:?}");
        assert_eq!(want, train_serially(&spec, &data, -1e30), "{method:?}");
    }
    assert_eq!(Small8::PARAMS, 2_410);
    assert_eq!(<Small8 as random_bases_core::nn::Network>::Layers::OUTPUT, 10);
}

/// A partial batch of evaluation, a batch larger than the set, one image at a time: the same metrics.
#[test]
fn evaluation_does_not_depend_on_its_batch() {
    let data = DataSet::synthetic(Network::Small, 120, 30, threads(1, Level::Portable).pool());
    let spec = spec(&data, Network::Small, Method::Sgd, 0);
    let mut training = begin(&spec, Strategy::TwoPass, threads(2, Level::detect()), &data, split(&data));
    training.step(0.5);
    for part in [Part::Validation, Part::Test] {
        let want = training.evaluate(part, 1).unwrap();
        for batch in [2, 7, 20, 29, 30, 1000] {
            let got = training.evaluate(part, batch).unwrap();
            assert_eq!(want.loss.to_bits(), got.loss.to_bits(), "{part:?}, batches of {batch}");
            assert_eq!(want, got);
        }
    }
}

/// Another seed, step, worker or data set is another run.
#[test]
fn what_should_matter_matters() {
    let data = DataSet::synthetic(Network::Small, 120, 0, threads(1, Level::Portable).pool());
    let base = spec(&data, Network::Small, Method::Rbd, 16);
    let run = |spec: &RunSpec| train(spec, &data, Strategy::TwoPass, 1, Level::detect(), 3).0;
    let want = run(&base);
    for other in [
        RunSpec { seed: 4, ..base.clone() },
        RunSpec { dimensions: 17, ..base.clone() },
        RunSpec { batch: 14, ..base.clone() },
        RunSpec { method: Method::Fpd, ..base.clone() },
        RunSpec { distribution: Distribution::Uniform, ..base.clone() },
        RunSpec { normalisation: Normalisation::Row, ..base.clone() },
        RunSpec { math: MathId::Micromath, ..base.clone() },
    ] {
        assert_ne!(want, run(&other), "{other:?}");
    }
}

/// `auto` is a documented rule, not a measurement.
#[test]
fn the_strategy_follows_the_distribution() {
    let data = DataSet::synthetic(Network::Small, 120, 0, threads(1, Level::Portable).pool());
    let spec = spec(&data, Network::Small, Method::Rbd, 16);
    let auto = |distribution| RunSpec { distribution, ..spec.clone() }.strategy(settings::Strategy::Auto);
    assert_eq!(auto(Distribution::Normal), Strategy::Fused);
    assert_eq!(auto(Distribution::Uniform), Strategy::TwoPass);
    assert_eq!(auto(Distribution::Rademacher), Strategy::TwoPass);
}
