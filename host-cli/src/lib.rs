//! CPU runner.

pub mod executor;
pub mod vector;
