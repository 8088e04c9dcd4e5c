//! Whole arrays of weights, rotated tile by tile: what projection and lift need around rows that stay unrotated (`basis/rotation.rs`).

use super::lift::add_group;
use crate::basis::{load_group, rotate};
use crate::numerics::{Kernel, Lanes, TILE};
use crate::random::LANES;
use crate::step::{Superstep, piece};

/// Superstep: a tile of `x`, with +0 behind its end, rotated.
pub struct Rotate<'a> {
    pub x: &'a [f32],
}

impl Superstep for Rotate<'_> {
    const NAME: &'static str = "rotate";

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.x, index, TILE));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        V::call(RotateTile { x: piece(self.x, index, TILE), out });
    }
}

/// The work of [`Rotate`] on one tile.
struct RotateTile<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for RotateTile<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        for group in (0..LANES).step_by(V::WIDTH) {
            let mut x = load_group::<V>(self.x, group);
            rotate::<V>(&mut x);
            for (x, out) in x.into_iter().zip(self.out.chunks_exact_mut(LANES)) {
                V::store(x, &mut out[group..]);
            }
        }
    }
}

/// Superstep, in place: a tile of `theta + scale * total`, the total rotated.
pub struct ApplyRotated<'a> {
    pub total: &'a [f32],
    pub scale: f32,
}

impl Superstep for ApplyRotated<'_> {
    const NAME: &'static str = "apply rotated";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.total, index, TILE));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        V::call(ApplyRotatedTile { total: piece(self.total, index, TILE), scale: self.scale, weights: out });
    }
}

/// The work of [`ApplyRotated`] on one tile.
struct ApplyRotatedTile<'a> {
    total: &'a [f32],
    scale: f32,
    weights: &'a mut [f32],
}

impl Kernel for ApplyRotatedTile<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        for group in (0..LANES).step_by(V::WIDTH) {
            let mut total = load_group::<V>(self.total, group);
            rotate::<V>(&mut total);
            add_group::<V>(self.scale, &total, group, self.weights);
        }
    }
}
