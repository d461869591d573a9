//! Fills the slots that follow from a request alone, so that a plan fills only those that depend on its walk.

use super::request::Request;
use crate::gpu::link::Slots;
use crate::gpu::namespace;
use crate::gpu::shaders::fold::softmax_state;
use crate::gpu::shaders::geometry::{element_observation, faults, observation, sequence_slopes, softcap, value_scales};
use crate::gpu::shaders::lib::count;
use crate::gpu::shaders::operand::{
    bias, class_weight, divisor, dx, items, labels, logit_bias, logit_scale, losses, mask, pos_weight, row,
    sample_weight, target, upstream, weight, x,
};
use crate::gpu::shaders::scratch::observed_positions;
use crate::gpu::shaders::{DX, dtype, slot};
use crate::loss::{Loss, Source};
use crate::role::Role;

/// The shader of a loss's leaf. [`plan`](super::plan) has refused a caller's leaf for which `namespace::leaf` fails.
pub(super) fn leaf_of(loss: &dyn Loss) -> Source {
    namespace::leaf(loss).unwrap_or(loss.header().shader)
}

/// Fills the slots that follow from the call: the leaf, which operands are given, and defaults for observations. A plan
/// fills the slots that depend on the walk. Operands are read element by element here; the target fills in the files that
/// read quads once it is known where the tensors lie.
pub(super) fn slots(request: &Request<'_>) -> Slots {
    let given = |role| request.of_role(role).is_some();
    let mut slots = Slots::default();
    slots.fill(slot::LEAF, leaf_of(request.loss()));
    slots.fill(slot::QUAD, dtype::quad::WORDS);
    for k in 0..DX.len() {
        slots.fill_x(k, x::WORDS);
        slots.fill_dx(k, dx::NOWHERE);
    }
    slots.fill(slot::COUNT, if request.samples() { count::WEIGHTS } else { count::VALUES });
    slots.fill(slot::VALUE_SCALES, value_scales::UPSTREAM);
    slots.fill(slot::SOFTMAX_STATE, softmax_state::PLAIN);
    slots.fill(slot::OBSERVATION, observation::NONE);
    slots.fill(slot::ELEMENT_OBSERVATION, element_observation::NONE);
    slots.fill(slot::SEQUENCE_SLOPES, sequence_slopes::NONE);
    let labelled = request.checked.labels.is_some();
    let choices = [
        (slot::LABELS, labelled, labels::GIVEN, labels::NONE),
        (slot::TARGET, labelled, target::ZERO, target::DENSE),
        (slot::WEIGHT, given(Role::Weight), weight::GIVEN, weight::ONE),
        (slot::MASK, given(Role::Mask), mask::GIVEN, mask::EVERYWHERE),
        (slot::CLASS_WEIGHT, given(Role::PerClass), class_weight::GIVEN, class_weight::ONE),
        (slot::POS_WEIGHT, given(Role::PosWeight), pos_weight::GIVEN, pos_weight::ABSENT),
        (slot::UPSTREAM, request.upstream_tensor(), upstream::GIVEN, upstream::ONE),
        (slot::LOSSES, request.unreduced(), losses::GIVEN, losses::NOWHERE),
        (slot::OBSERVED_POSITIONS, request.observes_positions(), observed_positions::KEPT, observed_positions::NOWHERE),
        (slot::DIVISOR, false, divisor::GIVEN, divisor::ONE),
        (slot::FAULTS, false, faults::GIVEN, faults::NONE),
        (slot::ITEMS, request.has_items(), items::GIVEN, items::ALIKE),
        (slot::ROW, given(Role::Row), row::GIVEN, row::ZERO),
        (slot::BIAS, given(Role::PerProjection), bias::GIVEN, bias::ZERO),
        (slot::LOGIT_SCALE, given(Role::Scale), logit_scale::GIVEN, logit_scale::OPTION),
        (slot::LOGIT_BIAS, given(Role::Shift), logit_bias::GIVEN, logit_bias::ZERO),
    ];
    for (slot, is_given, file, absent) in choices {
        slots.fill(slot, if is_given { file } else { absent });
    }
    let weights = request.sample_weights().filter(|_| request.samples());
    slots.fill(slot::SAMPLE_WEIGHT, weights.unwrap_or(sample_weight::ONE));
    slots.fill(slot::SOFTCAP, if request.loss().leaf().cap().is_some() { softcap::TANH } else { softcap::NONE });
    if request.broadcast(Role::Weight).is_some() {
        slots.fill(slot::WEIGHT, weight::BROADCAST);
    }
    if request.combines() {
        slots.fill(slot::MASK, mask::COMBINED);
        slots.fill(slot::UPSTREAM, upstream::COMBINED);
        if request.samples() {
            slots.fill(slot::SAMPLE_WEIGHT, sample_weight::COMBINED);
        }
    } else if request.samples() {
        slots.fill(slot::UPSTREAM, upstream::SAMPLED);
    }
    slots
}
