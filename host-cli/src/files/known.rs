//! The digests of published image sets.
//!
//! Of MNIST and CIFAR-10 the contents are known, so that a folder is recognised however its files were compressed. Of
//! Fashion-MNIST the publisher gives the digests of the archives only: decompressed files of it are accepted, but not
//! recognised.

use super::content::Digests;

/// A published set.
#[derive(Debug)]
pub struct KnownSet {
    /// The name that settings give it.
    pub dataset: &'static str,
    /// What was digested.
    pub of: Of,
    /// Its files in order, each with what it is and its SHA-256.
    pub files: &'static [(&'static str, &'static str)],
}

/// What was digested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The contents, decompressed.
    Contents,
    /// The file as published, which is compressed.
    Archive,
}

/// The published sets.
pub const KNOWN: [KnownSet; 3] = [
    KnownSet {
        dataset: "mnist",
        of: Of::Contents,
        files: &[
            ("training images", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            ("training labels", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            ("test images", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            ("test labels", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ],
    },
    KnownSet {
        dataset: "fmnist",
        of: Of::Archive,
        files: &[
            ("training images", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            ("training labels", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            ("test images", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            ("test labels", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ],
    },
    KnownSet {
        dataset: "cifar10",
        of: Of::Contents,
        files: &[
            ("training batch 1", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
            ("training batch 2", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
            ("training batch 3", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
            ("training batch 4", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
            ("training batch 5", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
            ("test batch", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
        ],
    },
];

/// The published file with these digests: its set, and which of the set's files it is.
fn recognise(digests: &Digests) -> Option<(&'static KnownSet, usize)> {
    KNOWN.iter().find_map(|set| {
        let digest = hex(&digests.of(set.of)?);
        Some((set, set.files.iter().position(|(_, known)| *known == digest)?))
    })
}

/// The published set that these files are, if they are all the files of one, in order.
pub(super) fn recognise_all(files: &[Digests]) -> Option<&'static str> {
    let is = |set: &KnownSet| {
        let mut pairs = files.iter().zip(set.files);
        files.len() == set.files.len()
            && pairs.all(|(file, (_, known))| file.of(set.of).is_some_and(|digest| hex(&digest) == *known))
    };
    KNOWN.iter().find(|set| is(set)).map(|set| set.dataset)
}

/// Refuses a published file that is not what the setting `dataset` and its own name say.
pub(super) fn check(digests: &Digests, dataset: &str, part: &str) -> Result<(), String> {
    let Some((set, index)) = recognise(digests) else { return Ok(()) };
    let (known, _) = set.files[index];
    if set.dataset != dataset {
        return Err(format!(
            "holds the {known} of {}, but the dataset is {dataset}; change dataset or data_dir",
            set.dataset
        ));
    }
    if known != part {
        return Err(format!("the name says {part}, but it holds the {known} of {dataset}"));
    }
    Ok(())
}

impl Digests {
    /// The one of the two that is asked for, if there is one.
    pub(crate) fn of(&self, of: Of) -> Option<[u8; 32]> {
        match of {
            Of::Contents => Some(self.contents),
            Of::Archive => self.archive,
        }
    }
}

/// A digest as text.
pub(crate) fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: [u8; 32] = [0; 32];

    fn bytes(text: &str) -> [u8; 32] {
        std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    }

    fn files(set: &KnownSet) -> Vec<Digests> {
        let digests = set.files.iter().map(|(_, digest)| bytes(digest));
        digests
            .map(|digest| match set.of {
                Of::Contents => Digests { contents: digest, archive: None },
                Of::Archive => Digests { contents: OTHER, archive: Some(digest) },
            })
            .collect()
    }

    #[test]
    fn published_files_are_recognised_each_by_its_own_digest() {
        for set in &KNOWN {
            let sound = files(set);
            assert_eq!(recognise_all(&sound), Some(set.dataset));
            assert_eq!(recognise_all(&sound[1..]), None);
            let mut swapped = sound.clone();
            swapped.swap(0, 1);
            assert_eq!(recognise_all(&swapped), None);
            for (file, (part, _)) in sound.iter().zip(set.files) {
                assert_eq!(check(file, set.dataset, part), Ok(()));
                let message = check(file, set.dataset, "other part").unwrap_err();
                assert!(message.contains("the name says other part") && message.contains(part), "{message}");
                let message = check(file, "other", part).unwrap_err();
                assert!(message.contains(&format!("of {}, but the dataset is other", set.dataset)));
            }
        }
        let [mnist, fashion, _] = KNOWN.each_ref().map(files);
        assert_eq!(recognise_all(&[&mnist[..2], &fashion[2..]].concat()), None);
        assert_eq!(recognise_all(&[]), None);
    }

    #[test]
    fn contents_and_archives_are_different_things() {
        let [mnist, fashion, _] = KNOWN.each_ref().map(|set| bytes(set.files[0].1));
        for other in [
            Digests { contents: fashion, archive: None },
            Digests { contents: OTHER, archive: Some(mnist) },
            Digests { contents: OTHER, archive: None },
        ] {
            assert!(recognise(&other).is_none());
            assert_eq!(check(&other, "mnist", "test labels"), Ok(()));
        }
    }
}
