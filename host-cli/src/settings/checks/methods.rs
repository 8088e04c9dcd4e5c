//! Which methods look at which settings.

use super::Check;
use crate::failure::Failure;
use crate::settings::choices::Method;
use crate::settings::table::Settings;

/// Settings that only some methods look at: which, and what the others lack.
const METHOD_KEYS: &[(&str, &[Method], &str)] = {
    use Method::{Fpd, GradientBases, Hybrid, Landscape, Nes, Rbd, Sgd};
    const PROJECTED: &str = "gradient that is projected on a random basis";
    const DRAWN: &str = "basis that is drawn anew and along which a gradient is projected";
    &[
        ("base_dimensions", &[Rbd, Fpd, Nes, Hybrid, GradientBases, Landscape], "basis"),
        ("distribution", &[Rbd, Fpd, Nes, Hybrid, Landscape], "random basis"),
        ("normalized", &[Rbd, Fpd, Nes, Hybrid, Landscape], "random basis"),
        ("antithetic_sampling", &[Rbd, Fpd, Nes, Hybrid, Landscape], "random basis"),
        ("strategy", &[Rbd, Fpd], PROJECTED),
        ("workers", &[Rbd, Fpd], PROJECTED),
        ("same_images_for_each_worker", &[Rbd, Fpd], PROJECTED),
        ("base_for_each_worker", &[Rbd, Fpd], PROJECTED),
        ("average_in_coordinate_space", &[Rbd, Fpd], PROJECTED),
        ("split_dimensions_across_workers", &[Rbd, Fpd], PROJECTED),
        ("weights_per_compartment", &[Rbd, Fpd], PROJECTED),
        ("group_weights_by_type", &[Rbd, Fpd], PROJECTED),
        ("dynamic_compartments", &[Rbd, Fpd], PROJECTED),
        ("dynamic_allocation_mode", &[Rbd, Fpd], PROJECTED),
        ("split_dimensions_across_compartments", &[Rbd, Fpd], PROJECTED),
        ("coordinate_transformation", &[Rbd, Fpd], PROJECTED),
        ("use_top_directions", &[Rbd, Fpd], PROJECTED),
        ("keep_projection_in_memory", &[Rbd, Fpd], PROJECTED),
        ("reset_coordinates_each_step", &[Rbd], DRAWN),
        ("reset_base_each_step", &[Rbd], DRAWN),
        ("continuous_coordinate_update", &[Rbd], DRAWN),
        ("base_learning", &[Rbd], DRAWN),
        ("base_learning_fraction", &[Rbd], DRAWN),
        ("correlation_multiplier", &[Rbd], DRAWN),
        ("surgeon_update", &[Rbd], DRAWN),
        ("skip_update_if_correlation_lower_than", &[Rbd], DRAWN),
        ("use_sgd_for_layer", &[Rbd], DRAWN),
        ("sgd_learning_rate", &[Rbd], DRAWN),
        ("update_schedule", &[Rbd], DRAWN),
        ("update_schedule_epochs", &[Rbd], DRAWN),
        ("momentum", &[Rbd, Sgd], "step that momentum could carry on"),
        ("nesterov", &[Rbd, Sgd], "step that momentum could carry on"),
        ("curvature", &[Landscape], "landscape"),
        ("noise_std", &[Nes, Hybrid], "offspring"),
        ("transformation", &[Nes, Hybrid], "offspring"),
        ("offset", &[GradientBases], "basis of past gradients"),
        ("use_update_as_base", &[GradientBases], "basis of past gradients"),
    ]
};

/// Whether a method looks at one of [`METHOD_KEYS`].
pub(super) fn uses(method: Method, key: &str) -> bool {
    METHOD_KEYS.iter().any(|(name, methods, _)| *name == key && methods.contains(&method))
}

impl Check<'_> {
    /// Flags that this method does not look at.
    pub(super) fn idle(&self, settings: &Settings) -> Result<(), Failure> {
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
        Ok(())
    }
}
