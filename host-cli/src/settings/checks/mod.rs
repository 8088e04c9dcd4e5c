//! What is refused before any work is done: absurd numbers and settings that do not go together.
//!
//! Each refusal names the setting, its value, where it was set, the reason, and what to change. Here: data sets, directions and paths.

mod conflicts;
mod methods;
mod numbers;
mod options;

use std::fmt::Display;

pub(super) use numbers::check_threads;
pub use numbers::{
    BATCH_MAX, BINS_MAX, COMPARTMENTS_MAX, DIMENSIONS_MAX, IMAGES_MAX, THREADS_MAX, WORKERS_MAX,
};

use super::choices::{Method, Transformation};
use super::layers::Origins;
use super::table::Settings;
use crate::failure::Failure;
use crate::model::{Model, shape_name};
use methods::uses;
use numbers::STORED_MAX;

/// Refuses what cannot be run.
pub(super) fn check(settings: &Settings, origins: &Origins) -> Result<(), Failure> {
    let check = Check { origins };
    check.numbers(settings)?;
    check.rates(settings)?;
    check.schedule(settings)?;
    check.combinations(settings)?;
    check.options(settings)?;
    check.idle(settings)?;
    check.paths(settings)
}

/// What is checked against.
struct Check<'a> {
    origins: &'a Origins,
}

impl Check<'_> {
    fn refuse<T>(&self, key: &str, value: impl Display, reason: impl Display) -> Result<T, Failure> {
        Err(Failure::configuration(format_args!("{key} = {value} ({}): {reason}", self.origins.place(key))))
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
