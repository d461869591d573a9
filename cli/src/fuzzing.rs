//! The functions that the fuzz targets in fuzz/ call. They read files and arguments from memory, and never touch the
//! disk.

use crate::failure::Failure;
use crate::files::{Bytes, npy, safetensors};
use crate::{Arguments, Command};
use clap::{CommandFactory, Parser};
use std::sync::Once;
use wgloss::{Array, DType, Data};

/// The most elements of an operand that arguments may describe. The time of some twins grows with the square of it.
const MOST_ELEMENTS: usize = 256;

/// Reads an `.npy` file.
///
/// # Panics
/// If the array holds more elements than the file has bytes, or changes when it is written and read back.
pub fn npy(bytes: &[u8]) {
    let Ok(array) = npy::read(Bytes::of(bytes)) else { return };
    assert_within(&array, bytes);
    let written = npy::bytes(&array);
    let back = npy::read(Bytes::of(&written)).unwrap_or_else(|why| panic!("what was written {why}"));
    assert_same(&array, &back);
}

/// Reads every tensor of a `.safetensors` file, and compares it with what the `safetensors` crate reads.
///
/// # Panics
/// If the two differ, or an array holds more elements than the file has bytes.
pub fn safetensors(bytes: &[u8]) {
    let listed = safetensors::read(Bytes::of(bytes), None).map(drop);
    assert!(listed.is_err(), "a tensor was read that nobody named");
    let theirs = ::safetensors::SafeTensors::deserialize(bytes);
    let names = theirs.as_ref().map_or_else(|_| Vec::new(), |file| file.names());
    for name in names.iter().copied().chain(["x", ""]) {
        let ours = safetensors::read(Bytes::of(bytes), Some(name));
        let view = theirs.as_ref().ok().and_then(|file| file.tensor(name).ok());
        match (ours, view.as_ref().map(safetensors::array)) {
            (Ok(ours), Some(Ok(theirs))) => {
                assert_within(&ours, bytes);
                assert_same(&ours, &theirs);
            }
            (Err(_), None | Some(Err(_))) => {}
            (ours, theirs) => panic!("`{name}`: {ours:?} here, {theirs:?} there"),
        }
    }
}

/// Parses arguments, one a line. Evaluates an `eval` by the twin; a file's name such as `2x3f` describes an array's
/// shape and dtype.
///
/// # Panics
/// If an error has no text.
pub fn arguments(bytes: &[u8]) {
    static CHECKED: Once = Once::new();
    CHECKED.call_once(|| Arguments::command().debug_assert());
    let text = String::from_utf8_lossy(bytes);
    match Arguments::try_parse_from(std::iter::once("wgloss").chain(text.lines())) {
        Err(refused) => assert!(!refused.to_string().trim().is_empty(), "a refusal without a word"),
        Ok(Arguments { command: Command::Eval(eval) }) => {
            wgloss::cpu::set_memory_bound(16 << 20);
            if let Err(refused) = eval.without_files(|place| described(place).map_err(Failure::Input)) {
                assert!(!refused.to_string().trim().is_empty(), "a refusal without a word");
            }
        }
        Ok(_) => {}
    }
}

/// The array that `place` describes: lengths separated by `x`, then a letter for the dtype. Its values are arbitrary;
/// floats have both signs.
fn described(place: &str) -> Result<Array, String> {
    let mut letters = place.chars();
    let dtype = match letters.next_back() {
        Some('f') => DType::F32,
        Some('h') => DType::F16,
        Some('b') => DType::BF16,
        Some('d') => DType::F64,
        Some('i') => DType::I32,
        Some('u') => DType::U8,
        Some('l') => DType::I64,
        _ => return Err(format!("{place}: is no description")),
    };
    let lengths = letters.as_str().split('x').filter(|length| !length.is_empty());
    let shape = lengths.map(|length| length.parse::<usize>().map_err(|error| format!("{place}: {error}")));
    let shape = shape.collect::<Result<Vec<usize>, String>>()?;
    let counted = shape.iter().try_fold(1usize, |count, &length| count.checked_mul(length.max(1)));
    if counted.is_none_or(|count| count > MOST_ELEMENTS) {
        return Err(format!("{place}: is too large"));
    }
    let length = shape.iter().product::<usize>();
    let data = match dtype.is_float() {
        true => Data::F64((0..length).map(|k| f64::from((k % 7) as u8) * 0.3 - 0.5).collect()),
        false => Data::I64((0..length).map(|k| (k % 3) as i64).collect()),
    };
    Ok(Array::from_data(data, shape).map_err(|error| error.to_string())?.cast(dtype))
}

/// Panics if an array has more elements than a file has bytes. It may have more bytes, because some integers of 8 and 16 bits
/// are widened to 32.
fn assert_within(array: &Array, bytes: &[u8]) {
    assert!(array.len() <= bytes.len(), "{} elements of a file of {} bytes", array.len(), bytes.len());
}

fn assert_same(a: &Array, b: &Array) {
    assert_eq!((a.shape(), a.dtype()), (b.shape(), b.dtype()));
    assert_eq!(npy::bytes(a), npy::bytes(b));
}
