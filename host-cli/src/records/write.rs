//! Writing records, one after the other.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use random_bases_core::record::{End, MAGIC, Record, write};

use crate::failure::Failure;

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
        let mut writer = Self { path: path.to_owned(), draft, file, buffer: vec![0; 1 << 12], records: 0 };
        writer.file.write_all(&MAGIC).map_err(|error| Failure::output(path, error))?;
        Ok(writer)
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

/// A draft that was not finished is of no use.
impl Drop for RecordWriter {
    fn drop(&mut self) {
        if let Some(draft) = &self.draft {
            let _ = std::fs::remove_file(draft);
        }
    }
}
