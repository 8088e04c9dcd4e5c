//! The CPU runner of random-bases, as a library.
//!
//! The program `random-bases` is a thin shell over it, and other runners share its settings, data files and records.
//! Nothing here decides a bit of a training: that is the core's (`random-bases-core`).
//!
//! ```
//! use random_bases::executor::Threads;
//! use random_bases_core::nn::{Network, Small8, initial_weights};
//! use random_bases_core::numerics::digest;
//! use random_bases_core::step::Serial;
//!
//! let (mut threaded, mut serial) = (vec![0.0; Small8::PARAMS], vec![0.0; Small8::PARAMS]);
//! let mut executor = Threads::new(2, None).unwrap(); // two threads, the best vector instructions
//! initial_weights::<Small8, _>(&mut executor, 42, &mut threaded);
//! initial_weights::<Small8, _>(&mut Serial::<random_bases_core::numerics::Array<1>>::new(), 42, &mut serial);
//! assert_eq!(digest(&threaded), digest(&serial)); // the same bits
//! ```
//!
//! In reading order: [`args`] what was typed, [`settings`] what it means, [`run_spec`] and [`model`] that in the core's
//! words and types, [`dataset`] and [`files`] the images, [`fetch`] where they come from, [`executor`] and [`vector`] how
//! tiles run, [`mod@fastest`] which strategy takes less time, [`feed`] mini-batches, [`training`] a run in progress, [`epochs`] its loop, [`checkpoint`] and [`resume`] what lets it
//! go on, [`probes`] what is looked at on the way, [`records`] journals and fixtures, [`output`] and
//! [`progress`] what people get, [`plot`] charts, [`mod@bench`] how fast it all is, [`interrupt`] Ctrl-C, [`commands`] the subcommands, [`failure`] what can
//! go wrong.

pub mod args;
pub mod bench;
pub mod checkpoint;
pub mod commands;
pub mod dataset;
pub mod epochs;
pub mod executor;
pub mod failure;
pub mod fastest;
pub mod feed;
pub mod fetch;
pub mod files;
pub mod interrupt;
pub mod model;
pub mod output;
pub mod plot;
pub mod probes;
pub mod progress;
pub mod records;
pub mod resume;
pub mod run_spec;
pub mod settings;
pub mod training;
pub mod vector;
