//! Projection, lift and both in one, of each distribution.

use std::hint::black_box;
use std::sync::Arc;

use random_bases_core::basis::Distribution;
use random_bases_core::numerics::digest;
use random_bases_core::random::{Domain, Key};
use random_bases_core::subspace::{self, Basis, Coordinates, Normalisation, Rule, Strategy};

use super::{Amount, Case, Plan, executor};
use crate::executor::Threads;
use crate::failure::Failure;
use crate::training::BLOCKS_PER_THREAD;

/// The weights of FC on MNIST, and the directions of the paper.
const PARAMS: usize = 101_770;
const DIRECTIONS: usize = 250;

/// What is measured of a basis.
#[derive(Clone, Copy, PartialEq)]
enum What {
    Project,
    Lift,
    Update(Strategy),
}

impl What {
    const ALL: [Self; 4] =
        [Self::Project, Self::Lift, Self::Update(Strategy::TwoPass), Self::Update(Strategy::Fused)];

    const fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Lift => "lift",
            Self::Update(Strategy::TwoPass) => "update, two-pass",
            Self::Update(Strategy::Fused) => "update, fused",
        }
    }
}

/// A gradient, weights, and everything between them.
pub struct Bench {
    executor: Threads,
    basis: Basis<'static>,
    gradient: Vec<f32>,
    weights: Vec<f32>,
    values: Vec<f32>,
    norms: Vec<f32>,
    scratch: Vec<f32>,
}

impl Bench {
    /// For `strategy`, or two passes one by one.
    pub fn new(
        executor: Threads,
        distribution: Distribution,
        [params, dimensions]: [usize; 2],
        strategy: Strategy,
    ) -> Self {
        let wave = BLOCKS_PER_THREAD * executor.threads();
        let normalisation = Normalisation::Auto;
        let key = Key::new(Domain::Basis, 1, 0, 0, 0);
        let basis = Basis { key, redraws: None, distribution, normalisation, dimensions, antithetic: false };
        // Numbers of both signs that no pattern of a basis meets.
        let gradient = (0..params).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect();
        Self {
            executor,
            basis,
            gradient,
            weights: vec![0.0; params],
            values: vec![0.5; dimensions],
            norms: vec![0.0; dimensions],
            scratch: vec![0.0; strategy.scratch_of(distribution, params, dimensions, wave)],
        }
    }

    fn run(&mut self, what: What) {
        let Self { executor, basis, gradient, weights, values, norms, scratch } = self;
        let scale = -0.01;
        match what {
            What::Project => subspace::project(executor, basis, 0, gradient, values, norms, scratch),
            What::Lift => subspace::replay(executor, basis, values, scale, weights, norms, scratch),
            What::Update(strategy) => {
                let mut coordinates = Coordinates { values, norms, scratch };
                let rule = Rule::Current;
                subspace::update(executor, strategy, basis, gradient, rule, scale, weights, &mut coordinates);
            }
        }
        black_box(&self.weights);
    }

    /// Projection and lift.
    pub fn update(&mut self, strategy: Strategy) {
        self.run(What::Update(strategy));
    }

    /// Its threads.
    pub fn pool(&self) -> Arc<rayon::ThreadPool> {
        Arc::clone(self.executor.pool())
    }

    /// Bytes of all buffers.
    pub fn bytes(&self) -> usize {
        4 * (2 * self.weights.len() + 2 * self.values.len() + self.scratch.len())
    }

    /// The bits of one update.
    fn digest(&mut self, what: What) -> u64 {
        self.weights.fill(0.0);
        self.run(what);
        digest(&self.weights) ^ digest(&self.values).rotate_left(1)
    }
}

/// A case per distribution, part, level and number of threads; those of the same work have the same bits.
pub fn cases(plan: Plan) -> Result<Vec<Case>, Failure> {
    let (mut cases, mut bits) = (Vec::new(), None);
    let distributions = Distribution::EXAMPLES.into_iter().filter(|d| *d != Distribution::Zeros);
    for (distribution, what) in distributions.flat_map(|d| What::ALL.map(|what| (d, what))) {
        let strategy = if let What::Update(strategy) = what { strategy } else { Strategy::TwoPass };
        // Both strategies of an update have the same.
        if what != What::Update(Strategy::Fused) {
            bits = None;
        }
        for machine in plan.machines() {
            let mut bench = Bench::new(executor(machine)?, distribution, [PARAMS, DIRECTIONS], strategy);
            let name = format!("{} {distribution}", what.name());
            let digest = bench.digest(what);
            if *bits.get_or_insert(digest) != digest {
                let (level, threads) = machine;
                return Err(Failure::Mismatch(format!(
                    "{name}: other bits with {level} on {threads} threads; please report it"
                )));
            }
            let amount = Amount::Elements((PARAMS * DIRECTIONS) as f64);
            let pool = bench.pool();
            cases.push(Case::new(name, (machine.0, &pool), amount, bench.bytes(), move || bench.run(what)));
        }
    }
    Ok(cases)
}
