//! Poplar programs that execute the core's supersteps on the tiles of an IPU, and a machine that emulates them.
#![deny(missing_docs)]

pub mod codelets;
pub mod executor;
pub mod graph;
pub mod lower;
pub mod machine;
pub mod program;
pub mod target;
