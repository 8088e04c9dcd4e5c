//! `ipu-runner verify`: records, computed again on tiles.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Arc;

use random_bases::commands;
use random_bases::executor::Threads;
use random_bases::failure::{Failure, printed};
use random_bases::records::verify::Options;
use random_bases::settings::Strategy;

use crate::args::VerifyArguments;
use crate::executor::{Report, TileExecutor};

/// Verifies every file named, and every record in every folder named, superstep by superstep.
///
/// # Errors
/// As `random-bases verify`; [`Failure::Configuration`] if a tile has too little memory, [`Failure::Internal`] if another rule of the machine is
/// broken.
pub fn run(arguments: &VerifyArguments, out: &mut impl Write) -> Result<(), Failure> {
    let host = Arc::new(Threads::new(0, None).map_err(Failure::configuration)?);
    let device = arguments.device.open()?;
    let reports = RefCell::new(Vec::<Report>::new());
    printed(writeln!(
        out,
        "{}, vertices in the order of seed {}",
        device.name(),
        arguments.device.vertex_order
    ))?;
    // A row is made twice: no tile has room for rows of the whole network.
    let options = Options { strategy: Strategy::TwoPass, data_dir: arguments.data_dir.as_deref() };
    let executor = || {
        let executor = TileExecutor::new(Arc::clone(&device), Arc::clone(&host));
        reports.borrow_mut().push(executor.report().clone());
        Ok(executor)
    };
    let result = commands::verify::all(&arguments.paths, options, executor, out);
    let report = Report::of(&reports.into_inner());
    printed(report.print(out))?;
    // A broken rule spoils the line of one file; it is what that line is about.
    report.check()?;
    result
}
