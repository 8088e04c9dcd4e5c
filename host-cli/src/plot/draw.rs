//! Where everything goes.

use super::scale::Scale;
use super::sheet::{Anchor, FAINT, GREY, INK, PALE, PALETTE, SIZE, Sheet, colour, picture};
use super::text::{shorten, wrap};
use super::thin::{Place, places, thin};
use super::{Chart, legend};
use crate::failure::Failure;

/// Pixels left of, right of and below the plot.
const LEFT: f64 = 92.0;
const RIGHT: f64 = 28.0;
const BELOW: f64 = 62.0;

/// Sizes of letters: of the title, of the axes' labels, of their ticks.
const TITLE: f64 = 17.0;
const LABEL: f64 = 14.0;
const TICK: f64 = 13.0;

/// Height of a line of the title; characters of one.
const TITLE_ROW: f64 = 22.0;
const TITLE_WIDTH: usize = 92;

/// Radius of the dots at points.
pub(super) const MARK: f64 = 3.5;

/// Points up to which each gets a dot.
const FEW: usize = 40;

/// Width of the line of series `i`. Where colours come round again, lines are thinner.
pub(super) fn width(i: usize) -> f64 {
    if (i / PALETTE.len()).is_multiple_of(2) { 2.0 } else { 1.0 }
}

/// A chart as an SVG file.
pub(super) fn svg(chart: &Chart) -> Result<String, Failure> {
    let title = wrap(&chart.title, TITLE_WIDTH, 3);
    let plot = Plot::new(chart, 20.0 + TITLE_ROW * title.len() as f64);
    let ((left, top), (right, bottom)) = plot.corners();
    picture(|sheet| {
        for (i, line) in title.iter().enumerate() {
            let at = (SIZE.0 / 2.0, 20.0 + TITLE_ROW * i as f64);
            sheet.text(line, at, TITLE, Anchor::Middle, INK)?;
        }
        grid(sheet, &plot)?;
        let middle = ((left + right) / 2.0, (top + bottom) / 2.0);
        sheet.text(&shorten(&chart.x.label, 90), (middle.0, SIZE.1 - 18.0), LABEL, Anchor::Middle, INK)?;
        sheet.text(&shorten(&chart.y.label, 52), (20.0, middle.1), LABEL, Anchor::Upwards, INK)?;

        for (i, line) in plot.lines.iter().enumerate() {
            band(sheet, &plot, i, line)?;
        }
        for (i, line) in plot.lines.iter().enumerate() {
            let points: Vec<_> = line.iter().map(|place| plot.at(place.x, place.y)).collect();
            if points.len() > 1 {
                sheet.line(&points, colour(i), width(i))?;
            }
            if plot.is_marked(i) {
                points.iter().try_for_each(|&point| sheet.dot(point, colour(i), MARK))?;
            }
        }
        if plot.lines.iter().all(Vec::is_empty) {
            sheet.text("no data", middle, 1.5 * TITLE, Anchor::Middle, GREY)?;
        }
        if chart.series.len() > 1 {
            let names: Vec<&str> = chart.series.iter().map(|series| series.name.as_str()).collect();
            legend::draw(sheet, &plot, &names)?;
        }
        Ok(())
    })
}

/// The part of the picture between the axes.
pub(super) struct Plot {
    x: Scale,
    y: Scale,
    top: f64,
    /// What is seen of each series.
    pub lines: Vec<Vec<Place>>,
}

impl Plot {
    fn new(chart: &Chart, top: f64) -> Self {
        let lines: Vec<_> = chart.series.iter().map(|series| places(chart, series)).collect();
        let all = || lines.iter().flatten();
        let heights = |place: &Place| {
            let (lower, upper) = place.band.unwrap_or((place.y, place.y));
            [place.y, lower, upper].into_iter().filter(|y| y.is_finite())
        };
        let x = Scale::new(chart.x.logarithmic, all().map(|place| place.x)).unwrap_or(Scale::EMPTY);
        let y = Scale::new(chart.y.logarithmic, all().flat_map(heights)).unwrap_or(Scale::EMPTY);
        let lines = lines.into_iter().map(|line| thin(line, &x)).collect();
        Self { x, y, top, lines }
    }

    /// Whether the points of series `i` get dots.
    pub fn is_marked(&self, i: usize) -> bool {
        (1..=FEW).contains(&self.lines[i].len())
    }

    /// Its upper left and its lower right corner.
    pub const fn corners(&self) -> ((f64, f64), (f64, f64)) {
        ((LEFT, self.top), (SIZE.0 - RIGHT, SIZE.1 - BELOW))
    }

    /// Where a position is in the picture.
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let ((left, top), (right, bottom)) = self.corners();
        (left + self.x.fraction(x) * (right - left), bottom - self.y.fraction(y).max(0.0) * (bottom - top))
    }

    /// Points all along the lines and the bands' ends: what a legend should not hide.
    pub fn trace(&self) -> Vec<(f64, f64)> {
        const BETWEEN: usize = 16;
        let mut trace = Vec::new();
        for line in &self.lines {
            trace.extend(line.last().map(|last| self.at(last.x, last.y)));
            let steps = if line.len() > 500 { 1 } else { BETWEEN };
            for pair in line.windows(2) {
                let (from, to) = (self.at(pair[0].x, pair[0].y), self.at(pair[1].x, pair[1].y));
                trace.extend((0..steps).map(|i| {
                    let part = i as f64 / steps as f64;
                    (from.0 + part * (to.0 - from.0), from.1 + part * (to.1 - from.1))
                }));
            }
        }
        trace
    }
}

/// Frame, grid and ticks.
fn grid(sheet: &Sheet<'_>, plot: &Plot) -> Result<(), Failure> {
    let ((left, top), (right, bottom)) = plot.corners();
    let upright = |at| [(plot.at(at, 0.0).0, top), (plot.at(at, 0.0).0, bottom)];
    let level = |at| [(left, plot.at(0.0, at).1), (right, plot.at(0.0, at).1)];
    plot.x.minor.iter().try_for_each(|&at| sheet.line(&upright(at), FAINT, 1.0))?;
    plot.y.minor.iter().try_for_each(|&at| sheet.line(&level(at), FAINT, 1.0))?;
    for (at, label) in &plot.x.ticks {
        let line = upright(*at);
        sheet.line(&line, PALE, 1.0)?;
        sheet.text(label, (line[1].0, bottom + 17.0), TICK, Anchor::Middle, INK)?;
    }
    for (at, label) in &plot.y.ticks {
        let line = level(*at);
        sheet.line(&line, PALE, 1.0)?;
        sheet.text(label, (left - 8.0, line[0].1), TICK, Anchor::End, INK)?;
    }
    let frame = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    sheet.line(&frame, GREY, 1.0)
}

/// The band of series `i`: a polygon for each stretch of points that have one, a bar for a point alone.
fn band(sheet: &Sheet<'_>, plot: &Plot, i: usize, line: &[Place]) -> Result<(), Failure> {
    for stretch in line.chunk_by(|a, b| a.band.is_some() == b.band.is_some()) {
        let ends = stretch.iter().filter_map(|place| place.band.map(|(low, high)| (place.x, low, high)));
        let mut points: Vec<_> = ends.clone().map(|(x, _, high)| plot.at(x, high)).collect();
        points.extend(ends.rev().map(|(x, low, _)| plot.at(x, low)));
        match points.len() {
            0 => {}
            2 => sheet.line(&points, colour(i), 1.0)?,
            _ => sheet.area(&points, colour(i))?,
        }
    }
    Ok(())
}
