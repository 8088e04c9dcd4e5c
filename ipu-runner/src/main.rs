//! The program `ipu-runner`: see `ipu-runner --help`.

use std::io::stdout;
use std::process::ExitCode;

use clap::Parser;
use ipu_runner::args::{Arguments, Command};
use ipu_runner::commands;
use random_bases::failure::{Failure, end};

fn main() -> ExitCode {
    // The parser prints its own errors and ends with code 2, or 0 after --help and --version.
    let command = Arguments::parse().command;
    end("ipu-runner", || run(command))
}

fn run(command: Command) -> Result<(), Failure> {
    let out = &mut stdout().lock();
    match command {
        Command::Emit(arguments) => commands::emit::run(&arguments, out),
        Command::Plan(arguments) => commands::plan::run(&arguments, out),
        Command::Verify(arguments) => commands::verify::run(&arguments, out),
        Command::Probe(arguments) => commands::probe::run(&arguments, out),
        Command::Train(arguments) => commands::train::run(*arguments, out),
    }
}
