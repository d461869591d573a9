//! Tensors in files: `.npy` and `.safetensors` in, `.npy` out.

pub mod npy;
pub mod output;
pub mod safetensors;

use crate::failure::Failure;
use std::fs;
use wgloss::half::{bf16, f16};
use wgloss::{Array, DType, Element};

/// NumPy's own limit, which keeps a header that is written from this shape within its bounds.
const MOST_AXES: usize = 64;

/// Reads `FILE.npy` or `FILE.safetensors:TENSOR`.
pub fn read(place: &str) -> Result<Array, Failure> {
    let refuse = |why: String| Failure::Input(format!("{place}: {why}"));
    let (path, tensor) = match place.split_once(".safetensors:") {
        Some((stem, tensor)) => (format!("{stem}.safetensors"), Some(tensor)),
        None => (place.to_string(), None),
    };
    let safetensors = path.ends_with(".safetensors");
    if !safetensors && !path.ends_with(".npy") {
        return Err(refuse("the files read are FILE.npy and FILE.safetensors:TENSOR".into()));
    }
    let metadata = fs::metadata(&path).map_err(|error| refuse(error.to_string()))?;
    if !metadata.is_file() {
        return Err(refuse("is not a file".into()));
    }
    let bytes = fs::read(&path).map_err(|error| refuse(error.to_string()))?;
    let array = if safetensors { safetensors::parse(&bytes, tensor) } else { npy::parse(&bytes) };
    array.map_err(refuse)
}

/// The array of this shape whose elements are these bytes, little-endian and in row-major order.
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
    fn what_is_not_a_tensor_file_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("folder.npy");
        fs::create_dir(&folder).unwrap();
        let text = directory.path().join("notes.txt");
        fs::write(&text, "x").unwrap();
        let missing = directory.path().join("missing.safetensors:x");
        for (path, expected) in [(folder, "is not a file"), (text, "the files read are"), (missing, "os error")] {
            let place = path.to_str().unwrap();
            let why = read(place).unwrap_err().to_string();
            assert!(why.starts_with(place) && why.contains(expected), "{why} does not say {expected}");
        }
    }
}
