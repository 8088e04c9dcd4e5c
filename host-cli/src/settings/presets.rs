//! Presets: named bundles of settings.

use super::layers::built_in;
use super::nearest::did_you_mean;
use super::table::Partial;
use crate::failure::Failure;

/// A name and the settings that it stands for.
type Preset = (&'static str, &'static [(&'static str, &'static str)]);

/// The presets. `rbd` and `fpd` are the settings of Table 1 of the paper, except for the number of epochs.
const PRESETS: &[Preset] = &[
    ("fc", &[("network", "fc")]),
    ("cnn", &[("network", "cnn")]),
    ("conv", &[("network", "conv")]),
    ("small", &[("network", "small"), ("dataset", "synthetic")]),
    ("mnist", &[("dataset", "mnist")]),
    ("fmnist", &[("dataset", "fmnist")]),
    ("cifar10", &[("dataset", "cifar10")]),
    ("synthetic", &[("dataset", "synthetic")]),
    ("shapes", &[("dataset", "shapes")]),
    (
        "rbd",
        &[("method", "rbd"), ("base_dimensions", "250"), ("distribution", "normal"), ("normalized", "auto")],
    ),
    (
        "fpd",
        &[("method", "fpd"), ("base_dimensions", "250"), ("distribution", "normal"), ("normalized", "auto")],
    ),
    ("sgd", &[("method", "sgd")]),
    (
        "nes",
        &[
            ("method", "nes"),
            ("base_dimensions", "250"),
            ("distribution", "normal"),
            ("normalized", "auto"),
            ("transformation", "ranks"),
        ],
    ),
    (
        "hybrid",
        &[
            ("method", "hybrid"),
            ("base_dimensions", "250"),
            ("distribution", "normal"),
            ("normalized", "auto"),
            ("transformation", "ranks"),
        ],
    ),
    ("gradient-bases", &[("method", "gradient-bases")]),
    (
        "landscape",
        &[
            ("method", "landscape"),
            ("base_dimensions", "250"),
            ("distribution", "normal"),
            ("normalized", "auto"),
        ],
    ),
];

/// The names of all presets.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The preset called `name`; `place` says where the name was given.
pub(super) fn preset(name: &str, place: &str) -> Result<(&'static str, Partial), Failure> {
    let Some((name, table)) = PRESETS.iter().find(|(known, _)| *known == name) else {
        let known = preset_names().collect::<Vec<_>>().join(", ");
        return Err(Failure::configuration(format_args!(
            "{place}: there is no preset \"{name}\"{}; the presets are {known}",
            did_you_mean(name, preset_names())
        )));
    };
    Ok((name, built_in(table)?))
}

#[cfg(test)]
mod tests {
    use super::super::choices::{Dataset, Method, Network};
    use super::*;

    #[test]
    fn every_preset_is_sound() {
        for name in preset_names() {
            let (found, layer) = preset(name, "here").unwrap();
            assert_eq!(found, name);
            assert_ne!(layer, Partial::default(), "{name}");
        }
        let (_, small) = preset("small", "here").unwrap();
        assert_eq!((small.network, small.dataset), (Some(Network::Small), Some(Dataset::Synthetic)));
        assert_eq!(preset("sgd", "here").unwrap().1.method, Some(Method::Sgd));
    }

    #[test]
    fn an_unknown_preset_lists_the_names_and_the_nearest() {
        let failure = preset("minst", "--preset").unwrap_err();
        assert_eq!(failure.exit_code(), 3);
        assert_eq!(
            failure.to_string(),
            "--preset: there is no preset \"minst\" (did you mean \"mnist\"?); the presets are \
             fc, cnn, conv, small, mnist, fmnist, cifar10, synthetic, shapes, rbd, fpd, sgd, nes, hybrid, \
             gradient-bases, landscape"
        );
    }
}
