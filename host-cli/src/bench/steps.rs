//! Whole training steps, as `random-bases train` makes them.

use std::sync::Arc;

use random_bases_core::basis::Distribution;
use random_bases_core::descent::{Evolution, Method, Options, Rates};
use random_bases_core::numerics::MathId;
use random_bases_core::subspace::{Normalisation, Transformation};

use super::{Amount, Case, Plan, executor};
use crate::dataset::{DataSet, Split};
use crate::executor::Threads;
use crate::failure::Failure;
use crate::model::Model;
use crate::run_spec::RunSpec;
use crate::settings;
use crate::training::{Training, begin};

/// Synthetic images to train on.
const TRAIN: usize = 4096;

/// A training to measure.
#[derive(Clone, Copy)]
pub struct Work {
    /// The network.
    pub network: Model,
    /// The method.
    pub method: Method,
    /// d.
    pub dimensions: u32,
    /// What rows are drawn from.
    pub distribution: Distribution,
    /// Images per mini-batch.
    pub batch: u32,
}

impl Work {
    /// RBD of FC on 28x28 images.
    pub const RBD: Self = Self {
        network: Model::Fc28,
        method: Method::Rbd,
        dimensions: 250,
        distribution: Distribution::Normal,
        batch: 32,
    };

    fn spec(self, data: &DataSet, split: Split) -> RunSpec {
        RunSpec {
            math: MathId::Libm,
            network: self.network,
            data: data.spec(split, true),
            method: self.method,
            dimensions: if self.method == Method::Sgd { 0 } else { self.dimensions },
            distribution: self.distribution,
            normalisation: Normalisation::Auto,
            antithetic: false,
            batch: self.batch,
            seed: 1,
            options: Options::NONE,
        }
    }

    /// The training. The images live as long as the program: a few megabytes.
    pub fn begin(self, executor: Threads, data: &'static DataSet) -> Result<Box<dyn Training>, Failure> {
        let split = Split { start: 0, validation: 0, training: data.train_count() as u32 };
        let spec = self.spec(data, split);
        let strategy = spec.strategy(settings::Strategy::Auto, executor.level());
        begin(&spec, strategy, executor, data, split).map_err(Failure::configuration)
    }
}

/// Images that stay until the program ends.
pub fn images(shape: [usize; 3], pool: &Arc<rayon::ThreadPool>) -> &'static DataSet {
    Box::leak(Box::new(DataSet::synthetic(shape, TRAIN, 1, pool)))
}

/// Methods and networks, each on one thread and on all.
pub fn cases(plan: Plan) -> Result<Vec<Case>, Failure> {
    let nes = Evolution { noise: 0.002, transformation: Transformation::Ranks };
    let rbd = |distribution| Work { distribution, ..Work::RBD };
    let works = [
        ("FC, RBD d = 250, normal", rbd(Distribution::Normal)),
        ("FC, RBD d = 250, hadamard-normal", rbd(Distribution::HadamardNormal)),
        ("FC, RBD d = 250, uniform", rbd(Distribution::Uniform)),
        ("FC, RBD d = 250, rademacher", rbd(Distribution::Rademacher)),
        ("FC, FPD d = 250, normal", Work { method: Method::Fpd, ..Work::RBD }),
        ("FC, NES d = 50, normal", Work { method: Method::Nes(nes), dimensions: 50, ..Work::RBD }),
        ("FC, SGD", Work { method: Method::Sgd, ..Work::RBD }),
        ("CNN, RBD d = 250, normal", Work { network: Model::Cnn28, ..Work::RBD }),
        ("CNN, SGD", Work { network: Model::Cnn28, method: Method::Sgd, ..Work::RBD }),
    ];
    let data = images([28, 28, 1], executor(plan.all())?.pool());
    let mut cases = Vec::new();
    let mut machines = vec![(plan.best(), 1)];
    machines.extend((plan.threads > 1).then_some(plan.all()));
    for (name, work) in works {
        for machine in &machines {
            cases.push(case(name.into(), work, *machine, data)?);
        }
    }
    Ok(cases)
}

/// A case of one training step.
pub fn case(
    name: String,
    work: Work,
    machine: (crate::vector::Level, usize),
    data: &'static DataSet,
) -> Result<Case, Failure> {
    let executor = executor(machine)?;
    let pool = Arc::clone(executor.pool());
    let mut training = work.begin(executor, data)?;
    let rates = Rates::from(0.01);
    let bytes = training.bytes();
    Ok(Case::new(name, (machine.0, &pool), Amount::Steps(1.0), bytes, move || {
        training.step(rates);
    }))
}
