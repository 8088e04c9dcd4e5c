//! Settings: what can be chosen about a run, and how a choice is made.
//!
//! Layers, from below: built-in defaults, a TOML file, the environment, the flags; a preset counts as part of
//! the layer that names it. [`resolve`] lays them over one another, remembers which one decided what, and
//! refuses what cannot be run before any work is done.
//!
//! In reading order: [`choices`] and [`amounts`] are the types of the values, `table` is the one list of all
//! settings, [`lists`] those with commas, `options` what they mean for the core, `presets`, `file` and `environment` make layers, `layers` lays them over one another, `resolve`
//! is the whole way, `checks` refuses, `split` counts images, `render` prints.

pub mod amounts;
mod checks;
pub mod choices;
mod distribution;
mod environment;
mod file;
mod layers;
pub mod lists;
mod nearest;
mod options;
mod presets;
mod rates;
mod render;
mod resolve;
mod split;
mod table;
#[cfg(test)]
mod tests;
mod value;

pub use amounts::{
    LearningRate, NoiseStd, Normalisation, Reset, Threshold, ValidationOffset, ValidationSize,
};
pub use checks::{
    BATCH_MAX, BINS_MAX, COMPARTMENTS_MAX, DIMENSIONS_MAX, IMAGES_MAX, THREADS_MAX, WORKERS_MAX,
};
pub use choices::{
    AllocationMode, BaseLearning, Dataset, Math, Method, Network, Progress, RateSchedule, Strategy,
    Transformation, UpdateSchedule, Vector, Warmup,
};
pub use environment::VARIABLES;
pub use file::FILE_NAME;
pub use layers::{Origin, Origins};
pub use lists::{Numbers, Probe, Probes};
pub use nearest::{did_you_mean, nearest};
pub use presets::preset_names;
pub use rates::{tuned_rate, tuned_sgd_rate};
pub use resolve::{
    DATA_FOLDER, MachineFlags, MachineSettings, Resolved, SettingsFlags, Surroundings, resolve, resolve_in,
    resolve_machine, resolve_machine_in,
};
pub use split::Split;
pub use table::{KEYS, Partial, Settings};
pub(crate) use value::Value;
