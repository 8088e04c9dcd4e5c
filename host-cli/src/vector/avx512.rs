//! AVX-512: its foundation (F), and its operations on bytes and halves of words (BW), which every processor with vectors
//! of this length in all its registers has.

use core::arch::x86_64::*;

use super::x86::backend;

backend! {
    /// Sixteen lanes.
    Avx512, "avx512f,avx512bw", 16 lanes, __m512, __m512i,
    floats {
        add: _mm512_add_ps, sub: _mm512_sub_ps, mul: _mm512_mul_ps, div: _mm512_div_ps, sqrt: _mm512_sqrt_ps,
        splat: _mm512_set1_ps, load: _mm512_loadu_ps, store: _mm512_storeu_ps,
        bits: _mm512_castps_si512, from_bits: _mm512_castsi512_ps, from_i32: _mm512_cvtepi32_ps
    }
    words {
        splat: _mm512_set1_epi32, add: _mm512_add_epi32, sub: _mm512_sub_epi32,
        and: _mm512_and_si512, or: _mm512_or_si512, xor: _mm512_xor_si512,
        shl: _mm512_sll_epi32, shr: _mm512_srl_epi32, sar: _mm512_sra_epi32
    }

    // SAFETY of the intrinsics below: see the head of `vector`; pointers are those of slices just cut to length.

    #[inline(always)]
    fn load_u(from: &[u32]) -> __m512i {
        let from = &from[..16];
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn where_positive(x: Floats, y: Floats) -> Floats {
        unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x.0, _mm512_setzero_ps());
            Floats(_mm512_maskz_mov_ps(positive, y.0))
        }
    }
    #[inline(always)]
    fn where_greater(x: Floats, y: Floats, a: Floats, b: Floats) -> Floats {
        Floats(unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(x.0, y.0), b.0, a.0) })
    }
    #[inline(always)]
    fn mul_high_halves(x: __m512i, y: __m512i) -> __m512i {
        unsafe { mul_high_halves(x, y) }
    }
    #[inline(always)]
    fn add_halves(x: __m512i, y: __m512i) -> __m512i {
        unsafe { _mm512_add_epi16(x, y) }
    }

    #[inline(always)]
    fn zip(x: Floats, y: Floats) -> [Floats; 2] {
        unsafe {
            let first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let rest = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            [
                Floats(_mm512_permutex2var_ps(x.0, first, y.0)),
                Floats(_mm512_permutex2var_ps(x.0, rest, y.0)),
            ]
        }
    }

    const PICKS: bool = true;

    /// The table is one register.
    #[inline(always)]
    fn pick(table: &[f32; 16], index: __m512i) -> Floats {
        Floats(unsafe { _mm512_permutexvar_ps(index, _mm512_loadu_ps(table.as_ptr())) })
    }
    #[inline(always)]
    fn mul_u(x: __m512i, y: __m512i) -> __m512i {
        unsafe { _mm512_mullo_epi32(x, y) }
    }
}

/// As assembly: the compiler knows the intrinsic's arithmetic, and takes it apart where a half cannot be negative.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn mul_high_halves(x: __m512i, y: __m512i) -> __m512i {
    let product;
    // SAFETY: one instruction of the set, from registers to a register.
    unsafe {
        core::arch::asm!("vpmulhw {}, {}, {}", out(zmm_reg) product, in(zmm_reg) x, in(zmm_reg) y,
            options(pure, nomem, nostack, preserves_flags));
    }
    product
}
