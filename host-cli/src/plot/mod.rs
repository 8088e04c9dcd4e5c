//! Charts, as SVG.
//!
//! A [`Chart`] is a title, two axes and some series of points; [`Chart::write`] makes one file of it. Nobody looks at the
//! numbers before they are drawn, so any will do: what cannot be drawn (NaN, infinities, zero on a logarithmic axis) is
//! left out, and a chart of nothing says so. Equal charts give equal bytes on one machine; positions go through
//! logarithms, so that another platform may differ by a quarter of a pixel. Nothing else depends on charts.
//!
//! In reading order: `text` makes titles fit, `scale` is an axis, `thin` leaves out what nobody could see, `legend` names
//! the series, `draw` puts all in its place, `sheet` makes SVG of it.
//!
//! ```
//! use random_bases::plot::{Axis, Chart, Series};
//!
//! let folder = tempfile::tempdir()?;
//! let points = (0..100).map(|step| (f64::from(step), 1.0 / f64::from(step + 1))).collect();
//! let chart = Chart {
//!     title: "a training".into(),
//!     x: Axis { label: "step".into(), logarithmic: false },
//!     y: Axis { label: "loss".into(), logarithmic: true },
//!     series: vec![Series { name: "rbd".into(), points, band: None }],
//! };
//! chart.write(&folder.path().join("loss.svg"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod draw;
mod legend;
mod scale;
mod sheet;
#[cfg(test)]
mod tests;
mod text;
mod thin;

use std::path::Path;

use crate::failure::Failure;

/// Points over two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it shows. May be long: up to three lines are shown.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, later ones over earlier ones. With more than one, a legend names them.
    pub series: Vec<Series>,
}

/// An axis. It spans what there is to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// What is measured along it, with its unit.
    pub label: String,
    /// Whether equal distances are equal ratios. Then only what is above zero can be drawn.
    pub logarithmic: bool,
}

/// A line through points, in their order. Where there are few, each is also marked with a dot.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// (x, y) of each point. Those that cannot be drawn are left out.
    pub points: Vec<(f64, f64)>,
    /// Lower and upper y of each point, shown as an area behind the line. On a logarithmic axis, a lower end that is
    /// not above zero lies at the axis's own.
    pub band: Option<Vec<(f64, f64)>>,
}

impl Chart {
    /// Writes it to a file, in place of what may be there.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        std::fs::write(path, draw::svg(self)?).map_err(|error| Failure::output(path, error))
    }
}
