//! Nested ranges with strides, found again from the elements that they stand for.

use std::ops::Range;

/// Where the first element is, and sizes and strides of three nested ranges, the innermost last: as [`crate::graph::View::nested`] takes them.
pub type Pattern = (usize, [(usize, usize); 3]);

/// The pattern of some ranges of neighbours, side by side. `None` if three nested ranges cannot say it.
///
/// Ranges must be as [`crate::graph::View::runs`] gives them: joined either wherever they can be, or nowhere.
#[must_use]
pub fn pattern(ranges: &[Range<usize>]) -> Option<Pattern> {
    let Some(first) = ranges.first() else { return Some((0, [(1, 0), (1, 0), (0, 1)])) };
    let len = first.len();
    if ranges.iter().any(|range| range.len() != len) {
        return None;
    }
    let mut levels = Vec::new();
    if len != 1 {
        levels.push((len, 1));
    }
    let mut starts: Vec<usize> = ranges.iter().map(|range| range.start).collect();
    while starts.len() > 1 {
        let stride = starts[1].checked_sub(starts[0])?;
        let count = 1 + starts.windows(2).take_while(|pair| pair[0] + stride == pair[1]).count();
        let regular = |part: &[usize]| part.windows(2).all(|pair| pair[0] + stride == pair[1]);
        if !starts.len().is_multiple_of(count) || !starts.chunks_exact(count).all(regular) {
            return None;
        }
        levels.push((count, stride));
        starts = starts.into_iter().step_by(count).collect();
    }
    let mut dims = [(1, 0), (1, 0), (1, 1)];
    if levels.len() > dims.len() {
        return None;
    }
    levels.iter().zip(dims.iter_mut().rev()).for_each(|(level, dim)| *dim = *level);
    Some((first.start, dims))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{VariableId, View};

    /// Any view comes back with the same elements.
    #[test]
    fn views_are_found_again() {
        let variable = VariableId(0);
        let sizes = [(1, 0), (1, 7), (2, 0), (2, 1), (2, 3), (2, 6), (3, 2), (3, 12), (4, 30)];
        let mut checked = 0;
        for planes in sizes {
            for rows in sizes {
                for columns in [(0, 1), (1, 1), (2, 1), (3, 1), (6, 1), (1, 0), (2, 2), (3, 5), (2, 0)] {
                    let view = View::nested(variable, 5, [planes, rows, columns]);
                    let runs: Vec<_> = view.runs().collect();
                    let (start, dims) = pattern(&runs).expect("it was one");
                    let found = View::nested(variable, start, dims);
                    assert!(found.runs().flatten().eq(view.runs().flatten()), "{view:?}: {found:?}");
                    checked += 1;
                }
            }
        }
        assert_eq!(checked, 9 * 9 * 9);
    }

    #[test]
    fn what_is_irregular_is_none() {
        assert_eq!(pattern(&[0..2, 4..7]), None);
        assert_eq!(pattern(&[0..1, 2..3, 5..6]), None);
        assert_eq!(pattern(&[3..4, 0..1]), None);
        let four_levels: Vec<_> = (0..16_usize)
            .map(|i| (i & 1) + 3 * (i >> 1 & 1) + 10 * (i >> 2 & 1) + 100 * (i >> 3))
            .map(|at| at..at + 1)
            .collect();
        assert_eq!(pattern(&four_levels), None);
    }
}
