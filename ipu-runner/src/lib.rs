//! Poplar programs that execute the core's supersteps on the tiles of an IPU, and a machine that emulates them.
//!
//! In reading order:
//!
//! - [`target`]: machines, and how large they are;
//! - [`timing`]: how fast they are, as far as it is known or assumed;
//! - [`graph`]: variables, vertices and programs, and what every graph must fulfil;
//! - [`codelets`]: the C++ classes of vertices (`codelets/*.cpp`); **a new operation's arithmetic goes there**;
//! - [`lower`]: from what the core says of a superstep to vertices; **and how it is spread over tiles, there**;
//! - [`device`]: what can execute graphs;
//! - [`machine`]: one such device, the tile machine, which executes graphs in this process and checks the rules of the hardware;
//! - [`threads`]: devices on threads that are given to them;
//! - [`poplar`]: another device, Poplar, through a shim in C++; [`stand_in`] is what the shim is tested against where there is no SDK;
//! - [`program`]: whole training steps as one program, with weights that stay on the tiles;
//! - [`executor`]: an executor of the core on a device: such steps where they are one program, everything else superstep by superstep;
//! - [`emit`]: such steps as a C++ project, for a machine that has Poplar but nothing of this;
//! - [`probe`]: what only hardware can tell, as questions;
//! - [`commands`]: the program `ipu-runner`.
//!
//! Nothing about networks or methods is written again here: sizes, orders and constants come from the core, and a step is what the core's own
//! step asks of its executor.
//!
//! ```
//! use std::sync::Arc;
//!
//! use ipu_runner::codelets::Codelets;
//! use ipu_runner::executor::TileExecutor;
//! use ipu_runner::machine::{Library, TileMachine};
//! use ipu_runner::target::Target;
//! use random_bases::executor::Threads;
//! use random_bases_core::step::{Executor, Serial};
//! use random_bases_core::subspace::add_to_weights;
//!
//! // theta - 0.1 * g on 1,472 emulated tiles.
//! let device = TileMachine::new(Target::GC200, Library::new(&Codelets::built_in())?, 1);
//! let mut tiles = TileExecutor::new(Arc::new(device), Arc::new(Threads::new(1, None)?));
//! let (mut here, mut there) = ([1.0_f32; 100], [1.0_f32; 100]);
//! let gradient: [f32; 100] = std::array::from_fn(|i| i as f32);
//! add_to_weights(&mut Serial::<random_bases_core::numerics::Array<4>>::new(), &gradient, -0.1, &mut here);
//! add_to_weights(&mut tiles, &gradient, -0.1, &mut there);
//! tiles.report().check()?;
//! assert_eq!(here.map(f32::to_bits), there.map(f32::to_bits));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

pub mod args;
pub mod codelets;
pub mod commands;
pub mod device;
pub mod emit;
pub mod executor;
pub mod graph;
pub mod lower;
pub mod machine;
pub mod pattern;
pub mod poplar;
pub mod probe;
pub mod program;
pub mod stand_in;
pub mod target;
pub mod threads;
pub mod timing;
