//! A firmware that trains: sixteen digits, 24 random directions a step instead of 2,410 weights.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
use panic_halt as _;
use random_bases_core::data::{Images, View, synthetic};
use random_bases_core::descent::{Descent, Memory, Method, Sizes, Subspace};
use random_bases_core::nn::{Batch, Small8};
use random_bases_core::numerics::{Array, Libm, digest};
use random_bases_core::{step::Serial, subspace::Strategy};

// All memory of a training, without a gradient: it is made where it is projected.
const SIZES: Sizes = Sizes::of::<Small8>(Method::Rbd, 16, 24, Strategy::TwoPass).without_gradient();

#[entry]
fn main() -> ! {
    static mut FLOATS: [f32; SIZES.floats()] = [0.0; SIZES.floats()];
    static mut INPUT: [f32; 16 * 64] = [0.0; 16 * 64];
    let mut labels = [0; 16];
    for (i, input) in INPUT.chunks_exact_mut(64).enumerate() {
        let mut pixels = [0; 64]; // a camera's, say
        labels[i] = synthetic::digit::<8>(1, synthetic::Part::Train, i as u32, &mut pixels);
        let images = Images { shape: [8, 8, 1], pixels: &pixels, labels: &labels[i..] };
        images.write(0, View::plain(images.shape), input);
    }
    let mut memory = Memory::carve(SIZES, FLOATS);
    let mut descent = Descent::new(Method::Rbd, 42, Subspace::of(24), Strategy::TwoPass);
    let mut executor = Serial::<Array<1>>::new();
    descent.start::<Small8, _>(&mut executor, &mut memory);
    let mut batch = Batch { input: INPUT, labels: &labels };
    for _ in 0..10 {
        descent.step::<Small8, Libm, _>(&mut executor, 1.0, &mut batch, &mut memory);
    }
    let equal = digest(memory.weights) == 0x3fd1_abe3_570b_11e4; // as on every machine
    exit(if equal { EXIT_SUCCESS } else { EXIT_FAILURE });
    loop {}
}
