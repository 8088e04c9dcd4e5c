//! A training of 784-32-10 on synthetic 28x28 digits: 25,450 weights, 101,800 bytes, in 128 KiB.
//!
//! An image at a time; coordinates of [`ACCUMULATED`] images are added up before the weights move, which makes a mini-batch of so
//! many without keeping their activations. The gradient is streamed, so there is no second array of 25,450 floats.

use core::fmt::Write;

use random_bases_core::basis::Distribution;
use random_bases_core::data::View;
use random_bases_core::data::synthetic::Part;
use random_bases_core::descent::{
    CoordinatePolicy, Descent, Draws, Memory, Method, Options, Period, Sizes, Subspace,
};
use random_bases_core::nn::{Chain, Dense, Network, Relu};
use random_bases_core::numerics::{Lanes, Libm, digest};
use random_bases_core::step::Serial;
use random_bases_core::subspace::Strategy;

use crate::How;
use crate::failure::Failure;
use crate::images::Room;
use crate::recorded::carve;

/// 784-32-10: FC with a quarter of the hidden neurons.
#[derive(Clone, Copy, Debug)]
pub struct Large;

impl Network for Large {
    const NAME: &'static str = "fc-28x28x1-32";
    const SHAPE: [usize; 3] = [28, 28, 1];
    type Layers = Chain<Dense<784, 32>, Chain<Relu<32>, Dense<32, 10>>>;
}

/// Directions of a basis.
const DIRECTIONS: usize = 32;

/// Images whose coordinates are added up.
pub const ACCUMULATED: u32 = 4;

/// Images that it sees.
const IMAGES: u32 = 400;

/// Test images.
const TEST: u32 = 100;

/// The learning rate of an image.
const RATE: f32 = 1.0;

/// Lines that tell the digest on the way.
const LINES: u32 = 5;

const OPTIONS: Options = Options {
    draws: Draws { period: Period::Steps(ACCUMULATED), ..Options::NONE.draws },
    coordinates: CoordinatePolicy { accumulate: ACCUMULATED, ..Options::NONE.coordinates },
    ..Options::NONE
};

/// The least memory that it takes.
pub const SIZES: Sizes = Sizes {
    // Coordinates of several images are added up in it.
    position: DIRECTIONS,
    ..Sizes::of::<Large>(Method::Rbd, 1, DIRECTIONS, Strategy::TwoPass).without_gradient()
};

/// Trains, and says the digest of the weights on the way and at the end, and how many test images are classified right.
///
/// # Errors
/// [`Failure::Memory`] if there is not enough.
pub fn large<V: Lanes>(
    how: How,
    floats: &mut [f32],
    room: &mut Room<784, 1>,
    out: &mut impl Write,
) -> Result<(), Failure<'static>> {
    let mut executor = Serial::<V>::new();
    let subspace = Subspace { distribution: Distribution::Rademacher, ..Subspace::of(DIRECTIONS) };
    let mut descent = Descent::new(Method::Rbd, 42, subspace, how.strategy).with(OPTIONS);
    let sizes = Sizes::of_descent::<Large>(&descent, 1, 1);
    let mut memory = carve(if how.streamed { sizes.without_gradient() } else { sizes }, floats)?;
    descent.start::<Large, _>(&mut executor, &mut memory);
    for image in 0..IMAGES {
        room.draw::<28>(0, Part::Train, image, View::plain(Large::SHAPE));
        let mut batch = room.batch(1);
        let outcome = descent.step::<Large, Libm, _>(&mut executor, RATE, &mut batch, &mut memory);
        if (image + 1) % (IMAGES / LINES) == 0 {
            let (seen, loss, weights) = (image + 1, outcome.loss.to_bits(), digest(memory.weights));
            writeln!(out, "{}: {seen} images, loss {loss:08x}, weights {weights:016x}", Large::NAME)?;
        }
    }
    let Memory { weights, activations, losses, .. } = memory;
    let right = room.count_right::<Large, 28, _>(&mut executor, TEST, weights, activations, losses);
    writeln!(out, "{}: {right} of {TEST} test images right", Large::NAME)?;
    Ok(())
}
