//! Losses whose leaf's shader is an arbitrary text. Fuzzing prepares them on devices that do nothing.

use crate::error::Result;
use crate::gpu::lock::lock;
use crate::gpu::target::Target;
use crate::gpu::{Gpu, Gradient, Outputs, Tensor};
use crate::leaf::Leaf;
use crate::loss::{Denominator, Header, OperandSpec, Source};
use crate::reduction::Reduction;
use crate::role::Role;
use crate::stand_in::StandIn;
use crate::term::Term;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

/// About how many bytes all headers and texts may take. Beyond that no new text is prepared, because headers are never freed.
const MOST_KEPT: usize = 1 << 29;

/// The number of families: elements, softmax, class sums, regions.
const FAMILIES: usize = 4;

/// The shapes of the prediction. They cover single elements and quads, classes far apart in memory, few classes with
/// many pixels, rows that lanes keep in registers, and a row that is cut into chunks.
const SHAPES: [&[usize]; 5] = [&[2, 5], &[2, 3, 4], &[2, 3, 256, 128], &[512, 2050], &[1, 70_000]];

/// The leaf of a family.
fn leaf(family: usize) -> for<'a> fn(&'a StandIn) -> Leaf<'a> {
    match family {
        0 => |loss| Leaf::Pointwise(loss),
        1 => |loss| Leaf::Softmax(loss),
        2 => |loss| Leaf::ClassSum(loss),
        _ => |loss| Leaf::Region(loss),
    }
}

const ELEMENTS: &[OperandSpec] = &[
    OperandSpec::new("input", Role::Element).differentiable(),
    OperandSpec::new("target", Role::Element).differentiable(),
];
const CLASSES: &[OperandSpec] =
    &[OperandSpec::new("input", Role::Classes).differentiable(), OperandSpec::new("target", Role::Target)];

/// The header for a text. It is made once and never freed, because headers are static.
fn header(family: usize, text: &str) -> Option<&'static Header> {
    type Kept = (HashMap<(usize, String), &'static Header>, usize);
    static KEPT: OnceLock<Mutex<Kept>> = OnceLock::new();
    let mut kept = lock(KEPT.get_or_init(Mutex::default));
    if let Some(header) = kept.0.get(&(family, text.to_string())) {
        return Some(header);
    }
    kept.1 += 2 * text.len() + 1024;
    if kept.1 > MOST_KEPT {
        return None;
    }
    let header: &'static Header = Box::leak(Box::new(Header {
        id: "foreign",
        title: "a text that nobody vouches for",
        operands: if family == 0 { ELEMENTS } else { CLASSES },
        reductions: Reduction::VALUES,
        mean: Denominator::Count,
        shader: Source { path: "foreign", text: Box::leak(text.to_string().into_boxed_str()) },
        default: || unreachable!("its text is not known"),
    }));
    kept.0.insert((family, text.to_string()), header);
    Some(header)
}

/// A device with a kind of kernels, and tensors for each shape: the prediction, the target and the gradient.
struct Bench {
    gpu: Gpu,
    tensors: Vec<OnceLock<[Tensor; 3]>>,
}

fn bench(kind: usize) -> &'static Bench {
    static BENCHES: [OnceLock<Bench>; Target::ALL.len()] = [const { OnceLock::new() }; Target::ALL.len()];
    let kind = kind % Target::ALL.len();
    BENCHES[kind].get_or_init(|| Bench {
        gpu: Gpu::noop(Target { vulkan: true, ..Target::ALL[kind] }),
        tensors: SHAPES.map(|_| OnceLock::new()).into(),
    })
}

/// Prepares a loss whose leaf's shader is `text`, with its gradient. `family` chooses the family and the shape, `kind` the
/// kind of kernels.
pub(crate) fn prepare(family: usize, kind: usize, text: &str) -> Result<()> {
    let (shape, family) = (family / FAMILIES % SHAPES.len(), family % FAMILIES);
    let Some(header) = header(family, text) else { return Ok(()) };
    let bench = bench(kind);
    let [input, target, into] = bench.tensors[shape].get_or_init(|| {
        [(); 3].map(|()| bench.gpu.empty(SHAPES[shape]).expect("a few megabytes on a device that does nothing"))
    });
    let loss = StandIn { header, leaf: leaf(family), numbers: &["scale", "gamma"], of_sequences: false, fused: None };
    let term = Term::new(loss, [("input", input), ("target", target)]);
    let outputs = Outputs { gradients: vec![Gradient::store(input, into)], ..Outputs::default() };
    bench.gpu.prepare(&term, &outputs).map(drop)
}
