//! Folders of image files, sound and damaged.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::support::Place;

/// Names of an image set's files.
const IMAGES: &str = "data/train-images-idx3-ubyte";
const LABELS: &str = "data/train-labels-idx1-ubyte";

/// An IDX file: header words, then a body.
fn idx(words: &[u32], body: impl Iterator<Item = u8>) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).chain(body).collect()
}

fn images(count: u32) -> Vec<u8> {
    idx(&[0x803, count, 28, 28], (0..count * 784).map(|i| (i % 251) as u8))
}

fn labels_of(count: u32) -> Vec<u8> {
    idx(&[0x801, count], (0..count).map(|i| (i % 10) as u8))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with a tiny image set.
fn with_images() -> Place {
    let place = Place::new();
    place.write(IMAGES, images(20));
    place.write(LABELS, labels_of(20));
    place.write("data/t10k-images.idx3-ubyte.gz", gzip(&images(6)));
    place.write("data/t10k-labels-idx1-ubyte", labels_of(6));
    place
}

const MNIST: &str = "train --preset mnist --data-dir data -d 2 --batch-size 4 --max-steps 2";

#[test]
fn image_files_are_read_and_recorded() {
    let place = with_images();
    place.run(&format!("{MNIST} --output a")).ok();
    place.run("verify a/journal.rbases --data-dir data").ok();
    place.run_in(&[("RANDOM_BASES_DATA_DIR", "data")], "verify a/journal.rbases").ok();
    // Without a word, the folder `data` is looked into.
    assert!(place.run("verify a/journal.rbases").ok().contains("1 equal"));
    std::fs::rename(place.path("data"), place.path("elsewhere")).unwrap();
    let output = place.run("verify a/journal.rbases").ok();
    assert!(output.contains("replayed  a/journal.rbases: 2 steps"), "{output}");
    assert!(output.contains("the images are not at hand"), "{output}");
    std::fs::rename(place.path("elsewhere"), place.path("data")).unwrap();
    place.write(LABELS, idx(&[0x801, 20], std::iter::repeat_n(3, 20)));
    place.run("verify a/journal.rbases --data-dir data").fails_with(4, &["data", "digest"]);
    let output = place.run(&format!("{MNIST} --method sgd --output b"));
    assert_eq!(output.code, 3, "-d and sgd: {output:?}");
    place.run("train --preset mnist,sgd --data-dir data --batch-size 4 --max-steps 2 --output b").ok();
    std::fs::rename(place.path("data"), place.path("elsewhere")).unwrap();
    place.run("verify b/journal.rbases").fails_with(4, &["nothing was verified"]);
}

#[test]
fn a_subfolder_with_the_name_of_the_set_comes_first() {
    let place = with_images();
    let direct = place.run(MNIST).ok();
    for (name, bytes) in place.files("data") {
        place.write(&format!("data/mnist/{}", name.to_str().unwrap()), bytes);
    }
    place.write(IMAGES, "damaged");
    let digest = |output: &str| output.lines().last().unwrap().to_owned();
    assert_eq!(digest(&place.run(MNIST).ok()), digest(&direct));
}

#[test]
fn damaged_image_files_are_refused() {
    let place = with_images();
    let (sound_images, sound_labels) = (place.read(IMAGES), place.read(LABELS));
    let absurd = idx(&[0x803, u32::MAX, 28, 28], std::iter::empty());
    let label_10 = idx(&[0x801, 20], (0..20).map(|i| if i == 17 { 10 } else { 1 }));
    for (name, sound, bytes, parts) in [
        (IMAGES, &sound_images, Vec::new(), &["truncated"][..]),
        (IMAGES, &sound_images, sound_images[..999].to_vec(), &["truncated: 999 bytes"]),
        (IMAGES, &sound_images, [&sound_images[..], b"x"].concat(), &["more than the 15696 bytes"]),
        (IMAGES, &sound_images, sound_labels.clone(), &["0x00000801 (these are labels)"]),
        (IMAGES, &sound_images, gzip(&sound_images), &["has to end in .gz"]),
        (IMAGES, &sound_images, idx(&[0x803, 1, 27, 28], (0..27 * 28).map(|_| 0)), &["27 rows"]),
        (IMAGES, &sound_images, absurd, &["announces 4294967295 images"]),
        (IMAGES, &sound_images, idx(&[0x803, 0, 28, 28], std::iter::empty()), &["announces 0 images"]),
        (LABELS, &sound_labels, b"# a page\n".to_vec(), &["not IDX labels"]),
        (LABELS, &sound_labels, label_10, &["label 17", "is 10"]),
        (LABELS, &sound_labels, labels_of(19), &["holds 19 labels", "20 images"]),
    ] {
        place.write(name, bytes);
        place.run_within(1000, &format!("{MNIST} --output out")).fails_with(4, &[&[name], parts].concat());
        place.write(name, sound);
    }
    assert!(!place.path("out").exists());
    place.run(MNIST).ok();
}

#[test]
fn damaged_archives_and_folders_are_refused() {
    let place = with_images();
    let archive = "data/train-images-idx3-ubyte.gz";
    std::fs::remove_file(place.path(IMAGES)).unwrap();
    let sound = gzip(&images(20));
    let mut changed = sound.clone();
    let crc = changed.len() - 8;
    changed[crc] ^= 1;
    for bytes in
        [&sound[..sound.len() / 2], &sound[..sound.len() - 1], &sound[..5], b"", b"no archive", &changed]
    {
        place.write(archive, bytes);
        place.run(MNIST).fails_with(4, &[archive, "not a sound gzip file"]);
    }
    std::fs::remove_file(place.path(archive)).unwrap();
    place.run(MNIST).fails_with(4, &["data: the training images are missing", "train-images-idx3-ubyte.gz"]);
    place.write("data/train-images-idx3-ubyte/x", "");
    place.run(MNIST).fails_with(4, &[IMAGES, "is not a file"]);

    let place = Place::new();
    place.run(MNIST).fails_with(4, &["data: there is no such folder"]);
    place.write("data", "a file");
    place.run(MNIST).fails_with(4, &["data"]);
    let place = Place::new();
    std::fs::create_dir(place.path("data")).unwrap();
    let parts = ["neither here nor in data/mnist", "train-images-idx3-ubyte", "data fetch mnist"];
    place.run(MNIST).fails_with(4, &parts);
}
