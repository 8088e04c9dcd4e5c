//! `random-bases train`: what it prints, what it keeps, and that the machine cannot be seen in the result.

use random_bases_core::nn::{Network, Small8, tensors};
use random_bases_core::numerics::digest;
use random_bases_core::record::{Frames, Record, Step};
use safetensors::SafeTensors;
use serde_json::Value;

#[cfg(unix)]
use super::support::interrupted;
use super::support::{Outcome, Place, SMALL, levels, value};

/// The digest of the weights that a run printed.
fn weights_digest(outcome: Outcome) -> String {
    value(&outcome.ok(), "weights digest").to_owned()
}

#[test]
fn numbers_go_to_stdout_and_words_to_stderr() {
    let place = Place::new();
    let outcome = place.run(&format!("train {SMALL} --epochs 3"));
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{}", outcome.stderr);
    assert!(lines[0].contains("160 training, 40 validation, 40 test images"), "{}", lines[0]);
    assert!(lines[3].starts_with("epoch 3: loss "), "{}", lines[3]);
    assert!(!outcome.stderr.contains('\x1b'), "{}", outcome.stderr);
    let summary = outcome.ok();
    assert!(summary.starts_with("validation           accuracy "), "{summary}");
    assert!(summary.contains("\ntest                 accuracy "), "{summary}");
    assert_eq!(value(&summary, "weights "), "2410");
    assert_eq!(value(&summary, "coordinates per step"), "12");
    assert_eq!(value(&summary, "steps"), "15");
    assert_eq!(value(&summary, "weights digest").len(), 16);
    assert!(place.files("").is_empty(), "nothing is kept unless asked for");
}

#[test]
fn progress_can_be_silent() {
    let outcome = Place::new().run(&format!("train {SMALL} --epochs 2 --progress never"));
    assert_eq!(outcome.stderr, "");
    outcome.ok();
}

/// A run's folder, taken apart file by file.
#[test]
fn the_output_folder_holds_the_whole_run() {
    let place = Place::new();
    let line = format!("train {SMALL} --epochs 3 --seed 7 --output runs/a");
    let digest_printed = weights_digest(place.run(&line));

    // The configuration means the same again.
    let saved: toml::Table = place.text("runs/a/config.toml").parse().unwrap();
    let resolved: toml::Table = place.run("config --config runs/a/config.toml").ok().parse().unwrap();
    assert_eq!(saved, resolved);
    assert_eq!(saved["seed"].as_integer(), Some(7));
    let output = "--output again";
    assert_eq!(
        weights_digest(place.run(&format!("train --config runs/a/config.toml {output}"))),
        digest_printed
    );

    let metrics = place.text("runs/a/metrics.jsonl");
    let epochs: Vec<Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(epochs.len(), 3);
    for (i, epoch) in epochs.iter().enumerate() {
        assert_eq!(epoch["epoch"], i + 1);
        assert_eq!(epoch["steps"], 5 * (i + 1));
        let rate = epoch["learning_rate"].as_f64().unwrap() as f32;
        assert_eq!(epoch["learning_rate_bits"], format!("{:08x}", rate.to_bits()));
    }
    assert_eq!(epochs[2]["weights_digest"], digest_printed);

    let summary: Value = serde_json::from_str(&place.text("runs/a/summary.json")).unwrap();
    assert_eq!(summary["weights_digest"], digest_printed);
    assert_eq!((summary["steps"].as_u64(), summary["weights"].as_u64()), (Some(15), Some(2410)));
    assert_eq!(summary["validation"], epochs[2]["validation"]);
    check_bits(&metrics);
    check_bits(&place.text("runs/a/summary.json"));

    let file = place.read("runs/a/weights.safetensors");
    let weights = weights_of(&SafeTensors::deserialize(&file).unwrap());
    assert_eq!(format!("{:016x}", digest(&weights)), digest_printed);

    place.run("verify runs/a/journal.rbases").ok();
    let replayed = place.run("replay runs/a/journal.rbases --output replayed.safetensors").ok();
    assert_eq!(value(&replayed, "weights digest"), digest_printed);
    let replayed = place.read("replayed.safetensors");
    assert_eq!(weights_of(&SafeTensors::deserialize(&replayed).unwrap()), weights);
    assert_eq!(replayed, file, "equal weights give equal files");
    for name in ["journal.rbases", "weights.safetensors"] {
        assert!(place.run(&format!("inspect runs/a/{name}")).ok().contains("small-8x8x1"), "{name}");
    }
}

/// Every loss in a JSON text has its own bits beside it.
fn check_bits(json: &str) {
    let parts: Vec<&str> = json.split("\"loss\":").skip(1).collect();
    assert!(!parts.is_empty(), "{json}");
    for part in parts {
        let (loss, rest) = part.split_once(",\"loss_bits\":\"").unwrap();
        // Read by Rust: serde_json's reading is off by a bit now and then.
        let bits = loss.parse::<f64>().unwrap().to_bits();
        assert!(rest.starts_with(&format!("{bits:016x}\"")), "{loss}: {rest}");
    }
}

/// The weights of the small network, in the order in which the network has them.
fn weights_of(file: &SafeTensors<'_>) -> Vec<f32> {
    let mut weights = vec![f32::NAN; Small8::PARAMS];
    for tensor in &tensors::<Small8>() {
        let view = file.tensor(&tensor.name).unwrap();
        assert_eq!(view.shape(), &tensor.shape[..]);
        for (slot, bytes) in weights[tensor.start..].iter_mut().zip(view.data().chunks_exact(4)) {
            *slot = f32::from_le_bytes(bytes.try_into().unwrap());
        }
    }
    weights
}

#[test]
fn a_second_run_into_the_same_folder_is_refused_and_loses_nothing() {
    let place = Place::new();
    let line = format!("train {SMALL} --epochs 1 --output a");
    place.run(&line).ok();
    let before = place.files("a");
    assert_eq!(before.len(), 6);
    place.run(&line).fails_with(3, &["output = \"a\"", "already holds a run"]);
    place.run(&format!("{line} --method fpd")).fails_with(3, &["already holds a run"]);
    assert_eq!(place.files("a"), before);
}

/// What is left of a run counts as one, also without its configuration.
#[test]
fn any_file_of_a_run_keeps_others_out() {
    for name in ["config.toml", "metrics.jsonl", "journal.rbases", "weights.safetensors", "summary.json"] {
        let place = Place::new();
        place.write(&format!("a/{name}"), "precious");
        let before = place.files("a");
        place.run(&format!("train {SMALL} --epochs 1 --output a")).fails_with(3, &["already holds a run"]);
        assert_eq!(place.files("a"), before, "{name}");
    }
    // Other files are no hindrance, and an empty folder is none.
    let place = Place::new();
    place.write("a/notes.txt", "precious");
    place.run(&format!("train {SMALL} --epochs 1 --output a")).ok();
    assert_eq!(place.text("a/notes.txt"), "precious");
}

#[test]
fn threads_vectors_and_strategies_cannot_be_seen_in_a_bit() {
    let place = Place::new();
    let levels = levels();
    for method in ["rbd", "fpd", "sgd"] {
        let line = "--preset small --train-images 200 --test-images 40 --epochs 3 --batch-size 20 \
                    --progress never --method";
        let reference = weights_digest(place.run(&format!("train {line} {method}")));
        let strategies: &[&str] =
            if method == "sgd" { &[""] } else { &["--strategy two-pass", "--strategy fused"] };
        for (level, threads) in levels.iter().flat_map(|level| ["1", "2", "5"].map(|n| (level, n))) {
            for strategy in strategies {
                let common = format!("train {line} {method} {strategy}");
                let flags = place.run(&format!("{common} --threads {threads} --vector {level}"));
                assert_eq!(weights_digest(flags), reference, "{method} {strategy} {level} {threads}");
            }
            let environment = [("RANDOM_BASES_THREADS", threads), ("RANDOM_BASES_VECTOR", *level)];
            let outcome = place.run_in(&environment, &format!("train {line} {method}"));
            assert_eq!(weights_digest(outcome), reference, "{method} {environment:?}");
        }
    }
}

/// The machine's settings reach the executor, whichever way they come.
#[test]
fn the_first_line_names_threads_and_vectors() {
    let place = Place::new();
    let environment = [("RANDOM_BASES_THREADS", "3"), ("RANDOM_BASES_VECTOR", "portable")];
    let line = format!("train {SMALL} --max-steps 1");
    assert!(place.run_in(&environment, &line).stderr.contains("threads 3, portable"));
    assert!(
        place.run(&format!("{line} --threads 5 --vector portable")).stderr.contains("threads 5, portable")
    );
}

/// Losses before and weights after the only step are finite; what the network makes of other images is not.
#[test]
fn an_evaluation_that_is_not_finite_is_a_divergence() {
    let place = Place::new();
    for flags in ["--learning-rate 1e36", "--method sgd --learning-rate 1e37"] {
        let line = format!("train --preset small {flags} --train-images 300 --test-images 50 --max-steps 1");
        place.run(&line).fails_with(5, &["step 0: the validation loss after it is ", "learning_rate = "]);
    }
}

#[test]
fn a_training_that_diverges_keeps_its_journal() {
    for rate in ["1e2", "1e10", "1e30"] {
        let place = Place::new();
        let line = format!("train {SMALL} --learning-rate {rate} --output a --progress never");
        let message = place.run(&line).fails(5);
        assert!(message.contains("the loss is ") && message.contains("learning_rate = "), "{message}");
        let diverged: usize = value(&message, "random-bases: step ").trim_end_matches(':').parse().unwrap();

        let journal = place.read("a/journal.rbases");
        let records: Vec<_> = Frames::new(&journal).unwrap().map(Result::unwrap).collect();
        let steps: Vec<_> = records
            .iter()
            .filter_map(|frame| match frame.record {
                Record::Step(step) => Some(step),
                _ => None,
            })
            .collect();
        assert!(steps.len() >= diverged, "{} steps, diverged at {diverged}", steps.len());
        assert!(steps[..diverged].iter().all(|step| step.loss.is_finite()));
        assert!(place.run("inspect --all a/journal.rbases").ok().contains(&format!("\n{} ", diverged - 1)));
        let replayed = place.run(&format!("replay a/journal.rbases --steps {diverged}")).ok();
        assert_eq!(value(&replayed, "weights digest"), format!("{:016x}", steps[diverged - 1].digest));
        // The bits of a NaN differ between processors: none may be recorded.
        let finite = |step: &Step<'_>| step.loss.is_finite() && step.coordinates.iter().all(f32::is_finite);
        assert!(steps.iter().all(finite), "{rate}: a step with a NaN or an infinity is recorded");
    }
}

/// Ctrl-C ends a training after a step, with everything written as at a normal end.
#[test]
#[cfg(unix)]
fn an_interrupted_training_keeps_what_it_has() {
    let place = Place::new();
    let command = place.command(&format!("train {SMALL} --epochs 1000000 --progress plain --output a"));
    let journal = place.path("a/journal.rbases");
    let long_enough = || std::fs::metadata(&journal).map_or(0, |file| file.len()) >= 5_000;
    interrupted(command, long_enough, "stopped after");

    let summary: Value = serde_json::from_str(&place.text("a/summary.json")).unwrap();
    let digest = summary["weights_digest"].as_str().unwrap();
    assert!(summary["steps"].as_u64().unwrap() < summary["steps_planned"].as_u64().unwrap());
    assert!(place.run("replay a/journal.rbases").ok().contains(digest));
    assert!(place.run("inspect a/weights.safetensors").ok().contains(digest));
    place.run("verify a/journal.rbases").ok();
}
