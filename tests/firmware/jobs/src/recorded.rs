//! Recorded runs of the small network.

use random_bases_core::descent::{Descent, Memory, Method, Rates, Sizes, Subspace};
use random_bases_core::nn::{Network, Small8};
use random_bases_core::numerics::CONTRACT;
use random_bases_core::record::{Frames, Record, Run, Step};

use crate::How;
use crate::failure::Failure;

/// The name of its images.
const IMAGES: &str = "synthetic-8x8x1";

/// More directions, or places of a landscape, than any small memory has room for. Sizes up to these do not overflow.
const DIRECTIONS_MAX: u32 = 4_096;
const BINS_MAX: u32 = 256;

/// The head of a recorded run, and the records behind it.
///
/// # Errors
/// If this is no run that passes [`head`].
pub fn open(bytes: &[u8]) -> Result<(Run<'_>, Frames<'_>), Failure<'_>> {
    let mut frames = Frames::new(bytes)?;
    let run = head(frames.next().ok_or(Failure::CutShort)??.record)?;
    Ok((run, frames))
}

/// The head of a recorded run. What passes here can be computed, if there is memory for it.
///
/// # Errors
/// If this is not a run of one worker of the small network on synthetic images, by this version of the contract, with settings
/// that go together.
pub fn head(first: Record<'_>) -> Result<Run<'_>, Failure<'static>> {
    let Record::Run(run) = first else { return Err(Failure::Unsupported { field: "first record" }) };
    let options = run.options.check(run.method, run.antithetic);
    let training = run.data.images.saturating_sub(run.data.validation);
    let directions = u32::from(run.method != Method::Sgd)..=DIRECTIONS_MAX;
    let bins = match run.method {
        Method::Landscape(landscape) => landscape.bins,
        _ => 3,
    };
    for (field, supported) in [
        ("version of the contract", run.contract == CONTRACT),
        ("network", run.network == Small8::NAME),
        ("images", run.data.name == IMAGES),
        ("workers", run.options.workers.count == 1),
        ("mini-batches", (1..=training).contains(&run.batch)),
        ("directions", directions.contains(&run.dimensions)),
        ("bins", bins % 2 == 1 && (3..=BINS_MAX).contains(&bins)),
        ("options", options.is_ok()),
    ] {
        if !supported {
            return Err(Failure::Unsupported { field });
        }
    }
    Ok(run)
}

/// The descent of a run, before its first step.
#[must_use]
pub fn descent(run: &Run<'_>, how: How) -> Descent {
    let subspace = Subspace {
        dimensions: run.dimensions as usize,
        distribution: run.distribution,
        normalisation: run.normalisation,
        antithetic: run.antithetic,
    };
    Descent::new(run.method, run.seed, subspace, how.strategy).with(run.options)
}

/// The rates of a step.
#[must_use]
pub fn rates(step: &Step<'_>) -> Rates {
    Rates {
        method: step.learning_rate,
        sgd: step.sgd_rate.unwrap_or(0.0),
        // A step that became one holds its coordinates.
        sgd_step: step.sgd_step && step.coordinates.is_empty(),
    }
}

/// Cuts `floats` into the buffers of a training, if it is long enough.
///
/// # Errors
/// [`Failure::Memory`].
pub fn carve(sizes: Sizes, floats: &mut [f32]) -> Result<Memory<'_>, Failure<'static>> {
    let (needed, available) = (sizes.floats(), floats.len());
    if needed > available {
        return Err(Failure::Memory { needed, available });
    }
    Ok(Memory::carve(sizes, floats))
}
