//! Real MNIST, if it is there: set `RANDOM_BASES_TEST_DATA` to a folder with a subfolder `mnist`.

use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use random_bases::dataset::DataSet;
use random_bases::files::idx::{self, Expected};
use random_bases::run_spec::RunSpec;
use random_bases::settings::{Dataset, Method, Partial, SettingsFlags, Surroundings, resolve_in};
use random_bases::training::{Part, begin};
use random_bases::vector::Level;
use random_bases_core::numerics::digest;
use random_bases_tests::{DATA_VARIABLE, conclude, threads, trial};

/// Steps of each method; digest of the weights after them; least validation accuracy. 500 steps are a third of an epoch.
const RUNS: [(Method, u64, u64, f64); 3] =
    [(Method::Sgd, 500, SGD, 0.88), (Method::Rbd, 500, RBD, 0.50), (Method::Fpd, 500, FPD, 0.35)];
const SGD: u64 = 0xa7b1_9366_366f_3564;
const RBD: u64 = 0xf64d_a005_6ed6_f6be;
const FPD: u64 = 0xed24_242e_104a_1efa;

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
    trials.extend(RUNS.map(|(method, steps, digest, accuracy)| {
        let folder = folder.clone().unwrap_or_default();
        let name = format!("mnist::{method}");
        trial(&name, able.clone(), move || train(&folder, method, steps, digest, accuracy))
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

fn train(folder: &Path, method: Method, steps: u64, want: u64, accuracy: f64) -> Result<(), Failed> {
    let values = Partial {
        dataset: Some(Dataset::Mnist),
        data_dir: Some(folder.to_owned()),
        method: Some(method),
        ..Partial::default()
    };
    let flags = SettingsFlags { values, ..SettingsFlags::default() };
    let nowhere = Surroundings { folder: Path::new("/nonexistent"), environment: &|_| None };
    let settings = resolve_in(&flags, &nowhere)?.settings;
    let executor = threads(2, Level::detect());
    let data = DataSet::load(&settings, executor.pool())?;
    let split = data.split(&settings)?;
    let spec = RunSpec::new(&settings, data.spec(split));
    let mut training = begin(&spec, spec.strategy(settings.strategy), executor, &data, split);
    for _ in 0..steps {
        training.step(settings.effective_learning_rate(1));
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
