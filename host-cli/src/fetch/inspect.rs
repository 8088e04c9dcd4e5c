//! What lies in a folder where a published file belongs.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::catalogue::{Item, ItemPart};
use crate::failure::Failure;
use crate::files::archive;
use crate::files::content::{Content, first_of};
use crate::files::known::{Of, hex};

/// No file has more contents than this; what has is not a published one.
const CONTENTS_MAX: u64 = 1 << 30;

/// Bytes that are digested at once.
const CHUNK: u64 = 1 << 20;

/// What there is.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// The published contents, here.
    Right(PathBuf),
    /// Something else, and why it is something else.
    Other(PathBuf, String),
    /// Nothing.
    Absent,
}

/// Looks for the contents of an item, in whatever form a training would read them.
///
/// # Errors
/// [`Failure::Data`] if something is there that is no file, or the system will not say.
pub fn state(item: &Item, folder: &Path) -> Result<State, Failure> {
    let mut found = Vec::new();
    for part in &item.parts {
        found.push((part, first_of(folder, &part.names)?));
    }
    let Some(first) = found.iter().find_map(|(_, path)| path.clone()) else {
        return Ok(match first_of(folder, std::slice::from_ref(&item.name))? {
            None => State::Absent,
            Some(path) => match problem(&path, &item.name, item) {
                None => State::Right(path),
                Some(what) => State::Other(path, what),
            },
        });
    };
    for (part, path) in found {
        let Some(path) = path else {
            return Ok(State::Other(first, format!("there is no {} beside it", part.name)));
        };
        if let Some(what) = problem_of_part(&path, is_gzip(&path.to_string_lossy()), part) {
            return Ok(State::Other(path, what));
        }
    }
    Ok(State::Right(first))
}

/// Files that a training would read instead of the item's own.
pub(super) fn others(item: &Item, folder: &Path) -> Vec<PathBuf> {
    let names = item.parts.iter().flat_map(|part| &part.names).filter(|name| **name != item.name);
    names.map(|name| folder.join(name)).filter(|path| path.is_file()).collect()
}

/// Why a file is not the published one; nothing if it is. `name` says what it is, which its path need not.
pub(super) fn problem(path: &Path, name: &str, item: &Item) -> Option<String> {
    match item.parts.as_slice() {
        parts if item.is_archive() => problem_of_archive(path, parts),
        [part] => problem_of_part(path, is_gzip(name), part),
        _ => Some("it would have several parts, but it is no archive".into()),
    }
}

fn problem_of_part(path: &Path, compressed: bool, part: &ItemPart) -> Option<String> {
    let digests = match digest(path, compressed) {
        Ok(digests) => digests,
        Err(what) => return Some(format!("it {what}")),
    };
    let (what, digest) = match part.of {
        Of::Contents => ("its contents", digests.contents),
        Of::Archive => match digests.archive {
            Some(digest) => ("it", digest),
            None => {
                return Some("only the compressed file can be told by its digest, not what was in it".into());
            }
        },
    };
    differs(what, &digest, part)
}

fn digest(path: &Path, compressed: bool) -> Result<crate::files::content::Digests, String> {
    let mut content = Content::open_as(path, compressed)?;
    let mut read = 0;
    loop {
        let len = content.read_at_most(CHUNK)?.len() as u64;
        read += len;
        if len == 0 {
            return Ok(content.digests());
        }
        if read > CONTENTS_MAX {
            return Err(format!("holds more than {CONTENTS_MAX} bytes"));
        }
    }
}

fn problem_of_archive(path: &Path, parts: &[ItemPart]) -> Option<String> {
    let mut digests = vec![None; parts.len()];
    let walked = archive::for_each(path, |mut member| {
        let name = member.path.rsplit('/').next().unwrap_or_default();
        let Some(index) = parts.iter().position(|part| part.name == name) else { return Ok(()) };
        let mut hash = Sha256::new();
        member.copy_to(&mut hash)?;
        digests[index] = Some(hash.finalize().into());
        Ok(())
    });
    if let Err(what) = walked {
        return Some(format!("it {what}"));
    }
    parts.iter().zip(digests).find_map(|(part, digest)| match digest {
        Some(digest) => differs(&part.name, &digest, part),
        None => Some(format!("it holds no {}", part.name)),
    })
}

fn differs(what: &str, digest: &[u8; 32], part: &ItemPart) -> Option<String> {
    let digest = hex(digest);
    (digest != part.digest)
        .then(|| format!("the SHA-256 of {what} is {digest}, that of the published is {}", part.digest))
}

fn is_gzip(name: &str) -> bool {
    name.ends_with(".gz")
}
