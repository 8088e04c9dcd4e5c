//! The standard fixtures: which there are, and how one is recorded.

use std::path::Path;

use random_bases_core::basis::{Distribution, Probability, Row as BasisRow};
use random_bases_core::descent::{
    Anew, CoordinatePolicy, Draws, Evolution, GradientBases, Landscape, Method, Options, Period, Rates,
    SgdLayers, UpdatePolicy, WorkerRows, Workers,
};
use random_bases_core::numerics::{Array, CONTRACT, MathId, TILE, digest};
use random_bases_core::random::Stream;
use random_bases_core::record::{
    Answers, Floats, Function, FunctionName, KeyTuple, Record, Row, Tensor, Words,
};
use random_bases_core::step::Executor;
use random_bases_core::subspace::{Compartments, Normalisation, Top, Transformation};

use super::verify::{OneTile, function, key};
use super::{RecordWriter, write_step};
use crate::dataset::{DataSet, Split};
use crate::executor::Threads;
use crate::failure::Failure;
use crate::model::Model;
use crate::run_spec::RunSpec;
use crate::settings;
use crate::training::begin;

/// Which tensors a fixture of a run holds besides its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tensors {
    /// The weights after the last step, every so many-th element.
    Weights(u32),
    /// Weights before and after, and gradient, every so many-th element; input and logits in full. Methods without a
    /// gradient have only weights.
    All(u32),
}

/// A standard fixture of a run.
#[derive(Clone, Copy, Debug)]
pub struct Fixture {
    /// Its name, and the first part of its file's.
    pub name: &'static str,
    network: Model,
    method: Method,
    dimensions: u32,
    distribution: Distribution,
    normalisation: Normalisation,
    math: MathId,
    antithetic: bool,
    augmentation: bool,
    rate: f32,
    batch: u32,
    images: usize,
    options: Options,
    /// Steps recorded.
    pub steps: u32,
    /// Tensors recorded.
    pub tensors: Tensors,
}

/// One step of the small network with d = 24, which most fixtures vary. 24 images, because the reciprocal of a power of
/// two would hide a division.
const STEP: Fixture = Fixture {
    name: "",
    network: Model::Small8,
    method: Method::Rbd,
    dimensions: 24,
    distribution: Distribution::Normal,
    normalisation: Normalisation::Auto,
    math: MathId::Libm,
    antithetic: false,
    augmentation: false,
    rate: 1.0,
    batch: 24,
    images: 200,
    options: Options::NONE,
    steps: 1,
    tensors: Tensors::All(1),
};

/// Some hundred steps of the small network.
const SMALL: Fixture = Fixture { batch: 32, images: 1_000, steps: 300, tensors: Tensors::Weights(1), ..STEP };

/// A hundred steps of FC.
const FC: Fixture =
    Fixture { network: Model::Fc28, dimensions: 64, steps: 100, tensors: Tensors::Weights(37), ..SMALL };

/// A few augmented steps of CNN.
const CNN: Fixture = Fixture {
    network: Model::Cnn28,
    dimensions: 18,
    augmentation: true,
    batch: 6,
    images: 200,
    steps: 4,
    tensors: Tensors::Weights(37),
    ..SMALL
};

/// A step, with everything, of a network that is too large to record every weight.
const WIDE: Fixture = Fixture { steps: 1, tensors: Tensors::All(61), ..CNN };

/// SGD's share of the above.
const fn sgd(fixture: Fixture) -> Fixture {
    Fixture { method: Method::Sgd, dimensions: 0, rate: 0.125, ..fixture }
}

/// NES takes a mini-batch per direction: few steps.
const fn nes(fixture: Fixture, steps: u32) -> Fixture {
    let evolution = Evolution { noise: 0.01, transformation: Transformation::Ranks };
    Fixture { method: Method::Nes(evolution), steps, ..fixture }
}

/// The hybrid's share.
const fn hybrid(fixture: Fixture, steps: u32) -> Fixture {
    let evolution = Evolution { noise: 0.002, transformation: Transformation::Norm };
    Fixture { method: Method::Hybrid(evolution), steps, rate: 0.0625, ..fixture }
}

/// Gradient bases, few enough to be filled and used again.
const fn gradient_bases(fixture: Fixture, options: GradientBases) -> Fixture {
    Fixture { method: Method::GradientBases(options), dimensions: 3, rate: 0.125, ..fixture }
}

/// Looks at the loss.
const fn landscape(fixture: Fixture, bins: u32, curvature: bool) -> Fixture {
    Fixture { method: Method::Landscape(Landscape { bins, distance: 0.002, curvature }), ..fixture }
}

const NONE: Options = Options::NONE;

/// Two dozen steps of the small network with options.
const OPTIONS: Fixture = Fixture { batch: 24, images: 300, steps: 24, rate: 0.5, ..SMALL };

const fn workers(count: u32, rows: WorkerRows) -> Workers {
    Workers { count, same_images: false, rows }
}

const GRADIENTS: GradientBases = GradientBases { offset: false, use_update_as_base: false };
const PAST_GRADIENTS: GradientBases = GradientBases { offset: true, ..GRADIENTS };
const UPDATES: GradientBases = GradientBases { use_update_as_base: true, ..GRADIENTS };
const PAST_UPDATES: GradientBases = GradientBases { offset: true, ..UPDATES };

/// The standard fixtures of runs.
pub const RUNS: &[Fixture] = &[
    Fixture { name: "step-sgd", ..sgd(STEP) },
    Fixture { name: "step-rbd", ..STEP },
    Fixture { name: "step-fpd", method: Method::Fpd, ..STEP },
    Fixture { name: "step-nes", ..nes(STEP, 1) },
    Fixture { name: "step-hybrid", ..hybrid(STEP, 1) },
    Fixture { name: "step-gradient-bases", ..gradient_bases(STEP, GRADIENTS) },
    Fixture {
        name: "step-rbd-uniform-row-norm",
        distribution: Distribution::Uniform,
        normalisation: Normalisation::Row,
        ..STEP
    },
    Fixture {
        name: "step-rbd-rademacher-mean",
        distribution: Distribution::Rademacher,
        normalisation: Normalisation::Mean,
        ..STEP
    },
    Fixture {
        name: "step-rbd-bernoulli-antithetic",
        distribution: Distribution::Bernoulli(Probability(13_107)),
        antithetic: true,
        augmentation: true,
        ..STEP
    },
    Fixture {
        name: "step-rbd-lognormal-by-a-number",
        distribution: Distribution::LogNormal,
        normalisation: Normalisation::By(61.5),
        ..STEP
    },
    Fixture {
        name: "step-nes-uniform-mean-antithetic",
        distribution: Distribution::Uniform,
        normalisation: Normalisation::Mean,
        antithetic: true,
        augmentation: true,
        ..nes(STEP, 1)
    },
    Fixture {
        name: "step-hybrid-none-lognormal-row-norm-antithetic",
        method: Method::Hybrid(Evolution { noise: 0.002, transformation: Transformation::None }),
        distribution: Distribution::LogNormal,
        normalisation: Normalisation::Row,
        antithetic: true,
        rate: 0.0625,
        ..STEP
    },
    Fixture {
        name: "step-hybrid-bernoulli-mean",
        distribution: Distribution::Bernoulli(Probability(40_000)),
        normalisation: Normalisation::Mean,
        ..hybrid(STEP, 1)
    },
    Fixture { name: "step-rbd-hadamard-normal", distribution: Distribution::HadamardNormal, ..STEP },
    Fixture {
        name: "step-nes-hadamard-normal-row-norm-antithetic",
        distribution: Distribution::HadamardNormal,
        normalisation: Normalisation::Row,
        antithetic: true,
        ..nes(STEP, 1)
    },
    Fixture { name: "step-landscape", ..landscape(STEP, 3, false) },
    Fixture { name: "step-rbd-micromath", math: MathId::Micromath, ..STEP },
    Fixture { name: "step-cnn", ..WIDE },
    Fixture { name: "step-cnn-32x32x3", network: Model::Cnn32, ..WIDE },
    Fixture { name: "step-fc-32x32x3", network: Model::Fc32, ..WIDE },
    Fixture {
        name: "step-conv",
        network: Model::LargeConv28,
        dimensions: 3,
        tensors: Tensors::All(997),
        ..WIDE
    },
    Fixture {
        name: "step-conv-32x32x3",
        network: Model::LargeConv32,
        dimensions: 3,
        tensors: Tensors::All(997),
        ..WIDE
    },
    Fixture { name: "run-small-sgd", ..sgd(SMALL) },
    Fixture { name: "run-small-rbd", ..SMALL },
    Fixture { name: "run-small-rbd-micromath", math: MathId::Micromath, steps: 100, ..SMALL },
    Fixture { name: "run-small-fpd", method: Method::Fpd, ..SMALL },
    Fixture { name: "run-small-nes", ..nes(SMALL, 12) },
    Fixture { name: "run-small-hybrid", ..hybrid(SMALL, 100) },
    Fixture { name: "run-small-gradient-bases", ..gradient_bases(SMALL, UPDATES) },
    Fixture {
        name: "run-small-gradient-bases-past-updates",
        dimensions: 18,
        steps: 60,
        ..gradient_bases(SMALL, PAST_UPDATES)
    },
    Fixture { name: "run-small-landscape-curvature", steps: 20, ..landscape(SMALL, 5, true) },
    // Every option, several to a fixture: four fixtures of compartments and workers, three of everything else.
    Fixture {
        name: "options-layers-own-rows",
        options: Options {
            compartments: Compartments::Layers(1),
            workers: workers(3, WorkerRows::Own),
            update: UpdatePolicy { momentum: 0.5, nesterov: true, ..NONE.update },
            ..NONE
        },
        ..OPTIONS
    },
    Fixture {
        name: "options-type-shared-rows-ranks",
        options: Options {
            compartments: Compartments::Type,
            split: true,
            workers: workers(2, WorkerRows::Shared),
            draws: Draws { period: Period::Steps(4), ..NONE.draws },
            coordinates: CoordinatePolicy {
                transformation: Transformation::Ranks,
                accumulate: 2,
                ..NONE.coordinates
            },
            ..NONE
        },
        antithetic: true,
        ..OPTIONS
    },
    Fixture {
        name: "options-proportional-averaged",
        options: Options {
            compartments: Compartments::Proportional,
            workers: workers(2, WorkerRows::Averaged),
            draws: Draws { anew: Anew::Low(0.4), ..NONE.draws },
            coordinates: CoordinatePolicy { top: Top::Fraction(0.5), ..NONE.coordinates },
            ..NONE
        },
        normalisation: Normalisation::Row,
        ..OPTIONS
    },
    Fixture {
        name: "options-exponential-split-fpd",
        method: Method::Fpd,
        options: Options {
            compartments: Compartments::Exponential,
            workers: Workers { same_images: true, ..workers(4, WorkerRows::Split) },
            coordinates: CoordinatePolicy { top: Top::Fraction(-0.6), ..NONE.coordinates },
            ..NONE
        },
        ..OPTIONS
    },
    Fixture {
        name: "options-weights-kept",
        options: Options {
            compartments: Compartments::Weights(900),
            draws: Draws { period: Period::Steps(3), ..NONE.draws },
            coordinates: CoordinatePolicy {
                reset: Period::Steps(4),
                top: Top::Count(7),
                transformation: Transformation::Norm,
                ..NONE.coordinates
            },
            ..NONE
        },
        ..OPTIONS
    },
    Fixture {
        name: "options-correlation-momentum",
        options: Options {
            draws: Draws { anew: Anew::High(0.7), ..NONE.draws },
            update: UpdatePolicy {
                momentum: 0.75,
                multiplier: true,
                surgeon: Some(0.06),
                sgd_below: Some(0.02),
                sgd_steps: true,
                ..NONE.update
            },
            ..NONE
        },
        ..OPTIONS
    },
    Fixture {
        name: "options-sgd-layer-never-drawn-anew",
        options: Options {
            draws: Draws { period: Period::Never, ..NONE.draws },
            update: UpdatePolicy { sgd_layers: SgdLayers::Only(2), surgeon: Some(0.1), ..NONE.update },
            ..NONE
        },
        ..OPTIONS
    },
    Fixture { name: "run-fc-sgd", ..sgd(FC) },
    Fixture { name: "run-fc-rbd", ..FC },
    Fixture { name: "run-fc-rbd-hadamard-normal", distribution: Distribution::HadamardNormal, ..FC },
    Fixture { name: "run-fc-rbd-rademacher", distribution: Distribution::Rademacher, ..FC },
    Fixture { name: "run-fc-fpd", method: Method::Fpd, ..FC },
    Fixture { name: "run-fc-nes", ..nes(FC, 3) },
    Fixture { name: "run-fc-hybrid", ..hybrid(FC, 5) },
    Fixture { name: "run-fc-gradient-bases", ..gradient_bases(FC, PAST_GRADIENTS) },
    Fixture { name: "run-cnn-sgd", ..sgd(CNN) },
    Fixture { name: "run-cnn-rbd", ..CNN },
    Fixture { name: "run-cnn-fpd", method: Method::Fpd, ..CNN },
    Fixture { name: "run-cnn-nes", ..nes(CNN, 2) },
    Fixture { name: "run-cnn-hybrid", ..hybrid(CNN, 2) },
    Fixture { name: "run-cnn-gradient-bases", ..gradient_bases(CNN, PAST_GRADIENTS) },
    Fixture { name: "run-fc-32x32x3-rbd", network: Model::Fc32, ..CNN },
    Fixture { name: "run-cnn-32x32x3-rbd", network: Model::Cnn32, ..CNN },
    Fixture {
        name: "run-conv-32x32x3-rbd",
        network: Model::LargeConv32,
        dimensions: 3,
        steps: 2,
        tensors: Tensors::Weights(997),
        ..CNN
    },
    Fixture {
        name: "run-conv-rbd",
        network: Model::LargeConv28,
        dimensions: 3,
        steps: 2,
        tensors: Tensors::Weights(997),
        ..CNN
    },
];

/// The name of the list of known answers.
pub const ANSWERS: &str = "known-answers";

impl Fixture {
    /// Records it.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn record(&self, path: &Path, executor: Threads) -> Result<(), Failure> {
        let data = DataSet::synthetic(self.network.shape(), self.images, 0, executor.pool());
        let split = Split { start: 10, validation: 40, training: self.images as u32 - 40 };
        let spec = RunSpec {
            math: self.math,
            network: self.network,
            data: data.spec(split, self.augmentation),
            method: self.method,
            dimensions: self.dimensions,
            distribution: self.distribution,
            normalisation: self.normalisation,
            antithetic: self.antithetic,
            batch: self.batch,
            seed: 42,
            options: self.options,
        };
        let rates = |step: u64| Rates {
            method: self.rate,
            sgd: self.rate * 0.125,
            sgd_step: self.options.update.sgd_steps && step % 3 == 1,
        };
        record_run(path, &spec, rates, u64::from(self.steps), self.tensors, executor, &data)
    }
}

/// Trains and records.
///
/// # Errors
/// [`Failure::Output`], and [`Failure::Diverged`] if a loss is not finite: a fixture holds no NaN.
pub fn record_run(
    path: &Path,
    spec: &RunSpec,
    rates: impl Fn(u64) -> Rates,
    steps: u64,
    tensors: Tensors,
    executor: Threads,
    data: &DataSet,
) -> Result<(), Failure> {
    let mut writer = RecordWriter::create(path, true)?;
    writer.write(&Record::Run(spec.to_record()))?;
    let strategy = spec.strategy(settings::Strategy::Auto, executor.level());
    let mut training =
        begin(spec, strategy, executor, data, Split::from(&spec.data)).map_err(Failure::configuration)?;
    let write = |writer: &mut RecordWriter, name: &str, values: &[f32], stride: u32| {
        let kept: Vec<f32> = values.iter().step_by(stride as usize).copied().collect();
        let values = Tensor { name, len: values.len() as u32, stride, values: Floats::from(&kept[..]) };
        writer.write(&Record::Tensor(values))
    };
    if let Tensors::All(stride) = tensors {
        write(&mut writer, "weights", training.weights(), stride)?;
    }
    let mut before = digest(training.weights());
    for step in 0..steps {
        let rates = rates(step);
        let outcome = training.step(rates);
        if !outcome.loss.is_finite() {
            return Err(Failure::diverged(format_args!(
                "step {step}: the loss is {}; nothing to record",
                outcome.loss
            )));
        }
        before = write_step(&mut writer, spec, training.as_mut(), step, rates, outcome, before)?;
    }
    match tensors {
        Tensors::All(stride) => {
            for (name, stride) in [("input", 1), ("logits", 1), ("gradient", stride), ("weights", stride)] {
                if let Some(values) = training.tensor(name) {
                    write(&mut writer, name, values, stride)?;
                }
            }
        }
        Tensors::Weights(stride) => write(&mut writer, "weights", training.weights(), stride)?,
    }
    writer.finish()
}

/// Records known answers of the generator and of every distribution.
///
/// # Errors
/// [`Failure::Output`].
pub fn record_answers(path: &Path, executor: &mut Threads) -> Result<(), Failure> {
    let tuple = |seed, redraw, worker, compartment| KeyTuple { seed, redraw, worker, compartment };
    let keys = [tuple(0, 0, 0, 0), tuple(42, 1, 0, 0), tuple(u64::MAX, 1 << 40, 3, 7)];
    let mut writer = RecordWriter::create(path, true)?;
    writer.write(&Record::Answers(Answers { contract: CONTRACT }))?;
    for tuple in keys {
        for (direction, tile, lane) in [(0, 0, 0), (0, 0, 15), (249, 24, 5), (u32::MAX, u32::MAX, 9)] {
            let mut stream = Stream::<Array<1>>::new(key(tuple).tile(direction, tile), usize::from(lane));
            let words: Vec<f32> = (0..16).map(|_| f32::from_bits(stream.words()[0])).collect();
            let words = Floats::from(&words[..]);
            writer.write(&Record::Words(Words { key: tuple, direction, tile, lane, words }))?;
        }
        for distribution in Distribution::EXAMPLES {
            for (direction, tile, len) in [(0, 0, 200), (1, 0, 16), (0, 1, 16), (249, 24, TILE)] {
                let row = BasisRow { key: key(tuple), direction, distribution };
                let mut values = vec![0.0; len];
                executor.run(&OneTile(row, tile), &mut values);
                let values = Floats::from(&values[..]);
                writer.write(&Record::Row(Row { key: tuple, direction, tile, distribution, values }))?;
            }
        }
    }
    for (name, arguments) in [(FunctionName::Exp, exp_arguments()), (FunctionName::Ln, ln_arguments())] {
        for math in [MathId::Libm, MathId::Micromath] {
            let values: Vec<f32> = arguments.iter().copied().map(function(math, name)).collect();
            let (arguments, values) = (Floats::from(&arguments[..]), Floats::from(&values[..]));
            writer.write(&Record::Function(Function { math, name, arguments, values }))?;
        }
    }
    writer.finish()
}

/// Arguments around every branch of `exp`, and some between; softmax takes none above 0.
fn exp_arguments() -> Vec<f32> {
    let edges = [0x3900_0000, 0x3eb1_7218, 0x3f85_1592, 0x42ae_ac50, 0x42cf_f1b5];
    let edges =
        edges.into_iter().flat_map(|edge| [edge - 1, edge, edge + 1]).map(|bits| -f32::from_bits(bits));
    let between = (1..=40).map(|i| i as f32 * -2.37);
    [0.0, -0.0, 0.25, 1.0, 1.5, 30.0].into_iter().chain(edges).chain(between).collect()
}

/// Arguments around the ends of a binade and its cut at the square root of 2; softmax takes none below 1.
fn ln_arguments() -> Vec<f32> {
    let edges = [0x3f80_0000, 0x3fb5_04f3, 0x4000_0000, 0x4035_04f3, 0x4080_0000];
    let edges = edges.into_iter().flat_map(|edge| [edge - 1, edge, edge + 1]).map(f32::from_bits);
    edges.chain((1..=40).map(|i| 1.0 + i as f32 * 0.23)).collect()
}
