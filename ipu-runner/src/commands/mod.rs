//! The subcommands, a file each.

pub mod plan;
pub mod probe;
pub mod train;
pub mod verify;
