//! Where in a data folder the files of a set lie.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Format, cifar, idx};
use crate::failure::Failure;

/// The folder with the files of a set: `folder/NAME` if any of them is there, else `folder` itself.
///
/// # Errors
/// [`Failure::Data`], with what was looked for and where, if there is none in either.
pub fn locate(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let (names, looked_for) = match Format::of(name)? {
        Format::Idx(_) => (idx::names(), idx::LOOKED_FOR),
        Format::Cifar => (cifar::names(), cifar::LOOKED_FOR),
    };
    let inner = folder.join(name);
    // What the system will not show counts as there: reading it gives the better message.
    let there = |path: PathBuf| match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    };
    let holds = |place: &Path| names.iter().any(|file| there(place.join(file)));
    for place in [inner.as_path(), folder] {
        if holds(place) {
            return Ok(place.to_owned());
        }
    }
    let hint = format_args!("`random-bases data fetch {name}` gets them");
    if !folder.is_dir() {
        let what = if folder.exists() { "is no folder" } else { "there is no such folder" };
        return Err(Failure::data(
            folder,
            format_args!("{what}; the data folder has to hold the files of {name}; {hint}"),
        ));
    }
    Err(Failure::data(
        folder,
        format_args!(
            "the files of {name} are neither here nor in {}; looked for {looked_for}; {hint}",
            inner.display()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subfolder_wins_if_it_has_files_of_the_set() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        for (set, file) in
            [("mnist", "t10k-labels.idx1-ubyte.gz"), ("cifar10", "cifar-10-batches-bin/test_batch.bin")]
        {
            let found = || locate(folder.path(), set);
            put(&format!("{set}/README"));
            let message = found().unwrap_err().to_string();
            for part in ["neither here nor in ", set, "looked for ", "data fetch "] {
                assert!(message.contains(part), "{part}: {message}");
            }
            put(file);
            assert_eq!(found().unwrap(), folder.path());
            put(&format!("{set}/{file}"));
            assert_eq!(found().unwrap(), folder.path().join(set));
        }
    }

    #[test]
    fn other_places_and_names_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let failure = locate(&folder.path().join("nowhere"), "mnist").unwrap_err();
        assert!(failure.to_string().contains("there is no such folder"), "{failure}");
        std::fs::write(folder.path().join("file"), "").unwrap();
        let failure = locate(&folder.path().join("file"), "mnist").unwrap_err();
        assert!(failure.to_string().contains("is no folder"), "{failure}");
        let failure = locate(folder.path(), "synthetic").unwrap_err();
        assert_eq!(failure.exit_code(), 3);
        assert!(failure.to_string().contains("mnist, fmnist, cifar10"), "{failure}");
    }
}
