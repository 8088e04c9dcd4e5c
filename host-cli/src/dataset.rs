//! The images of a run: drawn by the program, or read from files.

use std::path::Path;

use random_bases_core::data::synthetic::{self, Part, digit};
use random_bases_core::data::{Images, validation_start};
use rayon::prelude::*;
use xxhash_rust::xxh64::Xxh64;

use crate::failure::Failure;
use crate::files::{self, LabelledImages};
use crate::model::Model;
use crate::run_spec::{DataSpec, synthetic_name};
use crate::settings::{DATA_FOLDER, Dataset, Settings};

/// The seed of all synthetic images: they are a data set like any other, the same for every run.
pub const SYNTHETIC_SEED: u64 = 1;

/// A training set and a test set, in memory.
#[derive(Clone, Debug)]
pub struct DataSet {
    name: String,
    shape: [usize; 3],
    train: LabelledImages,
    test: LabelledImages,
    /// What the files turned out to be, for people.
    pub recognised: Option<&'static str>,
    /// What is missing of them, for people.
    pub note: Option<String>,
}

/// The part of the training set that is held back for validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// First validation image.
    pub start: u32,
    /// How many.
    pub validation: u32,
    /// Images that are left to train on.
    pub training: u32,
}

impl DataSet {
    /// The images that `settings` ask for.
    ///
    /// # Errors
    /// [`Failure::Data`] if files are missing or damaged.
    pub fn load(settings: &Settings, pool: &rayon::ThreadPool) -> Result<Self, Failure> {
        let limit = |images: Option<u32>| images.map_or(usize::MAX, |images| images as usize);
        let (train, test) = (limit(settings.train_images), limit(settings.test_images));
        match (settings.dataset, &settings.data_dir) {
            (Dataset::Synthetic | Dataset::Shapes, _) => {
                Ok(Self::synthetic(settings.dataset.shape(settings.network), train, test, pool))
            }
            (dataset, Some(folder)) => Self::files(dataset.name(), folder, train, test),
            (dataset, None) => {
                Err(Failure::configuration(format_args!("dataset = \"{dataset}\": there is no data_dir")))
            }
        }
    }

    /// Synthetic images of this shape: digits if they are grey, shapes if they are coloured.
    #[must_use]
    pub fn synthetic(shape: [usize; 3], train: usize, test: usize, pool: &rayon::ThreadPool) -> Self {
        let image: Draw = match shape {
            [8, 8, 1] => digit::<8>,
            [28, 28, 1] => digit::<28>,
            _ => synthetic::shape,
        };
        let draw = |part, count| draw(image, shape.iter().product(), part, count);
        Self {
            name: synthetic_name(shape),
            shape,
            train: pool.install(|| draw(Part::Train, train)),
            test: pool.install(|| draw(Part::Test, test)),
            recognised: None,
            note: None,
        }
    }

    fn files(name: &'static str, folder: &Path, train: usize, test: usize) -> Result<Self, Failure> {
        let mut files = files::load(name, folder)?;
        files.train.truncate(train);
        files.test.truncate(test);
        Ok(Self {
            name: name.into(),
            shape: files.shape,
            train: files.train,
            test: files.test,
            recognised: files.recognised,
            note: files.note,
        })
    }

    /// The images that a record was made with, as far as this program can have them: synthetic ones always, others
    /// from `folder`, or else from the usual data folder. `record` is where the record lies, for messages.
    ///
    /// # Errors
    /// [`Failure::Data`] if the files are missing or damaged, or hold other images.
    pub fn of_record(
        record: &Path,
        spec: &DataSpec,
        network: Model,
        folder: Option<&Path>,
        pool: &rayon::ThreadPool,
    ) -> Result<Option<Self>, Failure> {
        let images = spec.images as usize;
        let (place, data) = if spec.name == synthetic_name(network.shape()) {
            ("drawn by this program".into(), Self::synthetic(network.shape(), images, 0, pool))
        } else {
            let known = Dataset::ALL.iter().find(|dataset| dataset.name() == spec.name);
            let Some(dataset) = known else { return Ok(None) };
            // A folder that was named has to hold the images; the usual one may.
            let usual = Path::new(DATA_FOLDER);
            let usual = || files::locate(usual, dataset.name()).is_ok().then_some(usual);
            let Some(folder) = folder.or_else(usual) else { return Ok(None) };
            (format!("in {}", folder.display()), Self::files(dataset.name(), folder, images, 0)?)
        };
        if data.digest() != spec.digest {
            return Err(Failure::data(
                record,
                format_args!(
                    "made with {images} {} training images of the digest {:016x}; those {place} have {:016x}",
                    spec.name,
                    spec.digest,
                    data.digest()
                ),
            ));
        }
        Ok(Some(data))
    }

    /// Training images, the validation images among them.
    #[must_use]
    pub fn train_count(&self) -> usize {
        self.train.labels.len()
    }

    /// Test images.
    #[must_use]
    pub fn test_count(&self) -> usize {
        self.test.labels.len()
    }

    /// The training set, the validation images among them.
    #[must_use]
    pub fn train(&self) -> Images<'_> {
        Images { shape: self.shape, pixels: &self.train.pixels, labels: &self.train.labels }
    }

    /// The test set.
    #[must_use]
    pub fn test(&self) -> Images<'_> {
        Images { shape: self.shape, pixels: &self.test.pixels, labels: &self.test.labels }
    }

    /// Divides the training set as `settings` ask for.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if nothing would be left to train on.
    pub fn split(&self, settings: &Settings) -> Result<Split, Failure> {
        let split = settings.split(self.train_count(), self.test_count())?;
        let (images, validation) = (self.train_count() as u32, split.validation as u32);
        let start = match split.offset {
            Some(offset) => offset as u32,
            None => validation_start(settings.seed, images, validation),
        };
        Ok(Split { start, validation, training: images - validation })
    }

    /// What a record says of these images.
    #[must_use]
    pub fn spec(&self, split: Split, augmentation: bool) -> DataSpec {
        DataSpec {
            name: self.name.clone(),
            images: self.train_count() as u32,
            validation_start: split.start,
            validation: split.validation,
            augmentation,
            digest: self.digest(),
        }
    }

    /// XXH64 of all training pixels, then all training labels.
    fn digest(&self) -> u64 {
        let mut digest = Xxh64::new(0);
        digest.update(&self.train.pixels);
        digest.update(&self.train.labels);
        digest.digest()
    }
}

impl From<&DataSpec> for Split {
    fn from(spec: &DataSpec) -> Self {
        Self {
            start: spec.validation_start,
            validation: spec.validation,
            training: spec.images - spec.validation,
        }
    }
}

/// Draws image `index` of a part and returns its label.
type Draw = fn(u64, Part, u32, &mut [u8]) -> u8;

fn draw(image: Draw, len: usize, part: Part, count: usize) -> LabelledImages {
    let mut pixels = vec![0; count * len];
    let mut labels = vec![0; count];
    pixels.par_chunks_exact_mut(len).zip(&mut labels).enumerate().for_each(|(index, (pixels, label))| {
        *label = image(SYNTHETIC_SEED, part, index as u32, pixels);
    });
    LabelledImages { pixels, labels }
}
