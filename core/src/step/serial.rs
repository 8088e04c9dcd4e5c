//! One tile after the other.

use core::marker::PhantomData;

use super::{Executor, Superstep};
use crate::numerics::{Array, Lanes};

/// The executor that defines the others: tiles in index order, on this thread, with the vectors `V`.
///
/// On a microcontroller take `Serial<Array<1>>`.
#[derive(Clone, Copy, Debug)]
pub struct Serial<V: Lanes = Array<4>>(PhantomData<V>);

impl<V: Lanes> Serial<V> {
    /// It has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Lanes> Default for Serial<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Lanes> Executor for Serial<V> {
    #[inline(always)]
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        for (index, chunk) in out.chunks_mut(superstep.chunk()).enumerate() {
            superstep.tile::<V>(index, chunk);
        }
    }
}
