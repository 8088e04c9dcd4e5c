//! The table of settings: each key once, with its type, its help text and its default.
//!
//! Everything that needs the whole list is made from this table: the flags, the keys that a file may use, the
//! layers and the printed configuration. A new setting is one entry here, plus a line in `checks.rs` if some
//! of its values are absurd.

use std::path::PathBuf;

use clap::Args;

use random_bases_core::basis::Distribution;

use random_bases_core::subspace::Top;

use super::amounts::{
    LearningRate, NoiseStd, Normalisation, Reset, Threshold, ValidationOffset, ValidationSize,
};
use super::choices::{
    AllocationMode, BaseLearning, Dataset, Math, Method, Network, Progress, RateSchedule, Strategy,
    Transformation, UpdateSchedule, Vector, Warmup,
};
use super::lists::{Numbers, Probes};
use super::value::{Kind, Value, read};
use crate::failure::Failure;

/// The resolved type of a setting: without a default it stays optional.
macro_rules! resolved_type {
    ($type:ty) => { Option<$type> };
    ($type:ty, $default:literal) => { $type };
}

macro_rules! resolved_value {
    ($key:ident, $value:expr) => {
        $value
    };
    ($key:ident, $value:expr, $default:literal) => {
        $value
            .ok_or_else(|| Failure::internal(concat!("the setting ", stringify!($key), " has no default")))?
    };
}

/// A reference to a resolved setting as an `Option`, whichever of the two types it has.
macro_rules! resolved_option {
    ($value:expr) => {
        $value.as_ref()
    };
    ($value:expr, $default:literal) => {
        Some(&$value)
    };
}

macro_rules! settings {
    ($( $(#[doc = $doc:literal])+ $key:ident $(($short:literal))? : $type:ty $(= $default:literal)? ; )+) => {
        /// Some of the settings: those that one layer (a preset, a file, the flags, ...) decides.
        #[derive(Args, Clone, Debug, Default, PartialEq)]
        pub struct Partial { $(
            $(#[doc = $doc])+
            #[arg(
                long, $(short = $short,)?
                value_name = <$type as Value>::PLACEHOLDER,
                allow_negative_numbers = true,
                value_parser = <$type as Value>::parser(),
                num_args = if <$type as Value>::MAY_BE_LEFT_OUT { 0..=1 } else { 1..=1 },
                default_missing_value = "true",
                help = concat!($($doc),+ $(, " [default: ", $default, "]")?).trim_start()
            )]
            pub $key: Option<$type>,
        )+ }

        /// All the settings of a run, decided and checked.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            /// The presets that took part, in order.
            pub presets: Vec<String>,
            $( $(#[doc = $doc])+ pub $key: resolved_type!($type $(, $default)?), )+
        }

        /// The keys, in the order in which they are printed. The list of presets is a key of its own.
        pub const KEYS: &[&str] = &[$(stringify!($key)),+];

        /// The default of each key that has one, as text.
        pub(super) const DEFAULTS: &[(&str, &str)] = &[$( $((stringify!($key), $default),)? )+];

        impl Partial {
            /// Sets `key` from text of the given kind (`None`: text of no kind, as in the environment).
            pub(super) fn set(&mut self, key: &str, kind: Option<Kind>, text: &str) -> Result<(), Refusal> {
                match key {
                    $( stringify!($key) => self.$key = Some(read_as::<$type>(kind, text)?), )+
                    _ => return Err(Refusal::UnknownKey),
                }
                Ok(())
            }

            /// Takes over what `above` sets, and calls `took` with each key taken.
            pub(super) fn overlay(&mut self, above: Self, mut took: impl FnMut(&'static str)) {
                $( if above.$key.is_some() {
                    self.$key = above.$key;
                    took(stringify!($key));
                } )+
            }

            /// The settings, once every key with a default is set.
            pub(super) fn complete(self, presets: Vec<String>) -> Result<Settings, Failure> {
                Ok(Settings { presets, $( $key: resolved_value!($key, self.$key $(, $default)?), )+ })
            }
        }

        impl Settings {
            /// Every key with its value as a file writes it; `None` for a setting that is not made.
            pub(crate) fn literals(&self) -> Vec<(&'static str, Option<String>)> {
                vec![$( (
                    stringify!($key),
                    resolved_option!(self.$key $(, $default)?).map(Value::literal),
                ), )+]
            }
        }
    };
}

settings! {
    /// The network: fc (two dense layers), cnn (three convolutions), conv (two large ones), or small (fc for 8x8
    /// synthetic digits)
    network: Network = "fc";
    /// The images: synthetic (digits) and shapes (in colour) need no files; mnist, fmnist and cifar10 are read from the
    /// data folder
    dataset: Dataset = "synthetic";
    /// The folder with the files of mnist, fmnist or cifar10, or with a subfolder of that name
    data_dir: PathBuf;
    /// Whether training images are varied at random: shifted, and brightened or mirrored
    augmentation: bool = "true";
    /// The descent method: rbd draws a new basis each step, fpd keeps one, sgd is the baseline, nes and hybrid do without
    /// gradients, gradient-bases takes past gradients as directions, landscape looks at the loss along each direction
    method: Method = "rbd";
    /// The number of directions, d; of gradient-bases 1 if nothing else is said
    base_dimensions('d'): u32 = "250";
    /// What the elements of a direction are drawn from: normal, hadamard-normal, uniform, rademacher, bernoulli-P, lognormal or zeros
    distribution: Distribution = "normal";
    /// What a direction is divided by: auto (sqrt(D)), false (nothing), true (its own norm), or a number
    normalized: Normalisation = "auto";
    /// Whether directions come in pairs of opposite sign
    antithetic_sampling: bool = "false";
    /// Data-parallel replicas; what travels between them is coordinates. The learning rate scales with their number
    workers: u32 = "1";
    /// Whether all workers see the same mini-batch
    same_images_for_each_worker: bool = "false";
    /// Whether each worker has directions of its own; if not, all share the same
    base_for_each_worker: bool = "true";
    /// Whether workers that share directions add up their coordinates before the update, instead of their updates
    average_in_coordinate_space: bool = "false";
    /// Whether the directions are divided among the workers
    split_dimensions_across_workers: bool = "false";
    /// Weights that share directions: 0 all, n at most so many, -n those of n layers
    weights_per_compartment: i32 = "0";
    /// One compartment for each kernel, and one for all biases
    group_weights_by_type: bool = "false";
    /// One compartment for each kernel and bias, with directions that follow from their sizes
    dynamic_compartments: bool = "false";
    /// How they follow: proportional, or exp (size to the power of 1.2)
    dynamic_allocation_mode: AllocationMode = "proportional";
    /// Whether the directions are divided among the compartments, instead of so many for each
    split_dimensions_across_compartments: bool = "false";
    /// What is lifted instead of coordinates: their ranks, norm (from least to greatest), or none
    coordinate_transformation: Transformation = "none";
    /// Lift only so many of the largest coordinates of a compartment, or a fraction (negative: of the smallest)
    use_top_directions: Top = "all";
    /// How long coordinates are kept: true (fresh at each step), false (for the whole run), or a number of steps
    reset_coordinates_each_step: Reset = "true";
    /// How long directions are kept: true (drawn at each step), false (for the whole run), or a number of steps
    reset_base_each_step: Reset = "true";
    /// Add coordinates up for so many steps, then move the weights once; 0 for each step
    continuous_coordinate_update: u32 = "0";
    /// Which directions are drawn anew after a step: off (all), low-magnitude or high-magnitude (of their coordinates)
    base_learning: BaseLearning = "off";
    /// The fraction of the directions that base_learning draws anew
    base_learning_fraction: f32 = "0.5";
    /// Keep directions in memory instead of generating them again: a baseline that needs d times D numbers. The same bits
    keep_projection_in_memory: bool = "false";
    /// The share of a step that joins the next one, from 0 to below 1
    momentum: f32 = "0.0";
    /// Nesterov's form of momentum
    nesterov: bool = "false";
    /// Multiply each update with its cosine to the negative gradient, if that is positive, else with 0
    correlation_multiplier: bool = "false";
    /// Leave out the update of a kernel or bias whose cosine to the negative gradient is lower
    surgeon_update: Threshold = "off";
    /// Follow the gradient instead if some kernel's or bias' cosine is lower
    skip_update_if_correlation_lower_than: Threshold = "off";
    /// Layers that follow their gradient: n only layer n (from 1), -n all but layer n, 0 none
    use_sgd_for_layer: i32 = "0";
    /// Epochs in which whole steps follow the gradient: off, sgd-first or sgd-last
    update_schedule: UpdateSchedule = "off";
    /// How many epochs of update_schedule
    update_schedule_epochs: u32 = "40";
    /// The base rate of what follows the gradient; "tuned" is the published one for sgd inside rbd
    sgd_learning_rate: LearningRate = "tuned";
    /// landscape: in how many places the loss is looked at along a direction (odd); also of the probe
    bins: u32 = "3";
    /// landscape: how far apart these are, along a direction as drawn; also of the probes
    binsize: f32 = "0.002";
    /// landscape: follow directions with more curvature than the mean that much less
    curvature: bool = "false";
    /// How far the offspring of nes (auto: 0.01; small 0.1) and hybrid (auto: 0.002) are moved along a direction as
    /// drawn
    noise_std: NoiseStd = "auto";
    /// What nes and hybrid lift instead of the offspring's losses
    transformation: Transformation = "ranks";
    /// gradient-bases: make each step before its gradient joins the basis
    offset: bool = "false";
    /// gradient-bases: keep updates in the basis instead of gradients
    use_update_as_base: bool = "false";
    /// Passes over the training images
    epochs: u32 = "3";
    /// Images per mini-batch; a step takes one, of nes as many as there are directions
    batch_size: u32 = "32";
    /// Images at once when evaluating; changes speed and memory, never a result
    evaluation_batch_size: u32 = "1000";
    /// The base rate, multiplied by the batch size and the workers whose updates are averaged; "tuned" is the published one for
    /// network, images and method, where there is one
    learning_rate: LearningRate = "tuned";
    /// How the rate changes over the run: constant, piecewise, cosine or exponential
    learning_rate_schedule: RateSchedule = "constant";
    /// piecewise: fractions of the run at which the multiplier changes
    boundaries: Numbers = "0.5,0.75";
    /// piecewise: multipliers of the rate, one more than boundaries
    multipliers: Numbers = "1,0.1,0.01";
    /// cosine: what is left of the rate at the end
    decay_alpha: f32 = "0.01";
    /// exponential: what is left of the rate at the end
    decay_rate: f32 = "0.25";
    /// Steps over which the rate rises at the start
    warmup_steps: u32 = "0";
    /// How it rises: linear or exponential
    warmup: Warmup = "linear";
    /// The seed of everything random in the run; also as 0x...
    seed: u64 = "1";
    /// Threads; 0 for one per core. Any number gives the same bits
    threads: u32 = "0";
    /// The vector instructions. Any of them gives the same bits
    vector: Vector = "auto";
    /// How directions are generated. Any strategy gives the same bits
    strategy: Strategy = "auto";
    /// Where exp and ln of the loss come from. This changes bits, and records name it
    math: Math = "libm";
    /// Training images set aside for validation; auto is as many as there are test images
    validation_size: ValidationSize = "auto";
    /// Where the validation images begin: random (from the seed) or an index
    validation_offset: ValidationOffset = "random";
    /// Training images: how many synthetic ones to draw (30000; small 4000), or at most so many of a file
    train_images: u32;
    /// Test images: how many synthetic ones to draw (5000; small 1000), or at most so many of a file
    test_images: u32;
    /// The folder for the results of the run; without it nothing is kept
    output: PathBuf;
    /// Stop when the loss is above 1000, or when validation accuracy is not above 15 % after epoch 4. (What is not finite always
    /// stops a run: it has no portable bits)
    stop_on_nan: bool = "true";
    /// What to look at on the way, without changing a bit: some of correlation, coordinates, successive, hessian, full-hessian,
    /// landscape
    probes: Probes = "none";
    /// Random directions that hessian, full-hessian and landscape look along
    probe_directions: u32 = "10";
    /// Write the values of each step and direction, too, not only statistics of each epoch
    probe_detail: bool = "false";
    /// Write all weights after every step
    weight_streaming: bool = "false";
    /// How progress is shown on stderr
    progress: Progress = "auto";
    /// Stop after so many steps, for a trial
    max_steps: u64;
}

/// Why [`Partial::set`] did not set anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such key.
    UnknownKey,
    /// The value is of a wrong kind or malformed; the text says what is accepted.
    Value(String),
}

/// Reads text of a kind. The kind is looked at first: `epochs = "3"` is a word, and so a mistake.
fn read_as<T: Value>(kind: Option<Kind>, text: &str) -> Result<T, Refusal> {
    match kind {
        Some(kind) if !T::KINDS.contains(&kind) => {
            Err(Refusal::Value(format!("accepted here: {}", T::accepts())))
        }
        _ => read(text).map_err(Refusal::Value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_accepted_by_its_own_key() {
        let mut partial = Partial::default();
        for (key, text) in DEFAULTS {
            assert_eq!(partial.set(key, None, text), Ok(()), "{key}");
        }
        let settings = partial.complete(Vec::new()).unwrap();
        assert_eq!((settings.epochs, settings.base_dimensions, settings.seed), (3, 250, 1));
        assert_eq!(settings.literals().len(), KEYS.len());
    }

    #[test]
    fn a_missing_default_is_reported_not_a_panic() {
        assert_eq!(Partial::default().complete(Vec::new()).unwrap_err().exit_code(), 1);
    }

    #[test]
    fn kinds_are_checked() {
        let mut partial = Partial::default();
        assert!(matches!(partial.set("epochs", Some(Kind::Word), "3"), Err(Refusal::Value(_))));
        assert!(matches!(partial.set("network", Some(Kind::Truth), "true"), Err(Refusal::Value(_))));
        assert_eq!(partial.set("seed", Some(Kind::Word), "18446744073709551615"), Ok(()));
        assert_eq!(partial.set("normalized", Some(Kind::Truth), "false"), Ok(()));
        assert_eq!(partial.set("epoch", None, "3"), Err(Refusal::UnknownKey));
        let expected =
            Partial { seed: Some(u64::MAX), normalized: Some(Normalisation::Off), ..Partial::default() };
        assert_eq!(partial, expected);
    }
}
