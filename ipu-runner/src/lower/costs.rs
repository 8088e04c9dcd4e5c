//! What codelets cost: bundles of one worker, by estimate.
//!
//! A worker issues at most one instruction for integers, addresses and memory together with one for floats. Counted are the larger of
//! both kinds in the C++ sources, as if the compiler used neither pairs of floats nor the matrix unit. Nothing of it was measured on hardware.

/// Two elements of a normal row: two words, a logarithm, a root, two sines.
pub const NORMAL: u64 = 50;

/// Two elements of a log-normal row: an exponential for each of two normal ones.
pub const LOG_NORMAL: u64 = NORMAL + 2 * 18;

/// Two elements of a uniform row: a word.
pub const UNIFORM: u64 = 12;

/// Two elements of a Bernoulli row: a word, two comparisons.
pub const BERNOULLI: u64 = 16;

/// Two signs: a word for sixteen pairs.
pub const RADEMACHER: u64 = 8;

/// Two elements of a nearly normal row, before it is rotated: a word, three products each.
pub const HADAMARD_NORMAL: u64 = 26;

/// Two zeros.
pub const ZEROS: u64 = 2;

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
