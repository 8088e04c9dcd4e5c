//! The folder that a training leaves behind.
//!
//! | file | what |
//! | --- | --- |
//! | `config.toml` | the resolved configuration; `--config` takes it |
//! | `metrics.jsonl` | a JSON object per epoch; numbers that matter also as their bits |
//! | `journal.rbases` | every step; `replay`, `verify` and `inspect` take it |
//! | `weights.safetensors` | the final weights |
//! | `summary.json` | the outcome |

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use random_bases_core::nn::Tensors;
use random_bases_core::numerics::CONTRACT;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde::Serialize;

use crate::failure::Failure;
use crate::records::{EXTENSION, RecordWriter};

/// A run's folder.
#[derive(Debug)]
pub struct OutputFolder {
    folder: PathBuf,
    metrics: File,
}

impl OutputFolder {
    /// Makes the folder and writes the configuration.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if the folder already holds a run: nothing is ever overwritten.
    /// [`Failure::Output`] if it cannot be written.
    pub fn create(folder: &Path, configuration: &str) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(|error| Failure::output(folder, error))?;
        let path = folder.join("config.toml");
        if path.exists() {
            return Err(Failure::configuration(format_args!(
                "output = \"{}\": already holds a run; choose another folder, or remove this one",
                folder.display()
            )));
        }
        std::fs::write(&path, configuration).map_err(|error| Failure::output(&path, error))?;
        let path = folder.join("metrics.jsonl");
        let metrics = File::create(&path).map_err(|error| Failure::output(&path, error))?;
        Ok(Self { folder: folder.to_owned(), metrics })
    }

    /// Opens the journal.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn journal(&self) -> Result<RecordWriter, Failure> {
        RecordWriter::create(&self.folder.join(format!("journal.{EXTENSION}")), false)
    }

    /// Appends a line of metrics.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn metrics(&mut self, metrics: &impl Serialize) -> Result<(), Failure> {
        let mut line = json(metrics)?;
        line.push('\n');
        let written = self.metrics.write_all(line.as_bytes());
        written.map_err(|error| Failure::output(self.folder.join("metrics.jsonl"), error))
    }

    /// Writes the outcome.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn summary(&self, summary: &impl Serialize) -> Result<(), Failure> {
        let path = self.folder.join("summary.json");
        std::fs::write(&path, json(summary)? + "\n").map_err(|error| Failure::output(path, error))
    }

    /// Where the final weights go.
    #[must_use]
    pub fn weights_path(&self) -> PathBuf {
        self.folder.join("weights.safetensors")
    }
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(Failure::internal)
}

/// Writes weights as safetensors, with what made them in the metadata.
///
/// # Errors
/// [`Failure::Output`].
pub fn write_weights(
    path: &Path,
    weights: &[f32],
    tensors: &Tensors,
    about: &[(&str, String)],
) -> Result<(), Failure> {
    let bytes: Vec<u8> = weights.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut views = Vec::new();
    for tensor in tensors {
        let data = &bytes[4 * tensor.start..4 * (tensor.start + tensor.len)];
        let view = TensorView::new(Dtype::F32, tensor.shape.to_vec(), data).map_err(Failure::internal)?;
        views.push((tensor.name.as_str(), view));
    }
    let mut metadata: std::collections::HashMap<String, String> =
        about.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    metadata.insert("numeric_contract".into(), CONTRACT.to_string());
    let serialized = safetensors::serialize(views, Some(metadata)).map_err(Failure::internal)?;
    std::fs::write(path, serialized).map_err(|error| Failure::output(path, error))
}
