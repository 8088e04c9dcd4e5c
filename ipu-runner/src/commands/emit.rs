//! `ipu-runner emit`: a C++ project that makes a training's first steps on an IPU.

use std::fs;
use std::io::Write;
use std::path::Path;

use random_bases::dataset::{DataSet, Split};
use random_bases::executor::Threads;
use random_bases::failure::{Failure, printed};
use random_bases::feed::Feed;
use random_bases::model::ForNetwork;
use random_bases::run_spec::RunSpec;
use random_bases::settings::{Settings, resolve};
use random_bases_core::descent::{Memory, Sizes};
use random_bases_core::nn::Network;
use random_bases_core::numerics::{Libm, digest};

use super::expect_libm;
use crate::args::EmitArguments;
use crate::emit::{Expected, Project};
use crate::executor::strategy;
use crate::graph::check;
use crate::machine::{check_memory, usage};
use crate::program::{RecordedProgram, Recording};
use crate::target::Target;

/// Writes the project.
///
/// # Errors
/// If the settings make no sense, a step is not one program or does not fit the machine, or the folder holds something.
pub fn run(arguments: &EmitArguments, out: &mut impl Write) -> Result<(), Failure> {
    let folder = &arguments.output;
    expect_empty(folder)?;
    let settings = resolve(&arguments.settings)?.settings;
    let target = arguments.target.target(arguments.ipus);
    let host = Threads::new(settings.threads as usize, None).map_err(Failure::configuration)?;
    let data = DataSet::load(&settings, host.pool())?;
    let split = data.split(&settings)?;
    let spec = RunSpec::new(&settings, data.spec(split, settings.augmentation))?;
    expect_libm(&spec)?;
    let steps = u64::from(arguments.steps);
    let work =
        Steps { settings: &settings, spec: &spec, target: &target, host: &host, data: &data, split, steps };
    let made = spec.network.with(work)?;
    let last = made.expected.last().map_or(0, |last| last.digest);
    let what = format!(
        "{}, {}, D = {}, d = {}, {} images a step of {}, seed {}.",
        spec.network.name(),
        spec.method.name(),
        spec.network.params(),
        spec.dimensions,
        spec.batch,
        spec.data.name,
        spec.seed
    );
    let Made { recording, start, expected } = made;
    let project = Project { what, target: &target, recording: &recording, start, expected };
    project.write(folder).map_err(|(path, error)| Failure::output(path, error))?;
    let folder = folder.display();
    printed(
        writeln!(out, "{steps} steps in {folder}; after them the weights have the digest {last:016x}")
            .and_then(|()| {
                writeln!(out, "where a Poplar SDK is enabled: make -C {folder}, and there ./train ipu")
            }),
    )
}

/// Nobody's files are overwritten.
fn expect_empty(folder: &Path) -> Result<(), Failure> {
    let empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(Failure::output(folder, error)),
    };
    let message =
        || format!("OUTPUT = {}: is not empty; name a folder that is, or a new one", folder.display());
    if empty { Ok(()) } else { Err(Failure::configuration(message())) }
}

/// A program that breaks no rule and fits the machine.
fn expect_sound(program: &RecordedProgram, target: &Target) -> Result<(), Failure> {
    let programs = std::slice::from_ref(&program.program);
    check(&program.graph, programs, target.tiles()).map_err(|fault| Failure::internal(fault.to_string()))?;
    check_memory(&usage(&program.graph, programs), target).map_err(Failure::from)
}

/// Steps that were written down and computed.
struct Made {
    recording: Recording,
    start: Vec<Vec<u32>>,
    expected: Vec<Expected>,
}

/// Writes down steps, and computes them here.
struct Steps<'s> {
    settings: &'s Settings,
    spec: &'s RunSpec,
    target: &'s Target,
    host: &'s Threads,
    data: &'s DataSet,
    split: Split,
    steps: u64,
}

impl ForNetwork for Steps<'_> {
    type Output = Result<Made, Failure>;

    fn run<N: Network>(self) -> Self::Output {
        let Self { settings, spec, target, host, data, split, steps } = self;
        let begin = || spec.descent(strategy(settings.strategy));
        let (mut here, mut there) = (begin(), begin());
        let sizes = Sizes::of_descent::<N>(&here, spec.batch as usize, 1);
        let (mut floats, mut others) = (vec![0.0; sizes.floats()], vec![0.0; sizes.floats()]);
        let (mut memory, mut shadow) = (Memory::carve(sizes, &mut floats), Memory::carve(sizes, &mut others));
        let mut executor = host.clone();
        here.start::<N, _>(&mut executor, &mut memory);
        there.start::<N, _>(&mut executor, &mut shadow);
        let bits = |floats: &[f32]| floats.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        // In the order of `RecordedProgram::standing`.
        let standing = [&*memory.weights, &*memory.position];
        let start = standing.into_iter().filter(|buffer| !buffer.is_empty()).map(bits).collect();
        let mut feed = Feed::new(spec, data, split, host.pool());
        // The run's own schedule, as if it went on to its last epoch.
        let planned =
            u64::from(spec.batches_per_epoch()) * u64::from(settings.epochs) / spec.batches_per_step();
        let mut recording = Recording::new(*target);
        let (mut expected, mut checked) = (Vec::new(), 0);
        for step in 0..steps {
            let rates = settings.rates(step, planned.max(1));
            feed.begin_step(step);
            recording
                .step::<N, Libm>(&mut there, rates, &mut feed, &mut shadow)
                .map_err(Failure::configuration)?;
            // Before anything is computed: a step may take long.
            recording.programs().skip(checked).try_for_each(|program| expect_sound(program, target))?;
            checked = recording.programs().len();
            let outcome = here.step::<N, Libm, _>(&mut executor, rates, &mut feed, &mut memory);
            if !outcome.loss.is_finite() {
                return Err(Failure::diverged(format!("step {step}: the loss is {}", outcome.loss)));
            }
            expected.push(Expected { loss: outcome.loss, digest: digest(memory.weights) });
        }
        Ok(Made { recording, start, expected })
    }
}
