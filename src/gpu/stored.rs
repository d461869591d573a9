//! How a GPU stores an array's elements: f64 as f32, and i64 as i32 if all of them fit.

use crate::array::Data;
use crate::shape::DType;

/// The elements in the narrower type in which a GPU stores them, or `None` if it stores them as they are.
pub(super) fn narrowed(data: &Data) -> Option<Data> {
    match data {
        Data::F64(x) => Some(Data::F32(x.iter().map(|&x| x as f32).collect())),
        // if a label does not fit, all stay i64, and the loss that reads them decides which are good
        Data::I64(x) => {
            let labels: Result<Vec<i32>, _> = x.iter().map(|&label| i32::try_from(label)).collect();
            labels.ok().map(|labels| Data::I32(labels.into()))
        }
        _ => None,
    }
}

/// The elements' bytes and type.
pub(super) fn bytes(data: &Data) -> (&[u8], DType) {
    match data {
        Data::F32(x) => (bytemuck::cast_slice(x), DType::F32),
        Data::F16(x) => (bytemuck::cast_slice(x), DType::F16),
        Data::BF16(x) => (bytemuck::cast_slice(x), DType::BF16),
        Data::F64(x) => (bytemuck::cast_slice(x), DType::F64),
        Data::I32(x) => (bytemuck::cast_slice(x), DType::I32),
        Data::U32(x) => (bytemuck::cast_slice(x), DType::U32),
        Data::U8(x) => (x, DType::U8),
        Data::I64(x) => (bytemuck::cast_slice(x), DType::I64),
    }
}

/// The types of elements that can be written to a tensor of this type.
pub(super) fn writable(dtype: DType) -> String {
    match dtype {
        DType::F32 => "f32 or f64".into(),
        DType::I32 => "i32, or i64 if every element fits i32".into(),
        DType::U8 => "u8 or bool".into(),
        own => own.to_string(),
    }
}
