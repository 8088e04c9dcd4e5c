//! A recorded training of the small network, done again.

use core::fmt::Write;

use random_bases_core::descent::{Descent, Memory, Outcome, Rates, Sizes};
use random_bases_core::nn::{Layer, Network, Small8};
use random_bases_core::numerics::{Lanes, Libm, MathId, Micromath, digest};
use random_bases_core::record::{Record, Step, Tensor};
use random_bases_core::step::Serial;

use crate::How;
use crate::failure::{Comparison, Failure};
use crate::images::{Feed, Room};
use crate::recorded::{carve, descent, open, rates};

/// Training images that a run may have.
pub const ORDER: usize = 1_000;

/// Test images after a run of several steps.
const TEST: u32 = 200;

type Layers = <Small8 as Network>::Layers;

/// Room for the images of a run.
#[derive(Debug)]
pub struct Images {
    /// The order of the training images in an epoch.
    pub order: [u32; ORDER],
    /// A mini-batch.
    pub room: Room<64, 32>,
}

impl Images {
    /// Room with anything in it.
    #[must_use]
    pub const fn new() -> Self {
        Self { order: [0; ORDER], room: Room::new() }
    }
}

impl Default for Images {
    fn default() -> Self {
        Self::new()
    }
}

/// Trains what the record `bytes` was made by, for as many steps, and compares everything that it holds. Then says how many
/// numbers were equal, the digest of the weights and, of several steps, how many test images are classified right.
///
/// A gradient that the record holds needs room, so it is not streamed.
///
/// # Errors
/// The first difference, or why nothing can be compared.
pub fn train<'a, V: Lanes>(
    name: &str,
    bytes: &'a [u8],
    how: How,
    floats: &mut [f32],
    images: &mut Images,
    out: &mut impl Write,
) -> Result<(), Failure<'a>> {
    let (run, frames) = open(bytes)?;
    let mut executor = Serial::<V>::new();
    let mut descent = descent(&run, how);
    let mut memory = carve(Sizes::of_descent::<Small8>(&descent, run.batch as usize, 1), floats)?;
    let mut feed = Feed::new(&run, &mut images.order, &mut images.room)?;
    let mut comparison = Comparison::default();
    descent.start::<Small8, _>(&mut executor, &mut memory);
    let mut ended = false;
    for frame in frames {
        match frame?.record {
            Record::Step(recorded) => {
                comparison.bits("number of the step", 0, recorded.step, comparison.after)?;
                feed.begin_step(recorded.step * descent.batches() as u64);
                let rates = rates(&recorded);
                let outcome = step(&mut executor, run.math, &mut descent, rates, &mut feed, &mut memory);
                compare_step(&recorded, outcome, &memory, &mut comparison)?;
            }
            Record::Tensor(tensor) => compare_tensor(&tensor, &feed, &memory, &mut comparison)?,
            Record::End(_) => ended = true,
            _ => return Err(Failure::Unsupported { field: "records" }),
        }
    }
    if !ended {
        return Err(Failure::CutShort);
    }
    let (steps, compared) = (comparison.after, comparison.compared);
    let trained = digest(memory.weights);
    writeln!(out, "{name}: {steps} steps, {compared} numbers equal, weights {trained:016x}")?;
    if steps > 1 {
        let Memory { weights, activations, losses, .. } = memory;
        let room = feed.room();
        let right = room.count_right::<Small8, 8, _>(&mut executor, TEST, weights, activations, losses);
        writeln!(out, "{name}: {right} of {TEST} test images right")?;
    }
    Ok(())
}

/// One step, with the run's `exp` and `ln`.
fn step<V: Lanes>(
    executor: &mut Serial<V>,
    math: MathId,
    descent: &mut Descent,
    rates: Rates,
    feed: &mut Feed<'_>,
    memory: &mut Memory<'_>,
) -> Outcome {
    match math {
        MathId::Libm => descent.step::<Small8, Libm, _>(executor, rates, feed, memory),
        MathId::Micromath => descent.step::<Small8, Micromath, _>(executor, rates, feed, memory),
    }
}

fn compare_step<'a>(
    recorded: &Step<'a>,
    outcome: Outcome,
    memory: &Memory<'_>,
    comparison: &mut Comparison,
) -> Result<(), Failure<'a>> {
    comparison.floats("loss", [recorded.loss].into_iter(), [outcome.loss].into_iter())?;
    comparison.bits("right answers", 0, recorded.right.into(), outcome.right)?;
    comparison.bits("SGD step", 0, recorded.sgd_step.into(), outcome.sgd.into())?;
    let coordinates = &recorded.coordinates;
    comparison.floats("coordinates", coordinates.iter(), memory.coordinates.iter().copied())?;
    comparison.floats("factors", recorded.factors.iter(), memory.factors.iter().copied())?;
    comparison.after += 1;
    comparison.bits("digest of the weights", 0, recorded.digest, digest(memory.weights))
}

fn compare_tensor<'a>(
    tensor: &Tensor<'a>,
    feed: &Feed<'_>,
    memory: &Memory<'_>,
    comparison: &mut Comparison,
) -> Result<(), Failure<'a>> {
    let batch = feed.taken();
    let got = match tensor.name {
        "weights" => &*memory.weights,
        "gradient" => &*memory.gradient,
        "input" => batch.input,
        "logits" => {
            let images = batch.labels.len();
            let activations = memory.activations.get(..images * Layers::ACTIVATIONS);
            activations.map_or(&[][..], |activations| Layers::output(activations, images))
        }
        _ => return Err(Failure::Unsupported { field: "tensors" }),
    };
    let stride = (tensor.stride as usize).max(1);
    comparison.floats(tensor.name, tensor.values.iter(), got.iter().copied().step_by(stride))
}
