//! One IDX file: a header of big-endian words, then one byte per pixel or label.
//!
//! No more than the header announces is ever read or decompressed, plus one byte that shows whether there is
//! more. So neither a lying header nor a small archive of a huge file can take all memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{CLASSES, Expected};
use crate::settings::IMAGES_MAX;

const MAGIC_IMAGES: u32 = 0x803;
const MAGIC_LABELS: u32 = 0x801;

/// What a file has to hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Images(Expected),
    Labels,
}

/// What a sound file holds.
#[derive(Debug)]
pub(super) struct Contents {
    /// How many images or labels.
    pub(super) count: u32,
    /// What follows the header.
    pub(super) body: Vec<u8>,
    /// SHA-256 of header and body.
    pub(super) digest: [u8; 32],
    /// SHA-256 of the file itself, if that is an archive.
    pub(super) digest_archive: Option<[u8; 32]>,
}

/// Reads and checks a file, which is an archive if its name ends in `.gz`. The error says what is wrong with
/// it.
pub(super) fn read(path: &Path, form: Form) -> Result<Contents, String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return read_from(file, form, "cannot be read");
    }
    let mut decoder = MultiGzDecoder::new(Hashing { inner: file, hash: Sha256::new() });
    let mut contents = read_from(&mut decoder, form, "cannot be decompressed; not a sound gzip file")?;
    // The decoder has met the end of the contents, and so it has read the whole archive.
    contents.digest_archive = Some(decoder.into_inner().hash.finalize().into());
    Ok(contents)
}

fn read_from(mut reader: impl Read, form: Form, trouble: &str) -> Result<Contents, String> {
    let io = |error: io::Error| format!("{trouble}: {error}");
    let header_len = match form {
        Form::Images(_) => 16,
        Form::Labels => 8,
    };
    let header = read_at_most(&mut reader, header_len).map_err(io)?;
    let words: Vec<u32> = header
        .chunks_exact(4)
        .map(|bytes| bytes.iter().fold(0, |word, byte| (word << 8) | u32::from(*byte)))
        .collect();
    let (count, body_len) = match (form, words.as_slice()) {
        // The magic is looked at first: in a file of another format, a short header is not what is wrong.
        (_, [magic, ..]) if *magic != form.magic() => return Err(wrong_magic(form, *magic)),
        (Form::Images(expected), [_, count, rows, columns]) => {
            require("rows", *rows, expected.rows)?;
            require("columns", *columns, expected.columns)?;
            (
                *count,
                [*rows, *columns].iter().try_fold(u64::from(*count), |len, by| len.checked_mul((*by).into())),
            )
        }
        (Form::Labels, [_, count]) => (*count, Some(u64::from(*count))),
        _ => return Err(format!("truncated: {} bytes, but the header alone has {header_len}", header.len())),
    };
    if count == 0 || count > IMAGES_MAX {
        return Err(format!("the header announces {count} {}; accepted are 1 to {IMAGES_MAX}", form.items()));
    }
    let body_len =
        body_len.filter(|len| usize::try_from(*len).is_ok()).ok_or("announces more than memory can hold")?;

    let body = read_at_most(&mut reader, body_len.saturating_add(1)).map_err(io)?;
    let (got, want) = (header_len + body.len() as u64, header_len + body_len);
    if got < want {
        return Err(format!("truncated: {got} bytes, but {count} {} take {want}", form.items()));
    }
    if got > want {
        return Err(format!("has more than the {want} bytes that {count} {} take", form.items()));
    }
    if let (Form::Labels, Some(index)) = (form, body.iter().position(|label| *label >= CLASSES)) {
        return Err(format!("label {index} (from 0) is {}; labels are 0 to {}", body[index], CLASSES - 1));
    }
    let digest = Sha256::new().chain_update(&header).chain_update(&body).finalize().into();
    Ok(Contents { count, body, digest, digest_archive: None })
}

fn read_at_most(reader: &mut impl Read, limit: u64) -> io::Result<Vec<u8>> {
    // Grown as bytes arrive: reserving what a header announces would trust it too early.
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn require(field: &str, got: u32, want: u32) -> Result<(), String> {
    if got == want { Ok(()) } else { Err(format!("images of {got} {field}; accepted are {want}")) }
}

fn wrong_magic(form: Form, magic: u32) -> String {
    let hint = match magic {
        MAGIC_IMAGES => " (these are images)",
        MAGIC_LABELS => " (these are labels)",
        _ if magic >> 16 == 0x1f8b => " (a gzip archive: its name has to end in .gz)",
        _ => "",
    };
    format!("not IDX {}: begins with {magic:#010x}{hint}, not {:#010x}", form.items(), form.magic())
}

impl Form {
    const fn magic(self) -> u32 {
        match self {
            Self::Images(_) => MAGIC_IMAGES,
            Self::Labels => MAGIC_LABELS,
        }
    }

    const fn items(self) -> &'static str {
        match self {
            Self::Images(_) => "images",
            Self::Labels => "labels",
        }
    }
}

/// Digests what is read through it.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buffer)?;
        self.hash.update(&buffer[..len]);
        Ok(len)
    }
}
