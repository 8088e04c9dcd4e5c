//! Chips, shared among workers: each worker is a replica of the network on chips of its own. What travels between them is coordinates.

use random_bases::failure::Failure;
use random_bases::run_spec::RunSpec;

use crate::args::IPUS_MAX;
use crate::target::Target;
use crate::timing::{exchanging, linking, synchronising};

/// How chips are shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replicas {
    /// Workers.
    pub count: u32,
    /// Chips of each.
    pub chips: u32,
    /// Coordinates that each worker sends.
    shares: Vec<usize>,
}

/// What the exchange of coordinates takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Travel {
    /// Bytes that a worker receives.
    pub bytes: u64,
    /// Turns of the clock.
    pub turns: u64,
}

impl Replicas {
    /// Of `ipus` chips; of as many as there are workers, if nothing is said.
    ///
    /// # Errors
    /// If not every worker gets equally many, and one at least.
    pub fn new(spec: &RunSpec, ipus: Option<u32>) -> Result<Self, Failure> {
        let count = spec.options.workers.count;
        if count > IPUS_MAX {
            return Err(Failure::configuration(format!(
                "workers = {count}: each needs a chip of its own, and a plan has at most {IPUS_MAX}"
            )));
        }
        let ipus = ipus.unwrap_or(count);
        if !ipus.is_multiple_of(count) {
            return Err(Failure::configuration(format!(
                "--ipus {ipus}: {count} workers cannot share them equally; take a multiple of {count}, or other --workers"
            )));
        }
        Ok(Self { count, chips: ipus / count, shares: spec.shares() })
    }

    /// After the projection every worker gets all others' coordinates; nothing, of one. An estimate: one exchange in which every chip receives them over
    /// its links, and sends as much, since it passes on what it is not the last to need; then its tiles get equally many.
    pub fn travel(&self, target: &Target) -> Option<Travel> {
        let least = self.shares.iter().min().filter(|_| self.count > 1)?;
        let bytes = 4 * (self.shares.iter().sum::<usize>() - least) as u64;
        let turns = synchronising(target, self.count * self.chips)
            + linking(target, bytes)
            + exchanging(bytes.div_ceil(u64::from(target.tiles())), 1);
        Some(Travel { bytes, turns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_others_coordinates_travel() {
        let replicas = Replicas { count: 4, chips: 1, shares: vec![250; 4] };
        let travel = replicas.travel(&Target::GC200).expect("there are several");
        // 3 * 250 floats at 120.3 bytes a turn; 90 ns of hops; 3000 / 1472 bytes a tile.
        let turns = 25 + (150 + 120) + (1 + crate::timing::MESSAGE);
        assert_eq!(travel, Travel { bytes: 3_000, turns });
        // Parts of 13 directions: who has the fewest gets the most.
        let parts = Replicas { count: 4, chips: 1, shares: vec![3, 3, 3, 4] };
        assert_eq!(parts.travel(&Target::GC200).map(|travel| travel.bytes), Some(40));
        assert_eq!(Replicas { count: 1, chips: 2, shares: vec![250] }.travel(&Target::GC200), None);
    }
}
