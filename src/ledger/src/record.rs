//! Records: one entry with its private attachment, as the write-ahead file holds them.
//!
//! Pure bytes; does not know files.
//!
//! # Shape
//! All numbers little-endian. Two checksums, so that the lengths can be trusted before the body
//! is there: a record with a sound head that reaches past the end of the file was being written.
//! ```text
//! bytes  0..4   length of the entry
//! bytes  4..8   length of the attachment
//! bytes  8..16  index of the entry
//! bytes 16..20  CRC-32C of bytes 0..16
//! bytes 20..24  CRC-32C of bytes 0..16, entry and attachment
//! then          entry, attachment
//! ```

use crate::leaf::LeafIndex;
use crate::scan::Damage;

/// Longest entry, in bytes: an entry bundle's lengths have 16 bits, and some room is left.
pub const ENTRY_BYTES_MAX: usize = 60 * 1024;

/// Longest attachment, in bytes: twice a question of 4 MiB, whose every byte may need escaping, and
/// room.
pub const ATTACHMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The entry: hashed into the tree and served; anyone allowed to read the log sees it.
    pub entry: Vec<u8>,
    /// Bytes that stay in the write-ahead file, beside the entry and under its checksum; never
    /// hashed into the tree and never served.
    pub attachment: Vec<u8>,
}

/// A record that has its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place.
    pub index: LeafIndex,
    /// The entry.
    pub entry: Vec<u8>,
    /// What was kept beside it.
    pub attachment: Vec<u8>,
}

/// Why a record can never be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// An entry says something.
    #[error("the entry is empty")]
    Empty,
    /// The entry does not fit an entry bundle.
    #[error("the entry has {length_bytes} bytes, more than {ENTRY_BYTES_MAX}")]
    EntryTooLong {
        /// How long it is.
        length_bytes: usize,
    },
    /// The attachment is too long.
    #[error("the attachment has {length_bytes} bytes, more than {ATTACHMENT_BYTES_MAX}")]
    AttachmentTooLong {
        /// How long it is.
        length_bytes: usize,
    },
}

impl Record {
    pub(crate) fn check(&self) -> Result<(), InvalidRecord> {
        match (self.entry.len(), self.attachment.len()) {
            (0, _) => Err(InvalidRecord::Empty),
            (length_bytes, _) if ENTRY_BYTES_MAX < length_bytes => {
                Err(InvalidRecord::EntryTooLong { length_bytes })
            }
            (_, length_bytes) if ATTACHMENT_BYTES_MAX < length_bytes => {
                Err(InvalidRecord::AttachmentTooLong { length_bytes })
            }
            _ => Ok(()),
        }
    }

    /// Appends the record's bytes to a buffer.
    pub(crate) fn encode(&self, index: LeafIndex, buffer: &mut Vec<u8>) {
        let length = |part: &[u8]| {
            u32::try_from(part.len()).expect("invariant: lengths are checked before the queue")
        };
        let start = buffer.len();
        buffer.extend(length(&self.entry).to_le_bytes());
        buffer.extend(length(&self.attachment).to_le_bytes());
        buffer.extend(index.get().to_le_bytes());
        let head = crc32c::crc32c(&buffer[start..]);
        let body = crc32c::crc32c_append(head, &self.entry);
        let body = crc32c::crc32c_append(body, &self.attachment);
        buffer.extend(head.to_le_bytes());
        buffer.extend(body.to_le_bytes());
        buffer.extend(&self.entry);
        buffer.extend(&self.attachment);
    }

    /// How many bytes the record takes in the file.
    pub(crate) fn encoded_bytes(&self) -> usize {
        RecordHead::BYTES + self.entry.len() + self.attachment.len()
    }
}

/// The fixed part before each record's body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordHead {
    entry_bytes: usize,
    attachment_bytes: usize,
    pub(crate) index: LeafIndex,
    head_crc: u32,
    body_crc: u32,
}

impl RecordHead {
    /// Four numbers of 4 bytes and one of 8.
    pub(crate) const BYTES: usize = 4 * 4 + 8;

    /// What the head's own checksum covers.
    const CHECKED_BYTES: usize = 4 + 4 + 8;

    /// Reads a head whose own checksum and lengths are sound.
    pub(crate) fn decode(bytes: &[u8; Self::BYTES]) -> Result<Self, Damage> {
        let number = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let head_crc = number(16);
        if crc32c::crc32c(&bytes[..Self::CHECKED_BYTES]) != head_crc {
            return Err(Damage::Head);
        }
        let length = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (entry_bytes, attachment_bytes) = (length(number(0)), length(number(4)));
        if !(1..=ENTRY_BYTES_MAX).contains(&entry_bytes) || ATTACHMENT_BYTES_MAX < attachment_bytes
        {
            return Err(Damage::Head);
        }
        let index = u64::from(number(8)) | u64::from(number(12)) << 32;
        let index = LeafIndex::new(index);
        Ok(Self { entry_bytes, attachment_bytes, index, head_crc, body_crc: number(20) })
    }

    pub(crate) fn body_bytes(&self) -> usize {
        self.entry_bytes + self.attachment_bytes
    }

    pub(crate) fn record_bytes(&self) -> u64 {
        (Self::BYTES + self.body_bytes()) as u64
    }

    /// Takes a body apart whose checksum is sound.
    pub(crate) fn open(&self, mut body: Vec<u8>) -> Result<StoredRecord, Damage> {
        if body.len() != self.body_bytes()
            || crc32c::crc32c_append(self.head_crc, &body) != self.body_crc
        {
            return Err(Damage::Body);
        }
        let attachment = body.split_off(self.entry_bytes);
        Ok(StoredRecord { index: self.index, entry: body, attachment })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8]) -> Result<StoredRecord, Damage> {
        let (head, body) = bytes.split_first_chunk().unwrap();
        RecordHead::decode(head)?.open(body.to_vec())
    }

    proptest! {
        #[test]
        fn a_record_is_read_as_it_was_written(
            entry in prop::collection::vec(any::<u8>(), 1..2000),
            attachment in prop::collection::vec(any::<u8>(), 0..2000),
            index in any::<u64>(),
        ) {
            let index = LeafIndex::new(index);
            let record = Record { entry: entry.clone(), attachment: attachment.clone() };
            let mut bytes = Vec::new();

            record.encode(index, &mut bytes);

            prop_assert_eq!(bytes.len(), record.encoded_bytes());
            prop_assert_eq!(decode(&bytes), Ok(StoredRecord { index, entry, attachment }));
        }
    }

    #[test]
    fn every_flipped_bit_of_a_record_is_found() {
        let record = Record { entry: b"{\"v\":1}".to_vec(), attachment: b"private".to_vec() };
        let mut bytes = Vec::new();
        record.encode(LeafIndex::new(7), &mut bytes);

        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bytes).is_err(), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn a_record_at_its_limits_passes_and_one_byte_more_does_not() {
        let record =
            |entry, attachment| Record { entry: vec![0; entry], attachment: vec![0; attachment] };

        assert_eq!(record(ENTRY_BYTES_MAX, ATTACHMENT_BYTES_MAX).check(), Ok(()));
        assert_eq!(record(0, 0).check(), Err(InvalidRecord::Empty));
        let length_bytes = ENTRY_BYTES_MAX + 1;
        let too_long = InvalidRecord::EntryTooLong { length_bytes };
        assert_eq!(record(length_bytes, 0).check(), Err(too_long));
        let length_bytes = ATTACHMENT_BYTES_MAX + 1;
        let too_long = InvalidRecord::AttachmentTooLong { length_bytes };
        assert_eq!(record(1, length_bytes).check(), Err(too_long));
    }
}
