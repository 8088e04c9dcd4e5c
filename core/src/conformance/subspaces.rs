//! Rows, projection, lift, both strategies.

use super::{Buffers, Mismatch, Report, compare, plain};
use crate::basis::{Distribution, Row};
use crate::numerics::{BLOCK, Lanes, TILE};
use crate::random::{Domain, Key};
use crate::step::{Executor, Superstep};
use crate::subspace::{self, Basis, Coordinates, Normalisation, Rule, Strategy};

/// Around every edge: nothing, one, lanes, octets, tiles.
const LENGTHS: [usize; 21] = [
    0,
    1,
    2,
    3,
    15,
    16,
    17,
    31,
    32,
    33,
    127,
    128,
    129,
    255,
    1000,
    TILE - 1,
    TILE,
    TILE + 1,
    TILE + 144,
    2 * TILE - 127,
    2 * TILE + 17,
];

/// Around the edges of a block of directions.
const DIMENSIONS: [usize; 7] = [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3, 3 * BLOCK + 8];

// So that the pairs below are all there are.
const _: () = assert!(DIMENSIONS.len() == Distribution::EXAMPLES.len());

const NORMALISATIONS: [Normalisation; 4] =
    [Normalisation::Mean, Normalisation::Row, Normalisation::By(3.7), Normalisation::Auto];

pub fn run<E: Executor>(executor: &mut E, memory: &mut [f32], report: &mut Report) -> Result<(), Mismatch> {
    for params in LENGTHS {
        for distribution in 0..Distribution::EXAMPLES.len() {
            rows(executor, memory, report, params, distribution)?;
        }
        for (k, dimensions) in DIMENSIONS.into_iter().enumerate() {
            // Every pair of distribution and normalisation meets every length, at some number of directions.
            for (n, normalisation) in NORMALISATIONS.into_iter().enumerate() {
                let which = (k + n) % Distribution::EXAMPLES.len();
                let distribution = Distribution::EXAMPLES[which];
                let key = Key::new(Domain::Basis, 11, params as u64, 1, k as u32);
                for antithetic in [false, true] {
                    let basis =
                        Basis { key, redraws: None, distribution, normalisation, dimensions, antithetic };
                    updates(executor, memory, report, params, &basis, which)?;
                }
            }
        }
    }
    Ok(())
}

/// A superstep that writes a row, for the test.
struct WriteRow(Row);

impl Superstep for WriteRow {
    const NAME: &'static str = "write row";

    fn chunk(&self) -> usize {
        TILE
    }

    /// Nothing: a row is a function.
    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        self.0.tile::<V>(index as u32, out);
    }
}

/// Shape: length, direction, distribution's place in [`Distribution::EXAMPLES`].
fn rows<E: Executor>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    params: usize,
    which: usize,
) -> Result<(), Mismatch> {
    let distribution = Distribution::EXAMPLES[which];
    let key = Key::new(Domain::Basis, 5, 6, 7, 8);
    for direction in [0, 1, 1_000_000] {
        let mut buffers = Buffers(memory);
        let (got, want) = (buffers.cut(params), buffers.cut(params));
        executor.run(&WriteRow(Row { key, direction: direction as u32, distribution }), got);
        plain::row(key, direction, distribution, want);
        compare(report, "row", [params, direction, which], want, got)?;
    }
    Ok(())
}

/// Shape: length, dimensions, distribution.
fn updates<E: Executor>(
    executor: &mut E,
    memory: &mut [f32],
    report: &mut Report,
    params: usize,
    basis: &Basis<'_>,
    which: usize,
) -> Result<(), Mismatch> {
    let d = basis.dimensions;
    let shape = [params, d, which];
    let mut buffers = Buffers(memory);
    let gradient = buffers.cut_numbers(params, 1);
    let start = buffers.cut_numbers(params, 2);
    let previous = buffers.cut_numbers(d, 3);
    let row = buffers.cut(params);
    let (coordinates, norms, coefficients) = (buffers.cut(d), buffers.cut(d), buffers.cut(d));
    let (want, got) = (buffers.cut(params), buffers.cut(params));
    let (values, got_norms) = (buffers.cut(d), buffers.cut(d));

    for i in 0..d {
        plain::direction(basis, i, row);
        norms[i] = plain::norm(basis, row);
        coordinates[i] = plain::quotient(plain::product(basis, i, gradient), norms[i]);
    }
    let rate = 0.3;
    for (rule, scale) in [(Rule::Current, -rate), (Rule::Integrated { previous, rate }, 1.0)] {
        for i in 0..d {
            let z = match rule {
                Rule::Current => coordinates[i],
                Rule::Integrated { .. } => previous[i] - rate * coordinates[i],
            };
            coefficients[i] = plain::coefficient(basis, z, norms[i]);
        }
        want.copy_from_slice(start);
        plain::lift(basis, coefficients, scale, want);

        for (strategy, wave) in [(Strategy::TwoPass, 1), (Strategy::Fused, 1), (Strategy::Fused, 2)] {
            let mut buffers = Buffers(&mut *buffers.0);
            let scratch = buffers.cut(strategy.scratch_for(params, d, wave));
            let mut buffers = Coordinates { values, norms: got_norms, scratch };
            got.copy_from_slice(start);
            subspace::update(executor, strategy, basis, gradient, rule, scale, got, &mut buffers);
            let [coordinate_name, norm_name, weight_name] = match strategy {
                Strategy::TwoPass => ["two-pass coordinates", "two-pass norms", "two-pass weights"],
                Strategy::Fused => ["fused coordinates", "fused norms", "fused weights"],
            };
            compare(report, coordinate_name, shape, coordinates, buffers.values)?;
            compare(report, norm_name, shape, norms, buffers.norms)?;
            compare(report, weight_name, shape, want, got)?;
        }
        // What a journal does: the same weights from z alone.
        let mut buffers = Buffers(&mut *buffers.0);
        let scratch = buffers.cut(Strategy::TwoPass.scratch(params, d));
        let z = buffers.cut(d);
        (0..d).for_each(|i| z[i] = rule.apply(i, coordinates[i]));
        got.copy_from_slice(start);
        subspace::replay(executor, basis, z, scale, got, got_norms, scratch);
        compare(report, "replayed weights", shape, want, got)?;
    }
    Ok(())
}
