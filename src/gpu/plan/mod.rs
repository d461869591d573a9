//! Plans what to dispatch for a part of a term: kernels, workgroups, scratch memory. Plans know nothing of buffers.
//!
//! How a walk is cut follows from shapes and from the target alone, so that equal inputs give equal bits in every run.

mod alignments;
mod bands;
mod blocks;
mod classes;
mod dtypes;
mod elements;
mod factors;
mod fused;
mod gram;
mod hardest;
mod inspections;
#[cfg(any(test, feature = "fuzzing"))]
mod invariants;
mod levels;
mod linear;
mod linear_divergence;
mod logits;
mod neighbours;
mod observed;
mod operands;
mod options;
mod params;
mod passes;
mod pixels;
mod positions;
mod predictions;
mod ranges;
mod regions;
mod request;
mod rounding;
mod scratch;
mod segments;
mod sequences;
mod sides;
mod similarity;
mod slots;
mod spans;
mod split;
mod stage;
mod tiles;
mod totals;
mod vectors;
mod walk;
mod windows;

use crate::check::{Counted, Work, work};
use crate::error::{Error, Result};
use crate::gpu::declared::refuse_bindings;
use crate::gpu::namespace;
use crate::gpu::params::Params;
use crate::gpu::shaders::geometry;
use crate::gpu::target::Target;
use crate::gpu::tensor::Tensor;
use crate::leaf::{Leaf, RowNll};
use crate::loss::Loss;
use crate::metrics::{Counting, Predictions};
use classes::Fold;
use dtypes::with_dtypes;
use operands::operands;
use params::params;
use scratch::MOST_TALLIES;
use segments::Segmented;
use totals::totals;
use walk::{Walk, in_32_bits};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use invariants::assert_kept;
#[cfg(test)]
pub(crate) use invariants::assert_short;
pub(crate) use options::place_of_number;
#[cfg(test)]
pub(crate) use predictions::MOST_CELLS;
pub(crate) use request::{KeptSums, Request};
pub(crate) use rounding::rounding;
#[cfg(test)]
pub(crate) use scratch::{BESIDE_POSITION_STATE, ELEMENT_BYTES, STATE_BYTES};
pub(crate) use scratch::{MOST_LABELS, Scratch, TALLY_BYTES, WORKSPACE_HEAD};
pub(crate) use stage::{Bound, MOST_BUFFERS, Plan, Stage, Wanted};

/// Plans a part.
///
/// The checks have already refused what no device can do. This refuses what only the GPU cannot do, and the error says so.
pub(crate) fn plan(request: &Request<'_>) -> Result<Plan> {
    refuse(request.loss())?;
    if let Some(fused) = request.loss().leaf().fused_loss() {
        refuse(&*fused.loss)?;
    }
    let (name, id) = (&request.part.name, request.loss().header().id);
    let whose = if name.ends_with(id) { name.clone() } else { format!("{name} ({id})") };
    planned(request).map_err(|error| on_gpu(error, &whose))
}

/// Plans the count of predictions that the checks have accepted.
pub(crate) fn predictions(
    counting: Counting,
    of: &Predictions<Tensor>,
    counted: &Counted,
    target: &Target,
) -> Result<Plan> {
    predictions::plan(counting, of, counted, target).map_err(|error| on_gpu(error, counting.name()))
}

/// Adds to a refusal of sizes which part or metric it is about, and that the GPU refuses it.
fn on_gpu(error: Error, whose: &str) -> Error {
    match error {
        Error::TooLarge { what, needed, limit } => {
            Error::TooLarge { what: format!("{whose} on the GPU: {what}"), needed, limit }
        }
        other => other,
    }
}

/// Refuses a caller's leaf that cannot be part of a kernel.
fn refuse(loss: &dyn Loss) -> Result<()> {
    refuse_bindings(&loss.header().shader)?;
    namespace::leaf(loss).map(drop)
}

fn planned(request: &Request<'_>) -> Result<Plan> {
    let mut walk = walk(request)?;
    // only kernels with sample weights, or with observations of positions, may need more buffers than a kernel can bind
    let combinable = (request.samples() || request.observes_positions()) && !request.combines();
    if combinable && walk.stages.iter().any(|stage| stage.buffers() > MOST_BUFFERS) {
        return planned(&Request { combined: true, ..*request });
    }
    factors::combine(request, &mut walk);
    let faults = inspections::inspect(request, &mut walk)?;
    let Walk { sizes, mut stages, mut scratch, spans } = walk;
    let tallies = sizes.tallies.max(sizes.counted.tallies) as u64;
    if tallies > MOST_TALLIES {
        return Err(Error::TooLarge {
            what: "partial sums of all workgroups".into(),
            needed: tallies,
            limit: MOST_TALLIES,
        });
    }
    // the observations of each workgroup lie behind the walk's tallies, and are as many
    let held = if request.observes() { tallies.max(2 * sizes.tallies as u64) } else { tallies };
    let bytes = WORKSPACE_HEAD + TALLY_BYTES * held.max(1);
    scratch.push(Scratch { name: "workspace", bytes, element: TALLY_BYTES });
    // the kernel of the outcome counts the run as finished, so observations are added up before it
    stages.extend(observed::sums(request, &sizes).map(|sums| sums.looping(tallies.div_ceil(256) as usize)));
    if let Some((tensors, kept)) = observed::tensors(request) {
        stages.push(tensors);
        scratch.push(kept);
    }
    let merged = tallies.max(faults as u64).div_ceil(256) as usize;
    let total = |&loss| totals(request, loss, geometry::TOTALS_OUTCOME).looping(merged);
    stages.extend(request.walk_losses().iter().map(total));
    let plan = Plan {
        params: Params { faults: in_32_bits("workgroups that inspect operands", faults)?, ..params(request, sizes)? },
        stages,
        scratch,
        columns: request.columns(),
        broadcast: factors::broadcast(request),
        operands: operands(request),
        outputs: request.outputs(),
        spans,
    };
    let plan = split::split(request.target, &|bound| request.dtype(bound), with_dtypes(request, plan))?;
    match request.in_place().filter(|wanted| !plan.reads_first(wanted)) {
        Some(wanted) => Err(overlapping(wanted)),
        None => Ok(plan),
    }
}

/// Plans the part's walk.
fn walk(request: &Request<'_>) -> Result<Walk> {
    let work = work(request.part)?;
    if let (Some(wanted), Work::Positions { classes, .. }) = (request.in_place(), work)
        && classes.c > positions::MOST_IN_PLACE
    {
        return Err(overlapping(wanted));
    }
    Ok(match work {
        Work::Elements { items, per_item, .. } => elements::plan(request, items, per_item)?,
        Work::Boxes { count, .. } => elements::plan(request, 1, count)?,
        Work::Positions { leaf, classes } => positions::plan(request, classes, Fold::of(leaf, classes::notes(request))),
        Work::Regions { leaf, classes } => regions::plan(request, classes, leaf)?,
        Work::Vectors { leaf, rows, width } => vectors::plan(request, rows, width, leaf),
        Work::Similarity { leaf, pairs } => similarity::plan(request, pairs, leaf)?,
        Work::Hardest { pairs, .. } => hardest::plan(request, pairs)?,
        Work::Gram { classes, .. } => gram::plan(request, classes)?,
        Work::Windows { leaf, pictures } => windows::plan(request, pictures, leaf)?,
        Work::Levels { leaf, pictures } => levels::plan(request, pictures, leaf)?,
        Work::Neighbours { pictures, .. } => neighbours::plan(request, pictures),
        Work::Alignments { leaf, lattice } => alignments::plan(request, lattice, leaf)?,
        Work::Linear { leaf, pairs } => linear::plan(request, pairs, leaf, None)?,
        Work::Segments { leaf, pairs, segments } => {
            linear::plan(request, pairs, &RowNll::of(leaf), Some(&Segmented::new(pairs.rows, segments, leaf)?))?
        }
        Work::LinearDivergence { leaf, pairs, teacher_width } => {
            linear_divergence::plan(request, pairs, teacher_width, leaf)?
        }
    })
}

/// Whether the kernels of a leaf's family read each element of the prediction before they overwrite that element with its
/// gradient.
pub(crate) fn reads_first(leaf: Leaf<'_>) -> bool {
    match leaf {
        Leaf::Pointwise(_) | Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) | Leaf::Region(_) => true,
        Leaf::Boxes(_) | Leaf::Vectors(_) | Leaf::Similarity(_) | Leaf::Hardest(_) => false,
        Leaf::Neighbours(_) | Leaf::Windows(_) | Leaf::Alignments(_) => false,
        Leaf::Linear(_) | Leaf::LinearDivergence(_) | Leaf::Segments(_) | Leaf::Gram(_) | Leaf::Composite(_) => false,
    }
}

/// The rule that a refusal states for a gradient that overwrites its operand.
pub(crate) const IN_PLACE: &str = "a gradient in place needs an operand that stands in one place of the term: the \
     prediction of a loss of elements, of regions, or over at most 2^19 classes. The gradient has to be stored, not added";

/// The refusal of a gradient that would overwrite its operand before the operand is last read.
fn overlapping(wanted: &Wanted) -> Error {
    let (output, other) = (format!("gradient of {}", wanted.operand), wanted.operand.into());
    Error::OverlappingBuffers { output, other, rule: Some(IN_PLACE) }
}
