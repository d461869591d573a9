//! The rows: every platform and compiler that tests the kernels, the library or the program, in the order they run.

use super::machine::Halt;
use super::place::{Outcome, Place};
use super::{direct_x, drivers, syntax, targets, validation};

/// One platform, or one compiler.
pub struct Row {
    /// Its name on the command line.
    pub name: &'static str,
    /// The platform that it tests, as the tables name it.
    pub platform: &'static str,
    /// The steps that it runs.
    pub runs: &'static str,
    /// The packages that it installs, on the machine or in a folder of target/platforms.
    pub installs: &'static str,
    /// Whether the README's table shows it.
    pub in_readme: bool,
    /// Runs it.
    pub run: fn(&Place) -> Result<Outcome, Halt>,
}

/// All rows.
pub const ROWS: &[Row] = &[
    Row {
        name: "lavapipe",
        platform: "Vulkan",
        runs: "every case in three dtypes",
        installs: "mesa-vulkan-drivers libvulkan1",
        in_readme: true,
        run: drivers::lavapipe,
    },
    Row {
        name: "other-kernels",
        platform: "Vulkan, the kernels of other adapters",
        runs: "every case in f32, by the kernels for GPUs, for DX12 and for any adapter; drawn calls by those for GPUs",
        installs: "as lavapipe",
        in_readme: false,
        run: drivers::other_kernels,
    },
    Row {
        name: "every-loss",
        platform: "Vulkan, tests of walks",
        runs: "the GPU's tests for every loss, not one of each family or walk",
        installs: "as lavapipe",
        in_readme: false,
        run: drivers::every_loss,
    },
    Row {
        name: "naga",
        platform: "naga's checks and back ends",
        runs: "every kernel in WGSL, SPIR-V, HLSL, MSL and GLSL, WebGPU's limits, what browsers refuse",
        installs: "nothing",
        in_readme: false,
        run: syntax::naga,
    },
    Row {
        name: "gl",
        platform: "GL",
        runs: "every case in three dtypes",
        installs: "libegl-mesa0 libegl1 libgl1-mesa-dri",
        in_readme: true,
        run: drivers::gl,
    },
    Row {
        name: "swiftshader",
        platform: "Vulkan of a browser without a GPU",
        runs: "every case in three dtypes, in 8 GiB of addresses",
        installs: "chromium-common libvulkan1",
        in_readme: true,
        run: drivers::swiftshader,
    },
    Row {
        name: "mesa-256",
        platform: "Vulkan, newest Mesa",
        runs: "every case in three dtypes, subgroups of 8",
        installs: "debootstrap; in a folder: Debian unstable",
        in_readme: true,
        run: drivers::newest_mesa,
    },
    Row {
        name: "mesa-512",
        platform: "Vulkan, newest Mesa, AVX-512",
        runs: "every case in three dtypes, subgroups of 16",
        installs: "as mesa-256",
        in_readme: true,
        run: drivers::newest_mesa_wide,
    },
    Row {
        name: "dx12-gpu",
        platform: "Direct3D 12, kernels of GPUs",
        runs: "every case in three dtypes",
        installs: "as mesa-256; in the folder: Rust, MinGW, Wine, Xvfb, FXC",
        in_readme: true,
        run: direct_x::by_kernels_of_gpus,
    },
    Row {
        name: "dx12-cpu",
        platform: "Direct3D 12, kernels of CPUs",
        runs: "every case in three dtypes",
        installs: "as dx12-gpu",
        in_readme: true,
        run: direct_x::by_kernels_of_cpus,
    },
    Row {
        name: "fxc",
        platform: "Direct3D 12's FXC",
        runs: "every kernel that DX12 gets; none in more than 3 s",
        installs: "as dx12-gpu",
        in_readme: true,
        run: direct_x::fxc,
    },
    Row {
        name: "dxc",
        platform: "Direct3D 12's DXC",
        runs: "the same kernels, for shader models 6.0 and 6.2",
        installs: "g++; in a folder: DXC",
        in_readme: true,
        run: direct_x::dxc,
    },
    Row {
        name: "windows",
        platform: "Windows",
        runs: "cargo check of the workspace; the program's tests that need no GPU",
        installs: "as dx12-gpu",
        in_readme: true,
        run: targets::windows,
    },
    Row {
        name: "wasm32",
        platform: "WebAssembly",
        runs: "cargo check of the library, with and without `gpu`",
        installs: "as mesa-256; in the folder: Rust",
        in_readme: true,
        run: targets::wasm32,
    },
    Row {
        name: "macos",
        platform: "macOS",
        runs: "cargo check of the program",
        installs: "as wasm32",
        in_readme: true,
        run: targets::macos,
    },
    Row {
        name: "msl",
        platform: "Metal's language",
        runs: "a syntax check of every kernel's MSL",
        installs: "clang",
        in_readme: true,
        run: syntax::msl,
    },
    Row {
        name: "spirv",
        platform: "Vulkan's language",
        runs: "spirv-val over every kernel",
        installs: "spirv-tools",
        in_readme: false,
        run: syntax::spirv,
    },
    Row {
        name: "validation",
        platform: "Vulkan's rules",
        runs: "every case in f32 under Khronos' validation layer, with synchronisation checks",
        installs: "as mesa-256; in the folder: vulkan-validationlayers",
        in_readme: true,
        run: validation::validation,
    },
];

/// The row named `name`.
pub fn named(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}
