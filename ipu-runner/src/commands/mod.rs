//! The subcommands, a file each.

use random_bases::failure::Failure;
use random_bases::run_spec::RunSpec;
use random_bases_core::numerics::MathId;

pub mod emit;
pub mod plan;
pub mod probe;
pub mod train;
pub mod verify;

/// What is made of codelets alone has their functions.
fn expect_libm(spec: &RunSpec) -> Result<(), Failure> {
    if spec.math == MathId::Libm {
        return Ok(());
    }
    let math = spec.math.name();
    Err(Failure::configuration(format_args!(
        "--math {math}: codelets have the exp and ln of libm; --math libm chooses them"
    )))
}
