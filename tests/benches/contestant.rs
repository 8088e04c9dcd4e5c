//! This project as a contestant in `benches/peers/`, and the noise probe.
//!
//! ```sh
//! cargo bench -p random-bases-tests --bench contestant -- --once update normal
//! cargo bench -p random-bases-tests --bench contestant -- --check
//! ```
//!
//! Without arguments it serves `benches/peers/compare.py`: a request per line on stdin, an answer per line on stdout.
//! `benches/peers/protocol.py` has the protocol; `probe` is answered here alone:
//!
//! ```text
//! probe            {"one": ..., "two": ...}   10^9 operations per second on one thread, and on two together
//! ```
//!
//! `update` is `subspace::update` of D = 101,770 weights along d = 250 directions, `step` is `Descent::step` of the
//! 784-128-10 network on 32 images; both as the program `random-bases train` calls them.

use std::hint::black_box;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use random_bases::bench::probe::throughput;
use random_bases::executor::{Threads, within};
use random_bases::fastest::fastest;
use random_bases::training::BLOCKS_PER_THREAD;
use random_bases::vector::Level;
use random_bases_core::basis::Distribution;
use random_bases_core::descent::{Descent, Memory, Method, Sizes, Subspace};
use random_bases_core::nn::{self, Batch, Fc28, Layer, Network};
use random_bases_core::numerics::{Array, Libm, TILE};
use random_bases_core::random::{Domain, Key};
use random_bases_core::subspace::{self, Basis, Coordinates, Rule, Strategy};
use serde_json::{Value, json};

const THREADS: usize = 2;
const PARAMS: usize = Fc28::PARAMS;
const DIRECTIONS: usize = 250;
const IMAGES: usize = 32;
const BATCHES: usize = 16;
const PIXELS: usize = 784;
const RATE: f32 = 1.0;
const SEED: u64 = 1;
/// For how long unmeasured runs go on before each measurement: it may take a system more than a tenth of a second to see that threads
/// which just woke up on one core could have two.
const WARM_UP: Duration = Duration::from_millis(200);

/// Blocks of directions that the fused strategy keeps in flight, as in `random-bases train`.
const WAVE: usize = BLOCKS_PER_THREAD * THREADS;

/// The strategy that `random-bases train` takes.
fn strategy(distribution: Distribution) -> Strategy {
    fastest(distribution, PARAMS, Level::detect())
}

/// The distributions that peers know, too, as far as the core has them.
fn distributions() -> Vec<(&'static str, Distribution)> {
    let compared = ["normal", "uniform", "rademacher", "hadamard-normal"];
    Distribution::EXAMPLES
        .map(|d| (d.kind(), d))
        .into_iter()
        .filter(|(kind, _)| compared.contains(kind))
        .collect()
}

fn distribution(name: &str) -> Option<Distribution> {
    distributions().into_iter().find(|(kind, _)| *kind == name).map(|(_, d)| d)
}

fn subspace(distribution: Distribution) -> Subspace {
    Subspace { distribution, ..Subspace::of(DIRECTIONS) }
}

fn executor() -> Threads {
    Threads::new(THREADS, None).expect("the system gives two threads")
}

/// Numbers without structure, from a multiplication and a shift: for images, gradients and first weights.
fn noise(len: usize, salt: u64) -> impl Iterator<Item = u32> {
    let mut state = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    })
}

/// Numbers in [-1, 1).
fn floats(len: usize, salt: u64) -> Vec<f32> {
    noise(len, salt).map(|word| word as f32 / (1u32 << 30) as f32 - 1.0).collect()
}

/// Something that can be run again and again.
trait Work: Send {
    fn pool(&self) -> Arc<rayon::ThreadPool>;
    fn run(&mut self);
}

/// Projection, lift and new weights, of a fixed gradient.
struct Update {
    executor: Threads,
    subspace: Subspace,
    gradient: Vec<f32>,
    weights: Vec<f32>,
    values: Vec<f32>,
    norms: Vec<f32>,
    scratch: Vec<f32>,
    steps: u64,
}

impl Update {
    fn new(distribution: Distribution) -> Self {
        let scratch = strategy(distribution).scratch_of(distribution, PARAMS, DIRECTIONS, WAVE);
        Self {
            executor: executor(),
            subspace: subspace(distribution),
            gradient: floats(PARAMS, 3),
            weights: floats(PARAMS, 2),
            values: vec![0.0; DIRECTIONS],
            norms: vec![0.0; DIRECTIONS],
            scratch: vec![0.0; scratch],
            steps: 0,
        }
    }

    /// The basis of step `step`.
    fn basis(&self, step: u64) -> Basis<'static> {
        self.subspace.draw(Key::new(Domain::Basis, SEED, step, 0, 0))
    }
}

impl Work for Update {
    fn pool(&self) -> Arc<rayon::ThreadPool> {
        Arc::clone(self.executor.pool())
    }

    fn run(&mut self) {
        let basis = self.basis(self.steps);
        let Self { executor, gradient, weights, values, norms, scratch, .. } = self;
        let strategy = strategy(basis.distribution);
        let mut coordinates = Coordinates { values, norms, scratch };
        let (rule, scale) = (Rule::Current, -RATE);
        subspace::update(executor, strategy, &basis, gradient, rule, scale, weights, &mut coordinates);
        black_box((&mut self.weights, &self.values));
        self.steps += 1;
    }
}

/// A training step: forward, backward, update.
struct Step {
    executor: Threads,
    descent: Descent,
    sizes: Sizes,
    floats: Vec<f32>,
    batches: Vec<(Vec<f32>, Vec<u8>)>,
    loss: f32,
}

impl Step {
    fn new(distribution: Distribution) -> Self {
        let subspace = subspace(distribution);
        let mut descent = Descent::new(Method::Rbd, SEED, subspace, strategy(distribution));
        let sizes = Sizes::of_descent::<Fc28>(&descent, IMAGES, WAVE);
        let mut floats = vec![0.0; sizes.floats()];
        let mut executor = executor();
        descent.start::<Fc28, _>(&mut executor, &mut Memory::carve(sizes, &mut floats));
        let batches = (0..BATCHES as u64).map(batch).collect();
        Self { executor, descent, sizes, floats, batches, loss: 0.0 }
    }

    fn weights(&mut self) -> Vec<f32> {
        Memory::carve(self.sizes, &mut self.floats).weights.to_vec()
    }

    fn on_batch(&mut self, index: usize) {
        let (input, labels) = &self.batches[index];
        let mut memory = Memory::carve(self.sizes, &mut self.floats);
        let mut batch = Batch { input, labels };
        let outcome = self.descent.step::<Fc28, Libm, _>(&mut self.executor, RATE, &mut batch, &mut memory);
        self.loss = outcome.loss;
        black_box((&mut self.floats, self.loss));
    }
}

impl Work for Step {
    fn pool(&self) -> Arc<rayon::ThreadPool> {
        Arc::clone(self.executor.pool())
    }

    fn run(&mut self) {
        self.on_batch(self.descent.steps as usize % BATCHES);
    }
}

/// Images of random bytes, divided by 255, with random labels.
fn batch(index: u64) -> (Vec<f32>, Vec<u8>) {
    let pixels = noise(IMAGES * PIXELS, 100 + index).map(|word| (word >> 8 & 255) as f32 / 255.0).collect();
    (pixels, noise(IMAGES, 200 + index).map(|word| (word >> 8) as u8 % 10).collect())
}

/// Workloads that have been asked for; each goes on from where it was.
#[derive(Default)]
struct Runner {
    running: Vec<(String, Box<dyn Work>)>,
}

impl Runner {
    /// Milliseconds of `count` runs, after some that are not measured.
    fn times(&mut self, kind: &str, name: &str, count: usize) -> Result<Vec<f64>, String> {
        let workload = format!("{kind} {name}");
        if !self.running.iter().any(|(of, _)| *of == workload) {
            let distribution = distribution(name).ok_or(format!("no distribution {name}"))?;
            let work: Box<dyn Work> = match kind {
                "update" => Box::new(Update::new(distribution)),
                "step" => Box::new(Step::new(distribution)),
                _ => return Err(format!("no workload {kind}")),
            };
            self.running.push((workload.clone(), work));
        }
        let (_, work) = self.running.iter_mut().find(|(of, _)| *of == workload).expect("it was just added");
        // As `train`.
        within(&work.pool(), || {
            let start = Instant::now();
            while start.elapsed() < WARM_UP {
                work.run();
            }
            let time = |_| {
                let start = Instant::now();
                work.run();
                start.elapsed().as_secs_f64() * 1e3
            };
            Ok((0..count).map(time).collect())
        })
    }

    fn answer(&mut self, request: &str) -> Result<Value, String> {
        match *request.split_whitespace().collect::<Vec<_>>() {
            ["describe"] => Ok(describe()),
            ["probe"] => Ok(json!({ "one": probe(1), "two": probe(2) })),
            ["check"] => Ok(json!({ "faults": check::faults() })),
            [kind, name, count] => {
                let count = count.parse().map_err(|_| format!("not a number: {count}"))?;
                Ok(json!({ "ms": self.times(kind, name, count)? }))
            }
            _ => Err(format!("unknown request {request:?}")),
        }
    }

    fn serve(&mut self) -> ExitCode {
        for request in std::io::stdin().lock().lines() {
            let Ok(request) = request else { return ExitCode::FAILURE };
            if request.trim() == "quit" {
                break;
            }
            let answer = self.answer(&request).unwrap_or_else(|error| json!({ "error": error }));
            println!("{answer}");
            std::io::stdout().flush().expect("the driver listens");
        }
        ExitCode::SUCCESS
    }
}

fn describe() -> Value {
    let names = || distributions().into_iter().map(|(name, _)| name);
    let workloads =
        ["update", "step"].iter().flat_map(|kind| names().map(move |name| format!("{kind} {name}")));
    let strategies: Vec<_> =
        distributions().iter().map(|(name, d)| format!("{name} {:?}", strategy(*d))).collect();
    json!({
        "name": "random-bases",
        "versions": {
            "random-bases": env!("CARGO_PKG_VERSION"),
            "vectors": executor().level().name(),
            "strategies": strategies.join(", "),
        },
        "workloads": workloads.collect::<Vec<_>>(),
    })
}

/// The noise probe: 10^9 operations on floats per second, on so many threads. The median of many short looks, so that one interruption
/// does not count.
fn probe(threads: usize) -> f64 {
    const LOOKS: usize = 41;
    let mut executor = Threads::new(threads, None).expect("threads for the probe");
    let mut looks = [0.0; LOOKS];
    looks.fill_with(|| throughput(&mut executor) / 1e9);
    looks.sort_by(f64::total_cmp);
    looks[LOOKS / 2]
}

/// The workloads do what they say, by plain f64 arithmetic on rows that are drawn one by one.
mod check {
    use super::*;

    pub fn faults() -> Vec<String> {
        let mut faults = Vec::new();
        for (name, distribution) in distributions() {
            let mut say = |fault: String| faults.push(format!("{name}: {fault}"));
            let mut update = Update::new(distribution);
            let rows = rows(&update.basis(0));
            check_rows(distribution, &rows, &mut say);
            check_update(&mut update, &rows, &mut say);
            check_step(distribution, &rows, &mut say);
        }
        faults
    }

    /// All rows of a basis, not divided by the norm.
    fn rows(basis: &Basis<'_>) -> Vec<Vec<f32>> {
        let row = |i| {
            let mut row = vec![0.0; PARAMS];
            let tiles = row.chunks_mut(TILE).enumerate();
            tiles.for_each(|(tile, out)| basis.row(i).tile::<Array<8>>(tile as u32, out));
            row
        };
        (0..DIRECTIONS).map(row).collect()
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    /// Mean, variance and correlations; `tests/tests/statistics.rs` has more.
    fn check_rows(distribution: Distribution, rows: &[Vec<f32>], say: &mut impl FnMut(String)) {
        let variance = if distribution == Distribution::Uniform { 1.0 / 3.0 } else { 1.0 };
        let n = PARAMS as f64;
        let per_row = 6.0 * (variance / n).sqrt();
        let mut squares = 0.0;
        for (i, row) in rows.iter().enumerate() {
            let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
            let next = dot(row, &rows[(i + 1) % DIRECTIONS]) / n;
            if mean.abs() > per_row || next.abs() > per_row * variance.sqrt() {
                say(format!("row {i} has mean {mean:.1e}, correlation {next:.1e} with the next"));
            }
            squares += dot(row, row);
        }
        let found = squares / n / DIRECTIONS as f64;
        if (found / variance - 1.0).abs() > 3e-3 {
            say(format!("variance {found}, should be {variance}"));
        }
    }

    /// Coordinates and lifted update of a gradient.
    fn update_of(rows: &[Vec<f32>], gradient: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let norm = (PARAMS as f64).sqrt();
        let c: Vec<_> = rows.iter().map(|row| dot(row, gradient) / norm).collect();
        let mut delta = vec![0.0; PARAMS];
        for (row, c) in rows.iter().zip(&c) {
            delta.iter_mut().zip(row).for_each(|(delta, x)| *delta += c / norm * f64::from(*x));
        }
        (c, delta)
    }

    fn check_update(update: &mut Update, rows: &[Vec<f32>], say: &mut impl FnMut(String)) {
        let before = update.weights.clone();
        update.run();
        let (c, delta) = update_of(rows, &update.gradient);
        differ("coordinates", &update.values, &c, say);
        differ("weights after update", &moved(&before, &update.weights), &delta, say);
    }

    /// The first step uses the rows of `update`'s first; further ones on the same images decrease the loss.
    fn check_step(distribution: Distribution, rows: &[Vec<f32>], say: &mut impl FnMut(String)) {
        let mut step = Step::new(distribution);
        let before = step.weights();
        let mut buffers = vec![0.0; IMAGES * <Fc28 as Network>::Layers::ACTIVATIONS];
        let (mut deltas, mut gradient) = (buffers.clone(), vec![0.0; PARAMS]);
        let (input, labels) = &step.batches[0];
        let batch = Batch { input, labels };
        let mut executor = executor();
        nn::gradient::<Fc28, Libm, _>(
            &mut executor,
            &before,
            batch,
            &mut buffers,
            &mut deltas,
            &mut gradient,
        );
        step.on_batch(0);
        let first = step.loss;
        let (_, delta) = update_of(rows, &gradient);
        differ("weights after a step", &moved(&before, &step.weights()), &delta, say);
        (0..30).for_each(|_| step.on_batch(0));
        if step.loss > first - 0.03 {
            say(format!("training does not decrease the loss: {first} to {}", step.loss));
        }
    }

    fn moved(before: &[f32], after: &[f32]) -> Vec<f32> {
        before.iter().zip(after).map(|(before, after)| before - after).collect()
    }

    fn differ(what: &str, got: &[f32], want: &[f64], say: &mut impl FnMut(String)) {
        let largest = want.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let error = got.iter().zip(want).fold(0.0, |m: f64, (g, w)| m.max((f64::from(*g) - w).abs()));
        if error.is_nan() || error > 1e-3 * largest {
            say(format!("{what}: relative error {:.1e}", error / largest));
        }
    }
}

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let mut runner = Runner::default();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => runner.serve(),
        ["--check"] => {
            let faults = check::faults();
            faults.iter().for_each(|fault| println!("{fault}"));
            if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        ["--once", kind, name] => match runner.times(kind, name, 10) {
            Ok(mut times) => {
                times.sort_by(f64::total_cmp);
                println!("random-bases: {kind} {name}: {:.2} ms (least {:.2})", times[5], times[0]);
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        },
        _ => {
            eprintln!("usage: [--check | --once update|step DISTRIBUTION]");
            ExitCode::from(2)
        }
    }
}
