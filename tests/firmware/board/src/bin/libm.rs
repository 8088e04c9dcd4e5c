//! What `exp` and `ln` of `libm` take.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use random_bases_core::numerics::Libm;

#[entry]
fn main() -> ! {
    firmware_board::functions::measure::<Libm>()
}
