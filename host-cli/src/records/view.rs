//! Records for people.

use std::fmt::Write;

use random_bases_core::descent::{
    CoordinatePolicy, Evolution, GradientBases, Landscape, Method, Options, UpdatePolicy, Workers,
};
use random_bases_core::record::{Floats, KeyTuple};
use random_bases_core::subspace::Normalisation;

use super::{AnswersRecord, Contents, RecordFile};
use crate::failure::Failure;
use crate::run_spec::RunSpec;

/// Lines shown of a long list, unless all are asked for: half from its start, half from its end.
const SHORT: usize = 20;

/// A readable view of a record file. `all`: every step instead of the first and last ones.
///
/// # Errors
/// [`Failure::Data`].
pub fn view(file: &RecordFile, all: bool) -> Result<String, Failure> {
    let mut out = String::new();
    match file.contents()? {
        Contents::Answers(AnswersRecord { words, rows, functions }) => {
            line(
                &mut out,
                format_args!(
                    "known answers: {} streams, {} rows, {} functions",
                    words.len(),
                    rows.len(),
                    functions.len()
                ),
            );
            for answer in words {
                let place = place(answer.key, answer.direction, answer.tile);
                line(
                    &mut out,
                    format_args!("words    {place} lane {:2}: {}", answer.lane, bits(&answer.words, 8)),
                );
            }
            for answer in rows {
                let place = place(answer.key, answer.direction, answer.tile);
                let name = answer.distribution.to_string();
                line(&mut out, format_args!("{name:10} {place}: {}", bits(&answer.values, 8)));
                line(&mut out, format_args!("           {}", decimals(&answer.values, 8)));
            }
            for answer in functions {
                let name = format!("{} {:?}", answer.math.name(), answer.name).to_lowercase();
                for (x, y) in answer.arguments.iter().zip(answer.values.iter()) {
                    line(
                        &mut out,
                        format_args!(
                            "{name:14} {:08x} -> {:08x}   ({x:e} -> {y:e})",
                            x.to_bits(),
                            y.to_bits()
                        ),
                    );
                }
            }
        }
        Contents::Run(run) => {
            out += &describe(&run.spec);
            line(&mut out, format_args!("steps              {}", run.steps.len()));
            line(
                &mut out,
                format_args!("step   rate           loss                    weights after     coordinates"),
            );
            let (count, mut skipped) = (run.steps.len(), false);
            for (i, step) in run.steps.iter().enumerate() {
                if !all && count > SHORT && (SHORT / 2..count - SHORT / 2).contains(&i) {
                    if !skipped {
                        line(
                            &mut out,
                            format_args!("...    ({} more; inspect --all shows them)", count - SHORT),
                        );
                    }
                    skipped = true;
                    continue;
                }
                line(
                    &mut out,
                    format_args!(
                        "{:<6} {:<14} {:08x} {:<14} {:016x}  {}",
                        step.step,
                        format!("{:e}", step.learning_rate),
                        step.loss.to_bits(),
                        format!("{:e}", step.loss),
                        step.digest,
                        if step.sgd_step { "along the gradient".into() } else { bits(&step.coordinates, 4) }
                    ),
                );
                if let Some(rate) = step.sgd_rate {
                    line(&mut out, format_args!("       along gradients {rate:e}"));
                }
                if !step.factors.is_empty() {
                    line(&mut out, format_args!("       factors {}", decimals(&step.factors, 8)));
                }
                for share in run.shares_of(i) {
                    line(
                        &mut out,
                        format_args!(
                            "       worker {:<7} {:08x} {:<14}                   {}",
                            share.worker,
                            share.loss.to_bits(),
                            format!("{:e}", share.loss),
                            bits(&share.coordinates, 4)
                        ),
                    );
                }
            }
            for (after, tensor) in &run.tensors {
                let every =
                    if tensor.stride == 1 { String::new() } else { format!(", every {}th", tensor.stride) };
                line(
                    &mut out,
                    format_args!(
                        "{} after {after} steps, {} elements{every}: {}",
                        tensor.name,
                        tensor.len,
                        bits(&tensor.values, 6)
                    ),
                );
            }
            if let Some(damage) = &run.damage {
                line(&mut out, format_args!("NOT COMPLETE: {damage}; the steps above are good"));
            }
        }
    }
    Ok(out)
}

/// What ran, a line each.
#[must_use]
pub fn describe(spec: &RunSpec) -> String {
    let data = &spec.data;
    let mut out = String::new();
    line(&mut out, format_args!("network            {}", spec.network.name()));
    line(
        &mut out,
        format_args!("data               {}, {} images, digest {:016x}", data.name, data.images, data.digest),
    );
    line(
        &mut out,
        format_args!("validation         {} images from image {} on", data.validation, data.validation_start),
    );
    line(&mut out, format_args!("augmentation       {}", data.augmentation));
    line(&mut out, format_args!("method             {}", spec.method.name()));
    if spec.dimensions > 0 {
        line(&mut out, format_args!("base_dimensions    {}", spec.dimensions));
    }
    if spec.method.has_random_basis() {
        line(&mut out, format_args!("distribution       {}", spec.distribution));
        line(&mut out, format_args!("normalized         {}", normalisation(spec.normalisation)));
        line(&mut out, format_args!("antithetic         {}", spec.antithetic));
    }
    match spec.method {
        Method::Nes(Evolution { noise, transformation })
        | Method::Hybrid(Evolution { noise, transformation }) => {
            line(&mut out, format_args!("noise_std          {noise}"));
            line(&mut out, format_args!("transformation     {}", transformation.name()));
        }
        Method::GradientBases(GradientBases { offset, use_update_as_base }) => {
            line(&mut out, format_args!("offset             {offset}"));
            line(&mut out, format_args!("use_update_as_base {use_update_as_base}"));
        }
        Method::Landscape(Landscape { bins, distance, curvature }) => {
            line(&mut out, format_args!("bins               {bins}"));
            line(&mut out, format_args!("binsize            {distance}"));
            line(&mut out, format_args!("curvature          {curvature}"));
        }
        _ => {}
    }
    options(&mut out, &spec.options);
    line(&mut out, format_args!("batch_size         {}", spec.batch));
    line(&mut out, format_args!("seed               {}", spec.seed));
    line(&mut out, format_args!("math               {}", spec.math.name()));
    out
}

/// The options that are not those of plain RBD, a line each.
fn options(out: &mut String, options: &Options) {
    let none = Options::NONE;
    if options.compartments != none.compartments {
        let split = if options.split { ", directions split" } else { "" };
        line(out, format_args!("compartments       {:?}{split}", options.compartments));
    }
    if options.workers != none.workers {
        let Workers { count, same_images, rows } = options.workers;
        let images = if same_images { "same" } else { "own" };
        line(out, format_args!("workers            {count}, {rows:?} rows, {images} images"));
    }
    if options.draws != none.draws {
        line(
            out,
            format_args!("draws              {:?}, {:?} anew", options.draws.period, options.draws.anew),
        );
    }
    if options.coordinates != none.coordinates {
        let CoordinatePolicy { transformation, top, reset, accumulate } = options.coordinates;
        line(
            out,
            format_args!(
                "coordinates        {}, top {top:?}, reset {reset:?}, accumulated {accumulate}",
                transformation.name()
            ),
        );
    }
    if options.update != none.update {
        let UpdatePolicy { momentum, nesterov, multiplier, surgeon, sgd_below, sgd_layers, sgd_steps } =
            options.update;
        line(
            out,
            format_args!(
                "update             momentum {momentum}, nesterov {nesterov}, multiplier {multiplier}, surgeon {surgeon:?}, \
                 SGD below {sgd_below:?}, SGD layers {sgd_layers:?}, SGD steps {sgd_steps}"
            ),
        );
    }
}

fn normalisation(normalisation: Normalisation) -> String {
    match normalisation {
        Normalisation::Mean => "false".into(),
        Normalisation::Row => "true".into(),
        Normalisation::By(norm) => norm.to_string(),
        Normalisation::Auto => "auto".into(),
    }
}

/// Which tile of which row: the key's tuple as (seed, redraw, worker, compartment).
pub(super) fn place(key: KeyTuple, direction: u32, tile: u32) -> String {
    let KeyTuple { seed, redraw, worker, compartment } = key;
    format!("({seed}, {redraw}, {worker}, {compartment}) direction {direction} tile {tile}")
}

/// The first `count` floats as bits.
fn bits(floats: &Floats<'_>, count: usize) -> String {
    shorten(floats, count, |x| format!("{:08x}", x.to_bits()))
}

/// The first `count` floats as decimal numbers.
fn decimals(floats: &Floats<'_>, count: usize) -> String {
    shorten(floats, count, |x| x.to_string())
}

fn shorten(floats: &Floats<'_>, count: usize, show: impl Fn(f32) -> String) -> String {
    let mut words: Vec<String> = floats.iter().take(count).map(show).collect();
    if floats.len() > count {
        words.push(format!("... {} in all", floats.len()));
    }
    words.join(" ")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes everything");
}
