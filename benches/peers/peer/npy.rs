//! Reads `.npy` files as the benchmark writes them: version 1, little-endian, f32 or i64.

use std::fs;
use std::path::Path;

/// An operand.
pub struct Array {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its elements.
    pub data: Data,
}

/// The elements of an [`Array`].
pub enum Data {
    /// Numbers.
    Floats(Vec<f32>),
    /// Labels.
    Labels(Vec<i32>),
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Array, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&bytes).ok_or_else(|| format!("{} is no .npy file of f32 or i64", path.display()))
}

fn parse(bytes: &[u8]) -> Option<Array> {
    let rest = bytes.strip_prefix(b"\x93NUMPY\x01\x00")?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (header, elements) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let header = std::str::from_utf8(header).ok()?;
    let sizes = header.split_once("'shape': (")?.1.split_once(')')?.0;
    let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape = sizes.map(str::parse).collect::<Result<Vec<usize>, _>>().ok()?;
    let data = if header.contains("'<f4'") {
        Data::Floats(elements.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    } else if header.contains("'<i8'") {
        Data::Labels(elements.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as i32).collect())
    } else {
        return None;
    };
    let length = match &data {
        Data::Floats(floats) => floats.len(),
        Data::Labels(labels) => labels.len(),
    };
    (length == shape.iter().product::<usize>()).then_some(Array { shape, data })
}
