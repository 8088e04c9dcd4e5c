//! The table of settings: each key once, with its type, its help text and its default.
//!
//! Everything that needs the whole list is made from this table: the flags, the keys that a file may use, the
//! layers and the printed configuration. A new setting is one entry here, plus a line in `checks.rs` if some
//! of its values are absurd.

use std::path::PathBuf;

use clap::Args;

use random_bases_core::basis::Distribution;

use super::amounts::{LearningRate, NoiseStd, Normalisation, ValidationOffset, ValidationSize};
use super::choices::{Dataset, Math, Method, Network, Progress, Strategy, Transformation, Vector};
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
            pub(super) fn literals(&self) -> Vec<(&'static str, Option<String>)> {
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
    /// gradients, gradient-bases takes past gradients as directions
    method: Method = "rbd";
    /// The number of directions, d; of gradient-bases 1 if nothing else is said
    base_dimensions('d'): u32 = "250";
    /// What the elements of a direction are drawn from: normal, uniform, rademacher, bernoulli-P, lognormal or zeros
    distribution: Distribution = "normal";
    /// What a direction is divided by: auto (sqrt(D)), false (nothing), true (its own norm), or a number
    normalized: Normalisation = "auto";
    /// Whether directions come in pairs of opposite sign
    antithetic_sampling: bool = "false";
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
    /// The base rate, multiplied by the batch size; "tuned" is the published one for network, images and
    /// method
    learning_rate: LearningRate = "tuned";
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
