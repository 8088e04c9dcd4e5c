//! Options of RBD: pairwise combinations, workers as separate replicas, and what should make no difference.
//!
//! The core's conformance suite compares each option with the contract in scalar code; here whole trainings with many of them at
//! once run on all executors, are replayed, and go on from a saved state.

use std::sync::mpsc;

use random_bases::dataset::{DataSet, Split};
use random_bases::feed::Feed;
use random_bases::model::Model;
use random_bases::run_spec::RunSpec;
use random_bases::training::{Generation, Training, begin, begin_replay};
use random_bases::vector::Level;
use random_bases_core::basis::Distribution;
use random_bases_core::descent::{
    Anew, CoordinatePolicy, Draws, Memory, Method, Options, Period, Rates, SgdLayers, Sizes, UpdatePolicy,
    WorkerRows, Workers,
};
use random_bases_core::nn::Small8;
use random_bases_core::numerics::{Libm, MathId, digest};
use random_bases_core::record::{Floats, Frame, Frames, Record, Share, write};
use random_bases_core::subspace::{Compartments, Normalisation, Strategy, Top, Transformation};
use random_bases_tests::threads;

const STEPS: u64 = 5;
const NONE: Options = Options::NONE;

fn images() -> DataSet {
    DataSet::synthetic(Model::Small8.shape(), 120, 30, threads(2, Level::Portable).pool())
}

fn split(data: &DataSet) -> Split {
    Split { start: 5, validation: 20, training: data.train_count() as u32 - 20 }
}

fn spec(data: &DataSet, method: Method, options: Options) -> RunSpec {
    RunSpec {
        math: MathId::Libm,
        network: Model::Small8,
        data: data.spec(split(data), true),
        method,
        dimensions: 12,
        distribution: Distribution::Normal,
        normalisation: Normalisation::Auto,
        antithetic: false,
        batch: 7,
        seed: 3,
        options,
    }
}

/// The rates of step `step`: some steps follow the gradient, where that may be.
fn rates(spec: &RunSpec, step: u64) -> Rates {
    Rates { method: 0.4, sgd: 0.05, sgd_step: spec.options.update.sgd_steps && step % 3 == 1 }
}

/// What a step left, in bits.
#[derive(Clone, Debug, PartialEq, Eq)]
struct After {
    digest: u64,
    loss: u32,
    right: u64,
    sgd: bool,
    coordinates: Vec<u32>,
    factors: Vec<u32>,
}

fn bits(floats: &[f32]) -> Vec<u32> {
    floats.iter().map(|x| x.to_bits()).collect()
}

fn advance(training: &mut dyn Training, spec: &RunSpec, step: u64) -> After {
    let rates = rates(spec, step);
    let outcome = training.step(rates);
    After {
        digest: digest(training.weights()),
        loss: outcome.loss.to_bits(),
        right: outcome.right,
        sgd: outcome.sgd,
        coordinates: if rates.sgd_step { Vec::new() } else { bits(training.coordinates()) },
        factors: if outcome.sgd { Vec::new() } else { bits(training.factors()) },
    }
}

/// A training in progress, by one way of running it.
fn start<'d>(
    spec: &RunSpec,
    data: &'d DataSet,
    how: Generation,
    count: usize,
    level: Level,
) -> Box<dyn Training + 'd> {
    begin(spec, how, threads(count, level), data, split(data)).unwrap()
}

const PLAIN: Generation = Generation { strategy: Strategy::TwoPass, keeps_rows: false, repeats: false };

/// All ways of running it give what one thread of portable code gives; a replay and a resumed training, too.
fn check(spec: &RunSpec, data: &DataSet) -> Vec<After> {
    let mut training = start(spec, data, PLAIN, 1, Level::Portable);
    let want: Vec<After> = (0..STEPS).map(|step| advance(training.as_mut(), spec, step)).collect();
    let best = Level::detect();
    for (strategy, keeps_rows, count, level) in [
        (Strategy::Fused, false, 1, best),
        (Strategy::TwoPass, false, 3, best),
        (Strategy::Fused, true, 2, best),
        (Strategy::Fused, false, 2, Level::Portable),
    ] {
        let how = Generation { strategy, keeps_rows, repeats: false };
        let mut training = start(spec, data, how, count, level);
        for (step, want) in (0..STEPS).zip(&want) {
            let got = advance(training.as_mut(), spec, step);
            assert_eq!(*want, got, "step {step}, {how:?}, {count} threads, {level}: {spec:?}");
        }
    }
    // In the middle of periods: a state that is carried to another training.
    let cut = 3;
    let kept = Generation { strategy: Strategy::Fused, keeps_rows: true, repeats: false };
    let mut first = start(spec, data, kept, 2, best);
    (0..cut).for_each(|step| _ = advance(first.as_mut(), spec, step));
    let mut second = start(spec, data, kept, 2, best);
    for ((_, to), (_, from)) in second.state().into_iter().zip(first.state()) {
        to.copy_from_slice(from);
    }
    second.resume(cut);
    for step in cut..STEPS {
        assert_eq!(want[step as usize], advance(second.as_mut(), spec, step), "resumed: {spec:?}");
    }
    if spec.can_replay() {
        let mut replay = begin_replay(spec, threads(2, best)).unwrap();
        for (step, want) in (0..STEPS).zip(&want) {
            let floats = |bits: &[u32]| bits.iter().map(|x| f32::from_bits(*x)).collect::<Vec<f32>>();
            replay.step(rates(spec, step), &floats(&want.coordinates), &floats(&want.factors));
            assert_eq!(want.digest, digest(replay.weights()), "replay of step {step}: {spec:?}");
        }
        // In a training, which then goes on.
        let repeats = Generation { strategy: Strategy::Fused, keeps_rows: false, repeats: true };
        let mut training = start(spec, data, repeats, 1, best);
        for (step, want) in (0..cut).zip(&want) {
            let floats = |bits: &[u32]| bits.iter().map(|x| f32::from_bits(*x)).collect::<Vec<f32>>();
            training.replay(rates(spec, step), &floats(&want.coordinates), &floats(&want.factors));
        }
        for step in cut..STEPS {
            let got = advance(training.as_mut(), spec, step);
            assert_eq!(want[step as usize], got, "after a replay: {spec:?}");
        }
    }
    want
}

/// Options in groups; a combination takes one of each group.
struct Choices {
    compartments: Vec<(Compartments, bool)>,
    workers: Vec<Workers>,
    draws: Vec<Draws>,
    coordinates: Vec<CoordinatePolicy>,
    update: Vec<UpdatePolicy>,
    subspace: Vec<(Normalisation, bool, Distribution)>,
    methods: Vec<Method>,
}

fn choices() -> Choices {
    let draws = |period, anew| Draws { period, anew };
    let each = Period::Steps(1);
    let workers = |count, same_images, rows| Workers { count, same_images, rows };
    let c = NONE.coordinates;
    let u = NONE.update;
    Choices {
        compartments: vec![
            (Compartments::Whole, false),
            (Compartments::Weights(700), false),
            (Compartments::Weights(700), true),
            (Compartments::Layers(1), true),
            (Compartments::Type, false),
            (Compartments::Proportional, false),
            (Compartments::Exponential, false),
        ],
        workers: vec![
            Workers::ONE,
            workers(2, false, WorkerRows::Own),
            workers(3, true, WorkerRows::Own),
            workers(2, false, WorkerRows::Shared),
            workers(3, false, WorkerRows::Averaged),
            workers(2, true, WorkerRows::Split),
            workers(3, false, WorkerRows::Split),
        ],
        draws: vec![
            draws(each, Anew::All),
            draws(Period::Steps(2), Anew::All),
            draws(Period::Steps(4), Anew::All),
            draws(Period::Never, Anew::All),
            draws(each, Anew::Low(0.5)),
            draws(each, Anew::High(0.34)),
        ],
        coordinates: vec![
            c,
            CoordinatePolicy { transformation: Transformation::Ranks, ..c },
            CoordinatePolicy { transformation: Transformation::Norm, top: Top::Count(2), ..c },
            CoordinatePolicy { top: Top::Fraction(0.5), ..c },
            CoordinatePolicy { top: Top::Fraction(-0.5), reset: Period::Steps(2), ..c },
            CoordinatePolicy { reset: Period::Never, ..c },
            CoordinatePolicy { accumulate: 2, ..c },
        ],
        update: vec![
            u,
            UpdatePolicy { momentum: 0.9, ..u },
            UpdatePolicy { momentum: 0.5, nesterov: true, ..u },
            UpdatePolicy { multiplier: true, ..u },
            UpdatePolicy { surgeon: Some(0.02), momentum: 0.2, ..u },
            UpdatePolicy { sgd_below: Some(0.02), ..u },
            UpdatePolicy { sgd_layers: SgdLayers::Only(1), ..u },
            UpdatePolicy { sgd_layers: SgdLayers::AllBut(2), multiplier: true, ..u },
            UpdatePolicy { sgd_steps: true, ..u },
        ],
        subspace: vec![
            (Normalisation::Auto, false, Distribution::Normal),
            (Normalisation::Row, true, Distribution::HadamardNormal),
            (Normalisation::Mean, false, Distribution::Uniform),
            (Normalisation::By(30.0), true, Distribution::Rademacher),
            (Normalisation::Auto, false, Distribution::Rademacher),
        ],
        methods: vec![Method::Rbd, Method::Fpd],
    }
}

/// A generator for tests (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// The places of a combination in the groups of [`Choices`].
type Places = [usize; 7];

impl Choices {
    fn counts(&self) -> Places {
        [
            self.compartments.len(),
            self.workers.len(),
            self.draws.len(),
            self.coordinates.len(),
            self.update.len(),
            self.subspace.len(),
            self.methods.len(),
        ]
    }

    /// The run of a combination, if its options go together.
    fn spec(&self, data: &DataSet, at: Places) -> Option<RunSpec> {
        let (compartments, split) = self.compartments[at[0]];
        let (normalisation, antithetic, distribution) = self.subspace[at[5]];
        let options = Options {
            compartments,
            split,
            workers: self.workers[at[1]],
            draws: self.draws[at[2]],
            coordinates: self.coordinates[at[3]],
            update: self.update[at[4]],
        };
        let spec =
            RunSpec { normalisation, antithetic, distribution, ..spec(data, self.methods[at[6]], options) };
        // Sizes that tell dynamic compartments apart.
        let dimensions = if compartments.is_dynamic() { 40 } else { 12 };
        let spec = RunSpec { dimensions, ..spec };
        // As a record is read: the only door.
        RunSpec::from_record(&spec.to_record()).ok()
    }

    /// Combinations in which every pair of choices that goes together at all occurs.
    fn pairwise(&self, data: &DataSet, dice: &mut Dice) -> Vec<RunSpec> {
        let counts = self.counts();
        let pairs = |at: Places| (0..7).flat_map(move |a| (a + 1..7).map(move |b| (a, at[a], b, at[b])));
        let mut missing = std::collections::BTreeSet::new();
        for a in 0..7 {
            for b in a + 1..7 {
                for i in 0..counts[a] {
                    (0..counts[b]).for_each(|j| _ = missing.insert((a, i, b, j)));
                }
            }
        }
        let mut specs = Vec::new();
        let mut impossible = Vec::new();
        while let Some(&(a, i, b, j)) = missing.iter().next() {
            // The best of many that have this pair; the other choices by chance, most of them plain.
            let mut best: Option<(usize, Places, RunSpec)> = None;
            for tried in 0..300 {
                let mut at: Places = std::array::from_fn(|g| {
                    if tried % 3 == 0 && dice.below(2) == 0 { 0 } else { dice.below(counts[g]) }
                });
                (at[a], at[b]) = (i, j);
                let Some(spec) = self.spec(data, at) else { continue };
                let gain = pairs(at).filter(|pair| missing.contains(pair)).count();
                if best.as_ref().is_none_or(|(most, ..)| gain > *most) {
                    best = Some((gain, at, spec));
                }
            }
            match best {
                Some((_, at, spec)) => {
                    pairs(at).for_each(|pair| _ = missing.remove(&pair));
                    specs.push(spec);
                }
                None => {
                    missing.remove(&(a, i, b, j));
                    impossible.push((a, i, b, j));
                }
            }
        }
        // What the page of options lists, and no pair more.
        assert_eq!(impossible.len(), 88, "{impossible:?}");
        specs
    }
}

#[test]
fn pairs_of_options_have_the_same_bits_on_all_executors() {
    let data = images();
    let specs = choices().pairwise(&data, &mut Dice(20_260_401));
    assert!(specs.len() >= 50, "{} combinations", specs.len());
    let mut sgd = 0;
    for spec in &specs {
        let after = check(spec, &data);
        sgd += after.iter().filter(|after| after.sgd).count();
        assert!(after.windows(2).any(|pair| pair[0].digest != pair[1].digest), "nothing moves: {spec:?}");
    }
    assert!(sgd > 0, "no step followed the gradient");
    println!("{} combinations", specs.len());
}

/// Each option by itself is another training than without it.
#[test]
fn each_option_matters() {
    let data = images();
    let choices = choices();
    let plain = check(&spec(&data, Method::Rbd, NONE), &data);
    let mut seen = vec![plain];
    for group in 0..5 {
        for place in 1..choices.counts()[group] {
            let mut at = [0; 7];
            at[group] = place;
            // Some go only with a basis that lasts.
            let spec = choices.spec(&data, at).unwrap_or_else(|| {
                at[2] = 1;
                choices.spec(&data, at).unwrap()
            });
            let after = check(&spec, &data);
            let workers = spec.options.workers;
            if workers.rows == WorkerRows::Split && workers.same_images {
                // That is its point.
                assert_eq!(seen[0], after, "{spec:?}");
                continue;
            }
            assert!(!seen.contains(&after), "as another: {spec:?}");
            seen.push(after);
        }
    }
}

/// Directions that are split over workers that see the same images: nothing tells how many workers there are.
#[test]
fn splitting_directions_does_not_show() {
    let data = images();
    for (compartments, split) in choices().compartments {
        for antithetic in [false, true] {
            let of = |count, rows| {
                let workers = Workers { count, same_images: count > 1, rows };
                let options = Options { compartments, split, workers, ..NONE };
                let spec = RunSpec { antithetic, dimensions: 30, ..spec(&data, Method::Rbd, options) };
                check(&spec, &data)
            };
            let alone = of(1, WorkerRows::Own);
            for count in [2, 3, 5] {
                assert_eq!(alone, of(count, WorkerRows::Split), "{compartments:?}, {count} workers");
            }
        }
    }
}

/// A message between workers: the record that a journal holds.
fn message(step: u64, worker: usize, digest: u64, coordinates: &[f32]) -> Vec<u8> {
    let share = Share {
        step,
        worker: worker as u32,
        loss: 0.0,
        right: 0,
        digest,
        coordinates: Floats::from(coordinates),
    };
    let mut buffer = vec![0; 4 * coordinates.len() + 100];
    write(&Record::Share(share), &mut buffer).unwrap().to_vec()
}

/// One replica: computes its share, sends it, hears the others', steps. Nothing but messages joins it with them.
fn replica(
    worker: usize,
    spec: &RunSpec,
    data: &DataSet,
    send: &[mpsc::Sender<Vec<u8>>],
    hear: &[mpsc::Receiver<Vec<u8>>],
) -> Vec<u64> {
    let mut executor = threads(1, Level::detect());
    let mut descent = spec.descent(Strategy::TwoPass);
    let sizes = Sizes::of_descent::<Small8>(&descent, spec.batch as usize, 1);
    let mut floats = vec![f32::NAN; sizes.floats()];
    let mut memory = Memory::carve(sizes, &mut floats);
    descent.start::<Small8, _>(&mut executor, &mut memory);
    let mut feed = Feed::new(spec, data, split(data), executor.pool());
    (0..STEPS)
        .map(|step| {
            let before = digest(memory.weights);
            feed.begin_step(step);
            descent.share::<Small8, Libm, _>(&mut executor, worker, &mut feed, &mut memory);
            let mut share = vec![0.0; descent.share_len::<Small8>(worker)];
            descent.send::<Small8>(worker, &memory, &mut share);
            for to in send {
                to.send(message(step, worker, before, &share)).unwrap();
            }
            for from in hear {
                let bytes = from.recv().unwrap();
                let Some(Ok(Frame { record: Record::Share(share), .. })) = Frames::headless(&bytes).next()
                else {
                    panic!("no share")
                };
                assert_eq!((share.step, share.digest), (step, before), "a worker has other weights");
                let coordinates: Vec<f32> = share.coordinates.iter().collect();
                descent.receive::<Small8>(share.worker as usize, &coordinates, &mut memory);
            }
            descent.join::<Small8, _>(&mut executor, rates(spec, step), &mut memory);
            digest(memory.weights)
        })
        .collect()
}

/// Replicas on threads of their own, which know of each other only what messages say, have the weights of the workers in one
/// process.
#[test]
fn replicas_that_exchange_messages_are_the_workers_of_one_process() {
    let data = images();
    let c = NONE.coordinates;
    for workers in choices().workers.into_iter().filter(|workers| workers.count > 1) {
        for (compartments, coordinates, draws, momentum) in [
            (Compartments::Whole, c, NONE.draws, 0.0),
            (
                Compartments::Layers(1),
                CoordinatePolicy { top: Top::Fraction(0.5), reset: Period::Steps(2), ..c },
                NONE.draws,
                0.0,
            ),
            (Compartments::Proportional, c, Draws { period: Period::Steps(2), anew: Anew::All }, 0.9),
        ] {
            let update = UpdatePolicy { momentum, ..NONE.update };
            let options = Options { compartments, split: false, workers, draws, coordinates, update };
            let spec = spec(&data, Method::Rbd, options);
            let want: Vec<u64> = check(&spec, &data).iter().map(|after| after.digest).collect();

            let count = workers.count as usize;
            // A way from each to each.
            let mut hear: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
            let mut send: Vec<Vec<_>> = Vec::new();
            for _ in 0..count {
                let ways: (Vec<_>, Vec<_>) = (0..count).map(|_| mpsc::channel()).unzip();
                hear.iter_mut().zip(ways.1).for_each(|(hear, way)| hear.push(way));
                send.push(ways.0);
            }
            let digests: Vec<Vec<u64>> = std::thread::scope(|scope| {
                let (spec, data) = (&spec, &data);
                let replicas = hear.into_iter().zip(send).enumerate().map(|(worker, (hear, send))| {
                    scope.spawn(move || replica(worker, spec, data, &send, &hear))
                });
                let replicas: Vec<_> = replicas.collect();
                replicas.into_iter().map(|replica| replica.join().unwrap()).collect()
            });
            for (worker, got) in digests.iter().enumerate() {
                assert_eq!(want, *got, "worker {worker} of {workers:?}");
            }
        }
    }
}

/// The page of options: every row of the original's table has a name that exists, its true default, and a test that exists.
#[test]
fn the_page_of_options_is_true() {
    let root = random_bases_tests::root();
    let page = std::fs::read_to_string(root.join("host-cli/OPTIONS.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .filter(|row: &Vec<&str>| row.len() == 4 && row[0] != "original" && row[0] != "---")
        .collect();
    assert!(rows.len() >= 55, "{} rows", rows.len());
    let nowhere = random_bases::settings::Surroundings {
        folder: std::path::Path::new("/nonexistent"),
        environment: &|_| None,
    };
    let defaults = random_bases::settings::resolve_in(&Default::default(), &nowhere).unwrap().to_toml();
    for row in &rows {
        let [original, here, default, tests] = row[..] else { panic!("{row:?}") };
        let ticked =
            |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
        // The first name in ticks is a key, unless a flag or a command stands for the option.
        let names = ticked(here);
        let key = names.first().map(|name| name.split(" = ").next().unwrap().to_owned());
        let is_key = |name: &String| random_bases::settings::KEYS.contains(&name.as_str());
        match &key {
            Some(name) if is_key(name) => {
                let written = ticked(default).first().cloned();
                let of_key = defaults.lines().find_map(|line| {
                    line.trim_start_matches("# ").strip_prefix(&format!("{name} = ")).map(str::to_owned)
                });
                // A value that is given with the name is not the default.
                if let (Some(written), Some(of_key), false) = (written, of_key, names[0].contains(" = ")) {
                    let of_key = of_key.split("  #").next().unwrap().trim();
                    let auto = written == "\"auto\"" || written == "\"tuned\"";
                    assert!(auto || written == of_key, "{original}: {written}, really {of_key}");
                }
            }
            Some(name) => {
                assert!(name.starts_with("--") || name.starts_with("random-bases"), "{original}: {name}")
            }
            None => assert!(here.starts_with("none: "), "{original} has no name here and no reason"),
        }
        let named = ticked(tests);
        assert!(!named.is_empty() || here.starts_with("none: "), "{original} has no test");
        for test in named {
            let (file, function) = test.split_once("::").unwrap_or((&test, ""));
            let path = match file.strip_prefix("core/").map(|file| format!("core/src/{file}")) {
                Some(path) => path,
                None => match file.strip_prefix("host-cli/") {
                    Some(file) => format!("host-cli/src/{file}"),
                    None => format!("tests/tests/{file}"),
                },
            };
            let path = root.join(path);
            let file = if path.is_dir() { path.join("mod.rs") } else { path.with_extension("rs") };
            let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{test}: {error}"));
            assert!(text.contains(&format!("fn {function}")), "{original}: no test {test}");
        }
    }
}
