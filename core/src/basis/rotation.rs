//! The rotation of a tile: a Walsh-Hadamard transform across its 256 vectors, lane by lane.
//!
//! It is its own inverse but for the factor, symmetric, and as good as free: applied to a gradient and to a sum of rows instead of
//! to each row, its eight stages are done twice per step, however many directions there are.

use super::VECTORS;
use crate::numerics::Lanes;

/// What makes the elements of a row have variance one: 1 / 16 for the transform, 1 / 2315.6472706 for the variates (their standard
/// deviation, by enumeration), 2^-16 for their unit.
pub(crate) const SCALE: f32 = f32::from_bits(0x2fe2_6937);

/// Butterflies at distances 1, 2, 4, ... 128, `(a, b)` becoming `(a + b, a - b)`; then every element times [`SCALE`].
#[inline(always)]
pub(crate) fn rotate<V: Lanes>(x: &mut [V::F; VECTORS]) {
    let mut distance = 1;
    while distance < VECTORS {
        for pair in x.chunks_exact_mut(2 * distance) {
            let (first, second) = pair.split_at_mut(distance);
            for (a, b) in first.iter_mut().zip(second) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        distance *= 2;
    }
    for x in x {
        *x = *x * V::splat(SCALE);
    }
}
