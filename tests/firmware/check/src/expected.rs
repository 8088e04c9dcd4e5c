//! What this machine computes: the programs' jobs with wide vectors, the other strategy, and a gradient in memory.

use std::path::Path;

use firmware_jobs::failure::Failure;
use firmware_jobs::fixtures::{ANSWERS, Fixture, RUNS, STEPS};
use firmware_jobs::images::Room;
use firmware_jobs::train::Images;
use firmware_jobs::{How, answers, large, replay, train};
use random_bases_core::numerics::{Array, Lanes, TILE};
use random_bases_core::subspace::Strategy;

use crate::device::Machine;
use crate::journals::Sent;
use crate::{Checked, Trouble};

/// A program of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Known answers.
    Answers,
    /// One step of every method.
    Steps,
    /// Hundreds of steps.
    Train,
    /// What a journal makes.
    Replay,
    /// A large network.
    Large,
    /// The README's example.
    Example,
    /// What `exp` and `ln` take.
    Libm,
    /// The same, of the other implementation.
    Micromath,
}

/// As wide as the widest vectors of the kind of machine.
type Wide = Array<{ if cfg!(target_arch = "x86_64") { 16 } else { 4 } }>;

const HOW: How = How { strategy: Strategy::Fused, streamed: false };

/// Floats of memory here, which is enough for every job.
const FLOATS: usize = 1_000_000;

/// What the large network computes, as it was recorded.
const PINNED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../large.txt");

impl Program {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Answers,
        Self::Steps,
        Self::Train,
        Self::Replay,
        Self::Large,
        Self::Example,
        Self::Libm,
        Self::Micromath,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Steps => "steps",
            Self::Train => "train",
            Self::Replay => "replay",
            Self::Large => "large",
            Self::Example => "firmware",
            Self::Libm => "libm",
            Self::Micromath => "micromath",
        }
    }

    /// Where Cargo puts it.
    pub fn path(self) -> std::path::PathBuf {
        Path::new(if self == Self::Example { "examples" } else { "" }).join(self.name())
    }

    /// Whether a machine runs it. Without an FPU, what is long would take minutes; the README's example and instructions of functions
    /// are about boards.
    pub fn runs_on(self, machine: Machine) -> bool {
        let long = matches!(self, Self::Train | Self::Replay | Self::Large | Self::Example);
        match machine {
            Machine::M4f => true,
            Machine::M0 => !long,
            Machine::Wasm => self.has_lines(),
        }
    }

    /// The journals that it is run with, once each; one run without a journal for a program that takes none.
    pub fn journals(self, all: &[Sent]) -> Vec<Option<&Sent>> {
        if self == Self::Replay { all.iter().map(Some).collect() } else { vec![None] }
    }

    /// Whether QEMU counts its instructions.
    pub const fn is_counted(self) -> bool {
        matches!(self, Self::Libm | Self::Micromath)
    }

    /// The records that are part of it.
    pub const fn records(self) -> &'static [Fixture] {
        match self {
            Self::Answers => &[ANSWERS],
            Self::Steps => STEPS,
            Self::Train => RUNS,
            _ => &[],
        }
    }

    /// Whether its job says anything.
    pub const fn has_lines(self) -> bool {
        !matches!(self, Self::Example | Self::Libm | Self::Micromath)
    }

    /// The lines that its job says here, of a journal if it takes one.
    pub fn lines(self, journal: Option<&Sent>) -> Checked<Vec<String>> {
        self.said::<Wide>(HOW, journal)
    }

    /// The same, done as a board does it.
    pub fn lines_of_a_board(self, journal: Option<&Sent>) -> Checked<Vec<String>> {
        self.said::<Array<1>>(How::SMALL, journal)
    }

    fn said<V: Lanes>(self, how: How, journal: Option<&Sent>) -> Checked<Vec<String>> {
        let mut text = String::new();
        let outcome = self.compute::<V>(how, journal, &mut text);
        let mut lines: Vec<String> = text.lines().map(Into::into).collect();
        match (outcome, journal.is_none_or(|journal| journal.whole)) {
            (Ok(()), true) => {}
            (Err(failure), false) => lines.push(format!("failed: {failure}")),
            (outcome, _) => {
                let name = journal.map_or(self.name(), |journal| &journal.name);
                let outcome = outcome.map_or_else(|failure| failure.to_string(), |()| "no failure".into());
                return Err(Trouble::Differs(format!("{name}, on this machine: {outcome}")));
            }
        }
        Ok(lines)
    }

    fn compute<V: Lanes>(
        self,
        how: How,
        journal: Option<&Sent>,
        out: &mut String,
    ) -> Result<(), Failure<'static>> {
        let mut floats = vec![0.0; FLOATS];
        let mut images = Images::new();
        match self {
            Self::Answers => {
                let mut tile = [0.0; TILE];
                answers::answers::<V>(ANSWERS.0, ANSWERS.1, &mut tile, out)
            }
            Self::Steps => STEPS.iter().try_for_each(|(name, bytes)| {
                train::train::<V>(name, bytes, how, &mut floats, &mut images, out)
            }),
            Self::Train => RUNS.iter().try_for_each(|(name, bytes)| {
                train::train::<V>(name, bytes, how, &mut floats, &mut images, out)
            }),
            Self::Replay => journal.map_or(Ok(()), |Sent { name, bytes, .. }| {
                replay::replay::<V>(name, &bytes[..], &mut [0; replay::LONGEST], &mut floats, out)
            }),
            Self::Large => large::large::<V>(how, &mut floats, &mut Room::new(), out),
            // They say nothing but by their exit code.
            Self::Example | Self::Libm | Self::Micromath => Ok(()),
        }
    }
}

/// Compares the large network's lines with those recorded, or records them: no fixture of the command line's is of this network.
pub fn pinned(lines: &[String], record: bool) -> Checked<()> {
    let text = lines.join("\n") + "\n";
    if record {
        return std::fs::write(PINNED, text).map_err(|error| Trouble::Broken(format!("{PINNED}: {error}")));
    }
    let recorded =
        std::fs::read_to_string(PINNED).map_err(|error| Trouble::Broken(format!("{PINNED}: {error}")))?;
    if recorded == text {
        return Ok(());
    }
    Err(Trouble::Differs(format!("{PINNED} has other lines than are computed here:\n{text}")))
}
