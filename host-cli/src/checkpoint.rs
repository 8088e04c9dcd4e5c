//! Checkpoints: what the next steps follow from, in a file that is whole or not there.
//!
//! The journal holds all that a run did, so a checkpoint only saves time: from it, not from the initial weights, the steps
//! since are repeated.

use std::path::Path;

use random_bases_core::numerics::{Digest, digest};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::failure::Failure;
use crate::output::{replace, sort_header};
use crate::training::Training;

/// How it is called in a run's folder.
pub const FILE_NAME: &str = "checkpoint.safetensors";

/// A state larger than this many floats, such as many past gradients, is not saved: 1 GiB.
const FLOATS_MAX: usize = 1 << 28;

/// Saves the state after `steps` steps, in place of the last one.
///
/// # Errors
/// [`Failure::Output`].
pub fn save(folder: &Path, training: &mut dyn Training, steps: u64) -> Result<(), Failure> {
    let state = training.state();
    let digest = format!("{:016x}", digest_of(&state));
    if state.iter().map(|(_, part)| part.len()).sum::<usize>() > FLOATS_MAX {
        return Ok(());
    }
    let parts: Vec<(&str, Vec<u8>)> = state
        .into_iter()
        .map(|(name, part)| (name, part.iter().flat_map(|x| x.to_le_bytes()).collect()))
        .collect();
    let mut views = Vec::new();
    for (name, bytes) in &parts {
        let view = TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).map_err(Failure::internal)?;
        views.push((*name, view));
    }
    let about = [("steps".to_owned(), steps.to_string()), ("state_digest".to_owned(), digest)].into();
    let mut bytes = safetensors::serialize(views, Some(about)).map_err(Failure::internal)?;
    sort_header(&mut bytes).map_err(Failure::internal)?;
    replace(&folder.join(FILE_NAME), &bytes)
}

/// The digest of all parts of a state.
fn digest_of(state: &[(&'static str, &mut [f32])]) -> u64 {
    let mut digest = Digest::new();
    state.iter().for_each(|(_, part)| digest.update(part));
    digest.finish()
}

/// Puts a training where a checkpoint left it, if there is one that fits: after at most `steps_max` steps, with the weights that
/// `digest_after` says. Returns how many steps that were; 0, and a training as it was, if there is none.
pub fn load(
    folder: &Path,
    training: &mut dyn Training,
    steps_max: u64,
    digest_after: impl Fn(u64) -> Option<u64>,
) -> u64 {
    let Ok(bytes) = std::fs::read(folder.join(FILE_NAME)) else { return 0 };
    try_load(&bytes, training, steps_max, digest_after).unwrap_or(0)
}

fn try_load(
    bytes: &[u8],
    training: &mut dyn Training,
    steps_max: u64,
    digest_after: impl Fn(u64) -> Option<u64>,
) -> Option<u64> {
    let (_, about) = SafeTensors::read_metadata(bytes).ok()?;
    let about = about.metadata().as_ref()?;
    let steps: u64 = about.get("steps")?.parse().ok()?;
    let parts = SafeTensors::deserialize(bytes).ok()?;
    let floats = |name: &str, len: usize| -> Option<Vec<f32>> {
        let part = parts.tensor(name).ok()?;
        let data = part.data();
        (data.len() == 4 * len)
            .then(|| data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    };
    // All of it is looked at before any of it is used.
    let lens: Vec<(&str, usize)> = training.state().iter().map(|(name, part)| (*name, part.len())).collect();
    let state: Vec<Vec<f32>> = lens.iter().map(|(name, len)| floats(name, *len)).collect::<Option<_>>()?;
    let mut whole = Digest::new();
    state.iter().for_each(|part| whole.update(part));
    let sound = *about.get("state_digest")? == format!("{:016x}", whole.finish());
    // The weights are also those that the journal has.
    if !sound || steps == 0 || steps > steps_max || digest_after(steps)? != digest(&state[0]) {
        return None;
    }
    for ((_, part), saved) in training.state().into_iter().zip(state) {
        part.copy_from_slice(&saved);
    }
    training.resume(steps);
    Some(steps)
}
