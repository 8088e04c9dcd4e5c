//! The suite that every executor must pass, bit for bit.
//!
//! Each operation runs on awkward shapes (around every lane, tile and block edge; lengths 0 and 1) with buffers full of
//! a loud pattern, and is compared with `plain`: the contract written down once more in scalar code, with no
//! vectors, no tiles and `rand_xorshift` itself as the generator. Executors are compared with that definition, never
//! with each other.
//!
//! A new executor proves itself in a line:
//!
//! ```no_run
//! use random_bases_core::conformance;
//! use random_bases_core::numerics::Array;
//! use random_bases_core::step::Serial;
//!
//! let mut memory = [0.0; conformance::MEMORY];
//! let report = conformance::run(&mut Serial::<Array<16>>::new(), &mut memory).unwrap();
//! assert!(report.comparisons > 1000);
//! ```

mod images;
mod methods;
mod networks;
mod options;
mod plain;
mod subspaces;

use core::fmt;

use crate::step::Executor;

/// Floats that [`run`] works in.
pub const MEMORY: usize = 200_000;

/// What the suite did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Slices compared.
    pub comparisons: usize,
    /// Floats compared.
    pub floats: usize,
}

/// The first bit that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was computed.
    pub operation: &'static str,
    /// With which sizes; see the operation.
    pub shape: [usize; 3],
    /// Which element differs.
    pub index: usize,
    /// Bits of the definition.
    pub want: u32,
    /// Bits of the executor.
    pub got: u32,
    /// How many elements differ, of how many.
    pub wrong: [usize; 2],
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, shape, index, want, got, wrong: [wrong, of] } = self;
        write!(
            f,
            "{operation} {shape:?}: element {index}: want {want:08x}, got {got:08x}; {wrong} of {of} differ"
        )?;
        match (want ^ got, *got) {
            (_, POISON) => write!(f, " (never written: a tile did not run)"),
            (1..=3, _) => write!(f, " (last bits: a fused operation, or a sum in another order?)"),
            (0x8000_0000, _) => write!(f, " (only the sign: a zero of the other sign?)"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Mismatch {}

/// A NaN that no operation makes: what every buffer holds before it is written.
pub(crate) const POISON: u32 = 0x7fde_adbe;

/// A part of the suite: for slow machines, and to see which one fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Rows, projection, lift, updates.
    Subspaces,
    /// Layers, losses, whole networks.
    Networks,
    /// Synthetic images and augmentation.
    Images,
    /// A few steps of every method.
    Methods,
    /// A few steps of RBD with every option.
    Options,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Subspaces, Self::Networks, Self::Images, Self::Methods, Self::Options];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subspaces => "subspaces",
            Self::Networks => "networks",
            Self::Images => "images",
            Self::Methods => "methods",
            Self::Options => "options",
        }
    }

    /// Runs this part.
    ///
    /// # Errors
    /// The first difference found.
    ///
    /// # Panics
    /// If `memory` is shorter than [`MEMORY`].
    pub fn run<E: Executor>(self, executor: &mut E, memory: &mut [f32]) -> Result<Report, Mismatch> {
        let memory = &mut memory[..MEMORY];
        let mut report = Report::default();
        match self {
            Self::Subspaces => subspaces::run(executor, memory, &mut report)?,
            Self::Networks => networks::run(executor, memory, &mut report)?,
            Self::Images => images::run(executor, memory, &mut report)?,
            Self::Methods => methods::run(executor, memory, &mut report)?,
            Self::Options => options::run(executor, memory, &mut report)?,
        }
        Ok(report)
    }
}

/// Runs everything.
///
/// # Errors
/// The first difference found.
///
/// # Panics
/// If `memory` is shorter than [`MEMORY`].
pub fn run<E: Executor>(executor: &mut E, memory: &mut [f32]) -> Result<Report, Mismatch> {
    let mut all = Report::default();
    for part in Part::ALL {
        let report = part.run(executor, memory)?;
        all.comparisons += report.comparisons;
        all.floats += report.floats;
    }
    Ok(all)
}

/// Compares bits.
fn compare(
    report: &mut Report,
    operation: &'static str,
    shape: [usize; 3],
    want: &[f32],
    got: &[f32],
) -> Result<(), Mismatch> {
    assert_eq!(want.len(), got.len(), "{operation} {shape:?}");
    let differs = |&i: &usize| want[i].to_bits() != got[i].to_bits();
    report.comparisons += 1;
    report.floats += want.len();
    match (0..want.len()).find(differs) {
        None => Ok(()),
        Some(index) => Err(Mismatch {
            operation,
            shape,
            index,
            want: want[index].to_bits(),
            got: got[index].to_bits(),
            wrong: [(0..want.len()).filter(differs).count(), want.len()],
        }),
    }
}

/// Cuts poisoned buffers from memory.
struct Buffers<'a>(&'a mut [f32]);

impl<'a> Buffers<'a> {
    fn cut(&mut self, len: usize) -> &'a mut [f32] {
        let (part, rest) = core::mem::take(&mut self.0).split_at_mut(len);
        self.0 = rest;
        part.fill(f32::from_bits(POISON));
        part
    }

    /// Filled with numbers of both signs and several magnitudes, some zero.
    fn cut_numbers(&mut self, len: usize, salt: u32) -> &'a mut [f32] {
        let part = self.cut(len);
        for (i, x) in part.iter_mut().enumerate() {
            let h = crate::random::fmix32(salt.wrapping_mul(0x9e37_79b9).wrapping_add(i as u32));
            let magnitude = [1.0, 0.01, 30.0, 0.0][(h & 3) as usize];
            *x = (h >> 8) as f32 * f32::from_bits(0x3400_0000) * magnitude - 0.5 * magnitude;
        }
        part
    }
}
