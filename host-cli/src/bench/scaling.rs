//! How times grow: with weights, directions, threads, images.

use random_bases_core::basis::Distribution;
use random_bases_core::subspace::Strategy;

use super::bases::Bench;
use super::steps::{Work, case, images};
use super::{Amount, Case, Plan, executor};
use crate::failure::Failure;

/// Numbers of weights, with as many directions as keep a run short.
const WEIGHTS: [(usize, usize); 5] =
    [(10_000, 256), (100_000, 256), (1_000_000, 256), (10_000_000, 32), (100_000_000, 16)];

/// Numbers of directions, of 100,000 weights.
const DIRECTIONS: [usize; 4] = [10, 100, 1_000, 10_000];

const BATCHES: [u32; 5] = [8, 32, 128, 512, 2048];

/// Both strategies, `normal`.
pub fn cases(plan: Plan) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for strategy in [Strategy::TwoPass, Strategy::Fused] {
        let name = if strategy == Strategy::TwoPass { "two-pass" } else { "fused" };
        for (params, d) in WEIGHTS {
            cases.push(update(format!("D = {params}, d = {d}, {name}"), strategy, [params, d], plan.all())?);
        }
        for d in DIRECTIONS {
            cases.push(update(format!("D = 100000, d = {d}, {name}"), strategy, [100_000, d], plan.all())?);
        }
        for threads in (0..).map(|k| 1 << k).take_while(|threads| *threads <= plan.threads) {
            let name = format!("D = 101770, d = 250, {name}");
            cases.push(update(name, strategy, [101_770, 250], (plan.best(), threads))?);
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
    name: String,
    strategy: Strategy,
    size: [usize; 2],
    machine: (crate::vector::Level, usize),
) -> Result<Case, Failure> {
    let mut bench = Bench::new(executor(machine)?, Distribution::Normal, size, strategy);
    let amount = Amount::Elements((size[0] * size[1]) as f64);
    Ok(Case::new(name, machine, amount, bench.bytes(), move || bench.update(strategy)))
}
