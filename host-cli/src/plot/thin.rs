//! Leaving out what nobody could see: a hundred thousand points make a file of megabytes, and a picture of a thousand
//! columns.

use super::scale::{Scale, position};
use super::{Axis, Chart, Series};

/// A point that can be drawn, in positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub x: f64,
    pub y: f64,
    /// The ends of the band there. A lower end of minus infinity is that of the axis.
    pub band: Option<(f64, f64)>,
}

/// The points of a series that can be drawn.
pub(super) fn places(chart: &Chart, series: &Series) -> Vec<Place> {
    let band = series.band.as_deref().unwrap_or_default();
    let place = |(i, &(x, y)): (usize, &(f64, f64))| {
        Some(Place {
            x: position(chart.x.logarithmic, x)?,
            y: position(chart.y.logarithmic, y)?,
            band: band.get(i).and_then(|&ends| band_at(&chart.y, ends)),
        })
    };
    series.points.iter().enumerate().filter_map(place).collect()
}

fn band_at(y: &Axis, (lower, upper): (f64, f64)) -> Option<(f64, f64)> {
    let (lower, upper) = if lower <= upper { (lower, upper) } else { (upper, lower) };
    let below = y.logarithmic && lower <= 0.0;
    let lower = if below { f64::NEG_INFINITY } else { position(y.logarithmic, lower)? };
    Some((lower, position(y.logarithmic, upper)?))
}

/// Columns in which no two points can be told apart.
const COLUMNS: f64 = 1000.0;

/// Points up to which nothing is left out.
const FEW: usize = 2_000;

/// The most points that are left.
const MOST: usize = 8_000;

/// The points that are seen. Of those in one column in a row, these are the first, the last, the highest and the lowest, so
/// that no peak is lost, with the whole extent of the column's band. If that still leaves too many, since they jump to and
/// fro, every so many.
pub(super) fn thin(places: Vec<Place>, x: &Scale) -> Vec<Place> {
    if places.len() <= FEW {
        return places;
    }
    let column = |place: &Place| (x.fraction(place.x) * COLUMNS) as i64;
    let mut kept = Vec::new();
    for run in places.chunk_by(|a, b| column(a) == column(b)) {
        let band = run.iter().filter_map(|place| place.band).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let by_height = |&i: &usize, &j: &usize| run[i].y.total_cmp(&run[j].y);
        let (lowest, highest) = ((0..run.len()).min_by(by_height), (0..run.len()).max_by(by_height));
        let mut seen: Vec<usize> =
            [Some(0), lowest, highest, Some(run.len() - 1)].into_iter().flatten().collect();
        seen.sort_unstable();
        seen.dedup();
        kept.extend(seen.into_iter().map(|i| Place { band, ..run[i] }));
    }
    let stride = kept.len().div_ceil(MOST);
    kept.into_iter().step_by(stride.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(points: impl Iterator<Item = (f64, f64)>) -> Vec<Place> {
        points.map(|(x, y)| Place { x, y, band: None }).collect()
    }

    fn scale(places: &[Place]) -> Scale {
        Scale::new(false, places.iter().map(|place| place.x)).unwrap()
    }

    #[test]
    fn peaks_and_ends_are_kept() {
        let peaks = [(34_567, 9.0), (34_568, -9.0), (99_000, 7.0)];
        let mut all = places((0..100_000).map(|i| (f64::from(i), f64::from(i % 7))));
        for (i, y) in peaks {
            all[i].y = y;
        }
        all[77_777].band = Some((-50.0, 50.0));
        let thinned = thin(all.clone(), &scale(&all));
        assert!((1_000..=MOST).contains(&thinned.len()), "{}", thinned.len());
        for i in [0, 34_567, 34_568, 99_000, 99_999] {
            assert!(thinned.contains(&all[i]), "{i}");
        }
        let banded: Vec<_> = thinned.iter().filter(|place| place.band == Some((-50.0, 50.0))).collect();
        assert!(
            (1..=4).contains(&banded.len()) && banded.iter().all(|place| (place.x - 77_777.0).abs() < 200.0)
        );
        assert!(thinned.is_sorted_by(|a, b| a.x < b.x));
        assert_eq!(thin(all.clone(), &scale(&all)), thinned);
    }

    #[test]
    fn few_points_stay_and_points_to_and_fro_become_few() {
        let few = places((0..FEW).map(|i| (0.0, i as f64)));
        assert_eq!(thin(few.clone(), &scale(&few)), few);
        let jumps = places((0..100_000).map(|i| (f64::from(i % 2), f64::from(i))));
        assert!(thin(jumps.clone(), &scale(&jumps)).len() <= MOST);
    }
}
