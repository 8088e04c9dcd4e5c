//! How deep the stack went: the runtime paints it before the program starts, and what is not that colour any more was used.

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    /// The first word of RAM behind all static variables. Only its address means something.
    static _stack_end: u32;
    /// The first word behind RAM.
    static _stack_start: u32;
}

/// Bytes of stack that were used so far, at most.
///
/// All of RAM that there is, if the stack reached the static variables: it may have gone on into them.
pub fn deepest() -> usize {
    let (low, high) = (&raw const _stack_end, &raw const _stack_start);
    let mut at = low;
    // SAFETY: from `low` to `high` is RAM, whole aligned words of it, which the linker gave to the stack alone and the runtime has
    // painted, so every word can be read. Volatile, because live frames are among them, which no reference may claim not to change.
    while at < high && unsafe { at.read_volatile() } == STACK_PAINT_VALUE {
        at = at.wrapping_add(1);
    }
    high.addr() - at.addr()
}
