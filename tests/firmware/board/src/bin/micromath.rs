//! What `exp` and `ln` of `micromath` take.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use random_bases_core::numerics::Micromath;

#[entry]
fn main() -> ! {
    firmware_board::functions::measure::<Micromath>()
}
