//! Going on with a run that was interrupted, at whatever point, to the bits that it would have had.
//!
//! What holds is the journal, up to its last complete step: a torn end is cut off. The last checkpoint saves time: steps between
//! it and the end of the journal are made again, and compared. Lines of metrics and probes that belong to later steps, or to an
//! epoch that was not complete, are taken out; what is missing is written.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::checkpoint;
use crate::epochs::{Past, epochs_of};
use crate::failure::{Failure, say};
use crate::output::{CONFIGURATION, JOURNAL, METRICS, OutputFolder, PROBES, WEIGHTS_STREAM, replace};
use crate::records::view::describe;
use crate::records::{RecordFile, RecordWriter, RunRecord};
use crate::run_spec::RunSpec;
use crate::settings::Settings;
use crate::training::Training;

/// A journal that is shorter than this may have been cut off inside its first record: a head with its longest names.
const HEAD_MAX: usize = 4096;

/// Files that a run leaves only after its first steps.
const LATER: [&str; 3] = [checkpoint::FILE_NAME, "summary.json", "weights.safetensors"];

/// Where an earlier process left a run.
#[derive(Debug)]
pub struct Standing {
    folder: PathBuf,
    /// Its journal, as read, and open for writing, for this process alone; `None` if the run ended before the head of its
    /// journal was written.
    journal: Option<(RecordFile, File)>,
}

impl Standing {
    /// Looks into the folder of a run; `None` if there is none.
    ///
    /// # Errors
    /// [`Failure::Data`] if its journal cannot be used, [`Failure::Output`] if another process writes it.
    pub fn find(folder: &Path) -> Result<Option<Self>, Failure> {
        if !folder.join(CONFIGURATION).exists() {
            return Ok(None);
        }
        let path = folder.join(JOURNAL);
        let mut journal = None;
        if path.exists() {
            // First of all, so that nobody writes what is read here.
            let file = RecordWriter::open(&path)?;
            if file.metadata().map_err(|error| Failure::unreadable(&path, &error))?.len() > 0 {
                journal = Some((RecordFile::open(&path)?, file));
            }
        }
        // The head is written in one go, after the first bytes.
        let cut = |file: &RecordFile| file.bytes().len() < HEAD_MAX && file.is_cut_in_head();
        let journal = journal.filter(|(file, _)| !cut(file));
        if journal.is_none() {
            let lines = std::fs::metadata(folder.join(METRICS)).map_or(0, |about| about.len());
            let later = LATER.iter().find(|name| folder.join(name).exists()).copied();
            if let Some(name) = later.or((lines > 0).then_some(METRICS)) {
                let what = format_args!(
                    "is missing or cut off, but there is {name} of the run; nothing was changed"
                );
                return Err(Failure::data(path, what));
            }
        }
        Ok(Some(Self { folder: folder.to_owned(), journal }))
    }

    /// The configuration of the run.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder.join(CONFIGURATION)
    }

    /// What its journal holds; `None` if it holds nothing yet.
    ///
    /// # Errors
    /// [`Failure::Data`] if it cannot be used, [`Failure::Configuration`] if it is of another run than `spec`.
    pub fn run(
        &self,
        spec: &RunSpec,
        began_with: &Settings,
        settings: &Settings,
    ) -> Result<Option<RunRecord<'_>>, Failure> {
        let Some((journal, _)) = &self.journal else { return Ok(None) };
        let run = journal.run()?;
        if run.spec == *spec {
            return Ok(Some(run));
        }
        let changed = changes(began_with, settings);
        if changed != changes(began_with, began_with) {
            return Err(Failure::configuration(format_args!(
                "--resume: {} is of another run: it began with {changed}; leave out what was changed, or choose another output",
                self.folder.display()
            )));
        }
        // The same settings, but other images, or a journal that was put here.
        let (there, here) = (describe(&run.spec), describe(spec));
        let (there, here): (Vec<&str>, Vec<&str>) = (there.lines().collect(), here.lines().collect());
        let only = |these: &[&str], those: &[&str]| {
            let lines = these.iter().filter(|line| !those.contains(line));
            let lines: Vec<String> =
                lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
            if lines.is_empty() { "nothing of it".into() } else { lines.join("; ") }
        };
        Err(Failure::configuration(format_args!(
            "--resume: {} is of another run: there {}, here {}; leave out what was changed, or choose another output",
            self.folder.display(),
            only(&there, &here),
            only(&here, &there)
        )))
    }

    /// Removes what a process left that ended before its first step.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn clear(&self) -> Result<(), Failure> {
        // The configuration last: as long as it is there, this can be done again.
        for name in [METRICS, PROBES, WEIGHTS_STREAM, JOURNAL, CONFIGURATION] {
            let path = self.folder.join(name);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::output(path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A run that goes on.
pub struct GoingOn<'a> {
    /// Its folder.
    pub folder: OutputFolder,
    /// Its journal, after its last complete step.
    pub journal: RecordWriter,
    /// What is to be made again.
    pub past: Past<'a>,
}

/// Refuses settings with which steps would have other rates than the run began with.
///
/// # Errors
/// [`Failure::Configuration`].
pub fn check_rates(settings: &Settings, began_with: &Settings) -> Result<(), Failure> {
    if settings.has_rates_of(began_with) {
        return Ok(());
    }
    Err(Failure::configuration(format_args!(
        "--resume: steps would have other learning rates: the run began with {}; leave out what was changed, or choose \
         another output",
        changes(began_with, settings)
    )))
}

/// The settings that decide bits and differ, each with its values.
fn changes(began_with: &Settings, settings: &Settings) -> String {
    let (before, now) = (began_with.literals(), settings.literals());
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
    let changed = before.iter().zip(&now).filter(|(before, now)| before != now && !is_free(before.0));
    let changed: Vec<String> = changed
        .map(|((key, before), (_, now))| format!("{key} = {}, here {}", text(before), text(now)))
        .collect();
    if changed.is_empty() { "the same settings".into() } else { changed.join("; ") }
}

/// Whether a setting may be changed when a run goes on.
fn is_free(key: &str) -> bool {
    let free = [
        "threads",
        "vector",
        "strategy",
        "output",
        "progress",
        "max_steps",
        "data_dir",
        "evaluation_batch_size",
    ];
    free.contains(&key)
}

/// Puts the files of a run, and a training that has just begun, where the run can go on. `planned`: steps of all epochs, and how many
/// are to be made in all. `watches`: whether probes see every step. `configuration`: for the folder.
///
/// # Errors
/// [`Failure::Output`].
pub fn past<'a>(
    path: &Path,
    standing: &Standing,
    run: RunRecord<'a>,
    spec: &RunSpec,
    settings: &Settings,
    [planned, steps]: [u64; 2],
    watches: bool,
    configuration: &str,
    training: &mut dyn Training,
) -> Result<GoingOn<'a>, Failure> {
    let made = run.steps.len() as u64;
    if let Some(damage) = &run.damage {
        say(format_args!(
            "random-bases: {}: {damage}; going on after its {made} complete steps",
            standing.folder.join(JOURNAL).display()
        ));
    }
    let (bytes, records) = run.ends.last().copied().unwrap_or(run.head);
    let Some((read, file)) = &standing.journal else {
        return Err(Failure::internal("a run without a journal goes on"));
    };
    // More than a torn end: what is good behind the damage will be made again, but is not thrown away.
    if read.bytes().len() - bytes > 8 * spec.communicated() + HEAD_MAX {
        let damaged = path.join(format!("{JOURNAL}.damaged"));
        if !damaged.exists() {
            replace(&damaged, read.bytes())?;
            say(format_args!("random-bases: the journal as it was is kept as {}", damaged.display()));
        }
    }
    let file = file.try_clone().map_err(|error| Failure::output(path.join(JOURNAL), error))?;
    let journal = RecordWriter::resume(&path.join(JOURNAL), file, bytes as u64, records)?;

    let (per_step, per_epoch) = (spec.batches_per_step(), training.batches_per_epoch());
    let complete = |steps: u64| epochs_of(steps, per_step, per_epoch).1;
    let is_whole = |steps: u64| {
        steps > 0 && steps <= made && (complete(steps) > complete(steps - 1) || steps == planned)
    };
    let mut folder = OutputFolder::resume(path, is_whole)?;
    let recorded = folder.recorded()?;
    let bytes = 4 * training.weights().len() as u64;
    let streamed = if settings.weight_streaming { folder.open_stream(made, bytes)? } else { made };

    // How far it goes, and what else may be changed, is from now on what the run is made with.
    replace(&path.join(CONFIGURATION), configuration.as_bytes())?;

    // An outcome that will not be the outcome any more.
    if steps > made {
        for name in ["summary.json", "weights.safetensors"] {
            let _ = std::fs::remove_file(path.join(name));
        }
    }

    // Metrics and probes of epochs before the checkpoint cannot be made any more.
    let probed = folder.probed(settings)?;
    let has_all = |steps: &u64| probed.iter().all(|of| of.contains(steps));
    let covered = recorded.iter().copied().take_while(has_all).last().unwrap_or(0).min(streamed);
    let digest_after = |steps: u64| run.steps.get(steps as usize - 1).map(|step| step.digest);
    let from = checkpoint::load(path, training, covered, digest_after);
    // What probes see of a step needs its gradient.
    let trains = watches || !spec.can_replay();
    if !settings.probes.0.is_empty() {
        folder.open_probes(from)?;
    }
    Ok(GoingOn { folder, journal, past: Past { run, from, trains, recorded, streamed } })
}
