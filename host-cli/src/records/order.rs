//! What may follow what in the record of a run, and how many numbers each record holds.

use random_bases_core::record::{Record, Share, Step, Tensor};

use crate::run_spec::RunSpec;
use crate::training::tensors;

/// Follows a run's records, from the one behind its head on.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Coordinates of each worker's share; empty of one worker.
    shares: Vec<usize>,
    /// Coordinates of a step.
    coordinates: usize,
    /// Factors of a step.
    factors: usize,
    /// Whether steps hold a rate of SGD.
    uses_gradient: bool,
    /// Whether a step may be one of SGD, without coordinates.
    sgd_steps: bool,
    /// Whole steps so far.
    steps: u64,
    /// Shares of the step that is not whole yet.
    pending: usize,
    /// Records so far, the head included.
    records: u64,
}

impl Order {
    pub fn of(spec: &RunSpec) -> Self {
        let several = spec.options.workers.count > 1;
        let update = &spec.options.update;
        Self {
            shares: if several { spec.shares() } else { Vec::new() },
            coordinates: if several { 0 } else { spec.coordinates() },
            factors: if update.has_factors() { tensors(spec.network).len() } else { 0 },
            uses_gradient: update.uses_gradient(),
            sgd_steps: update.sgd_steps,
            steps: 0,
            pending: 0,
            records: 1,
        }
    }

    /// How many workers send shares.
    pub const fn workers(&self) -> usize {
        self.shares.len()
    }

    /// Records so far, the head included.
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// No record of such a run's training has more bytes: what claims to be longer is damaged.
    pub fn longest(&self, spec: &RunSpec) -> usize {
        let numbers = self.shares.iter().copied().max().unwrap_or(0).max(self.coordinates + self.factors);
        // Fixtures hold tensors, of activations at most a few times as long as the weights of small networks.
        4 * numbers.max(spec.network.params()).max(1 << 20) + 1024
    }

    /// Takes up a record; true for the last one.
    pub fn take(&mut self, record: &Record<'_>) -> Result<bool, String> {
        let records = self.records;
        if self.pending > 0 && !matches!(record, Record::Share(_) | Record::Step(_)) {
            return Err(format!(
                "record {records}: does not belong between the shares of step {} and the step",
                self.steps
            ));
        }
        match record {
            Record::Share(share) => self.share(share)?,
            Record::Step(step) => self.step(step)?,
            Record::Tensor(tensor) => self.tensor(tensor)?,
            Record::End(end) if end.records == records => return Ok(true),
            Record::End(end) => {
                return Err(format!("the end record counts {} records, there are {records}", end.records));
            }
            _ => return Err(format!("record {records}: does not belong in a run")),
        }
        self.records += 1;
        Ok(false)
    }

    fn share(&mut self, share: &Share<'_>) -> Result<(), String> {
        let Self { records, pending, steps: done, .. } = *self;
        let Some(&len) = self.shares.get(pending) else {
            return Err(format!("record {records}: a share more than there are workers"));
        };
        if (share.step, share.worker as usize) != (done, pending) {
            return Err(format!(
                "record {records}: a share of worker {}, step {} where worker {pending}, step {done} should be",
                share.worker, share.step
            ));
        }
        let found = share.coordinates.len();
        if found != len {
            return Err(format!(
                "record {records}, worker {pending}, step {done}: {found} coordinates instead of {len}"
            ));
        }
        self.pending += 1;
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), String> {
        let Self { records, pending, steps: done, .. } = *self;
        if step.step != done {
            return Err(format!("record {records}: step {} where step {done} should be", step.step));
        }
        if pending != self.workers() {
            return Err(format!(
                "record {records}, step {done}: {pending} shares of {} workers",
                self.workers()
            ));
        }
        if step.sgd_rate.is_some() != self.uses_gradient || step.sgd_step && !self.uses_gradient {
            return Err(format!("record {records}, step {done}: a rate of SGD, or none, in the wrong place"));
        }
        let scheduled = step.sgd_step && self.sgd_steps && step.coordinates.is_empty();
        let (d, found) = (if scheduled { 0 } else { self.coordinates }, step.coordinates.len());
        if found != d {
            return Err(format!("record {records}, step {done}: {found} coordinates instead of {d}"));
        }
        let (wanted, found) = (if step.sgd_step { 0 } else { self.factors }, step.factors.len());
        if found != wanted {
            return Err(format!("record {records}, step {done}: {found} factors instead of {wanted}"));
        }
        (self.steps, self.pending) = (done + 1, 0);
        Ok(())
    }

    fn tensor(&self, tensor: &Tensor<'_>) -> Result<(), String> {
        let stride = (tensor.stride as usize).max(1);
        if tensor.stride == 0 || tensor.values.len() != (tensor.len as usize).div_ceil(stride) {
            return Err(format!(
                "record {}, tensor {:?}: {} values for {} elements with stride {}",
                self.records,
                tensor.name,
                tensor.values.len(),
                tensor.len,
                tensor.stride
            ));
        }
        Ok(())
    }
}
