//! Tensors in files: reads `.npy` and `.safetensors`, writes `.npy`.

pub mod npy;
pub mod output;
pub mod safetensors;
mod signals;

use crate::failure::Failure;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use wgloss::half::{bf16, f16};
use wgloss::{Array, DType, Element};

/// NumPy's own limit. It keeps the headers that `npy` writes below their 64 KiB.
const MOST_AXES: usize = 64;

/// Splits `FILE.npy` or `FILE.safetensors:TENSOR` into the path and the tensor's name.
fn split(place: &str) -> (String, Option<&str>) {
    match place.split_once(".safetensors:") {
        Some((stem, tensor)) => (format!("{stem}.safetensors"), Some(tensor)),
        None => (place.to_string(), None),
    }
}

/// The path of the file in `FILE.npy` or `FILE.safetensors:TENSOR`, without links; `None` if it does not exist.
pub fn source(place: &str) -> Option<PathBuf> {
    fs::canonicalize(split(place).0).ok()
}

/// Reads `FILE.npy` or `FILE.safetensors:TENSOR`. Checks the whole header before it reads elements.
pub fn read(place: &str) -> Result<Array, Failure> {
    let refuse = |why: String| Failure::Input(format!("{place}: {why}"));
    let (path, tensor) = split(place);
    let safetensors = path.ends_with(".safetensors");
    if !safetensors && !path.ends_with(".npy") {
        return Err(refuse("expected FILE.npy or FILE.safetensors:TENSOR".into()));
    }
    let metadata = fs::metadata(&path).map_err(|error| refuse(error.to_string()))?;
    if !metadata.is_file() {
        return Err(refuse("is not a file".into()));
    }
    let file = File::open(&path).map_err(|error| refuse(error.to_string()))?;
    let mut bytes = Bytes { file: BufReader::new(file), left: metadata.len() };
    let array = if safetensors { safetensors::read(&mut bytes, tensor) } else { npy::read(&mut bytes) };
    array.map_err(refuse)
}

/// The unread rest of a file.
pub struct Bytes<R> {
    file: R,
    left: u64,
}

impl Bytes<&[u8]> {
    /// The bytes of a file in memory.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn of(bytes: &[u8]) -> Bytes<&[u8]> {
        Bytes { file: bytes, left: bytes.len() as u64 }
    }
}

impl<R: Read> Bytes<R> {
    /// Reads the next `count` bytes; `None` if fewer are left. Allocates only after that check.
    pub fn next(&mut self, count: usize) -> Result<Option<Vec<u8>>, String> {
        if count as u64 > self.left {
            return Ok(None);
        }
        let mut bytes = vec![0; count];
        self.file.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        self.left -= count as u64;
        Ok(Some(bytes))
    }

    /// Skips `count` bytes, which must be left.
    pub fn skip(&mut self, count: usize) -> Result<(), String> {
        io::copy(&mut (&mut self.file).take(count as u64), &mut io::sink()).map_err(|error| error.to_string())?;
        self.left -= count as u64;
        Ok(())
    }
}

/// Makes an array of little-endian elements in row-major order.
fn array(dtype: DType, shape: Vec<usize>, bytes: &[u8]) -> Result<Array, String> {
    fn decode<E: Element, const N: usize>(
        bytes: &[u8],
        shape: Vec<usize>,
        of: fn([u8; N]) -> E,
    ) -> wgloss::Result<Array> {
        let element = |chunk: &[u8]| of(chunk.try_into().expect("chunks are of the size asked for"));
        Array::new(&bytes.chunks_exact(N).map(element).collect::<Vec<E>>(), shape)
    }
    if shape.len() > MOST_AXES {
        return Err(format!("has {} axes, more than {MOST_AXES}", shape.len()));
    }
    let array = match dtype {
        DType::F32 => decode(bytes, shape, f32::from_le_bytes),
        DType::F16 => decode(bytes, shape, f16::from_le_bytes),
        DType::BF16 => decode(bytes, shape, bf16::from_le_bytes),
        DType::F64 => decode(bytes, shape, f64::from_le_bytes),
        DType::I32 => decode(bytes, shape, i32::from_le_bytes),
        DType::U32 => decode(bytes, shape, u32::from_le_bytes),
        DType::U8 => decode(bytes, shape, u8::from_le_bytes),
        DType::I64 => decode(bytes, shape, i64::from_le_bytes),
        other => return Err(format!("holds {other}, which is not read")),
    };
    array.map_err(|error| error.to_string())
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
