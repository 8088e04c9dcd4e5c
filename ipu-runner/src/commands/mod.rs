//! The subcommands, a file each.

pub mod plan;
pub mod train;
pub mod verify;
