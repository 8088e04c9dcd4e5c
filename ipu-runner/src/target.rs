//! Machines.

/// An IPU, or several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// What Poplar calls its architecture.
    pub architecture: &'static str,
    /// Tiles of one chip.
    pub tiles_per_ipu: u32,
    /// Chips.
    pub ipus: u32,
    /// Memory of a tile.
    pub bytes_per_tile: u64,
    /// Turns of the clock in a second.
    pub clock: f64,
}

/// Workers of a tile: threads that take turns.
pub const WORKERS: u32 = 6;

/// How much of a tile's memory, in hundredths, may be filled with what is counted. The rest is for what is not: above all the code of the exchange, of
/// which no size is published, and tables of the compiler.
pub const USABLE_PERCENT: u64 = 80;

impl Target {
    /// The first generation.
    pub const GC2: Self = Self {
        name: "gc2",
        architecture: "ipu1",
        tiles_per_ipu: 1_216,
        ipus: 1,
        bytes_per_tile: 256 << 10,
        clock: 1.6e9,
    };
    /// The second generation.
    pub const GC200: Self = Self {
        name: "gc200",
        architecture: "ipu2",
        tiles_per_ipu: 1_472,
        ipus: 1,
        bytes_per_tile: 624 << 10,
        clock: 1.33e9,
    };
    /// The second generation with a faster clock.
    pub const BOW: Self = Self { name: "bow", clock: 1.85e9, ..Self::GC200 };

    /// All kinds.
    pub const ALL: [Self; 3] = [Self::GC2, Self::GC200, Self::BOW];

    /// Bytes of a tile that may be filled with what is counted: [`USABLE_PERCENT`].
    #[must_use]
    pub const fn usable_bytes(&self) -> u64 {
        self.bytes_per_tile * USABLE_PERCENT / 100
    }

    /// The chip that a tile is on.
    #[must_use]
    pub const fn chip(&self, tile: u32) -> u32 {
        tile / self.tiles_per_ipu
    }

    /// Tiles of all chips.
    #[must_use]
    pub const fn tiles(&self) -> u32 {
        self.tiles_per_ipu * self.ipus
    }
}
