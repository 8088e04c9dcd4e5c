//! What every program here does around its job: lines to the debugger, how deep the stack went, how it ends.
//!
//! Lines go to the host through semihosting, which QEMU and hardware probes understand. One that begins with `#` is about this
//! machine; all others are the job's, and the same on every machine.
#![no_std]

pub mod functions;
pub mod jobs;
pub mod sent;
mod stack;
pub mod timer;

use core::fmt::Write;
use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};
use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, ExitStatus, exit};
use cortex_m_semihosting::hio::{HostStream, hstdout};

/// Runs a job and ends the program: with code 0 if the job came to its end, else with 1.
pub fn run(job: impl FnOnce(&mut HostStream) -> jobs::Outcome) -> ! {
    let Ok(mut out) = hstdout() else { end(EXIT_FAILURE) };
    let result = job(&mut out);
    let lines = writeln!(out, "# stack {}", stack::deepest());
    let lines = match &result {
        Ok(()) => lines,
        Err(failure) => writeln!(out, "failed: {failure}"),
    };
    end(if result.is_ok() && lines.is_ok() { EXIT_SUCCESS } else { EXIT_FAILURE })
}

/// Ends the program; where there is no host to tell, stops.
fn end(status: ExitStatus) -> ! {
    exit(status);
    loop {
        cortex_m::asm::wfi();
    }
}

/// What is left of a panic in a program with a panic handler.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    if let Ok(mut out) = hstdout() {
        // Nothing is left to do if this fails.
        let _ = out.write_str("failed: a panic\n");
    }
    end(EXIT_FAILURE)
}

/// A check that failed, where panics are compiled to an undefined instruction; or a true fault.
///
/// # Safety
/// Called by the processor alone.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    if let Ok(mut out) = hstdout() {
        // Nothing is left to do if this fails.
        let _ = writeln!(out, "failed: a fault at {:08x}", frame.pc());
    }
    end(EXIT_FAILURE)
}
