//! Settings whose value is one name out of a short list.

use super::value::{Kind, Value};
use clap::builder::{EnumValueParser, PossibleValue, ValueParser};

/// Defines an enum whose variants have one name each, used alike by files, flags and records.
macro_rules! choices {
    ($(
        $(#[doc = $doc:literal])+
        $choice:ident { $( $(#[doc = $variant_doc:literal])+ $variant:ident = $name:literal, )+ }
    )+) => { $(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $choice { $( $(#[doc = $variant_doc])+ $variant, )+ }

        impl $choice {
            /// All of them, in the order in which help texts list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in files, flags and records.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl std::fmt::Display for $choice {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $choice {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                super::value::read(text)
            }
        }

        impl clap::ValueEnum for $choice {
            fn value_variants<'a>() -> &'a [Self] {
                Self::ALL
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(PossibleValue::new(self.name()))
            }
        }

        impl Value for $choice {
            const KINDS: &'static [Kind] = &[Kind::Word];
            const PLACEHOLDER: &'static str = "NAME";

            fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.name() == text)
            }

            fn accepts() -> String {
                Self::words().iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
            }

            fn words() -> &'static [&'static str] {
                &[$($name),+]
            }

            fn literal(&self) -> String {
                format!("\"{}\"", self.name())
            }

            fn parser() -> ValueParser {
                EnumValueParser::<Self>::new().into()
            }
        }
    )+ };
}

choices! {
    /// The network that is trained.
    Network {
        /// Dense 784-128-10, for 28x28 images: 101,770 weights.
        Fc = "fc",
        /// Dense 64-32-10, for 8x8 synthetic images: 2,410 weights.
        Small = "small",
    }

    /// The images that it is trained on.
    Dataset {
        /// Digits drawn by the program itself; needs no files.
        Synthetic = "synthetic",
        /// MNIST, read from `data_dir`.
        Mnist = "mnist",
        /// Fashion-MNIST, read from `data_dir`.
        Fmnist = "fmnist",
    }

    /// The descent method.
    Method {
        /// Random bases descent: a new basis at every step.
        Rbd = "rbd",
        /// Fixed projection descent: one basis for the whole run.
        Fpd = "fpd",
        /// Stochastic gradient descent in all weights: the baseline.
        Sgd = "sgd",
    }

    /// What the elements of a basis are drawn from.
    Distribution {
        /// Mean 0, variance 1.
        Normal = "normal",
        /// Uniform on [-1, 1).
        Uniform = "uniform",
        /// +1 or -1 with equal probability.
        Rademacher = "rademacher",
    }

    /// Which vector instructions the kernels use. The bits of the result are the same with each.
    Vector {
        /// The widest that this machine has.
        Auto = "auto",
        /// None in particular: plain code, as on any machine.
        Portable = "portable",
        /// 128 bits (x86-64).
        Sse2 = "sse2",
        /// 256 bits (x86-64).
        Avx2 = "avx2",
        /// 512 bits (x86-64).
        Avx512 = "avx512",
    }

    /// How a projection generates its rows. The bits of the result are the same with each.
    Strategy {
        /// Fused for `normal`, two-pass for the others: what was measured to be faster.
        Auto = "auto",
        /// Every tile is generated twice, once for the coordinates and once for the update.
        TwoPass = "two-pass",
        /// Every row is generated once and used for both.
        Fused = "fused",
    }

    /// Where `exp` and `ln` of the loss come from. This one does change bits, and records name it.
    Math {
        /// The crate `libm`: accurate.
        Libm = "libm",
        /// The crate `micromath`: fast on parts without a floating-point unit.
        Micromath = "micromath",
    }

    /// How progress is shown, on stderr.
    Progress {
        /// A bar on a terminal, plain lines elsewhere.
        Auto = "auto",
        /// One plain line per epoch.
        Plain = "plain",
        /// Nothing.
        Never = "never",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for vector in Vector::ALL {
            assert_eq!(vector.name().parse(), Ok(*vector));
            assert_eq!(format!("{vector:>9}").trim(), vector.name());
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest_and_the_list() {
        let message = "two_pass".parse::<Strategy>().unwrap_err();
        assert!(message.contains("did you mean \"two-pass\"?"), "{message}");
        assert!(message.contains("\"auto\", \"two-pass\", \"fused\""), "{message}");
        assert!("".parse::<Method>().is_err());
    }
}
