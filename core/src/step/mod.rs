//! Supersteps, tiles and the executors that run them.
//!
//! A training step is a fixed list of supersteps; a [`Superstep`] is a set of independent tiles. A tile reads what
//! earlier supersteps wrote and writes one slice of the output that is its own. How many tiles there are and what each
//! does follows from the network, the batch and the number of directions, never from threads or devices. An
//! [`Executor`] only decides where and when a tile runs, which is why every executor gets the same bits. (The fused strategy
//! takes its blocks, and evolution its offspring, in as many waves as the memory asks for; the order of sums is that of the
//! blocks and of the offspring.)

mod serial;
mod work;

pub use serial::Serial;
pub use work::{Parts, Work};

use crate::numerics::Lanes;

/// A set of independent tiles.
pub trait Superstep: Sync {
    /// What the superstep is called in profiles, plans and lowered programs.
    const NAME: &'static str;

    /// Whether a tile also reads its own slice of the output: an update in place. If not, the slice may hold anything
    /// before.
    const IN_PLACE: bool = false;

    /// Floats of output per tile; the last tile may have fewer. Positive.
    fn chunk(&self) -> usize;

    /// Calls `read` with every slice of floats that tile `index` reads, besides its own if it is in place.
    ///
    /// An executor that runs tiles where their inputs are not (another process, the tiles of an IPU) learns from this what
    /// to bring there. Other executors need not call it. Conformance can check it: what is not named may hold anything.
    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32]));

    /// Calls `part` with the parts of the `len` floats of output, in order, and what each is computed from.
    ///
    /// An executor that does not run Rust learns from this what to do. Those that do run [`tile`](Superstep::tile) instead.
    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::Undescribed);
    }

    /// Computes tile `index`, the `index`-th chunk of the output.
    ///
    /// `out` is the tile's own slice; it is written in full.
    ///
    /// Implementations, and every function between them and an operation of [`Lanes`], are `#[inline(always)]`: an
    /// executor compiles the tile with more instructions enabled than the rest of the program, and what is not inlined
    /// there would be compiled without them. (The bits would be right; the speed would not.)
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]);
}

/// The `index`-th of the pieces of `len` floats that `data` consists of; the last may be shorter. What belongs to a tile.
#[inline(always)]
pub(crate) fn piece(data: &[f32], index: usize, len: usize) -> &[f32] {
    &data[index * len..data.len().min((index + 1) * len)]
}

/// Something that runs supersteps: serially, over threads, over the tiles of another machine.
pub trait Executor {
    /// Whether it takes trainings [without room for a gradient](crate::descent::Sizes::without_gradient). Executors whose machines have room say
    /// no: that code would be compiled for every network, and never be used.
    const STREAMS: bool = true;

    /// Runs every tile of `superstep` once, in any order, and returns when all are done and all of `out` can be read by
    /// whoever runs the next superstep. `out` is cut into chunks of `superstep.chunk()` floats.
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]);
}
