//! Writing records, one after the other.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use random_bases_core::descent::{Outcome, Rates};
use random_bases_core::numerics::digest;
use random_bases_core::record::{End, Floats, MAGIC, Record, Share, Step, write};

use crate::failure::Failure;
use crate::run_spec::RunSpec;
use crate::training::Training;

/// A record file being written. Every record is handed to the system whole, so that whatever ends the program leaves
/// all records but perhaps the last.
#[derive(Debug)]
pub struct RecordWriter {
    path: PathBuf,
    /// Where the file lies until it is finished, if it is to replace another.
    draft: Option<PathBuf>,
    file: File,
    buffer: Vec<u8>,
    records: u64,
}

impl RecordWriter {
    /// Creates the file. `replace`: whether an existing file may be replaced; that happens when the new one is whole.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn create(path: &Path, replace: bool) -> Result<Self, Failure> {
        if replace && path.is_dir() {
            return Err(Failure::output(path, std::io::ErrorKind::IsADirectory.into()));
        }
        let draft = replace.then(|| {
            let mut name = path.as_os_str().to_owned();
            name.push(".part");
            PathBuf::from(name)
        });
        let place = draft.as_deref().unwrap_or(path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(replace).create_new(!replace);
        let file = options.open(place).map_err(|error| Failure::output(path, error))?;
        lock(&file).map_err(|error| Failure::output(path, error))?;
        let mut writer = Self { path: path.to_owned(), draft, file, buffer: vec![0; 1 << 12], records: 0 };
        writer.file.write_all(&MAGIC).map_err(|error| Failure::output(path, error))?;
        Ok(writer)
    }

    /// Opens a file for writing, for this process alone.
    ///
    /// # Errors
    /// [`Failure::Output`], also if another process is writing it.
    pub fn open(path: &Path) -> Result<File, Failure> {
        let fail = |error| Failure::output(path, error);
        let file = OpenOptions::new().write(true).open(path).map_err(fail)?;
        lock(&file).map_err(fail)?;
        Ok(file)
    }

    /// Goes on with a file that [`RecordWriter::open`] opened and that holds `records` records in its first `bytes` bytes; what
    /// follows is cut off.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn resume(path: &Path, mut file: File, bytes: u64, records: u64) -> Result<Self, Failure> {
        let fail = |error| Failure::output(path, error);
        file.set_len(bytes).map_err(fail)?;
        file.seek(SeekFrom::End(0)).map_err(fail)?;
        Ok(Self { path: path.to_owned(), draft: None, file, buffer: vec![0; 1 << 12], records })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// [`Failure::Output`], for instance if the disk is full.
    pub fn write(&mut self, record: &Record<'_>) -> Result<(), Failure> {
        loop {
            let room = self.buffer.len();
            match write(record, &mut self.buffer).map(<[u8]>::len) {
                Ok(len) => {
                    let written = self.file.write_all(&self.buffer[..len]);
                    written.map_err(|error| Failure::output(&self.path, error))?;
                    self.records += 1;
                    return Ok(());
                }
                Err(_) if room < 1 << 30 => self.buffer.resize(room * 2, 0),
                Err(error) => {
                    return Err(Failure::internal(format_args!("{}: {error}", self.path.display())));
                }
            }
        }
    }

    /// Writes the end record, and waits until the file is on disk.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn finish(mut self) -> Result<(), Failure> {
        self.write(&Record::End(End { records: self.records }))?;
        self.file.sync_all().map_err(|error| Failure::output(&self.path, error))?;
        match self.draft.take() {
            Some(draft) => {
                std::fs::rename(draft, &self.path).map_err(|error| Failure::output(&self.path, error))
            }
            None => Ok(()),
        }
    }
}

/// Takes the file for this process alone. A system that cannot lock does not keep anybody from writing.
fn lock(file: &File) -> std::io::Result<()> {
    match file.try_lock() {
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(std::io::Error::new(std::io::ErrorKind::ResourceBusy, "another process is writing it"))
        }
        _ => Ok(()),
    }
}

/// Writes what a step did: the shares of several workers, then the step. `before`: the digest of the weights before it, which only
/// shares hold. Returns the digest after it.
///
/// # Errors
/// [`Failure::Output`].
pub fn write_step(
    writer: &mut RecordWriter,
    spec: &RunSpec,
    training: &mut dyn Training,
    step: u64,
    rates: Rates,
    outcome: Outcome,
    before: u64,
) -> Result<u64, Failure> {
    let several = spec.options.workers.count > 1;
    if several {
        for (worker, shared) in (0..).zip(training.shares()) {
            let coordinates = Floats::from(&shared.coordinates[..]);
            let (loss, right) = (shared.loss, shared.right);
            writer.write(&Record::Share(Share { step, worker, loss, right, digest: before, coordinates }))?;
        }
    }
    let update = &spec.options.update;
    let factors = if outcome.sgd { Vec::new() } else { training.factors().to_vec() };
    let after = digest(training.weights());
    let none = several || rates.sgd_step;
    let coordinates = if none { &[] } else { training.coordinates() };
    writer.write(&Record::Step(Step {
        step,
        learning_rate: rates.method,
        loss: outcome.loss,
        right: outcome.right as u32,
        digest: after,
        sgd_rate: update.uses_gradient().then_some(rates.sgd),
        sgd_step: outcome.sgd,
        factors: Floats::from(&factors[..]),
        coordinates: Floats::from(coordinates),
    }))?;
    Ok(after)
}

/// A draft that was not finished is of no use.
impl Drop for RecordWriter {
    fn drop(&mut self) {
        if let Some(draft) = &self.draft {
            let _ = std::fs::remove_file(draft);
        }
    }
}
