//! Folders written by the test: sound ones in every form, and each way of being damaged.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::read::RECORD;
use super::*;

/// A batch of which every byte tells its record, its colour and its place.
fn batch(count: usize, seed: usize) -> Vec<u8> {
    let value = |record: usize, i: usize| ((seed + record * 7 + i * 3 + i / 1024 * 100) % 256) as u8;
    (0..count)
        .flat_map(|record| {
            let label = ((record + seed) % 10) as u8;
            std::iter::once(label).chain((0..3072).map(move |i| value(record, i)))
        })
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The archive of such files.
fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn put(folder: &TempDir, name: &str, bytes: &[u8]) {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        put(&folder, name, bytes);
    }
    folder
}

/// The complaint about a folder with such files.
#[track_caller]
fn complaint(files: &[(&str, &[u8])]) -> String {
    let failure = load(folder(files).path()).unwrap_err();
    assert_eq!(failure.exit_code(), 4);
    failure.to_string()
}

#[test]
fn values_of_a_pixel_come_out_side_by_side() {
    let (train, test) = (batch(3, 5), batch(2, 8));
    let set = load(folder(&[("data_batch_1.bin", &train), ("test_batch.bin", &test)]).path()).unwrap();
    assert_eq!((set.shape, set.recognised), ([32, 32, 3], None));
    assert_eq!(set.note.as_deref(), Some("1 of 5 training batches"));
    assert_eq!((set.train.labels, set.test.labels), (vec![5, 6, 7], vec![8, 9]));
    assert_eq!((set.train.pixels.len(), set.test.pixels.len()), (3 * 3072, 2 * 3072));
    for image in 0..3 {
        for (row, column, channel) in [(0, 0, 0), (0, 0, 2), (0, 1, 1), (1, 0, 0), (17, 30, 2), (31, 31, 1)] {
            let planar = train[image * RECORD + 1 + channel * 1024 + row * 32 + column];
            assert_eq!(set.train.pixels[((image * 32 + row) * 32 + column) * 3 + channel], planar);
        }
    }
}

#[test]
fn every_form_gives_the_same() {
    let names = Batch::ALL.map(Batch::file);
    let bytes: Vec<_> = (0..6).map(|i| batch(i + 1, i)).collect();
    let raw: Vec<_> = names.iter().zip(&bytes).map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let set = load(folder(&raw).path()).unwrap();
    assert_eq!((set.train.labels.len(), set.test.labels.len(), &set.note), (15, 6, &None));

    let packed = tempfile::tempdir().unwrap();
    for (index, (name, bytes)) in raw.iter().enumerate() {
        match index % 3 {
            0 => put(&packed, &format!("{name}.gz"), &gzip(bytes)),
            1 => put(&packed, &format!("{FOLDER}/{name}"), bytes),
            _ => put(&packed, &format!("{FOLDER}/{name}.gz"), &gzip(bytes)),
        }
    }
    assert_eq!(load(packed.path()).unwrap(), set);

    for prefix in ["", "./", "cifar-10-batches-bin/", "./cifar-10-batches-bin/"] {
        // In another order, and with files that are none of ours.
        let paths: Vec<_> = names.iter().map(|name| format!("{prefix}{name}")).collect();
        let mut members: Vec<_> =
            paths.iter().zip(&bytes).rev().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
        members.insert(2, ("cifar-10-batches-bin/readme.html", b"<html>"));
        members.push(("elsewhere/test_batch.bin", b"not this one"));
        assert_eq!(load(folder(&[(ARCHIVE, &gzip(&tarred(&members)))]).path()).unwrap(), set, "{prefix}");
    }
}

#[test]
fn raw_files_come_before_compressed_ones_and_both_before_the_archive() {
    let (train, test) = (batch(3, 5), batch(2, 8));
    let set = load(
        folder(&[
            ("data_batch_1.bin", &train),
            ("data_batch_1.bin.gz", b"not gzip"),
            ("test_batch.bin.gz", &gzip(&test)),
            (ARCHIVE, b"no archive"),
        ])
        .path(),
    )
    .unwrap();
    assert_eq!(set.train.labels.len(), 3);
}

#[test]
fn missing_batches() {
    let (train, test) = (batch(1, 0), batch(1, 0));
    let (one, two, three, tested) = (
        ("data_batch_1.bin", &train[..]),
        ("data_batch_2.bin", &train[..]),
        ("data_batch_3.bin", &train[..]),
        ("test_batch.bin", &test[..]),
    );
    for (files, part) in [
        (&[][..], "there are none of data_batch_1.bin to "),
        (&[one, two], "the test batch is missing: there is no test_batch.bin or test_batch.bin.gz"),
        (&[tested], "there is no training batch: no data_batch_1.bin"),
        (&[one, three, tested], "data_batch_2.bin is missing, but there is data_batch_3.bin"),
        (&[two, tested], "data_batch_1.bin is missing, but there is data_batch_2.bin"),
    ] {
        let message = complaint(files);
        assert!(message.contains(part), "{part}: {message}");
        if !files.is_empty() {
            let message = complaint(&[(ARCHIVE, &gzip(&tarred(files)))]);
            assert!(message.contains(ARCHIVE) && message.contains(part), "{part}: {message}");
        }
    }
    assert_eq!(load(folder(&[one, two, tested]).path()).unwrap().note.unwrap(), "2 of 5 training batches");
    let folder = folder(&[one, tested]);
    std::fs::create_dir(folder.path().join("data_batch_2.bin")).unwrap();
    assert!(load(folder.path()).unwrap_err().to_string().contains("data_batch_2.bin: is not a file"));
}

#[test]
fn damaged_batches() {
    let sound = batch(3, 0);
    let mut labelled = sound.clone();
    labelled[2 * RECORD] = 10;
    let long = vec![0; 10_001 * RECORD];
    for (bytes, part) in [
        (Vec::new(), "is empty"),
        (
            sound[..RECORD - 1].to_vec(),
            "3072 bytes are no whole number of images of 3073 bytes: 3072 are left",
        ),
        (sound[..3 * RECORD - 1].to_vec(), "3072 are left over"),
        (
            [&sound[..], &[0]].concat(),
            "9220 bytes are no whole number of images of 3073 bytes: 1 are left over",
        ),
        (labelled, "label 2 (from 0) is 10; labels are 0 to 9"),
        (gzip(&sound), "(a gzip archive: its name has to end in .gz)"),
        (long, "has more than the 30730000 bytes of 10000 images"),
    ] {
        for (name, bytes) in [("test_batch.bin", bytes.clone()), ("test_batch.bin.gz", gzip(&bytes))] {
            let message = complaint(&[("data_batch_1.bin", &sound), (name, &bytes)]);
            assert!(message.contains(&format!("{name}: ")) && message.contains(part), "{part}: {message}");
        }
        let members = [("data_batch_1.bin", &sound[..]), ("test_batch.bin", &bytes[..])];
        let message = complaint(&[(ARCHIVE, &gzip(&tarred(&members)))]);
        let start = format!("{ARCHIVE}: test_batch.bin: ");
        assert!(message.contains(&start) && message.contains(part), "{part}: {message}");
    }
}

#[test]
fn damaged_archives() {
    let (train, test) = (batch(3, 5), batch(2, 8));
    let members = [("data_batch_1.bin", &train[..]), ("test_batch.bin", &test[..])];
    let tar = tarred(&members);
    let sound = gzip(&tar);
    let (mut flipped, mut header) = (sound.clone(), tar.clone());
    let checksum = flipped.len() - 8;
    flipped[checksum] ^= 1;
    header[3] ^= 1;
    for (bytes, part) in [
        (Vec::new(), "not a sound tar.gz"),
        (b"no archive".to_vec(), "not a sound tar.gz"),
        (tar.clone(), "not a sound tar.gz"),
        (sound[..sound.len() / 2].to_vec(), "not a sound tar.gz"),
        (sound[..sound.len() - 1].to_vec(), "not a sound tar.gz"),
        (flipped, "not a sound tar.gz"),
        ([&sound[..], b"more"].concat(), "not a sound tar.gz"),
        (gzip(&header), "not a sound tar.gz"),
        (gzip(&tar[..tar.len() / 3]), "data_batch_1.bin: truncated: "),
        (gzip(&tar[..512 + 9728]), "the test batch is missing"),
        (gzip(&tarred(&[members[0], members[1], members[0]])), "holds data_batch_1.bin twice"),
    ] {
        let message = complaint(&[(ARCHIVE, &bytes)]);
        assert!(message.contains(ARCHIVE) && message.contains(part), "{part}: {message}");
    }
}

#[test]
fn any_damage_is_an_error_or_harmless_and_never_a_panic() {
    let (train, test) = (batch(1, 5), batch(1, 8));
    let members = [("data_batch_1.bin", &train[..]), ("test_batch.bin", &test[..])];
    let sound = gzip(&tarred(&members));
    let folder = tempfile::tempdir().unwrap();
    for index in (0..sound.len()).step_by(3) {
        let mut bytes = sound.clone();
        bytes[index] ^= 0x10;
        put(&folder, ARCHIVE, &bytes);
        // Bytes such as the time stamp of an archive matter to nobody.
        if let Ok(set) = load(folder.path()) {
            assert_eq!(set.train.labels, [5]);
        }
        put(&folder, ARCHIVE, &sound[..index]);
        assert!(load(folder.path()).is_err(), "first {index} bytes");
    }
}
