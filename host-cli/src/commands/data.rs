//! `random-bases data`: published image sets, got, checked and listed.

use std::io::Write;
use std::path::{Path, PathBuf};

use indicatif::DecimalBytes;

use super::data_dir;
use crate::args::{DataCommand, DataPlace, FetchArguments};
use crate::failure::{Failure, printed};
use crate::fetch::catalogue::ABOUT;
use crate::fetch::{Catalogue, Client, Options, Outcome, fetch};
use crate::files::{self, SETS, load, locate};
use crate::interrupt;
use crate::settings::{DATA_FOLDER, Dataset};

/// Does what is asked for about data.
///
/// # Errors
/// [`Failure::Data`] if a set cannot be got, is damaged, or was asked for and is absent.
pub fn run(command: &DataCommand, out: &mut impl Write) -> Result<(), Failure> {
    match command {
        DataCommand::Fetch(arguments) => fetch_sets(arguments, out),
        DataCommand::Check { names, place } => {
            if let Some(named) = data_dir(place.data_dir.as_ref()).filter(|folder| !folder.is_dir()) {
                return Err(Failure::data(named, "there is no such folder"));
            }
            check(names, &folder(place), out)
        }
        DataCommand::List { place } => printed(list(&folder(place), out)),
    }
}

fn folder(place: &DataPlace) -> PathBuf {
    data_dir(place.data_dir.as_ref()).unwrap_or_else(|| DATA_FOLDER.into())
}

fn fetch_sets(arguments: &FetchArguments, out: &mut impl Write) -> Result<(), Failure> {
    let own = &arguments.mirrors;
    if !own.is_empty() && arguments.names.len() > 1 {
        return Err(Failure::configuration(format_args!(
            "--mirror {}: holds the files of one set, but {} are named; fetch them one by one",
            own[0],
            arguments.names.len()
        )));
    }
    interrupt::watch();
    let options = Options { force: arguments.force, progress: arguments.progress };
    let (client, folder) = (Client::new(), folder(&arguments.place));
    for name in &arguments.names {
        let mut catalogue = Catalogue::of(name)?;
        if !own.is_empty() {
            catalogue.mirrors.clone_from(own);
        }
        // Files may also lie in the folder itself, and then belong there.
        let place = locate(&folder, name).unwrap_or_else(|_| folder.join(name));
        fetch(&client, &catalogue, &place, options, |path, outcome| {
            let path = path.display();
            printed(match outcome {
                Outcome::AlreadyThere => writeln!(out, "{path}: already there"),
                Outcome::Fetched(bytes) => writeln!(out, "{path}: fetched, {bytes} bytes"),
            })
        })?;
    }
    printed(out.flush())
}

fn check(names: &[String], folder: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let all = SETS.map(String::from);
    let mut wrong = Vec::new();
    for name in if names.is_empty() { &all[..] } else { names } {
        let (line, fault) = match locate(folder, name) {
            // What is no folder or cannot be looked into is no place for any set; if there is nothing, nothing is wrong.
            Err(_) => ("absent".into(), (!names.is_empty()).then_some("absent")),
            Ok(place) => match load(name, folder) {
                Ok(set) => (describe(&set, &place), None),
                Err(failure) => (format!("damaged: {failure}"), Some("damaged")),
            },
        };
        printed(writeln!(out, "{name:<9} {line}"))?;
        wrong.extend(fault.map(|fault| format!("{name} is {fault}")));
    }
    printed(out.flush())?;
    if wrong.is_empty() { Ok(()) } else { Err(Failure::data(folder, wrong.join(", "))) }
}

fn describe(set: &files::ImageFiles, place: &Path) -> String {
    let contents = if set.recognised.is_some() { "published content" } else { "other content" };
    let note = set.note.as_ref().map_or_else(String::new, |note| format!(", {note}"));
    let (train, test) = (set.train.labels.len(), set.test.labels.len());
    format!("{contents}: {train} training, {test} test images{note}, in {}", place.display())
}

fn list(folder: &Path, out: &mut impl Write) -> std::io::Result<()> {
    for about in &ABOUT {
        let [rows, columns, channels] = about.shape;
        let place = match locate(folder, about.name) {
            Ok(place) => format!("in {}", place.display()),
            Err(_) => format!("not in {}", folder.display()),
        };
        writeln!(
            out,
            "{:<10} {} training, {} test images, {rows}x{columns}x{channels}; {}; licence: {}; {place}",
            about.name,
            about.train,
            about.test,
            DecimalBytes(about.size()),
            about.licence
        )?;
        for mirror in about.mirrors {
            writeln!(out, "{:<10} from {mirror}", "")?;
        }
    }
    for dataset in Dataset::ALL.iter().filter(|dataset| !dataset.is_in_files()) {
        writeln!(out, "{dataset:<10} drawn by the program; nothing to fetch")?;
    }
    out.flush()
}
