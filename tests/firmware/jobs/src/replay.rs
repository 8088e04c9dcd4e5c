//! The weights of a training, from its journal alone: no image, no gradient.

use core::fmt::Write;

use random_bases_core::descent::Sizes;
use random_bases_core::nn::Small8;
use random_bases_core::numerics::{Lanes, digest};
use random_bases_core::record::Record;
use random_bases_core::step::Serial;

use crate::How;
use crate::failure::{Comparison, Failure};
use crate::journal::{Journal, Source};
use crate::recorded::{carve, descent, head, rates};

/// The most coordinates of a step, and the most factors.
pub const COORDINATES: usize = 250;
const FACTORS: usize = 8;

/// Bytes of the longest record of a journal with so many coordinates: a step takes at most 44 and its numbers, a head is shorter.
pub const LONGEST: usize = 44 + 4 * (COORDINATES + FACTORS) + 8;

/// What came of a journal.
#[derive(Default)]
struct Replayed {
    /// Steps whose weights have the recorded digest.
    steps: u64,
    /// That of the last one.
    digest: u64,
    /// Numbers compared.
    compared: u64,
}

/// Replays what `source` sends, in a `buffer` of [`LONGEST`] bytes, and compares the weights after every step, by their digest.
///
/// Says how many steps that were. When something is wrong, first says where, and what there is of the steps before it.
///
/// # Errors
/// The first difference, what is wrong with the journal, or why it cannot be replayed here.
pub fn replay<V: Lanes>(
    name: &str,
    source: impl Source,
    buffer: &mut [u8],
    floats: &mut [f32],
    out: &mut impl Write,
) -> Result<(), Failure<'static>> {
    let mut journal = Journal::new(source, buffer);
    let mut replayed = Replayed::default();
    let result = receive::<V>(&mut journal, floats, &mut replayed);
    if result.is_err() {
        let (record, at) = journal.place();
        writeln!(out, "{name}: stopped at record {record}, byte {at}")?;
    }
    let Replayed { steps, digest, compared } = replayed;
    if steps > 0 {
        writeln!(out, "{name}: {steps} steps replayed, {compared} numbers equal, weights {digest:016x}")?;
    }
    result
}

fn receive<V: Lanes>(
    journal: &mut Journal<'_, impl Source>,
    floats: &mut [f32],
    replayed: &mut Replayed,
) -> Result<(), Failure<'static>> {
    let mut executor = Serial::<V>::new();
    let mut descent = descent(&head(journal.first()?)?, How::SMALL);
    if !descent.can_replay() {
        return Err(Failure::Unsupported { field: "steps along gradients" });
    }
    let mut memory = carve(Sizes::of_replay_of::<Small8>(&descent), floats)?;
    let (c, f) = (memory.coordinates.len(), memory.factors.len());
    let (mut coordinates, mut factors) = ([0.0; COORDINATES], [0.0; FACTORS]);
    let (Some(coordinates), Some(factors)) = (coordinates.get_mut(..c), factors.get_mut(..f)) else {
        return Err(Failure::Unsupported { field: "number of coordinates" });
    };
    descent.start::<Small8, _>(&mut executor, &mut memory);
    let mut comparison = Comparison::default();
    loop {
        let records = journal.place().0 + 1;
        match journal.next_record()? {
            Record::Step(step) => {
                comparison.bits("number of the step", 0, step.step, comparison.after)?;
                if step.coordinates.len() != coordinates.len() || step.factors.len() != factors.len() {
                    return Err(Failure::Unsupported { field: "number of coordinates" });
                }
                step.coordinates.copy_to(coordinates);
                step.factors.copy_to(factors);
                descent.replay::<Small8, _>(&mut executor, rates(&step), coordinates, factors, &mut memory);
                let weights = digest(memory.weights);
                comparison.bits("digest of the weights", 0, step.digest, weights)?;
                comparison.after += 1;
                *replayed =
                    Replayed { steps: comparison.after, digest: weights, compared: comparison.compared };
            }
            // Nothing follows; who sends a journal may keep the line open.
            Record::End(end) => return comparison.bits("number of records", 0, end.records, records),
            _ => return Err(Failure::Unsupported { field: "records" }),
        }
    }
}
