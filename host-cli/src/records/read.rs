//! Reading record files, and refusing what does not make sense.

use std::path::{Path, PathBuf};

use random_bases_core::descent::Rates;
use random_bases_core::numerics::TILE;
use random_bases_core::random::LANES;
use random_bases_core::record::{
    Error, Floats, Frames, Function, MAGIC, Record, Row, Share, Step, Tensor, Words,
};

use super::EXTENSION;
use super::order::Order;
use crate::failure::Failure;
use crate::run_spec::{RunSpec, check_contract};

/// A file in memory.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// What a record file holds.
#[derive(Debug)]
pub enum Contents<'a> {
    /// A journal, or a fixture of a run.
    Run(Box<RunRecord<'a>>),
    /// A list of known answers.
    Answers(AnswersRecord<'a>),
}

/// A list of known answers.
#[derive(Debug, Default)]
pub struct AnswersRecord<'a> {
    /// Streams.
    pub words: Vec<Words<'a>>,
    /// Rows.
    pub rows: Vec<Row<'a>>,
    /// Values of exp and ln.
    pub functions: Vec<Function<'a>>,
}

/// A journal, or a fixture of a run.
#[derive(Debug)]
pub struct RunRecord<'a> {
    /// What ran.
    pub spec: RunSpec,
    /// Every step, in order from step 0.
    pub steps: Vec<Step<'a>>,
    /// Of several workers, what each sent: worker by worker, step by step.
    pub shares: Vec<Share<'a>>,
    /// Behind each step: bytes and records up to there.
    pub ends: Vec<(usize, u64)>,
    /// The same behind the head.
    pub head: (usize, u64),
    /// Tensors that are expected: each with the number of steps before it.
    pub tensors: Vec<(u64, Tensor<'a>)>,
    /// If the file was cut short or damaged: what is wrong, and where. The records before are good.
    pub damage: Option<String>,
}

impl RecordFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Failure::Data`].
    pub fn open(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() {
            let what = format_args!("is a folder; name a file in it, such as journal.{EXTENSION}");
            return Err(Failure::data(path, what));
        }
        let bytes = std::fs::read(path).map_err(|error| Failure::unreadable(path, &error))?;
        if bytes.is_empty() {
            return Err(Failure::data(path, "is empty"));
        }
        Ok(Self { path: path.to_owned(), bytes })
    }

    /// Whether the file ends before its first record does, as that of a program that was ended at once.
    #[must_use]
    pub fn is_cut_in_head(&self) -> bool {
        let start = &MAGIC[..self.bytes.len().min(MAGIC.len())];
        match Frames::new(&self.bytes).map(|mut frames| frames.next()) {
            Ok(None | Some(Err(Error::Truncated))) => true,
            Err(_) => self.bytes == start,
            Ok(Some(_)) => false,
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file as it is.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes the records apart. Damage behind a run's head is reported in [`RunRecord::damage`], so that the steps
    /// before it can still be used.
    ///
    /// # Errors
    /// [`Failure::Data`] if there is nothing usable.
    pub fn contents(&self) -> Result<Contents<'_>, Failure> {
        let fail = |what: String| Failure::data(&self.path, what);
        let mut frames = Frames::new(&self.bytes).map_err(|error| fail(error.to_string()))?;
        let first = match frames.next() {
            Some(Ok(frame)) => frame.record,
            Some(Err(error)) => return Err(fail(damage(&error, 0, 8))),
            None => return Err(fail("the file ends before its first record".into())),
        };
        match first {
            Record::Run(run) => {
                let spec = RunSpec::from_record(&run).map_err(fail)?;
                Ok(Contents::Run(Box::new(read_run(spec, frames))))
            }
            Record::Answers(answers) => {
                check_contract(answers.contract).map_err(fail)?;
                read_answers(frames).map_err(fail)
            }
            _ => Err(fail("the first record is neither a run nor a list of known answers".into())),
        }
    }

    /// [`RecordFile::contents`] of a file that must hold a run.
    ///
    /// # Errors
    /// [`Failure::Data`].
    pub fn run(&self) -> Result<RunRecord<'_>, Failure> {
        match self.contents()? {
            Contents::Run(run) => Ok(*run),
            Contents::Answers(_) => {
                Err(Failure::data(&self.path, "holds known answers, not a run; `verify` checks them"))
            }
        }
    }
}

fn read_run<'a>(spec: RunSpec, mut frames: Frames<'a>) -> RunRecord<'a> {
    let mut order = Order::of(&spec);
    let workers = order.workers();
    let (steps, shares, ends, tensors) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let head = (frames.offset(), 1);
    let mut run = RunRecord { spec, steps, shares, ends, head, tensors, damage: None };
    let mut at = frames.offset();
    run.damage = loop {
        let Some(frame) = frames.next() else { break Some(cut_short(order.records())) };
        let taken = frame.map_err(|error| damage(&error, order.records(), at)).and_then(|frame| {
            let last = order.take(&frame.record)?;
            at = frame.end;
            Ok((last, frame.record))
        });
        match taken {
            Ok((true, _)) => break frames.next().map(|_| behind_the_end(at)),
            Ok((false, Record::Share(share))) => run.shares.push(share),
            Ok((false, Record::Step(step))) => {
                run.steps.push(step);
                run.ends.push((at, order.records()));
            }
            Ok((false, Record::Tensor(tensor))) => run.tensors.push((run.steps.len() as u64, tensor)),
            // Nothing else belongs in a run.
            Ok((false, _)) => {}
            Err(what) => break Some(what),
        }
    };
    // Shares without their step are of no use.
    run.shares.truncate(run.steps.len() * workers);
    run
}

/// The learning rates that a recorded step was made with.
#[must_use]
pub fn rates(step: &Step<'_>) -> Rates {
    Rates {
        method: step.learning_rate,
        sgd: step.sgd_rate.unwrap_or(0.0),
        // A step that became one holds its coordinates.
        sgd_step: step.sgd_step && step.coordinates.is_empty(),
    }
}

impl<'a> RunRecord<'a> {
    /// What the workers sent for step `step`; nothing if there is one worker.
    #[must_use]
    pub fn shares_of(&self, step: usize) -> &[Share<'a>] {
        let workers = self.spec.options.workers.count as usize;
        if workers > 1 { &self.shares[step * workers..(step + 1) * workers] } else { &[] }
    }

    /// The coordinates of step `step` as they are replayed; `join` puts those of several workers together.
    pub fn coordinates_of(&self, step: usize, join: impl FnOnce(&[Vec<f32>]) -> Vec<f32>) -> Vec<f32> {
        let owned = |floats: &Floats<'_>| floats.iter().collect::<Vec<f32>>();
        match self.shares_of(step) {
            [] => owned(&self.steps[step].coordinates),
            shares => join(&shares.iter().map(|share| owned(&share.coordinates)).collect::<Vec<_>>()),
        }
    }
}

fn read_answers(mut frames: Frames<'_>) -> Result<Contents<'_>, String> {
    let mut answers = AnswersRecord::default();
    let (mut records, mut at) = (1, frames.offset());
    while let Some(frame) = frames.next() {
        let frame = frame.map_err(|error| damage(&error, records, at))?;
        match frame.record {
            Record::Words(answer) if usize::from(answer.lane) < LANES => answers.words.push(answer),
            Record::Row(answer) if answer.values.len() <= TILE => answers.rows.push(answer),
            Record::Function(answer) if answer.arguments.len() == answer.values.len() => {
                answers.functions.push(answer);
            }
            Record::End(end) if end.records == records => {
                return match frames.next() {
                    None => Ok(Contents::Answers(answers)),
                    Some(_) => Err(behind_the_end(frame.end)),
                };
            }
            _ => return Err(format!("record {records}: does not belong in a list of known answers")),
        }
        (records, at) = (records + 1, frame.end);
    }
    Err(cut_short(records))
}

/// Of a file without an end record.
pub(super) fn cut_short(records: u64) -> String {
    format!("the file ends after record {records}, without an end record: it was cut short")
}

pub(super) fn behind_the_end(at: usize) -> String {
    format!("something follows the end record, from byte {at} on")
}

pub(super) fn damage(error: &Error, record: u64, offset: usize) -> String {
    format!("record {record} at byte {offset}: {error}")
}
