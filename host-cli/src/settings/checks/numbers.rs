//! Numbers that are absurd by themselves.

use std::ops::RangeInclusive;

use super::Check;
use crate::failure::Failure;
use crate::settings::amounts::{LearningRate, NoiseStd, Normalisation};
use crate::settings::lists::Probe;
use crate::settings::table::Settings;

/// More images than this, in a file or drawn, would not fit in the memory of an ordinary machine.
pub const IMAGES_MAX: u32 = 1_000_000;
/// More threads than this is a typing error.
pub const THREADS_MAX: u32 = 4096;
/// The most directions.
pub const DIMENSIONS_MAX: u32 = 1_000_000;
/// The most images in a batch.
pub const BATCH_MAX: u32 = 65_536;

/// The most workers.
pub const WORKERS_MAX: u32 = 4096;
/// The most places in which the loss is looked at along a direction.
pub const BINS_MAX: u32 = 1001;
/// The most compartments.
pub const COMPARTMENTS_MAX: usize = 100_000;

/// The most memory for gradients or directions that are kept, in bytes.
pub(super) const STORED_MAX: u64 = 8 << 30;

/// Refuses a number of threads that no machine has; `place` says where it was set.
pub(in crate::settings) fn check_threads(threads: u32, place: &str) -> Result<(), Failure> {
    if threads <= THREADS_MAX {
        return Ok(());
    }
    Err(Failure::configuration(format_args!(
        "threads = {threads} ({place}): more than {THREADS_MAX}; use 0 for one thread per core"
    )))
}

impl Check<'_> {
    pub(super) fn numbers(&self, settings: &Settings) -> Result<(), Failure> {
        self.within("base_dimensions", settings.base_dimensions.into(), 1..=DIMENSIONS_MAX.into())?;
        self.within("epochs", settings.epochs.into(), 1..=1_000_000)?;
        self.within("batch_size", settings.batch_size.into(), 1..=BATCH_MAX.into())?;
        self.within("evaluation_batch_size", settings.evaluation_batch_size.into(), 1..=BATCH_MAX.into())?;
        for (key, images) in [("train_images", settings.train_images), ("test_images", settings.test_images)]
        {
            if let Some(images) = images {
                self.within(key, images.into(), 1..=IMAGES_MAX.into())?;
            }
        }
        if let Some(steps) = settings.max_steps {
            self.within("max_steps", steps, 1..=u64::MAX)?;
        }
        self.within("workers", settings.workers.into(), 1..=WORKERS_MAX.into())?;
        self.within("probe_directions", settings.probe_directions.into(), 2..=1_000)?;
        self.within("update_schedule_epochs", settings.update_schedule_epochs.into(), 1..=1_000_000)?;
        self.within("bins", settings.bins.into(), 3..=BINS_MAX.into())?;
        if settings.bins.is_multiple_of(2) {
            let reason = "one of the places is where the weights are, in the middle: choose an odd number";
            return self.refuse("bins", settings.bins, reason);
        }
        check_threads(settings.threads, &self.origins.place("threads"))
    }

    pub(super) fn rates(&self, settings: &Settings) -> Result<(), Failure> {
        if let LearningRate::Base(rate) = settings.learning_rate {
            // The original's `corr` model: gradients of a network that does not move.
            let stands_still = rate == 0.0 && settings.probes.has(Probe::Successive);
            if !(rate.is_finite() && rate > 0.0 || stands_still) {
                let reason = "choose a number above 0 that a 32-bit float can hold, or \"tuned\"; 0 only with --probes successive";
                return self.refuse("learning_rate", format_args!("{rate:?}"), reason);
            }
            let step = settings.effective_learning_rate();
            if !step.is_finite() {
                let reason = format_args!(
                    "times batch_size = {} and workers it is beyond a 32-bit float; choose less",
                    settings.batch_size
                );
                return self.refuse("learning_rate", format_args!("{rate:?}"), reason);
            }
        }
        if let LearningRate::Base(rate) = settings.sgd_learning_rate
            && !(rate.is_finite() && rate > 0.0 && settings.effective_sgd_rate().is_finite())
        {
            let reason =
                "choose a number above 0 that, times batch_size, a 32-bit float can hold, or \"tuned\"";
            return self.refuse("sgd_learning_rate", format_args!("{rate:?}"), reason);
        }
        if let NoiseStd::Constant(noise) = settings.noise_std
            && !(noise.is_finite() && noise > 0.0)
        {
            let reason = "choose a number above 0 that a 32-bit float can hold, or \"auto\"";
            return self.refuse("noise_std", format_args!("{noise:?}"), reason);
        }
        match settings.normalized {
            Normalisation::Constant(constant) if !(constant.is_finite() && constant > 0.0) => {
                let reason = "rows are divided by it: choose a number above 0 that a 32-bit float can hold, \
                              or \"auto\", true, false";
                self.refuse("normalized", format_args!("{constant:?}"), reason)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn schedule(&self, settings: &Settings) -> Result<(), Failure> {
        self.real("decay_alpha", settings.decay_alpha, 0.0, 1.0, [false; 2])?;
        self.real("decay_rate", settings.decay_rate, 1e-30, 1.0, [false; 2])?;
        self.real("momentum", settings.momentum, 0.0, 1.0, [false, true])?;
        self.real("base_learning_fraction", settings.base_learning_fraction, 0.0, 1.0, [true, false])?;
        self.real("binsize", settings.binsize, 1e-30, 1e30, [false; 2])?;
        for (key, threshold) in [
            ("surgeon_update", settings.surgeon_update),
            ("skip_update_if_correlation_lower_than", settings.skip_update_if_correlation_lower_than),
        ] {
            if let Some(value) = threshold.value() {
                self.real(key, value, -1.0, 1.0, [false; 2])?;
            }
        }
        let Settings { boundaries, multipliers, .. } = settings;
        let inside = boundaries.0.iter().all(|x| *x > 0.0 && *x < 1.0);
        if !inside || !boundaries.0.windows(2).all(|pair| pair[0] < pair[1]) {
            let reason = "boundaries are fractions of the run: choose rising numbers between 0 and 1";
            return self.refuse("boundaries", boundaries, reason);
        }
        if multipliers.0.len() != boundaries.0.len() + 1 {
            let reason = format_args!(
                "there is one before, between and behind boundaries = {boundaries} ({}): choose {}",
                self.origins.place("boundaries"),
                boundaries.0.len() + 1
            );
            return self.refuse("multipliers", multipliers, reason);
        }
        if !multipliers.0.iter().all(|x| *x >= 0.0 && *x <= 1e6) {
            return self.refuse("multipliers", multipliers, "choose numbers from 0 to 1000000");
        }
        Ok(())
    }

    /// Refuses a number that is not in a range, both ends of which belong to it unless `open`.
    pub(super) fn real(
        &self,
        key: &str,
        value: f32,
        least: f32,
        most: f32,
        open: [bool; 2],
    ) -> Result<(), Failure> {
        let low = if open[0] { value > least } else { value >= least };
        let high = if open[1] { value < most } else { value <= most };
        if low && high {
            return Ok(());
        }
        let [from, to] = [if open[0] { "above" } else { "from" }, if open[1] { "to below" } else { "to" }];
        self.refuse(
            key,
            format_args!("{value:?}"),
            format_args!("choose a number {from} {least} {to} {most}"),
        )
    }

    pub(super) fn within(&self, key: &str, value: u64, range: RangeInclusive<u64>) -> Result<(), Failure> {
        if range.contains(&value) {
            return Ok(());
        }
        let (least, most) = range.into_inner();
        self.refuse(key, value, format_args!("choose a number from {least} to {most}"))
    }
}
