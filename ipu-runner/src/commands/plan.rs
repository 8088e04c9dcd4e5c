//! `ipu-runner plan`: a training step on a machine, superstep by superstep.

use std::io::Write;

use random_bases::failure::{Failure, printed};
use random_bases::model::ForNetwork;
use random_bases::run_spec::{DataSpec, RunSpec};
use random_bases::settings::{Settings, resolve};
use random_bases_core::descent::{Memory, Rates, Sizes};
use random_bases_core::nn::{Batch, Layer, Network};
use random_bases_core::numerics::Libm;
use random_bases_core::subspace::Strategy;

use crate::args::PlanArguments;
use crate::graph::{Graph, Program, check};
use crate::machine::{Cost, Usage, check_memory, cost, usage};
use crate::program::{self, ProgramError};
use crate::target::Target;

/// Prints the plan.
///
/// # Errors
/// If the settings make no sense, the step is not one program, or does not fit the machine.
pub fn run(arguments: &PlanArguments, out: &mut impl Write) -> Result<(), Failure> {
    let settings = resolve(&arguments.settings)?.settings;
    let target = arguments.target.target(arguments.ipus);
    let spec = spec(&settings)?;
    let made = spec.network.with(Step { spec: &spec, target: &target, rates: settings.rates(0, 1_000_000) });
    let (graph, program) = made.map_err(Failure::configuration)?;
    check(&graph, std::slice::from_ref(&program), target.tiles())
        .map_err(|fault| Failure::internal(fault.to_string()))?;
    let (costs, usage) = (merge(cost(&graph, &program)), usage(&graph));
    printed(print(&spec, &target, &costs, &usage, out).and_then(|()| out.flush()))?;
    check_memory(&graph, &target).map_err(|fault| {
        Failure::configuration(format!(
            "{fault}. Fewer --base-dimensions or --batch-size need less; more --ipus have more"
        ))
    })
}

/// The run, of images that nobody looks at.
fn spec(settings: &Settings) -> Result<RunSpec, Failure> {
    let data = DataSpec {
        name: settings.dataset.to_string(),
        images: settings.batch_size,
        validation_start: 0,
        validation: 0,
        augmentation: false,
        digest: 0,
    };
    RunSpec::new(settings, data)
}

/// Lowers one step.
struct Step<'s> {
    spec: &'s RunSpec,
    target: &'s Target,
    rates: Rates,
}

impl ForNetwork for Step<'_> {
    type Output = Result<(Graph, Program), ProgramError>;

    fn run<N: Network>(self) -> Self::Output {
        let images = self.spec.batch as usize;
        let mut descent = self.spec.descent(Strategy::TwoPass);
        // Of FPD the second step, like all but the first.
        descent.resume(1);
        let sizes = Sizes::of_descent::<N>(&descent, images, 1);
        let mut floats = vec![0.0; sizes.floats()];
        let mut memory = Memory::carve(sizes, &mut floats);
        let (input, labels) = (vec![0.0; images * N::Layers::INPUT], vec![0; images]);
        let mut batch = Batch { input: &input, labels: &labels };
        program::plan::<N, Libm>(self.target, &mut descent, self.rates, &mut batch, &mut memory)
    }
}

/// Steps of the same name, added up: layers have several.
fn merge(costs: Vec<Cost>) -> Vec<(usize, Cost)> {
    let mut merged: Vec<(usize, Cost)> = Vec::new();
    for cost in costs {
        match merged.iter_mut().find(|(_, there)| there.name == cost.name) {
            Some((count, there)) => {
                *count += 1;
                there.vertices += cost.vertices;
                there.tiles = there.tiles.max(cost.tiles);
                there.compute += cost.compute;
                there.total += cost.total;
                there.exchange += cost.exchange;
                there.bytes += cost.bytes;
                there.sync += cost.sync;
            }
            None => merged.push((1, cost)),
        }
    }
    merged
}

fn print(
    spec: &RunSpec,
    target: &Target,
    costs: &[(usize, Cost)],
    usage: &Usage,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let tiles = target.tiles();
    writeln!(
        out,
        "{}, {}, D = {}, d = {}, {} images, on {} x {} ({tiles} tiles, {:.2} GHz)\n",
        spec.network.name(),
        spec.method.name(),
        spec.network.params(),
        spec.dimensions,
        spec.batch,
        target.ipus,
        target.name,
        target.clock / 1e9
    )?;
    let head =
        ["superstep", "times", "vertices", "tiles", "busy", "compute", "exchange", "sync", "KiB moved"];
    writeln!(
        out,
        "{:<28} {:>5} {:>9} {:>6} {:>6} {:>10} {:>9} {:>7} {:>10}",
        head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7], head[8]
    )?;
    let busy = |cost: &Cost| match cost.compute {
        0 => 0.0,
        compute => cost.total as f64 / (compute * u64::from(tiles)) as f64,
    };
    for (count, cost) in costs {
        writeln!(
            out,
            "{:<28} {count:>5} {:>9} {:>6} {:>5.0}% {:>10} {:>9} {:>7} {:>10.1}",
            cost.name,
            cost.vertices,
            cost.tiles,
            100.0 * busy(cost),
            cost.compute,
            cost.exchange,
            cost.sync,
            cost.bytes as f64 / 1024.0
        )?;
    }
    let sum = |of: &dyn Fn(&Cost) -> u64| costs.iter().map(|(_, cost)| of(cost)).sum::<u64>();
    let (turns, compute) = (sum(&Cost::turns), sum(&|cost| cost.compute));
    let rows = |cost: &Cost| if matches!(&*cost.name, "project" | "lift") { cost.compute } else { 0 };
    let all = sum(&|cost| cost.total);
    writeln!(out)?;
    writeln!(out, "{:<34} {turns} cycles, {:.1} us", "a step", turns as f64 / target.clock * 1e6)?;
    writeln!(out, "{:<34} {:.1} %", "of it making rows", 100.0 * sum(&rows) as f64 / turns as f64)?;
    writeln!(
        out,
        "{:<34} {:.1} %",
        "tiles busy, of all computing",
        100.0 * all as f64 / (compute * u64::from(tiles)) as f64
    )?;
    let used: Vec<_> = (0..tiles).map(|tile| usage.of(tile)).collect();
    let (most, mean) = (used.iter().max().copied().unwrap_or(0), used.iter().sum::<u64>() / u64::from(tiles));
    let of = target.bytes_per_tile;
    writeln!(out, "{:<34} {most} at most, {mean} on average, of {of}", "bytes per tile")?;
    writeln!(out, "{:<34} {}", "tiles used", used.iter().filter(|bytes| **bytes > 0).count())?;
    writeln!(
        out,
        "\nEstimated, not measured: bundles per element are counted from the sources (lower/costs.rs), with no use of pairs of floats;"
    )?;
    writeln!(
        out,
        "a worker issues one bundle every six cycles; the exchange moves 4 bytes a cycle; a sync takes 150 cycles."
    )
}
