//! Users' leaves: whatever the text of a leaf, the result is success, or an error that says where the text is wrong.

use crate::error::Error;
use crate::gpu::namespace::{CALLED, TYPES};
use crate::gpu::outside_leaf::prepare;
use crate::gpu::shaders::FILES;
use std::collections::BTreeSet;

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

/// Fuzzing found that a plan panicked, because it did not know what to bind there.
#[test]
fn a_leaf_that_declares_a_binding_is_refused() {
    for before in [
        "@group(0) @binding(9) var<storage, read_write> stolen: array<u32>;\n",
        "@group(0) @binding(99) var<storage, read> x0: array<u32>;\n",
        "/*\n@group(0) @binding(1) var<uniform> other: u32;\n*/\n",
    ] {
        let refused = prepare(0, 1, &leaf(before)).expect_err(before);
        let Error::InvalidShader { path, message } = &refused else { panic!("{before}: {refused}") };
        assert!(path == "foreign" && message.contains("a leaf must not declare a binding"), "{before}: {refused}");
    }
    // the scan does not know this form of a declaration, so the compiler may refuse it
    let refused = prepare(0, 1, &leaf("@binding(9) @group(0)\nvar<storage> stolen: array<u32>;\n\n"));
    assert!(matches!(refused, Ok(()) | Err(Error::InvalidShader { .. })), "{refused:?}");
}

/// The names that this library's files declare outside functions.
fn names() -> BTreeSet<&'static str> {
    let kinds = ["fn ", "struct ", "alias ", "const ", "override ", "var<workgroup> "];
    let named = |line: &'static str| {
        let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind));
        let rest = rest.or_else(|| line.strip_prefix("@group(0) @binding(")?.split_once("> ").map(|(_, rest)| rest))?;
        rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()
    };
    FILES.iter().flat_map(|source| source.text.lines()).filter_map(named).collect()
}

#[test]
fn a_leaf_may_declare_every_name_of_the_librarys() {
    let names = names();
    for name in ["difference", "params", "tally_merge", "X0_DTYPE", "workspace", "Tally"] {
        assert!(names.contains(name), "{name} is not found");
    }
    let free = names.iter().filter(|name| !CALLED.contains(name) && !TYPES.contains(name));
    let own: String = free.map(|name| format!("const {name}: f32 = 1.0;\n")).collect();
    for kind in 0..4 {
        assert_eq!(prepare(0, kind, &leaf(&own)), Ok(()), "{kind}");
    }
    for name in TYPES {
        let refused = prepare(0, 0, &leaf(&format!("struct {name} {{ x: f32 }}\n"))).expect_err(name).to_string();
        assert!(refused.contains("in foreign, line 1"), "{refused}");
    }
}

#[test]
fn an_unknown_name_is_an_error_of_the_leaf_by_its_line() {
    for body in ["option(nosuch)", "nosuch"] {
        let refused = prepare(0, 0, &leaf(&format!("// a comment\nfn other() -> f32 {{\n    return {body};\n}}\n")));
        let Err(Error::InvalidShader { path, message }) = &refused else { panic!("{body}: {refused:?}") };
        assert!(path == "foreign" && message.contains("in foreign, line 3") && message.contains("nosuch"), "{message}");
    }
}
