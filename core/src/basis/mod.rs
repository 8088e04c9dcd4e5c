//! Random bases: functions, never data.
//!
//! **A row is made here.** A basis has d rows (directions) of D elements. Nothing stores it: [`Row::tile`] regenerates
//! any tile of any row from its key, in any order, anywhere. A tile is [`TILE`] elements; element `16 k + l` of a tile
//! comes from lane `l`, so that the sixteen generators of a tile make sixteen neighbours at once.
//!
//! Each distribution is one file with one [`Sampler`], which makes eight vectors (128 elements) at a time. To add a
//! distribution, write its sampler, name it in [`Distribution`] and [`with_sampler!`](crate::basis), and describe it in
//! `NUMERICS.md`.

mod normal;
mod rademacher;
mod uniform;

pub use normal::Normal;
pub use rademacher::Rademacher;
pub use uniform::Uniform;

use crate::numerics::{Lanes, TILE};
use crate::random::{Key, LANES, Stream, TileSeed};

/// Vectors that a sampler makes per call.
pub const OCTET: usize = 8;

/// Elements of a tile that a sampler makes per call, over all lanes.
pub const OCTET_LEN: usize = OCTET * LANES;

/// Turns the words of a tile's streams into elements of a row.
///
/// One sampler serves `V::WIDTH` lanes; call `k` of [`octet`](Sampler::octet) makes vectors `8 k .. 8 k + 8` of them.
pub trait Sampler<V: Lanes>: Copy {
    /// At the start of a tile.
    fn new(stream: Stream<V>) -> Self;
    /// The next eight vectors.
    fn octet(&mut self) -> [V::F; OCTET];
}

/// What the elements of a row are drawn from. All are symmetric about zero or nearly so; see each sampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Distribution {
    /// N(0, 1). The paper's choice.
    Normal,
    /// Uniform on [-1, 1).
    Uniform,
    /// -1 or +1, each with probability one half.
    Rademacher,
}

impl Distribution {
    /// All of them, in the order of their numbers in records.
    pub const ALL: [Self; 3] = [Self::Normal, Self::Uniform, Self::Rademacher];

    /// The name used on command lines and in readable views.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Uniform => "uniform",
            Self::Rademacher => "rademacher",
        }
    }
}

/// Runs a block of code with the type alias `$S` standing for the sampler of a distribution known only at run time.
/// The choice is made once per tile, outside the loops.
macro_rules! with_sampler {
    ($distribution:expr, $V:ty, $S:ident => $body:expr) => {
        match $distribution {
            $crate::basis::Distribution::Normal => {
                type $S<V> = $crate::basis::Normal<V>;
                $body
            }
            $crate::basis::Distribution::Uniform => {
                type $S<V> = $crate::basis::Uniform<V>;
                $body
            }
            $crate::basis::Distribution::Rademacher => {
                type $S<V> = $crate::basis::Rademacher<V>;
                $body
            }
        }
    };
}
pub(crate) use with_sampler;

/// One row of a basis, by name.
///
/// ```
/// use random_bases_core::basis::{Distribution, Row};
/// use random_bases_core::numerics::Array;
/// use random_bases_core::random::{Domain, Key};
///
/// let row = Row { key: Key::new(Domain::Basis, 42, 0, 0, 0), direction: 7, distribution: Distribution::Normal };
/// let (mut whole, mut start) = ([0.0; 100], [0.0; 3]);
/// row.tile::<Array<8>>(0, &mut whole);
/// row.tile::<Array<1>>(0, &mut start); // another vector width, another length: the same bits
/// assert!(whole.iter().zip(&start).all(|(a, b)| a.to_bits() == b.to_bits()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The basis.
    pub key: Key,
    /// Which of its directions.
    pub direction: u32,
    /// What its elements are drawn from.
    pub distribution: Distribution,
}

impl Row {
    /// Writes the first `out.len()` elements of tile `tile`: elements `tile * TILE ..` of the row.
    ///
    /// # Panics
    /// If `out` is longer than [`TILE`].
    #[inline(always)]
    pub fn tile<V: Lanes>(&self, tile: u32, out: &mut [f32]) {
        let seed = self.key.tile(self.direction, tile);
        with_sampler!(self.distribution, V, S => write_tile::<V, S<V>>(seed, out));
    }
}

/// Writes the first `out.len()` elements of the tile with this seed.
#[inline(always)]
fn write_tile<V: Lanes, S: Sampler<V>>(seed: TileSeed, out: &mut [f32]) {
    assert!(out.len() <= TILE, "a tile has {TILE} elements, asked for {}", out.len());
    for group in (0..LANES).step_by(V::WIDTH) {
        let mut sampler = S::new(Stream::new(seed, group));
        let (octets, rest) = out.as_chunks_mut();
        for octet in octets {
            store_octet::<V>(sampler.octet(), group, octet);
        }
        if !rest.is_empty() {
            let mut padded = [0.0; OCTET_LEN];
            padded[..rest.len()].copy_from_slice(rest);
            store_octet::<V>(sampler.octet(), group, &mut padded);
            rest.copy_from_slice(&padded[..rest.len()]);
        }
    }
}

/// Stores eight vectors of one lane group where they belong in 128 neighbouring elements.
#[inline(always)]
fn store_octet<V: Lanes>(vectors: [V::F; OCTET], group: usize, out: &mut [f32; OCTET_LEN]) {
    for (k, x) in vectors.into_iter().enumerate() {
        V::store(x, &mut out[k * LANES + group..]);
    }
}
