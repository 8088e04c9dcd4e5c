//! Image sets in files: MNIST and Fashion-MNIST in the IDX format, CIFAR-10 in its binary one.
//!
//! [`load`] is all that a caller needs: it finds the files of a set in a data folder, checks every byte that has a
//! meaning, and says whether they are the published ones. [`idx`] and [`cifar`] are the formats, [`images`] what both
//! give, [`known`] the published contents; `content` and `archive` read files, compressed or not.

pub(crate) mod archive;
pub mod cifar;
pub(crate) mod content;
pub mod idx;
pub mod images;
pub mod known;
mod locate;

use std::path::Path;

pub use self::images::{CLASSES, ImageFiles, LabelledImages};
pub use self::locate::locate;
use crate::failure::Failure;

/// The sets that are read from files.
pub const SETS: [&str; 3] = ["mnist", "fmnist", "cifar10"];

/// Reads a set out of a data folder, where its files lie directly or in a subfolder with the set's name.
///
/// # Errors
/// [`Failure::Data`] if there are none, or something about them is wrong; [`Failure::Configuration`] if no set of this
/// name is read from files.
pub fn load(name: &str, folder: &Path) -> Result<ImageFiles, Failure> {
    let format = Format::of(name)?;
    let place = locate(folder, name)?;
    match format {
        Format::Idx(name) => idx::load(&place, &idx::Expected::digits(name)),
        Format::Cifar => cifar::load(&place),
    }
}

/// How a set is stored.
enum Format {
    /// IDX, with the set's name.
    Idx(&'static str),
    Cifar,
}

impl Format {
    fn of(name: &str) -> Result<Self, Failure> {
        match SETS.into_iter().find(|set| *set == name) {
            Some(cifar::NAME) => Ok(Self::Cifar),
            Some(name) => Ok(Self::Idx(name)),
            None => Err(Failure::configuration(format_args!(
                "dataset = \"{name}\": comes from no files; those that do are {}",
                SETS.join(", ")
            ))),
        }
    }
}
