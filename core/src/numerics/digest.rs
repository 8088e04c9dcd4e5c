//! Digests of weights.

use xxhash_rust::xxh64::Xxh64;

/// XXH64, seed 0, of the floats' bytes, little-endian, in order.
///
/// Fast enough to be taken at every step; it finds accidents, not attackers.
#[derive(Clone)]
pub struct Digest(Xxh64);

impl Digest {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Xxh64::new(0))
    }

    /// Takes up more floats.
    pub fn update(&mut self, floats: &[f32]) {
        let mut bytes = [0u8; 1024];
        for part in floats.chunks(bytes.len() / 4) {
            for (slot, x) in bytes.chunks_exact_mut(4).zip(part) {
                slot.copy_from_slice(&x.to_bits().to_le_bytes());
            }
            self.0.update(&bytes[..part.len() * 4]);
        }
    }

    /// The digest of everything taken up so far.
    #[must_use]
    pub fn finish(&self) -> u64 {
        self.0.digest()
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

/// The digest of one slice. See [`Digest`].
///
/// ```
/// use random_bases_core::numerics::digest;
///
/// assert_ne!(digest(&[0.0]), digest(&[-0.0])); // bits, not values
/// ```
#[must_use]
pub fn digest(floats: &[f32]) -> u64 {
    let mut digest = Digest::new();
    digest.update(floats);
    digest.finish()
}
