//! The faster of the two strategies, as a rule. No bit depends on it.
//!
//! Two-pass makes every row twice and keeps none; fused makes it once and keeps four of them for each thread. So fused pays where an
//! element costs much to make, beside what it costs to store and load it; the less, the wider the vectors are, and the more rows
//! leave the caches. `random-bases bench scaling` has the
//! times from which the limits are (`--vector` for narrower ones).

use random_bases_core::basis::Distribution;
use random_bases_core::subspace::Strategy;

use crate::vector::Level;

/// Elements up to which keeping rows pays, if elements are dear: four rows of so many are 16 MiB.
const DEAR: usize = 1 << 20;

/// The same if elements are cheap: 4 MiB.
const CHEAP: usize = 1 << 18;

/// What `--strategy auto` takes for rows of so many elements: those of the largest compartment.
#[must_use]
pub const fn fastest(distribution: Distribution, elements: usize, level: Level) -> Strategy {
    let most = match (distribution, level) {
        (Distribution::Normal | Distribution::LogNormal, _) => DEAR,
        (_, Level::Avx512) => 0,
        (Distribution::HadamardNormal | Distribution::Bernoulli(_), _) => CHEAP,
        (Distribution::Uniform, Level::Sse2 | Level::Neon | Level::Portable) => CHEAP,
        _ => 0,
    };
    if elements <= most { Strategy::Fused } else { Strategy::TwoPass }
}
