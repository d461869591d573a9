//! Describes the browser's GPU: its names, its longest binding, and whether it can measure time.

use crate::js::object;
use wasm_bindgen::JsValue;

/// Describes the adapter of a context, as far as the browser does.
pub fn description(gpu: &wgloss::Gpu) -> JsValue {
    let info = gpu.device().adapter_info();
    let limits = gpu.device().limits();
    object([
        ("name", info.name.into()),
        ("driver", [info.driver, info.driver_info].join(" ").trim().into()),
        ("max_binding_bytes", (limits.max_storage_buffer_binding_size as f64).into()),
        ("timestamps", gpu.device().features().contains(wgloss::wgpu::Features::TIMESTAMP_QUERY).into()),
    ])
}
