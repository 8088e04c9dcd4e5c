//! How times grow: with weights, directions, threads, images.

use random_bases_core::basis::Distribution;
use random_bases_core::subspace::Strategy;

use super::bases::Bench;
use super::steps::{Work, case, images};
use super::{Amount, Case, Plan, executor};
use crate::failure::Failure;
use crate::vector::Level;

/// Numbers of weights, with as many directions as keep a run short.
const WEIGHTS: [(usize, usize); 5] =
    [(10_000, 256), (100_000, 256), (1_000_000, 256), (10_000_000, 32), (100_000_000, 16)];

/// Numbers of directions, of 100,000 weights.
const DIRECTIONS: [usize; 4] = [10, 100, 1_000, 10_000];

const BATCHES: [u32; 5] = [8, 32, 128, 512, 2048];

/// Numbers of weights around those at which keeping rows ceases to pay (`fastest.rs`).
const KEPT: [usize; 4] = [10_000, 100_000, 250_000, 1_000_000];

/// Both strategies of `normal`; of the others where `auto` has to choose.
pub fn cases(plan: Plan) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    let normal = Distribution::Normal;
    for strategy in [Strategy::TwoPass, Strategy::Fused] {
        for (params, d) in WEIGHTS {
            // Rows of the largest would take gigabytes.
            if strategy == Strategy::TwoPass || params <= 10_000_000 {
                cases.push(update(normal, strategy, [params, d], plan.all())?);
            }
        }
        for d in DIRECTIONS {
            cases.push(update(normal, strategy, [100_000, d], plan.all())?);
        }
        for threads in (0..).map(|k| 1 << k).take_while(|threads| *threads <= plan.threads) {
            cases.push(update(normal, strategy, [101_770, 250], (plan.best(), threads))?);
        }
    }
    let others = Distribution::EXAMPLES.into_iter().filter(|d| ![normal, Distribution::Zeros].contains(d));
    for (distribution, params) in others.flat_map(|d| KEPT.map(|params| (d, params))) {
        for strategy in [Strategy::TwoPass, Strategy::Fused] {
            cases.push(update(distribution, strategy, [params, 128], plan.all())?);
        }
    }
    let data = images([28, 28, 1], executor(plan.all())?.pool());
    for batch in BATCHES {
        let work = Work { batch, ..Work::RBD };
        cases.push(case(format!("FC, RBD step, {batch} images"), work, plan.all(), data)?);
    }
    Ok(cases)
}

fn update(
    distribution: Distribution,
    strategy: Strategy,
    [params, d]: [usize; 2],
    machine: (Level, usize),
) -> Result<Case, Failure> {
    let strategy_name = if strategy == Strategy::TwoPass { "two-pass" } else { "fused" };
    let name = format!("{distribution}, D = {params}, d = {d}, {strategy_name}");
    let mut bench = Bench::new(executor(machine)?, distribution, [params, d], strategy);
    let pool = bench.pool();
    let amount = Amount::Elements((params * d) as f64);
    Ok(Case::new(name, (machine.0, &pool), amount, bench.bytes(), move || bench.update(strategy)))
}
