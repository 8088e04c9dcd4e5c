//! The known answers of the generator, the distributions, `exp` and `ln`.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use firmware_board::{jobs, run};
use firmware_jobs::fixtures::ANSWERS;
use random_bases_core::numerics::TILE;

#[entry]
fn main() -> ! {
    static mut ELEMENTS: [f32; TILE] = [0.0; TILE];
    run(|out| jobs::answers(ANSWERS, ELEMENTS, out))
}
