//! `ipu-runner train`: what `random-bases train` does, on tiles.

use std::io::Write;
use std::sync::Arc;

use random_bases::args::TrainArguments as Training;
use random_bases::commands;
use random_bases::failure::{Failure, printed};

use crate::args::TrainArguments;
use crate::device::Device;
use crate::executor::{Report, TileExecutor};

/// Trains on the device that the arguments name.
///
/// # Errors
/// As `random-bases train`; and as [`on`].
pub fn run(arguments: TrainArguments, out: &mut dyn Write) -> Result<(), Failure> {
    let TrainArguments { device, training } = arguments;
    on(&|| device.open(), training, out)
}

/// Trains on the device that `open` opens, once the settings are known to make sense.
///
/// # Errors
/// As `random-bases train`; [`Failure::Configuration`] if a tile has too little memory or the device fails, [`Failure::Internal`] if another
/// rule of the machine is broken. The journal then ends with the step before.
pub fn on(
    open: &dyn Fn() -> Result<Arc<dyn Device>, Failure>,
    training: Training,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let report = Report::default();
    let executor = |machine| {
        let host = Arc::new(commands::executor(machine)?);
        Ok(TileExecutor::new(open()?, host).reporting_to(&report))
    };
    let result = commands::train::start_on(training, executor, out);
    printed(report.print(out))?;
    result
}
