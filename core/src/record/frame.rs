//! Records among bytes: length, record, checksum.

use core::fmt;

use crc::{CRC_32_ISO_HDLC, Crc};

use super::Record;

/// The first eight bytes of a journal or fixture. The last one is the version of the format.
pub const MAGIC: [u8; 8] = *b"RBASES\0\x03";

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Bytes around a record: its length before, its CRC behind.
const LENGTH: usize = 4;
const CHECKSUM: usize = 4;

/// What is wrong with bytes that should be records, or with a buffer that should hold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file does not begin with [`MAGIC`].
    Magic,
    /// The file has another version of the format.
    Format(u8),
    /// The bytes end inside a record.
    Truncated,
    /// The checksum of a record is wrong.
    Checksum,
    /// The checksum is right, but the bytes are no record that this version knows.
    Malformed,
    /// The buffer is too small for the record.
    Buffer,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("this is no journal or fixture (wrong first bytes)"),
            Self::Format(version) => {
                write!(f, "format version {version}, but this program reads version {}", MAGIC[7])
            }
            Self::Truncated => f.write_str("the file ends inside a record"),
            Self::Checksum => f.write_str("the record's checksum is wrong"),
            Self::Malformed => f.write_str("the record has a form that this program does not know"),
            Self::Buffer => f.write_str("the buffer is too small for the record"),
        }
    }
}

impl core::error::Error for Error {}

/// Writes one framed record to the start of `buffer` and returns the bytes written.
///
/// # Errors
/// [`Error::Buffer`].
pub fn write<'b>(record: &Record<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], Error> {
    let room = buffer.get_mut(LENGTH..).ok_or(Error::Buffer)?;
    let len = postcard::to_slice(record, room).map_err(|_| Error::Buffer)?.len();
    let end = LENGTH + len + CHECKSUM;
    let frame = buffer.get_mut(..end).ok_or(Error::Buffer)?;
    frame[..LENGTH].copy_from_slice(&u32::try_from(len).map_err(|_| Error::Buffer)?.to_le_bytes());
    let checksum = CRC.checksum(&frame[..LENGTH + len]);
    frame[LENGTH + len..].copy_from_slice(&checksum.to_le_bytes());
    Ok(frame)
}

/// A record and where it lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame<'a> {
    /// The record.
    pub record: Record<'a>,
    /// Offset of the first byte behind it.
    pub end: usize,
}

/// Reads the records of a file, one after the other. Ends after the last byte, or after the first error: what came
/// before it is good.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    failed: bool,
}

impl<'a> Frames<'a> {
    /// Checks the first bytes.
    ///
    /// # Errors
    /// [`Error::Magic`], [`Error::Format`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        let magic = bytes.get(..MAGIC.len()).ok_or(Error::Magic)?;
        if magic[..7] != MAGIC[..7] {
            return Err(Error::Magic);
        }
        if magic[7] != MAGIC[7] {
            return Err(Error::Format(magic[7]));
        }
        Ok(Self { bytes, at: MAGIC.len(), failed: false })
    }

    /// Of bytes that begin with a record: a message, say, or the tail of a file.
    #[must_use]
    pub const fn headless(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, failed: false }
    }

    /// Offset of the next record.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.at
    }

    fn read(&self) -> Result<Frame<'a>, Error> {
        let rest = &self.bytes[self.at..];
        let (length, rest) = rest.split_first_chunk::<LENGTH>().ok_or(Error::Truncated)?;
        let len = u32::from_le_bytes(*length) as usize;
        let (record, rest) = rest.split_at_checked(len).ok_or(Error::Truncated)?;
        let checksum = rest.first_chunk::<CHECKSUM>().ok_or(Error::Truncated)?;
        let mut digest = CRC.digest();
        digest.update(length);
        digest.update(record);
        if digest.finalize() != u32::from_le_bytes(*checksum) {
            return Err(Error::Checksum);
        }
        match postcard::take_from_bytes(record) {
            Ok((record, [])) => Ok(Frame { record, end: self.at + LENGTH + len + CHECKSUM }),
            _ => Err(Error::Malformed),
        }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.at == self.bytes.len() {
            return None;
        }
        let frame = self.read();
        match &frame {
            Ok(frame) => self.at = frame.end,
            Err(_) => self.failed = true,
        }
        Some(frame)
    }
}
