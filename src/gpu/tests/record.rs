//! Records every plan and its kernels, for `cargo xtask record`. The records before and after a change of the code that
//! makes kernels show which kernels have changed.

use super::cases::{Case, cases, noop};
use super::compiled::{features, in_parallel, name, parse};
use super::texts::spirv;
use crate::gpu::kernel::Kernel;
use crate::gpu::plan::{Plan, Stage};
use crate::gpu::recipe::{Quads, Recipe};
use crate::gpu::shaders::dtype;
use naga::ShaderStage;
use naga::back::pipeline_constants::process_overrides;
use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Mutex;

/// The environment variable that names the folder to write to. Without it the test does nothing.
const FOLDER: &str = "WGLOSS_RECORD";

/// The SPIR-V files written so far, by the keys of their kernels.
type Written = Mutex<HashMap<String, String>>;

/// Writes each distinct kernel, as SPIR-V without names, and a line for each plan and each of its dispatches.
#[test]
fn every_plan_is_written_down() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).expect("the folder of the record can be written to");
    let written = Written::default();
    let of_loss = |loss: Box<dyn crate::Loss>| {
        let cases: Vec<Case> = cases(&*loss);
        let id = loss.header().id;
        in_parallel(&cases, |case| lines(id, case, folder, &written)).concat()
    };
    // the losses with these ids, separated by commas, or all: a record of all takes half an hour
    let listed = std::env::var("WGLOSS_LOSSES").unwrap_or_default();
    let asked = |id: &str| listed.is_empty() || listed.split(',').any(|listed| listed == id);
    let lines: Vec<String> =
        crate::losses::walked().into_iter().filter(|loss| asked(loss.header().id)).map(of_loss).collect();
    fs::write(folder.join("plans.tsv"), lines.concat()).expect("the folder of the record can be written to");
}

/// The lines of a case: one for the plan, and one for each of its dispatches.
fn lines(id: &str, case: &Case, folder: &Path, written: &Written) -> String {
    let (plan, rounding) = case.plans(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"));
    let mut lines = String::new();
    for (of, plan) in [("plan", Some(plan)), ("rounding", rounding)] {
        let Some(plan) = plan else { continue };
        let case = format!("{id}\t{}\t{of}", words(case));
        let _ = writeln!(lines, "{case}\t\t{:?}\t{:?}\t{}", plan.params, plan.scratch, plan.longest_loop());
        for (number, stage) in plan.stages.iter().enumerate() {
            let forms: Vec<String> = forms(stage).iter().map(|kernel| file(kernel, folder, written)).collect();
            let Stage { recipe, groups, block, windows, .. } = stage;
            let (entry, forms, roles) = (recipe.entry(), forms.join(" "), roles(&plan, stage));
            let _ = writeln!(lines, "{case}\t{number}\t{entry}\t{groups}\t{forms}\t{roles}\t{block:?}\t{windows:?}");
        }
    }
    lines
}

/// Describes a case, without what differs from run to run.
fn words(case: &Case) -> String {
    let Case { default: _, options, reduction, shape, axis, target, floats, optional, .. } = case;
    let Case { upstream_tensor, divide_by_tensor, gradients, free, workspace_bound, shard, .. } = case;
    let Case { on_cpu, subgroup, matrices, small, binding_limit, .. } = case;
    format!(
        "{options:?} {reduction:?} {shape:?} {axis:?} {target:?} {floats:?} {optional:?} {upstream_tensor} {divide_by_tensor} \
         {gradients:?} {free} {workspace_bound} {shard:?} {on_cpu} {subgroup:?} {matrices:?} {small} {binding_limit}"
    )
}

/// A dispatch's kernel in all its forms: plain, with quads as each kind of adapter loads them, and with few classes or few
/// quads of a row in registers.
fn forms(stage: &Stage) -> Vec<Kernel> {
    let kernel = Kernel::from(Recipe::clone(&stage.recipe));
    let mut forms = vec![kernel.clone()];
    if kernel.recipe.quads > Quads::Nothing {
        for in_pairs in [false, true] {
            let mut of_quads = kernel.clone();
            of_quads.own_params = in_pairs;
            let quad = if in_pairs { dtype::quad::PAIRS } else { dtype::quad::WORDS };
            of_quads.recipe.take_quads(quad, |_| true);
            forms.push(of_quads);
        }
    }
    for (kept_classes, row) in [(Some(3), None), (None, Some(3))] {
        let mut kept = forms[forms.len() - 1].clone();
        (kept.recipe.kept_classes, kept.recipe.row) = (kept_classes, row);
        kept.recipe.keep_in_registers();
        if kept.text() != kernel.text() {
            forms.push(kept);
        }
    }
    forms
}

/// The role of each binding, by its number.
fn roles(plan: &Plan, stage: &Stage) -> String {
    let bindings = stage.recipe.bindings();
    let role = |binding: &crate::gpu::declared::Declared| {
        format!("{}={:?}", binding.number, plan.bound(stage, binding.name)).replace(' ', "")
    };
    bindings.iter().map(role).collect::<Vec<_>>().join(" ")
}

/// Writes the kernel's SPIR-V to a file named by a hash of it, unless it has been written. Returns the file's name.
fn file(kernel: &Kernel, folder: &Path, written: &Written) -> String {
    let key = kernel.key();
    let known = |written: &Written| written.lock().expect("no writer panicked").get(&key).cloned();
    if let Some(file) = known(written) {
        return file;
    }
    let (module, info) =
        parse(&kernel.text(), features(kernel.files())).unwrap_or_else(|error| panic!("{}: {error}", name(kernel)));
    let constants = kernel.constants();
    let (module, info) = process_overrides(&module, &info, Some((ShaderStage::Compute, kernel.entry())), &constants)
        .unwrap_or_else(|error| panic!("{}: {error}", name(kernel)));
    let words = spirv(kernel, &module, &info).contents;
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    let file = format!("{:016x}.spv", hasher.finish());
    fs::write(folder.join(&file), &words).expect("the folder of the record can be written to");
    written.lock().expect("no writer panicked").insert(key, file.clone());
    file
}
