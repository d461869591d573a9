//! The shader files: listed completely, parsing with the files they name, their bindings numbered once.

use super::compiled::{features, parse};
use crate::gpu::files::FILES;
use crate::gpu::kernel::{Kernel, Quads};
use crate::gpu::params::Params;
use crate::loss::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The leaves, as the headers of all losses name them.
pub(super) fn leaves() -> Vec<Source> {
    crate::losses::walked().iter().map(|loss| loss.header().shader).collect()
}

/// Every shader file.
pub(super) fn files() -> Vec<Source> {
    FILES.iter().copied().chain(leaves()).collect()
}

/// The paths of the files below `shaders/`, as sources name them.
fn tree(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the folder of the shaders") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tree(&path, found);
            continue;
        }
        let name = path.strip_prefix(Path::new(ROOT).join("shaders")).expect("it lies there").to_string_lossy();
        let name = name.replace('\\', "/");
        found.insert(name.strip_suffix(".wgsl").unwrap_or_else(|| panic!("{name} is not a shader")).to_string());
    }
}

#[test]
fn every_shader_file_is_listed_and_every_leaf_has_a_loss() {
    let mut found = BTreeSet::new();
    tree(&Path::new(ROOT).join("shaders"), &mut found);
    let (of_losses, others): (BTreeSet<String>, _) = found.into_iter().partition(|path| path.starts_with("losses/"));
    let names = |sources: &[Source]| sources.iter().map(|source| source.path.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(names(FILES), others, "the list in src/gpu/kernel.rs, and shaders/ but for losses/");
    assert_eq!(names(&leaves()), of_losses, "what the headers name, and shaders/losses/");
    assert_eq!(FILES.len(), others.len(), "a file is listed twice");
}

#[test]
fn a_leaf_lies_where_its_twin_does() {
    for loss in crate::losses::walked() {
        let header = loss.header();
        let path = header.shader.path;
        let named = path.rsplit('/').next().unwrap_or_default();
        if named != header.id {
            // the leaf of another loss, which this one is of other operands
            assert!(crate::by_id(named).is_some_and(|owner| owner.header().shader == header.shader), "{path}");
            continue;
        }
        let twin = Path::new(ROOT).join("src").join(path).with_extension("rs");
        assert!(twin.is_file(), "{path}.wgsl has no {}", twin.display());
        let first = header.shader.text.lines().next().unwrap_or_default();
        assert!(first.contains(&format!("the twin of src/{path}.rs.")), "{path}.wgsl names its twin: {first}");
    }
}

/// The files that a file's first line names after `Uses`.
fn uses(source: &Source) -> Vec<Source> {
    let first = source.text.lines().next().unwrap_or_default();
    let sentence = first.strip_prefix("// ").and_then(|line| line.strip_suffix('.'));
    let sentence = sentence.unwrap_or_else(|| panic!("{} begins with one sentence, not {first:?}", source.path));
    let Some((_, used)) = sentence.split_once(". Uses ") else { return Vec::new() };
    let files = files();
    let find = |path: &str| {
        let known = files.iter().find(|file| file.path == path);
        *known.unwrap_or_else(|| panic!("{} uses {path}, which there is not", source.path))
    };
    used.split(' ').map(find).collect()
}

#[test]
fn every_file_parses_with_the_files_its_first_line_names() {
    let mut refused = Vec::new();
    for source in files() {
        let used = uses(&source);
        let all: Vec<_> = used.iter().copied().chain([source]).collect();
        let text: Vec<_> = all.iter().map(|source| source.text).collect();
        let parsed = parse(&text.join("\n"), features(&all));
        refused.extend(parsed.err().map(|error| format!("shaders/{}.wgsl: {error}", source.path)));
        let distinct: BTreeSet<_> = used.iter().map(|used| used.path).collect();
        assert_eq!(distinct.len(), used.len(), "shaders/{}.wgsl names a file twice", source.path);
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

fn alone(source: Source) -> Kernel {
    Kernel {
        entry: "",
        sources: vec![source],
        overrides: Vec::new(),
        quads: Quads::Nothing,
        few: None,
        row: None,
        strip: None,
        own_params: false,
        shared_buffer: false,
    }
}

#[test]
fn a_binding_has_one_number_and_is_declared_on_one_line() {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let places = Params::FIELDS.iter().find(|(name, ..)| *name == "bases").map_or(0, |(_, _, bytes)| bytes / 4);
    for source in files() {
        let bindings = alone(source).bindings();
        assert_eq!(
            source.text.matches("@binding").count(),
            bindings.len(),
            "shaders/{}.wgsl declares a binding in a form that is not scanned",
            source.path
        );
        for binding in &bindings {
            let known = *numbers.entry(binding.name).or_insert(binding.number);
            assert_eq!(known, binding.number, "{} of shaders/{}.wgsl", binding.name, source.path);
            assert!((binding.number as usize) < places, "{} has no place in Params::bases", binding.name);
        }
        // a base is that of a binding of the file: another's would shift every element silently
        for (at, _) in source.text.match_indices(" base(") {
            let digits: String = source.text[at + 6..].chars().take_while(char::is_ascii_digit).collect();
            let Ok(number) = digits.parse::<u32>() else { continue };
            let own = bindings.iter().any(|binding| binding.number == number);
            assert!(own, "shaders/{}.wgsl takes the base of binding {number}", source.path);
        }
    }
}

/// A tensor's binding is read through its base: a tensor may begin anywhere in its buffer.
#[test]
fn every_binding_of_a_tensor_has_its_base_added() {
    // scratch memory and the outcome are buffers of their own
    let own = [
        "params",
        "workspace",
        "outcome",
        "items",
        "items_out",
        "chunk_states",
        "row_states",
        "region_sums",
        "coefficients",
        "factors",
        "whole_states",
        "hits",
        "records",
        "slopes",
        "slope_sums",
        "pulls",
        "products",
        "grams",
        "gram_slopes",
    ];
    let mut seen = BTreeSet::new();
    for source in files() {
        for binding in alone(source).bindings() {
            let based = source.text.contains(&format!("base({}u)", binding.number));
            let wanted = !own.contains(&binding.name);
            assert_eq!(based, wanted, "{} of shaders/{}.wgsl", binding.name, source.path);
            seen.insert(binding.name);
        }
    }
    for name in own {
        assert!(seen.contains(name), "{name} is excepted, and there is no such binding");
    }
}

/// What the caller gives is read in words, as the plan says that it is stored.
#[test]
fn every_binding_that_is_read_in_words_has_its_dtype_declared() {
    for source in files() {
        for binding in alone(source).bindings() {
            let array = |of: &str| source.text.contains(&format!("{}: array<{of}>;", binding.name));
            let read = binding.kind == wgpu::BufferBindingType::Storage { read_only: true };
            let words = array("u32") || (read && array("QuadOfWords"));
            let declared =
                source.text.contains(&format!("\noverride {}_DTYPE: u32 = 0u;", binding.name.to_uppercase()));
            assert_eq!(words, declared, "{} of shaders/{}.wgsl", binding.name, source.path);
            let floats = format!("var<storage, read> {}: array<f32>;", binding.name);
            assert!(!source.text.contains(&floats), "{} of shaders/{}.wgsl", binding.name, source.path);
        }
    }
}
