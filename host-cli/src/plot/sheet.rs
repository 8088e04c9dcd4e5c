//! The sheet that is drawn on: a few shapes in pixels, as SVG through plotters.
//!
//! The backend knows no fonts: a text says where it starts, ends or has its middle, and whoever shows the picture sets it.

use std::fmt::Display;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::failure::Failure;

/// Width and height of the picture in pixels.
pub(super) const SIZE: (f64, f64) = (900.0, 560.0);

/// The backend's coordinates are whole numbers; so many of them to a pixel make lines smooth.
const FINE: f64 = 4.0;

/// Black, white, and two greys: of lines beside the drawing, and of the grid behind it.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub(super) const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
pub(super) const GREY: RGBColor = RGBColor(0x88, 0x88, 0x88);
pub(super) const PALE: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
/// Of the finer grid.
pub(super) const FAINT: RGBColor = RGBColor(0xf0, 0xf0, 0xf0);

/// Colours that can be told apart with any kind of colour vision (Okabe and Ito), without their yellow, which is too
/// light for a line.
pub(super) const PALETTE: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x00, 0x00, 0x00),
];

/// The colour of series `i`.
pub(super) const fn colour(i: usize) -> RGBColor {
    PALETTE[i % PALETTE.len()]
}

/// Which part of a text is at its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
    /// Its middle, reading upwards.
    Upwards,
}

/// A white sheet of [`SIZE`].
pub(super) struct Sheet<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// The picture that `draw` draws, as SVG.
pub(super) fn picture(draw: impl FnOnce(&Sheet<'_>) -> Result<(), Failure>) -> Result<String, Failure> {
    let mut svg = String::new();
    let size = ((SIZE.0 * FINE) as u32, (SIZE.1 * FINE) as u32);
    {
        let sheet = Sheet { area: SVGBackend::with_string(&mut svg, size).into_drawing_area() };
        sheet.area.fill(&PAPER).map_err(failed)?;
        draw(&sheet)?;
        sheet.area.present().map_err(failed)?;
    }
    // The size at which it is shown, other than that of its coordinates. Corners are round: peaks would grow spikes.
    let fine = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    let shown = format!("width=\"{}\" height=\"{}\" stroke-linejoin=\"round\"", SIZE.0, SIZE.1);
    Ok(svg.replacen(&fine, &shown, 1))
}

/// A string takes whatever is written to it.
fn failed(error: impl Display) -> Failure {
    Failure::internal(format_args!("drawing: {error}"))
}

type Point = (f64, f64);

/// Pixels in the backend's coordinates.
fn fine((x, y): Point) -> (i32, i32) {
    ((x * FINE).round() as i32, (y * FINE).round() as i32)
}

impl Sheet<'_> {
    /// A line through points.
    pub fn line(&self, points: &[Point], colour: RGBColor, width: f64) -> Result<(), Failure> {
        let points: Vec<_> = points.iter().copied().map(fine).collect();
        let style = colour.stroke_width((width * FINE) as u32);
        self.area.draw(&PathElement::new(points, style)).map_err(failed)
    }

    /// A dot.
    pub fn dot(&self, at: Point, colour: RGBColor, radius: f64) -> Result<(), Failure> {
        self.area.draw(&Circle::new(fine(at), radius * FINE, colour.filled())).map_err(failed)
    }

    /// A polygon that lets shine through what is behind it.
    pub fn area(&self, points: &[Point], colour: RGBColor) -> Result<(), Failure> {
        let points: Vec<_> = points.iter().copied().map(fine).collect();
        self.area.draw(&Polygon::new(points, colour.mix(0.2))).map_err(failed)
    }

    /// A box: its paper (opaque or nearly so) and its border.
    pub fn frame(
        &self,
        corner: Point,
        opposite: Point,
        opacity: f64,
        border: RGBColor,
    ) -> Result<(), Failure> {
        let corners = [fine(corner), fine(opposite)];
        self.area.draw(&Rectangle::new(corners, PAPER.mix(opacity).filled())).map_err(failed)?;
        let ((left, top), (right, bottom)) = (corner, opposite);
        let around = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        self.line(&around, border, 1.0)
    }

    /// A line of text, its height's middle at a point.
    pub fn text(
        &self,
        text: &str,
        at: Point,
        size: f64,
        anchor: Anchor,
        colour: RGBColor,
    ) -> Result<(), Failure> {
        let (position, turn) = match anchor {
            Anchor::Start => (HPos::Left, FontTransform::None),
            Anchor::Middle => (HPos::Center, FontTransform::None),
            Anchor::End => (HPos::Right, FontTransform::None),
            Anchor::Upwards => (HPos::Center, FontTransform::Rotate270),
        };
        // The backend writes sizes divided by 1.24.
        let font = FontDesc::new(FontFamily::SansSerif, size * FINE * 1.24, FontStyle::Normal);
        let style = font.transform(turn).color(&colour).pos(Pos::new(position, VPos::Center));
        self.area.draw(&Text::new(text, fine(at), style)).map_err(failed)
    }
}
