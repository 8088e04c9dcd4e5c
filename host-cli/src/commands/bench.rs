//! `random-bases bench`.

use std::fs::File;
use std::io::Write;

use crate::args::BenchArguments;
use crate::bench::{Group, Plan, Report, measure};
use crate::failure::{Failure, printed};
use crate::interrupt;
use crate::settings::MachineSettings;

/// Measures group after group, and prints each as it is done.
///
/// # Errors
/// [`Failure::Configuration`] for a level or a number of threads that this machine has not, or a file that is already there;
/// [`Failure::Mismatch`] if what must have equal bits has not; [`Failure::Output`]; [`Failure::Interrupted`].
pub fn run(
    arguments: &BenchArguments,
    machine: MachineSettings,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let executor = super::executor(machine)?;
    let level = (machine.vector != crate::settings::Vector::Auto).then_some(executor.level());
    let plan = Plan { rounds: arguments.rounds, threads: executor.threads(), level };
    let json = arguments.json.as_deref().map(|path| {
        let file = File::create_new(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Failure::configuration(format_args!(
                "--json {}: is already there; choose another file, or remove it",
                path.display()
            )),
            _ => Failure::output(path, error),
        });
        file.map(|file| (path, file))
    });
    let mut json = json.transpose()?;
    let groups = match &*arguments.groups {
        [] => &[Group::Bases, Group::Networks, Group::Steps][..],
        groups => groups,
    };
    interrupt::watch();
    let mut report = Report::new(plan)?;
    let mut outcome = Ok(());
    for group in groups {
        outcome = measure(*group, plan, &mut report);
        if outcome.is_err() {
            break;
        }
        printed(report.write_last(out))?;
    }
    printed(report.write_machine(out))?;
    if let Some((path, file)) = &mut json {
        let text = serde_json::to_string_pretty(&report.json()).map_err(Failure::internal)? + "\n";
        file.write_all(text.as_bytes()).map_err(|error| Failure::output(path, error))?;
    }
    outcome
}
