//! What decides the bits of a run, in the words of the core.

use random_bases_core::basis::{Distribution, Probability};
use random_bases_core::descent::{
    Descent, Evolution, GradientBases, Landscape, Method, Options, Sizes, Subspace, WorkerRows,
};
use random_bases_core::numerics::{CONTRACT, MathId};
use random_bases_core::record::{Data, Run};
use random_bases_core::subspace::{Normalisation, Plan, Strategy};

use crate::failure::Failure;
use crate::fastest::fastest;
use crate::model::{Model, shape_name, with_network};
use crate::settings::{self, Dataset, Settings};
use crate::vector::Level;

/// A run that would need more memory than this, in bytes, is a mistake on any machine that this program runs on.
const MEMORY_MAX: u64 = 64 << 30;

/// An owned [`Run`]: what a record's head says and what settings amount to.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSpec {
    /// Which exp and ln.
    pub math: MathId,
    /// The network.
    pub network: Model,
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
    /// Whether directions come in pairs of opposite sign.
    pub antithetic: bool,
    /// Images per mini-batch.
    pub batch: u32,
    /// The run's seed.
    pub seed: u64,
    /// What RBD leaves open.
    pub options: Options,
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
    /// Whether training images are augmented.
    pub augmentation: bool,
    /// Digest of all images.
    pub digest: u64,
}

impl RunSpec {
    /// The run that `settings` ask for, on these images.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if it would need absurdly much memory.
    pub fn new(settings: &Settings, data: DataSpec) -> Result<Self, Failure> {
        let method = method(settings);
        let network = Model::find(settings.network, settings.dataset.shape(settings.network));
        let spec = Self {
            math: math(settings.math),
            network: network.expect("settings of no network are refused"),
            data,
            method,
            dimensions: if method == Method::Sgd { 0 } else { settings.base_dimensions },
            distribution: settings.distribution,
            normalisation: normalisation(settings.normalized),
            antithetic: settings.antithetic_sampling && method.has_random_basis(),
            batch: settings.batch_size,
            seed: settings.seed,
            options: settings.options(),
        };
        spec.check_memory().map_err(Failure::configuration)?;
        Ok(spec)
    }

    /// As the head of a journal or fixture.
    #[must_use]
    pub fn to_record(&self) -> Run<'_> {
        Run {
            contract: CONTRACT,
            math: self.math,
            network: self.network.name(),
            data: Data {
                name: &self.data.name,
                images: self.data.images,
                validation_start: self.data.validation_start,
                validation: self.data.validation,
                augmentation: self.data.augmentation,
                digest: self.data.digest,
            },
            method: self.method,
            dimensions: self.dimensions,
            distribution: self.distribution,
            normalisation: self.normalisation,
            antithetic: self.antithetic,
            batch: self.batch,
            seed: self.seed,
            options: self.options,
        }
    }

    /// From the head of a journal or fixture.
    ///
    /// # Errors
    /// What is in it that this program cannot run, in words.
    pub fn from_record(run: &Run<'_>) -> Result<Self, String> {
        check_contract(run.contract)?;
        let spec = Self {
            math: run.math,
            network: Model::named(run.network)
                .ok_or_else(|| format!("network = {:?}: this program has no such network", run.network))?,
            data: DataSpec {
                name: run.data.name.to_owned(),
                images: run.data.images,
                validation_start: run.data.validation_start,
                validation: run.data.validation,
                augmentation: run.data.augmentation,
                digest: run.data.digest,
            },
            method: run.method,
            dimensions: run.dimensions,
            distribution: run.distribution,
            normalisation: run.normalisation,
            antithetic: run.antithetic,
            batch: run.batch,
            seed: run.seed,
            options: run.options,
        };
        spec.check()?;
        Ok(spec)
    }

    /// Height, width and channels of the images; `None` if this program does not know the data set.
    fn shape_of_data(&self) -> Option<[usize; 3]> {
        let name = &self.data.name;
        let in_files = Dataset::ALL.iter().find(|dataset| dataset.is_in_files() && dataset.name() == *name);
        let synthetic =
            || Model::ALL.iter().map(|model| model.shape()).find(|shape| synthetic_name(*shape) == *name);
        in_files.map(|dataset| dataset.shape(self.network.network())).or_else(synthetic)
    }

    /// Refuses what no machine could hold.
    fn check_memory(&self) -> Result<(), String> {
        let (images, dimensions) = (self.batch as usize, self.dimensions as usize);
        let descent = self.descent(Strategy::TwoPass);
        let floats = with_network!(self.network, N => Sizes::of_descent::<N>(&descent, images, 1).floats());
        let bytes = floats as u64 * 4;
        if bytes <= MEMORY_MAX {
            return Ok(());
        }
        Err(format!(
            "{}, method {}, base_dimensions = {dimensions}, batch_size = {images}: needs {} GiB of memory; choose less",
            self.network.name(),
            self.method.name(),
            bytes >> 30
        ))
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
        if let Method::Nes(Evolution { noise, .. }) | Method::Hybrid(Evolution { noise, .. }) = self.method
            && !(noise.is_finite() && noise > 0.0)
        {
            return Err(format!("noise = {noise}: not positive and finite"));
        }
        if let Method::Landscape(Landscape { bins, distance, .. }) = self.method
            && !(bins % 2 == 1
                && (3..=settings::BINS_MAX).contains(&bins)
                && distance.is_finite()
                && distance > 0.0)
        {
            return Err(format!("landscape with bins = {bins}, binsize = {distance}: impossible"));
        }
        self.check_options()?;
        if self.distribution == Distribution::Bernoulli(Probability(0)) {
            return Err("distribution = bernoulli with probability 0: impossible".into());
        }
        if self.antithetic && (self.dimensions % 2 == 1 || !self.method.has_random_basis()) {
            return Err(format!(
                "antithetic = true: impossible for {} directions of {}",
                self.dimensions,
                self.method.name()
            ));
        }
        if self.shape_of_data().is_some_and(|shape| shape != self.network.shape()) {
            return Err(format!("data = {:?}: not images for {}", self.data.name, self.network.name()));
        }
        let DataSpec { images, validation_start, validation, .. } = self.data;
        let fits = validation_start.checked_add(validation).is_some_and(|end| end <= images);
        if images > settings::IMAGES_MAX || !fits || images - validation < self.batch {
            return Err(format!(
                "{images} images without {validation} from {validation_start} on: impossible, or no batch of {}",
                self.batch
            ));
        }
        self.check_memory()
    }

    /// [`RunSpec::check`], of the options.
    fn check_options(&self) -> Result<(), String> {
        self.options
            .check(self.method, self.antithetic)
            .map_err(|conflict| format!("options: {conflict}"))?;
        if !matches!(self.method, Method::Rbd | Method::Fpd) {
            return Ok(());
        }
        let workers = self.options.workers;
        if workers.count > settings::WORKERS_MAX
            || workers.count == 1 && (workers.same_images || workers.rows != WorkerRows::Own)
        {
            return Err(format!("workers = {}: impossible", workers.count));
        }
        let plan = self.plan();
        if plan.len() > settings::COMPARTMENTS_MAX {
            return Err(format!("{} compartments: impossible", plan.len()));
        }
        let least = plan.iter().map(|compartment| compartment.dimensions).min().unwrap_or(0);
        let needed = if workers.rows == WorkerRows::Split { workers.count as usize } else { 1 };
        if least < needed {
            return Err(format!("compartments of {least} directions for {needed} workers: impossible"));
        }
        Ok(())
    }

    /// How the weights are divided.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let descent = self.descent(Strategy::TwoPass);
        with_network!(self.network, N => descent.plan::<N>())
    }

    /// The core's descent, before its first step.
    #[must_use]
    pub const fn descent(&self, strategy: Strategy) -> Descent {
        let subspace = Subspace {
            dimensions: self.dimensions as usize,
            distribution: self.distribution,
            normalisation: self.normalisation,
            antithetic: self.antithetic,
        };
        Descent::new(self.method, self.seed, subspace, strategy).with(self.options)
    }

    /// Why the run cannot be replayed from its coordinates, if it cannot.
    #[must_use]
    pub fn why_no_replay(&self) -> Option<String> {
        let along = if self.method.can_replay() { " with steps along gradients" } else { "" };
        (!self.can_replay()).then(|| format!("a run of {}{along} cannot be replayed", self.method.name()))
    }

    /// Whether the run can be replayed from its coordinates.
    #[must_use]
    pub const fn can_replay(&self) -> bool {
        self.descent(Strategy::TwoPass).can_replay()
    }

    /// Mini-batches that a step takes.
    #[must_use]
    pub const fn batches_per_step(&self) -> u64 {
        self.descent(Strategy::TwoPass).batches() as u64
    }

    /// Mini-batches in an epoch. Images that do not fill one are left out until the next epoch.
    #[must_use]
    pub const fn batches_per_epoch(&self) -> u32 {
        (self.data.images - self.data.validation) / self.batch
    }

    /// Coordinates of each worker's share.
    #[must_use]
    pub fn shares(&self) -> Vec<usize> {
        let descent = self.descent(Strategy::TwoPass);
        let workers = 0..self.options.workers.count as usize;
        if !matches!(self.method, Method::Rbd | Method::Fpd) {
            return vec![self.dimensions as usize];
        }
        with_network!(self.network, N => workers.map(|worker| descent.share_len::<N>(worker)).collect())
    }

    /// Images that a step's outcome counts.
    #[must_use]
    pub fn images_per_step(&self) -> u64 {
        let evaluations = match self.method {
            Method::Nes(_) | Method::Hybrid(_) => self.dimensions,
            _ if self.options.workers.same_images => 1,
            _ => self.options.workers.count,
        };
        u64::from(evaluations) * u64::from(self.batch)
    }

    /// Compartments, each with a basis of its own; of methods without random bases one.
    #[must_use]
    pub fn compartments(&self) -> usize {
        if matches!(self.method, Method::Rbd | Method::Fpd) { self.plan().len() } else { 1 }
    }

    /// Numbers that tell all about a step, of all workers: coordinates, and the gradients that are followed.
    #[must_use]
    pub fn communicated(&self) -> usize {
        let params = self.network.params();
        if !self.method.can_replay() {
            // A method that cannot be replayed from coordinates would have to communicate its whole update.
            return params;
        }
        let followed = if matches!(self.method, Method::Rbd | Method::Fpd) {
            params - self.plan().elements()
        } else {
            0
        };
        followed + self.shares().iter().sum::<usize>()
    }

    /// Coordinates that a step's record holds, of one worker.
    #[must_use]
    pub fn coordinates(&self) -> usize {
        match self.method {
            Method::Rbd | Method::Fpd => self.plan().coordinates(),
            _ => self.dimensions as usize,
        }
    }

    /// Which strategy is used with these vector instructions. `auto`: [`fastest`].
    #[must_use]
    pub fn strategy(&self, wanted: settings::Strategy, level: Level) -> Strategy {
        match wanted {
            settings::Strategy::TwoPass => Strategy::TwoPass,
            settings::Strategy::Fused => Strategy::Fused,
            settings::Strategy::Auto => {
                let longest = self.plan().iter().map(|compartment| compartment.elements).max();
                fastest(self.distribution, longest.unwrap_or(0), level)
            }
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

/// The name of the synthetic images of this shape in records.
#[must_use]
pub fn synthetic_name(shape: [usize; 3]) -> String {
    format!("synthetic-{}", shape_name(shape))
}

/// The core's method, with the options that belong to it.
fn method(settings: &Settings) -> Method {
    let evolution = || Evolution {
        noise: match settings.noise_std {
            settings::NoiseStd::Constant(noise) => noise,
            settings::NoiseStd::Auto => unreachable!("settings are resolved before they are used"),
        },
        transformation: settings.transformation.to_core(),
    };
    match settings.method {
        settings::Method::Rbd => Method::Rbd,
        settings::Method::Fpd => Method::Fpd,
        settings::Method::Sgd => Method::Sgd,
        settings::Method::Nes => Method::Nes(evolution()),
        settings::Method::Hybrid => Method::Hybrid(evolution()),
        settings::Method::GradientBases => Method::GradientBases(GradientBases {
            offset: settings.offset,
            use_update_as_base: settings.use_update_as_base,
        }),
        settings::Method::Landscape => Method::Landscape(Landscape {
            bins: settings.bins,
            distance: settings.binsize,
            curvature: settings.curvature,
        }),
    }
}

/// The core's method of a kind, whatever its options.
#[must_use]
pub fn core_method(method: settings::Method) -> Method {
    let of_name = |core: &&Method| core.name() == method.name();
    *Method::EXAMPLES.iter().find(of_name).expect("the core has every method")
}

/// How settings divide the weights of a network.
#[must_use]
pub fn plan_of(settings: &Settings, network: Model) -> Plan {
    let descent = descent_of(settings);
    with_network!(network, N => descent.plan::<N>())
}

/// Coordinates of each worker's share, with some settings.
#[must_use]
pub fn shares_of(settings: &Settings, network: Model) -> Vec<usize> {
    let descent = descent_of(settings);
    let workers = 0..descent.options.workers.count as usize;
    with_network!(network, N => workers.map(|worker| descent.share_len::<N>(worker)).collect())
}

/// A descent of the settings' kind, for what it divides and counts.
fn descent_of(settings: &Settings) -> Descent {
    let subspace = Subspace::of(settings.base_dimensions as usize);
    let descent = Descent::new(core_method(settings.method), 0, subspace, Strategy::TwoPass);
    descent.with(settings.options())
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
