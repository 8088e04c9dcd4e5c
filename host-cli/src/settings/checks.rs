//! What is refused before any work is done: absurd numbers and settings that do not go together.
//!
//! Each refusal names the setting, its value, where it was set, the reason, and what to change.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::amounts::{LearningRate, NoiseStd, Normalisation};
use super::choices::{Method, Transformation};
use super::layers::Origins;
use super::table::Settings;
use crate::failure::Failure;
use crate::model::{Model, shape_name};

/// More images than this, in a file or drawn, would not fit in the memory of an ordinary machine.
pub const IMAGES_MAX: u32 = 1_000_000;
/// More threads than this is a typing error.
pub const THREADS_MAX: u32 = 4096;
/// The most directions.
pub const DIMENSIONS_MAX: u32 = 1_000_000;
/// The most images in a batch.
pub const BATCH_MAX: u32 = 65_536;

/// The most memory for gradients that gradient-bases keeps, in bytes.
const STORED_MAX: u64 = 8 << 30;

/// Settings that only some methods look at: which, and what the others lack.
const METHOD_KEYS: &[(&str, &[Method], &str)] = {
    use Method::{Fpd, GradientBases, Hybrid, Nes, Rbd};
    &[
        ("base_dimensions", &[Rbd, Fpd, Nes, Hybrid, GradientBases], "basis"),
        ("distribution", &[Rbd, Fpd, Nes, Hybrid], "random basis"),
        ("normalized", &[Rbd, Fpd, Nes, Hybrid], "random basis"),
        ("antithetic_sampling", &[Rbd, Fpd, Nes, Hybrid], "random basis"),
        ("strategy", &[Rbd, Fpd], "gradient that is projected on a random basis"),
        ("noise_std", &[Nes, Hybrid], "offspring"),
        ("transformation", &[Nes, Hybrid], "offspring"),
        ("offset", &[GradientBases], "basis of past gradients"),
        ("use_update_as_base", &[GradientBases], "basis of past gradients"),
    ]
};

/// Whether a method looks at one of [`METHOD_KEYS`].
fn uses(method: Method, key: &str) -> bool {
    METHOD_KEYS.iter().any(|(name, methods, _)| *name == key && methods.contains(&method))
}

/// Refuses what cannot be run.
pub(super) fn check(settings: &Settings, origins: &Origins) -> Result<(), Failure> {
    let check = Check { origins };
    check.numbers(settings)?;
    check.rates(settings)?;
    check.combinations(settings)?;
    check.paths(settings)
}

/// Refuses a number of threads that no machine has; `place` says where it was set.
pub(super) fn check_threads(threads: u32, place: &str) -> Result<(), Failure> {
    if threads <= THREADS_MAX {
        return Ok(());
    }
    Err(Failure::configuration(format_args!(
        "threads = {threads} ({place}): more than {THREADS_MAX}; use 0 for one thread per core"
    )))
}

struct Check<'a> {
    origins: &'a Origins,
}

impl Check<'_> {
    fn refuse<T>(&self, key: &str, value: impl Display, reason: impl Display) -> Result<T, Failure> {
        Err(Failure::configuration(format_args!("{key} = {value} ({}): {reason}", self.origins.place(key))))
    }

    fn within(&self, key: &str, value: u64, range: RangeInclusive<u64>) -> Result<(), Failure> {
        if range.contains(&value) {
            return Ok(());
        }
        let (least, most) = range.into_inner();
        self.refuse(key, value, format_args!("choose a number from {least} to {most}"))
    }

    fn numbers(&self, settings: &Settings) -> Result<(), Failure> {
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
        check_threads(settings.threads, &self.origins.place("threads"))
    }

    fn rates(&self, settings: &Settings) -> Result<(), Failure> {
        if let LearningRate::Base(rate) = settings.learning_rate {
            if !(rate.is_finite() && rate > 0.0) {
                let reason = "choose a number above 0 that a 32-bit float can hold, or \"tuned\"";
                return self.refuse("learning_rate", format_args!("{rate:?}"), reason);
            }
            let step = settings.effective_learning_rate(1);
            if !step.is_finite() {
                let reason = format_args!(
                    "times batch_size = {} it is beyond a 32-bit float; choose less",
                    settings.batch_size
                );
                return self.refuse("learning_rate", format_args!("{rate:?}"), reason);
            }
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

    fn combinations(&self, settings: &Settings) -> Result<(), Failure> {
        let dataset = settings.dataset;
        let from_files = dataset.is_in_files();
        let shape = dataset.shape(settings.network);
        let Some(model) = Model::find(settings.network, shape) else {
            let reason = format_args!(
                "it takes 8x8 images, and {dataset} ({}) has {}; use network fc, cnn or conv, or dataset synthetic",
                self.origins.place("dataset"),
                shape_name(shape)
            );
            return self.refuse("network", settings.network, reason);
        };
        if settings.method == Method::GradientBases {
            let bytes = u64::from(settings.base_dimensions) * model.params() as u64 * 4;
            if bytes > STORED_MAX {
                let reason = format_args!(
                    "gradient-bases keeps so many gradients of {} weights, {} GiB; choose fewer",
                    model.params(),
                    bytes >> 30
                );
                return self.refuse("base_dimensions", settings.base_dimensions, reason);
            }
        }
        if settings.base_dimensions == 1
            && uses(settings.method, "transformation")
            && settings.transformation != Transformation::None
        {
            let reason = format_args!(
                "{} of one number alone are zero, so nothing would be trained; choose at least 2, or transformation none",
                if settings.transformation == Transformation::Ranks { "ranks" } else { "norms" }
            );
            return self.refuse("base_dimensions", 1, reason);
        }
        if settings.antithetic_sampling
            && settings.base_dimensions % 2 == 1
            && uses(settings.method, "antithetic_sampling")
        {
            let reason = format_args!(
                "antithetic_sampling ({}) takes directions in pairs; choose an even number",
                self.origins.place("antithetic_sampling")
            );
            return self.refuse("base_dimensions", settings.base_dimensions, reason);
        }
        if from_files && settings.data_dir.is_none() {
            let reason = format_args!(
                "its files are needed: get them with `random-bases data fetch {dataset}`, or give their folder with \
                 --data-dir DIR, with data_dir = \"DIR\" in the configuration file, or in RANDOM_BASES_DATA_DIR; \
                 datasets synthetic and shapes need no files"
            );
            return self.refuse("dataset", dataset, reason);
        }
        if !from_files && self.origins.is_flag("data_dir") {
            let folder = settings.data_dir.as_deref().unwrap_or_else(|| "".as_ref());
            let reason = format_args!(
                "dataset {dataset} ({}) reads no files; add --dataset mnist, fmnist or cifar10, or leave it out",
                self.origins.place("dataset")
            );
            return self.refuse("data_dir", folder.display(), reason);
        }
        // A file or preset may hold settings for several methods; a flag was meant for this very run.
        let idle =
            METHOD_KEYS.iter().find(|(key, ..)| self.origins.is_flag(key) && !uses(settings.method, key));
        if let Some((key, methods, what)) = idle {
            let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
            return Err(Failure::configuration(format_args!(
                "--{}: method {} ({}) has no {what}, so this would change nothing; leave it out, or use --method {}",
                key.replace('_', "-"),
                settings.method,
                self.origins.place("method"),
                names.join(" or ")
            )));
        }
        if !from_files {
            // Their numbers are known already, so an impossible split need not wait until they are drawn.
            let images = |setting: Option<u32>| setting.map_or(0, |images| images as usize);
            settings.split(images(settings.train_images), images(settings.test_images))?;
        }
        Ok(())
    }

    fn paths(&self, settings: &Settings) -> Result<(), Failure> {
        for (key, path) in [("data_dir", &settings.data_dir), ("output", &settings.output)] {
            let Some(path) = path else { continue };
            if path.to_str().is_none() {
                let reason =
                    "not Unicode, so the configuration could not be saved with the run; rename the folder";
                return self.refuse(key, path.display(), reason);
            }
        }
        Ok(())
    }
}
