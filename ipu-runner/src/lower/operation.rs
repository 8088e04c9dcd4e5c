//! A superstep's part as an operation on buffers: its shape apart from its numbers.
//!
//! Graphs are built of shapes, which stay the same from step to step; numbers (keys, rates, labels) are operands, written before each step. Since
//! lowering is given the shape alone, no number can get into a graph.

use random_bases_core::basis::Distribution;
use random_bases_core::numerics::MathId;
use random_bases_core::step::Work;
use random_bases_core::subspace::{Basis, Normalisation, Rule};

use super::costs;
use crate::codelets::intern;
use crate::graph::Kind;

/// What the elements of rows are drawn from: the name of a law in C++, and its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Law {
    /// Its class.
    pub name: &'static str,
    /// For Bernoulli; else 0.
    pub threshold: u32,
    /// Whether rows are rotated.
    pub rotated: bool,
    /// What two elements cost: see [`costs`].
    pub pair_cycles: u64,
}

impl Law {
    /// A codelet for such rows.
    pub(super) fn codelet(self, class: &str) -> &'static str {
        intern(&format!("{class}<{}>", self.name))
    }
}

/// Which rows, but for their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rows {
    /// Their distribution.
    pub law: Law,
    /// Directions in pairs.
    pub antithetic: bool,
    /// Whether each row has a key of its own.
    pub own_keys: bool,
    /// Directions of the basis.
    pub dimensions: usize,
}

/// The shape of a part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Operands: the number.
    Fill,
    /// Operands: key, ends, limits. How many tensors.
    InitialWeights(usize),
    /// Operands: keys, gradient.
    Project {
        /// Of the basis.
        rows: Rows,
        /// The first direction.
        first: usize,
        /// How many.
        count: usize,
        /// Elements of a row.
        params: usize,
    },
    /// Operands: keys.
    SquaredNorms {
        /// Of the basis.
        rows: Rows,
        /// The first direction.
        first: usize,
        /// How many.
        count: usize,
        /// Elements of a row.
        params: usize,
    },
    /// Operands: partials.
    Combine,
    /// In place, no operands.
    Roots,
    /// In place. Operands: norms.
    DivideByNorms,
    /// Operands: coordinates, norms, rate, and where z is integrated the position before.
    Coefficients {
        /// Whether z is integrated.
        integrated: bool,
        /// d, where rows are not normalised; else 0.
        mean: usize,
    },
    /// In place. Operands: rate, coordinates.
    Integrate,
    /// In place. Operands: keys, coefficients, scale.
    Lift(Rows),
    /// In place. Operands: total, scale.
    Apply,
    /// Operands: parameters, input. Floats in and out.
    DenseForward([usize; 2]),
    /// Operands: parameters, deltas.
    DenseBackward([usize; 2]),
    /// Operands: input, deltas.
    DenseGradient([usize; 2]),
    /// Operands: parameters, input.
    ConvForward([usize; 5]),
    /// Operands: parameters, deltas.
    ConvBackward([usize; 5]),
    /// Operands: input, deltas.
    ConvGradient([usize; 5]),
    /// Operands: input.
    Pad([usize; 4]),
    /// Operands: deltas.
    Crop([usize; 4]),
    /// Operands: input.
    MaxPoolForward([usize; 3]),
    /// Operands: input, deltas.
    MaxPoolBackward([usize; 3]),
    /// Operands: sign, from.
    Rectify,
    /// Operands: logits, labels. Classes.
    LossDeltas(usize),
    /// Operands: logits, labels. Classes.
    Metrics(usize),
}

/// What an operation reads.
#[derive(Clone, Debug)]
pub enum Operand<'s> {
    /// A buffer of the step.
    Floats(&'s [f32]),
    /// Words that the host knows: keys, labels.
    Words(Vec<u32>),
    /// Floats that the host knows: rates, limits.
    Numbers(Vec<f32>),
}

/// Why a part cannot be lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// The core does not describe it.
    #[error("no description")]
    Undescribed,
    /// exp and ln by micromath.
    #[error("micromath has no codelet")]
    Micromath,
    /// Norms of rotated rows need the rows themselves.
    #[error("norms of rotated rows have no codelet")]
    RotatedNorms,
    /// A description that is newer than this program.
    #[error("an operation that has no codelet")]
    Unknown,
}

/// A part's shape and its operands.
///
/// # Errors
/// If no codelet computes it.
pub fn operation<'s>(work: &Work<'s>) -> Result<(Operation, Vec<Operand<'s>>), Unsupported> {
    use Operand::{Floats, Numbers, Words};
    Ok(match *work {
        Work::Fill(number) => (Operation::Fill, vec![Numbers(vec![number])]),
        Work::InitialWeights { key, tensors } => {
            let ends = tensors.iter().map(|tensor| (tensor.start + tensor.len) as u32).collect();
            let limits = tensors.iter().map(|tensor| tensor.limit).collect();
            let operands = vec![Words(key.words().to_vec()), Words(ends), Numbers(limits)];
            (Operation::InitialWeights(tensors.len()), operands)
        }
        Work::Project { basis, first, count, gradient } => {
            let operation = Operation::Project { rows: rows(basis)?, first, count, params: gradient.len() };
            (operation, vec![Words(keys(basis)), Floats(gradient)])
        }
        Work::SquaredNorms { basis, first, count, params } => {
            let rows = rows(basis)?;
            if rows.law.rotated {
                return Err(Unsupported::RotatedNorms);
            }
            (Operation::SquaredNorms { rows, first, count, params }, vec![Words(keys(basis))])
        }
        Work::Combine { partials } => (Operation::Combine, vec![Floats(partials)]),
        Work::Roots => (Operation::Roots, vec![]),
        Work::DivideByNorms { norms } => (Operation::DivideByNorms, vec![Floats(norms)]),
        Work::Coefficients { basis, coordinates, rule, norms } => {
            let mean = if basis.normalisation == Normalisation::Mean { basis.dimensions } else { 0 };
            let operands = vec![Floats(coordinates), Floats(norms)];
            match rule {
                Rule::Current => {
                    let operation = Operation::Coefficients { integrated: false, mean };
                    (operation, [operands, vec![Numbers(vec![0.0])]].concat())
                }
                Rule::Integrated { previous, rate } => {
                    let operation = Operation::Coefficients { integrated: true, mean };
                    (operation, [operands, vec![Numbers(vec![rate]), Floats(previous)]].concat())
                }
            }
        }
        Work::Integrate { rate, coordinates } => {
            (Operation::Integrate, vec![Numbers(vec![rate]), Floats(coordinates)])
        }
        Work::Lift { basis, coefficients, scale } => {
            let operands = vec![Words(keys(basis)), Floats(coefficients), Numbers(vec![scale])];
            (Operation::Lift(rows(basis)?), operands)
        }
        Work::Apply { total, scale } => (Operation::Apply, vec![Floats(total), Numbers(vec![scale])]),
        Work::DenseForward { shape, params, input } => {
            (Operation::DenseForward(shape), vec![Floats(params), Floats(input)])
        }
        Work::DenseBackward { shape, params, deltas } => {
            (Operation::DenseBackward(shape), vec![Floats(params), Floats(deltas)])
        }
        Work::DenseGradient { shape, input, deltas } => {
            (Operation::DenseGradient(shape), vec![Floats(input), Floats(deltas)])
        }
        Work::ConvForward { shape, params, input } => {
            (Operation::ConvForward(shape), vec![Floats(params), Floats(input)])
        }
        Work::ConvBackward { shape, params, deltas } => {
            (Operation::ConvBackward(shape), vec![Floats(params), Floats(deltas)])
        }
        Work::ConvGradient { shape, input, deltas } => {
            (Operation::ConvGradient(shape), vec![Floats(input), Floats(deltas)])
        }
        Work::Pad { shape, input } => (Operation::Pad(shape), vec![Floats(input)]),
        Work::Crop { shape, deltas } => (Operation::Crop(shape), vec![Floats(deltas)]),
        Work::MaxPoolForward { shape, input } => (Operation::MaxPoolForward(shape), vec![Floats(input)]),
        Work::MaxPoolBackward { shape, input, deltas } => {
            (Operation::MaxPoolBackward(shape), vec![Floats(input), Floats(deltas)])
        }
        Work::Rectify { sign, from } => (Operation::Rectify, vec![Floats(sign), Floats(from)]),
        Work::LossDeltas { math: MathId::Micromath, .. } | Work::Metrics { math: MathId::Micromath, .. } => {
            return Err(Unsupported::Micromath);
        }
        Work::LossDeltas { classes, logits, labels, .. } => {
            (Operation::LossDeltas(classes), vec![Floats(logits), Words(words(labels))])
        }
        Work::Metrics { classes, logits, labels, .. } => {
            (Operation::Metrics(classes), vec![Floats(logits), Words(words(labels))])
        }
        Work::Undescribed => return Err(Unsupported::Undescribed),
        _ => return Err(Unsupported::Unknown),
    })
}

fn words(labels: &[u8]) -> Vec<u32> {
    labels.iter().map(|label| u32::from(*label)).collect()
}

/// One key, or one per row.
fn keys(basis: &Basis<'_>) -> Vec<u32> {
    if basis.redraws.is_none() {
        return basis.key.words().to_vec();
    }
    let stride = 1 + usize::from(basis.antithetic);
    (0..basis.dimensions).step_by(stride).flat_map(|i| basis.row(i).key.words()).collect()
}

fn rows(basis: &Basis<'_>) -> Result<Rows, Unsupported> {
    let plain = |name, pair_cycles| Law { name, threshold: 0, rotated: false, pair_cycles };
    let law = match basis.distribution {
        Distribution::Normal => plain("Normal", costs::NORMAL),
        Distribution::LogNormal => plain("LogNormal", costs::LOG_NORMAL),
        Distribution::Uniform => plain("Uniform", costs::UNIFORM),
        Distribution::Rademacher => plain("Rademacher", costs::RADEMACHER),
        Distribution::Zeros => plain("Zeros", costs::ZEROS),
        Distribution::Bernoulli(p) => {
            Law { threshold: u32::from(p.0), ..plain("Bernoulli", costs::BERNOULLI) }
        }
        Distribution::HadamardNormal => {
            Law { rotated: true, ..plain("HadamardNormal", costs::HADAMARD_NORMAL) }
        }
        _ => return Err(Unsupported::Unknown),
    };
    let (antithetic, dimensions) = (basis.antithetic, basis.dimensions);
    Ok(Rows { law, antithetic, own_keys: basis.redraws.is_some(), dimensions })
}

impl Operand<'_> {
    /// Of its elements.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Floats(_) | Self::Numbers(_) => Kind::Float,
            Self::Words(_) => Kind::Word,
        }
    }

    /// Its elements.
    #[must_use]
    pub fn bits(&self) -> Vec<u32> {
        match self {
            Self::Floats(floats) => floats.iter().map(|x| x.to_bits()).collect(),
            Self::Numbers(floats) => floats.iter().map(|x| x.to_bits()).collect(),
            Self::Words(words) => words.clone(),
        }
    }

    /// How many elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Floats(floats) => floats.len(),
            Self::Words(words) => words.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
