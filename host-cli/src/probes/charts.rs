//! What probes found, drawn: a chart per probe, made from the lines of `probes.jsonl`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::Failure;
use crate::plot::{Axis, Chart, Series};

/// Draws all probes that `lines` know of into `folder`; returns what was written.
///
/// # Errors
/// [`Failure::Output`].
pub fn draw(lines: &[Value], folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut written = Vec::new();
    for (probe, chart) in CHARTS {
        let of_probe: Vec<&Value> = lines.iter().filter(|line| line["probe"] == *probe).collect();
        if of_probe.is_empty() {
            continue;
        }
        let path = folder.join(format!("{probe}.svg"));
        chart(&of_probe).write(&path)?;
        written.push(path);
    }
    Ok(written)
}

/// Makes a chart of a probe's lines, of which there is at least one.
type Draw = fn(&[&Value]) -> Chart;

/// Each probe with its chart; the file has the probe's name.
pub const CHARTS: &[(&str, Draw)] = &[
    ("correlation", correlation),
    ("coordinates", coordinates),
    ("successive", successive),
    ("hessian", hessian),
    ("full-hessian", full_hessian),
    ("landscape", landscape),
];

fn axis(label: &str, logarithmic: bool) -> Axis {
    Axis { label: label.into(), logarithmic }
}

/// A member of each line over the epochs; with the band of one deviation, if the members have one.
fn over_epochs(lines: &[&Value], name: &str, member: impl Fn(&Value) -> f64, band: bool) -> Series {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let points = lines.iter().map(|line| (number(&line["epoch"]), member(line))).collect();
    let around = |line: &&Value| {
        let (mean, std) = (number(&line["mean"]), number(&line["std"]));
        (mean - std, mean + std)
    };
    let band = band.then(|| lines.iter().map(around).collect());
    Series { name: name.into(), points, band }
}

fn member(name: &'static str) -> impl Fn(&Value) -> f64 {
    move |line| line[name].as_f64().unwrap_or(f64::NAN)
}

fn correlation(lines: &[&Value]) -> Chart {
    let mut series = vec![over_epochs(lines, "all weights", member("mean"), true)];
    if let Some(tensors) = lines[0]["tensors"].as_object() {
        for name in tensors.keys() {
            let mean = |line: &Value| line["tensors"][name]["mean"].as_f64().unwrap_or(f64::NAN);
            series.push(over_epochs(lines, name, mean, false));
        }
    }
    Chart {
        title: "How updates agree with the negative gradient".into(),
        x: axis("epoch", false),
        y: axis("cosine, mean of the epoch's steps", false),
        series,
    }
}

fn coordinates(lines: &[&Value]) -> Chart {
    Chart {
        title: "Coordinates".into(),
        x: axis("epoch", false),
        y: axis("coordinate", false),
        series: vec![
            over_epochs(lines, "mean, and a deviation around it", member("mean"), true),
            over_epochs(lines, "least", member("min"), false),
            over_epochs(lines, "greatest", member("max"), false),
        ],
    }
}

fn successive(lines: &[&Value]) -> Chart {
    Chart {
        title: "How gradients of successive steps agree".into(),
        x: axis("epoch", false),
        y: axis("cosine, mean of the epoch's steps", false),
        series: vec![over_epochs(lines, "cosine", member("mean"), true)],
    }
}

fn hessian(lines: &[&Value]) -> Chart {
    Chart {
        title: "The Hessian, from curvature along random directions".into(),
        x: axis("epoch", false),
        // A trace may be negative.
        y: axis("estimate", false),
        series: vec![
            over_epochs(lines, "Frobenius norm", member("norm"), false),
            over_epochs(lines, "norm of the diagonal (noisy)", member("diagonal_norm"), false),
            over_epochs(lines, "trace", member("mean"), false),
        ],
    }
}

fn full_hessian(lines: &[&Value]) -> Chart {
    Chart {
        title: "The Hessian between random directions".into(),
        x: axis("epoch", false),
        y: axis("curvature", false),
        series: vec![
            over_epochs(lines, "Frobenius norm", member("norm"), false),
            over_epochs(lines, "along a direction", member("mean"), true),
        ],
    }
}

/// The last epoch's profiles.
fn landscape(lines: &[&Value]) -> Chart {
    let last = lines[lines.len() - 1];
    let numbers = |value: &Value| -> Vec<f64> {
        value.as_array().into_iter().flatten().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
    };
    let places = numbers(&last["places"]);
    let profiles = last["losses"].as_array().map_or(&[][..], Vec::as_slice);
    let series = profiles.iter().enumerate().map(|(i, profile)| Series {
        name: format!("direction {i}"),
        points: places.iter().copied().zip(numbers(profile)).collect(),
        band: None,
    });
    Chart {
        title: format!("The loss along random directions after {} steps", last["steps"]),
        x: axis("distance along a row as drawn", false),
        y: axis("loss of a mini-batch", false),
        series: series.collect(),
    }
}
