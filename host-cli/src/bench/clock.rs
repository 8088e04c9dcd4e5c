//! The processor's clock, by a chain of operations that each take one turn.

use std::hint::black_box;
use std::time::Instant;

/// Xorshift steps of three shifts and three sums, each waiting for the one before.
const STEPS: u32 = 200_000;

/// Turns per second: x86-64 processors need one for a shift and one for a sum; where they are one instruction of two turns, as on
/// many others, it is the same.
pub fn frequency() -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        let mut x = black_box(1u64);
        for _ in 0..STEPS {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
        }
        black_box(x);
        best = best.min(start.elapsed().as_secs_f64());
    }
    f64::from(6 * STEPS) / best
}
