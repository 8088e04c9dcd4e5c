//! `ipu-runner train` leaves what `random-bases train` leaves, bit for bit, however it is made.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use clap::Parser;
use ipu_runner::codelets::Codelets;
use ipu_runner::commands::train::on;
use ipu_runner::device::{Device, Engine};
use ipu_runner::graph::{Fault, Graph, Program, StreamId, VariableId};
use ipu_runner::machine::{Library, TileMachine};
use ipu_runner::target::Target;
use random_bases::args::{Arguments, Command as Subcommand, TrainArguments};
use random_bases::commands;
use random_bases::failure::Failure;
use random_bases::records::RecordFile;
use serde_json::Value;
use tempfile::TempDir;

/// Five steps an epoch, where nothing else is said.
const SMALL: [(&str, &str); 6] = [
    ("--preset", "small"),
    ("--train-images", "200"),
    ("--test-images", "40"),
    ("-d", "12"),
    ("--stop-on-nan", "false"),
    ("--progress", "never"),
];

/// `train` with these flags, and those of [`SMALL`] that are not among them.
fn train(flags: &str) -> String {
    let given: Vec<_> = flags.split_whitespace().collect();
    // SGD has no dimensions.
    let fits = |flag: &str| !(given.contains(&flag) || flag == "-d" && given.contains(&"sgd"));
    let more = SMALL.iter().filter(|(flag, _)| fits(flag)).map(|(flag, value)| format!(" {flag} {value}"));
    format!("train {flags}{}", more.collect::<String>())
}

/// A folder for runs.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What to train, and where.
    fn arguments(&self, flags: &str, output: &str) -> TrainArguments {
        let words = format!("random-bases {} --output", train(flags));
        let words = words.split_whitespace().map(Into::into).chain([self.path(output).into_os_string()]);
        match Arguments::parse_from(words).command {
            Subcommand::Train(arguments) => *arguments,
            _ => unreachable!("it is train"),
        }
    }

    fn train_here(&self, flags: &str, output: &str) {
        let trained = commands::train::start(self.arguments(flags, output), &mut Vec::new());
        trained.unwrap_or_else(|failure| panic!("{flags}: {failure}"));
    }

    /// Returns what is printed.
    fn train_on_tiles(&self, flags: &str, output: &str) -> String {
        let mut out = Vec::new();
        let trained = on(&|| Ok(tiles()), self.arguments(flags, output), &mut out);
        trained.unwrap_or_else(|failure| panic!("{flags}: {failure}"));
        String::from_utf8(out).expect("text")
    }

    /// The program in this folder, without variables of its own.
    fn program(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ipu-runner"));
        command.args(line.split_whitespace()).current_dir(self.0.path()).stdin(Stdio::null());
        let ours =
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RANDOM_BASES_"));
        ours.for_each(|(name, _)| {
            command.env_remove(name);
        });
        command
    }

    /// All files of a run but its configuration, without what a clock says.
    fn files(&self, run: &str) -> Vec<(String, Vec<u8>)> {
        let entries =
            std::fs::read_dir(self.path(run)).expect("a folder").map(|entry| entry.expect("a file"));
        let mut files: Vec<_> = entries
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                let bytes = std::fs::read(entry.path()).expect("a file");
                let timed = name == "metrics.jsonl" || name == "summary.json";
                (name, if timed { without_times(&bytes) } else { bytes })
            })
            .filter(|(name, _)| name != "config.toml")
            .collect();
        files.sort();
        files
    }

    fn expect_equal(&self, about: &str) {
        let (want, got) = (self.files("here"), self.files("there"));
        let names = |files: &[(String, Vec<u8>)]| files.iter().map(|file| file.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&want), names(&got), "{about}");
        assert!(names(&want).contains(&"journal.rbases".into()), "{about}: {:?}", names(&want));
        for ((name, want), (_, got)) in want.iter().zip(&got) {
            assert!(want == got, "{about}: {name} differs");
        }
    }
}

fn without_times(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        for clock in ["seconds", "images_per_second"] {
            line.as_object_mut().expect("an object").remove(clock);
        }
        format!("{line}\n")
    });
    lines.collect::<String>().into_bytes()
}

/// Tiles whose codelets are compiled once for all tests.
fn tiles() -> Arc<dyn Device> {
    static LIBRARY: OnceLock<Arc<Library>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| Library::new(&Codelets::built_in()).expect("a C++ compiler"));
    Arc::new(TileMachine::new(Target::GC200, Arc::clone(library), 5))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the journal of a run holds: steps, and whether it is whole.
fn steps(journal: &Path) -> usize {
    let file = RecordFile::open(journal).expect("a journal");
    let run = file.run().expect("of a run");
    assert!(run.damage.is_none(), "{:?}", run.damage);
    run.steps.len()
}

#[test]
fn all_files_are_equal() {
    // With the reason, where supersteps are computed by the host.
    let runs = [
        ("--method rbd --max-steps 7 --weight-streaming", ""),
        ("--method fpd --max-steps 7", ""),
        ("--method sgd --max-steps 7", ""),
        ("--method rbd --distribution rademacher --normalized true --antithetic-sampling --max-steps 3", ""),
        ("--method nes -d 4 --epochs 20 --max-steps 3", "no description"),
        ("--method hybrid -d 6 --max-steps 2", "no description"),
        ("--momentum 0.9 --workers 2 --weights-per-compartment=-1 --max-steps 3", "no description"),
        ("--math micromath --max-steps 3", "micromath has no codelet"),
        ("--strategy fused --threads 1 --max-steps 3", "no description"),
        ("--probes coordinates --max-steps 6", ""),
        ("--probes correlation,successive --max-steps 6", "no description"),
        ("--probes hessian,landscape --probe-directions 2 --max-steps 6", "no description"),
    ];
    for (flags, host) in runs {
        let place = Place::new();
        place.train_here(flags, "here");
        let printed = place.train_on_tiles(flags, "there");
        place.expect_equal(flags);
        assert_eq!(host.is_empty(), !printed.contains("computed by the host"), "{flags}: {printed}");
        assert!(printed.contains(host), "{flags}: {printed}");
    }
}

/// FC for 28x28 images: evaluations in batches that a machine has room for, some of them smaller than the others.
#[test]
fn the_default_network_is_equal() {
    let flags = "--preset fc,synthetic --train-images 700 --test-images 300 --evaluation-batch-size 256 --max-steps 2";
    let place = Place::new();
    place.train_here(flags, "here");
    place.train_on_tiles(flags, "there");
    place.expect_equal(flags);
}

/// Cut off in the middle of a record, after a checkpoint; and by hosts and tiles in turn.
#[test]
fn a_run_that_was_cut_goes_on_to_the_same_bits() {
    for flags in ["--method rbd --epochs 3", "--method fpd --epochs 3", "--method nes -d 4 --epochs 20"] {
        let place = Place::new();
        place.train_here(&format!("{flags} --max-steps 12"), "here");
        for first_here in [false, true] {
            let first = format!("{flags} --max-steps 8");
            if first_here {
                place.train_here(&first, "there");
            } else {
                place.train_on_tiles(&first, "there");
            }
            let journal = place.path("there/journal.rbases");
            let bytes = std::fs::read(&journal).expect("a journal");
            // The end record, and part of the last step.
            std::fs::write(&journal, &bytes[..bytes.len() - 20]).expect("room");
            place.train_on_tiles(&format!("{flags} --max-steps 12 --resume"), "there");
            place.expect_equal(flags);
            std::fs::remove_dir_all(place.path("there")).expect("it is there");
        }
    }
}

/// A device that breaks after so many programs.
struct Breaking {
    device: Arc<dyn Device>,
    left: Arc<AtomicU32>,
    fault: Fault,
}

struct BreakingEngine(Box<dyn Engine>, Arc<AtomicU32>, Fault);

impl Device for Breaking {
    fn name(&self) -> String {
        self.device.name()
    }

    fn target(&self) -> &Target {
        self.device.target()
    }

    fn load(&self, graph: Graph, programs: Vec<Program>) -> Result<Box<dyn Engine>, Fault> {
        let engine = self.device.load(graph, programs)?;
        Ok(Box::new(BreakingEngine(engine, Arc::clone(&self.left), self.fault.clone())))
    }
}

impl Engine for BreakingEngine {
    fn write(&mut self, variable: VariableId, bits: &[u32]) -> Result<(), Fault> {
        self.0.write(variable, bits)
    }

    fn run(&mut self, program: usize) -> Result<(), Fault> {
        let left = self.1.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        left.map_err(|_| self.2.clone())?;
        self.0.run(program)
    }

    fn read(&mut self, variable: VariableId, elements: Range<usize>) -> Result<Vec<u32>, Fault> {
        self.0.read(variable, elements)
    }

    fn connect(&mut self, stream: StreamId, records: Vec<u32>) -> Result<(), Fault> {
        self.0.connect(stream, records)
    }

    fn records(&self, stream: StreamId) -> Result<&[u32], Fault> {
        self.0.records(stream)
    }

    fn graph(&self) -> &Graph {
        self.0.graph()
    }
}

/// Whenever a device breaks, or a rule is broken, the journal is that of the steps before, and metrics are those of evaluations before.
#[test]
fn a_fault_ends_the_run_after_a_whole_step() {
    let place = Place::new();
    let flags = "--method rbd --epochs 2";
    place.train_here(flags, "here");
    let whole = std::fs::read_to_string(place.path("here/metrics.jsonl")).expect("metrics");
    let whole: Vec<_> = whole.lines().map(|line| without_times(line.as_bytes())).collect();
    let mut reached = Vec::new();
    let device = (Fault::Device("the lights went out".into()), 3, "the lights went out");
    let rule = Fault::Uninitialised { variable: "position".into(), element: 7, reader: "apply".into() };
    let rule = (rule, 1, "reads element 7 of variable position");
    for (left, (fault, code, what)) in
        [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 12, 15].into_iter().zip([device, rule].iter().cycle())
    {
        let run = format!("after-{left}");
        let left_of_it = Arc::new(AtomicU32::new(left));
        let open = || -> Result<Arc<dyn Device>, Failure> {
            Ok(Arc::new(Breaking { device: tiles(), left: Arc::clone(&left_of_it), fault: fault.clone() }))
        };
        let failure = on(&open, place.arguments(flags, &run), &mut Vec::new());
        let failure = failure.expect_err("it breaks");
        assert_eq!(failure.exit_code(), *code, "{failure}");
        assert!(failure.to_string().contains(what), "{failure}");
        if !place.path(&run).exists() {
            // It broke before there was anything to train.
            assert!(left < 2, "{left}");
            continue;
        }
        let made = steps(&place.path(&run).join("journal.rbases"));
        reached.push(made);
        let metrics = std::fs::read_to_string(place.path(&run).join("metrics.jsonl")).unwrap_or_default();
        let metrics: Vec<_> = metrics.lines().map(|line| without_times(line.as_bytes())).collect();
        assert!(metrics.len() <= made / 5 && metrics == whole[..metrics.len()], "after {made} steps");
        assert!(!place.path(&run).join("summary.json").exists());
        // A machine that works makes the rest.
        place.train_on_tiles(&format!("{flags} --resume"), &run);
        std::fs::rename(place.path(&run), place.path("there")).expect("it is there");
        place.expect_equal(&run);
        std::fs::remove_dir_all(place.path("there")).expect("it is there");
    }
    reached.dedup();
    assert!(reached.len() >= 5, "{reached:?}");
}

#[test]
fn too_little_memory_is_a_matter_of_configuration() {
    let place = Place::new();
    let target = Target { bytes_per_tile: 2000, ..Target::GC200 };
    let library = Library::new(&Codelets::built_in()).expect("a C++ compiler");
    let device = || -> Result<Arc<dyn Device>, Failure> {
        Ok(Arc::new(TileMachine::new(target, Arc::clone(&library), 1)))
    };
    let failure = on(&device, place.arguments("", "run"), &mut Vec::new()).expect_err("no room");
    assert_eq!(failure.exit_code(), 3, "{failure}");
    assert!(failure.to_string().contains("out of memory on tile"), "{failure}");
}

#[test]
fn the_program_takes_a_configuration_file() {
    let place = Place::new();
    std::fs::write(
        place.path("small.toml"),
        "presets = [\"small\"]\nbase_dimensions = 9\ntrain_images = 200\n",
    )
    .expect("room");
    let flags = "--config small.toml --test-images 40 --max-steps 3 --stop-on-nan false";
    let Output { status, stderr, .. } =
        place.program(&format!("train {flags} --output there --vertex-order 3")).output().expect("it starts");
    let message = text(&stderr);
    assert!(status.success(), "{message}");
    assert!(message.contains("1472 emulated tiles of gc200, each step one program"), "{message}");
    place.train_here("-d 9 --max-steps 3", "here");
    place.expect_equal(flags);
    // It goes on with its own configuration.
    let more = place.program("train --output there --resume --max-steps 5").output().expect("it starts");
    assert!(more.status.success(), "{}", text(&more.stderr));
    assert_eq!(steps(&place.path("there/journal.rbases")), 5);
}

#[test]
fn what_is_not_one_program_is_said_at_the_start() {
    let place = Place::new();
    let line = train("--progress auto --method nes -d 3 --epochs 9 --max-steps 1");
    let output = place.program(&line).output().expect("it starts");
    let message = text(&output.stderr);
    assert!(output.status.success(), "{message}");
    let reason = "superstep by superstep, since the method nes does not run as one program";
    assert!(message.lines().next().is_some_and(|line| line.contains(reason)), "{message}");
    assert!(
        text(&output.stdout).contains("computed by the host, not on tiles: "),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn bad_flags_have_their_codes() {
    let place = Place::new();
    let lines = [
        ("train --method nonsense", 2, "nonsense"),
        ("train --ipus 0", 2, "--ipus"),
        ("train --device abacus", 2, "abacus"),
        ("train --resume", 2, "--output"),
        ("train -d 0", 3, "base_dimensions"),
        ("train --config missing.toml", 3, "missing.toml"),
        ("train --preset mnist --data-dir nowhere", 4, "nowhere"),
    ];
    for (line, code, word) in lines {
        let output = place.program(line).output().expect("it starts");
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{line}: {message}");
        assert!(message.contains(word), "{line}: {message}");
    }
    let missing = place.program(&train("")).env("CXX", "/no/such/compiler").output().expect("it starts");
    assert_eq!(missing.status.code(), Some(3));
    assert!(text(&missing.stderr).contains("/no/such/compiler"), "{}", text(&missing.stderr));
}

/// Ctrl-C: the step at hand is made and kept.
#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_was_done() {
    let place = Place::new();
    let mut command = place.program(&train("--epochs 10000 --output there"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let begun =
        || std::fs::metadata(place.path("there/journal.rbases")).is_ok_and(|about| about.len() > 2000);
    while !begun() {
        assert!(child.try_wait().expect("a child").is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let output = child.wait_with_output().expect("a child");
    assert_eq!(output.status.code(), Some(8), "{}", text(&output.stderr));
    let made = steps(&place.path("there/journal.rbases"));
    // The same, made here in one go; schedules and files go by the same epochs.
    place.train_here(&format!("--epochs 10000 --max-steps {made}"), "here");
    let journal = |run: &str| std::fs::read(place.path(run).join("journal.rbases")).expect("a journal");
    assert_eq!(journal("here"), journal("there"));
}
