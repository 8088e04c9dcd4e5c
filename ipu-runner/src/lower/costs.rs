//! What codelets cost: bundles of one worker, by estimate.
//!
//! A worker issues at most one instruction for integers, addresses and memory together with one for floats. Counted are the larger of
//! both kinds in the C++ sources, as if the compiler used neither pairs of floats nor the matrix unit. Nothing of it was measured on hardware.

use super::Law;

/// Two elements of a row.
pub const fn pair(law: Law) -> u64 {
    // Names differ in their first letters; a match on a string is not possible in a constant.
    match law.name.as_bytes()[0] {
        b'N' => 50,          // Normal: two words, a logarithm, a root, two sines
        b'L' => 50 + 2 * 18, // LogNormal: and an exponential for each
        b'U' => 12,          // Uniform: a word
        b'B' => 16,          // Bernoulli
        b'R' => 8,           // Rademacher: a word for sixteen pairs
        b'H' => 26,          // HadamardNormal: a word, three products each
        _ => 2,              // Zeros
    }
}

/// Seeding a stream: four words, three mixes each.
pub const SEED: u64 = 12 * 8;

/// Starting a vertex, and ending it.
pub const VERTEX: u64 = 25;

/// A product and a sum of chains, with loads.
pub const MULTIPLY_ADD: u64 = 3;

/// An addition, with loads.
pub const ADD: u64 = 2;

/// A division or a root.
pub const DIVIDE: u64 = 20;

/// exp or ln.
pub const FUNCTION: u64 = 60;
