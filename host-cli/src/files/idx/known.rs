//! The digests of published image sets.
//!
//! Of MNIST the contents are known, so that a folder is recognised however its files were compressed. Of
//! Fashion-MNIST the publisher gives the digests of the archives only: decompressed files of it are accepted,
//! but not recognised.

use super::Part;
use super::read::Contents;

/// A set with the SHA-256 of its four files, in the order of [`Part::ALL`].
struct Set {
    dataset: &'static str,
    of: Of,
    digests: [&'static str; 4],
}

/// What was digested.
enum Of {
    Contents,
    Archive,
}

const SETS: [Set; 2] = [
    Set {
        dataset: "mnist",
        of: Of::Contents,
        digests: [
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ],
    },
    Set {
        dataset: "fmnist",
        of: Of::Archive,
        digests: [
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ],
    },
];

/// A published file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) dataset: &'static str,
    pub(super) part: Part,
}

/// The published file with these contents.
pub(super) fn recognise(contents: &Contents) -> Option<Known> {
    let (raw, archive) = (hex(&contents.digest), contents.digest_archive.as_ref().map(hex));
    SETS.iter().find_map(|set| {
        let digest = match set.of {
            Of::Contents => Some(&raw),
            Of::Archive => archive.as_ref(),
        }?;
        let index = set.digests.iter().position(|known| known == digest)?;
        Some(Known { dataset: set.dataset, part: Part::ALL[index] })
    })
}

/// The published set that these four files are, if all four are of the same.
pub(super) fn recognise_all(files: [&Contents; 4]) -> Option<&'static str> {
    let dataset = recognise(files[0])?.dataset;
    let same = |(file, part): (&&Contents, Part)| recognise(file) == Some(Known { dataset, part });
    files.iter().zip(Part::ALL).all(same).then_some(dataset)
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(digest: &str, archive: Option<&str>) -> Contents {
        let bytes =
            |text: &str| std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap());
        Contents { count: 0, body: Vec::new(), digest: bytes(digest), digest_archive: archive.map(bytes) }
    }

    #[test]
    fn published_files_are_recognised_each_by_its_own_digest() {
        let other = "00".repeat(32);
        let [mnist, fashion] = &SETS;
        let mnist_files = mnist.digests.map(|digest| contents(digest, None));
        let fashion_files = fashion.digests.map(|digest| contents(&other, Some(digest)));
        assert_eq!(recognise(&mnist_files[2]), Some(Known { dataset: "mnist", part: Part::TestImages }));
        assert_eq!(recognise_all(mnist_files.each_ref()), Some("mnist"));
        assert_eq!(recognise_all(fashion_files.each_ref()), Some("fmnist"));
        // A digest of contents says nothing about an archive, and the other way round.
        assert_eq!(recognise(&contents(fashion.digests[0], None)), None);
        assert_eq!(recognise(&contents(&other, Some(mnist.digests[0]))), None);
        let [a, b, _, _] = &mnist_files;
        let [_, _, c, d] = &fashion_files;
        assert_eq!(recognise_all([a, b, c, d]), None);
    }
}
