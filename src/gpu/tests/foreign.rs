//! Users' leaves: whatever their text, the result is success, or an error that says where it is wrong.

use crate::error::Error;
use crate::gpu::foreign::prepare;

/// A leaf over elements, with `before` in front of it.
fn leaf(before: &str) -> String {
    format!(
        "{before}fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {{
            return ElementScore(v.x, vec4<f32>(1.0));
        }}"
    )
}

#[test]
fn a_leaf_from_outside_is_prepared_on_every_kind_of_adapter() {
    for kind in 0..4 {
        assert_eq!(prepare(0, kind, &leaf("")), Ok(()), "{kind}");
    }
}

/// Fuzzing found that a plan panicked, because it did not know what such a binding stands for.
#[test]
fn a_leaf_that_declares_a_binding_is_refused() {
    for before in [
        "@group(0) @binding(9) var<storage, read_write> stolen: array<u32>;\n",
        "@group(0) @binding(99) var<storage, read> x0: array<u32>;\n",
        "/*\n@group(0) @binding(1) var<uniform> other: u32;\n*/\n",
    ] {
        let refused = prepare(0, 1, &leaf(before)).expect_err(before);
        let Error::InvalidShader { path, message } = &refused else { panic!("{before}: {refused}") };
        assert!(path == "foreign" && message.contains("a leaf declares no binding"), "{before}: {refused}");
    }
    // the scan does not know this form of a declaration, so the compiler may refuse it
    let refused = prepare(0, 1, &leaf("@binding(9) @group(0)\nvar<storage> stolen: array<u32>;\n\n"));
    assert!(matches!(refused, Ok(()) | Err(Error::InvalidShader { .. })), "{refused:?}");
}
