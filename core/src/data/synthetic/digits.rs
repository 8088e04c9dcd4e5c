//! Synthetic handwritten digits: an endless, seeded stand-in for MNIST (28x28) and for its small relatives (8x8).
//!
//! A digit is a pen path: straight strokes between points of a small integer grid, two ways of writing each digit.
//! An image is one path, stretched, slanted and bent at random, with every point jittered, drawn with a pen of random
//! width and darkness; then stray strokes, and noise on every pixel. The spreads were chosen so that the training methods
//! rank as they do on MNIST: SGD above RBD above FPD.
//!
//! # Order of the draws
//!
//! 1. the label (below 10), then the way of writing it (below 2), by [`generator_below`];
//! 2. one word for each number of the style: stretch x, y; slant; turn; bend 0 to 3; shift x, y; pen; ink;
//! 3. two words (x, y) for each point of the glyph, in order;
//! 4. four words for each stray stroke: start x, y; offset x, y;
//! 5. one word for each four pixels, in row-major order, lowest byte first.

use core::ops::Range;

use rand_xorshift::XorShiftRng;

use super::{Grain, Part, Spread, Stroke, around, from_0_to_1, generator};
use crate::random::generator_below;

/// Draws image `index` of a part: writes `SIDE * SIDE` pixels (row-major, 0 = background, 255 = darkest ink) and
/// returns the label, 0 to 9.
///
/// Meant for `SIDE` 28 and 8; other sides work and have images of their own. Stack: `4 * SIDE * SIDE` bytes and a
/// little.
///
/// ```
/// use random_bases_core::data::synthetic::{Part, digit};
///
/// let mut image = [0; 8 * 8];
/// let label = digit::<8>(42, Part::Train, 0, &mut image);
/// assert!(label < 10);
/// ```
///
/// # Panics
/// If `image.len() != SIDE * SIDE`.
pub fn digit<const SIDE: usize>(seed: u64, part: Part, index: u32, image: &mut [u8]) -> u8 {
    assert_eq!(image.len(), SIDE * SIDE, "an image has SIDE * SIDE pixels");
    let mut random = generator(seed, SIDE as u32, part, index);
    let label = generator_below(&mut random, 10);
    let variant = generator_below(&mut random, 2);
    let glyph = &GLYPHS[label as usize][variant as usize];
    let style = Style::draw(&mut random, Canvas::<SIDE>::WILD);

    let mut canvas = Canvas::<SIDE>::new(style.pen);
    canvas.draw_glyph(glyph, &style, &mut random);
    for _ in 0..Canvas::<SIDE>::STRAY_STROKES {
        canvas.draw_stray(&mut random);
    }
    canvas.develop(style.ink, &mut random, image);
    label as u8
}

/// How one writer writes. Lengths are in grid units: a digit is 24 units high before it is stretched.
struct Style {
    /// Width and height of the digit, as factors.
    stretch: [f32; 2],
    /// x grows with y: slant.
    slant: f32,
    /// x grows with y, and y falls with x: nearly a rotation.
    turn: f32,
    /// Quadratic terms: y*y and x*y in x, x*x and x*y in y.
    bend: [f32; 4],
    /// Offset of the whole digit.
    shift: [f32; 2],
    /// Half the width of the pen.
    pen: f32,
    /// Darkness: the value of a fully covered pixel.
    ink: f32,
}

impl Style {
    /// `wild` scales the spread of the shapes; pen and ink always vary in full.
    fn draw(random: &mut XorShiftRng, wild: f32) -> Self {
        let mut vary = |range| around(random, widened(range, wild));
        Self {
            stretch: [vary(STRETCH_X), vary(STRETCH_Y)],
            slant: vary(SLANT),
            turn: vary(TURN),
            bend: [vary(BEND), vary(BEND), vary(BEND), vary(BEND)],
            shift: [vary(SHIFT), vary(SHIFT)],
            pen: around(random, PEN),
            ink: around(random, INK),
        }
    }

    /// Where a point of the glyph lands, in grid units from the middle of the image.
    fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (xx, xy, yy) = (x * x, x * y, y * y);
        let right =
            self.stretch[0] * x + (self.slant + self.turn) * y + self.bend[0] * yy + self.bend[1] * xy;
        let down = self.stretch[1] * y - self.turn * x + self.bend[2] * xx + self.bend[3] * xy;
        [right + self.shift[0], down + self.shift[1]]
    }
}

/// Squared distances from each pixel to the ink. Coordinates are (column, row), whole at the pixels' middles.
struct Canvas<const SIDE: usize> {
    /// Half the width of the pen, in pixels.
    radius: f32,
    /// The squared distance from which on a pixel is left white.
    reach: f32,
    /// Coverage gained per squared distance below `reach`.
    steepness: f32,
    /// Per pixel: the smaller of `reach` and the squared distance to the nearest stroke.
    nearest: [[f32; SIDE]; SIDE],
}

impl<const SIDE: usize> Canvas<SIDE> {
    /// Few pixels can tell few shapes apart: small images hold bigger, calmer digits and nothing else.
    const SMALL: bool = SIDE < 16;
    /// Pixels per grid unit.
    const UNIT: f32 = SIDE as f32 * if Self::SMALL { 0.035_156_25 } else { 0.031_25 };
    /// Factor for the spread of the shapes.
    const WILD: f32 = if Self::SMALL { 0.75 } else { 1.0 };
    /// Strokes that do not belong to the digit.
    const STRAY_STROKES: usize = if Self::SMALL { 0 } else { 1 };
    /// The middle of the image.
    const MIDDLE: f32 = (SIDE - 1) as f32 * 0.5;

    /// An empty canvas, and a pen of half width `pen` grid units. The soft edge is one pixel wide, half of it inside
    /// the pen's radius r and half outside; in squared distance that is `(r + 0.5)^2 - (r - 0.5)^2 = 2 r`.
    fn new(pen: f32) -> Self {
        let radius = pen * Self::UNIT;
        let rim = radius + 0.5;
        let reach = rim * rim;
        Self { radius, reach, steepness: 1.0 / (radius + radius), nearest: [[reach; SIDE]; SIDE] }
    }

    /// From grid units to pixels.
    fn pixel([x, y]: [f32; 2]) -> [f32; 2] {
        [x * Self::UNIT + Self::MIDDLE, y * Self::UNIT + Self::MIDDLE]
    }

    fn draw_glyph(&mut self, glyph: &Glyph, style: &Style, random: &mut XorShiftRng) {
        let mut last = [0.0; 2];
        for (i, &[x, y]) in glyph.points.iter().enumerate() {
            let x = f32::from(x) + around(random, widened(JITTER, Self::WILD));
            let y = f32::from(y) + around(random, widened(JITTER, Self::WILD));
            let next = Self::pixel(style.place([x, y]));
            if i != 0 && i != glyph.lift {
                self.draw_stroke(last, next);
            }
            last = next;
        }
    }

    fn draw_stray(&mut self, random: &mut XorShiftRng) {
        let [x, y] = [around(random, STRAY_START), around(random, STRAY_START)];
        let [dx, dy] = [around(random, STRAY_OFFSET), around(random, STRAY_OFFSET)];
        self.draw_stroke(Self::pixel([x, y]), Self::pixel([x + dx, y + dy]));
    }

    fn draw_stroke(&mut self, a: [f32; 2], b: [f32; 2]) {
        let rows = self.rows_near(a[1], b[1]);
        self.draw_stroke_in(rows, a, b);
    }

    /// Lowers `nearest`, in some rows, to the squared distance to the stroke from `a` to `b`.
    fn draw_stroke_in(&mut self, rows: Range<usize>, a: [f32; 2], b: [f32; 2]) {
        let stroke = Stroke::new(a, b);
        for row in rows {
            for (column, nearest) in self.nearest[row].iter_mut().enumerate() {
                let distance = stroke.squared_distance([column as f32, row as f32]);
                *nearest = if distance < *nearest { distance } else { *nearest };
            }
        }
    }

    /// The rows that a stroke between heights `a` and `b` can reach, and half a row more on either side. It only saves
    /// time to skip the others: every distance there is above `reach`, with room for rounding.
    fn rows_near(&self, a: f32, b: f32) -> Range<usize> {
        let (top, bottom) = if a < b { (a, b) } else { (b, a) };
        let margin = self.radius + 1.0;
        // The casts saturate: what is above the image becomes row 0.
        let first = (top - margin) as usize;
        let end = (bottom + margin) as usize + 1;
        first.min(SIDE)..end.min(SIDE)
    }

    /// From coverage to bytes, with noise.
    fn develop(&self, ink: f32, random: &mut XorShiftRng, image: &mut [u8]) {
        let mut grain = Grain::new(random, GRAIN);
        for (i, pixel) in image.iter_mut().enumerate() {
            let edge = (self.reach - self.nearest[i / SIDE][i % SIDE]) * self.steepness;
            *pixel = grain.develop(from_0_to_1(edge) * ink);
        }
    }
}

/// The range, `factor` times as long, around the same middle.
fn widened([middle, length]: Spread, factor: f32) -> Spread {
    [middle, length * factor]
}

// All constants are short sums of powers of two: no reader and no compiler can round them differently.

const STRETCH_X: Spread = [0.875, 0.5];
const STRETCH_Y: Spread = [0.9375, 0.375];
const SLANT: Spread = [0.125, 0.5];
const TURN: Spread = [0.0, 0.375];
const BEND: Spread = [0.0, 0.03125];
const SHIFT: Spread = [0.0, 4.0];
const PEN: Spread = [1.5, 1.25];
const INK: Spread = [240.0, 128.0];
const JITTER: Spread = [0.0, 2.0];
const STRAY_START: Spread = [0.0, 24.0];
const STRAY_OFFSET: Spread = [0.0, 12.0];

/// Noise takes this many values, half of them below zero.
const GRAIN: u32 = 32;

/// One way of writing a digit.
struct Glyph {
    /// The pen's path on a grid: x to the right, y downwards, (0, 0) in the middle.
    points: &'static [[i8; 2]],
    /// The point to which the pen is lifted, not drawn; 0 if it never is.
    lift: usize,
}

const fn path(points: &'static [[i8; 2]]) -> Glyph {
    Glyph { points, lift: 0 }
}

const fn lifted(points: &'static [[i8; 2]], lift: usize) -> Glyph {
    Glyph { points, lift }
}

/// Two ways of writing each digit.
#[rustfmt::skip]
static GLYPHS: [[Glyph; 2]; 10] = [
    [
        path(&[[0, -12], [5, -10], [7, -5], [8, 0], [7, 5], [5, 10], [0, 12], [-5, 10], [-7, 5], [-8, 0], [-7, -5], [-5, -10], [0, -12]]),
        path(&[[2, -12], [-3, -10], [-6, -4], [-6, 3], [-4, 10], [0, 12], [4, 9], [6, 3], [6, -4], [4, -10], [-1, -12]]),
    ],
    [
        path(&[[0, -12], [0, 0], [0, 12]]),
        lifted(&[[-5, -7], [0, -12], [0, 0], [0, 12], [-5, 12], [5, 12]], 4),
    ],
    [
        path(&[[-7, -7], [-5, -11], [0, -12], [5, -10], [6, -6], [4, -1], [-1, 5], [-7, 12], [0, 12], [7, 12]]),
        path(&[[-6, -8], [-3, -12], [2, -12], [5, -8], [4, -2], [0, 5], [-4, 10], [-7, 10], [-5, 7], [-1, 9], [3, 12], [7, 10]]),
    ],
    [
        path(&[[-6, -10], [-1, -12], [4, -11], [6, -7], [4, -2], [-1, 0], [4, 2], [7, 6], [5, 10], [0, 12], [-6, 10]]),
        path(&[[-6, -12], [0, -12], [6, -12], [2, -6], [-1, -2], [4, 0], [7, 5], [4, 10], [-1, 12], [-7, 9]]),
    ],
    [
        lifted(&[[-3, -12], [-5, -4], [-7, 3], [0, 3], [8, 3], [4, -6], [4, 3], [4, 12]], 5),
        path(&[[4, 12], [4, 0], [4, -12], [-2, -4], [-8, 4], [0, 4], [8, 4]]),
    ],
    [
        path(&[[6, -12], [0, -12], [-5, -12], [-6, -2], [-1, -4], [4, -2], [7, 4], [4, 10], [-1, 12], [-7, 10]]),
        lifted(&[[-4, -12], [-5, -2], [0, -3], [5, 0], [6, 5], [3, 10], [-2, 12], [-6, 10], [-4, -12], [1, -12], [7, -12]], 8),
    ],
    [
        path(&[[4, -12], [-2, -8], [-6, -1], [-7, 5], [-5, 10], [0, 12], [5, 10], [7, 5], [4, 1], [0, 0], [-5, 3]]),
        path(&[[6, -10], [1, -12], [-4, -9], [-7, -2], [-7, 5], [-4, 11], [1, 12], [5, 9], [5, 4], [1, 1], [-4, 3], [-6, 7]]),
    ],
    [
        path(&[[-7, -12], [0, -12], [7, -12], [3, -4], [0, 4], [-2, 12]]),
        lifted(&[[-7, -10], [0, -11], [7, -12], [4, -4], [1, 3], [-2, 12], [-4, 0], [6, 0]], 6),
    ],
    [
        path(&[[0, -1], [5, -4], [5, -9], [0, -12], [-5, -9], [-5, -4], [0, -1], [6, 4], [6, 9], [0, 12], [-6, 9], [-6, 4], [0, -1]]),
        path(&[[5, -9], [0, -12], [-5, -9], [-4, -4], [4, 3], [6, 8], [0, 12], [-6, 8], [-4, 3], [4, -4], [5, -9]]),
    ],
    [
        path(&[[6, -6], [3, -1], [-2, 0], [-6, -4], [-5, -10], [0, -12], [5, -10], [6, -6], [6, 2], [5, 12]]),
        path(&[[6, -9], [1, -12], [-5, -10], [-6, -4], [-2, 0], [3, -2], [6, -8], [6, 0], [4, 8], [-1, 12], [-5, 11]]),
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;

    fn checksum<const SIDE: usize>(part: Part) -> u32 {
        synthetic::checksum(SIDE * SIDE, |seed, index, image| digit::<SIDE>(seed, part, index, image))
    }

    /// A change of bits is a change of interface. The same numbers come from an independent implementation in NumPy,
    /// written from `NUMERICS.md`.
    #[test]
    fn bits_are_pinned() {
        assert_eq!(checksum::<28>(Part::Train), 0x1085_7a5d, "28x28, train");
        assert_eq!(checksum::<28>(Part::Test), 0xa36c_896f, "28x28, test");
        assert_eq!(checksum::<8>(Part::Train), 0x35c4_988d, "8x8, train");
        assert_eq!(checksum::<8>(Part::Test), 0x82c1_6dce, "8x8, test");
    }

    #[test]
    fn images_do_not_depend_on_order_or_on_the_buffer() {
        let mut forward = [[0u8; 64]; 50];
        let mut labels = [0; 50];
        for i in 0..50 {
            labels[i] = digit::<8>(7, Part::Train, i as u32, &mut forward[i]);
        }
        for i in (0..50).rev() {
            let mut image = [0xa5; 64];
            assert_eq!(digit::<8>(7, Part::Train, i as u32, &mut image), labels[i]);
            assert_eq!(image, forward[i], "image {i}");
        }
    }

    #[test]
    fn seed_part_and_index_all_matter() {
        synthetic::check_that_all_matter(|seed, part, index| {
            let mut image = [0; 64];
            digit::<8>(seed, part, index, &mut image);
            image
        });
    }

    /// 2000 of each are expected, with a standard deviation of 42.
    #[test]
    fn labels_are_balanced() {
        let mut count = [0; 10];
        for index in 0..20_000 {
            count[digit::<8>(3, Part::Train, index, &mut [0; 64]) as usize] += 1;
        }
        assert!(count.iter().all(|c| (1800..2200).contains(c)), "{count:?}");
    }

    /// Every pixel of every row may be visited, and nothing changes.
    #[test]
    fn skipped_rows_are_out_of_reach() {
        let mut random = generator(0, 0, Part::Train, 0);
        for _ in 0..2000 {
            let pen = around(&mut random, PEN);
            let (mut some, mut all) = (Canvas::<28>::new(pen), Canvas::<28>::new(pen));
            let [a, b] = [0; 2].map(|_| [0; 2].map(|_| around(&mut random, [14.0, 48.0])));
            some.draw_stroke(a, b);
            all.draw_stroke_in(0..28, a, b);
            assert_eq!(
                some.nearest.map(|row| row.map(f32::to_bits)),
                all.nearest.map(|row| row.map(f32::to_bits))
            );
        }
    }

    /// A stroke without length is a dot.
    #[test]
    fn a_dot_is_finite() {
        let mut canvas = Canvas::<8>::new(1.5);
        canvas.draw_stroke([3.0, 4.0], [3.0, 4.0]);
        assert_eq!(canvas.nearest[4][3], 0.0);
        assert!(canvas.nearest.iter().flatten().all(|d| d.is_finite()));
    }

    /// Of 1000 test images: how many have the mean of their own class, over 4000 training images, nearest.
    fn nearest_mean_hits<const SIDE: usize>() -> u32 {
        let mut image = [0; 28 * 28];
        let image = &mut image[..SIDE * SIDE];
        let mut mean = [[0.0f32; 28 * 28]; 10];
        let mut count = [0.0f32; 10];
        for index in 0..4000 {
            let label = digit::<SIDE>(5, Part::Train, index, image) as usize;
            count[label] += 1.0;
            mean[label].iter_mut().zip(image.iter()).for_each(|(m, &p)| *m += f32::from(p));
        }
        let distance = |label: usize, image: &[u8]| -> f32 {
            let difference = |(&m, &p): (&f32, &u8)| m / count[label] - f32::from(p);
            mean[label].iter().zip(image).map(difference).map(|d| d * d).sum()
        };
        let hit = |index| {
            let label = digit::<SIDE>(5, Part::Test, index, image) as usize;
            let best = (0..10).min_by(|&i, &j| distance(i, image).total_cmp(&distance(j, image)));
            u32::from(best == Some(label))
        };
        (0..1000).map(hit).sum()
    }

    #[test]
    fn classes_are_separable_but_not_trivially() {
        let hits = [nearest_mean_hits::<28>(), nearest_mean_hits::<8>()];
        assert!((600..950).contains(&hits[0]) && (600..980).contains(&hits[1]), "{hits:?}");
    }

    #[test]
    #[should_panic = "SIDE * SIDE"]
    fn a_wrong_length_is_refused() {
        digit::<28>(0, Part::Train, 0, &mut [0; 783]);
    }
}
