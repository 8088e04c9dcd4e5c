//! Independence between rows, above all between rows whose names are neighbours.
//!
//! The inner product of two independent rows, divided by the variance and sqrt(D), is N(0, 1) but for terms of 1 / D.
//! Families of 256 rows that differ in one part of their name give 32,640 products each. Those products are pairwise
//! uncorrelated; what they share (rows' norms) changes the law of the distance below by less than 1 %.

use rand_core::Rng;
use rand_xorshift::XorShiftRng;
use random_bases_core::basis::Distribution;
use random_bases_core::numerics::TILE;
use random_bases_core::random::{Domain, Key, LANES};

use crate::dependence::lags;
use crate::findings::Findings;
use crate::rows::{Law, Start, dot, rows};
use crate::theory::{kolmogorov_distance, normal_cdf, p_of_kolmogorov, p_of_largest};

/// Elements of a row here: two tiles, or the first vector of 512 tiles.
pub const ROW_LEN: usize = 2 * TILE;

/// Rows of a family.
pub const ROWS: u32 = 256;

/// Rows whose names differ in one respect, each family with a run seed of its own (but for those that vary it).
fn families() -> Vec<(&'static str, Vec<Start>)> {
    let basis = |seed, redraw, worker, compartment| {
        Start::of(Key::new(Domain::Basis, seed, redraw, worker, compartment))
    };
    let domains = [Domain::Basis, Domain::Weights, Domain::Shuffle, Domain::Split, Domain::Images];
    let family = |name, start: &dyn Fn(u32) -> Start| (name, (0..ROWS).map(start).collect());
    vec![
        family("directions", &|i| Start { direction: i, ..basis(1000, 0, 0, 0) }),
        family("directions, high bits", &|i| Start { direction: i << 24, ..basis(1001, 0, 0, 0) }),
        family("tiles", &|i| Start { tile: 2 * i, ..basis(1002, 0, 0, 0) }),
        family("steps", &|i| basis(1003, i.into(), 0, 0)),
        family("steps, high word", &|i| basis(1004, u64::from(i) << 32, 0, 0)),
        family("workers", &|i| basis(1005, 0, i, 0)),
        family("compartments", &|i| basis(1006, 0, 0, i)),
        family("run seeds", &|i| basis(i.into(), 0, 0, 0)),
        family("run seeds, high word", &|i| basis(u64::from(i) << 32 | 1007, 0, 0, 0)),
        family("domains", &|i| Start::of(Key::new(domains[i as usize % 5], 1008, u64::from(i / 5), 0, 0))),
        // The names that the original's sums make equal: worker w at step t and worker w - 1 at step t + 1, and so on.
        family("workers and steps", &|i| basis(1009, u64::from(i % 16), i / 16, 0)),
        family("run seeds and steps", &|i| basis(2000 + u64::from(i / 16), u64::from(i % 16), 0, 0)),
        family("compartments and directions", &|i| Start { direction: i % 16, ..basis(1010, 0, 0, i / 16) }),
        family("directions and tiles", &|i| Start {
            direction: i % 16,
            tile: 2 * (i / 16),
            ..basis(1011, 0, 0, 0)
        }),
    ]
}

/// Makes inner products that are N(0, 1).
struct Scaled {
    law: Law,
    noise: XorShiftRng,
}

impl Scaled {
    fn new(law: Law) -> Self {
        Self { law, noise: Key::new(Domain::Basis, 3000, 0, 0, 0).generator(0) }
    }

    /// The inner product, divided by its standard deviation. An integer of one parity is first spread evenly over the
    /// interval of length 2 around it, as a law with a density needs; the variance grows by 1 / (3 D).
    fn product(&mut self, a: &[f32], b: &[f32]) -> f64 {
        let noise =
            if self.law.lattice { f64::from(self.noise.next_u32() as i32) / 2.0_f64.powi(31) } else { 0.0 };
        (dot(a, b) + noise) / (self.law.variance * (a.len() as f64).sqrt())
    }
}

/// Scaled inner products of all pairs of rows.
pub fn products(rows: &[f32], row_len: usize, law: Law) -> Vec<f64> {
    let rows: Vec<_> = rows.chunks_exact(row_len).collect();
    let (mut scaled, mut out) = (Scaled::new(law), Vec::new());
    for (i, a) in rows.iter().enumerate() {
        out.extend(rows[..i].iter().map(|b| scaled.product(a, b)));
    }
    out
}

/// Scaled inner products of each row with the next one, shifted by each lag in either direction: streams that overlap
/// would show here.
pub fn shifted_products(rows: &[f32], row_len: usize, law: Law) -> Vec<f64> {
    let rows: Vec<_> = rows.chunks_exact(row_len).collect();
    let (mut scaled, mut out) = (Scaled::new(law), Vec::new());
    for neighbours in rows.windows(2) {
        for lag in lags() {
            for (a, b) in [(neighbours[0], neighbours[1]), (neighbours[1], neighbours[0])] {
                out.push(scaled.product(&a[..row_len - lag], &b[lag..]));
            }
        }
    }
    out
}

/// Checks of a set of values, each N(0, 1): the largest, the mean square, and the distance of the whole set.
pub fn standard(label: &str, values: &[f64], findings: &mut Findings) {
    let count = values.len();
    let mut ascending = values.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    let largest = ascending[count - 1].max(-ascending[0]);
    findings.add(format!("{label}: largest of {count}"), largest, p_of_largest(largest, count));
    let squares = values.iter().map(|z| z * z).sum::<f64>();
    findings.add_z(format!("{label}: mean square"), (squares - count as f64) / (2.0 * count as f64).sqrt());
    let distance = kolmogorov_distance(ascending.into_iter(), normal_cdf);
    findings.add(format!("{label}: kolmogorov, times 1e6"), distance * 1e6, p_of_kolmogorov(distance, count));
}

/// Every family; then the products of all families as one set.
fn between(distribution: Distribution) -> Findings {
    let law = Law::of(distribution);
    let (mut findings, mut all) = (Findings::default(), Vec::new());
    let mut family = |name: &str, rows: &[f32]| {
        let values = products(rows, ROW_LEN, law);
        standard(name, &values, &mut findings);
        all.extend(values);
        let values = shifted_products(rows, ROW_LEN, law);
        standard(&format!("{name}, shifted"), &values, &mut findings);
    };
    for (name, starts) in families() {
        family(name, &rows(distribution, &starts, ROW_LEN / TILE, TILE));
    }
    // The first words of many generators: what a seed that is not mixed well would spoil.
    let start = |i| Start { direction: i, ..Start::of(Key::new(Domain::Basis, 1012, 0, 0, 0)) };
    let starts: Vec<_> = (0..ROWS).map(start).collect();
    family("first vectors of tiles", &rows(distribution, &starts, ROW_LEN / LANES, LANES));

    standard("all products", &all, &mut findings);
    findings
}

#[test]
fn normal_rows_are_independent() {
    between(Distribution::Normal).accept("normal, between rows");
}

#[test]
fn hadamard_normal_rows_are_independent() {
    between(Distribution::HadamardNormal).accept("hadamard-normal, between rows");
}

#[test]
fn uniform_rows_are_independent() {
    between(Distribution::Uniform).accept("uniform, between rows");
}

#[test]
fn rademacher_rows_are_independent() {
    between(Distribution::Rademacher).accept("rademacher, between rows");
}
