//! How orthogonal the rows of a basis are: the angle between each and the next.
//!
//! Random rows of many elements are nearly orthogonal, which is why d of them span d dimensions and need no
//! orthogonalisation. Of `N(0, 1)` rows, and in the limit of any that are centred, the mean |cos| is `sqrt(2 / (pi D))`.
//!
//! Rows are regenerated tile by tile and never stored, and partial sums are taken in waves of tiles: memory depends on
//! neither D nor, beyond the sums themselves, on the number of rows.

use super::sums::dot_tile;
use crate::basis::{Distribution, Row};
use crate::numerics::{Lanes, TILE};
use crate::random::Key;
use crate::step::{Executor, Superstep};

/// Superstep: for every pair of neighbouring rows its partial inner product over one tile, then for every row its partial
/// squared norm. Output `[tiles of the wave][pairs + rows]`.
struct Neighbours {
    key: Key,
    distribution: Distribution,
    pairs: usize,
    params: usize,
    /// The tile of the rows that is the first of the wave.
    first: usize,
}

impl Superstep for Neighbours {
    const NAME: &'static str = "neighbours";

    fn chunk(&self) -> usize {
        sums(self.pairs)
    }

    /// Nothing: a row is a function.
    fn reads<'s>(&'s self, _: usize, _: &mut dyn FnMut(&'s [f32])) {}

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let tile = self.first + index;
        let len = TILE.min(self.params - tile * TILE);
        let (dots, squares) = out.split_at_mut(self.pairs);
        let [mut row, mut before] = [[0.0; TILE]; 2];
        let (mut row, mut before) = (&mut row[..len], &mut before[..len]);
        for i in 0..squares.len() {
            core::mem::swap(&mut row, &mut before);
            Row { key: self.key, direction: i as u32, distribution: self.distribution }
                .tile::<V>(tile as u32, row);
            squares[i] = dot_tile::<V>(row, row);
            if i > 0 {
                dots[i - 1] = dot_tile::<V>(before, row);
            }
        }
    }
}

/// Superstep, in place: sums over the tiles before a wave, and then, in order, over those of the wave.
struct Continue<'a> {
    /// `[tiles of the wave][pairs + rows]`
    partials: &'a [f32],
    pairs: usize,
}

impl Superstep for Continue<'_> {
    const NAME: &'static str = "continue sums";
    const IN_PLACE: bool = true;

    fn chunk(&self) -> usize {
        sums(self.pairs)
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(self.partials);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, _: usize, out: &mut [f32]) {
        for partials in self.partials.chunks_exact(out.len()) {
            for (sum, partial) in out.iter_mut().zip(partials) {
                *sum += partial;
            }
        }
    }
}

/// Sums that a tile has, and that a whole row has: an inner product per pair, a squared norm per row.
const fn sums(pairs: usize) -> usize {
    2 * pairs + 1
}

/// Scratch with which [`cosines`] of so many pairs takes waves of so many tiles. At least one is needed; no bit depends on
/// how many there are.
#[must_use]
pub const fn scratch(pairs: usize, wave: usize) -> usize {
    (1 + wave) * sums(pairs)
}

/// Writes |cos| of the angle between rows `i` and `i + 1` of `params` elements, for each `i` below `cosines.len()`:
/// `|<a, b>| / (sqrt(<a, a>) sqrt(<b, b>))`, or 0 where that product of norms is not above 0.
///
/// `scratch` may hold anything.
///
/// ```
/// use random_bases_core::basis::Distribution;
/// use random_bases_core::random::{Domain, Key};
/// use random_bases_core::step::Serial;
/// use random_bases_core::subspace::orthogonality;
///
/// let key = Key::new(Domain::Basis, 1, 0, 0, 0);
/// let (mut cosines, mut scratch) = ([0.0; 3], [0.0; orthogonality::scratch(3, 2)]);
/// let mut executor: Serial = Serial::new();
/// orthogonality::cosines(&mut executor, key, Distribution::Normal, 100_000, &mut cosines, &mut scratch);
/// assert!(cosines.iter().all(|cos| *cos < 0.02));
/// ```
///
/// # Panics
/// If `scratch` is shorter than [`scratch`] of one tile.
pub fn cosines<E: Executor>(
    executor: &mut E,
    key: Key,
    distribution: Distribution,
    params: usize,
    cosines: &mut [f32],
    scratch: &mut [f32],
) {
    let pairs = cosines.len();
    let (totals, partials) = scratch.split_at_mut(sums(pairs));
    let wave = partials.len() / totals.len();
    assert!(wave > 0, "scratch for no tile");
    totals.fill(0.0);
    let tiles = params.div_ceil(TILE);
    for first in (0..tiles).step_by(wave) {
        let partials = &mut partials[..wave.min(tiles - first) * totals.len()];
        executor.run(&Neighbours { key, distribution, pairs, params, first }, partials);
        executor.run(&Continue { partials, pairs }, totals);
    }
    let (dots, squares) = totals.split_at(pairs);
    for (i, cos) in cosines.iter_mut().enumerate() {
        let norms = libm::sqrtf(squares[i]) * libm::sqrtf(squares[i + 1]);
        *cos = if norms > 0.0 { libm::fabsf(dots[i]) / norms } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Array;
    use crate::random::Domain;
    use crate::step::Serial;
    use crate::subspace::{Basis, Normalisation, project};

    const PAIRS: usize = 3;

    /// As many elements as three tiles and a piece have.
    const PARAMS: usize = 3 * TILE + 1001;

    fn key() -> Key {
        Key::new(Domain::Basis, 5, 0, 0, 0)
    }

    fn by_waves<V: Lanes>(distribution: Distribution, params: usize, wave: usize) -> [u32; PAIRS] {
        let (mut out, mut buffer) = ([f32::NAN; PAIRS], [f32::NAN; scratch(PAIRS, 4)]);
        let buffer = &mut buffer[..scratch(PAIRS, wave)];
        cosines(&mut Serial::<V>::new(), key(), distribution, params, &mut out, buffer);
        out.map(f32::to_bits)
    }

    /// With the projection's own sums: a row as the gradient.
    fn by_projection(distribution: Distribution, params: usize) -> [u32; PAIRS] {
        let mut executor: Serial = Serial::new();
        let mut basis = Basis {
            redraws: None,
            key: key(),
            distribution,
            normalisation: Normalisation::Row,
            dimensions: PAIRS + 1,
            antithetic: false,
        };
        let (mut norms, mut dots, mut scratch) = ([0.0; PAIRS + 1], [0.0; PAIRS + 1], [0.0; 4 * (PAIRS + 1)]);
        project::norms(&mut executor, &basis, 0, params, &mut norms, &mut scratch);
        basis.normalisation = Normalisation::Mean;
        core::array::from_fn(|i| {
            let mut next = [0.0; PARAMS];
            for (tile, part) in next[..params].chunks_mut(TILE).enumerate() {
                basis.row(i + 1).tile::<Array<1>>(tile as u32, part);
            }
            project::project(
                &mut executor,
                &basis,
                0,
                &next[..params],
                &[1.0; PAIRS + 1],
                &mut dots,
                &mut scratch,
            );
            (dots[i].abs() / (norms[i] * norms[i + 1])).to_bits()
        })
    }

    #[test]
    fn sums_are_those_of_the_projection_for_any_wave_and_width() {
        // The projection takes a rotated row's products elsewhere, in other bits; zeros have no angle.
        let other = [Distribution::Zeros, Distribution::HadamardNormal];
        for distribution in Distribution::EXAMPLES.into_iter().filter(|it| !other.contains(it)) {
            for params in [1, 10, 100, TILE, TILE + 1, PARAMS] {
                let want = by_projection(distribution, params);
                for wave in [1, 2, 3, 4] {
                    assert_eq!(
                        by_waves::<Array<4>>(distribution, params, wave),
                        want,
                        "{distribution} {params}"
                    );
                }
                assert_eq!(by_waves::<Array<1>>(distribution, params, 2), want, "{distribution} {params}");
                assert_eq!(by_waves::<Array<16>>(distribution, params, 3), want, "{distribution} {params}");
            }
        }
    }

    #[test]
    fn rows_of_one_element_are_parallel_and_rows_of_zeros_have_no_angle() {
        for cos in by_waves::<Array<4>>(Distribution::Rademacher, 1, 1).map(f32::from_bits) {
            assert_eq!(cos, 1.0);
        }
        assert_eq!(by_waves::<Array<4>>(Distribution::Zeros, PARAMS, 1), [0; PAIRS]);
        assert_eq!(by_waves::<Array<4>>(Distribution::Normal, 0, 1), [0; PAIRS]);
    }
}
