//! `--augmentation`: which images it touches, and when.
//!
//! With `--distribution zeros` the weights never move, so losses tell of the images alone.

use std::collections::BTreeSet;

use serde_json::Value;

use super::sets;
use super::support::{Place, losses, value};

fn json(place: &Place, name: &str) -> Value {
    serde_json::from_str(&place.text(name)).unwrap()
}

#[test]
fn augmentation_changes_the_run_and_a_seed_repeats_it() {
    let place = Place::new();
    for (i, presets) in ["small", "fc,synthetic", "fc,shapes", "cnn,shapes"].into_iter().enumerate() {
        let run = |name: &str, flags: &str| {
            let size = "-d 4 --train-images 20 --test-images 4 --batch-size 4 --epochs 2 --progress never";
            let output = format!("{i}{name}");
            let line = format!("train --preset {presets} {size} {flags} --output {output}");
            let digest = value(&place.run(&line).ok(), "weights digest").to_owned();
            (place.read(&format!("{output}/journal.rbases")), digest)
        };
        let with = run("a", "--augmentation true");
        assert_eq!(with, run("b", "--augmentation true"), "{presets}");
        assert_eq!(with, run("c", ""), "{presets}: it is the default");
        let without = run("d", "--augmentation false");
        assert_eq!(without, run("e", "--augmentation false"), "{presets}");
        assert!(with.0 != without.0 && with.1 != without.1, "{presets}: no difference");
        let seeds = run("f", "--seed 2");
        assert!(with.0 != seeds.0 && with.1 != seeds.1, "{presets}: no difference between seeds");
        place.run(&format!("verify {i}a/journal.rbases {i}d/journal.rbases")).ok();
        for (name, word) in [("a", "true"), ("d", "false")] {
            let inspected = place.run(&format!("inspect {i}{name}/journal.rbases")).ok();
            assert_eq!(value(&inspected, "augmentation"), word);
        }
    }
}

#[test]
fn evaluations_see_images_as_they_are() {
    let place = Place::new();
    for (i, presets) in ["small", "fc,synthetic", "fc,shapes", "cnn,shapes"].into_iter().enumerate() {
        let run = |word: &str| {
            let size = "-d 1 --train-images 24 --test-images 8 --batch-size 4 --epochs 2 --progress never";
            let line = format!("train --preset {presets} {size} --distribution zeros --augmentation {word}");
            place.run(&format!("{line} --output {i}{word}")).ok();
            json(&place, &format!("{i}{word}/summary.json"))
        };
        let (with, without) = (run("true"), run("false"));
        for key in ["weights_digest", "validation", "test"] {
            assert!(!with[key].is_null(), "{presets}: {key}");
            assert_eq!(with[key], without[key], "{presets}: {key}");
        }
        let journal = |word: &str| losses(&place.read(&format!("{i}{word}/journal.rbases")));
        let (with, without) = (journal("true"), journal("false"));
        assert_eq!(with.len(), 8);
        for (step, (with, without)) in with.iter().zip(&without).enumerate() {
            assert_ne!(with, without, "{presets}: step {step} saw plain images");
        }
    }
}

/// All training images are the same one, so without augmentation nothing tells steps and epochs apart. With it, a grey
/// image's brightness differs every time; a coloured one has 162 views, and may repeat some.
#[test]
fn every_image_has_a_view_of_its_own_in_every_epoch() {
    for (set, least) in [("mnist", 27), ("cifar10", 20)] {
        let place = Place::new();
        sets::write(&place, set, 1);
        let run = |word: &str, batch: usize| {
            let size = format!("-d 1 --batch-size {batch} --epochs 3 --progress never");
            let line = format!("train --preset fc,{set} --data-dir data {size} --distribution zeros");
            let output = format!("{word}{batch}");
            place.run(&format!("{line} --augmentation {word} --output {output}")).ok();
            losses(&place.read(&format!("{output}/journal.rbases")))
        };
        let distinct = |losses: &[f32]| losses.iter().map(|x| x.to_bits()).collect::<BTreeSet<_>>().len();
        // Three of twelve images are held back.
        let (plain, seen) = (run("false", 1), run("true", 1));
        assert_eq!((plain.len(), seen.len()), (27, 27));
        assert_eq!(distinct(&plain), 1, "{set}: {plain:?}");
        assert!(distinct(&seen) >= least, "{set}: {seen:?}");
        // The images held back, and those of the test set, are that one image as it is.
        for word in ["false", "true"] {
            let summary = json(&place, &format!("{word}1/summary.json"));
            for part in ["validation", "test"] {
                let loss = summary[part]["loss"].as_f64().unwrap();
                assert!((loss - f64::from(plain[0])).abs() < 1e-12, "{set}, {word}: {part} {loss}");
            }
        }
        // Whole epochs: the order of the images does not matter, what they look like does.
        let (plain, seen) = (run("false", 9), run("true", 9));
        assert_eq!((distinct(&plain), distinct(&seen)), (1, 3), "{set}: {plain:?}, {seen:?}");
    }
}
