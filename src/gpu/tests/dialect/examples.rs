//! Short kernels that each rule refuses or takes. Without them a rule could stop finding anything unnoticed.

use super::RULES;
use super::code::Code;
use crate::gpu::kernel::Kernel;
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::slot;
use crate::gpu::tests::cases::{Case, noop};
use crate::gpu::tests::compiled::{SameText, parse};
use crate::loss::Source;
use naga::valid::Capabilities;

/// The text before each example.
const HEAD: &str = "
struct Params { n: u32, weight: f32, options: array<vec4<f32>, 4> }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
var<workgroup> shared_x: array<f32, 64>;
var<workgroup> shared_flag: u32;
var<private> zero: f32;
override LANES: u32 = 1u;
fn option(place: u32) -> f32 { return params.options[0].x * f32(place); }
fn part_of(share: f32, v: f32) -> f32 { return select(share * v, 0.0, share == 0.0); }
fn merge(lane: u32) { workgroupBarrier(); y[lane] = 0.0; workgroupBarrier(); }
fn add(a: ptr<function, f32>, b: ptr<function, f32>) { *a += *b; }
fn early(v: f32) -> f32 { if v > 0.0 { return v; } return -v; }
fn walk(lane: u32, group: u32, v: vec4<f32>, m: mat4x4<f32>) {
";

/// A rule, and statements that it refuses.
const REFUSED: &[(&str, &str)] = &[
    ("vectors", "y[0] = v[lane];"),
    ("vectors", "y[0] = params.options[1][lane];"),
    ("vectors", "y[0] = params.options[1][params.n];"),
    ("vectors", "var w = v; w[lane] = 1.0; y[0] = w.x;"),
    ("vectors", "y[0] = m[lane].x;"),
    ("flow", "if lane == 0u { workgroupBarrier(); }"),
    ("flow", "if lane == 0u { y[0] = 1.0; } else { workgroupBarrier(); }"),
    ("flow", "if x[0] > 0.0 { workgroupBarrier(); }"),
    ("flow", "if lane > params.n { return; } workgroupBarrier();"),
    ("flow", "if lane > params.n { merge(lane); }"),
    ("flow", "for (var i = lane; i < 64u; i += 1u) { merge(lane); }"),
    ("flow", "for (var i = 0u; i < u32(x[0]); i += 1u) { workgroupBarrier(); }"),
    ("flow", "for (var i = 0u; i < 8u; i += 1u) { if lane == i { break; } workgroupBarrier(); }"),
    ("flow", "for (var i = 0u; i < params.n; i += 1u) { workgroupBarrier(); }"),
    ("flow", "for (var i = LANES; i > 1u; i = (i + 15u) / 16u) { workgroupBarrier(); }"),
    (
        "flow",
        "var bound = 3u; if lane == 0u { bound = 4u; } for (var i = 0u; i < bound; i += 1u) { workgroupBarrier(); }",
    ),
    ("flow", "while zero < 1.0 { storageBarrier(); }"),
    ("flow", "y[lane] = shared_x[lane];"),
    ("flow", "if x[lane] > 0.0 { shared_flag = 1u; } workgroupBarrier(); y[lane] = f32(shared_flag);"),
    ("branches", "if (lane > 1u) && (group > 1u) { y[lane] = 0.0; }"),
    ("branches", "y[lane] = select(0.0, 1.0, (lane > 1u) || (group > 1u));"),
    ("pointers", "var a = 1.0; add(&a, &a); y[lane] = a;"),
    ("products", "y[lane] = option(1u) * x[0] * x[1];"),
    ("products", "y[lane] = x[0] * (x[1] * params.weight);"),
    ("products", "y[lane] = -((1.0 - option(1u)) * x[0]) * x[1];"),
    ("products", "y[lane] = (v * (x[0] * option(1u))).x;"),
];

/// Statements that no rule refuses.
const TAKEN: &[&str] = &[
    "var w = array<f32, 4>(v.x, v.y, v.z, v.w); w[lane] = 1.0; y[0] = w[lane] + v.x + v[2] + m[1].x;",
    "y[0] = params.options[lane].x;",
    "if LANES > 1u { workgroupBarrier(); }",
    "if group < params.n { workgroupBarrier(); }",
    "let n = params.n; for (var i = 0u; i < n; i += 1u) { merge(lane); } if lane == 0u { return; } y[lane] = 1.0;",
    "for (var i = 0u; i < LANES; i += 4u) { if x[i] > 0.0 { y[lane] = 1.0; } workgroupBarrier(); }",
    "if lane < 16u { y[lane] = 1.0; } workgroupBarrier();",
    "shared_x[lane] = x[lane]; if lane == 0u { shared_flag = 0u; } workgroupBarrier(); y[lane] = shared_x[0] + f32(shared_flag);",
    "if (lane > 1u) & ((group > 1u) | (params.n > 1u)) { y[lane] = 0.0; }",
    "var a = 1.0; var b = 1.0; add(&a, &b); y[lane] = a;",
    "y[lane] = part_of(option(1u), x[0] * x[1]) + (2.0 * option(1u) * x[0]);",
];

/// A loop with `count` branches of two sides one after another, and then `after`.
fn row(count: usize, after: &str) -> String {
    let branch = "if x[lane] > 1.0 { y[lane] = 1.0; } else { y[lane] = 2.0; } ";
    format!("for (var i = 0u; i < 8u; i += 1u) {{ {}{after} }}", branch.repeat(count))
}

/// The names of the rules that find something in the statements.
fn found(statements: &str) -> Vec<&'static str> {
    let entry = "} @compute @workgroup_size(64) fn entry(@builtin(local_invocation_index) lane: u32, \
                 @builtin(workgroup_id) group: vec3<u32>) { \
                 walk(lane, group.x, vec4<f32>(x[0]), mat4x4<f32>(vec4<f32>(x[0]), vec4<f32>(x[1]), vec4<f32>(x[2]), vec4<f32>(x[3]))); }";
    let text = format!("{HEAD}{statements}{entry}");
    let (module, info) = parse(&text, Capabilities::empty()).unwrap_or_else(|error| panic!("{statements}: {error}"));
    let code = Code::new(&module, &info);
    RULES.iter().filter(|(_, findings)| !findings(&code).is_empty()).map(|(name, _)| *name).collect()
}

#[test]
fn each_rule_refuses_its_own_examples_only() {
    for (rule, statements) in REFUSED {
        assert_eq!(found(statements), [*rule], "{statements}");
    }
    for (rule, _) in RULES {
        assert!(REFUSED.iter().any(|(other, _)| other == rule), "{rule} has no example");
    }
    for statements in TAKEN {
        assert!(found(statements).is_empty(), "{statements}: {:?}", found(statements));
    }
}

#[test]
fn branches_are_counted_along_the_shortest_ways() {
    let call =
        |count: usize| format!("for (var i = 0u; i < 8u; i += 1u) {{ {} }}", "y[lane] = early(x[i]); ".repeat(count));
    let aside = "if lane > 2u { if x[lane] > 1.0 { y[lane] = 1.0; } else { y[lane] = 2.0; } } ";
    for (statements, taken) in [
        (row(16, ""), true),
        (row(17, ""), false),
        // outside a loop branches do not count
        (row(17, "").replace("for (var i = 0u; i < 8u; i += 1u)", ""), true),
        // the way around an `if` without `else` is shorter than the way through it
        (row(15, &aside.repeat(9)), true),
        // a way through a longer side is not a shortest way
        (
            row(17, "").replace("y[lane] = 2.0;", "if lane > 1u { y[lane] = 2.0; } if lane > 2u { y[lane] = 3.0; }"),
            true,
        ),
        // calls count as if inlined; the branches of `early` rejoin where it returns
        (call(16), true),
        (call(17), false),
    ] {
        assert_eq!(found(&statements).is_empty(), taken, "{statements}: {:?}", found(&statements));
    }
}

/// A user's leaf may have many branches, and a loop calls it four times.
#[test]
fn branches_of_a_foreign_leaf_do_not_add_up_over_its_calls() {
    let branch = "if v.x > 1.0 { d += 1.0; } else { d -= 1.0; } ";
    let text = format!(
        "fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {{ var d = v.y; {}return ElementScore(d, v); }}",
        branch.repeat(10)
    );
    let plan = Case::new(&crate::Mse::default(), &[64]).plan(noop()).expect("a plan");
    let stage = plan.stages.iter().find(|stage| stage.recipe.entry() == "elements").expect("a walk over elements");
    let mut kernel = Kernel::from(Recipe::clone(&stage.recipe));
    kernel.recipe.fill(slot::LEAF, Source { path: "foreign", text: text.leak() });
    let (module, info) = parse(&kernel.text(), Capabilities::empty()).unwrap_or_else(|error| panic!("{error}"));
    for (foreign, refused) in [(0.0, true), (1.0, false)] {
        let choices = kernel.recipe.choices.clone().without(|name| name == "FOREIGN_LEAF");
        kernel.recipe.choices = choices.named("FOREIGN_LEAF", foreign);
        let joined = SameText { kernels: vec![kernel.clone()], module: module.clone(), info: info.clone() };
        let (module, info) = joined.specialised(&kernel);
        let found = super::branches::findings(&Code::new(&module, &info));
        assert_eq!(!found.is_empty(), refused, "{found:?}");
    }
}
