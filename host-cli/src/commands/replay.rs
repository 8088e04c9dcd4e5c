//! `random-bases replay`.

use std::io::Write;

use random_bases_core::numerics::digest;

use super::executor;
use crate::args::ReplayArguments;
use crate::failure::{Failure, printed, say};
use crate::output::write_weights;
use crate::records::Journal;
use crate::settings::MachineSettings;
use crate::training::begin_replay;

/// Rebuilds weights from a journal, step by step as it comes, checks every recorded digest on the way, and writes them if asked to.
///
/// # Errors
/// [`Failure::Data`] if the journal cannot be used as far as asked; [`Failure::Mismatch`] if a digest differs.
pub fn run(
    arguments: &ReplayArguments,
    machine: MachineSettings,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut journal = Journal::open(&arguments.journal)?;
    let name = journal.name().to_owned();
    if let Some(output) = &arguments.output
        && let (Ok(output), Ok(journal)) = (output.canonicalize(), name.canonicalize())
        && output == journal
    {
        return Err(Failure::configuration(format_args!(
            "--output {}: this is the journal itself; choose another file",
            name.display()
        )));
    }
    if let Some(why) = journal.spec().why_no_replay() {
        return Err(Failure::data(
            name,
            format_args!("{why}: its updates lie in no span of regenerated rows; keep its weights instead"),
        ));
    }
    let spec = journal.spec().clone();
    let mut replay = begin_replay(&spec, executor(machine)?).map_err(|error| Failure::data(&name, error))?;
    let wanted = arguments.steps.unwrap_or(u64::MAX);
    let mut steps = 0;
    while steps < wanted
        && let Some(step) = journal.next()
    {
        let coordinates = if step.shares.is_empty() { step.coordinates } else { replay.join(&step.shares) };
        replay.step(step.rates, &coordinates, &step.factors);
        let got = digest(replay.weights());
        if got != step.digest {
            return Err(Failure::mismatch(format_args!(
                "{}: after step {steps}: digest of the weights: recorded {:016x}, computed {got:016x}",
                name.display(),
                step.digest
            )));
        }
        steps += 1;
    }
    if let Some(wanted) = arguments.steps
        && steps < wanted
    {
        let damage = journal.damage().unwrap_or("it is complete");
        return Err(Failure::data(
            name,
            format_args!("--steps {wanted}: the journal holds {steps} steps ({damage})"),
        ));
    }
    if let Some(damage) = journal.damage() {
        say(format_args!(
            "random-bases: warning: {}: {damage}; the {steps} steps before are replayed",
            name.display()
        ));
    }
    let weights_digest = format!("{:016x}", digest(replay.weights()));
    if let Some(path) = &arguments.output {
        write_weights(path, replay.weights(), &spec, steps)?;
    }
    let text = format!("steps replayed       {steps}\nweights digest       {weights_digest}\n");
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}
