//! Computing again what a record says, and comparing every bit.

use std::fmt;
use std::path::Path;

use random_bases_core::basis::Row as BasisRow;
use random_bases_core::numerics::{Array, Libm, Math, MathId, Micromath, digest};
use random_bases_core::random::{Domain, Key, Stream};
use random_bases_core::record::{Floats, Function, FunctionName, KeyTuple, Row, Words};
use random_bases_core::step::{Executor, Superstep};

use super::view::place;
use super::{AnswersRecord, Contents, RecordFile, RunRecord, rates};
use crate::dataset::{DataSet, Split};
use crate::executor::Hosted;
use crate::failure::Failure;
use crate::settings;
use crate::training::{Replay, Training, begin, begin_replay};

/// How a verification came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Every bit is equal.
    Equal {
        /// How.
        how: &'static str,
        /// Steps gone through.
        steps: u64,
        /// Floats and digests compared.
        compared: u64,
    },
    /// The weights are equal as rebuilt from the recorded coordinates; the images are not at hand, so no gradient, loss
    /// or coordinate was computed again.
    Replayed {
        /// Steps gone through.
        steps: u64,
        /// Digests compared.
        compared: u64,
    },
    /// The first difference.
    Differs(Difference),
    /// Nothing could be compared.
    Skipped(String),
}

/// The first difference between a record and this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// When: a step, or a known answer.
    pub place: String,
    /// What.
    pub tensor: String,
    /// Which element.
    pub index: usize,
    /// Recorded bits, in hexadecimal.
    pub want: String,
    /// Computed bits, in hexadecimal.
    pub got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, tensor, index, want, got } = self;
        write!(f, "{place}: {tensor}[{index}]: recorded {want}, computed {got}")
    }
}

/// Counts what is compared, and stops at the first difference.
#[derive(Default)]
struct Comparison {
    compared: u64,
}

impl Comparison {
    fn floats(
        &mut self,
        place: impl Fn() -> String,
        tensor: &str,
        stride: usize,
        want: &Floats<'_>,
        got: impl Iterator<Item = f32>,
    ) -> Result<(), Difference> {
        for (i, (want, got)) in want.iter().zip(got).enumerate() {
            self.compared += 1;
            if want.to_bits() != got.to_bits() {
                return Err(Difference {
                    place: place(),
                    tensor: tensor.into(),
                    index: i * stride,
                    want: format!("{:08x} ({want:e})", want.to_bits()),
                    got: format!("{:08x} ({got:e})", got.to_bits()),
                });
            }
        }
        Ok(())
    }

    fn digest(&mut self, place: impl Fn() -> String, want: u64, weights: &[f32]) -> Result<(), Difference> {
        self.digest_of(place, want, digest(weights))
    }

    fn count(
        &mut self,
        place: impl Fn() -> String,
        what: &str,
        want: u32,
        got: u32,
    ) -> Result<(), Difference> {
        self.compared += 1;
        if want == got {
            return Ok(());
        }
        let (want, got) = (want.to_string(), got.to_string());
        Err(Difference { place: place(), tensor: what.into(), index: 0, want, got })
    }

    fn digest_of(&mut self, place: impl Fn() -> String, want: u64, got: u64) -> Result<(), Difference> {
        self.compared += 1;
        if want == got {
            return Ok(());
        }
        Err(Difference {
            place: place(),
            tensor: "digest of the weights".into(),
            index: 0,
            want: format!("{want:016x}"),
            got: format!("{got:016x}"),
        })
    }
}

/// Options of a verification; none may change a bit.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// How rows are generated.
    pub strategy: settings::Strategy,
    /// Where image files lie, for records of runs that used some.
    pub data_dir: Option<&'a Path>,
}

/// Verifies a file. `executor` makes an executor; it is called once per pass.
///
/// A run is repeated from its images, if this program can have them, and every loss, coordinate, digest and tensor is
/// compared; then, if the method can be replayed, its weights are rebuilt from the recorded coordinates alone.
///
/// # Errors
/// If the file cannot be read or makes no sense, or the executor cannot be made.
pub fn verify<X: Hosted + 'static>(
    file: &RecordFile,
    options: Options<'_>,
    mut executor: impl FnMut() -> Result<X, Failure>,
) -> Result<Verdict, Failure> {
    let run = match file.contents()? {
        Contents::Answers(answers) => return Ok(verify_answers(&answers, &mut executor()?)),
        Contents::Run(run) => run,
    };
    let mut comparison = Comparison::default();
    let data = {
        let pool = executor()?;
        DataSet::of_record(
            file.path(),
            &run.spec.data,
            run.spec.network,
            options.data_dir,
            pool.host().pool(),
        )?
    };
    if let Some(data) = &data {
        let executor = executor()?;
        let strategy = run.spec.strategy(options.strategy, executor.host().level());
        let mut training = begin(&run.spec, strategy, executor, data, Split::from(&run.spec.data))
            .map_err(|error| Failure::data(file.path(), error))?;
        if let Err(difference) = repeat(&run, training.as_mut(), &mut comparison) {
            return Ok(Verdict::Differs(difference));
        }
    }
    let replayable = run.spec.can_replay();
    if replayable {
        let weights =
            begin_replay(&run.spec, executor()?).map_err(|error| Failure::data(file.path(), error))?;
        if let Err(difference) = replay(&run, weights, &mut comparison) {
            return Ok(Verdict::Differs(difference));
        }
    }
    let how = match (data.is_some(), replayable) {
        (true, true) => "trained again and replayed",
        (true, false) => "trained again",
        (false, true) => "replayed only",
        (false, false) => {
            let what = format!(
                "the images ({}) are not at hand, and {}",
                run.spec.data.name,
                run.spec.why_no_replay().unwrap_or_default()
            );
            return Ok(Verdict::Skipped(what));
        }
    };
    let steps = run.steps.len() as u64;
    if let Some(damage) = &run.damage {
        let what = format!("its {steps} steps are equal ({how}), but {damage}");
        return Err(Failure::data(file.path(), what));
    }
    let compared = comparison.compared;
    Ok(if data.is_some() {
        Verdict::Equal { how, steps, compared }
    } else {
        Verdict::Replayed { steps, compared }
    })
}

/// Trains again, with images and gradients.
fn repeat(
    run: &RunRecord<'_>,
    training: &mut dyn Training,
    comparison: &mut Comparison,
) -> Result<(), Difference> {
    tensors(run, 0, training, comparison)?;
    for (i, step) in run.steps.iter().enumerate() {
        let shares = run.shares_of(i);
        let before = if shares.is_empty() { 0 } else { digest(training.weights()) };
        let report = training.step(rates(step));
        let place = || format!("step {}", step.step);
        comparison.floats(place, "loss", 1, &Floats::from(&[step.loss][..]), [report.loss].into_iter())?;
        comparison.count(place, "right answers", step.right, report.right as u32)?;
        comparison.count(place, "SGD step", step.sgd_step.into(), report.sgd.into())?;
        for (share, got) in shares.iter().zip(training.shares()) {
            let place = || format!("step {}, worker {}", step.step, share.worker);
            comparison.digest_of(place, share.digest, before)?;
            comparison.floats(place, "loss", 1, &Floats::from(&[share.loss][..]), [got.loss].into_iter())?;
            comparison.count(place, "right answers", share.right, got.right)?;
            comparison.floats(place, "coordinates", 1, &share.coordinates, got.coordinates.into_iter())?;
        }
        let coordinates = training.coordinates().iter().copied();
        comparison.floats(place, "coordinates", 1, &step.coordinates, coordinates)?;
        comparison.floats(place, "factors", 1, &step.factors, training.factors().iter().copied())?;
        // Tensors tell where; the digest, only that.
        tensors(run, step.step + 1, training, comparison)?;
        comparison.digest(place, step.digest, training.weights())?;
    }
    Ok(())
}

fn tensors(
    run: &RunRecord<'_>,
    steps: u64,
    training: &mut dyn Training,
    comparison: &mut Comparison,
) -> Result<(), Difference> {
    for (_, tensor) in run.tensors.iter().filter(|(after, _)| *after == steps) {
        let stride = tensor.stride as usize;
        let place = || if steps == 0 { "before step 0".into() } else { format!("step {}", steps - 1) };
        let got = training.tensor(tensor.name).unwrap_or(&[]);
        if got.len() != tensor.len as usize {
            return Err(Difference {
                place: place(),
                tensor: format!("length of {}", tensor.name),
                index: 0,
                want: tensor.len.to_string(),
                got: got.len().to_string(),
            });
        }
        comparison.floats(place, tensor.name, stride, &tensor.values, got.iter().step_by(stride).copied())?;
    }
    Ok(())
}

/// Rebuilds the weights from the recorded coordinates.
fn replay(
    run: &RunRecord<'_>,
    mut replay: Box<dyn Replay>,
    comparison: &mut Comparison,
) -> Result<(), Difference> {
    for (i, step) in run.steps.iter().enumerate() {
        let coordinates = run.coordinates_of(i, |shares| replay.join(shares));
        let factors: Vec<f32> = step.factors.iter().collect();
        replay.step(rates(step), &coordinates, &factors);
        comparison.digest(|| format!("replay of step {}", step.step), step.digest, replay.weights())?;
    }
    Ok(())
}

fn verify_answers(answers: &AnswersRecord<'_>, executor: &mut impl Executor) -> Verdict {
    let mut comparison = Comparison::default();
    let AnswersRecord { words, rows, functions } = answers;
    let result = words
        .iter()
        .try_for_each(|answer| verify_words(answer, &mut comparison))
        .and_then(|()| rows.iter().try_for_each(|answer| verify_row(answer, executor, &mut comparison)))
        .and_then(|()| functions.iter().try_for_each(|answer| verify_function(answer, &mut comparison)));
    match result {
        Ok(()) => Verdict::Equal { how: "computed again", steps: 0, compared: comparison.compared },
        Err(difference) => Verdict::Differs(difference),
    }
}

/// A function of a known answer.
pub(super) fn function(math: MathId, name: FunctionName) -> fn(f32) -> f32 {
    match (math, name) {
        (MathId::Libm, FunctionName::Exp) => Libm::exp,
        (MathId::Libm, FunctionName::Ln) => Libm::ln,
        (MathId::Micromath, FunctionName::Exp) => Micromath::exp,
        (MathId::Micromath, FunctionName::Ln) => Micromath::ln,
    }
}

fn verify_function(answer: &Function<'_>, comparison: &mut Comparison) -> Result<(), Difference> {
    let function = function(answer.math, answer.name);
    let place = || format!("{} {:?}", answer.math.name(), answer.name).to_lowercase();
    comparison.floats(place, "value", 1, &answer.values, answer.arguments.iter().map(function))
}

/// The key of a known answer.
#[must_use]
pub fn key(tuple: KeyTuple) -> Key {
    Key::new(Domain::Basis, tuple.seed, tuple.redraw, tuple.worker, tuple.compartment)
}

fn verify_words(answer: &Words<'_>, comparison: &mut Comparison) -> Result<(), Difference> {
    let seed = key(answer.key).tile(answer.direction, answer.tile);
    let mut stream = Stream::<Array<1>>::new(seed, usize::from(answer.lane));
    let got = (0..answer.words.len()).map(|_| f32::from_bits(stream.words()[0]));
    let place = || place(answer.key, answer.direction, answer.tile);
    comparison.floats(place, &format!("words of lane {}", answer.lane), 1, &answer.words, got)
}

/// Superstep: one tile of a row, wherever it lies.
pub(super) struct OneTile(pub BasisRow, pub u32);

impl Superstep for OneTile {
    const NAME: &'static str = "one tile";

    fn chunk(&self) -> usize {
        random_bases_core::numerics::TILE
    }

    /// Nothing: a row is a function.
    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    #[inline(always)]
    fn tile<V: random_bases_core::numerics::Lanes>(&self, _: usize, out: &mut [f32]) {
        self.0.tile::<V>(self.1, out);
    }
}

fn verify_row(
    answer: &Row<'_>,
    executor: &mut impl Executor,
    comparison: &mut Comparison,
) -> Result<(), Difference> {
    let row =
        BasisRow { key: key(answer.key), direction: answer.direction, distribution: answer.distribution };
    let mut got = vec![0.0; answer.values.len()];
    executor.run(&OneTile(row, answer.tile), &mut got);
    let place = || place(answer.key, answer.direction, answer.tile);
    comparison.floats(place, &answer.distribution.to_string(), 1, &answer.values, got.into_iter())
}
