//! Coloured shapes, 32x32x3: an endless, seeded stand-in for CIFAR-10.
//!
//! An image is one of ten shapes, stretched, slanted and turned a little, somewhere around the middle, in any colour on
//! ground of any colour that changes from side to side; then a stray stroke, and noise on every byte. Colours are drawn
//! without regard to the label: form alone tells the classes apart. A shape's contrast leans to the bright side, and
//! one channel, the lead, sees to it that there is some. The spreads were chosen so that networks rank as they do on
//! CIFAR-10, convolutional above fully connected above linear, and methods too: SGD above RBD above FPD.
//!
//! # Order of the draws
//!
//! 1. the label (below 10), by [`generator_below`];
//! 2. one word for each number of the pose: size; stretch x, y; slant; turn; shift x, y;
//! 3. three words (red, green, blue) each for the ground, its slope to the right, its slope downwards, and the shape's
//!    contrast; the lead (below 3); the lead's own contrast, instead of the one drawn before;
//! 4. the stray stroke: start x, y; offset x, y; radius; three words for its colour;
//! 5. one word for each four bytes of the image, in order, lowest byte first.

use rand_xorshift::XorShiftRng;

use super::{Grain, Part, Spread, Stroke, around, generator};
use crate::random::generator_below;

/// Height and width.
const SIDE: usize = 32;
/// Red, green, blue.
const CHANNELS: usize = 3;
/// The middle of the image.
const MIDDLE: f32 = (SIDE - 1) as f32 * 0.5;

/// Draws image `index` of a part: writes 32 * 32 * 3 bytes, `[row][column][channel]`, channels red, green, blue, and
/// returns the label, 0 to 9: disc, ring, square, diamond, triangle upwards, triangle downwards, plus, cross, two bars,
/// crescent.
///
/// Stack: 2 KiB and a little.
///
/// ```
/// use random_bases_core::data::synthetic::{Part, shape};
///
/// let mut image = [0; 32 * 32 * 3];
/// let label = shape(42, Part::Train, 0, &mut image);
/// assert!(label < 10);
/// ```
///
/// # Panics
/// If `image.len() != 32 * 32 * 3`.
pub fn shape(seed: u64, part: Part, index: u32, image: &mut [u8]) -> u8 {
    assert_eq!(image.len(), SIDE * SIDE * CHANNELS, "an image has 32 * 32 * 3 bytes");
    let mut random = generator(seed, SIDE as u32, part, index);
    let label = generator_below(&mut random, 10);
    let pose = Pose::draw(&mut random);
    let colours = Colours::draw(&mut random);
    let stray = Stray::draw(&mut random);

    let (mut shape, mut stroke) = ([[0; SIDE]; SIDE], [[0; SIDE]; SIDE]);
    cover_shape(label, &pose, &mut shape);
    cover(&mut stroke, |point| stray.stroke.squared_distance(point) <= stray.reach);

    let mut grain = Grain::new(&mut random, GRAIN);
    for (i, pixel) in image.chunks_exact_mut(CHANNELS).enumerate() {
        let (row, column) = (i / SIDE, i % SIDE);
        let (x, y) = (column as f32 - MIDDLE, row as f32 - MIDDLE);
        let (shape, stroke) = (share(shape[row][column]), share(stroke[row][column]));
        for (c, byte) in pixel.iter_mut().enumerate() {
            let ground = colours.ground[c] + colours.right[c] * x + colours.down[c] * y;
            let value = ground + colours.contrast[c] * shape;
            *byte = grain.develop(value + (stray.colour[c] - value) * stroke);
        }
    }
    label as u8
}

/// How the shape lies in the image.
struct Pose {
    /// Shape units per pixel.
    unit: f32,
    /// Factors for x and y, from pixels to units: the larger, the narrower the shape.
    stretch: [f32; 2],
    /// x grows with y: slant.
    slant: f32,
    /// x grows with y, and y falls with x: nearly a rotation.
    turn: f32,
    /// The shape's middle, in pixels.
    middle: [f32; 2],
}

impl Pose {
    fn draw(random: &mut XorShiftRng) -> Self {
        Self {
            unit: 1.0 / around(random, SIZE),
            stretch: [around(random, STRETCH), around(random, STRETCH)],
            slant: around(random, SLANT),
            turn: around(random, TURN),
            middle: [MIDDLE + around(random, SHIFT), MIDDLE + around(random, SHIFT)],
        }
    }

    /// From pixels to the shape's own coordinates.
    #[inline(always)]
    fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (x, y) = (x - self.middle[0], y - self.middle[1]);
        let right = self.stretch[0] * x + (self.slant + self.turn) * y;
        let down = self.stretch[1] * y - self.turn * x;
        [right * self.unit, down * self.unit]
    }
}

/// Red, green and blue of everything but the stray stroke.
struct Colours {
    /// In the middle of the image.
    ground: [f32; CHANNELS],
    /// Growth per pixel to the right.
    right: [f32; CHANNELS],
    /// Growth per pixel downwards.
    down: [f32; CHANNELS],
    /// Shape less ground.
    contrast: [f32; CHANNELS],
}

impl Colours {
    fn draw(random: &mut XorShiftRng) -> Self {
        let mut colour = |spread| [0; CHANNELS].map(|_| around(random, spread));
        let (ground, right, down) = (colour(GROUND), colour(SLOPE), colour(SLOPE));
        let mut contrast = colour(CONTRAST);
        // A line of its own: in an assignment, the right side would be drawn before the index.
        let lead = generator_below(random, 3) as usize;
        contrast[lead] = around(random, CONTRAST_LEAD);
        Self { ground, right, down, contrast }
    }
}

/// A stroke that does not belong to the shape, and lies over it.
struct Stray {
    stroke: Stroke,
    /// The squared distance up to which a point is covered.
    reach: f32,
    colour: [f32; CHANNELS],
}

impl Stray {
    fn draw(random: &mut XorShiftRng) -> Self {
        let [x, y] = [MIDDLE + around(random, STRAY_START), MIDDLE + around(random, STRAY_START)];
        let [dx, dy] = [around(random, STRAY_OFFSET), around(random, STRAY_OFFSET)];
        let radius = around(random, STRAY_RADIUS);
        Self {
            stroke: Stroke::new([x, y], [x + dx, y + dy]),
            reach: radius * radius,
            colour: [0; CHANNELS].map(|_| around(random, STRAY_COLOUR)),
        }
    }
}

/// Per pixel: how many of its four points are covered.
type Cover = [[u8; SIDE]; SIDE];

/// The covered share of a pixel.
fn share(points: u8) -> f32 {
    f32::from(points) * 0.25
}

/// Looks at four points of each pixel, a quarter of a pixel from its middle each way.
#[inline(always)]
fn cover(cover: &mut Cover, inside: impl Fn([f32; 2]) -> bool) {
    for (row, cover) in cover.iter_mut().enumerate() {
        let (upper, lower) = (row as f32 - 0.25, row as f32 + 0.25);
        for (column, count) in cover.iter_mut().enumerate() {
            let (left, right) = (column as f32 - 0.25, column as f32 + 0.25);
            let points = [[left, upper], [right, upper], [left, lower], [right, lower]];
            *count = points.map(|point| u8::from(inside(point))).iter().sum();
        }
    }
}

/// The ten shapes, in units of their size, y downwards.
fn cover_shape(label: u32, pose: &Pose, to: &mut Cover) {
    // One loop for each shape: it is chosen once, not for every point.
    macro_rules! shape {
        ($x:ident, $y:ident: $inside:expr) => {
            cover(to, |point| {
                let [$x, $y] = pose.place(point);
                $inside
            })
        };
    }
    match label {
        0 => shape!(x, y: x * x + y * y <= 1.0),
        1 => shape!(x, y: (0.375..=1.0).contains(&(x * x + y * y))),
        2 => shape!(x, y: x.abs() <= 0.875 && y.abs() <= 0.875),
        3 => shape!(x, y: x.abs() + y.abs() <= 1.1875),
        4 => shape!(x, y: y <= 0.75 && x.abs() <= (y + 1.0) * 0.625),
        5 => shape!(x, y: y >= -0.75 && x.abs() <= (1.0 - y) * 0.625),
        6 => shape!(x, y: {
            let (x, y) = (x.abs(), y.abs());
            (x <= 0.3125 && y <= 1.0) || (y <= 0.3125 && x <= 1.0)
        }),
        7 => shape!(x, y: {
            let (x, y) = (x.abs(), y.abs());
            (x - y).abs() <= 0.4375 && x <= 0.875 && y <= 0.875
        }),
        8 => shape!(x, y: x.abs() <= 0.9375 && (0.25..=0.875).contains(&y.abs())),
        _ => shape!(x, y: {
            let bite = x - 0.5;
            x * x + y * y <= 1.0 && bite * bite + y * y >= 0.5625
        }),
    }
}

// As in `digits.rs`, all constants are short sums of powers of two.

const SIZE: Spread = [9.0, 5.0];
const STRETCH: Spread = [1.0, 0.375];
const SLANT: Spread = [0.0, 0.25];
const TURN: Spread = [0.0, 0.375];
const SHIFT: Spread = [0.0, 8.0];
const GROUND: Spread = [96.0, 128.0];
const SLOPE: Spread = [0.0, 4.0];
const CONTRAST: Spread = [16.0, 192.0];
const CONTRAST_LEAD: Spread = [80.0, 64.0];
const STRAY_START: Spread = [0.0, 32.0];
const STRAY_OFFSET: Spread = [0.0, 24.0];
const STRAY_RADIUS: Spread = [1.5, 1.5];
const STRAY_COLOUR: Spread = [128.0, 256.0];

/// Noise takes this many values, half of them below zero.
const GRAIN: u32 = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;

    const BYTES: usize = SIDE * SIDE * CHANNELS;

    /// A change of bits is a change of interface. The same numbers come from an independent implementation in NumPy,
    /// written from `NUMERICS.md`.
    #[test]
    fn bits_are_pinned() {
        let checksum =
            |part| synthetic::checksum(BYTES, |seed, index, image| shape(seed, part, index, image));
        assert_eq!(checksum(Part::Train), 0x174c_6bd5, "train");
        assert_eq!(checksum(Part::Test), 0x6a23_433f, "test");
    }

    #[test]
    fn images_do_not_depend_on_order_or_on_the_buffer() {
        let mut forward = [[0; BYTES]; 30];
        let mut labels = [0; 30];
        for i in 0..30 {
            labels[i] = shape(7, Part::Train, i as u32, &mut forward[i]);
        }
        for i in (0..30).rev() {
            let mut image = [0xa5; BYTES];
            assert_eq!(shape(7, Part::Train, i as u32, &mut image), labels[i]);
            assert_eq!(image, forward[i], "image {i}");
        }
    }

    #[test]
    fn seed_part_and_index_all_matter() {
        synthetic::check_that_all_matter(|seed, part, index| {
            let mut image = [0; BYTES];
            shape(seed, part, index, &mut image);
            image
        });
    }

    /// 1000 of each are expected, with a standard deviation of 30.
    #[test]
    fn labels_are_balanced() {
        let mut count = [0; 10];
        for index in 0..10_000 {
            count[shape(3, Part::Train, index, &mut [0; BYTES]) as usize] += 1;
        }
        assert!(count.iter().all(|c| (860..1140).contains(c)), "{count:?}");
    }

    /// At the corners, which shapes hardly reach, the mean colour is the same for every class. Standard deviation of a
    /// mean: about 1.3.
    #[test]
    fn colours_tell_nothing_of_the_class() {
        let mut sum = [[0.0; CHANNELS]; 10];
        let mut count = [0.0; 10];
        let mut image = [0; BYTES];
        for index in 0..10_000 {
            let label = shape(4, Part::Train, index, &mut image) as usize;
            count[label] += 1.0;
            for corner in [0, SIDE - 1, SIDE * (SIDE - 1), SIDE * SIDE - 1] {
                for c in 0..CHANNELS {
                    sum[label][c] += f32::from(image[corner * CHANNELS + c]) / 4.0;
                }
            }
        }
        for c in 0..CHANNELS {
            let mean: [f32; 10] = core::array::from_fn(|label| sum[label][c] / count[label]);
            let all = mean.iter().sum::<f32>() / 10.0;
            assert!(mean.iter().all(|m| (m - all).abs() < 5.0), "channel {c}: {mean:?}");
        }
    }

    /// Each shape at its middle size: what its own form says, point for point.
    #[test]
    fn shapes_have_their_form() {
        let pose = Pose { unit: 0.125, stretch: [1.0; 2], slant: 0.0, turn: 0.0, middle: [MIDDLE; 2] };
        let covers: [Cover; 10] = core::array::from_fn(|label| {
            let mut cover = [[0xa5; SIDE]; SIDE];
            cover_shape(label as u32, &pose, &mut cover);
            cover
        });
        // Fully covered at the middle, near the right and near the upper rim, near the upper right corner.
        let places = [[15, 15], [15, 23], [9, 15], [11, 21]];
        let seen = covers.map(|cover| places.map(|[row, column]| cover[row][column] == 4));
        let want = [
            [true, true, true, true],
            [false, true, true, true],
            [true, false, true, true],
            [true, true, true, false],
            [true, false, true, false],
            [true, false, false, true],
            [true, true, true, false],
            [true, false, false, true],
            [false, false, true, true],
            [false, false, true, false],
        ];
        assert_eq!(seen, want);
        // Every shape but the triangles is its own image upside down, and those are each other's.
        for label in 0..10 {
            let other = [0, 1, 2, 3, 5, 4, 6, 7, 8, 9][label];
            assert!(covers[label].iter().eq(covers[other].iter().rev()), "{label}");
        }
    }

    #[test]
    #[should_panic = "32 * 32 * 3"]
    fn a_wrong_length_is_refused() {
        shape(0, Part::Train, 0, &mut [0; 1024]);
    }
}
