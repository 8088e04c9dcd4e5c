//! One step of every method, against the recorded ones.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use firmware_board::{jobs, run};
use firmware_jobs::{fixtures::STEPS, train::Images};

/// Floats of the training that takes most: gradient bases.
const FLOATS: usize = 20_000;

#[entry]
fn main() -> ! {
    static mut MEMORY: [f32; FLOATS] = [0.0; FLOATS];
    static mut IMAGES: Images = Images::new();
    run(|out| STEPS.iter().try_for_each(|step| jobs::train(*step, MEMORY, IMAGES, out)))
}
