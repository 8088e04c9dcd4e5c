//! Supersteps, tiles and the executors that run them.
//!
//! A training step is a fixed list of supersteps; a [`Superstep`] is a set of independent tiles. A tile reads what
//! earlier supersteps wrote and writes one slice of the output that is its own. How many tiles there are and what each
//! does follows from the network, the batch and the number of directions, never from threads or devices. An
//! [`Executor`] only decides where and when a tile runs, which is why every executor gets the same bits.

mod serial;

pub use serial::Serial;

use crate::numerics::Lanes;

/// A set of independent tiles.
pub trait Superstep: Sync {
    /// What the superstep is called in profiles, plans and lowered programs.
    const NAME: &'static str;

    /// Floats of output per tile; the last tile may have fewer. Positive.
    fn chunk(&self) -> usize;

    /// Computes tile `index`, the `index`-th chunk of the output.
    ///
    /// `out` is the tile's own slice. Unless the superstep is an update in place and says so, it may hold anything
    /// before and is written in full.
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]);
}

/// Something that runs supersteps: serially, over threads, over the tiles of another machine.
pub trait Executor {
    /// Runs every tile of `superstep` once, in any order, and returns when all are done. `out` is cut into chunks of
    /// `superstep.chunk()` floats.
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]);
}
