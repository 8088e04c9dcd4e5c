//! Random bases: functions, never data.
//!
//! **A row is made here.** A basis has d rows (directions) of D elements. Nothing stores it: [`Row::tile`] regenerates
//! any tile of any row from its key, in any order, anywhere. A tile is [`TILE`] elements; element `16 k + l` of a tile
//! comes from lane `l`, so that the sixteen generators of a tile make sixteen neighbours at once.
//!
//! Each distribution is one file with one `Law` and its `Sampler`, which makes eight vectors (128 elements) at a time.
//! To add a distribution, write these, name it in [`Distribution`] and `with_law!`, and describe it in
//! `NUMERICS.md`.

pub(crate) mod bernoulli;
pub(crate) mod hadamard_normal;
pub(crate) mod log_normal;
pub(crate) mod normal;
pub(crate) mod rademacher;
pub(crate) mod rotation;
mod uniform;
mod zeros;

pub use bernoulli::Probability;
pub(crate) use hadamard_normal::HadamardNormal;
pub(crate) use log_normal::LogNormal;
pub(crate) use normal::{Normal, sin_pi};
pub(crate) use rademacher::Rademacher;
pub(crate) use rotation::rotate;
pub(crate) use uniform::Uniform;
pub(crate) use zeros::Zeros;

use core::fmt;

use crate::numerics::{Kernel, Lanes, TILE};
use crate::random::{Key, LANES, Stream, TileSeed};

/// Vectors that a sampler makes per call.
pub(crate) const OCTET: usize = 8;

/// Elements of a tile that a sampler makes per call, over all lanes.
pub(crate) const OCTET_LEN: usize = OCTET * LANES;

/// Vectors of sixteen lanes in a tile.
pub(crate) const VECTORS: usize = TILE / LANES;

/// A distribution, with what it leaves open: a probability, or nothing.
pub(crate) trait Law: Copy {
    /// What makes its elements.
    type Sampler<V: Lanes>: Sampler<V, Law = Self>;

    /// Whether a row is what the sampler makes, rotated tile by tile (`rotation.rs`). An inner product with such a row is
    /// taken with the other factor rotated, and a sum of such rows is rotated at the end.
    const ROTATED: bool = false;
}

/// Turns the words of a tile's streams into elements of a row.
///
/// One sampler serves `V::WIDTH` lanes; call `k` of [`octet`](Sampler::octet) makes vectors `8 k .. 8 k + 8` of them.
pub(crate) trait Sampler<V: Lanes>: Copy {
    /// The distribution.
    type Law: Law;
    /// At the start of a tile.
    fn new(stream: Stream<V>, law: Self::Law) -> Self;
    /// The next eight vectors.
    #[inline(always)]
    fn octet(&mut self) -> [V::F; OCTET] {
        let ([a, b], [c, d]) = (self.pair(), self.pair());
        let ([e, f], [g, h]) = (self.pair(), self.pair());
        [a, b, c, d, e, f, g, h]
    }

    /// Whether [`pair`](Sampler::pair) exists: a word, and two vectors from it. Then an octet is four of them, and several rows made
    /// side by side take turns in smaller steps, with less to remember.
    const PAIRS: bool = false;
    /// The next two vectors.
    fn pair(&mut self) -> [V::F; 2] {
        unreachable!("a sampler without pairs makes octets")
    }
}

/// Runs a block of code with `$law` standing for the [`Law`] of a distribution known only at run time. The choice is made
/// once per tile, outside the loops.
macro_rules! with_law {
    ($distribution:expr, $law:ident => $body:expr) => {
        match $distribution {
            $crate::basis::Distribution::Normal => {
                let $law = $crate::basis::Normal;
                $body
            }
            $crate::basis::Distribution::HadamardNormal => {
                let $law = $crate::basis::HadamardNormal;
                $body
            }
            $crate::basis::Distribution::Uniform => {
                let $law = $crate::basis::Uniform;
                $body
            }
            $crate::basis::Distribution::Rademacher => {
                let $law = $crate::basis::Rademacher;
                $body
            }
            $crate::basis::Distribution::Bernoulli(probability) => {
                let $law = probability;
                $body
            }
            $crate::basis::Distribution::LogNormal => {
                let $law = $crate::basis::LogNormal;
                $body
            }
            $crate::basis::Distribution::Zeros => {
                let $law = $crate::basis::Zeros;
                $body
            }
        }
    };
}
pub(crate) use with_law;

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
    /// Normal to order five, about twice as fast as [`Normal`](Self::Normal): the Walsh-Hadamard transform of cubic variates.
    HadamardNormal,
}

impl Distribution {
    /// One of each kind, in the order of their numbers in records: for tests and lists.
    pub const EXAMPLES: [Self; 7] = [
        Self::Normal,
        Self::Uniform,
        Self::Rademacher,
        Self::Bernoulli(Probability(13_107)),
        Self::LogNormal,
        Self::Zeros,
        Self::HadamardNormal,
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
            Self::HadamardNormal => "hadamard-normal",
        }
    }

    /// Whether its rows are rotated: [`Law::ROTATED`].
    pub(crate) const fn is_rotated(self) -> bool {
        const fn of<L: Law>(_: L) -> bool {
            L::ROTATED
        }
        with_law!(self, law => of(law))
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
        let seed = self.seed(tile);
        with_law!(self.distribution, law => V::call(WriteTile { seed, law, out }));
    }
}

/// The work of [`Row::tile`]: one function for all places that make rows.
struct WriteTile<'a, L> {
    seed: TileSeed,
    law: L,
    out: &'a mut [f32],
}

impl<L: Law> Kernel for WriteTile<'_, L> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { seed, law, out } = self;
        assert!(out.len() <= TILE, "a tile has {TILE} elements, asked for {}", out.len());
        for group in (0..LANES).step_by(V::WIDTH) {
            if L::ROTATED {
                let elements = lane_group::<V, L>(seed, law, group, out.len());
                for (x, out) in elements.into_iter().zip(out.chunks_mut(LANES)) {
                    store_lanes::<V>(x, group, out);
                }
                continue;
            }
            let mut sampler = L::Sampler::<V>::new(Stream::new(seed, group), law);
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
}

/// The elements of one lane group of a tile cut to `len` elements: +0 behind its end.
#[inline(always)]
pub(crate) fn lane_group<V: Lanes, L: Law>(
    seed: TileSeed,
    law: L,
    group: usize,
    len: usize,
) -> [V::F; VECTORS] {
    let zero = V::splat(0.0);
    let mut out = [zero; VECTORS];
    let mut sampler = L::Sampler::<V>::new(Stream::new(seed, group), law);
    let drawn = if L::ROTATED { VECTORS } else { len.div_ceil(OCTET_LEN) * OCTET };
    for octet in out[..drawn].chunks_exact_mut(OCTET) {
        octet.copy_from_slice(&sampler.octet());
    }
    if L::ROTATED {
        rotate::<V>(&mut out);
    }
    for v in len / LANES..drawn {
        let (mut lanes, there) = ([0.0; LANES], len.saturating_sub(v * LANES + group).min(V::WIDTH));
        V::store(out[v], &mut lanes);
        lanes[there..].fill(0.0);
        out[v] = V::load(&lanes);
    }
    out
}

/// Loads one lane group of the elements of a tile, +0 behind their end.
#[inline(always)]
pub(crate) fn load_group<V: Lanes>(from: &[f32], group: usize) -> [V::F; VECTORS] {
    let mut out = [V::splat(0.0); VECTORS];
    for (out, vector) in out.iter_mut().zip(from.chunks(LANES)) {
        *out = load_lanes::<V>(group, vector);
    }
    out
}

/// Loads one lane group of the sixteen lanes of `from`, which may be cut short: +0 behind its end.
#[inline(always)]
pub(crate) fn load_lanes<V: Lanes>(group: usize, from: &[f32]) -> V::F {
    if from.len() >= group + V::WIDTH {
        V::load(&from[group..])
    } else {
        V::load_partial(&from[group.min(from.len())..])
    }
}

/// Stores one lane group of the sixteen lanes of `out`, as far as there are so many.
#[inline(always)]
pub(crate) fn store_lanes<V: Lanes>(x: V::F, group: usize, out: &mut [f32]) {
    if out.len() >= group + V::WIDTH {
        V::store(x, &mut out[group..]);
    } else if out.len() > group {
        V::store_partial(x, &mut out[group..]);
    }
}

/// Stores eight vectors of one lane group where they belong in 128 neighbouring elements.
#[inline(always)]
fn store_octet<V: Lanes>(vectors: [V::F; OCTET], group: usize, out: &mut [f32; OCTET_LEN]) {
    for (k, x) in vectors.into_iter().enumerate() {
        V::store(x, &mut out[k * LANES + group..]);
    }
}
