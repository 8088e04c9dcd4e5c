//! The recorded fixtures that fit a microcontroller: those of the small network. Each is a name and a file.

/// A recorded file.
pub type Fixture = (&'static str, &'static [u8]);

macro_rules! fixture {
    ($name:literal) => {
        ($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../fixtures/", $name, ".rbases")))
    };
}

/// Known answers of the generator, the distributions, `exp` and `ln`.
pub const ANSWERS: Fixture = fixture!("known-answers");

/// One step of every method, and of RBD with every distribution, norm and `exp`.
pub const STEPS: &[Fixture] = &[
    fixture!("step-rbd"),
    fixture!("step-rbd-micromath"),
    fixture!("step-rbd-uniform-row-norm"),
    fixture!("step-rbd-rademacher-mean"),
    fixture!("step-rbd-bernoulli-antithetic"),
    fixture!("step-rbd-lognormal-by-a-number"),
    fixture!("step-rbd-hadamard-normal"),
    fixture!("step-fpd"),
    fixture!("step-sgd"),
    fixture!("step-nes"),
    fixture!("step-nes-uniform-mean-antithetic"),
    fixture!("step-nes-hadamard-normal-row-norm-antithetic"),
    fixture!("step-hybrid"),
    fixture!("step-hybrid-bernoulli-mean"),
    fixture!("step-hybrid-none-lognormal-row-norm-antithetic"),
    fixture!("step-gradient-bases"),
    fixture!("step-landscape"),
];

/// Three hundred steps of RBD, and a hundred with the `exp` and `ln` of `micromath`.
pub const RUNS: &[Fixture] = &[fixture!("run-small-rbd"), fixture!("run-small-rbd-micromath")];
