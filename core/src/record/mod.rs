//! Journals and fixtures: what a run is and what its steps did, as bytes.
//!
//! The weights after step t are a function of the run's seed and the coordinates of the steps so far. So one record
//! type, [`Step`], serves as checkpoint tail, as message, as fixture and as audit trail. A *journal* is a [`Run`], then
//! a [`Step`] per step, then an [`End`]. A *fixture* is the same with [`Tensor`]s before the end, or a list of known
//! answers ([`Row`], [`Words`]).
//!
//! A file begins with [`MAGIC`]; then come frames ([`Frame`]), each one [`Record`] in postcard's wire format with its
//! length before and its CRC-32 behind. All integers are little-endian or postcard's varints; every float is its four
//! bytes. Nothing here allocates: records borrow from the bytes they are read from.

mod floats;
mod frame;

pub use floats::Floats;
pub use frame::{Error, Frame, Frames, MAGIC, write};

use serde::{Deserialize, Serialize};

use crate::basis::Distribution;
use crate::descent::{Method, Options};
use crate::numerics::MathId;
use crate::subspace::Normalisation;

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Record<'a> {
    /// What runs. Comes first.
    #[serde(borrow)]
    Run(Run<'a>),
    /// What a step did.
    #[serde(borrow)]
    Step(Step<'a>),
    /// Values that a fixture expects of a named tensor.
    #[serde(borrow)]
    Tensor(Tensor<'a>),
    /// What known answers are answers to. Comes first.
    Answers(Answers),
    /// Known answer: the start of a tile of a row.
    #[serde(borrow)]
    Row(Row<'a>),
    /// Known answer: the start of a lane's stream.
    #[serde(borrow)]
    Words(Words<'a>),
    /// Nothing follows. A file without it was cut short.
    End(End),
    /// Known answer: values of `exp` or `ln`.
    #[serde(borrow)]
    Function(Function<'a>),
    /// What one of several workers found out: the message that workers exchange.
    #[serde(borrow)]
    Share(Share<'a>),
}

/// Everything that decides the bits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run<'a> {
    /// Version of the numeric contract.
    pub contract: u16,
    /// Which exp and ln.
    pub math: MathId,
    /// [`Network::NAME`](crate::nn::Network::NAME).
    pub network: &'a str,
    /// The images.
    #[serde(borrow)]
    pub data: Data<'a>,
    /// The method.
    pub method: Method,
    /// d; 0 for SGD.
    pub dimensions: u32,
    /// What rows are drawn from.
    pub distribution: Distribution,
    /// What rows are divided by.
    pub normalisation: Normalisation,
    /// Whether directions come in pairs of opposite sign.
    pub antithetic: bool,
    /// Images per mini-batch.
    pub batch: u32,
    /// The run's seed.
    pub seed: u64,
    /// What RBD leaves open.
    pub options: Options,
}

/// The images that a run is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Data<'a> {
    /// Name of the data set.
    pub name: &'a str,
    /// Images before the validation images are cut out.
    pub images: u32,
    /// First validation image.
    pub validation_start: u32,
    /// Validation images.
    pub validation: u32,
    /// Whether training images are augmented.
    pub augmentation: bool,
    /// XXH64 (seed 0) of all pixels, then all labels, before the cut.
    #[serde(with = "postcard::fixint::le")]
    pub digest: u64,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step<'a> {
    /// Steps made before this one.
    #[serde(with = "postcard::fixint::le")]
    pub step: u64,
    /// The learning rate of the step, batch and workers multiplied in.
    pub learning_rate: f32,
    /// Mean loss of the batch, before the step.
    pub loss: f32,
    /// Images of the batch that were classified right, before the step.
    #[serde(with = "postcard::fixint::le")]
    pub right: u32,
    /// [`digest`](crate::numerics::digest()) of the weights after the step.
    #[serde(with = "postcard::fixint::le")]
    pub digest: u64,
    /// The learning rate of layers and steps that follow the gradient, in runs that may have some.
    pub sgd_rate: Option<f32>,
    /// Whether the step followed the gradient.
    pub sgd_step: bool,
    /// What each tensor's step was multiplied with; none in runs that do not multiply.
    #[serde(borrow)]
    pub factors: Floats<'a>,
    /// What was lifted, or (RBD, FPD, gradient bases) what the gradient was projected to; none for SGD. Of several workers none:
    /// their [`Share`]s come before.
    #[serde(borrow)]
    pub coordinates: Floats<'a>,
}

/// What one of several workers found out about a step. Workers send each other nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share<'a> {
    /// Steps made before this one.
    #[serde(with = "postcard::fixint::le")]
    pub step: u64,
    /// Which worker.
    pub worker: u32,
    /// Mean loss of the worker's mini-batch.
    pub loss: f32,
    /// Images of it that were classified right.
    #[serde(with = "postcard::fixint::le")]
    pub right: u32,
    /// [`digest`](crate::numerics::digest()) of the weights that it was computed on: workers whose weights differ find out.
    #[serde(with = "postcard::fixint::le")]
    pub digest: u64,
    /// The worker's coordinates.
    #[serde(borrow)]
    pub coordinates: Floats<'a>,
}

/// Values of a tensor after the last step before this record.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tensor<'a> {
    /// `weights`, `gradient`, `logits` or `input`.
    pub name: &'a str,
    /// Elements of the whole tensor.
    pub len: u32,
    /// Every so many-th element is recorded, from the first.
    pub stride: u32,
    /// The recorded elements.
    #[serde(borrow)]
    pub values: Floats<'a>,
}

/// The head of a list of known answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Version of the numeric contract.
    pub contract: u16,
}

/// The tuple behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyTuple {
    /// Run seed.
    pub seed: u64,
    /// Re-draw index.
    pub redraw: u64,
    /// Worker.
    pub worker: u32,
    /// Compartment.
    pub compartment: u32,
}

/// The first elements of a tile of a row of a basis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row<'a> {
    /// The basis.
    pub key: KeyTuple,
    /// The row.
    pub direction: u32,
    /// The tile.
    pub tile: u32,
    /// What it is drawn from.
    pub distribution: Distribution,
    /// The elements.
    #[serde(borrow)]
    pub values: Floats<'a>,
}

/// The first words of one lane of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Words<'a> {
    /// The basis.
    pub key: KeyTuple,
    /// The row.
    pub direction: u32,
    /// The tile.
    pub tile: u32,
    /// The lane.
    pub lane: u8,
    /// The words, as the floats that have their bits.
    #[serde(borrow)]
    pub words: Floats<'a>,
}

/// A function of [`Math`](crate::numerics::Math).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FunctionName {
    /// e to the power of the argument.
    Exp,
    /// The natural logarithm.
    Ln,
}

/// Values of `exp` or `ln`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function<'a> {
    /// The implementation.
    pub math: MathId,
    /// The function.
    pub name: FunctionName,
    /// Where it is evaluated.
    #[serde(borrow)]
    pub arguments: Floats<'a>,
    /// What it gives there.
    #[serde(borrow)]
    pub values: Floats<'a>,
}

/// The end of a file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Records before this one.
    #[serde(with = "postcard::fixint::le")]
    pub records: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal costs 4 d bytes a step and at most 44 more: the length of the coordinates is a varint. SGD's rate takes four,
    /// factors four each.
    #[test]
    fn the_size_of_a_step() {
        let mut buffer = [0; 2000];
        for (d, constant) in [(0, 41), (1, 41), (31, 41), (32, 42), (250, 42)] {
            let values = [0.5; 250];
            let step = Step {
                step: 7,
                learning_rate: 1.0,
                loss: 2.0,
                right: 9,
                digest: 3,
                sgd_rate: None,
                sgd_step: false,
                factors: Floats::from(&[][..]),
                coordinates: Floats::from(&values[..d]),
            };
            let len = write(&Record::Step(step), &mut buffer).unwrap().len();
            assert_eq!(len, 4 * d + constant, "d = {d}");
        }
    }
}
