//! Arrays and numbers as the bytes that travel between ranks.

use wgloss::half::{bf16, f16};
use wgloss::{Array, DType, Data};

/// The bytes of an array of floats: 2 for each f16 or bf16, otherwise 4 of an f32.
pub fn of_array(array: &Array) -> Vec<u8> {
    match array.data() {
        Data::F16(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        Data::BF16(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        _ => of_floats(&array.to_f32()),
    }
}

/// The array whose `of_array` gives these bytes.
pub fn to_array(bytes: &[u8], dtype: DType, shape: &[usize]) -> wgloss::Result<Array> {
    let words = bytes.chunks_exact(2).map(|word| word.try_into().unwrap_or_default());
    match dtype {
        DType::F16 => Array::new(&words.map(f16::from_le_bytes).collect::<Vec<_>>(), shape),
        DType::BF16 => Array::new(&words.map(bf16::from_le_bytes).collect::<Vec<_>>(), shape),
        _ => Array::new(&floats(bytes), shape),
    }
}

/// The numbers of an array of integers, as i64.
pub fn labels(array: &Array) -> Vec<i64> {
    match array.data() {
        Data::I64(labels) => labels.to_vec(),
        // i32, u32 and u8 are exact in f64
        _ => array.to_f64().into_iter().map(|label| label as i64).collect(),
    }
}

pub fn of_floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap_or_default())).collect()
}

pub fn of_words(words: impl IntoIterator<Item = u64>) -> Vec<u8> {
    words.into_iter().flat_map(u64::to_le_bytes).collect()
}

pub fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default())).collect()
}
