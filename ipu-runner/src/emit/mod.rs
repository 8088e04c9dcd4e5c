//! A C++ project that makes recorded training steps on an IPU, and compares them with what a CPU got.
//!
//! It needs nothing but Poplar: the host program (`emitted/`, and the shim), codelets, and graph and steps as files. `emitted/README.md`, which
//! goes along, describes these.

mod graph_file;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::codelets::{self, Codelets};
use crate::program::Recording;
use crate::target::Target;

/// What a project is made of.
pub struct Project<'p> {
    /// A sentence about the training.
    pub what: String,
    /// For which machine its graphs are.
    pub target: &'p Target,
    /// The steps.
    pub recording: &'p Recording,
    /// The bits of the first program's standing variables before the first step.
    pub start: Vec<Vec<u32>>,
    /// What the CPU got in each step.
    pub expected: Vec<Expected>,
}

/// What the CPU got in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The mean loss.
    pub loss: f32,
    /// The digest of the weights afterwards.
    pub digest: u64,
}

/// Files that are the same in every project.
const FILES: [(&str, &str); 6] = [
    ("main.cpp", include_str!("../../emitted/main.cpp")),
    ("graph_file.hpp", include_str!("../../emitted/graph_file.hpp")),
    ("reader.hpp", include_str!("../../emitted/reader.hpp")),
    ("digest.hpp", include_str!("../../emitted/digest.hpp")),
    ("poplar_shim.hpp", include_str!("../../shim/poplar_shim.hpp")),
    ("poplar_shim.cpp", include_str!("../../shim/poplar_shim.cpp")),
];

const MAKEFILE: &str = include_str!("../../emitted/Makefile");
const README: &str = include_str!("../../emitted/README.md");

impl Project<'_> {
    /// Writes it to an empty folder.
    ///
    /// # Errors
    /// Which file could not be written, and why.
    pub fn write(&self, folder: &Path) -> Result<(), (PathBuf, io::Error)> {
        let write = |name: &str, contents: &[u8]| {
            let path = folder.join(name);
            fs::write(&path, contents).map_err(|error| (path, error))
        };
        let codelets = Codelets::built_in();
        let below = folder.join("codelets");
        fs::create_dir_all(&below).map_err(|error| (below, error))?;
        for (name, text) in codelets.files() {
            write(&format!("codelets/{name}"), text.as_bytes())?;
        }
        for (name, text) in FILES {
            write(name, text.as_bytes())?;
        }
        let sources: Vec<_> = codelets.sources().iter().map(|(name, _)| format!("codelets/{name}")).collect();
        let makefile = MAKEFILE.replace("{popc flags}", &codelets::FLAGS.join(" "));
        write("Makefile", makefile.replace("{codelet sources}", &sources.join(" ")).as_bytes())?;
        write("README.md", self.readme().as_bytes())?;
        for (number, program) in self.recording.programs().enumerate() {
            write(&format!("graph-{number}.txt"), graph_file::text(program).as_bytes())?;
        }
        write("run.txt", self.run().as_bytes())?;
        write("run.bin", &self.words())
    }

    fn readme(&self) -> String {
        let target =
            format!("{} x {} tiles of {}", self.target.ipus, self.target.tiles_per_ipu, self.target.name);
        let digest = self.expected.last().map_or(0, |last| last.digest);
        README
            .replace("{steps}", &self.recording.steps().len().to_string())
            .replace("{what}", &self.what)
            .replace("{version}", env!("CARGO_PKG_VERSION"))
            .replace("{target}", &target)
            .replace("{digest}", &format!("{digest:016x}"))
    }

    /// `run.txt`.
    fn run(&self) -> String {
        let Target { architecture, ipus, tiles_per_ipu, .. } = self.target;
        let steps = self.recording.steps();
        let mut text = format!(
            "random-bases-run 1\ntarget {architecture} {ipus} {tiles_per_ipu}\nsteps {}\n",
            steps.len()
        );
        for (step, Expected { loss, digest }) in steps.iter().zip(&self.expected) {
            let (program, loss) = (step.program, loss.to_bits());
            writeln!(text, "step {program} {loss:08x} {digest:016x}").expect("a string takes everything");
        }
        text + "end\n"
    }

    /// `run.bin`.
    fn words(&self) -> Vec<u8> {
        let inputs = self.recording.steps().iter().flat_map(|step| &step.inputs);
        self.start.iter().chain(inputs).flatten().flat_map(|word| word.to_le_bytes()).collect()
    }
}
