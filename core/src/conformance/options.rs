//! Options of RBD: whole steps with each of them and with many together, against section 9 of `NUMERICS.md` in scalar code.
//!
//! Gradients come from the serial executor; they are compared elsewhere. Compartments are found here weight by weight, by what
//! the page says of each, not by a plan.

use super::methods::loss_of;
use super::networks::Mlp;
use super::{Buffers, Mismatch, Report, compare, plain};
use crate::descent::{
    Anew, CoordinatePolicy, Descent, Draws, Memory, Method, Options, Period, Rates, SgdLayers, Sizes,
    Subspace, UpdatePolicy, WorkerRows, Workers,
};
use crate::nn::{self, Batch, Layer, Network};
use crate::numerics::{Array, Libm};
use crate::random::{Domain, Key};
use crate::step::{Executor, Serial};
use crate::subspace::{Basis, Compartments, Normalisation, Strategy, Top, Transformation};

/// More than a tile of weights.
type Net = Mlp<150, 31, 10>;
type Layers = <Net as Network>::Layers;
const PARAMS: usize = Net::PARAMS;

/// First weight behind each tensor: kernel, bias, kernel, bias.
const ENDS: [usize; 4] = [4650, 4681, 4991, 5001];

const IMAGES: usize = 2;
/// More than every period, and not a multiple of one.
const STEPS: usize = 5;
const WORKERS_MAX: usize = 3;
const SEED: u64 = 78;
const RATES: Rates = Rates { method: 0.3, sgd: 0.04, sgd_step: false };

const NONE: Options = Options::NONE;
const COORDINATES: CoordinatePolicy = NONE.coordinates;
const UPDATE: UpdatePolicy = NONE.update;

const fn workers(count: u32, rows: WorkerRows, same_images: bool) -> Options {
    Options { workers: Workers { count, same_images, rows }, ..NONE }
}

const fn compartments(compartments: Compartments) -> Options {
    Options { compartments, ..NONE }
}

const fn coordinates(coordinates: CoordinatePolicy) -> Options {
    Options { coordinates, ..NONE }
}

const fn update(update: UpdatePolicy) -> Options {
    Options { update, ..NONE }
}

const fn draws(period: Period, anew: Anew) -> Options {
    Options { draws: Draws { period, anew }, ..NONE }
}

/// Each option by itself, then some that meet.
const GRID: &[Options] = &[
    NONE,
    compartments(Compartments::Weights(1_000)),
    compartments(Compartments::Weights(6_000)),
    compartments(Compartments::Layers(1)),
    compartments(Compartments::Layers(2)),
    compartments(Compartments::Type),
    compartments(Compartments::Proportional),
    compartments(Compartments::Exponential),
    Options { split: true, ..compartments(Compartments::Type) },
    workers(2, WorkerRows::Own, false),
    workers(3, WorkerRows::Own, true),
    workers(3, WorkerRows::Shared, false),
    workers(2, WorkerRows::Averaged, false),
    workers(3, WorkerRows::Split, false),
    workers(3, WorkerRows::Split, true),
    draws(Period::Steps(3), Anew::All),
    draws(Period::Never, Anew::All),
    draws(Period::Steps(1), Anew::Low(0.5)),
    draws(Period::Steps(1), Anew::High(0.4)),
    coordinates(CoordinatePolicy { transformation: Transformation::Ranks, ..COORDINATES }),
    coordinates(CoordinatePolicy { transformation: Transformation::Norm, ..COORDINATES }),
    coordinates(CoordinatePolicy { top: Top::Count(2), ..COORDINATES }),
    coordinates(CoordinatePolicy { top: Top::Fraction(0.5), ..COORDINATES }),
    coordinates(CoordinatePolicy { top: Top::Fraction(-0.5), ..COORDINATES }),
    coordinates(CoordinatePolicy { reset: Period::Never, ..COORDINATES }),
    coordinates(CoordinatePolicy { reset: Period::Steps(3), ..COORDINATES }),
    Options {
        coordinates: CoordinatePolicy { accumulate: 3, ..COORDINATES },
        ..draws(Period::Steps(3), Anew::All)
    },
    update(UpdatePolicy { momentum: 0.9, ..UPDATE }),
    update(UpdatePolicy { momentum: 0.5, nesterov: true, ..UPDATE }),
    update(UpdatePolicy { multiplier: true, ..UPDATE }),
    update(UpdatePolicy { surgeon: Some(0.03), ..UPDATE }),
    update(UpdatePolicy { sgd_below: Some(0.01), ..UPDATE }),
    update(UpdatePolicy { sgd_layers: SgdLayers::Only(1), ..UPDATE }),
    update(UpdatePolicy { sgd_layers: SgdLayers::AllBut(1), ..UPDATE }),
    update(UpdatePolicy { sgd_steps: true, ..UPDATE }),
    // Together.
    Options {
        compartments: Compartments::Type,
        split: false,
        workers: Workers { count: 2, same_images: false, rows: WorkerRows::Split },
        draws: Draws { period: Period::Steps(2), anew: Anew::All },
        coordinates: CoordinatePolicy { top: Top::Fraction(0.7), reset: Period::Steps(3), ..COORDINATES },
        update: UPDATE,
    },
    Options {
        compartments: Compartments::Weights(1_500),
        update: UpdatePolicy {
            momentum: 0.8,
            multiplier: true,
            surgeon: Some(-0.01),
            sgd_layers: SgdLayers::Only(2),
            sgd_steps: true,
            ..UPDATE
        },
        coordinates: CoordinatePolicy { transformation: Transformation::Norm, ..COORDINATES },
        ..draws(Period::Steps(1), Anew::Low(0.3))
    },
    Options {
        compartments: Compartments::Layers(1),
        draws: Draws { period: Period::Steps(1), anew: Anew::High(0.6) },
        coordinates: CoordinatePolicy { top: Top::Count(3), ..COORDINATES },
        update: UpdatePolicy { momentum: 0.7, nesterov: true, ..UPDATE },
        ..workers(3, WorkerRows::Averaged, false)
    },
    Options {
        compartments: Compartments::Proportional,
        coordinates: CoordinatePolicy { accumulate: 2, transformation: Transformation::Ranks, ..COORDINATES },
        draws: Draws { period: Period::Steps(4), anew: Anew::All },
        ..workers(2, WorkerRows::Own, false)
    },
];

pub fn run<E: Executor>(executor: &mut E, memory: &mut [f32], report: &mut Report) -> Result<(), Mismatch> {
    let mut seen = Seen::default();
    for (o, options) in GRID.iter().enumerate() {
        let pairs = o % 4 == 1 && options.draws.anew == Anew::All;
        let mut ran = false;
        for (method, antithetic) in [(Method::Rbd, pairs), (Method::Fpd, false)] {
            if options.check(method, antithetic).is_err() {
                continue;
            }
            ran = true;
            let normalisation = [Normalisation::Auto, Normalisation::Row, Normalisation::Mean][o % 3];
            // Sometimes more than a block; sizes that tell dynamic compartments apart.
            let many = if options.compartments.is_dynamic() { 60 } else { [18, 4, 4, 4, 4][o % 5] };
            for (form, dimensions) in [(0, 5), (1, many), (2, 4), (STREAMED, many)] {
                let update = &options.update;
                if form == STREAMED && (!E::STREAMS || update.uses_gradient() || update.uses_correlation()) {
                    continue;
                }
                let subspace = Subspace { normalisation, antithetic, ..Subspace::of(dimensions) };
                let strategy = if form == 1 { Strategy::Fused } else { Strategy::TwoPass };
                let mut descent = Descent::new(method, SEED, subspace, strategy).with(*options);
                descent.keeps_rows = form == 2;
                steps(executor, memory, report, descent, [o, dimensions, form], &mut seen)?;
            }
        }
        assert!(ran, "options {o} of the grid do not go together");
    }
    // The thresholds are such that both sides of each occur.
    let Seen { left_out, kept, followed, other } = seen;
    assert!([left_out, kept, followed, other].iter().all(|count| *count > 0), "{seen:?}");
    Ok(())
}

/// The form of a step whose gradient is made tile by tile.
const STREAMED: usize = 3;

/// How often each branch of the correlation options was taken.
#[derive(Debug, Default)]
struct Seen {
    left_out: usize,
    kept: usize,
    followed: usize,
    other: usize,
}

/// Shape: the options' place in [`GRID`], directions, and 0 for two-pass, 1 for fused, 2 for kept rows, 3 for two-pass
/// without a gradient in memory.
fn steps<E: Executor>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    mut descent: Descent,
    shape: [usize; 3],
    seen: &mut Seen,
) -> Result<(), Mismatch> {
    let options = descent.options;
    let mut buffers = Buffers(memory);
    let input = buffers.cut_numbers(IMAGES * WORKERS_MAX * Layers::INPUT, 19);
    input.iter_mut().for_each(|x| *x *= 0.05);
    let mut labels = [0; WORKERS_MAX * IMAGES];
    (0..labels.len()).for_each(|i| labels[i] = (i * 7 % 10) as u8);
    let all = Batch { input, labels: &labels };
    let mut batch = all.slice(0, descent.batches() * IMAGES);

    let sizes = Sizes::of_descent::<Net>(&descent, IMAGES, 2);
    let sizes = if shape[2] == STREAMED { sizes.without_gradient() } else { sizes };
    let mut got = Memory::carve(sizes, buffers.cut(sizes.floats()));
    descent.start::<Net, E>(executor, &mut got);
    let updates = options.workers.updates();
    let mut want = Plain {
        descent,
        weights: buffers.cut(PARAMS),
        initial: buffers.cut(PARAMS),
        anchor: buffers.cut(PARAMS),
        velocity: buffers.cut(PARAMS),
        step: buffers.cut(PARAMS),
        gradient: buffers.cut(PARAMS),
        row: buffers.cut(PARAMS),
        activations: buffers.cut(IMAGES * Layers::ACTIVATIONS),
        deltas: buffers.cut(IMAGES * Layers::ACTIVATIONS),
        coordinates: buffers.cut(sizes.coordinates),
        position: buffers.cut(updates * PER_UPDATE),
        redraws: buffers.cut(updates * PER_UPDATE),
        factors: [1.0; ENDS.len()],
        of_weight: [0; PARAMS],
        sizes: [0; 8],
    };
    want.start();
    for t in 0..STEPS {
        let scheduled = options.update.sgd_steps && t % 3 == 1;
        let rates = Rates { sgd_step: scheduled, ..RATES };
        let outcome = descent.step::<Net, Libm, E>(executor, rates, &mut batch, &mut got);
        let (loss, right, sgd) = want.step(t as u64, scheduled, batch);
        if !scheduled {
            compare(report, "coordinates with options", shape, want.coordinates, got.coordinates)?;
        }
        if options.update.sgd_below.is_some() {
            *(if sgd { &mut seen.followed } else { &mut seen.other }) += 1;
        }
        if options.update.surgeon.is_some() && !sgd {
            let zeros = want.factors.iter().filter(|factor| **factor == 0.0).count();
            seen.left_out += zeros;
            seen.kept += want.factors.len() - zeros;
        }
        if options.update.has_factors() && !sgd {
            compare(report, "factors", shape, &want.factors, got.factors)?;
        }
        compare(report, "weights with options", shape, want.weights, got.weights)?;
        let reported = [outcome.loss, outcome.right as f32, f32::from(u8::from(outcome.sgd))];
        let wanted = [loss, right, f32::from(u8::from(sgd))];
        compare(report, "outcome with options", shape, &wanted, &reported)?;
    }
    Ok(())
}

/// The most coordinates of one update in [`GRID`].
const PER_UPDATE: usize = 128;

/// The state of a training in scalar code, and its buffers.
struct Plain<'a> {
    descent: Descent,
    weights: &'a mut [f32],
    initial: &'a mut [f32],
    anchor: &'a mut [f32],
    velocity: &'a mut [f32],
    step: &'a mut [f32],
    gradient: &'a mut [f32],
    row: &'a mut [f32],
    activations: &'a mut [f32],
    deltas: &'a mut [f32],
    coordinates: &'a mut [f32],
    position: &'a mut [f32],
    /// As numbers, not as bits.
    redraws: &'a mut [f32],
    factors: [f32; ENDS.len()],
    /// The compartment of each weight.
    of_weight: [u8; PARAMS],
    /// How many weights each compartment has.
    sizes: [usize; 8],
}

/// The compartment of a weight that is in none.
const NOWHERE: u8 = 255;

/// The tensor of a weight.
fn tensor_of(e: usize) -> usize {
    ENDS.iter().position(|end| e < *end).expect("a weight")
}

impl Plain<'_> {
    fn start(&mut self) {
        nn::initial_weights::<Net, _>(&mut Serial::<Array<1>>::new(), SEED, self.initial);
        self.weights.copy_from_slice(self.initial);
        self.velocity.fill(0.0);
        self.position.fill(0.0);
        self.redraws.fill(0.0);
        self.find_compartments();
    }

    fn options(&self) -> Options {
        self.descent.options
    }

    /// Whether weight `e` moves along random directions.
    fn in_space(&self, e: usize) -> bool {
        !self.options().update.sgd_layers.contains(tensor_of(e) as u32 / 2 + 1)
    }

    /// 9.1: the compartment of weight `e` of the space, which is number `number` of it.
    fn compartment_of(&self, e: usize, number: usize) -> usize {
        let tensor = tensor_of(e);
        let first = (0..ENDS.len()).find(|t| self.in_space(ENDS[*t] - 1)).expect("a space");
        match self.options().compartments {
            Compartments::Whole => 0,
            Compartments::Weights(n) => number / n as usize,
            Compartments::Layers(n) => (tensor / 2 - first / 2) / n as usize,
            Compartments::Type if tensor % 2 == 1 => {
                (0..ENDS.len()).filter(|t| t % 2 == 0 && self.in_space(ENDS[*t] - 1)).count()
            }
            Compartments::Type => tensor / 2 - first / 2,
            Compartments::Proportional | Compartments::Exponential => tensor - first,
        }
    }

    /// Finds the compartment of every weight, and how many weights each has.
    fn find_compartments(&mut self) {
        let mut number = 0;
        for e in 0..PARAMS {
            self.of_weight[e] = NOWHERE;
            if self.in_space(e) {
                let k = self.compartment_of(e, number);
                number += 1;
                self.of_weight[e] = k as u8;
                self.sizes[k] += 1;
            }
        }
    }

    /// Copies the elements of compartment `k` from `array` to `out`.
    fn take(&self, k: usize, array: &[f32], out: &mut [f32]) {
        let elements = (0..PARAMS).filter(|e| usize::from(self.of_weight[*e]) == k);
        elements.zip(out).for_each(|(e, out)| *out = array[e]);
    }

    fn compartments(&self) -> usize {
        self.sizes.iter().filter(|size| **size > 0).count()
    }

    fn dimensions(&self, k: usize, n: usize) -> usize {
        let (d, count) = (self.descent.subspace.dimensions, self.compartments());
        let sizes = |weight: &dyn Fn(usize) -> u128| {
            let mut start = 0;
            let mut all = 0;
            for end in ENDS {
                all += weight(end - start);
                start = end;
            }
            10.max((d as u128 * weight(n) / all) as usize)
        };
        match self.options().compartments {
            Compartments::Proportional => sizes(&|n| n as u128),
            Compartments::Exponential => sizes(&|n| {
                let x = (n as u128) << 40;
                n as u128 * (0u128..).take_while(|root| root.pow(5) <= x).last().expect("zero")
            }),
            _ if self.options().split => d / count + usize::from(k < d % count),
            _ => d,
        }
    }

    fn first(&self, k: usize) -> usize {
        (0..k).map(|before| self.dimensions(before, self.sizes[before])).sum()
    }

    fn role(&self) -> Period {
        match self.descent.method {
            Method::Fpd => Period::Never,
            _ => self.options().coordinates.reset,
        }
    }

    /// The basis of compartment `k` of update `u` at step `t`, as far as its direction `i` is concerned.
    fn basis(&self, t: u64, u: usize, k: usize, at: usize, i: usize) -> Basis<'static> {
        let options = self.options();
        let own = if options.workers.rows == WorkerRows::Own { u } else { 0 };
        let redraw = match options.draws {
            _ if self.descent.method == Method::Fpd => 0,
            Draws { anew: Anew::All, period: Period::Steps(p) } => t / u64::from(p),
            Draws { anew: Anew::All, period: Period::Never } => 0,
            _ => self.redraws[own * PER_UPDATE + at + i] as u64,
        };
        self.descent.subspace.draw(Key::new(Domain::Basis, SEED, redraw, own as u32, k as u32))
    }

    /// The norm of that direction, of `n` elements.
    fn norm(&mut self, basis: &Basis<'_>, i: usize, n: usize) -> f32 {
        plain::direction(basis, i, &mut self.row[..n]);
        plain::norm(basis, &self.row[..n])
    }

    /// 9.3. Returns loss, right answers, and whether it was an SGD step.
    fn step(&mut self, t: u64, scheduled: bool, batch: Batch<'_>) -> (f32, f32, bool) {
        let options = self.options();
        let count = options.workers.count as usize;
        let (mut loss, mut right) = (0.0, 0.0);
        if scheduled {
            let seen = self.gradient(batch);
            self.follow_gradient();
            return (seen.0, seen.1, true);
        }
        let per_worker = self.coordinates.len() / if self.is_split() { 1 } else { count };
        for w in 0..count {
            let images = batch.slice(if options.workers.same_images { 0 } else { w * IMAGES }, IMAGES);
            let seen = self.gradient(images);
            if options.workers.same_images {
                (loss, right) = seen;
            } else {
                loss += seen.0;
                right += seen.1;
            }
            for k in 0..self.compartments() {
                let at = self.first(k);
                let n = self.sizes[k];
                let d = self.dimensions(k, n);
                let mut g = [0.0; PARAMS];
                self.take(k, self.gradient, &mut g);
                for i in 0..d {
                    if self.is_split() && !(w * d / count..(w + 1) * d / count).contains(&i) {
                        continue;
                    }
                    let basis = self.basis(t, w, k, at, i);
                    let norm = self.norm(&basis, i, n);
                    let product = plain::product(&basis, i, &g[..n]);
                    let start = if self.is_split() { 0 } else { w * per_worker };
                    self.coordinates[start + at + i] = plain::quotient(product, norm);
                }
            }
        }
        let sgd = self.join(t, per_worker);
        if !options.workers.same_images {
            loss *= 1.0 / count as f32;
        }
        (loss, right, sgd)
    }

    fn is_split(&self) -> bool {
        self.options().workers.rows == WorkerRows::Split
    }

    /// 3 to 8.
    fn join(&mut self, t: u64, per_worker: usize) -> bool {
        let Options { workers, coordinates, update, .. } = self.options();
        let count = workers.count as usize;
        let averaged = if self.is_split() { 1.0 } else { count as f32 };
        let r = RATES.method / averaged;
        let uses_step = update.momentum != 0.0
            || update.multiplier
            || update.surgeon.is_some()
            || update.sgd_below.is_some();
        let kept = self.role() != Period::Steps(1);
        if kept {
            let begins = match self.role() {
                Period::Steps(n) => t.is_multiple_of(u64::from(n)),
                Period::Never => t == 0,
            };
            if begins {
                self.position.fill(0.0);
                self.anchor.copy_from_slice(self.weights);
            }
            self.weights.copy_from_slice(self.anchor);
        }
        let n = u64::from(coordinates.accumulate);
        if n > 1 && t.is_multiple_of(n) {
            self.position.fill(0.0);
        }
        self.step.fill(0.0);
        let updates = if matches!(workers.rows, WorkerRows::Own | WorkerRows::Shared) { count } else { 1 };
        for u in 0..updates {
            for k in 0..self.compartments() {
                let at = self.first(k);
                let len = self.sizes[k];
                let d = self.dimensions(k, len);
                let mut c = [0.0; PER_UPDATE];
                let c = &mut c[..d];
                for (i, c) in c.iter_mut().enumerate() {
                    *c = match workers.rows {
                        WorkerRows::Averaged => {
                            (0..count).fold(0.0, |sum, w| sum + self.coordinates[w * per_worker + at + i])
                        }
                        WorkerRows::Split => self.coordinates[at + i],
                        _ => self.coordinates[u * per_worker + at + i],
                    };
                }
                let mut f = [0.0; PER_UPDATE];
                let f = &mut f[..d];
                plain::transformation(coordinates.transformation, c, f);
                for i in 0..d {
                    if !is_kept(coordinates.top, c, i) {
                        f[i] = 0.0;
                    }
                }
                let scale = if kept || n > 1 { 1.0 } else { -r };
                if kept || n > 1 {
                    for i in 0..d {
                        let z = &mut self.position[u * PER_UPDATE + at + i];
                        *z -= r * f[i];
                        f[i] = *z;
                    }
                }
                if n == 1 || (t + 1).is_multiple_of(n) {
                    self.lift(t, u, k, at, len, f, scale, uses_step);
                }
                for i in 0..d {
                    let anew = match self.options().draws.anew {
                        Anew::All => false,
                        Anew::Low(x) => place(c, i) >= d - (x * d as f32) as usize,
                        Anew::High(x) => place(c, i) < (x * d as f32) as usize,
                    };
                    // Not before all lifts of the step, which there is only one of for this direction.
                    if anew {
                        self.redraws[u * PER_UPDATE + at + i] = (t + 1) as f32;
                    }
                }
            }
        }
        self.finish(uses_step)
    }

    fn lift(
        &mut self,
        t: u64,
        u: usize,
        k: usize,
        at: usize,
        n: usize,
        z: &[f32],
        scale: f32,
        onto_step: bool,
    ) {
        let d = z.len();
        let mut elements = [0.0; PARAMS];
        self.take(k, if onto_step { self.step } else { self.weights }, &mut elements);
        let mut coefficients = [0.0; PER_UPDATE];
        for (i, a) in coefficients[..d].iter_mut().enumerate() {
            let norm = self.norm(&self.basis(t, u, k, at, i), i, n);
            *a = match self.descent.subspace.normalisation {
                Normalisation::Mean => z[i] / d as f32,
                _ => plain::quotient(z[i], norm),
            };
        }
        plain::lift_along(|i| self.basis(t, u, k, at, i), &coefficients[..d], scale, &mut elements[..n]);
        let target = if onto_step { &mut *self.step } else { &mut *self.weights };
        let places = (0..PARAMS).filter(|e| usize::from(self.of_weight[*e]) == k);
        places.zip(&elements).for_each(|(e, x)| target[e] = *x);
    }

    /// 5 to 7.
    fn finish(&mut self, uses_step: bool) -> bool {
        let update = self.options().update;
        self.factors = [1.0; ENDS.len()];
        if update.multiplier || update.surgeon.is_some() || update.sgd_below.is_some() {
            let (mut all, mut least, mut start) = ([0.0; 3], 2.0, 0);
            for (tensor, end) in ENDS.into_iter().enumerate() {
                let range = core::mem::replace(&mut start, end)..end;
                if !self.in_space(end - 1) {
                    continue;
                }
                let (s, g) = (&self.step[range.clone()], &self.gradient[range]);
                let products =
                    [plain::inner_product(s, g), plain::inner_product(s, s), plain::inner_product(g, g)];
                (0..3).for_each(|i| all[i] += products[i]);
                let cos = cosine(products);
                least = if cos < least { cos } else { least };
                if update.surgeon.is_some_and(|threshold| cos < threshold) {
                    self.factors[tensor] = 0.0;
                }
            }
            if update.sgd_below.is_some_and(|threshold| least < threshold) {
                self.follow_gradient();
                return true;
            }
            if update.multiplier {
                for tensor in 0..ENDS.len() {
                    if self.in_space(ENDS[tensor] - 1) {
                        self.factors[tensor] *= if cosine(all) > 0.0 { cosine(all) } else { 0.0 };
                    }
                }
            }
            if update.multiplier || update.surgeon.is_some() {
                for e in 0..PARAMS {
                    self.step[e] *= self.factors[tensor_of(e)];
                }
            }
        }
        for e in 0..PARAMS {
            if self.in_space(e) {
                continue;
            }
            let target = if uses_step { &mut self.step[e] } else { &mut self.weights[e] };
            *target += -RATES.sgd * self.gradient[e];
        }
        if uses_step {
            self.advance();
        }
        false
    }

    /// 7.
    fn advance(&mut self) {
        let UpdatePolicy { momentum, nesterov, .. } = self.options().update;
        for e in 0..PARAMS {
            let s = self.step[e];
            if momentum == 0.0 {
                self.weights[e] += s;
                continue;
            }
            self.velocity[e] = momentum * self.velocity[e] + s;
            self.weights[e] += if nesterov { momentum * self.velocity[e] + s } else { self.velocity[e] };
        }
    }

    fn follow_gradient(&mut self) {
        if self.options().update.momentum == 0.0 {
            for e in 0..PARAMS {
                self.weights[e] += -RATES.sgd * self.gradient[e];
            }
            return;
        }
        for e in 0..PARAMS {
            self.step[e] = 0.0 + -RATES.sgd * self.gradient[e];
        }
        self.advance();
    }

    fn gradient(&mut self, batch: Batch<'_>) -> (f32, f32) {
        let mut serial = Serial::<Array<1>>::new();
        nn::gradient::<Net, Libm, _>(
            &mut serial,
            self.weights,
            batch,
            self.activations,
            self.deltas,
            self.gradient,
        );
        loss_of(Layers::output(self.activations, IMAGES), batch.labels)
    }
}

/// The cosine of a step and the negative gradient, of their products.
fn cosine([both, step, gradient]: [f32; 3]) -> f32 {
    let divisor = libm::sqrtf(step) * libm::sqrtf(gradient);
    if divisor > 0.0 { (0.0 - both) / divisor } else { 0.0 }
}

/// m_i: the place by magnitude.
fn place(c: &[f32], i: usize) -> usize {
    let before = |&j: &usize| c[j].abs() > c[i].abs() || (c[j].abs() == c[i].abs() && j < i);
    (0..c.len()).filter(before).count()
}

fn is_kept(top: Top, c: &[f32], i: usize) -> bool {
    let part = |x: f32| ((x * c.len() as f32) as usize).max(1);
    match top {
        Top::All => true,
        Top::Count(count) => place(c, i) < count as usize,
        Top::Fraction(x) if x > 0.0 => place(c, i) < part(x),
        Top::Fraction(x) => place(c, i) >= c.len() - part(-x),
    }
}
