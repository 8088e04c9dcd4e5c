//! The folder that a training leaves behind.
//!
//! | file | what |
//! | --- | --- |
//! | `config.toml` | the resolved configuration; `--config` takes it |
//! | `metrics.jsonl` | a JSON object per epoch; numbers that matter also as their bits |
//! | `checkpoint.safetensors` | what the next steps follow from, after the last whole epoch |
//! | `probes.jsonl`, `PROBE.svg` | what probes found, and drawn |
//! | `weights.f32` | all weights after every step, with `weight_streaming` |
//! | `journal.rbases` | every step; `replay`, `verify` and `inspect` take it |
//! | `weights.safetensors` | the final weights |
//! | `summary.json` | the outcome |

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use random_bases_core::numerics::{CONTRACT, digest};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde::Serialize;
use serde_json::Value;

use crate::checkpoint;
use crate::failure::Failure;
use crate::probes::charts::{self, CHARTS};
use crate::records::RecordWriter;
use crate::run_spec::RunSpec;
use crate::settings::{Probe, Settings};
use crate::training::tensors;

/// The files of a run's folder, but for the charts.
const FILES: [&str; 8] = [
    CONFIGURATION,
    METRICS,
    JOURNAL,
    "weights.safetensors",
    "summary.json",
    PROBES,
    WEIGHTS_STREAM,
    checkpoint::FILE_NAME,
];

/// How the names of files end that are being written.
const PART: &str = "part";

/// The resolved configuration.
pub const CONFIGURATION: &str = "config.toml";
/// A line per epoch.
pub const METRICS: &str = "metrics.jsonl";
/// Every step.
pub const JOURNAL: &str = "journal.rbases";
/// A line per look.
pub const PROBES: &str = "probes.jsonl";
/// The weights after every step.
pub const WEIGHTS_STREAM: &str = "weights.f32";

/// A run's folder.
#[derive(Debug)]
pub struct OutputFolder {
    folder: PathBuf,
    metrics: File,
    probes: Option<File>,
    stream: Option<File>,
}

impl OutputFolder {
    /// Makes the folder and writes the configuration.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if the folder already holds a run: nothing is ever overwritten.
    /// [`Failure::Output`] if it cannot be written.
    pub fn create(folder: &Path, configuration: &str) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(|error| Failure::output(folder, error))?;
        let names = FILES.into_iter().map(str::to_owned);
        let names = names.chain(CHARTS.iter().map(|(probe, _)| format!("{probe}.svg")));
        // Also what an earlier run left without its configuration, and links that lead nowhere.
        for name in names {
            if folder.join(&name).symlink_metadata().is_ok() {
                let go_on =
                    if folder.join(CONFIGURATION).exists() { ", or go on with it (--resume)" } else { "" };
                return Err(Failure::configuration(format_args!(
                    "output = \"{}\": already holds a run (there is {name}); choose another folder, or remove this one{go_on}",
                    folder.display()
                )));
            }
        }
        replace(&folder.join(CONFIGURATION), configuration.as_bytes())?;
        let path = folder.join(METRICS);
        let metrics = File::create_new(&path).map_err(|error| Failure::output(&path, error))?;
        Ok(Self { folder: folder.to_owned(), metrics, probes: None, stream: None })
    }

    /// Opens the folder of a run that goes on, and takes out of the lines of its metrics what `keep` does not keep, by their
    /// numbers of steps.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn resume(folder: &Path, keep: impl Fn(u64) -> bool) -> Result<Self, Failure> {
        // What a process began to write when it was ended.
        let entries = std::fs::read_dir(folder).map_err(|error| Failure::output(folder, error))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.extension().is_some_and(|extension| extension == PART) {
                let _ = std::fs::remove_file(path);
            }
        }
        let path = folder.join(METRICS);
        keep_lines(&path, &keep)?;
        let metrics = append(&path)?;
        Ok(Self { folder: folder.to_owned(), metrics, probes: None, stream: None })
    }

    /// The numbers of steps that the run's metrics have lines of.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn recorded(&self) -> Result<Vec<u64>, Failure> {
        Ok(lines(&self.folder.join(METRICS))?.iter().filter_map(|line| line["steps"].as_u64()).collect())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Opens the journal.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn journal(&self) -> Result<RecordWriter, Failure> {
        RecordWriter::create(&self.folder.join(JOURNAL), false)
    }

    /// Appends a line of metrics.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn metrics(&mut self, metrics: &impl Serialize) -> Result<(), Failure> {
        write_line(&mut self.metrics, &json(metrics)?, &self.folder.join(METRICS))
    }

    /// Opens the file of probes, with the lines of up to `steps` steps that are in it.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn open_probes(&mut self, steps: u64) -> Result<(), Failure> {
        let path = self.folder.join(PROBES);
        keep_lines(&path, |of| of <= steps)?;
        self.probes = Some(append(&path)?);
        Ok(())
    }

    /// Of each probe that `settings` ask for, the numbers of steps of the epochs that there are lines of.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn probed(&self, settings: &Settings) -> Result<Vec<Vec<u64>>, Failure> {
        let lines = lines(&self.folder.join(PROBES))?;
        let of = |probe: &Probe| {
            let of_probe = lines.iter().filter(|line| line["probe"] == probe.name());
            of_probe.filter_map(|line| line["steps"].as_u64()).collect()
        };
        Ok(settings.probes.0.iter().map(of).collect())
    }

    /// Appends a line about a probe.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn probe(&mut self, line: &Value) -> Result<(), Failure> {
        match &mut self.probes {
            Some(file) => write_line(file, &json(line)?, &self.folder.join(PROBES)),
            None => Ok(()),
        }
    }

    /// Draws what probes found.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn draw(&self) -> Result<Vec<PathBuf>, Failure> {
        match &self.probes {
            Some(_) => charts::draw(&lines(&self.folder.join(PROBES))?, &self.folder),
            None => Ok(Vec::new()),
        }
    }

    /// Opens the file of all weights of all steps, each `bytes` long, and cuts off what is beyond `steps` of them; returns how
    /// many it holds.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn open_stream(&mut self, steps: u64, bytes: u64) -> Result<u64, Failure> {
        let path = self.folder.join(WEIGHTS_STREAM);
        let fail = |error| Failure::output(&path, error);
        let opened = File::options().write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(fail)?;
        let held = (file.metadata().map_err(fail)?.len() / bytes).min(steps);
        file.set_len(held * bytes).map_err(fail)?;
        file.seek(SeekFrom::End(0)).map_err(fail)?;
        self.stream = Some(file);
        Ok(held)
    }

    /// Appends the weights to the file of all weights, if there is one.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn stream(&mut self, weights: &[f32]) -> Result<(), Failure> {
        let Some(file) = &mut self.stream else { return Ok(()) };
        let bytes: Vec<u8> = weights.iter().flat_map(|x| x.to_le_bytes()).collect();
        file.write_all(&bytes).map_err(|error| Failure::output(self.folder.join(WEIGHTS_STREAM), error))
    }

    /// Writes the outcome.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn summary(&self, summary: &impl Serialize) -> Result<(), Failure> {
        replace(&self.folder.join("summary.json"), (json(summary)? + "\n").as_bytes())
    }

    /// Where the final weights go.
    #[must_use]
    pub fn weights_path(&self) -> PathBuf {
        self.folder.join("weights.safetensors")
    }
}

fn append(path: &Path) -> Result<File, Failure> {
    let opened = File::options().append(true).create(true).open(path);
    opened.map_err(|error| Failure::output(path, error))
}

fn write_line(file: &mut File, line: &str, path: &Path) -> Result<(), Failure> {
    let written = file.write_all(format!("{line}\n").as_bytes());
    written.map_err(|error| Failure::output(path, error))
}

/// The whole lines of a file of JSON lines, as far as they can be read; none if there is no file.
fn lines(path: &Path) -> Result<Vec<Value>, Failure> {
    Ok(lines_with_text(path)?.into_iter().map(|(_, line)| line).collect())
}

/// The same, each with its text.
fn lines_with_text(path: &Path) -> Result<Vec<(String, Value)>, Failure> {
    let text = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::unreadable(path, &error)),
    };
    // What is behind the last end of a line was cut short.
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let lines = text[..whole].split(|byte| *byte == b'\n');
    let read =
        |line: &[u8]| Some((String::from_utf8(line.to_vec()).ok()?, serde_json::from_slice(line).ok()?));
    Ok(lines.map_while(read).collect())
}

/// Takes out of a file of JSON lines those that are cut short, and those whose number of steps is not kept.
fn keep_lines(path: &Path, keep: impl Fn(u64) -> bool) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    let lines = lines_with_text(path)?;
    let kept = lines.into_iter().filter(|(_, line)| line["steps"].as_u64().is_some_and(&keep));
    let text: String = kept.map(|(text, _)| text + "\n").collect();
    replace(path, text.as_bytes())
}

/// Writes a file in place of what may be there: it is whole, or as it was.
///
/// # Errors
/// [`Failure::Output`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut draft = path.as_os_str().to_owned();
    // Another process may do the same at the same time.
    draft.push(format!(".{}.{PART}", std::process::id()));
    let draft = PathBuf::from(draft);
    let write = || {
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        Failure::output(path, error)
    })
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
    replace(path, &serialized)
}

/// Sorts the keys of a safetensors header, which come out of a hash map: equal weights give equal files.
///
/// # Errors
/// If there is no such header.
pub fn sort_header(file: &mut [u8]) -> Result<(), String> {
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
