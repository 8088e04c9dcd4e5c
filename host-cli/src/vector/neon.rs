//! NEON: what every aarch64 processor has.

use core::arch::aarch64::*;

use random_bases_core::numerics::Lanes;

use super::operator::operator;

/// Four lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon;

/// A vector of floats, with operators.
#[derive(Clone, Copy)]
pub(super) struct Floats(float32x4_t);

operator!(Floats, Add, add, vaddq_f32);
operator!(Floats, Sub, sub, vsubq_f32);
operator!(Floats, Mul, mul, vmulq_f32);
operator!(Floats, Div, div, vdivq_f32);

// SAFETY of the intrinsics below: see the head of `vector`; pointers are those of slices just cut to length.
impl Lanes for Neon {
    const WIDTH: usize = 4;
    type F = Floats;
    type U = uint32x4_t;

    #[inline(always)]
    fn splat(x: f32) -> Floats {
        Floats(unsafe { vdupq_n_f32(x) })
    }
    #[inline(always)]
    fn load(from: &[f32]) -> Floats {
        let from = &from[..4];
        Floats(unsafe { vld1q_f32(from.as_ptr()) })
    }
    #[inline(always)]
    fn store(x: Floats, to: &mut [f32]) {
        let to = &mut to[..4];
        unsafe { vst1q_f32(to.as_mut_ptr(), x.0) }
    }
    #[inline(always)]
    fn sqrt(x: Floats) -> Floats {
        Floats(unsafe { vsqrtq_f32(x.0) })
    }
    #[inline(always)]
    fn abs(x: Floats) -> Floats {
        Floats(unsafe { vabsq_f32(x.0) })
    }
    #[inline(always)]
    fn where_positive(x: Floats, y: Floats) -> Floats {
        Self::from_bits(unsafe { vandq_u32(vcgtzq_f32(x.0), vreinterpretq_u32_f32(y.0)) })
    }
    #[inline(always)]
    fn where_greater(x: Floats, y: Floats, a: Floats, b: Floats) -> Floats {
        Floats(unsafe { vbslq_f32(vcgtq_f32(x.0, y.0), a.0, b.0) })
    }
    #[inline(always)]
    fn bits(x: Floats) -> uint32x4_t {
        unsafe { vreinterpretq_u32_f32(x.0) }
    }
    #[inline(always)]
    fn from_bits(x: uint32x4_t) -> Floats {
        Floats(unsafe { vreinterpretq_f32_u32(x) })
    }
    #[inline(always)]
    fn from_i32(x: uint32x4_t) -> Floats {
        Floats(unsafe { vcvtq_f32_s32(vreinterpretq_s32_u32(x)) })
    }

    #[inline(always)]
    fn splat_u(x: u32) -> uint32x4_t {
        unsafe { vdupq_n_u32(x) }
    }
    #[inline(always)]
    fn load_u(from: &[u32]) -> uint32x4_t {
        let from = &from[..4];
        unsafe { vld1q_u32(from.as_ptr()) }
    }
    #[inline(always)]
    fn and(x: uint32x4_t, y: uint32x4_t) -> uint32x4_t {
        unsafe { vandq_u32(x, y) }
    }
    #[inline(always)]
    fn or(x: uint32x4_t, y: uint32x4_t) -> uint32x4_t {
        unsafe { vorrq_u32(x, y) }
    }
    #[inline(always)]
    fn xor(x: uint32x4_t, y: uint32x4_t) -> uint32x4_t {
        unsafe { veorq_u32(x, y) }
    }
    #[inline(always)]
    fn add_u(x: uint32x4_t, y: uint32x4_t) -> uint32x4_t {
        unsafe { vaddq_u32(x, y) }
    }
    #[inline(always)]
    fn sub_u(x: uint32x4_t, y: uint32x4_t) -> uint32x4_t {
        unsafe { vsubq_u32(x, y) }
    }
    #[inline(always)]
    fn mul_u(x: uint32x4_t, y: uint32x4_t) -> uint32x4_t {
        unsafe { vmulq_u32(x, y) }
    }
    // Shifts by a vector of equal numbers: the compiler makes them shifts by a constant.
    #[inline(always)]
    fn shl<const N: i32>(x: uint32x4_t) -> uint32x4_t {
        unsafe { vshlq_u32(x, vdupq_n_s32(N)) }
    }
    #[inline(always)]
    fn shr<const N: i32>(x: uint32x4_t) -> uint32x4_t {
        unsafe { vshlq_u32(x, vdupq_n_s32(-N)) }
    }
    #[inline(always)]
    fn sar<const N: i32>(x: uint32x4_t) -> uint32x4_t {
        unsafe { vreinterpretq_u32_s32(vshlq_s32(vreinterpretq_s32_u32(x), vdupq_n_s32(-N))) }
    }

    /// Products of 32 bits, of which the odd halves are kept.
    #[inline(always)]
    fn mul_high_halves(x: uint32x4_t, y: uint32x4_t) -> uint32x4_t {
        unsafe {
            let (x, y) = (vreinterpretq_s16_u32(x), vreinterpretq_s16_u32(y));
            let low = vreinterpretq_s16_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)));
            let high = vreinterpretq_s16_s32(vmull_high_s16(x, y));
            vreinterpretq_u32_s16(vuzp2q_s16(low, high))
        }
    }
    #[inline(always)]
    fn add_halves(x: uint32x4_t, y: uint32x4_t) -> uint32x4_t {
        unsafe { vreinterpretq_u32_u16(vaddq_u16(vreinterpretq_u16_u32(x), vreinterpretq_u16_u32(y))) }
    }

    #[inline(always)]
    fn zip(x: Floats, y: Floats) -> [Floats; 2] {
        unsafe { [Floats(vzip1q_f32(x.0, y.0)), Floats(vzip2q_f32(x.0, y.0))] }
    }

    const PICKS: bool = true;

    /// The table as 64 bytes; the index of a float as those of its four bytes.
    #[inline(always)]
    fn pick(table: &[f32; 16], index: uint32x4_t) -> Floats {
        unsafe {
            let place = vandq_u32(index, vdupq_n_u32(15));
            let bytes = vmlaq_u32(vdupq_n_u32(0x0302_0100), place, vdupq_n_u32(0x0404_0404));
            let table = vld1q_u8_x4(table.as_ptr().cast());
            let picked = vqtbl4q_u8(table, vreinterpretq_u8_u32(bytes));
            Floats(vreinterpretq_f32_u8(picked))
        }
    }
}
