//! NumPy's `.npz` format: a ZIP archive of `.npy` files, stored or deflated.

use super::{Bytes, Opened, npy};
use flate2::CrcReader;
use flate2::read::DeflateDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use zip::{CompressionMethod, ZipArchive};

/// Opens the array named `array`.
pub fn open(file: File, array: Option<&str>) -> Result<Opened, String> {
    let damaged = |error: &dyn std::fmt::Display| format!("is not an .npz file, or is damaged: {error}");
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
    let mut names: Vec<String> =
        archive.file_names().filter_map(|name| Some(name.strip_suffix(".npy")?.into())).collect();
    names.sort_unstable();
    let Some(array) = array else {
        return Err(format!("expected FILE.npz:ARRAY; its arrays are {}", names.join(", ")));
    };
    if !names.iter().any(|name| name == array) {
        return Err(format!("has no such array; it has {}", names.join(", ")));
    }
    let entry = archive.by_name(&format!("{array}.npy")).map_err(|error| damaged(&error))?;
    let (method, length, checksum) = (entry.compression(), entry.compressed_size(), entry.crc32());
    let start = entry.data_start().ok_or_else(|| damaged(&"an entry without contents"))?;
    drop(entry);
    // the entry is read from the file itself: an entry of the archive would borrow the archive, and could not be returned
    let mut file = archive.into_inner();
    file.seek(SeekFrom::Start(start)).map_err(|error| damaged(&error))?;
    let stored = file.take(length);
    let contents: Box<dyn Read> = match method {
        CompressionMethod::Stored => Box::new(stored),
        CompressionMethod::Deflated => Box::new(BufReader::new(DeflateDecoder::new(stored))),
        other => return Err(format!("is compressed by {other}, which is not read")),
    };
    npy::open(Bytes::of_unknown_length(Box::new(Checked { contents: CrcReader::new(contents), checksum })))
}

/// The contents of an entry, compared with their checksum at their end.
struct Checked<R> {
    contents: CrcReader<R>,
    checksum: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.contents.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.contents.crc().sum() != self.checksum {
            return Err(io::Error::other("is damaged: its checksum does not match"));
        }
        Ok(read)
    }
}
