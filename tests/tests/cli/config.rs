//! `random-bases config`, and how flags, files and the environment come together.

use toml::Table;

use super::support::Place;

fn table(text: &str) -> Table {
    text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn what_it_prints_resolves_to_the_same() {
    for flags in [
        "",
        "--preset small,fpd --seed 18446744073709551615 --normalized 1e-3 --max-steps 5",
        "--preset mnist --data-dir somewhere --output runs/a --normalized false --learning-rate 0.1",
        "--method sgd --vector portable --threads 3 --progress never --validation-offset 7",
    ] {
        let place = Place::new();
        let first = place.run(&format!("config {flags}")).ok();
        place.write("saved.toml", &first);
        let again = place.run("config --config saved.toml").ok();
        assert_eq!(table(&again), table(&first), "{flags}");
        // The usual name is found by itself.
        place.write("random-bases.toml", &first);
        assert_eq!(table(&place.run("config").ok()), table(&first), "{flags}");
    }
}

#[test]
fn every_layer_wins_over_those_below() {
    let place = Place::new();
    place.write("random-bases.toml", "threads = 2\nepochs = 5\nseed = 8\npresets = [\"sgd\"]\n");
    let environment = [("RANDOM_BASES_THREADS", "3"), ("RANDOM_BASES_VECTOR", "portable")];
    let text = place.run_in(&environment, "config --epochs 7").ok();
    for (line, origin) in [
        ("epochs = 7 ", "# flag --epochs"),
        ("threads = 3 ", "# environment RANDOM_BASES_THREADS"),
        ("vector = \"portable\" ", "# environment RANDOM_BASES_VECTOR"),
        ("seed = 8 ", "# file random-bases.toml"),
        ("method = \"sgd\" ", "# preset sgd"),
        ("batch_size = 32 ", "# default"),
    ] {
        let found = text.lines().find(|found| found.starts_with(line)).unwrap_or_else(|| panic!("{text}"));
        assert!(found.ends_with(origin), "{found}");
    }
}

#[test]
fn empty_variables_count_as_not_set() {
    let empty = [("RANDOM_BASES_THREADS", ""), ("RANDOM_BASES_VECTOR", ""), ("RANDOM_BASES_DATA_DIR", "")];
    let place = Place::new();
    assert_eq!(place.run_in(&empty, "config").ok(), place.run("config").ok());
    place.run("record known-answers --output known.rbases").ok();
    place.run_in(&empty, "verify known.rbases").ok();
}

#[test]
fn every_help_and_the_version_succeed() {
    let place = Place::new();
    let help = place.run("--help").ok();
    for command in
        ["train", "config", "verify", "record", "replay", "inspect", "orthogonality", "bench", "machine"]
    {
        assert!(help.contains(command), "{help}");
        let help = place.run(&format!("{command} --help")).ok();
        assert!(help.contains("6  mismatch"), "{command}: {help}");
        // Records are found in folders by their names, so examples have to use it.
        assert!(!help.contains(".bin"), "{command}: an example with a file name that `verify` passes over");
    }
    assert!(place.run("--version").ok().starts_with("random-bases "));
}

#[test]
fn machine_says_what_there_is() {
    let machine = Place::new().run("machine").ok();
    for part in ["numeric contract", "architecture", "cores", "vector portable", "chosen by auto"] {
        assert!(machine.contains(part), "{machine}");
    }
}
