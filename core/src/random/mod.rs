//! Random bits: keys, seeds and streams.
//!
//! Everything random in a run is a function of a few integers. Three steps lead from them to bits:
//!
//! 1. [`Key`]: what is drawn (run seed, re-draw index, worker, compartment, and a [`Domain`] that says what for),
//!    hashed into 128 bits. Hashed, not summed: worker 1 at step 0 shares nothing with worker 0 at step 1.
//! 2. [`TileSeed`]: the key, a direction and a tile, from which 16 lane seeds of 128 bits each follow.
//! 3. A generator per lane, exactly `rand_xorshift::XorShiftRng`: all sixteen side by side in [`Stream`], for bases,
//!    or one alone from [`Key::generator`], for everything that is drawn in sequence (shuffles, synthetic images).

mod key;
mod stream;

#[cfg(feature = "conformance")]
pub(crate) use key::fmix32;
pub use key::{Domain, Key, TileSeed, generator_below};
pub(crate) use key::{FMIX, GOLDEN};
pub(crate) use stream::RowSeeds;
pub use stream::Stream;

/// Streams per tile of a row. A constant of the numeric contract, not of a machine.
pub const LANES: usize = 16;
