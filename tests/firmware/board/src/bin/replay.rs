//! The weights of a training that was made elsewhere, from its journal alone, which the host sends.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use firmware_board::sent::CommandLine;
use firmware_board::{jobs, run};
use firmware_jobs::replay::{COORDINATES, LONGEST};
use random_bases_core::descent::Sizes;
use random_bases_core::nn::Small8;

/// For as many directions as the command line takes by default.
const SIZES: Sizes = Sizes::of_replay::<Small8>(COORDINATES);

#[entry]
fn main() -> ! {
    static mut MEMORY: [f32; SIZES.floats()] = [0.0; SIZES.floats()];
    static mut RECORD: [u8; LONGEST] = [0; LONGEST];
    static mut LINE: CommandLine = [0; 128];
    run(|out| jobs::replay(LINE, RECORD, MEMORY, out))
}
