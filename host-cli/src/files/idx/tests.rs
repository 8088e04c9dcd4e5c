//! Folders written by the test: sound ones in every form, and each way of being damaged.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const EXPECTED: Expected = Expected::digits("mnist");
const TRAIN: u32 = 7;
const TEST: u32 = 3;

fn header(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn images(count: u32) -> Vec<u8> {
    let pixels = (0..count * 784).map(|i| (i % 251) as u8);
    header(&[0x803, count, 28, 28]).into_iter().chain(pixels).collect()
}

fn labels(count: u32) -> Vec<u8> {
    header(&[0x801, count]).into_iter().chain((0..count).map(|i| (i % 10) as u8)).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A sound folder of raw files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "train-images-idx3-ubyte", &images(TRAIN));
    put(&folder, "train-labels-idx1-ubyte", &labels(TRAIN));
    put(&folder, "t10k-images-idx3-ubyte", &images(TEST));
    put(&folder, "t10k-labels-idx1-ubyte", &labels(TEST));
    folder
}

fn put(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) {
    std::fs::write(folder.path().join(name), bytes).unwrap();
}

fn remove(folder: &tempfile::TempDir, name: &str) {
    std::fs::remove_file(folder.path().join(name)).unwrap();
}

/// The complaint about a folder in which the file `name` is replaced.
fn complaint(name: &str, bytes: &[u8]) -> String {
    let folder = folder();
    put(&folder, name, bytes);
    let failure = load(folder.path(), &EXPECTED).unwrap_err();
    assert_eq!(failure.exit_code(), 4);
    failure.to_string()
}

#[test]
fn reads_raw_files() {
    let set = load(folder().path(), &EXPECTED).unwrap();
    assert_eq!((set.shape, set.recognised, &set.note), ([28, 28, 1], None, &None));
    assert_eq!((set.train.labels.len(), set.test.labels.len()), (7, 3));
    assert_eq!(set.train.pixels, images(TRAIN)[16..]);
    assert_eq!(set.test.labels, [0, 1, 2]);
}

#[test]
fn reads_archives_under_either_name_to_the_same() {
    let raw = folder();
    let packed = tempfile::tempdir().unwrap();
    put(&packed, "train-images.idx3-ubyte.gz", &gzip(&images(TRAIN)));
    put(&packed, "train-labels-idx1-ubyte.gz", &gzip(&labels(TRAIN)));
    put(&packed, "t10k-images.idx3-ubyte", &images(TEST));
    // An archive may consist of several members, one after the other.
    let (first, second) = (gzip(&labels(TEST)[..5]), gzip(&labels(TEST)[5..]));
    put(&packed, "t10k-labels.idx1-ubyte.gz", &[first, second].concat());
    assert_eq!(load(raw.path(), &EXPECTED).unwrap(), load(packed.path(), &EXPECTED).unwrap());
}

#[test]
fn prefers_the_raw_file() {
    let folder = folder();
    put(&folder, "t10k-labels-idx1-ubyte.gz", b"not gzip");
    assert!(load(folder.path(), &EXPECTED).is_ok());
}

#[test]
fn missing_folders_and_files() {
    let folder = folder();
    let failure = load(&folder.path().join("nowhere"), &EXPECTED).unwrap_err();
    assert!(failure.to_string().contains("no such folder"), "{failure}");
    remove(&folder, "t10k-labels-idx1-ubyte");
    let message = load(folder.path(), &EXPECTED).unwrap_err().to_string();
    assert!(
        message.contains("the test labels are missing: there is no t10k-labels-idx1-ubyte, "),
        "{message}"
    );
    std::fs::create_dir(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    assert!(load(folder.path(), &EXPECTED).unwrap_err().to_string().contains("is not a file"));
}

#[test]
fn damaged_images() {
    let name = "train-images-idx3-ubyte";
    let sound = images(TRAIN);
    for (bytes, part) in [
        (Vec::new(), "truncated: 0 bytes, but the header alone has 16"),
        (sound[..15].to_vec(), "truncated: 15 bytes"),
        (sound[..16].to_vec(), "truncated: 16 bytes, but 7 images take 5504"),
        (sound[..5503].to_vec(), "truncated: 5503 bytes, but 7 images take 5504"),
        ([&sound[..], &[0]].concat(), "has more than the 5504 bytes that 7 images take"),
        (labels(TRAIN), "begins with 0x00000801 (these are labels), not 0x00000803"),
        (gzip(&sound), "a gzip archive: its name has to end in .gz"),
        (b"<html>".to_vec(), "not IDX images: begins with 0x3c68746d, not 0x00000803"),
        (header(&[0x803, 0, 28, 28]), "announces 0 images"),
        (header(&[0x803, 7, 32, 28]), "images of 32 rows; accepted are 28"),
        (header(&[0x803, 7, 28, 0]), "images of 0 columns; accepted are 28"),
        (header(&[0x803, u32::MAX, 28, 28]), "announces 4294967295 images"),
        (header(&[0x803, u32::MAX, u32::MAX, u32::MAX]), "images of 4294967295 rows"),
        (header(&[0x803, 1_000_000, 28, 28]), "truncated: 16 bytes, but 1000000 images take 784000016"),
    ] {
        let message = complaint(name, &bytes);
        assert!(message.contains(name) && message.contains(part), "{part}: {message}");
    }
}

#[test]
fn sizes_that_overflow_are_refused() {
    let folder = folder();
    put(&folder, "train-images-idx3-ubyte", &header(&[0x803, 1_000_000, u32::MAX, u32::MAX]));
    let huge = Expected { rows: u32::MAX, columns: u32::MAX, dataset: "mnist" };
    let message = load(folder.path(), &huge).unwrap_err().to_string();
    assert!(message.contains("more than memory can hold"), "{message}");
}

#[test]
fn damaged_labels() {
    let name = "t10k-labels-idx1-ubyte";
    let mut ten = labels(TEST);
    ten[9] = 10;
    for (bytes, part) in [
        (ten, "label 1 (from 0) is 10; labels are 0 to 9"),
        (labels(TEST)[..10].to_vec(), "truncated: 10 bytes, but 3 labels take 11"),
        ([labels(TEST), vec![0]].concat(), "has more than the 11 bytes"),
        (labels(TEST)[..6].to_vec(), "truncated: 6 bytes, but the header alone has 8"),
        (labels(TEST + 1), "holds 4 labels, but "),
        (images(TEST), "(these are images)"),
        (header(&[0x801, 0]), "announces 0 labels"),
        (header(&[0x801, u32::MAX]), "announces 4294967295 labels"),
    ] {
        let message = complaint(name, &bytes);
        assert!(message.contains(name) && message.contains(part), "{part}: {message}");
    }
}

#[test]
fn damaged_archives() {
    let sound = gzip(&images(TRAIN));
    let mut flipped = sound.clone();
    let checksum = flipped.len() - 8;
    flipped[checksum] ^= 1;
    let extra = gzip(&[images(TRAIN), vec![0; 5_000_000]].concat());
    for (bytes, part) in [
        (Vec::new(), ""),
        (b"no archive".to_vec(), "not a sound gzip file"),
        (sound[..sound.len() / 2].to_vec(), "not a sound gzip file"),
        (sound[..sound.len() - 1].to_vec(), "not a sound gzip file"),
        (flipped, "not a sound gzip file"),
        ([&sound[..], b"more"].concat(), "not a sound gzip file"),
        (extra, "has more than the 5504 bytes"),
        (gzip(&images(TRAIN)[..100]), "truncated: 100 bytes"),
    ] {
        let folder = folder();
        remove(&folder, "train-images-idx3-ubyte");
        put(&folder, "train-images-idx3-ubyte.gz", &bytes);
        let message = load(folder.path(), &EXPECTED).unwrap_err().to_string();
        assert!(
            message.contains("train-images-idx3-ubyte.gz: ") && message.contains(part),
            "{part}: {message}"
        );
    }
}

#[test]
fn any_damage_is_an_error_or_harmless_and_never_a_panic() {
    let name = "train-labels-idx1-ubyte.gz";
    let sound = gzip(&labels(TRAIN));
    let folder = folder();
    remove(&folder, "train-labels-idx1-ubyte");
    for index in 0..sound.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = sound.clone();
            bytes[index] ^= flip;
            put(&folder, name, &bytes);
            // Bytes such as the time stamp of an archive matter to nobody.
            if let Ok(set) = load(folder.path(), &EXPECTED) {
                assert_eq!(set.train.labels, labels(TRAIN)[8..]);
            }
        }
        put(&folder, name, &sound[..index]);
        assert!(load(folder.path(), &EXPECTED).is_err(), "first {index} bytes");
    }
}
