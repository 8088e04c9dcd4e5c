//! Trains the small network in a static array, journals every step and replays the journal, with no std, no allocator and no operating system but for the exit.
//!
//! That it links is half of the test; the other half is its exit code: 0 if the weights have the digest that
//! `tests/tests/no_std.rs` passed in at compile time, 1 if not; it aborts after a panic.
#![no_std]
#![no_main]

use random_bases_core::data::synthetic::{Part, digit};
use random_bases_core::data::{Images, View};
use random_bases_core::descent::{Descent, Memory, Method, Sizes, Subspace};
use random_bases_core::nn::{Batch, Small8};
use random_bases_core::numerics::{Array, Libm, Math, Micromath, digest};
use random_bases_core::record::{Floats, Frame, Frames, Record, Step, write};
use random_bases_core::step::Serial;
use random_bases_core::subspace::Strategy;

const IMAGES: usize = 16;
const STEPS: usize = 5;
const DIRECTIONS: usize = 8;
const SIZES: Sizes = Sizes::of::<Small8>(Method::Rbd, IMAGES, DIRECTIONS, Strategy::TwoPass);

/// Bytes of a journal's step.
const RECORD: usize = 4 * DIRECTIONS + 41;

// For the program's start, for `memcpy`, which compilers call, and for a way out after a panic.
#[link(name = "c")]
unsafe extern "C" {
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    abort()
}

/// What the C runtime calls.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> i32 {
    let want = option_env!("NO_STD_DIGEST").and_then(|text| u64::from_str_radix(text, 16).ok());
    i32::from(Some(train()) != want)
}

fn train() -> u64 {
    let mut floats = [f32::NAN; SIZES.floats()];
    let mut memory = Memory::carve(SIZES, &mut floats);
    let mut executor = Serial::<Array<1>>::new();
    let (subspace, strategy) = (Subspace::of(DIRECTIONS), Strategy::TwoPass);
    let mut descent = Descent::new(Method::Rbd, 1, subspace, strategy);
    descent.start::<Small8, _>(&mut executor, &mut memory);

    let (mut pixels, mut labels) = ([0; IMAGES * 64], [0; IMAGES]);
    let mut input = [0.0; IMAGES * 64];
    let mut records = [0; STEPS * RECORD];
    for step in 0..STEPS {
        for i in 0..IMAGES {
            let index = (step * IMAGES + i) as u32;
            labels[i] = digit::<8>(1, Part::Train, index, &mut pixels[i * 64..][..64]);
            let images = Images { shape: [8, 8, 1], pixels: &pixels, labels: &labels };
            images.write(i, View::draw(images.shape, 1, 0, index), &mut input[i * 64..][..64]);
        }
        let mut batch = Batch { input: &input, labels: &labels };
        descent.step::<Small8, Libm, _>(&mut executor, 0.5, &mut batch, &mut memory);
        journal(step, &memory, &mut records[step * RECORD..][..RECORD]);
    }
    let trained = digest(memory.weights);

    // The same weights again, from the journal alone. 0 is no digest of the test's.
    descent.start::<Small8, _>(&mut executor, &mut memory);
    for record in records.chunks_exact(RECORD) {
        let Some(Ok(Frame { record: Record::Step(step), .. })) = Frames::headless(record).next() else {
            return 0;
        };
        let mut coordinates = [0.0; DIRECTIONS];
        step.coordinates.copy_to(&mut coordinates);
        descent.replay::<Small8, _>(&mut executor, step.learning_rate, &coordinates, &[], &mut memory);
        if digest(memory.weights) != step.digest {
            return 0;
        }
    }
    if Micromath::exp(-1.0) > 0.0 && digest(memory.weights) == trained { trained } else { 0 }
}

/// Writes what the step did to `record`, which is exactly as long as it needs to be.
fn journal(step: usize, memory: &Memory<'_>, record: &mut [u8]) {
    let step = Step {
        step: step as u64,
        learning_rate: 0.5,
        loss: 0.0,
        right: 0,
        sgd_rate: None,
        sgd_step: false,
        factors: Floats::from(&[][..]),
        digest: digest(memory.weights),
        coordinates: Floats::from(&*memory.coordinates),
    };
    assert!(write(&Record::Step(step), record).is_ok_and(|frame| frame.len() == RECORD));
}
