//! Converts tensors between JavaScript and the library: typed arrays with shapes.

use crate::error::bad_operand;
use crate::js::{get, list, numbers, object};
use js_sys::{
    ArrayBuffer, BigInt64Array, Float32Array, Float64Array, Int32Array, Uint8Array, Uint8ClampedArray, Uint16Array,
    Uint32Array,
};
use std::sync::Arc;
use wasm_bindgen::{JsCast, JsValue};
use wgloss::half::{bf16, f16};
use wgloss::{Array, Data, Error};

/// Why something that holds no elements is refused.
const NO_TENSOR: &str = "is no tensor: expected a typed array, or { data, shape } with a typed array";

/// Why a `Uint16Array` is refused that comes without its dtype, or with another.
const NO_DTYPE: &str = "is a Uint16Array: expected { data, shape, dtype } with the dtype \"f16\" or \"bf16\"";

/// An operand from JavaScript: a typed array, or an object with `data` and `shape`.
pub fn from_js(loss: &'static str, operand: &str, given: &JsValue) -> Result<Array, Error> {
    let refuse = |reason: &str| bad_operand(loss, operand, reason);
    let (held, shape) = match ArrayBuffer::is_view(given) {
        true => (given.clone(), None),
        false => (get(given, "data"), Some(get(given, "shape"))),
    };
    let data = data(&held, &get(given, "dtype")).map_err(refuse)?;
    let shape = match shape {
        None => vec![get(&held, "length").as_f64().unwrap_or_default() as usize],
        Some(shape) => {
            axes(&shape).ok_or_else(|| refuse("has no shape: expected `shape` to be an array of whole numbers"))?
        }
    };
    Array::from_data(data, shape).map_err(|error| match error {
        Error::ShapeMismatch { expected, got, .. } => {
            Error::ShapeMismatch { loss, operand: operand.into(), expected, got }
        }
        error => error,
    })
}

fn axes(shape: &JsValue) -> Option<Vec<usize>> {
    let is_axis = |axis: f64| axis >= 0.0 && axis.fract() == 0.0 && axis <= f64::from(u32::MAX);
    numbers(shape)?.into_iter().map(|axis| is_axis(axis).then_some(axis as usize)).collect()
}

/// The elements of a typed array, or why they are refused. `dtype` says which 16-bit floats a `Uint16Array` holds.
fn data(held: &JsValue, dtype: &JsValue) -> Result<Data, &'static str> {
    if let Some(array) = held.dyn_ref::<Float32Array>() {
        return Ok(Data::F32(array.to_vec().into()));
    }
    if let Some(array) = held.dyn_ref::<Int32Array>() {
        return Ok(Data::I32(array.to_vec().into()));
    }
    if let Some(array) = held.dyn_ref::<Uint32Array>() {
        return Ok(Data::U32(array.to_vec().into()));
    }
    if let Some(array) = held.dyn_ref::<Uint8Array>() {
        return Ok(Data::U8(array.to_vec().into()));
    }
    if let Some(array) = held.dyn_ref::<Uint8ClampedArray>() {
        return Ok(Data::U8(array.to_vec().into()));
    }
    if let Some(array) = held.dyn_ref::<BigInt64Array>() {
        return Ok(Data::I64(array.to_vec().into()));
    }
    if let Some(array) = held.dyn_ref::<Float64Array>() {
        return Ok(Data::F64(array.to_vec().into()));
    }
    // js-sys has no type for a Float16Array yet, so it is recognised by its name
    let name = get(&get(held, "constructor"), "name").as_string();
    let dtype = match name.as_deref() {
        Some("Float16Array") => Some("f16".into()),
        Some("Uint16Array") => dtype.as_string(),
        _ => return Err(NO_TENSOR),
    };
    let buffer = get(held, "buffer").dyn_into::<ArrayBuffer>().map_err(|_| NO_TENSOR)?;
    let number = |name| get(held, name).as_f64().unwrap_or_default() as u32;
    let bits = Uint16Array::new_with_byte_offset_and_length(&buffer, number("byteOffset"), number("length")).to_vec();
    match dtype.as_deref() {
        Some("f16") => Ok(Data::F16(bits.into_iter().map(f16::from_bits).collect::<Arc<[f16]>>())),
        Some("bf16") => Ok(Data::BF16(bits.into_iter().map(bf16::from_bits).collect::<Arc<[bf16]>>())),
        _ => Err(NO_DTYPE),
    }
}

/// A result as `{ data, shape }`. Its numbers are in a `Uint32Array` if they are classes, and otherwise in a `Float32Array`.
pub fn to_js(array: &Array) -> JsValue {
    let data: JsValue = match array.data() {
        Data::U32(classes) => Uint32Array::from(&classes[..]).into(),
        _ => Float32Array::from(array.to_f32().as_slice()).into(),
    };
    object([("data", data), ("shape", list(array.shape(), |&axis| (axis as f64).into()))])
}
