//! The declarations of a shader file: needs, slots, extensions, bindings and overrides. Each has a line of a fixed form, so no parser is
//! needed.

use crate::error::{Error, Result};
use crate::gpu::lock::lock;
use crate::loss::Source;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// A binding that a shader file declares.
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

    /// Whether each dispatch sets the binding's offset, to the entry of a byte in the table of `numbers.rs`.
    pub fn is_dynamic(&self) -> bool {
        self.name.starts_with("byte_")
    }
}

/// The declarations of one file.
#[derive(Debug)]
pub(crate) struct Declarations {
    /// The paths of the files whose functions, types and variables it uses.
    pub needs: Vec<&'static str>,
    /// The slots whose functions and types it uses.
    pub slots: Vec<&'static str>,
    /// The extensions of WGSL that a kernel with this file enables.
    pub enables: Vec<&'static str>,
    pub bindings: Vec<Declared>,
    /// The names of overrides.
    pub overrides: Vec<&'static str>,
}

/// The start of the line that lists a file's extensions of WGSL.
pub(super) const ENABLES: &str = "// enables: ";

/// The declarations of a text. Plans ask often, so each text is scanned once. Texts live as long as the program, so a
/// text's address identifies it.
pub(crate) fn declarations(text: &'static str) -> &'static Declarations {
    static SCANNED: LazyLock<Mutex<HashMap<(usize, usize), &'static Declarations>>> = LazyLock::new(Default::default);
    let scan = || {
        let listed = |list: &str| -> Vec<&'static str> {
            let line = text.lines().take_while(|line| line.starts_with("//")).find_map(|line| line.strip_prefix(list));
            line.map(|names| names.split(' ').collect()).unwrap_or_default()
        };
        let name = |line: &'static str| Some(line.strip_prefix("override ")?.split_once(':')?.0);
        &*Box::leak(Box::new(Declarations {
            needs: listed("// needs: "),
            slots: listed("// slots: "),
            enables: listed(ENABLES),
            bindings: text.lines().filter_map(binding).collect(),
            overrides: text.lines().filter_map(name).collect(),
        }))
    };
    lock(&SCANNED).entry((text.as_ptr().addr(), text.len())).or_insert_with(scan)
}

/// The binding that a line declares, if it declares one.
fn binding(line: &'static str) -> Option<Declared> {
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

/// Refuses a leaf that declares a binding, because plans have nothing to bind to it.
pub(super) fn refuse_bindings(leaf: &Source) -> Result<()> {
    match leaf.text.lines().zip(1..).find_map(|(line, number)| Some((binding(line)?, number))) {
        None => Ok(()),
        Some((Declared { name, .. }, line)) => Err(Error::InvalidShader {
            path: leaf.path.into(),
            message: format!(
                "in {}, line {line}: a leaf must not declare a binding, but this one declares `{name}`",
                leaf.path
            ),
        }),
    }
}
