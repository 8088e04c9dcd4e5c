//! Rows to look at, and the laws they claim.

use random_bases::executor::Threads;
use random_bases_core::basis::{Distribution, Row};
use random_bases_core::numerics::{Lanes, TILE};
use random_bases_core::random::{Domain, Key};
use random_bases_core::step::{Executor, Superstep};

/// Rows of a [`sample`].
const SAMPLE_ROWS: u32 = 512;

/// Elements of a row of a [`sample`].
pub const SAMPLE_ROW_LEN: usize = 16 * TILE;

/// Where a row starts: what names it, and its first tile.
#[derive(Clone, Copy)]
pub struct Start {
    pub key: Key,
    pub direction: u32,
    pub tile: u32,
}

impl Start {
    /// Direction 0, tile 0 of the basis of this key.
    pub fn of(key: Key) -> Self {
        Self { key, direction: 0, tile: 0 }
    }
}

/// Writes `tiles` tiles of each row, the first `chunk` elements of each tile.
struct Write<'a> {
    distribution: Distribution,
    starts: &'a [Start],
    tiles: usize,
    chunk: usize,
}

impl Superstep for Write<'_> {
    const NAME: &'static str = "write rows";

    fn chunk(&self) -> usize {
        self.chunk
    }

    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let Start { key, direction, tile } = self.starts[index / self.tiles];
        let row = Row { key, direction, distribution: self.distribution };
        row.tile::<V>(tile + (index % self.tiles) as u32, out);
    }
}

/// Rows one after the other, each of `tiles` tiles of which the first `chunk` elements are taken.
pub fn rows(distribution: Distribution, starts: &[Start], tiles: usize, chunk: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; starts.len() * tiles * chunk];
    let mut executor = Threads::new(0, None).expect("the best vector level exists");
    executor.run(&Write { distribution, starts, tiles, chunk }, &mut out);
    out
}

/// The main sample: 2^25 elements in 512 rows of 16 tiles, over all parts of a row's name.
pub fn sample(distribution: Distribution) -> Vec<f32> {
    let start = |i: u32| {
        let (worker, compartment) = (i >> 3 & 1, i >> 4 & 1);
        let key =
            Key::new(Domain::Basis, 2026 + u64::from(i >> 5 & 1), u64::from(i >> 6), worker, compartment);
        Start { direction: i & 7, ..Start::of(key) }
    };
    let starts: Vec<_> = (0..SAMPLE_ROWS).map(start).collect();
    rows(distribution, &starts, SAMPLE_ROW_LEN / TILE, TILE)
}

/// What the checks of dependence need to know of a distribution.
#[derive(Clone, Copy)]
pub struct Law {
    pub mean: f64,
    pub variance: f64,
    /// Of x^2.
    pub square_variance: f64,
    /// Of x^2: its fourth central moment over the square of its variance, less 3.
    pub square_kurtosis: f64,
    /// Whether elements are integers of one parity, so that sums are such integers, too.
    pub lattice: bool,
}

impl Law {
    pub fn of(distribution: Distribution) -> Self {
        match distribution {
            // Of hadamard-normal joint cumulants of order six and more differ: nothing that the checks resolve.
            Distribution::Normal | Distribution::HadamardNormal => {
                Self { mean: 0.0, variance: 1.0, square_variance: 2.0, square_kurtosis: 12.0, lattice: false }
            }
            // Those of the continuous uniform distribution but for the mean; the variance is 7.8e-11 less.
            Distribution::Uniform => Self {
                mean: -1.0 / 65536.0,
                variance: 1.0 / 3.0,
                square_variance: 4.0 / 45.0,
                square_kurtosis: -6.0 / 7.0,
                lattice: false,
            },
            Distribution::Rademacher => {
                Self { mean: 0.0, variance: 1.0, square_variance: 0.0, square_kurtosis: 0.0, lattice: true }
            }
            // Two values, 2 apart: a square has two values as well, 4 (1 - 2p) apart. Sums are no integers.
            Distribution::Bernoulli(probability) => {
                let p = f64::from(probability.value());
                let spread = p * (1.0 - p);
                Self {
                    mean: 0.0,
                    variance: 4.0 * spread,
                    square_variance: spread * (4.0 * (1.0 - 2.0 * p)).powi(2),
                    square_kurtosis: (1.0 - 6.0 * spread) / spread,
                    lattice: false,
                }
            }
            other => panic!("{other} has no law here"),
        }
    }
}

/// The inner product of two slices of one length, in f64: eight sums, then theirs.
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = a_chunks.remainder().iter().zip(b_chunks.remainder());
    let rest: f64 = rest.map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
    let mut sums = [0.0; 8];
    for (x, y) in a_chunks.zip(b_chunks) {
        for i in 0..8 {
            sums[i] += f64::from(x[i]) * f64::from(y[i]);
        }
    }
    rest + sums.iter().sum::<f64>()
}
