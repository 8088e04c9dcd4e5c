//! What settings mean for the core: its options, schedules and rates.

use random_bases_core::descent::{
    Anew, CoordinatePolicy, Draws, Options, PIECES, Period, Rates, Schedule, SgdLayers, Shape, UpdatePolicy,
    WorkerRows, Workers,
};
use random_bases_core::subspace::{Compartments, Transformation};

use super::amounts::{Reset, Threshold};
use super::choices::{self, AllocationMode, BaseLearning, Method, RateSchedule, UpdateSchedule, Warmup};
use super::table::Settings;

impl choices::Transformation {
    /// The core's.
    #[must_use]
    pub const fn to_core(self) -> Transformation {
        match self {
            Self::Ranks => Transformation::Ranks,
            Self::Norm => Transformation::Norm,
            Self::None => Transformation::None,
        }
    }
}

impl Settings {
    /// What RBD leaves open; nothing of it for other methods, but SGD's momentum.
    #[must_use]
    pub fn options(&self) -> Options {
        let momentum =
            UpdatePolicy { momentum: self.momentum, nesterov: self.nesterov, ..Options::NONE.update };
        match self.method {
            Method::Rbd => Options { draws: self.draws(), ..self.common_options() },
            Method::Fpd => {
                let CoordinatePolicy { transformation, top, .. } = self.coordinate_policy();
                let coordinates = CoordinatePolicy { transformation, top, ..Options::NONE.coordinates };
                Options { coordinates, update: Options::NONE.update, ..self.common_options() }
            }
            Method::Sgd => Options { update: momentum, ..Options::NONE },
            _ => Options::NONE,
        }
    }

    fn common_options(&self) -> Options {
        Options {
            compartments: self.compartments(),
            split: self.split_dimensions_across_compartments,
            workers: self.workers_policy(),
            draws: Options::NONE.draws,
            coordinates: self.coordinate_policy(),
            update: self.update_policy(),
        }
    }

    fn compartments(&self) -> Compartments {
        match (self.weights_per_compartment, self.dynamic_allocation_mode) {
            _ if self.group_weights_by_type => Compartments::Type,
            (_, AllocationMode::Proportional) if self.dynamic_compartments => Compartments::Proportional,
            (_, AllocationMode::Exp) if self.dynamic_compartments => Compartments::Exponential,
            (0, _) => Compartments::Whole,
            (n @ 1.., _) => Compartments::Weights(n.unsigned_abs()),
            (n, _) => Compartments::Layers(n.unsigned_abs()),
        }
    }

    fn workers_policy(&self) -> Workers {
        if self.workers == 1 {
            return Workers::ONE;
        }
        let rows = if self.split_dimensions_across_workers {
            WorkerRows::Split
        } else if self.average_in_coordinate_space {
            WorkerRows::Averaged
        } else if self.base_for_each_worker {
            WorkerRows::Own
        } else {
            WorkerRows::Shared
        };
        Workers { count: self.workers, same_images: self.same_images_for_each_worker, rows }
    }

    fn draws(&self) -> Draws {
        let fraction = self.base_learning_fraction;
        let anew = match self.base_learning {
            BaseLearning::Off => Anew::All,
            BaseLearning::LowMagnitude => Anew::Low(fraction),
            BaseLearning::HighMagnitude => Anew::High(fraction),
        };
        Draws { period: self.reset_base_each_step.period(), anew }
    }

    fn coordinate_policy(&self) -> CoordinatePolicy {
        CoordinatePolicy {
            transformation: self.coordinate_transformation.to_core(),
            top: self.use_top_directions,
            reset: self.reset_coordinates_each_step.period(),
            accumulate: self.continuous_coordinate_update.max(1),
        }
    }

    fn update_policy(&self) -> UpdatePolicy {
        let layer = self.use_sgd_for_layer.unsigned_abs();
        UpdatePolicy {
            momentum: self.momentum,
            nesterov: self.nesterov,
            multiplier: self.correlation_multiplier,
            surgeon: self.surgeon_update.value(),
            sgd_below: self.skip_update_if_correlation_lower_than.value(),
            sgd_layers: match self.use_sgd_for_layer {
                0 => SgdLayers::None,
                1.. => SgdLayers::Only(layer),
                _ => SgdLayers::AllBut(layer),
            },
            sgd_steps: self.update_schedule != UpdateSchedule::Off,
        }
    }

    /// How the learning rate changes over a run.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        let shape = match self.learning_rate_schedule {
            RateSchedule::Constant => Shape::Constant,
            RateSchedule::Cosine => Shape::Cosine { alpha: self.decay_alpha },
            RateSchedule::Exponential => Shape::Exponential { rate: self.decay_rate },
            RateSchedule::Piecewise => {
                let (mut boundaries, mut multipliers) = ([0.0; PIECES], [0.0; PIECES + 1]);
                let count = self.boundaries.0.len().min(PIECES);
                boundaries[..count].copy_from_slice(&self.boundaries.0[..count]);
                for (to, from) in multipliers.iter_mut().zip(&self.multipliers.0) {
                    *to = *from;
                }
                Shape::Piecewise { boundaries, multipliers, count }
            }
        };
        let warmup = match self.warmup {
            Warmup::Linear => random_bases_core::descent::Warmup::Linear,
            Warmup::Exponential => random_bases_core::descent::Warmup::Exponential,
        };
        Schedule { shape, warmup_steps: self.warmup_steps.into(), warmup }
    }

    /// The rates of step `step` of `steps` planned ones, with so many (fractions of) steps per epoch.
    #[must_use]
    pub fn rates(&self, step: u64, steps: u64) -> Rates {
        let factor = self.schedule().factor(step, steps);
        Rates {
            method: self.effective_learning_rate() * factor,
            sgd: self.effective_sgd_rate() * factor,
            sgd_step: self.is_sgd_step(step, steps),
        }
    }

    /// Whether all steps have the same rates as with other settings, in every bit.
    #[must_use]
    pub fn has_rates_of(&self, other: &Self) -> bool {
        let constant = |settings: &Self| {
            settings.schedule().shape == Shape::Constant && settings.update_schedule == UpdateSchedule::Off
        };
        let schedules = |settings: &Self| {
            let epochs = if constant(settings) { 0 } else { settings.epochs };
            let sgd = match settings.update_schedule {
                UpdateSchedule::Off => 0,
                _ => settings.update_schedule_epochs,
            };
            (settings.schedule(), settings.update_schedule, sgd, epochs)
        };
        let rates = |settings: &Self| {
            [settings.effective_learning_rate().to_bits(), settings.effective_sgd_rate().to_bits()]
        };
        schedules(self) == schedules(other) && rates(self) == rates(other)
    }

    /// Whether `update_schedule` lets step `step` follow the gradient.
    fn is_sgd_step(&self, step: u64, steps: u64) -> bool {
        // The epochs of the schedule, of all epochs, in steps.
        let epochs = u64::from(self.update_schedule_epochs.min(self.epochs));
        let share = (u128::from(steps) * u128::from(epochs) / u128::from(self.epochs)) as u64;
        match self.update_schedule {
            _ if self.method != Method::Rbd => false,
            UpdateSchedule::Off => false,
            UpdateSchedule::SgdFirst => step < share,
            UpdateSchedule::SgdLast => step >= steps - share,
        }
    }
}

impl Reset {
    /// As a period of the core.
    #[must_use]
    pub const fn period(self) -> Period {
        match self {
            Self::EachStep => Period::Steps(1),
            Self::Never => Period::Never,
            Self::Every(steps) => Period::Steps(steps),
        }
    }
}

impl Threshold {
    /// The number, if there is one.
    #[must_use]
    pub const fn value(self) -> Option<f32> {
        match self {
            Self::Off => None,
            Self::At(number) => Some(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers::Layers;
    use super::*;

    fn defaults() -> Settings {
        Layers::defaults().unwrap().flatten(Vec::new()).unwrap().0
    }

    #[test]
    fn the_defaults_are_no_options() {
        for method in Method::ALL {
            assert_eq!(Settings { method: *method, ..defaults() }.options(), Options::NONE);
        }
    }

    #[test]
    fn sgd_comes_first_or_last() {
        let settings = Settings {
            epochs: 10,
            update_schedule: UpdateSchedule::SgdFirst,
            update_schedule_epochs: 3,
            ..defaults()
        };
        let of = |settings: &Settings| (0..100).filter(|step| settings.rates(*step, 100).sgd_step).collect();
        let first: Vec<u64> = of(&settings);
        assert_eq!(first, (0..30).collect::<Vec<_>>());
        let last: Vec<u64> = of(&Settings { update_schedule: UpdateSchedule::SgdLast, ..settings.clone() });
        assert_eq!(last, (70..100).collect::<Vec<_>>());
        let all: Vec<u64> = of(&Settings { update_schedule_epochs: 40, ..settings });
        assert_eq!(all.len(), 100);
    }

    #[test]
    fn other_methods_look_at_none_of_them() {
        let settings = Settings {
            workers: 3,
            weights_per_compartment: -1,
            momentum: 0.9,
            correlation_multiplier: true,
            reset_base_each_step: Reset::Never,
            ..defaults()
        };
        assert_eq!(Settings { method: Method::Nes, ..settings.clone() }.options(), Options::NONE);
        let sgd = Settings { method: Method::Sgd, ..settings.clone() }.options();
        assert_eq!((sgd.update.momentum, sgd.workers.count), (0.9, 1));
        let fpd = Settings { method: Method::Fpd, ..settings }.options();
        assert_eq!(fpd.draws, Options::NONE.draws);
        assert_eq!(fpd.compartments, Compartments::Layers(1));
    }
}
