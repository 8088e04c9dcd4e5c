//! A program under QEMU.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::expected::Program;
use crate::{Checked, Trouble};

/// A machine that QEMU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// A Cortex-M4F.
    M4f,
    /// A Cortex-M3, for programs in a Cortex-M0's instructions: no FPU.
    M0,
}

impl Machine {
    /// The machine of this name.
    pub fn named(name: &str) -> Option<Self> {
        [(Self::M4f, "m4f"), (Self::M0, "m0")].into_iter().find(|(_, own)| *own == name).map(|(one, _)| one)
    }

    /// What it is.
    pub const fn title(self) -> &'static str {
        match self {
            Self::M4f => "a Cortex-M4F",
            Self::M0 => "a machine without an FPU",
        }
    }

    const fn board(self) -> &'static str {
        match self {
            Self::M4f => "mps2-an386",
            Self::M0 => "mps2-an385",
        }
    }
}

/// What a program said.
pub struct Said {
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

/// Runs a program to its end.
pub fn run(machine: Machine, program: Program, path: &Path) -> Checked<Said> {
    let broken = |why: String| Trouble::Broken(format!("{}: {why}", path.display()));
    if !path.is_file() {
        return Err(broken("no such program".into()));
    }
    let mut command = Command::new("qemu-system-arm");
    command.args(["-machine", machine.board(), "-nographic", "-monitor", "none", "-serial", "none"]);
    command.args(["-semihosting-config", "enable=on,target=native"]);
    if program.is_counted() {
        command.args(["-icount", "shift=6"]);
    }
    command.arg("-kernel").arg(path).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| broken(format!("qemu-system-arm: {error}")))?;
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
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut text = String::new();
    let mut out = child.stdout.take().ok_or_else(|| broken("no output".into()))?;
    out.read_to_string(&mut text).map_err(|error| broken(error.to_string()))?;
    if !status.success() {
        let last = text.lines().last().unwrap_or("no line");
        return Err(Trouble::Differs(format!("{}: {status}: {last}", path.display())));
    }
    let (facts, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("# "));
    let fact = |line: &str| {
        let mut words = line[2..].split_whitespace();
        let name = words.next().unwrap_or_default().into();
        (name, words.filter_map(|word| word.parse().ok()).collect())
    };
    Ok(Said {
        lines: lines.into_iter().map(Into::into).collect(),
        facts: facts.into_iter().map(fact).collect(),
    })
}
