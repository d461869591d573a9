//! `wgloss describe`: prints what the documentation says about a loss, and how `wgloss eval` takes it.

use crate::expression::compounds::{self, Compound};
use crate::failure::Failure;
use crate::losses;
use clap::Args;
use heck::ToSnakeCase;
use std::io::Write;
use wgloss::header::{OperandSpec, OptionSpec, Role, Value};
use wgloss::{Loss, Reduction, by_id};

/// The arguments of `wgloss describe`.
#[derive(Args)]
pub struct Describe {
    /// The loss's id, or the name of a ready-made sum.
    #[arg(value_parser = losses::Name(losses::names))]
    loss: String,
}

impl Describe {
    /// Prints the description.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        if let Some(Compound { id, title, sum, note }) = compounds::named(&self.loss) {
            writeln!(out, "{id}: {title}\n\nThe name stands for this sum, which also takes {note}:\n")?;
            return Ok(writeln!(out, "  wgloss eval '{sum}'")?);
        }
        let loss = losses::named(&self.loss)?;
        Ok(write!(out, "{}", text(&*loss))?)
    }
}

/// The description of a loss: its documentation, with its call, operands and options in between.
fn text(loss: &dyn Loss) -> String {
    let page = plain(loss.page());
    let (about, types) = page.split_once("\n# ").unwrap_or((&page, ""));
    let header = loss.header();
    format!(
        "{}: {}\n\n{}\n\n{}\n{}",
        header.id,
        header.title,
        wrapped(about.trim()),
        call(loss),
        sections(types.trim())
    )
}

/// How `wgloss eval` calls the loss: its operands and its options. The help of `wgloss eval LOSS` shows it too.
pub fn call(loss: &dyn Loss) -> String {
    let header = loss.header();
    let required = header.operands.iter().filter(|spec| !spec.optional).map(|spec| format!(" {}", flag(spec.name)));
    let line = format!("wgloss eval {}{}", header.id, required.collect::<String>());
    let mut text = format!("Call\n  {line}\n\nOperands\n");
    for spec in header.operands {
        text += &entry(&flag(spec.name), &operand(spec));
    }
    text += "\nOptions\n";
    for (spec, default) in loss.specs().iter().zip(loss.values()) {
        text += &entry(&format!("--option {}={}", spec.name, typed(&default)), &option(spec));
    }
    let reductions: Vec<String> = header.reductions.iter().map(|reduction| reduction_name(*reduction)).collect();
    text += &entry("--option reduction=mean", &format!("One of {}.", reductions.join(", ")));
    text
}

/// The argument that gives an operand.
pub fn flag(operand: &str) -> String {
    match operand {
        "input" | "target" | "weight" | "mask" => format!("--{operand} FILE"),
        other => format!("--operand {other}=FILE"),
    }
}

fn operand(spec: &OperandSpec) -> String {
    let dtype = match spec.role {
        Role::Target => "Integers or floats.",
        role if role.is_integer() => "Integers.",
        _ => "Floats.",
    };
    let marks = [(spec.optional, "Optional."), (spec.gradient, "Has a gradient.")];
    let marks = marks.iter().filter(|(has, _)| *has).map(|(_, mark)| *mark);
    [spec.role.doc().trim(), dtype].into_iter().chain(marks).collect::<Vec<_>>().join(" ")
}

fn option(spec: &OptionSpec) -> String {
    format!("{} Takes {}.", plain(spec.doc).trim(), spec.expected())
}

/// A value as `--option` takes it.
fn typed(value: &Value) -> String {
    match value {
        Value::Numbers(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(|&number| Value::Number(number).to_string()).collect();
            numbers.join(",")
        }
        value => value.to_string(),
    }
}

fn reduction_name(reduction: Reduction) -> String {
    wgloss::header::OptionType::get(&reduction).to_string()
}

/// A name, and below it an indented description.
fn entry(name: &str, about: &str) -> String {
    format!("  {name}\n{}\n", textwrap::fill(about, filled("      ").initial_indent("      ")))
}

/// The sections of a page, each under its heading.
fn sections(text: &str) -> String {
    let section = |text: &str| match text.split_once('\n') {
        Some((heading, body)) => format!("\n{heading}\n\n{}\n", wrapped(body.trim())),
        None => String::new(),
    };
    text.split("\n# ").map(section).collect()
}

/// Paragraphs and list items, each filled to the width of the terminal.
fn wrapped(text: &str) -> String {
    let paragraph = |text: &str| {
        let mut items: Vec<String> = Vec::new();
        for line in text.lines().map(str::trim) {
            match items.last_mut() {
                Some(item) if !line.starts_with("- ") => *item = format!("{item} {line}"),
                _ => items.push(line.into()),
            }
        }
        let fill = |item: &String| {
            let indent = if item.starts_with("- ") { "  " } else { "" };
            textwrap::fill(item, filled(indent))
        };
        items.iter().map(fill).collect::<Vec<_>>().join("\n")
    };
    text.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}

/// The options for filling text. No word is split at its hyphens.
fn filled(indent: &str) -> textwrap::Options<'_> {
    let options = textwrap::Options::new(width()).subsequent_indent(indent);
    options.word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// The width of the text in columns: that of the terminal, but at least 40 and at most 100.
fn width() -> usize {
    match console::Term::stdout().size_checked() {
        Some((_, columns)) => usize::from(columns).clamp(40, 100),
        None => 100,
    }
}

/// A page's Markdown as plain text, without the example, which is Rust. Links become this program's names for their targets.
fn plain(markdown: &str) -> String {
    // doc comments begin each line with a space
    let mut lines: Vec<&str> = markdown.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    if let Some(example) = lines.iter().position(|line| line.trim() == "# Example") {
        let fences = lines.iter().enumerate().skip(example).filter(|(_, line)| line.starts_with("```"));
        let end = fences.map(|(place, _)| place).nth(1).unwrap_or(lines.len() - 1);
        lines.drain(example..=end);
    }
    unlinked(&lines.join("\n"))
}

/// The text with each link replaced by its words, as [`renamed`] returns them.
fn unlinked(text: &str) -> String {
    let Some((before, rest)) = text.split_once('[') else { return text.into() };
    let is_link = |words: &str, after: &str| words.starts_with('`') || after.starts_with('(');
    match rest.split_once(']') {
        Some((words, after)) if is_link(words, after) => {
            let target = after.strip_prefix('(').and_then(|after| after.split_once(')'));
            let after = target.map_or(after, |(_, after)| after);
            format!("{before}{}{}", renamed(words), unlinked(after))
        }
        _ => format!("{before}[{}", unlinked(rest)),
    }
}

/// A link's words as a name of this program: an operand, a loss's id, an error.
fn renamed(words: &str) -> String {
    let name = words.trim_matches('`');
    match name.split_once("::") {
        Some(("Extra", operand)) => format!("`{}`", operand.to_snake_case()),
        Some((_, item)) => format!("`{item}`"),
        None if by_id(&name.to_snake_case()).is_some() => name.to_snake_case(),
        None => words.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_names_of_the_program() {
        for (markdown, expected) in [
            ("[`Extra::PosWeight`], `[C]`", "`pos_weight`, `[C]`"),
            ("see [`SoftmaxFocal`](crate::SoftmaxFocal); [`Dice`]", "see softmax_focal; dice"),
            ("the [reduction](crate::Term::reduce) of `[N, C]`", "the reduction of `[N, C]`"),
            ("[`Error::LabelOutOfRange`]: a label", "`LabelOutOfRange`: a label"),
            (" first\n\n # Example\n ```\n let x = 1;\n ```\n\n # Errors", "first\n\n\n# Errors"),
        ] {
            assert_eq!(plain(markdown), expected);
        }
    }

    #[test]
    fn every_loss_is_described_with_its_operands_options_and_errors() {
        for loss in wgloss::all() {
            let (header, text) = (loss.header(), text(&*loss));
            let operands = header.operands.iter().map(|spec| flag(spec.name));
            let options = loss.specs().into_iter().map(|spec| format!("--option {}=", spec.name));
            let parts = ["Types and reductions", "Errors", "`ShapeMismatch`"].map(String::from);
            for part in operands.chain(options).chain(parts) {
                assert!(text.contains(&part), "{}: {part} is not in\n{text}", header.id);
            }
            for mark in ["::", "```", "](", "# "] {
                assert!(!text.contains(mark), "{}: {mark} is in\n{text}", header.id);
            }
        }
    }
}
