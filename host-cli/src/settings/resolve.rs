//! From what was asked to what will be done.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;

use super::amounts::{LearningRate, NoiseStd};
use super::checks::{check, check_threads};
use super::choices::{Method, Network, Vector};
use super::environment;
use super::file::{FILE_NAME, FileLayer, read_file};
use super::layers::{Layers, Origin, Origins};
use super::presets::preset;
use super::rates::tuned_rate;
use super::render::{Derived, render};
use super::table::{Partial, Settings};
use super::value::Value;
use crate::failure::Failure;

/// Where `data fetch` puts files, and where they are looked for, if nothing else is said.
pub const DATA_FOLDER: &str = "data";

/// The flags of every command that trains or shows a configuration.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct SettingsFlags {
    /// Presets: fc, cnn, conv, small; mnist, fmnist, cifar10, synthetic, shapes; rbd, fpd, sgd, nes, hybrid,
    /// gradient-bases, landscape; several with commas, later ones win
    #[arg(long = "preset", value_name = "NAME", value_delimiter = ',')]
    pub presets: Vec<String>,
    /// The configuration file [default: random-bases.toml in the working directory, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The settings themselves.
    #[command(flatten)]
    pub values: Partial,
}

/// The flags that only say how to use the machine, for commands whose other settings come from a record.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineFlags {
    /// Threads; 0 for one per core [default: 0, or RANDOM_BASES_THREADS]
    #[arg(long, value_name = "NUMBER", value_parser = <u32 as Value>::parser())]
    pub threads: Option<u32>,
    /// The vector instructions [default: auto, or RANDOM_BASES_VECTOR]
    #[arg(long, value_name = "NAME")]
    pub vector: Option<Vector>,
}

/// What settings are resolved against, besides the flags.
pub struct Surroundings<'a> {
    /// The folder where the configuration file is looked for; empty for the working directory.
    pub folder: &'a Path,
    /// The environment.
    pub environment: &'a dyn Fn(&str) -> Option<OsString>,
}

/// Settings with the origin of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The settings, checked.
    pub settings: Settings,
    /// Which layer decided each of them.
    pub origins: Origins,
    /// The presets that the command line named.
    presets_of_flags: Vec<String>,
}

impl Resolved {
    /// The settings as a TOML file, each with its origin as a comment. What follows from other settings stays free to
    /// follow: it stands there as a comment, so that the file can be used with another method or data set.
    pub fn to_toml(&self) -> String {
        render(&self.settings, Some(&self.origins), Derived::Commented)
    }

    /// The settings as the TOML file of a run that was made: every number as it was used. Only the output folder is a
    /// comment, since a run is never written over.
    pub fn to_toml_of_run(&self) -> String {
        render(&self.settings, Some(&self.origins), Derived::Fixed)
    }
}

/// How to use the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineSettings {
    /// Threads; 0 for one per core.
    pub threads: u32,
    /// The vector instructions.
    pub vector: Vector,
}

impl Resolved {
    /// What is allowed but seldom meant, in words.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let Settings { network, dataset, method, learning_rate, .. } = &self.settings;
        let tuned = tuned_rate(*network, *dataset, *method);
        let chosen_now =
            ["network", "dataset", "method"].into_iter().find(|key| match self.origins.of(key) {
                Origin::Flag => true,
                Origin::Preset(name) => self.presets_of_flags.iter().any(|preset| preset == name),
                _ => false,
            });
        match (chosen_now, learning_rate) {
            (Some(key), LearningRate::Base(rate))
                if matches!(self.origins.of("learning_rate"), Origin::File(_)) && *rate != tuned =>
            {
                vec![format!(
                    "learning_rate = {rate} ({}) stays, although {key} was chosen anew ({}); tuned for {method}, {dataset}, \
                     {network} is {tuned}",
                    self.origins.place("learning_rate"),
                    self.origins.place(key)
                )]
            }
            _ => Vec::new(),
        }
    }
}

/// Resolves and checks the settings of a run in this process's working directory and environment.
pub fn resolve(flags: &SettingsFlags) -> Result<Resolved, Failure> {
    resolve_in(flags, &Surroundings { folder: Path::new(""), environment: &|name| std::env::var_os(name) })
}

/// Resolves and checks the settings of a run.
///
/// The layers, from below: the defaults; the presets that the file names; the file; the environment; the
/// presets that the command line names; the flags. So a preset belongs to the layer that names it: `--preset
/// mnist` wins over
/// `dataset = "fmnist"` in a file, as `--dataset mnist` would.
pub fn resolve_in(flags: &SettingsFlags, surroundings: &Surroundings<'_>) -> Result<Resolved, Failure> {
    let mut layers = Layers::defaults()?;
    let mut presets = Vec::new();

    if let Some((path, file)) = configuration_file(flags, surroundings)? {
        push_presets(&mut layers, &file.presets, &format!("{}: presets", path.display()))?;
        presets.extend(file.presets);
        layers.push(file.values, &Origin::File(path));
    }
    for (layer, origin) in environment::layers(surroundings.environment)? {
        layers.push(layer, &origin);
    }
    push_presets(&mut layers, &flags.presets, "--preset")?;
    presets.extend_from_slice(&flags.presets);
    layers.push(flags.values.clone(), &Origin::Flag);

    let (mut settings, mut origins) = layers.flatten(presets)?;
    derive(&mut settings, &mut origins, surroundings.folder);
    check(&settings, &origins)?;
    Ok(Resolved { settings, origins, presets_of_flags: flags.presets.clone() })
}

/// Resolves how to use the machine, from flags and environment; no file takes part, so that a verification
/// does not depend on the folder in which it is started.
pub fn resolve_machine(flags: &MachineFlags) -> Result<MachineSettings, Failure> {
    resolve_machine_in(flags, &|name| std::env::var_os(name))
}

/// [`resolve_machine`] with another environment.
pub fn resolve_machine_in(
    flags: &MachineFlags,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<MachineSettings, Failure> {
    let mut layers = Layers::defaults()?;
    for (layer, origin) in environment::layers(environment)? {
        layers.push(layer, &origin);
    }
    let values = Partial { threads: flags.threads, vector: flags.vector, ..Partial::default() };
    layers.push(values, &Origin::Flag);
    let (settings, origins) = layers.flatten(Vec::new())?;
    check_threads(settings.threads, &origins.place("threads"))?;
    Ok(MachineSettings { threads: settings.threads, vector: settings.vector })
}

fn configuration_file(
    flags: &SettingsFlags,
    surroundings: &Surroundings<'_>,
) -> Result<Option<(PathBuf, FileLayer)>, Failure> {
    let path = match &flags.config {
        Some(path) => path.clone(),
        None => {
            let path = surroundings.folder.join(FILE_NAME);
            // If the system will not say whether it is there, reading it gives the better message.
            if matches!(path.try_exists(), Ok(false)) {
                return Ok(None);
            }
            path
        }
    };
    let layer = read_file(&path)?;
    Ok(Some((path, layer)))
}

fn push_presets(layers: &mut Layers, names: &[String], place: &str) -> Result<(), Failure> {
    for name in names {
        let (name, layer) = preset(name, place)?;
        layers.push(layer, &Origin::Preset(name));
    }
    Ok(())
}

/// Puts numbers in place of settings that mean "as is usual for the others", so that a saved configuration
/// means the same to a later release with another table.
fn derive(settings: &mut Settings, origins: &mut Origins, folder: &Path) {
    let (network, dataset, method) = (settings.network, settings.dataset, settings.method);
    if settings.learning_rate == LearningRate::Tuned {
        settings.learning_rate = LearningRate::Base(settings.base_learning_rate());
        origins.derive("learning_rate", format!("tuned for {method}, {dataset}, {network}"));
    }
    if settings.sgd_learning_rate == LearningRate::Tuned {
        settings.sgd_learning_rate = LearningRate::Base(settings.base_sgd_rate());
        origins.derive("sgd_learning_rate", format!("tuned for sgd inside rbd, {dataset}, {network}"));
    }
    if dataset.is_in_files() && settings.data_dir.is_none() && folder.join(DATA_FOLDER).is_dir() {
        settings.data_dir = Some(DATA_FOLDER.into());
        origins.derive("data_dir", "the folder is there".into());
    }
    // The rate of past gradients is that of one of them at a time.
    if method == Method::GradientBases && *origins.of("base_dimensions") == Origin::Default {
        settings.base_dimensions = 1;
        origins.derive("base_dimensions", format!("usual for {method}"));
    }
    if settings.noise_std == NoiseStd::Auto {
        let noise = match method {
            // The usual noise is for networks of a hundred thousand weights.
            Method::Nes if network == Network::Small => Some(0.1),
            Method::Nes => Some(0.01),
            Method::Hybrid => Some(0.002),
            _ => None,
        };
        if let Some(noise) = noise {
            settings.noise_std = NoiseStd::Constant(noise);
            origins.derive("noise_std", format!("usual for {method}"));
        }
    }
    if !dataset.is_in_files() {
        let (train, test) = match network {
            Network::Small => (4_000, 1_000),
            _ => (30_000, 5_000),
        };
        let wanted = [
            ("train_images", &mut settings.train_images, train),
            ("test_images", &mut settings.test_images, test),
        ];
        for (key, setting, usual) in wanted {
            if setting.is_none() {
                *setting = Some(usual);
                origins.derive(key, format!("default for {dataset}, {network}"));
            }
        }
    }
}
