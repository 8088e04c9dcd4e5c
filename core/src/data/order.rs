//! Which images are trained on, and in which order.

use crate::random::{Domain, Key, generator_below};

/// Writes a random permutation of `0 .. order.len()`: the order of the training images in one epoch.
///
/// Fisher and Yates's shuffle of the identity, from the last place down.
///
/// # Panics
/// If there are 2^32 images or more.
pub fn shuffle(seed: u64, epoch: u32, order: &mut [u32]) {
    assert!(u32::try_from(order.len()).is_ok(), "too many images to shuffle");
    for (i, place) in order.iter_mut().enumerate() {
        *place = i as u32;
    }
    let mut generator = Key::new(Domain::Shuffle, seed, u64::from(epoch), 0, 0).generator(0);
    for i in (1..order.len()).rev() {
        let j = generator_below(&mut generator, i as u32 + 1);
        order.swap(i, j as usize);
    }
}

/// In which epoch mini-batch `batch` of a run lies, and which one of that epoch it is, when an epoch has `per_epoch`.
///
/// # Panics
/// If `per_epoch` is 0.
#[must_use]
pub const fn epoch_batch(batch: u64, per_epoch: u64) -> (u32, u64) {
    ((batch / per_epoch) as u32, batch % per_epoch)
}

/// Where `validation` consecutive images are cut out of `images`, at a place that the seed decides.
///
/// # Panics
/// If `validation > images`.
#[must_use]
pub fn validation_start(seed: u64, images: u32, validation: u32) -> u32 {
    assert!(validation <= images, "cannot cut {validation} images out of {images}");
    let mut generator = Key::new(Domain::Split, seed, 0, 0, 0).generator(0);
    generator_below(&mut generator, (images - validation).wrapping_add(1))
}

/// The place among all images of training image `i`, when `validation` images from `start` on were cut out.
#[must_use]
pub const fn training_index(i: u32, start: u32, validation: u32) -> u32 {
    if i < start { i } else { i + validation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_is_a_permutation_and_no_two_epochs_agree() {
        let (mut a, mut b) = ([0; 1000], [0; 1000]);
        shuffle(7, 0, &mut a);
        shuffle(7, 1, &mut b);
        assert_ne!(a, b);
        let mut seen = [false; 1000];
        a.iter().for_each(|&i| seen[i as usize] = true);
        assert!(seen.iter().all(|&seen| seen));
    }

    #[test]
    fn the_split_covers_both_ends() {
        let starts: heapless::Vec<u32, 64> = (0..64).map(|seed| validation_start(seed, 12, 10)).collect();
        assert!((0..=2).all(|start| starts.contains(&start)), "{starts:?}");
        assert_eq!(validation_start(1, 10, 10), 0);
        assert_eq!([0, 1, 2].map(|i| training_index(i, 1, 10)), [0, 11, 12]);
    }
}
