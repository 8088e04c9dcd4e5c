//! `random-bases record`.

use std::io::Write;
use std::path::Path;

use super::executor;
use crate::args::RecordTarget;
use crate::dataset::DataSet;
use crate::failure::{Failure, printed};
use crate::records::standard::{ANSWERS, RUNS, Tensors, record_answers, record_run};
use crate::records::{EXTENSION, RecordFile, view};
use crate::run_spec::RunSpec;
use crate::settings::{MachineSettings, resolve, resolve_machine};

/// Records what is asked for, and a readable view beside it.
///
/// # Errors
/// [`Failure::Output`], or whatever the settings or the data can do wrong.
pub fn run(target: RecordTarget, out: &mut dyn Write) -> Result<(), Failure> {
    match target {
        RecordTarget::KnownAnswers { output, .. } | RecordTarget::Run { output, .. }
            if output == output.with_extension("txt") =>
        {
            Err(Failure::configuration(format_args!(
                "--output {0}: the readable view is written to this file; give the record another name, such as {1}",
                output.display(),
                output.with_extension(EXTENSION).display()
            )))
        }
        RecordTarget::KnownAnswers { output, machine } => {
            record_answers(&output, &mut executor(resolve_machine(&machine)?)?)?;
            write_view(&output, out)
        }
        RecordTarget::Run { output, steps, settings } => {
            let settings = resolve(&settings)?.settings;
            let machine = MachineSettings { threads: settings.threads, vector: settings.vector };
            let executor = executor(machine)?;
            let data = DataSet::load(&settings, executor.pool())?;
            let spec = RunSpec::new(&settings, data.spec(data.split(&settings)?, settings.augmentation))?;
            // The run's own schedule, as if it went on to its last epoch.
            let batches = u64::from(spec.batches_per_epoch()) * u64::from(settings.epochs);
            let planned = (batches / spec.batches_per_step()).max(1);
            let rates = |step| settings.rates(step, planned);
            record_run(&output, &spec, rates, u64::from(steps), Tensors::Weights(1), executor, &data)?;
            write_view(&output, out)
        }
        RecordTarget::All { folder, machine } => {
            let machine = resolve_machine(&machine)?;
            std::fs::create_dir_all(&folder).map_err(|error| Failure::output(&folder, error))?;
            let path = |name: &str| folder.join(format!("{name}.{EXTENSION}"));
            record_answers(&path(ANSWERS), &mut executor(machine)?)?;
            write_view(&path(ANSWERS), out)?;
            for fixture in RUNS {
                fixture.record(&path(fixture.name), executor(machine)?)?;
                write_view(&path(fixture.name), out)?;
            }
            Ok(())
        }
    }
}

/// Writes `FILE.txt` beside a record.
fn write_view(path: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let text = view::view(&RecordFile::open(path)?, true)?;
    let beside = path.with_extension("txt");
    std::fs::write(&beside, text).map_err(|error| Failure::output(&beside, error))?;
    printed(writeln!(out, "recorded {} (readable: {})", path.display(), beside.display()))
}
