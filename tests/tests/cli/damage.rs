//! Record files that are damaged, of another version, or absurd: refused in words, never with a panic.

use random_bases_core::descent::{Evolution, Method};
use random_bases_core::numerics::CONTRACT;
use random_bases_core::record::{Answers, End, Frames, MAGIC, Record, Run};
use random_bases_core::subspace::{Normalisation, Transformation};

use super::support::{Place, edited, encoded, value};

/// The name of the damaged file.
const DAMAGED: &str = "damaged.rbases";

/// A journal of some hundred bytes, and its bytes.
fn journal() -> (Place, Vec<u8>) {
    let place = Place::new();
    place.run("train --preset small --train-images 40 --test-images 8 -d 3 --max-steps 3 --output a").ok();
    let bytes = place.read("a/journal.rbases");
    assert!(bytes.len() < 300, "{} bytes", bytes.len());
    (place, bytes)
}

/// Cut anywhere: no verification, but the whole steps before the cut can be read and replayed.
#[test]
fn a_file_cut_anywhere_keeps_its_good_records() {
    let (place, bytes) = journal();
    // Ends of the head and of each step, with the digest after it.
    let ends: Vec<(usize, u64)> = Frames::new(&bytes)
        .unwrap()
        .map(Result::unwrap)
        .filter_map(|frame| match frame.record {
            Record::Run(_) => Some((frame.end, 0)),
            Record::Step(step) => Some((frame.end, step.digest)),
            _ => None,
        })
        .collect();
    for cut in 0..bytes.len() {
        place.write(DAMAGED, &bytes[..cut]);
        place.run(&format!("verify {DAMAGED}")).fails_with(4, &[DAMAGED]);
        let (inspect, replay) =
            (place.run(&format!("inspect {DAMAGED}")), place.run(&format!("replay {DAMAGED}")));
        let whole = ends.iter().filter(|(end, _)| *end <= cut).count();
        if whole == 0 {
            inspect.fails_with(4, &[DAMAGED]);
            replay.fails_with(4, &[DAMAGED]);
            continue;
        }
        let steps = (whole - 1).to_string();
        let view = inspect.ok();
        assert_eq!(value(&view, "steps  "), steps, "cut at {cut}: {view}");
        assert!(view.contains("NOT COMPLETE"), "cut at {cut}: {view}");
        assert!(replay.stderr.contains(DAMAGED), "cut at {cut}: {}", replay.stderr);
        let replayed = replay.ok();
        assert_eq!(value(&replayed, "steps replayed"), steps, "cut at {cut}");
        if whole > 1 {
            assert_eq!(value(&replayed, "weights digest"), format!("{:016x}", ends[whole - 1].1));
        }
    }
}

/// Any bit changed without its checksum: found, wherever it is.
#[test]
fn a_changed_bit_is_found_anywhere() {
    let (place, bytes) = journal();
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        place.write(DAMAGED, &bytes);
        place.run(&format!("verify {DAMAGED}")).fails_with(4, &[DAMAGED]);
    }
}

#[test]
fn bytes_behind_the_end_are_refused() {
    let (place, bytes) = journal();
    for tail in [&b"\0"[..], &bytes[8..], &bytes] {
        place.write(DAMAGED, [&bytes[..], tail].concat());
        place.run(&format!("verify {DAMAGED}")).fails_with(4, &[DAMAGED]);
        assert!(place.run(&format!("inspect {DAMAGED}")).ok().contains("NOT COMPLETE"));
    }
}

#[test]
fn records_out_of_place_are_refused() {
    let (place, bytes) = journal();
    let twice = edited(&bytes, |record| {
        let times = usize::from(matches!(record, Record::Step(_))) + 1;
        encoded(record).repeat(times)
    });
    let headless = edited(&bytes, |record| match record {
        Record::Run(_) => Vec::new(),
        _ => encoded(record),
    });
    let miscounted = edited(&bytes, |record| match record {
        Record::End(_) => encoded(&Record::End(End { records: u64::MAX })),
        _ => encoded(record),
    });
    let wide = edited(&bytes, |record| match *record {
        Record::Run(run) => encoded(&Record::Run(Run { dimensions: 2, ..run })),
        _ => encoded(record),
    });
    for (file, part) in [
        (twice, "step 0 where step 1 should be"),
        (headless, "neither a run nor a list of known answers"),
        (miscounted, "counts 18446744073709551615 records"),
        (wide, "3 coordinates instead of 2"),
        (MAGIC.to_vec(), "ends before its first record"),
    ] {
        place.write(DAMAGED, file);
        place.run(&format!("verify {DAMAGED}")).fails_with(4, &[DAMAGED, part]);
    }
}

#[test]
fn other_files_are_no_records() {
    let (place, bytes) = journal();
    for command in ["verify", "inspect", "replay"] {
        for (file, part) in [
            (&b""[..], "is empty"),
            (b"RBASES", "no journal or fixture"),
            (b"rbases\0\x01 and more", "no journal or fixture"),
            (&[0; 4096], "no journal or fixture"),
        ] {
            place.write(DAMAGED, file);
            place.run(&format!("{command} {DAMAGED}")).fails_with(4, &[DAMAGED, part]);
        }
        let mut other = bytes.clone();
        other[7] = 1;
        place.write(DAMAGED, &other);
        place.run(&format!("{command} {DAMAGED}")).fails_with(4, &["format version 1", "reads version 3"]);
        place.run(&format!("{command} nowhere.rbases")).fails_with(4, &["nowhere.rbases", "cannot be read"]);
    }
    place.run("inspect a").fails_with(4, &["a: is a folder"]);
    place.run("replay a").fails_with(4, &["a: is a folder"]);
    place.write("empty/notes.txt", "");
    place.run("verify empty").fails_with(4, &["empty", "no .rbases file"]);
    place.write("w.safetensors", &bytes);
    assert!(place.run("inspect w.safetensors").ok().contains("steps "), "content counts, not the name");
    place.write("w.safetensors", b"neither");
    place.run("inspect w.safetensors").fails_with(4, &["w.safetensors", "no journal or fixture"]);
}

#[test]
fn another_numeric_contract_is_refused_by_both_versions() {
    let (place, bytes) = journal();
    let contract = CONTRACT + 300;
    let run = edited(&bytes, |record| match *record {
        Record::Run(run) => encoded(&Record::Run(Run { contract, ..run })),
        _ => encoded(record),
    });
    let answers =
        [encoded(&Record::Answers(Answers { contract })), encoded(&Record::End(End { records: 1 }))];
    let (theirs, ours) = (format!("version {contract} "), format!("version {CONTRACT};"));
    for (file, commands) in
        [(run, &["verify", "inspect", "replay"][..]), ([&MAGIC[..], &answers.concat()].concat(), &["verify"])]
    {
        place.write(DAMAGED, file);
        for command in commands {
            place.run(&format!("{command} {DAMAGED}")).fails_with(4, &[DAMAGED, &theirs, &ours]);
        }
    }
}

/// A checksum does not make sense of a number, and no number makes the program ask for memory without end.
#[test]
fn absurd_numbers_are_refused() {
    let (place, bytes) = journal();
    type Change = fn(&mut Run<'_>);
    let changes: [(&str, Change); 20] = [
        ("dimensions = 4000000000", |run| run.dimensions = 4_000_000_000),
        ("dimensions = 0", |run| run.dimensions = 0),
        ("0 images", |run| run.data.images = 0),
        ("4294967295 images", |run| run.data.images = u32::MAX),
        ("batch = 0", |run| run.batch = 0),
        ("batch = 4294967295", |run| run.batch = u32::MAX),
        ("no batch of 33", |run| run.batch = 33),
        ("without 41", |run| run.data.validation = 41),
        ("from 4294967295", |run| run.data.validation_start = u32::MAX),
        ("normalisation = 0", |run| run.normalisation = Normalisation::By(0.0)),
        ("normalisation = -1", |run| run.normalisation = Normalisation::By(-1.0)),
        ("normalisation = NaN", |run| run.normalisation = Normalisation::By(f32::NAN)),
        ("network = \"\"", |run| run.network = ""),
        ("no such network", |run| run.network = "fc-28x28x3\n"),
        ("dimensions = 3", |run| run.method = Method::Sgd),
        ("GiB of memory", |run| (run.method, run.dimensions) = (Method::EXAMPLES[5], 1_000_000)),
        ("antithetic = true", |run| run.antithetic = true),
        ("noise = NaN", |run| {
            run.method = Method::Nes(Evolution { noise: f32::NAN, transformation: Transformation::Ranks })
        }),
        ("noise = 0", |run| {
            run.method = Method::Hybrid(Evolution { noise: 0.0, transformation: Transformation::None })
        }),
        ("3 coordinates instead of 1000000", |run| run.dimensions = 1_000_000),
    ];
    for (part, change) in changes {
        let file = edited(&bytes, |record| match *record {
            Record::Run(mut run) => {
                change(&mut run);
                encoded(&Record::Run(run))
            }
            _ => encoded(record),
        });
        place.write(DAMAGED, file);
        place.run_within(1000, &format!("verify {DAMAGED}")).fails_with(4, &[DAMAGED, part]);
        for command in ["inspect", "replay"] {
            let outcome = place.run_within(1000, &format!("{command} {DAMAGED}"));
            assert!(matches!(outcome.code, 0 | 4), "{command}, {part}: {outcome:?}");
        }
    }
}

/// The images are compared before anything is trained, and have to fit the network.
#[test]
fn other_images_are_refused() {
    let (place, bytes) = journal();
    let with = |change: &dyn Fn(&mut Run<'_>)| {
        edited(&bytes, |record| match *record {
            Record::Run(mut run) => {
                change(&mut run);
                encoded(&Record::Run(run))
            }
            _ => encoded(record),
        })
    };
    place.write(DAMAGED, with(&|run| run.data.digest ^= 1));
    place.run(&format!("verify {DAMAGED}")).fails_with(4, &[DAMAGED, "digest"]);
    // A folder that the record does not need must not be blamed.
    let outcome = place.run_in(&[("RANDOM_BASES_DATA_DIR", "elsewhere")], &format!("verify {DAMAGED}"));
    assert!(!outcome.fails(4).contains("elsewhere"));
    for name in ["mnist", "cifar10", "synthetic-28x28x1", "synthetic-32x32x3"] {
        place.write(DAMAGED, with(&|run| run.data.name = name));
        place.run(&format!("verify {DAMAGED}")).fails_with(4, &[DAMAGED, name, "not images for"]);
    }
    // What this program cannot have can still be replayed.
    place.write(DAMAGED, with(&|run| run.data.name = "somebody's"));
    assert!(place.run(&format!("verify {DAMAGED}")).ok().contains("1 only replayed"));
}
