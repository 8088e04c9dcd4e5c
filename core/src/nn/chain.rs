//! One layer after another.

use core::marker::PhantomData;
use core::ops::Range;

use super::{Layer, Tensors};
use crate::numerics::Lanes;
use crate::step::{Executor, Parts};

/// `A`, then `B`. Does not compile unless `A`'s output is as long as `B`'s input.
///
/// ```
/// use random_bases_core::nn::{Chain, Dense, Layer, Relu};
///
/// type Mlp = Chain<Dense<784, 128>, Chain<Relu<128>, Dense<128, 10>>>;
/// assert_eq!(Mlp::PARAMS, 101_770);
/// ```
///
/// ```compile_fail
/// use random_bases_core::nn::{Chain, Dense, Layer};
///
/// type Mismatched = Chain<Dense<784, 128>, Dense<127, 10>>;
/// const PARAMS: usize = Mismatched::PARAMS;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Chain<A, B>(PhantomData<(A, B)>);

impl<A: Layer, B: Layer> Chain<A, B> {
    const CHECKED: () =
        assert!(A::OUTPUT == B::INPUT, "a layer's output and the next one's input differ in length");
}

impl<A: Layer, B: Layer> Layer for Chain<A, B> {
    const INPUT: usize = A::INPUT;
    const OUTPUT: usize = B::OUTPUT;
    const PARAMS: usize = {
        () = Self::CHECKED;
        A::PARAMS + B::PARAMS
    };
    const ACTIVATIONS: usize = {
        () = Self::CHECKED;
        A::ACTIVATIONS + B::ACTIVATIONS
    };

    #[inline(always)]
    fn forward<E: Executor>(
        executor: &mut E,
        images: usize,
        params: &[f32],
        input: &[f32],
        activations: &mut [f32],
    ) {
        let (params_a, params_b) = params.split_at(A::PARAMS);
        let (activations_a, activations_b) = activations.split_at_mut(A::ACTIVATIONS * images);
        A::forward(executor, images, params_a, input, activations_a);
        B::forward(executor, images, params_b, A::output(activations_a, images), activations_b);
    }

    fn backward<E: Executor>(
        executor: &mut E,
        images: usize,
        params: &[f32],
        input: &[f32],
        activations: &[f32],
        deltas: &mut [f32],
        input_deltas: Option<&mut [f32]>,
    ) {
        let (params_a, params_b) = params.split_at(A::PARAMS);
        let (activations_a, activations_b) = activations.split_at(A::ACTIVATIONS * images);
        let (deltas_a, deltas_b) = deltas.split_at_mut(A::ACTIVATIONS * images);
        let between = A::output_mut(deltas_a, images);
        let input_b = A::output(activations_a, images);
        B::backward(executor, images, params_b, input_b, activations_b, deltas_b, Some(between));
        A::backward(executor, images, params_a, input, activations_a, deltas_a, input_deltas);
    }

    #[inline(always)]
    fn gradient_tile<V: Lanes>(
        images: usize,
        input: &[f32],
        activations: &[f32],
        deltas: &[f32],
        start: usize,
        out: &mut [f32],
    ) {
        let (activations_a, activations_b) = activations.split_at(A::ACTIVATIONS * images);
        let (deltas_a, deltas_b) = deltas.split_at(A::ACTIVATIONS * images);
        let (out_a, out_b) = out.split_at_mut(out.len().min(A::PARAMS.saturating_sub(start)));
        if !out_a.is_empty() {
            A::gradient_tile::<V>(images, input, activations_a, deltas_a, start, out_a);
        }
        if !out_b.is_empty() {
            let input = A::output(activations_a, images);
            let start = start.max(A::PARAMS) - A::PARAMS;
            B::gradient_tile::<V>(images, input, activations_b, deltas_b, start, out_b);
        }
    }

    fn gradient_work<'s>(
        images: usize,
        input: &'s [f32],
        activations: &'s [f32],
        deltas: &'s [f32],
        place: Range<usize>,
        part: &mut Parts<'_, 's>,
    ) {
        let (activations_a, activations_b) = activations.split_at(A::ACTIVATIONS * images);
        let (deltas_a, deltas_b) = deltas.split_at(A::ACTIVATIONS * images);
        let border = place.start + A::PARAMS;
        let between = A::output(activations_a, images);
        A::gradient_work(images, input, activations_a, deltas_a, place.start..border, part);
        B::gradient_work(images, between, activations_b, deltas_b, border..place.end, part);
    }

    fn tensors(to: &mut Tensors) {
        A::tensors(to);
        B::tensors(to);
    }
}
