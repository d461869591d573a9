//! How numbers are stored in files, and what they become in memory.

use std::sync::Arc;
use wgloss::half::{bf16, f16};
use wgloss::{Array, DType, Data};

/// The most axes of a tensor, which is NumPy's limit too. It keeps the headers that `npy` writes below the 64 KiB that their
/// format allows.
const MOST_AXES: usize = 64;

/// How the elements of a tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    BF16,
    F32,
    F64,
}

impl Stored {
    /// The size of an element in the file, in bytes.
    pub fn size(self) -> usize {
        match self {
            Stored::Bool | Stored::U8 | Stored::I8 => 1,
            Stored::U16 | Stored::I16 | Stored::F16 | Stored::BF16 => 2,
            Stored::U32 | Stored::I32 | Stored::F32 => 4,
            Stored::U64 | Stored::I64 | Stored::F64 => 8,
        }
    }

    /// The dtype in memory: the smallest that losses take and that holds all values. None holds all of u64, whose values above
    /// `i64::MAX` become `i64::MAX`.
    pub fn dtype(self) -> DType {
        match self {
            Stored::Bool | Stored::U8 => DType::U8,
            Stored::I8 | Stored::U16 | Stored::I16 | Stored::I32 => DType::I32,
            Stored::U32 => DType::U32,
            Stored::U64 | Stored::I64 => DType::I64,
            Stored::F16 => DType::F16,
            Stored::BF16 => DType::BF16,
            Stored::F32 => DType::F32,
            Stored::F64 => DType::F64,
        }
    }

    /// Decodes elements in row-major order into an array.
    pub fn array(self, shape: Vec<usize>, bytes: &[u8], big_endian: bool) -> Result<Array, String> {
        /// Reads each element as `$type`, converts it by `$map` if given, and stores it in the variant `$name` of `Data`.
        macro_rules! decode {
            ($name:ident, $type:ty) => {
                decode!($name, $type, |x| x)
            };
            ($name:ident, $type:ty, $map:expr) => {{
                let of = if big_endian { <$type>::from_be_bytes } else { <$type>::from_le_bytes };
                let chunks = bytes.chunks_exact(size_of::<$type>());
                let map = $map;
                Data::$name(chunks.map(|chunk| map(of(chunk.try_into().expect("a chunk of this size")))).collect())
            }};
        }
        if shape.len() > MOST_AXES {
            return Err(format!("has {} axes, more than {MOST_AXES}", shape.len()));
        }
        let data = match self {
            Stored::Bool => Data::U8(bytes.iter().map(|&byte| u8::from(byte != 0)).collect()),
            Stored::U8 => Data::U8(Arc::from(bytes)),
            Stored::I8 => decode!(I32, i8, i32::from),
            Stored::U16 => decode!(I32, u16, i32::from),
            Stored::I16 => decode!(I32, i16, i32::from),
            Stored::U32 => decode!(U32, u32),
            Stored::I32 => decode!(I32, i32),
            Stored::U64 => decode!(I64, u64, |x| i64::try_from(x).unwrap_or(i64::MAX)),
            Stored::I64 => decode!(I64, i64),
            Stored::F16 => decode!(F16, f16),
            Stored::BF16 => decode!(BF16, bf16),
            Stored::F32 => decode!(F32, f32),
            Stored::F64 => decode!(F64, f64),
        };
        Array::from_data(data, shape).map_err(|error| error.to_string())
    }
}
