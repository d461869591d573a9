//! Bindings and overrides that shader files declare: each stands on one line, as all files write them.

use crate::gpu::kernel::text_of;
use crate::gpu::lock::lock;
use crate::loss::Source;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// A binding.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Declared {
    pub number: u32,
    pub name: &'static str,
    pub kind: wgpu::BufferBindingType,
}

impl Declared {
    /// Whether the kernel may write to it.
    pub fn is_written(&self) -> bool {
        self.kind == wgpu::BufferBindingType::Storage { read_only: false }
    }
}

/// The bindings and overrides of one file.
#[derive(Debug)]
pub(crate) struct Declarations {
    pub bindings: Vec<Declared>,
    /// The names of overrides.
    pub overrides: Vec<&'static str>,
}

/// The declarations of `source`. Plans ask often, so each text is scanned once; texts live as long as the program.
pub(super) fn declarations(source: &Source) -> &'static Declarations {
    static SCANNED: LazyLock<Mutex<HashMap<(usize, usize), &'static Declarations>>> = LazyLock::new(Default::default);
    let text = text_of(source);
    let scan = || {
        let name = |line: &'static str| Some(line.strip_prefix("override ")?.split_once(':')?.0);
        let bindings = text.lines().filter_map(binding).collect();
        let scanned = Declarations { bindings, overrides: text.lines().filter_map(name).collect() };
        &*Box::leak(Box::new(scanned))
    };
    lock(&SCANNED).entry((text.as_ptr().addr(), text.len())).or_insert_with(scan)
}

/// The binding that a line declares.
pub(super) fn binding(line: &'static str) -> Option<Declared> {
    let (number, rest) = line.strip_prefix("@group(0) @binding(")?.split_once(')')?;
    let (space, rest) = rest.trim_start().strip_prefix("var<")?.split_once('>')?;
    let (name, _) = rest.trim_start().split_once(':')?;
    let kind = match space {
        "uniform" => wgpu::BufferBindingType::Uniform,
        "storage, read" => wgpu::BufferBindingType::Storage { read_only: true },
        _ => wgpu::BufferBindingType::Storage { read_only: false },
    };
    Some(Declared { number: number.parse().ok()?, name, kind })
}
