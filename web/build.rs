//! Writes the TypeScript types of all losses, and a test for each, from the headers of the losses.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};
use wgloss::header::{Kind, OptionSpec, OptionType, Role, Value};
use wgloss::{Loss, all};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = env::var("OUT_DIR").expect("cargo sets it for build scripts");
    let folder = Path::new(&folder);
    fs::write(folder.join("losses.d.ts"), types())?;
    fs::write(folder.join("conformance.rs"), tests())
}

/// An interface with an entry for each loss, its operands and its options; and the type of families.
fn types() -> String {
    let mut text =
        String::from("/** The operands and options of each loss, by its id. */\nexport interface Losses {\n");
    for loss in all() {
        text += &types_of(&*loss);
    }
    text += "}\n";
    let families: BTreeSet<&str> = all().iter().map(|loss| loss.leaf().family()).collect();
    let families: Vec<String> = families.into_iter().map(|family| format!("\"{family}\"")).collect();
    text + &format!(
        "/** The family of a loss: the losses that are computed in the same way. */\nexport type LossFamily = {};\n",
        families.join(" | ")
    )
}

fn types_of(loss: &dyn Loss) -> String {
    let header = loss.header();
    let mut text = format!("  /** {} */\n  {}: {{\n    operands: {{\n", comment(header.title), header.id);
    for operand in header.operands {
        // one of two tables may be left out, as the loss's options decide
        let replaced = header.operands.iter().any(|other| other.optional && other.role == operand.role);
        let mark = if operand.optional || (replaced && operand.role == Role::Table) { "?" } else { "" };
        writeln!(text, "      /** {} */", comment(operand.role.doc())).expect("a string takes any text");
        writeln!(text, "      {}{mark}: Operand;", operand.name).expect("a string takes any text");
    }
    text += "    };\n    options: {\n";
    for (option, default) in loss.specs().iter().zip(loss.values()) {
        let about = format!("{} The default is {default}; it takes {}.", option.doc.trim(), option.expected());
        writeln!(text, "      /** {} */", comment(&about)).expect("a string takes any text");
        writeln!(text, "      {}?: {};", option.name, type_of(option)).expect("a string takes any text");
    }
    let reductions: Vec<String> = header.reductions.iter().map(|reduction| quoted(&reduction.get())).collect();
    writeln!(text, "      reduction?: {};\n    }};\n  }};", reductions.join(" | ")).expect("a string takes any text");
    text
}

fn quoted(name: &Value) -> String {
    format!("\"{name}\"")
}

fn type_of(option: &OptionSpec) -> String {
    match option.kind {
        Kind::Number | Kind::Integer => "number".into(),
        Kind::NumberOrNone | Kind::IntegerOrNone => "number | null".into(),
        Kind::Flag => "boolean".into(),
        Kind::Numbers => "number[]".into(),
        Kind::Choice(names) => names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" | "),
    }
}

/// The documentation as the text of a comment, without the characters that would end the comment.
fn comment(doc: &str) -> String {
    doc.replace("*/", "* /").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A test for each loss, which runs its conformance cases.
fn tests() -> String {
    let test = |id| format!("#[wasm_bindgen_test]\nasync fn {id}() {{\n    passes(\"{id}\").await;\n}}\n");
    all().iter().map(|loss| loss.header().id).map(test).collect()
}
