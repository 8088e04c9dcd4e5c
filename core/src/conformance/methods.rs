//! Methods: whole steps of a small network, against the same steps in scalar code.
//!
//! Gradients and forward passes are compared elsewhere; here they come from the serial executor, and everything around
//! them is written down once more.

use super::networks::Mlp;
use super::{Buffers, Mismatch, Report, compare, plain};
use crate::descent::{Descent, Evolution, GradientBases, Landscape, Memory, Method, Sizes, Subspace};
use crate::nn::{self, Batch, Layer, Network};
use crate::numerics::{Array, BLOCK, Libm, TILE};
use crate::random::{Domain, Key};
use crate::step::{Executor, Serial};
use crate::subspace::{Basis, Normalisation, Strategy, Transformation, stored};

type Net = Mlp<33, 31, 10>;
type Layers = <Net as Network>::Layers;

/// Images per mini-batch.
const IMAGES: usize = 3;
/// More than the smallest basis holds, twice.
const STEPS: usize = 5;
const RATE: f32 = 0.3;
const SEED: u64 = 77;

pub fn run<E: Executor>(executor: &mut E, memory: &mut [f32], report: &mut Report) -> Result<(), Mismatch> {
    for len in [1, 2, 3, 63, 64, 65, 200] {
        for transformation in Transformation::ALL {
            transform(executor, memory, report, transformation, len)?;
        }
    }
    for len in [1, 17, TILE - 1, TILE, TILE + 1, 2 * TILE + 17] {
        for rows in [1, 2, BLOCK, BLOCK + 1] {
            stored_rows(executor, memory, report, len, rows)?;
        }
    }
    for (m, method) in METHODS.into_iter().enumerate() {
        for dimensions in [2, 18] {
            for antithetic in [false, true] {
                let normalisation = [Normalisation::Mean, Normalisation::Row, Normalisation::Auto][m % 3];
                let dimensions = if matches!(method, Method::Sgd) { 0 } else { dimensions };
                let subspace = Subspace { normalisation, antithetic, ..Subspace::of(dimensions) };
                for wave in [1, 3] {
                    steps(executor, memory, report, method, subspace, [m, dimensions, wave])?;
                }
            }
        }
    }
    Ok(())
}

/// Every method, with every option of its own.
const METHODS: [Method; 14] = [
    Method::Sgd,
    Method::Rbd,
    Method::Fpd,
    Method::Nes(Evolution { noise: 0.01, transformation: Transformation::Ranks }),
    Method::Nes(Evolution { noise: 0.05, transformation: Transformation::None }),
    Method::Nes(Evolution { noise: 0.02, transformation: Transformation::Norm }),
    Method::Hybrid(Evolution { noise: 0.002, transformation: Transformation::Ranks }),
    Method::GradientBases(GradientBases { offset: false, use_update_as_base: false }),
    Method::GradientBases(GradientBases { offset: true, use_update_as_base: false }),
    Method::GradientBases(GradientBases { offset: false, use_update_as_base: true }),
    Method::GradientBases(GradientBases { offset: true, use_update_as_base: true }),
    Method::Landscape(Landscape { bins: 3, distance: 0.01, curvature: false }),
    Method::Landscape(Landscape { bins: 3, distance: 0.02, curvature: true }),
    Method::Landscape(Landscape { bins: 7, distance: 0.003, curvature: true }),
];

/// Shape: the transformation's number, length, 0.
fn transform<E: Executor>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    transformation: Transformation,
    len: usize,
) -> Result<(), Mismatch> {
    let mut buffers = Buffers(memory);
    let (got, want, scratch) = (buffers.cut_numbers(len, 5), buffers.cut(len), buffers.cut(len));
    // Few different values, so that some are equal.
    got.iter_mut().for_each(|x| *x = (*x * 3.0) as i32 as f32);
    plain::transformation(transformation, got, want);
    transformation.apply(executor, got, scratch);
    compare(report, "transformation", [transformation as usize, len, 0], want, got)
}

/// Shape: length, rows, 0.
fn stored_rows<E: Executor>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    len: usize,
    count: usize,
) -> Result<(), Mismatch> {
    let shape = [len, count, 0];
    let mut buffers = Buffers(memory);
    // Numbers for one row, each row from another place on: so many rows would not fit.
    let numbers = buffers.cut_numbers(len + count, 6);
    let x = buffers.cut_numbers(len, 7);
    let coefficients = buffers.cut_numbers(count, 8);
    let rows = buffers.cut(count * len);
    for (i, row) in rows.chunks_exact_mut(len).enumerate() {
        row.copy_from_slice(&numbers[i..i + len]);
    }
    let (want, got) = (buffers.cut(len), buffers.cut(len));
    let (want_dots, got_dots) = (buffers.cut(count), buffers.cut(count));
    let scratch = buffers.cut(stored::scratch(len, count));

    for (want, row) in want_dots.iter_mut().zip(rows.chunks_exact(len)) {
        *want = plain::inner_product(row, x);
    }
    stored::dots(executor, rows, x, got_dots, scratch);
    compare(report, "stored dots", shape, want_dots, got_dots)?;
    plain::weighted_sum(coefficients, want, |i| &rows[i * len..][..len]);
    stored::sum(executor, rows, coefficients, got);
    compare(report, "sum of stored rows", shape, want, got)?;
    store(x, want);
    stored::store(executor, x, got, scratch);
    compare(report, "stored row", shape, want, got)
}

/// Shape: the method's place in [`METHODS`], directions, offspring or blocks at a time.
fn steps<E: Executor>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    method: Method,
    subspace: Subspace,
    shape: [usize; 3],
) -> Result<(), Mismatch> {
    let (params, d) = (Net::PARAMS, subspace.dimensions);
    let batches = method.batches(d);
    let mut buffers = Buffers(memory);
    let input = buffers.cut_numbers(IMAGES * batches * Layers::INPUT, 9);
    let mut labels = [0; 18 * IMAGES];
    (0..labels.len()).for_each(|i| labels[i] = (i * 7 % 10) as u8);
    let mut batch = Batch { input, labels: &labels[..IMAGES * batches] };

    let strategy = if shape[2] == 1 { Strategy::TwoPass } else { Strategy::Fused };
    let sizes = Sizes::with_wave::<Net>(method, IMAGES, d, strategy, shape[2]);
    let mut got = Memory::carve(sizes, buffers.cut(sizes.floats()));
    let mut descent = Descent::new(method, SEED, subspace, strategy);
    descent.start::<Net, E>(executor, &mut got);

    let mut want = Plain {
        weights: buffers.cut(params),
        coordinates: buffers.cut(d),
        position: buffers.cut(d),
        stored: buffers.cut(if matches!(method, Method::GradientBases(_)) { d * params } else { 0 }),
        row: buffers.cut(params),
        gradient: buffers.cut(params),
        activations: buffers.cut(IMAGES * Layers::ACTIVATIONS),
        deltas: buffers.cut(IMAGES * Layers::ACTIVATIONS),
        coefficients: buffers.cut(d),
        total: buffers.cut(params),
    };
    nn::initial_weights::<Net, _>(&mut Serial::<Array<1>>::new(), SEED, want.weights);
    want.position.fill(0.0);
    want.stored.fill(0.0);
    for step in 0..STEPS {
        let outcome = descent.step::<Net, Libm, E>(executor, RATE, &mut batch, &mut got);
        let (loss, right) = want.step(method, &subspace, step, batch);
        compare(report, "coordinates of a step", shape, want.coordinates, got.coordinates)?;
        compare(report, "weights after a step", shape, want.weights, got.weights)?;
        let reported = [outcome.loss, outcome.right as f32, outcome.images as f32];
        compare(report, "outcome of a step", shape, &[loss, right, batch_images(method, d)], &reported)?;
    }
    Ok(())
}

/// Images that a step's outcome counts.
fn batch_images(method: Method, d: usize) -> f32 {
    let offspring = if matches!(method, Method::Nes(_) | Method::Hybrid(_)) { d } else { 1 };
    (IMAGES * offspring) as f32
}

/// The state of a training in scalar code, and its buffers.
struct Plain<'a> {
    weights: &'a mut [f32],
    coordinates: &'a mut [f32],
    position: &'a mut [f32],
    stored: &'a mut [f32],
    row: &'a mut [f32],
    gradient: &'a mut [f32],
    activations: &'a mut [f32],
    deltas: &'a mut [f32],
    coefficients: &'a mut [f32],
    total: &'a mut [f32],
}

impl Plain<'_> {
    /// Section 9. Returns the loss and the number of right answers.
    fn step(&mut self, method: Method, subspace: &Subspace, step: usize, batch: Batch<'_>) -> (f32, f32) {
        let redraw = if matches!(method, Method::Fpd) { 0 } else { step as u64 };
        let basis = subspace.draw(Key::new(Domain::Basis, SEED, redraw, 0, 0));
        match method {
            Method::Nes(evolution) => self.evolve(&basis, evolution, batch, false),
            Method::Hybrid(evolution) => self.evolve(&basis, evolution, batch, true),
            Method::Landscape(landscape) => self.look(&basis, landscape, batch),
            _ => {
                let outcome = self.gradient(batch);
                match method {
                    Method::Sgd => add(self.weights, -RATE, self.gradient),
                    Method::GradientBases(options) => self.gradient_bases(options, step),
                    _ => self.random_basis(method, &basis),
                }
                outcome
            }
        }
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

    fn random_basis(&mut self, method: Method, basis: &Basis) {
        for i in 0..basis.dimensions {
            plain::direction(basis, i, self.row);
            let norm = plain::norm(basis, self.row);
            self.coordinates[i] = plain::quotient(plain::product(basis, i, self.gradient), norm);
            self.position[i] -= RATE * self.coordinates[i];
            let z = if method == Method::Fpd { self.position[i] } else { self.coordinates[i] };
            self.coefficients[i] = plain::coefficient(basis, z, norm);
        }
        let mut scale = -RATE;
        if method == Method::Fpd {
            nn::initial_weights::<Net, _>(&mut Serial::<Array<1>>::new(), SEED, self.weights);
            scale = 1.0;
        }
        plain::lift(basis, self.coefficients, scale, self.weights);
    }

    fn evolve(
        &mut self,
        basis: &Basis<'_>,
        evolution: Evolution,
        batch: Batch<'_>,
        shared: bool,
    ) -> (f32, f32) {
        let (mut loss, mut right) = (0.0, 0.0);
        let d = basis.dimensions as f32;
        for i in 0..basis.dimensions {
            plain::direction(basis, i, self.row);
            for (x, theta) in self.row.iter_mut().zip(&*self.weights) {
                *x = theta + evolution.noise * *x;
            }
            let images = batch.slice(if shared { 0 } else { i * IMAGES }, IMAGES);
            let mut serial = Serial::<Array<1>>::new();
            nn::forward::<Net, _>(&mut serial, self.row, images.input, IMAGES, self.activations);
            let outcome = loss_of(Layers::output(self.activations, IMAGES), images.labels);
            self.position[i] = outcome.0;
            loss += outcome.0;
            right += outcome.1;
        }
        plain::transformation(evolution.transformation, self.position, self.coordinates);
        for i in 0..basis.dimensions {
            plain::direction(basis, i, self.row);
            let norm = plain::norm(basis, self.row);
            self.coefficients[i] = plain::coefficient(basis, self.coordinates[i], norm);
        }
        let scale = match basis.normalisation {
            _ if shared => RATE,
            Normalisation::Mean => RATE / evolution.noise,
            _ => RATE / (evolution.noise * d),
        };
        plain::lift(basis, self.coefficients, -scale, self.weights);
        (loss * (1.0 / d), right)
    }

    fn look(&mut self, basis: &Basis<'_>, landscape: Landscape, batch: Batch<'_>) -> (f32, f32) {
        let (h, d) = (landscape.distance, basis.dimensions);
        let at = |plain: &mut Self, i: usize, x: f32| {
            plain::direction(basis, i, plain.row);
            for (y, theta) in plain.row.iter_mut().zip(&*plain.weights) {
                *y = theta + x * *y;
            }
            let mut serial = Serial::<Array<1>>::new();
            let images = batch.slice(0, IMAGES);
            nn::forward::<Net, _>(&mut serial, plain.row, images.input, IMAGES, plain.activations);
            loss_of(Layers::output(plain.activations, IMAGES), images.labels)
        };
        let middle = at(self, 0, 0.0);
        let mut bends = [0.0; 18];
        for i in 0..d {
            let (after, before) = (at(self, i, h).0, at(self, i, -h).0);
            plain::direction(basis, i, self.row);
            let norm = plain::norm(basis, self.row);
            self.coordinates[i] = plain::quotient((after - before) / (2.0 * h), norm);
            bends[i] = ((after - middle.0) + (before - middle.0)).abs();
        }
        let mean = bends[..d].iter().fold(0.0, |sum, bend| sum + bend) * (1.0 / d as f32);
        for i in 0..d {
            if landscape.curvature && mean > 0.0 && bends[i] > mean {
                self.coordinates[i] /= bends[i] / mean;
            }
            plain::direction(basis, i, self.row);
            let norm = plain::norm(basis, self.row);
            self.coefficients[i] = plain::coefficient(basis, self.coordinates[i], norm);
        }
        plain::lift(basis, self.coefficients, -RATE, self.weights);
        middle
    }

    fn gradient_bases(&mut self, options: GradientBases, step: usize) {
        let (params, d) = (self.weights.len(), self.coordinates.len());
        let place = step % d * params..(step % d + 1) * params;
        if !options.offset {
            store(self.gradient, &mut self.stored[place.clone()]);
        }
        for (c, row) in self.coordinates.iter_mut().zip(self.stored.chunks_exact(params)) {
            *c = plain::inner_product(row, self.gradient);
        }
        plain::weighted_sum(self.coordinates, self.total, |i| &self.stored[i * params..][..params]);
        add(self.weights, -RATE, self.total);
        if options.use_update_as_base && (step >= d || !options.offset) {
            store(self.total, &mut self.stored[place]);
        } else if options.offset {
            store(self.gradient, &mut self.stored[place]);
        }
    }
}

/// The most images of a mini-batch in [`loss_of`].
const LABELS_MAX: usize = 8;

/// The mean loss of a mini-batch and how many are right, of its logits.
pub fn loss_of(logits: &[f32], labels: &[u8]) -> (f32, f32) {
    let (mut scratch, mut right) = ([0.0; 2 * LABELS_MAX], 0.0);
    let mut serial = Serial::<Array<1>>::new();
    let scratch = &mut scratch[..2 * labels.len()];
    let loss = nn::mean_loss::<Libm, _>(&mut serial, 10, logits, labels, scratch, |metrics| {
        right += if metrics.rank == 0 { 1.0 } else { 0.0 };
    });
    (loss, right)
}

fn store(x: &[f32], row: &mut [f32]) {
    let square = plain::inner_product(x, x);
    for (row, x) in row.iter_mut().zip(x) {
        *row = plain::quotient(*x, square);
    }
}

fn add(weights: &mut [f32], scale: f32, direction: &[f32]) {
    for (weight, x) in weights.iter_mut().zip(direction) {
        *weight += scale * x;
    }
}
