//! `ipu-runner verify`: records, computed again on tiles.

use std::io::Write;
use std::sync::Arc;

use random_bases::commands;
use random_bases::executor::Threads;
use random_bases::failure::{Failure, printed};
use random_bases::records::verify::Options;
use random_bases::settings::Strategy;

use crate::args::VerifyArguments;
use crate::executor::{Report, TileExecutor};
use crate::graph::Fault;

/// Verifies every file named, and every record in every folder named, superstep by superstep.
///
/// # Errors
/// As `random-bases verify`; and [`Failure::Internal`] if a rule of the machine is broken.
pub fn run(arguments: &VerifyArguments, out: &mut impl Write) -> Result<(), Failure> {
    let host = Arc::new(Threads::new(0, None).map_err(Failure::configuration)?);
    let device = arguments.device.open()?;
    let report = Report::default();
    printed(writeln!(out, "{}, vertices in the order of seed {}", device.name(), arguments.device.seed))?;
    // A row is made twice: no tile has room for rows of the whole network.
    let options = Options { strategy: Strategy::TwoPass, data_dir: arguments.data_dir.as_deref() };
    let executor = || {
        let executor = TileExecutor::new(Arc::clone(&device), Arc::clone(&host));
        Ok(executor.reporting_to(&report))
    };
    let result = commands::verify::all(&arguments.paths, options, executor, out);
    for (superstep, reason) in report.on_host() {
        printed(writeln!(out, "computed by the host, not on tiles: {superstep} ({reason})"))?;
    }
    report.check().map_err(|fault| match fault {
        Fault::Memory { .. } | Fault::Device(_) => {
            Failure::configuration(format!("{fault}; all lines after that say nothing"))
        }
        fault => Failure::internal(fault.to_string()),
    })?;
    result
}
