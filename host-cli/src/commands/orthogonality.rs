//! `random-bases orthogonality`: the angle between random directions, in ever more dimensions.

use std::f64::consts::PI;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use random_bases_core::numerics::CONTRACT;
use random_bases_core::random::{Domain, Key};
use random_bases_core::subspace::orthogonality::{cosines, scratch};
use serde::Serialize;

use super::executor;
use crate::args::OrthogonalityArguments;
use crate::failure::{Failure, printed};
use crate::interrupt;
use crate::plot::{Axis, Chart, Series};
use crate::settings::MachineSettings;

/// Tiles of a wave, unless that is more floats than the most.
const WAVE: usize = 1024;
const FLOATS_MAX: usize = 1 << 21;

/// A line of `orthogonality.jsonl`. Mean and deviation are f64 of the cosines in order, so their bits are as portable as
/// those of the cosines.
#[derive(Debug, Serialize)]
struct Measured {
    dimensions: u64,
    draws: u32,
    distribution: String,
    seed: u64,
    numeric_contract: u16,
    mean: f64,
    deviation: f64,
    least: f32,
    greatest: f32,
    expected: f64,
    mean_bits: String,
    deviation_bits: String,
    least_bits: String,
    greatest_bits: String,
    /// |cos| of each pair, in order.
    cosine_bits: Vec<String>,
}

impl Measured {
    fn new(dimensions: u64, arguments: &OrthogonalityArguments, cosines: &[f32]) -> Self {
        let count = cosines.len() as f64;
        let mean = cosines.iter().map(|&cos| f64::from(cos)).sum::<f64>() / count;
        let squares = cosines.iter().map(|&cos| (f64::from(cos) - mean) * (f64::from(cos) - mean));
        let deviation = (squares.sum::<f64>() / count).sqrt();
        let least = cosines.iter().copied().fold(f32::INFINITY, f32::min);
        let greatest = cosines.iter().copied().fold(0.0, f32::max);
        Self {
            dimensions,
            draws: arguments.draws,
            distribution: arguments.distribution.to_string(),
            seed: arguments.seed,
            numeric_contract: CONTRACT,
            mean,
            deviation,
            least,
            greatest,
            expected: expected(dimensions as f64),
            mean_bits: format!("{:016x}", mean.to_bits()),
            deviation_bits: format!("{:016x}", deviation.to_bits()),
            least_bits: bits(least),
            greatest_bits: bits(greatest),
            cosine_bits: cosines.iter().copied().map(bits).collect(),
        }
    }
}

fn bits(x: f32) -> String {
    format!("{:08x}", x.to_bits())
}

/// The mean |cos| of the angle between directions of independent elements with mean zero, of which there are many.
fn expected(dimensions: f64) -> f64 {
    (2.0 / (PI * dimensions)).sqrt()
}

/// Measures, and prints a line per power of ten.
///
/// # Errors
/// [`Failure::Configuration`] if the folder already holds such files, [`Failure::Output`] if it cannot be written,
/// [`Failure::Interrupted`] if the user stopped before the end; what was measured until then is kept.
pub fn run(
    arguments: &OrthogonalityArguments,
    machine: MachineSettings,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut executor = executor(machine)?;
    let mut output = arguments.output.as_deref().map(Output::create).transpose()?;
    interrupt::watch();

    let pairs = arguments.draws as usize;
    let wave = WAVE.min(FLOATS_MAX / scratch(pairs, 1)).max(1);
    let (mut values, mut buffer) = (vec![0.0; pairs], vec![0.0; scratch(pairs, wave)]);
    let key = Key::new(Domain::Basis, arguments.seed, 0, 0, 0);
    let mut all = Vec::new();
    let titles = ["dimensions", "mean |cos|", "deviation", "least", "greatest", "expected"];
    printed(line(out, titles.map(String::from)))?;
    for exponent in 1..=arguments.largest {
        if interrupt::asked() {
            break;
        }
        let dimensions = 10usize.pow(exponent);
        cosines(&mut executor, key, arguments.distribution, dimensions, &mut values, &mut buffer);
        let measured = Measured::new(dimensions as u64, arguments, &values);
        let numbers = [
            measured.mean,
            measured.deviation,
            f64::from(measured.least),
            f64::from(measured.greatest),
            measured.expected,
        ];
        let [mean, deviation, least, greatest, expected] = numbers.map(|number| format!("{number:.4e}"));
        printed(line(out, [format!("10^{exponent}"), mean, deviation, least, greatest, expected]))?;
        if let Some(output) = &mut output {
            output.add(&measured)?;
        }
        all.push(measured);
    }
    if let Some(output) = &output {
        chart(arguments, &all).write(&output.chart)?;
    }
    if all.len() < arguments.largest as usize {
        return Err(Failure::Interrupted(format!(
            "interrupted after {} of {} powers of ten",
            all.len(),
            arguments.largest
        )));
    }
    Ok(())
}

/// A line of the table, at once.
fn line(out: &mut impl Write, [first, rest @ ..]: [String; 6]) -> std::io::Result<()> {
    let mut text = format!("{first:<10}");
    rest.iter().for_each(|column| text += &format!("  {column:>11}"));
    writeln!(out, "{text}")?;
    out.flush()
}

/// The folder with the results.
struct Output {
    lines: (PathBuf, File),
    chart: PathBuf,
}

impl Output {
    /// Makes the folder; nothing is ever overwritten.
    fn create(folder: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(|error| Failure::output(folder, error))?;
        let [lines, chart] = ["orthogonality.jsonl", "orthogonality.svg"].map(|name| folder.join(name));
        // Also links that lead nowhere.
        if let Some(there) = [&lines, &chart].into_iter().find(|path| path.symlink_metadata().is_ok()) {
            return Err(Failure::configuration(format_args!(
                "--output {}: already holds results ({}); choose another folder, or remove them",
                folder.display(),
                there.display()
            )));
        }
        let file = File::create_new(&lines).map_err(|error| Failure::output(&lines, error))?;
        Ok(Self { lines: (lines, file), chart })
    }

    fn add(&mut self, measured: &Measured) -> Result<(), Failure> {
        let text = serde_json::to_string(measured).map_err(Failure::internal)? + "\n";
        let (path, file) = &mut self.lines;
        file.write_all(text.as_bytes()).map_err(|error| Failure::output(path, error))
    }
}

/// Mean and deviation over the dimensions, and what is expected.
fn chart(arguments: &OrthogonalityArguments, all: &[Measured]) -> Chart {
    let OrthogonalityArguments { distribution, seed, draws, largest, .. } = arguments;
    let points = all.iter().map(|it| (it.dimensions as f64, it.mean)).collect();
    let band = all.iter().map(|it| (it.mean - it.deviation, it.mean + it.deviation)).collect();
    // As many points as make it a line without dots.
    let theory = (0..=100).map(|i| {
        let dimensions = 10f64.powf(1.0 + f64::from(largest - 1) * f64::from(i) / 100.0);
        (dimensions, expected(dimensions))
    });
    let title =
        format!("Angles between neighbouring random directions: {distribution}, seed {seed}, {draws} pairs");
    Chart {
        title,
        x: Axis { label: "dimensions D".into(), logarithmic: true },
        y: Axis { label: "|cos| of the angle".into(), logarithmic: true },
        series: vec![
            Series { name: "mean ± standard deviation".into(), points, band: Some(band) },
            Series { name: "expected: sqrt(2 / (π D))".into(), points: theory.collect(), band: None },
        ],
    }
}
