//! The projection of a gradient that is never in memory.
//!
//! Its elements are made where they are projected, from what the backward pass left: one lane group of a tile at a time, so that no
//! buffer is longer than a group's share of a tile, and a step needs no second array of D floats. They are those that
//! [`ParameterGradient`] would write, and sums go the way of `project.rs`: no bit depends on whether a gradient is streamed.
//!
//! What it costs: each element is made once for every lane group of a tile and every 32 directions, which is 16 times for vectors of one
//! lane and d up to 32. Beside 32 directions that have to be made, too, that is little.

use core::ops::Range;

use super::Basis;
use super::project::{Elements, coordinates_of, norms, project_tile};
use crate::nn::{Layer, ParameterGradient};
use crate::numerics::{Lanes, TILE};
use crate::step::{Executor, Superstep};

/// Some elements of a gradient, to be made a tile at a time.
pub struct Streamed<'a, L> {
    gradient: ParameterGradient<'a, L>,
    /// Where they lie among all parameters, in order.
    segments: &'a [Range<usize>],
    /// How many there are.
    elements: usize,
}

impl<'a, L: Layer> Streamed<'a, L> {
    /// The elements of `gradient` in `segments`, side by side.
    #[must_use]
    pub fn new(gradient: ParameterGradient<'a, L>, segments: &'a [Range<usize>]) -> Self {
        Self { gradient, segments, elements: segments.iter().map(ExactSizeIterator::len).sum() }
    }

    /// Writes the elements from number `first` on.
    #[inline(always)]
    fn write<V: Lanes>(&self, first: usize, out: &mut [f32]) {
        let end = first + out.len();
        let mut before = 0;
        for segment in self.segments {
            let (from, to) = (first.max(before), end.min(before + segment.len()));
            if from < to {
                self.gradient.write::<V>(segment.start + from - before, &mut out[from - first..to - first]);
            }
            before += segment.len();
        }
    }
}

/// Superstep: partial sums over one tile of a gradient that is made there, for some directions. Output `[tiles][directions]`.
struct ProjectStreamed<'a, L> {
    basis: &'a Basis<'a>,
    directions: Range<usize>,
    gradient: &'a Streamed<'a, L>,
}

impl<L: Layer> Superstep for ProjectStreamed<'_, L> {
    const NAME: &'static str = "project streamed";

    fn chunk(&self) -> usize {
        self.directions.len().max(1)
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        self.basis.reads(read);
        self.gradient.gradient.reads_all(read);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let Self { basis, directions, gradient } = self;
        let first = index * TILE;
        let write = |start, out: &mut [f32]| gradient.write::<V>(first + start, out);
        let elements = Elements::Made(TILE.min(gradient.elements - first), &write);
        project_tile::<V>(basis, directions.start, index as u32, elements, out);
    }
}

/// [`project`](super::project()) of a gradient that is streamed.
///
/// # Panics
/// If a buffer is too short.
pub fn project_streamed<L: Layer, E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    first: usize,
    gradient: &Streamed<'_, L>,
    coordinates: &mut [f32],
    norms: &mut [f32],
    scratch: &mut [f32],
) {
    let norms = &mut norms[..coordinates.len()];
    self::norms(executor, basis, first, gradient.elements, norms, scratch);
    let directions = first..first + coordinates.len();
    let superstep = ProjectStreamed { basis, directions, gradient };
    coordinates_of(executor, &superstep, gradient.elements, norms, coordinates, scratch);
}
