//! Options of RBD and probes: with each other, and with the network.

use random_bases_core::basis::Distribution;
use random_bases_core::descent::Anew;
use random_bases_core::subspace::top::part;

use super::Check;
use super::methods::uses;
use super::numbers::{COMPARTMENTS_MAX, STORED_MAX};
use crate::failure::Failure;
use crate::model::Model;
use crate::run_spec::{core_method, plan_of};
use crate::settings::choices::{BaseLearning, Method, RateSchedule, Transformation, UpdateSchedule};
use crate::settings::lists::Probe;
use crate::settings::table::Settings;
use crate::settings::value::Value;
use crate::training::tensors;

impl Check<'_> {
    /// Options of RBD that do not go together, or not with the network.
    pub(super) fn options(&self, settings: &Settings) -> Result<(), Failure> {
        let ways = [
            ("weights_per_compartment", settings.weights_per_compartment != 0),
            ("group_weights_by_type", settings.group_weights_by_type),
            ("dynamic_compartments", settings.dynamic_compartments),
        ];
        let mut ways = ways.into_iter().filter(|(_, chosen)| *chosen).map(|(key, _)| key);
        if let (true, Some(first), Some(second)) =
            (uses(settings.method, "workers"), ways.next(), ways.next())
        {
            return Err(Failure::configuration(format_args!(
                "{first} ({}) and {second} ({}) divide the weights in different ways; choose one of them",
                self.origins.place(first),
                self.origins.place(second)
            )));
        }
        self.workers(settings)?;
        self.only_sgd(settings)?;
        for (key, needed, is_there) in [
            (
                "decay_alpha",
                "learning_rate_schedule cosine",
                settings.learning_rate_schedule == RateSchedule::Cosine,
            ),
            (
                "decay_rate",
                "learning_rate_schedule exponential",
                settings.learning_rate_schedule == RateSchedule::Exponential,
            ),
            (
                "boundaries",
                "learning_rate_schedule piecewise",
                settings.learning_rate_schedule == RateSchedule::Piecewise,
            ),
            (
                "multipliers",
                "learning_rate_schedule piecewise",
                settings.learning_rate_schedule == RateSchedule::Piecewise,
            ),
            ("warmup", "warmup_steps", settings.warmup_steps > 0),
            ("dynamic_allocation_mode", "dynamic_compartments", settings.dynamic_compartments),
            ("base_learning_fraction", "base_learning", settings.base_learning != BaseLearning::Off),
            ("update_schedule_epochs", "update_schedule", settings.update_schedule != UpdateSchedule::Off),
            (
                "sgd_learning_rate",
                "update_schedule, use_sgd_for_layer or skip_update_if_correlation_lower_than",
                settings.options().update.uses_gradient(),
            ),
            (
                "probe_directions",
                "probes hessian, full-hessian or landscape",
                [Probe::Hessian, Probe::FullHessian, Probe::Landscape]
                    .iter()
                    .any(|p| settings.probes.has(*p)),
            ),
            ("probe_detail", "probes", !settings.probes.0.is_empty()),
            (
                "bins",
                "method landscape or probes landscape",
                settings.method == Method::Landscape || settings.probes.has(Probe::Landscape),
            ),
            (
                "binsize",
                "method landscape or probes hessian, full-hessian or landscape",
                settings.method == Method::Landscape
                    || [Probe::Hessian, Probe::FullHessian, Probe::Landscape]
                        .iter()
                        .any(|p| settings.probes.has(*p)),
            ),
        ] {
            if self.origins.is_flag(key) && !is_there {
                return Err(Failure::configuration(format_args!(
                    "--{}: has no effect without {needed}; add that, or leave it out",
                    key.replace('_', "-")
                )));
            }
        }
        let options = settings.options();
        if let Err(conflict) = options.check(core_method(settings.method), settings.antithetic_sampling) {
            return self.conflict(settings, conflict);
        }
        let shape = settings.dataset.shape(settings.network);
        let Some(model) = Model::find(settings.network, shape) else { return Ok(()) };
        self.plan(settings, model)?;
        self.probes(settings)
    }

    pub(super) fn workers(&self, settings: &Settings) -> Result<(), Failure> {
        if !uses(settings.method, "workers") {
            return Ok(());
        }
        let Settings {
            workers,
            base_for_each_worker: own,
            average_in_coordinate_space: average,
            split_dimensions_across_workers: split,
            same_images_for_each_worker: same,
            ..
        } = *settings;
        for (key, chosen) in [
            ("same_images_for_each_worker", same),
            ("base_for_each_worker", !own),
            ("average_in_coordinate_space", average),
            ("split_dimensions_across_workers", split),
        ] {
            if chosen && workers == 1 && self.origins.is_flag(key) {
                let reason = "there is one worker, so this would change nothing; add --workers 2 or more, or leave it out";
                return self.refuse(key, chosen != (key == "base_for_each_worker"), reason);
            }
        }
        if workers > 1 && average && split {
            let reason = format_args!(
                "split_dimensions_across_workers ({}) gives each worker directions of its own part, so there is nothing to \
                 average; choose one of the two",
                self.origins.place("split_dimensions_across_workers")
            );
            return self.refuse("average_in_coordinate_space", true, reason);
        }
        if workers > 1 && average && own {
            let reason = format_args!(
                "coordinates can be added up only along the same directions; add base_for_each_worker = false (it is true: {})",
                self.origins.place("base_for_each_worker")
            );
            return self.refuse("average_in_coordinate_space", true, reason);
        }
        if workers > 1 && !own && !average && same && !split {
            let reason = "the same directions on the same images make the same coordinates: every worker would do the same; \
                          leave out one of base_for_each_worker = false and same_images_for_each_worker = true";
            return self.refuse("workers", workers, reason);
        }
        Ok(())
    }

    /// Compartments without directions, and layers that are not there.
    /// A run of SGD alone that calls itself another method.
    pub(super) fn only_sgd(&self, settings: &Settings) -> Result<(), Failure> {
        if settings.method != Method::Rbd
            || settings.update_schedule == UpdateSchedule::Off
            || settings.update_schedule_epochs < settings.epochs
        {
            return Ok(());
        }
        let reason = format_args!(
            "with epochs = {} ({}) all steps would follow the gradient; choose fewer, more epochs, or method sgd",
            settings.epochs,
            self.origins.place("epochs")
        );
        self.refuse("update_schedule_epochs", settings.update_schedule_epochs, reason)
    }

    pub(super) fn plan(&self, settings: &Settings, model: Model) -> Result<(), Failure> {
        if !uses(settings.method, "workers") {
            return Ok(());
        }
        if settings.weights_per_compartment.unsigned_abs() as usize > model.params() {
            let reason = format_args!("{} has {} weights; choose fewer, or 0", model.name(), model.params());
            return self.refuse("weights_per_compartment", settings.weights_per_compartment, reason);
        }
        let layers = tensors(model).last().map_or(0, |tensor| tensor.layer);
        if settings.use_sgd_for_layer.unsigned_abs() > layers {
            let reason =
                format_args!("{} has {layers} layers with weights; choose 1 to {layers}, or 0", model.name());
            return self.refuse("use_sgd_for_layer", settings.use_sgd_for_layer, reason);
        }
        let plan = plan_of(settings, model);
        if plan.is_empty() {
            let reason =
                format_args!("no weight of {} is left for random directions; use method sgd", model.name());
            return self.refuse("use_sgd_for_layer", settings.use_sgd_for_layer, reason);
        }
        if plan.len() > COMPARTMENTS_MAX {
            let reason = format_args!(
                "that makes {} compartments; choose at most {COMPARTMENTS_MAX} of them",
                plan.len()
            );
            return self.refuse("weights_per_compartment", settings.weights_per_compartment, reason);
        }
        let least = plan.iter().map(|compartment| compartment.dimensions).min().unwrap_or(0);
        if least == 0 {
            let reason = format_args!(
                "split_dimensions_across_compartments ({}) divides it among {} compartments; choose at least as many",
                self.origins.place("split_dimensions_across_compartments"),
                plan.len()
            );
            return self.refuse("base_dimensions", settings.base_dimensions, reason);
        }
        if least == 1 && settings.coordinate_transformation != Transformation::None {
            let reason = "ranks and norms of one number alone are zero, so a compartment of one direction would not be trained; \
                          choose more base_dimensions, or coordinate_transformation none";
            return self.refuse("base_dimensions", settings.base_dimensions, reason);
        }
        let draws_none = match settings.options().draws.anew {
            Anew::All => false,
            Anew::Low(fraction) | Anew::High(fraction) => part(fraction, least) == 0,
        };
        if draws_none {
            let reason = format_args!("that is none of {least} directions of a compartment; choose more");
            return self.refuse("base_learning_fraction", settings.base_learning_fraction, reason);
        }
        let split = settings.split_dimensions_across_workers && settings.workers > 1;
        if split && least < settings.workers as usize {
            let reason = format_args!(
                "split_dimensions_across_workers ({}) divides {least} directions of a compartment among them; choose fewer \
                 workers, or more base_dimensions",
                self.origins.place("split_dimensions_across_workers")
            );
            return self.refuse("workers", settings.workers, reason);
        }
        if !settings.keep_projection_in_memory {
            return Ok(());
        }
        if settings.distribution == Distribution::HadamardNormal {
            let reason = "hadamard-normal projects on rotated gradients, not on rows that could be kept; leave one of them out";
            return self.refuse("keep_projection_in_memory", true, reason);
        }
        let rows: u64 = plan.iter().map(|c| (c.elements * c.dimensions) as u64).sum();
        let own = settings.base_for_each_worker && !settings.split_dimensions_across_workers;
        let bytes = rows * 4 * if own { u64::from(settings.workers) } else { 1 };
        if bytes > STORED_MAX {
            let reason = format_args!(
                "the directions take {} GiB; choose fewer base_dimensions, or leave it out: nothing but time depends on it",
                bytes >> 30
            );
            return self.refuse("keep_projection_in_memory", true, reason);
        }
        Ok(())
    }

    pub(super) fn probes(&self, settings: &Settings) -> Result<(), Failure> {
        if !settings.probes.0.is_empty() && settings.output.is_none() {
            let reason = "what probes find is written to the folder of the run; add --output DIR";
            return self.refuse("probes", settings.probes.literal(), reason);
        }
        if settings.weight_streaming && settings.output.is_none() {
            let reason = "weights are written to the folder of the run; add --output DIR";
            return self.refuse("weight_streaming", true, reason);
        }
        let gradient = core_method(settings.method).has_gradient();
        for probe in [Probe::Correlation, Probe::Successive] {
            if settings.probes.has(probe) && !gradient {
                let reason = format_args!(
                    "method {} ({}) computes no gradient to compare with; leave out {}",
                    settings.method,
                    self.origins.place("method"),
                    probe.name()
                );
                return self.refuse("probes", settings.probes.literal(), reason);
            }
        }
        let along = uses(settings.method, "workers");
        if settings.probes.has(Probe::Correlation) && !along {
            let reason = format_args!(
                "the step of method {} ({}) is not along random directions; use rbd or fpd, or leave out correlation",
                settings.method,
                self.origins.place("method")
            );
            return self.refuse("probes", settings.probes.literal(), reason);
        }
        if settings.probes.has(Probe::Coordinates) && settings.method == Method::Sgd {
            let reason = "method sgd has no coordinates; leave out coordinates";
            return self.refuse("probes", settings.probes.literal(), reason);
        }
        Ok(())
    }
}
