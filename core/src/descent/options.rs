//! What random bases descent leaves open, in small pieces that combine (`NUMERICS.md`, sections 9.1 to 9.3).
//!
//! The original spreads these over one class; here each is a field that one place in `rbd.rs` looks at. [`Options::NONE`]
//! is plain RBD. What does not go together is listed once, in [`Options::check`].

use core::fmt;

use super::Method;
use crate::subspace::{Compartments, Top, Transformation};

/// All options of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Options {
    /// How the weights are divided; each part has a basis of its own.
    pub compartments: Compartments,
    /// Whether the d directions are divided among the compartments instead of given to each.
    /// (`split_dimensions_across_compartments`)
    pub split: bool,
    /// Who computes gradients.
    pub workers: Workers,
    /// When directions are drawn.
    pub draws: Draws,
    /// What becomes of coordinates before they are lifted.
    pub coordinates: CoordinatePolicy,
    /// What becomes of an update before it reaches the weights.
    pub update: UpdatePolicy,
}

/// Data-parallel replicas. What travels between them is coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Workers {
    /// How many; positive. (`workers`)
    pub count: u32,
    /// Whether all see the same mini-batch. (`same_images_for_each_worker`)
    pub same_images: bool,
    /// Whose rows.
    pub rows: WorkerRows,
}

/// Which rows workers project on, and what is made of their coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WorkerRows {
    /// Each has its own; their updates are averaged. (`base_for_each_worker`)
    Own,
    /// All have the same; their updates are averaged.
    Shared,
    /// All have the same; their coordinates are averaged, and lifted once. (`average_in_coordinate_space`)
    Averaged,
    /// Each has a part of one basis. (`split_dimensions_across_workers`)
    Split,
}

/// When something that lasts ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Period {
    /// After so many steps; positive.
    Steps(u32),
    /// It lasts for the whole run.
    Never,
}

impl Period {
    /// Which period step `step` lies in.
    #[must_use]
    pub const fn index(self, step: u64) -> u64 {
        match self {
            Self::Steps(steps) => step / steps as u64,
            Self::Never => 0,
        }
    }

    /// Whether a period begins with step `step`.
    #[must_use]
    pub const fn begins(self, step: u64) -> bool {
        match self {
            Self::Steps(steps) => step.is_multiple_of(steps as u64),
            Self::Never => step == 0,
        }
    }
}

/// When directions are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Draws {
    /// How long a basis lasts. (`reset_base_each_step`)
    pub period: Period,
    /// Whether only some directions are drawn anew, by what their coordinates were. (`base_learning`)
    pub anew: Anew,
}

/// Which directions are drawn anew after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Anew {
    /// All of them, when the period ends.
    All,
    /// This fraction, of the least magnitude. The others stay.
    Low(f32),
    /// This fraction, of the greatest magnitude. The others stay.
    High(f32),
}

/// What becomes of coordinates before they are lifted.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CoordinatePolicy {
    /// What takes their place. (`coordinate_transformation`)
    pub transformation: Transformation,
    /// Which of them are lifted. (`use_top_directions`)
    pub top: Top,
    /// How long they are kept: `Steps(1)` are fresh at each step. (`reset_coordinates_each_step`)
    pub reset: Period,
    /// Steps that are added up in coordinates before they reach the weights; 1 for none. (`continuous_coordinate_update`)
    pub accumulate: u32,
}

/// What becomes of an update before it reaches the weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UpdatePolicy {
    /// The share of the last step that joins the next; 0 for none. (`momentum`)
    pub momentum: f32,
    /// Nesterov's form of it. (`nesterov`)
    pub nesterov: bool,
    /// Whether an update is multiplied with its cosine to the negative gradient, if that is positive, or 0.
    /// (`correlation_multiplier`)
    pub multiplier: bool,
    /// The least cosine with which a tensor's update is applied. (`surgeon_update`)
    pub surgeon: Option<f32>,
    /// If a tensor's cosine is lower than this, the step follows the gradient instead.
    /// (`skip_update_if_correlation_lower_than`)
    pub sgd_below: Option<f32>,
    /// Layers that always follow their gradient. (`use_sgd_for_layer`)
    pub sgd_layers: SgdLayers,
    /// Whether whole steps may follow the gradient, by a schedule. (`update_schedule`)
    pub sgd_steps: bool,
}

/// Layers, counted from 1 among those with parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SgdLayers {
    /// None.
    None,
    /// This one.
    Only(u32),
    /// All but this one.
    AllBut(u32),
}

impl SgdLayers {
    /// Whether layer `layer` is one of them.
    #[must_use]
    pub const fn contains(self, layer: u32) -> bool {
        match self {
            Self::None => false,
            Self::Only(one) => layer == one,
            Self::AllBut(one) => layer != one,
        }
    }
}

impl UpdatePolicy {
    /// Whether an update's cosine to the gradient decides anything.
    #[must_use]
    pub const fn uses_correlation(&self) -> bool {
        self.has_factors() || self.sgd_below.is_some()
    }

    /// Whether tensors' updates are multiplied with something.
    #[must_use]
    pub const fn has_factors(&self) -> bool {
        self.multiplier || self.surgeon.is_some()
    }

    /// Whether an update is looked at, or remembered, before it reaches the weights.
    #[must_use]
    pub const fn needs_step(&self) -> bool {
        self.momentum != 0.0 || self.uses_correlation()
    }

    /// Whether some update may follow the gradient, so that coordinates do not tell all of it.
    #[must_use]
    pub const fn uses_gradient(&self) -> bool {
        self.sgd_below.is_some() || self.sgd_steps || !matches!(self.sgd_layers, SgdLayers::None)
    }
}

impl Workers {
    /// One worker.
    pub const ONE: Self = Self { count: 1, same_images: false, rows: WorkerRows::Own };

    /// Updates per step: U.
    #[must_use]
    pub const fn updates(&self) -> usize {
        match self.rows {
            WorkerRows::Own | WorkerRows::Shared => self.count as usize,
            WorkerRows::Averaged | WorkerRows::Split => 1,
        }
    }

    /// How many workers' updates are averaged: M. The learning rate scales with it.
    #[must_use]
    pub const fn averaged(&self) -> u32 {
        match self.rows {
            WorkerRows::Split => 1,
            _ => self.count,
        }
    }

    /// The worker in the keys of update `update`'s bases.
    #[must_use]
    pub const fn key(&self, update: usize) -> u32 {
        match self.rows {
            WorkerRows::Own => update as u32,
            _ => 0,
        }
    }

    /// Mini-batches per step.
    #[must_use]
    pub const fn batches(&self) -> usize {
        if self.same_images { 1 } else { self.count as usize }
    }

    /// Which of a compartment's `dimensions` directions worker `worker` projects on.
    #[must_use]
    pub const fn directions(&self, worker: usize, dimensions: usize) -> core::ops::Range<usize> {
        match self.rows {
            WorkerRows::Split => {
                let count = self.count as usize;
                worker * dimensions / count..(worker + 1) * dimensions / count
            }
            _ => 0..dimensions,
        }
    }
}

impl Options {
    /// Plain RBD.
    pub const NONE: Self = Self {
        compartments: Compartments::Whole,
        split: false,
        workers: Workers::ONE,
        draws: Draws { period: Period::Steps(1), anew: Anew::All },
        coordinates: CoordinatePolicy {
            transformation: Transformation::None,
            top: Top::All,
            reset: Period::Steps(1),
            accumulate: 1,
        },
        update: UpdatePolicy {
            momentum: 0.0,
            nesterov: false,
            multiplier: false,
            surgeon: None,
            sgd_below: None,
            sgd_layers: SgdLayers::None,
            sgd_steps: false,
        },
    };

    /// Whether coordinates last longer than a step, so that weights are an anchor and a position around it.
    #[must_use]
    pub const fn keeps_coordinates(&self) -> bool {
        !matches!(self.coordinates.reset, Period::Steps(1))
    }

    /// Refuses what does not go together.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self, method: Method, antithetic: bool) -> Result<(), Conflict> {
        let Self { workers, draws, coordinates, update, .. } = *self;
        let refuse = |refused: bool, conflict: Conflict| if refused { Err(conflict) } else { Ok(()) };
        if method == Method::Sgd {
            let only = Self {
                update: UpdatePolicy {
                    momentum: update.momentum,
                    nesterov: update.nesterov,
                    ..Self::NONE.update
                },
                ..Self::NONE
            };
            refuse(*self != only, Conflict::Method)?;
        } else if !matches!(method, Method::Rbd | Method::Fpd) {
            refuse(*self != Self::NONE, Conflict::Method)?;
        }
        let plain = draws.period == Period::Steps(1) && coordinates.reset == Period::Steps(1);
        refuse(method == Method::Fpd && !plain, Conflict::FpdPeriods)?;
        let fraction = |x: f32| x > 0.0 && x <= 1.0;
        let anew = match draws.anew {
            Anew::All => None,
            Anew::Low(x) | Anew::High(x) => Some(x),
        };
        let counted = |period| !matches!(period, Period::Steps(0));
        let layer = |layers| !matches!(layers, SgdLayers::Only(0) | SgdLayers::AllBut(0));
        let in_range = workers.count > 0
            && counted(draws.period)
            && counted(coordinates.reset)
            && coordinates.accumulate > 0
            && self.compartments.is_in_range()
            && coordinates.top.is_in_range()
            && layer(update.sgd_layers)
            && anew.is_none_or(fraction)
            && (0.0..1.0).contains(&update.momentum)
            && [update.surgeon, update.sgd_below].into_iter().flatten().all(|x| (-1.0..=1.0).contains(&x));
        refuse(!in_range, Conflict::Range)?;
        refuse(self.split && self.compartments.is_dynamic(), Conflict::DynamicSplit)?;
        refuse(update.nesterov && update.momentum == 0.0, Conflict::NesterovAlone)?;

        let gradient = update.uses_correlation() || update.uses_gradient();
        refuse(workers.count > 1 && gradient, Conflict::WorkersAndGradients)?;
        let kept = method == Method::Fpd || self.keeps_coordinates();
        refuse(kept && gradient, Conflict::KeptAndGradients)?;
        refuse(kept && update.momentum != 0.0, Conflict::KeptAndMomentum)?;
        refuse(kept && anew.is_some(), Conflict::KeptAndAnew)?;
        if coordinates.accumulate > 1 {
            refuse(kept, Conflict::KeptAndAccumulated)?;
            refuse(update.momentum != 0.0, Conflict::AccumulatedAndMomentum)?;
            refuse(update.uses_correlation() || update.sgd_steps, Conflict::AccumulatedAndGradients)?;
            refuse(anew.is_some(), Conflict::AccumulatedAndAnew)?;
            let lasts = match draws.period {
                Period::Steps(steps) => steps.is_multiple_of(coordinates.accumulate),
                Period::Never => true,
            };
            refuse(!lasts, Conflict::AccumulatedBases)?;
        }
        if anew.is_some() {
            refuse(draws.period != Period::Steps(1), Conflict::AnewAndPeriod)?;
            refuse(antithetic, Conflict::AnewAndAntithetic)?;
            let shared = workers.count > 1 && workers.rows == WorkerRows::Shared;
            refuse(shared, Conflict::AnewAndShared)?;
        }
        Ok(())
    }
}

/// Options that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The method has no such options.
    Method,
    /// A number is out of its range.
    Range,
    /// FPD is RBD with other periods.
    FpdPeriods,
    /// Directions that follow from sizes, split evenly.
    DynamicSplit,
    /// Nesterov's form of no momentum.
    NesterovAlone,
    /// Several workers, and something that follows or looks at a gradient.
    WorkersAndGradients,
    /// Kept coordinates, and something that follows or looks at a gradient.
    KeptAndGradients,
    /// Kept coordinates and momentum.
    KeptAndMomentum,
    /// Kept coordinates of directions that are drawn anew one by one.
    KeptAndAnew,
    /// Kept and accumulated coordinates.
    KeptAndAccumulated,
    /// Accumulated coordinates and momentum.
    AccumulatedAndMomentum,
    /// Accumulated coordinates, and updates that look at or follow a gradient.
    AccumulatedAndGradients,
    /// Accumulated coordinates of directions that are drawn anew one by one.
    AccumulatedAndAnew,
    /// A basis that does not last as long as its coordinates are accumulated.
    AccumulatedBases,
    /// Directions that are drawn anew one by one, and all of them after some steps.
    AnewAndPeriod,
    /// Directions that are drawn anew one by one, in pairs.
    AnewAndAntithetic,
    /// Directions that are drawn anew by one worker's coordinates, and shared with others.
    AnewAndShared,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "the method has no such options",
            Self::Range => "a number is out of its range",
            Self::FpdPeriods => "fpd keeps its basis and its coordinates",
            Self::DynamicSplit => "dynamic compartments divide the directions already, by their sizes",
            Self::NesterovAlone => "nesterov is a form of momentum, and there is none",
            Self::WorkersAndGradients => "only coordinates travel between workers, and this needs whole gradients",
            Self::KeptAndGradients => {
                "coordinates that are kept define the weights anew at each step, so a step along the gradient would be lost"
            }
            Self::KeptAndMomentum => {
                "coordinates that are kept define the weights anew at each step, so there is no step for momentum to carry on"
            }
            Self::KeptAndAnew => "a coordinate that is kept belongs to its direction",
            Self::KeptAndAccumulated => "coordinates that are kept reach the weights at each step",
            Self::AccumulatedAndMomentum => "most steps do not move the weights, so momentum has nothing to carry on",
            Self::AccumulatedAndGradients => {
                "most steps do not move the weights, so there is no update to compare with a gradient or to replace by one"
            }
            Self::AccumulatedAndAnew => "a coordinate that is accumulated belongs to its direction",
            Self::AccumulatedBases => "coordinates can be added up only as long as their basis lasts",
            Self::AnewAndPeriod => "directions are either drawn anew one by one, or all together after some steps",
            Self::AnewAndAntithetic => "a direction and its mirror image are drawn together",
            Self::AnewAndShared => "workers that share rows but not coordinates disagree on which to draw anew",
        })
    }
}

impl core::error::Error for Conflict {}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Options = Options::NONE;

    fn check(options: Options) -> Result<(), Conflict> {
        options.check(Method::Rbd, false)
    }

    #[test]
    fn every_rule_is_found() {
        let update = |update| check(Options { update, ..NONE });
        let momentum = UpdatePolicy { momentum: 0.9, ..NONE.update };
        let correlated = UpdatePolicy { multiplier: true, ..NONE.update };
        let low = Draws { anew: Anew::Low(0.5), ..NONE.draws };
        let kept = CoordinatePolicy { reset: Period::Never, ..NONE.coordinates };
        let accumulated = CoordinatePolicy { accumulate: 4, ..NONE.coordinates };
        let lasting = Options {
            coordinates: accumulated,
            draws: Draws { period: Period::Steps(8), ..NONE.draws },
            ..NONE
        };
        let two = Workers { count: 2, ..Workers::ONE };
        assert_eq!(check(NONE), Ok(()));
        assert_eq!(NONE.check(Method::Sgd, false), Ok(()));
        assert_eq!(Options { update: momentum, ..NONE }.check(Method::Sgd, false), Ok(()));
        assert_eq!(Options { update: correlated, ..NONE }.check(Method::Sgd, false), Err(Conflict::Method));
        let nes = Method::EXAMPLES[3];
        assert_eq!(Options { workers: two, ..NONE }.check(nes, false), Err(Conflict::Method));
        let fpd = |options: Options| options.check(Method::Fpd, false);
        assert_eq!(fpd(Options { coordinates: kept, ..NONE }), Err(Conflict::FpdPeriods));
        assert_eq!(fpd(Options { update: momentum, ..NONE }), Err(Conflict::KeptAndMomentum));
        assert_eq!(fpd(Options { workers: two, ..NONE }), Ok(()));
        for momentum in [-0.1, 1.0, f32::NAN] {
            assert_eq!(update(UpdatePolicy { momentum, ..NONE.update }), Err(Conflict::Range));
        }
        assert_eq!(update(UpdatePolicy { surgeon: Some(f32::NAN), ..NONE.update }), Err(Conflict::Range));
        let dynamic = Options { compartments: Compartments::Proportional, split: true, ..NONE };
        assert_eq!(check(dynamic), Err(Conflict::DynamicSplit));
        assert_eq!(update(UpdatePolicy { nesterov: true, ..NONE.update }), Err(Conflict::NesterovAlone));
        assert_eq!(
            check(Options { workers: two, update: correlated, ..NONE }),
            Err(Conflict::WorkersAndGradients)
        );
        let kept = Options { coordinates: kept, ..NONE };
        assert_eq!(check(kept), Ok(()));
        assert_eq!(check(Options { update: correlated, ..kept }), Err(Conflict::KeptAndGradients));
        assert_eq!(check(Options { update: momentum, ..kept }), Err(Conflict::KeptAndMomentum));
        assert_eq!(check(Options { draws: low, ..kept }), Err(Conflict::KeptAndAnew));
        let both = CoordinatePolicy { reset: Period::Steps(4), ..accumulated };
        assert_eq!(check(Options { coordinates: both, ..lasting }), Err(Conflict::KeptAndAccumulated));
        assert_eq!(check(lasting), Ok(()));
        assert_eq!(check(Options { update: momentum, ..lasting }), Err(Conflict::AccumulatedAndMomentum));
        assert_eq!(check(Options { update: correlated, ..lasting }), Err(Conflict::AccumulatedAndGradients));
        assert_eq!(check(Options { draws: low, ..lasting }), Err(Conflict::AccumulatedAndAnew));
        assert_eq!(check(Options { draws: NONE.draws, ..lasting }), Err(Conflict::AccumulatedBases));
        let long = Draws { period: Period::Steps(2), ..low };
        assert_eq!(check(Options { draws: long, ..NONE }), Err(Conflict::AnewAndPeriod));
        let low = Options { draws: low, ..NONE };
        assert_eq!(low.check(Method::Rbd, true), Err(Conflict::AnewAndAntithetic));
        let shared = Workers { rows: WorkerRows::Shared, ..two };
        assert_eq!(check(Options { workers: shared, ..low }), Err(Conflict::AnewAndShared));
        assert_eq!(check(Options { workers: two, ..low }), Ok(()));
    }

    #[test]
    fn directions_split_over_workers_are_all_of_them() {
        for count in 1..8 {
            let workers = Workers { count, same_images: true, rows: WorkerRows::Split };
            for dimensions in 0..40 {
                let mut next = 0;
                for worker in 0..count as usize {
                    let range = workers.directions(worker, dimensions);
                    assert_eq!(range.start, next);
                    next = range.end;
                }
                assert_eq!(next, dimensions);
            }
        }
    }
}
