//! Plans the stage that combines the mask, the sample weight and the upstream gradient of each value into one tensor, where a
//! walk's kernel would otherwise bind too many buffers; and lays out the axes of broadcast operands for kernels.

use super::request::Request;
use super::scratch::Scratch;
use super::slots::slots;
use super::spans::{Spans, Values};
use super::stage::{Stage, of_block};
use super::walk::Walk;
use crate::broadcast::{BroadcastAxis, MOST_BROADCAST};
use crate::gpu::choices::Choices;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::value_scales;
use crate::gpu::shaders::lib::count;
use crate::gpu::shaders::operand::{mask, sample_weight, upstream};
use crate::gpu::shaders::{Shader, geometry, slot};
use crate::role::Role;

/// The values of a workgroup.
const VALUES: u64 = 256;

/// Inserts the stage that combines the factors of values before a walk whose kernels read them combined.
pub(super) fn combine(request: &Request<'_>, walk: &mut Walk) {
    let values: u64 = request.checked.loss_shape.iter().map(|&axis| axis as u64).product();
    if request.combines() && !walk.stages.is_empty() && values > 0 {
        // a walk over rows counts elements of rows, not values
        let elements = if let Spans::Rows { width } = walk.spans { width } else { 1 };
        let masked = request.of_role(Role::Mask).is_some();
        walk.stages.insert(0, stage(request, values, elements, masked, value_scales::UPSTREAM));
        walk.scratch.push(Scratch::new("value_factors", values));
    }
}

/// The stage that combines the factors of `values` values. Each value has `elements` elements of the walk. `masked` says
/// whether the mask has a number for each value. The file `scales` computes the factor of each gradient without the sample weight.
pub(super) fn stage(request: &Request<'_>, values: u64, elements: u64, masked: bool, scales: Shader) -> Stage {
    let given = |given, file, one| if given { file } else { one };
    let mut slots = slots(request);
    slots.fill(slot::MASK, given(masked, mask::GIVEN, mask::EVERYWHERE));
    slots.fill(slot::SAMPLE_WEIGHT, request.sample_weights().unwrap_or(sample_weight::UNIT));
    slots.fill(slot::COUNT, count::WEIGHTS);
    slots.fill(slot::VALUE_SCALES, scales);
    slots.fill(slot::UPSTREAM, given(request.upstream_tensor(), upstream::GIVEN, upstream::ONE));
    let block = Block { own_end: of_block(values as usize), ..Block::default() };
    let stage =
        Stage::new(geometry::VALUE_FACTORS, slots, Choices::default(), 0).through(Values::Each(VALUES * elements));
    stage.over(block, values.div_ceil(VALUES))
}

/// The axes of broadcast operands, as kernels read them: for each operand the number of its axes, and the axes. `None` if no
/// operand is broadcast.
pub(super) fn broadcast(request: &Request<'_>) -> Option<Vec<u32>> {
    let header = request.loss().header();
    let mut components = header.components().map(Some).collect::<Vec<_>>();
    components.resize(4, None);
    let operands = [vec![header.of_role(Role::Weight)], components, vec![header.of_role(Role::SampleWeight)]].concat();
    let axes: Vec<Option<Vec<BroadcastAxis>>> =
        operands.into_iter().map(|spec| spec.and_then(|spec| request.part.broadcast(spec))).collect();
    axes.iter().any(Option::is_some).then(|| {
        let mut numbers = vec![0; axes.len() * 4 * MOST_BROADCAST];
        for (of_operand, axes) in numbers.chunks_exact_mut(4 * MOST_BROADCAST).zip(&axes) {
            let axes = axes.as_deref().unwrap_or_default();
            for (numbers, axis) in of_operand.chunks_exact_mut(4).zip(axes) {
                numbers[..3].copy_from_slice(&[axis.inner, axis.length, axis.stride].map(of_block));
            }
            of_operand[3] = axes.len() as u32;
        }
        numbers
    })
}
