//! Writes the text of every kernel: as wgpu gives it to a driver's compiler, so that `cargo xtask platforms` can try other
//! compilers, or as wgpu gives it to a browser, for `cargo xtask test-web`.

use super::compiled::{
    self, FOLDER, SameText, ends, features, in_parallel, is_small, joined, name, need_features, parse,
};
use crate::gpu::kernel::Kernel;
use naga::back::hlsl;
use naga::back::pipeline_constants::process_overrides;
use naga::valid::ModuleInfo;
use naga::{Module, ShaderStage};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use writers::Settled;

#[path = "../../../cli/src/kernel/writers.rs"]
mod writers;

/// The folders for HLSL, each with its shader model. FXC knows models up to 5.1, and DXC models from 6.0. Models from
/// 6.2 have 16-bit types.
const SHADER_MODELS: &[(&str, hlsl::ShaderModel)] = &[
    ("hlsl-5.1", hlsl::ShaderModel::V5_1),
    ("hlsl-6.0", hlsl::ShaderModel::V6_0),
    ("hlsl-6.2", hlsl::ShaderModel::V6_2),
];

/// A text, with its folder, the name of its entry point in the text's language, and the ending of its file.
pub(super) struct Text {
    folder: &'static str,
    entry: String,
    ending: &'static str,
    pub contents: Vec<u8>,
}

/// Writes each distinct text of all kernels.
#[test]
fn every_text_is_handed_out() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let folders = SHADER_MODELS.iter().map(|(name, _)| *name).chain(["spirv", "msl"]);
    for name in folders {
        fs::create_dir_all(folder.join(name)).expect("the folder for the texts can be written to");
    }
    let named = in_parallel(joined(), |joined| {
        let write = |kernel| texts(joined, kernel).into_iter().map(|text| (write(folder, &text), name(kernel)));
        joined.kernels.iter().flat_map(write).collect::<Vec<_>>()
    });
    let named: BTreeMap<String, String> = named.into_iter().flatten().collect();
    let lines: Vec<String> = named.iter().map(|(file, name)| format!("{file}\t{name}\n")).collect();
    fs::write(folder.join("names.tsv"), lines.concat()).expect("the folder for the texts can be written to");
}

/// Writes each distinct text of the kernels that a browser may get, and a line for each of these kernels: its file, its
/// entry point, the values of its overrides, and its description.
#[test]
fn every_text_for_a_browser_is_handed_out() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("wgsl")).expect("the folder for the texts can be written to");
    let alike: Vec<Vec<Kernel>> = compiled::texts().into_values().filter(|alike| !need_features(alike)).collect();
    let lines =
        in_parallel(&alike, |alike| ends(alike).map(|kernel| line_for_a_browser(folder, kernel)).collect::<String>());
    fs::write(folder.join("kernels.tsv"), lines.concat()).expect("the folder for the texts can be written to");
}

fn line_for_a_browser(folder: &Path, kernel: &Kernel) -> String {
    // parameters are copied on Vulkan only
    let kernel = Kernel { own_params: false, ..kernel.clone() };
    let text = Text { folder: "wgsl", entry: kernel.entry().into(), ending: "wgsl", contents: kernel.text().into() };
    let overrides: Vec<String> = kernel.overrides().iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}\t{}\t{}\t{}\n", write(folder, &text), kernel.entry(), overrides.join(" "), name(&kernel))
}

/// Writes a text to a file named by a hash of its contents, so that equal texts are one file. Returns the file's name.
fn write(folder: &Path, text: &Text) -> String {
    let mut hasher = DefaultHasher::new();
    text.contents.hash(&mut hasher);
    let file = format!("{}/{:016x}.{}.{}", text.folder, hasher.finish(), text.entry, text.ending);
    let path = folder.join(&file);
    if !path.exists() {
        fs::write(path, &text.contents).expect("the folder for the texts can be written to");
    }
    file
}

fn texts(joined: &SameText, kernel: &Kernel) -> Vec<Text> {
    let (module, info) = joined.specialised(kernel);
    let mut texts = vec![spirv(kernel, &module, &info)];
    if joined.needs_features() {
        // these kernels run on Vulkan only
        return texts;
    }
    if !kernel.own_params {
        texts.extend(others(kernel, &module, &info));
        return texts;
    }
    // parameters are copied on Vulkan only
    let mut kernel = kernel.clone();
    kernel.own_params = false;
    let kernel = &kernel;
    let (module, info) = parse(&kernel.text(), features(kernel.files())).unwrap_or_else(|error| panic!("{error}"));
    let constants = kernel.constants();
    let entry = Some((ShaderStage::Compute, kernel.entry()));
    let (module, info) = process_overrides(&module, &info, entry, &constants)
        .unwrap_or_else(|error| panic!("{}: {error}", name(kernel)));
    texts.extend(others(kernel, &module, &info));
    texts
}

/// The texts for backends other than Vulkan. DX12 gets small kernels only.
fn others(kernel: &Kernel, module: &Module, info: &ModuleInfo) -> Vec<Text> {
    let models = SHADER_MODELS.iter().filter(|_| is_small(&kernel.recipe));
    let hlsl = models.map(|(folder, model)| direct_x(folder, *model, kernel, module, info));
    hlsl.chain([metal(kernel, module, info)]).collect()
}

pub(super) fn spirv(kernel: &Kernel, module: &Module, info: &ModuleInfo) -> Text {
    // SPIR-V 1.6 belongs to Vulkan 1.3, which nearly every driver supports
    let words = with_bindings(kernel, module, info, |settled| writers::spirv(settled, (1, 6)));
    let contents = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Text { folder: "spirv", entry: kernel.entry().into(), ending: "spv", contents }
}

fn metal(kernel: &Kernel, module: &Module, info: &ModuleInfo) -> Text {
    let (text, said) = with_bindings(kernel, module, info, writers::msl);
    let entry = entry_name(&said.entry_point_names, kernel);
    Text { folder: "msl", entry, ending: "metal", contents: text.into_bytes() }
}

fn direct_x(
    folder: &'static str,
    shader_model: hlsl::ShaderModel,
    kernel: &Kernel,
    module: &Module,
    info: &ModuleInfo,
) -> Text {
    let (text, said) = with_bindings(kernel, module, info, |settled| writers::hlsl(settled, shader_model));
    let entry = entry_name(&said.entry_point_names, kernel);
    Text { folder, entry, ending: "hlsl", contents: text.into_bytes() }
}

/// Writes a module with the kernel's bindings in the order of their numbers.
fn with_bindings<T, E: Debug>(
    kernel: &Kernel,
    module: &Module,
    info: &ModuleInfo,
    write: impl FnOnce(Settled<'_>) -> Result<T, E>,
) -> T {
    let bindings = kernel.bindings();
    let mut bindings: Vec<_> = bindings.iter().map(|binding| (binding.number, binding.is_written())).collect();
    bindings.sort_unstable();
    let settled = Settled { module, info, entry: kernel.entry(), bindings: &bindings };
    write(settled).unwrap_or_else(|error| panic!("{}: {error:?}", name(kernel)))
}

/// The name of the only entry point in the target language.
fn entry_name<E: Debug>(names: &[Result<String, E>], kernel: &Kernel) -> String {
    match names {
        [Ok(entry)] => entry.clone(),
        other => panic!("{}: entry points {other:?}", name(kernel)),
    }
}
