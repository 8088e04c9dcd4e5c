//! Random bases descent (paper, section 3), and fixed projection descent, which is the same with other periods.
//!
//! ```text
//! share   c     <- Phi g                      each worker; all that travels
//! join    f     <- select(c)                  transformation, top directions
//!         theta <- theta - rate * Phi^T f     for each update
//! ```
//!
//! `NUMERICS.md`, section 9.3, numbers what happens in between; so does this file. `share` is 1 and 2, `join` the rest,
//! from coordinates alone but for what follows a gradient. Where there is one worker and nothing between projection and lift,
//! `step` does both in one go, by the fused strategy. Without room for a gradient, 1 and 2 go tile by tile. (The original leaves FPD's last coordinate gradient in the weights of
//! the next forward pass; the method of the paper has no such term, nor has this.)

use core::ops::Range;

use super::momentum::{advance, follow_gradient};
use super::{Anew, Batches, Descent, Memory, Method, Outcome, Period, Rates, WorkerRows, correlations};
use crate::nn::{Batch, Layer, Network, ParameterGradient, initial_weights, tensors};
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::{
    self, Basis, Compartment, Coordinates, Plan, Rule, Strategy, Streamed, Top, Transformation,
    add_to_weights, fill, integrate, kept, multiply, top,
};

/// What coordinates are to the weights.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A step.
    Fresh,
    /// A position around an anchor.
    Kept(Period),
    /// Part of a step, which is whole after so many.
    Accumulated(u32),
}

impl Role {
    fn of(descent: &Descent) -> Self {
        let policy = &descent.options.coordinates;
        match policy.reset {
            _ if descent.method == Method::Fpd => Self::Kept(Period::Never),
            Period::Steps(1) if policy.accumulate > 1 => Self::Accumulated(policy.accumulate),
            Period::Steps(1) => Self::Fresh,
            period => Self::Kept(period),
        }
    }

    /// Whether the weights move at step `t`.
    const fn moves(self, t: u64) -> bool {
        match self {
            Self::Accumulated(steps) => (t + 1).is_multiple_of(steps as u64),
            _ => true,
        }
    }
}

/// Whether something comes between coordinates and what is lifted.
pub(super) fn selects(descent: &Descent) -> bool {
    let policy = &descent.options.coordinates;
    policy.transformation != Transformation::None || policy.top != Top::All
}

/// Whether z stays from step to step.
pub(super) fn keeps_position(descent: &Descent) -> bool {
    Role::of(descent) != Role::Fresh
}

/// Whether projection and lift can be done in one go.
pub(super) fn is_fused(descent: &Descent) -> bool {
    let whole = descent.options.workers.count == 1 && !selects(descent) && !descent.keeps();
    let at_once = !matches!(Role::of(descent), Role::Accumulated(_));
    descent.strategy == Strategy::Fused && whole && at_once
}

/// One step of all workers.
pub(super) fn step<N: Network, M: Math, E: Executor>(
    descent: &mut Descent,
    executor: &mut E,
    rates: Rates,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Outcome {
    let plan = descent.plan::<N>();
    if rates.sgd_step {
        let outcome = memory.gradient_of::<N, M, E>(executor, batches, 0);
        follow_gradient(&descent.options.update, executor, rates.sgd, memory);
        return Outcome { sgd: true, ..outcome };
    }
    if is_fused(descent) && !streams::<E>(memory) {
        let outcome = memory.gradient_of::<N, M, E>(executor, batches, 0);
        begin::<N, E>(descent, executor, memory);
        for compartment in plan.iter() {
            update(descent, executor, &compartment, rates, memory);
        }
        let sgd = finish::<N, E>(descent, executor, &plan, rates, false, memory);
        return Outcome { sgd, ..outcome };
    }
    let workers = descent.options.workers;
    let count = workers.count as usize;
    let mut outcome = Outcome::NOTHING;
    let mut share = outcome;
    for worker in 0..count {
        if worker > 0 && workers.same_images && !streams::<E>(memory) {
            // The gradient is there.
            memory.report(worker, share);
            project::<N, E>(descent, executor, &plan, worker, None, memory);
        } else {
            share = share_along::<N, M, E>(descent, executor, &plan, worker, batches, memory);
        }
        outcome.add(share);
    }
    let sgd = join_along::<N, E>(descent, executor, &plan, rates, false, memory);
    Outcome { sgd, ..descent.mean(outcome, share) }
}

/// 1 and 2: the gradient of one worker's mini-batch, and its coordinates.
pub(super) fn share<N: Network, M: Math, E: Executor>(
    descent: &mut Descent,
    executor: &mut E,
    worker: usize,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Outcome {
    share_along::<N, M, E>(descent, executor, &descent.plan::<N>(), worker, batches, memory)
}

/// Whether the gradient is made a tile at a time: there is no room for it.
const fn streams<E: Executor>(memory: &Memory<'_>) -> bool {
    E::STREAMS && memory.gradient.is_empty()
}

fn share_along<N: Network, M: Math, E: Executor>(
    descent: &mut Descent,
    executor: &mut E,
    plan: &Plan,
    worker: usize,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Outcome {
    let number = if descent.options.workers.same_images { 0 } else { worker };
    if !streams::<E>(memory) {
        let outcome = memory.gradient_of::<N, M, E>(executor, batches, number);
        memory.report(worker, outcome);
        project::<N, E>(descent, executor, plan, worker, None, memory);
        return outcome;
    }
    let policy = &descent.options.update;
    assert!(!policy.uses_gradient() && !policy.uses_correlation(), "the options need room for a gradient");
    let batch = batches.take(number, 1, memory.images);
    let outcome = memory.deltas_of::<N, M, E>(executor, batch);
    memory.report(worker, outcome);
    project::<N, E>(descent, executor, plan, worker, Some(batch), memory);
    outcome
}

/// 3 to 8, from the coordinates of all workers. Returns whether it became an SGD step.
pub(super) fn join<N: Network, E: Executor>(
    descent: &mut Descent,
    executor: &mut E,
    rates: Rates,
    replaying: bool,
    memory: &mut Memory<'_>,
) -> bool {
    join_along::<N, E>(descent, executor, &descent.plan::<N>(), rates, replaying, memory)
}

fn join_along<N: Network, E: Executor>(
    descent: &mut Descent,
    executor: &mut E,
    plan: &Plan,
    rates: Rates,
    replaying: bool,
    memory: &mut Memory<'_>,
) -> bool {
    begin::<N, E>(descent, executor, memory);
    let workers = descent.options.workers;
    for update in 0..workers.updates() {
        let own = if workers.rows == WorkerRows::Own { update } else { 0 };
        keep_rows(descent, executor, plan, own, memory);
        let mut row = rows_start(descent, plan, own);
        for compartment in plan.iter() {
            lift(descent, executor, plan, update, &compartment, row, rates, memory);
            row += compartment.elements * compartment.dimensions;
        }
    }
    finish::<N, E>(descent, executor, plan, rates, replaying, memory)
}

/// Resets what begins with this step, and puts the weights, or the step, where lifts are added.
fn begin<N: Network, E: Executor>(descent: &Descent, executor: &mut E, memory: &mut Memory<'_>) {
    let t = descent.steps;
    match Role::of(descent) {
        Role::Fresh => {}
        Role::Kept(Period::Never) => {
            if t == 0 {
                fill(executor, 0.0, memory.position);
            }
            initial_weights::<N, E>(executor, descent.seed, memory.weights);
        }
        Role::Kept(period) => {
            if period.begins(t) {
                fill(executor, 0.0, memory.position);
                memory.anchor.copy_from_slice(memory.weights);
            }
            memory.weights.copy_from_slice(memory.anchor);
        }
        Role::Accumulated(steps) => {
            if Period::Steps(steps).begins(t) {
                fill(executor, 0.0, memory.position);
            }
        }
    }
    fill(executor, 0.0, memory.step);
}

/// What one update's step along a compartment is multiplied with: -r, or 1 where coordinates hold it already.
fn rate_of(descent: &Descent, rates: Rates) -> (f32, f32) {
    let rate = rates.method / descent.options.workers.averaged() as f32;
    let scale = if Role::of(descent) == Role::Fresh { -rate } else { 1.0 };
    (rate, scale)
}

/// Projection and lift of one compartment in one go.
fn update<E: Executor>(
    descent: &Descent,
    executor: &mut E,
    compartment: &Compartment,
    rates: Rates,
    memory: &mut Memory<'_>,
) {
    let (rate, scale) = rate_of(descent, rates);
    let range = compartment.first..compartment.first + compartment.dimensions;
    let Memory { coordinates, position, norms, gradient, gathered, scratch, redraws, .. } = memory;
    let basis = descent.basis_of(compartment, 0, redraws);
    let target = if descent.options.update.needs_step() { &mut *memory.step } else { &mut *memory.weights };
    let half = gathered.len() / 2;
    let (gathered_gradient, gathered) = gathered.split_at_mut(half);
    let gradient = gather(compartment, gradient, gathered_gradient);
    let values = &mut coordinates[range.clone()];
    let position = if keeps_position(descent) { &mut position[range] } else { &mut [] };
    let rule = match Role::of(descent) {
        Role::Fresh => Rule::Current,
        _ => Rule::Integrated { previous: position, rate },
    };
    on_elements(compartment, target, gathered, |target| {
        let mut coordinates = Coordinates { values, norms, scratch };
        subspace::update(executor, Strategy::Fused, &basis, gradient, rule, scale, target, &mut coordinates);
    });
    integrate(executor, rate, values, position);
}

/// 2: worker `worker`'s coordinates of the gradient; of that of a mini-batch whose activations and deltas are there, if it is streamed.
fn project<N: Network, E: Executor>(
    descent: &mut Descent,
    executor: &mut E,
    plan: &Plan,
    worker: usize,
    streamed: Option<Batch<'_>>,
    memory: &mut Memory<'_>,
) {
    let workers = descent.options.workers;
    let own = if workers.rows == WorkerRows::Own { worker } else { 0 };
    keep_rows(descent, executor, plan, own, memory);
    let mut row = rows_start(descent, plan, own);
    let Memory { coordinates, norms, gradient, gathered, scratch, redraws, rows, .. } = memory;
    for compartment in plan.iter() {
        let directions = workers.directions(worker, compartment.dimensions);
        let first = directions.start;
        let out = &mut coordinates[descent.place(plan, worker, &compartment, &directions)];
        let basis = descent.basis_of(&compartment, own, redraws);
        // The constant alone, so that nothing is compiled behind it where it is false.
        if E::STREAMS
            && let Some(Batch { input, labels }) = streamed
        {
            let len = N::Layers::ACTIVATIONS * labels.len();
            let (activations, deltas) = (&memory.activations[..len], &memory.deltas[..len]);
            let gradient = ParameterGradient::<N::Layers>::new(labels.len(), input, activations, deltas);
            let gradient = Streamed::new(gradient, &compartment.segments);
            subspace::project_streamed(executor, &basis, first, &gradient, out, norms, scratch);
            continue;
        }
        let gradient = gather(&compartment, gradient, &mut gathered[..]);
        if descent.keeps() {
            let len = compartment.elements * compartment.dimensions;
            kept::project(executor, &basis, &rows[row..row + len], first, gradient, out, norms, scratch);
            row += len;
        } else {
            subspace::project(executor, &basis, first, gradient, out, norms, scratch);
        }
    }
}

/// Writes the rows of basis `own`, if rows are kept in memory and these are not there yet.
fn keep_rows<E: Executor>(
    descent: &mut Descent,
    executor: &mut E,
    plan: &Plan,
    own: usize,
    memory: &mut Memory<'_>,
) {
    if !descent.keeps() {
        return;
    }
    // Directions that are drawn anew one by one are another basis at each step.
    let draw = if descent.options.draws.anew == Anew::All { descent.redraw() } else { descent.steps };
    // Bases are written in order, so their number says which are there.
    let there = descent.rows_drawn.filter(|(of, _)| *of == draw).map_or(0, |(_, count)| count);
    for basis in there..own + 1 {
        let mut row = rows_start(descent, plan, basis);
        for compartment in plan.iter() {
            let len = compartment.elements * compartment.dimensions;
            let basis = descent.basis_of(&compartment, basis, memory.redraws);
            kept::write(executor, &basis, compartment.elements, &mut memory.rows[row..row + len]);
            row += len;
        }
        descent.rows_drawn = Some((draw, basis + 1));
    }
}

/// Where the rows of basis `own` begin in memory.
fn rows_start(descent: &Descent, plan: &Plan, own: usize) -> usize {
    if descent.keeps() { own * row_floats(plan) } else { 0 }
}

/// Floats of all rows of one basis of each compartment.
pub(super) fn row_floats(plan: &Plan) -> usize {
    plan.iter().map(|compartment| compartment.elements * compartment.dimensions).sum()
}

/// 3 and 4, of one compartment of one update. `row`: where its rows begin, if they are kept.
fn lift<E: Executor>(
    descent: &Descent,
    executor: &mut E,
    plan: &Plan,
    update: usize,
    compartment: &Compartment,
    row: usize,
    rates: Rates,
    memory: &mut Memory<'_>,
) {
    let (rate, scale) = rate_of(descent, rates);
    let d = compartment.dimensions;
    let Memory { coordinates, position, norms, gathered, scratch, redraws, rows, selected, .. } = memory;
    let (sum, selected) = selected.split_at_mut(if averages(descent) { d } else { 0 });
    let c = collect(descent, plan, update, compartment, coordinates, sum);
    let f = if selects(descent) {
        let (f, rest) = selected.split_at_mut(d);
        let policy = &descent.options.coordinates;
        f.copy_from_slice(c);
        policy.transformation.apply(executor, f, rest);
        policy.top.apply(executor, c, f, rest);
        f
    } else {
        c
    };
    let role = Role::of(descent);
    let z = if role == Role::Fresh {
        f
    } else {
        let start = update * plan.coordinates() + compartment.first;
        let position = &mut position[start..start + d];
        integrate(executor, rate, f, position);
        position
    };
    if !role.moves(descent.steps) {
        return;
    }
    let own = if descent.options.workers.rows == WorkerRows::Own { update } else { 0 };
    let basis = descent.basis_of(compartment, own, redraws);
    let target = if descent.options.update.needs_step() { &mut *memory.step } else { &mut *memory.weights };
    on_elements(compartment, target, gathered, |target| {
        if descent.keeps() {
            let rows = &rows[row..row + compartment.elements * d];
            kept::lift(executor, &basis, rows, z, scale, target, norms, scratch);
        } else {
            subspace::replay(executor, &basis, z, scale, target, norms, scratch);
        }
    });
}

/// Whether workers' coordinates are added up before they are lifted.
pub(super) fn averages(descent: &Descent) -> bool {
    descent.options.workers.rows == WorkerRows::Averaged && descent.options.workers.count > 1
}

/// The coordinates of one compartment of one update; `sum` is where those of several workers are added up.
fn collect<'c>(
    descent: &Descent,
    plan: &Plan,
    update: usize,
    compartment: &Compartment,
    coordinates: &'c [f32],
    sum: &'c mut [f32],
) -> &'c [f32] {
    let all = 0..compartment.dimensions;
    if !averages(descent) {
        return &coordinates[descent.place(plan, update, compartment, &all)];
    }
    sum.fill(0.0);
    for worker in 0..descent.options.workers.count as usize {
        let c = &coordinates[descent.place(plan, worker, compartment, &all)];
        for (sum, c) in sum.iter_mut().zip(c) {
            *sum += c;
        }
    }
    sum
}

/// 5 to 8. Returns whether it became an SGD step.
fn finish<N: Network, E: Executor>(
    descent: &Descent,
    executor: &mut E,
    plan: &Plan,
    rates: Rates,
    replaying: bool,
    memory: &mut Memory<'_>,
) -> bool {
    let policy = &descent.options.update;
    let mut sgd = false;
    if policy.uses_correlation() && !replaying {
        let Memory { step, gradient, factors, scratch, .. } = &mut *memory;
        sgd = correlations::judge::<N, E>(policy, executor, step, gradient, factors, scratch);
    }
    if sgd {
        follow_gradient(policy, executor, rates.sgd, memory);
    } else {
        if policy.has_factors() {
            multiply_tensors::<N, E>(executor, memory);
        }
        follow_layers::<N, E>(descent, executor, rates, memory);
        if policy.needs_step() {
            advance(policy, executor, memory);
        }
    }
    if descent.options.draws.anew != Anew::All {
        draw_anew(descent, executor, plan, memory);
    }
    sgd
}

/// 5: each tensor's step times its factor.
// Not inlined: the list of tensors would lie on every step's stack; so below.
#[inline(never)]
fn multiply_tensors<N: Network, E: Executor>(executor: &mut E, memory: &mut Memory<'_>) {
    for (tensor, &factor) in tensors::<N>().iter().zip(&*memory.factors) {
        multiply(executor, factor, &mut memory.step[tensor.start..tensor.start + tensor.len]);
    }
}

/// 6: layers that follow their gradient.
#[inline(never)]
fn follow_layers<N: Network, E: Executor>(
    descent: &Descent,
    executor: &mut E,
    rates: Rates,
    memory: &mut Memory<'_>,
) {
    let policy = &descent.options.update;
    if policy.sgd_layers == super::SgdLayers::None {
        return;
    }
    let target = if policy.needs_step() { &mut *memory.step } else { &mut *memory.weights };
    for tensor in &tensors::<N>() {
        if policy.sgd_layers.contains(tensor.layer) {
            let range = tensor.start..tensor.start + tensor.len;
            add_to_weights(executor, &memory.gradient[range.clone()], -rates.sgd, &mut target[range]);
        }
    }
}

/// 8: gives some directions a new re-draw index.
fn draw_anew<E: Executor>(descent: &Descent, executor: &mut E, plan: &Plan, memory: &mut Memory<'_>) {
    // Modulo 2^32, as a run of so many steps would have to be.
    let next = f32::from_bits((descent.steps + 1) as u32);
    for update in 0..descent.options.workers.updates() {
        for compartment in plan.iter() {
            let d = compartment.dimensions;
            let start = update * plan.coordinates() + compartment.first;
            let Memory { coordinates, redraws, selected, .. } = &mut *memory;
            let (sum, places) = selected.split_at_mut(if averages(descent) { d } else { 0 });
            let c = collect(descent, plan, update, &compartment, coordinates, sum);
            let places = top::places(executor, c, places);
            let drawn = match descent.options.draws.anew {
                Anew::All => 0..d,
                Anew::Low(fraction) => d - top::part(fraction, d)..d,
                Anew::High(fraction) => 0..top::part(fraction, d),
            };
            for (index, &place) in redraws[start..start + d].iter_mut().zip(places) {
                if drawn.contains(&(place as usize)) {
                    *index = next;
                }
            }
        }
    }
}

/// The elements of a compartment side by side: where they lie, or gathered if they lie apart.
fn gather<'a>(compartment: &Compartment, array: &'a [f32], gathered: &'a mut [f32]) -> &'a [f32] {
    if let [segment] = &compartment.segments[..] {
        return &array[segment.clone()];
    }
    let gathered = &mut gathered[..compartment.elements];
    let mut at = 0;
    for segment in &compartment.segments {
        gathered[at..at + segment.len()].copy_from_slice(&array[segment.clone()]);
        at += segment.len();
    }
    gathered
}

/// Runs `work` on the elements of a compartment side by side, and puts them back.
fn on_elements(
    compartment: &Compartment,
    array: &mut [f32],
    gathered: &mut [f32],
    work: impl FnOnce(&mut [f32]),
) {
    if let [segment] = &compartment.segments[..] {
        return work(&mut array[segment.clone()]);
    }
    gather(compartment, array, gathered);
    let gathered = &mut gathered[..compartment.elements];
    work(gathered);
    let mut at = 0;
    for segment in &compartment.segments {
        array[segment.clone()].copy_from_slice(&gathered[at..at + segment.len()]);
        at += segment.len();
    }
}

impl Descent {
    /// Where the coordinates of some of a compartment's directions lie in [`Memory::coordinates`]: worker after worker; but if
    /// workers have parts of one basis, as that basis' coordinates.
    pub(super) fn place(
        &self,
        plan: &Plan,
        worker: usize,
        compartment: &Compartment,
        directions: &Range<usize>,
    ) -> Range<usize> {
        let before = match self.options.workers.rows {
            WorkerRows::Split => 0,
            _ => worker * plan.coordinates(),
        };
        let first = before + compartment.first;
        first + directions.start..first + directions.end
    }

    /// The basis of one compartment, for the update, or worker, `own`. `redraws`: [`Memory::redraws`].
    fn basis_of<'m>(&self, compartment: &Compartment, own: usize, redraws: &'m [f32]) -> Basis<'m> {
        let worker = self.options.workers.key(own);
        let key = self.key(worker, compartment.index);
        let mut basis = self.subspace.draw(key);
        basis.dimensions = compartment.dimensions;
        if self.options.draws.anew != Anew::All {
            let start = own * (redraws.len() / self.bases()) + compartment.first;
            let indices = &redraws[start..start + compartment.dimensions];
            basis.redraws =
                Some(subspace::Redraws { seed: self.seed, worker, compartment: compartment.index, indices });
        }
        basis
    }
}
