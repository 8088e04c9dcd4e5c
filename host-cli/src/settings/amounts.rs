//! Settings that are a number or a word, such as `learning_rate = 0.1` or `learning_rate = "tuned"`.

use clap::builder::ValueParser;

use super::value::{Kind, Value, read, real_number, whole_number};

/// What a row of a basis is divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Normalisation {
    /// `false`: nothing; the sum over the directions is divided by their number instead.
    Off,
    /// `true`: the row's own Euclidean norm.
    Row,
    /// `"auto"`: the constant sqrt(D), about the norm of a row of D normal numbers.
    Auto,
    /// A number: that constant.
    Constant(f32),
}

/// The rate before it is multiplied by the batch size and the number of workers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LearningRate {
    /// `"tuned"`: the published rate for the network, data set and method.
    Tuned,
    /// A number.
    Base(f32),
}

/// The standard deviation of offspring's weights around the network's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoiseStd {
    /// `"auto"`: what is usual for the method.
    Auto,
    /// A number.
    Constant(f32),
}

/// How long something lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// `true`: it ends with each step.
    EachStep,
    /// `false`: it never ends.
    Never,
    /// A number: it ends after so many steps.
    Every(u32),
}

/// A number that something is compared with, or nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// `"off"`
    Off,
    /// A number.
    At(f32),
}

/// How many training images are set aside for validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationSize {
    /// `"auto"`: as many as the test set has.
    Auto,
    /// A number.
    Images(u32),
}

/// Where in the training images the validation images begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationOffset {
    /// `"random"`: drawn from the seed.
    Random,
    /// The index of the first one.
    At(u32),
}

/// Implements [`Value`] for an enum of some words and one kind of number.
macro_rules! word_or_number {
    (
        $type:ty, $variant:ident from $number:path, $accepts:literal,
        [$($word:literal => $named:ident $(, $kind:ident)?);+]
    ) => {
        impl Value for $type {
            const KINDS: &'static [Kind] = &[Kind::Number, Kind::Word $($(, Kind::$kind)?)+];
            const PLACEHOLDER: &'static str = "NUMBER|NAME";

            fn parse(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$named),)+
                    _ => $number(text)?.try_into().ok().map(Self::$variant),
                }
            }

            fn accepts() -> String {
                $accepts.into()
            }

            fn words() -> &'static [&'static str] {
                &[$($word),+]
            }

            fn literal(&self) -> String {
                match self {
                    $(Self::$named => word_literal($word),)+
                    // `{:?}` gives the shortest digits that read back the same, and a float its point.
                    Self::$variant(number) => format!("{number:?}"),
                }
            }

            fn parser() -> ValueParser {
                ValueParser::new(read::<Self>)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.literal().trim_matches('"'))
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                read(text)
            }
        }
    };
}

word_or_number!(
    Normalisation, Constant from real_number, "\"auto\", false, true, or a number above 0",
    ["auto" => Auto; "false" => Off, Truth; "true" => Row]
);
word_or_number!(LearningRate, Base from real_number, "\"tuned\", or a number above 0", ["tuned" => Tuned]);
word_or_number!(NoiseStd, Constant from real_number, "\"auto\", or a number above 0", ["auto" => Auto]);
word_or_number!(
    ValidationSize, Images from whole_number, "\"auto\", or a whole number of images", ["auto" => Auto]
);
word_or_number!(
    ValidationOffset, At from whole_number, "\"random\", or the index of a training image",
    ["random" => Random]
);

word_or_number!(
    Reset, Every from whole_number, "true, false, or a whole number of steps",
    ["true" => EachStep, Truth; "false" => Never]
);
word_or_number!(Threshold, At from real_number, "\"off\", or a number from -1 to 1", ["off" => Off]);

fn word_literal(word: &str) -> String {
    if matches!(word, "true" | "false") { word.into() } else { format!("\"{word}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers() {
        assert_eq!("auto".parse(), Ok(Normalisation::Auto));
        assert_eq!("true".parse(), Ok(Normalisation::Row));
        assert_eq!("false".parse(), Ok(Normalisation::Off));
        assert_eq!("319.0".parse(), Ok(Normalisation::Constant(319.0)));
        assert_eq!("1e-3".parse(), Ok(LearningRate::Base(1e-3)));
        assert_eq!("500".parse(), Ok(ValidationSize::Images(500)));
        assert_eq!("0".parse(), Ok(ValidationOffset::At(0)));
        assert!("4294967296".parse::<ValidationOffset>().is_err());
        assert!("1.5".parse::<ValidationSize>().is_err());
        let message = "tunde".parse::<LearningRate>().unwrap_err();
        assert_eq!(message, "accepted here: \"tuned\", or a number above 0 (did you mean \"tuned\"?)");
    }

    #[test]
    fn literals_read_back() {
        for value in [1.0, 0.1, f32::MIN_POSITIVE, f32::MAX, 16_777_216.0, 1e-45, 0.031_25] {
            let literal = LearningRate::Base(value).literal();
            assert_eq!(literal.parse(), Ok(LearningRate::Base(value)), "{literal}");
            assert!(toml::from_str::<toml::Table>(&format!("x = {literal}")).is_ok(), "{literal}");
        }
        assert_eq!(Normalisation::Off.literal(), "false");
        assert_eq!(Normalisation::Auto.literal(), "\"auto\"");
        assert_eq!(Normalisation::Row.to_string(), "true");
    }
}
