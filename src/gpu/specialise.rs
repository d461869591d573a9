//! What of a kernel depends on where tensors lie, which a plan does not know, and on how little a lane has to keep.

use crate::gpu::declared::Declared;
use crate::gpu::files::{FILES, file};
use crate::gpu::kernel::{Kernel, Quads};

/// Joins the files that take four elements at once, of the bindings that allow it and have one: the kernel asks for fours from
/// multiples of four, which are one load where the tensor begins at a multiple of sixteen bytes and may be read to the next.
///
/// Where `in_pairs`, a quad is loaded and stored as two words of 64 bits.
pub(super) fn quads(kernel: &mut Kernel, in_pairs: bool, in_whole_quads: impl Fn(&Declared) -> bool) {
    if kernel.quads == Quads::Nothing {
        return;
    }
    let quad = if in_pairs { "dtype/quad_of_pairs" } else { "dtype/quad" };
    for binding in kernel.bindings() {
        let (path, by) = (format!("operand/{}", binding.name), format!("operand/{}_quads", binding.name));
        let one_by_one = kernel.has(&path);
        let asked = kernel.quads >= if binding.is_written() { Quads::Writes } else { Quads::Reads };
        if asked && one_by_one && FILES.iter().any(|source| source.path == by) && in_whole_quads(&binding) {
            kernel.replace(&path, &[&by, quad]);
        }
    }
}

/// The files that go from class to class, however many there are, and those in their places where there are few.
const FEW: &[(&str, &str)] = &[
    ("geometry/class_range", "geometry/few_classes"),
    ("geometry/logits_read", "geometry/logits_kept"),
    ("geometry/region_blocks", "geometry/region_kept"),
    ("geometry/slopes_again", "geometry/slopes_kept"),
];

/// The same of a lane's fours of a row.
const ROW: &[(&str, &str)] = &[("geometry/row_read", "geometry/row_kept")];

/// Has lanes keep the classes of their positions, or their fours of rows, where these are few.
pub(super) fn kept(kernel: &mut Kernel) {
    let few = if kernel.few.is_some() { FEW } else { &[] };
    let row = if kernel.row.is_some() { ROW } else { &[] };
    for source in &mut kernel.sources {
        if let Some((_, kept)) = few.iter().chain(row).find(|(read, _)| source.path == *read) {
            *source = file(kept);
        }
    }
}
