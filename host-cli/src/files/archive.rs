//! The files in a `.tar.gz` archive, without unpacking it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tar::Archive;

use super::content::read_at_most;

/// No archive unpacks to more: the largest published one has 184 MB of contents.
const BYTES_MAX: u64 = 1 << 30;

/// A file in an archive.
pub(crate) struct Member<'a> {
    /// Its path in the archive, with `/` between the parts.
    pub(crate) path: String,
    /// Bytes that the archive says it has.
    size: u64,
    reader: &'a mut dyn Read,
}

impl Member<'_> {
    /// Its bytes, but at most `limit` of them.
    pub(crate) fn read_at_most(&mut self, limit: u64) -> Result<Vec<u8>, String> {
        let bytes = read_at_most(&mut self.reader, limit).map_err(unsound)?;
        self.check(bytes.len() as u64, limit)?;
        Ok(bytes)
    }

    /// Writes all its bytes.
    pub(crate) fn copy_to(&mut self, to: &mut impl Write) -> Result<(), String> {
        let len = io::copy(&mut self.reader, to).map_err(unsound)?;
        self.check(len, u64::MAX)
    }

    fn check(&self, len: u64, limit: u64) -> Result<(), String> {
        if len < self.size.min(limit) {
            return Err(format!("{}: truncated: {len} bytes of {}", self.path, self.size));
        }
        Ok(())
    }
}

/// Calls `each` with every file of an archive, in its order, until one is refused. Reads the archive to its end, so that
/// any damage is found. The error says what is wrong.
pub(crate) fn for_each(
    path: &Path,
    mut each: impl FnMut(Member<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut archive = Archive::new(MultiGzDecoder::new(file).take(BYTES_MAX));
    for entry in archive.entries().map_err(unsound)? {
        let mut entry = entry.map_err(unsound)?;
        // Folders and links hold no images.
        if entry.header().entry_type().is_file() {
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            each(Member { path, size: entry.size(), reader: &mut entry })?;
        }
    }
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(unsound)?;
    if rest.limit() == 0 {
        return Err(format!("unpacks to {BYTES_MAX} bytes or more"));
    }
    Ok(())
}

fn unsound(error: io::Error) -> String {
    format!("cannot be unpacked; not a sound tar.gz archive: {error}")
}
