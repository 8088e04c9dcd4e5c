//! popc, Poplar's compiler of codelets.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::codelets::{self, Codelets};

/// The environment variable that names another popc than the one on the path.
pub const POPC: &str = "RANDOM_BASES_POPC";

/// The compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popc {
    program: PathBuf,
}

/// Why codelets are not compiled.
#[derive(Debug, thiserror::Error)]
pub enum PopcError {
    /// There is no such program.
    #[error(
        "codelets need popc, and {0:?} cannot be started: {1}. It is part of the Poplar SDK: enable that, or name the program with the \
         environment variable {POPC}"
    )]
    Start(PathBuf, io::Error),
    /// It fails.
    #[error("{0:?} does not compile the codelets:\n{1}")]
    Compile(PathBuf, String),
    /// A file cannot be written.
    #[error("{0:?}: cannot be written: {1}")]
    Write(PathBuf, io::Error),
}

impl Popc {
    /// At a path.
    #[must_use]
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// What [`POPC`] names, or else the one on the path.
    #[must_use]
    pub fn find() -> Self {
        Self::at(env::var_os(POPC).unwrap_or_else(|| "popc".into()))
    }

    /// Compiles codelets in an empty folder, for all targets. Returns the file for graphs.
    ///
    /// # Errors
    /// If there is no popc, or it fails.
    pub fn compile(&self, codelets: &Codelets, folder: &Path) -> Result<PathBuf, PopcError> {
        for (name, text) in codelets.files() {
            let path = folder.join(name);
            fs::write(&path, &*text).map_err(|error| PopcError::Write(path, error))?;
        }
        let file = folder.join("codelets.gp");
        let mut arguments: Vec<_> =
            codelets.sources().iter().map(|(name, _)| folder.join(name).into_os_string()).collect();
        arguments.extend(["-o".into(), file.clone().into_os_string()]);
        self.run(&arguments)?;
        Ok(file)
    }

    /// Runs it with the codelets' flags and these arguments. Returns what it says.
    ///
    /// # Errors
    /// If there is no popc, or it fails.
    pub fn run(&self, arguments: &[OsString]) -> Result<String, PopcError> {
        let refused = match self.start(&codelets::FLAGS, arguments)? {
            Ok(said) => return Ok(said),
            Err(refused) => refused,
        };
        // A popc that does not know a flag of its compiler's hands it on if it is told to.
        let handed_on = |flag: &'static str| {
            let hidden = flag.starts_with("-f") || flag.starts_with("-std");
            hidden.then_some("-X").into_iter().chain([flag])
        };
        let flags: Vec<_> = codelets::FLAGS.into_iter().flat_map(handed_on).collect();
        let again = self.start(&flags, arguments)?;
        again.map_err(|_| PopcError::Compile(self.program.clone(), refused))
    }

    /// Starts it. Inside: what it says, as an error if it fails.
    fn start(&self, flags: &[&str], arguments: &[OsString]) -> Result<Result<String, String>, PopcError> {
        let output = Command::new(&self.program)
            .args(flags)
            .args(arguments)
            .output()
            .map_err(|error| PopcError::Start(self.program.clone(), error))?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Ok(if output.status.success() { Ok(said) } else { Err(said) })
    }
}
