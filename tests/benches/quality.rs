//! How normal a distribution is: its elements against N(0, 1), and norms of blocks against chi-square.
//!
//! ```sh
//! cargo bench -p random-bases-tests --bench quality                               # normal, hadamard-normal
//! cargo bench -p random-bases-tests --bench quality -- hadamard-normal 2^34
//! cargo bench -p random-bases-tests --bench quality -- uniform                    # meets no goal, of course
//! ```
//!
//! `[distribution] [samples]`: one of the names that the program `random-bases` knows, and a number, 2^30 if there is none.
//! Samples come in rows of 16 tiles of 4096, 16 rows a step, for as many steps as it takes.
//!
//! Everything is counted in whole numbers: elements in bins of 2^-16 over [-8, 8), norms in units of 2^-16. So the figures
//! depend neither on threads nor on vector instructions. Moments are those of the middles of bins, which changes them by 1e-5 at
//! most, and where elements are spread over bins by nothing that can be seen. The Kolmogorov-Smirnov distance is an upper
//! bound over all values, not only the ends of bins: for a density at most a bin's share, 6e-6, above the distance itself.
//!
//! The goals are for 2^30 samples, where N(0, 1) itself meets them but for bad luck (the distance misses its own with
//! probability 1 %). With 2^24 the errors are larger than the goals. From 2^33 on the distance of `hadamard-normal` is above its
//! critical value: elements lie on a grid of 5.4e-5, which alone is a distance of 1.1e-5.

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use random_bases::executor::Threads;
use random_bases_core::basis::{Distribution, Probability, Row};
use random_bases_core::numerics::{Lanes, TILE};
use random_bases_core::random::{Domain, Key, LANES};
use random_bases_core::step::{Executor, Superstep};

/// Samples if the command line does not say: 2^30.
const SAMPLES: u64 = 1 << 30;

/// The run seed of the keys.
const SEED: u64 = 1;

/// Tiles of a row.
const ROW_TILES: usize = 16;

/// Rows of a step.
const ROWS: usize = 16;

/// Tiles of a step: what one tile of the superstep counts.
const BATCH: usize = ROWS * ROW_TILES;

/// Bins per unit: a power of two, so that the bin of a value is found without rounding.
const PER_UNIT: i32 = 1 << 16;

/// Bins reach so far from zero; what lies further out is counted in the outermost.
const REACH: i32 = 8;

/// How many there are.
const BINS: usize = (2 * REACH * PER_UNIT) as usize;

/// Units of a squared norm, per one.
const NORM_UNIT: f64 = 65_536.0;

/// Blocks of a tile whose squared norms are looked at.
#[derive(Clone, Copy)]
enum Block {
    Vector,
    Octet,
    Lane,
    Tile,
}

impl Block {
    const ALL: [Self; 4] = [Self::Vector, Self::Octet, Self::Lane, Self::Tile];

    const fn name(self) -> &'static str {
        match self {
            Self::Vector => "16 neighbours",
            Self::Octet => "128 neighbours",
            Self::Lane => "a lane of a tile: 256",
            Self::Tile => "a tile: 4096",
        }
    }

    const fn len(self) -> usize {
        match self {
            Self::Vector => LANES,
            Self::Octet => 8 * LANES,
            Self::Lane => TILE / LANES,
            Self::Tile => TILE,
        }
    }
}

/// Sums over the blocks of one kind: of the squared norm less the block's length, and of its square.
#[derive(Clone, Copy, Default)]
struct Norms {
    count: u64,
    sum: i128,
    squares: u128,
}

impl Norms {
    #[inline(always)]
    fn add(&mut self, norm: f64, len: usize) {
        let difference = ((norm - len as f64) * NORM_UNIT) as i64;
        self.count += 1;
        self.sum += i128::from(difference);
        self.squares += u128::from(difference.unsigned_abs()).pow(2);
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// The variance over that of chi-square, and the standard error of this if it is chi-square.
    fn ratio(&self, block: Block) -> (f64, f64) {
        let (count, len) = (self.count as f64, block.len() as f64);
        let mean = self.sum as f64 / count;
        let variance = (self.squares as f64 / count - mean * mean) / (NORM_UNIT * NORM_UNIT);
        (variance / (2.0 * len), ((2.0 + 12.0 / len) / count).sqrt())
    }
}

/// What is counted.
struct Counts {
    bins: Vec<u64>,
    norms: [Norms; Block::ALL.len()],
}

impl Counts {
    fn new() -> Self {
        Self { bins: vec![0; BINS], norms: [Norms::default(); Block::ALL.len()] }
    }

    #[inline(always)]
    fn add(&mut self, tile: &[f32; TILE]) {
        let (mut lanes, mut whole) = ([0.0; LANES], 0.0);
        for octet in tile.as_chunks::<{ 8 * LANES }>().0 {
            let mut sum = 0.0;
            for vector in octet.as_chunks::<LANES>().0 {
                let squares = vector.map(|x| f64::from(x) * f64::from(x));
                let norm = squares.iter().sum::<f64>();
                sum += norm;
                self.norms[Block::Vector as usize].add(norm, LANES);
                (0..LANES).for_each(|lane| lanes[lane] += squares[lane]);
                for x in vector {
                    let bin = (x * PER_UNIT as f32).floor() as i32 + REACH * PER_UNIT;
                    self.bins[bin.clamp(0, BINS as i32 - 1) as usize] += 1;
                }
            }
            whole += sum;
            self.norms[Block::Octet as usize].add(sum, 8 * LANES);
        }
        lanes.iter().for_each(|&norm| self.norms[Block::Lane as usize].add(norm, TILE / LANES));
        self.norms[Block::Tile as usize].add(whole, TILE);
    }

    fn merge(&mut self, other: &Self) {
        self.bins.iter_mut().zip(&other.bins).for_each(|(sum, count)| *sum += count);
        self.norms.iter_mut().zip(&other.norms).for_each(|(sum, norms)| sum.merge(norms));
    }
}

/// Regenerates rows and counts. Its output is nothing: one float for each step, which are its tiles.
struct Count {
    distribution: Distribution,
    tiles: u64,
    /// Counts that no thread is adding to. There come to be as many as threads; their sum does not depend on that.
    idle: Mutex<Vec<Counts>>,
}

impl Superstep for Count {
    const NAME: &'static str = "count elements";

    fn chunk(&self) -> usize {
        1
    }

    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let idle = self.idle.lock().expect("no thread has panicked").pop();
        let mut counts = idle.unwrap_or_else(Counts::new);
        let key = Key::new(Domain::Basis, SEED, index as u64, 0, 0);
        let tiles = BATCH.min((self.tiles - (index * BATCH) as u64) as usize);
        let mut elements = [0.0; TILE];
        for i in 0..tiles {
            let row = Row { key, direction: (i / ROW_TILES) as u32, distribution: self.distribution };
            row.tile::<V>((i % ROW_TILES) as u32, &mut elements);
            counts.add(&elements);
        }
        self.idle.lock().expect("no thread has panicked").push(counts);
        out.fill(0.0);
    }
}

fn count(executor: &mut Threads, distribution: Distribution, tiles: u64) -> Counts {
    let count = Count { distribution, tiles, idle: Mutex::default() };
    executor.run(&count, &mut vec![0.0; tiles.div_ceil(BATCH as u64) as usize]);
    let mut sum = Counts::new();
    count.idle.into_inner().expect("no thread has panicked").iter().for_each(|counts| sum.merge(counts));
    sum
}

/// P(X < x) for X of N(0, 1).
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The lower end of a bin.
fn end(bin: usize) -> f64 {
    (bin as f64 - BINS as f64 / 2.0) / f64::from(PER_UNIT)
}

/// Mean, variance, skewness, excess kurtosis.
fn moments(bins: &[u64]) -> [f64; 4] {
    let n = bins.iter().sum::<u64>() as f64;
    let middle = 0.5 / f64::from(PER_UNIT);
    let about = |origin: f64, k: i32| {
        let term = |(bin, &count): (usize, &u64)| (end(bin) + middle - origin).powi(k) * count as f64;
        bins.iter().enumerate().map(term).sum::<f64>() / n
    };
    let mean = about(0.0, 1);
    let [variance, third, fourth] = [2, 3, 4].map(|k| about(mean, k));
    [mean, variance, third / variance.powf(1.5), fourth / (variance * variance) - 3.0]
}

/// An upper bound of the distance to N(0, 1): of a value in a bin, the empirical distribution lies between its values at both
/// ends, and so does the normal one.
fn kolmogorov(bins: &[u64]) -> f64 {
    let n = bins.iter().sum::<u64>() as f64;
    let (mut below, mut distance, mut normal) = (0, 0.0_f64, 0.0);
    for (bin, count) in bins.iter().enumerate() {
        let at_least = below as f64 / n;
        below += count;
        // The outermost bins hold all that lies further out.
        let next = if bin + 1 == BINS { 1.0 } else { normal_cdf(end(bin + 1)) };
        distance = distance.max(below as f64 / n - normal).max(next - at_least);
        normal = next;
    }
    distance
}

/// How many lie outside [-k, k), over the number that is expected of N(0, 1), and the standard error of this.
fn tails(bins: &[u64], k: i32) -> (f64, f64) {
    let n = bins.iter().sum::<u64>() as f64;
    let (below, above) = (((REACH - k) * PER_UNIT) as usize, ((REACH + k) * PER_UNIT) as usize);
    let outside = bins[..below].iter().chain(&bins[above..]).sum::<u64>();
    let expected = 2.0 * normal_cdf(f64::from(-k)) * n;
    (outside as f64 / expected, 1.0 / expected.sqrt())
}

/// A line of the table: a figure, its standard error for N(0, 1), and whether it is within `goal` of what it should be.
fn line(label: &str, (figure, error): (f64, f64), goal: Option<(f64, f64)>) {
    print!("  {label:<42} {figure:>12.7}  +- {error:.7}");
    match goal {
        Some((middle, most)) => {
            let verdict = if (figure - middle).abs() < most { "met" } else { "not met" };
            println!("   goal {middle} +- {most}: {verdict}");
        }
        None => println!(),
    }
}

fn report(counts: &Counts) {
    let bins = &counts.bins;
    let n = bins.iter().sum::<u64>() as f64;
    let outermost = bins[0] + bins[BINS - 1];
    if outermost > 0 {
        println!("  {outermost} samples at or beyond +-{REACH}: moments take them for {REACH}");
    }
    let [mean, variance, skewness, kurtosis] = moments(bins);
    line("mean", (mean, (1.0 / n).sqrt()), None);
    line("variance", (variance, (2.0 / n).sqrt()), None);
    line("skewness", (skewness, (6.0 / n).sqrt()), None);
    line("excess kurtosis", (kurtosis, (24.0 / n).sqrt()), Some((0.0, 1e-3)));

    let (distance, critical) = (kolmogorov(bins), 1.627_62 / n.sqrt());
    let verdict = if distance < critical { "met" } else { "not met" };
    let label = "Kolmogorov-Smirnov distance to N(0, 1)";
    println!(
        "  {label:<42} {distance:>12.7}  {:13}   goal below {critical:.7}, the 1 % point: {verdict}",
        ""
    );

    for k in [3, 4, 5] {
        let label = format!("P(|x| > {k}), over that of N(0, 1)");
        line(&label, tails(bins, k), (k == 4).then_some((1.0, 0.02)));
    }
    println!("  variance of the squared norm over that of chi-square:");
    for block in Block::ALL {
        let ratio = counts.norms[block as usize].ratio(block);
        let label = format!("... {}", block.name());
        line(&label, ratio, Some((1.0, 0.02)));
    }
}

/// A distribution by the name that it has on command lines.
fn distribution(name: &str) -> Option<Distribution> {
    match name.strip_prefix("bernoulli-") {
        Some(probability) => Probability::nearest(probability.parse().ok()?).map(Distribution::Bernoulli),
        None => Distribution::EXAMPLES.into_iter().find(|example| example.to_string() == name),
    }
}

/// A number of samples: 1000000, or 2^30.
fn samples(text: &str) -> Option<u64> {
    let samples = match text.strip_prefix("2^") {
        Some(exponent) => 1_u64.checked_shl(exponent.parse().ok()?)?,
        None => text.parse().ok()?,
    };
    (samples > 0 && samples <= 1 << 40).then_some(samples)
}

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (mut distributions, mut size) = (Vec::new(), SAMPLES);
    for argument in &arguments {
        if let Some(distribution) = distribution(argument) {
            distributions.push(distribution);
        } else if let Some(samples) = samples(argument) {
            size = samples;
        } else {
            let kinds =
                Distribution::EXAMPLES.map(Distribution::kind).join(", ").replace("bernoulli", "bernoulli-P");
            eprintln!("'{argument}' is neither a distribution ({kinds}) nor a number of samples up to 2^40");
            return ExitCode::from(2);
        }
    }
    if distributions.is_empty() {
        distributions = vec![Distribution::Normal, Distribution::HadamardNormal];
    }
    let mut executor = Threads::new(0, None).expect("the best vector level exists");
    let tiles = size.div_ceil(TILE as u64);
    for distribution in distributions {
        let start = Instant::now();
        let counts = count(&mut executor, distribution, tiles);
        let seconds = start.elapsed().as_secs_f64();
        let (elements, threads) = (tiles * TILE as u64, executor.threads());
        println!("{distribution}: {elements} samples, {threads} threads, {seconds:.1} s");
        report(&counts);
    }
    ExitCode::SUCCESS
}
