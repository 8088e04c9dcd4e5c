//! The core links into a program without std and without an allocator, and gives the same bits there.

use std::process::Command;

use random_bases::vector::Level;
use random_bases_core::data::synthetic::{Part, digit};
use random_bases_core::data::{Images, View};
use random_bases_core::descent::{Descent, Memory, Method, Sizes, Subspace};
use random_bases_core::nn::{Batch, Small8};
use random_bases_core::numerics::{Libm, digest};
use random_bases_core::subspace::Strategy;
use random_bases_tests::{root, threads};

/// What `tests/no-std` does, with threads, vectors and the other strategy.
fn train() -> u64 {
    let mut executor = threads(2, Level::detect());
    let sizes = Sizes::of::<Small8>(Method::Rbd, 16, 8, Strategy::Fused);
    let mut floats = vec![0.0; sizes.floats()];
    let mut memory = Memory::carve(sizes, &mut floats);
    let (subspace, strategy) = (Subspace::of(8), Strategy::Fused);
    let mut descent = Descent::new(Method::Rbd, 1, subspace, strategy);
    descent.start::<Small8, _>(&mut executor, &mut memory);
    for step in 0..5 {
        let (mut pixels, mut labels, mut input) = ([0; 64], [0; 16], [0.0; 16 * 64]);
        for (i, input) in input.chunks_exact_mut(64).enumerate() {
            labels[i] = digit::<8>(1, Part::Train, step * 16 + i as u32, &mut pixels);
            let images = Images { shape: [8, 8, 1], pixels: &pixels, labels: &[labels[i]] };
            images.write(0, View::draw(images.shape, 1, 0, step * 16 + i as u32), input);
        }
        let mut batch = Batch { input: &input, labels: &labels };
        descent.step::<Small8, Libm, _>(&mut executor, 0.5, &mut batch, &mut memory);
    }
    digest(memory.weights)
}

#[test]
#[cfg(target_os = "linux")]
fn links_and_agrees() {
    let run = |digest: u64| {
        let target = root().join("target/no-std");
        let build = Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet", "--manifest-path"])
            .arg(root().join("tests/no-std/Cargo.toml"))
            .env("CARGO_TARGET_DIR", &target)
            .env("NO_STD_DIGEST", format!("{digest:016x}"))
            // Flags for this machine's tests are not meant for that program.
            .env_remove("RUSTFLAGS")
            .output()
            .unwrap();
        assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
        Command::new(target.join("release/no-std-check")).status().unwrap().code()
    };
    let digest = train();
    assert_eq!(run(digest ^ 1), Some(1), "a wrong digest is found");
    assert_eq!(run(digest), Some(0), "the program without std has other bits, or panicked");
}
