//! The jobs with scalars, as a microcontroller runs them: compiled once, here, for all programs.

use cortex_m_semihosting::hio::HostStream;
use firmware_jobs::failure::Failure;
use firmware_jobs::fixtures::Fixture;
use firmware_jobs::images::Room;
use firmware_jobs::{How, answers, large, replay, train};
use random_bases_core::numerics::{Array, TILE};

use crate::sent::{CommandLine, HostFile};

type Scalar = Array<1>;

/// How a job came out.
pub type Outcome = Result<(), Failure<'static>>;

/// [`answers::answers`]
pub fn answers((name, bytes): Fixture, elements: &mut [f32; TILE], out: &mut HostStream) -> Outcome {
    answers::answers::<Scalar>(name, bytes, elements, out)
}

/// [`train::train`], with a gradient that stays: the recorded one is compared with it.
pub fn train(
    (name, bytes): Fixture,
    floats: &mut [f32],
    images: &mut train::Images,
    out: &mut HostStream,
) -> Outcome {
    train::train::<Scalar>(name, bytes, How::SMALL, floats, images, out)
}

/// [`replay::replay`] of a file that the host sends.
pub fn replay(
    name: &mut CommandLine,
    buffer: &mut [u8; replay::LONGEST],
    floats: &mut [f32],
    out: &mut HostStream,
) -> Outcome {
    let file = HostFile::named(name)?;
    replay::replay::<Scalar>(file.name(), file, buffer, floats, out)
}

/// [`large::large`], with a gradient that is streamed.
pub fn large(floats: &mut [f32], room: &mut Room<784, 1>, out: &mut HostStream) -> Outcome {
    large::large::<Scalar>(How::SMALL, floats, room, out)
}
