//! What is compiled against the stand-in for Poplar.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file or folder of this crate.
pub fn of_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Where cargo puts this crate as a shared library: beside the tests.
pub fn libraries() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.parent().expect("in a folder").to_path_buf();
    let name = format!("{}ipu_runner{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    assert!(folder.join(&name).is_file(), "{name} is not in {}", folder.display());
    folder
}

/// Runs a command, which must succeed.
pub fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}
