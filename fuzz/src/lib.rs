//! The fuzz targets. Each is a function of bytes that panics if it finds a fault. libFuzzer and the runner both call
//! them.

mod labels;

pub use labels::labels;
pub use wgloss::fuzzing::{leaf as leaves, plan as plans};
pub use wgloss_cli::fuzzing::{arguments, npy, safetensors};

/// A target: its name (also of its corpus), its function, and words that the runner inserts into inputs.
pub type Target = (&'static str, fn(&[u8]), &'static [&'static str]);

/// Every target.
pub const TARGETS: [Target; 6] = [
    (
        "npy",
        npy,
        &["'descr': ", "'<f4'", "'|u1'", "'fortran_order': ", "True", "'shape': (", "4294967296, ", "0, ", "), }"],
    ),
    (
        "safetensors",
        safetensors,
        &["\"dtype\":\"F32\"", "\"shape\":[", "\"data_offsets\":[", "0,", "18446744073709551615", "\"__metadata__\":{"],
    ),
    (
        "arguments",
        arguments,
        &[
            "eval\n",
            "--option\n",
            "reduction=",
            "--operand\n",
            "--gradient-of\n",
            "input=",
            "target=",
            "2x3f",
            "0x4f",
            "1e308",
            "nan",
            "none",
            "verify\n",
            "list\n",
            "landscape\n",
            "--memory\n",
            "--class-axis-last\n",
        ],
    ),
    ("plans", plans, &[]),
    ("labels", labels, &[]),
    (
        "leaves",
        leaves,
        &[
            "fn ",
            "override ",
            "const ",
            "@group(0) @binding(3) ",
            "var<storage, read_write> ",
            "var<private> ",
            ": u32",
            " = ",
            "params.",
            "option(0)",
            "struct ",
            "for (var k = 0u; k < 4u; k += 1u) {\n",
            "}\n",
            "array<u32>",
            "/*",
            "//",
            "enable f16;",
            "@compute @workgroup_size(1)",
            "x0_at(0u)",
            "vec4<f32>",
            "loop {",
            "select(",
        ],
    ),
];
