//! How far a step goes, and along what: what a caller decides for each step.

/// The learning rates of a step, batch and workers multiplied in.
///
/// A plain number is the rate of the method, with nothing else:
///
/// ```
/// use random_bases_core::descent::Rates;
///
/// assert_eq!(Rates::from(0.5), Rates { method: 0.5, sgd: 0.0, sgd_step: false });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of the method.
    pub method: f32,
    /// Of layers and steps that follow the gradient instead.
    pub sgd: f32,
    /// Whether this whole step follows the gradient.
    pub sgd_step: bool,
}

impl From<f32> for Rates {
    fn from(method: f32) -> Self {
        Self { method, sgd: 0.0, sgd_step: false }
    }
}
