//! What a type must offer to be the value of a setting, and the types that the standard library already has.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, ValueParser};

use super::nearest::did_you_mean;

/// The kinds of scalar that a configuration file can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Word,
    /// An integer or a float.
    Number,
    /// `true` or `false`.
    Truth,
}

/// The value of a setting.
///
/// A flag and a file give the same text to the same [`Value::parse`]: a number in a file is read from its
/// source text and not by way of a double, because rounding twice could give another `f32` than the flag
/// does.
pub trait Value: Clone + PartialEq + Sized {
    /// The kinds that a file may use for it; a flag is always text.
    const KINDS: &'static [Kind];
    /// What help texts show in place of the value.
    const PLACEHOLDER: &'static str;

    /// Whether the flag alone, without a value, means `true`.
    const MAY_BE_LEFT_OUT: bool = false;

    /// The value that `text` stands for.
    fn parse(text: &str) -> Option<Self>;

    /// What is accepted, as the end of a sentence.
    fn accepts() -> String;

    /// Names among what is accepted, for suggestions.
    fn words() -> &'static [&'static str] {
        &[]
    }

    /// The value as it is written in a file. Reads back as the same value.
    fn literal(&self) -> String;

    /// The parser for the value of a flag.
    fn parser() -> ValueParser;
}

/// Reads a value, or says what would have been accepted.
pub fn read<T: Value>(text: &str) -> Result<T, String> {
    T::parse(text).ok_or_else(|| {
        format!("accepted here: {}{}", T::accepts(), did_you_mean(text, T::words().iter().copied()))
    })
}

/// A whole number as TOML writes it: decimal, or with the prefix `0x`, `0o` or `0b`; `_` between digits.
pub fn whole_number(text: &str) -> Option<u64> {
    let digits = text.replace('_', "");
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (digits.as_str(), 10),
    };
    u64::from_str_radix(digits, radix).ok()
}

/// A number as TOML writes it, rounded once.
pub fn real_number(text: &str) -> Option<f32> {
    text.replace('_', "").parse().ok()
}

/// A string as TOML writes it.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

impl Value for u32 {
    const KINDS: &'static [Kind] = &[Kind::Number];
    const PLACEHOLDER: &'static str = "NUMBER";

    fn parse(text: &str) -> Option<Self> {
        whole_number(text)?.try_into().ok()
    }

    fn accepts() -> String {
        format!("a whole number from 0 to {}", Self::MAX)
    }

    fn literal(&self) -> String {
        self.to_string()
    }

    fn parser() -> ValueParser {
        ValueParser::new(read::<Self>)
    }
}

impl Value for u64 {
    // TOML's integers end at 2^63 - 1: a larger one is written as a string.
    const KINDS: &'static [Kind] = &[Kind::Number, Kind::Word];
    const PLACEHOLDER: &'static str = "NUMBER";

    fn parse(text: &str) -> Option<Self> {
        whole_number(text)
    }

    fn accepts() -> String {
        format!("a whole number from 0 to {}", Self::MAX)
    }

    fn literal(&self) -> String {
        if i64::try_from(*self).is_ok() { self.to_string() } else { format!("\"{self}\"") }
    }

    fn parser() -> ValueParser {
        ValueParser::new(read::<Self>)
    }
}

impl Value for i32 {
    const KINDS: &'static [Kind] = &[Kind::Number];
    const PLACEHOLDER: &'static str = "NUMBER";

    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('-') {
            Some(positive) => whole_number(positive)?.try_into().ok().map(|number: Self| -number),
            None => whole_number(text)?.try_into().ok(),
        }
    }

    fn accepts() -> String {
        format!("a whole number from {} to {}", -Self::MAX, Self::MAX)
    }

    fn literal(&self) -> String {
        self.to_string()
    }

    fn parser() -> ValueParser {
        ValueParser::new(read::<Self>)
    }
}

impl Value for f32 {
    const KINDS: &'static [Kind] = &[Kind::Number];
    const PLACEHOLDER: &'static str = "NUMBER";

    fn parse(text: &str) -> Option<Self> {
        real_number(text)
    }

    fn accepts() -> String {
        "a number".into()
    }

    fn literal(&self) -> String {
        format!("{self:?}")
    }

    fn parser() -> ValueParser {
        ValueParser::new(read::<Self>)
    }
}

impl Value for bool {
    const KINDS: &'static [Kind] = &[Kind::Truth];
    const PLACEHOLDER: &'static str = "TRUTH";
    const MAY_BE_LEFT_OUT: bool = true;

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn accepts() -> String {
        "true or false".into()
    }

    fn words() -> &'static [&'static str] {
        &["true", "false"]
    }

    fn literal(&self) -> String {
        self.to_string()
    }

    fn parser() -> ValueParser {
        ValueParser::new(read::<Self>)
    }
}

impl Value for PathBuf {
    const KINDS: &'static [Kind] = &[Kind::Word];
    const PLACEHOLDER: &'static str = "PATH";

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.into())
    }

    fn accepts() -> String {
        "a path that is not empty".into()
    }

    fn literal(&self) -> String {
        quoted(&self.to_string_lossy())
    }

    fn parser() -> ValueParser {
        // Unlike the others, a path need not be Unicode on the command line; the checks refuse it with a
        // reason.
        PathBufValueParser::new().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for (text, value) in [("0", 0), ("1_000", 1000), ("0xff", 255), ("0b11", 3), ("+7", 7)] {
            assert_eq!(whole_number(text), Some(value), "{text}");
        }
        for text in ["", "-1", "1.0", "1e3", "0x", "é", "0é", "18446744073709551616"] {
            assert_eq!(whole_number(text), None, "{text}");
        }
        assert_eq!(
            read::<u32>("4294967296").unwrap_err(),
            "accepted here: a whole number from 0 to 4294967295"
        );
    }

    #[test]
    fn literals_beyond_the_integers_of_toml_are_strings() {
        assert_eq!(u64::MAX.literal(), "\"18446744073709551615\"");
        assert_eq!((u64::MAX / 2).literal(), "9223372036854775807");
    }

    #[test]
    fn numbers_are_rounded_once() {
        // Just above the middle of 1 and the next f32, by less than a double can hold: by way of a double
        // this is 1.
        let text = "1.00000005960464477539062500000001";
        assert_eq!(real_number(text), Some(f32::from_bits(1.0f32.to_bits() + 1)));
        assert_eq!(text.parse::<f64>().unwrap() as f32, 1.0);
    }
}
