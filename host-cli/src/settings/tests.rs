//! The whole way from flags, file and environment to settings: layering, refusals, round trip.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;

use super::*;
use crate::args::{Arguments, Command};
use crate::failure::Failure;

/// A fresh folder with an optional configuration file, and an environment.
struct Place {
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, &'static str)>,
}

impl Place {
    fn new(file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if !file.is_empty() {
            std::fs::write(folder.path().join(FILE_NAME), file).unwrap();
        }
        Self { folder, environment: Vec::new() }
    }

    /// Resolves what `random-bases train FLAGS` would.
    fn train(&self, flags: &str) -> Result<Resolved, Failure> {
        let words = ["random-bases", "train"].into_iter().chain(flags.split_whitespace());
        let Command::Train(flags) = Arguments::try_parse_from(words).unwrap().command else { unreachable!() };
        self.resolve(&flags.settings)
    }

    fn resolve(&self, flags: &SettingsFlags) -> Result<Resolved, Failure> {
        let environment = |name: &str| {
            self.environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        resolve_in(flags, &Surroundings { folder: self.folder.path(), environment: &environment })
    }
}

fn refusal(file: &str, flags: &str) -> String {
    let failure = Place::new(file).train(flags).unwrap_err();
    assert_eq!(failure.exit_code(), 3, "{failure}");
    failure.to_string()
}

#[test]
fn without_anything_the_defaults_run() {
    let Resolved { settings, origins, .. } = Place::new("").train("").unwrap();
    assert_eq!(
        (settings.network, settings.dataset, settings.method),
        (Network::Fc, Dataset::Synthetic, Method::Rbd)
    );
    assert_eq!((settings.train_images, settings.test_images), (Some(30_000), Some(5_000)));
    assert_eq!(settings.effective_learning_rate(), 1.0);
    assert_eq!(origins.place("seed"), "default");
    assert_eq!(origins.place("learning_rate"), "tuned for rbd, synthetic, fc");
}

#[test]
fn what_is_usual_follows_the_method() {
    let d = |flags| Place::new("").train(flags).unwrap().settings.base_dimensions;
    assert_eq!([d("--method gradient-bases"), d("--preset gradient-bases"), d("--method nes")], [1, 1, 250]);
    assert_eq!([d("--method gradient-bases -d 9"), d("--preset rbd --method gradient-bases")], [9, 250]);
    let noise = |flags| Place::new("").train(flags).unwrap().settings.noise_std;
    assert_eq!(noise("--method nes"), NoiseStd::Constant(0.01));
    assert_eq!(noise("--preset small,nes"), NoiseStd::Constant(0.1));
    assert_eq!(noise("--preset cnn,hybrid"), NoiseStd::Constant(0.002));
    assert_eq!(noise("--method nes --noise-std 0.5"), NoiseStd::Constant(0.5));
    assert_eq!(noise("--method rbd"), NoiseStd::Auto);
    let rate = |flags| Place::new("").train(flags).unwrap().settings.base_learning_rate();
    assert_eq!([rate("--method nes"), rate("--method hybrid")], [1.0 / 32.0, 1.0 / 128.0]);
    assert_eq!([rate("--preset cnn,nes"), rate("--preset cnn,shapes,hybrid")], [1.0 / 512.0, 1.0 / 1024.0]);
}

#[test]
fn each_layer_wins_over_those_below() {
    let mut place = Place::new("presets = [\"sgd\"]\nthreads = 2\nepochs = 5\nseed = 8\nbatch_size = 16\n");
    place.environment = vec![("RANDOM_BASES_THREADS", "3"), ("RANDOM_BASES_VECTOR", "portable")];
    let Resolved { settings, origins, .. } = place.train("--epochs 7 --vector auto").unwrap();
    assert_eq!((settings.method, origins.place("method")), (Method::Sgd, "preset sgd".into()));
    assert_eq!((settings.threads, origins.place("threads")), (3, "environment RANDOM_BASES_THREADS".into()));
    assert_eq!((settings.epochs, origins.place("epochs")), (7, "flag --epochs".into()));
    assert_eq!((settings.vector, origins.place("vector")), (Vector::Auto, "flag --vector".into()));
    assert_eq!(settings.seed, 8);
    assert!(origins.place("seed").starts_with("file ") && origins.place("seed").ends_with(FILE_NAME));
    assert_eq!(origins.place("distribution"), "default");
}

#[test]
fn a_preset_belongs_to_the_layer_that_names_it() {
    // In the file, its own keys win over its presets, wherever they stand.
    let place = Place::new("base_dimensions = 10\npresets = [\"rbd\"]\n");
    assert_eq!(place.train("").unwrap().settings.base_dimensions, 10);
    // On the command line, presets win over the file, and flags over both.
    let place = Place::new("method = \"sgd\"\nnetwork = \"fc\"\n");
    let settings = place.train("--preset small,fpd --preset rbd --base-dimensions 20").unwrap().settings;
    assert_eq!(
        (settings.network, settings.method, settings.base_dimensions),
        (Network::Small, Method::Rbd, 20)
    );
    assert_eq!(settings.presets, ["small", "fpd", "rbd"]);
    assert_eq!((settings.train_images, settings.test_images), (Some(4_000), Some(1_000)));
}

#[test]
fn the_tuned_rate_follows_the_other_settings() {
    for (flags, rate) in [
        ("", 1.0 / 32.0),
        ("--preset small", 1.0 / 32.0),
        ("--method sgd", 1.0 / 256.0),
        ("--dataset fmnist --data-dir x", 1.0 / 64.0),
        ("--dataset fmnist --data-dir x --method sgd", 1.0 / 128.0),
        ("--learning-rate 0.5", 0.5),
        ("--learning-rate tuned", 1.0 / 32.0),
        ("--network cnn", 1.0 / 512.0),
        ("--network conv", 1.0 / 512.0),
        ("--dataset shapes", 1.0 / 128.0),
        ("--preset cnn,cifar10,sgd --data-dir x", 1.0 / 2048.0),
        ("--preset fc,cifar10,sgd --data-dir x", 1.0 / 4096.0),
        ("--method gradient-bases -d 1", 1.0 / 256.0),
    ] {
        assert_eq!(Place::new("").train(flags).unwrap().settings.base_learning_rate(), rate, "{flags}");
    }
}

#[test]
fn a_named_file_replaces_the_usual_one_and_has_to_exist() {
    let place = Place::new("epochs = 5");
    let other = place.folder.path().join("other.toml");
    std::fs::write(&other, "seed = 9").unwrap();
    let settings = place.train(&format!("--config {}", other.display())).unwrap().settings;
    assert_eq!((settings.epochs, settings.seed), (3, 9));
    let message = refusal("", "--config does-not-exist.toml");
    assert!(message.starts_with("does-not-exist.toml: cannot be read"), "{message}");
}

#[test]
fn absurd_numbers_are_refused() {
    for (flags, part) in [
        (
            "--base-dimensions 0",
            "base_dimensions = 0 (flag --base-dimensions): choose a number from 1 to 1000000",
        ),
        ("-d 1000001", "base_dimensions = 1000001"),
        ("--epochs 0", "epochs = 0 (flag --epochs)"),
        ("--epochs 1000001", "from 1 to 1000000"),
        ("--batch-size 0", "batch_size = 0"),
        ("--batch-size 65537", "from 1 to 65536"),
        ("--batch-size 30000", "more than the 25000 images"),
        ("--evaluation-batch-size 0", "evaluation_batch_size = 0"),
        ("--threads 4097", "use 0 for one thread per core"),
        ("--learning-rate 0", "learning_rate = 0.0 (flag --learning-rate): choose a number above 0"),
        ("--learning-rate=-1", "learning_rate = -1.0"),
        ("--learning-rate nan", "learning_rate = NaN"),
        ("--learning-rate 1e39", "learning_rate = inf"),
        ("--learning-rate 1e-60", "learning_rate = 0.0"),
        ("--learning-rate 1e38", "times batch_size = 32"),
        ("--normalized 0", "normalized = 0.0 (flag --normalized): rows are divided by it"),
        ("--normalized=-3", "normalized = -3.0"),
        ("--normalized inf", "normalized = inf"),
        ("--noise-std 0 --method nes", "noise_std = 0.0 (flag --noise-std)"),
        ("--noise-std nan --method hybrid", "noise_std = NaN"),
        ("--max-steps 0", "max_steps = 0"),
        ("--train-images 0", "train_images = 0"),
        ("--train-images 1000001", "train_images = 1000001"),
        ("--test-images 0", "test_images = 0"),
        ("--train-images 100", "validation_size = auto"),
        ("--validation-size 30000", "validation_size = 30000"),
        ("--validation-offset 25001", "validation_offset = 25001"),
    ] {
        let message = refusal("", flags);
        assert!(message.contains(part), "{flags}: {message}");
    }
    assert!(refusal("epochs = 0", "").contains("random-bases.toml)"));
    assert!(refusal("presets = [\"resnet\"]", "").contains("there is no preset \"resnet\""));
    assert!(
        refusal("", "--preset fcc").contains("--preset: there is no preset \"fcc\" (did you mean \"fc\"?)")
    );
}

#[test]
fn impossible_combinations_are_refused() {
    for (flags, part) in [
        ("--network small --dataset mnist --data-dir x", "it takes 8x8 images"),
        ("--preset small,mnist --data-dir x", "mnist (preset mnist) has 28x28x1"),
        ("--dataset mnist", "--data-dir DIR"),
        ("--dataset fmnist", "RANDOM_BASES_DATA_DIR"),
        ("--data-dir x", "dataset synthetic (default) reads no files"),
        (
            "--method sgd --base-dimensions 9",
            "--base-dimensions: method sgd (flag --method) has no basis, so this would change nothing",
        ),
        ("--method sgd --distribution normal", "--distribution: "),
        ("--method sgd --normalized auto", "--normalized: "),
        ("--preset sgd --strategy fused", "--strategy: method sgd (preset sgd)"),
        ("--preset sgd --antithetic-sampling", "--antithetic-sampling: method sgd"),
        (
            "--method rbd --noise-std 0.1",
            "has no offspring, so this would change nothing; leave it out, or use --method nes or hybrid",
        ),
        ("--method fpd --transformation norm", "--transformation: method fpd"),
        ("--method nes --strategy fused", "--strategy: method nes"),
        ("--method nes --offset", "or use --method gradient-bases"),
        ("--method gradient-bases --normalized true", "--normalized: method gradient-bases"),
        (
            "--method gradient-bases -d 100000",
            "base_dimensions = 100000 (flag --base-dimensions): gradient-bases keeps",
        ),
        ("--method nes -d 1", "base_dimensions = 1 (flag --base-dimensions): ranks of one number alone"),
        ("--method hybrid -d 1 --transformation norm", "norms of one number"),
        ("--antithetic-sampling -d 9", "takes directions in pairs; choose an even number"),
        ("--network small --dataset shapes", "has 32x32x3"),
        ("--network small --dataset cifar10 --data-dir x", "use network fc, cnn or conv"),
        ("--dataset cifar10", "--data-dir DIR"),
        ("--dataset shapes --data-dir x", "dataset shapes (flag --dataset) reads no files"),
    ] {
        let message = refusal("", flags);
        assert!(message.contains(part), "{flags}: {message}");
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_could_not_be_saved_is_refused() {
    use std::os::unix::ffi::OsStringExt;

    let mut flags = SettingsFlags::default();
    flags.values.output = Some(OsString::from_vec(vec![b'a', 0xff]).into());
    let message = Place::new("").resolve(&flags).unwrap_err().to_string();
    assert!(message.starts_with("output = a\u{fffd} (flag --output): not Unicode"), "{message}");
}

#[test]
fn a_file_may_hold_settings_that_a_run_does_not_need() {
    let file = "base_dimensions = 9\nnormalized = true\ndata_dir = \"x\"";
    assert_eq!(Place::new(file).train("--method sgd").unwrap().settings.base_dimensions, 9);
    let mut place = Place::new("");
    place.environment = vec![("RANDOM_BASES_DATA_DIR", "y")];
    assert_eq!(place.train("").unwrap().settings.data_dir.as_deref(), Some(Path::new("y")));
    assert!(place.train("--preset mnist").is_ok());
}

#[test]
fn the_printed_configuration_resolves_to_the_same_settings() {
    for flags in [
        "",
        "--preset small,fpd --seed 18446744073709551615 --learning-rate 0.1 --normalized 1e-3 --max-steps 5",
        "--preset mnist --data-dir a\"b\\c --output é --normalized false --validation-offset 0",
        "--validation-size 77 --threads 4096 --normalized true --progress never",
        "--strategy two-pass --vector avx512 --math micromath --distribution rademacher",
        "--preset nes,shapes,conv --noise-std 0.5 --distribution bernoulli-0.1 --antithetic-sampling",
        "--preset hybrid --augmentation false --transformation none --distribution lognormal",
        "--preset gradient-bases --offset true --use-update-as-base",
    ] {
        let resolved = Place::new("").train(flags).unwrap();
        for text in [resolved.to_toml(), resolved.settings.to_toml()] {
            let again = Place::new(&text).train("").unwrap_or_else(|failure| panic!("{failure}\n{text}"));
            assert_eq!(again.settings, resolved.settings, "{text}");
            assert_eq!(again.settings.to_toml(), resolved.settings.to_toml());
        }
    }
}

#[test]
fn the_printed_configuration_says_where_each_value_came_from() {
    let text = Place::new("seed = 3").train("--preset rbd --epochs 4").unwrap().to_toml();
    let line = |key: &str| text.lines().find(|line| line.starts_with(key)).unwrap();
    assert!(line("epochs = 4 ").ends_with("# flag --epochs"), "{text}");
    assert!(line("base_dimensions = 250 ").ends_with("# preset rbd"), "{text}");
    assert!(line("seed = 3 ").contains("# file "), "{text}");
    assert!(line("# learning_rate = 0.03125 ").ends_with("# tuned for rbd, synthetic, fc"), "{text}");
    assert!(line("# data_dir is not set").len() > 1);
    assert!(line("presets = [\"rbd\"]").len() > 1);
}

#[test]
fn the_machine_is_resolved_without_a_file() {
    let environment = |name: &str| (name == "RANDOM_BASES_THREADS").then(|| OsString::from("5"));
    let machine = resolve_machine_in(&MachineFlags::default(), &environment).unwrap();
    assert_eq!(machine, MachineSettings { threads: 5, vector: Vector::Auto });
    let flags = MachineFlags { threads: Some(9999), vector: None };
    assert_eq!(resolve_machine_in(&flags, &environment).unwrap_err().exit_code(), 3);
}

/// A file made by `config` must not freeze what follows from the method or the data: that would train the baseline with
/// another method's learning rate.
#[test]
fn a_printed_configuration_can_be_used_with_another_method() {
    let text = Place::new("").train("").unwrap().to_toml();
    let place = Place::new(&text);
    let sgd = place.train("--method sgd").unwrap().settings;
    assert_eq!(sgd.learning_rate, Place::new("").train("--method sgd").unwrap().settings.learning_rate);
    let small = place.train("--preset small").unwrap().settings;
    assert_eq!(small.train_images, Place::new("").train("--preset small").unwrap().settings.train_images);
    // Nothing of that is doubtful.
    assert_eq!(place.train("--method sgd").unwrap().doubts(), [""; 0]);
    // The file of a run that was made keeps its numbers, and can be run again elsewhere.
    let run = Place::new("").train("--output a").unwrap().to_toml_of_run();
    let again = Place::new(&run).train("--method sgd").unwrap().settings;
    assert_eq!(again.base_learning_rate(), 0.03125);
    // Its rate with another method is worth a word; with its own, or with a preset of the file's, it is not.
    let place = Place::new(&run);
    for flags in ["--method sgd", "--preset sgd", "--network cnn"] {
        let doubts = place.train(flags).unwrap().doubts();
        assert!(doubts.len() == 1 && doubts[0].contains("learning_rate = 0.03125 (file "), "{doubts:?}");
    }
    assert!(place.train("").unwrap().doubts().is_empty());
    let own = Place::new("presets = [\"cnn\"]\nlearning_rate = 0.5");
    assert!(own.train("").unwrap().doubts().is_empty());
    assert_eq!(again.output, None);
}
