//! The arithmetic of the contract: f32 vectors, elementary functions, sums, digests.
//!
//! [`Lanes`] is the one door to vector instructions: about thirty operations, each exact or rounded once as IEEE-754
//! says, so that every implementation has the same bits. [`Array`] is the plain one; the others need `unsafe` and live
//! outside this crate. [`Math`] is `exp` and `ln`, for softmax and loss only.

mod array;
mod digest;
mod lanes;
mod math;

pub use array::Array;
pub use digest::{Digest, digest};
pub use lanes::{Kernel, Lanes, tree_sum};
#[cfg(feature = "micromath")]
pub use math::Micromath;
pub use math::{Libm, Math, MathId};

/// The version of the numeric contract (`NUMERICS.md`). Any change of one bit anywhere changes this number.
pub const CONTRACT: u16 = 2;

/// Rows are drawn, projected and lifted in tiles of so many elements; each tile has its own seed.
pub const TILE: usize = 4096;

/// Directions whose updates are summed together before they join the total.
pub const BLOCK: usize = 16;
