//! Journals on their way: replayed from a stream, cut and damaged there, and compared.

use std::io::Write;
use std::process::{Output, Stdio};

use random_bases_core::record::{Frames, Record};

use super::support::{Place, edited, encoded, encoded_with, value, values};

/// A training of five steps, and its journal.
fn trained(flags: &str) -> (Place, Vec<u8>) {
    let place = Place::new();
    let small = "train --preset small --train-images 200 --test-images 40 -d 3 --max-steps 5";
    place.run(&format!("{small} {flags} --output a")).ok();
    let bytes = place.read("a/journal.rbases");
    (place, bytes)
}

/// Runs the program with these bytes on its standard input, which is then closed.
fn piped(place: &Place, line: &str, bytes: &[u8]) -> (Option<i32>, String, String) {
    let mut child = place
        .command(line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Ends of the head and of each step, with the digest after it.
fn ends(bytes: &[u8]) -> Vec<(usize, u64)> {
    Frames::new(bytes)
        .unwrap()
        .map(Result::unwrap)
        .filter_map(|frame| match frame.record {
            Record::Run(_) => Some((frame.end, 0)),
            Record::Step(step) => Some((frame.end, step.digest)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_stream_is_replayed_like_a_file() {
    for flags in ["", "--workers 2", "--correlation-multiplier true"] {
        let (place, bytes) = trained(flags);
        let file = place.run("replay a/journal.rbases --output file.safetensors").ok();
        let (code, out, err) = piped(&place, "replay - --output stream.safetensors", &bytes);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{flags}");
        assert_eq!(out, file, "{flags}");
        assert_eq!(place.read("stream.safetensors"), place.read("file.safetensors"), "{flags}");
    }
}

/// Steps count when they are whole, and nothing is waited for behind the end: the line may stay open.
#[test]
fn a_stream_ends_with_its_end_record() {
    let (place, bytes) = trained("");
    let mut child = place.command("replay -").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Byte by byte, as a slow line has it.
    bytes.iter().for_each(|byte| stdin.write_all(&[*byte]).and_then(|()| stdin.flush()).unwrap());
    let status = child.wait().unwrap();
    assert!(status.success());
    drop(stdin);
}

/// Cut anywhere, and a bit changed anywhere: what came before is kept, and the place is named.
#[test]
fn a_bad_stream_keeps_its_good_steps() {
    let (place, bytes) = trained("");
    let ends = ends(&bytes);
    let kept = |at: usize| ends.iter().filter(|(end, _)| *end <= at).count();
    let check = |bytes: &[u8], at: usize| {
        let (code, out, err) = piped(&place, "replay -", bytes);
        if kept(at) == 0 {
            assert_eq!(code, Some(4), "byte {at}: {err}");
            return;
        }
        assert_eq!(code, Some(0), "byte {at}: {err}");
        let steps = kept(at) - 1;
        assert_eq!(value(&out, "steps replayed"), steps.to_string(), "byte {at}");
        assert!(err.contains("standard input: "), "byte {at}: {err}");
        if steps > 0 {
            assert_eq!(value(&out, "weights digest"), format!("{:016x}", ends[steps].1), "byte {at}");
        }
    };
    for cut in (1..bytes.len()).step_by(7) {
        check(&bytes[..cut], cut);
    }
    for at in (0..bytes.len()).step_by(5) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        check(&changed, at);
    }
}

/// A length that no record has is damage, not something to wait for.
#[test]
fn an_absurd_length_is_not_waited_for() {
    let (place, bytes) = trained("");
    let (second, _) = ends(&bytes)[1];
    let mut endless = bytes[..second].to_vec();
    endless.extend(u32::MAX.to_le_bytes());
    let mut child = place
        .command("replay -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&endless).and_then(|()| stdin.flush()).unwrap();
    // The line stays open; still it ends.
    let status = child.wait().unwrap();
    assert!(status.success());
    drop(stdin);
}

#[test]
fn equal_journals_are_equal() {
    let (place, bytes) = trained("");
    place.run("train --preset small --train-images 200 --test-images 40 -d 3 --max-steps 5 --threads 1 --vector portable --output b").ok();
    assert_eq!(place.run("diff a/journal.rbases b/journal.rbases").ok(), "equal: 5 steps\n");
    let (code, out, _) = piped(&place, "diff a/journal.rbases -", &bytes);
    assert_eq!((code, out.as_str()), (Some(0), "equal: 5 steps\n"));
}

#[test]
fn where_journals_part_is_named() {
    let (place, bytes) = trained("");
    // The third step's digest, as if the weights had been moved wrongly.
    let digest = edited(&bytes, |record| match *record {
        Record::Step(mut step) if step.step == 2 => {
            step.digest ^= 1;
            encoded(&Record::Step(step))
        }
        _ => encoded(record),
    });
    place.write("digest.rbases", digest);
    let message = place.run("diff a/journal.rbases digest.rbases").fails(6);
    assert!(message.contains("part at step 2: the digest of the weights ("), "{message}");
    // The fourth step's second coordinate.
    let coordinates = edited(&bytes, |record| match record {
        Record::Step(step) if step.step == 3 => {
            let mut values = values(record);
            values[1] = f32::from_bits(values[1].to_bits() ^ 1);
            encoded_with(record, &values)
        }
        _ => encoded(record),
    });
    place.write("coordinates.rbases", coordinates);
    let message = place.run("diff a/journal.rbases coordinates.rbases").fails(6);
    assert!(message.contains("part at step 3: the coordinates (1 of 3; number 1: "), "{message}");
    assert!(message.ends_with("first\n") || message.ends_with("first"), "{message}");
}

#[test]
fn journals_of_other_runs_and_lengths_differ() {
    let (place, bytes) = trained("");
    place
        .run(
            "train --preset small --train-images 200 --test-images 40 -d 3 --max-steps 5 --seed 7 --output b",
        )
        .ok();
    let message = place.run("diff a/journal.rbases b/journal.rbases").fails(6);
    assert!(message.contains("different runs") && message.contains("seed 7 there"), "{message}");
    let (second, _) = ends(&bytes)[2];
    place.write("short.rbases", &bytes[..second]);
    let message = place.run("diff short.rbases a/journal.rbases").fails(6);
    assert!(message.contains("equal for 2 steps; then short.rbases has no more (the file ends"), "{message}");
    place.write("also-short.rbases", &bytes[..second + 1]);
    place
        .run("diff short.rbases also-short.rbases")
        .fails_with(4, &["short.rbases", "the 2 steps before are equal"]);
    place.run("diff - -").fails_with(3, &["only one"]);
    place.run("diff a/journal.rbases none.rbases").fails_with(4, &["none.rbases"]);
}
