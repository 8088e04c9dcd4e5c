//! How outputs are divided among workers: by what it would cost.
//!
//! Outputs are rows (images, or rows of images) of columns (outputs, or channels). A vertex computes some columns of one row. Narrow pieces fill more
//! workers; wide ones repeat less of what every vertex needs, and lie in memory as pairs. Vertices follow one another columns outermost, and so many
//! neighbours as there are for each tile lie there together: they share what only depends on columns.

use std::ops::Add;

use super::Builder;
use crate::target::{Target, WORKERS};
use crate::timing::{LAUNCH, arranging, exchanging};

/// Bytes that come to a tile: by how they lie where they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes {
    /// Side by side.
    pub straight: u64,
    /// Apart, in pieces of an even number of elements.
    pub even: u64,
    /// Apart, in other pieces.
    pub odd: u64,
}

impl Bytes {
    /// So many elements, side by side.
    pub const fn together(elements: usize) -> Self {
        Self { straight: 4 * elements as u64, even: 0, odd: 0 }
    }

    /// So many elements, in pieces of so many.
    pub const fn apart(elements: usize, piece: usize) -> Self {
        let bytes = 4 * elements as u64;
        if piece.is_multiple_of(2) {
            Self { straight: 0, even: bytes, odd: 0 }
        } else {
            Self { straight: 0, even: 0, odd: bytes }
        }
    }

    const fn all(self) -> u64 {
        self.straight + self.even + self.odd
    }
}

impl Add for Bytes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            straight: self.straight + other.straight,
            even: self.even + other.even,
            odd: self.odd + other.odd,
        }
    }
}

/// What a vertex takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// Cycles of its worker.
    pub cycles: u64,
    /// What only it needs.
    pub own: Bytes,
    /// What neighbours with the same columns need, too.
    pub shared: Bytes,
}

/// The columns of a vertex that make the fastest division of `columns` columns of each of `rows` rows: `load(count)` is a vertex with so many.
pub(super) fn columns(
    builder: &Builder<'_>,
    rows: usize,
    columns: usize,
    load: impl Fn(usize) -> Load,
) -> usize {
    best(builder.target, rows, columns, load)
}

fn best(target: &Target, rows: usize, columns: usize, load: impl Fn(usize) -> Load) -> usize {
    // Each number of pieces, and the least width that makes no more.
    let mut counts: Vec<_> = (1..=columns).map(|pieces| columns.div_ceil(pieces)).collect();
    counts.dedup();
    let turns = |count: &usize| turns(target, rows * columns.div_ceil(*count), &load(*count));
    counts.into_iter().min_by_key(turns).unwrap_or(1)
}

/// Turns that a division takes, if every vertex has `count` columns.
pub(super) fn cost(
    builder: &Builder<'_>,
    rows: usize,
    columns: usize,
    count: usize,
    load: impl Fn(usize) -> Load,
) -> u64 {
    turns(builder.target, rows * columns.div_ceil(count), &load(count))
}

/// More turns than anything takes.
const NEVER: u64 = 1 << 60;

/// Turns of a tile with its share of so many vertices. What has hardly room, with two thirds of the memory taken by copies, is a last resort.
fn turns(target: &Target, vertices: usize, load: &Load) -> u64 {
    let per_tile = vertices.div_ceil(target.tiles() as usize) as u64;
    let sum = |of: fn(&Bytes) -> u64| per_tile * of(&load.own) + of(&load.shared);
    let bytes = sum(|bytes| bytes.all());
    let compute = u64::from(WORKERS) * per_tile.div_ceil(u64::from(WORKERS)) * load.cycles + LAUNCH;
    let turns = compute + exchanging(bytes, 0) + arranging(sum(|bytes| bytes.even), sum(|bytes| bytes.odd));
    if bytes > target.usable_bytes() * 2 / 3 { NEVER + turns } else { turns }
}

/// The tile of vertex `number` of `count`: neighbours together, and all tiles equally many, but for one.
pub(super) const fn place(target: &Target, number: usize, count: usize) -> u32 {
    (number as u64 * target.tiles() as u64 / count as u64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target = Target { tiles_per_ipu: 10, ..Target::GC200 };

    #[test]
    fn narrow_pieces_fill_workers_and_wide_ones_repeat_less() {
        // 10 rows of 12 columns on 10 tiles of 6 workers: two columns each, if nothing is moved.
        let load = |own: usize| {
            move |count: usize| Load {
                cycles: 100 * count as u64,
                own: Bytes::together(own),
                shared: Bytes::default(),
            }
        };
        assert_eq!(best(&TARGET, 10, 12, load(0)), 2);
        // If every piece needs 1,000 elements, three a tile take 2,400 + 3,000 turns; six would take 1,200 + 6,000, two 3,600 + 2,000.
        assert_eq!(best(&TARGET, 10, 12, load(1_000)), 4);
        assert_eq!(best(&TARGET, 10, 12, load(100)), 2);
    }

    #[test]
    fn what_is_too_much_for_a_tile_is_avoided() {
        // 400 KB for every two columns: more than two thirds of what there is.
        let load = |count: usize| Load {
            cycles: 1_000_000 * count as u64,
            own: Bytes::default(),
            shared: Bytes::together(50_000 * count),
        };
        assert_eq!(best(&TARGET, 2, 20, load), 1);
    }

    #[test]
    fn neighbours_share_tiles() {
        let places: Vec<_> = (0..25).map(|number| place(&TARGET, number, 25)).collect();
        assert_eq!(places[..6], [0, 0, 0, 1, 1, 2]);
        assert_eq!(places[24], 9);
        // Few lie apart.
        assert_eq!((place(&TARGET, 0, 2), place(&TARGET, 1, 2)), (0, 5));
    }
}
