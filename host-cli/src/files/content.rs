//! The contents of a file that may be compressed with gzip, digested on the way.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// SHA-256 of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digests {
    /// Of the contents, decompressed.
    pub(crate) contents: [u8; 32],
    /// Of the file itself, if that is compressed.
    pub(crate) archive: Option<[u8; 32]>,
}

/// Reads the contents of a file.
pub(crate) struct Content {
    inner: Hashing<Inner>,
}

enum Inner {
    Raw(File),
    Gzip(Box<MultiGzDecoder<Hashing<File>>>),
}

impl Content {
    /// Opens a file, which is compressed if its name ends in `.gz`.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        Self::open_as(path, path.extension().is_some_and(|extension| extension == "gz"))
    }

    /// Opens a file, compressed or not whatever its name.
    pub(crate) fn open_as(path: &Path, compressed: bool) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
        let inner = if compressed {
            Inner::Gzip(Box::new(MultiGzDecoder::new(Hashing::new(file))))
        } else {
            Inner::Raw(file)
        };
        Ok(Self { inner: Hashing::new(inner) })
    }

    /// The next `limit` bytes, or fewer if it ends before.
    pub(crate) fn read_at_most(&mut self, limit: u64) -> Result<Vec<u8>, String> {
        read_at_most(&mut self.inner, limit).map_err(|error| match self.inner.inner {
            Inner::Raw(_) => format!("cannot be read: {error}"),
            Inner::Gzip(_) => format!("cannot be decompressed; not a sound gzip file: {error}"),
        })
    }

    /// The digests of what was read. Those of the whole file, once it was read to its end: a decoder that has met the
    /// end of the contents has read the whole archive.
    pub(crate) fn digests(self) -> Digests {
        let archive = match self.inner.inner {
            Inner::Raw(_) => None,
            Inner::Gzip(decoder) => Some(decoder.into_inner().hash.finalize().into()),
        };
        Digests { contents: self.inner.hash.finalize().into(), archive }
    }
}

impl Read for Inner {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Raw(file) => file.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// The next `limit` bytes of a reader, or fewer if it ends before.
pub(crate) fn read_at_most(reader: &mut impl Read, limit: u64) -> io::Result<Vec<u8>> {
    // Grown as bytes arrive: reserving what a header announces would trust it too early.
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The first of `names` that there is in `folder`.
///
/// # Errors
/// [`Failure::Data`] if that is no file, or the system will not say.
pub(crate) fn first_of(folder: &Path, names: &[String]) -> Result<Option<PathBuf>, Failure> {
    for name in names {
        let path = folder.join(name);
        match std::fs::metadata(&path) {
            // Opening a pipe or a device could block forever.
            Ok(metadata) if !metadata.is_file() => return Err(Failure::data(path, "is not a file")),
            Ok(_) => return Ok(Some(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::unreadable(path, &error)),
        }
    }
    Ok(None)
}

/// Digests what is read through it.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R> Hashing<R> {
    fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new() }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buffer)?;
        self.hash.update(&buffer[..len]);
        Ok(len)
    }
}
