//! Training in low-dimensional random subspaces.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod basis;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod data;
pub mod descent;
pub mod nn;
pub mod numerics;
pub mod random;
#[cfg(feature = "serde")]
pub mod record;
pub mod step;
pub mod subspace;
