//! Settings whose value is one name out of a short list.

use super::value::{Kind, Value};
use clap::builder::{EnumValueParser, PossibleValue, ValueParser};

impl Dataset {
    /// Whether the images are read from files rather than drawn.
    #[must_use]
    pub const fn is_in_files(self) -> bool {
        matches!(self, Self::Mnist | Self::Fmnist | Self::Cifar10)
    }

    /// Height, width and channels of the images that a network gets.
    #[must_use]
    pub const fn shape(self, network: Network) -> [usize; 3] {
        match (self, network) {
            (Self::Synthetic, Network::Small) => [8, 8, 1],
            (Self::Synthetic | Self::Mnist | Self::Fmnist, _) => [28, 28, 1],
            (Self::Shapes | Self::Cifar10, _) => [32, 32, 3],
        }
    }
}

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
        /// Dense 128, dense 10: 101,770 weights for 28x28 images, 394,634 for 32x32 in colour.
        Fc = "fc",
        /// Three convolutions of 3x3, two dense layers: 93,322 or 122,570 weights.
        Cnn = "cnn",
        /// Two convolutions of 5x5, dense 1024, dense 10: 3,274,634 or 4,259,274 weights.
        Conv = "conv",
        /// Dense 64-32-10, for 8x8 synthetic images: 2,410 weights.
        Small = "small",
    }

    /// The images that it is trained on.
    Dataset {
        /// Digits drawn by the program itself, 28x28 or 8x8; needs no files.
        Synthetic = "synthetic",
        /// Coloured shapes drawn by the program itself, 32x32; needs no files.
        Shapes = "shapes",
        /// MNIST, read from `data_dir`.
        Mnist = "mnist",
        /// Fashion-MNIST, read from `data_dir`.
        Fmnist = "fmnist",
        /// CIFAR-10, read from `data_dir`.
        Cifar10 = "cifar10",
    }

    /// The descent method.
    Method {
        /// Random bases descent: a new basis at every step.
        Rbd = "rbd",
        /// Fixed projection descent: one basis for the whole run.
        Fpd = "fpd",
        /// Stochastic gradient descent in all weights: the baseline.
        Sgd = "sgd",
        /// Natural evolution strategies: no gradient, each offspring on a mini-batch of its own.
        Nes = "nes",
        /// The hybrid of RBD and NES: all offspring on the same mini-batch.
        Hybrid = "hybrid",
        /// Past gradients as the basis.
        GradientBases = "gradient-bases",
        /// The loss in several places along each direction; no gradient.
        Landscape = "landscape",
    }

    /// What takes the place of losses or coordinates before they are lifted.
    Transformation {
        /// Their ranks, from -1/2 to 1/2.
        Ranks = "ranks",
        /// Their place between the least and the greatest, from -1/2 to 1/2.
        Norm = "norm",
        /// The numbers as they are.
        None = "none",
    }

    /// How dynamic compartments share the directions.
    AllocationMode {
        /// In proportion to their sizes.
        Proportional = "proportional",
        /// In proportion to their sizes to the power of 1.2.
        Exp = "exp",
    }

    /// Which directions are drawn anew after a step, if not all.
    BaseLearning {
        /// All of them.
        Off = "off",
        /// Those with the smallest coordinates.
        LowMagnitude = "low-magnitude",
        /// Those with the largest coordinates.
        HighMagnitude = "high-magnitude",
    }

    /// When whole steps follow the gradient.
    UpdateSchedule {
        /// Never.
        Off = "off",
        /// In the first epochs.
        SgdFirst = "sgd-first",
        /// In the last epochs.
        SgdLast = "sgd-last",
    }

    /// How the learning rate changes over a run.
    RateSchedule {
        /// Not at all.
        Constant = "constant",
        /// By the multipliers, at the boundaries.
        Piecewise = "piecewise",
        /// Along half a wave, to decay_alpha.
        Cosine = "cosine",
        /// By the same factor at each step, to decay_rate.
        Exponential = "exponential",
    }

    /// How the learning rate rises at the start.
    Warmup {
        /// By the same amount at each step.
        Linear = "linear",
        /// By the same factor at each step, from a hundredth.
        Exponential = "exponential",
    }

    /// Which vector instructions the kernels use. The bits of the result are the same with each.
    Vector {
        /// The widest that this machine has.
        Auto = "auto",
        /// None in particular: plain code, as on any machine.
        Portable = "portable",
        /// 128 bits (aarch64).
        Neon = "neon",
        /// 128 bits (x86-64).
        Sse2 = "sse2",
        /// 256 bits (x86-64).
        Avx2 = "avx2",
        /// 512 bits (x86-64).
        Avx512 = "avx512",
    }

    /// How a projection generates its rows. The bits of the result are the same with each.
    Strategy {
        /// What was measured to be faster. Fused: `normal` and `lognormal` up to 2^20 weights; up to 2^18, with vectors below 512 bits,
        /// `hadamard-normal` and `bernoulli`, and with `sse2`, `neon` and `portable` also `uniform`. Two-pass: all else.
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
