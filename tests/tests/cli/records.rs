//! `random-bases record`, `verify`, `replay` and `inspect` on sound files, and on files with differing bits.

use std::path::Path;

use random_bases_core::record::{End, Frames, Record, Run};

use super::support::{Place, SMALL, edited, encoded, encoded_with, levels, value, values};

/// A recorded run of four steps, and its bytes.
fn recorded(flags: &str) -> (Place, Vec<u8>) {
    let place = Place::new();
    place.run(&format!("record run {SMALL} --steps 4 {flags} --output sound.rbases")).ok();
    let bytes = place.read("sound.rbases");
    (place, bytes)
}

#[test]
fn what_is_recorded_verifies() {
    for flags in ["", "--method fpd", "--distribution rademacher --normalized true", "--math micromath"] {
        let (place, bytes) = recorded(flags);
        assert_eq!(edited(&bytes, encoded), bytes, "{flags}");
        let output = place.run("verify sound.rbases --threads 3 --vector portable --strategy two-pass").ok();
        assert!(output.starts_with("threads 3, portable, strategy two-pass\n"), "{output}");
        assert!(output.contains("4 steps trained again and replayed"), "{output}");
        assert!(output.ends_with("1 equal, 0 only replayed, 0 differ, 0 unusable, 0 skipped\n"), "{output}");
        assert_eq!(place.text("sound.txt"), place.run("inspect --all sound.rbases").ok());
    }
}

#[test]
fn a_folder_is_verified_as_a_whole() {
    let place = Place::new();
    let run = "record run --preset small,sgd --train-images 200 --test-images 40 --steps 4 --output";
    place.run(&format!("{run} f/s.rbases")).fails(7);
    place.write("f/notes.md", "not a record");
    place.run(&format!("{run} f/s.rbases")).ok();
    place.run("record known-answers --output f/k.rbases").ok();
    for level in levels() {
        let output = place.run(&format!("verify f --vector {level}")).ok();
        assert!(
            output.contains("4 steps trained again; ") && output.contains("computed again; "),
            "{output}"
        );
        assert!(output.ends_with("2 equal, 0 only replayed, 0 differ, 0 unusable, 0 skipped\n"), "{output}");
    }
    place.run("replay f/s.rbases").fails_with(4, &["f/s.rbases", "a run of sgd cannot be replayed"]);
    place.run("replay f/k.rbases").fails_with(4, &["f/k.rbases", "known answers"]);
    // One bad file spoils the outcome, but not the others' verification.
    place.write("f/bad.rbases", "nonsense");
    let outcome = place.run("verify f");
    assert!(
        outcome.stdout.ends_with("2 equal, 0 only replayed, 0 differ, 1 unusable, 0 skipped\n"),
        "{}",
        outcome.stdout
    );
    outcome.fails_with(4, &["f/bad.rbases", "no journal or fixture"]);
}

/// A replay can stop at any step; before the first one the weights are the initial ones.
#[test]
fn a_replay_stops_where_it_is_told() {
    let (place, bytes) = recorded("");
    let records = Frames::new(&bytes).unwrap().map(|frame| frame.unwrap().record);
    let digests = records.filter_map(|record| match record {
        Record::Step(step) => Some(step.digest),
        _ => None,
    });
    for (count, digest) in (1..).zip(digests) {
        let output = place.run(&format!("replay sound.rbases --steps {count}")).ok();
        assert_eq!(value(&output, "weights digest"), format!("{digest:016x}"));
    }
    assert_eq!(value(&place.run("replay sound.rbases --steps 0").ok(), "steps replayed"), "0");
    place.run("replay sound.rbases --steps 5").fails_with(4, &["--steps 5", "holds 4 steps"]);
}

/// A slip on the command line must not cost the only copy of a training.
#[test]
fn a_replay_does_not_overwrite_its_own_journal() {
    let (place, bytes) = recorded("");
    let outcome = place.run("replay sound.rbases --output ./sound.rbases");
    assert_eq!(place.read("sound.rbases"), bytes);
    outcome.fails_with(3, &["sound.rbases"]);
}

/// The readable view goes to FILE.txt, so a record of that name would be lost to it.
#[test]
fn a_record_is_not_overwritten_by_its_own_view() {
    let place = Place::new();
    place.run("record known-answers --output known.txt").fails_with(3, &["known.txt"]);
    place.run(&format!("record run {SMALL} --output known.txt")).fails_with(3, &["known.txt"]);
    assert!(place.files("").is_empty());
}

/// A recording that fails leaves what was there.
#[test]
fn a_recording_that_diverges_keeps_the_old_record() {
    let (place, bytes) = recorded("");
    place
        .run(&format!("record run {SMALL} --learning-rate 1e30 --output sound.rbases"))
        .fails_with(5, &["loss"]);
    assert_eq!(place.read("sound.rbases"), bytes);
}

/// The bits of a changed value, and those that it had: what a message shows as recorded and as computed.
type Patterns = (String, String);

/// A record that differs in one value: code 6, and a message with the place and both bit patterns.
#[track_caller]
fn differs(place: &Place, file: &[u8], what: &str, (want, got): &Patterns) {
    place.write("differs.rbases", file);
    let outcome = place.run("verify differs.rbases");
    assert!(outcome.stdout.contains("\nDIFFERS "), "{}", outcome.stdout);
    outcome.fails_with(6, &["differs.rbases", what, &format!("recorded {want}"), &format!("computed {got}")]);
}

/// `bytes` with the lowest bit of element `index` of a record flipped; checksums fit.
fn flipped(bytes: &[u8], record: usize, index: usize) -> (Vec<u8>, Patterns) {
    let (mut at, mut patterns) = (0, None);
    let file = edited(bytes, |it| {
        at += 1;
        if at - 1 != record {
            return encoded(it);
        }
        let mut values = values(it);
        let before = values[index].to_bits();
        values[index] = f32::from_bits(before ^ 1);
        patterns = Some((format!("{:08x}", before ^ 1), format!("{before:08x}")));
        encoded_with(it, &values)
    });
    (file, patterns.unwrap())
}

#[test]
fn a_differing_loss_digest_or_rate_is_named() {
    let (place, bytes) = recorded("");
    let mut patterns = Patterns::default();
    let file = edited(&bytes, |record| match *record {
        Record::Step(mut step) if step.step == 1 => {
            let before = step.loss.to_bits();
            step.loss = f32::from_bits(before ^ 1);
            patterns = (format!("{:08x}", before ^ 1), format!("{before:08x}"));
            encoded(&Record::Step(step))
        }
        _ => encoded(record),
    });
    differs(&place, &file, "step 1: loss[0]", &patterns);

    let file = edited(&bytes, |record| match *record {
        Record::Step(mut step) if step.step == 3 => {
            let before = step.digest;
            step.digest ^= 1 << 63;
            patterns = (format!("{:016x}", step.digest), format!("{before:016x}"));
            encoded(&Record::Step(step))
        }
        _ => encoded(record),
    });
    differs(&place, &file, "step 3: digest of the weights", &patterns);
    place.run("replay differs.rbases").fails_with(6, &["after step 3", &patterns.0, &patterns.1]);

    // With another rate the weights come out differently, and with another seed everything.
    let file = edited(&bytes, |record| match *record {
        Record::Step(mut step) if step.step == 2 => {
            step.learning_rate *= 1.5;
            encoded(&Record::Step(step))
        }
        _ => encoded(record),
    });
    place.write("differs.rbases", file);
    place.run("verify differs.rbases").fails_with(6, &["step 2: digest of the weights"]);
    let file = edited(&bytes, |record| match *record {
        Record::Run(run) => encoded(&Record::Run(Run { seed: run.seed ^ 1, ..run })),
        _ => encoded(record),
    });
    place.write("differs.rbases", file);
    place.run("verify differs.rbases").fails_with(6, &["step 0: loss[0]"]);
}

#[test]
fn a_differing_coordinate_or_weight_is_named() {
    let (place, bytes) = recorded("");
    // The head of the run is record 0, step n is record n + 1, the final weights are record 5.
    for (record, index, what) in [
        (1, 0, "step 0: coordinates[0]:"),
        (3, 5, "step 2: coordinates[5]:"),
        (4, 11, "step 3: coordinates[11]:"),
        (5, 0, "step 3: weights[0]:"),
        (5, 2409, "step 3: weights[2409]:"),
    ] {
        let (file, patterns) = flipped(&bytes, record, index);
        differs(&place, &file, what, &patterns);
    }
}

/// The fixtures of one step hold every tensor on the way, and the known answers every function.
#[test]
fn a_differing_tensor_or_answer_is_named() {
    let place = Place::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let step = std::fs::read(fixtures.join("step-rbd.rbases")).unwrap();
    for (record, index, what) in [
        (1, 3, "before step 0: weights[3]:"),
        (3, 40, "step 0: input[40]:"),
        (4, 99, "step 0: logits[99]:"),
        (5, 2000, "step 0: gradient[2000]:"),
        (6, 1, "step 0: weights[1]:"),
    ] {
        let (file, patterns) = flipped(&step, record, index);
        differs(&place, &file, what, &patterns);
    }
    place.run("record known-answers --output k.rbases").ok();
    let answers = place.read("k.rbases");
    for (record, index, what) in [
        (2, 7, "words of lane 15[7]:"),
        (5, 150, "normal[150]:"),
        (9, 0, "uniform[0]:"),
        (97, 3, "libm exp: value[3]:"),
    ] {
        let (file, patterns) = flipped(&answers, record, index);
        differs(&place, &file, what, &patterns);
    }
}

/// A file that ends before anything could be compared must not pass for a verified one.
#[test]
fn a_record_without_content_is_not_equal() {
    let (place, bytes) = recorded("");
    let file = edited(&bytes, |record| match record {
        Record::Run(_) => encoded(record),
        Record::End(_) => encoded(&Record::End(End { records: 1 })),
        _ => Vec::new(),
    });
    place.write("hollow.rbases", file);
    place.run("verify hollow.rbases").fails_with(4, &["hollow.rbases"]);
}
