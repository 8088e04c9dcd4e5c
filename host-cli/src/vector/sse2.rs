//! SSE2: what every x86-64 processor has.

use core::arch::x86_64::*;

use super::x86::backend;

backend! {
    /// Four lanes.
    Sse2, "sse2", 4 lanes, __m128, __m128i,
    floats {
        add: _mm_add_ps, sub: _mm_sub_ps, mul: _mm_mul_ps, div: _mm_div_ps, sqrt: _mm_sqrt_ps,
        splat: _mm_set1_ps, load: _mm_loadu_ps, store: _mm_storeu_ps,
        bits: _mm_castps_si128, from_bits: _mm_castsi128_ps, from_i32: _mm_cvtepi32_ps
    }
    words {
        splat: _mm_set1_epi32, add: _mm_add_epi32, sub: _mm_sub_epi32,
        and: _mm_and_si128, or: _mm_or_si128, xor: _mm_xor_si128,
        shl: _mm_sll_epi32, shr: _mm_srl_epi32, sar: _mm_sra_epi32
    }

    // SAFETY of the intrinsics below: see the head of `vector`; pointers are those of slices just cut to length.

    #[inline(always)]
    fn load_u(from: &[u32]) -> __m128i {
        let from = &from[..4];
        unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn where_positive(x: Floats, y: Floats) -> Floats {
        Floats(unsafe { _mm_and_ps(_mm_cmpgt_ps(x.0, _mm_setzero_ps()), y.0) })
    }
    #[inline(always)]
    fn where_greater(x: Floats, y: Floats, a: Floats, b: Floats) -> Floats {
        unsafe {
            let greater = _mm_cmpgt_ps(x.0, y.0);
            Floats(_mm_or_ps(_mm_and_ps(greater, a.0), _mm_andnot_ps(greater, b.0)))
        }
    }
    #[inline(always)]
    fn mul_high_halves(x: __m128i, y: __m128i) -> __m128i {
        let mut product = x;
        // As assembly: the compiler knows the intrinsic's arithmetic, and takes it apart where a half cannot be negative.
        unsafe {
            core::arch::asm!("pmulhw {}, {}", inout(xmm_reg) product, in(xmm_reg) y,
                options(pure, nomem, nostack, preserves_flags));
        }
        product
    }
    #[inline(always)]
    fn add_halves(x: __m128i, y: __m128i) -> __m128i {
        unsafe { _mm_add_epi16(x, y) }
    }

    #[inline(always)]
    fn zip(x: Floats, y: Floats) -> [Floats; 2] {
        unsafe { [Floats(_mm_unpacklo_ps(x.0, y.0)), Floats(_mm_unpackhi_ps(x.0, y.0))] }
    }

    const PICKS: bool = false;

    /// Lane by lane through memory.
    #[inline(always)]
    fn pick(table: &[f32; 16], index: __m128i) -> Floats {
        let mut places = [0u32; 4];
        unsafe { _mm_storeu_si128(places.as_mut_ptr().cast(), index) };
        let [a, b, c, d] = places.map(|place| table[(place & 15) as usize]);
        Floats(unsafe { _mm_setr_ps(a, b, c, d) })
    }
    /// SSE2 multiplies two of four lanes at a time.
    #[inline(always)]
    fn mul_u(x: __m128i, y: __m128i) -> __m128i {
        unsafe {
            let even = _mm_mul_epu32(x, y);
            let odd = _mm_mul_epu32(_mm_srli_epi64::<32>(x), _mm_srli_epi64::<32>(y));
            let even = _mm_shuffle_epi32::<0b00_00_10_00>(even);
            _mm_unpacklo_epi32(even, _mm_shuffle_epi32::<0b00_00_10_00>(odd))
        }
    }
}
