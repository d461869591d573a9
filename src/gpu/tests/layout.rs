//! Compares the layouts of memory that host and shaders share, as naga sees them.

use super::cases::{Case, noop};
use super::compiled::{joined, parse};
use crate::error::Error;
use crate::gpu::link::{Slots, link};
use crate::gpu::memory::Memory;
use crate::gpu::params::{Block, Change, Params};
use crate::gpu::plan::{BESIDE_POSITION_STATE, ELEMENT_BYTES, STATE_BYTES, TALLY_BYTES, WORKSPACE_HEAD};
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::{Shader, dtype, find, geometry, lib, operand, slot};
use crate::gpu::verdict::{Verdict, VerdictRow};
use crate::options::Kind;
use crate::shape::DType;
use crate::term::OutcomeRow;
use naga::proc::Layouter;
use naga::valid::Capabilities;
use naga::{Handle, Module, Type, TypeInner};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The module of a shader file with the files that it needs.
fn module(shader: Shader, slots: &Slots) -> Module {
    let text: Vec<_> = link(shader, slots).files.iter().map(|file| file.text()).collect();
    parse(&text.join("\n"), Capabilities::empty()).unwrap_or_else(|error| panic!("{error}")).0
}

/// The members of a shader's struct: name, offset and size.
fn members(module: &Module, name: &str) -> Vec<(String, usize, usize)> {
    let ty = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
    let (_, ty) = ty.unwrap_or_else(|| panic!("no struct {name}"));
    let TypeInner::Struct { members, .. } = &ty.inner else { panic!("{name} is not a struct") };
    let size = |ty: Handle<Type>| module.types[ty].inner.size(module.to_ctx()) as usize;
    let member = |member: &naga::StructMember| {
        (member.name.clone().unwrap_or_default(), member.offset as usize, size(member.ty))
    };
    members.iter().map(member).collect()
}

/// The bytes from one element to the next in an array of this type.
fn stride(module: &Module, ty: Handle<Type>) -> u64 {
    let mut layouter = Layouter::default();
    layouter.update(module.to_ctx()).expect("a layout");
    layouter[ty].to_stride().into()
}

fn struct_stride(module: &Module, name: &str) -> u64 {
    let ty = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
    stride(module, ty.unwrap_or_else(|| panic!("no struct {name}")).0)
}

#[test]
fn a_number_that_changes_has_the_shaders_layout() {
    let slots = Slots::default().with(slot::NUMBER, operand::number::READ);
    let fields = Change::FIELDS.iter().map(|&(name, offset, size)| (name.to_string(), offset, size));
    assert_eq!(members(&module(geometry::NUMBER, &slots), "Change"), fields.collect::<Vec<_>>());
}

#[test]
fn the_parameters_have_the_shaders_layout() {
    let module = module(lib::PARAMS, &Slots::default());
    for (name, fields, bytes) in
        [("Params", Params::FIELDS, size_of::<Params>()), ("Block", Block::FIELDS, size_of::<Block>())]
    {
        let fields: Vec<_> = fields.iter().map(|&(name, offset, size)| (name.to_string(), offset, size)).collect();
        assert_eq!(members(&module, name), fields);
        assert_eq!(struct_stride(&module, name), bytes as u64);
    }
}

/// The parameters have room for 16 numbers. A loss with more would silently lose some.
#[test]
fn every_loss_has_room_for_its_numbers() {
    for loss in crate::losses::walked() {
        let specs = loss.specs();
        let numbers = specs.iter().filter(|spec| matches!(spec.kind, Kind::Number | Kind::NumberOrNone)).count();
        assert!(numbers <= Params::new().options.len(), "{} has {numbers} numbers", loss.header().id);
    }
}

#[test]
fn tallies_and_the_workspaces_head_have_the_sizes_that_plans_assume() {
    let module = module(lib::WORKSPACE, &Slots::default().with(slot::COUNT, lib::count::VALUES));
    assert_eq!(struct_stride(&module, "Tally"), TALLY_BYTES);
    let workspace = members(&module, "Workspace");
    let offset = |name: &str| workspace.iter().find(|(known, ..)| known == name).map(|&(_, offset, _)| offset as u64);
    assert_eq!(offset("tallies"), Some(WORKSPACE_HEAD));
    // a job writes the four scales to the first four words
    let scales = ["scale", "extra_scale", "fused_scale", "fused_extra_scale"];
    assert_eq!(scales.map(offset), [Some(0), Some(4), Some(8), Some(12)]);
}

#[test]
fn elements_of_scratch_memory_have_the_sizes_that_plans_assume() {
    let mut seen = BTreeSet::new();
    for joined in joined() {
        for (_, global) in joined.module.global_variables.iter().filter(|(_, global)| global.binding.is_some()) {
            let bound = global.name.as_deref().unwrap_or_default();
            // the kernels that write the scratch memory `items` bind it by this name
            let name = if bound == "items_out" { "items" } else { bound };
            // the size of a state depends on the fold
            let folded = |(fold, _): &&(&str, u64)| joined.kernels[0].files().iter().any(|file| file.path() == *fold);
            let known = match name {
                "chunk_states" | "position_states" | "whole_states" => STATE_BYTES.iter().find(folded),
                name => ELEMENT_BYTES.iter().find(|(known, _)| *known == name),
            };
            let Some((name, bytes)) = known else { continue };
            let TypeInner::Array { base, .. } = joined.module.types[global.ty].inner else {
                panic!("{name}: no array")
            };
            let beside = if bound == "position_states" { BESIDE_POSITION_STATE } else { 0 };
            assert_eq!(stride(&joined.module, base), *bytes + beside, "{bound}");
            seen.insert(*name);
        }
    }
    let known: BTreeSet<_> = ELEMENT_BYTES.iter().chain(STATE_BYTES).map(|(name, _)| *name).collect();
    assert_eq!(seen, known, "scratch memory that no kernel binds");
}

#[test]
fn the_outcome_has_the_shaders_layout() {
    let slots = Slots::default()
        .with(slot::COUNT, lib::count::VALUES)
        .with(slot::DIVISOR, operand::divisor::ONE)
        .with(slot::FAULTS, geometry::faults::NONE)
        .with(slot::PART_SUMS, operand::part_sums::NOWHERE);
    let module = module(geometry::TOTALS_OUTCOME, &slots);
    let outcome = members(&module, "Outcome");
    let offset = |name: &str| {
        let member = outcome.iter().find(|(known, ..)| known == name);
        member.unwrap_or_else(|| panic!("no {name} in {outcome:?}")).1
    };
    assert_eq!(offset("loss"), 0, "Outcome::loss reads the first word");
    assert_eq!(offset("parts") as u64, Verdict::BYTES);
    assert_eq!(struct_stride(&module, "PartOutcome"), Verdict::PART_BYTES);
    let names: Vec<_> = members(&module, "PartOutcome").into_iter().map(|(name, offset, _)| (name, offset)).collect();
    let read = ["sum", "extra", "denominator", "extra_denominator", "weight"];
    assert_eq!(names, read.iter().enumerate().map(|(k, name)| (name.to_string(), 4 * k)).collect::<Vec<_>>());

    let memory = Memory::new(noop(), "outcome", 64, None, wgpu::BufferUsages::STORAGE).expect("64 bytes");
    let row = || OutcomeRow { name: "part".into(), weight: 1.0, extra: None };
    let part = |loss| VerdictRow {
        row: row(),
        loss,
        operand: "target",
        count: 7,
        ignored: Some(9),
        lengths: None,
        segments: None,
        inspections: Vec::new(),
        numbers: Vec::new(),
    };
    let verdict = Verdict::new(Arc::new(memory), vec![part("first"), part("second")]);
    // a job that has been recorded once
    verdict.runs.record();
    let judge = |head: &[u8]| verdict.judge(head, verdict.runs.begin());
    assert_eq!(judge(&Verdict::fresh()), Err(Error::NotRun { loss: "first", recorded: 1, finished: 0 }));
    let mut head = Verdict::fresh();
    let runs = u32::from_le_bytes(head[offset("runs")..][..4].try_into().expect("a word")).wrapping_add(1);
    let mut set = |name: &str, word: u32| head[offset(name)..][..4].copy_from_slice(&word.to_le_bytes());
    set("runs", runs);
    assert_eq!(judge(&head), Ok(()));
    let mut set = |name: &str, word: u32| head[offset(name)..][..4].copy_from_slice(&word.to_le_bytes());
    let words = [("bad_part", 1u32), ("bad_position", 5), ("bad_low", -3i32 as u32), ("bad_high", u32::MAX)];
    words.into_iter().for_each(|(name, word)| set(name, word));
    let refused = |position, value| Error::LabelOutOfRange {
        loss: "second",
        operand: "target".into(),
        position,
        value,
        count: 7,
        ignored: Some(9),
    };
    assert_eq!(judge(&head), Err(refused(5, -3)));
    verdict.hear(&head);
    assert_eq!(verdict.answer(&head, verdict.runs.begin()), Ok(()), "nothing is kept");
    // the first bad label of all runs, which is reported once
    assert_eq!(
        [Verdict::KEPT.start, Verdict::KEPT.end],
        [offset("first_part") as u64, offset("first_high") as u64 + 4]
    );
    let mut set = |name: &str, word: u32| head[offset(name)..][..4].copy_from_slice(&word.to_le_bytes());
    let words = [("first_part", 2u32), ("first_position", 9), ("first_low", 8), ("first_high", 0)];
    words.into_iter().for_each(|(name, word)| set(name, word));
    verdict.hear(&head);
    assert_eq!(verdict.answer(&head, verdict.runs.begin()), Err(refused(9, 8)));
    assert_eq!(verdict.answer(&head, verdict.runs.begin()), Ok(()));
}

/// The numbers of the dtypes of labels and floats agree with the shaders'.
#[test]
fn dtypes_have_the_shaders_numbers() {
    let text = find(operand::labels::GIVEN.0).expect("a file").text;
    let line = text.lines().zip(text.lines().skip(1)).find(|(_, next)| next.starts_with("override LABELS_DTYPE:"));
    let names = super::leaves::choices(line.expect("the override").0);
    let loss = crate::by_id("cross_entropy").expect("a loss of labels");
    for (place, name) in names {
        let dtype = super::cases::LABELS.iter().find(|dtype| dtype.to_string() == name);
        let target = *dtype.unwrap_or_else(|| panic!("no label dtype {name}"));
        let plan = Case { target, ..Case::new(&*loss, &[2, 3]) }.plan(noop()).expect("a plan");
        let chosen = |recipe: &Recipe| recipe.overrides().find(|(name, _)| *name == "LABELS_DTYPE").map(|(_, v)| v);
        assert_eq!(chosen(&plan.stages[0].recipe), Some(f64::from(place)), "{name}");
    }
    let text = find(dtype::FLOAT.0).expect("a file").text;
    let code = |dtype: &DType| {
        let case = Case { floats: *dtype, ..Case::new(&*loss, &[2, 3]) };
        let kernel = case.plan(noop()).expect("a plan").stages.remove(0).recipe;
        kernel.overrides().find(|(name, _)| *name == "X0_DTYPE").expect("logits are floats").1
    };
    for dtype in super::cases::FLOATS {
        let line = format!("const {}: u32 = {}u;", dtype.to_string().to_uppercase(), code(dtype));
        assert!(text.lines().any(|known| known == line), "{line}");
    }
}
