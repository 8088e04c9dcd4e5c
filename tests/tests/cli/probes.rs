//! Probes: what they write, and that they change nothing.

use serde_json::Value;

use super::support::{Place, SMALL, value};

const ALL: &str = "correlation,coordinates,successive,hessian,full-hessian,landscape";

fn lines(place: &Place, folder: &str) -> Vec<Value> {
    let text = place.text(&format!("{folder}/probes.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of<'l>(lines: &'l [Value], probe: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["probe"] == probe).collect()
}

fn number(line: &Value, member: &str) -> f64 {
    line[member].as_f64().unwrap_or_else(|| panic!("{member} of {line}"))
}

#[test]
fn probes_write_what_they_saw_and_change_nothing() {
    for flags in [
        "",
        "--workers 2",
        "--workers 3 --split-dimensions-across-workers --same-images-for-each-worker",
        "--method fpd",
        "--momentum 0.5 --use-sgd-for-layer 1",
    ] {
        let place = Place::new();
        let run = format!("train {SMALL} --epochs 2 --progress never {flags} --output");
        let plain = place.run(&format!("{run} plain")).ok();
        let probed = place.run(&format!("{run} probed --probes {ALL} --bins 5 --probe-directions 4")).ok();
        assert_eq!(value(&plain, "weights digest"), value(&probed, "weights digest"), "{flags}");
        assert_eq!(place.read("plain/journal.rbases"), place.read("probed/journal.rbases"), "{flags}");
        assert!(!place.path("plain/probes.jsonl").exists());

        let lines = lines(&place, "probed");
        for probe in ALL.split(',') {
            let found = of(&lines, probe);
            let epochs: Vec<u64> = found.iter().map(|line| line["epoch"].as_u64().unwrap()).collect();
            assert_eq!(epochs, [1, 2], "{probe}, {flags}");
            assert!(place.text(&format!("probed/{probe}.svg")).starts_with("<svg"), "{probe}");
        }
        assert_eq!(lines.len(), 12);
        for line in of(&lines, "correlation") {
            // A step along random directions goes down, but not straight down.
            let (least, mean, most) = (number(line, "min"), number(line, "mean"), number(line, "max"));
            assert!(-1.0 <= least && least <= mean && mean <= most && most <= 1.0, "{line}");
            assert!(mean > 0.0 || flags.contains("momentum"), "{line}");
            let tensors = line["tensors"].as_object().unwrap().len();
            assert_eq!(tensors, if flags.contains("layer 1") { 2 } else { 4 }, "{line}");
        }
        for line in of(&lines, "landscape") {
            assert_eq!(line["places"].as_array().unwrap().len(), 5);
            assert_eq!(line["losses"].as_array().unwrap().len(), 4);
            // All profiles meet in the middle.
            let middles: Vec<&Value> = line["losses"].as_array().unwrap().iter().map(|p| &p[2]).collect();
            assert!(middles.windows(2).all(|pair| pair[0] == pair[1]), "{line}");
        }
        for line in of(&lines, "full-hessian").into_iter().chain(of(&lines, "hessian")) {
            assert!(number(line, "norm") > 0.0, "{line}");
        }
    }
}

/// The cosine of an update along all of many directions to the gradient is about sqrt(d / D); a step of SGD's has cosine 1.
#[test]
fn correlations_have_the_size_that_theory_says() {
    let place = Place::new();
    let run = "train --preset small --train-images 600 --test-images 50 --epochs 2 --progress never --probes correlation";
    for (d, folder) in [(24, "few"), (600, "many")] {
        place.run(&format!("{run} -d {d} --learning-rate 0.001 --output {folder}")).ok();
        let mean = number(of(&lines(&place, folder), "correlation")[1], "mean");
        let want = (f64::from(d) / (2410.0 + f64::from(d))).sqrt();
        assert!((mean / want - 1.0).abs() < 0.15, "d = {d}: {mean}, expected {want}");
    }
    place
        .run(&format!("{run} -d 24 --update-schedule sgd-first --update-schedule-epochs 1 --output sgd"))
        .ok();
    let line = &of(&lines(&place, "sgd"), "correlation")[0].clone();
    assert!(number(line, "min") > 0.9999, "{line}");
}

#[test]
fn details_are_a_line_per_step() {
    let place = Place::new();
    let run = format!(
        "train {SMALL} --max-steps 5 --progress never --probes {ALL} --probe-directions 3 --probe-detail --output a"
    );
    place.run(&run).ok();
    let lines = lines(&place, "a");
    let steps = of(&lines, "step");
    assert_eq!(steps.iter().map(|line| line["steps"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    for (i, line) in steps.iter().enumerate() {
        assert_eq!(line["correlations"].as_object().unwrap().len(), 4);
        assert!(line["coordinates"]["std"].as_f64().unwrap() > 0.0);
        assert_eq!(line.get("successive").is_some(), i > 0, "the first gradient has none before it");
    }
    // The epoch's line is about the same numbers.
    let means: f64 = steps.iter().map(|line| number(line, "correlation")).sum::<f64>() / 5.0;
    assert!((means - number(of(&lines, "correlation")[0], "mean")).abs() < 1e-9);
    assert_eq!(of(&lines, "full-hessian")[0]["matrix"].as_array().unwrap().len(), 3);
    assert_eq!(of(&lines, "hessian")[0]["along"].as_array().unwrap().len(), 3);
}

/// The original's `corr` model: mini-batch gradients of a network that does not move.
#[test]
fn gradients_of_a_network_that_stands_still() {
    let place = Place::new();
    let run = "train --preset small,sgd --train-images 200 --test-images 40 --learning-rate 0 --epochs 5 --progress never --output a \
               --probes successive";
    let output = place.run(run).ok();
    let found = lines(&place, "a");
    let line = of(&found, "successive")[1];
    let mean = number(line, "mean");
    // Gradients of one network on images of one kind point the same way, but not quite.
    assert!(mean > 0.1 && mean < 0.999, "{line}");
    let metrics = place.text("a/metrics.jsonl");
    let digests: Vec<Value> =
        metrics.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
    assert_eq!(digests[0]["weights_digest"], digests[1]["weights_digest"]);
    assert_eq!(digests[0]["weights_digest"], value(&output, "weights digest"));
}

/// Curvature along directions from losses equals that from gradients, which are found in another way: on the mean, since
/// a network of ReLUs has kinks, which differences of losses and of gradients weight differently.
#[test]
fn curvature_of_a_known_function() {
    let place = Place::new();
    let run = "train --preset small --train-images 600 --test-images 50 --epochs 1 --progress never --augmentation false \
               --batch-size 256 --probes hessian,full-hessian --probe-directions 40 --binsize 0.01 --probe-detail --output a";
    place.run(run).ok();
    let lines = lines(&place, "a");
    let (by_losses, by_gradients) = (of(&lines, "hessian")[0], of(&lines, "full-hessian")[0]);
    let along = by_losses["along"].as_array().unwrap();
    let (mut losses, mut gradients) = (0.0, 0.0);
    for (i, along) in along.iter().enumerate() {
        // Rows as drawn have length sqrt(D), the others 1.
        losses += along.as_f64().unwrap() / 2410.0;
        gradients += by_gradients["matrix"][i][i].as_f64().unwrap();
        for j in 0..along_count(by_gradients) {
            let pair = [[i, j], [j, i]].map(|[i, j]| by_gradients["matrix"][i][j].as_f64().unwrap());
            let apart = (pair[0] - pair[1]).abs();
            assert!(apart < 0.05 * number(by_gradients, "norm"), "not symmetric: {pair:?}");
        }
    }
    assert!(gradients > 0.0 && (losses / gradients - 1.0).abs() < 0.05, "{losses} {gradients}");
}

fn along_count(line: &Value) -> usize {
    line["matrix"].as_array().unwrap().len()
}
