//! The jobs as functions of a WebAssembly module: no allocator, no bindings, three functions of JavaScript's.
//!
//! Each function does a job in vectors of four lanes, which a compiler may make WebAssembly's own, with the fused strategy, and returns 0 if
//! the job came to its end, else 1. `run.mjs` runs them in Node.
#![no_std]

use core::fmt::{self, Write};
use core::panic::PanicInfo;

use firmware_jobs::failure::Failure;
use firmware_jobs::fixtures::{ANSWERS, Fixture, RUNS, STEPS};
use firmware_jobs::images::Room;
use firmware_jobs::journal::Source;
use firmware_jobs::train::Images;
use firmware_jobs::{How, answers, large, replay, train};
use random_bases_core::numerics::{Array, TILE};
use random_bases_core::subspace::Strategy;

type Lanes = Array<4>;

const HOW: How = How { strategy: Strategy::Fused, streamed: false };

/// Floats of memory, which is enough for every job. They lie on the stack.
const FLOATS: usize = 400_000;

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Prints a text.
    fn print(text: *const u8, len: usize);
    /// Puts at most `len` bytes of the journal that come next at `buffer`, and says how many; none if nothing comes any more.
    fn read(buffer: *mut u8, len: usize) -> usize;
    /// Puts the journal's name, which has at most `len` bytes, at `buffer`, and says how many it has.
    fn name(buffer: *mut u8, len: usize) -> usize;
}

struct Page;

impl Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: JavaScript reads the bytes before it returns, and keeps no reference.
        unsafe { print(text.as_ptr(), text.len()) };
        Ok(())
    }
}

/// The journal that the page sends.
struct Sent;

impl Source for Sent {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure<'static>> {
        // SAFETY: JavaScript writes at most so many bytes before it returns, and keeps no reference.
        Ok(unsafe { read(buffer.as_mut_ptr(), buffer.len()) })
    }
}

/// Does a job, and says why it failed.
fn done(job: impl FnOnce() -> Result<(), Failure<'static>>) -> u32 {
    let result = job();
    if let Err(failure) = &result {
        // A page cannot fail to show it.
        let _ = writeln!(Page, "failed: {failure}");
    }
    result.is_err().into()
}

fn trained(runs: &[Fixture]) -> u32 {
    done(|| {
        let (mut floats, mut images) = ([0.0; FLOATS], Images::new());
        runs.iter().try_for_each(|(name, bytes)| {
            train::train::<Lanes>(name, bytes, HOW, &mut floats, &mut images, &mut Page)
        })
    })
}

/// The known answers.
#[unsafe(export_name = "answers")]
pub extern "C" fn known_answers() -> u32 {
    done(|| answers::answers::<Lanes>(ANSWERS.0, ANSWERS.1, &mut [0.0; TILE], &mut Page))
}

/// One step of every method.
#[unsafe(export_name = "steps")]
pub extern "C" fn steps() -> u32 {
    trained(STEPS)
}

/// The recorded runs.
#[unsafe(export_name = "train")]
pub extern "C" fn runs() -> u32 {
    trained(RUNS)
}

/// A journal that the page sends.
#[unsafe(export_name = "replay")]
pub extern "C" fn journal() -> u32 {
    done(|| {
        let mut text = [0; 128];
        // SAFETY: JavaScript writes at most so many bytes before it returns, and keeps no reference.
        let len = unsafe { name(text.as_mut_ptr(), text.len()) };
        let name = text.get(..len).and_then(|name| str::from_utf8(name).ok()).ok_or(Failure::Unreadable)?;
        let (mut record, mut floats) = ([0; replay::LONGEST], [0.0; FLOATS]);
        replay::replay::<Lanes>(name, Sent, &mut record, &mut floats, &mut Page)
    })
}

/// The large network.
#[unsafe(export_name = "large")]
pub extern "C" fn large_network() -> u32 {
    done(|| large::large::<Lanes>(HOW, &mut [0.0; FLOATS], &mut Room::new(), &mut Page))
}

/// What is left of a panic in a module with a panic handler: a trap, which JavaScript sees as an exception.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
