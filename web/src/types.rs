//! The TypeScript types of the package.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const CALLS: &str = include_str!("wgloss.d.ts");

#[wasm_bindgen(typescript_custom_section)]
const LOSSES: &str = include_str!(concat!(env!("OUT_DIR"), "/losses.d.ts"));
