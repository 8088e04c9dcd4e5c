//! `random-bases config`: shows what a training with the same flags would do.

use std::io::Write;

use crate::failure::{Failure, printed};
use crate::settings::Resolved;

/// Prints the resolved configuration, as a file that can be given to `--config`.
pub fn run(resolved: &Resolved, out: &mut impl Write) -> Result<(), Failure> {
    printed(out.write_all(resolved.to_toml().as_bytes()).and_then(|()| out.flush()))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;
    use crate::settings::{SettingsFlags, Surroundings, resolve_in};

    fn resolved() -> Resolved {
        let folder = tempfile::tempdir().unwrap();
        let surroundings = Surroundings { folder: folder.path(), environment: &|_| None };
        resolve_in(&SettingsFlags::default(), &surroundings).unwrap()
    }

    #[test]
    fn prints_a_configuration_that_resolves_to_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved.toml");
        run(&resolved(), &mut std::fs::File::create(&path).unwrap()).unwrap();
        let flags = SettingsFlags { config: Some(path), ..SettingsFlags::default() };
        let again =
            resolve_in(&flags, &Surroundings { folder: Path::new(""), environment: &|_| None }).unwrap();
        assert_eq!(again.settings, resolved().settings);
    }

    #[test]
    fn a_full_disk_is_a_failure_and_a_closed_pipe_is_none() {
        struct Broken(io::ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(run(&resolved(), &mut Broken(io::ErrorKind::BrokenPipe)).is_ok());
        assert_eq!(run(&resolved(), &mut Broken(io::ErrorKind::StorageFull)).unwrap_err().exit_code(), 7);
    }
}
