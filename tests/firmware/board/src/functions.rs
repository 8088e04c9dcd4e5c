//! What an implementation of `exp` and `ln` takes.

use core::fmt::Write;
use core::hint::black_box;

use cortex_m::Peripherals;
use random_bases_core::numerics::Math;

use crate::timer::ticks;

/// Calls of each.
const CALLS: u32 = 1_000;

/// Says how many ticks a thousand calls take; the loop around them counts, too.
pub fn measure<M: Math>() -> ! {
    crate::run(|out| {
        let Some(mut peripherals) = Peripherals::take() else { return Ok(()) };
        // What softmax asks for: exp of 0 and below, ln of 1 and above.
        let mut count = |function: fn(f32) -> f32, scale: f32, first: f32| {
            ticks(&mut peripherals.SYST, || {
                for i in 0..CALLS {
                    black_box(function(black_box(first + i as f32 * scale)));
                }
            })
        };
        let (exp, ln) = (count(M::exp, -0.02, 0.0), count(M::ln, 0.01, 1.0));
        writeln!(out, "# ticks {exp} {ln}")?;
        Ok(())
    })
}
