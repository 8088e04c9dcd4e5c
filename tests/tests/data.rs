//! Real MNIST, if it is there: set `RANDOM_BASES_TEST_DATA` to a folder with a subfolder `mnist`.

#[path = "cli/server.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line, which use all of it")]
mod server;
#[path = "cli/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line, which use all of it")]
mod support;

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use libtest_mimic::Failed;
use random_bases::dataset::DataSet;
use random_bases::files::idx::{self, Expected};
use random_bases::run_spec::RunSpec;
use random_bases::settings::{Method, Network, Partial, SettingsFlags, Surroundings, resolve_in};
use random_bases::training::{Part, begin};
use random_bases::vector::Level;
use random_bases_core::numerics::digest;
use random_bases_tests::{DATA_VARIABLE, conclude, threads, trial};
use server::{Answer, Server};
use support::Place;

/// Steps of each method on FC with its preset; digest of the weights after them; least validation accuracy. 500 steps are a
/// third of an epoch; a step of NES takes 250 mini-batches.
const FC: [(Method, u64, u64, f64); 6] = [
    (Method::Sgd, 500, 0x3bf9_d03f_cdf5_2948, 0.85),
    (Method::Rbd, 500, 0x0cca_659d_d186_0951, 0.30),
    (Method::Fpd, 500, 0xd21a_c34f_ffde_1b9b, 0.20),
    (Method::Nes, 12, 0xa0d2_4eb6_2d5a_9813, 0.09),
    (Method::Hybrid, 60, 0x91e8_e42c_5802_cb4f, 0.30),
    (Method::GradientBases, 500, 0x15fc_c9f8_8477_6399, 0.75),
];

/// The same of CNN.
const CNN: [(Method, u64, u64, f64); 2] =
    [(Method::Sgd, 200, 0x721a_d06e_9d41_681e, 0.60), (Method::Rbd, 10, 0xfb1c_9492_6507_5d3a, 0.05)];

fn main() {
    let folder = std::env::var_os(DATA_VARIABLE).map(|folder| PathBuf::from(folder).join("mnist"));
    let able = match &folder {
        None => Err(format!("{DATA_VARIABLE} is not set")),
        Some(folder) if !folder.is_dir() => Err(format!("{} is no folder", folder.display())),
        Some(_) => Ok(()),
    };
    let mut trials = vec![{
        let folder = folder.clone().unwrap_or_default();
        trial("mnist::is_recognised", able.clone(), move || is_recognised(&folder))
    }];
    let runs = FC.map(|run| (Network::Fc, run)).into_iter().chain(CNN.map(|run| (Network::Cnn, run)));
    trials.extend(runs.map(|(network, (method, steps, digest, accuracy))| {
        let folder = folder.clone().unwrap_or_default();
        let name = format!("mnist::{network}_{method}");
        trial(&name, able.clone(), move || train(&folder, network, method, steps, digest, accuracy))
    }));
    trials.push(trial("mnist::is_fetched", able, {
        let folder = folder.unwrap_or_default();
        move || is_fetched(&folder)
    }));
    conclude(trials);
}

/// By the digests of its contents; and another name for it is refused.
fn is_recognised(folder: &Path) -> Result<(), Failed> {
    let files = idx::load(folder, &Expected::digits("mnist"))?;
    let counts = (files.recognised, files.train.labels.len(), files.test.labels.len());
    if counts != (Some("mnist"), 60_000, 10_000) {
        return Err(format!("{counts:?}").into());
    }
    match idx::load(folder, &Expected::digits("fmnist")) {
        Err(failure) if failure.to_string().contains("of mnist, but the dataset is fmnist") => Ok(()),
        Err(failure) => Err(failure.into()),
        Ok(_) => Err("MNIST was taken for Fashion-MNIST".into()),
    }
}

/// A file by its published name, whichever of the accepted names it has here.
fn compressed(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let raw = name.strip_suffix(".gz")?;
    let [dotted, dotted_raw] = [name, raw].map(|name| name.replace("-idx", ".idx"));
    let read = |name: &str| std::fs::read(folder.join(name)).ok();
    read(name).or_else(|| read(&dotted)).or_else(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&read(raw).or_else(|| read(&dotted_raw))?).ok()?;
        encoder.finish().ok()
    })
}

/// From a server that has these files, by the program.
fn is_fetched(folder: &Path) -> Result<(), Failed> {
    let folder = folder.to_owned();
    let server =
        Server::start(move |path| compressed(&folder, path).map_or(Answer::Status(404), Answer::Body));
    let place = Place::new();
    let environment = [("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")];
    let line = format!("data fetch mnist --mirror {}", server.address());
    let fetched = place.run_in(&environment, &line).ok();
    if fetched.matches(": fetched, ").count() != 4 || server.requests().len() != 4 {
        return Err(fetched.into());
    }
    let again = place.run_in(&environment, &line).ok();
    if again.matches("already there").count() != 4 || !server.requests().is_empty() {
        return Err(again.into());
    }
    let checked = place.run("data check mnist").ok();
    if !checked.contains("published content: 60000 training, 10000 test images") {
        return Err(checked.into());
    }
    Ok(())
}

fn train(
    folder: &Path,
    network: Network,
    method: Method,
    steps: u64,
    want: u64,
    accuracy: f64,
) -> Result<(), Failed> {
    let values = Partial { data_dir: Some(folder.to_owned()), ..Partial::default() };
    let presets = vec![network.to_string(), "mnist".into(), method.to_string()];
    let flags = SettingsFlags { presets, values, ..SettingsFlags::default() };
    let nowhere = Surroundings { folder: Path::new("/nonexistent"), environment: &|_| None };
    let settings = resolve_in(&flags, &nowhere)?.settings;
    let executor = threads(2, Level::detect());
    let data = DataSet::load(&settings, executor.pool())?;
    let split = data.split(&settings)?;
    let spec = RunSpec::new(&settings, data.spec(split, settings.augmentation))?;
    let mut training =
        begin(&spec, spec.strategy(settings.strategy, executor.level()), executor, &data, split)?;
    for _ in 0..steps {
        training.step(settings.effective_learning_rate().into());
    }
    let got = digest(training.weights());
    let validation = training.evaluate(Part::Validation, 1000).ok_or("no validation images")?;
    if validation.accuracy < accuracy {
        return Err(format!("validation accuracy {}", validation.accuracy).into());
    }
    if got != want {
        return Err(format!("digest {got:016x}, pinned {want:016x}").into());
    }
    Ok(())
}
