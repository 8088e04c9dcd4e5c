//! What the three x86-64 back ends share: the operations whose intrinsics differ in
//! nothing but a prefix.

/// Defines a back end: its type, its vectors, and the operations that are one intrinsic each. What differs between
/// instruction sets is written out in each file.
macro_rules! backend {
    (
        $(#[$doc:meta])*
        $name:ident, $feature:literal, $width:literal lanes, $float:ty, $word:ty,
        floats { add: $add:ident, sub: $sub:ident, mul: $mul:ident, div: $div:ident, sqrt: $sqrt:ident,
                 splat: $splat:ident, load: $load:ident, store: $store:ident,
                 bits: $bits:ident, from_bits: $from_bits:ident, from_i32: $from_i32:ident }
        words { splat: $splat_u:ident, add: $add_u:ident, sub: $sub_u:ident,
                and: $and:ident, or: $or:ident, xor: $xor:ident,
                shl: $shl:ident, shr: $shr:ident, sar: $sar:ident }
        $($rest:tt)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(super) struct $name;

        /// A vector of floats, with operators.
        #[derive(Clone, Copy)]
        pub(super) struct Floats($float);

        $crate::vector::operator::operator!(Floats, Add, add, $add);
        $crate::vector::operator::operator!(Floats, Sub, sub, $sub);
        $crate::vector::operator::operator!(Floats, Mul, mul, $mul);
        $crate::vector::operator::operator!(Floats, Div, div, $div);

        // SAFETY of the intrinsics below: see the head of `vector`; pointers are those of slices just cut to length.
        impl random_bases_core::numerics::Lanes for $name {
            const WIDTH: usize = $width;
            type F = Floats;
            type U = $word;

            #[inline(always)]
            fn call<K: random_bases_core::numerics::Kernel>(kernel: K) {
                #[target_feature(enable = $feature)]
                #[inline(never)]
                fn compiled<K: random_bases_core::numerics::Kernel>(kernel: K) {
                    kernel.run::<$name>();
                }
                unsafe { compiled(kernel) }
            }
            #[inline(always)]
            fn splat(x: f32) -> Floats {
                Floats(unsafe { $splat(x) })
            }
            #[inline(always)]
            fn load(from: &[f32]) -> Floats {
                let from = &from[..$width];
                Floats(unsafe { $load(from.as_ptr()) })
            }
            #[inline(always)]
            fn store(x: Floats, to: &mut [f32]) {
                let to = &mut to[..$width];
                unsafe { $store(to.as_mut_ptr(), x.0) }
            }
            #[inline(always)]
            fn sqrt(x: Floats) -> Floats {
                Floats(unsafe { $sqrt(x.0) })
            }
            #[inline(always)]
            fn abs(x: Floats) -> Floats {
                Self::from_bits(Self::and(Self::bits(x), Self::splat_u(0x7fff_ffff)))
            }
            #[inline(always)]
            fn bits(x: Floats) -> $word {
                unsafe { $bits(x.0) }
            }
            #[inline(always)]
            fn from_bits(x: $word) -> Floats {
                Floats(unsafe { $from_bits(x) })
            }
            #[inline(always)]
            fn from_i32(x: $word) -> Floats {
                Floats(unsafe { $from_i32(x) })
            }
            #[inline(always)]
            fn splat_u(x: u32) -> $word {
                unsafe { $splat_u(x.cast_signed()) }
            }
            #[inline(always)]
            fn add_u(x: $word, y: $word) -> $word {
                unsafe { $add_u(x, y) }
            }
            #[inline(always)]
            fn sub_u(x: $word, y: $word) -> $word {
                unsafe { $sub_u(x, y) }
            }
            #[inline(always)]
            fn and(x: $word, y: $word) -> $word {
                unsafe { $and(x, y) }
            }
            #[inline(always)]
            fn or(x: $word, y: $word) -> $word {
                unsafe { $or(x, y) }
            }
            #[inline(always)]
            fn xor(x: $word, y: $word) -> $word {
                unsafe { $xor(x, y) }
            }
            #[inline(always)]
            fn shl<const N: i32>(x: $word) -> $word {
                unsafe { $shl(x, core::arch::x86_64::_mm_cvtsi32_si128(N)) }
            }
            #[inline(always)]
            fn shr<const N: i32>(x: $word) -> $word {
                unsafe { $shr(x, core::arch::x86_64::_mm_cvtsi32_si128(N)) }
            }
            #[inline(always)]
            fn sar<const N: i32>(x: $word) -> $word {
                unsafe { $sar(x, core::arch::x86_64::_mm_cvtsi32_si128(N)) }
            }
            $($rest)*
        }
    };
}
pub(super) use backend;
