//! The command line, as typed. Parsing does no I/O; what the words mean is decided in [`crate::settings`].

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use random_bases_core::basis::Distribution;

use crate::bench::Group;
use crate::failure::{Failure, exit_codes_help};
use crate::files::SETS;
use crate::settings::{MachineFlags, Progress, SettingsFlags, Strategy, Value};

/// Train networks in low-dimensional random subspaces, with the same bits on every machine
#[derive(Parser, Clone, Debug)]
#[command(
    name = "random-bases",
    version,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = after_help("Try: random-bases train"),
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Train a network, and evaluate it after every epoch
    #[command(
        long_about = "Train a network, and evaluate it after every epoch.\n\n\
            Without any flag this trains a dense network of 101,770 weights along 250 random directions per \
            step, on digits that the program draws itself; no files are needed. Settings come from defaults, \
            the file random-bases.toml, the environment (RANDOM_BASES_THREADS, RANDOM_BASES_VECTOR, \
            RANDOM_BASES_DATA_DIR) and flags, each winning over those before. A preset sets several at once, \
            and counts as a flag where it is given as one. `random-bases config` shows the outcome.",
        after_help = after_help(TRAIN_EXAMPLES)
    )]
    Train(Box<TrainArguments>),
    /// Print how the weights would be divided, and what workers would communicate, without training
    #[command(after_help = after_help(PLAN_EXAMPLES))]
    Plan(Box<SettingsFlags>),
    /// Print the configuration that `train` would use, each setting with where it was set
    #[command(after_help = after_help(CONFIG_EXAMPLES))]
    Config(Box<SettingsFlags>),
    /// Compute again what records say, and compare every bit
    #[command(after_help = after_help(VERIFY_EXAMPLES))]
    Verify(VerifyArguments),
    /// Write a record for other machines to verify, and a readable view (.txt) beside it
    #[command(after_help = after_help(RECORD_EXAMPLES))]
    Record(Box<RecordArguments>),
    /// Rebuild the weights of a training from its journal, without data and without gradients
    #[command(after_help = after_help(REPLAY_EXAMPLES))]
    Replay(ReplayArguments),
    /// Compare two journals step by step, and say where they part
    #[command(after_help = after_help(DIFF_EXAMPLES))]
    Diff(DiffArguments),
    /// Describe a record, journal or weights file
    #[command(after_help = after_help("Example:\n  random-bases inspect runs/a/journal.rbases"))]
    Inspect(InspectArguments),
    /// Get published image sets, check those that are there, or list what there is
    #[command(after_help = after_help(DATA_EXAMPLES))]
    Data(DataArguments),
    /// Measure how orthogonal random directions are, in 10 to 10^8 dimensions
    #[command(
        long_about = "Measure how orthogonal random directions are, in 10 to 10^8 dimensions.\n\n\
            For each power of ten, |cos| of the angle between each row of a basis and the next: mean, standard \
            deviation, least and greatest, beside sqrt(2 / (pi D)), which the mean comes to for directions with \
            mean zero. The numbers do not depend on threads or vector instructions.",
        after_help = after_help(ORTHOGONALITY_EXAMPLES)
    )]
    Orthogonality(OrthogonalityArguments),
    /// Measure how fast this machine is: directions, networks, whole training steps
    #[command(
        long_about = "Measure how fast this machine is: directions, networks, whole training steps.\n\n\
            Kernels and networks must have equal bits at all levels first. Everything then runs in turn, round after round, between \
            probes of what the processor gives at the moment: where these differ, so do times for no reason of ours. \
            Rates and cycles are those of the best round.",
        after_help = after_help(BENCH_EXAMPLES)
    )]
    Bench(BenchArguments),
    /// Print what this machine offers: vector instructions, threads, version of the numeric contract
    #[command(after_help = after_help(""))]
    Machine,
}

/// The arguments of `train`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct TrainArguments {
    /// Go on with the run in the folder --output, with its own configuration, to the bits that it would have had; begin if there is
    /// none
    #[arg(long, requires = "output")]
    pub resume: bool,
    /// The settings.
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// The arguments of `verify`.
#[derive(Args, Clone, Debug)]
pub struct VerifyArguments {
    /// Record files, or folders that hold some
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How to use the machine.
    #[command(flatten)]
    pub machine: MachineFlags,
    /// How directions are generated
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub strategy: Strategy,
    /// Folder of the image files, for records of runs on mnist, fmnist or cifar10 [default: RANDOM_BASES_DATA_DIR, else
    /// data]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// What can be recorded.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Values of every function of the numeric contract
    KnownAnswers,
    /// The first steps of a training with the given settings
    Run,
}

/// The arguments of `record`.
///
/// `--output` is also a setting, a folder; here it is the file that is written, and
/// [`RecordArguments::target`] gives it as such.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("output", |it| it.value_name("FILE").help("The file to write").conflicts_with("all")))]
pub struct RecordArguments {
    /// What to record
    #[arg(value_name = "KIND", required_unless_present = "all", requires = "output")]
    pub kind: Option<RecordKind>,
    /// Record the standard fixtures again, into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["kind", "steps"])]
    pub all: Option<PathBuf>,
    /// How many steps of a run to record [default: 20]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// The settings of the run.
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// What `record` is to write, and where.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordTarget {
    /// The standard fixtures, into a folder.
    All {
        /// The folder.
        folder: PathBuf,
        /// How to use the machine.
        machine: MachineFlags,
    },
    /// Known answers, into a file.
    KnownAnswers {
        /// The file.
        output: PathBuf,
        /// How to use the machine.
        machine: MachineFlags,
    },
    /// The first steps of a training, into a file.
    Run {
        /// The file.
        output: PathBuf,
        /// How many steps.
        steps: u32,
        /// The settings, without the file.
        settings: Box<SettingsFlags>,
    },
}

impl RecordArguments {
    /// Steps that are recorded when `--steps` is not given.
    pub const STEPS_DEFAULT: u32 = 20;

    /// Sorts out what is asked for. Fails if a setting is given that would have no effect.
    pub fn target(mut self) -> Result<RecordTarget, Failure> {
        let output = self.settings.values.output.take();
        match (self.all, self.kind, output) {
            (Some(folder), ..) => {
                let machine = machine_only(self.settings, "record --all")?;
                Ok(RecordTarget::All { folder, machine })
            }
            (None, Some(RecordKind::KnownAnswers), Some(output)) if self.steps.is_none() => {
                let machine = machine_only(self.settings, "record known-answers")?;
                Ok(RecordTarget::KnownAnswers { output, machine })
            }
            (None, Some(RecordKind::KnownAnswers), Some(_)) => {
                Err(Failure::configuration("--steps: record known-answers has no steps; use record run"))
            }
            (None, Some(RecordKind::Run), Some(output)) => {
                let values = &self.settings.values;
                let idle = [
                    ("--max-steps", values.max_steps.is_some()),
                    ("--epochs", values.epochs.is_some()),
                    ("--evaluation-batch-size", values.evaluation_batch_size.is_some()),
                    ("--progress", values.progress.is_some()),
                ];
                if let Some((flag, _)) = idle.into_iter().find(|(_, given)| *given) {
                    return Err(Failure::configuration(format_args!(
                        "{flag}: has no effect on record run, which makes as many steps as --steps says"
                    )));
                }
                let steps = self.steps.unwrap_or(Self::STEPS_DEFAULT);
                Ok(RecordTarget::Run { output, steps, settings: Box::new(self.settings) })
            }
            (None, ..) => Err(Failure::internal("the parser let a record without kind or output through")),
        }
    }
}

/// The flags for the machine, out of flags that may hold nothing else.
fn machine_only(mut settings: SettingsFlags, command: &str) -> Result<MachineFlags, Failure> {
    let machine =
        MachineFlags { threads: settings.values.threads.take(), vector: settings.values.vector.take() };
    if settings == SettingsFlags::default() {
        return Ok(machine);
    }
    Err(Failure::configuration(format_args!(
        "{command} always uses the same settings; leave out every flag but --threads and --vector, or use \
         record run"
    )))
}

/// The arguments of `diff`.
#[derive(Debug, Clone, Args)]
pub struct DiffArguments {
    /// A journal; `-` for standard input
    #[arg(value_name = "JOURNAL")]
    pub one: PathBuf,
    /// Another; `-` for standard input
    #[arg(value_name = "JOURNAL")]
    pub other: PathBuf,
}

/// The arguments of `replay`.
#[derive(Args, Clone, Debug)]
pub struct ReplayArguments {
    /// The journal of a training; `-` for standard input, where steps are replayed as they come
    #[arg(value_name = "JOURNAL")]
    pub journal: PathBuf,
    /// Replay so many steps; 0 gives the initial weights [default: all]
    #[arg(long, value_name = "NUMBER")]
    pub steps: Option<u64>,
    /// Write the weights to this file, as safetensors
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How to use the machine.
    #[command(flatten)]
    pub machine: MachineFlags,
}

/// The arguments of `inspect`.
#[derive(Args, Clone, Debug)]
pub struct InspectArguments {
    /// The file
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Show every step, not only the first and last ones
    #[arg(long)]
    pub all: bool,
}

/// The arguments of `orthogonality`.
#[derive(Args, Clone, Debug)]
pub struct OrthogonalityArguments {
    /// What the elements of the directions are drawn from
    #[arg(long, value_name = "NAME", default_value = "normal", value_parser = <Distribution as Value>::parser())]
    pub distribution: Distribution,
    /// The seed of the directions
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = <u64 as Value>::parser())]
    pub seed: u64,
    /// How many pairs of neighbouring directions, 1 to 10000
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub draws: u32,
    /// The largest power of ten, 1 to 9
    #[arg(long, value_name = "EXPONENT", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub largest: u32,
    /// Write orthogonality.jsonl and orthogonality.svg into this folder
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// How to use the machine.
    #[command(flatten)]
    pub machine: MachineFlags,
}

/// The arguments of `bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchArguments {
    /// What to measure [default: bases networks steps]
    #[arg(value_name = "GROUP")]
    pub groups: Vec<Group>,
    /// How many rounds, 1 to 1000
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rounds: u32,
    /// Write everything measured to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// How to use the machine.
    #[command(flatten)]
    pub machine: MachineFlags,
}

/// The arguments of `data`.
#[derive(Args, Clone, Debug)]
pub struct DataArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: DataCommand,
}

/// What can be done about data.
#[derive(Subcommand, Clone, Debug)]
pub enum DataCommand {
    /// Download published image sets, into DIR/NAME; a file gets its name once its SHA-256 is the published one
    #[command(after_help = after_help(DATA_EXAMPLES))]
    Fetch(FetchArguments),
    /// Read the image sets that are there, and say whether they are the published ones
    #[command(after_help = after_help(DATA_EXAMPLES))]
    Check {
        /// The sets; one that is absent counts as an error [default: all that are there]
        #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(SETS))]
        names: Vec<String>,
        /// Where.
        #[command(flatten)]
        place: DataPlace,
    },
    /// List the image sets, with sizes, licences and where they come from
    #[command(after_help = after_help(DATA_EXAMPLES))]
    List {
        /// Where.
        #[command(flatten)]
        place: DataPlace,
    },
}

/// The arguments of `data fetch`.
#[derive(Args, Clone, Debug)]
pub struct FetchArguments {
    /// The sets
    #[arg(required = true, value_name = "NAME", value_parser = PossibleValuesParser::new(SETS))]
    pub names: Vec<String>,
    /// Where.
    #[command(flatten)]
    pub place: DataPlace,
    /// Get the files from URL/FILE instead; several are tried in order. For one set at a time
    #[arg(long = "mirror", value_name = "URL")]
    pub mirrors: Vec<String>,
    /// Replace files that are there and are not the published ones
    #[arg(long)]
    pub force: bool,
    /// How progress is shown on stderr
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub progress: Progress,
}

/// Where data files are.
#[derive(Args, Clone, Debug)]
pub struct DataPlace {
    /// The data folder [default: RANDOM_BASES_DATA_DIR, or data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

const TRAIN_EXAMPLES: &str = "Try: random-bases train

Examples:
  random-bases train                                            synthetic digits, no files needed
  random-bases train --preset small                             the smallest network
  random-bases train --preset fc,mnist --epochs 100             the paper's Table 1; needs `data fetch mnist`
  random-bases train --method sgd                               the baseline
  random-bases train -d 500 --seed 7 --output runs/a            keep the results";

const PLAN_EXAMPLES: &str = "\
Examples:
  random-bases plan --weights-per-compartment=-1              a compartment for each layer
  random-bases plan --dynamic-compartments --workers 4";

const CONFIG_EXAMPLES: &str = "Examples:
  random-bases config --preset small
  random-bases config > random-bases.toml    start a configuration file";

const VERIFY_EXAMPLES: &str = "Examples:
  random-bases verify fixtures
  random-bases verify fixtures --threads 3 --vector portable --strategy two-pass";

const RECORD_EXAMPLES: &str = "Examples:
  random-bases record known-answers --output known.rbases
  random-bases record run --preset small --steps 50 --output small.rbases
  random-bases record --all fixtures";

const REPLAY_EXAMPLES: &str = "Examples:
  random-bases replay runs/a/journal.rbases --output weights.safetensors
  random-bases replay runs/a/journal.rbases --steps 100 --threads 1
  ssh board cat journal.rbases | random-bases replay -";

const DIFF_EXAMPLES: &str = "Examples:
  random-bases diff runs/a/journal.rbases runs/b/journal.rbases
  ssh board cat journal.rbases | random-bases diff runs/a/journal.rbases -";

const DATA_EXAMPLES: &str = "Examples:
  random-bases data list
  random-bases data fetch mnist
  random-bases data fetch cifar10 --data-dir DIR --mirror http://localhost:8000/cifar10
  random-bases data check mnist
  random-bases train --preset fc,mnist --data-dir data    reads data/mnist";

const ORTHOGONALITY_EXAMPLES: &str = "Examples:
  random-bases orthogonality                                    ten seconds or so
  random-bases orthogonality --distribution rademacher --largest 6 --output runs/orthogonality";

const BENCH_EXAMPLES: &str = "Examples:
  random-bases bench                                            some minutes
  random-bases bench bases --rounds 9 --threads 1 --json bases.json
  random-bases bench scaling                                    two gigabytes of memory, some minutes";

/// The examples, then the exit codes.
fn after_help(examples: &str) -> String {
    let gap = if examples.is_empty() { "" } else { "\n\n" };
    format!("{examples}{gap}{}", exit_codes_help())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &str) -> Result<Command, ErrorKind> {
        let words = std::iter::once("random-bases").chain(line.split_whitespace());
        Arguments::try_parse_from(words).map(|arguments| arguments.command).map_err(|error| error.kind())
    }

    fn help(command: &str) -> String {
        let error = Arguments::try_parse_from(["random-bases", command, "--help"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DisplayHelp);
        error.to_string()
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_help_lists_the_exit_codes() {
        for command in [
            "train",
            "config",
            "verify",
            "record",
            "replay",
            "diff",
            "inspect",
            "data",
            "orthogonality",
            "machine",
        ] {
            assert!(help(command).contains("6  mismatch"), "{command}");
        }
        let train = help("train");
        for part in
            ["Try: random-bases train", "--base-dimensions", "-d,", "[default: 250]", "two-pass", "--preset"]
        {
            assert!(train.contains(part), "{part}:\n{train}");
        }
    }

    #[test]
    fn every_setting_is_a_flag() {
        let train = help("train");
        for key in crate::settings::KEYS {
            assert!(train.contains(&format!("--{} ", key.replace('_', "-"))), "{key}:\n{train}");
        }
    }

    #[test]
    fn wrong_values_are_usage_errors() {
        assert_eq!(parse("train --epochs three").unwrap_err(), ErrorKind::ValueValidation);
        assert_eq!(parse("train --network resnet").unwrap_err(), ErrorKind::InvalidValue);
        assert_eq!(parse("train --batchsize 3").unwrap_err(), ErrorKind::UnknownArgument);
        assert_eq!(parse("verify").unwrap_err(), ErrorKind::MissingRequiredArgument);
        assert_eq!(parse("record run").unwrap_err(), ErrorKind::MissingRequiredArgument);
        assert_eq!(parse("record").unwrap_err(), ErrorKind::MissingRequiredArgument);
        assert_eq!(parse("record run --output a --all b").unwrap_err(), ErrorKind::ArgumentConflict);
        assert_eq!(parse("record --all b --output a").unwrap_err(), ErrorKind::ArgumentConflict);
        assert_eq!(parse("record run --output a --steps 0").unwrap_err(), ErrorKind::ValueValidation);
    }

    #[test]
    fn numbers_of_orthogonality_are_within_reason() {
        for line in ["--draws 0", "--draws 10001", "--largest 0", "--largest 10", "--distribution gauss"] {
            let error = parse(&format!("orthogonality {line}")).unwrap_err();
            assert_eq!(error, ErrorKind::ValueValidation, "{line}");
        }
        let Ok(Command::Orthogonality(usual)) = parse("orthogonality") else { panic!() };
        assert_eq!((usual.distribution, usual.seed, usual.draws), (Distribution::Normal, 1, 100));
        assert_eq!((usual.largest, usual.output, usual.machine), (8, None, MachineFlags::default()));
    }

    #[test]
    fn data_sets_are_named() {
        assert_eq!(parse("data fetch").unwrap_err(), ErrorKind::MissingRequiredArgument);
        assert_eq!(parse("data fetch synthetic").unwrap_err(), ErrorKind::InvalidValue);
        let Ok(Command::Data(DataArguments { command: DataCommand::Fetch(fetch) })) =
            parse("data fetch mnist cifar10 --mirror a --mirror b --data-dir d")
        else {
            panic!()
        };
        assert_eq!((fetch.names, fetch.force), (vec!["mnist".into(), "cifar10".into()], false));
        assert_eq!((fetch.mirrors, fetch.place.data_dir), (vec!["a".into(), "b".into()], Some("d".into())));
    }

    #[test]
    fn records_name_their_target() {
        let target = |line| match parse(line) {
            Ok(Command::Record(arguments)) => arguments.target().unwrap(),
            other => panic!("{line}: {other:?}"),
        };
        let machine = MachineFlags { threads: Some(2), vector: None };
        assert_eq!(target("record --all f --threads 2"), RecordTarget::All { folder: "f".into(), machine });
        let machine = MachineFlags::default();
        let known = RecordTarget::KnownAnswers { output: "a".into(), machine };
        assert_eq!(target("record known-answers --output a"), known);
        let RecordTarget::Run { output, steps, settings } =
            target("record run --output a --preset small -d 9")
        else {
            panic!("not a run");
        };
        assert_eq!((output, steps), ("a".into(), 20));
        assert_eq!((settings.values.base_dimensions, settings.values.output), (Some(9), None));
    }

    #[test]
    fn records_refuse_flags_without_effect() {
        for line in [
            "record --all f --preset small",
            "record known-answers --output a --seed 3",
            "record known-answers --output a --steps 3",
        ] {
            let Ok(Command::Record(arguments)) = parse(line) else { panic!("{line}") };
            assert_eq!(arguments.target().unwrap_err().exit_code(), 3, "{line}");
        }
    }

    #[test]
    fn machines_and_replays() {
        let Ok(Command::Verify(verify)) = parse("verify a b --threads 3 --strategy two-pass") else {
            panic!()
        };
        assert_eq!(
            (verify.paths.len(), verify.machine.threads, verify.strategy),
            (2, Some(3), Strategy::TwoPass)
        );
        let Ok(Command::Replay(replay)) = parse("replay j --steps 4 --output w.safetensors") else {
            panic!()
        };
        assert_eq!((replay.steps, replay.output), (Some(4), Some("w.safetensors".into())));
        assert!(matches!(parse("machine"), Ok(Command::Machine)));
        assert!(matches!(parse("inspect x"), Ok(Command::Inspect(_))));
    }
}
