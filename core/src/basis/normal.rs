//! The normal distribution: Box-Muller with polynomials of our own.
//!
//! Two words make two variates: `r cos a` and `r sin a` with `r = sqrt(-2 ln u)`, u uniform in (0, 1), a uniform in
//! (-pi, pi). Exact to the precision of f32: the radius to 1.8e-7 relative, sine and cosine to 7.4e-7 absolute. The
//! largest value is sqrt(62 ln 2) = 6.5555.
//!
//! Four pairs are computed in lock-step: one alone is a chain longer than a processor's window.

use super::{Law, OCTET, Sampler};
use crate::numerics::Lanes;
use crate::random::Stream;

/// `-2 ln(1 + f) / f` on [sqrt(1/2) - 1, sqrt(2) - 1], lowest power first; relative error 1.7e-7.
pub(crate) const LOG: [f32; 8] = bits([
    0xbfff_ffff,
    0x3f80_003d,
    0xbf2a_acee,
    0x3eff_b11e,
    0xbecb_c717,
    0x3eb0_a604,
    0xbea6_1e87,
    0x3e4e_fd40,
]);

/// `2 ln 2`.
pub(crate) const TWO_LN_2: f32 = f32::from_bits(0x3fb1_7218);

/// `sin(pi x) / x` in powers of x^2 on [-1/2, 1/2]; absolute error of the sine 5.9e-7.
pub(crate) const SINE: [f32; 4] = bits([0x4049_0fae, 0xc0a5_593c, 0x4022_ae79, 0xbf0d_fca3]);

/// The bits of sqrt(1/2): mantissas are cut there, so that `ln` is evaluated around 1.
pub(crate) const SQRT_HALF: u32 = 0x3f35_04f3;

/// 2^-31.
pub(crate) const TWO_POW_MINUS_31: f32 = f32::from_bits(0x3000_0000);

/// `[f(0), f(1), f(2), f(3)]`, spelled out: a closure or a loop might be compiled apart from its caller, without the
/// caller's instructions.
macro_rules! four {
    ($p:ident => $f:expr) => {
        [
            {
                let $p = 0;
                $f
            },
            {
                let $p = 1;
                $f
            },
            {
                let $p = 2;
                $f
            },
            {
                let $p = 3;
                $f
            },
        ]
    };
}

/// N(0, 1); `NUMERICS.md`, section 3.
#[derive(Clone, Copy, Debug)]
pub struct Normal;

impl Law for Normal {
    type Sampler<V: Lanes> = NormalSampler<V>;
}

/// Its sampler.
#[derive(Clone, Copy)]
pub struct NormalSampler<V: Lanes>(Stream<V>);

impl<V: Lanes> Sampler<V> for NormalSampler<V> {
    type Law = Normal;

    #[inline(always)]
    fn new(stream: Stream<V>, _: Normal) -> Self {
        Self(stream)
    }

    /// Word 2p makes the radius and word 2p + 1 the angle of vectors 2p (cosine) and 2p + 1 (sine).
    #[inline(always)]
    fn octet(&mut self) -> [V::F; OCTET] {
        let words: [[V::U; 2]; 4] = four!(_p => [self.0.words(), self.0.words()]);
        let r = radii::<V>(four!(p => words[p][0]));
        let (cosine, sine) = directions::<V>(four!(p => words[p][1]));
        let [a, b, c, d] = four!(p => [r[p] * cosine[p], r[p] * sine[p]]);
        [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]]
    }
}

/// `sqrt(-2 ln u)` with `u = ((word >> 1) | 1) / 2^31`.
///
/// The integer is split as `m 2^e` with m in [sqrt(1/2), sqrt(2)), so `-2 ln u = -2 ln m + 2 ln 2 (31 - e)`.
#[inline(always)]
fn radii<V: Lanes>(words: [V::U; 4]) -> [V::F; 4] {
    let integer = four!(p => V::or(V::shr::<1>(words[p]), V::splat_u(1)));
    let t = four!(p => V::sub_u(V::bits(V::from_i32(integer[p])), V::splat_u(SQRT_HALF)));
    let scale = four!(p => V::from_i32(V::sub_u(V::splat_u(31), V::sar::<23>(t[p]))));
    let mantissa = four!(p => V::add_u(V::and(t[p], V::splat_u(0x007f_ffff)), V::splat_u(SQRT_HALF)));
    let f = four!(p => V::from_bits(mantissa[p]) - V::splat(1.0));
    let polynomial = horner::<V, 8>(LOG, f);
    four!(p => V::sqrt(f[p] * polynomial[p] + V::splat(TWO_LN_2) * scale[p]))
}

/// Cosine and sine of `pi a` with `a = word / 2^31`, the word read as i32, in [-1, 1].
///
/// `cos(pi a) = sin(pi c)` with `c = 1/2 - |a|`; `sin(pi |a|) = sin(pi s)` with `s = 1/2 - |c|`; the sine then gets the
/// sign of a. Both arguments lie in [-1/2, 1/2].
#[inline(always)]
fn directions<V: Lanes>(words: [V::U; 4]) -> ([V::F; 4], [V::F; 4]) {
    let half = V::splat(0.5);
    let a = four!(p => V::from_i32(words[p]) * V::splat(TWO_POW_MINUS_31));
    let c = four!(p => half - V::abs(a[p]));
    let s = four!(p => half - V::abs(c[p]));
    let sign = four!(p => V::and(V::bits(a[p]), V::splat_u(0x8000_0000)));
    let sine = sine_of_pi::<V>(s);
    (sine_of_pi::<V>(c), four!(p => V::from_bits(V::xor(V::bits(sine[p]), sign[p]))))
}

/// `sin(pi x)` for x in [-1/2, 1/2].
#[inline(always)]
fn sine_of_pi<V: Lanes>(x: [V::F; 4]) -> [V::F; 4] {
    let polynomial = horner::<V, 4>(SINE, four!(p => x[p] * x[p]));
    four!(p => x[p] * polynomial[p])
}

/// [`sine_of_pi`] of one number, with the same bits.
pub(crate) fn sin_pi(x: f32) -> f32 {
    let y = x * x;
    let [a, b, c, d] = SINE;
    x * (a + y * (b + y * (c + y * d)))
}

/// `c[0] + x (c[1] + x (c[2] + ...))`, every product and every sum rounded, for four vectors at once.
#[inline(always)]
fn horner<V: Lanes, const N: usize>(c: [f32; N], x: [V::F; 4]) -> [V::F; 4] {
    let mut y = [V::splat(c[N - 1]); 4];
    for k in (0..N - 1).rev() {
        y = four!(p => y[p] * x[p] + V::splat(c[k]));
    }
    y
}

/// Floats by their bits.
const fn bits<const N: usize>(words: [u32; N]) -> [f32; N] {
    let mut out = [0.0; N];
    let mut i = 0;
    while i < N {
        out[i] = f32::from_bits(words[i]);
        i += 1;
    }
    out
}
