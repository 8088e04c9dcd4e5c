//! The methods and their options.

use crate::subspace::Transformation;

/// Which method.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Method {
    /// Stochastic gradient descent in all D dimensions: the baseline.
    Sgd,
    /// Random bases descent: a new basis at every step (the paper's contribution).
    Rbd,
    /// Fixed projection descent: one basis for the whole run (Li et al. 2018).
    Fpd,
    /// Natural evolution strategies (Salimans et al. 2017): no gradient; d offspring, each on a mini-batch of its own.
    Nes(Evolution),
    /// The hybrid of RBD and NES: all offspring see the same mini-batch.
    Hybrid(Evolution),
    /// Past gradients as the basis.
    GradientBases(GradientBases),
    /// The loss along each direction, in several places; no gradient.
    Landscape(Landscape),
}

/// How offspring are made and judged.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Evolution {
    /// sigma: offspring i has the weights theta + sigma phi_i, with the row as drawn. (`noise_std`)
    pub noise: f32,
    /// What is lifted instead of the offspring's losses. (`transformation`)
    pub transformation: Transformation,
}

/// Which vectors the basis of past gradients holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GradientBases {
    /// The step is made before its gradient joins the basis: past gradients only. (`offset`)
    pub offset: bool,
    /// What stays in the basis after a step is its update instead of its gradient. (`use_update_as_base`)
    pub use_update_as_base: bool,
}

/// Where the loss is looked at along a direction.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Landscape {
    /// In how many places; odd, at least 3. (`bins`)
    pub bins: u32,
    /// How far apart they are, along rows as drawn. (`binsize`)
    pub distance: f32,
    /// Whether a direction with more curvature than the mean is followed that much less.
    pub curvature: bool,
}

impl Method {
    /// One of each, in the order of their numbers in records: for tests and lists.
    pub const EXAMPLES: [Self; 7] = [
        Self::Sgd,
        Self::Rbd,
        Self::Fpd,
        Self::Nes(Evolution { noise: 0.01, transformation: Transformation::Ranks }),
        Self::Hybrid(Evolution { noise: 0.002, transformation: Transformation::Norm }),
        Self::GradientBases(GradientBases { offset: false, use_update_as_base: false }),
        Self::Landscape(Landscape { bins: 3, distance: 0.002, curvature: false }),
    ];

    /// The name used on command lines and in readable views.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Rbd => "rbd",
            Self::Fpd => "fpd",
            Self::Nes(_) => "nes",
            Self::Hybrid(_) => "hybrid",
            Self::GradientBases(_) => "gradient-bases",
            Self::Landscape(_) => "landscape",
        }
    }

    /// Mini-batches per step of one worker, with d = `dimensions`.
    #[must_use]
    pub const fn batches(self, dimensions: usize) -> usize {
        match self {
            Self::Nes(_) => dimensions,
            _ => 1,
        }
    }

    /// Whether the update lies in the span of rows that can be regenerated, so that d numbers tell all of it and
    /// [`replay`](super::Descent::replay) can make it again.
    #[must_use]
    pub const fn can_replay(self) -> bool {
        !matches!(self, Self::Sgd | Self::GradientBases(_))
    }

    /// Whether directions are drawn at random.
    #[must_use]
    pub const fn has_random_basis(self) -> bool {
        self.can_replay()
    }

    /// Whether the gradient of the loss is computed.
    #[must_use]
    pub const fn has_gradient(self) -> bool {
        !matches!(self, Self::Nes(_) | Self::Hybrid(_) | Self::Landscape(_))
    }
}
