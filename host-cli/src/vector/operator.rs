//! Operators of vectors of floats, by their intrinsics.

/// One operator of a back end's floats.
macro_rules! operator {
    ($floats:ident, $trait:ident, $method:ident, $intrinsic:ident) => {
        impl core::ops::$trait for $floats {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: see the head of `vector`.
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    };
}
pub(super) use operator;
