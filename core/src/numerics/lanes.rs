//! The vector operations that the kernels are written in.

use core::ops::{Add, Div, Mul, Sub};

use crate::random::LANES;

/// A vector type: `WIDTH` f32 or u32 lanes.
///
/// Every operation acts on each lane alone and gives the IEEE-754 result (round to nearest, ties to even, subnormals
/// kept). No fused operation is offered, and none may be substituted.
///
/// Implementations mark every method `#[inline(always)]`, so that a kernel compiled with more instructions enabled
/// than the rest of the program is compiled with them throughout.
pub trait Lanes: Copy + Send + Sync + 'static {
    /// Lanes per vector; divides 16.
    const WIDTH: usize;

    /// `WIDTH` floats.
    type F: Copy
        + Add<Output = Self::F>
        + Sub<Output = Self::F>
        + Mul<Output = Self::F>
        + Div<Output = Self::F>;
    /// `WIDTH` words.
    type U: Copy;

    /// `x` in every lane.
    fn splat(x: f32) -> Self::F;
    /// The first `WIDTH` floats of `from`. Panics if there are fewer.
    fn load(from: &[f32]) -> Self::F;
    /// Writes the first `WIDTH` floats of `to`. Panics if there are fewer.
    fn store(x: Self::F, to: &mut [f32]);
    /// The square root, correctly rounded.
    fn sqrt(x: Self::F) -> Self::F;
    /// `x` with its sign bit cleared.
    fn abs(x: Self::F) -> Self::F;
    /// `y` where `x > 0`, else +0.
    fn where_positive(x: Self::F, y: Self::F) -> Self::F;
    /// `a` where `x > y`, else `b`; `b` too where `x` or `y` is NaN.
    fn where_greater(x: Self::F, y: Self::F, a: Self::F, b: Self::F) -> Self::F;
    /// The bits of `x`.
    fn bits(x: Self::F) -> Self::U;
    /// The floats with the bits `x`.
    fn from_bits(x: Self::U) -> Self::F;
    /// `x` read as i32, converted to the nearest float (ties to even).
    fn from_i32(x: Self::U) -> Self::F;

    /// `x` in every lane.
    fn splat_u(x: u32) -> Self::U;
    /// The first `WIDTH` words of `from`. Panics if there are fewer.
    fn load_u(from: &[u32]) -> Self::U;
    /// Bitwise and.
    fn and(x: Self::U, y: Self::U) -> Self::U;
    /// Bitwise or.
    fn or(x: Self::U, y: Self::U) -> Self::U;
    /// Bitwise exclusive or.
    fn xor(x: Self::U, y: Self::U) -> Self::U;
    /// Sum modulo 2^32.
    fn add_u(x: Self::U, y: Self::U) -> Self::U;
    /// Difference modulo 2^32.
    fn sub_u(x: Self::U, y: Self::U) -> Self::U;
    /// Product modulo 2^32.
    fn mul_u(x: Self::U, y: Self::U) -> Self::U;
    /// `x << N`.
    fn shl<const N: i32>(x: Self::U) -> Self::U;
    /// `x >> N`, zeros shifted in.
    fn shr<const N: i32>(x: Self::U) -> Self::U;
    /// `x >> N`, the sign shifted in.
    fn sar<const N: i32>(x: Self::U) -> Self::U;

    /// The words as pairs of signed halves of 16 bits: the high half of each product, rounded down.
    fn mul_high_halves(x: Self::U, y: Self::U) -> Self::U;
    /// The same pairs: sums modulo 2^16.
    fn add_halves(x: Self::U, y: Self::U) -> Self::U;

    /// The lanes of both in turn, `x[0] y[0] x[1] y[1]` and so on: the first `WIDTH` of them, and the rest.
    fn zip(x: Self::F, y: Self::F) -> [Self::F; 2];

    /// Whether [`pick`](Lanes::pick) is quick: a permutation of registers rather than a load per lane.
    const PICKS: bool;
    /// `table[index mod 16]` in each lane.
    fn pick(table: &[f32; LANES], index: Self::U) -> Self::F;

    /// Runs a kernel as a function of its own, compiled with this type's instructions, instead of once more at every
    /// place that uses it. An implementation whose instructions must be enabled overrides this.
    #[inline(never)]
    fn call<K: Kernel>(kernel: K) {
        kernel.run::<Self>();
    }

    /// The first `from.len()` lanes from `from`, +0 in the rest. For the last vector of a row, hence not fast.
    #[inline(always)]
    fn load_partial(from: &[f32]) -> Self::F {
        let mut padded = [0.0; LANES];
        padded[..from.len()].copy_from_slice(from);
        Self::load(&padded)
    }

    /// Writes the first `to.len()` lanes to `to`.
    #[inline(always)]
    fn store_partial(x: Self::F, to: &mut [f32]) {
        let mut padded = [0.0; LANES];
        Self::store(x, &mut padded);
        to.copy_from_slice(&padded[..to.len()]);
    }
}

/// A piece of work for vectors of any type, large enough to be worth a call; see [`Lanes::call`].
pub trait Kernel {
    /// Does it. Implementations, and what they use, are `#[inline(always)]`.
    fn run<V: Lanes>(self);
}

/// The sum of sixteen lanes as a tree: lanes 8 apart, then 4, 2, 1.
#[inline(always)]
#[must_use]
pub fn tree_sum(mut lanes: [f32; LANES]) -> f32 {
    for width in [8, 4, 2, 1] {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
    }
    lanes[0]
}
