//! Keys: tuples of integers, hashed.

use rand_core::{Rng, SeedableRng};
use rand_xorshift::XorShiftRng;

use super::LANES;

/// What a key's random numbers are for. Two domains never share a stream, whatever the other numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Domain {
    /// Rows of a random basis.
    Basis = 1,
    /// Initial weights.
    Weights = 2,
    /// The order of the training images in an epoch.
    Shuffle = 3,
    /// Where the validation images are cut out of the training images.
    Split = 4,
    /// Synthetic images.
    Images = 5,
    /// How an image is changed in an epoch.
    Augmentation = 6,
    /// Directions that a training is looked at along; none of them is trained along.
    Probe = 7,
}

/// 128 bits that name everything drawn for one purpose: the hash of (domain, run seed, re-draw index, worker,
/// compartment).
///
/// ```
/// use random_bases_core::random::{Domain, Key};
///
/// let step_0 = Key::new(Domain::Basis, 42, 0, 0, 0);
/// let step_1 = Key::new(Domain::Basis, 42, 1, 0, 0);
/// assert_ne!(step_0, step_1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    words: [u32; 4],
}

impl Key {
    /// Hashes the tuple with MurmurHash3 x86_128, seeded with the domain's number, over eight little-endian words:
    /// seed low and high, re-draw low and high, worker, compartment, 0, 0.
    ///
    /// `redraw` counts how often a basis has been drawn before: RBD counts steps, FPD stays at 0.
    #[must_use]
    pub const fn new(domain: Domain, seed: u64, redraw: u64, worker: u32, compartment: u32) -> Self {
        let message = [
            seed as u32,
            (seed >> 32) as u32,
            redraw as u32,
            (redraw >> 32) as u32,
            worker,
            compartment,
            0,
            0,
        ];
        Self { words: murmur3_x86_128(message, domain as u32) }
    }

    /// The four words of the hash, for records and for other implementations.
    #[must_use]
    pub const fn words(self) -> [u32; 4] {
        self.words
    }

    /// The seed of one tile of one direction.
    #[must_use]
    #[inline(always)]
    pub fn tile(self, direction: u32, tile: u32) -> TileSeed {
        // Spelled out: a closure might be compiled apart from a kernel that was given more instructions.
        let [a, b, c, d] = self.words;
        let mix = |word| fmix32(fmix32(word ^ direction) ^ tile);
        TileSeed { words: [mix(a), mix(b), mix(c), mix(d)] }
    }

    /// A single generator for draws in sequence: lane 0 of tile 0 of direction `index`.
    #[must_use]
    pub fn generator(self, index: u32) -> XorShiftRng {
        self.tile(index, 0).lane(0)
    }
}

/// 2^32 over the golden ratio, made odd: what neighbouring lanes are apart.
pub(crate) const GOLDEN: u32 = 0x9e37_79b9;

/// The factors of the finaliser of MurmurHash3, in their order.
pub(crate) const FMIX: [u32; 2] = [0x85eb_ca6b, 0xc2b2_ae35];

/// The seed of one tile of one row; sixteen lane seeds follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSeed {
    words: [u32; 4],
}

impl TileSeed {
    /// Word `j` of lane `l`'s seed is `fmix32(words[j] + LANE_OFFSET[l])`, and word 0 is then made odd, so that no seed
    /// is all zero. `l + 1` times the golden ratio's 32 bits.
    pub(super) const LANE_OFFSET: [u32; LANES] = {
        let mut offset = [0; LANES];
        let mut lane = 0;
        while lane < LANES {
            offset[lane] = GOLDEN.wrapping_mul(lane as u32 + 1);
            lane += 1;
        }
        offset
    };

    pub(super) const fn words(self) -> [u32; 4] {
        self.words
    }

    /// The generator of one lane.
    ///
    /// # Panics
    /// If `lane` is not below [`LANES`].
    #[must_use]
    pub fn lane(self, lane: usize) -> XorShiftRng {
        let mut words = self.words.map(|word| fmix32(word.wrapping_add(Self::LANE_OFFSET[lane])));
        words[0] |= 1;
        let mut bytes = [0; 16];
        for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        XorShiftRng::from_seed(bytes)
    }
}

/// An integer below `bound`: the high half of the 64-bit product of the next word and `bound`. The bias is below
/// `bound / 2^32`.
#[must_use]
pub fn generator_below(generator: &mut XorShiftRng, bound: u32) -> u32 {
    ((u64::from(generator.next_u32()) * u64::from(bound)) >> 32) as u32
}

/// MurmurHash3's 32-bit finaliser: a bijection in which each input bit reaches each output bit.
#[must_use]
pub(crate) const fn fmix32(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(FMIX[0]);
    h ^= h >> 13;
    h = h.wrapping_mul(FMIX[1]);
    h ^ (h >> 16)
}

/// MurmurHash3 x86_128 (Austin Appleby, public domain) of 32 bytes: two blocks, no tail.
const fn murmur3_x86_128(message: [u32; 8], seed: u32) -> [u32; 4] {
    /// Per word: multiplier, rotation, next multiplier, rotation of the state, added constant.
    const C: [u32; 5] = [0x239b_961b, 0xab0e_9789, 0x38b3_4ae5, 0xa1e3_8b93, 0x239b_961b];
    const K_ROTATE: [u32; 4] = [15, 16, 17, 18];
    const H_ROTATE: [u32; 4] = [19, 17, 15, 13];
    const H_ADD: [u32; 4] = [0x561c_cd1b, 0x0bca_a747, 0x96cd_1c35, 0x32ac_3b17];

    let mut h = [seed; 4];
    let mut block = 0;
    while block < 2 {
        let mut i = 0;
        while i < 4 {
            let k = message[block * 4 + i].wrapping_mul(C[i]).rotate_left(K_ROTATE[i]).wrapping_mul(C[i + 1]);
            h[i] = (h[i] ^ k).rotate_left(H_ROTATE[i]);
            h[i] = h[i].wrapping_add(h[(i + 1) % 4]).wrapping_mul(5).wrapping_add(H_ADD[i]);
            i += 1;
        }
        block += 1;
    }
    let mut i = 0;
    while i < 4 {
        h[i] ^= 32;
        i += 1;
    }
    h = spread(h);
    i = 0;
    while i < 4 {
        h[i] = fmix32(h[i]);
        i += 1;
    }
    spread(h)
}

/// Adds words 1 to 3 to word 0, then word 0 to words 1 to 3.
const fn spread(mut h: [u32; 4]) -> [u32; 4] {
    h[0] = h[0].wrapping_add(h[1]).wrapping_add(h[2]).wrapping_add(h[3]);
    let mut i = 1;
    while i < 4 {
        h[i] = h[i].wrapping_add(h[0]);
        i += 1;
    }
    h
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference values made with the `mmh3` package for Python (an independent implementation).
    #[test]
    fn keys_are_murmur3() {
        assert_eq!(
            Key::new(Domain::Basis, 42, 0, 0, 0).words(),
            [0xe5fd_3f95, 0xcfa8_aff9, 0x0391_10b6, 0x89b9_896e]
        );
        assert_eq!(
            Key::new(Domain::Images, 0x0123_4567_89ab_cdef, 7, 3, 9).words(),
            [0x7021_3a32, 0xc027_7346, 0x6911_2635, 0x37f4_3c37]
        );
    }

    /// The original adds worker and step, so neighbours share rows. Ours must not.
    #[test]
    fn neighbours_share_no_seed() {
        let mut seen = heapless::Vec::<[u32; 4], 4096>::new();
        for redraw in 0..4 {
            for worker in 0..4 {
                for compartment in 0..4 {
                    let key = Key::new(Domain::Basis, 1, redraw, worker, compartment);
                    for direction in 0..4 {
                        for tile in 0..4 {
                            let words = key.tile(direction, tile).words();
                            assert!(!seen.contains(&words));
                            seen.push(words).unwrap();
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn below_covers_its_range() {
        let mut generator = Key::new(Domain::Shuffle, 3, 0, 0, 0).generator(0);
        let mut count = [0u32; 7];
        for _ in 0..7000 {
            count[generator_below(&mut generator, 7) as usize] += 1;
        }
        assert!(count.iter().all(|&c| (850..1150).contains(&c)), "{count:?}");
    }
}
