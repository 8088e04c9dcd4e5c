//! No direction at all: every element is +0. For baselines and for measuring what everything else costs.

use core::marker::PhantomData;

use super::{OCTET, Sampler};
use crate::numerics::Lanes;
use crate::random::Stream;

/// +0; `NUMERICS.md`, section 3.
#[derive(Clone, Copy)]
pub struct Zeros<V>(PhantomData<V>);

impl<V: Lanes> Sampler<V> for Zeros<V> {
    type Law = ();

    #[inline(always)]
    fn new(_: Stream<V>, (): ()) -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn octet(&mut self) -> [V::F; OCTET] {
        [V::splat(0.0); OCTET]
    }
}
