//! Whole trainings on 1,472 emulated tiles have the bits of the processor's.

mod trainings;

use std::sync::{Arc, OnceLock};

use ipu_runner::codelets::Codelets;
use ipu_runner::machine::{Library, TileMachine};
use ipu_runner::target::Target;
use random_bases_core::basis::Distribution;
use random_bases_core::descent::{Method, Subspace};
use random_bases_core::nn::{Cnn28, Fc28, Network, Small8};
use random_bases_core::subspace::Normalisation;
use trainings::{compare, subspace};

/// The codelets, compiled once.
fn library() -> &'static Arc<Library> {
    static LIBRARY: OnceLock<Arc<Library>> = OnceLock::new();
    LIBRARY.get_or_init(|| Library::new(&Codelets::built_in()).expect("a C++ compiler"))
}

/// Some steps here and on the tiles, compared after each, in several orders of vertices.
fn equal<N: Network, const S: usize>(
    method: Method,
    subspace: Subspace,
    steps: usize,
    batch: usize,
    seeds: &[u64],
) {
    for &seed in seeds {
        let device = TileMachine::new(Target::GC200, Arc::clone(library()), seed);
        compare::<N, S>(Arc::new(device), method, subspace, steps, batch)
            .unwrap_or_else(|what| panic!("{what}"));
    }
}

#[test]
fn small_rbd() {
    for distribution in Distribution::EXAMPLES {
        equal::<Small8, 8>(Method::Rbd, subspace(37, distribution), 3, 32, &[1, 2]);
    }
}

/// As an IPU does it, whose tiles have no registers for several lanes side by side.
#[test]
fn small_rbd_one_lane_after_the_other() {
    let library = Library::new(&Codelets::changed("SIDE_BY_SIDE", "1")).expect("it still compiles");
    for distribution in Distribution::EXAMPLES {
        let device = Arc::new(TileMachine::new(Target::GC200, Arc::clone(&library), 1));
        let subspace = subspace(37, distribution);
        compare::<Small8, 8>(device, Method::Rbd, subspace, 2, 8).unwrap_or_else(|what| panic!("{what}"));
    }
}

/// On a machine that has no room for the fours of all directions: the last wave is not full.
#[test]
fn small_rbd_in_waves() {
    let target = Target { tiles_per_ipu: 16, bytes_per_tile: 128 << 10, ..Target::GC200 };
    let plain = Distribution::EXAMPLES.into_iter().map(|distribution| subspace(101, distribution));
    let pairs = Subspace { antithetic: true, ..subspace(102, Distribution::Normal) };
    for subspace in plain.chain([pairs]) {
        let device = Arc::new(TileMachine::new(target, Arc::clone(library()), 1));
        let graph = compare::<Small8, 8>(device, Method::Rbd, subspace, 2, 8)
            .unwrap_or_else(|what| panic!("{subspace:?}: {what}"));
        assert!(graph.find("lift: coefficients to come").is_some(), "one wave was enough");
    }
}

#[test]
fn small_fpd() {
    equal::<Small8, 8>(Method::Fpd, subspace(32, Distribution::Normal), 4, 32, &[1, 2]);
}

#[test]
fn antithetic_rows_with_norms_of_their_own() {
    let subspace = Subspace {
        antithetic: true,
        normalisation: Normalisation::Row,
        ..subspace(19, Distribution::Normal)
    };
    equal::<Small8, 8>(Method::Rbd, subspace, 2, 8, &[3]);
}

#[test]
fn fc_rbd() {
    equal::<Fc28, 28>(Method::Rbd, subspace(250, Distribution::Normal), 2, 32, &[1, 2]);
}

#[test]
fn fc_fpd() {
    equal::<Fc28, 28>(Method::Fpd, subspace(100, Distribution::Normal), 3, 32, &[1, 2]);
}

#[test]
fn cnn_rbd() {
    equal::<Cnn28, 28>(Method::Rbd, subspace(40, Distribution::Normal), 2, 8, &[1, 2]);
}

#[test]
fn cnn_fpd() {
    equal::<Cnn28, 28>(Method::Fpd, subspace(24, Distribution::Normal), 2, 8, &[1, 2]);
}

#[test]
fn fc_sgd() {
    equal::<Fc28, 28>(Method::Sgd, subspace(1, Distribution::Normal), 2, 32, &[1]);
}

/// Mistakes that move last bits only, one at a time: each is caught, and where it shows first.
#[test]
fn a_wrong_bit_in_a_codelet_is_caught() {
    let mistakes = [
        (
            "sum[n] + ((terms[0][n] + terms[1][n]) + (terms[2][n] + terms[3][n]))",
            "(sum[n] + (terms[0][n] + terms[1][n])) + (terms[2][n] + terms[3][n])",
            "coordinates",
        ),
        ("const float sum = (a + c) + (b + d);", "const float sum = (a + b) + (c + d);", "coordinates"),
        ("block = block + fours[at];", "sum = sum + fours[at];", "weights"),
        ("weights[e] + factor * total", "weights[e] + 0.999999f * factor * total", "weights"),
        (
            "coefficients[i] = norms[i] > 0.0f ? z / norms[i]",
            "coefficients[i] = norms[i] > 0.0f ? z * (1.0f / norms[i])",
            "weights",
        ),
        (
            "output[b * outputs + o] = sum + bias[o];",
            "output[b * outputs + o] = sum + bias[o] + 1e-7f;",
            "gradient",
        ),
        (
            "for (unsigned b = 0; b < input.size(); ++b)\n        sum = sum + input",
            "for (unsigned b = input.size(); b-- > 0;)\n        sum = sum + input",
            "gradient",
        ),
    ];
    for (right, wrong, first) in mistakes {
        let library = Library::new(&Codelets::changed(right, wrong)).expect("it still compiles");
        let subspace = subspace(37, Distribution::Normal);
        let device = Arc::new(TileMachine::new(Target::GC200, library, 1));
        let found = compare::<Small8, 8>(device, Method::Rbd, subspace, 2, 32).expect_err(wrong);
        assert!(found.starts_with(first), "{wrong}: {found}");
    }
}
