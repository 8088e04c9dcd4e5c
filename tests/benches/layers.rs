//! How fast the matrix products inside the layers are, on one thread, beside a matrix multiplication crate.
//!
//! ```sh
//! cargo bench -p random-bases-tests --bench layers                 # everything, about a minute
//! cargo bench -p random-bases-tests --bench layers -- conv2        # lines whose name contains "conv2"
//! cargo bench -p random-bases-tests --bench layers -- --json
//! ```
//!
//! Each operation is verified first: every level must have the portable one's bits. Then all levels and the crate
//! (`matrixmultiply`) run in turn, round after round, so that a busy machine slows all of them; figures are medians over
//! the rounds, and ratios are medians of each round's ratio.
//!
//! The crate is given matrices of the same shape that lie ready: a convolution's windows are copied out for it before
//! the clock starts, and its result of a convolution's backward pass is not yet put together into an image. It may use
//! fused multiply-add and any order of sums; the layers may not. The compiler's flags do not matter: both sides
//! choose their instructions at run time.

use std::hint::black_box;
use std::time::Instant;

use random_bases::executor::Threads;
use random_bases::vector::Level;
use random_bases_core::nn::{self, Batch, Cnn28, Conv, Dense, Layer, MaxPool, Network, ParameterGradient};
use random_bases_core::numerics::Libm;
use random_bases_core::step::Executor;

/// Images per batch.
const IMAGES: usize = 32;

/// Rounds per operation.
const ROUNDS: usize = 25;

/// Seconds that one measurement takes at least; short operations are repeated.
const SHORTEST: f64 = 1e-3;

/// What a layer can do.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Forward,
    Backward,
    Gradient,
}

impl Pass {
    const ALL: [Self; 3] = [Self::Forward, Self::Backward, Self::Gradient];

    const fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::Gradient => "gradient",
        }
    }
}

/// One operation, measured.
struct Line {
    name: String,
    /// Additions and multiplications, in units of 10^9; 0 if that says nothing.
    work: f64,
    /// Per contestant, seconds in each round.
    rounds: Vec<(&'static str, Vec<f64>)>,
}

/// `rows x steps` times `steps x columns`, with the strides of the left matrix; all of it made of small numbers.
struct Matrices {
    size: [usize; 3],
    left_strides: [isize; 2],
    left: Vec<f32>,
    right: Vec<f32>,
    right_strides: [isize; 2],
    out: Vec<f32>,
}

impl Matrices {
    /// The product that `pass` of a layer is: `positions` outputs, each from `window` inputs, to `channels`.
    fn new(pass: Pass, positions: usize, window: usize, channels: usize) -> Self {
        let (p, w, c) = (positions, window, channels);
        let (size, left_strides, right_strides) = match pass {
            Pass::Forward => ([p, w, c], [w as isize, 1], [c as isize, 1]),
            Pass::Backward => ([p, c, w], [c as isize, 1], [1, c as isize]),
            Pass::Gradient => ([w, p, c], [1, w as isize], [c as isize, 1]),
        };
        let [rows, steps, columns] = size;
        let (left, right) = (numbers(rows * steps, 5), numbers(steps * columns, 6));
        Self { size, left_strides, left, right, right_strides, out: vec![0.0; rows * columns] }
    }

    fn multiply(&mut self) {
        let [rows, steps, columns] = self.size;
        // SAFETY: the three buffers hold exactly the elements that sizes and strides speak of.
        unsafe {
            matrixmultiply::sgemm(
                rows,
                steps,
                columns,
                1.0,
                self.left.as_ptr(),
                self.left_strides[0],
                self.left_strides[1],
                self.right.as_ptr(),
                self.right_strides[0],
                self.right_strides[1],
                0.0,
                self.out.as_mut_ptr(),
                columns as isize,
                1,
            );
        }
        black_box(&mut self.out);
    }
}

/// A layer with everything that it reads and writes.
struct Workbench {
    params: Vec<f32>,
    input: Vec<f32>,
    activations: Vec<f32>,
    deltas: Vec<f32>,
    out: Vec<f32>,
}

impl Workbench {
    fn new<L: Layer>(pass: Pass) -> Self {
        let input = numbers(L::INPUT * IMAGES, 1);
        let params = numbers(L::PARAMS, 2);
        let deltas = numbers(L::ACTIVATIONS * IMAGES, 3);
        let mut activations = vec![0.0; L::ACTIVATIONS * IMAGES];
        L::forward(&mut executor(Level::Portable), IMAGES, &params, &input, &mut activations);
        let out = match pass {
            Pass::Forward => L::ACTIVATIONS * IMAGES,
            Pass::Backward => L::INPUT * IMAGES,
            Pass::Gradient => L::PARAMS,
        };
        Self { params, input, activations, deltas, out: vec![f32::NAN; out] }
    }

    fn run<L: Layer>(&mut self, pass: Pass, executor: &mut impl Executor) {
        let Self { params, input, activations, deltas, out } = self;
        match pass {
            Pass::Forward => L::forward(executor, IMAGES, params, input, out),
            Pass::Backward => L::backward(executor, IMAGES, params, input, activations, deltas, Some(out)),
            Pass::Gradient => {
                executor.run(&ParameterGradient::<L>::new(IMAGES, input, activations, deltas), out);
            }
        }
        black_box(out);
    }
}

/// Numbers of both signs, all different enough that a wrong order of sums shows.
fn numbers(len: usize, salt: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7_919 + salt * 104_729) % 10_007) as f32 / 5_000.0 - 1.0).collect()
}

fn levels() -> Vec<Level> {
    Level::ALL.into_iter().filter(|level| level.available()).collect()
}

fn executor(level: Level) -> Threads {
    Threads::new(1, Some(level)).expect("the level is available")
}

/// Seconds per call of `run`, after one that brings back to the caches what others drove out.
fn time(run: &mut dyn FnMut()) -> f64 {
    run();
    let mut calls = 0;
    let start = Instant::now();
    loop {
        run();
        calls += 1;
        let seconds = start.elapsed().as_secs_f64();
        if seconds >= SHORTEST {
            return seconds / f64::from(calls);
        }
    }
}

/// Something to be timed, with its name.
type Contestant<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// Times every contestant once per round.
fn rounds(mut contestants: Vec<Contestant<'_>>) -> Vec<(&'static str, Vec<f64>)> {
    let mut seconds: Vec<_> = contestants.iter().map(|(name, _)| (*name, Vec::new())).collect();
    for round in 0..=ROUNDS {
        for ((_, run), (_, seconds)) in contestants.iter_mut().zip(&mut seconds) {
            let once = time(run);
            // Round 0 warms the caches.
            if round > 0 {
                seconds.push(once);
            }
        }
    }
    seconds
}

/// Verifies, then times, one pass of a layer. `product` is `[positions, window, channels]` of its matrix product.
fn measure<L: Layer>(name: &str, pass: Pass, product: Option<[usize; 3]>, lines: &mut Vec<Line>) {
    let name = format!("{name} {}", pass.name());
    if !wanted(&name) {
        return;
    }
    let mut want = Workbench::new::<L>(pass);
    want.run::<L>(pass, &mut executor(Level::Portable));
    let mut contestants: Vec<Contestant<'static>> = Vec::new();
    for level in levels() {
        let mut executor = executor(level);
        let mut bench = Workbench::new::<L>(pass);
        bench.run::<L>(pass, &mut executor);
        let same = want.out.iter().zip(&bench.out).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "{name}: {level} has other bits than portable");
        contestants.push((level.name(), Box::new(move || bench.run::<L>(pass, &mut executor))));
    }
    let mut work = 0.0;
    if let Some([positions, window, channels]) = product {
        work = 2e-9 * (positions * window * channels) as f64;
        let mut matrices = Matrices::new(pass, positions, window, channels);
        contestants.push((CRATE, Box::new(move || matrices.multiply())));
    }
    lines.push(Line { name, work, rounds: rounds(contestants) });
}

/// The gradient of a whole network: forward, loss, backward.
fn measure_network<N: Network>(lines: &mut Vec<Line>) {
    let name = format!("{} gradient", N::NAME);
    if !wanted(&name) {
        return;
    }
    let input = numbers(N::Layers::INPUT * IMAGES, 1);
    let weights: Vec<f32> = numbers(N::PARAMS, 2).iter().map(|x| x * 0.05).collect();
    let labels: Vec<u8> = (0..IMAGES).map(|i| (i % 10) as u8).collect();
    let mut first: Option<Vec<f32>> = None;
    let mut contestants: Vec<Contestant<'static>> = Vec::new();
    for level in levels() {
        let (input, weights, labels) = (input.clone(), weights.clone(), labels.clone());
        let mut executor = executor(level);
        let mut activations = vec![0.0; N::Layers::ACTIVATIONS * IMAGES];
        let mut deltas = activations.clone();
        let mut gradient = vec![0.0; N::PARAMS];
        let mut run = move || {
            let batch = Batch { input: &input, labels: &labels };
            nn::gradient::<N, Libm, _>(
                &mut executor,
                &weights,
                batch,
                &mut activations,
                &mut deltas,
                &mut gradient,
            );
            black_box(&gradient).clone()
        };
        let got = run();
        let want = first.get_or_insert_with(|| got.clone());
        let same = want.iter().zip(&got).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "{name}: {level} has other bits than portable");
        contestants.push((level.name(), Box::new(move || drop(run()))));
    }
    lines.push(Line { name, work: 0.0, rounds: rounds(contestants) });
}

const CRATE: &str = "matrixmultiply";

/// Whether the command line asks for it: it names a part of `name`, or nothing.
fn wanted(name: &str) -> bool {
    let mut filters = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).peekable();
    filters.peek().is_none() || filters.any(|filter| name.contains(&filter))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl Line {
    /// Median of the rounds' ratios: the speed of contestant `index` in units of the crate's.
    fn ratio(&self, index: usize) -> Option<f64> {
        let (_, peer) = self.rounds.iter().find(|(name, _)| *name == CRATE)?;
        let own = &self.rounds[index].1;
        Some(median(&peer.iter().zip(own).map(|(peer, own)| peer / own).collect::<Vec<_>>()))
    }

    fn print(&self) {
        print!("{:28}", self.name);
        for (index, (_, seconds)) in self.rounds.iter().enumerate() {
            let seconds = median(seconds);
            let figure = if self.work > 0.0 {
                format!("{:.0}", self.work / seconds)
            } else {
                format!("{:.2} ms", seconds * 1e3)
            };
            let ratio = self.ratio(index).map(|ratio| format!(" ({ratio:.2})")).unwrap_or_default();
            print!("{:>16}", figure + &ratio);
        }
        println!();
    }

    fn print_json(&self) {
        for (index, (contestant, seconds)) in self.rounds.iter().enumerate() {
            let least = seconds.iter().copied().fold(f64::INFINITY, f64::min);
            let line = serde_json::json!({
                "operation": self.name,
                "contestant": contestant,
                "gigaflop": self.work,
                "seconds_median": median(seconds),
                "seconds_least": least,
                "speed_over_crate": self.ratio(index),
            });
            println!("{line}");
        }
    }
}

/// A convolution of `SIDE` x `SIDE` images.
fn conv<const SIDE: usize, const IN: usize, const OUT: usize, const K: usize>(
    name: &str,
    lines: &mut Vec<Line>,
) {
    let side = SIDE - K + 1;
    for pass in Pass::ALL {
        let product = [IMAGES * side * side, K * K * IN, OUT];
        // A first layer's input has no deltas.
        if IN > 3 || pass != Pass::Backward {
            measure::<Conv<SIDE, SIDE, IN, OUT, K>>(name, pass, Some(product), lines);
        }
    }
}

fn dense<const IN: usize, const OUT: usize>(name: &str, lines: &mut Vec<Line>) {
    for pass in Pass::ALL {
        measure::<Dense<IN, OUT>>(name, pass, Some([IMAGES, IN, OUT]), lines);
    }
}

fn main() {
    let mut lines = Vec::new();
    conv::<28, 1, 32, 3>("conv1 28x28x1->32", &mut lines);
    conv::<13, 32, 64, 3>("conv2 13x13x32->64", &mut lines);
    conv::<5, 64, 64, 3>("conv3 5x5x64->64", &mut lines);
    dense::<576, 64>("dense 576->64", &mut lines);
    dense::<784, 128>("dense 784->128", &mut lines);
    dense::<128, 10>("dense 128->10", &mut lines);
    for pass in [Pass::Forward, Pass::Backward] {
        measure::<MaxPool<26, 26, 32>>("max pool 26x26x32", pass, None, &mut lines);
    }
    measure_network::<Cnn28>(&mut lines);

    if std::env::args().any(|arg| arg == "--json") {
        lines.iter().for_each(Line::print_json);
        return;
    }
    println!(
        "GFLOP/s on one thread, {IMAGES} images; in brackets the ratio to {CRATE}, which gets ready-made matrices."
    );
    println!("Medians of {ROUNDS} interleaved rounds; the levels have the same bits.");
    print!("{:28}", "");
    levels().iter().map(|level| level.name()).chain([CRATE]).for_each(|name| print!("{name:>16}"));
    println!();
    lines.iter().for_each(Line::print);
}
