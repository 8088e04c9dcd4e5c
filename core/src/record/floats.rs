//! Slices of floats in records.

use core::fmt;

use serde::de::{Error, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Floats to write, or floats in the bytes of a record: little-endian, wherever they lie, on any machine.
#[derive(Clone, Copy)]
pub struct Floats<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    Values(&'a [f32]),
    /// A multiple of four of them.
    Bytes(&'a [u8]),
}

impl<'a> From<&'a [f32]> for Floats<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self(Source::Values(values))
    }
}

impl Floats<'_> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.0 {
            Source::Values(values) => values.len(),
            Source::Bytes(bytes) => bytes.len() / 4,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The floats, in order.
    pub fn iter(&self) -> impl Iterator<Item = f32> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }

    /// Copies them to `out`.
    ///
    /// # Panics
    /// If `out` has another length.
    pub fn copy_to(&self, out: &mut [f32]) {
        assert_eq!(out.len(), self.len(), "one place per float");
        for (out, x) in out.iter_mut().zip(self.iter()) {
            *out = x;
        }
    }

    fn get(&self, i: usize) -> f32 {
        match self.0 {
            Source::Values(values) => values[i],
            Source::Bytes(bytes) => {
                f32::from_le_bytes([bytes[4 * i], bytes[4 * i + 1], bytes[4 * i + 2], bytes[4 * i + 3]])
            }
        }
    }
}

/// By bits: +0 and -0 differ, a NaN equals itself.
impl PartialEq for Floats<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other.iter()).all(|(a, b)| a.to_bits() == b.to_bits())
    }
}

impl fmt::Debug for Floats<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// As a sequence of bytes, which postcard writes as it writes a byte array.
impl Serialize for Floats<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = serializer.serialize_seq(Some(4 * self.len()))?;
        for x in self.iter() {
            for byte in x.to_le_bytes() {
                bytes.serialize_element(&byte)?;
            }
        }
        bytes.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Floats<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl<'de> Visitor<'de> for Bytes {
            type Value = Floats<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the bytes of floats")
            }

            fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                if bytes.len().is_multiple_of(4) {
                    Ok(Floats(Source::Bytes(bytes)))
                } else {
                    Err(E::invalid_length(bytes.len(), &"a multiple of four bytes"))
                }
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}
