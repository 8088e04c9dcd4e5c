//! The networks, by name.

use super::{Chain, Dense, Layer, Relu};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_of_the_paper() {
        assert_eq!([Fc28::PARAMS, Fc32::PARAMS, Small8::PARAMS], [101_770, 394_634, 2_410]);
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
