//! `random-bases plan`: what a run would be, before it is one.

use std::io::Write;

use random_bases_core::descent::{WorkerRows, Workers};
use random_bases_core::subspace::Compartment;

use crate::failure::{Failure, printed};
use crate::model::Model;
use crate::run_spec::{core_method, plan_of, shares_of};
use crate::settings::{Method, Settings};
use crate::training::tensors;

/// Rows of the table that are shown: half from its start, half from its end.
const ROWS: usize = 40;

/// Prints the table of compartments, and what travels at each step.
///
/// # Errors
/// [`Failure::Output`].
pub fn run(settings: &Settings, out: &mut impl Write) -> Result<(), Failure> {
    let model = Model::find(settings.network, settings.dataset.shape(settings.network))
        .ok_or_else(|| Failure::internal("settings of no network are refused"))?;
    printed(print(settings, model, out).and_then(|()| out.flush()))
}

fn print(settings: &Settings, model: Model, out: &mut impl Write) -> std::io::Result<()> {
    let params = model.params();
    writeln!(out, "{:<28} {}, {params} weights", "network", model.name())?;
    writeln!(out, "{:<28} {}", "method", settings.method)?;
    if !matches!(settings.method, Method::Rbd | Method::Fpd) {
        let core = core_method(settings.method);
        let numbers = if core.can_replay() { settings.base_dimensions as usize } else { params };
        return totals(out, params, numbers, &[numbers], 1);
    }
    let (plan, options) = (plan_of(settings, model), settings.options());
    let workers = options.workers;
    let count = workers.count as usize;
    writeln!(out)?;
    writeln!(out, "{:>11}  {:>9}  {:>9}  {:>11}  of", "compartment", "weights", "d", "weights / d")?;
    for (k, compartment) in plan.iter().enumerate() {
        if plan.len() > ROWS && (ROWS / 2..plan.len() - ROWS / 2).contains(&k) {
            if k == ROWS / 2 {
                writeln!(out, "{:>11}  ({} more)", "...", plan.len() - ROWS)?;
            }
            continue;
        }
        let (weights, d) = (compartment.elements, compartment.dimensions);
        let ratio = weights as f64 / d as f64;
        writeln!(out, "{k:>11}  {weights:>9}  {d:>9}  {ratio:>11.1}  {}", contents(model, &compartment))?;
    }
    writeln!(out)?;
    writeln!(out, "{:<28} {}", "compartments", plan.len())?;
    if plan.elements() < params {
        writeln!(out, "{:<28} {}", "weights along gradients", params - plan.elements())?;
    }
    let shares = shares_of(settings, model);
    let followed = params - plan.elements();
    let directions = plan.coordinates() * if workers.rows == WorkerRows::Own { count } else { 1 };
    writeln!(out, "{:<28} {}, {}", "workers", workers.count, rows(workers))?;
    totals(out, params, directions, &shares, followed + shares.iter().sum::<usize>())?;
    writeln!(out, "{:<28} {}", "learning rate, first step", settings.rates(0, 1_000_000).method)
}

/// What travels, and how much less than all weights that is.
fn totals(
    out: &mut impl Write,
    params: usize,
    directions: usize,
    shares: &[usize],
    communicated: usize,
) -> std::io::Result<()> {
    let communicated = communicated.max(shares.iter().sum());
    let (least, most) = (shares.iter().min().unwrap_or(&0), shares.iter().max().unwrap_or(&0));
    let each = if least == most { least.to_string() } else { format!("{least} to {most}") };
    writeln!(out, "{:<28} {directions}", "directions per step")?;
    writeln!(out, "{:<28} {each}", "coordinates, each worker")?;
    writeln!(out, "{:<28} {communicated}, {} bytes", "numbers per step, in all", 4 * communicated)?;
    let ratio = (params * shares.len()) as f64 / communicated as f64;
    writeln!(out, "{:<28} {ratio:.1}x", "compression")
}

fn rows(workers: Workers) -> &'static str {
    match workers.rows {
        _ if workers.count == 1 => "alone",
        WorkerRows::Own => "directions of their own",
        WorkerRows::Shared => "the same directions",
        WorkerRows::Averaged => "the same directions, coordinates added up",
        WorkerRows::Split => "each a part of the directions",
    }
}

/// Which tensors a compartment has something of.
fn contents(model: Model, compartment: &Compartment) -> String {
    let tensors = tensors(model);
    let mut names: Vec<&str> = Vec::new();
    for tensor in &tensors {
        let (start, end) = (tensor.start, tensor.start + tensor.len);
        if compartment.segments.iter().any(|segment| segment.start < end && start < segment.end) {
            names.push(&tensor.name);
        }
    }
    names.join(", ")
}
