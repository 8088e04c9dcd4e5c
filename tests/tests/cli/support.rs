//! Running the program, and taking its files apart.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use random_bases_core::record::{Floats, Frames, Function, MAGIC, Record, Row, Step, Tensor, Words, write};
use tempfile::TempDir;

/// The smallest training worth looking at, which does not get far; more flags can follow.
pub const SMALL: &str = "--preset small --train-images 200 --test-images 40 -d 12 --stop-on-nan false";

/// Names of the vector levels, as `--vector` takes them.
pub const LEVELS: [&str; 4] = ["portable", "sse2", "avx2", "avx512"];

/// A fresh folder to run the program in.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// An empty one.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The path of something in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders that it lies in.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A file as text.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Names and bytes of all files of a folder, by name.
    pub fn files(&self, folder: &str) -> Vec<(OsString, Vec<u8>)> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap().map(Result::unwrap);
        let mut files: Vec<_> =
            entries.map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap())).collect();
        files.sort();
        files
    }

    /// Runs the program; the words of `line` are its arguments.
    pub fn run(&self, line: &str) -> Outcome {
        self.run_in(&[], line)
    }

    /// Runs the program with some variables set.
    pub fn run_in(&self, environment: &[(&str, &str)], line: &str) -> Outcome {
        let mut command = self.command(line);
        finish(command.envs(environment.iter().copied()), line)
    }

    /// The program, ready to be run here, without any variable of its own.
    pub fn command(&self, line: &str) -> Command {
        self.prepare(Command::new(program()), line)
    }

    /// The program with at most so much address space, where the system has such a limit.
    pub fn run_within(&self, megabytes: u32, line: &str) -> Outcome {
        if !cfg!(target_os = "linux") {
            return self.run(line);
        }
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -v {} && exec \"$0\" \"$@\"", megabytes * 1024)).arg(program());
        finish(&mut self.prepare(shell, line), line)
    }

    fn prepare(&self, mut command: Command, line: &str) -> Command {
        command.args(line.split_whitespace()).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RANDOM_BASES_") {
                command.env_remove(name);
            }
        }
        command
    }
}

/// Runs a command to its end.
fn finish(command: &mut Command, line: &str) -> Outcome {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|error| panic!("{line}: {error}"));
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let code = output.status.code().unwrap_or_else(|| panic!("{line}: {}\n{stderr}", output.status));
    // 1 and "internal error" are what the program makes of a panic; 101 is what Rust does.
    let broken = stderr.contains("panicked") || stderr.contains("internal error");
    assert!(!broken && !matches!(code, 1 | 101), "{line}: code {code}\n{stderr}");
    Outcome { line: line.into(), code, stdout, stderr }
}

/// Interrupts a command once `ready`, as Ctrl-C does; it has to end with code 8 and say `part`.
#[cfg(unix)]
pub fn interrupted(mut command: Command, mut ready: impl FnMut() -> bool, part: &str) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while !ready() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(8), "{message}");
    assert!(message.contains(part), "{message}");
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    line: String,
    /// The exit code.
    pub code: i32,
    /// What went to standard output.
    pub stdout: String,
    /// What went to standard error.
    pub stderr: String,
}

impl Outcome {
    /// The output of a run that has to have succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}{}", self.line, self.stdout, self.stderr);
        self.stdout
    }

    /// The message of a run that has to have failed with `code`: one line, beginning with the program's name.
    #[track_caller]
    pub fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}\n{}{}", self.line, self.stdout, self.stderr);
        let last = self.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with("random-bases: "), "{}\n{}", self.line, self.stderr);
        last.into()
    }

    /// [`Outcome::fails`], with every one of `parts` in the message.
    #[track_caller]
    pub fn fails_with(self, code: i32, parts: &[&str]) {
        let line = self.line.clone();
        let message = self.fails(code);
        for part in parts {
            assert!(message.contains(part), "{line}: no {part:?} in\n{message}");
        }
    }
}

/// The word behind `label` in an output of labels and values.
#[track_caller]
pub fn value<'o>(output: &'o str, label: &str) -> &'o str {
    let rest = output.lines().find_map(|line| line.strip_prefix(label));
    rest.unwrap_or_else(|| panic!("no {label:?} in\n{output}")).split_whitespace().next().unwrap_or_default()
}

/// The vector levels that this processor has, with a note on the others.
pub fn levels() -> Vec<&'static str> {
    let machine = Place::new().run("machine").ok();
    let lacks = |level: &str| {
        let line = machine.lines().find(|line| line.starts_with(&format!("vector {level}"))).unwrap();
        line.contains("not on this processor")
    };
    for level in LEVELS.into_iter().filter(|level| lacks(level)) {
        println!("skipped: this processor has no {level}");
    }
    LEVELS.into_iter().filter(|level| !lacks(level)).collect()
}

/// A record file with every record replaced by what `edit` makes of it; checksums fit.
pub fn edited(bytes: &[u8], mut edit: impl FnMut(&Record<'_>) -> Vec<u8>) -> Vec<u8> {
    let frames = Frames::new(bytes).unwrap();
    let records = frames.flat_map(|frame| edit(&frame.unwrap().record));
    MAGIC.into_iter().chain(records).collect()
}

/// A record with its length and its checksum.
pub fn encoded(record: &Record<'_>) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 20];
    write(record, &mut buffer).unwrap().to_vec()
}

/// The losses of a journal's steps, in order.
pub fn losses(journal: &[u8]) -> Vec<f32> {
    let records = Frames::new(journal).unwrap().map(|frame| frame.unwrap().record);
    let loss = |record| if let Record::Step(step) = record { Some(step.loss) } else { None };
    records.filter_map(loss).collect()
}

/// The floats that a record carries.
pub fn values(record: &Record<'_>) -> Vec<f32> {
    match record {
        Record::Step(step) => step.coordinates.iter().collect(),
        Record::Tensor(tensor) => tensor.values.iter().collect(),
        Record::Row(row) => row.values.iter().collect(),
        Record::Words(words) => words.words.iter().collect(),
        Record::Function(function) => function.values.iter().collect(),
        _ => Vec::new(),
    }
}

/// [`encoded`], with other floats.
pub fn encoded_with(record: &Record<'_>, values: &[f32]) -> Vec<u8> {
    let values = Floats::from(values);
    encoded(&match record {
        Record::Step(step) => Record::Step(Step { coordinates: values, ..*step }),
        Record::Tensor(tensor) => Record::Tensor(Tensor { values, ..*tensor }),
        Record::Row(row) => Record::Row(Row { values, ..*row }),
        Record::Words(words) => Record::Words(Words { words: values, ..*words }),
        Record::Function(function) => Record::Function(Function { values, ..*function }),
        other => panic!("no floats in {other:?}"),
    })
}

/// The program, built as these tests were.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // <target folder>[/<triple>]/<profile>/deps/<this test>
        let test = std::env::current_exe().unwrap();
        let folder = test.ancestors().nth(2).expect("the folder of a profile");
        let program = folder.join(format!("random-bases{}", std::env::consts::EXE_SUFFIX));
        // Also if it is there: it may be older than its sources, and cargo knows.
        if !build(folder) {
            println!("note: cargo did not run; {} may be out of date", program.display());
        }
        assert!(program.is_file(), "{}: build it with cargo build -p random-bases", program.display());
        program
    })
}

/// Has cargo build the program into `folder`; false if there is no cargo here.
fn build(folder: &Path) -> bool {
    let name = |folder: &Path| folder.file_name().unwrap().to_string_lossy().into_owned();
    let profile = name(folder);
    let mut target = folder.parent().unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    // With the tests' own package, so that both are built with the same features, and most of it only once.
    command.args(["build", "--quiet", "--package", "random-bases", "--package", env!("CARGO_PKG_NAME")]);
    command.args(["--bin", "random-bases", "--profile"]);
    command.arg(if profile == "debug" { "test" } else { profile.as_str() });
    // Only the target folder itself is marked as a cache.
    if !target.join("CACHEDIR.TAG").exists() {
        command.args(["--target", &name(target)]);
        target = target.parent().unwrap();
    }
    // What cargo tells tests of their own package is news to build scripts that look at it (that of `ring`), and everything behind them
    // would be compiled again: now, and at the next build by hand.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|own| name.to_string_lossy().starts_with(own)) {
            command.env_remove(name);
        }
    }
    command.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    let Ok(output) = command.output() else { return false };
    std::io::stdout().write_all(&output.stderr).unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    true
}
