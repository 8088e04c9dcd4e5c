//! A journal that comes from elsewhere: a record at a time, in a buffer that holds the longest one.

use random_bases_core::record::{Error, Frames, MAGIC, Record};

use crate::failure::Failure;

/// Bytes of a record's length before it, and of its checksum behind it.
const LENGTH: usize = 4;
const CHECKSUM: usize = 4;

/// Where bytes come from: a line, a file of the debugger's, memory.
pub trait Source {
    /// Puts what comes next at the start of `buffer`, and says how many bytes; none if nothing comes any more.
    ///
    /// # Errors
    /// [`Failure::Unreadable`].
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure<'static>>;
}

/// Memory.
impl Source for &[u8] {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure<'static>> {
        let (now, later) = self.split_at(buffer.len().min(self.len()));
        buffer[..now.len()].copy_from_slice(now);
        *self = later;
        Ok(now.len())
    }
}

/// A journal that is being received.
#[derive(Debug)]
pub struct Journal<'b, S> {
    source: S,
    buffer: &'b mut [u8],
    /// Whole records so far, and their bytes: where the next one begins.
    records: u64,
    at: u64,
    /// Bytes of the record that was received last.
    last: u64,
}

impl<'b, S: Source> Journal<'b, S> {
    /// What `source` sends, a record at a time in `buffer`.
    pub const fn new(source: S, buffer: &'b mut [u8]) -> Self {
        Self { source, buffer, records: 0, at: 0, last: 0 }
    }

    /// Number of the last record, from 0, and where it begins; of the one that should have come, when receiving it failed.
    #[must_use]
    pub const fn place(&self) -> (u64, u64) {
        (self.records, self.at)
    }

    /// The first bytes, and the first record.
    ///
    /// # Errors
    /// Those of [`Journal::next_record`], and first bytes that no journal has.
    pub fn first(&mut self) -> Result<Record<'_>, Failure<'static>> {
        let mut magic = [0; MAGIC.len()];
        let received = fill(&mut self.source, &mut magic)?;
        Frames::new(&magic[..received])?;
        self.at = MAGIC.len() as u64;
        self.receive()
    }

    /// The next record.
    ///
    /// # Errors
    /// [`Failure::CutShort`] if none comes, [`Failure::Record`] of one that is damaged or longer than the buffer.
    pub fn next_record(&mut self) -> Result<Record<'_>, Failure<'static>> {
        self.records += 1;
        self.at += self.last;
        self.receive()
    }

    fn receive(&mut self) -> Result<Record<'_>, Failure<'static>> {
        self.last = 0;
        let (length, rest) = self.buffer.split_first_chunk_mut::<LENGTH>().ok_or(Error::Buffer)?;
        match fill(&mut self.source, length)? {
            0 => return Err(Failure::CutShort),
            LENGTH => {}
            _ => return Err(Error::Truncated.into()),
        }
        // What no buffer holds must not be waited for. A length with a wrong bit is found by this, or by the checksum.
        let behind = (u32::from_le_bytes(*length) as usize).checked_add(CHECKSUM).ok_or(Error::Buffer)?;
        let record = rest.get_mut(..behind).ok_or(Error::Buffer)?;
        if fill(&mut self.source, record)? < behind {
            return Err(Error::Truncated.into());
        }
        let bytes = &self.buffer[..LENGTH + behind];
        self.last = bytes.len() as u64;
        let frame = Frames::headless(bytes).next().unwrap_or(Err(Error::Truncated))?;
        Ok(frame.record)
    }
}

/// Reads until `buffer` is full or nothing comes any more, and says how many bytes came.
fn fill(source: &mut impl Source, buffer: &mut [u8]) -> Result<usize, Failure<'static>> {
    let mut received = 0;
    while received < buffer.len() {
        match source.read(&mut buffer[received..])? {
            0 => break,
            more => received += more,
        }
    }
    Ok(received)
}
