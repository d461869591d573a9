//! The library in a Rust program in a browser: what differs there from other platforms.

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use wgloss::{DType, Error, Gpu, Gradient, Mse, Outputs, wgpu};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn outputs_whose_bindings_share_bytes_are_refused() {
    let gpu = Gpu::request().await.expect("a GPU");
    let x = gpu.upload(&[1.0f32, 2.0], [2]).expect("a tensor");
    let t = gpu.upload(&[1.0f32, 4.0], [2]).expect("a tensor");
    let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some("gradients"),
        size: 1024,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    });
    let at = |begin: u64| gpu.wrap(buffer.slice(begin..begin + 8), [2], DType::F32).expect("a slice");
    let prepare = |of_x: u64, of_t: u64| {
        let gradients = vec![Gradient::store(&x, &at(of_x)), Gradient::store(&t, &at(of_t))];
        gpu.prepare(&Mse::default().of(&x, &t), &Outputs { gradients, ..Outputs::default() })
    };
    let refused = prepare(0, 64).expect_err("the bindings share bytes");
    assert!(matches!(refused, Error::OverlappingBuffers { rule: Some(_), .. }), "{refused}");
    assert!(refused.to_string().contains("256 bytes"), "{refused}");
    let job = prepare(0, 256).expect("the bindings share no bytes");
    assert_eq!(job.run().expect("a run").loss().await, Ok(2.0));
    assert_eq!(at(256).read().await.expect("a gradient").to_f32(), [0.0, 2.0]);
}
