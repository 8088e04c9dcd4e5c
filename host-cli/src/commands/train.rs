//! `random-bases train`.

use std::io::Write;
use std::time::Instant;

use random_bases_core::descent::{Evolution, Method, Outcome};
use random_bases_core::numerics::digest;
use random_bases_core::record::{Floats, Record, Step};
use random_bases_core::subspace::{Normalisation, Strategy};
use serde::Serialize;

use super::executor;
use crate::dataset::DataSet;
use crate::failure::{Failure, printed, say};
use crate::interrupt;
use crate::output::{OutputFolder, write_weights};
use crate::progress::Reporter;
use crate::records::RecordWriter;
use crate::run_spec::RunSpec;
use crate::settings::{MachineSettings, Resolved, Settings};
use crate::training::{Evaluation, Part, Training, begin};

/// A line of `metrics.jsonl`. Loss sums are f64 of the images' f32 losses in order, so their bits are as portable as
/// the weights'.
#[derive(Debug, Serialize)]
struct EpochMetrics {
    epoch: u64,
    steps: u64,
    learning_rate: f32,
    learning_rate_bits: String,
    loss: f64,
    loss_bits: String,
    accuracy: f64,
    validation: Option<EvaluationMetrics>,
    weights_digest: String,
    images_per_second: f64,
    seconds: f64,
}

/// [`Evaluation`], for a file.
#[derive(Debug, Serialize)]
struct EvaluationMetrics {
    loss: f64,
    loss_bits: String,
    accuracy: f64,
    top_3_accuracy: f64,
}

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
    coordinates_per_step: usize,
    compression_ratio: f64,
    weights_digest: String,
    images_per_second: f64,
    seconds: f64,
}

impl From<Evaluation> for EvaluationMetrics {
    fn from(evaluation: Evaluation) -> Self {
        Self {
            loss: evaluation.loss,
            loss_bits: format!("{:016x}", evaluation.loss.to_bits()),
            accuracy: evaluation.accuracy,
            top_3_accuracy: evaluation.top_3,
        }
    }
}

/// Trains.
///
/// # Errors
/// Whatever the settings, the data, the training or the output can do wrong.
pub fn run(resolved: &Resolved, out: &mut impl Write) -> Result<(), Failure> {
    let settings = &resolved.settings;
    let machine = MachineSettings { threads: settings.threads, vector: settings.vector };
    let executor = executor(machine)?;
    let data = DataSet::load(settings, executor.pool())?;
    let split = data.split(settings)?;
    let spec = RunSpec::new(settings, data.spec(split, settings.augmentation))?;
    let mut folder = match &settings.output {
        Some(path) => Some(OutputFolder::create(path, &resolved.to_toml_of_run())?),
        None => None,
    };
    let mut journal = folder.as_ref().map(OutputFolder::journal).transpose()?;
    if let Some(journal) = &mut journal {
        journal.write(&Record::Run(spec.to_record()))?;
    }

    let strategy = spec.strategy(settings.strategy);
    let banner = format!(
        "{} on {}: {} training, {} validation, {} test images; threads {}, {}{}",
        spec.network.name(),
        spec.data.name,
        split.training,
        split.validation,
        data.test_count(),
        executor.threads(),
        executor.level(),
        match (spec.method, strategy) {
            (Method::Rbd | Method::Fpd, Strategy::TwoPass) => ", two-pass",
            (Method::Rbd | Method::Fpd, Strategy::Fused) => ", fused",
            _ => "",
        }
    );
    for doubt in resolved.doubts() {
        say(format_args!("random-bases: warning: {doubt}"));
    }
    let mut training = begin(&spec, strategy, executor, &data, split).map_err(Failure::configuration)?;
    // A step of several mini-batches may begin in one epoch and end in the next.
    let batches = training.batches_per_epoch() * u64::from(settings.epochs);
    let all = batches / spec.batches_per_step();
    if all == 0 {
        say(format_args!(
            "random-bases: warning: a step of {} takes base_dimensions = {} mini-batches, and epochs = {} has {batches}; one \
             step is made all the same",
            spec.method.name(),
            spec.dimensions,
            settings.epochs
        ));
    }
    let all = all.max(1);
    let steps = settings.max_steps.unwrap_or(u64::MAX).min(all);
    let mut run = Run {
        settings,
        spec: &spec,
        training: training.as_mut(),
        journal,
        reporter: Reporter::new(settings.progress, steps),
        rate: settings.effective_learning_rate(1),
        start: Instant::now(),
        evaluating: 0.0,
        validation: None,
    };
    run.reporter.line(&banner);
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
    let result = run.epochs(steps, folder.as_mut());
    run.reporter.finish();
    let made = result?;
    if let Some(journal) = run.journal.take() {
        journal.finish()?;
    }
    let summary = run.summary(made, steps);
    if let Some(folder) = &folder {
        let weights = run.training.weights();
        write_weights(&folder.weights_path(), weights, &spec, made)?;
        folder.summary(&summary)?;
    }
    printed(print_summary(out, &summary))?;
    if made == steps {
        return Ok(());
    }
    Err(Failure::Interrupted(format!("stopped after {made} of {steps} steps")))
}

/// What belongs to the loop.
struct Run<'a> {
    settings: &'a Settings,
    spec: &'a RunSpec,
    training: &'a mut dyn Training,
    journal: Option<RecordWriter>,
    reporter: Reporter,
    rate: f32,
    start: Instant,
    /// Seconds spent on evaluation.
    evaluating: f64,
    validation: Option<Evaluation>,
}

/// Sums over the steps of an epoch.
#[derive(Default)]
struct EpochSums {
    steps: u64,
    loss: f64,
    right: u64,
    images: u64,
}

impl EpochSums {
    fn add(&mut self, outcome: Outcome) {
        self.steps += 1;
        self.loss += f64::from(outcome.loss);
        self.right += outcome.right;
        self.images += outcome.images;
    }

    fn loss(&self) -> f64 {
        self.loss / self.steps as f64
    }

    fn accuracy(&self) -> f64 {
        self.right as f64 / self.images as f64
    }
}

impl Run<'_> {
    /// Makes so many steps, or fewer if the user asks to stop; returns how many.
    fn epochs(&mut self, steps: u64, mut folder: Option<&mut OutputFolder>) -> Result<u64, Failure> {
        let (per_epoch, per_step) = (self.training.batches_per_epoch(), self.spec.batches_per_step());
        let mut sums = EpochSums::default();
        for step in 0..steps {
            sums.add(self.step(step, step + 1 == steps)?);
            // How many epochs have been begun, and how many are complete.
            let taken = (step + 1) * per_step;
            let (begun, complete) = (taken.div_ceil(per_epoch), taken / per_epoch);
            let ends = complete > step * per_step / per_epoch;
            // An epoch that a step completes gives its number, although the step may have begun the next one.
            let epoch = if ends { complete } else { begun };
            let speed = self.images_per_second(step + 1);
            self.reporter.step(|| {
                let accuracy = 100.0 * sums.accuracy();
                format!(
                    "epoch {epoch}  loss {:.3}  accuracy {accuracy:.1} %  {speed:.0} images/s",
                    sums.loss()
                )
            });
            let stop = interrupt::asked();
            if ends || step + 1 == steps || stop {
                self.end_epoch(epoch, step + 1, &sums, folder.as_deref_mut())?;
                sums = EpochSums::default();
            }
            if stop {
                return Ok(step + 1);
            }
        }
        Ok(steps)
    }

    /// A step, recorded if there is a journal. Weights that are not finite show in the next step's loss, so they are
    /// looked for only where there is a record to keep clean, or no next step.
    fn step(&mut self, step: u64, last: bool) -> Result<Outcome, Failure> {
        let report = self.training.step(self.rate);
        let what = if !report.loss.is_finite() {
            format!("the loss is {}", report.loss)
        } else if (last || self.journal.is_some()) && !all_finite(self.training.weights()) {
            "the weights after it are not finite".into()
        } else {
            self.record(step, report)?;
            return Ok(report);
        };
        // The step is not recorded: the bits of a NaN differ between processors. The steps before it are complete.
        self.diverged(step, &what)
    }

    /// Ends the journal and says what most often leads here.
    fn diverged<T>(&mut self, step: u64, what: &str) -> Result<T, Failure> {
        if let Some(journal) = self.journal.take() {
            journal.finish()?;
        }
        self.reporter.finish();
        let noise = match self.spec.method {
            Method::Nes(Evolution { noise, .. }) | Method::Hybrid(Evolution { noise, .. }) => {
                format!(", or noise_std = {noise} does not suit it")
            }
            Method::Rbd | Method::Fpd if matches!(self.spec.normalisation, Normalisation::By(_)) => {
                format!(", or normalized = {} is too small", self.settings.normalized)
            }
            _ => String::new(),
        };
        Err(Failure::diverged(format_args!(
            "step {step}: {what}; most often learning_rate = {} (times batch_size = {}) is too high for {}{noise}",
            self.settings.base_learning_rate(),
            self.settings.batch_size,
            self.spec.method.name(),
        )))
    }

    fn record(&mut self, step: u64, report: Outcome) -> Result<(), Failure> {
        if let Some(journal) = &mut self.journal {
            let digest = digest(self.training.weights());
            let coordinates = Floats::from(self.training.coordinates());
            let (learning_rate, loss) = (self.rate, report.loss);
            journal.write(&Record::Step(Step { step, learning_rate, loss, digest, coordinates }))?;
        }
        Ok(())
    }

    fn end_epoch(
        &mut self,
        epoch: u64,
        steps: u64,
        sums: &EpochSums,
        folder: Option<&mut OutputFolder>,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        self.validation =
            self.training.evaluate(Part::Validation, self.settings.evaluation_batch_size as usize);
        self.evaluating += start.elapsed().as_secs_f64();
        if let Some(loss) = self.validation.map(|validation| validation.loss)
            && !loss.is_finite()
        {
            return self.diverged(steps - 1, &format!("the validation loss after it is {loss}"));
        }
        let (loss, accuracy) = (sums.loss(), sums.accuracy());
        let speed = self.images_per_second(steps);
        let validation = self.validation.map_or_else(String::new, |validation| {
            format!(", validation {:.4} {:.2} %", validation.loss, 100.0 * validation.accuracy)
        });
        self.reporter.line(&format!(
            "epoch {epoch}: loss {loss:.4} {:.2} %{validation}, {speed:.0} images/s",
            100.0 * accuracy
        ));
        let Some(folder) = folder else { return Ok(()) };
        folder.metrics(&EpochMetrics {
            epoch,
            steps,
            learning_rate: self.rate,
            learning_rate_bits: format!("{:08x}", self.rate.to_bits()),
            loss,
            loss_bits: format!("{:016x}", loss.to_bits()),
            accuracy,
            validation: self.validation.map(Into::into),
            weights_digest: format!("{:016x}", digest(self.training.weights())),
            images_per_second: speed,
            seconds: self.start.elapsed().as_secs_f64(),
        })
    }

    /// Of training alone, without evaluations.
    fn images_per_second(&self, steps: u64) -> f64 {
        let seconds = self.start.elapsed().as_secs_f64() - self.evaluating;
        let images = steps * self.spec.batches_per_step() * u64::from(self.settings.batch_size);
        images as f64 / seconds.max(1e-9)
    }

    fn summary(&mut self, steps: u64, planned: u64) -> Summary {
        let images_per_second = self.images_per_second(steps);
        let test = self.training.evaluate(Part::Test, self.settings.evaluation_batch_size as usize);
        let weights = self.training.weights();
        let (count, weights_digest) = (weights.len(), format!("{:016x}", digest(weights)));
        // A method that cannot be replayed from coordinates would have to communicate its whole update.
        let coordinates = if self.spec.method.can_replay() { self.spec.dimensions as usize } else { count };
        Summary {
            network: self.spec.network.name(),
            method: self.spec.method.name(),
            data: self.spec.data.name.clone(),
            seed: self.spec.seed,
            steps,
            steps_planned: planned,
            validation: self.validation.map(Into::into),
            test: test.map(Into::into),
            weights: count,
            coordinates_per_step: coordinates,
            compression_ratio: count as f64 / coordinates as f64,
            weights_digest,
            images_per_second,
            seconds: self.start.elapsed().as_secs_f64(),
        }
    }
}

/// Whether no element is infinite or NaN: by the largest of all magnitudes' bits, which a compiler can vectorise where a
/// search that stops early cannot.
fn all_finite(floats: &[f32]) -> bool {
    floats.iter().map(|x| x.abs().to_bits()).fold(0, u32::max) < f32::INFINITY.to_bits()
}

fn print_summary(out: &mut impl Write, summary: &Summary) -> std::io::Result<()> {
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
