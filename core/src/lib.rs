//! Training in low-dimensional random subspaces: the same bits on every machine.
//!
//! Three promises:
//!
//! 1. **Bits.** Every number that a training produces is defined by `NUMERICS.md`, down to the order of every sum. No
//!    thread count, vector width or strategy can be seen in a bit.
//! 2. **Memory.** No std, no allocator, no `unsafe`. Buffers come from the caller, in lengths that are constants; a
//!    basis of d rows of D elements is a function of its key and is never stored.
//! 3. **Nothing above.** This crate knows no thread, file, device or command line; it is the other way round.
//!
//! One step of random bases descent, on two images of noise:
//!
//! ```
//! use random_bases_core::descent::{Descent, Memory, Method, Sizes, Subspace};
//! use random_bases_core::nn::{Batch, Small8};
//! use random_bases_core::numerics::Libm;
//! use random_bases_core::step::Serial;
//! use random_bases_core::subspace::Strategy;
//!
//! const SIZES: Sizes = Sizes::of::<Small8>(Method::Rbd, 2, 8, Strategy::TwoPass); // 2 images, 8 directions
//! let mut floats = [0.0; SIZES.floats()];
//! let mut memory = Memory::carve(SIZES, &mut floats);
//!
//! let (subspace, strategy) = (Subspace::of(8), Strategy::TwoPass);
//! let mut descent = Descent::new(Method::Rbd, 1, subspace, strategy);
//! let mut executor: Serial = Serial::new();
//! descent.start::<Small8, _>(&mut executor, &mut memory);
//!
//! let input: [f32; 128] = core::array::from_fn(|i| (i * 37 % 101) as f32 / 101.0);
//! let mut batch = Batch { input: &input, labels: &[3, 7] };
//! descent.step::<Small8, Libm, _>(&mut executor, 1.0, &mut batch, &mut memory);
//! assert!(memory.coordinates.iter().all(|c| *c != 0.0)); // eight numbers say what the step did
//! ```
//!
//! In reading order:
//!
//! - [`numerics`]: vectors, sums, `exp` and `ln`, digests;
//! - [`random`]: keys, seeds, streams;
//! - [`basis`]: distributions; **a row is made in [`basis::Row::tile`]**;
//! - [`step`]: supersteps, tiles, executors;
//! - [`subspace`]: projection and lift;
//! - [`nn`]: layers, networks, loss; **a new layer goes there**;
//! - [`descent`]: the methods; **the update loop is [`descent::Descent::step`]**; what RBD leaves open is [`descent::Options`];
//! - [`data`]: synthetic images, splits, shuffles, augmentation;
//! - [`contract`]: the constants by name, for other languages;
//! - `record` (feature `serde`): journals and fixtures;
//! - `conformance` (feature): the suite that every executor must pass.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(all(target_arch = "x86", not(target_feature = "sse2")))]
compile_error!("x86 without SSE2 computes with x87 registers, which round differently; enable SSE2");

pub mod basis;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod contract;
pub mod data;
pub mod descent;
pub mod nn;
pub mod numerics;
pub mod random;
#[cfg(feature = "serde")]
pub mod record;
pub mod step;
pub mod subspace;

/// The examples of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
