//! Bad generators, each with a fault that has happened to somebody. The checks that are named must reject them: a test
//! that cannot fail says nothing.

use libm::{atan2f, cosf, hypotf, sinf};
use rand_core::{Rng, SeedableRng};
use rand_xorshift::XorShiftRng;
use random_bases_core::basis::{Distribution, Probability};
use random_bases_core::numerics::TILE;
use random_bases_core::random::{Domain, Key, LANES};

use crate::crossing::{ROW_LEN, ROWS, products, shifted_products, standard};
use crate::dependence::within;
use crate::findings::Findings;
use crate::hadamard_normal::{Cubic, VECTORS};
use crate::rows::{Law, SAMPLE_ROW_LEN, Start, rows, sample};
use crate::{bernoulli, hadamard_normal, log_normal, normal, rademacher, uniform};

/// Elements of most samples here: 2^22.
const SIZE: usize = 1 << 22;

/// The first elements of the main sample.
fn good(distribution: Distribution) -> Vec<f32> {
    let mut sample = sample(distribution);
    sample.truncate(SIZE);
    sample
}

/// A sample made from one sequence of words.
fn from_words(mut element: impl FnMut(&mut XorShiftRng) -> f32) -> Vec<f32> {
    let mut words = Key::new(Domain::Basis, 4000, 0, 0, 0).generator(0);
    (0..SIZE).map(|_| element(&mut words)).collect()
}

fn normal_law() -> Law {
    Law::of(Distribution::Normal)
}

/// Rows of a family that all pass or fail together.
fn between(rows: &[f32]) -> Findings {
    let mut findings = Findings::default();
    standard("products", &products(rows, ROW_LEN, normal_law()), &mut findings);
    standard("shifted", &shifted_products(rows, ROW_LEN, normal_law()), &mut findings);
    findings
}

/// The functions that reject below accept what is good, at the size used below.
#[test]
fn good_rows_are_accepted() {
    let sample = good(Distribution::Normal);
    normal::marginal(&sample).accept("normal");
    normal::pairs(&sample).accept("normal, pairs");
    within(&sample, SAMPLE_ROW_LEN, normal_law()).accept("normal, within");
    between(&sample[..ROWS as usize * ROW_LEN]).accept("normal, between");
    uniform::marginal(&good(Distribution::Uniform)).accept("uniform");
    rademacher::marginal(&good(Distribution::Rademacher)).accept("rademacher");
    bernoulli::marginal(&bernoulli::first(13_107), 13_107).accept("bernoulli");
    log_normal::marginal(&good(Distribution::LogNormal)).accept("lognormal");
    let sample = good(Distribution::HadamardNormal);
    normal::pairs(&hadamard_normal::partners(&sample)).accept("hadamard-normal, ends of butterflies");
    hadamard_normal::norms(&sample).accept("hadamard-normal, norms");
    hadamard_normal::fours(&sample).accept("hadamard-normal, products of four");
    hadamard_normal::inner_products(&sample).accept("hadamard-normal, inner products");
    let variates = hadamard_normal::variates(&sample);
    Cubic::new().marginal(&variates).accept("hadamard-normal, before the rotation");
    Cubic::new().skewness(&variates).accept("hadamard-normal, skewness");
}

/// The sum of the four bytes of a word, scaled: what cheap "normal" generators are.
#[test]
fn sums_of_bytes_are_not_normal() {
    let deviation = (4.0 * (65536.0 - 1.0) / 12.0_f32).sqrt();
    let sample = from_words(|words| {
        let sum: u32 = words.next_u32().to_le_bytes().into_iter().map(u32::from).sum();
        (sum as f32 - 510.0) / deviation
    });
    normal::marginal(&sample).reject("bytes", &["moment 4", "moment 6", "tail 3", "tail 4", "kolmogorov"]);
}

/// One percent too wide, half a percent off the middle, cut at four, nothing below minus three, or one NaN.
#[test]
fn small_errors_are_seen() {
    let good = good(Distribution::Normal);
    let with = |f: &dyn Fn(f32) -> f32| -> Vec<f32> { good.iter().map(|&x| f(x)).collect() };
    normal::marginal(&with(&|x| x * 1.01)).reject("wide", &["moment 2", "moment 4", "kolmogorov"]);
    normal::marginal(&with(&|x| x + 0.005)).reject("shifted", &["moment 1", "sign beyond 0", "kolmogorov"]);
    normal::marginal(&with(&|x| x.clamp(-4.0, 4.0))).reject("cut", &["tail 4:", "tail 4.5:"]);
    normal::marginal(&with(&|x| if x < -3.0 { -x } else { x }))
        .reject("one-sided", &["sign beyond 3", "moment 3"]);
    normal::marginal(&with(&|x| if x > 5.0 { f32::NAN } else { x })).reject("not a number", &["finite"]);
}

/// Box-Muller with 256 angles, and with a radius that knows the angle's sign.
#[test]
fn bad_pairs_are_seen() {
    let remade = |angle_of: &dyn Fn(f32) -> f32, radius_of: &dyn Fn(f32, f32) -> f32| {
        let mut sample = good(Distribution::Normal);
        for pair in sample.chunks_exact_mut(2 * LANES) {
            for lane in 0..LANES {
                let (x, y) = (pair[lane], pair[lane + LANES]);
                let angle = angle_of(atan2f(y, x));
                let radius = radius_of(hypotf(x, y), angle);
                (pair[lane], pair[lane + LANES]) = (radius * cosf(angle), radius * sinf(angle));
            }
        }
        sample
    };
    let step = std::f32::consts::TAU / 256.0;
    let coarse = remade(&|angle| ((angle / step).floor() + 0.5) * step, &|radius, _| radius);
    normal::pairs(&coarse).reject("256 angles", &["angle:"]);
    let uneven = remade(&|angle| angle, &|radius, angle| radius * (1.0 + 0.01 * angle.signum()));
    normal::pairs(&uneven).reject("angle in the radius", &["radius and angle"]);
}

/// Lanes that are one generator's output, delayed; tiles that repeat; rows of one norm; radii used for two pairs.
#[test]
fn dependent_elements_are_seen() {
    let reject = |title: &str, sample: &[f32], labels: &[&str]| {
        within(sample, SAMPLE_ROW_LEN, normal_law()).reject(title, labels);
    };
    let good = good(Distribution::Normal);
    let delayed: Vec<_> = (0..SIZE).map(|e| good[(e / LANES + e % LANES) % SIZE]).collect();
    reject("delayed lanes", &delayed, &["lag 15", "boundary at lag 15", "sums of"]);

    let mut repeated = good.clone();
    for two in repeated.chunks_exact_mut(2 * TILE) {
        two.copy_within(..TILE, TILE);
    }
    reject("repeated tiles", &repeated, &["positions", "sums of 65536: variance"]);

    let mut scaled = good.clone();
    for tile in scaled.chunks_exact_mut(TILE) {
        let norm = tile.iter().map(|&x| x * x).sum::<f32>().sqrt();
        tile.iter_mut().for_each(|x| *x *= (TILE as f32).sqrt() / norm);
    }
    reject("tiles of one norm", &scaled, &["squared norms of 4096: variance"]);

    let mut shared = good;
    for two in shared.chunks_exact_mut(4 * LANES) {
        for lane in 0..LANES {
            let norm = |i: usize| hypotf(two[lane + i * LANES], two[lane + (i + 1) * LANES]);
            let ratio = norm(0) / norm(2);
            two[lane + 2 * LANES] *= ratio;
            two[lane + 3 * LANES] *= ratio;
        }
    }
    reject("shared radii", &shared, &["squares at lag 32", "squared norms of 128: variance"]);
}

/// Seeds that are small numbers, as they come: xorshift needs many words to forget them.
#[test]
fn plain_seeds_are_seen() {
    let mut out = Vec::new();
    for seed in 0..(SIZE / TILE) as u32 {
        let mut lanes: [_; LANES] = std::array::from_fn(|lane| {
            let words = [1, seed, lane as u32, 0].map(u32::to_le_bytes);
            XorShiftRng::from_seed(words.concat().try_into().expect("sixteen bytes"))
        });
        let element = |e: usize| (lanes[e % LANES].next_u32() as i32 >> 16) as f32 / 32768.0;
        out.extend((0..TILE).map(element));
    }
    let law = Law::of(Distribution::Uniform);
    within(&out, SAMPLE_ROW_LEN, law).reject("plain seeds", &["positions: largest of 4096, x", "lag "]);
}

/// The original adds run seed, worker and step, so worker 1 at step 0 has the row of worker 0 at step 1.
#[test]
fn added_names_are_seen() {
    let start = |i: u32| Start::of(Key::new(Domain::Basis, u64::from(i % 16 + i / 16), 0, 0, 0));
    let starts: Vec<_> = (0..ROWS).map(start).collect();
    let rows = rows(Distribution::Normal, &starts, ROW_LEN / TILE, TILE);
    between(&rows)
        .reject("added names", &["products: largest", "products: mean square", "products: kolmogorov"]);
}

/// Rows cut from one stream, each 16 elements further. Side by side they are as good as independent; shifted, equal.
#[test]
fn shifted_rows_are_seen() {
    let stream = good(Distribution::Normal);
    let rows: Vec<_> = (0..ROWS as usize).flat_map(|i| &stream[i * LANES..][..ROW_LEN]).copied().collect();
    between(&rows).reject("shifted rows", &["shifted: largest", "shifted: mean square"]);
}

/// Fifteen bits; an upper byte with a favourite; the halves of a word equal.
#[test]
fn bad_uniform_is_seen() {
    let of_half = |half: u32| f32::from(half as u16 as i16) / 32768.0;
    let coarse = from_words(|words| of_half(words.next_u32() & !1));
    uniform::marginal(&coarse).reject("fifteen bits", &["every level", "levels", "bit 0"]);
    let favourite = from_words(|words| {
        let word = words.next_u32();
        of_half(if word >> 24 == 0 { word & 0xff | 0x1200 } else { word })
    });
    uniform::marginal(&favourite).reject("favourite byte", &["levels", "kolmogorov"]);
    let mut equal = good(Distribution::Uniform);
    for pair in equal.chunks_exact_mut(2 * LANES) {
        pair.copy_within(..LANES, LANES);
    }
    uniform::pairs(&equal).reject("equal halves", &["upper", "lower"]);
}

/// Signs with a bias of one percent; a bit of the word with a bias; a sign that tends to stay.
#[test]
fn bad_signs_are_seen() {
    let sign = |minus: bool| if minus { -1.0 } else { 1.0 };
    let biased = from_words(|words| sign(words.next_u32() % 256 < 129));
    rademacher::marginal(&biased).reject("biased", &["all signs", "bits and lanes"]);

    let mut weak_bit = good(Distribution::Rademacher);
    for (i, vector) in weak_bit.chunks_exact_mut(LANES).enumerate().filter(|(i, _)| i % 32 == 13) {
        vector.iter_mut().take(i / 32 % 2).for_each(|x| *x = 1.0);
    }
    rademacher::marginal(&weak_bit).reject("a weak bit", &["bits and lanes", "bit 13"]);

    let mut sticky = good(Distribution::Rademacher);
    let mut words = Key::new(Domain::Basis, 4001, 0, 0, 0).generator(0);
    for e in LANES..SIZE {
        if words.next_u32().is_multiple_of(16) {
            sticky[e] = sticky[e - LANES];
        }
    }
    let labels = ["runs", "run lengths", "16 vectors of a lane"];
    rademacher::marginal(&sticky).reject("sticky", &labels);
}

/// A threshold that counts one step too many; a probability one percent too large; the original's values; equal halves
/// of a word.
#[test]
fn bad_bernoulli_is_seen() {
    let draw = |parts: u16, below: u32, values: [f32; 2]| {
        let sample = from_words(|words| values[usize::from(words.next_u32() >> 16 < below)]);
        bernoulli::marginal(&sample, parts)
    };
    let values = |parts: u16| {
        let p = f32::from(parts) / 65_536.0;
        [-2.0 * p, 2.0 - 2.0 * p]
    };
    draw(13_107, 13_107, values(13_107)).accept("bernoulli from one sequence");
    draw(1, 2, values(1)).reject("one step too many", &["highs"]);
    draw(65_535, 65_536, values(65_535)).reject("one step too many, of many", &["highs"]);
    draw(13_107, 13_238, values(13_107)).reject("one percent", &["highs", "mean", "variance"]);
    draw(13_107, 13_107, [-1.2, 0.8]).reject("the original's values", &["2 (1 - p) or -2 p", "mean"]);

    let good = bernoulli::first(13_107);
    let mut equal = good.clone();
    for pair in equal.chunks_exact_mut(2 * LANES) {
        pair.copy_within(..LANES, LANES);
    }
    bernoulli::marginal(&equal, 13_107).accept("equal halves, in no order");
    bernoulli::patterns(&equal, 13_107).reject("equal halves", &["4 vectors"]);
    let law = Law::of(Distribution::Bernoulli(Probability(13_107)));
    within(&equal, SAMPLE_ROW_LEN, law).reject("equal halves", &["lag 16", "squares at lag 16"]);
}

/// The mean left in; another base; a tail cut off; the logarithm one percent too wide.
#[test]
fn bad_log_normal_is_seen() {
    let good = good(Distribution::LogNormal);
    let with = |f: &dyn Fn(f32) -> f32| -> Vec<f32> { good.iter().map(|&x| f(x)).collect() };
    let reject = |title: &str, sample: &[f32], labels: &[&str]| {
        log_normal::marginal(sample).reject(title, labels);
    };
    reject(
        "its median left in",
        &with(&|x| x + 0.648_721_3),
        &["mean", "variance", "moment 1", "kolmogorov"],
    );
    let logarithms = log_normal::logarithms(&good);
    let remade = |base: f32| -> Vec<f32> {
        logarithms.iter().map(|&n| libm::expf(n * base) - libm::expf(0.5)).collect()
    };
    log_normal::marginal(&remade(1.0)).accept("lognormal, made again");
    reject("one percent too wide", &remade(1.01), &["mean", "variance", "moment 2", "kolmogorov"]);
    reject("powers of two", &remade(std::f32::consts::LN_2), &["mean", "variance", "moment 2"]);
    reject("cut at twenty", &with(&|x| x.min(20.0)), &["variance", "tail 4"]);
}

/// Uniform variates, rotated: each element is as good as normal, and so are pairs and inner products. Norms and products of
/// four see what the variates were. `normal` itself passes.
#[test]
fn merely_marginal_normals_are_seen() {
    let rotated = hadamard_normal::transform(&good(Distribution::Uniform), 3.0_f64.sqrt() / 16.0);
    normal::marginal(&rotated).accept("rotated uniform");
    normal::pairs(&hadamard_normal::partners(&rotated)).accept("rotated uniform, ends of butterflies");
    hadamard_normal::inner_products(&rotated).accept("rotated uniform, inner products");
    let labels =
        ["lanes of a tile: variance", "halves of a lane: variance", "every other of a lane: variance"];
    hadamard_normal::norms(&rotated).reject("rotated uniform", &labels);
    hadamard_normal::norms(&rotated).reject("rotated uniform", &["tiles: variance"]);
    hadamard_normal::fours(&rotated).reject("rotated uniform", &["all of them"]);
    within(&rotated, SAMPLE_ROW_LEN, normal_law())
        .reject("rotated uniform", &["squared norms of 4096: variance"]);

    let normal = good(Distribution::Normal);
    hadamard_normal::norms(&normal).accept("normal, norms");
    hadamard_normal::fours(&normal).accept("normal, products of four");
    hadamard_normal::inner_products(&normal).accept("normal, inner products");
}

/// Variates that are missing: the first of each lane, which only flat vectors see; number 37, which only its function
/// sees. Ends of a butterfly that know each other's sign.
#[test]
fn bad_rotations_are_seen() {
    let without = |number: usize| {
        let mut variates = hadamard_normal::transform(&good(Distribution::HadamardNormal), 1.0 / 256.0);
        for tile in variates.chunks_exact_mut(TILE) {
            tile[number * LANES..][..LANES].fill(0.0);
        }
        hadamard_normal::transform(&variates, (256.0_f64 / 255.0).sqrt())
    };
    let reject = |title: &str, sample: &[f32], labels: &[&str]| {
        normal::marginal(sample).accept(title);
        hadamard_normal::inner_products(sample).reject(title, labels);
    };
    let labels = ["flat: mean square", "flat: kolmogorov", "flat over a row: mean square"];
    reject("no first variate", &without(0), &labels);
    reject("no variate 37", &without(37), &["Walsh 37: mean square", "Walsh 37: kolmogorov"]);

    let mut known = good(Distribution::HadamardNormal);
    for tile in known.chunks_exact_mut(TILE) {
        for two in tile.chunks_exact_mut(128 * LANES) {
            let (first, second) = two.split_at_mut(64 * LANES);
            first.iter().zip(second).for_each(|(x, y)| *y = y.copysign(*x));
        }
    }
    normal::pairs(&known).accept("signs known 64 vectors away, neighbours");
    normal::pairs(&hadamard_normal::partners(&known)).reject("signs known 64 vectors away", &["angle:"]);
}

/// The pinned law before the rotation: `normal` has another, and so has a rotation without its last stage, whose elements
/// pass for normal.
#[test]
fn other_variates_are_seen() {
    let cubic = Cubic::new();
    let variates = |sample: &[f32]| hadamard_normal::variates(sample);
    let normal = good(Distribution::Normal);
    hadamard_normal::grid(&normal).reject("normal", &["even numbers", "equal modulo four"]);
    let normal = variates(&normal);
    let labels = ["odd whole numbers", "at most 5503", "chi-square", "moment 6"];
    cubic.marginal(&normal).reject("normal", &labels);
    // At the size used above four standard errors, here eleven.
    cubic.skewness(&variates(&sample(Distribution::Normal))).reject("normal", &["skewness"]);

    let mut shorter = good(Distribution::HadamardNormal);
    for tile in shorter.chunks_exact_mut(TILE) {
        let (first, second) = tile.split_at_mut(VECTORS / 2 * LANES);
        for (a, b) in first.iter_mut().zip(second) {
            (*a, *b) = ((*a + *b) * 0.5_f32.sqrt(), (*a - *b) * 0.5_f32.sqrt());
        }
    }
    normal::marginal(&shorter).accept("a stage left out");
    hadamard_normal::norms(&shorter).accept("a stage left out");
    cubic.marginal(&variates(&shorter)).reject("a stage left out", &["odd whole numbers", "moment 6"]);
}
