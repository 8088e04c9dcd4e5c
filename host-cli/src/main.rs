//! The program `random-bases`: see `random-bases --help`.

use std::io::stdout;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser;
use random_bases::args::{Arguments, Command};
use random_bases::commands;
use random_bases::failure::{Failure, say};
use random_bases::settings::{resolve, resolve_machine};

fn main() -> ExitCode {
    // The parser prints its own errors and ends with code 2, or 0 after --help and --version.
    let command = Arguments::parse().command;
    // A panic is a mistake of this program's, whatever the input: it gets the words and the code of one.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" ({place})"));
        let text = panic.payload().downcast_ref::<String>().map(String::as_str);
        let what = text.or_else(|| panic.payload().downcast_ref::<&str>().copied()).unwrap_or("no words");
        say(format_args!("random-bases: {}{place}; please report it", Failure::internal(what)));
    }));
    match std::panic::catch_unwind(AssertUnwindSafe(|| run(command))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            say(format_args!("random-bases: {failure}"));
            ExitCode::from(failure.exit_code())
        }
        Err(_) => ExitCode::from(Failure::internal("panic").exit_code()),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let out = &mut stdout().lock();
    match command {
        Command::Config(flags) => commands::config::run(&resolve(&flags)?, out),
        Command::Train(arguments) => commands::train::start(*arguments, commands::executor, out),
        Command::Plan(flags) => commands::plan::run(&resolve(&flags)?.settings, out),
        Command::Verify(arguments) => {
            commands::verify::run(&arguments, resolve_machine(&arguments.machine)?, out)
        }
        Command::Record(arguments) => commands::record::run(arguments.target()?, out),
        Command::Replay(arguments) => {
            commands::replay::run(&arguments, resolve_machine(&arguments.machine)?, out)
        }
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
