//! The plain vector type.

use core::array::from_fn;
use core::ops::{Add, Div, Mul, Sub};

use super::Lanes;

/// Vectors as arrays of `W` lanes: the readable definition of each operation, for every machine. `Array<1>` is scalar
/// code and suits small processors; wider ones give the compiler something to vectorise.
#[derive(Clone, Copy, Debug)]
pub struct Array<const W: usize>;

/// `W` floats with the operators of [`Lanes::F`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floats<const W: usize>(pub [f32; W]);

/// One operator on [`Floats`], lane by lane.
macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<const W: usize> $trait for Floats<W> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(from_fn(|i| self.0[i].$method(other.0[i])))
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<const W: usize> Lanes for Array<W> {
    const WIDTH: usize = {
        assert!(W > 0 && crate::random::LANES.is_multiple_of(W), "the width of a vector must divide 16");
        W
    };

    type F = Floats<W>;
    type U = [u32; W];

    #[inline(always)]
    fn splat(x: f32) -> Self::F {
        Floats([x; W])
    }
    #[inline(always)]
    fn load(from: &[f32]) -> Self::F {
        let from = &from[..W];
        Floats(from_fn(|i| from[i]))
    }
    #[inline(always)]
    fn store(x: Self::F, to: &mut [f32]) {
        to[..W].copy_from_slice(&x.0);
    }
    #[inline(always)]
    fn sqrt(x: Self::F) -> Self::F {
        Floats(x.0.map(libm::sqrtf))
    }
    #[inline(always)]
    fn abs(x: Self::F) -> Self::F {
        Floats(x.0.map(f32::abs))
    }
    #[inline(always)]
    fn where_positive(x: Self::F, y: Self::F) -> Self::F {
        Floats(from_fn(|i| if x.0[i] > 0.0 { y.0[i] } else { 0.0 }))
    }
    #[inline(always)]
    fn where_greater(x: Self::F, y: Self::F, a: Self::F, b: Self::F) -> Self::F {
        Floats(from_fn(|i| if x.0[i] > y.0[i] { a.0[i] } else { b.0[i] }))
    }
    #[inline(always)]
    fn bits(x: Self::F) -> Self::U {
        x.0.map(f32::to_bits)
    }
    #[inline(always)]
    fn from_bits(x: Self::U) -> Self::F {
        Floats(x.map(f32::from_bits))
    }
    #[inline(always)]
    fn from_i32(x: Self::U) -> Self::F {
        Floats(x.map(|x| x as i32 as f32))
    }

    #[inline(always)]
    fn splat_u(x: u32) -> Self::U {
        [x; W]
    }
    #[inline(always)]
    fn load_u(from: &[u32]) -> Self::U {
        let from = &from[..W];
        from_fn(|i| from[i])
    }
    #[inline(always)]
    fn and(x: Self::U, y: Self::U) -> Self::U {
        from_fn(|i| x[i] & y[i])
    }
    #[inline(always)]
    fn or(x: Self::U, y: Self::U) -> Self::U {
        from_fn(|i| x[i] | y[i])
    }
    #[inline(always)]
    fn xor(x: Self::U, y: Self::U) -> Self::U {
        from_fn(|i| x[i] ^ y[i])
    }
    #[inline(always)]
    fn add_u(x: Self::U, y: Self::U) -> Self::U {
        from_fn(|i| x[i].wrapping_add(y[i]))
    }
    #[inline(always)]
    fn sub_u(x: Self::U, y: Self::U) -> Self::U {
        from_fn(|i| x[i].wrapping_sub(y[i]))
    }
    #[inline(always)]
    fn mul_u(x: Self::U, y: Self::U) -> Self::U {
        from_fn(|i| x[i].wrapping_mul(y[i]))
    }
    #[inline(always)]
    fn shl<const N: i32>(x: Self::U) -> Self::U {
        x.map(|x| x << N)
    }
    #[inline(always)]
    fn shr<const N: i32>(x: Self::U) -> Self::U {
        x.map(|x| x >> N)
    }
    #[inline(always)]
    fn sar<const N: i32>(x: Self::U) -> Self::U {
        x.map(|x| ((x as i32) >> N) as u32)
    }

    #[inline(always)]
    fn mul_high_halves(x: Self::U, y: Self::U) -> Self::U {
        // Halves as i32, of which the product fits. Its own upper half is what is kept.
        let product = |x: u32, y: u32| (((x as i32) >> 16) * ((y as i32) >> 16)) as u32;
        from_fn(|i| product(x[i], y[i]) & 0xffff_0000 | product(x[i] << 16, y[i] << 16) >> 16)
    }
    #[inline(always)]
    fn add_halves(x: Self::U, y: Self::U) -> Self::U {
        const HIGH: u32 = 0xffff_0000;
        from_fn(|i| (x[i] & HIGH).wrapping_add(y[i] & HIGH) | x[i].wrapping_add(y[i]) & !HIGH)
    }

    #[inline(always)]
    fn zip(x: Self::F, y: Self::F) -> [Self::F; 2] {
        let turn = |i: usize| if i.is_multiple_of(2) { x.0[i / 2] } else { y.0[i / 2] };
        [Floats(from_fn(turn)), Floats(from_fn(|i| turn(W + i)))]
    }

    const PICKS: bool = false;

    #[inline(always)]
    fn pick(table: &[f32; 16], index: Self::U) -> Self::F {
        Floats(from_fn(|i| table[(index[i] & 15) as usize]))
    }
}
