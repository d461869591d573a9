//! Tests how a caller's leaf is rewritten and refused, and that the lists of names are those of the shader files.

use super::words::tokens;
use super::{CALLED, Leaf, PREFIX, TYPES};
use crate::error::{Error, Result};
use crate::gpu::declared::declarations;
use crate::gpu::shaders::{FILES, find};
use crate::loss::Source;
use crate::options::Kind;
use std::collections::BTreeSet;

const OPTIONS: &[(&str, Kind)] = &[
    ("scale", Kind::Number),
    ("swap", Kind::Flag),
    ("cap", Kind::NumberOrNone),
    ("kind", Kind::Choice(&["one", "two"])),
    ("width", Kind::Number),
    ("p", Kind::Integer),
    ("quantiles", Kind::Numbers),
];

fn written(text: &'static str) -> Result<String> {
    Leaf::new(&Source { path: "mine.wgsl", text }, OPTIONS)?.write()
}

/// A leaf may declare names that the library declares too, except the types in `TYPES`. Members, attributes and comments with
/// the same text are not renamed.
#[test]
fn names_of_a_leaf_are_in_its_namespace() {
    for (text, want) in [
        ("fn difference() {}", "fn leaf_difference() {}"),
        ("fn element_score() { difference(); }", "fn element_score() { difference(); }"),
        (
            "const WALK_LOSS: u32 = 1u; fn f() -> u32 { return WALK_LOSS; }",
            "const leaf_WALK_LOSS: u32 = 1u; fn leaf_f() -> u32 { return leaf_WALK_LOSS; }",
        ),
        ("var<private> params: f32; alias base = f32;", "var<private> leaf_params: f32; alias leaf_base = f32;"),
        // members, attributes and comments
        (
            "struct Tally { x: f32, sum: f32 }\nfn sum(t: Tally) -> f32 { return t.sum; } // sum",
            "struct leaf_Tally { x: f32, sum: f32 }\nfn leaf_sum(t: leaf_Tally) -> f32 { return t.sum; } // sum",
        ),
        ("fn size() {}\nstruct S { @size(16) x: f32 }", "fn leaf_size() {}\nstruct leaf_S { @size(16) x: f32 }"),
        ("/* fn a() {} /* nested */ */ fn b() {}", "/* fn a() {} /* nested */ */ fn leaf_b() {}"),
        // a local variable or parameter of the same name is renamed too
        ("fn x(x: f32) { let y = x; }", "fn leaf_x(leaf_x: f32) { let y = leaf_x; }"),
        ("  override WIDE: bool = true;", "override leaf_WIDE: bool = true;"),
        // a name that begins with the prefix already
        ("fn a() {} fn leaf_a() { a(); }", "fn leaf_a() {} fn leaf_leaf_a() { leaf_a(); }"),
        // text that is no WGSL does not change
        ("fn", "fn"),
        ("/* open", "/* open"),
        ("größe ¬ \u{1f600}", "größe ¬ \u{1f600}"),
    ] {
        assert_eq!(written(text).as_deref(), Ok(want));
    }
}

#[test]
fn options_are_read_by_name() {
    for (text, want) in [
        ("let a = option(scale) * option( width );", "let a = option(0u) * option(2u);"),
        ("let a = option(cap);", "let a = option(1u);"),
        (
            "const SCALE: u32 = 0u; fn f() { let a = option(SCALE); }",
            "const leaf_SCALE: u32 = 0u; fn leaf_f() { let a = option(leaf_SCALE); }",
        ),
        ("fn f() { let scale = option(scale); }", "fn leaf_f() { let scale = option(0u); }"),
        // a variable that holds the index of an option
        ("fn f(place: u32) { let a = option(place); }", "fn leaf_f(place: u32) { let a = option(place); }"),
        (
            "if option(swap) | has_option(cap) {}\nlet k = option(kind) + u32(option(p));\nlet b = option(swap);",
            "if leaf_SWAP | leaf_HAS_CAP {}\nlet k = leaf_KIND + u32(leaf_P);\nlet b = leaf_SWAP;\n\
             override leaf_SWAP: bool = false;\noverride leaf_HAS_CAP: bool = false;\noverride leaf_KIND: u32 = 0u;\n\
             override leaf_P: i32 = 0;",
        ),
        (
            "override SWAP: bool;\nfn f() { let a = option(swap); }",
            "override leaf_SWAP: bool;\nfn leaf_f() { let a = leaf_SWAP; }",
        ),
    ] {
        assert_eq!(written(text).as_deref(), Ok(want));
    }
}

#[test]
fn a_leaf_is_refused_by_its_own_path_and_line() {
    for (text, line, why) in [
        ("\n\nfn f() { return option(scal); }", 3, "no option `scal`; its options are scale, swap,"),
        ("fn f() { return option(quantiles); }", 1, "`quantiles`, which is a list of numbers"),
        ("fn f() {\n return has_option(scale); }", 2, "always has a value: write `option(scale)`"),
        ("\nstruct ElementScore { x: f32 }", 2, "`ElementScore` is a type of the library"),
        ("// c\n@id(1) override A: u32;", 2, "line of its own"),
        ("override A = 1u;", 1, "with its type"),
    ] {
        let refused = written(text).expect_err(text);
        let Error::InvalidShader { path, message } = &refused else { panic!("{text}: {refused}") };
        let place = format!("in mine.wgsl, line {line}: ");
        assert!(path == "mine.wgsl" && message.starts_with(&place) && message.contains(why), "{text}: {message}");
    }
}

/// Otherwise compilers' messages would name wrong lines.
#[test]
fn lines_stay_where_they_are() {
    let text = "// a\r\nfn a() {\n\n}\n/* b\n*/ const b: u32 = 1u;\n  override C: u32 = 1u; // c\n";
    let lines = |text: &str| text.lines().map(|line| line.split("//").nth(1).map(String::from)).collect::<Vec<_>>();
    assert_eq!(lines(&written(text).unwrap()), lines(text));
    assert_eq!(tokens(text).iter().map(|token| token.text).collect::<String>(), text);
}

/// A caller's text may be anything.
#[test]
fn no_text_makes_it_panic() {
    let text =
        "/* ß */ override A: u32 = 1u; fn f(x: f32) -> f32 { var<private> y = option(scale) + has_option(cap); } var<";
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    for &place in &places {
        let _ = written(text[..place].to_string().leak());
        let _ = written(text[place..].to_string().leak());
        let _ = written(format!("{}{}", &text[..place], text[place..].chars().skip(1).collect::<String>()).leak());
    }
}

/// The words of a text, without comments.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter_map(|line| line.split("//").next());
    code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).filter(|word| !word.is_empty())
}

/// The functions of a file, each with the comment before it.
fn functions(path: &str) -> Vec<(String, String)> {
    let (mut found, mut comment) = (Vec::new(), Vec::new());
    for line in find(path).expect("a file of the tree").text.lines() {
        match line.strip_prefix("//") {
            Some(text) => comment.push(text.trim()),
            None => {
                let signature = line.strip_prefix("fn ").and_then(|line| line.strip_suffix(" {"));
                found.extend(signature.map(|signature| (signature.to_string(), comment.join(" "))));
                comment.clear();
            }
        }
    }
    found
}

/// `docs/custom.md` shows the functions and types that a leaf may use.
#[test]
fn the_page_of_custom_losses_is_right() {
    let page = include_str!("../../../docs/custom.md");
    let of_params = functions("lib/params")
        .into_iter()
        .filter(|(signature, _)| ["option(", "nan(", "infinity("].iter().any(|name| signature.starts_with(name)));
    for (signature, comment) in functions("lib/math").into_iter().chain(of_params) {
        let row = format!("| `{signature}` | {}", comment.replace('|', "∣"));
        assert!(page.contains(&row), "docs/custom.md lacks the row\n{row}");
    }
    for (path, name) in [
        ("geometry/element", "ElementScore"),
        ("fold/softmax", "SoftmaxScore"),
        ("lib/class", "Class"),
        ("lib/class", "LabelClass"),
        ("fold/class_sum", "ClassScore"),
    ] {
        let text = find(path).expect("a file of the tree").text;
        let fields = text.split(&format!("struct {name} {{\n")).nth(1).and_then(|rest| rest.split('}').next());
        let fields = fields.unwrap_or_else(|| panic!("{path} has {name}")).lines();
        let fields: Vec<&str> = fields.filter(|line| !line.trim().starts_with("//")).collect();
        let shown = format!("struct {name} {{\n{}\n}}", fields.join("\n"));
        assert!(page.contains(&shown), "docs/custom.md lacks\n{shown}");
    }
}

/// `CALLED` lists the functions of leaves that other files call, and `TYPES` their types. No name of the library begins
/// with the prefix.
#[test]
fn the_lists_are_those_of_the_shader_files() {
    let (leaves, others): (Vec<&Source>, Vec<&Source>) =
        FILES.iter().partition(|source| source.path.starts_with("losses/"));
    let calls_leaf = |source: &&&Source| {
        let slots = &declarations(source.text).slots;
        ["leaf", "pair_loss", "row_loss"].iter().any(|slot| slots.contains(slot))
    };
    let callers: Vec<&&Source> = others.iter().filter(calls_leaf).collect();
    let is_called = |name: &str| {
        let (call, own) = (format!("{name}("), format!("fn {name}("));
        callers.iter().any(|source| {
            words(source.text).any(|word| word == name) && source.text.contains(&call) && !source.text.contains(&own)
        })
    };
    let (mut called, mut types) = (BTreeSet::new(), BTreeSet::new());
    for line in leaves.iter().flat_map(|leaf| leaf.text.lines()).filter_map(|line| line.strip_prefix("fn ")) {
        let name = words(line).next().unwrap_or_default();
        if is_called(name) {
            called.insert(name);
            types.extend(words(line).filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase())));
        }
    }
    assert_eq!(called, CALLED.iter().copied().collect());
    assert_eq!(types, TYPES.iter().copied().collect());
    let prefixed = FILES.iter().flat_map(|source| words(source.text)).find(|word| word.starts_with(PREFIX));
    assert_eq!(prefixed, None, "no name of the library's begins as a caller's does");
}
