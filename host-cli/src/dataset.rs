//! The images of a run: drawn by the program, or read from files.

use std::path::Path;

use random_bases_core::data::synthetic::{Part, digit};
use random_bases_core::data::{Images, validation_start};
use rayon::prelude::*;
use xxhash_rust::xxh64::Xxh64;

use crate::failure::Failure;
use crate::files::idx::{self, Expected, LabelledImages};
use crate::run_spec::DataSpec;
use crate::settings::{Dataset, Network, Settings};

/// The seed of all synthetic images: they are a data set like any other, the same for every run.
pub const SYNTHETIC_SEED: u64 = 1;

/// A training set and a test set, in memory.
#[derive(Clone, Debug)]
pub struct DataSet {
    name: String,
    train: LabelledImages,
    test: LabelledImages,
    /// What the files turned out to be, for people.
    pub recognised: Option<&'static str>,
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
            (Dataset::Synthetic, _) => Ok(Self::synthetic(settings.network, train, test, pool)),
            (dataset, Some(folder)) => Self::files(dataset.name(), folder, train, test),
            (dataset, None) => {
                Err(Failure::configuration(format_args!("dataset = \"{dataset}\": there is no data_dir")))
            }
        }
    }

    /// Synthetic digits of the size that `network` takes.
    #[must_use]
    pub fn synthetic(network: Network, train: usize, test: usize, pool: &rayon::ThreadPool) -> Self {
        let draw = match network {
            Network::Fc => draw::<28>,
            Network::Small => draw::<8>,
        };
        Self {
            name: synthetic_name(network).into(),
            train: pool.install(|| draw(Part::Train, train)),
            test: pool.install(|| draw(Part::Test, test)),
            recognised: None,
        }
    }

    fn files(name: &'static str, folder: &Path, train: usize, test: usize) -> Result<Self, Failure> {
        let mut files = idx::load(folder, &Expected::digits(name))?;
        files.train.truncate(train);
        files.test.truncate(test);
        Ok(Self { name: name.into(), train: files.train, test: files.test, recognised: files.recognised })
    }

    /// The images that a record was made with, as far as this program can have them: synthetic ones always, others
    /// from `folder`. `record` is where the record lies, for messages.
    ///
    /// # Errors
    /// [`Failure::Data`] if the files are missing or damaged, or hold other images.
    pub fn of_record(
        record: &Path,
        spec: &DataSpec,
        network: Network,
        folder: Option<&Path>,
        pool: &rayon::ThreadPool,
    ) -> Result<Option<Self>, Failure> {
        let images = spec.images as usize;
        let (place, data) = if spec.name == synthetic_name(network) {
            ("drawn by this program".into(), Self::synthetic(network, images, 0, pool))
        } else {
            let known = Dataset::ALL.iter().find(|dataset| dataset.name() == spec.name);
            let (Some(dataset), Some(folder)) = (known, folder) else { return Ok(None) };
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
        Images { pixels: &self.train.pixels, labels: &self.train.labels }
    }

    /// The test set.
    #[must_use]
    pub fn test(&self) -> Images<'_> {
        Images { pixels: &self.test.pixels, labels: &self.test.labels }
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
    pub fn spec(&self, split: Split) -> DataSpec {
        DataSpec {
            name: self.name.clone(),
            images: self.train_count() as u32,
            validation_start: split.start,
            validation: split.validation,
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

const fn synthetic_name(network: Network) -> &'static str {
    match network {
        Network::Fc => "synthetic-28x28x1",
        Network::Small => "synthetic-8x8x1",
    }
}

fn draw<const SIDE: usize>(part: Part, count: usize) -> LabelledImages {
    let mut pixels = vec![0; count * SIDE * SIDE];
    let mut labels = vec![0; count];
    pixels.par_chunks_exact_mut(SIDE * SIDE).zip(&mut labels).enumerate().for_each(
        |(index, (image, label))| {
            *label = digit::<SIDE>(SYNTHETIC_SEED, part, index as u32, image);
        },
    );
    LabelledImages { pixels, labels }
}
