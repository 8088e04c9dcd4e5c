//! A training of 25,450 weights in 128 KiB.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use firmware_board::{jobs, run};
use firmware_jobs::{images::Room, large};

#[entry]
fn main() -> ! {
    static mut MEMORY: [f32; large::SIZES.floats()] = [0.0; large::SIZES.floats()];
    static mut ROOM: Room<784, 1> = Room::new();
    run(|out| jobs::large(MEMORY, ROOM, out))
}
