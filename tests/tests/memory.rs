//! How much memory a training takes: the most that the program ever had resident, as Linux counts it.
//!
//! What has to fit is a sum of a few buffers (`core/src/descent/memory.rs`), none of which has d times D floats but the
//! rows that gradient-bases keeps. Sums are written here once more, by hand.

#[path = "cli/support.rs"]
#[allow(dead_code, reason = "the tests of the command line use all of it")]
mod support;

use std::process::{Child, Stdio};
use std::time::Duration;

use random_bases_core::nn::{Cnn28, Layer, Network};

use support::Place;

/// Threads of every run.
const THREADS: u64 = 2;

/// D.
const WEIGHTS: u64 = Cnn28::PARAMS as u64;

/// Floats per image between the layers.
const ACTIVATIONS: u64 = <Cnn28 as Network>::Layers::ACTIVATIONS as u64;

/// Tiles of a row.
const TILES: u64 = WEIGHTS.div_ceil(4096);

/// Blocks of directions in flight, of the fused strategy: one for each thread.
const BLOCKS: u64 = THREADS;

/// Rows that each of them takes: four, and what the block adds to the weights.
const ROWS: u64 = 5;

/// Offspring in flight: two for each thread.
const WAVE: u64 = 2 * THREADS;

/// For what allocators, stacks and pages of the program do differently from run to run.
const ROOM: u64 = 2 << 20;

/// The most memory that a process had resident so far; `None` once it has ended.
fn high_water(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB").expect("proc(5)").trim().parse().expect("proc(5)");
    Some(kilobytes << 10)
}

/// The most memory that a training took, in bytes. (`ru_maxrss` would be shorter, but begins with the memory of the process
/// that started it.)
fn peak(flags: &str) -> u64 {
    let size = format!("--train-images 200 --test-images 50 --threads {THREADS} --progress never");
    for _ in 0..5 {
        let place = Place::new();
        let mut command = place.command(&format!("train {size} {flags}"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let (mut peak, mut rose) = (0, true);
        while child.try_wait().unwrap().is_none() {
            if let Some(now) = high_water(&child) {
                // Linux counts pages by threads, and is a few of them behind.
                rose = now > peak + (256 << 10);
                peak = peak.max(now);
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        assert!(child.wait().unwrap().success(), "{flags}");
        // It has to have come to rest before the last look.
        if !rose {
            println!("{peak:>12} bytes  {flags}");
            return peak;
        }
    }
    panic!("{flags}: ends too fast to be measured");
}

/// The program with next to nothing to train.
fn base() -> u64 {
    peak("--preset small --batch-size 1 --evaluation-batch-size 1 -d 1 --max-steps 200 --epochs 2")
}

/// One image at a time, so that little but the weights and what belongs to directions is left.
const SLIM: &str = "--preset cnn --batch-size 1 --evaluation-batch-size 1";

/// Asserts that from `few` to `many` directions memory grows by at most so many bytes for each. d D floats would be
/// 93,322 times 4 bytes for each.
fn growth(flags: &str, few: u64, many: u64, per_direction: u64) {
    let peaks = [few, many].map(|d| peak(&format!("{flags} -d {d}")));
    let grown = peaks[1].saturating_sub(peaks[0]);
    let most = (many - few) * per_direction + ROOM;
    assert!(grown <= most, "{flags}: {grown} bytes from {few} to {many} directions, not {most}");
    assert!(most < (many - few) * WEIGHTS * 4 / 10, "the test says nothing");
}

/// Fused: c, norm and position of each direction, and up to [`BLOCKS`] blocks in flight, of [`ROWS`] rows each.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "memory is read from /proc, which is Linux's")]
fn fused_does_not_grow_with_directions() {
    for method in ["rbd", "fpd"] {
        let flags =
            format!("{SLIM} --max-steps 2 --method {method} --strategy fused --distribution rademacher");
        let blocks = BLOCKS - 1;
        growth(&flags, 10, 1000, 12 + ROWS * blocks * WEIGHTS * 4 / 990);
        growth(&flags, 1000, 20_000, 12);
    }
}

/// Two-pass: three floats for each direction as above, and a partial sum for each tile of its row.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "memory is read from /proc, which is Linux's")]
fn two_pass_keeps_a_sum_for_each_tile() {
    for method in ["rbd", "fpd"] {
        let flags =
            format!("{SLIM} --max-steps 2 --method {method} --strategy two-pass --distribution rademacher");
        for (few, many) in [(10, 1000), (1000, 20_000)] {
            growth(&flags, few, many, 12 + 4 * TILES);
        }
    }
}

/// Offspring run in waves: with more directions than a wave has, there are more waves.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "memory is read from /proc, which is Linux's")]
fn offspring_do_not_grow_with_directions() {
    for (method, many) in [("nes", 4000), ("hybrid", 20_000)] {
        let flags = format!("{SLIM} --max-steps 1 --method {method} --distribution rademacher");
        growth(&flags, 10, 1000, 12 + 4 * TILES);
        growth(&flags, 1000, many, 12 + 4 * TILES);
    }
}

/// A journal does not hold steps back.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "memory is read from /proc, which is Linux's")]
fn journals_do_not_grow_with_steps() {
    let flags = "--preset small -d 5000 --distribution zeros --strategy fused --epochs 500 --stop-on-nan false --output out";
    let peaks = [2, 402].map(|steps| peak(&format!("{flags} --max-steps {steps}")));
    let grown = peaks[1].saturating_sub(peaks[0]);
    // 400 steps of 5,000 coordinates are 8 MB.
    assert!(grown <= ROOM, "{grown} bytes");
}

/// The measure sees what it should: here d D floats are kept.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "memory is read from /proc, which is Linux's")]
fn gradient_bases_keeps_every_gradient() {
    let flags = format!("{SLIM} --max-steps 2 --method gradient-bases");
    let peaks = [1, 101].map(|d| peak(&format!("{flags} -d {d}")));
    let (grown, kept) = (peaks[1] - peaks[0], 100 * WEIGHTS * 4);
    assert!(grown.abs_diff(kept) <= ROOM, "{grown} bytes, not {kept}");
}

/// The sum of all buffers, in floats: `k` times the weights, a batch of 32 images, the evaluation of 50, directions.
fn sum(k: u64, batches: u64, per_direction: u64, d: u64) -> u64 {
    let images = batches * 32 * ACTIVATIONS + 50 * (784 + ACTIVATIONS);
    4 * (k * WEIGHTS + images + per_direction * d)
}

/// A training takes what its buffers take, and hardly more.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "memory is read from /proc, which is Linux's")]
fn a_training_takes_what_its_buffers_take() {
    let base = base();
    for (flags, d, sum) in [
        // Weights, gradient; activations and deltas.
        ("--method sgd", 0, sum(2, 2, 0, 0)),
        // And an update, with one block in flight, or several.
        ("--method rbd --strategy fused", 10, sum(3 + ROWS, 2, 3, 10)),
        ("--method rbd --strategy fused", 1000, sum(3 + BLOCKS * ROWS, 2, 3, 1000)),
        ("--method fpd --strategy fused", 1000, sum(3 + BLOCKS * ROWS, 2, 3, 1000)),
        ("--method rbd --strategy two-pass", 1000, sum(2, 2, 3 + TILES, 1000)),
        // No gradient. Offspring with weights and activations of their own.
        ("--method nes", 10, sum(1 + WAVE, WAVE, 3, 10)),
        ("--method nes", 200, sum(1 + WAVE, WAVE, 3, 200)),
        ("--method hybrid", 200, sum(1 + WAVE, WAVE, 3, 200)),
        // An update, and the rows.
        ("--method gradient-bases", 20, sum(3 + 20, 2, 3 + TILES, 20)),
    ] {
        let dimensions = if d > 0 { format!("-d {d}") } else { String::new() };
        let peak = peak(&format!("--preset cnn --max-steps 2 {flags} {dimensions}"));
        let (least, most) = (base + sum - ROOM, base + sum + ROOM);
        println!("{:>12} bytes beyond the base of {base}, of which buffers {sum}", peak - base);
        assert!((least..=most).contains(&peak), "{flags} {dimensions}: {peak} bytes, not {least} to {most}");
    }
}
