//! Matrices that lie transposed in memory, turned round piece by piece.

use super::matmul::Right;
use crate::numerics::Lanes;
use crate::random::LANES;

/// A part of a right matrix that lies transposed in memory, turned round on the stack. Worth its price where many rows
/// use it.
pub(super) struct Transposed {
    panel: [f32; Self::COLUMNS * Self::STEPS],
}

impl Transposed {
    /// Columns of a panel.
    pub const COLUMNS: usize = 32;
    /// Rows of a panel: steps of the summed index. With fewer, chains pause more often.
    pub const STEPS: usize = 64;

    /// Room for a panel, which one after the other goes through.
    #[inline(always)]
    pub const fn new() -> Self {
        Self { panel: [0.0; Self::COLUMNS * Self::STEPS] }
    }

    /// The panel of `columns` columns and some steps of a matrix that lies transposed: `columns` rows, `stride` apart,
    /// of `steps` elements.
    #[inline(always)]
    pub fn load<V: Lanes>(&mut self, data: &[f32], stride: usize, [columns, steps]: [usize; 2]) -> Right<'_> {
        let mut c = 0;
        while c + V::WIDTH <= columns {
            let mut rows = [&data[..0]; LANES];
            for lane in 0..V::WIDTH {
                rows[lane] = &data[(c + lane) * stride..][..steps];
            }
            let mut k = 0;
            while k + V::WIDTH <= steps {
                let mut square = [V::splat(0.0); LANES];
                for lane in 0..V::WIDTH {
                    square[lane] = V::load(&rows[lane][k..]);
                }
                transpose::<V>(&mut square);
                for j in 0..V::WIDTH {
                    V::store(square[j], &mut self.panel[(k + j) * Self::COLUMNS + c..]);
                }
                k += V::WIDTH;
            }
            for k in k..steps {
                // Lane by lane into a vector: left to itself, the compiler scatters elements, which takes longer.
                let mut lanes = [0.0; LANES];
                for lane in 0..V::WIDTH {
                    lanes[lane] = rows[lane][k];
                }
                V::store(V::load(&lanes), &mut self.panel[k * Self::COLUMNS + c..]);
            }
            c += V::WIDTH;
        }
        for c in c..columns {
            let row = &data[c * stride..][..steps];
            for (to, x) in self.panel.chunks_exact_mut(Self::COLUMNS).zip(row) {
                to[c] = *x;
            }
        }
        Right { data: &self.panel[..steps * Self::COLUMNS], stride: Self::COLUMNS }
    }
}

/// The first `WIDTH` vectors as a square, transposed. Dealing out the lower half and the upper in turn, lane by lane, moves the bits
/// of an element's place, which are those of its vector and its lane, round by one; after as many rounds as a lane's number has bits,
/// vector and lane have changed places.
#[inline(always)]
fn transpose<V: Lanes>(square: &mut [V::F; LANES]) {
    let half = V::WIDTH / 2;
    for _ in 0..V::WIDTH.ilog2() {
        let from = *square;
        for i in 0..half {
            [square[2 * i], square[2 * i + 1]] = V::zip(from[i], from[i + half]);
        }
    }
}
