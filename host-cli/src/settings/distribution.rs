//! The setting `distribution`: a name, or `bernoulli-P` with a probability.

use clap::builder::ValueParser;
use random_bases_core::basis::{Distribution, Probability};

use super::value::{Kind, Value, read};

impl Value for Distribution {
    const KINDS: &'static [Kind] = &[Kind::Word];
    const PLACEHOLDER: &'static str = "NAME";

    /// `bernoulli-0.5` is the Rademacher distribution, which has a faster sampler of its own.
    fn parse(text: &str) -> Option<Self> {
        match text {
            "normal" => Some(Self::Normal),
            "uniform" => Some(Self::Uniform),
            "rademacher" => Some(Self::Rademacher),
            "lognormal" => Some(Self::LogNormal),
            "zeros" => Some(Self::Zeros),
            "hadamard-normal" => Some(Self::HadamardNormal),
            _ => {
                let p = Probability::nearest(text.strip_prefix("bernoulli-")?.parse().ok()?)?;
                Some(if p.value() == 0.5 { Self::Rademacher } else { Self::Bernoulli(p) })
            }
        }
    }

    fn accepts() -> String {
        "\"normal\", \"hadamard-normal\", \"uniform\", \"rademacher\", \"lognormal\", \"zeros\", or \"bernoulli-P\" \
         with a probability P between 0 and 1"
            .into()
    }

    fn words() -> &'static [&'static str] {
        &["normal", "hadamard-normal", "uniform", "rademacher", "lognormal", "zeros", "bernoulli-0.25"]
    }

    fn literal(&self) -> String {
        format!("\"{self}\"")
    }

    fn parser() -> ValueParser {
        ValueParser::new(read::<Self>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_distribution_reads_back() {
        for distribution in Distribution::EXAMPLES {
            let literal = distribution.literal();
            assert_eq!(read::<Distribution>(literal.trim_matches('"')), Ok(distribution), "{literal}");
        }
        assert_eq!(read("bernoulli-0.5"), Ok(Distribution::Rademacher));
        assert_eq!(read("bernoulli-0.25"), Ok(Distribution::Bernoulli(Probability(1 << 14))));
        for text in ["bernoulli", "bernoulli-", "bernoulli-0", "bernoulli-1", "bernoulli-nan", "bernoulli-x"]
        {
            assert!(read::<Distribution>(text).unwrap_err().contains("bernoulli-P"), "{text}");
        }
    }
}
