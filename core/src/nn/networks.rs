//! The networks, by name.

use super::{Chain, Conv, Dense, Layer, MaxPool, Pad, Relu};

/// A composition of layers with a name and an image shape.
pub trait Network: Sync + 'static {
    /// The name used in records.
    const NAME: &'static str;
    /// Height, width and channels of an image (stored in that order, channels innermost).
    const SHAPE: [usize; 3];
    /// The layers, down to the logits.
    type Layers: Layer;
    /// Parameters: D.
    const PARAMS: usize = {
        let [height, width, channels] = Self::SHAPE;
        assert!(
            height * width * channels == Self::Layers::INPUT,
            "the image shape is not the first layer's input"
        );
        Self::Layers::PARAMS
    };
}

/// Layers one after the other: `layers![A, B, C]` is `Chain<A, Chain<B, C>>`.
macro_rules! layers {
    ($last:ty) => { $last };
    ($first:ty, $($rest:ty),+ $(,)?) => { Chain<$first, layers![$($rest),+]> };
}

/// A network of [`Dense`] 128, [`Relu`], [`Dense`] 10: the original's `dense`, the paper's "FC".
type Fc<const INPUT: usize, const HIDDEN: usize> =
    Chain<Dense<INPUT, HIDDEN>, Chain<Relu<HIDDEN>, Dense<HIDDEN, 10>>>;

/// FC for MNIST-like images: 784-128-10, D = 101,770.
#[derive(Clone, Copy, Debug)]
pub struct Fc28;

impl Network for Fc28 {
    const NAME: &'static str = "fc-28x28x1";
    const SHAPE: [usize; 3] = [28, 28, 1];
    type Layers = Fc<784, 128>;
}

/// FC for CIFAR-like images: 3072-128-10, D = 394,634.
#[derive(Clone, Copy, Debug)]
pub struct Fc32;

impl Network for Fc32 {
    const NAME: &'static str = "fc-32x32x3";
    const SHAPE: [usize; 3] = [32, 32, 3];
    type Layers = Fc<3072, 128>;
}

/// The same family for 8x8 images, small enough for a microcontroller: 64-32-10, D = 2,410.
#[derive(Clone, Copy, Debug)]
pub struct Small8;

impl Network for Small8 {
    const NAME: &'static str = "small-8x8x1";
    const SHAPE: [usize; 3] = [8, 8, 1];
    type Layers = Fc<64, 32>;
}

/// The original's `base_conv`, the paper's "CNN", for MNIST-like images: D = 93,322.
#[derive(Clone, Copy, Debug)]
pub struct Cnn28;

impl Network for Cnn28 {
    const NAME: &'static str = "cnn-28x28x1";
    const SHAPE: [usize; 3] = [28, 28, 1];
    type Layers = layers![
        Conv<28, 28, 1, 32, 3>,
        Relu<{ 26 * 26 * 32 }>,
        MaxPool<26, 26, 32>,
        Conv<13, 13, 32, 64, 3>,
        Relu<{ 11 * 11 * 64 }>,
        MaxPool<11, 11, 64>,
        Conv<5, 5, 64, 64, 3>,
        Relu<{ 3 * 3 * 64 }>,
        Dense<{ 3 * 3 * 64 }, 64>,
        Relu<64>,
        Dense<64, 10>,
    ];
}

/// The same for CIFAR-like images: D = 122,570.
#[derive(Clone, Copy, Debug)]
pub struct Cnn32;

impl Network for Cnn32 {
    const NAME: &'static str = "cnn-32x32x3";
    const SHAPE: [usize; 3] = [32, 32, 3];
    type Layers = layers![
        Conv<32, 32, 3, 32, 3>,
        Relu<{ 30 * 30 * 32 }>,
        MaxPool<30, 30, 32>,
        Conv<15, 15, 32, 64, 3>,
        Relu<{ 13 * 13 * 64 }>,
        MaxPool<13, 13, 64>,
        Conv<6, 6, 64, 64, 3>,
        Relu<{ 4 * 4 * 64 }>,
        Dense<{ 4 * 4 * 64 }, 64>,
        Relu<64>,
        Dense<64, 10>,
    ];
}

/// The original's `conv` for MNIST-like images: D = 3,274,634.
#[derive(Clone, Copy, Debug)]
pub struct LargeConv28;

impl Network for LargeConv28 {
    const NAME: &'static str = "conv-28x28x1";
    const SHAPE: [usize; 3] = [28, 28, 1];
    type Layers = layers![
        Pad<28, 28, 1, 2>,
        Conv<32, 32, 1, 32, 5>,
        Relu<{ 28 * 28 * 32 }>,
        MaxPool<28, 28, 32>,
        Pad<14, 14, 32, 2>,
        Conv<18, 18, 32, 64, 5>,
        Relu<{ 14 * 14 * 64 }>,
        MaxPool<14, 14, 64>,
        Dense<{ 7 * 7 * 64 }, 1024>,
        Relu<1024>,
        Dense<1024, 10>,
    ];
}

/// The same for CIFAR-like images: D = 4,259,274.
#[derive(Clone, Copy, Debug)]
pub struct LargeConv32;

impl Network for LargeConv32 {
    const NAME: &'static str = "conv-32x32x3";
    const SHAPE: [usize; 3] = [32, 32, 3];
    type Layers = layers![
        Pad<32, 32, 3, 2>,
        Conv<36, 36, 3, 32, 5>,
        Relu<{ 32 * 32 * 32 }>,
        MaxPool<32, 32, 32>,
        Pad<16, 16, 32, 2>,
        Conv<20, 20, 32, 64, 5>,
        Relu<{ 16 * 16 * 64 }>,
        MaxPool<16, 16, 64>,
        Dense<{ 8 * 8 * 64 }, 1024>,
        Relu<1024>,
        Dense<1024, 10>,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_of_the_paper() {
        assert_eq!([Fc28::PARAMS, Fc32::PARAMS, Small8::PARAMS], [101_770, 394_634, 2_410]);
        assert_eq!([Cnn28::PARAMS, Cnn32::PARAMS], [93_322, 122_570]);
        assert_eq!([LargeConv28::PARAMS, LargeConv32::PARAMS], [3_274_634, 4_259_274]);
    }

    #[test]
    fn tensors_cover_the_parameters() {
        let tensors = crate::nn::tensors::<Fc28>();
        let end = |tensor: &crate::nn::Tensor| tensor.start + tensor.len;
        assert!(tensors.windows(2).all(|pair| end(&pair[0]) == pair[1].start));
        assert_eq!(tensors.last().map(end), Some(Fc28::PARAMS));
        assert!(tensors.iter().map(|tensor| &*tensor.name).eq(["1/kernel", "1/bias", "2/kernel", "2/bias"]));
    }
}
