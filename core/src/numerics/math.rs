//! `exp` and `ln`.

/// The two functions that softmax and cross-entropy need beyond the contract's own arithmetic.
///
/// Implementations differ in bits, so [`Math::ID`] is part of every journal and fixture.
pub trait Math: Copy + Send + Sync + 'static {
    /// Which implementation this is.
    const ID: MathId;
    /// e to the power `x`.
    fn exp(x: f32) -> f32;
    /// The natural logarithm of `x`.
    fn ln(x: f32) -> f32;
}

/// The implementations of [`Math`], by the number that records hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum MathId {
    /// The crate `libm`: below one unit in the last place. The default.
    Libm = 0,
    /// The crate `micromath`: smaller, faster without an FPU, good to about three digits.
    Micromath = 1,
}

impl MathId {
    /// The name used on command lines and in readable views.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Libm => "libm",
            Self::Micromath => "micromath",
        }
    }
}

/// [`Math`] by `libm` (FreeBSD's msun in Rust).
#[derive(Clone, Copy, Debug)]
pub struct Libm;

impl Math for Libm {
    const ID: MathId = MathId::Libm;

    fn exp(x: f32) -> f32 {
        libm::expf(x)
    }
    fn ln(x: f32) -> f32 {
        libm::logf(x)
    }
}

/// [`Math`] by `micromath`.
#[cfg(feature = "micromath")]
#[derive(Clone, Copy, Debug)]
pub struct Micromath;

#[cfg(feature = "micromath")]
impl Math for Micromath {
    const ID: MathId = MathId::Micromath;

    fn exp(x: f32) -> f32 {
        micromath::F32(x).exp().0
    }
    fn ln(x: f32) -> f32 {
        micromath::F32(x).ln().0
    }
}
