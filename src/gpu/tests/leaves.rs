//! Compares a loss's options with its shaders: they read every option, and nothing else.

use super::compiled::files_of;
use super::tree::files;
use crate::loss::Source;
use crate::options::{Kind, OptionSpec};
use std::collections::BTreeSet;

/// Options that checks and plans read instead of a leaf, and how they take effect.
const STRUCTURAL: &[(&str, &str)] = &[
    ("ignore_index", "goes through params.ignore_index, with the labels' range"),
    ("distance", "chooses the file of shaders/fold that is joined"),
    ("activation", "chooses the file of shaders/activation that is joined"),
    ("quantiles", "goes through a buffer of columns"),
    ("dice_weight", "goes through FusedLoss::own_weight, the weight of the loss's own row"),
    ("cross_entropy_weight", "goes through FusedLoss::weight, the weight of the fused loss's row"),
    ("bce_weight", "goes through FusedLoss::weight, the weight of the fused loss's row"),
    ("focal_weight", "goes through FusedLoss::weight, the weight of the fused loss's row"),
    ("use_softmax", "chooses the fused loss"),
    ("squared_pred", "goes through RegionSettings::squared, the override SQUARED of the walk"),
    ("soft_label", "goes through RegionSettings::soft, the override SOFT of the walk"),
    ("normalize", "goes through SimilaritySettings::normalize, an override of several kernels of the walk"),
    ("equal_labels", "goes through SimilaritySettings::equal_labels, the override SIMILAR of the walk"),
    ("window", "goes through params.window, with the weights of a window's side"),
    ("padding", "goes through params.margin, the zeros around a picture"),
    ("blank", "goes through params.blank, the class of every other node"),
    ("smooth_over", "goes through Softmax::spares_masked, the override SPARES_MASKED of the walk"),
    ("softcap", "goes through the slot softcap of the walk, which reads it by its place"),
    ("symmetric", "goes through SimilaritySettings::symmetric, an override of several kernels of the walk"),
];

/// The names and numbers of `const NAME: u32 = place;` lines, which say where a loss's numbers lie.
fn constants(source: &Source) -> Vec<(String, usize)> {
    let constant = |line: &str| {
        let (name, place) = line.strip_prefix("const ")?.strip_suffix("u;")?.split_once(": u32 = ")?;
        Some((name.to_string(), place.parse().ok()?))
    };
    source.text.lines().filter_map(constant).collect()
}

/// The names that `override NAME: ...` lines declare.
fn overrides(source: &Source) -> Vec<&str> {
    let name = |line: &'static str| Some(line.strip_prefix("override ")?.split_once(':')?.0);
    source.text.lines().filter_map(name).collect()
}

fn is_number(spec: &OptionSpec) -> bool {
    matches!(spec.kind, Kind::Number | Kind::NumberOrNone)
}

/// The name of the override that holds an option's value, or for an optional number whether it is given. `None` for
/// other numbers, lists and optional integers. The `WHOLE_` overrides of numbers are not among these.
fn override_of(spec: &OptionSpec) -> Option<String> {
    match spec.kind {
        Kind::Flag | Kind::Choice(_) | Kind::Integer => Some(spec.name.to_uppercase()),
        Kind::NumberOrNone => Some(format!("HAS_{}", spec.name.to_uppercase())),
        Kind::Number | Kind::Numbers | Kind::IntegerOrNone => None,
    }
}

fn structural(spec: &OptionSpec) -> bool {
    STRUCTURAL.iter().any(|(name, _)| *name == spec.name)
}

/// How often a word occurs in a text, without its declaration.
fn uses(text: &str, word: &str) -> usize {
    let code = text.lines().filter_map(|line| line.split("//").next()).filter(|line| !declares(line, word));
    let apart = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    code.flat_map(|line| line.split(apart)).filter(|other| *other == word).count()
}

fn declares(line: &str, word: &str) -> bool {
    ["const ", "override "].iter().any(|kind| line.starts_with(&format!("{kind}{word}:")))
}

#[test]
fn the_numbers_of_a_leaf_are_its_options_in_their_places() {
    for loss in crate::losses::walked() {
        let header = loss.header();
        let specs = loss.specs();
        // the numbers of a fused loss come before those of the main loss
        let fused = loss.leaf().fused_loss().map(|fused| fused.loss.header().shader);
        let shaders: Vec<Source> = fused.into_iter().chain([header.shader]).collect();
        let numbers = specs.iter().filter(|spec| is_number(spec)).enumerate().filter(|(_, spec)| !structural(spec));
        let expected: Vec<_> = numbers.map(|(place, spec)| (spec.name.to_uppercase(), place)).collect();
        assert_eq!(shaders.iter().flat_map(constants).collect::<Vec<_>>(), expected, "{}", header.id);
        for (name, _) in expected {
            let read = format!("option({name})");
            let reads = shaders.iter().any(|shader| shader.text.contains(&read));
            assert!(reads, "{}: nothing reads {read}", header.id);
        }
        let consts = header.shader.text.lines().filter(|line| line.starts_with("const ")).count();
        assert_eq!(consts, constants(&header.shader).len(), "{}: a const that is no option's place", header.id);
    }
}

#[test]
fn a_leaf_overrides_nothing_that_is_not_an_option() {
    for loss in crate::losses::walked() {
        let header = loss.header();
        let specs = loss.specs();
        let whole =
            specs.iter().filter(|spec| is_number(spec)).map(|spec| format!("WHOLE_{}", spec.name.to_uppercase()));
        let known: BTreeSet<String> = specs.iter().filter_map(override_of).chain(whole).collect();
        for name in overrides(&header.shader) {
            assert!(known.contains(name), "{}: {name} is not an option", header.id);
            assert!(uses(header.shader.text, name) > 0, "{}: nothing reads {name}", header.id);
        }
    }
}

#[test]
fn every_option_is_read_by_a_shader() {
    let files = files();
    let mut excepted = BTreeSet::new();
    for loss in crate::losses::walked() {
        let header = loss.header();
        let own = files_of(header.id);
        assert!(own.contains(header.shader.path), "{}: no kernel is joined of its leaf", header.id);
        for spec in loss.specs() {
            if structural(&spec) {
                excepted.insert(spec.name);
                continue;
            }
            let Some(name) = override_of(&spec) else { continue };
            let sources = files.iter().filter(|source| own.contains(source.path));
            let (declared, read) = sources.fold((0, 0), |(declared, read), source| {
                let declares = overrides(source).contains(&name.as_str());
                (declared + usize::from(declares), read + uses(source.text, &name))
            });
            assert!(declared == 1 && read > 0, "{}: {name} is declared {declared} times, read {read}", header.id);
        }
    }
    let listed: BTreeSet<_> = STRUCTURAL.iter().map(|(name, _)| *name).collect();
    assert_eq!(excepted, listed, "an exception that no loss needs");
}

/// The numbers and names in a comment such as `// 0 none, 1 min_snr`.
pub(super) fn choices(comment: &str) -> Vec<(u32, String)> {
    let list = comment.strip_prefix("// ").unwrap_or_else(|| panic!("no list of choices: {comment}"));
    let choice = |item: &str| {
        let (place, name) = item.split_once(' ').unwrap_or_else(|| panic!("no choice: {item}"));
        (place.parse().unwrap_or_else(|_| panic!("no place: {item}")), name.to_string())
    };
    list.split(", ").map(choice).collect()
}

/// A shader gets the index of a name in its option's list. The line before the override lists the names.
#[test]
fn the_choices_of_a_leaf_are_listed_as_they_are_numbered() {
    for loss in crate::losses::walked() {
        let header = loss.header();
        for spec in loss.specs() {
            let (Kind::Choice(names), Some(name)) = (spec.kind, override_of(&spec)) else { continue };
            let line = format!("override {name}:");
            let lines = header.shader.text.lines().zip(header.shader.text.lines().skip(1));
            let Some((comment, _)) = lines.into_iter().find(|(_, next)| next.starts_with(&line)) else {
                assert!(structural(&spec), "{}: {name} stands in no leaf", header.id);
                continue;
            };
            let expected: Vec<_> = (0..).zip(names.iter().map(|name| name.to_string())).collect();
            assert_eq!(choices(comment), expected, "{}: {name}", header.id);
        }
    }
}

/// A leaf only scores: walks call its functions for a single value.
#[test]
fn a_leaf_has_no_binding_no_entry_point_and_no_loop() {
    for loss in crate::losses::walked() {
        let shader = loss.header().shader;
        for word in ["var<", "@compute", "@group", "for (", "while ", "loop ", "workgroup"] {
            assert!(!shader.text.contains(word), "shaders/{}.wgsl has {word:?}", shader.path);
        }
    }
}
