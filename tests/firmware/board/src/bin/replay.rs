//! The weights of a training that was made elsewhere, from its journal alone.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use firmware_board::{jobs, run};
use firmware_jobs::fixtures::RUN;
use random_bases_core::descent::Sizes;
use random_bases_core::nn::Small8;

/// For up to 24 directions.
const SIZES: Sizes = Sizes::of_replay::<Small8>(24);

#[entry]
fn main() -> ! {
    static mut MEMORY: [f32; SIZES.floats()] = [0.0; SIZES.floats()];
    run(|out| jobs::replay(RUN, MEMORY, out))
}
