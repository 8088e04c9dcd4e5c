//! Vector instructions: the core's [`Lanes`] on what the processor has.
//!
//! This is the one place of core and runner with `unsafe`. There are three kinds of it, and one argument for each:
//!
//! - *An intrinsic*, and a function compiled for an instruction set, needs that set. Its vector type is reachable only
//!   through `Level::run_tile`, which enters a function compiled for the set, after [`Level::available`] has asked the
//!   processor.
//! - *A load or store* through a pointer needs valid memory. Each goes through a slice that was cut to the vector's
//!   length just before.
//! - *An instruction as assembly*, where the compiler takes its intrinsic apart, reads and writes registers alone, and needs its set
//!   like an intrinsic.
//!
//! Every operation is exact or correctly rounded, so all levels have the same bits; the conformance suite checks it.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod level;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod operator;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use level::Level;

#[cfg(doc)]
use random_bases_core::numerics::Lanes;
