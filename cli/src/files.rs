//! Tensors in files: reads `.npy`, `.npz` and `.safetensors`, whole or in pieces, and writes `.npy`.

pub mod npy;
mod npz;
pub mod output;
pub mod safetensors;
mod signals;
mod stored;

use crate::failure::Failure;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek};
use std::path::PathBuf;
use stored::Stored;
use wgloss::{Array, DType};

/// The argument that names the standard input or the standard output.
pub const STANDARD: &str = "-";

/// Splits `FILE.npz:ARRAY` or `FILE.safetensors:TENSOR` into the path and the tensor's name.
pub fn split(place: &str) -> (String, Option<&str>) {
    let parts = [".safetensors", ".npz"].iter().find_map(|end| {
        let (stem, tensor) = place.split_once(&format!("{end}:"))?;
        Some((format!("{stem}{end}"), Some(tensor)))
    });
    parts.unwrap_or_else(|| (place.to_string(), None))
}

/// The path, with links resolved, of the file that a place names; `None` if it does not exist.
pub fn source(place: &str) -> Option<PathBuf> {
    fs::canonicalize(split(place).0).ok()
}

/// Refuses places of which more than one is the standard input.
pub fn read_once<'a>(places: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    match places.filter(|place| *place == STANDARD).count() {
        0 | 1 => Ok(()),
        _ => Err(Failure::Input("-: is named for two inputs".into())),
    }
}

/// Reads a tensor. Checks the whole header before it reads elements.
pub fn read(place: &str) -> Result<Array, Failure> {
    open(place)?.rest().map_err(|why| Failure::Input(format!("{place}: {why}")))
}

/// Opens `FILE.npy`, `FILE.npz:ARRAY`, `FILE.safetensors:TENSOR`, or `-` for an `.npy` file on the standard input. Reads only
/// its header.
pub fn open(place: &str) -> Result<Opened, Failure> {
    let refuse = |why: String| Failure::Input(format!("{place}: {why}"));
    if place == STANDARD {
        return npy::open(Bytes::of_unknown_length(Box::new(io::stdin().lock()) as Box<dyn Read>)).map_err(refuse);
    }
    let (path, tensor) = split(place);
    let Some(kind) = [".npy", ".npz", ".safetensors"].iter().position(|end| path.ends_with(end)) else {
        let pickled = [".pt", ".pth", ".ckpt", ".bin"].iter().any(|end| path.ends_with(end));
        let advice = "; a file of torch.save can only be read by PyTorch: save the tensors by numpy.save, numpy.savez or \
                      safetensors.torch.save_file";
        let advice = if pickled { advice } else { "" };
        return Err(refuse(format!("expected FILE.npy, FILE.npz:ARRAY or FILE.safetensors:TENSOR{advice}")));
    };
    let metadata = fs::metadata(&path).map_err(|error| refuse(error.to_string()))?;
    if !metadata.is_file() {
        return Err(refuse("is not a file".into()));
    }
    let file = File::open(&path).map_err(|error| refuse(error.to_string()))?;
    let bytes = |file| Bytes { file: BufReader::new(file), left: Some(metadata.len()) };
    let opened = match kind {
        0 => npy::open(bytes(file)).map(Opened::boxed),
        1 => npz::open(file, tensor),
        _ => safetensors::open(bytes(file), tensor).map(Opened::boxed),
    };
    opened.map_err(refuse)
}

/// A tensor in a file: its header has been read, its elements have not.
pub struct Opened<R = Box<dyn Read>> {
    bytes: Bytes<R>,
    shape: Vec<usize>,
    stored: Stored,
    big_endian: bool,
    /// Whether the first axis varies fastest.
    by_columns: bool,
    /// The number of items of the first axis that were read.
    taken: usize,
}

impl<R: Read + 'static> Opened<R> {
    fn boxed(self) -> Opened {
        let bytes = Bytes { file: Box::new(self.bytes.file) as Box<dyn Read>, left: self.bytes.left };
        let Opened { shape, stored, big_endian, by_columns, taken, .. } = self;
        Opened { bytes, shape, stored, big_endian, by_columns, taken }
    }
}

impl<R: Read> Opened<R> {
    /// The shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The element type in memory.
    pub fn dtype(&self) -> DType {
        self.stored.dtype()
    }

    /// Whether [`next`](Self::next) can read it in pieces.
    pub fn can_be_cut(&self) -> bool {
        !self.by_columns && !self.shape.is_empty()
    }

    /// Reads the next `items` of the first axis, or as many as are left. The tensor must [allow it](Self::can_be_cut).
    pub fn next(&mut self, items: usize) -> Result<Array, String> {
        let (first, rest) = self.shape.split_first().map_or((1, &[][..]), |(first, rest)| (*first, rest));
        let items = items.min(first - self.taken);
        let shape = [&[items], rest].concat();
        self.taken += items;
        let (is_last, elements) = (self.taken == first, self.elements(&shape)?);
        if is_last {
            self.bytes.end()?;
        }
        self.stored.array(shape, &elements, self.big_endian)
    }

    /// Reads the whole tensor, of which nothing was read before.
    pub fn rest(&mut self) -> Result<Array, String> {
        let mut elements = self.elements(&self.shape.clone())?;
        self.bytes.end()?;
        if self.by_columns {
            elements = npy::row_major(&elements, &self.shape, self.stored.size());
        }
        self.stored.array(self.shape.clone(), &elements, self.big_endian)
    }

    fn elements(&mut self, shape: &[usize]) -> Result<Vec<u8>, String> {
        let size = bytes_of(shape, self.stored).ok_or("is cut off")?;
        self.bytes.next(size)?.ok_or_else(|| "is cut off".into())
    }
}

/// The bytes that elements of this shape take in the file; `None` if their number does not fit into a `usize`.
fn bytes_of(shape: &[usize], stored: Stored) -> Option<usize> {
    shape.iter().try_fold(stored.size(), |size, &axis| size.checked_mul(axis))
}

/// The unread rest of a file.
pub struct Bytes<R> {
    file: R,
    /// The number of bytes left, if the length is known before they are read.
    left: Option<u64>,
}

#[cfg(any(test, feature = "fuzzing"))]
impl<'a> Bytes<io::Cursor<&'a [u8]>> {
    /// The bytes of a file in memory.
    pub fn of(bytes: &'a [u8]) -> Self {
        Bytes { file: io::Cursor::new(bytes), left: Some(bytes.len() as u64) }
    }
}

impl<R: Read + Seek> Bytes<R> {
    /// Skips `count` bytes, which must be left.
    pub fn skip(&mut self, count: usize) -> Result<(), String> {
        let offset = i64::try_from(count).map_err(|error| error.to_string())?;
        self.file.seek_relative(offset).map_err(|error| error.to_string())?;
        self.left = self.left.map(|left| left - count as u64);
        Ok(())
    }
}

impl<R: Read> Bytes<R> {
    /// The bytes of a pipe or of a decompression, whose length is not known in advance.
    pub fn of_unknown_length(file: R) -> Bytes<R> {
        Bytes { file, left: None }
    }

    /// Reads the next `count` bytes; `None` if fewer are left. Allocates memory only for bytes that are there.
    pub fn next(&mut self, count: usize) -> Result<Option<Vec<u8>>, String> {
        if self.left.is_some_and(|left| count as u64 > left) {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(if self.left.is_some() { count } else { 0 });
        (&mut self.file).take(count as u64).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        self.left = self.left.map(|left| left - bytes.len() as u64);
        Ok((bytes.len() == count).then_some(bytes))
    }

    /// Refuses bytes after the last element. If the length was known, it has already been compared with the header.
    fn end(&mut self) -> Result<(), String> {
        match self.left.is_none() && self.next(1)?.is_some() {
            true => Err("is damaged: more bytes follow its last element".into()),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_tensor_file_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("folder.npy");
        fs::create_dir(&folder).unwrap();
        let text = directory.path().join("notes.txt");
        fs::write(&text, "x").unwrap();
        let missing = directory.path().join("missing.safetensors:x");
        for (path, expected) in [(folder, "is not a file"), (text, "expected FILE.npy"), (missing, "os error")] {
            let place = path.to_str().unwrap();
            let why = read(place).unwrap_err().to_string();
            assert!(why.starts_with(place) && why.contains(expected), "{why} does not say {expected}");
        }
    }
}
