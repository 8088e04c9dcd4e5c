//! Parameter tensors and their initial values.

use core::fmt::Write as _;

use crate::basis::{Distribution, Row};
use crate::numerics::{Lanes, TILE};
use crate::random::{Domain, Key};
use crate::step::{Executor, Parts, Superstep, Work};

use super::{Layer, Network};

/// A parameter tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// For instance `1/kernel`: the layer, counted from 1 among those that have parameters, and the role.
    pub name: heapless::String<32>,
    /// First element in the array of all parameters.
    pub start: usize,
    /// Elements.
    pub len: usize,
    /// Sizes of the dimensions, the innermost last.
    pub shape: heapless::Vec<usize, 4>,
    /// Initial elements are uniform on [-limit, limit); 0 means +0.
    pub limit: f32,
    /// The layer it belongs to, counted from 1 among those that have parameters.
    pub layer: u32,
}

/// The parameter tensors of a network, in the order of the parameters.
pub type Tensors = heapless::Vec<Tensor, 64>;

impl Tensor {
    /// Whether it is its layer's kernel, with which a layer begins; else it is the bias.
    #[must_use]
    pub const fn is_kernel(&self) -> bool {
        self.limit > 0.0
    }

    /// Appends a tensor behind the last one. `fans`: inputs plus outputs of a kernel, whose Glorot limit is
    /// `sqrt(6 / fans)`; 0 for a tensor that starts at zero. A kernel opens a new layer.
    ///
    /// # Panics
    /// If a network has more tensors than [`Tensors`] holds, or the tensor more than four dimensions.
    pub fn push(to: &mut Tensors, role: &str, shape: &[usize], fans: usize) {
        let len = shape.iter().product();
        let shape = heapless::Vec::from_slice(shape).expect("a tensor has at most four dimensions");
        let start = to.last().map_or(0, |last| last.start + last.len);
        let layer = to.iter().filter(|tensor| tensor.is_kernel()).count() as u32 + u32::from(fans > 0);
        let mut name = heapless::String::new();
        write!(name, "{layer}/{role}").expect("tensor names are short");
        let limit = if fans == 0 { 0.0 } else { libm::sqrtf(6.0 / fans as f32) };
        to.push(Tensor { name, start, len, shape, limit, layer })
            .expect("more tensors than a network can have");
    }
}

/// The parameter tensors of a network.
#[must_use]
pub fn tensors<N: Network>() -> Tensors {
    let mut tensors = Tensors::new();
    N::Layers::tensors(&mut tensors);
    tensors
}

/// Superstep: a tile of the initial weights.
struct InitialWeights<'a> {
    key: Key,
    tensors: &'a Tensors,
}

impl Superstep for InitialWeights<'_> {
    const NAME: &'static str = "initial weights";

    fn chunk(&self) -> usize {
        TILE
    }

    /// Nothing: a row is a function.
    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::InitialWeights { key: self.key, tensors: self.tensors });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let row = Row { key: self.key, direction: 0, distribution: Distribution::Uniform };
        row.tile::<V>(index as u32, out);
        let first = index * TILE;
        let end = first + out.len();
        for tensor in self.tensors {
            let from = tensor.start.clamp(first, end) - first;
            let to = (tensor.start + tensor.len).clamp(first, end) - first;
            if tensor.limit > 0.0 {
                out[from..to].iter_mut().for_each(|x| *x *= tensor.limit);
            } else {
                out[from..to].fill(0.0);
            }
        }
    }
}

/// Writes the initial weights that belong to a run's seed.
///
/// They are one row of a uniform basis over all D parameters, each element times the Glorot limit of its tensor; biases
/// are +0. Being a row, they need not be stored: any tile can be made again.
///
/// # Panics
/// If `weights` is not D long.
pub fn initial_weights<N: Network, E: Executor>(executor: &mut E, seed: u64, weights: &mut [f32]) {
    assert_eq!(weights.len(), N::PARAMS, "{} has {} parameters", N::NAME, N::PARAMS);
    let key = Key::new(Domain::Weights, seed, 0, 0, 0);
    executor.run(&InitialWeights { key, tensors: &tensors::<N>() }, weights);
}
