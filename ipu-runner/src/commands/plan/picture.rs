//! How full each tile is, as a picture: a cell for each, chips side by side.

use std::fmt::Display;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use random_bases::failure::Failure;

use crate::machine::Usage;
use crate::target::{Target, USABLE_PERCENT};

/// Tiles of a chip that stand in a column: 1,216 and 1,472 are multiples of it.
const ROWS: u32 = 32;

/// Chips that stand side by side.
const ACROSS: u32 = 8;

/// Pixels around the picture, and between chips.
const FREE: u32 = 24;

/// Pixels of a line of text.
const LINE: u32 = 20;

/// Pixels of the legend's bar.
const BAR: (u32, u32) = (320, 14);

/// The least width of the picture: that of its title.
const WIDTH: u32 = 900;

/// Colours of an empty tile and of one that is as full as it may be; between them they get darker.
const EMPTY: [u8; 3] = [0xf2, 0xf6, 0xfb];
const FULL: [u8; 3] = [0x08, 0x30, 0x6b];

/// Of a tile that is fuller.
const BEYOND: RGBColor = RGBColor(0xd5, 0x5e, 0x00);

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);

/// The colour of so many bytes where there may be `limit`.
fn colour(bytes: u64, limit: u64) -> RGBColor {
    if bytes > limit {
        return BEYOND;
    }
    let part = bytes as f64 / limit.max(1) as f64;
    let mix =
        |i: usize| (f64::from(EMPTY[i]) + part * (f64::from(FULL[i]) - f64::from(EMPTY[i]))).round() as u8;
    RGBColor(mix(0), mix(1), mix(2))
}

/// Draws it into a file, in place of what may be there.
///
/// # Errors
/// [`Failure::Output`].
pub(super) fn write(path: &Path, title: &str, target: &Target, usage: &Usage) -> Result<(), Failure> {
    std::fs::write(path, svg(title, target, usage)?).map_err(|error| Failure::output(path, error))
}

/// A string takes whatever is written to it.
fn failed(error: impl Display) -> Failure {
    Failure::internal(format_args!("drawing: {error}"))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The picture as SVG.
fn svg(title: &str, target: &Target, usage: &Usage) -> Result<String, Failure> {
    let across = target.ipus.min(ACROSS);
    let columns = target.tiles_per_ipu.div_ceil(ROWS);
    // Few chips get large cells.
    let cell = (WIDTH / (across * columns)).clamp(4, 14);
    let chip = (columns * cell, ROWS * cell + LINE);
    let down = target.ipus.div_ceil(across);
    let width = (FREE + across * (chip.0 + FREE)).max(WIDTH + 2 * FREE);
    let top = FREE + 2 * LINE;
    let height = top + down * (chip.1 + FREE) + 4 * LINE;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        text(&area, title, (FREE, FREE), 16, HPos::Left)?;
        text(
            &area,
            "memory of each tile, tile 0 upper left, then down",
            (FREE, FREE + LINE),
            13,
            HPos::Left,
        )?;
        for number in 0..target.ipus {
            let left = FREE + number % across * (chip.0 + FREE);
            let top = top + number / across * (chip.1 + FREE);
            text(&area, &format!("chip {number}"), (left, top + LINE / 2), 13, HPos::Left)?;
            for tile in 0..target.tiles_per_ipu {
                let at = (left + tile / ROWS * cell, top + LINE + tile % ROWS * cell);
                let bytes = usage.of(number * target.tiles_per_ipu + tile);
                fill(&area, at, (cell - 1, cell - 1), colour(bytes, target.usable_bytes()))?;
            }
        }
        legend(&area, top + down * (chip.1 + FREE), target)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

fn legend(area: &Area<'_>, top: u32, target: &Target) -> Result<(), Failure> {
    const PARTS: u32 = 64;
    let limit = target.usable_bytes();
    for part in 0..PARTS {
        let bytes = limit * u64::from(part) / u64::from(PARTS - 1);
        fill(area, (FREE + part * BAR.0 / PARTS, top), (BAR.0 / PARTS, BAR.1), colour(bytes, limit))?;
    }
    for part in 0..=4 {
        let bytes = limit * u64::from(part) / 4;
        text(area, &bytes.to_string(), (FREE + part * BAR.0 / 4, top + BAR.1 + LINE / 2), 12, HPos::Center)?;
    }
    let beyond = FREE + BAR.0 + 2 * FREE;
    fill(area, (beyond, top), (BAR.1, BAR.1), BEYOND)?;
    let note = format!(
        "bytes; more than {limit}, {USABLE_PERCENT} % of a tile's {}: does not fit",
        target.bytes_per_tile
    );
    text(area, &note, (beyond + BAR.1 + 6, top + BAR.1 / 2), 12, HPos::Left)
}

fn fill(
    area: &Area<'_>,
    (x, y): (u32, u32),
    (width, height): (u32, u32),
    colour: RGBColor,
) -> Result<(), Failure> {
    let corners = [(x as i32, y as i32), ((x + width) as i32, (y + height) as i32)];
    area.draw(&Rectangle::new(corners, colour.filled())).map_err(failed)
}

/// A line of text, its height's middle at a point.
fn text(area: &Area<'_>, text: &str, (x, y): (u32, u32), size: u32, side: HPos) -> Result<(), Failure> {
    // The backend writes sizes divided by 1.24.
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(size) * 1.24, FontStyle::Normal);
    let style = font.color(&INK).pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text, (x as i32, y as i32), style)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_get_darker_with_bytes() {
        let brightness = |bytes| {
            let RGBColor(r, g, b) = colour(bytes, 100);
            u32::from(r) + u32::from(g) + u32::from(b)
        };
        assert!((1..=100).all(|bytes| brightness(bytes) < brightness(bytes - 1)));
        assert_eq!(colour(0, 100), RGBColor(EMPTY[0], EMPTY[1], EMPTY[2]));
        assert_eq!(colour(100, 100), RGBColor(FULL[0], FULL[1], FULL[2]));
        assert_eq!(colour(101, 100), BEYOND);
    }
}
