//! The conformance suite can fail: executors that are wrong in one way each are found, and odd ones that are right pass.

use std::ops::{Add, Div, Mul, Sub};

use random_bases_core::conformance::{MEMORY, Mismatch, run};
use random_bases_core::numerics::{Array, Lanes};
use random_bases_core::step::{Executor, Serial, Superstep};

type Plain = Array<4>;

fn outcome(executor: &mut impl Executor) -> Result<(), Mismatch> {
    run(executor, &mut vec![0.0; MEMORY]).map(|_| ())
}

/// Runs tiles last to first: allowed.
struct Backwards;

impl Executor for Backwards {
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        let chunks: Vec<_> = out.chunks_mut(superstep.chunk()).enumerate().collect();
        for (index, chunk) in chunks.into_iter().rev() {
            superstep.tile::<Plain>(index, chunk);
        }
    }
}

#[test]
fn tiles_may_run_in_any_order() {
    outcome(&mut Backwards).unwrap();
}

/// Leaves out the last tile of every superstep that has more than one.
struct Forgetful;

impl Executor for Forgetful {
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        let tiles = out.len().div_ceil(superstep.chunk());
        for (index, chunk) in out.chunks_mut(superstep.chunk()).enumerate() {
            if index == 0 || index + 1 < tiles {
                superstep.tile::<Plain>(index, chunk);
            }
        }
    }
}

#[test]
fn a_tile_left_out_is_found() {
    outcome(&mut Forgetful).unwrap_err();
}

/// Runs the first tile of every superstep twice.
struct Eager;

impl Executor for Eager {
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        for (index, chunk) in out.chunks_mut(superstep.chunk()).enumerate() {
            for _ in 0..if index == 0 { 2 } else { 1 } {
                superstep.tile::<Plain>(index, chunk);
            }
        }
    }
}

#[test]
fn an_update_made_twice_is_found() {
    outcome(&mut Eager).unwrap_err();
}

/// Spoils every tile's slice first, unless the superstep says that it reads it: allowed.
struct Spoiling;

impl Executor for Spoiling {
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        for (index, chunk) in out.chunks_mut(superstep.chunk()).enumerate() {
            if !S::IN_PLACE {
                chunk.fill(f32::from_bits(0x7fc0_1234));
            }
            superstep.tile::<Plain>(index, chunk);
        }
    }
}

#[test]
fn only_updates_in_place_read_their_output() {
    outcome(&mut Spoiling).unwrap();
}

/// Gives every tile the number of the tile before.
struct Confused;

impl Executor for Confused {
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        let full = superstep.chunk();
        for (index, chunk) in out.chunks_mut(full).enumerate() {
            let index = if chunk.len() == full { index.saturating_sub(1) } else { index };
            superstep.tile::<Plain>(index, chunk);
        }
    }
}

#[test]
fn a_wrong_tile_number_is_found() {
    outcome(&mut Confused).unwrap_err();
}

/// What a vector type can get wrong.
trait Fault: Copy + Send + Sync + 'static {
    /// The product of two floats.
    fn mul(x: f32, y: f32) -> f32 {
        x * y
    }
    /// The square root.
    fn sqrt(x: f32) -> f32 {
        libm::sqrtf(x)
    }
    /// The generator's first shift.
    const SHIFT: bool = false;
    /// What a rectifier does at zero.
    const ZERO: f32 = 0.0;
    /// Whether equal counts as greater.
    const EQUAL: bool = false;
    /// Whether products of halves of words are rounded to nearest.
    const NEAREST: bool = false;
}

/// One lane, with a fault.
#[derive(Clone, Copy)]
struct Faulty<F>(std::marker::PhantomData<F>);

#[derive(Clone, Copy)]
struct Float<F>(f32, std::marker::PhantomData<F>);

macro_rules! operator {
    ($trait:ident, $method:ident, $body:expr) => {
        impl<F: Fault> $trait for Float<F> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                let body: fn(f32, f32) -> f32 = $body;
                Self(body(self.0, other.0), self.1)
            }
        }
    };
}
operator!(Add, add, |x, y| x + y);
operator!(Sub, sub, |x, y| x - y);
operator!(Mul, mul, F::mul);
operator!(Div, div, |x, y| x / y);

impl<F: Fault> Lanes for Faulty<F> {
    const WIDTH: usize = 1;
    type F = Float<F>;
    type U = u32;

    fn splat(x: f32) -> Self::F {
        Float(x, std::marker::PhantomData)
    }
    fn load(from: &[f32]) -> Self::F {
        Self::splat(from[0])
    }
    fn store(x: Self::F, to: &mut [f32]) {
        to[0] = x.0;
    }
    fn sqrt(x: Self::F) -> Self::F {
        Self::splat(F::sqrt(x.0))
    }
    fn abs(x: Self::F) -> Self::F {
        Self::splat(x.0.abs())
    }
    fn where_positive(x: Self::F, y: Self::F) -> Self::F {
        Self::splat(if x.0 > 0.0 { y.0 } else { F::ZERO })
    }
    fn where_greater(x: Self::F, y: Self::F, a: Self::F, b: Self::F) -> Self::F {
        let greater = if F::EQUAL { x.0 >= y.0 } else { x.0 > y.0 };
        if greater { a } else { b }
    }
    fn bits(x: Self::F) -> u32 {
        x.0.to_bits()
    }
    fn from_bits(x: u32) -> Self::F {
        Self::splat(f32::from_bits(x))
    }
    fn from_i32(x: u32) -> Self::F {
        Self::splat(x.cast_signed() as f32)
    }
    fn splat_u(x: u32) -> u32 {
        x
    }
    fn load_u(from: &[u32]) -> u32 {
        from[0]
    }
    fn and(x: u32, y: u32) -> u32 {
        x & y
    }
    fn or(x: u32, y: u32) -> u32 {
        x | y
    }
    fn xor(x: u32, y: u32) -> u32 {
        x ^ y
    }
    fn add_u(x: u32, y: u32) -> u32 {
        x.wrapping_add(y)
    }
    fn sub_u(x: u32, y: u32) -> u32 {
        x.wrapping_sub(y)
    }
    fn mul_u(x: u32, y: u32) -> u32 {
        x.wrapping_mul(y)
    }
    fn shl<const N: i32>(x: u32) -> u32 {
        if F::SHIFT && N == 11 { x << 10 } else { x << N }
    }
    fn shr<const N: i32>(x: u32) -> u32 {
        x >> N
    }
    fn sar<const N: i32>(x: u32) -> u32 {
        (x.cast_signed() >> N).cast_unsigned()
    }
    fn mul_high_halves(x: u32, y: u32) -> u32 {
        let half = |x: u32| i32::from((x >> 16) as u16 as i16);
        let extra = if F::NEAREST { 1 << 15 } else { 0 };
        let high = |x, y| ((half(x) * half(y) + extra) >> 16).cast_unsigned() & 0xffff;
        high(x, y) << 16 | high(x << 16, y << 16)
    }
    fn zip(x: Self::F, y: Self::F) -> [Self::F; 2] {
        [x, y]
    }
    fn add_halves(x: u32, y: u32) -> u32 {
        (x & 0xffff_0000).wrapping_add(y & 0xffff_0000) | x.wrapping_add(y) & 0xffff
    }

    const PICKS: bool = false;

    fn pick(table: &[f32; 16], index: u32) -> Self::F {
        Self::splat(table[(index & 15) as usize])
    }
}

/// Arrays that claim to be quick at looking things up: right, or with one of the faults below.
#[derive(Clone, Copy)]
struct Picking<const FAULT: usize>;

/// One entry of every table exchanged for another.
const ENTRY: usize = 1;
/// Two lanes of vectors that are dealt out exchanged.
const DEALT: usize = 2;

/// Methods that are those of [`Picked`].
macro_rules! delegate {
    ($($name:ident($($x:ident: $type:ty),*) $(-> $out:ty)?;)*) => {
        $(fn $name($($x: $type),*) $(-> $out)? { Picked::$name($($x),*) })*
    };
}

type Picked = Array<8>;

impl<const FAULT: usize> Lanes for Picking<FAULT> {
    const WIDTH: usize = 8;
    type F = <Picked as Lanes>::F;
    type U = [u32; 8];

    delegate! {
        splat(x: f32) -> Self::F;
        load(from: &[f32]) -> Self::F;
        store(x: Self::F, to: &mut [f32]);
        sqrt(x: Self::F) -> Self::F;
        abs(x: Self::F) -> Self::F;
        where_positive(x: Self::F, y: Self::F) -> Self::F;
        where_greater(x: Self::F, y: Self::F, a: Self::F, b: Self::F) -> Self::F;
        bits(x: Self::F) -> Self::U;
        from_bits(x: Self::U) -> Self::F;
        from_i32(x: Self::U) -> Self::F;
        splat_u(x: u32) -> Self::U;
        load_u(from: &[u32]) -> Self::U;
        and(x: Self::U, y: Self::U) -> Self::U;
        or(x: Self::U, y: Self::U) -> Self::U;
        xor(x: Self::U, y: Self::U) -> Self::U;
        add_u(x: Self::U, y: Self::U) -> Self::U;
        sub_u(x: Self::U, y: Self::U) -> Self::U;
        mul_u(x: Self::U, y: Self::U) -> Self::U;
        mul_high_halves(x: Self::U, y: Self::U) -> Self::U;
        add_halves(x: Self::U, y: Self::U) -> Self::U;
    }
    fn shl<const N: i32>(x: Self::U) -> Self::U {
        Picked::shl::<N>(x)
    }
    fn shr<const N: i32>(x: Self::U) -> Self::U {
        Picked::shr::<N>(x)
    }
    fn sar<const N: i32>(x: Self::U) -> Self::U {
        Picked::sar::<N>(x)
    }

    const PICKS: bool = true;

    fn pick(table: &[f32; 16], index: Self::U) -> Self::F {
        let wrong = |i: u32| if FAULT == ENTRY && i & 15 == 15 { 14 } else { i };
        Picked::pick(table, index.map(wrong))
    }

    fn zip(x: Self::F, y: Self::F) -> [Self::F; 2] {
        let [first, rest] = Picked::zip(x, y);
        let mut lanes = [0.0; 8];
        Picked::store(rest, &mut lanes);
        if FAULT == DEALT {
            lanes.swap(6, 7);
        }
        [first, Picked::load(&lanes)]
    }
}

/// Also on machines whose processors have no such instruction.
#[test]
fn sums_by_table_are_sums() {
    outcome(&mut Serial::<Picking<0>>::new()).unwrap();
}

#[test]
fn a_wrong_entry_is_found() {
    let mismatch = outcome(&mut Serial::<Picking<ENTRY>>::new()).unwrap_err();
    assert!(mismatch.operation.contains("two-pass"), "{mismatch}");
}

#[test]
fn lanes_that_are_dealt_out_wrongly_are_found() {
    let mismatch = outcome(&mut Serial::<Picking<DEALT>>::new()).unwrap_err();
    assert!(mismatch.operation.contains("dense backward"), "{mismatch}");
}

/// Declares a fault and the test that it is found, in the operation named.
macro_rules! fault {
    ($test:ident, $name:ident, $operation:literal, { $($item:item)* }) => {
        #[derive(Clone, Copy)]
        struct $name;
        impl Fault for $name { $($item)* }

        #[test]
        fn $test() {
            let mismatch = outcome(&mut Serial::<Faulty<$name>>::new()).unwrap_err();
            assert!(mismatch.operation.contains($operation), "{mismatch}");
        }
    };
}

#[derive(Clone, Copy)]
struct Nothing;
impl Fault for Nothing {}

#[test]
fn one_lane_without_a_fault_passes() {
    outcome(&mut Serial::<Faulty<Nothing>>::new()).unwrap();
}

fault!(a_rounding_in_a_product_is_found, LastBit, "", {
    fn mul(x: f32, y: f32) -> f32 {
        let product = x * y;
        // One product in a few thousand is off by its last bit.
        if product.to_bits() & 0xfff == 0xabc { f32::from_bits(product.to_bits() ^ 1) } else { product }
    }
});
fault!(flushed_subnormals_are_found, Flush, "", {
    fn mul(x: f32, y: f32) -> f32 {
        let product = x * y;
        if product.abs() < 1e-3 { 0.0 } else { product }
    }
});
fault!(a_fast_square_root_is_found, FastRoot, "row", {
    fn sqrt(x: f32) -> f32 {
        if x == 0.0 { 0.0 } else { x * (1.0 / libm::sqrtf(x)) }
    }
});
fault!(a_product_of_halves_rounded_to_nearest_is_found, Nearest, "row", {
    const NEAREST: bool = true;
});
fault!(a_wrong_shift_is_found, Shift, "row", {
    const SHIFT: bool = true;
});
fault!(a_zero_of_the_wrong_sign_is_found, MinusZero, "relu", {
    const ZERO: f32 = -0.0;
});
fault!(the_last_of_equal_elements_is_found, LastOfEqual, "max pool backward", {
    const EQUAL: bool = true;
});
