//! Random bases: functions, never data.
//!
//! **A row is made here.** A basis has d rows (directions) of D elements. Nothing stores it: [`Row::tile`] regenerates
//! any tile of any row from its key, in any order, anywhere. A tile is [`TILE`] elements; element `16 k + l` of a tile
//! comes from lane `l`, so that the sixteen generators of a tile make sixteen neighbours at once.
//!
//! Each distribution is one file with one [`Sampler`], which makes eight vectors (128 elements) at a time. To add a
//! distribution, write its sampler, name it in [`Distribution`] and [`with_sampler!`](crate::basis), and describe it in
//! `NUMERICS.md`.

mod bernoulli;
mod log_normal;
mod normal;
mod rademacher;
mod uniform;
mod zeros;

pub use bernoulli::{Bernoulli, Probability};
pub use log_normal::LogNormal;
pub use normal::Normal;
pub(crate) use normal::sin_pi;
pub use rademacher::Rademacher;
pub use uniform::Uniform;
pub use zeros::Zeros;

use core::fmt;

use crate::numerics::{Kernel, Lanes, TILE};
use crate::random::{Key, LANES, Stream, TileSeed};

/// Vectors that a sampler makes per call.
pub const OCTET: usize = 8;

/// Elements of a tile that a sampler makes per call, over all lanes.
pub const OCTET_LEN: usize = OCTET * LANES;

/// Turns the words of a tile's streams into elements of a row.
///
/// One sampler serves `V::WIDTH` lanes; call `k` of [`octet`](Sampler::octet) makes vectors `8 k .. 8 k + 8` of them.
pub trait Sampler<V: Lanes>: Copy {
    /// What the distribution leaves open: a probability, or nothing.
    type Law: Copy;
    /// At the start of a tile.
    fn new(stream: Stream<V>, law: Self::Law) -> Self;
    /// The next eight vectors.
    fn octet(&mut self) -> [V::F; OCTET];
}

/// What the elements of a row are drawn from. All have mean zero or nearly so; see each sampler.
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
    /// 2 (b - p), where b is 1 with probability p, else 0.
    Bernoulli(Probability),
    /// exp(n) - exp(1/2), where n is N(0, 1).
    LogNormal,
    /// Zero.
    Zeros,
}

impl Distribution {
    /// One of each kind, in the order of their numbers in records: for tests and lists.
    pub const EXAMPLES: [Self; 6] = [
        Self::Normal,
        Self::Uniform,
        Self::Rademacher,
        Self::Bernoulli(Probability(13_107)),
        Self::LogNormal,
        Self::Zeros,
    ];

    /// The name of its kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Uniform => "uniform",
            Self::Rademacher => "rademacher",
            Self::Bernoulli(_) => "bernoulli",
            Self::LogNormal => "lognormal",
            Self::Zeros => "zeros",
        }
    }
}

/// The name used on command lines and in readable views: the kind, and `bernoulli-0.25` with its probability.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bernoulli(p) => write!(f, "bernoulli-{}", p.value()),
            _ => f.write_str(self.kind()),
        }
    }
}

/// Runs a block of code with the type alias `$S` standing for the sampler of a distribution known only at run time, and
/// `$law` for what it leaves open. The choice is made once per tile, outside the loops.
macro_rules! with_sampler {
    ($distribution:expr, $V:ty, $S:ident, $law:ident => $body:expr) => {
        match $distribution {
            $crate::basis::Distribution::Normal => {
                type $S<V> = $crate::basis::Normal<V>;
                let $law = ();
                $body
            }
            $crate::basis::Distribution::Uniform => {
                type $S<V> = $crate::basis::Uniform<V>;
                let $law = ();
                $body
            }
            $crate::basis::Distribution::Rademacher => {
                type $S<V> = $crate::basis::Rademacher<V>;
                let $law = ();
                $body
            }
            $crate::basis::Distribution::Bernoulli(probability) => {
                type $S<V> = $crate::basis::Bernoulli<V>;
                let $law = probability;
                $body
            }
            $crate::basis::Distribution::LogNormal => {
                type $S<V> = $crate::basis::LogNormal<V>;
                let $law = ();
                $body
            }
            $crate::basis::Distribution::Zeros => {
                type $S<V> = $crate::basis::Zeros<V>;
                let $law = ();
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
    /// The seed of tile `tile`.
    #[inline(always)]
    #[must_use]
    pub fn seed(&self, tile: u32) -> TileSeed {
        self.key.tile(self.direction, tile)
    }

    /// Writes the first `out.len()` elements of tile `tile`: elements `tile * TILE ..` of the row.
    ///
    /// # Panics
    /// If `out` is longer than [`TILE`].
    #[inline(always)]
    pub fn tile<V: Lanes>(&self, tile: u32, out: &mut [f32]) {
        V::call(WriteTile { seed: self.seed(tile), distribution: self.distribution, out });
    }
}

/// The work of [`Row::tile`]: one function for all places that make rows.
struct WriteTile<'a> {
    seed: TileSeed,
    distribution: Distribution,
    out: &'a mut [f32],
}

impl Kernel for WriteTile<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { seed, distribution, out } = self;
        with_sampler!(distribution, V, S, law => write_tile::<V, S<V>>(seed, law, out));
    }
}

/// Writes the first `out.len()` elements of the tile with this seed.
#[inline(always)]
fn write_tile<V: Lanes, S: Sampler<V>>(seed: TileSeed, law: S::Law, out: &mut [f32]) {
    assert!(out.len() <= TILE, "a tile has {TILE} elements, asked for {}", out.len());
    for group in (0..LANES).step_by(V::WIDTH) {
        let mut sampler = S::new(Stream::new(seed, group), law);
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
