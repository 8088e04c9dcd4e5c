//! A training allocates nothing after its first steps: not in a step, not on any thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use random_bases::dataset::{DataSet, Split};
use random_bases::executor::Threads;
use random_bases::model::Model;
use random_bases::run_spec::RunSpec;
use random_bases::settings;
use random_bases::training::begin;
use random_bases_core::basis::Distribution;
use random_bases_core::descent::{Evolution, Method, Options, Rates, Workers};
use random_bases_core::numerics::MathId;
use random_bases_core::subspace::{Compartments, Normalisation, Transformation};

/// Counts allocations, of all threads, while it is asked to.
struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTS.load(SeqCst) {
            COUNT.fetch_add(1, SeqCst);
        }
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if COUNTS.load(SeqCst) {
            COUNT.fetch_add(1, SeqCst);
        }
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations during `work`.
fn count(work: impl FnOnce()) -> usize {
    COUNT.store(0, SeqCst);
    COUNTS.store(true, SeqCst);
    work();
    COUNTS.store(false, SeqCst);
    COUNT.load(SeqCst)
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn steps_allocate_nothing() {
    assert!(count(|| drop(std::hint::black_box(vec![1u8; 100]))) > 0, "the allocator counts");
    let evolution = Evolution { noise: 0.01, transformation: Transformation::Ranks };
    let base = RunSpec {
        math: MathId::Libm,
        network: Model::Small8,
        data: random_bases::run_spec::DataSpec {
            name: "synthetic-8x8x1".into(),
            images: 512,
            validation_start: 0,
            validation: 0,
            augmentation: true,
            digest: 0,
        },
        method: Method::Rbd,
        dimensions: 40,
        distribution: Distribution::Normal,
        normalisation: Normalisation::Auto,
        antithetic: false,
        batch: 16,
        seed: 3,
        options: Options::NONE,
    };
    let with = |options| RunSpec { options, ..base.clone() };
    let cases = [
        ("rbd", base.clone()),
        ("rbd, rademacher", RunSpec { distribution: Distribution::Rademacher, ..base.clone() }),
        ("rbd, hadamard-normal", RunSpec { distribution: Distribution::HadamardNormal, ..base.clone() }),
        ("rbd, row norms", RunSpec { normalisation: Normalisation::Row, ..base.clone() }),
        ("rbd, compartments", with(Options { compartments: Compartments::Layers(1), ..Options::NONE })),
        (
            "rbd, three workers",
            with(Options { workers: Workers { count: 3, ..Options::NONE.workers }, ..Options::NONE }),
        ),
        ("fpd", RunSpec { method: Method::Fpd, ..base.clone() }),
        ("sgd", RunSpec { method: Method::Sgd, dimensions: 0, ..base.clone() }),
        ("nes", RunSpec { method: Method::Nes(evolution), dimensions: 8, ..base.clone() }),
        ("hybrid", RunSpec { method: Method::Hybrid(evolution), dimensions: 8, ..base.clone() }),
    ];
    for threads in [1, 3] {
        for (name, spec) in &cases {
            let executor = Threads::new(threads, None).unwrap();
            let pool = Arc::clone(executor.pool());
            let data = DataSet::synthetic([8, 8, 1], 512, 1, &pool);
            let split = Split { start: 0, validation: 0, training: 512 };
            let strategy = spec.strategy(settings::Strategy::Auto, executor.level());
            let mut training = begin(spec, strategy, executor, &data, split).unwrap();
            let mut steps = |count: usize| {
                for _ in 0..count {
                    training.step(Rates::from(0.1));
                }
            };
            // As `train` does: the loop runs within the pool.
            let mut run =
                |count: usize| if threads > 1 { pool.install(|| steps(count)) } else { steps(count) };
            run(5);
            // More than an epoch. A thread that a busy system lets run for the first time only now allocates for its own start, once; what
            // steps allocate, they allocate every time.
            let allocations = (0..5).map(|_| count(|| run(40))).min().unwrap_or(usize::MAX);
            // The pool's way in, which is taken once, may make room for its queue.
            let way_in = usize::from(threads > 1);
            assert!(
                allocations <= way_in,
                "{name}, {threads} threads: {allocations} allocations in 40 steps"
            );
        }
    }
}
