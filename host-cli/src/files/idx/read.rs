//! One IDX file: a header of big-endian words, then one byte per pixel or label.
//!
//! No more than the header announces is ever read or decompressed, plus one byte that shows whether there is
//! more. So neither a lying header nor a small archive of a huge file can take all memory.

use std::path::Path;

use super::Expected;
use crate::files::content::{Content, Digests};
use crate::files::images::wrong_label;
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
    /// SHA-256 of header and body, and of the archive if it is one.
    pub(super) digests: Digests,
}

/// Reads and checks a file, which is an archive if its name ends in `.gz`. The error says what is wrong with
/// it.
pub(super) fn read(path: &Path, form: Form) -> Result<Contents, String> {
    let mut content = Content::open(path)?;
    let header_len = match form {
        Form::Images(_) => 16,
        Form::Labels => 8,
    };
    let header = content.read_at_most(header_len)?;
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

    let body = content.read_at_most(body_len.saturating_add(1))?;
    let (got, want) = (header_len + body.len() as u64, header_len + body_len);
    if got < want {
        return Err(format!("truncated: {got} bytes, but {count} {} take {want}", form.items()));
    }
    if got > want {
        return Err(format!("has more than the {want} bytes that {count} {} take", form.items()));
    }
    if let (Form::Labels, Some(what)) = (form, wrong_label(body.iter().copied())) {
        return Err(what);
    }
    Ok(Contents { count, body, digests: content.digests() })
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
