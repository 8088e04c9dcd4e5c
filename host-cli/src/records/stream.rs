//! Journals read step by step, from files or from standard input, as long as they come.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use random_bases_core::descent::Rates;
use random_bases_core::record::{Error, Floats, Frames, MAGIC, Record, Step};

use super::order::Order;
use super::read::{behind_the_end, cut_short, damage, rates};
use crate::failure::Failure;
use crate::run_spec::RunSpec;

/// The path that stands for standard input.
const STDIN: &str = "-";

/// Bytes of a frame's length.
const LENGTH: usize = 4;

/// Bytes of a frame's checksum.
const CHECKSUM: usize = 4;

/// A head is a few names and numbers.
const LONGEST_HEAD: usize = 1 << 16;

/// The journal of a run, read as far as it was asked for. Never more than a step of it is in memory.
pub struct Journal {
    source: Box<dyn Read>,
    name: PathBuf,
    is_stdin: bool,
    spec: RunSpec,
    order: Order,
    longest: usize,
    /// Bytes of whole records so far.
    at: usize,
    /// The last record, or what was read of it.
    buffer: Vec<u8>,
    ended: bool,
    damage: Option<String>,
}

/// What a step did.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// Steps made before this one.
    pub step: u64,
    /// The rates it was made with.
    pub rates: Rates,
    /// Mean loss before it.
    pub loss: f32,
    /// Images that were classified right before it.
    pub right: u32,
    /// Coordinates of each worker; empty of one worker.
    pub shares: Vec<Vec<f32>>,
    /// Coordinates; empty of several workers.
    pub coordinates: Vec<f32>,
    /// What each tensor's step was multiplied with.
    pub factors: Vec<f32>,
    /// Of the weights after it.
    pub digest: u64,
}

impl Journal {
    /// Opens a file, or standard input if the path is `-`, and reads the head.
    ///
    /// # Errors
    /// [`Failure::Data`] if it is not the journal of a run.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new(STDIN) {
            return Self::of(Box::new(BufReader::new(io::stdin())), "standard input".into(), true);
        }
        if path.is_dir() {
            return Err(Failure::data(path, "is a folder; name a file in it, such as journal.rbases"));
        }
        let file = File::open(path).map_err(|error| Failure::unreadable(path, &error))?;
        Self::of(Box::new(BufReader::new(file)), path.to_owned(), false)
    }

    fn of(mut source: Box<dyn Read>, name: PathBuf, is_stdin: bool) -> Result<Self, Failure> {
        let unreadable = |error| Failure::unreadable(&name, &error);
        let mut buffer = Vec::new();
        source.by_ref().take(MAGIC.len() as u64).read_to_end(&mut buffer).map_err(unreadable)?;
        if buffer.is_empty() {
            return Err(Failure::data(&name, "is empty"));
        }
        Frames::new(&buffer).map_err(|error| Failure::data(&name, error))?;
        let at = buffer.len();
        let frame = frame(&mut *source, &mut buffer, LONGEST_HEAD).map_err(unreadable)?;
        let record = match frame {
            Some(Ok(record)) => record,
            Some(Err(error)) => return Err(Failure::data(&name, damage(&error, 0, at))),
            None => return Err(Failure::data(&name, "the file ends before its first record")),
        };
        let spec = match record {
            Record::Run(run) => RunSpec::from_record(&run).map_err(|what| Failure::data(&name, what))?,
            Record::Answers(_) => {
                return Err(Failure::data(&name, "holds known answers, not a run; `verify` checks them"));
            }
            _ => {
                let what = "the first record is neither a run nor a list of known answers";
                return Err(Failure::data(&name, what));
            }
        };
        let order = Order::of(&spec);
        let longest = order.longest(&spec);
        let at = at + buffer.len();
        Ok(Self { source, name, is_stdin, spec, order, longest, at, buffer, ended: false, damage: None })
    }

    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// What ran.
    #[must_use]
    pub const fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// What is wrong with it, and where, once there are no more steps. The steps before are good.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// The next whole step.
    fn step(&mut self) -> Result<Option<StepRecord>, String> {
        let mut shares = Vec::new();
        loop {
            let records = self.order.records();
            let frame = frame(&mut *self.source, &mut self.buffer, self.longest)
                .map_err(|error| format!("record {records} at byte {}: cannot be read: {error}", self.at))?;
            let record = match frame {
                None => return Err(cut_short(records)),
                Some(Err(error)) => return Err(damage(&error, records, self.at)),
                Some(Ok(record)) => record,
            };
            let last = self.order.take(&record)?;
            let step = match &record {
                Record::Share(share) => {
                    shares.push(share.coordinates.iter().collect());
                    None
                }
                Record::Step(step) => Some(StepRecord::of(step, std::mem::take(&mut shares))),
                _ => None,
            };
            self.at += self.buffer.len();
            if step.is_some() {
                return Ok(step);
            }
            if last {
                // Who sends a journal may keep the line open behind its end.
                let behind = !self.is_stdin && matches!(self.source.read(&mut [0]), Ok(1));
                return if behind { Err(behind_the_end(self.at)) } else { Ok(None) };
            }
        }
    }
}

impl Iterator for Journal {
    type Item = StepRecord;

    /// The next whole step. `None` at the end, and at the first bad record: see [`Journal::damage`].
    fn next(&mut self) -> Option<StepRecord> {
        if self.ended {
            return None;
        }
        let step = self.step().unwrap_or_else(|what| {
            self.damage = Some(what);
            None
        });
        self.ended = step.is_none();
        step
    }
}

impl StepRecord {
    fn of(step: &Step<'_>, shares: Vec<Vec<f32>>) -> Self {
        let owned = |floats: &Floats<'_>| floats.iter().collect();
        Self {
            step: step.step,
            rates: rates(step),
            loss: step.loss,
            right: step.right,
            shares,
            coordinates: owned(&step.coordinates),
            factors: owned(&step.factors),
            digest: step.digest,
        }
    }
}

/// Reads the bytes of a record into `buffer`, and takes them apart. `None` if there is not one byte more.
fn frame<'b>(
    source: &mut dyn Read,
    buffer: &'b mut Vec<u8>,
    longest: usize,
) -> io::Result<Option<Result<Record<'b>, Error>>> {
    buffer.clear();
    append(source, buffer, LENGTH)?;
    let Some(length) = buffer.first_chunk::<LENGTH>() else {
        return Ok(if buffer.is_empty() { None } else { Some(Err(Error::Truncated)) });
    };
    let len = u32::from_le_bytes(*length) as usize;
    // A length that no record has must not make us wait for it.
    if len > longest {
        return Ok(Some(Err(Error::Malformed)));
    }
    append(source, buffer, len + CHECKSUM)?;
    let frame = Frames::headless(buffer).next().unwrap_or(Err(Error::Truncated));
    Ok(Some(frame.map(|frame| frame.record)))
}

/// So many bytes more, or as many as there are.
fn append(source: &mut dyn Read, buffer: &mut Vec<u8>, count: usize) -> io::Result<()> {
    source.take(count as u64).read_to_end(buffer).map(drop)
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal {{ name: {:?}, at: {} }}", self.name, self.at)
    }
}
