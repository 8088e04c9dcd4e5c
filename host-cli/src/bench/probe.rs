//! How much the processor gives at the moment: vector operations none of which waits for another.
//!
//! A neighbour on the same core takes a part of the vector units for seconds at a time, of which a chain of single operations
//! (`clock.rs`) sees nothing. Where the probe differs before and after, times do not compare.

use std::hint::black_box;
use std::time::Instant;

use random_bases_core::numerics::Lanes;
use random_bases_core::random::LANES;
use random_bases_core::step::{Executor, Superstep};

use super::WARM_UP;
use crate::executor::Threads;

/// Independent chains: enough for two operations per turn that take four.
const CHAINS: usize = 10;
const STEPS: usize = 100_000;

/// A tile per thread.
struct Probe;

impl Superstep for Probe {
    const NAME: &'static str = "probe";

    fn chunk(&self) -> usize {
        LANES
    }

    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    #[inline(always)]
    fn tile<V: Lanes>(&self, _: usize, out: &mut [f32]) {
        let (a, b) = (V::splat(black_box(0.999)), V::splat(black_box(0.001)));
        // Of sixteen lanes, so that it is the same work for vectors of any length.
        for group in (0..LANES).step_by(V::WIDTH) {
            let mut x = [V::splat(1.0); CHAINS];
            for _ in 0..STEPS {
                for x in &mut x {
                    *x = *x * a + b;
                }
            }
            V::store(x.into_iter().fold(b, |sum, x| sum + x), &mut out[group..]);
        }
    }
}

/// Operations on floats per second, of all threads together.
pub fn throughput(executor: &mut Threads) -> f64 {
    let threads = executor.threads();
    let mut out = vec![0.0; LANES * threads];
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        executor.run(&Probe, black_box(&mut out));
        black_box(&out);
        best = best.min(start.elapsed().as_secs_f64());
    }
    (threads * 2 * CHAINS * STEPS * LANES) as f64 / best
}

/// [`throughput`] of threads that may have slept: several run for a while first.
pub(super) fn throughput_when_warm(executor: &mut Threads) -> f64 {
    let begin = Instant::now();
    while executor.threads() > 1 && begin.elapsed().as_secs_f64() < WARM_UP {
        throughput(executor);
    }
    throughput(executor)
}
