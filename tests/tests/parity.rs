//! One training, however it is run: threads, vector levels, strategies, evaluation batches, replay.

use random_bases::dataset::{DataSet, Split};
use random_bases::fastest::fastest;
use random_bases::model::Model;
use random_bases::run_spec::RunSpec;
use random_bases::training::{Part, begin, begin_replay};
use random_bases::vector::Level;
use random_bases_core::basis::{Distribution, Probability};
use random_bases_core::data::View;
use random_bases_core::descent::{
    Batches, Evolution, GradientBases, Landscape, Memory, Method, Options, Sizes,
};
use random_bases_core::nn::{Batch, Layer, Network as _, Small8};
use random_bases_core::numerics::{Array, Libm, MathId, digest};
use random_bases_core::step::Serial;
use random_bases_core::subspace::{Normalisation, Strategy, Transformation};
use random_bases_tests::{THREADS, threads};

fn spec(data: &DataSet, network: Model, method: Method, d: u32) -> RunSpec {
    RunSpec {
        math: MathId::Libm,
        network,
        data: data.spec(split(data), true),
        method,
        dimensions: if method == Method::Sgd { 0 } else { d },
        distribution: Distribution::Normal,
        normalisation: Normalisation::Auto,
        antithetic: false,
        batch: 13,
        seed: 3,
        options: Options::NONE,
    }
}

fn images(network: Model) -> DataSet {
    DataSet::synthetic(network.shape(), 120, 30, threads(2, Level::Portable).pool())
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
    let mut training = begin(spec, strategy, threads(count, level), data, split(data)).unwrap();
    let mut coordinates = Vec::new();
    let digests = (0..steps)
        .map(|_| {
            training.step(0.5.into());
            coordinates.push(training.coordinates().to_vec());
            digest(training.weights())
        })
        .collect();
    (digests, coordinates)
}

/// All ways of running it, compared with one.
fn check(spec: &RunSpec, data: &DataSet, steps: usize, counts: &[usize]) {
    let (want, coordinates) = train(spec, data, Strategy::TwoPass, 1, Level::Portable, steps);
    let moves = spec.distribution != Distribution::Zeros || spec.dimensions == 0;
    assert!(!moves || want.windows(2).all(|pair| pair[0] != pair[1]), "the weights do not move: {spec:?}");
    for level in Level::ALL.into_iter().filter(|level| level.available()) {
        for strategy in [Strategy::TwoPass, Strategy::Fused] {
            for &count in counts {
                let (got, _) = train(spec, data, strategy, count, level, steps);
                assert_eq!(want, got, "{spec:?} {strategy:?} {level} {count} threads");
            }
        }
        if spec.method.can_replay() {
            let mut replay = begin_replay(spec, threads(3, level)).unwrap();
            for (coordinates, want) in coordinates.iter().zip(&want) {
                replay.step(0.5.into(), coordinates, &[]);
                assert_eq!(*want, digest(replay.weights()), "replay, {level}, {spec:?}");
            }
        }
    }
}

/// Every method with every option of its own.
fn methods() -> Vec<Method> {
    let mut methods = vec![Method::Sgd, Method::Rbd, Method::Fpd];
    for transformation in Transformation::ALL {
        methods.push(Method::Nes(Evolution { noise: 0.5, transformation }));
        methods.push(Method::Hybrid(Evolution { noise: 0.02, transformation }));
    }
    for (bins, curvature) in [(3, false), (5, true)] {
        methods.push(Method::Landscape(Landscape { bins, distance: 0.02, curvature }));
    }
    for offset in [false, true] {
        for use_update_as_base in [false, true] {
            methods.push(Method::GradientBases(GradientBases { offset, use_update_as_base }));
        }
    }
    methods
}

#[test]
fn small_every_method() {
    let data = images(Model::Small8);
    for method in methods() {
        // With 37 directions gradient-bases is never full; with 4 it wraps around.
        for d in [4, 37] {
            let spec = spec(&data, Model::Small8, method, d);
            // A basis of past gradients is empty at first.
            if matches!(method, Method::GradientBases(GradientBases { offset: true, .. })) {
                let (digests, _) = train(&spec, &data, Strategy::TwoPass, 1, Level::Portable, 3);
                let mut start =
                    begin(&spec, Strategy::TwoPass, threads(1, Level::Portable), &data, split(&data))
                        .unwrap();
                assert_eq!(digest(start.weights()), digests[0], "the first step has no gradient to follow");
                assert_ne!(digests[0], digests[1], "the second step moves");
            }
            check(&spec, &data, 10, &THREADS);
        }
    }
}

#[test]
fn small_every_distribution_and_norm() {
    let data = images(Model::Small8);
    let norms = [Normalisation::Mean, Normalisation::Row, Normalisation::By(12.5), Normalisation::Auto];
    let rank = Evolution { noise: 0.01, transformation: Transformation::Ranks };
    for (i, distribution) in Distribution::EXAMPLES.into_iter().enumerate() {
        for (n, normalisation) in norms.into_iter().enumerate() {
            for (m, method) in
                [Method::Rbd, Method::Fpd, Method::Nes(rank), Method::Hybrid(rank)].into_iter().enumerate()
            {
                let antithetic = (i + n + m) % 2 == 1;
                let spec = spec(&data, Model::Small8, method, 18);
                let spec = RunSpec { distribution, normalisation, antithetic, ..spec };
                check(&spec, &data, 3, &[1, 3]);
            }
        }
    }
}

/// Each network with each method, a step or two.
fn network(network: Model, d: u32, methods: &[Method]) {
    let data = images(network);
    for &method in methods {
        let spec = RunSpec { batch: 5, ..spec(&data, network, method, d) };
        check(&spec, &data, 2, &[1, 2]);
    }
}

#[test]
fn fc() {
    network(Model::Fc28, 33, &Method::EXAMPLES);
    network(Model::Fc32, 17, &Method::EXAMPLES);
}

#[test]
fn cnn() {
    network(Model::Cnn28, 17, &Method::EXAMPLES);
    network(Model::Cnn32, 17, &Method::EXAMPLES);
}

#[test]
fn conv() {
    network(Model::LargeConv28, 2, &Method::EXAMPLES);
    network(Model::LargeConv32, 2, &[Method::Rbd]);
}

/// Directions 2j and 2j + 1 are opposite: so are their coordinates, but for the sign of zero.
#[test]
fn antithetic_coordinates_are_opposite() {
    let data = images(Model::Small8);
    let spec = RunSpec { antithetic: true, ..spec(&data, Model::Small8, Method::Rbd, 10) };
    let (_, coordinates) = train(&spec, &data, Strategy::Fused, 2, Level::detect(), 2);
    for pair in coordinates.iter().flat_map(|c| c.as_chunks::<2>().0) {
        assert_eq!(pair[0], -pair[1]);
        assert_ne!(pair[0], 0.0);
    }
    let plain = RunSpec { antithetic: false, dimensions: 5, ..spec.clone() };
    let (_, want) = train(&plain, &data, Strategy::Fused, 2, Level::detect(), 1);
    assert!(want[0].iter().eq(coordinates[0].iter().step_by(2)));
}

/// Steps of a serial training of the small network in memory of exactly the stated size, as on a microcontroller.
fn train_serially(spec: &RunSpec, data: &DataSet, poison: f32) -> Vec<u64> {
    let sizes = Sizes::of::<Small8>(spec.method, 13, spec.dimensions as usize, Strategy::TwoPass);
    let mut floats = vec![poison; sizes.floats()];
    let mut memory = Memory::carve(sizes, &mut floats);
    let mut executor = Serial::<Array<1>>::new();
    let mut descent = spec.descent(Strategy::TwoPass);
    descent.start::<Small8, _>(&mut executor, &mut memory);
    (0..5)
        .map(|step| {
            let mut batches = Drawn { spec, data, step, input: Vec::new(), labels: Vec::new() };
            descent.step::<Small8, Libm, _>(&mut executor, 0.5, &mut batches, &mut memory);
            digest(memory.weights)
        })
        .collect()
}

/// Mini-batches as `NUMERICS.md` says it, each image by itself.
struct Drawn<'a> {
    spec: &'a RunSpec,
    data: &'a DataSet,
    step: usize,
    input: Vec<f32>,
    labels: Vec<u8>,
}

impl Batches for Drawn<'_> {
    fn take(&mut self, first: usize, count: usize, images: usize) -> Batch<'_> {
        let Split { start, validation, training } = split(self.data);
        let per_epoch = training as usize / images;
        let per_step = self.spec.method.batches(self.spec.dimensions as usize);
        self.input.clear();
        self.labels.clear();
        for batch in self.step * per_step + first..self.step * per_step + first + count {
            let epoch = (batch / per_epoch) as u32;
            let mut order = vec![0; training as usize];
            random_bases_core::data::shuffle(self.spec.seed, epoch, &mut order);
            for i in &order[batch % per_epoch * images..][..images] {
                let index = random_bases_core::data::training_index(*i, start, validation);
                let view = View::draw([8, 8, 1], self.spec.seed, epoch, index);
                let mut image = [0.0; 64];
                self.labels.push(self.data.train().write(index as usize, view, &mut image));
                self.input.extend(image);
            }
        }
        Batch { input: &self.input, labels: &self.labels }
    }
}

/// The core alone, one scalar lane, gives what the runner gives, whatever was in the memory before.
#[test]
fn the_core_alone_gives_the_same() {
    let data = images(Model::Small8);
    for method in methods() {
        let spec = spec(&data, Model::Small8, method, 19);
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
    let data = images(Model::Small8);
    let spec = spec(&data, Model::Small8, Method::Sgd, 0);
    let mut training =
        begin(&spec, Strategy::TwoPass, threads(2, Level::detect()), &data, split(&data)).unwrap();
    training.step(0.5.into());
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
    let data = images(Model::Small8);
    let base = spec(&data, Model::Small8, Method::Rbd, 16);
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
        RunSpec { antithetic: true, ..base.clone() },
        RunSpec { data: data.spec(split(&data), false), ..base.clone() },
        RunSpec { method: Method::EXAMPLES[3], ..base.clone() },
        RunSpec { method: Method::EXAMPLES[4], ..base.clone() },
        RunSpec { method: Method::EXAMPLES[5], ..base.clone() },
        RunSpec { method: Method::EXAMPLES[6], ..base.clone() },
    ] {
        assert_ne!(want, run(&other), "{other:?}");
    }
}

/// More rows of signs than a table has room for at once.
#[test]
fn many_rows_of_signs() {
    let data = images(Model::Small8);
    for antithetic in [false, true] {
        let spec = RunSpec {
            distribution: Distribution::Rademacher,
            dimensions: 600,
            antithetic,
            ..spec(&data, Model::Small8, Method::Rbd, 16)
        };
        let run = |strategy, level| {
            let mut training = begin(&spec, strategy, threads(2, level), &data, split(&data)).unwrap();
            (0..3).for_each(|_| _ = training.step(0.5.into()));
            digest(training.weights())
        };
        // One row at a time, in portable code: no tables.
        let want = run(Strategy::Fused, Level::Portable);
        for level in Level::ALL.into_iter().filter(|level| level.available()) {
            assert_eq!(want, run(Strategy::TwoPass, level), "{level}, antithetic {antithetic}");
        }
    }
}

/// `auto` is a documented rule, not a measurement: fused where elements cost more to make than to keep.
#[test]
fn the_strategy_follows_distribution_width_and_size() {
    let widest = |distribution, params| {
        Level::ALL.into_iter().rfind(|level| fastest(distribution, params, *level) == Strategy::Fused)
    };
    for (distribution, small, large) in [
        (Distribution::Normal, Some(Level::Avx512), Some(Level::Avx512)),
        (Distribution::LogNormal, Some(Level::Avx512), Some(Level::Avx512)),
        (Distribution::HadamardNormal, Some(Level::Avx2), None),
        (Distribution::Bernoulli(Probability(13_107)), Some(Level::Avx2), None),
        (Distribution::Uniform, Some(Level::Sse2), None),
        (Distribution::Rademacher, None, None),
    ] {
        assert_eq!(widest(distribution, 1 << 18), small, "{distribution:?}");
        assert_eq!(widest(distribution, (1 << 18) + 1), large, "{distribution:?}");
        assert_eq!(widest(distribution, (1 << 20) + 1), None, "{distribution:?}");
    }
}
