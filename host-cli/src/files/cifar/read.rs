//! One batch: its records, and the images in them.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::files::content::{Content, Digests};
use crate::files::images::{LabelledImages, wrong_label};

/// Rows, and columns, of an image.
pub(super) const SIDE: usize = 32;

/// Red, green, blue.
pub(super) const CHANNELS: usize = 3;

/// Values of one colour.
const PLANE: usize = SIDE * SIDE;

/// A label and an image.
pub(super) const RECORD: usize = 1 + CHANNELS * PLANE;

/// Records of a batch as published. More are refused, so that no archive can take all memory.
const RECORDS_MAX: usize = 10_000;

/// Bytes of the longest batch.
pub(super) const BYTES_MAX: u64 = (RECORDS_MAX * RECORD) as u64;

/// A batch before its records are looked at.
pub(super) struct Raw {
    pub(super) bytes: Vec<u8>,
    pub(super) digests: Digests,
}

impl Raw {
    /// A batch that did not come out of a file of its own.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let contents = Sha256::digest(&bytes).into();
        Self { bytes, digests: Digests { contents, archive: None } }
    }
}

/// Reads a batch, and a byte that shows if it is too long.
pub(super) fn read(path: &Path) -> Result<Raw, String> {
    let mut content = Content::open(path)?;
    let bytes = content.read_at_most(BYTES_MAX + 1)?;
    Ok(Raw { bytes, digests: content.digests() })
}

/// Checks a batch, and appends its images.
pub(super) fn append(bytes: &[u8], images: &mut LabelledImages) -> Result<(), String> {
    let hint =
        if bytes.starts_with(&[0x1f, 0x8b]) { " (a gzip archive: its name has to end in .gz)" } else { "" };
    if bytes.is_empty() {
        return Err("is empty".into());
    }
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("has more than the {BYTES_MAX} bytes of {RECORDS_MAX} images{hint}"));
    }
    let (records, rest) = (bytes.chunks_exact(RECORD), bytes.len() % RECORD);
    if rest != 0 {
        return Err(format!(
            "{} bytes are no whole number of images of {RECORD} bytes: {rest} are left over{hint}",
            bytes.len()
        ));
    }
    if let Some(what) = wrong_label(records.clone().map(|record| record[0])) {
        return Err(format!("{what}{hint}"));
    }
    for record in records {
        let (red, rest) = record[1..].split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        images.labels.push(record[0]);
        for i in 0..PLANE {
            images.pixels.extend([red[i], green[i], blue[i]]);
        }
    }
    Ok(())
}
