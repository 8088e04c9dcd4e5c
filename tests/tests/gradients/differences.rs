//! Central differences, and how near to them a gradient in f32 must be.

use super::reference::Sides;

/// How far a result in f32 may be from the true value, relative to the largest element of its tensor.
///
/// An f32 is within u = 2^-24 = 6e-8 of what it rounds. An element of a gradient or of an output is a sum of n products,
/// whose roundings add up like a random walk: about sqrt(n) u times the size of the partial sums, which is that of the
/// tensor's largest elements. The longest sums here have 4096 products: 4e-6. The layers before and behind add errors of
/// the same kind; hence somewhat more. (Seen: 1.5e-6.)
///
/// A term that is wrong, one among those 4096, changes an element by about 1/64 = 2e-2.
pub const TOLERANCE: f64 = 1e-5;

/// A power of two, so that most x + h are exact. Central differences leave out h^2 / 6 = 1e-11 times the third derivative,
/// which layers do not have (in any one variable they are linear between kinks) and which is below 1 for the loss.
/// Rounding in f64 adds about 1e-11 times the size of the value, at most 100 here. Both are far below [`TOLERANCE`].
pub const STEP: f64 = 1.0 / (1 << 17) as f64;

/// In networks an eighth of that: a change of one weight must not carry any of a hundred thousand hidden units over a kink.
/// Rounding grows to about 3e-10, as the loss is 2 to 3. The largest elements of the gradients' tensors are 1e-2 or more,
/// of which [`TOLERANCE`] is 1e-7.
pub const STEP_OF_WEIGHTS: f64 = STEP / 8.0;

/// The derivative of `value` with respect to element `e` of its argument, at `at`; none if a kink lies between.
pub fn derivative(
    at: &mut [f64],
    e: usize,
    step: f64,
    value: impl Fn(&[f64], &mut Sides) -> f64,
) -> Option<f64> {
    let x = at[e];
    let (up, down) = (x + step, x - step);
    let (mut sides_up, mut sides_down) = (Sides::new(), Sides::new());
    at[e] = up;
    let value_up = value(at, &mut sides_up);
    at[e] = down;
    let value_down = value(at, &mut sides_down);
    at[e] = x;
    (sides_up == sides_down).then(|| (value_up - value_down) / (up - down))
}

/// Asserts that each `got` is within [`TOLERANCE`] of `want`, relative to `scale`. Each comes with its place in the tensor.
pub fn assert_near(what: &str, scale: f64, elements: &[(usize, f64, f32)]) {
    let mut worst = 0.0_f64;
    for &(place, want, got) in elements {
        let error = (f64::from(got) - want).abs();
        assert!(
            error <= TOLERANCE * scale,
            "{what}, element {place}: {got:e} should be {want:e}, relative to {scale:e}"
        );
        worst = worst.max(error);
    }
    let worst = if scale > 0.0 { worst / scale } else { worst };
    println!("{what}: {} elements, largest error {worst:.1e} of {scale:.1e}", elements.len());
}

/// [`assert_near`] for whole tensors.
pub fn assert_all_near(what: &str, scale: f64, want: &[f64], got: &[f32]) {
    assert_eq!(want.len(), got.len(), "{what}: lengths");
    let elements: Vec<_> =
        want.iter().zip(got).enumerate().map(|(e, (&want, &got))| (e, want, got)).collect();
    assert_near(what, scale, &elements);
}

/// The usual scale: the size of the largest element. If all are 0, only 0 is near.
pub fn largest<'a>(want: impl IntoIterator<Item = &'a f64>) -> f64 {
    want.into_iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

/// The same numbers, in f64.
pub fn exact(x: &[f32]) -> Vec<f64> {
    x.iter().copied().map(f64::from).collect()
}

/// `n` numbers between -1 and 1 in random order: 2 / n apart from each other, and at least 1 / (2 n) from 0.
pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut numbers: Vec<_> = (0..n).map(|i| ((i as f64 + 0.25) / n as f64 * 2.0 - 1.0) as f32).collect();
    let mut below = generator(seed);
    (1..n).for_each(|i| numbers.swap(i, below(i + 1)));
    numbers
}

/// Random numbers below the one given: a linear congruential generator, of which the upper bits are good enough for tests.
pub fn generator(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    next();
    move |below| next() as usize % below
}
