//! Layers of settings, and where each value came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::table::{DEFAULTS, KEYS, Partial, Refusal, Settings};
use crate::failure::Failure;

/// Which layer decided a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program.
    Default,
    /// The preset of that name.
    Preset(&'static str),
    /// The configuration file.
    File(PathBuf),
    /// The environment variable of that name.
    Environment(&'static str),
    /// A flag on the command line.
    Flag,
    /// The program, in view of other settings; the text says which.
    Derived(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Preset(name) => write!(f, "preset {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("flag"),
            Self::Derived(why) => f.write_str(why),
        }
    }
}

/// The origin of each key that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<&'static str, Origin>);

impl Origins {
    /// Where `key` was set; a key that nothing set has the default's origin.
    pub fn of(&self, key: &str) -> &Origin {
        self.0.get(key).unwrap_or(&Origin::Default)
    }

    /// Whether `key` was given as a flag of this very command.
    pub fn is_flag(&self, key: &str) -> bool {
        *self.of(key) == Origin::Flag
    }

    /// Where `key` was set, in words: the origin, with the name of the flag if it was one.
    pub fn place(&self, key: &str) -> String {
        match self.of(key) {
            Origin::Flag => format!("flag --{}", key.replace('_', "-")),
            origin => origin.to_string(),
        }
    }

    /// Notes that `key` follows from other settings.
    pub(super) fn derive(&mut self, key: &'static str, why: String) {
        self.0.insert(key, Origin::Derived(why));
    }
}

/// Layers laid over one another, the defaults at the bottom.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    values: Partial,
    origins: Origins,
}

impl Layers {
    /// The defaults alone.
    pub(super) fn defaults() -> Result<Self, Failure> {
        Ok(Self { values: built_in(DEFAULTS)?, origins: Origins::default() })
    }

    /// Puts a layer on top.
    pub(super) fn push(&mut self, layer: Partial, origin: &Origin) {
        self.values.overlay(layer, |key| {
            self.origins.0.insert(key, origin.clone());
        });
    }

    /// What is seen from above.
    pub(super) fn flatten(self, presets: Vec<String>) -> Result<(Settings, Origins), Failure> {
        Ok((self.values.complete(presets)?, self.origins))
    }
}

/// A layer from a table in this program.
pub(super) fn built_in(table: &[(&str, &str)]) -> Result<Partial, Failure> {
    let mut layer = Partial::default();
    for (key, text) in table {
        layer.set(key, None, text).map_err(|refusal| match refusal {
            Refusal::UnknownKey => {
                Failure::internal(format_args!("built-in setting {key} is not in {KEYS:?}"))
            }
            Refusal::Value(why) => Failure::internal(format_args!("built-in {key} = {text}: {why}")),
        })?;
    }
    Ok(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_layer_wins_and_is_remembered() {
        let mut layers = Layers::defaults().unwrap();
        layers.push(Partial { epochs: Some(7), seed: Some(2), ..Partial::default() }, &Origin::Preset("fc"));
        layers.push(Partial { epochs: Some(9), ..Partial::default() }, &Origin::Flag);
        let (settings, origins) = layers.flatten(Vec::new()).unwrap();
        assert_eq!((settings.epochs, settings.seed, settings.batch_size), (9, 2, 32));
        assert!(origins.is_flag("epochs"));
        assert_eq!(origins.place("epochs"), "flag --epochs");
        assert_eq!(origins.of("seed").to_string(), "preset fc");
        assert_eq!(origins.of("batch_size"), &Origin::Default);
    }

    #[test]
    fn a_wrong_built_in_table_is_an_internal_error() {
        assert_eq!(built_in(&[("epoch", "3")]).unwrap_err().exit_code(), 1);
        assert_eq!(built_in(&[("epochs", "three")]).unwrap_err().exit_code(), 1);
    }
}
