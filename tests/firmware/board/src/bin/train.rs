//! Three hundred steps of the small network, and what it has learnt.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use firmware_board::{jobs, run};
use firmware_jobs::{fixtures::RUN, train::Images};

/// Floats of a training of 2,410 weights with 32 images and 24 directions.
const FLOATS: usize = 10_000;

#[entry]
fn main() -> ! {
    static mut MEMORY: [f32; FLOATS] = [0.0; FLOATS];
    static mut IMAGES: Images = Images::new();
    run(|out| jobs::train(RUN, MEMORY, IMAGES, out))
}
