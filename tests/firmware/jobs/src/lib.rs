//! What a microcontroller and its host both compute: the same functions, the same lines of text.
//!
//! - [`answers`]: the generator, the distributions, `exp` and `ln`, against the recorded known answers;
//! - [`train`]: a recorded training of the small network, done again and compared number by number;
//! - [`replay`]: the weights of a training, from its [`journal`] alone, as it comes;
//! - [`large`]: a training of a network whose weights take most of a small memory.
//!
//! A host runs them with other vectors and the other strategy than a microcontroller; no line may show that. Everything is
//! borrowed: there is no allocator. Floats are compared and written as bits.
#![no_std]
#![forbid(unsafe_code)]

pub mod answers;
pub mod failure;
pub mod fixtures;
pub mod images;
pub mod journal;
pub mod large;
pub mod recorded;
pub mod replay;
pub mod train;

use random_bases_core::subspace::Strategy;

/// How a machine works. No bit depends on it.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Two-pass or fused.
    pub strategy: Strategy,
    /// Whether a gradient is made tile by tile instead of being kept.
    pub streamed: bool,
}

impl How {
    /// With the least memory.
    pub const SMALL: Self = Self { strategy: Strategy::TwoPass, streamed: true };
}
