//! What every format gives: images with their labels.

/// Classes of every set that this program trains on; labels are below this.
pub const CLASSES: u8 = 10;

/// Images with their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelledImages {
    /// Pixels, 0 (background) to 255: image by image, row by row, and channel by channel within a pixel.
    /// `labels.len() * rows * columns * channels` of them.
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

/// An image set, as read from files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFiles {
    /// Rows, columns and channels of every image.
    pub shape: [usize; 3],
    /// The training set, validation images included.
    pub train: LabelledImages,
    /// The test set.
    pub test: LabelledImages,
    /// The name of the set (`mnist`, `fmnist`, `cifar10`) if the digests of all its files are the published ones.
    pub recognised: Option<&'static str>,
    /// What a user should know about the files, such as that some are not there.
    pub note: Option<String>,
}

/// The complaint about a label that no class has, if there is one.
pub(super) fn wrong_label(labels: impl IntoIterator<Item = u8>) -> Option<String> {
    let (index, label) = labels.into_iter().enumerate().find(|(_, label)| *label >= CLASSES)?;
    Some(format!("label {index} (from 0) is {label}; labels are 0 to {}", CLASSES - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncation_keeps_the_first_images() {
        let whole = LabelledImages { pixels: (0..42).collect(), labels: (0..7).collect() };
        let mut set = whole.clone();
        set.truncate(99);
        assert_eq!(set, whole);
        set.truncate(2);
        assert_eq!((set.labels.len(), set.pixels.len()), (2, 12));
        assert_eq!(set.pixels, whole.pixels[..12]);
        set.truncate(0);
        assert!(set.pixels.is_empty());
        set.truncate(0);
    }

    #[test]
    fn the_first_wrong_label_is_named() {
        assert_eq!(wrong_label([0, 9, 3]), None);
        assert_eq!(wrong_label([0, 10, 255]).unwrap(), "label 1 (from 0) is 10; labels are 0 to 9");
    }
}
