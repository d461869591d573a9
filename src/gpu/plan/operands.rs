//! Which operand each binding gets. It follows from the operand's role, so that plans need not say it. The operands that change
//! from dispatch to dispatch are left to their plans.

use super::request::Request;
use crate::loss::OperandSpec;
use crate::role::Role;

/// The bindings at which every dispatch has the same operand: binding, operand.
pub(super) fn operands(request: &Request<'_>) -> Vec<(String, &'static str)> {
    let header = request.loss().header();
    let components = header.components().enumerate().map(|(k, spec)| (format!("x{k}"), spec.name));
    let table = request.loss().leaf().table();
    let unread = |spec: &&OperandSpec| spec.role == Role::Table && table.is_some_and(|table| table != spec.name);
    let others = header.operands.iter().filter(|spec| !unread(spec)).flat_map(|spec| {
        let names: &[&str] = match spec.role {
            // `components` has their bindings
            Role::Element | Role::Column => &[],
            Role::Row => &["row"],
            // each dispatch sets the bindings of these two lines: `Stage::reading`
            Role::Rows | Role::MoreRows | Role::Anchors | Role::Projection => &[],
            Role::TeacherRows | Role::TeacherProjection | Role::Channels | Role::Pictures => &[],
            Role::RowLabels | Role::Sequences => &["labels"],
            Role::PerProjection => &["bias"],
            Role::Scale => &["logit_scale"],
            Role::Shift => &["logit_bias"],
            Role::Classes | Role::Steps => &["x0"],
            Role::StepCounts => &["step_counts"],
            Role::SequenceLengths => &["sequence_lengths"],
            Role::Segments => &["segments"],
            Role::PerSegment => &["references"],
            Role::Target | Role::Labels | Role::Dense => &["labels", "dense"],
            Role::PerClass => &["class_weight"],
            Role::PosWeight => &["pos_weight"],
            Role::Weight => &["weight"],
            Role::SampleWeight => &["sample_weight"],
            Role::Mask => &["mask"],
            Role::Index => &["labels"],
            Role::Table | Role::Averaged => &["table"],
            Role::Part => &[],
        };
        names.iter().map(|name| (name.to_string(), spec.name))
    });
    components.chain(others).collect()
}
