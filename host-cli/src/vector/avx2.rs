//! AVX2.

use core::arch::x86_64::*;

use super::x86::backend;

backend! {
    /// Eight lanes.
    Avx2, "avx2", 8 lanes, __m256, __m256i,
    floats {
        add: _mm256_add_ps, sub: _mm256_sub_ps, mul: _mm256_mul_ps, div: _mm256_div_ps, sqrt: _mm256_sqrt_ps,
        splat: _mm256_set1_ps, load: _mm256_loadu_ps, store: _mm256_storeu_ps,
        bits: _mm256_castps_si256, from_bits: _mm256_castsi256_ps, from_i32: _mm256_cvtepi32_ps
    }
    words {
        splat: _mm256_set1_epi32, add: _mm256_add_epi32, sub: _mm256_sub_epi32,
        and: _mm256_and_si256, or: _mm256_or_si256, xor: _mm256_xor_si256,
        shl: _mm256_sll_epi32, shr: _mm256_srl_epi32, sar: _mm256_sra_epi32
    }

    // SAFETY of the intrinsics below: see the head of `vector`; pointers are those of slices just cut to length.

    #[inline(always)]
    fn load_u(from: &[u32]) -> __m256i {
        let from = &from[..8];
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn where_positive(x: Floats, y: Floats) -> Floats {
        Floats(unsafe { _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(x.0, _mm256_setzero_ps()), y.0) })
    }
    #[inline(always)]
    fn where_greater(x: Floats, y: Floats, a: Floats, b: Floats) -> Floats {
        Floats(unsafe { _mm256_blendv_ps(b.0, a.0, _mm256_cmp_ps::<_CMP_GT_OQ>(x.0, y.0)) })
    }
    #[inline(always)]
    fn mul_high_halves(x: __m256i, y: __m256i) -> __m256i {
        unsafe { mul_high_halves(x, y) }
    }
    #[inline(always)]
    fn add_halves(x: __m256i, y: __m256i) -> __m256i {
        unsafe { _mm256_add_epi16(x, y) }
    }

    /// Each half of the vectors apart, then halves put together.
    #[inline(always)]
    fn zip(x: Floats, y: Floats) -> [Floats; 2] {
        unsafe {
            let (low, high) = (_mm256_unpacklo_ps(x.0, y.0), _mm256_unpackhi_ps(x.0, y.0));
            [
                Floats(_mm256_permute2f128_ps::<0x20>(low, high)),
                Floats(_mm256_permute2f128_ps::<0x31>(low, high)),
            ]
        }
    }

    const PICKS: bool = true;

    /// A register holds half of the table; bit 3 of the index says which.
    #[inline(always)]
    fn pick(table: &[f32; 16], index: __m256i) -> Floats {
        unsafe {
            let low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table.as_ptr()), index);
            let high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table[8..].as_ptr()), index);
            Floats(_mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32::<28>(index))))
        }
    }
    #[inline(always)]
    fn mul_u(x: __m256i, y: __m256i) -> __m256i {
        unsafe { _mm256_mullo_epi32(x, y) }
    }
}

/// As assembly: the compiler knows the intrinsic's arithmetic, and takes it apart where a half cannot be negative.
#[target_feature(enable = "avx2")]
#[inline]
fn mul_high_halves(x: __m256i, y: __m256i) -> __m256i {
    let product;
    // SAFETY: one instruction of the set, from registers to a register.
    unsafe {
        core::arch::asm!("vpmulhw {}, {}, {}", out(ymm_reg) product, in(ymm_reg) x, in(ymm_reg) y,
            options(pure, nomem, nostack, preserves_flags));
    }
    product
}
