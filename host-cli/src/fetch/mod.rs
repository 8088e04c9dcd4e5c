//! Getting published data sets: from mirrors, checked, into a data folder.
//!
//! A file gets its name only once its digest is the published one: it is downloaded beside that name, checked, and then
//! renamed. Whatever happens before, nothing is left behind. What is there and right is not downloaded again; what is
//! there and is something else is kept, unless the user says otherwise.
//!
//! [`catalogue`] is what there is to get, [`inspect`] looks at what is there, [`transfer`] talks to a server.

pub mod catalogue;
pub mod inspect;
pub mod transfer;

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

pub use self::catalogue::{Catalogue, Item, ItemPart};
use self::inspect::{State, others, problem, state};
pub use self::transfer::{Client, Trouble};
use crate::failure::{Failure, say};
use crate::progress::Reporter;
use crate::settings::Progress;

/// A body longer than so many times the published length is refused.
const LENGTH_FACTOR: u64 = 4;

/// How to fetch.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether files that are there and are something else are replaced.
    pub force: bool,
    /// How progress is shown.
    pub progress: Progress,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there, and right.
    AlreadyThere,
    /// It was downloaded: so many bytes.
    Fetched(u64),
}

/// Gets every file of a catalogue into `folder`, which is made if need be, and calls `each` after each.
///
/// # Errors
/// [`Failure::Data`] if no mirror has a right file, or another file is in its place; [`Failure::Output`] if the folder
/// cannot be written; [`Failure::Interrupted`]; and what `each` returns. Files that were complete before stay.
pub fn fetch(
    client: &Client,
    catalogue: &Catalogue,
    folder: &Path,
    options: Options,
    mut each: impl FnMut(&Path, Outcome) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let folders = Folders::create(folder)?;
    let mut mirrors: Vec<&str> = catalogue.mirrors.iter().map(String::as_str).collect();
    let result = catalogue.items.iter().try_for_each(|item| {
        let (path, outcome) = fetch_item(client, &mut mirrors, item, folder, options)?;
        each(&path, outcome)
    });
    if result.is_err() {
        folders.remove_empty();
    }
    result
}

fn fetch_item(
    client: &Client,
    mirrors: &mut [&str],
    item: &Item,
    folder: &Path,
    options: Options,
) -> Result<(PathBuf, Outcome), Failure> {
    match state(item, folder)? {
        State::Right(path) => return Ok((path, Outcome::AlreadyThere)),
        State::Other(path, why) if !options.force => {
            return Err(Failure::data(path, format_args!("is there, but {why}; --force replaces it")));
        }
        State::Other(..) | State::Absent => {}
    }
    let path = folder.join(&item.name);
    let mut reasons = Vec::new();
    for index in 0..mirrors.len() {
        let base = mirrors[index];
        let url = format!("{base}{}{}", if base.ends_with('/') { "" } else { "/" }, item.name);
        match attempt(client, &url, item, folder, options) {
            Ok((file, len)) => {
                place(file, item, folder)?;
                // The next file is first looked for where this one was.
                mirrors[..=index].rotate_right(1);
                return Ok((path, Outcome::Fetched(len)));
            }
            Err(Trouble::Mirror(reason)) => {
                let reason = format!("{url}: {reason}");
                if options.progress != Progress::Never && index + 1 < mirrors.len() {
                    say(format_args!("{reason}; trying another mirror"));
                }
                reasons.push(reason);
            }
            Err(Trouble::Ours(failure)) => return Err(failure),
        }
    }
    Err(Failure::data(path, format_args!("could not be fetched: {}", reasons.join("; "))))
}

/// Downloads a file beside its place, and checks it. Dropping the result removes it.
fn attempt(
    client: &Client,
    url: &str,
    item: &Item,
    folder: &Path,
    options: Options,
) -> Result<(NamedTempFile, u64), Trouble> {
    let mut file = temporary(item, folder).map_err(|error| Failure::output(folder, error))?;
    let mut reporter = Reporter::download(options.progress, item.size);
    reporter.line(&format!("{url} ({} bytes)", item.size));
    let mut len = 0;
    let result = transfer::get(client, url, item.size.saturating_mul(LENGTH_FACTOR), |bytes| {
        file.write_all(bytes).map_err(|error| Failure::output(folder.join(&item.name), error))?;
        len += bytes.len() as u64;
        reporter.advance(bytes.len() as u64, || format!("{len} of {} bytes", item.size));
        Ok(())
    });
    reporter.finish();
    result?;
    if let Some(what) = problem(file.path(), &item.name, item) {
        return Err(Trouble::Mirror(format!("what it sends is not the published file: {what}")));
    }
    Ok((file, len))
}

/// A file that only the user can write, and all that may see the folder can read, as any other.
fn temporary(item: &Item, folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.prefix(&format!(".{}.", item.name)).suffix(".part").tempfile_in(folder)
}

/// Gives a checked file its name, and removes what would be read in its stead.
fn place(file: NamedTempFile, item: &Item, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(&item.name);
    file.as_file().sync_all().map_err(|error| Failure::output(&path, error))?;
    file.persist(&path).map_err(|error| Failure::output(&path, error.error))?;
    for other in others(item, folder) {
        std::fs::remove_file(&other).map_err(|error| Failure::output(&other, error))?;
    }
    Ok(())
}

/// The folders that were made for a download.
struct Folders(Vec<PathBuf>);

impl Folders {
    fn create(folder: &Path) -> Result<Self, Failure> {
        let absent = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let made = Self(folder.ancestors().take_while(absent).map(Path::to_owned).collect());
        match std::fs::create_dir_all(folder) {
            Ok(()) => Ok(made),
            Err(error) => {
                made.remove_empty();
                Err(Failure::output(folder, error))
            }
        }
    }

    /// Removes those that are still empty, innermost first.
    fn remove_empty(self) {
        for folder in self.0 {
            let _ = std::fs::remove_dir(folder);
        }
    }
}
