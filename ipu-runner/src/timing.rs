//! How many turns of the clock things take on an IPU: numbers that are published or assumed. None was measured here.
//!
//! What a codelet takes is counted from its source: `lower/costs.rs`.

use crate::target::{Target, USABLE_PERCENT, WORKERS};

/// Turns of launching the workers of a tile. An assumption.
pub const LAUNCH: u64 = 40;

/// Turns of synchronising the tiles of a chip. An assumption.
pub const SYNC: u64 = 150;

/// Seconds in which a signal gets from one chip to the next, as Poplibs' tests of several chips have it.
pub const HOP: f64 = 15e-9;

/// Bytes that a tile receives, and at the same time sends, in a turn of the clock.
pub const EXCHANGE_BYTES: u64 = 4;

/// Turns of a tile per message: from, or to, one other tile. An assumption: an instruction for the partner and one for the address, each at the pace of
/// one in six.
pub const MESSAGE: u64 = 12;

/// Turns of arranging anything at all. This and the next two: the formula that Poplibs' planner of convolutions uses for such copies.
pub const ARRANGE_START: f64 = 587.0;

/// Turns of arranging a byte of pieces of an even number of elements, which is 64 bits.
pub const ARRANGE_EVEN: f64 = 0.44;

/// Turns of arranging a byte of other pieces.
pub const ARRANGE_ODD: f64 = 3.1;

/// Bytes that a chip sends to others, and at the same time receives, in a second. An assumption: ten links of 16 GB/s each way.
pub const LINK_BYTES: f64 = 160e9;

/// Turns of sending and receiving so many bytes, in so many messages.
#[must_use]
pub const fn exchanging(bytes: u64, messages: u64) -> u64 {
    bytes.div_ceil(EXCHANGE_BYTES) + messages * MESSAGE
}

/// Turns of arranging so many bytes of pieces of an even number of elements, and so many of others.
#[must_use]
pub fn arranging(even: u64, odd: u64) -> u64 {
    if even + odd == 0 {
        return 0;
    }
    (ARRANGE_START + ARRANGE_EVEN * even as f64 + ARRANGE_ODD * odd as f64).ceil() as u64
}

/// Turns of moving so many bytes between chips.
#[must_use]
pub fn linking(target: &Target, bytes: u64) -> u64 {
    (bytes as f64 / LINK_BYTES * target.clock).ceil() as u64
}

/// Turns of synchronising the tiles of one of some chips, or of all of these, which lie in a row: a signal goes along it and back.
#[must_use]
pub fn synchronising(target: &Target, chips: u32) -> u64 {
    let hops = f64::from(chips.saturating_sub(1));
    SYNC + (2.0 * hops * HOP * target.clock).ceil() as u64
}

/// What estimates rest on, as lines of text.
#[must_use]
pub fn assumptions() -> [String; 6] {
    [
        "Estimated, not measured. Cycles of codelets are bundles counted from the sources, with no use of pairs of floats or of the matrix unit;"
            .into(),
        format!("a worker issues one bundle every {WORKERS} cycles, and {LAUNCH} cycles launch a tile's workers. The exchange moves {EXCHANGE_BYTES} bytes a cycle"),
        format!("into and out of a tile, and each message to or from another tile takes {MESSAGE} cycles. What does not lie side by side is arranged in {ARRANGE_START}"),
        format!("cycles + {ARRANGE_EVEN} a byte (pieces of 64 bits) or {ARRANGE_ODD} a byte (others). A sync takes {SYNC} cycles, over chips {:.0} ns more for each; a", 2.0 * HOP * 1e9),
        format!("chip sends and receives {:.0} GB/s over its links. Memory holds variables, copies, vertices, code of codelets and stacks; code of the", LINK_BYTES / 1e9),
        format!("exchange is not known, so only {USABLE_PERCENT} % of a tile may be filled."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_by_hand() {
        assert_eq!(exchanging(9, 2), 3 + 2 * MESSAGE);
        assert_eq!(arranging(0, 0), 0);
        // 587 + 4.4 + 31
        assert_eq!(arranging(10, 10), 623);
        // 160 GB/s are 120.3 bytes in a turn of 1.33 GHz.
        assert_eq!(linking(&Target::GC200, 12_030), 100);
        assert_eq!(synchronising(&Target::GC2, 1), SYNC);
        // A hop there and back: 30 ns of 1.6 GHz.
        assert_eq!(synchronising(&Target::GC2, 2), SYNC + 48);
        assert_eq!(synchronising(&Target::GC2, 4), SYNC + 144);
    }
}
