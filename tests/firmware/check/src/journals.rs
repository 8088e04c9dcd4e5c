//! Journals that are sent to a program: whole ones, and ones that are damaged in one way each.

use std::fs;
use std::path::Path;

use firmware_jobs::fixtures::{Fixture, RUNS};
use random_bases_core::record::{End, Frame, Frames, MAGIC, Record, write};

use crate::{Checked, Trouble};

/// A journal that is sent.
pub struct Sent {
    /// What its file is called.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether a program can replay it to its end.
    pub whole: bool,
}

/// The record in which damage is: step 11, behind the head.
const DAMAGED: usize = 12;

/// What is sent, the whole ones first.
pub fn all() -> Checked<Vec<Sent>> {
    let mut all = Vec::new();
    for run in RUNS {
        all.push(Sent { name: run.0.into(), bytes: journal(run)?.0, whole: true });
    }
    let (bytes, places) = journal(&RUNS[0])?;
    let (start, end) = (places[DAMAGED], places[DAMAGED + 1]);
    let changed = |at: usize, with: u8| {
        let mut bytes = bytes.clone();
        bytes[at] ^= with;
        bytes
    };
    let damaged = [
        ("cut-inside-a-record", bytes[..start + (end - start) / 2].to_vec()),
        ("cut-inside-a-length", bytes[..start + 2].to_vec()),
        ("cut-behind-a-record", bytes[..start].to_vec()),
        ("a-bit-of-a-record", changed(start + (end - start) / 2, 0x10)),
        ("a-bit-of-a-length", changed(start, 0x01)),
        ("a-high-bit-of-a-length", changed(start + 3, 0x80)),
        ("a-bit-of-a-checksum", changed(end - 1, 0x01)),
        ("a-record-twice", [&bytes[..end], &bytes[start..]].concat()),
        ("a-record-too-few", [&bytes[..start], &bytes[end..]].concat()),
        ("for-another-network", of_another_network(&bytes)?),
        ("of-another-training", with_another_seed(&bytes)?),
        ("no-journal", b"not a journal".to_vec()),
        ("nothing", Vec::new()),
    ];
    all.extend(damaged.map(|(name, bytes)| Sent { name: name.into(), bytes, whole: false }));
    Ok(all)
}

/// Puts them where programs find them.
pub fn store(journals: &[Sent], folder: &Path) -> Checked<()> {
    let broken = |error| Trouble::Broken(format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(broken)?;
    journals
        .iter()
        .try_for_each(|journal| fs::write(folder.join(&journal.name), &journal.bytes).map_err(broken))
}

/// A recorded run as the journal of its training, which holds no tensors, and where each record begins.
fn journal(&(name, bytes): &Fixture) -> Checked<(Vec<u8>, Vec<usize>)> {
    let broken = |error| Trouble::Broken(format!("{name}: {error}"));
    let (mut journal, mut places) = (MAGIC.to_vec(), Vec::new());
    for frame in Frames::new(bytes).map_err(broken)? {
        let Frame { record, .. } = frame.map_err(broken)?;
        let record = match record {
            Record::Tensor(_) => continue,
            Record::End(_) => Record::End(End { records: places.len() as u64 }),
            record => record,
        };
        places.push(journal.len());
        append(&mut journal, &record)?;
    }
    Ok((journal, places))
}

fn append(journal: &mut Vec<u8>, record: &Record<'_>) -> Checked<()> {
    let mut buffer = [0; 4096];
    let frame = write(record, &mut buffer).map_err(|error| Trouble::Broken(error.to_string()))?;
    journal.extend_from_slice(frame);
    Ok(())
}

fn of_another_network(journal: &[u8]) -> Checked<Vec<u8>> {
    with_another_head(journal, |record| {
        if let Record::Run(run) = record {
            run.network = "fc-28x28x1";
        }
    })
}

/// All checksums are right, and no weights.
fn with_another_seed(journal: &[u8]) -> Checked<Vec<u8>> {
    with_another_head(journal, |record| {
        if let Record::Run(run) = record {
            run.seed += 1;
        }
    })
}

fn with_another_head(journal: &[u8], change: impl Fn(&mut Record<'_>)) -> Checked<Vec<u8>> {
    let broken = |error: &dyn std::fmt::Display| Trouble::Broken(format!("a journal: {error}"));
    let mut frames = Frames::new(journal).map_err(|error| broken(&error))?;
    let Frame { mut record, end } =
        frames.next().ok_or_else(|| broken(&"no head"))?.map_err(|error| broken(&error))?;
    change(&mut record);
    let mut bytes = MAGIC.to_vec();
    append(&mut bytes, &record)?;
    bytes.extend_from_slice(&journal[end..]);
    Ok(bytes)
}
