//! The program `ipu-runner`: see `ipu-runner --help`.

use std::io::stdout;
use std::process::ExitCode;

use clap::Parser;
use ipu_runner::args::{Arguments, Command};
use ipu_runner::commands;
use random_bases::failure::say;

fn main() -> ExitCode {
    let out = &mut stdout().lock();
    let result = match Arguments::parse().command {
        Command::Emit(arguments) => commands::emit::run(&arguments, out),
        Command::Plan(arguments) => commands::plan::run(&arguments, out),
        Command::Verify(arguments) => commands::verify::run(&arguments, out),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(format_args!("ipu-runner: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}
