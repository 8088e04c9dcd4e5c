//! `random-bases verify`.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::executor;
use crate::args::VerifyArguments;
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
    out: &mut impl Write,
) -> Result<(), Failure> {
    let options = Options { strategy: arguments.strategy, data_dir: arguments.data_dir.as_deref() };
    // A wrong level or number of threads is one error, not one per file.
    let described = executor(machine)?;
    let head =
        format!("{} threads, {}, strategy {}\n", described.threads(), described.level(), arguments.strategy);
    printed(out.write_all(head.as_bytes()))?;

    let (mut equal, mut skipped, mut differing) = (0, 0, Vec::new());
    let mut unusable: Option<Failure> = None;
    let mut unusable_count = 0;
    for path in files(&arguments.paths)? {
        let verdict = RecordFile::open(&path).and_then(|file| verify(&file, options, || executor(machine)));
        let (state, what) = match verdict {
            Ok(Verdict::Equal { how, steps, compared }) => {
                equal += 1;
                let steps = if steps == 0 { String::new() } else { format!("{steps} steps ") };
                ("equal", format!("{steps}{how}; {compared} values compared"))
            }
            Ok(Verdict::Differs(difference)) => {
                differing.push(format!("{}: {difference}", path.display()));
                ("DIFFERS", difference.to_string())
            }
            Ok(Verdict::Skipped(why)) => {
                skipped += 1;
                ("skipped", why)
            }
            Err(failure) => {
                let what = failure.to_string();
                unusable_count += 1;
                unusable.get_or_insert(failure);
                ("UNUSABLE", what)
            }
        };
        printed(writeln!(out, "{state:<9} {}: {what}", path.display()))?;
    }
    let summary =
        format!("{equal} equal, {} differ, {unusable_count} unusable, {skipped} skipped\n", differing.len());
    printed(out.write_all(summary.as_bytes()).and_then(|()| out.flush()))?;
    match (differing.first(), unusable) {
        (Some(first), _) => Err(Failure::mismatch(first)),
        (None, Some(failure)) => Err(failure),
        (None, None) if equal == 0 => {
            Err(Failure::data(&arguments.paths[0], "nothing was verified: everything was skipped"))
        }
        (None, None) => Ok(()),
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
