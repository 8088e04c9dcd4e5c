//! Where the rows and segments of a matrix lie in memory, when it is the windows of a convolution.
//!
//! They come in lines, and lines in images. A kernel goes through them in order, so the next place is an addition: a division
//! for each would cost as much as a short chain.

/// Where rows lie: `stride` apart in lines of `per_line`. The outputs of a convolution, say, in lines of their images.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub stride: usize,
    pub per_line: usize,
    pub lines: Lines,
}

impl Rows {
    /// All of them in one line.
    pub const fn apart(stride: usize) -> Self {
        Self { stride, per_line: usize::MAX, lines: Lines::of_one_image(0) }
    }

    /// All of them, in order.
    #[inline(always)]
    pub fn places(self) -> RowPlaces {
        let mut lines = self.lines.places();
        RowPlaces { rows: self, left: self.per_line, at: lines.next(), lines }
    }
}

/// Goes through the places of [`Rows`], without a division for each.
pub(super) struct RowPlaces {
    rows: Rows,
    /// Rows that the line still has.
    left: usize,
    at: usize,
    lines: LinePlaces,
}

impl RowPlaces {
    /// Those of the next `R` rows.
    #[inline(always)]
    pub fn next<const R: usize>(&mut self) -> [usize; R] {
        let mut places = [0; R];
        for r in 0..R {
            if self.left == 0 {
                (self.left, self.at) = (self.rows.per_line, self.lines.next());
            }
            places[r] = self.at;
            self.left -= 1;
            self.at += self.rows.stride;
        }
        places
    }
}

/// Where segments, or lines of rows, lie: lines of images. They begin with line `first`, counted through images of
/// `per_image` lines.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    pub first: usize,
    pub per_image: usize,
    pub image_stride: usize,
    pub line_stride: usize,
}

impl Lines {
    /// The lines of one image.
    pub const fn of_one_image(line_stride: usize) -> Self {
        Self { first: 0, per_image: usize::MAX, image_stride: 0, line_stride }
    }

    /// All of them, in order.
    #[inline(always)]
    pub fn places(self) -> LinePlaces {
        let (image, line) = (self.first / self.per_image, self.first % self.per_image);
        LinePlaces {
            lines: self,
            left: self.per_image - line,
            at: image * self.image_stride + line * self.line_stride,
        }
    }
}

/// Goes through the places of [`Lines`], without a division for each.
pub(super) struct LinePlaces {
    lines: Lines,
    /// Lines that the image still has.
    left: usize,
    at: usize,
}

impl LinePlaces {
    /// That of the next line.
    #[inline(always)]
    pub fn next(&mut self) -> usize {
        let at = self.at;
        self.left -= 1;
        self.at += self.lines.line_stride;
        if self.left == 0 {
            self.left = self.lines.per_image;
            self.at = self.at + self.lines.image_stride - self.lines.per_image * self.lines.line_stride;
        }
        at
    }
}
