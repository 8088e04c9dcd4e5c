//! A tile reads what it says it reads, and nothing else: everything else may hold anything.
//!
//! That is what an executor relies on that brings a tile's inputs to another machine.

use std::ops::Range;

use random_bases_core::nn::{Conv, Dense, Layer, MaxPool, Pad, ParameterGradient, Relu};
use random_bases_core::numerics::Array;
use random_bases_core::step::{Executor, Superstep};
use random_bases_core::subspace::stored;

/// Runs tile `tile` only, and notes which memory it says it reads.
struct Only {
    tile: usize,
    tiles: usize,
    reads: Vec<Range<usize>>,
    written: Range<usize>,
}

impl Only {
    fn new(tile: usize) -> Self {
        Self { tile, tiles: 0, reads: Vec::new(), written: 0..0 }
    }
}

fn addresses(floats: &[f32]) -> Range<usize> {
    let range = floats.as_ptr_range();
    range.start as usize..range.end as usize
}

impl Executor for Only {
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        assert!(!S::IN_PLACE, "{}", S::NAME);
        let chunk = superstep.chunk();
        self.tiles = out.len().div_ceil(chunk);
        self.written = self.tile * chunk..out.len().min((self.tile + 1) * chunk);
        superstep.reads(self.tile, &mut |slice| self.reads.push(addresses(slice)));
        superstep.tile::<Array<4>>(self.tile, &mut out[self.written.clone()]);
    }
}

/// Buffers that a superstep may read.
type Inputs = Vec<Vec<f32>>;

/// Runs every tile of one superstep alone, with everything spoiled that it does not say it reads.
fn check(inputs: &Inputs, out: usize, run: impl Fn(&Inputs, &mut Only, &mut [f32])) {
    let (mut tile, mut kept) = (0, 0);
    loop {
        let mut executor = Only::new(tile);
        let mut want = vec![0.0; out];
        run(inputs, &mut executor, &mut want);

        let mut spoiled = inputs.clone();
        for (input, spoiled) in inputs.iter().zip(&mut spoiled) {
            for (x, place) in input.iter().zip(spoiled) {
                let at = addresses(std::slice::from_ref(x)).start;
                let read = executor.reads.iter().any(|range| range.contains(&at));
                kept += usize::from(read);
                *place = if read { *x } else { f32::NAN };
            }
        }
        let mut got = vec![0.0; out];
        run(&spoiled, &mut Only::new(tile), &mut got);
        for i in executor.written {
            assert_eq!(want[i].to_bits(), got[i].to_bits(), "tile {tile} reads more than it says");
        }
        tile += 1;
        if tile == executor.tiles {
            // Else the test would be about nothing. (A single tile may read nothing: a border is zeros.)
            assert!(kept > 0);
            return;
        }
    }
}

fn numbers(len: usize, salt: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7_919 + salt * 104_729) % 1_009) as f32 / 500.0 - 1.0).collect()
}

/// Forward, backward and gradient of a layer, for several images.
fn layer<L: Layer>() {
    for images in [1, 3, 10] {
        let params = numbers(L::PARAMS, 1);
        let input = numbers(L::INPUT * images, 2);
        check(&vec![params.clone(), input.clone()], L::ACTIVATIONS * images, |inputs, executor, out| {
            L::forward(executor, images, &inputs[0], &inputs[1], out);
        });
        let mut activations = vec![0.0; L::ACTIVATIONS * images];
        let mut serial = random_bases_core::step::Serial::<Array<4>>::new();
        L::forward(&mut serial, images, &params, &input, &mut activations);
        let deltas = numbers(L::ACTIVATIONS * images, 3);
        let inputs = vec![params, input, activations, deltas];
        check(&inputs, L::INPUT * images, |inputs, executor, out| {
            // The buffer of the deltas itself must lie where `inputs` lies.
            let [params, input, activations, deltas] = &inputs[..] else { unreachable!() };
            let mut own = deltas.clone();
            let before = addresses(&own);
            L::backward(executor, images, params, input, activations, &mut own, Some(out));
            let shift = addresses(deltas).start.wrapping_sub(before.start);
            for range in &mut executor.reads {
                if before.contains(&range.start) {
                    *range = range.start.wrapping_add(shift)..range.end.wrapping_add(shift);
                }
            }
        });
        if L::PARAMS > 0 {
            check(&inputs, L::PARAMS, |inputs, executor, out| {
                let superstep = ParameterGradient::<L>::new(images, &inputs[1], &inputs[2], &inputs[3]);
                executor.run(&superstep, out);
            });
        }
    }
}

#[test]
fn dense() {
    layer::<Dense<5, 3>>();
}

#[test]
fn relu() {
    layer::<Relu<1000>>();
}

#[test]
fn conv() {
    layer::<Conv<5, 6, 2, 3, 3>>();
    layer::<Conv<3, 3, 1, 1, 1>>();
}

#[test]
fn pool() {
    layer::<MaxPool<5, 4, 3>>();
}

#[test]
fn pad() {
    layer::<Pad<3, 4, 2, 2>>();
}

#[test]
fn sum_of_stored_rows() {
    let inputs = vec![numbers(18 * 5_000, 1), numbers(18, 2)];
    check(&inputs, 5_000, |inputs, executor, out| stored::sum(executor, &inputs[0], &inputs[1], out));
}
