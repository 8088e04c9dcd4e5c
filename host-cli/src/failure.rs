//! What can go wrong on the host, and the exit code that each kind of it has.
//!
//! Scripts look at the code, people read the message. So the codes are one table, printed by every `--help`,
//! and each message names the file, the field and the value at fault. An error of the argument parser (code
//! 2) is printed by the parser itself and never becomes a [`Failure`].

use std::fmt::Display;
use std::io::{self, Write as _};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use thiserror::Error;

/// Every exit code of `random-bases`, with its meaning.
pub const EXIT_CODES: [(u8, &str); 9] = [
    (0, "done"),
    (1, "internal: an error in this program; please report it"),
    (2, "usage: the command line is not understood"),
    (3, "configuration: a setting is unknown, out of range, or does not go with another"),
    (4, "data: a data or record file is missing or damaged, or holds something else"),
    (5, "diverged: a loss or a weight is not finite or has left all bounds, or a training does not converge"),
    (6, "mismatch: a verification found different bits"),
    (7, "output: a result could not be written"),
    (8, "interrupted: stopped by the user; what was done until then is kept"),
];

/// A failure that ends the program, with a message for its user.
#[derive(Debug, Error)]
pub enum Failure {
    /// Something that no input should be able to cause.
    #[error("internal error: {0}")]
    Internal(String),
    /// A setting that is unknown, malformed, absurd, or impossible together with another.
    #[error("{0}")]
    Configuration(String),
    /// A data or record file that cannot be used.
    #[error("{}: {what}", path.display())]
    Data {
        /// The file or folder at fault.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A training whose losses or weights are no longer finite numbers.
    #[error("{0}")]
    Diverged(String),
    /// A replay or verification that did not give the recorded bits.
    #[error("{0}")]
    Mismatch(String),
    /// A training that the user stopped.
    #[error("{0}")]
    Interrupted(String),
    /// A result that could not be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Output {
        /// The file or folder that was to be written.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Failure {
    /// A failure of this program itself, code 1.
    pub fn internal(what: impl Display) -> Self {
        Self::Internal(what.to_string())
    }

    /// A setting that cannot be used, code 3. Name the key, where it was set, and the value.
    pub fn configuration(what: impl Display) -> Self {
        Self::Configuration(what.to_string())
    }

    /// A data or record file that cannot be used, code 4.
    pub fn data(path: impl AsRef<Path>, what: impl Display) -> Self {
        Self::Data { path: path.as_ref().to_owned(), what: what.to_string() }
    }

    /// A data or record file that the system would not let us read, code 4.
    pub fn unreadable(path: impl AsRef<Path>, error: &io::Error) -> Self {
        Self::data(path, format_args!("cannot be read: {error}"))
    }

    /// A training that diverged, code 5.
    pub fn diverged(what: impl Display) -> Self {
        Self::Diverged(what.to_string())
    }

    /// Different bits than recorded, code 6.
    pub fn mismatch(what: impl Display) -> Self {
        Self::Mismatch(what.to_string())
    }

    /// A result that could not be written, code 7.
    pub fn output(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Output { path: path.as_ref().to_owned(), source }
    }

    /// The exit code, as listed in [`EXIT_CODES`].
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Internal(_) => 1,
            Self::Configuration(_) => 3,
            Self::Data { .. } => 4,
            Self::Diverged(_) => 5,
            Self::Mismatch(_) => 6,
            Self::Output { .. } => 7,
            Self::Interrupted(_) => 8,
        }
    }
}

/// Turns the result of printing to stdout into ours. A reader that closed the pipe (`| head`) has what it
/// wanted, so that is no failure.
pub fn printed(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::output("standard output", error))
        }
        _ => Ok(()),
    }
}

/// Says something to people, on stderr. That nobody listens, or that the disk behind it is full, changes nothing:
/// `eprintln!` would panic.
pub fn say(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// What a program `name` does, to its end: a failure is said and has its exit code. A panic is a mistake of the program's, whatever the
/// input: it gets the words and the code of one.
pub fn end(name: &'static str, run: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" ({place})"));
        let text = panic.payload().downcast_ref::<String>().map(String::as_str);
        let what = text.or_else(|| panic.payload().downcast_ref::<&str>().copied()).unwrap_or("no words");
        say(format_args!("{name}: {}{place}; please report it", Failure::internal(what)));
    }));
    match std::panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            say(format_args!("{name}: {failure}"));
            ExitCode::from(failure.exit_code())
        }
        Err(_) => ExitCode::from(Failure::internal("panic").exit_code()),
    }
}

/// The table of exit codes as the last paragraph of a help text.
pub fn exit_codes_help() -> String {
    let lines: Vec<String> =
        EXIT_CODES.iter().map(|(code, meaning)| format!("  {code}  {meaning}")).collect();
    format!("Exit codes:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_listed_code() {
        let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
        let all = [
            (Failure::internal("x"), "internal"),
            (Failure::configuration("x"), "configuration"),
            (Failure::data("f", "x"), "data"),
            (Failure::diverged("x"), "diverged"),
            (Failure::mismatch("x"), "mismatch"),
            (Failure::output("f", refused()), "output"),
            (Failure::Interrupted("x".into()), "interrupted"),
        ];
        for (failure, name) in all {
            let (_, meaning) = EXIT_CODES[usize::from(failure.exit_code())];
            assert!(meaning.starts_with(name), "{failure}: {meaning}");
        }
        assert!(EXIT_CODES.iter().enumerate().all(|(index, (code, _))| index == usize::from(*code)));
        assert!(exit_codes_help().contains("\n  6  mismatch"));
    }

    #[test]
    fn messages_name_the_file() {
        assert_eq!(Failure::data("runs/a", "is empty").to_string(), "runs/a: is empty");
        let error = io::Error::other("disk full");
        assert_eq!(Failure::output("runs/a", error).to_string(), "runs/a: cannot be written: disk full");
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        assert!(printed(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        assert_eq!(printed(Err(io::ErrorKind::StorageFull.into())).unwrap_err().exit_code(), 7);
    }
}
