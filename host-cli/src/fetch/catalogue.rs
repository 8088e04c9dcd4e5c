//! What can be fetched, from where, and how it is recognised.

use crate::failure::Failure;
use crate::files::cifar::{self, Batch};
use crate::files::idx;
use crate::files::known::{KNOWN, Of};

/// The files of a set, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    /// Where files are, tried in order: addresses to which a file's name is appended.
    pub mirrors: Vec<String>,
    /// The files.
    pub items: Vec<Item>,
}

/// A file on a mirror. One whose name ends in `.gz` is compressed, one in `.tar.gz` an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name, on mirrors and in the folder.
    pub name: String,
    /// Bytes that it has as published.
    pub size: u64,
    /// What it holds: one part, or those of an archive.
    pub parts: Vec<ItemPart>,
}

impl Item {
    /// Whether it is an archive.
    #[must_use]
    pub fn is_archive(&self) -> bool {
        self.name.ends_with(".tar.gz")
    }
}

/// Something that a file on a mirror holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemPart {
    /// Its name, in an archive without folders.
    pub name: String,
    /// What is digested.
    pub of: Of,
    /// SHA-256, in lower-case hexadecimal digits.
    pub digest: String,
    /// Every name under which a training would read it, best first.
    pub names: Vec<String>,
}

/// What people want to know of a set.
#[derive(Debug)]
pub struct About {
    /// The name that settings give it.
    pub name: &'static str,
    /// Training images.
    pub train: u32,
    /// Test images.
    pub test: u32,
    /// Rows, columns and channels.
    pub shape: [u32; 3],
    /// Its licence.
    pub licence: &'static str,
    /// Addresses of its files.
    pub mirrors: &'static [&'static str],
    /// Bytes of its files as published, in the order of the items.
    sizes: &'static [u64],
}

/// The sets that can be fetched.
pub const ABOUT: [About; 3] = [
    About {
        name: "mnist",
        train: 60_000,
        test: 10_000,
        shape: [28, 28, 1],
        licence: "CC BY-SA 3.0",
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ],
        sizes: &[9_912_422, 28_881, 1_648_877, 4_542],
    },
    About {
        name: "fmnist",
        train: 60_000,
        test: 10_000,
        shape: [28, 28, 1],
        licence: "MIT",
        mirrors: &[
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ],
        sizes: &[26_421_880, 29_515, 4_422_102, 5_148],
    },
    About {
        name: cifar::NAME,
        train: 50_000,
        test: 10_000,
        shape: [32, 32, 3],
        licence: "none stated",
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        sizes: &[170_052_171],
    },
];

impl About {
    /// Bytes to fetch.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.sizes.iter().sum()
    }
}

impl Catalogue {
    /// The catalogue of a published set.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if there is none of this name.
    pub fn of(name: &str) -> Result<Self, Failure> {
        let about = ABOUT.iter().find(|about| about.name == name);
        let known = KNOWN.iter().find(|set| set.dataset == name);
        let (Some(about), Some(known)) = (about, known) else {
            let names = ABOUT.each_ref().map(|about| about.name).join(", ");
            return Err(Failure::configuration(format_args!("{name}: can be fetched are {names}")));
        };
        let digests = known.files.iter().map(|(_, digest)| (*digest).to_owned());
        let part = |name: String, names: Vec<String>, digest| ItemPart { name, of: known.of, digest, names };
        let items = if name == cifar::NAME {
            let parts = Batch::ALL.into_iter().zip(digests);
            let parts = parts.map(|(batch, digest)| part(batch.file(), batch.names().to_vec(), digest));
            vec![Item { name: cifar::ARCHIVE.into(), size: about.size(), parts: parts.collect() }]
        } else {
            let files = idx::Part::ALL.into_iter().zip(digests).zip(about.sizes);
            let item = |((file, digest), size): ((idx::Part, String), &u64)| {
                let name = file.published();
                Item {
                    name: name.clone(),
                    size: *size,
                    parts: vec![part(name, file.names().to_vec(), digest)],
                }
            };
            files.map(item).collect()
        };
        Ok(Self { mirrors: about.mirrors.iter().map(|mirror| (*mirror).to_owned()).collect(), items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::SETS;

    #[test]
    fn every_set_that_is_read_from_files_can_be_fetched() {
        assert_eq!(ABOUT.each_ref().map(|about| about.name), SETS);
        for about in &ABOUT {
            let catalogue = Catalogue::of(about.name).unwrap();
            assert_eq!(catalogue.items.len(), about.sizes.len());
            assert_eq!(catalogue.items.iter().map(|item| item.size).sum::<u64>(), about.size());
            assert!(catalogue.mirrors.iter().all(|mirror| mirror.ends_with('/')));
            for item in &catalogue.items {
                let names = item.parts.iter().flat_map(|part| &part.names);
                assert!(item.is_archive() || names.into_iter().any(|name| *name == item.name));
                assert!(item.parts.iter().all(|part| part.digest.len() == 64));
            }
        }
        assert_eq!(Catalogue::of("shapes").unwrap_err().exit_code(), 3);
    }
}
