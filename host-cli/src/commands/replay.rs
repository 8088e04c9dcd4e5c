//! `random-bases replay`.

use std::io::Write;

use random_bases_core::numerics::digest;

use super::executor;
use crate::args::ReplayArguments;
use crate::failure::{Failure, printed, say};
use crate::output::write_weights;
use crate::records::{RecordFile, rates};
use crate::settings::MachineSettings;
use crate::training::begin_replay;

/// Rebuilds weights from a journal, checks every recorded digest on the way, and writes them if asked to.
///
/// # Errors
/// [`Failure::Data`] if the journal cannot be used as far as asked; [`Failure::Mismatch`] if a digest differs.
pub fn run(
    arguments: &ReplayArguments,
    machine: MachineSettings,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let file = RecordFile::open(&arguments.journal)?;
    if let Some(output) = &arguments.output
        && let (Ok(output), Ok(journal)) = (output.canonicalize(), arguments.journal.canonicalize())
        && output == journal
    {
        return Err(Failure::configuration(format_args!(
            "--output {}: this is the journal itself; choose another file",
            arguments.journal.display()
        )));
    }
    let run = file.run()?;
    if let Some(why) = run.spec.why_no_replay() {
        return Err(Failure::data(
            file.path(),
            format_args!("{why}: its updates lie in no span of regenerated rows; keep its weights instead"),
        ));
    }
    let recorded = run.steps.len() as u64;
    let steps = arguments.steps.unwrap_or(recorded);
    if steps > recorded {
        let damage = run.damage.as_deref().unwrap_or("it is complete");
        return Err(Failure::data(
            file.path(),
            format_args!("--steps {steps}: the journal holds {recorded} steps ({damage})"),
        ));
    }
    if arguments.steps.is_none()
        && let Some(damage) = &run.damage
    {
        say(format_args!(
            "random-bases: warning: {}: {damage}; replaying the {recorded} steps before",
            file.path().display()
        ));
    }

    let mut replay =
        begin_replay(&run.spec, executor(machine)?).map_err(|error| Failure::data(file.path(), error))?;
    for (i, step) in run.steps[..steps as usize].iter().enumerate() {
        let coordinates = run.coordinates_of(i, |shares| replay.join(shares));
        let factors: Vec<f32> = step.factors.iter().collect();
        replay.step(rates(step), &coordinates, &factors);
        let got = digest(replay.weights());
        if got != step.digest {
            return Err(Failure::mismatch(format_args!(
                "{}: after step {}: digest of the weights: recorded {:016x}, computed {got:016x}",
                file.path().display(),
                step.step,
                step.digest
            )));
        }
    }
    let weights_digest = format!("{:016x}", digest(replay.weights()));
    if let Some(path) = &arguments.output {
        write_weights(path, replay.weights(), &run.spec, steps)?;
    }
    let text = format!("steps replayed       {steps}\nweights digest       {weights_digest}\n");
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}
