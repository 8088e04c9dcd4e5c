//! Hundreds of steps of the small network, with either `exp` and `ln`, and what it has learnt.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use firmware_board::{jobs, run};
use firmware_jobs::{fixtures::RUNS, train::Images};

/// Floats of a training of 2,410 weights with 32 images and 24 directions.
const FLOATS: usize = 10_000;

#[entry]
fn main() -> ! {
    static mut MEMORY: [f32; FLOATS] = [0.0; FLOATS];
    static mut IMAGES: Images = Images::new();
    run(|out| RUNS.iter().try_for_each(|run| jobs::train(*run, MEMORY, IMAGES, out)))
}
