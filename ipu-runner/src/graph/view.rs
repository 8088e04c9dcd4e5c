//! Pieces of variables.

use std::ops::Range;

use super::VariableId;

/// Some elements of a variable, in an order: up to three nested ranges, each with a stride. What Poplar calls a tensor expression, as far as
/// it is needed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    variable: VariableId,
    start: usize,
    /// Size and stride, the innermost last.
    dims: [(usize, usize); 3],
}

impl View {
    /// Neighbouring elements.
    #[must_use]
    pub const fn of(variable: VariableId, elements: Range<usize>) -> Self {
        let len = elements.end - elements.start;
        Self { variable, start: elements.start, dims: [(1, 0), (1, 0), (len, 1)] }
    }

    /// Every `stride`-th element.
    #[must_use]
    pub const fn every(variable: VariableId, start: usize, stride: usize, count: usize) -> Self {
        Self { variable, start, dims: [(1, 0), (1, 0), (count, stride)] }
    }

    /// `rows` rows of `columns` neighbouring elements; the rows begin `stride` apart.
    #[must_use]
    pub const fn matrix(
        variable: VariableId,
        start: usize,
        rows: usize,
        stride: usize,
        columns: usize,
    ) -> Self {
        Self { variable, start, dims: [(1, 0), (rows, stride), (columns, 1)] }
    }

    /// `planes` times `rows` rows of `count` elements: each with a number and a stride, the innermost last.
    #[must_use]
    pub const fn nested(variable: VariableId, start: usize, dims: [(usize, usize); 3]) -> Self {
        Self { variable, start, dims }
    }

    /// The same elements of a range of neighbours as [`View::nested`] of its variable.
    ///
    /// # Panics
    /// If it is no such range, or there are not so many.
    #[must_use]
    pub fn within(&self, start: usize, dims: [(usize, usize); 3]) -> Self {
        let all = self.range().expect("a range of neighbours");
        let last = dims.iter().map(|(count, stride)| count.saturating_sub(1) * stride).sum::<usize>();
        assert!(
            dims.iter().any(|(count, _)| *count == 0) || start + last < all.len(),
            "elements beyond the end"
        );
        Self::nested(self.variable, all.start + start, dims)
    }

    /// Its variable.
    #[must_use]
    pub const fn variable(&self) -> VariableId {
        self.variable
    }

    /// How many elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.dims[0].0 * self.dims[1].0 * self.dims[2].0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of its elements, if it is one range of neighbours.
    ///
    /// # Panics
    /// If it is not, or has not so many.
    #[must_use]
    pub fn slice(&self, elements: Range<usize>) -> Self {
        let all = self.range().expect("a range of neighbours");
        assert!(elements.end <= all.len(), "{elements:?} of {}", all.len());
        Self::of(self.variable, all.start + elements.start..all.start + elements.end)
    }

    /// Rows of `columns` of its elements, `stride` apart, from `start` on; it must be one range of neighbours.
    ///
    /// # Panics
    /// If it is not.
    #[must_use]
    pub fn rows(&self, start: usize, rows: usize, stride: usize, columns: usize) -> Self {
        let all = self.range().expect("a range of neighbours");
        assert!(rows == 0 || start + (rows - 1) * stride + columns <= all.len(), "rows beyond the end");
        Self::matrix(self.variable, all.start + start, rows, stride, columns)
    }

    /// Whether an element could be named twice: whether its nested ranges reach into one another.
    pub(crate) fn may_repeat(&self) -> bool {
        let mut extent = 1;
        self.dims.iter().rev().any(|&(count, stride)| {
            let reaches = count > 1 && stride < extent;
            extent += count.saturating_sub(1) * stride;
            reaches
        })
    }

    /// The elements, if they are neighbours.
    #[must_use]
    pub fn range(&self) -> Option<Range<usize>> {
        let mut runs = self.runs();
        let first = runs.next().unwrap_or(0..0);
        runs.next().is_none().then_some(first)
    }

    /// Its elements as ranges of neighbours, in order.
    pub fn runs(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let [(planes, plane), (rows, row), (count, stride)] = self.dims;
        // A run is a row of neighbours, or an element; rows that follow one another are joined.
        let (pieces, len) = if stride == 1 || count == 1 { (1, count) } else { (count, 1) };
        let joined = pieces == 1 && (rows == 1 || row == count);
        let (rows, len) = if joined { (1, len * rows) } else { (rows, len) };
        let pieces = if len == 0 { 0 } else { pieces };
        (0..planes).flat_map(move |p| {
            (0..rows).flat_map(move |r| {
                (0..pieces).map(move |i| {
                    let at = self.start + p * plane + r * row + i * stride;
                    at..at + len
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(view: View) -> Vec<usize> {
        view.runs().flatten().collect()
    }

    #[test]
    fn runs_are_the_elements() {
        let v = VariableId(0);
        assert_eq!(elements(View::of(v, 3..6)), [3, 4, 5]);
        assert_eq!(View::of(v, 3..6).range(), Some(3..6));
        assert_eq!(elements(View::every(v, 1, 16, 3)), [1, 17, 33]);
        assert_eq!(View::every(v, 1, 16, 3).range(), None);
        assert_eq!(elements(View::matrix(v, 2, 2, 10, 3)), [2, 3, 4, 12, 13, 14]);
        assert_eq!(View::matrix(v, 2, 4, 3, 3).range(), Some(2..14));
        assert_eq!(View::matrix(v, 2, 1, 99, 3).range(), Some(2..5));
        assert_eq!(View::of(v, 3..3).range(), Some(0..0));
        assert!(!View::matrix(v, 2, 2, 10, 3).may_repeat() && !View::matrix(v, 2, 4, 3, 3).may_repeat());
        assert!(View::nested(v, 0, [(2, 1), (1, 0), (2, 1)]).may_repeat());
        assert!(!View::nested(v, 0, [(2, 100), (3, 1), (4, 10)]).may_repeat());
        assert_eq!(View::of(v, 10..20).slice(2..4), View::of(v, 12..14));
        assert_eq!(elements(View::of(v, 10..30).rows(1, 2, 8, 2)), [11, 12, 19, 20]);
    }
}
