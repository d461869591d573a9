//! Reads tensors of `.safetensors` files.

use super::stored::Stored;
use super::{Bytes, Opened};
use safetensors::tensor::{Dtype, Metadata};
use std::io::{Read, Seek};
#[cfg(any(test, feature = "fuzzing"))]
use wgloss::Array;

/// The longest header that is read: the format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;

/// Reads the tensor named `tensor`.
#[cfg(any(test, feature = "fuzzing"))]
pub fn read(bytes: Bytes<impl Read + Seek>, tensor: Option<&str>) -> Result<Array, String> {
    open(bytes, tensor)?.rest()
}

/// Opens the tensor named `tensor`. Of the file, only the header is held in memory.
pub fn open<R: Read + Seek>(mut bytes: Bytes<R>, tensor: Option<&str>) -> Result<Opened<R>, String> {
    let cut_off = || "is damaged: it is cut off in its header".to_string();
    let size = bytes.next(8)?.ok_or_else(cut_off)?;
    let size = size.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let size = usize::try_from(size.min(LONGEST_HEADER + 1)).map_err(|error| error.to_string())?;
    if size as u64 > LONGEST_HEADER {
        return Err(format!("is damaged: its header is longer than {LONGEST_HEADER} bytes"));
    }
    let header = bytes.next(size)?.ok_or_else(cut_off)?;
    // deserialising checks shapes, dtypes and offsets against each other
    let file: Metadata = serde_json::from_slice(&header).map_err(|error| format!("is damaged: {error}"))?;
    if let Some(held) = bytes.left.filter(|held| *held != file.data_len() as u64) {
        let named = file.data_len();
        return Err(format!("is damaged: its tensors take {named} bytes, and {held} follow its header"));
    }
    let mut names = file.offset_keys();
    names.sort_unstable();
    let Some(tensor) = tensor else {
        return Err(format!("expected FILE.safetensors:TENSOR; its tensors are {}", names.join(", ")));
    };
    let info = file.info(tensor).ok_or_else(|| format!("has no such tensor; it has {}", names.join(", ")))?;
    let stored = stored(info.dtype)?;
    bytes.skip(info.data_offsets.0)?;
    Ok(Opened { bytes, shape: info.shape.clone(), stored, big_endian: false, by_columns: false, taken: 0 })
}

/// A tensor as an array.
#[cfg(feature = "fuzzing")]
pub fn array(view: &safetensors::tensor::TensorView<'_>) -> Result<Array, String> {
    stored(view.dtype())?.array(view.shape().to_vec(), view.data(), false)
}

fn stored(dtype: Dtype) -> Result<Stored, String> {
    Ok(match dtype {
        Dtype::BOOL => Stored::Bool,
        Dtype::U8 => Stored::U8,
        Dtype::I8 => Stored::I8,
        Dtype::U16 => Stored::U16,
        Dtype::I16 => Stored::I16,
        Dtype::U32 => Stored::U32,
        Dtype::I32 => Stored::I32,
        Dtype::U64 => Stored::U64,
        Dtype::I64 => Stored::I64,
        Dtype::F16 => Stored::F16,
        Dtype::BF16 => Stored::BF16,
        Dtype::F32 => Stored::F32,
        Dtype::F64 => Stored::F64,
        other => return Err(format!("holds {other:?}, which is not read")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgloss::DType;

    fn parse(bytes: &[u8], tensor: Option<&str>) -> Result<Array, String> {
        read(Bytes::of(bytes), tensor)
    }

    fn file(header: &str, elements: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), elements].concat()
    }

    fn header(dtype: &str, shape: &str, end: usize) -> String {
        format!(r#"{{"x":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{end}]}}}}"#)
    }

    #[test]
    fn tensors_are_read_by_name() {
        let bytes = file(&header("I32", "[2,1]", 8), &[1, 0, 0, 0, 255, 255, 255, 255]);
        let array = parse(&bytes, Some("x")).unwrap();
        assert_eq!((array.shape(), array.dtype(), array.to_f64()), (&[2, 1][..], DType::I32, vec![1.0, -1.0]));
    }

    #[test]
    fn f16_and_bf16_keep_their_dtype() {
        // 1.5, and the smallest subnormal
        for (name, dtype, elements, least) in [
            ("F16", DType::F16, [0x00, 0x3e, 1, 0], 2f64.powi(-24)),
            ("BF16", DType::BF16, [0xc0, 0x3f, 1, 0], 2f64.powi(-133)),
        ] {
            let array = parse(&file(&header(name, "[2]", 4), &elements), Some("x")).unwrap();
            assert_eq!((array.dtype(), array.to_f64()), (dtype, vec![1.5, least]));
        }
    }

    #[test]
    fn damaged_files_are_refused() {
        let good = file(&header("F32", "[2]", 8), &[0; 8]);
        assert!(parse(&good, Some("x")).is_ok());
        let damaged = [
            (Vec::new(), Some("x"), "is damaged"),
            (good[..20].to_vec(), Some("x"), "is damaged"),
            (good[..good.len() - 1].to_vec(), Some("x"), "is damaged"),
            ([&[255; 8], &good[8..]].concat(), Some("x"), "is damaged"),
            (file(&header("F32", "[3]", 8), &[0; 8]), Some("x"), "is damaged"),
            (file(&header("F32", "[4611686018427387904,4]", 8), &[0; 8]), Some("x"), "is damaged"),
            (file(&header("F99", "[2]", 8), &[0; 8]), Some("x"), "is damaged"),
            (file(&header("C64", "[1]", 8), &[0; 8]), Some("x"), "holds C64"),
            (good.clone(), Some("y"), "no such tensor; it has x"),
            (good.clone(), None, "FILE.safetensors:TENSOR"),
        ];
        for (bytes, tensor, expected) in damaged {
            let why = parse(&bytes, tensor).expect_err(expected);
            assert!(why.contains(expected), "{why} does not say {expected}");
        }
    }
}
