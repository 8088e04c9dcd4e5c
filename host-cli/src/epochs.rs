//! The loop of a training: steps, epochs, and what is written of them.
//!
//! A run that goes on where another ended first makes the steps again that lie between the last checkpoint and the end of
//! the journal ([`Past`]), compares each with the journal, and writes only what is missing.

use std::time::Instant;

use random_bases_core::descent::{Evolution, Method, Outcome, Rates};
use random_bases_core::numerics::digest;
use random_bases_core::subspace::Normalisation;
use serde::Serialize;

use crate::checkpoint;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::OutputFolder;
use crate::probes::report::Report;
use crate::progress::Reporter;
use crate::records::{RecordWriter, RunRecord, rates, write_step};
use crate::run_spec::RunSpec;
use crate::settings::{Method as MethodName, Settings};
use crate::training::{Evaluation, Part, Training};

/// A loss above this says that a training has left all bounds. (The original's rule.)
const LOSS_MAX: f32 = 1000.0;

/// After so many epochs a network has to be better than [`ACCURACY_LEAST`] on validation images. (The original's rule.)
const EPOCHS_OF_GRACE: u64 = 4;
const ACCURACY_LEAST: f64 = 0.15;

/// An epoch of fewer steps is too short for that rule.
const EPOCH_LEAST: u64 = 4;

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
    /// The share of steps that followed the gradient, in runs that may have some.
    #[serde(skip_serializing_if = "Option::is_none")]
    sgd_steps: Option<f64>,
    validation: Option<EvaluationMetrics>,
    weights_digest: String,
    images_per_second: f64,
    seconds: f64,
}

/// [`Evaluation`], for a file.
#[derive(Debug, Serialize)]
pub struct EvaluationMetrics {
    /// Mean cross-entropy.
    pub loss: f64,
    loss_bits: String,
    /// Share classified right.
    pub accuracy: f64,
    /// Share with the label among the three likeliest classes.
    pub top_3_accuracy: f64,
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

/// Steps that an earlier process made and recorded.
pub struct Past<'a> {
    /// Its journal.
    pub run: RunRecord<'a>,
    /// Where the state is that the training was put in: so many steps are not made again.
    pub from: u64,
    /// Whether steps are trained again instead of replayed.
    pub trains: bool,
    /// The numbers of steps that metrics have lines of.
    pub recorded: Vec<u64>,
    /// How many steps the file of all weights holds.
    pub streamed: u64,
}

/// What belongs to the loop.
pub struct Run<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// What decides the bits.
    pub spec: &'a RunSpec,
    /// The training.
    pub training: &'a mut dyn Training,
    /// Where steps are recorded.
    pub journal: Option<RecordWriter>,
    /// Where the rest is written.
    pub folder: Option<OutputFolder>,
    /// What is looked at on the way.
    pub probes: Option<Report>,
    /// What was made before.
    pub past: Option<Past<'a>>,
    /// Shows progress.
    pub reporter: Reporter,
    /// Steps of all epochs; schedules go by them.
    pub planned: u64,
    /// Since when this process trains.
    pub start: Instant,
    /// Seconds spent on evaluation.
    pub evaluating: f64,
    /// The last evaluation.
    pub validation: Option<Evaluation>,
    /// The digest of the weights, if there is a journal.
    pub digest: u64,
}

/// Sums over the steps of an epoch.
#[derive(Default)]
struct EpochSums {
    steps: u64,
    loss: f64,
    right: u64,
    images: u64,
    sgd: u64,
}

impl EpochSums {
    fn add(&mut self, outcome: Outcome) {
        self.steps += 1;
        self.loss += f64::from(outcome.loss);
        self.right += outcome.right;
        self.images += outcome.images;
        self.sgd += u64::from(outcome.sgd);
    }

    fn loss(&self) -> f64 {
        self.loss / self.steps as f64
    }

    fn accuracy(&self) -> f64 {
        self.right as f64 / self.images as f64
    }
}

impl Run<'_> {
    /// Makes steps until there are `steps`, or fewer if the user asks to stop; returns how many there are.
    ///
    /// # Errors
    /// [`Failure::Diverged`], [`Failure::Output`], [`Failure::Mismatch`] if a step that is made again has other bits, and whatever the
    /// machine that makes steps says of itself ([`Training::check`]).
    pub fn epochs(&mut self, steps: u64) -> Result<u64, Failure> {
        let (per_epoch, per_step) = (self.training.batches_per_epoch(), self.spec.batches_per_step());
        let first = self.past.as_ref().map_or(0, |past| past.from);
        let recorded = self.recorded_steps();
        let steps = steps.max(recorded);
        let mut sums = EpochSums::default();
        for step in first..steps {
            if step < recorded {
                sums.add(self.step_again(step)?);
            } else {
                sums.add(self.step(step, step + 1 == steps)?);
            }
            if let (Some(probes), Some(seen)) = (&mut self.probes, self.training.seen()) {
                probes.take(step, &seen);
            }
            // How many epochs have been begun, and how many are complete.
            let (begun, complete) = epochs_of(step + 1, per_step, per_epoch);
            let ends = complete > epochs_of(step, per_step, per_epoch).1;
            // An epoch that a step completes gives its number, although the step may have begun the next one.
            let epoch = if ends { complete } else { begun };
            let speed = self.images_per_second(step + 1 - first);
            self.reporter.step(|| {
                let accuracy = 100.0 * sums.accuracy();
                format!(
                    "epoch {epoch}  loss {:.3}  accuracy {accuracy:.1} %  {speed:.0} images/s",
                    sums.loss()
                )
            });
            let stop = interrupt::asked();
            if stop && step + 1 < recorded {
                self.end_journal()?;
                return Err(Failure::Interrupted(format!(
                    "stopped at step {} of the {recorded} that are being made again; nothing of them is lost",
                    step + 1
                )));
            }
            if ends || step + 1 == steps || stop {
                self.end_epoch(epoch, step + 1, ends, step + 1 - first, &sums)?;
                sums = EpochSums::default();
            }
            if stop {
                return Ok(step + 1);
            }
        }
        if first == steps {
            // Nothing was left to do; the summary still says how good the weights are.
            self.validation = self.evaluate(Part::Validation)?;
        }
        Ok(steps)
    }

    /// Steps that the journal of an earlier process holds.
    fn recorded_steps(&self) -> u64 {
        self.past.as_ref().map_or(0, |past| past.run.steps.len() as u64)
    }

    /// A step, recorded if there is a journal. Weights that are not finite show in the next step's loss, so they are
    /// looked for only where there is a record to keep clean, or no next step.
    fn step(&mut self, step: u64, last: bool) -> Result<Outcome, Failure> {
        let rates = self.settings.rates(step, self.planned);
        let outcome = self.training.step(rates);
        let finite = !(last || self.journal.is_some()) || all_finite(self.training.weights());
        self.check()?;
        let what = if !outcome.loss.is_finite() {
            format!("the loss is {}", outcome.loss)
        } else if !finite {
            "the weights after it are not finite".into()
        } else if self.settings.stop_on_nan && outcome.loss > LOSS_MAX {
            format!("the loss is {}, above {LOSS_MAX} (stop_on_nan)", outcome.loss)
        } else {
            self.record(step, rates, outcome)?;
            return Ok(outcome);
        };
        // The step is not recorded: the bits of a NaN differ between processors. The steps before it are complete.
        self.diverged(step, &what)
    }

    fn record(&mut self, step: u64, rates: Rates, outcome: Outcome) -> Result<(), Failure> {
        if let Some(journal) = &mut self.journal {
            self.digest = write_step(journal, self.spec, self.training, step, rates, outcome, self.digest)?;
        }
        match &mut self.folder {
            Some(folder) if self.settings.weight_streaming => folder.stream(self.training.weights()),
            _ => Ok(()),
        }
    }

    /// A step that the journal holds: made again, and compared with it.
    fn step_again(&mut self, step: u64) -> Result<Outcome, Failure> {
        let past = self.past.as_ref().expect("there is a past to repeat");
        let (recorded, streamed) = (past.run.steps[step as usize], past.streamed);
        let rates = rates(&recorded);
        if past.trains {
            self.training.step(rates);
        } else {
            let training = &mut *self.training;
            let coordinates = past.run.coordinates_of(step as usize, |shares| training.join(shares));
            let factors: Vec<f32> = recorded.factors.iter().collect();
            training.replay(rates, &coordinates, &factors);
        }
        self.digest = digest(self.training.weights());
        self.check()?;
        if self.digest != recorded.digest {
            let (got, want) = (self.digest, recorded.digest);
            self.end_journal()?;
            return Err(Failure::mismatch(format_args!(
                "step {step} of the journal, made again, gives weights with digest {got:016x}, recorded {want:016x}; the journal \
                 is as it was"
            )));
        }
        if let Some(folder) = &mut self.folder
            && step >= streamed
            && self.settings.weight_streaming
        {
            folder.stream(self.training.weights())?;
        }
        Ok(Outcome {
            loss: recorded.loss,
            right: recorded.right.into(),
            images: self.spec.images_per_step(),
            sgd: recorded.sgd_step,
        })
    }

    /// Whether all that was computed so far means something. If not, the journal ends with what was.
    fn check(&mut self) -> Result<(), Failure> {
        let sound = self.training.check();
        if sound.is_err() {
            self.end_journal()?;
        }
        sound
    }

    /// Writes the end of the journal, and ends the bar.
    fn end_journal(&mut self) -> Result<(), Failure> {
        self.reporter.finish();
        self.journal.take().map_or(Ok(()), RecordWriter::finish)
    }

    /// Ends the journal and says what most often leads here.
    fn diverged<T>(&mut self, step: u64, what: &str) -> Result<T, Failure> {
        self.end_journal()?;
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
            "step {step}: {what}; most often learning_rate = {} (times batch_size = {}{}) is too high for {}{noise}",
            self.settings.base_learning_rate(),
            self.settings.batch_size,
            match self.spec.options.workers.averaged() {
                1 => String::new(),
                workers => format!(" and workers = {workers}"),
            },
            self.spec.method.name(),
        )))
    }

    /// How good the weights are, on some images.
    ///
    /// # Errors
    /// As [`Training::check`].
    pub fn evaluate(&mut self, part: Part) -> Result<Option<Evaluation>, Failure> {
        let start = Instant::now();
        let batch = self.settings.evaluation_batch_size as usize;
        let evaluation = self.training.evaluate(part, batch);
        self.evaluating += start.elapsed().as_secs_f64();
        self.check()?;
        Ok(evaluation)
    }

    /// `ends`: whether the epoch is complete. `made`: how many steps this process made so far.
    fn end_epoch(
        &mut self,
        epoch: u64,
        steps: u64,
        ends: bool,
        made: u64,
        sums: &EpochSums,
    ) -> Result<(), Failure> {
        let recorded = self.past.as_ref().is_some_and(|past| past.recorded.contains(&steps));
        self.validation = self.evaluate(Part::Validation)?;
        if let Some(loss) = self.validation.map(|validation| validation.loss)
            && !loss.is_finite()
        {
            return self.diverged(steps - 1, &format!("the validation loss after it is {loss}"));
        }
        let (loss, accuracy) = (sums.loss(), sums.accuracy());
        let speed = self.images_per_second(made);
        let validation = self.validation.map_or_else(String::new, |validation| {
            format!(", validation {:.4} {:.2} %", validation.loss, 100.0 * validation.accuracy)
        });
        self.reporter.line(&format!(
            "epoch {epoch}: loss {loss:.4} {:.2} %{validation}, {speed:.0} images/s",
            100.0 * accuracy
        ));
        let rate = self.settings.rates(steps - 1, self.planned).method;
        let Some(folder) = &mut self.folder else { return self.check_convergence(epoch, ends) };
        if !recorded {
            folder.metrics(&EpochMetrics {
                epoch,
                steps,
                learning_rate: rate,
                learning_rate_bits: format!("{:08x}", rate.to_bits()),
                loss,
                loss_bits: format!("{:016x}", loss.to_bits()),
                accuracy,
                sgd_steps: self
                    .spec
                    .options
                    .update
                    .uses_gradient()
                    .then(|| sums.sgd as f64 / sums.steps as f64),
                validation: self.validation.map(Into::into),
                weights_digest: format!("{:016x}", digest(self.training.weights())),
                images_per_second: speed,
                seconds: self.start.elapsed().as_secs_f64(),
            })?;
        }
        if let Some(probes) = &mut self.probes {
            probes.end_epoch(epoch, steps, self.training, folder)?;
        }
        // Before there is a checkpoint, so that a run that goes on comes here again.
        self.check_convergence(epoch, ends)?;
        match &self.folder {
            Some(folder) if ends => checkpoint::save(folder.path(), self.training, steps),
            _ => Ok(()),
        }
    }

    /// The original's rule: a network that is hardly better than chance after some epochs will not become so. NES is left out, and
    /// whatever else has epochs of a few steps; and gradients of a network that is to stand still.
    fn check_convergence(&mut self, epoch: u64, ends: bool) -> Result<(), Failure> {
        let Some(validation) = self.validation else { return Ok(()) };
        let stands_still = self.settings.base_learning_rate() == 0.0;
        let short = self.spec.batches_per_step() * EPOCH_LEAST > self.training.batches_per_epoch();
        let exempt = self.settings.method == MethodName::Nes || short || stands_still;
        let stops = self.settings.stop_on_nan && !exempt;
        if !stops || !ends || epoch < EPOCHS_OF_GRACE || validation.accuracy > ACCURACY_LEAST {
            return Ok(());
        }
        self.end_journal()?;
        Err(Failure::diverged(format_args!(
            "epoch {epoch}: validation accuracy is {:.2} %, not above {} %, so this does not converge; choose another \
             learning_rate (now {}), or stop_on_nan = false to go on all the same",
            100.0 * validation.accuracy,
            100.0 * ACCURACY_LEAST,
            self.settings.base_learning_rate(),
        )))
    }

    /// Of training alone, without evaluations, over so many steps.
    pub fn images_per_second(&self, steps: u64) -> f64 {
        let seconds = self.start.elapsed().as_secs_f64() - self.evaluating;
        let images = steps * self.spec.batches_per_step() * u64::from(self.settings.batch_size);
        images as f64 / seconds.max(1e-9)
    }
}

/// How many epochs have been begun after so many steps, and how many are complete.
#[must_use]
pub const fn epochs_of(steps: u64, per_step: u64, per_epoch: u64) -> (u64, u64) {
    let taken = steps * per_step;
    (taken.div_ceil(per_epoch), taken / per_epoch)
}

/// Whether no element is infinite or NaN: by the largest of all magnitudes' bits, which a compiler can vectorise where a
/// search that stops early cannot.
fn all_finite(floats: &[f32]) -> bool {
    floats.iter().map(|x| x.abs().to_bits()).fold(0, u32::max) < f32::INFINITY.to_bits()
}
