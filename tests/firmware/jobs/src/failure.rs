//! Why a job failed.

use core::fmt;

use random_bases_core::record::Error;

/// Why a job failed.
#[derive(Debug)]
pub enum Failure<'a> {
    /// The bytes are no record.
    Record(Error),
    /// The record is of something that this program does not compute.
    Unsupported {
        /// Which part of it.
        field: &'static str,
    },
    /// It ended before its end.
    CutShort,
    /// Its bytes could not be received.
    Unreadable,
    /// There is not enough memory.
    Memory {
        /// Floats that it takes.
        needed: usize,
        /// Floats that there are.
        available: usize,
    },
    /// Other bits than those recorded.
    Differs(Difference<'a>),
    /// The lines could not be written.
    Output,
}

/// The first difference between a record and this machine.
#[derive(Debug)]
pub struct Difference<'a> {
    /// Steps made, or answers that were equal, before.
    pub after: u64,
    /// What differs.
    pub what: &'a str,
    /// Which element.
    pub index: usize,
    /// The recorded bits.
    pub want: u64,
    /// The bits here.
    pub got: u64,
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(error) => write!(f, "{error}"),
            Self::Unsupported { field } => write!(f, "this program does not compute its {field}"),
            Self::CutShort => f.write_str("there is no end record: it was cut short"),
            Self::Unreadable => f.write_str("the bytes could not be received"),
            Self::Memory { needed, available } => {
                write!(f, "it takes {needed} floats of memory, and there are {available}")
            }
            Self::Differs(Difference { after, what, index, want, got }) => {
                write!(f, "after {after}: {what}[{index}]: recorded {want:08x}, computed {got:08x}")
            }
            Self::Output => f.write_str("the lines could not be written"),
        }
    }
}

impl core::error::Error for Failure<'_> {}

impl From<Error> for Failure<'_> {
    fn from(error: Error) -> Self {
        Self::Record(error)
    }
}

impl From<fmt::Error> for Failure<'_> {
    fn from(_: fmt::Error) -> Self {
        Self::Output
    }
}

/// Counts what is compared, and stops at the first difference.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Steps made, or answers compared.
    pub after: u64,
    /// Numbers compared.
    pub compared: u64,
}

impl Comparison {
    /// Compares bits.
    ///
    /// # Errors
    /// [`Failure::Differs`]. Another count of numbers is a difference behind the last that both have.
    pub fn floats<'a>(
        &mut self,
        what: &'a str,
        want: impl Iterator<Item = f32>,
        mut got: impl Iterator<Item = f32>,
    ) -> Result<(), Failure<'a>> {
        let mut index = 0;
        for want in want {
            let got = got.next().map_or(u64::MAX, |got| got.to_bits().into());
            self.bits(what, index, want.to_bits().into(), got)?;
            index += 1;
        }
        match got.next() {
            None => Ok(()),
            Some(more) => self.bits(what, index, u64::MAX, more.to_bits().into()),
        }
    }

    /// Compares one number.
    ///
    /// # Errors
    /// [`Failure::Differs`].
    pub fn bits<'a>(&mut self, what: &'a str, index: usize, want: u64, got: u64) -> Result<(), Failure<'a>> {
        self.compared += 1;
        if want == got {
            return Ok(());
        }
        Err(Failure::Differs(Difference { after: self.after, what, index, want, got }))
    }
}
