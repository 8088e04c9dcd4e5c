//! The recorded known answers: words of the generator, elements of every distribution, values of `exp` and `ln`.

use core::fmt::Write;

use random_bases_core::basis::Row;
use random_bases_core::numerics::{Array, CONTRACT, Lanes, Libm, Math, MathId, Micromath, TILE};
use random_bases_core::random::{Domain, Key, Stream};
use random_bases_core::record::{Frames, FunctionName, KeyTuple, Record};

use crate::failure::{Comparison, Failure};

/// Computes every known answer of `bytes` again, and says how many numbers were equal.
///
/// # Errors
/// The first difference, or why nothing can be compared.
pub fn answers<'a, V: Lanes>(
    name: &str,
    bytes: &'a [u8],
    tile: &mut [f32; TILE],
    out: &mut impl Write,
) -> Result<(), Failure<'a>> {
    let mut comparison = Comparison::default();
    let mut ended = false;
    for frame in Frames::new(bytes)? {
        match frame?.record {
            Record::Answers(head) if head.contract == CONTRACT => continue,
            Record::Answers(_) => return Err(Failure::Unsupported { field: "version of the contract" }),
            Record::Words(answer) => {
                let seed = key(answer.key).tile(answer.direction, answer.tile);
                let mut stream = Stream::<Array<1>>::new(seed, usize::from(answer.lane) % 16);
                let got = (0..answer.words.len()).map(|_| f32::from_bits(stream.words()[0]));
                comparison.floats("words", answer.words.iter(), got)?;
            }
            Record::Row(answer) => {
                let (direction, distribution) = (answer.direction, answer.distribution);
                let len = answer.values.len();
                let Some(elements) = tile.get_mut(..len) else {
                    return Err(Failure::Memory { needed: len, available: TILE });
                };
                Row { key: key(answer.key), direction, distribution }.tile::<V>(answer.tile, elements);
                comparison.floats(distribution.kind(), answer.values.iter(), elements.iter().copied())?;
            }
            Record::Function(answer) => {
                let (what, function): (_, fn(f32) -> f32) = match (answer.math, answer.name) {
                    (MathId::Libm, FunctionName::Exp) => ("exp of libm", Libm::exp),
                    (MathId::Libm, FunctionName::Ln) => ("ln of libm", Libm::ln),
                    (MathId::Micromath, FunctionName::Exp) => ("exp of micromath", Micromath::exp),
                    (MathId::Micromath, FunctionName::Ln) => ("ln of micromath", Micromath::ln),
                };
                comparison.floats(what, answer.values.iter(), answer.arguments.iter().map(function))?;
            }
            Record::End(_) => {
                ended = true;
                continue;
            }
            _ => return Err(Failure::Unsupported { field: "records" }),
        }
        comparison.after += 1;
    }
    if !ended {
        return Err(Failure::CutShort);
    }
    writeln!(out, "{name}: {} answers, {} numbers equal", comparison.after, comparison.compared)?;
    Ok(())
}

fn key(tuple: KeyTuple) -> Key {
    Key::new(Domain::Basis, tuple.seed, tuple.redraw, tuple.worker, tuple.compartment)
}
