//! The program `random-bases`: see `random-bases --help`.

use std::io::stdout;
use std::process::ExitCode;

use clap::Parser;
use random_bases::args::{Arguments, Command};
use random_bases::commands;
use random_bases::failure::{Failure, end};
use random_bases::settings::{resolve, resolve_machine};

fn main() -> ExitCode {
    // The parser prints its own errors and ends with code 2, or 0 after --help and --version.
    let command = Arguments::parse().command;
    end("random-bases", || run(command))
}

fn run(command: Command) -> Result<(), Failure> {
    let out = &mut stdout().lock();
    match command {
        Command::Config(flags) => commands::config::run(&resolve(&flags)?, out),
        Command::Train(arguments) => commands::train::start(*arguments, out),
        Command::Plan(flags) => commands::plan::run(&resolve(&flags)?.settings, out),
        Command::Verify(arguments) => {
            commands::verify::run(&arguments, resolve_machine(&arguments.machine)?, out)
        }
        Command::Record(arguments) => commands::record::run(arguments.target()?, out),
        Command::Replay(arguments) => {
            commands::replay::run(&arguments, resolve_machine(&arguments.machine)?, out)
        }
        Command::Diff(arguments) => commands::diff::run(&arguments, out),
        Command::Inspect(arguments) => commands::inspect::run(&arguments.path, arguments.all, out),
        Command::Data(arguments) => commands::data::run(&arguments.command, out),
        Command::Orthogonality(arguments) => {
            commands::orthogonality::run(&arguments, resolve_machine(&arguments.machine)?, out)
        }
        Command::Bench(arguments) => {
            commands::bench::run(&arguments, resolve_machine(&arguments.machine)?, out)
        }
        Command::Machine => commands::machine::run(out),
    }
}
