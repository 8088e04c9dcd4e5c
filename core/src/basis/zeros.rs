//! No direction at all: every element is +0. For baselines and for measuring what everything else costs.

use core::marker::PhantomData;

use super::{Law, OCTET, Sampler};
use crate::numerics::Lanes;
use crate::random::Stream;

/// +0; `NUMERICS.md`, section 3.
#[derive(Clone, Copy, Debug)]
pub struct Zeros;

impl Law for Zeros {
    type Sampler<V: Lanes> = ZerosSampler<V>;
}

/// Its sampler.
#[derive(Clone, Copy)]
pub struct ZerosSampler<V>(PhantomData<V>);

impl<V: Lanes> Sampler<V> for ZerosSampler<V> {
    type Law = Zeros;

    #[inline(always)]
    fn new(_: Stream<V>, _: Zeros) -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn octet(&mut self) -> [V::F; OCTET] {
        [V::splat(0.0); OCTET]
    }
}
