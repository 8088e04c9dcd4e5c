//! From bytes to the numbers that a network sees, with or without augmentation.
//!
//! Everything is a function of the image, and, in training, of (run seed, epoch, the image's place in the training set): no
//! executor and no order of work can show in a pixel. `NUMERICS.md`, section 8.

use rand_core::Rng;

use super::Images;
use crate::random::{Domain, Key, generator_below};

/// How one image is seen in one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Rows by which the window lies below the top of the padded image.
    pub top: u32,
    /// Columns by which it lies right of the padded image's left edge.
    pub left: u32,
    /// Added to every pixel of a grey image.
    pub brightness: f32,
    /// Whether a colour image is mirrored, left to right.
    pub flip: bool,
}

/// Rows and columns of padding on every side, for images of so many rows: 3 for 28, 4 for 32.
#[must_use]
pub const fn margin(height: usize) -> usize {
    height / 8
}

impl View {
    /// The image as it is.
    #[must_use]
    pub const fn plain(shape: [usize; 3]) -> Self {
        let margin = margin(shape[0]) as u32;
        Self { top: margin, left: margin, brightness: 0.0, flip: false }
    }

    /// How the training image at place `index` (of all, before validation images are cut out) is seen in an epoch: a
    /// random window of the padded image; then a grey image gets a random brightness in [-1/2, 1/2), a colour image is
    /// mirrored with probability one half.
    #[must_use]
    pub fn draw(shape: [usize; 3], seed: u64, epoch: u32, index: u32) -> Self {
        let mut random = Key::new(Domain::Augmentation, seed, u64::from(epoch), 0, 0).generator(index);
        let places = 2 * margin(shape[0]) as u32 + 1;
        let (top, left) = (generator_below(&mut random, places), generator_below(&mut random, places));
        if is_grey(shape) {
            let brightness = (random.next_u32() >> 8) as f32 * TWO_POW_MINUS_24 - 0.5;
            Self { top, left, brightness, flip: false }
        } else {
            Self { top, left, brightness: 0.0, flip: generator_below(&mut random, 2) == 1 }
        }
    }
}

/// 2^-24.
const TWO_POW_MINUS_24: f32 = f32::from_bits(0x3380_0000);

/// Grey images are scaled to [0, 1]; colour images are standardised, each by its own mean and deviation.
const fn is_grey(shape: [usize; 3]) -> bool {
    shape[2] == 1
}

impl Images<'_> {
    /// Writes image `index`, seen so, to `input` as `[height][width][channels]` and returns its label.
    ///
    /// # Panics
    /// If there is no such image, or `input` is not as long as an image.
    pub fn write(&self, index: usize, view: View, input: &mut [f32]) -> u8 {
        let len = self.shape.iter().product();
        assert_eq!(input.len(), len, "an image has {len} pixels");
        let image = &self.pixels[index * len..][..len];
        self.write_window(image, view, input);
        if is_grey(self.shape) {
            for x in input {
                *x = *x / 255.0 + view.brightness;
            }
        } else {
            standardise(input);
        }
        self.labels[index]
    }

    /// Copies a window of the image, padded with zeros, as whole numbers.
    fn write_window(&self, image: &[u8], view: View, input: &mut [f32]) {
        let [height, width, channels] = self.shape;
        let margin = margin(height) as isize;
        let (down, right) = (view.top as isize - margin, view.left as isize - margin);
        // Of each row, the columns first .. end lie inside the image.
        let first = (-right).clamp(0, width as isize) as usize;
        let end = (width as isize - right).clamp(0, width as isize) as usize;
        for (y, row) in input.chunks_exact_mut(width * channels).enumerate() {
            let from = y as isize + down;
            row.fill(0.0);
            if from < 0 || from >= height as isize || first >= end {
                continue;
            }
            let start = from as usize * width + (first as isize + right) as usize;
            let bytes = &image[start * channels..][..(end - first) * channels];
            for (x, byte) in row[first * channels..end * channels].iter_mut().zip(bytes) {
                *x = f32::from(*byte);
            }
            if view.flip {
                // Pixels the other way round, the channels of each in their order.
                row.reverse();
                row.chunks_exact_mut(channels).for_each(<[f32]>::reverse);
            }
        }
    }
}

/// `(x - mean) / max(deviation, 255 / sqrt(n))` of n whole numbers from 0 to 255. Their sum and the sum of their squares
/// are whole numbers too, so mean and variance are exact until they are rounded once.
fn standardise(input: &mut [f32]) {
    let n = input.len() as u64;
    let (mut sum, mut squares) = (0u64, 0u64);
    for x in &*input {
        let x = *x as u32;
        sum += u64::from(x);
        squares += u64::from(x * x);
    }
    let mean = sum as f32 / n as f32;
    let deviation = libm::sqrtf((n * squares - sum * sum) as f32) / n as f32;
    let least = 255.0 / libm::sqrtf(n as f32);
    let divisor = if deviation > least { deviation } else { least };
    for x in input {
        *x = (*x - mean) / divisor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREY: [usize; 3] = [8, 8, 1];
    const COLOUR: [usize; 3] = [8, 8, 3];

    fn bytes<const N: usize>() -> [u8; N] {
        core::array::from_fn(|i| (i * 37 % 251) as u8 + 1)
    }

    #[test]
    fn a_plain_view_is_the_image_over_255() {
        let pixels = bytes::<64>();
        let images = Images { shape: GREY, pixels: &pixels, labels: &[7] };
        let mut input = [f32::NAN; 64];
        assert_eq!(images.write(0, View::plain(GREY), &mut input), 7);
        assert!(input.iter().zip(pixels).all(|(x, p)| *x == f32::from(p) / 255.0));
    }

    /// Each pixel by its definition: pad, cut, mirror.
    #[test]
    fn windows_are_cut_from_the_padded_image() {
        for (shape, pixels) in [(GREY, &bytes::<192>()[..64]), (COLOUR, &bytes::<192>()[..])] {
            let images = Images { shape, pixels, labels: &[0] };
            let [h, w, c] = shape;
            for (top, left, flip) in
                [(0, 0, false), (2, 0, false), (0, 2, true), (1, 1, true), (2, 2, false), (2, 1, true)]
            {
                let view = View { top, left, brightness: 0.0, flip };
                let mut window = [f32::NAN; 192];
                let window = &mut window[..h * w * c];
                images.write_window(pixels, view, window);
                for at in 0..h * w * c {
                    let (y, x, channel) = (at / c / w, at / c % w, at % c);
                    let x = if flip { w - 1 - x } else { x };
                    let (row, column) = (y + top as usize, x + left as usize);
                    let inside = (1..=h).contains(&row) && (1..=w).contains(&column);
                    let want = if inside {
                        f32::from(pixels[((row - 1) * w + column - 1) * c + channel])
                    } else {
                        0.0
                    };
                    assert_eq!(window[at], want, "{shape:?} {view:?} {at}");
                }
            }
        }
    }

    #[test]
    fn colour_is_standardised_and_a_flat_image_is_zero() {
        let mut input: [f32; 192] = bytes::<192>().map(f32::from);
        let exact = input.map(f64::from);
        standardise(&mut input);
        let mean = exact.iter().sum::<f64>() / 192.0;
        let variance = exact.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 192.0;
        for (x, exact) in input.iter().zip(exact) {
            assert!((f64::from(*x) - (exact - mean) / libm::sqrt(variance)).abs() < 1e-5);
        }
        let mut flat = [9.0; 192];
        standardise(&mut flat);
        assert_eq!(flat, [0.0; 192]);
    }

    #[test]
    fn views_differ_between_epochs_and_images_and_cover_their_ranges() {
        let draws = || (0..400).map(|i| View::draw([28, 28, 1], 1, i / 20, i % 20));
        for place in 0..=6 {
            assert!(draws().any(|view| view.top == place) && draws().any(|view| view.left == place));
        }
        assert!(draws().all(|view| view.top <= 6 && view.left <= 6));
        assert!(draws().all(|view| (-0.5..0.5).contains(&view.brightness)));
        assert!(draws().any(|view| view.brightness < -0.4) && draws().any(|view| view.brightness > 0.4));
        assert_ne!(View::draw(GREY, 1, 0, 0), View::draw(GREY, 2, 0, 0));
        let flips = (0..400).filter(|i| View::draw([32, 32, 3], 1, 0, *i).flip).count();
        assert!((150..250).contains(&flips), "{flips}");
    }
}
