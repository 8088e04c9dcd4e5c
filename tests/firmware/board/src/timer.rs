//! Counting ticks of the processor's timer.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// Ticks of the processor's clock that `work` takes; it must take fewer than 2^24.
pub fn ticks(timer: &mut SYST, work: impl FnOnce()) -> u32 {
    const MOST: u32 = 0x00ff_ffff;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(MOST);
    timer.clear_current();
    timer.enable_counter();
    let start = SYST::get_current();
    work();
    let end = SYST::get_current();
    timer.disable_counter();
    start.wrapping_sub(end) & MOST
}
