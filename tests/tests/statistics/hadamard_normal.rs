//! The law of `hadamard-normal`: that of `normal`, as far as joint cumulants up to order five show. And what it is not.
//!
//! Its elements pass what those of `normal` have to pass, here and in `dependence` and `crossing`. Most of that would also hold
//! of any independent variates after the rotation: by the central limit theorem alone elements are close to normal. What
//! would not are norms and products of four, which see a fourth cumulant (`controls` rotates uniform variates).

use std::collections::BTreeMap;

use random_bases_core::basis::Distribution;
use random_bases_core::numerics::TILE;
use random_bases_core::random::{Domain, Key, LANES};

use crate::crossing::standard;
use crate::dependence::within;
use crate::findings::Findings;
use crate::normal;
use crate::rows::{Law, SAMPLE_ROW_LEN, Start, dot, rows, sample};
use crate::theory::p_of_chi_square;

/// Vectors of a tile: what is rotated, lane by lane.
pub const VECTORS: usize = TILE / LANES;

/// The distances of butterflies, in vectors.
fn distances() -> impl Iterator<Item = usize> + Clone {
    (0..8).map(|stage| 1 << stage)
}

/// Each lane of each tile through a Walsh-Hadamard transform of 256 vectors, times `scale`. Twice is 256 times nothing.
pub fn transform(sample: &[f32], scale: f64) -> Vec<f32> {
    let mut out = sample.to_vec();
    for tile in out.chunks_exact_mut(TILE) {
        for lane in 0..LANES {
            let mut x: [f64; VECTORS] = std::array::from_fn(|v| f64::from(tile[v * LANES + lane]));
            for distance in distances() {
                for v in (0..VECTORS).filter(|v| v & distance == 0) {
                    (x[v], x[v + distance]) = (x[v] + x[v + distance], x[v] - x[v + distance]);
                }
            }
            (0..VECTORS).for_each(|v| tile[v * LANES + lane] = (x[v] * scale) as f32);
        }
    }
    out
}

/// The two ends of a butterfly, brought side by side: an eighth of the sample for each distance. So `normal::pairs`
/// gets pairs of elements whose only difference is the sign of half their variates.
pub fn partners(sample: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(sample.len());
    for (part, distance) in sample.chunks_exact(sample.len() / 8).zip(distances()) {
        for tile in part.chunks_exact(TILE) {
            let vector = |v: usize| &tile[v * LANES..][..LANES];
            for v in (0..VECTORS).filter(|v| v & distance == 0) {
                out.extend_from_slice(vector(v));
                out.extend_from_slice(vector(v + distance));
            }
        }
    }
    out
}

/// How a tile is cut into blocks: the number of the block that (vector, lane) belongs to.
type Cut = fn(usize, usize) -> usize;

/// Checks of squared norms against chi-square, of blocks that lie within a rotation, are one, or hold several. A squared
/// norm of B normal elements has mean B and variance 2 B; scaled to mean 0 and variance 1, z^2 has variance 2 + 12 / B.
pub fn norms(sample: &[f32]) -> Findings {
    const CUTS: [(&str, usize, Cut); 8] = [
        ("vectors", 256, |v, _| v),
        ("octets", 32, |v, _| v / 8),
        ("16 neighbours of a lane", 256, |v, lane| v / 16 * LANES + lane),
        ("every 16th of a lane", 256, |v, lane| v % 16 * LANES + lane),
        ("halves of a lane", 32, |v, lane| v / 128 * LANES + lane),
        ("every other of a lane", 32, |v, lane| v % 2 * LANES + lane),
        ("lanes of a tile", 16, |_, lane| lane),
        ("tiles", 1, |_, _| 0),
    ];
    let mut findings = Findings::default();
    for (label, blocks, block_of) in CUTS {
        let size = (TILE / blocks) as f64;
        let (mut sum, mut sum_of_squares) = (0.0, 0.0);
        for tile in sample.chunks_exact(TILE) {
            let mut norms = [0.0; VECTORS];
            for (e, &x) in tile.iter().enumerate() {
                norms[block_of(e / LANES, e % LANES)] += f64::from(x).powi(2);
            }
            for norm in &norms[..blocks] {
                let z = (norm - size) / (2.0 * size).sqrt();
                sum += z;
                sum_of_squares += z * z;
            }
        }
        let count = (sample.len() / TILE * blocks) as f64;
        findings.add_z(format!("{label}: mean"), sum / count.sqrt());
        let z = (sum_of_squares - count) / (count * (2.0 + 12.0 / size)).sqrt();
        findings.add_z(format!("{label}: variance {:.5}", sum_of_squares / count), z);
    }
    findings
}

/// Checks of products of four elements of a lane whose vectors' numbers have the exclusive or 0: v, v + i, v + j, v + i + j.
/// Every variate enters such a product with the sign +1, so its mean is the fourth cumulant of a variate / 256.
pub fn fours(sample: &[f32]) -> Findings {
    let mut findings = Findings::default();
    let n = (sample.len() / 4) as f64;
    let (mut all, mut sums) = (0.0, 0.0);
    for (i, j) in distances().flat_map(|j| distances().take_while(move |&i| i < j).map(move |i| (i, j))) {
        let mut sum = 0.0;
        for tile in sample.chunks_exact(TILE) {
            let vector = |v: usize| &tile[v * LANES..][..LANES];
            for v in (0..VECTORS).filter(|v| v & (i | j) == 0) {
                let four = [vector(v), vector(v + i), vector(v + j), vector(v + i + j)];
                let product = |lane: usize| four.iter().map(|x| f64::from(x[lane])).product::<f64>();
                sum += (0..LANES).map(product).sum::<f64>();
            }
        }
        findings.add_z(format!("v, v + {i}, v + {j}, v + {}", i + j), sum / n.sqrt());
        all += sum;
        sums += 1.0;
    }
    findings.add_z("all of them", all / (n * sums).sqrt());
    findings
}

/// Checks of inner products with vectors of a tile or of a row, flat ones and such as know the rotation: N(0, 1), once
/// divided by the vector's norm. Where all lanes take part, as here, one is a sum of sixteen or more variates.
pub fn inner_products(sample: &[f32]) -> Findings {
    let walsh =
        |number: usize, v: usize| if (number & v).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
    let tile = |of: &dyn Fn(usize) -> f64| -> Vec<f32> { (0..TILE).map(|e| of(e) as f32).collect() };
    let start = Start::of(Key::new(Domain::Basis, 5000, 0, 0, 0));
    let vectors = [
        ("flat", tile(&|_| 1.0)),
        ("alternating", tile(&|e| walsh(1, e / LANES))),
        ("Walsh 37", tile(&|e| walsh(37, e / LANES))),
        ("Walsh 255", tile(&|e| walsh(255, e / LANES))),
        ("Walsh, of each lane its own", tile(&|e| walsh(17 * (e % LANES), e / LANES))),
        ("a ramp", tile(&|e| e as f64 - 2047.5)),
        ("a decay", tile(&|e| 0.99_f64.powi((e / LANES) as i32))),
        ("stripes", tile(&|e| if e % 28 < 3 { 1.0 } else { 0.0 })),
        ("every hundredth", tile(&|e| if e % 100 == 0 { 1.0 } else { 0.0 })),
        ("signs", rows(Distribution::Rademacher, &[start], 1, TILE)),
        ("normal", rows(Distribution::Normal, &[start], 1, TILE)),
        ("flat over a row", vec![1.0; SAMPLE_ROW_LEN]),
        ("normal over a row", rows(Distribution::Normal, &[start], SAMPLE_ROW_LEN / TILE, TILE)),
    ];
    let mut findings = Findings::default();
    for (label, vector) in vectors {
        let norm = dot(&vector, &vector).sqrt();
        let products: Vec<_> =
            sample.chunks_exact(vector.len()).map(|block| dot(block, &vector) / norm).collect();
        standard(label, &products, &mut findings);
    }
    findings
}

/// The law of the variates before the rotation, by enumeration.
pub struct Cubic {
    /// How many of the 2^16 halves of a word make which.
    halves: BTreeMap<i32, usize>,
    /// Standard deviation.
    deviation: f64,
}

impl Cubic {
    pub fn new() -> Self {
        let mut halves = BTreeMap::new();
        for half in i16::MIN..=i16::MAX {
            let u = i32::from(half) | 1;
            let factor = ((((u * u) >> 16) * 32_762) >> 16) + 2_816;
            *halves.entry(((u * factor) >> 16) | 1).or_default() += 1;
        }
        let mut law = Self { halves, deviation: 1.0 };
        law.deviation = law.expectation(|x| x * x).sqrt();
        law
    }

    /// Of a function of a variate divided by the deviation.
    fn expectation(&self, of: impl Fn(f64) -> f64) -> f64 {
        let term = |(&x, &count): (&i32, &usize)| of(f64::from(x) / self.deviation) * count as f64;
        self.halves.iter().map(term).sum::<f64>() / 65_536.0
    }

    /// What `dependence` needs to know.
    fn law(&self) -> Law {
        let square = |k| self.expectation(|x| (x * x - 1.0).powi(k));
        Law {
            square_variance: square(2),
            square_kurtosis: square(4) / square(2).powi(2) - 3.0,
            ..Law::of(Distribution::Normal)
        }
    }

    /// Checks that variates have this law: odd whole numbers up to 5503, each as often as it is made.
    pub fn marginal(&self, variates: &[f32]) -> Findings {
        let mut findings = Findings::default();
        // Rounding the elements to f32 has left less than 1e-2.
        let odd = |x: f32| ((x + 1.0) / 2.0 - ((x + 1.0) / 2.0).round()).abs() < 0.01;
        findings.add_fact("odd whole numbers", variates.iter().all(|&x| odd(x)));
        findings.add_fact("at most 5503", variates.iter().all(|x| x.abs() < 5503.5));

        // What is not of the law is expected never, and makes the sum infinite.
        let mut counts: BTreeMap<_, _> = self.halves.keys().map(|&x| (x, 0_usize)).collect();
        for &x in variates {
            *counts.entry(x.round() as i32).or_default() += 1;
        }
        let n = variates.len() as f64;
        let term = |(x, &count): (&i32, &usize)| {
            let expected = n * self.halves.get(x).copied().unwrap_or_default() as f64 / 65_536.0;
            (count as f64 - expected).powi(2) / expected
        };
        let sum = counts.iter().map(term).sum();
        findings.add("chi-square of 5504", sum, p_of_chi_square(sum, self.halves.len() - 1));

        for k in [1, 2, 3, 4, 6] {
            let (want, square) = (self.expectation(|x| x.powi(k)), self.expectation(|x| x.powi(2 * k)));
            let power = |&x: &f32| (f64::from(x) / self.deviation).powi(k);
            let mean = variates.iter().map(power).sum::<f64>() / n;
            let z = (mean - want) / ((square - want * want) / n).sqrt();
            findings.add_z(format!("moment {k}: {mean:.5}"), z);
        }
        findings
    }

    /// Checks the third cumulant of squared norms of lanes (the rotation leaves a norm alone). Scaled to mean 0 and
    /// variance 1 it is the mean of z^3 - 3 z, whose variance is 6 but for terms of 1 / 256.
    pub fn skewness(&self, variates: &[f32]) -> Findings {
        let (size, scale) = (VECTORS as f64, (2.0 * VECTORS as f64).sqrt());
        let (mut sum, mut lanes) = (0.0, 0.0);
        for tile in variates.chunks_exact(TILE) {
            for lane in 0..LANES {
                let square = |v: usize| (f64::from(tile[v * LANES + lane]) / self.deviation).powi(2);
                let z = ((0..VECTORS).map(square).sum::<f64>() - size) / scale;
                sum += z.powi(3) - 3.0 * z;
                lanes += 1.0;
            }
        }
        let want = self.expectation(|x| (x * x - 1.0).powi(3)) * size / scale.powi(3);
        let mean = sum / lanes;
        let mut findings = Findings::default();
        findings.add_z(format!("skewness of norms: {mean:.5}"), (mean - want) / (6.0 / lanes).sqrt());
        findings
    }
}

/// What an element is of a variate of 1: 1 / (16 * 2315.647). The constant is that of the rotation in `NUMERICS.md`.
fn unit() -> f64 {
    65_536.0 * f64::from(f32::from_bits(0x2fe2_6937))
}

/// The variates that a sample was rotated from.
pub fn variates(sample: &[f32]) -> Vec<f32> {
    transform(sample, 1.0 / (unit() * VECTORS as f64))
}

/// Checks that elements lie on the grid of sums of 256 odd numbers, and those of a lane of a tile on every other point of it.
pub fn grid(sample: &[f32]) -> Findings {
    let whole = |x: f32| (f64::from(x) / unit()).round();
    let even = |x: f32| (f64::from(x) / unit() - whole(x)).abs() < 0.1 && whole(x) % 2.0 == 0.0;
    let alike = |tile: &[f32]| (LANES..TILE).all(|e| (whole(tile[e]) - whole(tile[e % LANES])) % 4.0 == 0.0);
    let mut findings = Findings::default();
    findings.add_fact("even numbers", sample.iter().all(|&x| even(x)));
    findings.add_fact("equal modulo four in a lane", sample.chunks_exact(TILE).all(alike));
    findings
}

#[test]
fn hadamard_normal_is_normal() {
    normal::marginal(&sample(Distribution::HadamardNormal)).accept("hadamard-normal");
}

#[test]
fn hadamard_normal_pairs_are_normal() {
    let sample = sample(Distribution::HadamardNormal);
    normal::pairs(&partners(&sample[..sample.len() / 2])).accept("hadamard-normal, ends of butterflies");
}

/// What a distribution that is normal in its marginals alone fails.
#[test]
fn hadamard_normal_norms_are_chi_square() {
    let sample = sample(Distribution::HadamardNormal);
    let mut findings = norms(&sample);
    findings.append(fours(&sample));
    findings.accept("hadamard-normal, norms and products of four");
}

#[test]
fn hadamard_normal_inner_products_are_normal() {
    inner_products(&sample(Distribution::HadamardNormal)).accept("hadamard-normal, inner products");
}

/// What rows are *not*: independent normal elements. 256 elements of a lane, rotated back, are 256 independent variates
/// with the law of a cubic, and that is the joint law of a row: where the variates' moments are those of a normal
/// distribution, which is up to the fifth, the elements' joint moments are those of independent normal elements.
///
/// So the inner product of a row with a vector that is a Walsh function in one lane of one tile, and nothing elsewhere,
/// is at most 2.376 times that vector's norm; and the squared norm of a lane, which has the mean and the variance of
/// chi-square, has 0.567 times its skewness. Variates being odd, elements lie on a grid of 5.4e-5; that alone is a
/// Kolmogorov distance of 1.1e-5, below what 2^32 samples can see.
#[test]
fn hadamard_normal_has_known_variates() {
    let cubic = Cubic::new();
    let near = |value: f64, want: f64, by: f64| assert!((value - want).abs() <= by, "{value}, want {want}");
    near(cubic.deviation, 2_315.647_27, 1e-5);
    near(5503.0 / cubic.deviation, 2.376_44, 1e-5);
    near(16.0 * unit() * cubic.deviation, 1.0, 1e-7);
    for (k, want, by) in
        [(1, 0.0, 1e-12), (3, 0.0, 1e-12), (5, 0.0, 1e-12), (4, 3.0, 1e-6), (6, 11.536_04, 1e-5)]
    {
        near(cubic.expectation(|x| x.powi(k)), want, by);
    }
    near(cubic.expectation(|x| (x * x - 1.0).powi(3)) / 8.0, 0.567, 1e-4);

    let sample = sample(Distribution::HadamardNormal);
    grid(&sample).accept("hadamard-normal, grid");
    let variates = variates(&sample);
    let mut findings = cubic.marginal(&variates);
    findings.append(cubic.skewness(&variates));
    findings.accept("hadamard-normal, before the rotation");
    let scaled: Vec<_> = variates.iter().map(|&x| (f64::from(x) / cubic.deviation) as f32).collect();
    within(&scaled, SAMPLE_ROW_LEN, cubic.law()).accept("hadamard-normal, within rows before the rotation");
}
