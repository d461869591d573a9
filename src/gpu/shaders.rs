//! The shader files below `shaders/`, with constants for the files, their slots and their overrides. `build.rs` writes
//! the list and the constants, so a name that does not exist does not compile.

use crate::loss::{Source, source};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A shader file, by its path below `shaders/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shader(pub &'static str);

impl Shader {
    /// The file's name. If the file has an entry point, this is the entry point's name too.
    pub fn name(self) -> &'static str {
        self.0.rsplit('/').next().unwrap_or(self.0)
    }
}

/// A place in a kernel that one of several files fills. A shader file lists the slots that it calls into in its line
/// `// slots:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slot(pub &'static str);

include!(concat!(env!("OUT_DIR"), "/shaders.rs"));

/// The slots of the element operands, and the slots of their gradients.
pub(crate) const X: [Slot; 4] = [slot::X0, slot::X1, slot::X2, slot::X3];
pub(crate) const DX: [Slot; 4] = [slot::DX0, slot::DX1, slot::DX2, slot::DX3];

/// The file at this path, if there is one.
pub(crate) fn find(path: &str) -> Option<Source> {
    static BY_PATH: LazyLock<HashMap<&str, Source>> =
        LazyLock::new(|| FILES.iter().map(|source| (source.path, *source)).collect());
    BY_PATH.get(path).copied()
}

/// Whether a shader belongs to this library, rather than being a user's leaf.
pub(crate) fn is_own(source: &Source) -> bool {
    find(source.path).is_some_and(|own| own == *source)
}

/// A shader's text. With the feature `mutable-shaders`, it is read from a directory when the program runs.
pub(crate) fn text_of(source: &Source) -> &'static str {
    #[cfg(feature = "mutable-shaders")]
    return if is_own(source) { crate::gpu::mutable::text(source) } else { source.text };
    #[cfg(not(feature = "mutable-shaders"))]
    source.text
}
