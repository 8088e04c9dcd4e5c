//! `random-bases diff`.

use std::fmt::Write as _;
use std::io::Write;

use crate::args::DiffArguments;
use crate::failure::{Failure, printed};
use crate::records::view::describe;
use crate::records::{Journal, StepRecord};

/// Compares two journals step by step, and says where the machines that wrote them parted.
///
/// # Errors
/// [`Failure::Mismatch`] if they differ, or if one ends before the other; [`Failure::Data`] if one of them cannot be used, or if both end at
/// the same step without a difference, one of them damaged.
pub fn run(arguments: &DiffArguments, out: &mut impl Write) -> Result<(), Failure> {
    if [&arguments.one, &arguments.other].iter().all(|path| path.as_os_str() == "-") {
        return Err(Failure::configuration("diff - -: only one of the journals can be standard input"));
    }
    let (mut one, mut other) = (Journal::open(&arguments.one)?, Journal::open(&arguments.other)?);
    if one.spec() != other.spec() {
        return Err(Failure::mismatch(format_args!(
            "{} and {} are journals of different runs: {}",
            one.name().display(),
            other.name().display(),
            heads(&describe(one.spec()), &describe(other.spec()))
        )));
    }
    let mut steps: u64 = 0;
    loop {
        match (one.next(), other.next()) {
            (Some(a), Some(b)) => {
                if let Some(parted) = parted(&a, &b) {
                    return Err(Failure::mismatch(format_args!(
                        "{} and {} part at step {steps}: {parted}",
                        one.name().display(),
                        other.name().display()
                    )));
                }
            }
            (None, None) => break,
            (a, _) => {
                let (short, long) = if a.is_none() { (&one, &other) } else { (&other, &one) };
                let why = short.damage().unwrap_or("it is complete");
                return Err(Failure::mismatch(format_args!(
                    "equal for {steps} steps; then {} has no more ({why}), {} has",
                    short.name().display(),
                    long.name().display()
                )));
            }
        }
        steps += 1;
    }
    for journal in [&one, &other] {
        if let Some(damage) = journal.damage() {
            return Err(Failure::data(
                journal.name(),
                format_args!("{damage}; the {steps} steps before are equal"),
            ));
        }
    }
    printed(writeln!(out, "equal: {steps} steps").and_then(|()| out.flush()))
}

/// Lines of one description that the other has not.
fn heads(one: &str, other: &str) -> String {
    let only = |here: &str, there: &str| {
        let lines = here.lines().filter(|line| !there.lines().any(|there| there == *line));
        // A label, some spaces, a value.
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
    };
    format!("{} here, {} there", only(one, other), only(other, one))
}

/// What differs first, in the order in which a step makes it, and what else does.
fn parted(one: &StepRecord, other: &StepRecord) -> Option<String> {
    let rates = |step: &StepRecord| [step.rates.method.to_bits(), step.rates.sgd.to_bits()];
    let mut differences: Vec<String> = Vec::new();
    if rates(one) != rates(other) || one.rates.sgd_step != other.rates.sgd_step {
        differences.push(format!("the learning rate ({:e}, {:e})", one.rates.method, other.rates.method));
    }
    if one.loss.to_bits() != other.loss.to_bits() {
        let (a, b) = (one.loss, other.loss);
        differences.push(format!("the loss ({:08x} {a:e}, {:08x} {b:e})", a.to_bits(), b.to_bits()));
    }
    if one.right != other.right {
        differences.push(format!("the images classified right ({}, {})", one.right, other.right));
    }
    for (worker, (a, b)) in one.shares.iter().zip(&other.shares).enumerate() {
        differences.extend(numbers(&format!("worker {worker}'s coordinates"), a, b));
    }
    differences.extend(numbers("the coordinates", &one.coordinates, &other.coordinates));
    differences.extend(numbers("the factors", &one.factors, &other.factors));
    if one.digest != other.digest {
        differences.push(format!("the digest of the weights ({:016x}, {:016x})", one.digest, other.digest));
    }
    let (first, rest) = differences.split_first()?;
    let mut text = format!("{first} first");
    if !rest.is_empty() {
        let _ = write!(text, "; then {}", rest.join("; "));
    }
    Some(text)
}

/// The first of some numbers that differs.
fn numbers(what: &str, one: &[f32], other: &[f32]) -> Option<String> {
    if one.len() != other.len() {
        return Some(format!("{what} ({} numbers, {})", one.len(), other.len()));
    }
    let at = one.iter().zip(other).position(|(a, b)| a.to_bits() != b.to_bits())?;
    let count = one.iter().zip(other).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
    let (a, b) = (one[at], other[at]);
    Some(format!(
        "{what} ({count} of {}; number {at}: {:08x} {a:e}, {:08x} {b:e})",
        one.len(),
        a.to_bits(),
        b.to_bits()
    ))
}

#[cfg(test)]
mod tests {
    use random_bases_core::descent::Rates;

    use super::*;

    fn step() -> StepRecord {
        StepRecord {
            step: 3,
            rates: Rates::from(0.5),
            loss: 1.0,
            right: 7,
            shares: Vec::new(),
            coordinates: vec![1.0, 2.0, 0.0],
            factors: Vec::new(),
            digest: 9,
        }
    }

    #[test]
    fn what_differs_first_is_named_first() {
        assert_eq!(parted(&step(), &step()), None);
        let digest = StepRecord { digest: 10, ..step() };
        let want = "the digest of the weights (0000000000000009, 000000000000000a) first";
        assert_eq!(parted(&step(), &digest).as_deref(), Some(want));
        let both = StepRecord { digest: 10, coordinates: vec![1.0, 2.5, -0.0], ..step() };
        let want = "the coordinates (2 of 3; number 1: 40000000 2e0, 40200000 2.5e0) first; then the digest of the weights (0000000000000009, \
                    000000000000000a)";
        assert_eq!(parted(&step(), &both).as_deref(), Some(want));
        let rate = StepRecord { rates: Rates::from(0.25), ..step() };
        assert_eq!(parted(&step(), &rate).as_deref(), Some("the learning rate (5e-1, 2.5e-1) first"));
    }

    #[test]
    fn heads_are_compared_by_line() {
        assert_eq!(heads("a    1\nb    2\n", "a    1\nb    3\n"), "b 2 here, b 3 there");
    }
}
