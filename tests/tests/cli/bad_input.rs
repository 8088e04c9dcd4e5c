//! Everything that a command line, a configuration file or a place to write to can have wrong.

use std::process::Stdio;

use super::support::{LEVELS, Place, SMALL, levels};

#[test]
fn what_the_parser_does_not_understand_is_a_usage_error() {
    let place = Place::new();
    for (line, part) in [
        ("", "Usage:"),
        ("trian", "'train'"),
        ("train --epoch 3", "--epochs"),
        ("train --epochs", "a value is required"),
        ("train --epochs three", "'three'"),
        ("train --epochs -1", "-1"),
        ("train --epochs 4294967296", "4294967296"),
        ("train --network resnet", "[possible values: fc, cnn, conv, small]"),
        ("train --seed 18446744073709551616", "18446744073709551616"),
        ("train surplus", "'surplus'"),
        ("verify", "<PATH>"),
        ("replay", "<JOURNAL>"),
        ("record", "<KIND>"),
        ("record run", "--output"),
        ("record run --output a --steps 0", "0"),
        ("record --all a --output b", "cannot be used with"),
    ] {
        let outcome = place.run(line);
        assert_eq!(outcome.code, 2, "{line}: {outcome:?}");
        assert!(outcome.stdout.is_empty() && outcome.stderr.contains(part), "{line}: {outcome:?}");
    }
    // Numbers are read alike wherever one can be given.
    place.run("config --threads 0x2").ok();
    place.run("record known-answers --threads 0x2 --output k.rbases").ok();
    place.run("verify --threads 0x2 k.rbases").ok();
}

#[test]
fn configuration_files_are_refused_with_line_and_key() {
    let place = Place::new();
    for (text, parts) in [
        ("epochs = 2\nepoch = 3\n", &["random-bases.toml:2:", "\"epoch\"", "did you mean \"epochs\"?"][..]),
        ("seed = 1\n\nepochs = \n", &["random-bases.toml:3:", "not TOML"]),
        ("epochs = 1\nepochs = 2\n", &["random-bases.toml:2:", "not TOML"]),
        ("epochs = \"3\"", &["epochs = \"3\"", "a whole number"]),
        ("epochs = 1.5", &["epochs = 1.5"]),
        ("epochs = true", &["epochs = true"]),
        ("seed = -1", &["seed = -1"]),
        ("network = [\"fc\"]", &["network", "a single value"]),
        ("network = \"smal\"", &["did you mean \"small\"?"]),
        ("[training]\nepochs = 3", &["\"training\"", "not grouped"]),
        ("presets = \"fc\"", &["a list of names"]),
        ("presets = [\"fcc\"]", &["\"fcc\"", "did you mean \"fc\"?"]),
        ("base_dimensions = 4000000000", &["base_dimensions = 4000000000", "1 to 1000000"]),
        ("epochs = 0", &["epochs = 0", "random-bases.toml"]),
        ("learning_rate = nan", &["learning_rate = NaN"]),
    ] {
        place.write("random-bases.toml", text);
        for command in ["train", "config", "record run --output r.rbases"] {
            place.run(command).fails_with(3, parts);
        }
    }
    place.write("random-bases.toml", b"seed = 1 # \xff\n");
    place.run("config").fails_with(3, &["random-bases.toml", "not UTF-8"]);
    place.write("random-bases.toml", vec![b'#'; 2 << 20]);
    place.run("config").fails_with(3, &["random-bases.toml", "larger than"]);
    // No file takes part in a verification.
    place.run("record known-answers --output k.rbases").ok();
    place.run("verify k.rbases").ok();
}

#[test]
fn a_configuration_that_is_no_file_is_refused() {
    let place = Place::new();
    place.run("train --config nowhere.toml").fails_with(3, &["nowhere.toml", "cannot be read"]);
    place.write("folder/x", "");
    place.run("train --config folder").fails_with(3, &["folder", "cannot be read"]);
    place.write("random-bases.toml/x", "");
    place.run("config").fails_with(3, &["random-bases.toml", "cannot be read"]);
}

#[test]
fn settings_that_cannot_be_run_are_refused() {
    let place = Place::new();
    for (flags, parts) in [
        ("-d 0", &["base_dimensions = 0 (flag --base-dimensions)"][..]),
        ("--batch-size 4000000000", &["batch_size = 4000000000"]),
        ("--train-images 4000000000", &["train_images = 4000000000"]),
        ("--threads 5000", &["threads = 5000", "use 0 for one thread per core"]),
        ("--learning-rate 1e39", &["learning_rate = inf"]),
        ("--learning-rate=-1", &["learning_rate = -1.0"]),
        ("--normalized 0", &["normalized = 0.0"]),
        ("--validation-size 4000", &["validation_size = 4000", "leaves nothing"]),
        ("--validation-offset 3001", &["validation_offset = 3001", "at most 3000"]),
        ("--max-steps 0", &["max_steps = 0"]),
        ("--preset fcc", &["\"fcc\"", "did you mean \"fc\"?"]),
        ("--dataset mnist --data-dir x", &["network = small", "it takes 8x8 images"]),
        ("--network fc --dataset mnist", &["dataset = mnist", "--data-dir"]),
        ("--network fc --dataset fmnist", &["dataset = fmnist", "RANDOM_BASES_DATA_DIR"]),
        ("--data-dir x", &["data_dir = x", "reads no files"]),
        ("--method sgd --base-dimensions 9", &["--base-dimensions: method sgd"]),
        ("--method sgd --strategy fused", &["--strategy: method sgd"]),
    ] {
        for command in ["train --output out", "config"] {
            place.run(&format!("{command} --preset small {flags}")).fails_with(3, parts);
        }
    }
    for (name, text) in
        [("RANDOM_BASES_THREADS", "many"), ("RANDOM_BASES_THREADS", "-1"), ("RANDOM_BASES_VECTOR", "avx")]
    {
        for command in ["config", "verify nowhere.rbases", "replay nowhere.rbases"] {
            let outcome = place.run_in(&[(name, text)], command);
            if command == "config" {
                outcome.fails_with(3, &[&format!("{name}={text}"), "accepted here"]);
            } else {
                assert!(matches!(outcome.code, 3 | 4), "{outcome:?}");
            }
        }
    }
    place.run("record known-answers --seed 3 --output k").fails_with(3, &["record known-answers"]);
    place.run("record --all f --preset small").fails_with(3, &["record --all"]);
    assert!(place.files("").is_empty(), "nothing is written before everything is checked");
}

#[test]
fn vectors_that_the_processor_lacks_are_refused() {
    let (place, present) = (Place::new(), levels());
    place.run("record known-answers --output k.rbases").ok();
    for level in LEVELS.into_iter().filter(|level| !present.contains(level)) {
        for command in
            [&format!("train {SMALL}"), "verify k.rbases", "record known-answers --output l.rbases"]
        {
            let parts = [&format!("vector = \"{level}\"")[..], "this processor has no", "portable"];
            place.run(&format!("{command} --vector {level}")).fails_with(3, &parts);
            place.run_in(&[("RANDOM_BASES_VECTOR", level)], command).fails_with(3, &parts);
        }
    }
}

#[test]
fn places_that_cannot_be_written_are_named() {
    let place = Place::new();
    place.write("file", "precious");
    place.run("record known-answers --output k.rbases").ok();
    place.run(&format!("train {SMALL} --max-steps 2 --output a")).ok();
    for (line, part) in [
        (&format!("train {SMALL} --output file/below/it")[..], "file/below/it"),
        (&format!("train {SMALL} --output file"), "file: cannot be written"),
        (&format!("record run {SMALL} --output file/k.rbases"), "file/k.rbases"),
        (&format!("record run {SMALL} --output a"), "a: cannot be written"),
        ("record known-answers --output missing/k.rbases", "missing/k.rbases"),
        ("record --all file", "file: cannot be written"),
        ("replay a/journal.rbases --output missing/w.safetensors", "missing/w.safetensors"),
        ("replay a/journal.rbases --output a", "a: cannot be written"),
    ] {
        place.run(line).fails_with(7, &[part, "cannot be written"]);
    }
    assert_eq!(place.text("file"), "precious");
}

/// Lines with output, for each command.
fn talkative(place: &Place) -> Vec<String> {
    place.run(&format!("train {SMALL} --max-steps 2 --output a")).ok();
    let train = format!("train {SMALL} --max-steps 2");
    let lines = [
        &train,
        "config",
        "machine",
        "record known-answers --output k.rbases",
        "verify a/journal.rbases",
        "replay a/journal.rbases",
        "inspect a/journal.rbases",
        "inspect a/weights.safetensors",
    ];
    lines.map(str::to_owned).into()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_a_failure() {
    let place = Place::new();
    for line in talkative(&place) {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = place.command(&line).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(7), "{line}: {message}");
        assert!(message.contains("standard output: cannot be written"), "{line}: {message}");
    }
}

#[test]
fn a_reader_that_left_is_no_failure() {
    let place = Place::new();
    for line in talkative(&place) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place.command(&line).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Words that nobody can read change nothing: not the exit code, not the result.
#[test]
fn nobody_has_to_listen_to_stderr() {
    let place = Place::new();
    for (line, code) in [
        (&format!("train {SMALL} --epochs 2 --output a")[..], 0),
        (&format!("train {SMALL} --learning-rate 1e30 --output b"), 5),
        ("replay b/journal.rbases", 0),
        ("config --max-steps 0", 3),
        ("inspect nowhere", 4),
        ("train --unknown", 2),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = place.command(line).stdout(Stdio::null()).stderr(writer).status().unwrap();
        assert_eq!(status.code(), Some(code), "{line}");
    }
    place.run("verify a/journal.rbases").ok();
}
