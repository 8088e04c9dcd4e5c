//! Offspring: copies of the network, each moved along one row, and their losses.
//!
//! A tile is one offspring with everything it needs: its weights, its activations, its losses. They run in waves, as many
//! at a time as the scratch has room for. An offspring depends on its number and its images alone, so neither the size of
//! a wave nor the number of threads can show in the bits.

use core::marker::PhantomData;

use super::{Batches, Outcome};
use crate::nn::{self, Batch, Layer, Network};
use crate::numerics::{Array, Lanes, Math, TILE};
use crate::step::{Executor, Serial, Superstep};
use crate::subspace::Basis;

/// Floats of scratch per offspring in flight, with `images` images each.
#[must_use]
pub const fn len<N: Network>(images: usize) -> usize {
    RESULTS + N::PARAMS + images * (N::Layers::ACTIVATIONS + PER_IMAGE)
}

/// Loss, and how many images were classified right.
const RESULTS: usize = 2;

/// Scratch of [`nn::mean_loss`].
const PER_IMAGE: usize = 2;

/// Superstep: some offspring. Output per offspring: see [`len`].
struct Offspring<'a, N> {
    basis: &'a Basis<'a>,
    noise: f32,
    weights: &'a [f32],
    /// All images of the wave, or those that every offspring sees.
    batch: Batch<'a>,
    images: usize,
    shared: bool,
    /// The wave's first offspring.
    first: usize,
    /// A scalar function, the same for all vectors: it need not be compiled into the tile.
    loss: fn(&[f32], &[u8], &mut [f32]) -> Outcome,
    network: PhantomData<N>,
}

impl<N: Network> Offspring<'_, N> {
    /// The images of the wave's `index`-th offspring.
    fn batch(&self, index: usize) -> Batch<'_> {
        let first = if self.shared { 0 } else { index * self.images };
        self.batch.slice(first, self.images)
    }
}

impl<N: Network> Superstep for Offspring<'_, N> {
    const NAME: &'static str = "offspring";

    fn chunk(&self) -> usize {
        len::<N>(self.images)
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(self.weights);
        read(self.batch(index).input);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let (results, rest) = out.split_at_mut(RESULTS);
        let (weights, rest) = rest.split_at_mut(N::PARAMS);
        let (activations, losses) = rest.split_at_mut(self.images * N::Layers::ACTIVATIONS);
        let i = self.first + index;
        let (row, noise) = (self.basis.row(i), V::splat(self.basis.signed(i, self.noise)));
        for (tile, (moved, from)) in weights.chunks_mut(TILE).zip(self.weights.chunks(TILE)).enumerate() {
            row.tile::<V>(tile as u32, moved);
            let mut moved = moved.chunks_exact_mut(V::WIDTH);
            let mut from = from.chunks_exact(V::WIDTH);
            for (x, theta) in (&mut moved).zip(&mut from) {
                V::store(V::load(theta) + noise * V::load(x), x);
            }
            let (x, theta) = (moved.into_remainder(), from.remainder());
            V::store_partial(V::load_partial(theta) + noise * V::load_partial(x), x);
        }
        let batch = self.batch(index);
        nn::forward::<N, Serial<V>>(&mut Serial::new(), weights, batch.input, self.images, activations);
        let logits = N::Layers::output(activations, self.images);
        let Outcome { loss, right, .. } = (self.loss)(logits, batch.labels, losses);
        results[0] = loss;
        results[1] = right as f32;
    }
}

/// Mean loss and right answers, of logits. `losses`: two floats per image.
fn loss_of<N: Network, M: Math>(logits: &[f32], labels: &[u8], losses: &mut [f32]) -> Outcome {
    Outcome::of::<N, M, _>(&mut Serial::<Array<1>>::new(), logits, labels, losses)
}

/// Writes the loss of each offspring to `losses`, one per direction of the basis. What comes back is their mean (the sum
/// in order times `1 / d`) and how many images were classified right, of how many.
///
/// # Panics
/// If `scratch` has no room for one offspring, or the batches are not of `images` images.
pub fn losses<N: Network, M: Math, E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    noise: f32,
    weights: &[f32],
    shared: bool,
    batches: &mut impl Batches,
    images: usize,
    losses: &mut [f32],
    scratch: &mut [f32],
) -> Outcome {
    let len = len::<N>(images);
    let wave = scratch.len() / len;
    assert!(wave > 0, "scratch has no room for one offspring of {len} floats");
    let mut outcome = Outcome::NOTHING;
    let waves = (0..basis.dimensions).step_by(wave).map(|first| (first, wave.min(basis.dimensions - first)));
    let mut run = |(first, count): (usize, usize), batch: Batch<'_>| {
        let population = &mut scratch[..count * len];
        let (loss, network) = (loss_of::<N, M> as _, PhantomData::<N>);
        executor.run(
            &Offspring { basis, noise, weights, batch, images, shared, first, loss, network },
            population,
        );
        for (offspring, loss) in population.chunks_exact(len).zip(&mut losses[first..]) {
            *loss = offspring[0];
            outcome.add(Outcome {
                loss: offspring[0],
                right: offspring[1] as u64,
                images: images as u64,
                sgd: false,
            });
        }
    };
    if shared {
        let batch = batches.take(0, 1, images);
        waves.for_each(|wave| run(wave, batch));
    } else {
        waves.for_each(|wave| run(wave, batches.take(wave.0, wave.1, images)));
    }
    outcome.loss *= 1.0 / losses.len() as f32;
    outcome
}
