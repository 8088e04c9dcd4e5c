//! What decides the bits of a run, in the words of the core.

use random_bases_core::basis::Distribution;
use random_bases_core::descent::{Descent, Method, Subspace};
use random_bases_core::numerics::{CONTRACT, MathId};
use random_bases_core::record::{Data, Run};
use random_bases_core::subspace::{Normalisation, Strategy};

use crate::settings::{self, Settings};

/// An owned [`Run`]: what a record's head says and what settings amount to.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSpec {
    /// Which exp and ln.
    pub math: MathId,
    /// The network.
    pub network: settings::Network,
    /// The images.
    pub data: DataSpec,
    /// The method.
    pub method: Method,
    /// d; 0 for SGD.
    pub dimensions: u32,
    /// What rows are drawn from.
    pub distribution: Distribution,
    /// What rows are divided by.
    pub normalisation: Normalisation,
    /// Images per step.
    pub batch: u32,
    /// The run's seed.
    pub seed: u64,
}

/// An owned [`Data`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSpec {
    /// Name of the data set.
    pub name: String,
    /// Images before the validation images are cut out.
    pub images: u32,
    /// First validation image.
    pub validation_start: u32,
    /// Validation images.
    pub validation: u32,
    /// Digest of all images.
    pub digest: u64,
}

impl RunSpec {
    /// The run that `settings` ask for, on these images.
    #[must_use]
    pub fn new(settings: &Settings, data: DataSpec) -> Self {
        let method = method(settings.method);
        Self {
            math: math(settings.math),
            network: settings.network,
            data,
            method,
            dimensions: if method == Method::Sgd { 0 } else { settings.base_dimensions },
            distribution: distribution(settings.distribution),
            normalisation: normalisation(settings.normalized),
            batch: settings.batch_size,
            seed: settings.seed,
        }
    }

    /// As the head of a journal or fixture.
    #[must_use]
    pub fn to_record(&self) -> Run<'_> {
        Run {
            contract: CONTRACT,
            math: self.math,
            network: network_name(self.network),
            data: Data {
                name: &self.data.name,
                images: self.data.images,
                validation_start: self.data.validation_start,
                validation: self.data.validation,
                digest: self.data.digest,
            },
            method: self.method,
            dimensions: self.dimensions,
            distribution: self.distribution,
            normalisation: self.normalisation,
            batch: self.batch,
            seed: self.seed,
        }
    }

    /// From the head of a journal or fixture.
    ///
    /// # Errors
    /// What is in it that this program cannot run, in words.
    pub fn from_record(run: &Run<'_>) -> Result<Self, String> {
        check_contract(run.contract)?;
        let network = settings::Network::ALL.iter().copied().find(|n| network_name(*n) == run.network);
        let spec = Self {
            math: run.math,
            network: network
                .ok_or_else(|| format!("network = {:?}: this program has no such network", run.network))?,
            data: DataSpec {
                name: run.data.name.to_owned(),
                images: run.data.images,
                validation_start: run.data.validation_start,
                validation: run.data.validation,
                digest: run.data.digest,
            },
            method: run.method,
            dimensions: run.dimensions,
            distribution: run.distribution,
            normalisation: run.normalisation,
            batch: run.batch,
            seed: run.seed,
        };
        spec.check()?;
        Ok(spec)
    }

    /// What [`RunSpec::from_record`] must not believe: a checksum does not make sense of a number.
    fn check(&self) -> Result<(), String> {
        let sgd = self.method == Method::Sgd;
        if (self.dimensions == 0) != sgd || self.dimensions > settings::DIMENSIONS_MAX {
            return Err(format!("dimensions = {}: impossible for {}", self.dimensions, self.method.name()));
        }
        if self.batch == 0 || self.batch > settings::BATCH_MAX {
            return Err(format!("batch = {}: impossible", self.batch));
        }
        if let Normalisation::By(norm) = self.normalisation
            && !(norm.is_finite() && norm > 0.0)
        {
            return Err(format!("normalisation = {norm}: not positive and finite"));
        }
        if self.network == settings::Network::Small && !self.data.name.starts_with("synthetic-") {
            return Err(format!(
                "data = {:?}: not images for {}",
                self.data.name,
                network_name(self.network)
            ));
        }
        let DataSpec { images, validation_start, validation, .. } = self.data;
        let fits = validation_start.checked_add(validation).is_some_and(|end| end <= images);
        if images > settings::IMAGES_MAX || !fits || images - validation < self.batch {
            return Err(format!(
                "{images} images without {validation} from {validation_start} on: impossible, or no batch of {}",
                self.batch
            ));
        }
        Ok(())
    }

    /// The core's descent, before its first step.
    #[must_use]
    pub fn descent(&self, strategy: Strategy) -> Descent {
        Descent {
            method: self.method,
            seed: self.seed,
            subspace: Subspace {
                dimensions: self.dimensions as usize,
                distribution: self.distribution,
                normalisation: self.normalisation,
            },
            strategy,
            steps: 0,
        }
    }

    /// Which strategy is used. `auto` takes what is faster where it was measured: fused for `normal`, whose elements
    /// cost more to make than to store, two-pass for the others.
    #[must_use]
    pub fn strategy(&self, wanted: settings::Strategy) -> Strategy {
        match (wanted, self.distribution) {
            (settings::Strategy::TwoPass, _) => Strategy::TwoPass,
            (settings::Strategy::Fused, _) | (settings::Strategy::Auto, Distribution::Normal) => {
                Strategy::Fused
            }
            (settings::Strategy::Auto, _) => Strategy::TwoPass,
        }
    }
}

/// Whether records of this version can be compared with what this program computes.
///
/// # Errors
/// If not, why and what to do.
pub fn check_contract(contract: u16) -> Result<(), String> {
    if contract == CONTRACT {
        return Ok(());
    }
    Err(format!(
        "recorded under version {contract} of the numeric contract, this program follows version {CONTRACT}; \
         record it anew (random-bases record --help) or use a release that follows version {contract}"
    ))
}

/// The core's name of a network.
#[must_use]
pub const fn network_name(network: settings::Network) -> &'static str {
    use random_bases_core::nn::{Fc28, Network as _, Small8};
    match network {
        settings::Network::Fc => Fc28::NAME,
        settings::Network::Small => Small8::NAME,
    }
}

const fn method(method: settings::Method) -> Method {
    match method {
        settings::Method::Rbd => Method::Rbd,
        settings::Method::Fpd => Method::Fpd,
        settings::Method::Sgd => Method::Sgd,
    }
}

const fn distribution(distribution: settings::Distribution) -> Distribution {
    match distribution {
        settings::Distribution::Normal => Distribution::Normal,
        settings::Distribution::Uniform => Distribution::Uniform,
        settings::Distribution::Rademacher => Distribution::Rademacher,
    }
}

const fn normalisation(normalisation: settings::Normalisation) -> Normalisation {
    match normalisation {
        settings::Normalisation::Off => Normalisation::Mean,
        settings::Normalisation::Row => Normalisation::Row,
        settings::Normalisation::Auto => Normalisation::Auto,
        settings::Normalisation::Constant(norm) => Normalisation::By(norm),
    }
}

const fn math(math: settings::Math) -> MathId {
    match math {
        settings::Math::Libm => MathId::Libm,
        settings::Math::Micromath => MathId::Micromath,
    }
}
