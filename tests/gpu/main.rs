//! The GPU gives what the CPU twins give, through every door; a run without an adapter fails.

mod case;
#[path = "../common/mod.rs"]
mod common;
mod digits;
mod doors;
mod dtypes;
mod in_place;
mod jobs;
mod judge;
mod labels;
mod large;
mod limits;
mod matrix;
mod nonfinite;
mod pages;
mod pairs;
mod reads;
mod repeat;
mod row_shards;
mod rows;
mod shards;
mod split;
mod terms;
mod vectors;

use std::sync::LazyLock;
use wgloss::Gpu;

/// The GPU that tests share: a device and its pipelines take longer to make than most tests to run.
fn gpu() -> &'static Gpu {
    static GPU: LazyLock<Gpu> = LazyLock::new(fresh_gpu);
    &GPU
}

/// A GPU of a test's own.
fn fresh_gpu() -> Gpu {
    Gpu::new().unwrap_or_else(|error| panic!("these tests run on a GPU, for which software is enough; {error}"))
}
