//! Options of the core that do not go together, in the words of the settings that made them.

use random_bases_core::descent::Conflict;
use random_bases_core::subspace::Top;

use super::Check;
use crate::failure::Failure;
use crate::settings::amounts::Reset;
use crate::settings::choices::Method;
use crate::settings::table::Settings;

impl Check<'_> {
    /// Says which settings a conflict of options is between, and what to change.
    pub(super) fn conflict(&self, settings: &Settings, conflict: Conflict) -> Result<(), Failure> {
        let update = settings.options().update;
        // The setting that looks at or follows a gradient.
        let gradient = if update.multiplier {
            "correlation_multiplier"
        } else if update.surgeon.is_some() {
            "surgeon_update"
        } else if update.sgd_below.is_some() {
            "skip_update_if_correlation_lower_than"
        } else if update.sgd_steps {
            "update_schedule"
        } else {
            "use_sgd_for_layer"
        };
        let kept = if settings.method == Method::Fpd { "method" } else { "reset_coordinates_each_step" };
        let (key, other, advice) = match conflict {
            Conflict::WorkersAndGradients => (gradient, "workers", "use one worker, or leave it out"),
            Conflict::KeptAndGradients => {
                (gradient, kept, "use rbd with reset_coordinates_each_step = true, or leave it out")
            }
            Conflict::KeptAndMomentum => {
                ("momentum", kept, "use rbd with reset_coordinates_each_step = true, or no momentum")
            }
            Conflict::KeptAndAnew => {
                ("base_learning", kept, "use reset_coordinates_each_step = true, or leave base_learning off")
            }
            Conflict::KeptAndAccumulated => (
                "continuous_coordinate_update",
                kept,
                "use reset_coordinates_each_step = true, or leave it 0",
            ),
            Conflict::AccumulatedAndMomentum => {
                ("momentum", "continuous_coordinate_update", "leave out one of the two")
            }
            Conflict::AccumulatedAndGradients => {
                (gradient, "continuous_coordinate_update", "leave out one of the two")
            }
            Conflict::AccumulatedAndAnew => {
                ("base_learning", "continuous_coordinate_update", "leave out one of the two")
            }
            Conflict::AccumulatedBases => (
                "continuous_coordinate_update",
                "reset_base_each_step",
                "set reset_base_each_step to the same number of steps, a multiple of it, or false",
            ),
            Conflict::AnewAndPeriod => (
                "base_learning",
                "reset_base_each_step",
                "use reset_base_each_step = true, or leave base_learning off",
            ),
            Conflict::AnewAndAntithetic => {
                ("base_learning", "antithetic_sampling", "leave out one of the two")
            }
            Conflict::AnewAndShared => (
                "base_learning",
                "base_for_each_worker",
                "use base_for_each_worker = true, or average_in_coordinate_space = true",
            ),
            Conflict::NesterovAlone => {
                ("nesterov", "momentum", "set momentum above 0, or leave nesterov out")
            }
            Conflict::DynamicSplit => (
                "split_dimensions_across_compartments",
                "dynamic_compartments",
                "leave out split_dimensions_across_compartments",
            ),
            Conflict::Range if settings.use_top_directions == Top::Count(0) => {
                ("use_top_directions", "use_top_directions", "choose at least 1, or \"all\"")
            }
            Conflict::Range if settings.reset_base_each_step == Reset::Every(0) => {
                ("reset_base_each_step", "reset_base_each_step", "choose at least 1, or false for never")
            }
            Conflict::Range if settings.reset_coordinates_each_step == Reset::Every(0) => (
                "reset_coordinates_each_step",
                "reset_coordinates_each_step",
                "choose at least 1, or false for never",
            ),
            Conflict::Range => {
                ("use_top_directions", "use_top_directions", "choose a fraction from -1 to 1 that is not 0")
            }
            Conflict::Method | Conflict::FpdPeriods => {
                return Err(Failure::internal(format_args!(
                    "settings made options with a conflict: {conflict}"
                )));
            }
        };
        let literals = settings.literals();
        let value = |key| {
            let found = literals.iter().find(|(name, _)| *name == key).and_then(|(_, value)| value.clone());
            found.unwrap_or_default()
        };
        let with = if key == other {
            String::new()
        } else {
            format!("with {other} = {} ({}): ", value(other), self.origins.place(other))
        };
        self.refuse(key, value(key), format_args!("{with}{conflict}; {advice}"))
    }
}
