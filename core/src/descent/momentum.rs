//! Momentum on what a step adds to the weights.

use super::{Memory, UpdatePolicy};
use crate::numerics::{Lanes, TILE};
use crate::step::{Executor, Superstep, piece};
use crate::subspace::add_to_weights;

/// Superstep, in place: a tile of `momentum * velocity + step`.
struct Velocity<'a> {
    momentum: f32,
    step: &'a [f32],
}

impl Superstep for Velocity<'_> {
    const NAME: &'static str = "velocity";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.step, index, TILE));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for (v, s) in out.iter_mut().zip(piece(self.step, index, TILE)) {
            *v = self.momentum * *v + s;
        }
    }
}

/// Superstep, in place: a tile of `theta + (momentum * velocity + step)`.
struct LookAhead<'a> {
    momentum: f32,
    velocity: &'a [f32],
    step: &'a [f32],
}

impl Superstep for LookAhead<'_> {
    const NAME: &'static str = "look ahead";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        TILE
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.velocity, index, TILE));
        read(piece(self.step, index, TILE));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let (velocity, step) = (piece(self.velocity, index, TILE), piece(self.step, index, TILE));
        for ((theta, v), s) in out.iter_mut().zip(velocity).zip(step) {
            *theta += self.momentum * v + s;
        }
    }
}

/// Adds the step in [`Memory::step`] to the weights, with momentum if there is some.
pub(super) fn advance<E: Executor>(policy: &UpdatePolicy, executor: &mut E, memory: &mut Memory<'_>) {
    let Memory { weights, velocity, step, .. } = memory;
    let momentum = policy.momentum;
    if momentum == 0.0 {
        return add_to_weights(executor, step, 1.0, weights);
    }
    executor.run(&Velocity { momentum, step }, velocity);
    if policy.nesterov {
        executor.run(&LookAhead { momentum, velocity, step }, weights);
    } else {
        add_to_weights(executor, velocity, 1.0, weights);
    }
}

/// A step of `-rate * g` over all weights, with momentum if there is some.
pub(super) fn follow_gradient<E: Executor>(
    policy: &UpdatePolicy,
    executor: &mut E,
    rate: f32,
    memory: &mut Memory<'_>,
) {
    if policy.momentum == 0.0 {
        return add_to_weights(executor, memory.gradient, -rate, memory.weights);
    }
    memory.step.fill(0.0);
    add_to_weights(executor, memory.gradient, -rate, memory.step);
    advance(policy, executor, memory);
}
