//! Image sets in the IDX format of MNIST: four files, each raw or compressed with gzip.
//!
//! Everything is checked before an image is used: magic numbers, sizes, exact lengths, every label. So what
//! [`load`] returns is consistent, and a damaged or mixed-up folder is refused with the file, the field and
//! the value.

mod read;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::read::{Contents, Form, read};
use super::content::first_of;
use super::images::{ImageFiles, LabelledImages};
use super::known;
use crate::failure::Failure;

/// What the caller is going to use the files for; other contents are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Rows of every image.
    pub rows: u32,
    /// Columns of every image.
    pub columns: u32,
    /// The name that the user gave the set (`mnist`, `fmnist`): files known to be of another set are refused.
    pub dataset: &'static str,
}

impl Expected {
    /// Images of 28 rows and 28 columns, of the given set.
    pub const fn digits(dataset: &'static str) -> Self {
        Self { rows: 28, columns: 28, dataset }
    }
}

/// One of the four files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Training images.
    TrainImages,
    /// Labels of the training images.
    TrainLabels,
    /// Test images.
    TestImages,
    /// Labels of the test images.
    TestLabels,
}

impl Part {
    /// All four.
    pub const ALL: [Self; 4] = [Self::TrainImages, Self::TrainLabels, Self::TestImages, Self::TestLabels];

    /// The first part of the file's name, and the part after `-` or `.`.
    const fn stems(self) -> (&'static str, &'static str) {
        match self {
            Self::TrainImages => ("train-images", "idx3-ubyte"),
            Self::TrainLabels => ("train-labels", "idx1-ubyte"),
            Self::TestImages => ("t10k-images", "idx3-ubyte"),
            Self::TestLabels => ("t10k-labels", "idx1-ubyte"),
        }
    }

    /// The names it goes by, best first: raw before compressed, since that needs no decompression.
    pub(crate) fn names(self) -> [String; 4] {
        let (head, tail) = self.stems();
        [
            format!("{head}-{tail}"),
            format!("{head}.{tail}"),
            format!("{head}-{tail}.gz"),
            format!("{head}.{tail}.gz"),
        ]
    }

    /// The name that it has as published.
    pub(crate) fn published(self) -> String {
        let (head, tail) = self.stems();
        format!("{head}-{tail}.gz")
    }

    /// What it is called in messages.
    const fn name(self) -> &'static str {
        match self {
            Self::TrainImages => "training images",
            Self::TrainLabels => "training labels",
            Self::TestImages => "test images",
            Self::TestLabels => "test labels",
        }
    }

    const fn is_images(self) -> bool {
        matches!(self, Self::TrainImages | Self::TestImages)
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What [`names`] are, for people.
pub(super) const LOOKED_FOR: &str = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and \
     t10k-labels-idx1-ubyte (or with .idx3 and .idx1; each also as .gz)";

/// Every name that a file of such a set goes by.
pub(super) fn names() -> Vec<String> {
    Part::ALL.into_iter().flat_map(Part::names).collect()
}

/// Reads the four files of `folder`, and checks everything in them.
pub fn load(folder: &Path, expected: &Expected) -> Result<ImageFiles, Failure> {
    // All four are looked for before the first is read: a missing one is found at once.
    let mut paths = Vec::new();
    for part in Part::ALL {
        paths.push((part, find(folder, part)?));
    }
    let mut files = Vec::new();
    for (part, path) in paths {
        files.push(read_checked(part, path, expected)?);
    }
    let Ok::<[File; 4], _>(files) = files.try_into() else {
        return Err(Failure::internal("an image set has four files"));
    };
    let recognised = known::recognise_all(&files.each_ref().map(|file| file.contents.digests));
    let [train_images, train_labels, test_images, test_labels] = files;
    Ok(ImageFiles {
        shape: [expected.rows as usize, expected.columns as usize, 1],
        train: pair(train_images, train_labels)?,
        test: pair(test_images, test_labels)?,
        recognised,
        note: None,
    })
}

/// One of the files, read and checked by itself.
struct File {
    path: PathBuf,
    contents: Contents,
}

fn find(folder: &Path, part: Part) -> Result<PathBuf, Failure> {
    let names = part.names();
    first_of(folder, &names)?.ok_or_else(|| {
        if folder.is_dir() {
            let names = names.join(", ");
            return Failure::data(folder, format_args!("the {part} are missing: there is no {names}"));
        }
        Failure::data(folder, "there is no such folder; the data folder has to hold the four IDX files")
    })
}

fn read_checked(part: Part, path: PathBuf, expected: &Expected) -> Result<File, Failure> {
    let form = if part.is_images() { Form::Images(*expected) } else { Form::Labels };
    let contents = read(&path, form).map_err(|what| Failure::data(&path, what))?;
    known::check(&contents.digests, expected.dataset, part.name())
        .map_err(|what| Failure::data(&path, what))?;
    Ok(File { path, contents })
}

fn pair(images: File, labels: File) -> Result<LabelledImages, Failure> {
    if images.contents.count != labels.contents.count {
        return Err(Failure::data(
            &labels.path,
            format_args!(
                "holds {} labels, but {} holds {} images",
                labels.contents.count,
                images.path.display(),
                images.contents.count
            ),
        ));
    }
    Ok(LabelledImages { pixels: images.contents.body, labels: labels.contents.body })
}
