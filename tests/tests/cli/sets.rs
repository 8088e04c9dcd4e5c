//! Small image sets in the published formats, made up here.

use super::support::Place;

/// Training images of a set.
pub const TRAIN: usize = 12;

/// Test images of a set.
pub const TEST: usize = 3;

/// Writes the set (`mnist`, `fmnist` or `cifar10`) to a folder of its own in `data`. It has so many different images, each
/// with one label, which take turns.
pub fn write(place: &Place, set: &str, different: usize) {
    let parts = [("train", TRAIN), ("t10k", TEST)];
    if set == "cifar10" {
        for (name, (_, count)) in ["data_batch_1.bin", "test_batch.bin"].into_iter().zip(parts) {
            let record = |i: usize| [vec![label(i % different)], pixels(i % different, 3072)].concat();
            place.write(&format!("data/{set}/{name}"), (0..count).flat_map(record).collect::<Vec<u8>>());
        }
        return;
    }
    for (part, count) in parts {
        let images: Vec<u8> = (0..count).flat_map(|i| pixels(i % different, 784)).collect();
        let labels: Vec<u8> = (0..count).map(|i| label(i % different)).collect();
        let words = [0x803, count as u32, 28, 28];
        place.write(&format!("data/{set}/{part}-images-idx3-ubyte"), idx(&words, &images));
        place.write(&format!("data/{set}/{part}-labels-idx1-ubyte"), idx(&[0x801, count as u32], &labels));
    }
}

/// An IDX file: header words, then a body.
fn idx(words: &[u32], body: &[u8]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).chain(body.iter().copied()).collect()
}

fn label(image: usize) -> u8 {
    (image % 10) as u8
}

/// No two images alike, and none like itself moved or mirrored.
fn pixels(image: usize, len: usize) -> Vec<u8> {
    (0..len).map(|i| ((i * i + 31 * image * i + 7 * i) % 253) as u8).collect()
}
