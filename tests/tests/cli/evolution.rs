//! What a run of `nes` counts. A step takes a mini-batch for every direction, so epochs and steps do not go together.

use serde_json::Value;

use super::support::{Place, losses, value};

/// 160 training images: five mini-batches of 32. The rate is low enough for few directions.
const SMALL: &str =
    "--preset small,nes --train-images 200 --test-images 40 --learning-rate 0.0001 --progress never";

/// Mini-batches in an epoch of [`SMALL`].
const EPOCH: u64 = 5;

fn metrics(place: &Place, folder: &str) -> Vec<Value> {
    let text = place.text(&format!("{folder}/metrics.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Numbers of directions: fewer than an epoch has mini-batches, as many, more, all that there are, and too many.
const DIMENSIONS: [u64; 8] = [1, 3, 5, 7, 12, 125, 126, 1000];

#[test]
fn epochs_count_images_and_steps_count_updates() {
    let place = Place::new();
    for d in DIMENSIONS {
        let folder = format!("d{d}");
        let output = place
            .run(&format!("train {SMALL} --transformation none -d {d} --epochs 25 --output {folder}"))
            .ok();
        // A step that does not fit is not made, unless it is the only one.
        let steps = (25 * EPOCH / d).max(1);
        assert_eq!(value(&output, "steps"), steps.to_string(), "d = {d}");
        assert_eq!(value(&output, "coordinates per step"), d.to_string());

        let lines = metrics(&place, &folder);
        let complete = |step: u64| step * d / EPOCH;
        let ends: Vec<u64> =
            (1..=steps).filter(|&step| complete(step) > complete(step - 1) || step == steps).collect();
        let found: Vec<u64> = lines.iter().map(|line| line["steps"].as_u64().unwrap()).collect();
        assert_eq!(found, ends, "d = {d}");

        let mut before = 0;
        for line in &lines {
            let step = line["steps"].as_u64().unwrap();
            plausible(line, (step - before) * d * 32, step * d * 32);
            before = step;
        }
        let summary: Value = serde_json::from_str(&place.text(&format!("{folder}/summary.json"))).unwrap();
        assert_eq!(summary["steps"], steps);
        assert_eq!(summary["steps_planned"], steps);
        assert_eq!(summary["coordinates_per_step"], d);
        let ratio = summary["compression_ratio"].as_f64().unwrap();
        assert!((ratio * d as f64 - 2410.0).abs() < 1e-6, "{summary}");
        assert_eq!(summary["weights_digest"], lines.last().unwrap()["weights_digest"]);
        assert_eq!(losses(&place.read(&format!("{folder}/journal.rbases"))).len() as u64, steps);
        speed(&summary, steps * d * 32);
    }
    let journals: Vec<String> = DIMENSIONS.iter().map(|d| format!("d{d}/journal.rbases")).collect();
    let verified = place.run(&format!("verify {}", journals.join(" "))).ok();
    assert!(verified.contains(&format!("{} equal, 0 only replayed", journals.len())), "{verified}");
}

/// Of one line: `images` since the line before, `all` since the start.
fn plausible(line: &Value, images: u64, all: u64) {
    let accuracy = line["accuracy"].as_f64().unwrap();
    let right = accuracy * images as f64;
    assert!((0.0..=1.0).contains(&accuracy), "{line}");
    assert!((right - right.round()).abs() < 1e-6, "{line}: not a number of {images} images");
    let validation = line["validation"]["accuracy"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&validation), "{line}");
    assert!(line["loss"].as_f64().unwrap() > 0.0, "{line}");
    speed(line, all);
}

/// Images per second are of training alone; the seconds count everything.
fn speed(line: &Value, images: u64) {
    let (speed, seconds) = (line["images_per_second"].as_f64().unwrap(), line["seconds"].as_f64().unwrap());
    assert!(speed >= images as f64 / seconds * (1.0 - 1e-9), "{line}: {images} images");
    assert!(speed < 1e9, "{line}");
}

/// An epoch is named when it is complete, and no two lines have one name.
#[test]
fn lines_are_numbered_by_complete_epochs() {
    let place = Place::new();
    for d in [1, 3, 5, 7, 12] {
        let folder = format!("d{d}");
        place.run(&format!("train {SMALL} --transformation none -d {d} --epochs 25 --output {folder}")).ok();
        let lines = metrics(&place, &folder);
        let (last, others) = lines.split_last().unwrap();
        for line in others {
            let complete = line["steps"].as_u64().unwrap() * d / EPOCH;
            assert_eq!(line["epoch"], complete, "d = {d}: {line}");
        }
        let numbers: Vec<u64> = lines.iter().map(|line| line["epoch"].as_u64().unwrap()).collect();
        assert!(numbers.windows(2).all(|two| two[0] < two[1]), "d = {d}: {numbers:?}");
        assert!(last["epoch"].as_u64().unwrap() <= 25, "d = {d}: {last}");
    }
}

/// Directions of zeros leave every offspring where its parent is, so the losses are those of the mini-batches that `rbd`
/// sees one by one: in this order, each epoch's in views of its own, none left out at the end of an epoch.
#[test]
fn steps_take_the_mini_batches_one_after_the_other() {
    let place = Place::new();
    let run = |folder: &str, method: &str, d: u64, epochs: u64| {
        let size = "--preset small --train-images 200 --test-images 40 --distribution zeros --stop-on-nan false --progress never";
        // One offspring alone has no rank.
        let method = if method == "rbd" { method.into() } else { format!("{method} --transformation none") };
        let flags = format!("--method {method} -d {d} --epochs {epochs} --output {folder}");
        place.run(&format!("train {size} {flags}")).ok();
        losses(&place.read(&format!("{folder}/journal.rbases")))
    };
    let single = run("rbd", "rbd", 1, 6);
    assert_eq!(single.len(), 30);
    // The sum in order, times 1 / d.
    let mean = |losses: &[f32]| losses.iter().fold(0.0, |sum, loss| sum + loss) * (1.0 / losses.len() as f32);
    for d in [1, 3, 5, 7, 30] {
        let want: Vec<f32> = single.chunks_exact(d).map(mean).collect();
        assert_eq!(run(&format!("nes{d}"), "nes", d as u64, 6), want, "d = {d}");
        // The hybrid shows the same mini-batch to all.
        let want: Vec<f32> = single.iter().map(|&loss| mean(&vec![loss; d])).collect();
        assert_eq!(run(&format!("hybrid{d}"), "hybrid", d as u64, 6), want, "d = {d}");
    }
    // With five directions the epochs coincide, and so do the shares of right answers.
    let accuracies = |folder| {
        metrics(&place, folder).iter().map(|line| line["accuracy"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(accuracies("nes5"), accuracies("rbd"));
    assert_eq!(accuracies("hybrid7"), accuracies("rbd"));
}
