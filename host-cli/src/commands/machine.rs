//! `random-bases machine`.

use std::io::Write;

use random_bases_core::numerics::CONTRACT;

use crate::failure::{Failure, printed};
use crate::vector::Level;

/// Prints what this machine has.
///
/// # Errors
/// [`Failure::Output`].
pub fn run(out: &mut impl Write) -> Result<(), Failure> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut text = format!("numeric contract   version {CONTRACT}\n");
    text += &format!("architecture       {} ({})\n", std::env::consts::ARCH, std::env::consts::OS);
    text += &format!("cores              {threads}\n");
    for level in Level::ALL {
        let state = match (level.available(), level == Level::detect()) {
            (true, true) => "available, chosen by auto",
            (true, false) => "available",
            (false, _) => "not on this processor",
        };
        text += &format!("vector {:<12}{state}\n", level.name());
    }
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}
