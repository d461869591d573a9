//! The losses in the tree: which files name a loss, which options losses have in common, and what their pages say.

use super::{CrossEntropy, Dice, Quantile, all, by_id};
use crate::leaf::Leaf;
use crate::loss::{Loss, OperandSpec};
use crate::options::{Kind, Value};
use crate::reduction::Reduction;
use crate::role::{Role, Sizes};
use crate::shape::ClassAxis;
use crate::tasks::TASKS;
use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The files that may name a loss besides its own file, and why.
const NAMED: &[(&str, &str)] = &[
    ("src/losses/mod.rs", "is the list"),
    ("src/tasks.rs", "recommends a loss for each task"),
    ("src/compounds/", "has ready-made sums of named losses"),
    ("src/losses/composite/vae.rs", "is the sum of a squared error or a cross-entropy and a divergence"),
    ("src/losses/region/dice_cross_entropy.rs", "is the sum of two losses in one pass"),
    ("src/losses/region/dice_bce.rs", "is the sum of two losses in one pass"),
    ("src/losses/region/dice_focal.rs", "is the sum of two losses in one pass"),
    ("src/losses/gram/gram_style.rs", "has the leaf of the squared error"),
    ("src/losses/pointwise/diffusion.rs", "has a robust error of the same name as a choice"),
    ("src/losses/linear/linear_cross_entropy.rs", "has the leaf of cross-entropy"),
    ("src/losses/linear/linear_softmax_focal.rs", "has the leaf of the focal loss of classes"),
    ("src/losses/segments/linear_dpo.rs", "has the leaf of direct preference optimisation"),
    ("src/losses/linear_divergence/linear_distillation.rs", "has the leaf of distillation from logits"),
    ("src/losses/linear/margin_softmax.rs", "has the leaf of cross-entropy, over cosines"),
    ("src/losses/windows/ms_ssim.rs", "has the leaf of structural dissimilarity at one size"),
    ("cli/src/metric.rs", "prints a score of the same name"),
    ("cli/src/list.rs", "lists a score of the same name"),
    ("cli/src/manual.rs", "points from a score of the same name to its metric"),
    ("cli/src/suggest.rs", "shortens PyTorch's name of a loss"),
    ("cli/src/landscape/digits.rs", "trains a network whose landscape the program draws"),
    ("xtask/src/mutants/", "first tries the losses that use most shader files"),
];

/// The files below a folder, without tests.
fn files(folder: &str) -> Vec<String> {
    // the published package has no `cli` and no `xtask`
    let Ok(entries) = std::fs::read_dir(Path::new(ROOT).join(folder)) else { return Vec::new() };
    let below = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => files(&path),
            false => vec![path],
        }
    };
    entries.flat_map(below).filter(|path| !path.contains("/tests")).collect()
}

/// A file's code, without its comments and its tests.
fn code(path: &str) -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join(path)).expect("a file of the tree");
    let shipped = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    shipped.lines().filter_map(|line| line.split("//").next()).collect::<Vec<_>>().join("\n")
}

/// Whether code names a loss: its struct, or its id in quotes, alone or at the end of a path.
fn names(code: &str, id: &str) -> bool {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let name: String = id.split('_').map(capital).collect();
    let mut words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| word == name) || ["\"", "/"].iter().any(|before| code.contains(&format!("{before}{id}\"")))
}

/// A new loss is two files and a line. Checks, walks, kernels and the program read its header, so they need not name it.
#[test]
fn nothing_but_its_files_and_the_list_names_a_loss() {
    let (mut excepted, mut own) = (BTreeSet::new(), BTreeSet::new());
    for path in ["src", "shaders", "cli/src", "xtask/src"].into_iter().flat_map(files) {
        let code = code(&path);
        for id in all().iter().map(|loss| loss.header().id).filter(|id| names(&code, id)) {
            if path.ends_with(&format!("/{id}.rs")) {
                own.insert(id);
                continue;
            }
            let exception = NAMED.iter().find(|(place, _)| path.starts_with(place));
            excepted.insert(exception.unwrap_or_else(|| panic!("{path} names {id}")).0);
        }
    }
    assert_eq!(own.len(), all().len(), "every loss is named in its own file: {own:?}");
    for (place, reason) in NAMED {
        assert!(excepted.contains(place), "{place} {reason}, and names none");
    }
}

/// The files outside of the library that list every loss, with the form in which they name one.
const LISTS: &[(&str, &str)] = &[
    ("docs/losses.md", "| `{}` |"),
    ("docs/comparison.md", "| `{}` |"),
    ("docs/accuracy.md", "| {}"),
    ("cases/v1/{}.json", ""),
    ("cases/v1/{}.safetensors", ""),
    ("tests/accuracy/formulas/mod.rs", "\"{}\""),
];

#[test]
fn every_loss_is_in_every_list() {
    // a package has neither the cases nor the tests
    if !Path::new(ROOT).join("cases").exists() {
        return;
    }
    let mut missing = Vec::new();
    for id in all().iter().map(|loss| loss.header().id) {
        for (path, form) in LISTS {
            let (path, form) = (path.replace("{}", id), form.replace("{}", id));
            let bytes = std::fs::read(Path::new(ROOT).join(&path)).unwrap_or_default();
            if bytes.is_empty() || !String::from_utf8_lossy(&bytes).contains(&form) {
                missing.push(format!("{path} has no {}", if form.is_empty() { "content" } else { &form }));
            }
        }
    }
    assert!(missing.is_empty(), "see \"Adding a loss\" in ARCHITECTURE.md:\n{}", missing.join("\n"));
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).expect("a file of the tree");
    assert!(readme.contains(&format!("There are {} losses", all().len())), "README.md has another number of losses");
}

/// Returns a value of an option's kind that differs from the given one.
fn different_value(kind: Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::NumberOrNone | Kind::IntegerOrNone, Value::None) => Value::Number(3.0),
        (Kind::NumberOrNone | Kind::IntegerOrNone, _) => Value::None,
        (Kind::Integer, Value::Number(x)) => Value::Number(x + 1.0),
        // both are exact in f32
        (Kind::Number, Value::Number(x)) => Value::Number(if *x == 0.5 { 0.25 } else { 0.5 }),
        (Kind::Flag, Value::Flag(x)) => Value::Flag(!x),
        (Kind::Choice(names), Value::Name(x)) => {
            Value::Name(names.iter().find(|name| *name != x).expect("a second name").to_string())
        }
        (Kind::Numbers, _) => Value::Numbers(vec![0.125, 0.25]),
        (kind, value) => panic!("{value:?} is no {kind:?}"),
    }
}

/// `Options::set_at` calls the option's builder, so that this tests every builder.
#[test]
fn every_option_has_a_builder_that_sets_just_it() {
    for loss in all() {
        for (place, spec) in loss.specs().iter().enumerate() {
            let mut want = loss.values();
            want[place] = different_value(spec.kind, &want[place]);
            let mut built = by_id(loss.header().id).expect("a loss");
            assert!(built.set_at(place, &want[place]), "{}: {}", loss.header().id, spec.name);
            assert_eq!(built.values(), want, "{}: {}", loss.header().id, spec.name);
        }
    }
}

#[test]
fn a_builder_takes_a_bare_number_or_an_array() {
    let smooth = CrossEntropy::new().label_smoothing(0.1).z_loss(1e-4);
    assert_eq!(smooth, CrossEntropy { label_smoothing: 0.1, z_loss: 1e-4, ..Default::default() });
    assert_eq!(Dice::new().ignore_index(255), Dice { ignore_index: Some(255), ..Default::default() });
    assert_eq!(Dice::new().ignore_index(255).ignore_index(None), Dice::default());
    assert_eq!(Quantile::new().quantiles([0.1, 0.9]), Quantile { quantiles: vec![0.1, 0.9] });
}

/// Losses that have all options of another loss, except the listed ones.
const REPEATING: &[(&str, &str, &[&str])] = &[
    ("linear_cross_entropy", "cross_entropy", &[]),
    // like MONAI's loss, this one has no soft cap, and does not treat masked classes apart
    ("dice_cross_entropy", "cross_entropy", &["smooth_over", "softcap"]),
    ("linear_dpo", "dpo", &[]),
    // both parts ignore the same label, which is never None, as in cross_entropy
    ("dice_cross_entropy", "dice", &["ignore_index"]),
    // the default is a sigmoid, as for the other part
    ("dice_bce", "dice", &["activation"]),
    ("dice_bce", "bce_with_logits", &[]),
    ("dice_focal", "dice", &["activation"]),
    // the default is None, as in MONAI's loss
    ("dice_focal", "sigmoid_focal", &["alpha"]),
    // this loss has no soft cap, and its `ignore_index` may be None, as in dice
    ("dice_focal", "softmax_focal", &["ignore_index", "softcap"]),
];

#[test]
fn losses_that_share_options_agree_on_them() {
    for (id, of, differing) in REPEATING {
        let options = |id| {
            let loss = by_id(id).expect("a loss");
            loss.specs().into_iter().zip(loss.values()).collect::<Vec<_>>()
        };
        let own = options(id);
        for (spec, value) in options(of).into_iter().filter(|(spec, _)| !differing.contains(&spec.name)) {
            let same = own.iter().any(|(own, default)| {
                (own.name, own.kind, own.range) == (spec.name, spec.kind, spec.range) && *default == value
            });
            assert!(same, "`{}` of {id} differs from the option of {of}", spec.name);
        }
    }
}

/// A loss's page as its author writes it: the doc comments of its struct and the name of its source file.
struct Page {
    path: String,
    text: String,
}

impl Page {
    fn of(id: &str) -> Page {
        let path = files("src/losses").into_iter().find(|path| path.ends_with(&format!("/{id}.rs")));
        let path = path.unwrap_or_else(|| panic!("{id} has a file"));
        let file = std::fs::read_to_string(Path::new(ROOT).join(&path)).expect("a file of the tree");
        let own = file.split("\nloss! {\n").nth(1).and_then(|rest| rest.split("    pub struct ").next());
        let line = |line: &str| match line.trim_start() {
            "#[doc = paired!()]" => paired!().to_string(),
            line => line.strip_prefix("///").unwrap_or_default().trim().to_string(),
        };
        Page { text: own.unwrap_or_default().lines().map(line).collect::<Vec<_>>().join("\n"), path }
    }

    /// The page as one line, so that a phrase is found even where a line breaks in it.
    fn line(&self) -> String {
        self.text.replace('\n', " ")
    }

    /// The names in backticks in the sentence that begins with these words.
    fn names_after(&self, words: &str) -> Vec<String> {
        let line = self.line();
        let sentence = line.split(words).nth(1).and_then(|rest| rest.split('.').next()).unwrap_or_default();
        sentence.split('`').skip(1).step_by(2).map(String::from).collect()
    }

    /// The runnable code under "# Example".
    fn example(&self) -> &str {
        self.text.split("# Example\n```\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default()
    }
}

/// How a page writes an operand: its name, or the [`Extra`] that gives it.
fn written(spec: &OperandSpec) -> String {
    if !spec.optional {
        return format!("`{}`", spec.name);
    }
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    format!("[`Extra::{}`]", spec.name.split('_').map(capital).collect::<String>())
}

/// Returns the words by which a page has to state the shape of the unreduced loss. They follow from the shape that the
/// loss has for a sample operand.
fn shape_of_none(loss: &dyn Loss) -> String {
    let header = loss.header();
    let (first, items) = (header.operands[0].name, [7, 3, 5, 4]);
    let leader = match loss.leaf() {
        Leaf::Vectors(_) | Leaf::Similarity(_) | Leaf::Hardest(_) | Leaf::Linear(_) | Leaf::LinearDivergence(_) => {
            &items[..2]
        }
        Leaf::Segments(_) => return "With the reduction `none` the result is `[B]`".into(),
        // the steps come before the items
        Leaf::Alignments(_) => &[5, 7, 3],
        _ => &items[..],
    };
    let values = Sizes::new(loss, leader, ClassAxis::Second, false).values;
    match &values[..] {
        [7, 3, 5, 4] => format!("With the reduction `none` the result has the shape of `{first}`"),
        [7, 5, 4] => "With the reduction `none` the result is `[N, d1, ..., dk]`".into(),
        [7, 3, 5] => "With the reduction `none` the result is `[...]`".into(),
        [7, 3, 3] => "With the reduction `none` the result is `[N, C, C]`".into(),
        [7, 3] => "With the reduction `none` the result is `[N, C]`".into(),
        [7] => "With the reduction `none` the result is `[N]`".into(),
        other => panic!("{} has values {other:?}, for which this test has no words", header.id),
    }
}

/// The documentation of a numeric option has to contain one of these words, so that it names a unit.
const UNITS: &[&str] =
    &["in units of", "factor", "share", "power", "weight", "ratio", "temperature", "quantile", "cosine", "label"];

/// Returns what a loss's page lacks. The macro writes the rest of the page: defaults, ranges, dtypes, errors.
fn lacks(loss: &dyn Loss) -> Vec<String> {
    let header = loss.header();
    let (page, mut lacking) = (Page::of(header.id), Vec::new());
    let mut demand = |met: bool, what: String| {
        if !met {
            lacking.push(format!("{}: {what}", page.path))
        }
    };
    let line = page.line();

    let summary = page.text.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    demand(summary.contains(": `") || summary.contains(" `"), "a formula in the first paragraph".into());
    // the macro documents sample weights on every page
    for spec in header.operands.iter().filter(|spec| spec.role != Role::SampleWeight) {
        demand(line.contains(&written(spec)), format!("the operand {}", written(spec)));
    }
    let gradients: Vec<&str> = header.operands.iter().filter(|spec| spec.gradient).map(|spec| spec.name).collect();
    demand(page.names_after("Gradients: ") == gradients, format!("\"Gradients: \" with `{}`", gradients.join("`, `")));
    let none = match header.reductions.contains(&Reduction::None) {
        true => shape_of_none(loss),
        false => "there is no reduction `none`".into(),
    };
    demand(line.to_lowercase().contains(&none.to_lowercase()), format!("the sentence \"{none}\""));
    let batched = header.reductions.contains(&Reduction::BatchMean);
    demand(line.contains("`batch_mean`") == batched, "`batch_mean`, exactly if the loss takes it".into());
    let sequenced = header.reductions.contains(&Reduction::SequenceMean);
    demand(line.contains("`sequence_mean`") == sequenced, "`sequence_mean`, exactly if the loss takes it".into());
    let sources = ["Paper: ", "Papers: ", "Reference: ", "Source: "];
    demand(sources.iter().any(|source| line.contains(source)), "a paper or a reference".into());
    let name = format!("{loss:?}").split([' ', '{']).next().unwrap_or_default().to_string();
    let example = page.example();
    demand(example.contains(&name) && example.contains("assert"), format!("an # Example of {name}"));

    for spec in header.operands.iter().filter(|spec| spec.integers) {
        demand(line.contains("or integers"), format!("that `{}` holds floats or integers", spec.name));
    }
    for spec in loss.specs() {
        let doc = spec.doc.trim();
        demand(doc.ends_with('.'), format!("a sentence about the option `{}`", spec.name));
        let numbers = matches!(spec.kind, Kind::Number | Kind::NumberOrNone | Kind::Integer | Kind::Numbers);
        let has_unit = UNITS.iter().any(|unit| doc.contains(unit));
        demand(!numbers || has_unit, format!("the unit of the option `{}`: one of {UNITS:?}", spec.name));
    }
    lacking
}

#[test]
fn a_page_says_what_a_stranger_looks_for() {
    let lacking: Vec<String> = all().iter().flat_map(|loss| lacks(&**loss)).collect();
    assert!(lacking.is_empty(), "these pages lack something:\n{}", lacking.join("\n"));
}

/// A loss needs more than its two files and its line in the list: cases that PyTorch computed, and a task that names
/// it.
#[test]
fn a_loss_has_its_cases_and_a_task_that_names_it() {
    // the published package has no cases
    let cases = Path::new(ROOT).join("cases/v1");
    let mut lacking = Vec::new();
    for loss in all() {
        let id = loss.header().id;
        if cases.is_dir() && !cases.join(format!("{id}.json")).is_file() {
            lacking.push(format!("{id}: conformance cases, cases/v1/{id}.json, which cases/generate.py makes"));
        }
        let name = format!("{loss:?}").split([' ', '{']).next().unwrap_or_default().to_string();
        let is_word = |c: char| c.is_ascii_alphanumeric();
        let names = |text: &str| text.split(|c| !is_word(c)).any(|word| word == name);
        if !TASKS.iter().any(|task| names(task.code) || names(task.note)) {
            lacking.push(format!("{id}: a task of src/tasks.rs that names {name}, in its code or its note"));
        }
    }
    assert!(lacking.is_empty(), "these losses lack something:\n{}", lacking.join("\n"));
}
