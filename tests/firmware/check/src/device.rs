//! A program under QEMU, or in Node.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::expected::Program;
use crate::{Checked, Trouble};

/// A machine that QEMU has, or Node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// A Cortex-M4F.
    M4f,
    /// A Cortex-M3, for programs in a Cortex-M0's instructions: no FPU.
    M0,
    /// WebAssembly: one module with a function per program.
    Wasm,
}

/// JavaScript that does a job of the module.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../browser/run.mjs");

impl Machine {
    /// The machine of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [(Self::M4f, "m4f"), (Self::M0, "m0"), (Self::Wasm, "wasm")];
        all.into_iter().find(|(_, own)| *own == name).map(|(one, _)| one)
    }

    /// What it is.
    pub const fn title(self) -> &'static str {
        match self {
            Self::M4f => "a Cortex-M4F",
            Self::M0 => "a machine without an FPU",
            Self::Wasm => "WebAssembly",
        }
    }

    /// The file in which a program is, of those in the folder where Cargo put them.
    pub fn file(self, programs: &Path, program: Program) -> PathBuf {
        programs.join(match self {
            Self::M4f | Self::M0 => program.path(),
            Self::Wasm => "firmware_browser.wasm".into(),
        })
    }

    /// What runs a program. The journal is a file in the folder it is run in: a board's command line has no room for a path.
    fn command(self, program: Program, path: &Path, journal: Option<&str>) -> Command {
        let board = match self {
            Self::M4f => "mps2-an386",
            Self::M0 => "mps2-an385",
            Self::Wasm => {
                let mut command = Command::new("node");
                command.arg(SCRIPT).arg(path).arg(program.name()).args(journal);
                return command;
            }
        };
        let mut command = Command::new("qemu-system-arm");
        command.args(["-machine", board, "-nographic", "-monitor", "none", "-serial", "none"]);
        let arguments =
            journal.map_or_else(String::new, |name| format!(",arg={},arg={name}", program.name()));
        command.arg("-semihosting-config").arg(format!("enable=on,target=native{arguments}"));
        if program.is_counted() {
            command.args(["-icount", "shift=6"]);
        }
        command.arg("-kernel").arg(path);
        command
    }
}

/// What a program said.
pub struct Said {
    /// Whether it ended by saying that its job came to its end.
    pub succeeded: bool,
    /// The job's lines.
    pub lines: Vec<String>,
    /// What it said of the machine, after the `#`: a name and numbers.
    pub facts: Vec<(String, Vec<u64>)>,
}

impl Said {
    /// The numbers of a fact.
    pub fn fact(&self, name: &str) -> Option<&[u64]> {
        self.facts.iter().find(|(own, _)| own == name).map(|(_, numbers)| &**numbers)
    }
}

/// A program that takes longer hangs. None takes a minute on a processor that has nothing else to do.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs a program to its end, with a journal in `folder` if it takes one.
pub fn run(
    machine: Machine,
    program: Program,
    path: &Path,
    folder: &Path,
    journal: Option<&str>,
) -> Checked<Said> {
    let broken = |why: String| Trouble::Broken(format!("{}: {why}", path.display()));
    if !path.is_file() {
        return Err(broken("no such program".into()));
    }
    // It runs in another folder.
    let path = std::path::absolute(path).map_err(|error| broken(error.to_string()))?;
    let mut command = machine.command(program, &path, journal);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|error| broken(format!("{name}: {error}")))?;
    let mut out = child.stdout.take().ok_or_else(|| broken("no output".into()))?;
    // It is read while the program runs: who says more than a pipe holds waits for a reader.
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).map(|_| bytes)
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| broken(error.to_string()))? {
            break status;
        }
        if start.elapsed() > LIMIT {
            // It ends either way; what it said is of no use.
            let _ = child.kill();
            return Err(Trouble::Differs(format!("{}: no end after {LIMIT:?}", path.display())));
        }
        thread::sleep(Duration::from_millis(20));
    };
    let bytes = reader.join().map_err(|_| broken("its reader failed".into()))?;
    let text = String::from_utf8_lossy(&bytes.map_err(|error| broken(error.to_string()))?).into_owned();
    // 1 is a job's failure; the lines say which. Anything else is a machine's.
    if !matches!(status.code(), Some(0 | 1)) {
        let last = text.lines().last().unwrap_or("no line");
        return Err(Trouble::Broken(format!("{}: {name}: {status}: {last}", path.display())));
    }
    let (facts, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("# "));
    let fact = |line: &str| {
        let mut words = line[2..].split_whitespace();
        let name = words.next().unwrap_or_default().into();
        (name, words.filter_map(|word| word.parse().ok()).collect())
    };
    Ok(Said {
        succeeded: status.success(),
        lines: lines.into_iter().map(Into::into).collect(),
        facts: facts.into_iter().map(fact).collect(),
    })
}
