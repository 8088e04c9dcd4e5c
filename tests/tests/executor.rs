//! The executor of the CPU runner by itself: which vectors a tile gets, which threads run it, and that each tile runs
//! once.
//!
//! Results cannot tell: every level and every number of threads gives the same bits. So the supersteps here write down
//! how they were run.

use std::any::type_name;
use std::collections::HashSet;
use std::sync::{Condvar, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

use random_bases::executor::Threads;
use random_bases::fastest::fastest;
use random_bases::model::Model;
use random_bases::run_spec::{DataSpec, RunSpec};
use random_bases::settings;
use random_bases::vector::Level;
use random_bases_core::basis::Distribution;
use random_bases_core::descent::{Method, Options};
use random_bases_core::nn::{Fc28, Fc32, Layer, Network, Small8};
use random_bases_core::numerics::{Lanes, MathId};
use random_bases_core::step::{Executor, Superstep};
use random_bases_core::subspace::{Compartments, Normalisation, Strategy};
use random_bases_tests::{THREADS, able, threads};

/// Superstep: writes down the vectors it was given, as their width and whether they are arrays.
struct Vectors;

impl Superstep for Vectors {
    const NAME: &'static str = "vectors";

    fn chunk(&self) -> usize {
        2
    }

    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    fn tile<V: Lanes>(&self, _: usize, out: &mut [f32]) {
        out[0] = V::WIDTH as f32;
        out[1] = if type_name::<V>().contains("Array<") { 1.0 } else { 0.0 };
    }
}

/// What [`Vectors`] writes at a level.
fn vectors(level: Level) -> [f32; 2] {
    match level {
        Level::Portable => [8.0, 1.0],
        Level::Neon | Level::Sse2 => [4.0, 0.0],
        Level::Avx2 => [8.0, 0.0],
        Level::Avx512 => [16.0, 0.0],
    }
}

#[test]
fn a_tile_gets_the_vectors_that_were_asked_for() {
    for level in Level::ALL {
        if let Err(why) = able(level) {
            println!("skipped: {why}");
            assert!(Threads::new(1, Some(level)).is_err(), "{level}");
            continue;
        }
        for count in THREADS {
            let mut executor = threads(count, level);
            assert_eq!((executor.threads(), executor.level()), (count, level));
            for tiles in [1, 2, 50] {
                let mut out = vec![f32::NAN; 2 * tiles];
                executor.run(&Vectors, &mut out);
                let as_asked = out.chunks_exact(2).all(|tile| tile == vectors(level));
                assert!(as_asked, "{level}, {count} threads, {tiles} tiles: {out:?}");
            }
        }
    }
    let mut out = [f32::NAN; 40];
    Threads::new(2, None).unwrap().run(&Vectors, &mut out);
    assert!(out.chunks_exact(2).all(|tile| tile == vectors(Level::detect())), "{out:?}");
}

/// Superstep: every tile waits until as many threads as are expected have begun one.
struct Meeting {
    expected: usize,
    seen: Mutex<Seen>,
    arrival: Condvar,
}

#[derive(Default)]
struct Seen {
    threads: HashSet<ThreadId>,
    /// A tile waited in vain; the others need not wait.
    in_vain: bool,
}

impl Superstep for Meeting {
    const NAME: &'static str = "meeting";

    fn chunk(&self) -> usize {
        1
    }

    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    fn tile<V: Lanes>(&self, _: usize, _: &mut [f32]) {
        let mut seen = self.seen.lock().unwrap();
        seen.threads.insert(std::thread::current().id());
        self.arrival.notify_all();
        let alone = |seen: &mut Seen| seen.threads.len() < self.expected && !seen.in_vain;
        let (mut seen, timeout) =
            self.arrival.wait_timeout_while(seen, Duration::from_secs(10), alone).unwrap();
        seen.in_vain |= timeout.timed_out();
    }
}

/// How many threads take part in so many tiles, when `expected` of them are waited for.
fn meet(count: usize, tiles: usize, expected: usize) -> usize {
    let meeting = Meeting { expected, seen: Mutex::default(), arrival: Condvar::new() };
    threads(count, Level::Portable).run(&meeting, &mut vec![0.0; tiles]);
    meeting.seen.into_inner().unwrap().threads.len()
}

#[test]
fn every_thread_takes_part() {
    for count in THREADS {
        assert_eq!(meet(count, 64, count), count, "{count} threads");
    }
}

#[test]
fn one_thread_is_one_thread() {
    // Nobody is waited for: tiles that could run elsewhere have the time to.
    assert_eq!(meet(1, 1000, 1), 1);
    assert_eq!(meet(7, 1, 1), 1);
}

/// Superstep: writes to each float its place in the output, and down which tiles ran.
struct Places {
    chunk: usize,
    /// Index and length of every tile, in the order in which they ran.
    ran: Mutex<Vec<(usize, usize)>>,
}

impl Superstep for Places {
    const NAME: &'static str = "places";

    fn chunk(&self) -> usize {
        self.chunk
    }

    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for (i, x) in out.iter_mut().enumerate() {
            *x = (index * self.chunk + i) as f32;
        }
        self.ran.lock().unwrap().push((index, out.len()));
    }
}

#[test]
fn every_tile_runs_once_on_its_own_chunk() {
    for count in THREADS {
        let mut executor = threads(count, Level::detect());
        for chunk in [2, 7, 1024] {
            for len in [0, 1, chunk - 1, chunk, chunk + 1, 10 * chunk, 10 * chunk + 3] {
                let places = Places { chunk, ran: Mutex::default() };
                let mut out = vec![-1.0; len];
                executor.run(&places, &mut out);
                let about = format!("{count} threads, {len} floats in chunks of {chunk}");
                assert!(out.iter().enumerate().all(|(i, x)| *x == i as f32), "{about}: {out:?}");
                let mut ran = places.ran.into_inner().unwrap();
                ran.sort_unstable();
                let want: Vec<_> =
                    (0..len.div_ceil(chunk)).map(|i| (i, chunk.min(len - i * chunk))).collect();
                assert_eq!(ran, want, "{about}");
            }
        }
    }
}

/// A training of the smallest network.
fn spec() -> RunSpec {
    RunSpec {
        math: MathId::Libm,
        network: Model::Small8,
        data: DataSpec {
            name: "any".into(),
            images: 32,
            validation_start: 0,
            validation: 0,
            augmentation: false,
            digest: 0,
        },
        method: Method::Rbd,
        dimensions: 16,
        distribution: Distribution::Normal,
        normalisation: Normalisation::Auto,
        antithetic: false,
        batch: 32,
        seed: 1,
        options: Options::NONE,
    }
}

/// A strategy that was asked for is used; only `auto` looks at the distribution.
#[test]
fn a_named_strategy_is_obeyed() {
    let spec = spec();
    for distribution in [Distribution::Normal, Distribution::Uniform, Distribution::Rademacher] {
        for method in Method::EXAMPLES {
            let spec = RunSpec { distribution, method, ..spec.clone() };
            for level in Level::ALL {
                assert_eq!(spec.strategy(settings::Strategy::TwoPass, level), Strategy::TwoPass);
                assert_eq!(spec.strategy(settings::Strategy::Fused, level), Strategy::Fused);
                let auto = fastest(distribution, spec.network.params(), level);
                assert_eq!(spec.strategy(settings::Strategy::Auto, level), auto);
            }
        }
    }
}

/// Rows are as long as the largest compartment, not as the network.
#[test]
fn auto_goes_by_the_length_of_rows() {
    let whole = RunSpec { distribution: Distribution::Uniform, network: Model::Fc32, ..spec() };
    let parts = Options { compartments: Compartments::Weights(1_000), ..Options::NONE };
    let parts = RunSpec { options: parts, ..whole.clone() };
    let auto = |spec: &RunSpec| spec.strategy(settings::Strategy::Auto, Level::Portable);
    assert_eq!([auto(&whole), auto(&parts)], [Strategy::TwoPass, Strategy::Fused]);
}

/// Weights: 784 * 128 + 128 + 128 * 10 + 10, and alike.
#[test]
fn the_dense_networks_have_the_stated_sizes() {
    assert_eq!([Fc28::PARAMS, Fc32::PARAMS, Small8::PARAMS], [101_770, 394_634, 2_410]);
    assert_eq!([Fc28::SHAPE, Fc32::SHAPE, Small8::SHAPE], [[28, 28, 1], [32, 32, 3], [8, 8, 1]]);
    assert_eq!([Fc28::NAME, Fc32::NAME, Small8::NAME], ["fc-28x28x1", "fc-32x32x3", "small-8x8x1"]);
    assert_eq!(<Fc32 as Network>::Layers::INPUT, 3 * 32 * 32);
}
