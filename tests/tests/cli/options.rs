//! Options of RBD as settings: what they do to a run, and what is refused.

use serde_json::Value;

use super::support::{Place, SMALL, value};

/// The digest of the weights that a small run leaves.
fn digest(flags: &str) -> String {
    let output = Place::new().run(&format!("train {SMALL} --max-steps 12 --progress never {flags}")).ok();
    value(&output, "weights digest").to_owned()
}

fn metrics(place: &Place, folder: &str) -> Vec<Value> {
    let text = place.text(&format!("{folder}/metrics.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn fpd_is_rbd_with_other_periods() {
    let fpd = digest("--method fpd");
    assert_eq!(fpd, digest("--reset-base-each-step false --reset-coordinates-each-step false"));
    assert_ne!(fpd, digest("--reset-base-each-step false"));
    assert_ne!(fpd, digest("--reset-coordinates-each-step false"));
}

#[test]
fn the_rate_of_sgd_inside_rbd_matters() {
    let layer = "--use-sgd-for-layer 2";
    assert_ne!(digest(layer), digest(&format!("{layer} --sgd-learning-rate 0.02")));
    assert_ne!(digest(layer), digest("--use-sgd-for-layer=-2"));
}

#[test]
fn fractions_of_directions_matter() {
    let keep = "--base-learning low-magnitude";
    assert_ne!(digest(keep), digest(&format!("{keep} --base-learning-fraction 0.25")));
    // All of them: plain RBD.
    assert_eq!(digest(""), digest(&format!("{keep} --base-learning-fraction 1")));
}

/// A step of landscape is nearly one of RBD, along the same directions: its coordinates are differences of losses.
#[test]
fn landscape_follows_central_differences() {
    let place = Place::new();
    let flags = format!("{SMALL} --max-steps 1 --progress never --seed 5 --learning-rate 0.001");
    let coordinates = |method: &str| -> Vec<f32> {
        place
            .run(&format!(
                "record run --steps 1 --output {method}.rbases {} --method {method}",
                without_steps(&flags)
            ))
            .ok();
        let bytes = place.read(&format!("{method}.rbases"));
        let frames = random_bases_core::record::Frames::new(&bytes).unwrap();
        frames
            .filter_map(|frame| match frame.unwrap().record {
                random_bases_core::record::Record::Step(step) => Some(step.coordinates.iter().collect()),
                _ => None,
            })
            .next()
            .unwrap()
    };
    let (exact, differences) = (coordinates("rbd"), coordinates("landscape"));
    let norm = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>().sqrt();
    let apart: Vec<f32> = exact.iter().zip(&differences).map(|(x, y)| x - y).collect();
    assert!(norm(&apart) < 0.05 * norm(&exact), "{exact:?} {differences:?}");
    assert_ne!(exact, differences);
    let digest_at = |binsize: &str| digest(&format!("--method landscape --binsize {binsize}"));
    assert_ne!(digest_at("0.002"), digest_at("0.02"));
}

/// `record run` counts its steps itself.
fn without_steps(flags: &str) -> String {
    flags.replace("--max-steps 1", "").replace("--progress never", "")
}

#[test]
fn noise_and_transformation_matter() {
    let hybrid = "--method hybrid";
    assert_eq!(digest(hybrid), digest(&format!("{hybrid} --noise-std 0.002 --transformation ranks")));
    for other in ["--noise-std 0.02", "--transformation norm", "--transformation none"] {
        assert_ne!(digest(hybrid), digest(&format!("{hybrid} {other}")), "{other}");
    }
}

/// The original's `compile_test`.
#[test]
fn one_step_is_enough_for_a_trial() {
    let output = Place::new().run(&format!("train {SMALL} --max-steps 1 --progress never")).ok();
    assert_eq!(value(&output, "steps"), "1");
}

#[test]
fn the_share_of_sgd_steps_is_reported() {
    let place = Place::new();
    let run = format!("train {SMALL} --epochs 2 --progress never");
    place.run(&format!("{run} --skip-update-if-correlation-lower-than 1 --output all")).ok();
    assert!(metrics(&place, "all").iter().all(|line| line["sgd_steps"] == 1.0));
    place.run(&format!("{run} --update-schedule sgd-last --update-schedule-epochs 1 --output half")).ok();
    let shares: Vec<Value> = metrics(&place, "half").iter().map(|line| line["sgd_steps"].clone()).collect();
    assert_eq!(shares, [0.0, 1.0]);
    place.run(&format!("{run} --output none")).ok();
    assert!(metrics(&place, "none").iter().all(|line| line.get("sgd_steps").is_none()));
}

#[test]
fn schedules_reach_the_journal() {
    let place = Place::new();
    let run = format!("train {SMALL} --epochs 4 --progress never --learning-rate 0.03125");
    let rates = |flags: &str, folder: &str| -> Vec<f64> {
        place.run(&format!("{run} {flags} --output {folder}")).ok();
        metrics(&place, folder).iter().map(|line| line["learning_rate"].as_f64().unwrap()).collect()
    };
    assert_eq!(rates("", "constant"), [1.0; 4]);
    let piecewise = rates("--learning-rate-schedule piecewise --multipliers 1,0.5,0.25", "piecewise");
    // The last step of each epoch.
    assert_eq!(piecewise, [1.0, 1.0, 0.5, 0.25]);
    let cosine = rates("--learning-rate-schedule cosine --decay-alpha 0", "cosine");
    assert!(cosine.windows(2).all(|pair| pair[0] > pair[1]) && cosine[3] < 0.1, "{cosine:?}");
    let warm = rates("--warmup-steps 20", "warm");
    assert!(warm[0] < warm[1] && warm[3] == 1.0, "{warm:?}");
    place.run("verify cosine/journal.rbases").ok();
}

#[test]
fn weights_are_streamed() {
    let place = Place::new();
    place.run(&format!("train {SMALL} --max-steps 7 --progress never --weight-streaming --output a")).ok();
    let stream = place.read("a/weights.f32");
    assert_eq!(stream.len(), 7 * 4 * 2410);
    // Any of them is what a replay gives.
    for (steps, weights) in (1..).zip(stream.chunks_exact(4 * 2410)) {
        let weights: Vec<f32> =
            weights.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let replayed = place.run(&format!("replay a/journal.rbases --steps {steps}")).ok();
        let want = format!("{:016x}", random_bases_core::numerics::digest(&weights));
        assert_eq!(value(&replayed, "weights digest"), want);
    }
    place.run(&format!("train {SMALL} --weight-streaming")).fails_with(3, &["weight_streaming", "--output"]);
}

#[test]
fn a_run_that_does_not_converge_stops() {
    let place = Place::new();
    let small = "--preset small --train-images 200 --test-images 40";
    let run = format!("train {small} --epochs 6 --progress never --distribution zeros --output");
    place
        .run(&format!("{run} a"))
        .fails_with(5, &["epoch 4", "validation accuracy", "stop_on_nan = false", "learning_rate"]);
    assert_eq!(metrics(&place, "a").len(), 4);
    place.run("verify a/journal.rbases").ok();
    place.run(&format!("{run} b --stop-on-nan false")).ok();
    assert_eq!(metrics(&place, "b").len(), 6);
    // A loss that has left all bounds, but is finite.
    let wild =
        format!("train {small} --method sgd --learning-rate 60 --max-steps 3 --progress never --output");
    place.run(&format!("{wild} c")).fails_with(5, &["the loss is", "above 1000", "learning_rate = 60"]);
    place.run(&format!("{wild} d --stop-on-nan false")).ok();
}

/// Each refusal: the flags, and what the message says.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "--keep-projection-in-memory --distribution hadamard-normal",
        &["keep_projection_in_memory = true", "hadamard-normal", "rotated"],
    ),
    ("--workers 0", &["workers = 0", "1 to"]),
    (
        "--workers 2 --correlation-multiplier",
        &["correlation_multiplier = true", "workers = 2", "only coordinates travel", "one worker"],
    ),
    ("--workers 2 --use-sgd-for-layer 1", &["use_sgd_for_layer = 1", "workers"]),
    (
        "--workers 2 --average-in-coordinate-space",
        &["average_in_coordinate_space", "base_for_each_worker = false"],
    ),
    (
        "--workers 2 --base-for-each-worker false --average-in-coordinate-space --split-dimensions-across-workers",
        &["average_in_coordinate_space", "split_dimensions_across_workers"],
    ),
    (
        "--workers 2 --base-for-each-worker false --same-images-for-each-worker",
        &["every worker would do the same"],
    ),
    ("--workers 13 --split-dimensions-across-workers", &["workers = 13", "12 directions"]),
    ("--same-images-for-each-worker", &["one worker", "--workers 2"]),
    ("--method nes --workers 2", &["--workers", "nes", "--method rbd or fpd"]),
    ("--method fpd --momentum 0.9", &["--momentum", "fpd", "rbd or sgd"]),
    ("--momentum 1", &["momentum = 1.0", "to below 1"]),
    ("--nesterov", &["nesterov = true", "momentum"]),
    (
        "--reset-coordinates-each-step false --momentum 0.5",
        &["momentum = 0.5", "reset_coordinates_each_step = false"],
    ),
    ("--reset-coordinates-each-step 0", &["reset_coordinates_each_step = 0", "at least 1"]),
    ("--reset-base-each-step 0", &["reset_base_each_step = 0", "at least 1"]),
    ("--continuous-coordinate-update 3", &["continuous_coordinate_update = 3", "reset_base_each_step"]),
    ("--base-learning low-magnitude --antithetic-sampling", &["base_learning", "antithetic_sampling"]),
    (
        "--base-learning low-magnitude --reset-base-each-step 2",
        &["base_learning", "reset_base_each_step = 2"],
    ),
    ("--base-learning-fraction 0.5", &["--base-learning-fraction", "base_learning"]),
    (
        "--base-learning high-magnitude --base-learning-fraction 0",
        &["base_learning_fraction = 0.0", "above 0"],
    ),
    ("--use-top-directions 0", &["use_top_directions = 0", "at least 1"]),
    ("--use-top-directions 1.5", &["use_top_directions = 1.5", "-1 to 1"]),
    (
        "--weights-per-compartment 5 --dynamic-compartments",
        &["weights_per_compartment", "dynamic_compartments", "choose one"],
    ),
    ("--weights-per-compartment 3000", &["weights_per_compartment = 3000", "2410 weights"]),
    (
        "--dynamic-compartments --split-dimensions-across-compartments",
        &["split_dimensions_across_compartments", "dynamic_compartments"],
    ),
    (
        "--weights-per-compartment 100 --split-dimensions-across-compartments",
        &["base_dimensions = 12", "25 compartments"],
    ),
    ("--use-sgd-for-layer 3", &["use_sgd_for_layer = 3", "2 layers"]),
    ("--surgeon-update 2", &["surgeon_update = 2.0", "-1 to 1"]),
    ("--sgd-learning-rate 0.1", &["--sgd-learning-rate", "update_schedule"]),
    ("--update-schedule-epochs 3", &["--update-schedule-epochs", "update_schedule"]),
    ("--update-schedule sgd-first", &["update_schedule_epochs = 40", "epochs = 3", "method sgd"]),
    ("--learning-rate-schedule piecewise --boundaries 0.7,0.3", &["boundaries = 0.7,0.3", "rising"]),
    ("--learning-rate-schedule piecewise --multipliers 1,2", &["multipliers = 1,2", "choose 3"]),
    ("--learning-rate-schedule exponential --decay-rate 0", &["decay_rate = 0.0"]),
    ("--decay-alpha 0.1", &["--decay-alpha", "cosine"]),
    ("--warmup exponential", &["--warmup", "warmup_steps"]),
    ("--method landscape --bins 4", &["bins = 4", "odd"]),
    ("--bins 5", &["--bins", "landscape"]),
    ("--method landscape --binsize 0", &["binsize = 0.0"]),
    ("--learning-rate 0", &["learning_rate = 0.0", "--probes successive"]),
    ("--probes hessian", &["probes", "--output"]),
    ("--probes hesian --output a", &[]),
    ("--method sgd --probes correlation --output a", &["probes", "sgd", "rbd or fpd"]),
    ("--method nes --probes successive --output a", &["probes", "nes", "no gradient"]),
];

#[test]
fn what_does_not_go_together_is_refused_before_any_work() {
    for (flags, parts) in REFUSED {
        for command in ["train", "plan"] {
            let place = Place::new();
            let outcome = place.run(&format!("{command} {SMALL} {flags}"));
            if parts.is_empty() {
                // The parser's own words.
                assert_eq!(outcome.code, 2, "{flags}");
            } else {
                outcome.fails_with(3, parts);
            }
            assert!(!place.path("a").exists(), "{flags}");
        }
    }
}

/// A file may hold settings of several methods; the method that runs looks at its own.
#[test]
fn settings_of_another_method_in_a_file_do_nothing() {
    let place = Place::new();
    let plain = format!("train {SMALL} --max-steps 5 --progress never --method");
    place.write(
        "random-bases.toml",
        "workers = 3\nmomentum = 0.5\ncorrelation_multiplier = true\nuse_sgd_for_layer = 1\n",
    );
    for method in ["nes", "gradient-bases", "landscape"] {
        let with = place.run(&format!("{plain} {method}")).ok();
        let without = Place::new().run(&format!("{plain} {method}")).ok();
        assert_eq!(value(&with, "weights digest"), value(&without, "weights digest"), "{method}");
    }
    place.run(&format!("{plain} rbd")).fails_with(3, &["correlation_multiplier", "random-bases.toml"]);
}

#[test]
fn a_plan_counts_what_a_run_has() {
    let place = Place::new();
    let flags = "--weights-per-compartment=-1 --workers 3 --split-dimensions-across-workers";
    let plan = place.run(&format!("plan {SMALL} {flags}")).ok();
    for (name, want) in [
        ("compartments", "2"),
        ("workers", "3,"),
        ("directions per step", "24"),
        ("coordinates, each worker", "8"),
        ("numbers per step, in all", "24,"),
        ("compression", "301.2x"),
    ] {
        assert_eq!(value(&plan, name), want, "{plan}");
    }
    assert!(plan.contains("3, each a part of the directions") && plan.contains("24, 96 bytes"), "{plan}");
    let rows: Vec<Vec<&str>> = plan
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.first().is_some_and(|word| word.parse::<u32>().is_ok()))
        .collect();
    let numbers = |row: &[&str]| row[..3].iter().map(|word| word.parse().unwrap()).collect::<Vec<u32>>();
    assert_eq!(rows.iter().map(|row| numbers(row)).collect::<Vec<_>>(), [[0, 2080, 12], [1, 330, 12]]);
    assert_eq!(rows[0][4..], ["1/kernel,", "1/bias"]);
    let run = place.run(&format!("train {SMALL} {flags} --max-steps 2 --progress never --output a")).ok();
    assert!(run.contains("24 (compression 301.2x)"), "{run}");
    let summary: Value = serde_json::from_str(&place.text("a/summary.json")).unwrap();
    assert_eq!((&summary["compartments"], &summary["workers"]), (&2.into(), &3.into()));
    // Three shares and a step per step.
    let inspected = place.run("inspect a/journal.rbases").ok();
    assert_eq!(inspected.matches("worker ").count(), 6, "{inspected}");
}
