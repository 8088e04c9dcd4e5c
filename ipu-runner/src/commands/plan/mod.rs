//! `ipu-runner plan`: a training step on a machine, superstep by superstep.
//!
//! In reading order: `case` is a step on a machine, and whether it fits; `replicas` shares chips among workers; `table` prints what the step costs,
//! `picture` draws how full tiles are; `remedies` looks for what would fit.

mod case;
mod picture;
mod remedies;
mod replicas;
mod table;

use std::io::Write;

use random_bases::failure::{Failure, printed};
use random_bases::run_spec::{DataSpec, RunSpec};
use random_bases::settings::{Settings, resolve};

use super::expect_libm;
use crate::args::PlanArguments;
use crate::executor::strategy;
use crate::graph::check;
use crate::machine::{check_memory, cost, usage};
use case::Case;
use remedies::Look;
use replicas::Replicas;
use table::Table;

/// Prints the plan, and draws it if asked to.
///
/// # Errors
/// [`Failure::Configuration`] if the settings make no sense, the step is not one program, or does not fit the machine: then with what would.
/// [`Failure::Output`] if the picture cannot be written.
pub fn run(arguments: &PlanArguments, out: &mut impl Write) -> Result<(), Failure> {
    let settings = resolve(&arguments.settings)?.settings;
    let spec = spec(&settings)?;
    expect_libm(&spec)?;
    let replicas = Replicas::new(&spec, arguments.ipus)?;
    let target = arguments.target.target(replicas.chips);
    let strategy = strategy(settings.strategy);
    let case = Case { spec, target, rates: settings.rates(0, 1_000_000), strategy };
    case.check_buffers().map_err(|fault| remedies::failure(&case, &replicas, &fault, Look::Buffers))?;
    let (graph, program) = case.lower().map_err(Failure::configuration)?;
    let programs = [program];
    let usage = usage(&graph, &programs);
    let table = Table {
        spec: &case.spec,
        target: &case.target,
        replicas: &replicas,
        costs: table::merge(cost(&graph, &programs[0], &case.target)),
        usage: &usage,
        computing: table::computing(&graph),
    };
    printed(table.print(out).and_then(|()| out.flush()))?;
    if let Some(path) = &arguments.svg {
        picture::write(path, &table.title(), &case.target, &usage)?;
    }
    let Err(fault) = check_memory(&usage, &case.target) else {
        // Looks at every element: so only at graphs that fit.
        return check(&graph, &programs, case.target.tiles())
            .map_err(|fault| Failure::internal(fault.to_string()));
    };
    // Room for the graphs of other cases.
    drop((graph, programs));
    Err(remedies::failure(&case, &replicas, &fault, Look::Whole))
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
