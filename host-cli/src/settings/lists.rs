//! Settings that are short lists: fractions, multipliers, probes, and the top directions, which are a count or a fraction.

use clap::builder::ValueParser;
use random_bases_core::descent::PIECES;
use random_bases_core::subspace::Top;

use super::value::{Kind, Value, read, real_number, whole_number};

/// Up to `PIECES + 1` numbers, separated by commas.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers(pub Vec<f32>);

impl Value for Numbers {
    const KINDS: &'static [Kind] = &[Kind::Word, Kind::Number];
    const PLACEHOLDER: &'static str = "NUMBERS";

    fn parse(text: &str) -> Option<Self> {
        let numbers: Option<Vec<f32>> = text.split(',').map(|number| real_number(number.trim())).collect();
        numbers.filter(|numbers| numbers.len() <= PIECES + 1).map(Self)
    }

    fn accepts() -> String {
        format!("up to {} numbers, such as \"0.5,0.75\"", PIECES + 1)
    }

    fn literal(&self) -> String {
        format!("\"{self}\"")
    }

    fn parser() -> ValueParser {
        ValueParser::new(read::<Self>)
    }
}

impl std::fmt::Display for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> = self.0.iter().map(f32::to_string).collect();
        f.pad(&words.join(","))
    }
}

/// What is looked at during a training. It changes no bit of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// The cosine between update and gradient, by tensor and over all.
    Correlation,
    /// Mean, deviation and extremes of coordinates.
    Coordinates,
    /// The cosine between the gradients of successive steps.
    Successive,
    /// Curvature along random directions, and what follows for the Hessian's diagonal and norm.
    Hessian,
    /// The Hessian in the coordinates of random directions: d times d numbers.
    FullHessian,
    /// The loss along random directions.
    Landscape,
}

impl Probe {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("correlation", Self::Correlation),
        ("coordinates", Self::Coordinates),
        ("successive", Self::Successive),
        ("hessian", Self::Hessian),
        ("full-hessian", Self::FullHessian),
        ("landscape", Self::Landscape),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, probe)| *probe == self).map_or("", |(name, _)| name)
    }
}

/// Probes, separated by commas; or `none`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probes(pub Vec<Probe>);

impl Probes {
    /// Whether a probe is on.
    #[must_use]
    pub fn has(&self, probe: Probe) -> bool {
        self.0.contains(&probe)
    }
}

impl Value for Probes {
    const KINDS: &'static [Kind] = &[Kind::Word];
    const PLACEHOLDER: &'static str = "NAMES";

    fn parse(text: &str) -> Option<Self> {
        if text == "none" {
            return Some(Self::default());
        }
        let mut probes = Vec::new();
        for name in text.split(',') {
            let (_, probe) = Probe::ALL.into_iter().find(|(known, _)| *known == name.trim())?;
            if !probes.contains(&probe) {
                probes.push(probe);
            }
        }
        Some(Self(probes))
    }

    fn accepts() -> String {
        let names = Probe::ALL.map(|(name, _)| name).join(", ");
        format!("\"none\", or some of {names}, separated by commas")
    }

    fn words() -> &'static [&'static str] {
        &["none", "correlation", "coordinates", "successive", "hessian", "full-hessian", "landscape"]
    }

    fn literal(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|probe| probe.name()).collect();
        format!("\"{}\"", if names.is_empty() { "none".into() } else { names.join(",") })
    }

    fn parser() -> ValueParser {
        ValueParser::new(read::<Self>)
    }
}

/// `all`, a whole number, or a fraction with a point, negative for the smallest.
impl Value for Top {
    const KINDS: &'static [Kind] = &[Kind::Number, Kind::Word];
    const PLACEHOLDER: &'static str = "NUMBER|all";

    fn parse(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::All);
        }
        match whole_number(text) {
            Some(count) => count.try_into().ok().map(Self::Count),
            None => real_number(text).map(Self::Fraction),
        }
    }

    fn accepts() -> String {
        "\"all\", a whole number of directions, or a fraction such as 0.5 (of the largest coordinates) or -0.5 (of the \
         smallest)"
            .into()
    }

    fn words() -> &'static [&'static str] {
        &["all"]
    }

    fn literal(&self) -> String {
        match self {
            Self::All => "\"all\"".into(),
            Self::Count(count) => count.to_string(),
            Self::Fraction(fraction) => format!("{fraction:?}"),
        }
    }

    fn parser() -> ValueParser {
        ValueParser::new(read::<Self>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_back() {
        for text in ["0.5,0.75", "1", "1,0.1,0.01"] {
            let numbers: Numbers = read(text).unwrap();
            assert_eq!(numbers.to_string(), text);
        }
        assert!(read::<Numbers>("").is_err() && read::<Numbers>("1,,2").is_err());
        assert!(read::<Numbers>("1,1,1,1,1,1,1,1,1,1").is_err());
        let probes: Probes = read("hessian, correlation,hessian").unwrap();
        assert_eq!(probes.literal(), "\"hessian,correlation\"");
        assert_eq!(read::<Probes>("none").unwrap().literal(), "\"none\"");
        assert!(read::<Probes>("hesian").unwrap_err().contains("did you mean \"hessian\""));
        assert!(Probes::words()[1..].iter().eq(Probe::ALL.map(|(name, _)| name).iter()));
    }

    #[test]
    fn top_directions_are_a_count_or_a_fraction() {
        assert_eq!(read("all"), Ok(Top::All));
        assert_eq!(read("3"), Ok(Top::Count(3)));
        assert_eq!(read("0.5"), Ok(Top::Fraction(0.5)));
        assert_eq!(read("-0.25"), Ok(Top::Fraction(-0.25)));
        for top in [Top::All, Top::Count(7), Top::Fraction(-0.1), Top::Fraction(1.0)] {
            assert_eq!(read::<Top>(top.literal().trim_matches('"')), Ok(top));
        }
    }
}
