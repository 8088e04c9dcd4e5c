//! `random-bases verify`.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{data_dir, executor};
use crate::args::VerifyArguments;
use crate::executor::Hosted;
use crate::failure::{Failure, printed};
use crate::records::verify::{Options, Verdict, verify};
use crate::records::{EXTENSION, RecordFile};
use crate::settings::MachineSettings;

/// Verifies every file named, and every record in every folder named; prints a line for each, then a summary.
///
/// # Errors
/// [`Failure::Mismatch`] if a bit differs anywhere; else the first file's failure, if a file could not be used. All
/// files are gone through in either case.
pub fn run(
    arguments: &VerifyArguments,
    machine: MachineSettings,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let data_dir = data_dir(arguments.data_dir.as_ref());
    let options = Options { strategy: arguments.strategy, data_dir: data_dir.as_deref() };
    // A wrong level or number of threads is one error, not one per file.
    let described = executor(machine)?;
    let head =
        format!("threads {}, {}, strategy {}\n", described.threads(), described.level(), arguments.strategy);
    printed(out.write_all(head.as_bytes()))?;
    all(&arguments.paths, options, || executor(machine), out)
}

/// Verifies every file named, and every record in every folder named, on the executors that `executor` makes.
///
/// # Errors
/// As [`run`].
pub fn all<X: Hosted + 'static>(
    paths: &[PathBuf],
    options: Options<'_>,
    mut executor: impl FnMut() -> Result<X, Failure>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut tally = Tally::default();
    for path in files(paths)? {
        let verdict = RecordFile::open(&path).and_then(|file| verify(&file, options, &mut executor));
        let line = tally.take(&path, verdict);
        printed(writeln!(out, "{line}"))?;
    }
    printed(writeln!(out, "{}", tally.summary()).and_then(|()| out.flush()))?;
    tally.conclude(&paths[0])
}

/// What came out so far.
#[derive(Default)]
struct Tally {
    equal: u64,
    replayed: u64,
    skipped: u64,
    differing: Vec<String>,
    unusable: Vec<Failure>,
}

impl Tally {
    /// Counts a file, and returns the line about it.
    fn take(&mut self, path: &Path, verdict: Result<Verdict, Failure>) -> String {
        match verdict {
            Ok(Verdict::Equal { compared: 0, .. } | Verdict::Replayed { compared: 0, .. }) => {
                self.take(path, Err(Failure::data(path, "holds nothing to compare")))
            }
            Ok(Verdict::Equal { how, steps, compared }) => {
                self.equal += 1;
                let steps = if steps == 0 { String::new() } else { format!("{steps} steps ") };
                format!("equal     {}: {steps}{how}; {compared} values compared", path.display())
            }
            Ok(Verdict::Replayed { steps, compared }) => {
                self.replayed += 1;
                format!(
                    "replayed  {}: {steps} steps, {compared} digests equal; the images are not at hand, so nothing was \
                     trained again (--data-dir FOLDER)",
                    path.display()
                )
            }
            Ok(Verdict::Differs(difference)) => {
                self.differing.push(format!("{}: {difference}", path.display()));
                format!("DIFFERS   {}: {difference}", path.display())
            }
            Ok(Verdict::Skipped(why)) => {
                self.skipped += 1;
                format!("skipped   {}: {why}", path.display())
            }
            Err(failure) => {
                let mut what = failure.to_string();
                // Most failures name the file themselves.
                if !what.starts_with(&*path.to_string_lossy()) {
                    what = format!("{}: {what}", path.display());
                }
                self.unusable.push(failure);
                format!("UNUSABLE  {what}")
            }
        }
    }

    fn summary(&self) -> String {
        let (differing, unusable) = (self.differing.len(), self.unusable.len());
        let Self { equal, replayed, skipped, .. } = self;
        format!(
            "{equal} equal, {replayed} only replayed, {differing} differ, {unusable} unusable, {skipped} skipped"
        )
    }

    /// Success only if something was verified and nothing is wrong. A difference weighs more than an unusable file.
    fn conclude(self, first: &Path) -> Result<(), Failure> {
        if let Some(difference) = self.differing.first() {
            return Err(Failure::mismatch(difference));
        }
        match self.unusable.into_iter().next() {
            Some(failure) => Err(failure),
            None if self.equal + self.replayed == 0 => {
                Err(Failure::data(first, "nothing was verified: everything was skipped"))
            }
            None => Ok(()),
        }
    }
}

/// The files named, and the records in the folders named, by name.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        files.extend(records_in(path)?);
        if files.len() == before {
            return Err(Failure::data(path, format_args!("holds no .{EXTENSION} file")));
        }
    }
    Ok(files)
}

fn records_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| Failure::unreadable(folder, &error);
    let mut records = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            records.push(path);
        }
    }
    records.sort();
    Ok(records)
}
