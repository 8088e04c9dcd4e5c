//! The weights of a recorded training, from its journal alone: no image, no gradient.

use core::fmt::Write;

use random_bases_core::descent::Sizes;
use random_bases_core::nn::Small8;
use random_bases_core::numerics::{Lanes, digest};
use random_bases_core::record::Record;
use random_bases_core::step::Serial;

use crate::How;
use crate::failure::{Comparison, Failure};
use crate::recorded::{carve, descent, open, rates};

/// The most coordinates of a step, and the most factors.
const COORDINATES: usize = 64;
const FACTORS: usize = 8;

/// Replays the journal `bytes`, and compares the weights after every step, by their digest, and at the end, by every bit that the
/// record holds.
///
/// # Errors
/// The first difference, or why nothing can be compared.
pub fn replay<'a, V: Lanes>(
    name: &str,
    bytes: &'a [u8],
    floats: &mut [f32],
    out: &mut impl Write,
) -> Result<(), Failure<'a>> {
    let (run, frames) = open(bytes)?;
    let mut executor = Serial::<V>::new();
    let mut descent = descent(&run, How::SMALL);
    if !descent.can_replay() {
        return Err(Failure::Unsupported { field: "steps along gradients" });
    }
    let mut memory = carve(Sizes::of_replay_of::<Small8>(&descent), floats)?;
    let mut comparison = Comparison::default();
    descent.start::<Small8, _>(&mut executor, &mut memory);
    let mut ended = false;
    for frame in frames {
        match frame?.record {
            Record::Step(step) => {
                comparison.bits("number of the step", 0, step.step, comparison.after)?;
                let (mut coordinates, mut factors) = ([0.0; COORDINATES], [0.0; FACTORS]);
                let (c, f) = (memory.coordinates.len(), memory.factors.len());
                if step.coordinates.len() != c || step.factors.len() != f || c > COORDINATES || f > FACTORS {
                    return Err(Failure::Unsupported { field: "number of coordinates" });
                }
                step.coordinates.copy_to(&mut coordinates[..c]);
                step.factors.copy_to(&mut factors[..f]);
                let (coordinates, factors) = (&coordinates[..c], &factors[..f]);
                let rates = rates(&step);
                descent.replay::<Small8, _>(&mut executor, rates, coordinates, factors, &mut memory);
                comparison.after += 1;
                comparison.bits("digest of the weights", 0, step.digest, digest(memory.weights))?;
            }
            Record::Tensor(tensor) if tensor.name == "weights" => {
                let got = memory.weights.iter().copied().step_by((tensor.stride as usize).max(1));
                comparison.floats("weights", tensor.values.iter(), got)?;
            }
            Record::Tensor(_) => {}
            Record::End(_) => ended = true,
            _ => return Err(Failure::Unsupported { field: "records" }),
        }
    }
    if !ended {
        return Err(Failure::CutShort);
    }
    let (steps, compared) = (comparison.after, comparison.compared);
    let trained = digest(memory.weights);
    writeln!(out, "{name}: {steps} steps replayed, {compared} numbers equal, weights {trained:016x}")?;
    Ok(())
}
