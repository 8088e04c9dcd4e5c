//! An axis: where values lie on it, and which of them are written beside it.

use std::ops::Range;

/// What lies between this and its own negative can be drawn: ranges must not overflow.
const GREATEST: f64 = 1e300;

/// Ticks that an axis aims for.
const TICKS: f64 = 7.0;

/// How much of the range is left free at each end.
const FREE: f64 = 0.04;

/// Where a value lies on an axis: itself, or its decimal logarithm. `None` if it cannot be drawn.
pub(super) fn position(logarithmic: bool, value: f64) -> Option<f64> {
    match logarithmic {
        _ if value.is_nan() || value.abs() > GREATEST => None,
        false => Some(value),
        true => (value > 0.0).then(|| value.log10()),
    }
}

/// An axis that spans some positions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    /// From end to end, in positions.
    pub range: Range<f64>,
    /// Positions with a label.
    pub ticks: Vec<(f64, String)>,
    /// Positions between them that help to read a logarithmic axis.
    pub minor: Vec<f64>,
}

impl Scale {
    /// The axis of a chart with nothing to draw.
    pub const EMPTY: Self = Self { range: 0.0..1.0, ticks: Vec::new(), minor: Vec::new() };

    /// The axis for these positions, if there are any.
    pub fn new(logarithmic: bool, positions: impl Iterator<Item = f64>) -> Option<Self> {
        let (least, most) = positions.fold(None, |ends: Option<(f64, f64)>, at| {
            Some(ends.map_or((at, at), |(least, most)| (least.min(at), most.max(at))))
        })?;
        let range = widened(least, most, logarithmic);
        Some(if logarithmic { Self::logarithmic(range) } else { Self::linear(range) })
    }

    /// Where a position lies within the range: 0 at its start, 1 at its end.
    pub fn fraction(&self, position: f64) -> f64 {
        (position - self.range.start) / (self.range.end - self.range.start)
    }

    fn linear(range: Range<f64>) -> Self {
        let ticks = multiples(&range);
        let ticks = ticks.iter().map(|number| (number.value(), number.label(&ticks))).collect();
        Self { range, ticks, minor: Vec::new() }
    }

    fn logarithmic(range: Range<f64>) -> Self {
        let powers = range.start.ceil() as i32..range.end.floor() as i32 + 1;
        let (mut ticks, mut minor) = (Vec::new(), Vec::new());
        if powers.len() >= 2 {
            let stride = powers.len().div_ceil(10) as i32;
            ticks.extend(
                powers
                    .clone()
                    .filter(|power| power.rem_euclid(stride) == 0)
                    .map(|power| (f64::from(power), format!("10{}", superscript(power)))),
            );
            if stride == 1 {
                minor = steps(&range, &[2, 3, 4, 5, 6, 7, 8, 9]).iter().map(Number::position).collect();
            }
        } else {
            // Too narrow for powers of ten alone.
            let mut numbers = steps(&range, &[1, 2, 5]);
            if numbers.len() < 3 {
                numbers = multiples(&(10f64.powf(range.start)..10f64.powf(range.end)));
            }
            ticks.extend(numbers.iter().map(|number| (number.position(), number.label(&numbers))));
        }
        ticks.retain(|(at, _)| range.contains(at));
        minor.retain(|at| range.contains(at));
        Self { range, ticks, minor }
    }
}

/// A range around both ends that is wide enough to divide by, whatever they are.
fn widened(least: f64, most: f64, logarithmic: bool) -> Range<f64> {
    let size = least.abs().max(most.abs());
    let span = most - least;
    let free = if span > 1e-9 * size && span > 1e-290 {
        FREE * span
    } else if logarithmic {
        0.5
    } else if size > 1e-290 {
        0.1 * size
    } else {
        1.0
    };
    least - free..most + free
}

/// A number with few digits: `digits` times ten to the `power`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    digits: i64,
    power: i32,
}

impl Number {
    fn value(&self) -> f64 {
        self.digits as f64 * 10f64.powi(self.power)
    }

    /// Its decimal logarithm.
    fn position(&self) -> f64 {
        (self.digits as f64).log10() + f64::from(self.power)
    }

    /// How it is written beside an axis, in the manner that suits all numbers there.
    fn label(&self, all: &[Self]) -> String {
        let greatest = all.iter().fold(0.0, |most: f64, number| most.max(number.value().abs()));
        let least = all.iter().map(|number| number.power).min().unwrap_or(0);
        if self.digits == 0 {
            "0".into()
        } else if (1e-3..1e6).contains(&greatest) && least >= -12 {
            format!("{:.*}", (-self.power).max(0) as usize, self.value())
        } else {
            let sign = if self.digits < 0 { "-" } else { "" };
            let all = self.digits.unsigned_abs().to_string();
            let power = superscript(self.power + all.len() as i32 - 1);
            match all.trim_end_matches('0').split_at(1) {
                (first, "") => format!("{sign}{first}·10{power}"),
                (first, rest) => format!("{sign}{first}.{rest}·10{power}"),
            }
        }
    }
}

/// All multiples of 1, 2 or 5 times a power of ten in a range, some [`TICKS`] of them.
fn multiples(range: &Range<f64>) -> Vec<Number> {
    let wanted = (range.end - range.start) / TICKS;
    let mut power = wanted.log10().floor() as i32;
    let step = match wanted / 10f64.powi(power) {
        ..=1.5 => 1,
        ..=3.0 => 2,
        ..=7.0 => 5,
        _ => {
            power += 1;
            1
        }
    };
    let width = Number { digits: step, power }.value();
    let (first, last) = ((range.start / width).ceil() as i64, (range.end / width).floor() as i64);
    (first..=last).map(|i| Number { digits: i * step, power }).collect()
}

/// These digits times every power of ten in a range of logarithms.
fn steps(range: &Range<f64>, digits: &[i64]) -> Vec<Number> {
    let powers = range.start.floor() as i32..=range.end.floor() as i32;
    let numbers = powers.flat_map(|power| digits.iter().map(move |&digits| Number { digits, power }));
    numbers.filter(|number| range.contains(&number.position())).collect()
}

/// An exponent.
fn superscript(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    power.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(logarithmic: bool, values: &[f64]) -> Vec<String> {
        let positions = values.iter().filter_map(|&value| position(logarithmic, value));
        let scale = Scale::new(logarithmic, positions).unwrap();
        assert!(scale.range.start.is_finite() && scale.range.end.is_finite() && !scale.range.is_empty());
        let ends = [scale.range.start, scale.range.end];
        assert!(scale.ticks.iter().all(|(at, _)| ends[0] <= *at && *at <= ends[1]), "{scale:?}");
        scale.ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(false, &[0.0, 1.0]), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(false, &[-3.0, 7.0]), ["-2", "0", "2", "4", "6"]);
        assert_eq!(labels(false, &[0.0, 5e7]), ["0", "1·10⁷", "2·10⁷", "3·10⁷", "4·10⁷", "5·10⁷"]);
        assert_eq!(labels(false, &[0.0, 3e-5])[1..3], ["5·10⁻⁶", "1·10⁻⁵"]);
        assert_eq!(labels(false, &[2.5e6, 2.9e6])[0..2], ["2.5·10⁶", "2.55·10⁶"]);
    }

    #[test]
    fn powers_of_ten() {
        assert_eq!(labels(true, &[10.0, 1e4]), ["10¹", "10²", "10³", "10⁴"]);
        assert_eq!(labels(true, &[1e-20, 1e20]).len(), 9);
        assert_eq!(labels(true, &[0.02, 0.3]), ["0.02", "0.05", "0.1", "0.2"][..]);
        assert_eq!(
            labels(true, &[0.31, 0.39]),
            ["0.31", "0.32", "0.33", "0.34", "0.35", "0.36", "0.37", "0.38", "0.39"]
        );
    }

    #[test]
    fn any_values_make_an_axis() {
        for value in [0.0, 1.0, -1.0, 5e-324, 1e-300, 1e-290, 3.3, GREATEST, -GREATEST] {
            assert!(!labels(false, &[value]).is_empty(), "{value}");
            assert!(labels(false, &[value, value * (1.0 + 1e-15)]).len() < 20, "{value}");
            assert!(value <= 0.0 || !labels(true, &[value]).is_empty(), "{value}");
        }
        assert!(labels(false, &[-GREATEST, GREATEST]).len() > 3);
        assert!(labels(true, &[5e-324, GREATEST]).len() > 3);
        assert!(labels(false, &[1.0, 1.00001]).len() > 3);
        assert_eq!(Scale::new(true, std::iter::empty()), None);
    }

    #[test]
    fn what_cannot_be_drawn_has_no_position() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e301] {
            assert_eq!(position(false, value), None, "{value}");
            assert_eq!(position(true, value), None, "{value}");
        }
        assert_eq!([0.0, -1.0, -0.0].map(|value| position(true, value)), [None; 3]);
        assert_eq!((position(false, -1.0), position(true, 100.0)), (Some(-1.0), Some(2.0)));
    }
}
