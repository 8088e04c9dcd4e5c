//! The program `random-bases`: see `random-bases --help`.

use std::io::stdout;
use std::process::ExitCode;

use clap::Parser;
use random_bases::args::{Arguments, Command};
use random_bases::commands;
use random_bases::failure::Failure;
use random_bases::settings::{resolve, resolve_machine};

fn main() -> ExitCode {
    // The parser prints its own errors and ends with code 2, or 0 after --help and --version.
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("random-bases: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let out = &mut stdout().lock();
    match command {
        Command::Config(flags) => commands::config::run(&resolve(&flags)?, out),
        Command::Train(flags) => commands::train::run(&resolve(&flags)?, out),
        Command::Verify(arguments) => {
            commands::verify::run(&arguments, resolve_machine(&arguments.machine)?, out)
        }
        Command::Record(arguments) => commands::record::run(arguments.target()?, out),
        Command::Replay(arguments) => {
            commands::replay::run(&arguments, resolve_machine(&arguments.machine)?, out)
        }
        Command::Inspect(arguments) => commands::inspect::run(&arguments.path, arguments.all, out),
        Command::Machine => commands::machine::run(out),
    }
}
