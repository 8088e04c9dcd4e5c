//! `random-bases train`.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use random_bases_core::descent::Method;
use random_bases_core::numerics::digest;
use random_bases_core::record::Record;
use serde::Serialize;

use super::executor;
use crate::args::TrainArguments;
use crate::dataset::DataSet;
use crate::epochs::{EvaluationMetrics, Past, Run};
use crate::executor::{Hosted, within};
use crate::failure::{Failure, printed, say};
use crate::interrupt;
use crate::output::{OutputFolder, write_weights};
use crate::probes::report::Report;
use crate::progress::Reporter;
use crate::resume::{Standing, check_rates, past};
use crate::run_spec::RunSpec;
use crate::settings::{MachineSettings, Partial, Resolved, Settings, SettingsFlags, resolve};
use crate::training::{Generation, Part, begin, tensors};

/// `summary.json`.
#[derive(Debug, Serialize)]
struct Summary {
    network: &'static str,
    method: &'static str,
    data: String,
    seed: u64,
    steps: u64,
    steps_planned: u64,
    validation: Option<EvaluationMetrics>,
    test: Option<EvaluationMetrics>,
    weights: usize,
    compartments: usize,
    workers: u32,
    coordinates_per_step: usize,
    compression_ratio: f64,
    weights_digest: String,
    images_per_second: f64,
    seconds: f64,
}

/// Trains on threads, or goes on where an earlier process ended.
///
/// # Errors
/// As [`run`].
pub fn start(arguments: TrainArguments, out: &mut dyn Write) -> Result<(), Failure> {
    start_on(arguments, executor, out)
}

/// The same on what `executor` makes.
///
/// # Errors
/// As [`run`].
pub fn start_on<X: Hosted>(
    arguments: TrainArguments,
    executor: impl FnOnce(MachineSettings) -> Result<X, Failure>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let TrainArguments { resume, mut settings } = arguments;
    let standing = match &settings.values.output {
        Some(folder) if resume => Standing::find(folder)?,
        _ => None,
    };
    let Some(standing) = standing else {
        let resolved = resolve(&settings)?;
        if let (true, Some(folder)) = (resume, &settings.values.output) {
            say(format_args!("random-bases: {} holds no run; beginning one", folder.display()));
        }
        return run(&resolved, None, executor, out);
    };
    // A run goes on with what it began with. Flags come on top; what would change a bit is refused, here and where the journal's
    // head is compared.
    let values = Partial { output: settings.values.output.clone(), ..Partial::default() };
    let saved = SettingsFlags { config: Some(standing.configuration()), values, ..SettingsFlags::default() };
    let began_with = resolve(&saved)?.settings;
    if settings.config.is_none() {
        settings.config = saved.config;
    }
    let resolved = resolve(&settings)?;
    check_rates(&resolved.settings, &began_with)?;
    run(&resolved, Some((&standing, &began_with)), executor, out)
}

/// Trains on what `executor` makes; with `standing`, from where an earlier process ended, which began with the settings beside it.
///
/// # Errors
/// Whatever the settings, the data, the training, the machine or the output can do wrong.
pub fn run<X: Hosted>(
    resolved: &Resolved,
    standing: Option<(&Standing, &Settings)>,
    executor: impl FnOnce(MachineSettings) -> Result<X, Failure>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let settings = &resolved.settings;
    let machine = MachineSettings { threads: settings.threads, vector: settings.vector };
    let executor = executor(machine)?;
    let pool = Arc::clone(executor.host().pool());
    let data = DataSet::load(settings, &pool)?;
    let split = data.split(settings)?;
    let spec = RunSpec::new(settings, data.spec(split, settings.augmentation))?;
    let recorded = match standing {
        Some((standing, began_with)) => standing.run(&spec, began_with, settings)?,
        None => None,
    };
    let standing = standing.map(|(standing, _)| standing);

    let how = Generation {
        strategy: executor.strategy(&spec, settings.strategy),
        keeps_rows: settings.keep_projection_in_memory,
        repeats: recorded.is_some(),
    };
    let banner = format!(
        "{} on {}: {} training, {} validation, {} test images; {}{}",
        spec.network.name(),
        spec.data.name,
        split.training,
        split.validation,
        data.test_count(),
        executor.describe(&spec, how.strategy),
        match (spec.method, how) {
            (Method::Rbd | Method::Fpd, Generation { keeps_rows: true, .. }) => ", rows kept",
            (Method::Rbd | Method::Fpd, _) if spec.descent(how.strategy).is_fused() => ", fused",
            (Method::Rbd | Method::Fpd, _) => ", two-pass",
            _ => "",
        }
    );
    for doubt in resolved.doubts() {
        say(format_args!("random-bases: warning: {doubt}"));
    }
    let mut training = begin(&spec, how, executor, &data, split).map_err(Failure::configuration)?;
    training.check()?;
    // A step of several mini-batches may begin in one epoch and end in the next.
    let batches = training.batches_per_epoch() * u64::from(settings.epochs);
    let all = batches / spec.batches_per_step();
    if all == 0 {
        say(format_args!(
            "random-bases: warning: a step of {} takes {} mini-batches, and epochs = {} has {batches}; one \
             step is made all the same",
            spec.method.name(),
            match spec.options.workers.count {
                1 => format!("base_dimensions = {}", spec.dimensions),
                workers => format!("workers = {workers}"),
            },
            settings.epochs
        ));
    }
    let planned = all.max(1);
    let steps = settings.max_steps.unwrap_or(u64::MAX).min(planned);
    let probes = Report::new(settings, &tensors(spec.network));
    if let Some(probes) = &probes
        && probes.watch().any()
    {
        training.watch(probes.watch());
    }

    let (mut folder, mut journal, mut before): (Option<OutputFolder>, _, Option<Past<'_>>) =
        (None, None, None);
    match (&settings.output, standing, recorded) {
        (Some(path), Some(standing), Some(recorded)) => {
            let watches = probes.as_ref().is_some_and(|probes| probes.watch().any());
            let wanted = [planned, steps];
            let text = resolved.to_toml_of_run();
            let going_on =
                past(path, standing, recorded, &spec, settings, wanted, watches, &text, training.as_mut())?;
            (folder, journal, before) = (Some(going_on.folder), Some(going_on.journal), Some(going_on.past));
        }
        (Some(path), standing, _) => {
            if let Some(standing) = standing {
                standing.clear()?;
            }
            let mut created = OutputFolder::create(path, &resolved.to_toml_of_run())?;
            let mut file = created.journal()?;
            file.write(&Record::Run(spec.to_record()))?;
            journal = Some(file);
            if probes.is_some() {
                created.open_probes(0)?;
            }
            if settings.weight_streaming {
                created.open_stream(0, 4 * training.weights().len() as u64)?;
            }
            folder = Some(created);
        }
        (None, ..) => {}
    }
    let first = before.as_ref().map_or(0, |past| past.from);
    let digest_before = if journal.is_some() { digest(training.weights()) } else { 0 };
    let mut run = Run {
        settings,
        spec: &spec,
        training: training.as_mut(),
        journal,
        folder,
        probes,
        past: before,
        reporter: Reporter::new(settings.progress, steps.saturating_sub(first)),
        planned,
        start: Instant::now(),
        evaluating: 0.0,
        validation: None,
        digest: digest_before,
    };
    run.reporter.line(&banner);
    if let Some(past) = &run.past {
        run.reporter.line(&format!(
            "going on after {} steps, of which {} are {}",
            past.run.steps.len(),
            past.run.steps.len() as u64 - past.from,
            if past.trains { "trained again" } else { "replayed" }
        ));
    }
    if data.recognised.is_none() && settings.dataset.is_in_files() {
        say(format_args!(
            "random-bases: warning: the files are not the published ones of {}, by their digests; results may not \
             compare with others'",
            settings.dataset
        ));
    }
    if let Some(note) = &data.note {
        say(format_args!("random-bases: warning: {}: {note}", settings.dataset));
    }
    interrupt::watch();
    let result = within(&pool, || run.epochs(steps));
    run.reporter.finish();
    let made = result?;
    if let Some(journal) = run.journal.take() {
        journal.finish()?;
    }
    let summary = summary(&mut run, made, steps)?;
    if let Some(folder) = &run.folder {
        write_weights(&folder.weights_path(), run.training.weights(), &spec, made)?;
        folder.summary(&summary)?;
        for chart in folder.draw()? {
            run.reporter.line(&format!("drawn: {}", chart.display()));
        }
    }
    printed(print_summary(out, &summary))?;
    if made >= steps {
        return Ok(());
    }
    Err(Failure::Interrupted(format!("stopped after {made} of {steps} steps")))
}

fn summary(run: &mut Run<'_>, steps: u64, planned: u64) -> Result<Summary, Failure> {
    let made = steps - run.past.as_ref().map_or(0, |past| past.from);
    let images_per_second = run.images_per_second(made);
    let test = run.evaluate(Part::Test)?;
    let weights = run.training.weights();
    let (count, weights_digest) = (weights.len(), format!("{:016x}", digest(weights)));
    let spec = run.spec;
    let communicated = spec.communicated();
    Ok(Summary {
        network: spec.network.name(),
        method: spec.method.name(),
        data: spec.data.name.clone(),
        seed: spec.seed,
        steps,
        steps_planned: planned,
        validation: run.validation.map(Into::into),
        test: test.map(Into::into),
        weights: count,
        compartments: spec.compartments(),
        workers: spec.options.workers.count,
        coordinates_per_step: communicated,
        compression_ratio: (count * spec.options.workers.count as usize) as f64 / communicated as f64,
        weights_digest,
        images_per_second,
        seconds: run.start.elapsed().as_secs_f64(),
    })
}

fn print_summary(out: &mut dyn Write, summary: &Summary) -> std::io::Result<()> {
    for (name, evaluation) in [("validation", &summary.validation), ("test", &summary.test)] {
        if let Some(EvaluationMetrics { loss, accuracy, top_3_accuracy, .. }) = evaluation {
            writeln!(
                out,
                "{name:<20} accuracy {:.2} %, top 3 {:.2} %, loss {loss:.4}",
                100.0 * accuracy,
                100.0 * top_3_accuracy
            )?;
        }
    }
    writeln!(out, "{:<20} {}", "weights", summary.weights)?;
    writeln!(
        out,
        "{:<20} {} (compression {:.1}x)",
        "coordinates per step", summary.coordinates_per_step, summary.compression_ratio
    )?;
    writeln!(
        out,
        "{:<20} {} in {:.1} s, {:.0} images/s",
        "steps", summary.steps, summary.seconds, summary.images_per_second
    )?;
    writeln!(out, "{:<20} {}", "weights digest", summary.weights_digest)?;
    out.flush()
}
