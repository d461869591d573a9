//! What of a kernel depends on where tensors lie, which a plan does not know.

use crate::gpu::kernel::{Declared, FILES, Kernel};

/// Joins the files that take four elements at once, of the bindings that allow it and have one: the kernel asks for fours from
/// multiples of four, which are one load where the tensor begins at a multiple of sixteen bytes and may be read to the next.
///
/// Where `in_pairs`, a quad is loaded as two words of 64 bits.
pub(super) fn quads(kernel: &mut Kernel, in_pairs: bool, begins_at_quad: impl Fn(&Declared) -> bool) {
    let quad = if in_pairs { "dtype/quad_of_pairs" } else { "dtype/quad" };
    for binding in kernel.bindings() {
        let (path, by) = (format!("operand/{}", binding.name), format!("operand/{}_quads", binding.name));
        let one_by_one = kernel.sources.iter().any(|source| source.path == path);
        if one_by_one && FILES.iter().any(|source| source.path == by) && begins_at_quad(&binding) {
            kernel.replace(&path, &[&by, quad]);
        }
    }
}
