//! The subcommands, a file each.

pub mod emit;
pub mod plan;
pub mod probe;
pub mod train;
pub mod verify;
