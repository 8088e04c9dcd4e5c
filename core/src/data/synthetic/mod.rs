//! Synthetic images, drawn from seeds: endless stand-ins for the data sets that people train on.
//!
//! - [`digit`]: handwritten digits in grey, for MNIST (28x28) and its small relatives (8x8).
//! - [`shape`]: coloured shapes on coloured ground, 32x32x3, for CIFAR-10.
//!
//! Each image is a function of (seed, part, index, side) and can be made alone. `f32` additions, subtractions,
//! multiplications, divisions and comparisons are all it takes, so every machine, and every reader of `NUMERICS.md`,
//! gets the same bytes. All words of an image come from one generator,
//! `Key::new(Domain::Images, seed, 0, side, part).generator(index)`; the order of the draws is part of the definition.

mod digits;
mod shapes;

pub use digits::digit;
pub use shapes::shape;

use rand_core::Rng;
use rand_xorshift::XorShiftRng;

use crate::random::{Domain, Key};

/// Which set an image belongs to. Images of different parts never share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Part {
    /// For training (and for a validation set cut out of it).
    Train = 0,
    /// For the final test.
    Test = 1,
}

/// The generator of one image. No two kinds of images have the same side.
fn generator(seed: u64, side: u32, part: Part, index: u32) -> XorShiftRng {
    Key::new(Domain::Images, seed, 0, side, part as u32).generator(index)
}

/// The middle of a range of values, and the range's length.
type Spread = [f32; 2];

/// `middle + (u - 0.5) * length`, with `u` the upper 24 bits of the next word, times 2^-24.
fn around(random: &mut XorShiftRng, [middle, length]: Spread) -> f32 {
    let u = (random.next_u32() >> 8) as f32 * U24;
    middle + (u - 0.5) * length
}

/// A straight stroke, in pixels: (column, row), whole at the pixels' middles.
struct Stroke {
    start: [f32; 2],
    /// From start to end.
    way: [f32; 2],
    /// One over the squared length.
    per_length: f32,
}

impl Stroke {
    fn new(a: [f32; 2], b: [f32; 2]) -> Self {
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        // TINY keeps a stroke without length from dividing by zero.
        Self { start: a, way: [dx, dy], per_length: 1.0 / (dx * dx + dy * dy + TINY) }
    }

    /// The squared distance from a point to the nearest point of the stroke.
    #[inline(always)]
    fn squared_distance(&self, [x, y]: [f32; 2]) -> f32 {
        let [dx, dy] = self.way;
        let (px, py) = (x - self.start[0], y - self.start[1]);
        let along = from_0_to_1((px * dx + py * dy) * self.per_length);
        let (ex, ey) = (px - along * dx, py - along * dy);
        ex * ex + ey * ey
    }
}

/// Two comparisons, in this order.
#[inline(always)]
fn from_0_to_1(x: f32) -> f32 {
    let x = if x < 0.0 { 0.0 } else { x };
    if x > 1.0 { 1.0 } else { x }
}

/// Noise for byte after byte: each takes a byte of a word, lowest first.
struct Grain<'r> {
    random: &'r mut XorShiftRng,
    /// How many values there are, half of them below zero.
    values: u32,
    word: u32,
    /// Bytes that `word` still has.
    left: u32,
}

impl<'r> Grain<'r> {
    fn new(random: &'r mut XorShiftRng, values: u32) -> Self {
        Self { random, values, word: 0, left: 0 }
    }

    /// The next byte of an image whose value without noise is `value`, rounded towards zero.
    fn develop(&mut self, value: f32) -> u8 {
        (self.word, self.left) = match self.left {
            0 => (self.random.next_u32(), 3),
            left => (self.word >> 8, left - 1),
        };
        let grain = (((self.word & 255) * self.values) >> 8) as i32 - self.values as i32 / 2;
        (value as i32 + grain).clamp(0, 255) as u8
    }
}

// All constants are short sums of powers of two: no reader and no compiler can round them differently.

/// 2^-24.
const U24: f32 = 1.0 / 16_777_216.0;
/// 2^-10, in squared pixels.
const TINY: f32 = 0.000_976_562_5;

/// FNV-1a, 32 bits, over label and pixels, image after image, of images 0 to 19 with seed 42. `bytes` is an image's
/// length.
#[cfg(test)]
fn checksum(bytes: usize, mut draw: impl FnMut(u64, u32, &mut [u8]) -> u8) -> u32 {
    let mut image = [0xa5; 32 * 32 * 3];
    let image = &mut image[..bytes];
    let mut hash = 0x811c_9dc5;
    for index in 0..20 {
        let label = draw(42, index, image);
        for &byte in [label].iter().chain(image.iter()) {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
    hash
}

/// Another seed, part or index gives another image.
#[cfg(test)]
fn check_that_all_matter<I: PartialEq + core::fmt::Debug>(draw: impl Fn(u64, Part, u32) -> I) {
    let image = draw(1, Part::Train, 0);
    assert_ne!(image, draw(2, Part::Train, 0));
    assert_ne!(image, draw(1 << 32 | 1, Part::Train, 0));
    assert_ne!(image, draw(1, Part::Test, 0));
    assert_ne!(image, draw(1, Part::Train, 1));
}
