//! Reads and writes the properties of JavaScript objects.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// An object with these properties.
pub fn object<const N: usize>(properties: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        set(&object, name, &value);
    }
    object.into()
}

/// Sets a property of an object that was made here, and so accepts any property.
pub fn set(object: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("an object that was made here takes every property");
}

/// A property; `undefined` if there is none, or if `object` is not an object.
pub fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// The names and values of an object's properties, without those that are `undefined`. Empty for `undefined` and `null`.
pub fn entries(object: &JsValue) -> Vec<(String, JsValue)> {
    if !object.is_object() {
        return Vec::new();
    }
    let entries = Object::entries(object.unchecked_ref());
    let entries = entries.iter().map(|entry| Array::from(&entry));
    let named = entries.map(|entry| (entry.get(0).as_string().unwrap_or_default(), entry.get(1)));
    named.filter(|(_, value)| !value.is_undefined()).collect()
}

/// An array with `value` of each item.
pub fn list<T>(items: impl IntoIterator<Item = T>, value: impl FnMut(T) -> JsValue) -> JsValue {
    items.into_iter().map(value).collect::<Array>().into()
}

/// The numbers of an array; `None` if it isn't an array, or holds anything else.
pub fn numbers(value: &JsValue) -> Option<Vec<f64>> {
    if !Array::is_array(value) {
        return None;
    }
    Array::from(value).iter().map(|number| number.as_f64()).collect()
}

/// A value for an error message: as JSON, or its type.
pub fn shown(value: &JsValue) -> String {
    let json = js_sys::JSON::stringify(value).ok().and_then(|text| text.as_string());
    json.unwrap_or_else(|| value.js_typeof().as_string().unwrap_or_default())
}
