//! What the host sends: a file of its own, read through semihosting. A line or a radio is read by the same function of `firmware-jobs`.

use cortex_m_semihosting::nr::GET_CMDLINE;
use cortex_m_semihosting::nr::open::R_BINARY;
use cortex_m_semihosting::{syscall, syscall1};
use firmware_jobs::failure::Failure;
use firmware_jobs::journal::Source;

/// Room for what the program was started with, and a zero behind it. A host must be able to send 80 bytes.
pub type CommandLine = [u8; 128];

/// The file, if the command line names none.
const DEFAULT: &[u8] = b"journal.rbases\0";

/// A file of the host's.
#[derive(Clone, Copy, Debug)]
pub struct HostFile<'a> {
    name: &'a str,
    handle: usize,
}

impl<'a> HostFile<'a> {
    /// Opens the file that the command line names behind its first space.
    ///
    /// # Errors
    /// [`Failure::Unreadable`].
    pub fn named(line: &'a mut CommandLine) -> Result<Self, Failure<'static>> {
        line.fill(0);
        let mut block = [line.as_mut_ptr().expose_provenance(), line.len() - 1];
        // SAFETY: of this call, the argument is a block of two words, where a buffer lies and how long it is. Both live across the
        // call, and nothing else refers to them. The host writes at most so many bytes, so that one zero is left at the end.
        let failed = unsafe { syscall1(GET_CMDLINE, block.as_mut_ptr().expose_provenance()) };
        let given = line.iter().position(|byte| *byte == b' ').filter(|_| failed == 0);
        let name = given.map_or(DEFAULT, |space| &line[space + 1..]);
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let name = str::from_utf8(name).map_err(|_| Failure::Unreadable)?;
        // SAFETY: the arguments of this call are where a text lies that ends with a zero, a mode, and its length without the zero. The
        // default has one, and a command line, too. The host only reads it.
        match unsafe { syscall!(OPEN, name.as_ptr(), R_BINARY, name.len()) } {
            usize::MAX => Err(Failure::Unreadable),
            handle => Ok(Self { name, handle }),
        }
    }

    /// What the host calls it.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }
}

impl Source for HostFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure<'static>> {
        // SAFETY: the arguments of this call are a file that is open, where a buffer lies, and its length. The host writes at most so
        // many bytes.
        let left = unsafe { syscall!(READ, self.handle, buffer.as_mut_ptr(), buffer.len()) };
        // It says how many bytes it did not write: all at the end of the file, more than all if something is wrong.
        buffer.len().checked_sub(left).ok_or(Failure::Unreadable)
    }
}
