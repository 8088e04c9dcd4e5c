//! Which colour is which series, and where that is written.

use super::draw::{MARK, Plot, width};
use super::sheet::{Anchor, GREY, INK, Sheet, colour};
use super::text::shorten;
use crate::failure::Failure;

/// Lines of a legend, and characters of a name; there is no room for more.
const ROWS: usize = 12;
const NAME: usize = 50;

/// Sizes in pixels: of letters, of a line, of the sample before a name, and of what is free around it all.
const LETTER: f64 = 13.0;
const ROW: f64 = 19.0;
const SAMPLE: f64 = 28.0;
const FREE: f64 = 8.0;

/// Writes the names in the corner of the plot where they hide the least.
pub(super) fn draw(sheet: &Sheet<'_>, plot: &Plot, names: &[&str]) -> Result<(), Failure> {
    let rows: Vec<String> = names.iter().enumerate().map(|(i, name)| row(plot, i, name)).collect();
    let named = if rows.len() > ROWS { ROWS - 1 } else { rows.len() };
    let more = format!("and {} more", rows.len() - named);
    let texts: Vec<&str> =
        rows[..named].iter().chain((named < rows.len()).then_some(&more)).map(String::as_str).collect();

    // How wide the letters will be is not known; 0.6 of their size is more than most fonts need.
    let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let across = FREE + SAMPLE + FREE + longest as f64 * 0.6 * LETTER + FREE;
    let down = FREE + texts.len() as f64 * ROW;
    let (left, top) = corner(plot, (across, down));
    sheet.frame((left, top), (left + across, top + down), 0.85, GREY)?;
    for (i, text) in texts.into_iter().enumerate() {
        let y = top + FREE / 2.0 + (i as f64 + 0.5) * ROW;
        let x = left + FREE;
        if i < named {
            sheet.line(&[(x, y), (x + SAMPLE, y)], colour(i), width(i))?;
            if plot.is_marked(i) {
                sheet.dot((x + SAMPLE / 2.0, y), colour(i), MARK)?;
            }
        }
        sheet.text(text, (x + SAMPLE + FREE, y), LETTER, Anchor::Start, INK)?;
    }
    Ok(())
}

fn row(plot: &Plot, i: usize, name: &str) -> String {
    let note = if plot.lines[i].is_empty() { " (no data)" } else { "" };
    shorten(name, NAME) + note
}

/// The upper left point of a box of this size, in the corner of the plot where the fewest points are.
fn corner(plot: &Plot, (width, height): (f64, f64)) -> (f64, f64) {
    let ((left, top), (right, bottom)) = plot.corners();
    let (lefts, tops) = ([right - width - FREE, left + FREE], [top + FREE, bottom - height - FREE]);
    let hidden = |(x, y): (f64, f64)| {
        let inside = |point: &&(f64, f64)| {
            (x - FREE..x + width + FREE).contains(&point.0)
                && (y - FREE..y + height + FREE).contains(&point.1)
        };
        plot.trace().iter().filter(inside).count()
    };
    let corners = tops.into_iter().flat_map(|y| lefts.into_iter().map(move |x| (x, y)));
    corners.min_by_key(|&corner| hidden(corner)).unwrap_or((lefts[0], tops[0]))
}
