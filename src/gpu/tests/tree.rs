//! Rules for the shader files: each file is in some kernel, and lists exactly what it needs; each binding has one number.

use super::compiled::joined;
use crate::gpu::choices::Choices;
use crate::gpu::declared::{Declarations, declarations};
use crate::gpu::params::Params;
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::{FILES, find};
use crate::loss::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The leaves that the headers of all losses name.
pub(super) fn leaves() -> Vec<Source> {
    crate::losses::walked().iter().map(|loss| loss.header().shader).collect()
}

/// Every shader file.
pub(super) fn files() -> &'static [Source] {
    FILES
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
    let names = |sources: &[Source]| sources.iter().map(|source| source.path.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(names(FILES), found, "what build.rs lists, and shaders/");
    let of_losses: BTreeSet<String> = found.into_iter().filter(|path| path.starts_with("losses/")).collect();
    assert_eq!(names(&leaves()), of_losses, "what the headers name, and shaders/losses/");
}

#[test]
fn a_leaf_has_the_path_of_its_twin() {
    for loss in crate::losses::walked() {
        let header = loss.header();
        let path = header.shader.path;
        let named = path.rsplit('/').next().unwrap_or_default();
        if named != header.id {
            // this loss uses another loss's leaf
            assert!(crate::by_id(named).is_some_and(|owner| owner.header().shader == header.shader), "{path}");
            continue;
        }
        let twin = Path::new(ROOT).join("src").join(path).with_extension("rs");
        assert!(twin.is_file(), "{path}.wgsl has no {}", twin.display());
        let head =
            header.shader.text.lines().take_while(|line| line.starts_with("//") && !line.starts_with("// needs:"));
        let head = head.map(|line| line.trim_start_matches("// ")).collect::<Vec<_>>().join(" ");
        assert!(
            head.to_lowercase().contains(&format!("the twin of src/{path}.rs.")),
            "{path}.wgsl names its twin: {head}"
        );
    }
}

/// Otherwise no test would compile the file.
#[test]
fn every_file_is_part_of_a_kernel() {
    let joined: BTreeSet<&str> =
        joined().iter().flat_map(|joined| joined.kernels[0].files().iter().map(|file| file.path())).collect();
    let listed: BTreeSet<&str> = FILES.iter().map(|source| source.path).collect();
    assert_eq!(joined, listed);
}

/// The names of functions, types, constants, overrides and variables that a file declares.
fn declared(source: &Source) -> BTreeSet<&'static str> {
    let kinds = ["fn ", "struct ", "alias ", "const ", "override ", "var<workgroup> ", "var<private> "];
    let name = |line: &'static str| {
        let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind));
        let rest = rest.or_else(|| line.strip_prefix("@group(0) @binding(")?.split_once("> ").map(|(_, rest)| rest))?;
        rest.split(|c: char| !is_of_word(c)).next()
    };
    source.text.lines().filter_map(name).collect()
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The names that a file's code uses, without members and without the names that the file declares, at the top or in functions.
fn used(source: &Source) -> BTreeSet<&'static str> {
    let code: Vec<&'static str> = source.text.lines().filter_map(|line| line.split("//").next()).collect();
    let mut own = declared(source);
    let mut used = BTreeSet::new();
    for line in &code {
        let mut before = ("", ' ');
        for (at, word) in words(line) {
            let previous = line[..at].chars().next_back().unwrap_or(' ');
            let next = line[at + word.len()..].trim_start().chars().next().unwrap_or(' ');
            // `word` is the name of a local variable, a parameter or a member
            if ["let", "var", "const"].contains(&before.0) || (next == ':' && !line.starts_with("override")) {
                own.insert(word);
            }
            // the roles of matrices are WGSL's own words, and a leaf may have an option of such a name
            let role = line.contains("coop_mat") && ["A", "B", "C"].contains(&word);
            if previous != '.' && !role {
                used.insert(word);
            }
            before = (word, next);
        }
    }
    used.difference(&own).copied().collect()
}

/// The words of a line, each with its offset.
fn words(line: &'static str) -> impl Iterator<Item = (usize, &'static str)> {
    line.split(|c| !is_of_word(c)).filter(|word| word.starts_with(|c: char| !c.is_ascii_digit())).map(move |word| {
        // a subslice's address tells its offset
        (word.as_ptr().addr() - line.as_ptr().addr(), word)
    })
}

/// A file lists each file whose names it uses and each slot that it calls into, and no others.
#[test]
fn every_file_lists_exactly_what_it_needs() {
    let mut forms: BTreeMap<&str, BTreeSet<Source>> = BTreeMap::new();
    for kernel in joined().iter().flat_map(|joined| &joined.kernels) {
        for (slot, file) in kernel.recipe.slots().files().filter(|(_, file)| file.operand() == 0) {
            forms.entry(slot).or_default().insert(file.source());
        }
    }
    // the slots `x1`, `x2`, ... and `dx1`, `dx2`, ... get the files of `x0` and `dx0`, with the numbers replaced
    let of_first = |slot: &str| match slot.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "x" => "x0",
        "dx" => "dx0",
        _ => "",
    };
    let mut wrong = Vec::new();
    for &source in files() {
        let path = source.path;
        let used = used(&source);
        let Declarations { needs, slots, .. } = declarations(source.text);
        let mut known = BTreeSet::new();
        for need in needs {
            let declared = declared(&find(need).unwrap_or_else(|| panic!("shaders/{path}.wgsl needs {need}")));
            if declared.is_disjoint(&used) {
                wrong.push(format!("shaders/{path}.wgsl lists {need}, but uses nothing of it"));
            }
            known.extend(declared);
        }
        for slot in slots {
            let named = of_first(slot);
            let (of, number) = if named.is_empty() { (*slot, "") } else { (named, &slot[slot.len() - 1..]) };
            let filled = forms.get(of).unwrap_or_else(|| panic!("nothing fills {slot}, a slot of shaders/{path}.wgsl"));
            // a file in a slot may need files of its own folder, whose names count as the slot's
            let folder = |path: &'static str| path.rsplit_once('/').map(|(folder, _)| folder);
            let with_own = filled.iter().flat_map(|form| {
                let needs = declarations(form.text).needs.iter().filter(|need| folder(need) == folder(form.path));
                [*form].into_iter().chain(needs.filter_map(|need| find(need)))
            });
            let declared: BTreeSet<String> = with_own
                .flat_map(|form| declared(&form))
                .map(|name| name.replace("x0", &format!("x{number}")).replace("X0", &format!("X{number}")))
                .collect();
            if !used.iter().any(|word| declared.contains(*word)) {
                wrong.push(format!("shaders/{path}.wgsl uses nothing of the slot {slot}"));
            }
            known.extend(declared.into_iter().map(|name| &*name.leak()));
        }
        let others: BTreeSet<&str> = files().iter().flat_map(declared).collect();
        let missing: Vec<_> = used.intersection(&others).filter(|word| !known.contains(*word)).collect();
        if !missing.is_empty() {
            wrong.push(format!("shaders/{path}.wgsl lists nothing that has {missing:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn alone(source: Source) -> Recipe {
    Recipe::of_files("", vec![source.into()], Choices::default())
}

#[test]
fn a_binding_has_one_number_and_is_declared_on_one_line() {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let places = Params::FIELDS.iter().find(|(name, ..)| *name == "bases").map_or(0, |(_, _, bytes)| bytes / 4);
    for &source in files() {
        let recipe = alone(source);
        let bindings = recipe.bindings();
        assert_eq!(
            source.text.matches("@binding").count(),
            bindings.len(),
            "shaders/{}.wgsl declares a binding in a form that is not scanned",
            source.path
        );
        for binding in bindings {
            let known = *numbers.entry(binding.name).or_insert(binding.number);
            assert_eq!(known, binding.number, "{} of shaders/{}.wgsl", binding.name, source.path);
            assert!((binding.number as usize) < places, "{} has no place in Params::bases", binding.name);
        }
        // a file takes the base of its own bindings; another binding's would shift every element silently
        for (at, _) in source.text.match_indices(" base(") {
            let digits: String = source.text[at + 6..].chars().take_while(char::is_ascii_digit).collect();
            let Ok(number) = digits.parse::<u32>() else { continue };
            let own = bindings.iter().any(|binding| binding.number == number);
            assert!(own, "shaders/{}.wgsl takes the base of binding {number}", source.path);
        }
    }
}

/// A tensor may begin anywhere in its buffer, so its shader has to add the base of its binding.
#[test]
fn every_binding_of_a_tensor_has_its_base_added() {
    // scratch memory and the outcome have their own buffers
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
        "margin_slopes",
        "records",
        "slopes",
        "slope_sums",
        "teacher_logits",
        "row_sums",
        "products",
        "distances",
        "extremes",
        "pulls",
        "grams",
        "gram_slopes",
        "window_slopes",
        "window_means",
        "spans",
        "symbols",
        "heads",
        "peaks",
        "node_ends",
        "boundaries",
        "alphas",
        "betas",
        "segment_rows",
        "segment_scores",
        "level_pixels",
        "level_gradients",
        "level_sums",
        "level_slopes",
        "sequence_slopes",
        "faults",
        "counts",
        "bad_labels",
        // where operands are broadcast
        "broadcast",
        // of a number that changes between runs
        "change",
        "parameters",
        "byte_0",
        "byte_1",
        "byte_2",
        "byte_3",
    ];
    let mut seen = BTreeSet::new();
    for &source in files() {
        for binding in alone(source).bindings() {
            let of_number = format!("{}[change.base]", binding.name);
            let based = source.text.contains(&format!("base({}u)", binding.number)) || source.text.contains(&of_number);
            let wanted = !own.contains(&binding.name);
            assert_eq!(based, wanted, "{} of shaders/{}.wgsl", binding.name, source.path);
            seen.insert(binding.name);
        }
    }
    for name in own {
        assert!(seen.contains(name), "{name} is excepted, and there is no such binding");
    }
}

/// Bindings of words that always have the same dtype. They hold the numbers that change between runs, the parameters that
/// these numbers are written to, the places of labels, and predicted classes.
const OF_ONE_DTYPE: &[&str] = &["number_source", "counter", "parameters", "heads", "predicted"];

/// The caller's tensors are read in words, because a plan sets their dtypes by overrides.
#[test]
fn every_binding_that_is_read_in_words_has_its_dtype_declared() {
    for &source in files() {
        for binding in alone(source).bindings().iter().filter(|binding| !OF_ONE_DTYPE.contains(&binding.name)) {
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
