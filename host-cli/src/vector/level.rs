//! The choice of vector instructions.

use std::fmt;

use random_bases_core::numerics::Array;
use random_bases_core::step::Superstep;

#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512, sse2::Sse2};

/// A set of vector instructions. All have the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Arrays; the readable reference, on any machine.
    Portable,
    /// The baseline of aarch64.
    Neon,
    /// The baseline of x86-64.
    Sse2,
    /// AVX2.
    Avx2,
    /// AVX-512F and AVX-512BW.
    Avx512,
}

impl Level {
    /// All of them, slowest first.
    pub const ALL: [Self; 5] = [Self::Portable, Self::Neon, Self::Sse2, Self::Avx2, Self::Avx512];

    /// The best that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        Self::ALL.into_iter().rfind(|level| level.available()).unwrap_or(Self::Portable)
    }

    /// Whether this processor has it.
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => std::arch::is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Sse2 => "sse2",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Runs one tile, compiled for this level.
    ///
    /// # Panics
    /// If the processor lacks the level; [`crate::executor::Threads`] checks once, at its construction.
    #[inline]
    pub(crate) fn run_tile<S: Superstep>(self, superstep: &S, index: usize, out: &mut [f32]) {
        match self {
            Self::Portable => superstep.tile::<Array<8>>(index, out),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => superstep.tile::<Neon>(index, out),
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => superstep.tile::<Sse2>(index, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                assert!(self.available());
                // SAFETY: AVX2 was just asked for.
                unsafe { tile_avx2(superstep, index, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                assert!(self.available());
                // SAFETY: AVX-512F and BW were just asked for.
                unsafe { tile_avx512(superstep, index, out) }
            }
            _ => panic!("{self} is not a level of this architecture"),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn tile_avx2<S: Superstep>(superstep: &S, index: usize, out: &mut [f32]) {
    superstep.tile::<Avx2>(index, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn tile_avx512<S: Superstep>(superstep: &S, index: usize, out: &mut [f32]) {
    superstep.tile::<Avx512>(index, out);
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
