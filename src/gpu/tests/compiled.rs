//! The kernels that plans ask for, linked, parsed and validated once: all of them, or enough to cover each pair of files. The tests of kernels share them.

use super::cases::{Case, cases, noop};
use super::metrics;
use crate::gpu::kernel::Kernel;
use crate::gpu::link::File;
use crate::gpu::numbers;
use crate::gpu::plan::Stage;
use crate::gpu::recipe::{Quads, Recipe};
use crate::gpu::shaders::{Shader, dtype, geometry, scratch};
use crate::loss::Loss;
use naga::ShaderStage;
use naga::back::pipeline_constants::process_overrides;
use naga::valid::{Capabilities, ModuleInfo, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::{iter, panic, thread};

/// The files that need optional features. Only Vulkan drivers that have the features get kernels with these files.
const FEATURES: &[(Shader, Capabilities)] = &[
    (geometry::tile_products::SUBGROUPS, Capabilities::SUBGROUP),
    (
        geometry::tile_products::MATRICES,
        Capabilities::COOPERATIVE_MATRIX.union(Capabilities::SHADER_FLOAT16).union(Capabilities::SUBGROUP),
    ),
    (dtype::quad::PAIRS, Capabilities::SHADER_INT64),
];

/// The environment variable that names the folder to write texts to.
pub(super) const FOLDER: &str = "WGLOSS_TEXTS";

/// Kernels with the same text, which differ only in their overrides.
pub(super) struct SameText {
    pub kernels: Vec<Kernel>,
    pub module: naga::Module,
    pub info: ModuleInfo,
}

/// The kernels of [`texts`], parsed and validated.
pub(super) fn joined() -> &'static [SameText] {
    static ALL: OnceLock<Vec<SameText>> = OnceLock::new();
    ALL.get_or_init(|| {
        let parse = |(text, kernels): &(String, Vec<Kernel>)| {
            let parsed = parse(text, features(kernels[0].files()));
            let (module, info) = parsed.unwrap_or_else(|error| panic!("{}: {error}", name(&kernels[0])));
            SameText { kernels: kernels.clone(), module, info }
        };
        in_parallel(&texts().into_iter().collect::<Vec<_>>(), parse)
    })
}

/// Whether tests take every kernel, as `cargo xtask platforms` and `test-web` ask for. Otherwise they take enough kernels that
/// each pair of files that occurs in some kernel occurs in one of those taken.
pub(super) fn wants_every_kernel() -> bool {
    std::env::var_os(FOLDER).is_some() || std::env::var_os("WGLOSS_EVERY_KERNEL").is_some()
}

/// The kernels that have a pair of files which no earlier kernel has.
fn covering<'a>(kernels: impl Iterator<Item = &'a Kernel>) -> impl Iterator<Item = &'a Kernel> {
    let mut met = HashSet::new();
    kernels.filter(move |kernel| {
        let mut files: Vec<_> = kernel.files().iter().map(|file| (file.path(), file.operand())).collect();
        // only some kernels have forms that take quads, so whether a kernel may take quads counts as one more file
        files.push(("quads", kernel.recipe.quads as usize));
        let pairs = files.iter().enumerate().flat_map(|(k, one)| files[..k].iter().map(move |other| (*one, *other)));
        // `count` notes all pairs; `any` would stop at the first new one
        pairs.filter(|pair| met.insert(*pair)).count() > 0
    })
}

/// Every kernel, or those that [`cover`](covering) all, by its text. Each text is added in other forms too: two kernels
/// with all bindings read_write and copied parameters, two that take quads, loaded as four words or as two pairs, and one
/// that keeps few classes.
pub(super) fn texts() -> BTreeMap<String, Vec<Kernel>> {
    let kernels = || planned().iter().flat_map(|(_, kernels)| kernels);
    let mut texts = match wants_every_kernel() {
        true => by_text(kernels().cloned()),
        false => by_text(covering(kernels()).cloned()),
    };
    let mut made = Vec::new();
    for kernels in texts.values_mut() {
        *kernels = one_of_each_dtype(std::mem::take(kernels));
        made.extend(ends(kernels).map(shared));
        let quads = [(kernels.first(), false), (kernels.last(), true)];
        let quads = quads.into_iter().filter_map(|(kernel, in_pairs)| Some((kernel?, in_pairs)));
        let quads = quads.filter(|(kernel, _)| kernel.recipe.quads > Quads::Nothing);
        let quads: Vec<_> = quads.map(|(kernel, in_pairs)| in_quads(kernel, in_pairs)).collect();
        made.extend(quads.last().and_then(keeping_in_registers));
        made.extend(quads);
    }
    for (text, kernels) in by_text(made) {
        texts.entry(text).or_default().extend(kernels);
    }
    texts
}

/// Kernels by their texts. A text is written once for all kernels that have it, since writing takes longer than planning.
fn by_text(kernels: impl IntoIterator<Item = Kernel>) -> BTreeMap<String, Vec<Kernel>> {
    let mut alike: BTreeMap<String, Vec<Kernel>> = BTreeMap::new();
    for kernel in kernels {
        let Kernel { ref recipe, own_params, shared_buffer } = kernel;
        alike.entry(format!("{own_params} {shared_buffer} {}", recipe.text_key())).or_default().push(kernel);
    }
    let mut texts: BTreeMap<String, Vec<Kernel>> = BTreeMap::new();
    for kernels in alike.into_values() {
        texts.entry(kernels[0].text()).or_default().extend(kernels);
    }
    texts
}

/// The kernel with all bindings read_write and copied parameters.
fn shared(kernel: &Kernel) -> Kernel {
    let mut kernel = kernel.clone();
    (kernel.shared_buffer, kernel.own_params) = (true, true);
    kernel
}

/// The kernel that takes quads at every binding where its recipe allows it.
fn in_quads(kernel: &Kernel, in_pairs: bool) -> Kernel {
    let mut kernel = kernel.clone();
    kernel.recipe.take_quads(if in_pairs { dtype::quad::PAIRS } else { dtype::quad::WORDS }, |_| true);
    kernel
}

/// The kernel whose lanes keep the classes of their positions, or their quads of a row. `None` if it has no such form.
fn keeping_in_registers(kernel: &Kernel) -> Option<Kernel> {
    let fused = kernel.entry() == "positions_fused";
    let (kept_classes, row) = if fused { (None, Some(3)) } else { (Some(3), None) };
    let mut kernel = kernel.clone();
    (kernel.recipe.kept_classes, kernel.recipe.row) = (kept_classes, row);
    kernel.recipe.keep_in_registers();
    let has = |shader| kernel.recipe.has(shader);
    let ranged = has(scratch::position_states::RANGES) || has(scratch::softmaxes::RANGES);
    ((has(geometry::classes::FEW) || fused) && !ranged).then_some(kernel)
}

/// Keeps one kernel of those that differ only in dtypes and in `TEAM`, which are constants to shaders. Which one it
/// keeps goes by turns.
fn one_of_each_dtype(kernels: Vec<Kernel>) -> Vec<Kernel> {
    let mut alike: BTreeMap<String, BTreeMap<String, Kernel>> = BTreeMap::new();
    for kernel in kernels {
        let mut bare = kernel.clone();
        bare.recipe.choices = bare.recipe.choices.without(|name| name.ends_with("_DTYPE") || name == "TEAM");
        alike.entry(bare.key()).or_default().insert(kernel.key(), kernel);
    }
    let drawn = |(turn, alike): (usize, &BTreeMap<_, Kernel>)| alike.values().cycle().nth(turn).cloned();
    alike.values().enumerate().filter_map(drawn).collect()
}

/// The distinct kernels of every case of every loss, by the loss's id, those that jobs add to plans, and those of
/// metrics. Asserts that kernels with equal keys are equal.
fn planned() -> &'static [(&'static str, Vec<Kernel>)] {
    static ALL: OnceLock<Vec<(&'static str, Vec<Kernel>)>> = OnceLock::new();
    let of_case = |case: &Case| {
        let (plan, rounding) = case.plans(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        let needs = |stage: &Stage| !features(&stage.recipe.linked().files).is_empty();
        assert!(
            !case.small || plan.stages.iter().all(|stage| is_small(&stage.recipe)),
            "{case:?}: a kernel that DX12 cannot take"
        );
        assert!(
            case.subgroup.is_some() || case.matrices.is_some() || !plan.stages.iter().any(needs),
            "{case:?}: subgroups or matrices on a device without them"
        );
        let stages = plan.stages.into_iter().chain(rounding.into_iter().flat_map(|plan| plan.stages));
        stages
            .map(|stage| Kernel::from(Recipe::clone(&stage.recipe)))
            .map(|kernel| (kernel.key(), kernel))
            .collect::<Vec<_>>()
    };
    let of_loss = |loss: Box<dyn Loss>| {
        let mut kernels: BTreeMap<String, Kernel> = BTreeMap::new();
        for (key, kernel) in in_parallel(&cases(&*loss), of_case).into_iter().flatten() {
            let known = kernels.entry(key).or_insert_with(|| kernel.clone());
            // equal files in the same forms are one text
            let forms = |kernel: &Kernel| (kernel.recipe.kept_classes, kernel.recipe.row, kernel.recipe.strip);
            let texts = known.files() == kernel.files() && forms(known) == forms(&kernel);
            let same = texts && known.overrides() == kernel.overrides();
            assert!(same, "two kernels share the key {}", kernel.key());
        }
        (loss.header().id, kernels.into_values().collect())
    };
    ALL.get_or_init(|| {
        let of_jobs = [("", numbers::kernels().to_vec()), ("", metrics::kernels())];
        crate::losses::walked().into_iter().map(of_loss).chain(of_jobs).collect()
    })
}

/// The files of the kernels of a loss.
pub(super) fn files_of(id: &str) -> BTreeSet<&'static str> {
    let kernels = planned().iter().filter(|(loss, _)| *loss == id).flat_map(|(_, kernels)| kernels);
    kernels.flat_map(|kernel| kernel.files().iter().map(|file| file.path())).collect()
}

/// The optional features that these files need.
pub(super) fn features(files: &[File]) -> Capabilities {
    let needed = FEATURES.iter().filter(|(shader, _)| files.iter().any(|file| file.is(*shader)));
    needed.fold(Capabilities::empty(), |all, (_, features)| all | *features)
}

/// Whether kernels with the same text need optional features.
pub(super) fn need_features(kernels: &[Kernel]) -> bool {
    !features(kernels[0].files()).is_empty()
}

/// Parses and validates a text, as wgpu does on a device with only these features.
pub(super) fn parse(text: &str, features: Capabilities) -> Result<(naga::Module, ModuleInfo), String> {
    let module = naga::front::wgsl::parse_str(text).map_err(|error| error.emit_to_string(text))?;
    // every WebGPU device has this one: unpack2x16float and its kin
    let capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32 | features;
    // the capability `SUBGROUP` alone decides about subgroups: all operations are allowed in compute shaders
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    validator.subgroup_stages(ShaderStages::COMPUTE).subgroup_operations(SubgroupOperationSet::all());
    let validated = validator.validate(&module);
    let info = validated.map_err(|error| error.emit_to_string(text))?;
    Ok((module, info))
}

/// The first and the last of kernels with the same text. These are likely to differ most in their overrides.
pub(super) fn ends(kernels: &[Kernel]) -> impl Iterator<Item = &Kernel> {
    let last = kernels.last().filter(|_| kernels.len() > 1);
    kernels.first().into_iter().chain(last)
}

impl SameText {
    /// Whether the kernels need optional features.
    pub fn needs_features(&self) -> bool {
        need_features(&self.kernels)
    }

    /// The module of one of the kernels, with the values of its overrides.
    pub fn specialised(&self, kernel: &Kernel) -> (Cow<'_, naga::Module>, Cow<'_, ModuleInfo>) {
        let constants = kernel.constants();
        process_overrides(&self.module, &self.info, Some((ShaderStage::Compute, kernel.entry())), &constants)
            .unwrap_or_else(|error| panic!("{}: {error}", name(kernel)))
    }
}

/// Whether DX12 may get the kernel. The kernels that DX12 gets take no quads of positions or coordinates, and
/// `vectors_fused`, which does everything for vectors, is not among them.
pub(super) fn is_small(recipe: &Recipe) -> bool {
    let chosen = |name: &str| recipe.overrides().find(|(known, _)| *known == name).map_or(0.0, |(_, value)| value);
    let of_fours =
        ["region_", "vectors_"].iter().any(|walk| recipe.entry().starts_with(walk)) && chosen("FOURS") == 1.0;
    !of_fours && recipe.entry() != "vectors_fused" && chosen("EACH") != 4.0
}

/// Describes a kernel in failures.
pub(super) fn name(kernel: &Kernel) -> String {
    let files: Vec<_> = kernel.files().iter().map(|file| file.path()).collect();
    let shared = if kernel.shared_buffer { ", all read_write" } else { "" };
    format!("{} of {} with {:?}{shared}", kernel.entry(), files.join(" "), kernel.overrides())
}

/// Maps each item, on as many threads as the machine can run at once. Panics if `map` does.
pub(super) fn in_parallel<T: Sync, U: Send>(items: &[T], map: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let (next, map) = (AtomicUsize::new(0), &map);
    // a thread takes the next item when it is ready, since some take far longer than others
    let take = || iter::from_fn(|| Some(next.fetch_add(1, Relaxed)).filter(|&place| place < items.len()));
    let work = || take().map(|place| (place, map(&items[place]))).collect::<Vec<_>>();
    let mut done: Vec<(usize, U)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        joined.flatten().collect()
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}
