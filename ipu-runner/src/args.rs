//! The command line.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use random_bases::args::TrainArguments as Training;
use random_bases::failure::{Failure, exit_codes_help};
use random_bases::settings::SettingsFlags;

use crate::codelets::Codelets;
use crate::device::Device;
use crate::machine::{Library, TileMachine};
use crate::poplar::{Popc, PoplarDevice, Shim};
use crate::target::Target;

/// The most chips that make one machine.
pub const IPUS_MAX: u32 = 64;

/// random-bases on the tiles of an IPU
#[derive(Parser, Clone, Debug)]
#[command(name = "ipu-runner", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Print what a training step would be on a machine: supersteps, tiles, memory, time; nothing is executed
    #[command(after_help = exit_codes_help())]
    Plan(Box<PlanArguments>),
    /// Write a C++ project that makes a training's first steps on an IPU, and compares them with a CPU's
    #[command(after_help = exit_codes_help())]
    Emit(Box<EmitArguments>),
    /// Compute again what records say, on tiles, and compare every bit
    #[command(after_help = exit_codes_help())]
    Verify(VerifyArguments),
    /// Train on tiles: the settings, the output and the bits of `random-bases train`
    #[command(after_help = train_help())]
    Train(Box<TrainArguments>),
    /// Ask the hardware what only hardware can tell; emulated tiles answer with what is assumed
    #[command(after_help = exit_codes_help())]
    Probe(ProbeArguments),
}

/// Of `verify`.
#[derive(clap::Args, Clone, Debug)]
pub struct VerifyArguments {
    /// Records, and folders of records
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Where
    #[command(flatten)]
    pub device: DeviceArguments,
    /// A folder with the images that records name
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Of `train`.
#[derive(clap::Args, Clone, Debug)]
pub struct TrainArguments {
    /// Where
    #[command(flatten)]
    pub device: DeviceArguments,
    /// The training, as `random-bases train` has it; threads and vector instructions are those of the host
    #[command(flatten)]
    pub training: Training,
}

fn train_help() -> String {
    format!(
        "A training with too little memory on some tile, or whose device fails, ends with code 3. A rule of the machine that is broken is \
         an error in this program: code 1. Whatever ends a run, it ends after the last step that was whole.\n\n{}",
        exit_codes_help()
    )
}

/// Of `probe`.
#[derive(clap::Args, Clone, Debug)]
pub struct ProbeArguments {
    /// Where
    #[command(flatten)]
    pub device: DeviceArguments,
    /// Also write the answers, and all that was measured, to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Of `plan`.
#[derive(clap::Args, Clone, Debug)]
pub struct PlanArguments {
    /// The machine
    #[arg(long, value_enum, default_value_t = Chip::Gc200)]
    pub target: Chip,
    /// How many of it, shared equally by the workers [default: one for each worker]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(IPUS_MAX)))]
    pub ipus: Option<u32>,
    /// A picture of how full each tile is, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// The training
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// Of `emit`.
#[derive(clap::Args, Clone, Debug)]
pub struct EmitArguments {
    /// The folder to write: a new one, or an empty one
    #[arg(value_name = "OUTPUT")]
    pub output: PathBuf,
    /// How many steps
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub steps: u32,
    /// The machine
    #[arg(long, value_enum, default_value_t = Chip::Gc200)]
    pub target: Chip,
    /// How many of it
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(IPUS_MAX)))]
    pub ipus: u32,
    /// The training
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// What executes graphs.
#[derive(clap::Args, Clone, Debug)]
pub struct DeviceArguments {
    /// What executes the codelets
    #[arg(long, value_enum, default_value_t = DeviceKind::Tiles)]
    pub device: DeviceKind,
    /// The machine
    #[arg(long, value_enum, default_value_t = Chip::Gc200)]
    pub target: Chip,
    /// How many of it
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(IPUS_MAX)))]
    pub ipus: u32,
    /// Emulated tiles: the seed of the order in which vertices run
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub vertex_order: u64,
}

/// Kinds of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeviceKind {
    /// Emulated tiles, in this process
    Tiles,
    /// The first free IPUs
    Ipu,
    /// Poplar's emulator
    IpuModel,
}

impl DeviceArguments {
    /// Opens the device, for the built-in codelets.
    ///
    /// # Errors
    /// If it cannot be had.
    pub fn open(&self) -> Result<Arc<dyn Device>, Failure> {
        self.open_with(&Codelets::built_in())
    }

    /// Opens the device for some codelets.
    ///
    /// # Errors
    /// If it cannot be had.
    pub fn open_with(&self, codelets: &Codelets) -> Result<Arc<dyn Device>, Failure> {
        let target = self.target.target(self.ipus);
        match self.device {
            DeviceKind::Tiles => {
                let library = Library::new(codelets).map_err(Failure::configuration)?;
                Ok(Arc::new(TileMachine::new(target, library, self.vertex_order)))
            }
            DeviceKind::Ipu | DeviceKind::IpuModel => {
                let shim = Shim::linked().map_err(Failure::configuration)?;
                let open =
                    if self.device == DeviceKind::Ipu { PoplarDevice::ipu } else { PoplarDevice::ipu_model };
                Ok(Arc::new(open(&shim, &target, Popc::find()).map_err(Failure::configuration)?))
            }
        }
    }
}

/// A machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Chip {
    /// First generation: 1,216 tiles of 256 KiB
    Gc2,
    /// Second generation: 1,472 tiles of 624 KiB
    Gc200,
    /// The same with a faster clock
    Bow,
}

impl Chip {
    /// So many of them.
    #[must_use]
    pub const fn target(self, ipus: u32) -> Target {
        let one = match self {
            Self::Gc2 => Target::GC2,
            Self::Gc200 => Target::GC200,
            Self::Bow => Target::BOW,
        };
        Target { ipus, ..one }
    }
}
