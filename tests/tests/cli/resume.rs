//! Going on after an interruption at any point: to the same bits as without one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::support::{Place, SMALL, value};

/// Runs of every kind of state: what each keeps between steps besides the weights.
const RUNS: &[&str] = &[
    "--method rbd",
    "--method fpd",
    "--method sgd --momentum 0.8",
    "--method nes -d 4 --max-steps 20",
    "--method hybrid -d 6",
    "--method gradient-bases -d 3 --offset",
    "--method landscape -d 4 --bins 3",
    "--momentum 0.9 --nesterov --workers 2",
    "--workers 3 --split-dimensions-across-workers --weights-per-compartment=-1 --reset-coordinates-each-step 7",
    "--base-learning low-magnitude --use-top-directions 0.5",
    "--continuous-coordinate-update 4 --reset-base-each-step 8",
    "--update-schedule sgd-last --update-schedule-epochs 1 --momentum 0.5",
    "--surgeon-update 0.05 --correlation-multiplier --weight-streaming",
    "--skip-update-if-correlation-lower-than 0.03",
    "--probes correlation,coordinates,successive,hessian --probe-directions 2 --probe-detail",
    "--learning-rate-schedule cosine --warmup-steps 9 --keep-projection-in-memory",
];

/// What is compared: all of a run's files, without what a clock says.
fn outcome(place: &Place, folder: &str) -> Vec<(String, Vec<u8>)> {
    let names = place.files(folder).into_iter().filter(|(name, _)| name != "config.toml");
    names
        .map(|(name, bytes)| {
            let name = name.to_string_lossy().into_owned();
            let timeless = name == "metrics.jsonl" || name == "summary.json";
            (name, if timeless { without_times(&bytes) } else { bytes })
        })
        .collect()
}

fn without_times(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        for clock in ["seconds", "images_per_second"] {
            line.as_object_mut().unwrap().remove(clock);
        }
        format!("{line}\n")
    });
    lines.collect::<String>().into_bytes()
}

fn train(flags: &str, folder: &str) -> String {
    let epochs = if flags.contains("--max-steps") { "--epochs 1000" } else { "--epochs 8" };
    let small = "--preset small --train-images 200 --test-images 40 --stop-on-nan false";
    let d = if flags.contains("-d ") || flags.contains("sgd --") { "" } else { "-d 12" };
    format!("train {small} {d} {epochs} --progress never {flags} --output {folder}")
}

/// Starts a run and kills it after so many milliseconds, unless it has ended.
fn killed(place: &Place, line: &str, milliseconds: u64) {
    let mut command = place.command(line);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(milliseconds));
    let _ = child.kill();
    child.wait().unwrap();
}

fn same(place: &Place, want: &[(String, Vec<u8>)], about: &str) {
    let got = outcome(place, "b");
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(want), names(&got), "{about}");
    for ((name, want), (_, got)) in want.iter().zip(&got) {
        assert!(want == got, "{name} differs: {about}");
    }
}

/// Killed again and again, at moments that differ from run to run, of the test, too.
#[test]
fn a_killed_run_goes_on_to_the_same_bits() {
    for (i, flags) in RUNS.iter().enumerate() {
        let place = Place::new();
        let start = std::time::Instant::now();
        place.run(&train(flags, "a")).ok();
        let whole = start.elapsed().as_millis() as u64;
        let want = outcome(&place, "a");
        let mut moment = u64::from(std::process::id()).wrapping_mul(7919).wrapping_add(i as u64 * 104_729);
        for kill in 0..4 {
            moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let after = (moment >> 33) % whole.max(20);
            killed(&place, &format!("{} --resume", train(flags, "b")), after);
            if kill == 1 {
                // A checkpoint only saves time.
                let _ = std::fs::remove_file(place.path("b/checkpoint.safetensors"));
            }
        }
        place.run("train --output b --resume --progress never").ok();
        same(&place, &want, flags);
        // And once more: nothing is left to do, and nothing changes.
        let again =
            place.run("train --output b --resume --progress never --threads 2 --vector portable").ok();
        assert!(!value(&again, "weights digest").is_empty());
        same(&place, &want, flags);
    }
}

/// The end of the journal cut off, or garbage behind it, at every kind of place.
#[test]
fn a_torn_journal_goes_on_after_its_last_whole_step() {
    for flags in ["--method rbd", "--workers 2 --momentum 0.5", "--method sgd --momentum 0.1"] {
        let place = Place::new();
        place.run(&train(flags, "a")).ok();
        let want = outcome(&place, "a");
        let journal = place.read("a/journal.rbases");
        for cut in
            [0, 3, 8, 60, 200, journal.len() / 3, journal.len() / 2, journal.len() - 30, journal.len() - 1]
        {
            for garbage in [&b""[..], b"\x07\x00\x00\x00garbage that is no record"] {
                let _ = std::fs::remove_dir_all(place.path("b"));
                copy(&place, "a", "b");
                place.write(
                    "b/journal.rbases",
                    [&journal[..cut], if cut > 200 { garbage } else { b"" }].concat(),
                );
                // What a process that ends early has not written yet.
                for name in ["summary.json", "weights.safetensors"] {
                    let _ = std::fs::remove_file(place.path(&format!("b/{name}")));
                }
                if cut <= 60 {
                    let _ = std::fs::remove_file(place.path("b/checkpoint.safetensors"));
                    place.write("b/metrics.jsonl", "");
                }
                place.run("train --output b --resume --progress never").ok();
                same(&place, &want, &format!("{flags}, cut at {cut} of {}", journal.len()));
            }
        }
    }
}

fn copy(place: &Place, from: &str, to: &str) {
    for (name, bytes) in place.files(from) {
        place.write(&Path::new(to).join(name).to_string_lossy(), bytes);
    }
}

/// A disk that is full: an error that names the file, and a run that goes on when there is room again.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_loses_nothing() {
    for (flags, sizes) in [
        ("--method rbd --weight-streaming", &[8, 20, 60][..]),
        ("--workers 2 --probes coordinates --probe-detail", &[8, 16]),
    ] {
        let place = Place::new();
        place.run(&train(flags, "a")).ok();
        let want = outcome(&place, "a");
        for blocks in sizes {
            let _ = std::fs::remove_dir_all(place.path("b"));
            // A limit on the size of files, whose signal is ignored, makes writing fail as a full disk does.
            let mut limited = Command::new("sh");
            let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
            limited.arg("-c").arg(script).arg(place.command("").get_program());
            limited.args(train(flags, "b").split_whitespace()).current_dir(place.path(""));
            let output = limited.output().unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(7), "{message}");
            assert!(message.contains("b/") && message.contains("cannot be written"), "{message}");
            place.run("train --output b --resume --progress never").ok();
            same(&place, &want, &format!("{flags}, {blocks} blocks"));
        }
    }
}

/// Damage in the middle: the journal is good before it, and what is behind it is made again.
#[test]
fn damage_in_the_middle_is_mended() {
    let place = Place::new();
    place.run(&train("--method rbd", "a")).ok();
    let want = outcome(&place, "a");
    copy(&place, "a", "b");
    let mut journal = place.read("a/journal.rbases");
    let middle = journal.len() / 2;
    journal[middle] ^= 4;
    place.write("b/journal.rbases", &journal);
    place.write("b/checkpoint.safetensors", "no checkpoint at all");
    let outcome = place.run("train --output b --resume --progress never");
    assert!(
        outcome.stderr.contains("b/journal.rbases") && outcome.stderr.contains("going on after"),
        "{}",
        outcome.stderr
    );
    outcome.ok();
    same(&place, &want, "a flipped bit");
}

#[test]
fn what_would_change_a_bit_is_refused() {
    let place = Place::new();
    place.run(&train("--method rbd --max-steps 10", "a")).ok();
    let journal = place.read("a/journal.rbases");
    for (flags, parts) in [
        ("--seed 9", ["seed = 1", "here 9"]),
        ("--momentum 0.5", ["momentum = 0.0", "here 0.5"]),
        ("-d 13", ["base_dimensions = 12", "here 13"]),
        ("--batch-size 16", ["batch_size = 32", "here 16"]),
        ("--workers 2", ["workers = 1", "here 2"]),
        ("--learning-rate 0.5", ["learning_rate = 0.03125", "here 0.5"]),
        ("--learning-rate-schedule cosine", ["learning_rate_schedule = \"constant\"", "here \"cosine\""]),
    ] {
        place.run(&format!("train --output a --resume {flags}")).fails_with(3, &parts);
    }
    assert_eq!(journal, place.read("a/journal.rbases"));
    // What changes no bit, or only how far a run goes, may be given.
    place.run(&train("--method rbd --max-steps 25", "b")).ok();
    let want = outcome(&place, "b");
    place
        .run("train --output a --resume --max-steps 25 --threads 3 --strategy two-pass --progress never")
        .ok();
    let got = outcome(&place, "a");
    for ((name, want), (_, got)) in want.iter().zip(&got) {
        assert!(want == got, "{name}");
    }
    // Without a run there is one to begin.
    place.run(&format!("train {SMALL} --max-steps 3 --output c --resume --progress never")).ok();
    let outcome = place.run("train --resume");
    assert!(outcome.code == 2 && outcome.stderr.contains("--output"), "{}", outcome.stderr);
}

/// A journal that is gone, or damaged in its head, beside the results of a run: nothing is touched.
#[test]
fn a_run_that_lost_its_journal_is_not_begun_anew() {
    for damage in [&b""[..], b"RBASES"] {
        let place = Place::new();
        place.run(&train("--method rbd", "a")).ok();
        place.write("a/journal.rbases", damage);
        let before = place.files("a");
        place.run("train --output a --resume").fails_with(4, &["a/journal.rbases", "nothing was changed"]);
        assert_eq!(before, place.files("a"));
    }
}

/// Parts of a checkpoint that no journal speaks of: a checkpoint that is not whole is not used.
#[test]
fn a_damaged_checkpoint_is_not_used() {
    let place = Place::new();
    let flags = "--momentum 0.9 --learning-rate 0.003";
    place.run(&train(flags, "a")).ok();
    let want = outcome(&place, "a");
    place.run(&train(&format!("{flags} --max-steps 20"), "b")).ok();
    let mut checkpoint = place.read("b/checkpoint.safetensors");
    // Any float, of weights or of momentum.
    for at in [checkpoint.len() - 9, checkpoint.len() / 3] {
        checkpoint[at] ^= 0x40;
        place.write("b/checkpoint.safetensors", &checkpoint);
        place.run("train --output b --resume --max-steps 40 --progress never").ok();
    }
    same(&place, &want, "a checkpoint with another bit");
}

/// Another process writes the journal: nobody joins in.
#[test]
#[cfg(target_os = "linux")]
fn a_run_that_is_under_way_is_left_alone() {
    let place = Place::new();
    let mut command = place.command(&train("--method rbd --epochs 100000", "a").replace("--epochs 8", ""));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while std::fs::metadata(place.path("a/journal.rbases")).map_or(0, |file| file.len()) < 5_000 {
        std::thread::sleep(Duration::from_millis(5));
    }
    place.run("train --output a --resume").fails_with(7, &["journal.rbases", "another process"]);
    child.kill().unwrap();
    child.wait().unwrap();
    place.run("verify a/journal.rbases").fails_with(4, &["cut short"]);
    place.run("train --output a --resume --max-steps 1 --progress never").ok();
}

/// A step that is made again with other bits than recorded: found, and nothing is overwritten.
#[test]
fn a_journal_of_other_bits_is_a_mismatch() {
    let place = Place::new();
    place.run(&train("--method rbd --max-steps 10", "a")).ok();
    let bytes = place.read("a/journal.rbases");
    let forged = super::support::edited(&bytes, |record| match *record {
        random_bases_core::record::Record::Step(mut step) if step.step == 4 => {
            step.digest ^= 1;
            super::support::encoded(&random_bases_core::record::Record::Step(step))
        }
        _ => super::support::encoded(record),
    });
    place.write("a/journal.rbases", forged);
    let _ = std::fs::remove_file(place.path("a/checkpoint.safetensors"));
    place
        .run("train --output a --resume --max-steps 20 --progress never")
        .fails_with(6, &["step 4", "made again"]);
}
