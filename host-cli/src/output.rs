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

use random_bases_core::numerics::{CONTRACT, digest};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde::Serialize;

use crate::failure::Failure;
use crate::records::{EXTENSION, RecordWriter};
use crate::run_spec::RunSpec;
use crate::training::tensors;

/// The files of a run's folder.
const FILES: [&str; 5] =
    ["config.toml", "metrics.jsonl", "journal.rbases", "weights.safetensors", "summary.json"];

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
        // Also what an earlier run left without its configuration, and links that lead nowhere.
        if let Some(name) = FILES.into_iter().find(|name| folder.join(name).symlink_metadata().is_ok()) {
            return Err(Failure::configuration(format_args!(
                "output = \"{}\": already holds a run (there is {name}); choose another folder, or remove this one",
                folder.display()
            )));
        }
        let create = |name| {
            let path = folder.join(name);
            File::create_new(&path).map_err(|error| Failure::output(&path, error))
        };
        let written = create("config.toml")?.write_all(configuration.as_bytes());
        written.map_err(|error| Failure::output(folder.join("config.toml"), error))?;
        let metrics = create("metrics.jsonl")?;
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

/// Writes the weights that `steps` steps of a run left, as safetensors, with what made them in the metadata.
///
/// # Errors
/// [`Failure::Output`].
pub fn write_weights(path: &Path, weights: &[f32], spec: &RunSpec, steps: u64) -> Result<(), Failure> {
    let tensors = tensors(spec.network);
    let bytes: Vec<u8> = weights.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut views = Vec::new();
    for tensor in &tensors {
        let data = &bytes[4 * tensor.start..4 * (tensor.start + tensor.len)];
        let view = TensorView::new(Dtype::F32, tensor.shape.to_vec(), data).map_err(Failure::internal)?;
        views.push((tensor.name.as_str(), view));
    }
    let about = [
        ("network", spec.network.name().to_owned()),
        ("method", spec.method.name().to_owned()),
        ("data", spec.data.name.clone()),
        ("seed", spec.seed.to_string()),
        ("steps", steps.to_string()),
        ("weights_digest", format!("{:016x}", digest(weights))),
        ("numeric_contract", CONTRACT.to_string()),
    ];
    let metadata = about.map(|(key, value)| (key.to_owned(), value)).into();
    let mut serialized = safetensors::serialize(views, Some(metadata)).map_err(Failure::internal)?;
    sort_header(&mut serialized).map_err(Failure::internal)?;
    std::fs::write(path, serialized).map_err(|error| Failure::output(path, error))
}

/// Sorts the keys of a safetensors header, which come out of a hash map: equal weights give equal files.
fn sort_header(file: &mut [u8]) -> Result<(), String> {
    let (len, rest) = file.split_first_chunk_mut::<8>().ok_or("no header")?;
    let header = rest.get_mut(..u64::from_le_bytes(*len) as usize).ok_or("no header")?;
    let sorted: serde_json::Value = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let mut sorted = sorted.to_string().into_bytes();
    // The format pads with blanks.
    sorted.resize(header.len().max(sorted.len()), b' ');
    if sorted.len() != header.len() {
        return Err("the header has grown".into());
    }
    header.copy_from_slice(&sorted);
    Ok(())
}
