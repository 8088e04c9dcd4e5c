//! The subcommands, a file each.
//!
//! Those that train, verify, record or replay print to a `&mut dyn Write`. With a type parameter, every network would be compiled
//! once more into each program that calls them, instead of once into this library.

pub mod bench;
pub mod config;
pub mod data;
pub mod diff;
pub mod inspect;
pub mod machine;
pub mod orthogonality;
pub mod plan;
pub mod record;
pub mod replay;
pub mod train;
pub mod verify;

use std::path::PathBuf;

use crate::executor::{Threads, ThreadsError};
use crate::failure::Failure;
use crate::settings::{MachineSettings, Vector};
use crate::vector::Level;

/// The executor that settings ask for.
///
/// # Errors
/// [`Failure::Configuration`] if the processor lacks the vector instructions or the system gives no threads.
pub fn executor(machine: MachineSettings) -> Result<Threads, Failure> {
    let level = match machine.vector {
        Vector::Auto => None,
        Vector::Portable => Some(Level::Portable),
        Vector::Neon => Some(Level::Neon),
        Vector::Sse2 => Some(Level::Sse2),
        Vector::Avx2 => Some(Level::Avx2),
        Vector::Avx512 => Some(Level::Avx512),
    };
    Threads::new(machine.threads as usize, level).map_err(|error| match error {
        ThreadsError::Level(_) => {
            Failure::configuration(format_args!("vector = \"{}\": {error}", machine.vector))
        }
        ThreadsError::Pool(..) => {
            Failure::configuration(format_args!("threads = {}: {error}", machine.threads))
        }
    })
}

/// The data folder that a flag or else the environment names; as in settings, an empty variable counts as not set.
fn data_dir(flag: Option<&PathBuf>) -> Option<PathBuf> {
    let variable = || std::env::var_os("RANDOM_BASES_DATA_DIR").filter(|folder| !folder.is_empty());
    flag.cloned().or_else(|| variable().map(PathBuf::from))
}
