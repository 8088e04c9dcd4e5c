//! scratch
use random_bases::{executor::Threads, vector::Level};
use random_bases_core::{basis::*, descent::*, nn::*, numerics::*, subspace::*};
use std::time::Instant;
fn main() {
    let d = 250;
    for dist in Distribution::ALL {
    for strategy in [Strategy::TwoPass, Strategy::Fused] {
        for level in Level::ALL.into_iter().rev() {
            for t in [1, 2] {
                let mut ex = Threads::new(t, Some(level)).unwrap();
                let mut sizes = Sizes::of::<Fc28>(32, d, strategy);
                sizes.scratch = strategy.scratch_for(101770, d, 16);
                let mut floats = vec![f32::NAN; sizes.floats()];
                let mut m = Memory::carve(sizes, &mut floats);
                let mut de = Descent { method: Method::Rbd, seed: 1, subspace: Subspace { dimensions: d, distribution: dist, normalisation: Normalisation::Auto }, strategy, steps: 0 };
                de.start::<Fc28, _>(&mut ex, &mut m);
                let input: Vec<f32> = (0..32 * 784).map(|i| ((i * 7919) % 255) as f32 / 255.0).collect();
                let labels: Vec<u8> = (0..32).map(|i| (i % 10) as u8).collect();
                let batch = Batch { input: &input, labels: &labels };
                let n = if level < Level::Avx2 { 3 } else { 10 };
                de.step::<Fc28, Libm, _>(&mut ex, 1.0, batch, &mut m);
                de.step::<Fc28, Libm, _>(&mut ex, 1.0, batch, &mut m);
                de.step::<Fc28, Libm, _>(&mut ex, 1.0, batch, &mut m);
                let dg = digest(m.weights);
                let s = Instant::now();
                for _ in 0..n { de.step::<Fc28, Libm, _>(&mut ex, 1.0, batch, &mut m); }
                let all = s.elapsed().as_secs_f64() / n as f64 * 1e3;
                let s = Instant::now();
                for _ in 0..n { m.gradient::<Fc28, Libm, _>(&mut ex, batch); }
                println!("{dist:?} {strategy:?} {level} {t}T {all:.2} ms/step, gradient {:.3} ms, digest {dg:016x}", s.elapsed().as_secs_f64() / n as f64 * 1e3);
            }
        }
    }}
}
