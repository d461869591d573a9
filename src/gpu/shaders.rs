//! The shader files below `shaders/`, with constants that name them, their slots and their overrides. `build.rs` writes the list
//! and the constants, so that a name which does not exist does not compile.

use crate::loss::{Source, source};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A shader file, by its path below `shaders/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shader(pub &'static str);

impl Shader {
    /// The file's name, which is the entry point's where it has one.
    pub fn name(self) -> &'static str {
        self.0.rsplit('/').next().unwrap_or(self.0)
    }
}

/// A place in kernels that one of several files fills. Shader files name the slots they call into in their line `// slots:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slot(pub &'static str);

include!(concat!(env!("OUT_DIR"), "/shaders.rs"));

/// The slots of the element operands, and of their gradients.
pub(crate) const X: [Slot; 4] = [slot::X0, slot::X1, slot::X2, slot::X3];
pub(crate) const DX: [Slot; 4] = [slot::DX0, slot::DX1, slot::DX2, slot::DX3];

/// The file at this path, where there is one.
pub(crate) fn find(path: &str) -> Option<Source> {
    static BY_PATH: LazyLock<HashMap<&str, Source>> =
        LazyLock::new(|| FILES.iter().map(|source| (source.path, *source)).collect());
    BY_PATH.get(path).copied()
}

/// Whether a shader is this library's, and not a user's leaf.
pub(crate) fn is_own(source: &Source) -> bool {
    find(source.path).is_some_and(|own| own == *source)
}

/// A shader's text; with the feature `mutable-shaders`, as it stands in a directory when the program runs.
pub(crate) fn text_of(source: &Source) -> &'static str {
    #[cfg(feature = "mutable-shaders")]
    return if is_own(source) { crate::gpu::mutable::text(source) } else { source.text };
    #[cfg(not(feature = "mutable-shaders"))]
    source.text
}
