//! The recorded fixtures hold on every level, with several threads and both strategies.

use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};
use random_bases::records::verify::{Options, Verdict, verify};
use random_bases::records::{EXTENSION, RecordFile, standard, view};
use random_bases::settings::Strategy;
use random_bases::vector::Level;
use random_bases_tests::{able, conclude, fixtures, threads, trial};

fn main() {
    let mut trials = vec![
        Trial::test("all_are_there", all_are_there),
        Trial::test("views_are_current", views_are_current),
    ];
    // FC is slow on the portable level; the small runs cover it there.
    let ways = [
        (Level::Portable, 2, Strategy::TwoPass, "-fc-"),
        (Level::Neon, 3, Strategy::Fused, "nothing"),
        (Level::Sse2, 3, Strategy::Fused, "nothing"),
        (Level::Avx2, 2, Strategy::TwoPass, "nothing"),
        (Level::Avx512, 1, Strategy::Fused, "nothing"),
        (Level::Avx512, 5, Strategy::TwoPass, "nothing"),
    ];
    for (level, count, strategy, left_out) in ways {
        for path in names().map(path).filter(|path| !path.to_string_lossy().contains(left_out)) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let name = format!("{level}::{count}_threads::{strategy}::{name}");
            trials.push(trial(&name, able(level), move || {
                let file = RecordFile::open(&path)?;
                let options = Options { strategy, data_dir: None };
                match verify(&file, options, || Ok(threads(count, level)))? {
                    Verdict::Equal { compared, .. } if compared > 900 => Ok(()),
                    other => Err(format!("{other:?}").into()),
                }
            }));
        }
    }
    conclude(trials);
}

fn names() -> impl Iterator<Item = &'static str> {
    standard::RUNS.iter().map(|fixture| fixture.name).chain([standard::ANSWERS])
}

fn path(name: &str) -> PathBuf {
    fixtures().join(format!("{name}.{EXTENSION}"))
}

/// Every standard fixture is in the folder, and nothing else.
fn all_are_there() -> Result<(), Failed> {
    let mut want: Vec<String> =
        names().flat_map(|name| [format!("{name}.{EXTENSION}"), format!("{name}.txt")]).collect();
    want.push("README.md".into());
    want.sort();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(fixtures())? {
        found.push(entry?.file_name().to_string_lossy().into_owned());
    }
    found.sort();
    if want == found { Ok(()) } else { Err(format!("want {want:?}, found {found:?}").into()) }
}

/// The readable view beside each is the one that this program makes.
fn views_are_current() -> Result<(), Failed> {
    for name in names() {
        let text = std::fs::read_to_string(path(name).with_extension("txt"))?;
        if text != view::view(&RecordFile::open(&path(name))?, true)? {
            return Err(
                format!("{name}.txt is not the view of {name}.{EXTENSION}; see fixtures/README.md").into()
            );
        }
    }
    Ok(())
}
