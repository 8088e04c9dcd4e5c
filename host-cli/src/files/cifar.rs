//! CIFAR-10 in its binary format: five training batches and a test batch, raw, compressed with gzip, or all in the
//! archive as published.
//!
//! A batch is a row of records: a label byte, then 1024 red, 1024 green and 1024 blue values, row by row. Images come out
//! with the three values of a pixel side by side. Everything is checked before an image is used: lengths, every label,
//! and that no batch between others is missing. Fewer than five training batches are a sample; [`load`] says so.

mod read;
#[cfg(test)]
mod tests;

use std::path::Path;

use self::read::{BYTES_MAX, Raw, append, read};
use super::archive;
use super::content::first_of;
use super::images::{ImageFiles, LabelledImages};
use super::known;
use crate::failure::Failure;

/// What settings call the set.
pub const NAME: &str = "cifar10";

/// The archive with all batches, as published.
pub(crate) const ARCHIVE: &str = "cifar-10-binary.tar.gz";

/// The folder of the batches in that archive.
const FOLDER: &str = "cifar-10-batches-bin";

/// What [`names`] are, for people.
pub(super) const LOOKED_FOR: &str = "data_batch_1.bin to data_batch_5.bin and test_batch.bin (each also as .gz, here or \
     in cifar-10-batches-bin), and cifar-10-binary.tar.gz";

/// Every name that a file of the set goes by.
pub(super) fn names() -> Vec<String> {
    Batch::ALL.into_iter().flat_map(Batch::names).chain([ARCHIVE.into()]).collect()
}

/// A training batch, 1 to 5, or the test batch, 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Batch(usize);

impl Batch {
    const TEST: Self = Self(6);
    /// All of them, in the order of the published digests.
    pub(crate) const ALL: [Self; 6] = [Self(1), Self(2), Self(3), Self(4), Self(5), Self::TEST];

    /// The file's name.
    pub(crate) fn file(self) -> String {
        match self {
            Self::TEST => "test_batch.bin".into(),
            Self(number) => format!("data_batch_{number}.bin"),
        }
    }

    /// The names it goes by, best first: raw before compressed, as that needs no decompression.
    pub(crate) fn names(self) -> [String; 4] {
        let file = self.file();
        [file.clone(), format!("{file}.gz"), format!("{FOLDER}/{file}"), format!("{FOLDER}/{file}.gz")]
    }

    /// What it is called in messages.
    fn part(self) -> &'static str {
        known::KNOWN.iter().find(|set| set.dataset == NAME).map_or(NAME, |set| set.files[self.0 - 1].0)
    }

    /// The batch that a file in an archive is.
    fn of_member(path: &str) -> Option<Self> {
        let path = path.strip_prefix("./").unwrap_or(path);
        let file = path.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
        Self::ALL.into_iter().find(|batch| batch.file() == file)
    }
}

/// Reads the batches of `folder`, or the archive if there are none, and checks everything in them.
///
/// # Errors
/// [`Failure::Data`], with the file, the field and the value.
pub fn load(folder: &Path) -> Result<ImageFiles, Failure> {
    // All are looked for before the first is read: a missing one is found at once.
    let mut paths = Vec::new();
    for batch in Batch::ALL {
        paths.extend(first_of(folder, &batch.names())?.map(|path| (batch, path)));
    }
    if paths.is_empty() {
        return load_archive(folder);
    }
    let there: Vec<_> = paths.iter().map(|(batch, _)| *batch).collect();
    check_complete(&there).map_err(|what| Failure::data(folder, what))?;
    let mut set = Set::default();
    for (batch, path) in paths {
        read(&path).and_then(|raw| set.take(batch, &raw)).map_err(|what| Failure::data(&path, what))?;
    }
    let mut set = set.finish();
    if let Some(archive) = first_of(folder, &[ARCHIVE.into()])? {
        let beside = format!("{} is not read, because batches lie beside it", archive.display());
        set.note = Some(set.note.map_or_else(|| beside.clone(), |note| format!("{note}; {beside}")));
    }
    Ok(set)
}

fn load_archive(folder: &Path) -> Result<ImageFiles, Failure> {
    let Some(path) = first_of(folder, &[ARCHIVE.into()])? else {
        return Err(Failure::data(folder, format_args!("there are none of {LOOKED_FOR}")));
    };
    read_archive(&path).map_err(|what| Failure::data(&path, what))
}

fn read_archive(path: &Path) -> Result<ImageFiles, String> {
    // In the order of the batches, whatever that in the archive is.
    let mut batches = Batch::ALL.map(|batch| (batch, None));
    archive::for_each(path, |mut member| {
        let name = member.path.clone();
        let Some(batch) = Batch::of_member(&name) else { return Ok(()) };
        let slot = &mut batches[batch.0 - 1].1;
        if slot.is_some() {
            return Err(format!("holds {} twice", batch.file()));
        }
        *slot = Some((name, Raw::new(member.read_at_most(BYTES_MAX + 1)?)));
        Ok(())
    })?;
    let there: Vec<_> = batches.iter().filter(|(_, raw)| raw.is_some()).map(|(batch, _)| *batch).collect();
    check_complete(&there)?;
    let mut set = Set::default();
    for (batch, raw) in batches {
        let Some((name, raw)) = raw else { continue };
        set.take(batch, &raw).map_err(|what| format!("{name}: {what}"))?;
    }
    Ok(set.finish())
}

/// Refuses batches without a test batch, without any for training, or with a gap. They are in order.
fn check_complete(batches: &[Batch]) -> Result<(), String> {
    let Some((&Batch::TEST, training)) = batches.split_last() else {
        return Err(format!("the test batch is missing: there is no {0} or {0}.gz", Batch::TEST.file()));
    };
    let Some(last) = training.last() else {
        return Err("there is no training batch: no data_batch_1.bin, or data_batch_1.bin.gz".into());
    };
    match Batch::ALL.iter().zip(training).find(|(expected, batch)| expected != batch) {
        None => Ok(()),
        Some((missing, _)) => Err(format!("{} is missing, but there is {}", missing.file(), last.file())),
    }
}

/// A set that is being read.
#[derive(Default)]
struct Set {
    train: LabelledImages,
    test: LabelledImages,
    digests: Vec<super::content::Digests>,
}

impl Set {
    fn take(&mut self, batch: Batch, raw: &Raw) -> Result<(), String> {
        let part = if batch == Batch::TEST { &mut self.test } else { &mut self.train };
        append(&raw.bytes, part)?;
        known::check(&raw.digests, NAME, batch.part())?;
        self.digests.push(raw.digests);
        Ok(())
    }

    fn finish(self) -> ImageFiles {
        let training = self.digests.len() - 1;
        ImageFiles {
            shape: [read::SIDE, read::SIDE, read::CHANNELS],
            recognised: known::recognise_all(&self.digests),
            note: (training < 5).then(|| format!("{training} of 5 training batches")),
            train: self.train,
            test: self.test,
        }
    }
}
