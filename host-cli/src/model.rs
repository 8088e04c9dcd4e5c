//! The networks of the core by architecture and image shape: from a name at run time to a type.

use random_bases_core::nn::{self, Network as _};

use crate::settings::Network;

/// Defines [`Model`], one variant per network type of the core.
macro_rules! models {
    ($( $(#[doc = $doc:literal])+ $model:ident: $network:ident; )+) => {
        /// A network of the core: an architecture with the shape of its images.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Model { $( $(#[doc = $doc])+ $model, )+ }

        impl Model {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$model),+];

            /// The core's name of it, as in records.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$model => nn::$model::NAME,)+ }
            }

            /// Height, width and channels of an image.
            #[must_use]
            pub const fn shape(self) -> [usize; 3] {
                match self { $(Self::$model => nn::$model::SHAPE,)+ }
            }

            /// The number of weights, D.
            #[must_use]
            pub const fn params(self) -> usize {
                match self { $(Self::$model => nn::$model::PARAMS,)+ }
            }

            /// The architecture.
            #[must_use]
            pub const fn network(self) -> Network {
                match self { $(Self::$model => Network::$network,)+ }
            }
        }

        /// Evaluates an expression with the type alias `$N` standing for the network of a [`Model`].
        macro_rules! with_network {
            ($value:expr, $N:ident => $body:expr) => {
                match $value {
                    $($crate::model::Model::$model => {
                        type $N = random_bases_core::nn::$model;
                        $body
                    })+
                }
            };
        }
    };
}

models! {
    /// FC for 28x28 grey images.
    Fc28: Fc;
    /// FC for 32x32 colour images.
    Fc32: Fc;
    /// FC for 8x8 grey images.
    Small8: Small;
    /// CNN for 28x28 grey images.
    Cnn28: Cnn;
    /// CNN for 32x32 colour images.
    Cnn32: Cnn;
    /// The large convolutional network for 28x28 grey images.
    LargeConv28: Conv;
    /// The same for 32x32 colour images.
    LargeConv32: Conv;
}
pub(crate) use with_network;

impl Model {
    /// The network of this architecture for images of this shape, if there is one.
    #[must_use]
    pub fn find(network: Network, shape: [usize; 3]) -> Option<Self> {
        Self::ALL.iter().copied().find(|model| model.network() == network && model.shape() == shape)
    }

    /// The network that records call by this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|model| model.name() == name)
    }
}

/// `28x28x1`.
#[must_use]
pub fn shape_name([height, width, channels]: [usize; 3]) -> String {
    format!("{height}x{width}x{channels}")
}

/// Something that is done with a network's type.
pub trait ForNetwork {
    /// What comes of it.
    type Output;
    /// Does it.
    fn run<N: nn::Network>(self) -> Self::Output;
}

impl Model {
    /// Does something with this network's type.
    pub fn with<F: ForNetwork>(self, work: F) -> F::Output {
        with_network!(self, N => work.run::<N>())
    }
}
