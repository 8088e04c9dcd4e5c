//! Image sets in the IDX format of MNIST: four files, each raw or compressed with gzip.
//!
//! Everything is checked before an image is used: magic numbers, sizes, exact lengths, every label. So what
//! [`load`] returns is consistent, and a damaged or mixed-up folder is refused with the file, the field and
//! the value.

mod known;
mod read;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::known::{recognise, recognise_all};
use self::read::{Contents, Form, read};
use crate::failure::Failure;

/// Classes of every set that this program trains on; labels are below this.
pub const CLASSES: u8 = 10;

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

/// Images with their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledImages {
    /// Pixels, 0 (background) to 255: image by image, row by row. `labels.len() * rows * columns` of them.
    pub pixels: Vec<u8>,
    /// The class of each image, below [`CLASSES`].
    pub labels: Vec<u8>,
}

impl LabelledImages {
    /// Keeps the first `count` images at most.
    pub fn truncate(&mut self, count: usize) {
        if count < self.labels.len() {
            let pixels_each = self.pixels.len() / self.labels.len();
            self.labels.truncate(count);
            self.pixels.truncate(count * pixels_each);
        }
    }
}

/// An image set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFiles {
    /// Rows of every image.
    pub rows: usize,
    /// Columns of every image.
    pub columns: usize,
    /// The training set, validation images included.
    pub train: LabelledImages,
    /// The test set.
    pub test: LabelledImages,
    /// The name of the set (`mnist`, `fmnist`) if the digests of all four files are the published ones.
    pub recognised: Option<&'static str>,
    /// SHA-256 of the contents, decompressed, in the order of [`Part::ALL`].
    pub digests: [[u8; 32]; 4],
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
    fn names(self) -> [String; 4] {
        let (head, tail) = self.stems();
        [
            format!("{head}-{tail}"),
            format!("{head}.{tail}"),
            format!("{head}-{tail}.gz"),
            format!("{head}.{tail}.gz"),
        ]
    }

    const fn is_images(self) -> bool {
        matches!(self, Self::TrainImages | Self::TestImages)
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TrainImages => "training images",
            Self::TrainLabels => "training labels",
            Self::TestImages => "test images",
            Self::TestLabels => "test labels",
        })
    }
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
    let recognised = recognise_all(files.each_ref().map(|file| &file.contents));
    let digests = files.each_ref().map(|file| file.contents.digest);
    let [train_images, train_labels, test_images, test_labels] = files;
    Ok(ImageFiles {
        rows: expected.rows as usize,
        columns: expected.columns as usize,
        train: pair(train_images, train_labels)?,
        test: pair(test_images, test_labels)?,
        recognised,
        digests,
    })
}

/// One of the files, read and checked by itself.
struct File {
    path: PathBuf,
    contents: Contents,
}

fn find(folder: &Path, part: Part) -> Result<PathBuf, Failure> {
    for name in part.names() {
        let path = folder.join(name);
        match std::fs::metadata(&path) {
            // Opening a pipe or a device could block forever.
            Ok(metadata) if !metadata.is_file() => return Err(Failure::data(path, "is not a file")),
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::unreadable(path, &error)),
        }
    }
    if !folder.is_dir() {
        return Err(Failure::data(
            folder,
            "there is no such folder; the data folder has to hold the four IDX files",
        ));
    }
    let names = part.names().join(", ");
    Err(Failure::data(folder, format_args!("the {part} are missing: there is no {names}")))
}

fn read_checked(part: Part, path: PathBuf, expected: &Expected) -> Result<File, Failure> {
    let form = if part.is_images() { Form::Images(*expected) } else { Form::Labels };
    let contents = read(&path, form).map_err(|what| Failure::data(&path, what))?;
    if let Some(known) = recognise(&contents) {
        if known.dataset != expected.dataset {
            return Err(Failure::data(
                &path,
                format_args!(
                    "these are the {} of {}, but the dataset is {}; change dataset or data_dir",
                    known.part, known.dataset, expected.dataset
                ),
            ));
        }
        if known.part != part {
            let what =
                format_args!("the name says {part}, but these are the {} of {}", known.part, known.dataset);
            return Err(Failure::data(&path, what));
        }
    }
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
